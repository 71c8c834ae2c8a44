//! `cargo xtask`: the checks, the blessing and the tests of this repository, one command each.
//!
//! Starts the ordinary tools (cargo, rustup) and reads their output; knows nothing of what the
//! product does.

mod bench;
mod command;
mod layers;
mod policy;
mod testing;
mod wit;

use std::process::ExitCode;

use anyhow::{Result, bail};

use command::{cargo, step};

const USAGE: &str = "\
cargo xtask COMMAND

  check     format, clippy with warnings denied, layers, dependency policy, freshness of what is
            generated and frozen, then `test`: what CI runs
  test      every test: Rust (host, tools, SDK), the simulation in debug and for wasm32, the spells
  prove     10,000 generated components through admission and casting on two engines (SEED, FIRST, COUNT)
  fuzz      TARGET [SECONDS]: one target of tools/fuzz, 60 seconds unless told otherwise
  bless     rewrite what is generated or expected: bindings, golden vectors, scenario hashes, transcripts
  bench     casting, simulation, fanout, authoring or store, measured; --json prints one object, --readme writes the
            README's table, --rounds=N and --profile=NAME for another try
  fixtures  build the components of tests/fixtures again, from their spells and texts, and bless
  help      this text
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    std::env::set_current_dir(command::root())?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["check"] => check(),
        ["test"] => testing::test(),
        ["prove"] => testing::prove(),
        ["fuzz", target] => testing::fuzz(target, "60"),
        ["fuzz", target, seconds] => testing::fuzz(target, seconds),
        ["bless"] => bless(),
        ["fixtures"] => fixtures(),
        ["bench", name, ref flags @ ..] => bench::run(name, flags),
        ["help" | "--help" | "-h"] | [] => {
            print!("{USAGE}");
            Ok(())
        }
        [unknown, ..] => bail!("no command `{unknown}`\n\n{USAGE}"),
    }
}

fn check() -> Result<()> {
    testing::prepare()?;
    step("format", || cargo(&["fmt", "--all", "--check"]))?;
    step("layers", layers::check)?;
    step("dependency policy", policy::check)?;
    step("frozen interface", wit::check)?;
    step("generated bindings", || {
        cargo(&["run", "--quiet", "--release", "--package", "spellhost-bindings", "--", "--check"])
    })?;
    step("clippy", || {
        cargo(&["clippy", "--release", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"])
    })?;
    testing::test()
}

/// The components whose fuel is kept: another compiler makes other bytes, so this is a step of its own.
fn fixtures() -> Result<()> {
    testing::prepare()?;
    step("binary", || cargo(&["build", "--release", "--package", "spellhost"]))?;
    step("fixtures", testing::fixtures)?;
    step("golden fuel", testing::bless_fuel)
}

fn bless() -> Result<()> {
    testing::prepare()?;
    step("bindings", || cargo(&["run", "--quiet", "--release", "--package", "spellhost-bindings"]))?;
    step("binary", || cargo(&["build", "--release", "--package", "spellhost"]))?;
    step("expectations", testing::bless)
}
