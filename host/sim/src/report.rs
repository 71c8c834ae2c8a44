//! What a closed tick tells: values for frames, reports and pictures. Nothing in it feeds back.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::call::{CallId, CastId, Entry, Outcome, Refusal};
use crate::command::Command;
use crate::entity::EntityId;
use crate::event::Event;
use crate::hash::StateHash;
use crate::input::{Digest, RevisionRef, SpellId};
use crate::vector::ChunkPos;
use crate::voxels::VoxelChange;

/// A cast that entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub struct CastReport {
    pub cast: CastId,
    pub spell: SpellId,
    pub revision: RevisionRef,
    pub caster: EntityId,
    /// Why it never runs, where it was refused; its call runs in this tick or waits for budget otherwise.
    pub refused: Option<Refusal>,
}

/// What came of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallReport {
    /// The call.
    pub id: CallId,
    /// The active spell it belongs to.
    pub cast: CastId,
    /// Its spell.
    pub spell: SpellId,
    /// The revision whose component ran.
    pub revision: RevisionRef,
    /// Which export, and with what.
    pub entry: Entry,
    /// The key of its random stream.
    pub seed: [u8; 32],
    /// How it ended, with what was skipped.
    pub outcome: Outcome,
    /// Fuel charged.
    pub fuel_used: u64,
    /// Fuel granted.
    pub fuel_granted: u64,
    /// The commands as applied, in order; what was skipped is not among them.
    pub effects: Vec<Command>,
    /// The entities that its effects spawned, in the order of the spawning effects.
    pub spawned: Vec<EntityId>,
    /// BLAKE3 over outcome kind, fuel and effects: no log lines, no message texts.
    pub effects_digest: Digest,
    /// Voxels that its effects changed, by materials, in the order of (from, to).
    pub voxels: Vec<VoxelChange>,
    /// Entities that its effects damaged, healed, pushed, moved, afflicted or removed; by id, each once.
    pub entities: Vec<EntityId>,
}

/// An active spell that a swap touched in this tick.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub struct Migration {
    pub cast: CastId,
    pub spell: SpellId,
    pub from: Digest,
    pub to: Digest,
    /// Whether it now runs on `to`.
    pub migrated: bool,
}

/// Everything that one tick did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickReport {
    /// The tick that was closed.
    pub tick: u64,
    /// The casts that entered, in their order.
    pub casts: Vec<CastReport>,
    /// The calls that ran, by id.
    pub calls: Vec<CallReport>,
    /// The swaps' migrations, by cast.
    pub migrations: Vec<Migration>,
    /// Events raised in this tick, to be told in the next, with the active spell that is told.
    pub events: Vec<(CastId, Event)>,
    /// Who died in this tick, and who did it.
    pub deaths: Vec<(EntityId, Option<EntityId>)>,
    /// Active spells that ended in this tick.
    pub ended: Vec<CastId>,
    /// Chunks that changed, with their new versions, by position.
    pub chunks: Vec<(ChunkPos, u32)>,
    /// Calls that wait for budget.
    pub waiting: u32,
    /// Events that were dropped because their spell had too many pending.
    pub dropped_events: u32,
    /// The hash of the state after this tick.
    pub state_hash: StateHash,
}
