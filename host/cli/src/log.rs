//! `spellhost log`: what a world of a live host did, as a recording in a file.
//!
//! Asks the host, which follows every tick on the way; a file appears whole or not at all. Plays nothing:
//! verifying is `spellhost replay`'s.

use std::io::Write as _;
use std::path::PathBuf;

use reqwest::header::HeaderMap;
use serde_json::json;

use crate::file::Draft;
use crate::interrupt::Interrupt;
use crate::problem::Problem;
use crate::remote::{Which, escaped};
use crate::screen::Screen;
use crate::words;

const EXAMPLES: &str = "\
Examples:
  spellhost log default -o last.log                        the last ten minutes
  spellhost log arena -o start.log --from 0 --to 3599      its first minute
  spellhost replay last.log                                play it again and verify every hash

A log has at most ten minutes of 60 ticks a second, 36,000 ticks; name others with --from and --to.";

/// Write what a world of a host did into a file that `replay` plays again
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The world
    #[arg(value_name = "WORLD")]
    world: String,
    /// The file to write
    #[arg(short, long, env = "SPELLHOST_OUTPUT", value_name = "FILE")]
    output: PathBuf,
    /// The first tick [default: ten minutes before the last]
    #[arg(long, env = "SPELLHOST_FROM", value_name = "TICK")]
    from: Option<u64>,
    /// The last tick [default: the last that was played]
    #[arg(long, env = "SPELLHOST_TO", value_name = "TICK")]
    to: Option<u64>,
    #[command(flatten)]
    which: Which,
}

/// What the host says of a log.
struct Told {
    first: u64,
    last: u64,
    engine_id: String,
}

/// Runs the command.
///
/// # Errors
/// Where the host is not there or refuses, the range is empty, or the file cannot be written.
pub fn log(args: &Args, screen: Screen, interrupt: &Interrupt) -> Result<u8, Problem> {
    let path = args.path()?;
    let remote = args.which.remote()?;
    let mut draft = Draft::create(&args.output)?;
    let busy = screen.busy();
    busy.update("the host follows the log");
    let mut bytes = 0;
    let headers = remote.download(&path, interrupt, |piece, total| {
        bytes += piece.len() as u64;
        let of = total.map_or_else(String::new, |total| format!(" of {}", words::size(total)));
        busy.update(&format!("{}{of}", words::size(bytes)));
        draft.write_all(piece).map_err(|error| Problem::file("write", &args.output, &error))
    })?;
    drop(busy);
    let told = Told::read(&headers).ok_or_else(|| {
        Problem::failed("refused", format!("{} answers, and not as a host does", remote.server()))
    })?;
    draft.keep()?;
    let (file, Told { first, last, engine_id }) = (args.output.display().to_string(), told);
    if screen.is_json() {
        screen.object(&json!({
            "file": file,
            "bytes": bytes,
            "world_id": args.world,
            "first_tick": first,
            "last_tick": last,
            "engine_id": engine_id,
        }));
    } else {
        let (file, size) = (screen.bold(&file), words::size(bytes));
        screen.print(&format!("{file}: ticks {first} to {last} of {} ({size})\n", args.world));
    }
    Ok(0)
}

impl Args {
    /// What to ask the host for.
    fn path(&self) -> Result<String, Problem> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            let message = format!("there is no tick from {from} to {to}");
            return Err(Problem::usage("empty_range", message).hint(format!("--from {to} --to {from}")));
        }
        let named = |name: &str, tick: Option<u64>| tick.map(|tick| format!("{name}={tick}"));
        let query: Vec<String> =
            [named("from", self.from), named("to", self.to)].into_iter().flatten().collect();
        Ok(format!("/worlds/{}/log?{}", escaped(&self.world), query.join("&")))
    }
}

impl Told {
    fn read(headers: &HeaderMap) -> Option<Self> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        Some(Self {
            first: text("spellhost-tick")?.parse().ok()?,
            last: text("spellhost-last-tick")?.parse().ok()?,
            engine_id: text("spellhost-engine-id")?.to_owned(),
        })
    }
}
