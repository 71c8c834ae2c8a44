//! The first tick and call at which two recordings, or two builds of a spell on one recording,
//! differ.
//!
//! Two recordings are compared frame by frame and nothing is run, so they may be of two engines.

use std::path::Path;

use serde_json::{Value, json};
use spellhost_forge::Cancel;
use spellhost_lockstep::difference::{Difference, Part, calls, difference};
use spellhost_runtime::Policy;
use spellhost_sim::SpellId;
use spellhost_wire::{Frame, Record};

use super::divergence::Divergence;
use super::log::Log;
use super::playing::{Playing, StandIn, spell_of};
use crate::interrupt::Interrupt;
use crate::problem::Problem;
use crate::run::{Machine, seed};
use crate::screen::Screen;
use crate::source::{Making, Ready, Source};
use crate::words;

/// What a comparison came to.
pub struct Compared {
    /// How many ticks are alike.
    pub ticks: u64,
    /// Beside the difference, as an object.
    pub about: Value,
    /// Beside the difference, for people: a line each.
    pub notes: Vec<String>,
    /// The first difference.
    pub difference: Option<Found>,
    /// The first call that differs.
    pub first_call: Option<Found>,
}

/// A difference that was found.
pub struct Found {
    sentence: String,
    sides: Vec<String>,
    object: Value,
}

impl Found {
    fn between(one: &Frame, two: &Frame, difference: Difference) -> Self {
        let (old, new) = (("recorded", one), ("other", two));
        let divergence = Divergence { difference, old, new, parts: None };
        Self { sentence: divergence.sentence(), sides: divergence.sides(), object: divergence.json() }
    }

    fn tell(&self, what: &str, screen: Screen) {
        screen.print(&format!("{}\n", screen.bold(&format!("{what} {}", self.sentence))));
        self.sides.iter().for_each(|side| screen.print(&format!("  {side}\n")));
    }
}

impl Compared {
    /// Tells what was found; the exit code.
    pub fn tell(self, screen: Screen) -> u8 {
        let differs = self.difference.is_some();
        if screen.is_json() {
            let mut object = self.about;
            object["differs"] = json!(differs);
            object["ticks_alike"] = json!(self.ticks);
            object["difference"] = json!(self.difference.as_ref().map(|found| &found.object));
            object["first_call"] = json!(self.first_call.as_ref().map(|found| &found.object));
            screen.object(&object);
            return differs.into();
        }
        self.notes.iter().for_each(|note| screen.print(&format!("{note}\n")));
        let Some(found) = &self.difference else {
            screen.print(&format!("no difference in {}\n", words::count(self.ticks, "tick")));
            return 0;
        };
        found.tell("first difference at", screen);
        if let Some(call) = self.first_call.as_ref().filter(|call| call.object != found.object) {
            call.tell("first call that differs at", screen);
        }
        1
    }
}

/// Compares two recordings, frame by frame.
///
/// # Errors
/// Where one of them is damaged, or Ctrl-C.
pub fn recordings(
    log: Log,
    other: &Path,
    until: Option<u64>,
    interrupt: &Interrupt,
) -> Result<Compared, Problem> {
    let (mut a, mut b) = (log, Log::open(other)?);
    let (notes, about) = heads(&a, &b);
    let mut compared = Compared { ticks: 0, about, notes, difference: None, first_call: None };
    loop {
        interrupt.check()?;
        let (one, two) = (next_frame(&mut a)?, next_frame(&mut b)?);
        let (Some(one), Some(two)) = (&one, &two) else {
            compared.difference = compared.difference.or_else(|| ended(one.as_ref(), two.as_ref()));
            return Ok(compared);
        };
        if until.is_some_and(|until| one.tick > until) {
            return Ok(compared);
        }
        match (difference(one, two), &compared.difference) {
            (None, None) => compared.ticks += 1,
            (Some(found), None) => compared.difference = Some(Found::between(one, two, found)),
            _ => {}
        }
        // What entered may differ ticks before a call does.
        if compared.difference.is_some()
            && let Some(found) = calls(one, two)
        {
            compared.first_call = Some(Found::between(one, two, found));
            return Ok(compared);
        }
    }
}

/// What the two are made of.
fn heads(a: &Log, b: &Log) -> (Vec<String>, Value) {
    let (one, two) = (&a.header, &b.header);
    let line = |log: &Log| {
        let header = &log.header;
        format!(
            "`{}`: {}, seed {}, engine {}",
            log.path().display(),
            header.terrain,
            header.seed,
            header.engine_id
        )
    };
    let object = |log: &Log| {
        let header = &log.header;
        json!({"file": log.path().display().to_string(), "engine_id": header.engine_id, "world_id": header.world_id,
               "terrain": header.terrain, "seed": seed(header.seed)})
    };
    let mut notes = vec![line(a), line(b)];
    if one.engine_id != two.engine_id {
        notes.push("the two were recorded by two engines: what differs may be theirs".into());
    }
    (notes, json!({"recorded": object(a), "other": object(b)}))
}

