//! `spellhost run`: cast a spell in a demo world and show what happened.
//!
//! This half casts once; what stays and casts again on every save is `live`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use spellhost_runtime::{Caster, Engine, EngineOptions};

use crate::account::account;
use crate::allow::AllowFlags;
use crate::demo::{DemoFlags, SEED_MAX, demo};
use crate::file::{check_apart, write_whole};
use crate::interrupt::Interrupt;
use crate::live::Live;
use crate::problem::Problem;
use crate::saved::Recorder;
use crate::screen::Screen;
use crate::script::{Performance, perform};
use crate::serve::own_address;
use crate::session::Session;
use crate::source::{Making, Ready, Source};
use crate::stage::Stage;
use crate::view;

const EXAMPLES: &str = "\
Examples:
  spellhost run spells/fireball                     build, cast, show; then again on every save
  spellhost run spells/fireball --once              cast once and end (exit code 1 unless applied)
  spellhost run fireball.wasm --once --json         one JSON object for a script
  spellhost run . --world flat --target 0.5,0,-20 --param radius=5
  spellhost run . --once --picture crater.png --record cast.rec

While it stays it serves its world to clients and to a browser on this machine, at the address that it
prints: whoever joins sees every tick, and may cast.

While it runs on a terminal: c or space casts again, r resets the world, p shows the picture
again, h helps, q quits. A recording ends with its world: `--world cast.rec` goes on in it.

A folder is built with line tables, so that a trap names file and line; `spellhost build` leaves
them out. The code is the same, the bytes are not: the two have different digests.";

/// Build, cast in a demo world and show what happened; then stay, and do it again on every save
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A spell's folder, or a component
    #[arg(value_name = "DIR-or-FILE")]
    pub spell: PathBuf,
    /// Cast once and end
    #[arg(long, env = "SPELLHOST_ONCE", value_parser = clap::builder::FalseyValueParser::new())]
    pub once: bool,
    /// The world, the aim and the parameters.
    #[command(flatten)]
    pub demo: DemoFlags,
    /// What it may import.
    #[command(flatten)]
    pub allow: AllowFlags,
    /// Where to write a picture of before and after
    #[arg(long, env = "SPELLHOST_PICTURE", value_name = "FILE.png")]
    pub picture: Option<PathBuf>,
    /// Where to record every tick, with the components
    #[arg(long, env = "SPELLHOST_RECORD", value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Where the world is served while it stays, for this machine alone; port 0 picks a free one [default: 127.0.0.1:0]
    #[arg(long, env = "SPELLHOST_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// How many threads cast [default: one a core]
    #[arg(long, env = "SPELLHOST_THREADS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=32))]
    pub threads: Option<u16>,
}

/// What plays: the engine, its threads, and whom to tell.
#[derive(Clone)]
pub struct Machine {
    /// Compiles.
    pub engine: Engine,
    /// Casts.
    pub caster: Arc<Caster>,
}

impl Machine {
    /// Starts the engine and its casting threads.
    ///
    /// # Errors
    /// Where this machine cannot run it.
    pub fn start(threads: Option<u16>) -> Result<Self, Problem> {
        Self::with(EngineOptions::default(), threads)
    }

    /// As [`Machine::start`], with an engine of these options.
    #[allow(clippy::missing_errors_doc, reason = "said at `start`")]
    pub fn with(options: EngineOptions, threads: Option<u16>) -> Result<Self, Problem> {
        let engine = Engine::new(options).map_err(|error| {
            Problem::usage("engine", "the engine does not start on this machine").because(&error)
        })?;
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let caster = Caster::new(&engine, threads.map_or_else(cores, usize::from))
            .map_err(|error| Problem::usage("threads", "cannot start the casting threads").because(&error))?;
        Ok(Self { engine, caster: Arc::new(caster) })
    }
}

