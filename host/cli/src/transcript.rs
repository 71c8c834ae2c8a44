//! What one engine did, tick by tick: everything that another must do as well, and nothing that
//! belongs to the machine, such as time or log.
//!
//! Pure values made from played ticks; knows neither engines nor how transcripts are compared.

use serde::{Deserialize, Serialize};
use spellhost_runtime::PlayedTick;
use spellhost_sim::{CallId, CallReport, CastId, Command, Digest, EntityId, Entry, Outcome, Refusal, World};

/// One tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TickTrace {
    /// Its number.
    pub tick: u64,
    /// The casts that entered, and why they never ran.
    pub casts: Vec<(CastId, Option<Refusal>)>,
    /// The calls, by id.
    pub calls: Vec<CallTrace>,
    /// The state bytes that the active spells with calls in this tick have after it.
    pub states: Vec<(CastId, Vec<u8>)>,
    /// The hash of the world after it.
    pub state_hash: [u8; 16],
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallTrace {
    /// Its number.
    pub id: CallId,
    /// Its cast.
    pub cast: CastId,
    /// Which export, and with what.
    pub entry: Entry,
    /// How it ended.
    pub outcome: Outcome,
    /// Fuel charged.
    pub fuel_used: u64,
    /// Fuel granted.
    pub fuel_granted: u64,
    /// Its commands as applied.
    pub commands: Vec<Command>,
    /// What they spawned.
    pub spawned: Vec<EntityId>,
    /// The digest over outcome, fuel and commands, as frames carry it.
    pub effects_digest: Digest,
}

impl TickTrace {
    /// The trace of a tick that `world` just played.
    pub fn of(played: &PlayedTick, world: &World) -> Self {
        let report = &played.report;
        let called = |cast: CastId| report.calls.iter().any(|call| call.cast == cast);
        let states = world.active_spells().filter(|spell| called(spell.cast));
        Self {
            tick: report.tick,
            casts: report.casts.iter().map(|cast| (cast.cast, cast.refused)).collect(),
            calls: report.calls.iter().map(CallTrace::of).collect(),
            states: states.map(|spell| (spell.cast, spell.state.clone())).collect(),
            state_hash: report.state_hash.0,
        }
    }
}

impl CallTrace {
    fn of(report: &CallReport) -> Self {
        Self {
            id: report.id,
            cast: report.cast,
            entry: report.entry.clone(),
            outcome: report.outcome.clone(),
            fuel_used: report.fuel_used,
            fuel_granted: report.fuel_granted,
            commands: report.effects.clone(),
            spawned: report.spawned.clone(),
            effects_digest: report.effects_digest,
        }
    }
}
