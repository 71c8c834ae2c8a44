//! `spellhost replay`: play a recording again and verify it, trace a cast, or find where two differ.
//!
//! Knows what the flags ask for; how a log is read, played and compared is below.

mod bisect;
mod divergence;
mod log;
mod playing;
mod trace;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;
use spellhost_lockstep::difference::{Difference, Part};
use spellhost_runtime::{EngineOptions, Role};
use spellhost_sim::CastId;
use spellhost_sim::limits::TICKS_PER_SECOND;
use spellhost_wire::Digest;

use crate::interrupt::Interrupt;
use crate::problem::Problem;
use crate::run::Machine;
use crate::screen::Screen;
use crate::words;

use divergence::Divergence;
use log::Log;
use playing::{Playing, Ticked};

/// Ticks between two looks at the progress.
const PROGRESS_TICKS: u64 = 600;

const EXAMPLES: &str = "\
Examples:
  spellhost replay cast.rec                         play it again, verify every call and hash
  spellhost replay cast.rec --until 60              stop after tick 60 and print its hash
  spellhost replay cast.rec --trace 1               every host call of cast 1, with its fuel
  spellhost replay cast.rec --bisect other.rec      the first tick and call where the two differ
  spellhost replay cast.rec --bisect spells/ember   the same, for another build of a spell in it

`spellhost run SPELL --record cast.rec` writes recordings. They hold the components, and replay
anywhere the engine id is the same; one of another engine is refused. Exit code 1 says that the
recording is damaged, did not come out as it was recorded, or that --bisect found a difference.";

/// Play a recording again at full speed and verify every outcome, fuel, effect and hash
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A recording that `spellhost run --record` wrote
    #[arg(value_name = "LOG")]
    pub log: PathBuf,
    /// Stop after this tick and print its hash
    #[arg(long, env = "SPELLHOST_UNTIL", value_name = "TICK")]
    pub until: Option<u64>,
    /// Show every host call of this cast: arguments, results and fuel
    #[arg(long, env = "SPELLHOST_TRACE", value_name = "CAST", conflicts_with = "bisect")]
    pub trace: Option<u64>,
    /// Find where another recording, or another build of a spell in this one, differs
    #[arg(long, env = "SPELLHOST_BISECT", value_name = "OTHER")]
    pub bisect: Option<PathBuf>,
    /// How many threads cast [default: one a core]
    #[arg(long, env = "SPELLHOST_THREADS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=32))]
    pub threads: Option<u16>,
}

/// Runs the command; the exit code.
///
/// # Errors
/// Where the recording is damaged, of another engine or did not come out as recorded, or Ctrl-C.
pub fn replay(args: &Args, screen: Screen, interrupt: &Interrupt) -> Result<u8, Problem> {
    let log = Log::open(&args.log)?;
    let other = args.bisect.as_deref();
    if let Some(other) = other.filter(|other| Log::is_one(other)) {
        return Ok(bisect::recordings(log, other, args.until, interrupt)?.tell(screen));
    }
    let options = EngineOptions { role: Role::Reexecutor, ..EngineOptions::default() };
    let machine = Machine::with(options, args.threads)?;
    log.require(Digest(machine.engine.id().0))?;
    match other {
        Some(other) => Ok(bisect::build(log, &machine, other, args.until, screen, interrupt)?.tell(screen)),
        None => verify(args, log, &machine, screen, interrupt),
    }
}

/// What was played so far.
#[derive(Default)]
struct Count {
    first: Option<u64>,
    ticks: u64,
    casts: u64,
    calls: u64,
    /// Calls of the traced cast.
    traced: u64,
    hash: String,
    took: Duration,
}

fn verify(
    args: &Args,
    mut log: Log,
    machine: &Machine,
    screen: Screen,
    interrupt: &Interrupt,
) -> Result<u8, Problem> {
    let busy = screen.busy();
    let mut playing = Playing::new(machine, interrupt.cancel());
    playing.traced = args.trace.map(CastId);
    let mut count = Count::default();
    while let Some(record) = log.next()? {
        interrupt.check()?;
        let started = Instant::now();
        let Some(ticked) = playing.take(&log, record)? else { continue };
        count.took += started.elapsed();
        if let Some(cast) = args.trace {
            count.traced += tell(&ticked, cast, screen);
        }
        if let Some(difference) = ticked.difference {
            drop(busy);
            return Err(diverged(&mut log, &mut playing, &ticked, difference));
        }
        count.add(&ticked);
        if count.ticks.is_multiple_of(PROGRESS_TICKS) {
            busy.update(&format!("replaying, tick {}", words::grouped(ticked.told.tick)));
        }
        if args.until.is_some_and(|until| ticked.told.tick >= until) {
            break;
        }
    }
    drop(busy);
    count.check(args, &log)?;
    match (args.trace, screen.is_json()) {
        // The host calls are the objects.
        (Some(_), true) => {}
        (_, true) => screen.object(&count.json(&log)),
        (_, false) => screen.print(&count.text(screen)),
    }
    Ok(0)
}

