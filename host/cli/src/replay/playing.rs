//! A world that plays a recording: what entered each tick is the log's, what came of it is played
//! again, and the two are compared.
//!
//! Plays through the runtime's one function. Does not know why it is done, nor what is told of it.

use std::collections::BTreeMap;

use spellhost_forge::Cancel;
use spellhost_lockstep::difference::{Difference, Part, difference};
use spellhost_lockstep::{Pins, applying, entering, frame};
use spellhost_runtime::{CallNote, Component, Library, PlayedTick, Policy, trace_tick};
use spellhost_sim as sim;
use spellhost_sim::{CastId, SpellId, World, WorldConfig};
use spellhost_wire::{Frame, Pin, Record};

use super::log::Log;
use crate::problem::{Kind, Problem};
use crate::run::Machine;
use crate::source;
use crate::stage::Setting;

/// A component that is played in place of a spell's own.
pub struct StandIn {
    /// Whose.
    pub spell: SpellId,
    /// What is played.
    pub component: Component,
}

/// A world in the middle of a recording.
pub struct Playing<'a> {
    machine: &'a Machine,
    cancel: Cancel,
    world: Option<World>,
    /// Components whose first pin is still to come.
    components: BTreeMap<sim::Digest, Vec<u8>>,
    library: Library,
    pins: Pins,
    /// The cast whose host calls are traced.
    pub traced: Option<CastId>,
    /// What is played instead.
    pub stand_in: Option<StandIn>,
}

/// A tick that was played again.
pub struct Ticked {
    /// As it was recorded.
    pub told: Frame,
    /// As it came out.
    pub own: Frame,
    /// What is kept of its calls.
    pub notes: Vec<CallNote>,
    /// The first difference.
    pub difference: Option<Difference>,
}

impl<'a> Playing<'a> {
    /// Before the first record.
    pub fn new(machine: &'a Machine, cancel: Cancel) -> Self {
        Self {
            machine,
            cancel,
            world: None,
            components: BTreeMap::new(),
            library: Library::new(),
            pins: Pins::new(),
            traced: None,
            stand_in: None,
        }
    }

    /// Takes the record that was read last.
    ///
    /// # Errors
    /// Where it cannot follow those before it.
    pub fn take(&mut self, log: &Log, record: Record) -> Result<Option<Ticked>, Problem> {
        match record {
            Record::Header(_) | Record::End { .. } => {}
            Record::Component(bytes) => {
                self.components.insert(spellhost_forge::digest_of(&bytes), bytes);
            }
            Record::Pin(pin) => self.pin(log, &pin)?,
            Record::Snapshot(bytes) => self.snapshot(log, &bytes)?,
            Record::Frame(told) => return self.tick(log, *told).map(Some),
        }
        Ok(None)
    }

    fn pin(&mut self, log: &Log, pin: &Pin) -> Result<(), Problem> {
        self.pins.insert(pin).map_err(|error| log.wrong(error))?;
        let digest = sim::Digest(pin.component.0);
        if let Some(stand_in) =
            self.stand_in.as_ref().filter(|other| spell_of(pin) == Some(other.spell.as_str().into()))
        {
            self.library.insert_as(digest, stand_in.component.clone());
            return Ok(());
        }
        if self.library.get(&digest).is_some() {
            return Ok(());
        }
        let bytes = self.components.remove(&digest);
        let bytes =
            bytes.ok_or_else(|| log.wrong(format!("the component {digest} is not in the recording")))?;
        let loaded = source::load(&self.machine.engine, &bytes, &Policy::decided_elsewhere(), &self.cancel);
        self.library.insert(loaded.map_err(|problem| match problem.kind {
            Kind::Interrupted => problem,
            _ => log.wrong(&problem.message),
        })?);
        Ok(())
    }

