//! Many clients of one host at once.
//!
//! ```console
//! $ spellhost serve & HOST=$!
//! $ spellhost-load --pid $HOST --clients 64 --verify 8 --casts 20 --swaps 100 --seconds 120 a.wasm b.wasm
//! $ spellhost-load --pid $HOST --clients 16 --turns 10000 a.wasm b.wasm     # swaps as fast as they go
//! $ spellhost-load --pid $HOST --reads --clients 1000 --seconds 10          # clients that only read
//! $ spellhost-load --pid $HOST --gets /components/b3:… --clients 8          # one file over HTTP
//! $ spellhost-load --joins --edits 1000 --clients 9                         # who joins late
//! ```
//!
//! The first file is the spell that is cast, the others are swapped in, one after the other. Ends with a table, or with
//! `--json` one object. The exit code is 1 where a client was disconnected or found a difference, where a swap did
//! not reach every client in its tick, and after `--turns` where the host's memory grew by more than a fiftieth.

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

use arguments::{Arguments, Work};

fn main() -> Result<ExitCode> {
    let arguments = Arguments::read(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let figures = runtime.block_on(async {
        match arguments.work {
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
