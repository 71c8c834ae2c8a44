//! The engines side by side, each in a process of its own: the one that decides plays ahead, the
//! others play every case after it with its verdicts, and what they did is compared case by case.
//!
//! Promises that no process is left, however it ends. Knows nothing of where a corpus comes from.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use spellhost_forge::{Cancel, Worker, WorkerError};
use spellhost_runtime::Verdicts;
use spellhost_wire::Digest;

use crate::corpus::Corpus;
use crate::difference::{Difference, first_of_all};
use crate::opinion::{self, OPINIONS, Opinion, Reply};
use crate::problem::Problem;
use crate::transcript::TickTrace;

/// How long an engine may be silent. A reply is a few ticks, and fuel bounds a tick.
const PATIENCE: Duration = Duration::from_secs(180);

/// The hidden command that plays one engine.
pub const COMMAND: &str = "certify-engine";

/// An engine that was compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineNote {
    /// Its name.
    pub name: String,
    /// What its code is for.
    pub target: String,
    /// What its code may use of the processor.
    pub features: Vec<String>,
}

/// What the comparison found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    /// The engines, the one that decides first.
    pub engines: Vec<EngineNote>,
    /// Calls that were compared.
    pub calls: u64,
    /// Ticks that were compared.
    pub ticks: u64,
    /// The calls by how they ended.
    pub outcomes: BTreeMap<String, u64>,
    /// Calls that ended by a verdict of the engine that decides, and ran nowhere else.
    pub verdicts: u64,
    /// The digest of everything that was compared.
    pub transcript: Digest,
    /// The first difference; what comes after it was not played.
    pub difference: Option<Difference>,
}

/// One engine's process.
struct Member<'a> {
    opinion: Opinion,
    worker: Worker,
    cancel: &'a Cancel,
}

/// A case as one engine played it.
struct Played {
    ticks: Vec<TickTrace>,
    verdicts: Verdicts,
}

/// Plays a corpus on every engine and compares; `told` hears how many cases are done.
///
/// # Errors
/// An engine that does not start, dies or falls silent; or that it was cancelled.
pub fn compare(
    component: &[u8],
    corpus: &Corpus,
    cancel: &Cancel,
    told: &dyn Fn(usize),
) -> Result<Findings, Problem> {
    let program = std::env::current_exe()
        .map_err(|error| Problem::usage("engine_failed", "cannot find this program").because(&error))?;
    let start = |opinion| Member::start(opinion, &program, component, corpus, cancel);
    let mut members = OPINIONS.into_iter().map(start).collect::<Result<Vec<_>, _>>()?;
    let engines = members.iter_mut().map(Member::ready).collect::<Result<_, _>>()?;
    let mut findings = Findings {
        engines,
        calls: 0,
        ticks: 0,
        outcomes: BTreeMap::new(),
        verdicts: 0,
        transcript: Digest([0; 32]),
        difference: None,
    };
    let mut transcript = blake3::Hasher::new();
    let Some((decider, others)) = members.split_first_mut() else { return Ok(findings) };
    for (at, case) in corpus.cases.iter().enumerate() {
        let decided = decider.case()?;
        let known = opinion::bytes(&decided.verdicts)?;
        others.iter().for_each(|other| other.worker.send(known.clone()));
        findings.add(&decided);
        transcript.update(&opinion::bytes(&decided.ticks)?);
        let mut played = Vec::with_capacity(others.len());
        for other in others.iter_mut() {
            played.push((other.opinion.name(), other.case()?.ticks));
        }
        told(at + 1);
        let decided = (decider.opinion.name(), decided.ticks.as_slice());
        findings.difference = first_of_all((at as u64 + 1, &case.name), decided, &played);
        if findings.difference.is_some() {
            break;
        }
    }
    findings.transcript = Digest(*transcript.finalize().as_bytes());
    Ok(findings)
}

impl Findings {
    fn add(&mut self, played: &Played) {
        self.ticks += played.ticks.len() as u64;
        for call in played.ticks.iter().flat_map(|tick| &tick.calls) {
            self.calls += 1;
            *self.outcomes.entry(call.outcome.kind().into()).or_default() += 1;
        }
        self.verdicts += played.verdicts.len() as u64;
    }
}

impl<'a> Member<'a> {
    fn start(
        opinion: Opinion,
        program: &Path,
        component: &[u8],
        corpus: &Corpus,
        cancel: &'a Cancel,
    ) -> Result<Self, Problem> {
        let worker = Worker::start(program, &[COMMAND, opinion.name()]).map_err(|error| {
            let message = format!("the process of the {} engine cannot be started", opinion.name());
            Problem::usage("engine_failed", message).because(&error)
        })?;
        worker.send(component.to_vec());
        worker.send(corpus.bytes()?);
        Ok(Self { opinion, worker, cancel })
    }

    fn ready(&mut self) -> Result<EngineNote, Problem> {
        match self.reply()? {
            Reply::Ready { target, features } => {
                Ok(EngineNote { name: self.opinion.name().into(), target, features })
            }
            Reply::Unable { message } => {
                let mut problem = self.failed();
                problem.causes.push(message);
                Err(problem)
            }
            Reply::Ticks { .. } => Err(self.failed()),
        }
    }

    /// The next case, whole.
    fn case(&mut self) -> Result<Played, Problem> {
        let mut played = Played { ticks: Vec::new(), verdicts: Verdicts::new() };
        loop {
            let Reply::Ticks { ticks, verdicts, last } = self.reply()? else { return Err(self.failed()) };
            played.ticks.extend(ticks);
            played.verdicts.extend(verdicts);
            if last {
                return Ok(played);
            }
        }
    }

    fn reply(&mut self) -> Result<Reply, Problem> {
        let frame = self.worker.receive(PATIENCE, self.cancel).map_err(|error| match error {
            WorkerError::Cancelled => Problem::interrupted(),
            error => self.failed().because(&error),
        })?;
        opinion::parse(&frame)
    }

    fn failed(&self) -> Problem {
        Problem::failed("engine_failed", format!("the {} engine cannot play", self.opinion.name()))
    }
}
