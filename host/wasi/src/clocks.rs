//! `wasi:clocks`: both clocks stand at the tick of the call, for as long as it runs.

use wasmtime::component::Linker;
use wasmtime_wasi::p2::bindings::clocks::wall_clock::Datetime;

use crate::host::Host;
use crate::link::{Call, function, interface};
use crate::streams::{NEVER, Pollable, READY};
use crate::{EPOCH_SECONDS, TICKS_PER_SECOND};

pub(crate) const INTERFACES: &[&str] = &["wasi:clocks/monotonic-clock", "wasi:clocks/wall-clock"];

const NANOSECONDS: u64 = 1_000_000_000;

/// The monotonic clock at a tick: nanoseconds since tick 0, rounded down.
fn monotonic(tick: u64) -> u64 {
    let now = u128::from(tick) * u128::from(NANOSECONDS) / u128::from(TICKS_PER_SECOND);
    u64::try_from(now).unwrap_or(u64::MAX)
}

/// The wall clock at a tick.
fn wall(tick: u64) -> Datetime {
    let rest = (tick % TICKS_PER_SECOND) * NANOSECONDS / TICKS_PER_SECOND;
    // Less than a second.
    Datetime { seconds: EPOCH_SECONDS + tick / TICKS_PER_SECOND, nanoseconds: rest as u32 }
}

pub(crate) fn link<H: Host>(linker: &mut Linker<H>) -> wasmtime::Result<()> {
    let clock = &mut interface(linker, "wasi:clocks/monotonic-clock")?;
    function(clock, "wasi:clocks/monotonic-clock.now", |call, (): ()| Ok((now(call),)))?;
    function(clock, "wasi:clocks/monotonic-clock.resolution", |_, (): ()| Ok((monotonic(1),)))?;
    function(clock, "wasi:clocks/monotonic-clock.subscribe-instant", |call, (when,): (u64,)| {
        let ready = if when <= now(call) { READY } else { NEVER };
        Ok((call.handle::<Pollable>(ready)?,))
    })?;
    function(clock, "wasi:clocks/monotonic-clock.subscribe-duration", |call, (duration,): (u64,)| {
        let ready = if duration == 0 { READY } else { NEVER };
        Ok((call.handle::<Pollable>(ready)?,))
    })?;
    let clock = &mut interface(linker, "wasi:clocks/wall-clock")?;
    function(clock, "wasi:clocks/wall-clock.now", |call, (): ()| Ok((wall(call.cx.data().tick()),)))?;
    function(clock, "wasi:clocks/wall-clock.resolution", |_, (): ()| {
        Ok((Datetime { seconds: 0, nanoseconds: (NANOSECONDS / TICKS_PER_SECOND) as u32 },))
    })
}

fn now<H: Host>(call: &Call<'_, '_, H>) -> u64 {
    monotonic(call.cx.data().tick())
}

#[cfg(test)]
mod tests {
    use super::{EPOCH_SECONDS, monotonic, wall};

    #[test]
    fn a_second_has_sixty_ticks_on_both_clocks() {
        assert_eq!([monotonic(0), monotonic(1), monotonic(60)], [0, 16_666_666, 1_000_000_000]);
        let at = |tick| (wall(tick).seconds - EPOCH_SECONDS, wall(tick).nanoseconds);
        assert_eq!([at(0), at(1), at(119)], [(0, 0), (0, 16_666_666), (1, 983_333_333)]);
        assert_eq!(monotonic(u64::MAX), u64::MAX);
    }
}