/// Runs the command; the exit code.
///
/// # Errors
/// What went wrong before anything could be cast, or Ctrl-C.
pub fn run(args: &Args, screen: Screen, interrupt: &Interrupt) -> Result<u8, Problem> {
    let source = Source::at(&args.spell)?;
    check_outputs(args)?;
    let address = if args.once { None } else { Some(own_address(args.listen.as_deref())?) };
    let machine = Machine::start(args.threads)?;
    if let Some(address) = address {
        return Live::start(args, source, machine, address, screen, interrupt)?.stay();
    }
    let cancel = interrupt.cancel();
    let ready = {
        let busy = screen.busy();
        let making = Making {
            lines: true,
            warm: None,
            color: screen.ink_is_coloured(),
            policy: &args.allow.policy(),
            cancel: &cancel,
            progress: &|doing| busy.show(doing),
        };
        source.ready(&machine.engine, &making)?
    };
    if !ready.warnings.is_empty() {
        screen.note(ready.warnings.trim_end());
    }
    let (stage, script) = demo(&args.demo, &ready)?;
    let mut session = enter(args, &machine, stage)?;
    session.install(&ready)?;
    let performance = perform(&mut session, &script, &ready.revision, interrupt)?;
    session.finish()?;
    show(args, &ready, &session, &performance, screen)?;
    if screen.is_json() {
        screen.object(&object(&machine, &ready, &session, &performance));
    }
    Ok(if performance.tallies.iter().all(|tally| tally.is_applied()) { 0 } else { 1 })
}

/// What is written is neither the spell nor the world it is cast in, nor twice the same.
fn check_outputs(args: &Args) -> Result<(), Problem> {
    for output in args.picture.iter().chain(&args.record) {
        check_apart(&args.spell, output)?;
        args.demo.world.iter().try_for_each(|world| check_apart(Path::new(world), output))?;
    }
    match (&args.picture, &args.record) {
        (Some(picture), Some(record)) if picture == record => {
            Err(Problem::usage("file", format!("`{}` is to be two things", picture.display()))
                .hint("name two files"))
        }
        _ => Ok(()),
    }
}

/// Opens the world and lets everybody enter.
///
/// # Errors
/// Where the recording cannot be started.
pub fn enter(args: &Args, machine: &Machine, stage: Stage) -> Result<Session, Problem> {
    let start = |path: &PathBuf| Recorder::start(path, machine.engine.id(), &stage.world);
    let recorder = args.record.as_ref().map(start).transpose()?;
    Session::enter(stage, machine.caster.clone(), recorder)
}

/// Tells people what happened and draws it.
///
/// # Errors
/// Where the picture cannot be written.
pub fn show(
    args: &Args,
    ready: &Ready,
    session: &Session,
    performance: &Performance,
    screen: Screen,
) -> Result<(), Problem> {
    let title = ready.revision.spell.as_str();
    if let Some(path) = &args.picture {
        write_whole(path, &view::png(title, performance))?;
    }
    if !screen.is_json() {
        screen.print(&account(performance, title, &session.roster, screen));
        screen.print(&view::terminal(title, performance, screen.ink(), screen.columns()));
    }
    Ok(())
}

/// A seed for programs: a saved world may have one that is not exact in every JSON reader.
pub fn seed(seed: u64) -> Value {
    if seed <= SEED_MAX { json!(seed) } else { json!(format!("{seed:016x}")) }
}

/// The object of `--once --json`.
pub fn object(machine: &Machine, ready: &Ready, session: &Session, performance: &Performance) -> Value {
    let seed = session.world().config().seed;
    json!({
        "spell_id": ready.revision.spell.as_str(),
        "revision_id": ready.revision.id(),
        "component": {"digest": ready.component.digest().to_string(), "size": ready.component.size()},
        "engine_id": machine.engine.id().to_string(),
        "seed": self::seed(seed),
        "ticks": performance.ticks,
        "state_hash": performance.after.hash,
        "casts": performance.tallies.iter().map(|tally| tally.json()).collect::<Vec<_>>(),
    })
}
