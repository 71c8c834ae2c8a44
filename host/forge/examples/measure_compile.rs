//! Measures what it costs that a component is compiled in a child process, against compiling it here.
//!
//! Prints one JSON object a line, the median and the minimum of the rounds.
//!
//! ```console
//! $ cargo run --release -p spellhost -p spellhost-forge --example measure_compile -- target/release/spellhost FILE.wasm
//! ```

use std::error::Error;
use std::time::Instant;

use spellhost_forge::{Cancel, CompileLimits, Workbench};
use spellhost_runtime::{Component, Engine, EngineOptions, Policy, admit};

const ROUNDS: usize = 41;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let program = arguments.next().ok_or("name the binary: measure_compile SPELLHOST FILE.wasm")?;
    let file = arguments.next().ok_or("name a component: measure_compile SPELLHOST FILE.wasm")?;
    let bytes = std::fs::read(file)?;
    let engine = Engine::new(EngineOptions::default())?;
    let workbench = Workbench::new(program.into(), CompileLimits::default());
    let here = || Ok(engine.load(admit(&bytes, &Policy::default())?)?);
    let child = || Ok(workbench.load(&engine, admit(&bytes, &Policy::default())?, &Cancel::new())?);
    // Turn by turn, so that a busy machine is equally busy for both.
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        times[0].push(nanoseconds(&here)?);
        times[1].push(nanoseconds(&child)?);
    }
    for (mut times, place) in times.into_iter().zip(["this process", "a child process"]) {
        times.sort_unstable();
        let (median, minimum) = (times[ROUNDS / 2], times[0]);
        let row = format!("load a component of {} bytes, compiled in {place}", bytes.len());
        println!(r#"{{"bench":"reload","row":"{row}","unit":"ns","median":{median},"minimum":{minimum}}}"#);
    }
    Ok(())
}

fn nanoseconds(load: &dyn Fn() -> Result<Component, Box<dyn Error>>) -> Result<u128, Box<dyn Error>> {
    let start = Instant::now();
    load()?;
    Ok(start.elapsed().as_nanos())
}
