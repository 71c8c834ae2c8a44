//! WASI preview 2 for components of other toolchains, deterministic.
//!
//! Links `wasi:io`, `clocks`, `random`, `cli`, `filesystem` and `sockets` at 0.2 into a linker over
//! any [`Host`]. It promises that what a guest sees is a function of the call: clocks stand at its
//! tick, chance is its seed, input, environment and arguments are empty, output is handed to the
//! host, and there are neither files nor sockets. Every function pays before it acts, and none
//! waits. It does not know spells, worlds or logs.
//!
//! The time that crosses the boundary is wasmtime-wasi's type. Its implementations are not linked:
//! its traits see neither fuel nor the end of a call, and its pollables sleep in real time.

mod clocks;
mod command;
mod denied;
mod host;
mod link;
mod output;
mod prices;
mod random;
mod streams;

pub use host::{Host, Output, Reason};
pub use output::Lines;
pub use prices::{BYTE, BYTES_MAX, CALL, HANDLE, HANDLES_MAX};

use wasmtime::component::Linker;

/// The revision of the rules of this crate; whoever changes what a guest sees raises it.
pub const RULES: u32 = 1;
/// The seconds from 1970 to tick 0, on the wall clock of every world: the start of 2000.
pub const EPOCH_SECONDS: u64 = 946_684_800;
/// How long a tick lasts on both clocks is one second through this.
pub const TICKS_PER_SECOND: u64 = 60;

/// The version that is linked; every 0.2 is satisfied by it.
const VERSION: &str = "0.2.6";

/// Whether this crate links an interface, by its full name with version, such as
/// `wasi:cli/stdout@0.2.3`.
pub fn is_linked(import: &str) -> bool {
    let Some((interface, version)) = import.split_once('@') else { return false };
    let patch = version.strip_prefix("0.2.").unwrap_or_default();
    let released = !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit());
    released && interfaces().any(|known| known == interface)
}

/// The interfaces that are linked, without versions.
pub fn interfaces() -> impl Iterator<Item = &'static str> {
    let answered = [clocks::INTERFACES, command::INTERFACES, random::INTERFACES, streams::INTERFACES];
    answered.into_iter().flatten().copied().chain(denied::interfaces())
}

/// Links everything.
///
/// # Errors
/// Where the linker has one of the names already.
pub fn link<H: Host>(linker: &mut Linker<H>) -> wasmtime::Result<()> {
    streams::link(linker)?;
    clocks::link(linker)?;
    random::link(linker)?;
    command::link(linker)?;
    denied::link(linker)
}

#[cfg(test)]
mod tests {
    use super::is_linked;

    #[test]
    fn released_versions_of_known_interfaces_are_linked_and_no_others() {
        for known in ["wasi:cli/stdout@0.2.0", "wasi:io/streams@0.2.12", "wasi:sockets/tcp@0.2.3"] {
            assert!(is_linked(known), "{known}");
        }
        for other in [
            "wasi:cli/stdout",
            "wasi:cli/stdout@0.3.0",
            "wasi:cli/stdout@0.2.0-rc-2023-11-10",
            "wasi:cli/stdout@0.2.",
            "wasi:http/types@0.2.0",
            "wasi:cli/run@0.2.0",
        ] {
            assert!(!is_linked(other), "{other}");
        }
    }
}
