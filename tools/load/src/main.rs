//! Many clients of one host at once.
//!
//! `--help` has examples. Knows a host as its clients do, and its process from outside.

mod arguments;
mod crowd;
mod figures;
mod gets;
mod host;
mod joins;
mod process;
mod readers;

use std::process::ExitCode;

use anyhow::Result;
use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

use arguments::{Arguments, Work};

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if let Err(wrong) = arguments.check() {
        Arguments::command().error(ErrorKind::MissingRequiredArgument, wrong).exit();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let figures = runtime.block_on(async {
        match arguments.work() {
            Work::Crowd => crowd::measure(&arguments).await,
            Work::Reads => readers::measure(&arguments).await,
            Work::Gets => gets::measure(&arguments),
            Work::Joins => joins::measure(&arguments).await,
        }
    })?;
    if arguments.json {
        println!("{figures:#}");
    } else {
        print!("{}", figures::table(&figures));
    }
    runtime.shutdown_background();
    Ok(if figures::is_well(&figures) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