    /// The first record may be a snapshot; any other has to be of this world.
    fn snapshot(&mut self, log: &Log, bytes: &[u8]) -> Result<(), Problem> {
        let restored = World::restore(bytes).map_err(|error| log.wrong(error))?;
        let config = restored.config();
        if config != config_of(log)? {
            return Err(log.wrong("the snapshot is of another seed or terrain than the header says"));
        }
        let Some(world) = &self.world else {
            self.world = Some(restored);
            return Ok(());
        };
        if world.tick() != restored.tick() {
            let (tick, own) = (restored.tick(), world.tick());
            return Err(log.wrong(format!("the snapshot is of tick {tick}, and the world is at {own}")));
        }
        let parts = differing(world, &restored);
        if parts.is_empty() {
            return Ok(());
        }
        let (tick, parts) = (world.tick(), parts.join(", "));
        Err(log.wrong(format!(
            "the snapshot before tick {tick} differs from the world that was played: {parts}"
        )))
    }

    /// Goes on to the next snapshot of the log, whatever differs on the way, and says in which parts of the
    /// state the two worlds differ there. `None` where no snapshot follows that can be reached.
    pub fn parts_by_next_snapshot(&mut self, log: &mut Log) -> Option<(u64, Vec<&'static str>)> {
        loop {
            match log.next().ok()?? {
                Record::Snapshot(bytes) => {
                    let (world, restored) = (self.world.as_ref()?, World::restore(&bytes).ok()?);
                    return Some((restored.tick(), differing(world, &restored)));
                }
                record => drop(self.take(log, record).ok()?),
            }
        }
    }

    fn tick(&mut self, log: &Log, told: Frame) -> Result<Ticked, Problem> {
        let world = match &mut self.world {
            Some(world) => world,
            none => none.insert(World::new(config_of(log)?)),
        };
        let (tick, next) = (told.tick, world.tick());
        if tick != next {
            return Err(log.wrong(format!("the frame is of tick {tick}, and the world is at {next}")));
        }
        if told.world_id != log.header.world_id {
            let (other, own) = (&told.world_id, &log.header.world_id);
            return Err(
                log.wrong(format!("the frame is of the world `{other}`, and the recording of `{own}`"))
            );
        }
        let wrong = |error| log.wrong(format!("tick {tick}: {error}"));
        let inputs = entering::inputs(&told, &self.pins).map_err(wrong)?;
        let verdicts = applying::verdicts(&told).map_err(wrong)?;
        let (traced, library, caster) = (self.traced, &self.library, &self.machine.caster);
        let played: PlayedTick = trace_tick(world, inputs, &verdicts, traced, library, caster);
        let own = frame::frame(&told.world_id, &played.inputs, &played.report);
        let difference = difference(&told, &own).or_else(|| told_otherwise(&told, &own));
        Ok(Ticked { told, own, notes: played.notes, difference })
    }
}

/// The first call whose recorded effects are not those of its digest: who follows the log would be misled.
fn told_otherwise(told: &Frame, own: &Frame) -> Option<Difference> {
    let mut calls = told.calls.iter().zip(&own.calls);
    let at = calls.position(|(told, own)| told.effects.is_some() && told.effects != own.effects);
    at.map(|at| Difference { part: Part::Effects, at })
}

/// What the header says of the world.
fn config_of(log: &Log) -> Result<WorldConfig, Problem> {
    match Setting::parse(&log.header.terrain) {
        Setting::Terrain(terrain) => Ok(WorldConfig { terrain, seed: log.header.seed }),
        Setting::File(_) => Err(log.wrong(format!("there is no terrain `{}`", log.header.terrain))),
    }
}

/// The spell that a pin's manifest names.
pub fn spell_of(pin: &Pin) -> Option<String> {
    let manifest: serde_json::Value = serde_json::from_str(&pin.manifest).ok()?;
    manifest["spell_id"].as_str().map(Into::into)
}

/// The parts of the state hash that differ, by name.
fn differing(a: &World, b: &World) -> Vec<&'static str> {
    let pairs = a.parts().into_iter().zip(b.parts());
    pairs.filter(|((_, a), (_, b))| a != b).map(|((name, _), _)| name).collect()
}
