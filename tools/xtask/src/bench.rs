//! `cargo xtask bench`: what is measured, one command each.
//!
//! Every figure is taken in the profile that is shipped. Knows no engine: the programs are processes.

mod author;
mod authoring;
mod casting;
mod fanout;
mod load;
mod programs;
mod server;
mod simulation;
mod store;
mod table;

use anyhow::{Result, bail};

use table::Table;

/// How the figures are shown, and how many rounds they are made of.
pub struct Options {
    json: bool,
    readme: bool,
    rounds: usize,
    profile: String,
}

/// Runs a benchmark by name.
pub fn run(name: &str, flags: &[&str]) -> Result<()> {
    let options = options(name, flags)?;
    let table = match name {
        "casting" => casting::measure(&options)?,
        "simulation" => simulation::measure(&options)?,
        "fanout" => fanout::measure(&options)?,
        "authoring" => authoring::measure(&options)?,
        "store" => store::measure(&options)?,
        _ => bail!("no benchmark `{name}`: there are casting, simulation, fanout, authoring and store"),
    };
    show(&table, &options)
}

/// The rounds where nothing else is asked for: with processes and seconds in each, a benchmark ends within minutes.
fn rounds(name: &str) -> usize {
    if matches!(name, "fanout" | "authoring" | "store") { 7 } else { 9 }
}

fn options(name: &str, flags: &[&str]) -> Result<Options> {
    let mut options = Options { json: false, readme: false, rounds: rounds(name), profile: "dist".into() };
    for flag in flags {
        match flag.split_once('=').unwrap_or((flag, "")) {
            ("--json", "") => options.json = true,
            ("--readme", "") => options.readme = true,
            ("--rounds", rounds) => options.rounds = rounds.parse()?,
            ("--profile", profile) => options.profile = profile.into(),
            _ => bail!("no flag `{flag}`: there are --json, --readme, --rounds=N and --profile=NAME"),
        }
    }
    if options.rounds < 7 {
        bail!("a median wants at least seven rounds");
    }
    Ok(options)
}

fn show(table: &Table, options: &Options) -> Result<()> {
    if options.readme {
        table.write_readme("README.md")?;
    }
    if options.json {
        println!("{}", table.json());
    } else {
        print!("{}", table.text());
    }
    Ok(())
}
