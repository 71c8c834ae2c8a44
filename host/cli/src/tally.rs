//! What came of one cast, added up over all its calls.
//!
//! Built from played ticks alone; knows neither how they were played nor how a tally is shown to
//! people. Its JSON form is the contract of the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use spellhost_lockstep::frame;
use spellhost_runtime::{CallNote, LogLine, TrapReport};
use spellhost_sim::{CallReport, CastId, CastReport, Outcome, Refusal};
use spellhost_wire as wire;

/// The most effects that one tally keeps; later ones are counted only.
const EFFECTS_MAX: usize = 65_536;

/// One call of a cast.
#[derive(Clone, Debug)]
pub struct CallTally {
    /// `cast`, `on-event` or `migrate`.
    pub export: &'static str,
    /// The tick it ran in.
    pub tick: u64,
    /// How it ended.
    pub outcome: wire::Outcome,
    /// Fuel charged and granted.
    pub fuel: wire::Fuel,
    /// How long it took here.
    pub elapsed: Duration,
    /// Where it trapped, for its author.
    pub trap: Option<TrapReport>,
}

/// A line that a spell logged.
#[derive(Clone, Debug)]
pub struct LogTally {
    /// The tick.
    pub tick: u64,
    /// What it said.
    pub line: LogLine,
}

/// What came of one cast.
#[derive(Clone, Debug)]
pub struct Tally {
    /// The cast.
    pub cast: CastId,
    /// The tick in which it entered.
    pub tick: u64,
    /// Why it never ran.
    refused: Option<Refusal>,
    /// Its calls, in the order in which they ran.
    pub calls: Vec<CallTally>,
    /// Its effects with their ticks, in order.
    pub effects: Vec<(u64, wire::Effect)>,
    /// Voxels changed, by the names of the materials before and after.
    pub voxels: BTreeMap<(&'static str, &'static str), u64>,
    /// Entities hit, added up over the calls.
    pub entities_hit: u64,
    /// The entities hit, each once.
    pub hit: BTreeSet<u64>,
    /// What it logged.
    pub log: Vec<LogTally>,
}

impl Tally {
    /// A cast that entered.
    pub fn new(report: &CastReport, tick: u64) -> Self {
        Self {
            cast: report.cast,
            tick,
            refused: report.refused,
            calls: Vec::new(),
            effects: Vec::new(),
            voxels: BTreeMap::new(),
            entities_hit: 0,
            hit: BTreeSet::new(),
            log: Vec::new(),
        }
    }

    /// Adds a call that ran in `tick`.
    pub fn add(&mut self, tick: u64, call: &CallReport, note: Option<&CallNote>) {
        self.calls.push(CallTally {
            export: call.entry.export(),
            tick,
            outcome: frame::outcome(&call.outcome),
            fuel: wire::Fuel { used: call.fuel_used, granted: call.fuel_granted },
            elapsed: note.map(|note| note.elapsed).unwrap_or_default(),
            trap: note.and_then(|note| note.trap.clone()),
        });
        let room = EFFECTS_MAX.saturating_sub(self.effects.len());
        self.effects.extend(frame::effects(call).into_iter().take(room).map(|effect| (tick, effect)));
        for change in &call.voxels {
            *self.voxels.entry((change.from.info().name, change.to.info().name)).or_default() +=
                change.count as u64;
        }
        self.entities_hit += call.entities.len() as u64;
        self.hit.extend(call.entities.iter().map(|id| id.0));
        let lines = note.map_or(&[][..], |note| &note.log);
        self.log.extend(lines.iter().map(|line| LogTally { tick, line: line.clone() }));
    }

    /// `applied` if every call's was, else the first that was not; a cast that is still waiting
    /// for fuel counts as refused.
    pub fn outcome(&self) -> wire::Outcome {
        if let Some(reason) = self.refused {
            return frame::outcome(&Outcome::Refused(reason));
        }
        let mut skipped = 0;
        for call in &self.calls {
            match &call.outcome {
                wire::Outcome::Applied { skipped: more } => skipped += more,
                other => return other.clone(),
            }
        }
        if self.calls.is_empty() {
            frame::outcome(&Outcome::Refused(Refusal::Budget))
        } else {
            wire::Outcome::Applied { skipped }
        }
    }

    /// Whether every call was applied.
    pub fn is_applied(&self) -> bool {
        matches!(self.outcome(), wire::Outcome::Applied { .. })
    }

    /// Fuel charged and granted, over all calls.
    pub fn fuel(&self) -> wire::Fuel {
        let sum = |of: fn(&wire::Fuel) -> u64| self.calls.iter().map(|call| of(&call.fuel)).sum();
        wire::Fuel { used: sum(|fuel| fuel.used), granted: sum(|fuel| fuel.granted) }
    }

    /// How long all calls took here.
    pub fn elapsed(&self) -> Duration {
        self.calls.iter().map(|call| call.elapsed).sum()
    }

    /// How many voxels its calls changed.
    pub fn voxels_changed(&self) -> u64 {
        self.voxels.values().sum()
    }

    /// What it damaged and healed an entity by, in points, before shields.
    pub fn points(&self, entity: u64) -> (f64, f64) {
        self.effects.iter().fold((0.0, 0.0), |(damage, heal), (_, effect)| match effect {
            wire::Effect::Damage { id, points } if *id == entity => (damage + points, heal),
            wire::Effect::Heal { id, points } if *id == entity => (damage, heal + points),
            _ => (damage, heal),
        })
    }

    /// What else it did to an entity, each once, in order: statuses by name, `pushed`, `moved`, `removed`.
    pub fn marks(&self, entity: u64) -> Vec<&str> {
        let mut marks: Vec<&str> = Vec::new();
        for (_, effect) in &self.effects {
            let (id, mark) = match effect {
                wire::Effect::ApplyStatus { id, name, .. } => (id, name.as_str()),
                wire::Effect::Push { id, .. } => (id, "pushed"),
                wire::Effect::Teleport { id, .. } => (id, "moved"),
                wire::Effect::Despawn { id } => (id, "removed"),
                _ => continue,
            };
            if *id == entity && !marks.contains(&mark) {
                marks.push(mark);
            }
        }
        marks
    }

    /// The entry of `casts`.
    pub fn json(&self) -> Value {
        let calls: Vec<Value> = self
            .calls
            .iter()
            .map(|call| json!({"export": call.export, "tick": call.tick, "outcome": call.outcome, "fuel": call.fuel}))
            .collect();
        let log: Vec<Value> = self
            .log
            .iter()
            .map(|own| json!({"level": own.line.level.name(), "message": own.line.message, "tick": own.tick}))
            .collect();
        json!({
            "cast_id": self.cast.0,
            "tick": self.tick,
            "outcome": self.outcome(),
            "fuel": self.fuel(),
            "effects": self.effects.iter().map(|(_, effect)| effect).collect::<Vec<_>>(),
            "voxels_changed": self.voxels_changed(),
            "entities_hit": self.entities_hit,
            "log": log,
            "micros": self.elapsed().as_micros() as u64,
            "calls": calls,
        })
    }
}
