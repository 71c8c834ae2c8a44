//! One engine's opinion: the hidden command that plays a corpus in a process of its own, and the
//! frames between it and who asked.
//!
//! In: the component's bytes, the corpus's bytes and, unless the engine is the one that decides, the
//! verdicts before each case. Out: [`Reply`]s. Knows nothing of other engines.

use std::io::{self, Read, Write};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use spellhost_forge::{confine, read_frame, write_frame};
use spellhost_runtime::{Caster, Codegen, Component, Engine, EngineOptions, Policy, Role, Verdicts, admit};

use crate::corpus::Corpus;
use crate::problem::Problem;
use crate::processor;
use crate::rehearsal::rehearse;
use crate::source::not_a_spell;
use crate::transcript::TickTrace;

/// How many ticks go into one reply.
const TICKS_A_REPLY: usize = 16;
/// After how many calls a reply is long enough.
const CALLS_A_REPLY: usize = 64;

/// An engine that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Opinion {
    /// Cranelift as hosts run it: it decides, and its verdicts stand.
    Native,
    /// Cranelift without optimisation.
    NativeUnoptimised,
    /// Wasmtime's interpreter.
    Pulley,
}

/// Every engine, the one that decides first.
pub const OPINIONS: [Opinion; 3] = [Opinion::Native, Opinion::NativeUnoptimised, Opinion::Pulley];

impl Opinion {
    /// The name, on command lines and in certificates.
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::NativeUnoptimised => "native-unoptimised",
            Self::Pulley => "pulley",
        }
    }

    /// Whether its verdicts stand.
    pub fn decides(self) -> bool {
        self == Self::Native
    }

    fn options(self) -> EngineOptions {
        let codegen = match self {
            Self::Native => Codegen::Native,
            Self::NativeUnoptimised => Codegen::NativeUnoptimised,
            Self::Pulley => Codegen::Pulley,
        };
        EngineOptions { codegen, role: if self.decides() { Role::Host } else { Role::Reexecutor } }
    }
}

/// What an engine answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// It is ready to play.
    Ready {
        /// What its code is for.
        target: String,
        /// What it may use of the processor.
        features: Vec<String>,
    },
    /// It cannot play, and why.
    Unable {
        /// In words.
        message: String,
    },
    /// The next ticks of the case.
    Ticks {
        /// In order.
        ticks: Vec<TickTrace>,
        /// The verdicts of their calls.
        verdicts: Verdicts,
        /// Whether the case ends with them.
        last: bool,
    },
}

/// Play a corpus on one engine, as `certify` asks
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which engine
    #[arg(value_enum, value_name = "ENGINE")]
    engine: Opinion,
}

/// Runs the command: reads orders on standard input and answers on standard output.
///
/// # Errors
/// Where who asked is gone, or did not ask properly.
pub fn opinion(args: &Args) -> Result<u8, Problem> {
    confine().map_err(|error| Problem::usage("limits", "cannot limit this process").because(&error))?;
    let (mut orders, mut answers) = (io::stdin().lock(), io::stdout().lock());
    answer(args.engine, &mut orders, &mut answers)?;
    Ok(0)
}

fn answer(engine: Opinion, orders: &mut impl Read, answers: &mut impl Write) -> Result<(), Problem> {
    let (bytes, corpus) = (order(orders)?, Corpus::parse(&order(orders)?)?);
    let unable = |problem: Problem| Reply::Unable { message: problem.to_string() };
    let (component, caster) = match ready(engine, &bytes) {
        Ok(ready) => ready,
        Err(problem) => return send(answers, &unable(problem)),
    };
    let (target, features) = processor::described(engine.options().codegen);
    send(answers, &Reply::Ready { target, features })?;
    for case in &corpus.cases {
        let known: Verdicts = if engine.decides() { Verdicts::new() } else { parse(&order(orders)?)? };
        let (mut ticks, mut calls, mut verdicts) = (Vec::new(), 0, Verdicts::new());
        rehearse(case, &component, &known, &caster, |tick, found| {
            calls += tick.calls.len();
            ticks.push(tick);
            verdicts.extend(found);
            if ticks.len() < TICKS_A_REPLY && calls < CALLS_A_REPLY {
                return Ok(());
            }
            calls = 0;
            let (ticks, verdicts) = (std::mem::take(&mut ticks), std::mem::take(&mut verdicts));
            send(answers, &Reply::Ticks { ticks, verdicts, last: false })
        })?;
        send(answers, &Reply::Ticks { ticks, verdicts, last: true })?;
    }
    Ok(())
}

fn ready(engine: Opinion, bytes: &[u8]) -> Result<(Component, Caster), Problem> {
    let engine = Engine::new(engine.options()).map_err(|error| {
        Problem::usage("engine", "the engine does not start on this machine").because(&error)
    })?;
    let component = load(&engine, bytes)?;
    // Three processes work at a time; a thread each is enough.
    let caster = Caster::new(&engine, 1)
        .map_err(|error| Problem::usage("threads", "cannot start the casting threads").because(&error))?;
    Ok((component, caster))
}

/// Checks and compiles a component in this very process, which is one with limits.
///
/// # Errors
/// Why it is not a spell.
pub fn load(engine: &Engine, bytes: &[u8]) -> Result<Component, Problem> {
    let admitted = admit(bytes, &Policy::decided_elsewhere());
    admitted.and_then(|admitted| engine.load(admitted)).map_err(|rejection| not_a_spell(&rejection))
}

/// The next order.
fn order(orders: &mut impl Read) -> Result<Vec<u8>, Problem> {
    let misused = || Problem::usage("usage", "this command is started by `spellhost certify` only");
    read_frame(orders).map_err(|error| misused().because(&error))?.ok_or_else(misused)
}

fn send(answers: &mut impl Write, reply: &Reply) -> Result<(), Problem> {
    write_frame(answers, &bytes(reply)?)
        .map_err(|error| Problem::usage("pipe", "who asked is gone").because(&error))
}

/// A value as a frame.
///
/// # Errors
/// Never in practice: a buffer that grows takes every value.
pub fn bytes(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    postcard::to_allocvec(value).map_err(|error| Problem::usage("pipe", "no frame").because(&error))
}

/// A frame as a value.
///
/// # Errors
/// Where it is another's.
pub fn parse<T: for<'de> Deserialize<'de>>(frame: &[u8]) -> Result<T, Problem> {
    postcard::from_bytes(frame)
        .map_err(|error| Problem::failed("engine_failed", "a frame cannot be read").because(&error))
}