/// Where one recording goes on and the other does not.
fn ended(one: Option<&Frame>, two: Option<&Frame>) -> Option<Found> {
    let (which, ended, frame) = match (one, two) {
        (Some(frame), None) => ("the other recording", "other", frame),
        (None, Some(frame)) => ("this recording", "recorded", frame),
        _ => return None,
    };
    let sentence = format!("tick {}: {which} has ended", frame.tick);
    let object = json!({"tick": frame.tick, "part": "end", "at": 0, "ended": ended});
    Some(Found { sentence, sides: Vec::new(), object })
}

fn next_frame(log: &mut Log) -> Result<Option<Frame>, Problem> {
    loop {
        match log.next()? {
            None => return Ok(None),
            Some(Record::Frame(frame)) => return Ok(Some(*frame)),
            Some(_) => {}
        }
    }
}

/// Plays a recording with another build of a spell in place of the recorded one.
///
/// # Errors
/// Where the other is not a build of a spell of the recording, or Ctrl-C.
pub fn build(
    mut log: Log,
    machine: &Machine,
    other: &Path,
    until: Option<u64>,
    screen: Screen,
    interrupt: &Interrupt,
) -> Result<Compared, Problem> {
    let ready = ready(machine, other, screen, interrupt)?;
    let spell = spell(&log, &ready, other)?;
    let (component, old) = (ready.component.digest().to_string(), spell.to_string());
    let mut playing = Playing::new(machine, interrupt.cancel());
    playing.stand_in = Some(StandIn { spell, component: ready.component });
    let notes = vec![format!(
        "{old} as `{}` ({}) in `{}`",
        other.display(),
        words::short(&component),
        log.path().display()
    )];
    let about = json!({"recorded": {"file": log.path().display().to_string(), "engine_id": log.header.engine_id},
                       "other": {"file": other.display().to_string(), "engine_id": log.header.engine_id, "spell_id": old, "component": component}});
    let mut ticks = 0;
    while let Some(record) = log.next()? {
        interrupt.check()?;
        if let Record::Frame(frame) = &record
            && until.is_some_and(|until| frame.tick > until)
        {
            break;
        }
        let Some(ticked) = playing.take(&log, record)? else { continue };
        if let Some(found) = ticked.difference {
            // A build can only act through its calls; a state that differs without one is not its doing.
            if found.part == Part::Hash {
                return Err(log.wrong("the state hash differs, and no call does"));
            }
            let first = |found| Some(Found::between(&ticked.told, &ticked.own, found));
            let call = calls(&ticked.told, &ticked.own);
            let (difference, first_call) = (first(found), call.and_then(first));
            return Ok(Compared { ticks, about, notes, difference, first_call });
        }
        ticks += 1;
    }
    Ok(Compared { ticks, about, notes, difference: None, first_call: None })
}

fn ready(machine: &Machine, other: &Path, screen: Screen, interrupt: &Interrupt) -> Result<Ready, Problem> {
    let cancel = Cancel::new();
    let stop = cancel.clone();
    interrupt.tell(move || stop.cancel());
    let busy = screen.busy();
    let making = Making {
        lines: true,
        warm: None,
        color: screen.ink_is_coloured(),
        policy: &Policy::decided_elsewhere(),
        cancel: &cancel,
        progress: &|doing| busy.show(doing),
    };
    Source::at(other)?.ready(&machine.engine, &making)
}

/// Which spell of the recording the build is of: the one of its name, or the only one there is.
fn spell(log: &Log, ready: &Ready, other: &Path) -> Result<SpellId, Problem> {
    let mut again = Log::open(log.path())?;
    let mut spells = std::collections::BTreeSet::new();
    while let Some(record) = again.next()? {
        if let Record::Pin(pin) = record {
            spells.extend(spell_of(&pin).as_deref().and_then(SpellId::parse));
        }
    }
    let own = &ready.revision.spell;
    let is_file = other.is_file() && other.file_name().is_none_or(|name| name != "spell.toml");
    match (spells.contains(own), spells.len()) {
        (true, _) => Ok(own.clone()),
        // A component does not say whose it is.
        (false, 1) if is_file => spells.into_iter().next().ok_or_else(|| log.wrong("it pins no spell")),
        _ => {
            let names: Vec<&str> = spells.iter().map(SpellId::as_str).collect();
            let message =
                format!("`{own}` is not cast in `{}`, which has {}", log.path().display(), names.join(", "));
            Err(Problem::failed("unknown_spell", message)
                .hint("name the component's file after the spell it is a build of"))
        }
    }
}
