//! One program of the casting benchmark, by name: `spellhost-peers PROGRAM`. `cargo xtask bench casting` starts one
//! process of each and gives them rounds by turns.

mod abi;
mod direct;
mod luau;
mod native;
mod ours;
mod raw;
mod rhai;
mod settings;
mod spell;
mod wasmi;

use std::process::ExitCode;

use spellhost_peers_stage::serve;

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    let served = match name.as_str() {
        "spellhost" => serve(ours::Ours::new()),
        "wasmtime-tuned" => serve(raw::Raw::new(true)),
        "wasmtime-default" => serve(raw::Raw::new(false)),
        "wasmtime-core" => serve(direct::Direct::new()),
        "wasmi" => serve(wasmi::Wasmi::new()),
        "luau-fresh" => serve(luau::Luau::new(false)),
        "luau-live" => serve(luau::Luau::new(true)),
        "rhai" => serve(rhai::Rhai::new()),
        "native" => serve(native::Native::new()),
        _ => {
            eprintln!("no program `{name}`");
            return ExitCode::FAILURE;
        }
    };
    // Where writing fails the driver has gone, and nobody is left to tell.
    if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
