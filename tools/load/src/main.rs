//! Many clients of one host at once.
//!
//! ```console
//! $ spellhost serve & HOST=$!
//! $ spellhost-load --pid $HOST --clients 64 --verify 8 --casts 20 --swaps 100 --seconds 120 a.wasm b.wasm
//! ```
//!
//! The first file is the spell that is cast, the others are swapped in, one after the other. Prints one JSON object.

mod arguments;
mod crowd;
mod process;
mod readers;
mod spell;

use anyhow::Result;

use arguments::Arguments;

fn main() -> Result<()> {
    let arguments = Arguments::read(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let figures = runtime.block_on(async {
        if arguments.reads { readers::measure(&arguments).await } else { crowd::measure(&arguments).await }
    })?;
    println!("{figures:#}");
    runtime.shutdown_background();
    Ok(())
}