/// Tells the host calls of a tick; how many calls made them.
fn tell(ticked: &Ticked, cast: u64, screen: Screen) -> u64 {
    let tick = ticked.own.tick;
    let traced = trace::traced(&ticked.own, &ticked.notes, cast);
    for (call, note) in &traced {
        if screen.is_json() {
            let objects = note.host_calls.iter().enumerate();
            objects.for_each(|(at, host)| screen.object(&trace::json(tick, call, at, host)));
        } else {
            screen.print(&trace::text(tick, call, note));
        }
    }
    traced.len() as u64
}

fn diverged(log: &mut Log, playing: &mut Playing, ticked: &Ticked, difference: Difference) -> Problem {
    let is_hash = difference.part == Part::Hash;
    let parts = if is_hash { playing.parts_by_next_snapshot(log) } else { None };
    let (old, new) = (("recorded", &ticked.told), ("replayed", &ticked.own));
    let divergence = Divergence { difference, old, new, parts };
    let message = format!("the replay does not come out as recorded: {}", divergence.sentence());
    let mut problem = Problem::failed("diverged", message);
    problem.causes = divergence.sides();
    problem.more = Some(("difference", divergence.json()));
    problem
}

impl Count {
    fn add(&mut self, ticked: &Ticked) {
        let told = &ticked.told;
        self.first.get_or_insert(told.tick);
        self.ticks += 1;
        self.casts += told.casts.len() as u64;
        self.calls += told.calls.len() as u64;
        self.hash = told.state_hash.to_string();
    }

    /// What was asked for has to be in the log.
    fn check(&self, args: &Args, log: &Log) -> Result<(), Problem> {
        let path = log.path().display();
        let Some(first) = self.first else {
            return Err(Problem::failed("bad_recording", format!("`{path}` holds no tick")));
        };
        let last = first + self.ticks - 1;
        match args.until {
            Some(until) if until != last => {
                let message = if until < first {
                    format!("tick {until} is before the first in `{path}`, {first}")
                } else {
                    format!("tick {until} is not in `{path}`, which has ticks {first} to {last}")
                };
                return Err(Problem::failed("unknown_tick", message));
            }
            _ => {}
        }
        match args.trace {
            Some(cast) if self.traced == 0 => {
                let message = format!("no call of cast {cast} ran in ticks {first} to {last} of `{path}`");
                Err(Problem::failed("unknown_cast", message).hint("casts are numbered from 1 in each world"))
            }
            _ => Ok(()),
        }
    }

    /// How much faster than a world that ticks at its own pace.
    fn times_real_time(&self) -> f64 {
        let played = self.ticks as f64 / f64::from(TICKS_PER_SECOND);
        played / self.took.as_secs_f64().max(1e-9)
    }

    fn text(&self, screen: Screen) -> String {
        let played = words::number(self.ticks as f64 / f64::from(TICKS_PER_SECOND));
        format!(
            "{} {} ({played} s) in {}, {} × real time: {}, {}\nstate hash {}\n",
            screen.verdict(true, "verified"),
            words::count(self.ticks, "tick"),
            words::elapsed(self.took),
            words::number(self.times_real_time().round()),
            words::count(self.casts, "cast"),
            words::count(self.calls, "call"),
            self.hash,
        )
    }

    fn json(&self, log: &Log) -> serde_json::Value {
        json!({
            "verified": true,
            "engine_id": log.header.engine_id,
            "world_id": log.header.world_id,
            "first_tick": self.first,
            "last_tick": self.first.map(|first| first + self.ticks - 1),
            "ticks": self.ticks,
            "casts": self.casts,
            "calls": self.calls,
            "micros": self.took.as_micros() as u64,
            "times_real_time": self.times_real_time(),
            "state_hash": self.hash,
        })
    }
}
