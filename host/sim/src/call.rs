//! Calls: what `open_tick` hands out and what `close_tick` takes back.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::command::{Command, NamedValue};
use crate::entity::EntityId;
use crate::event::Event;
use crate::input::{Digest, RevisionRef, SpellId};
use crate::report::CastReport;
use crate::vector::{Direction, Point};

/// A cast, numbered from 1 in each world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CastId(pub u64);

/// A call, numbered from 1 in each world, in the order in which calls commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CallId(pub u64);

/// Which export a call enters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    /// `migrate`, from this revision.
    Migrate {
        /// The revision whose state is handed over.
        from: Digest,
    },
    /// `cast`.
    Cast,
    /// `on-event`.
    Event(Event),
}

impl Entry {
    /// The name of the export.
    pub fn export(&self) -> &'static str {
        match self {
            Self::Migrate { .. } => "migrate",
            Self::Cast => "cast",
            Self::Event(_) => "on-event",
        }
    }
}

/// What every call of one cast is told of it: fixed when the spell was cast.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the WIT document says it")]
pub struct CallContext {
    pub caster: EntityId,
    pub origin: Point,
    pub direction: Direction,
    pub target_position: Point,
    pub target_entity: Option<EntityId>,
    pub params: Vec<NamedValue>,
}

/// One entry into a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its number: the order in which its commands are applied.
    pub id: CallId,
    /// Which export, and with what.
    pub entry: Entry,
    /// The key of its random stream ([`crate::CallStream`]).
    pub seed: [u8; 32],
    /// The fuel it may use on the revision that its lane starts with; where the lane has migrated before
    /// it, the grant of the revision migrated to ([`Lane::grant`]).
    pub grant: u64,
    /// The n-th entity that it spawns gets this id plus n.
    pub first_entity: EntityId,
}

/// The calls of one active spell in one tick. They run in order, on one thread; each gets the
/// state bytes that the one before left (a call that is not applied leaves them as they were).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// The active spell.
    pub cast: CastId,
    /// Its spell.
    pub spell: SpellId,
    /// The revision that runs; where the first call is a `migrate`, the one it migrates *from*.
    pub revision: RevisionRef,
    /// The revision that a leading `migrate` call belongs to. Where that call is applied, the rest
    /// of the lane runs on it with the migrated bytes; otherwise the rest runs on `revision`.
    pub migrate_to: Option<RevisionRef>,
    /// The context of every call in it.
    pub context: CallContext,
    /// The state bytes before the first call.
    pub state: Vec<u8>,
    /// The calls, in order; at least one.
    pub calls: Vec<Call>,
}

impl Lane {
    /// The fuel that a call of this lane may use, `migrated` telling whether the leading `migrate` was applied.
    pub fn grant(&self, call: &Call, migrated: bool) -> u64 {
        match (&call.entry, self.migrate_to) {
            (Entry::Cast | Entry::Event(_), Some(to)) if migrated => to.grant_fuel(),
            _ => call.grant,
        }
    }
}

/// A tick that is open: its calls wait to be run. The world answers reads and changes nothing until it is closed.
#[derive(Clone, Debug, Default)]
pub struct Opened {
    /// The lanes of this tick, by the number of their first call.
    pub lanes: Vec<Lane>,
    /// What became of the casts that entered, in their order.
    pub casts: Vec<CastReport>,
}

/// Which limit ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum LimitKind {
    /// Linear memory.
    Memory,
    /// Tables. Nothing grows a table, and what instantiates at admission instantiates in every call:
    /// it ends admissions, never a call.
    Table,
    /// The native stack.
    Stack,
    /// Instantiation's own fuel.
    Instantiate,
    /// The number of commands.
    Commands,
    /// The bytes of commands.
    CommandBytes,
    /// The volume of edited voxels.
    EditedVoxels,
    /// The number of chunks that edits touch.
    EditedChunks,
    /// The bytes of state.
    State,
    /// A string that is not well formed, or too long.
    String,
    /// A list that is too long.
    List,
    /// Waiting for a time to come.
    Wait,
    /// Real time, as the host's watchdog saw it.
    Watchdog,
    /// What the host itself could do: it panicked, was out of memory, or did not have the
    /// component. Charged the whole grant, and a verdict as `Stack` and `Watchdog` are: it stands in
    /// the frame and is never executed again, since another host would not have failed.
    Host,
}

impl LimitKind {
    /// The name in frames and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Table => "table",
            Self::Stack => "stack",
            Self::Instantiate => "instantiate",
            Self::Commands => "commands",
            Self::CommandBytes => "command_bytes",
            Self::EditedVoxels => "edited_voxels",
            Self::EditedChunks => "edited_chunks",
            Self::State => "state",
            Self::String => "string",
            Self::List => "list",
            Self::Wait => "wait",
            Self::Watchdog => "watchdog",
            Self::Host => "host",
        }
    }
}

/// Why a cast did not become a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Refusal {
    /// The spell is still cooling down for this caster.
    Cooldown,
    /// The caster has too little mana.
    Mana,
    /// The caster is dead or gone.
    Dead,
    /// The world holds as many active spells or waiting calls as it may.
    Budget,
}

impl Refusal {
    /// The name in frames and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cooldown => "cooldown",
            Self::Mana => "mana",
            Self::Dead => "dead",
            Self::Budget => "budget",
        }
    }
}

/// How a call, or a cast that became none, ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Its commands were applied, but for those whose target had vanished.
    Applied {
        /// How many commands were skipped.
        skipped: u32,
    },
    /// The spell returned an error.
    Failed {
        /// The spell's own message.
        message: String,
    },
    /// A command or an argument was not acceptable when it was issued.
    Invalid {
        /// `interface.function`, such as `terrain.apply`.
        function: String,
        /// Item and field, such as `ops[3].radius`.
        field: String,
        /// What is wrong and what is allowed.
        message: String,
    },
    /// The component trapped.
    Trapped {
        /// The kind, such as `unreachable`.
        trap: String,
        /// Function, file and line, where the component says them.
        location: Option<String>,
    },
    /// The grant was used up.
    OutOfFuel,
    /// A limit other than fuel.
    Limit(LimitKind),
    /// It never ran.
    Refused(Refusal),
}

impl Outcome {
    /// The name in frames and messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Applied { .. } => "applied",
            Self::Failed { .. } => "failed",
            Self::Invalid { .. } => "invalid",
            Self::Trapped { .. } => "trapped",
            Self::OutOfFuel => "out_of_fuel",
            Self::Limit(_) => "limit",
            Self::Refused(_) => "refused",
        }
    }

    /// Whether the commands took effect.
    pub fn is_applied(&self) -> bool {
        matches!(self, Self::Applied { .. })
    }

    /// What is charged of a grant: what was used for `applied` and `failed`, all of it otherwise.
    pub fn charge(&self, used: u64, grant: u64) -> u64 {
        match self {
            Self::Applied { .. } | Self::Failed { .. } => used.min(grant),
            Self::Refused(_) => 0,
            _ => grant,
        }
    }
}

/// What came of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallResult {
    /// The call.
    pub id: CallId,
    /// How it ended; `Applied { skipped: 0 }` for success: the closing tick counts what it skips.
    pub outcome: Outcome,
    /// The fuel it used; ignored where the outcome charges the whole grant.
    pub fuel_used: u64,
    /// Its commands in the order in which the spell issued them; empty unless applied.
    /// For `migrate` exactly one [`Command::Save`] with the migrated bytes.
    pub commands: Vec<Command>,
}
