//! Everything that may enter a tick from outside: swaps, operations, casts, remote events.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::command::NamedValue;
use crate::entity::{EntityId, EntitySpec};
use crate::fixed::Coord;
use crate::limits::{
    CALL_OVERHEAD_FUEL, COMMANDS_MAX, EDITED_VOXELS_MAX, GRANT_FUEL, INSTANTIATE_FUEL_MAX, MEMORY_BYTES_MAX,
    STATE_BYTES_MAX,
};
use crate::material::Material;
use crate::vector::{BlockPos, BlockSize, Direction, Point};
use crate::voxels::FillMode;

/// 32 bytes that name content (BLAKE3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(pub [u8; 32]);

impl core::fmt::Display for Digest {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str("b3:")?;
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// A spell's identity: `[a-z0-9][a-z0-9_-]{0,63}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SpellId(String);

impl SpellId {
    /// Checks the form of an id; `None` where it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let word = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let first = bytes.first().is_some_and(word);
        let rest = bytes.iter().all(|byte| word(byte) || *byte == b'_' || *byte == b'-');
        (first && rest && bytes.len() <= 64).then(|| Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Display for SpellId {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(&self.0)
    }
}

impl From<SpellId> for String {
    fn from(id: SpellId) -> String {
        id.0
    }
}

impl TryFrom<String> for SpellId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a spell id is [a-z0-9][a-z0-9_-]{0,63}")
    }
}

/// A pointer to a revision that people move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum Channel {
    Draft,
    Beta,
    Stable,
}

/// What the simulation needs to know of a revision; the rest of it is elsewhere under `id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RevisionRef {
    /// The revision.
    pub id: Digest,
    /// Its component.
    pub component: Digest,
    /// Ticks between two casts of this spell by one caster.
    pub cooldown: u32,
    /// Mana points of one cast.
    pub mana: u32,
    /// Fuel of one call, at most [`crate::limits::GRANT_FUEL`].
    pub grant: u64,
    /// Fuel of one instantiation of the component, measured once at its admission.
    pub instantiate_fuel: u64,
    /// What else one call may use.
    pub limits: CallLimits,
}

impl RevisionRef {
    /// The fuel that one call of it may use.
    pub fn grant_fuel(&self) -> u64 {
        self.grant.min(GRANT_FUEL)
    }

    /// What a call takes beside its grant, and never gives back: making the instance, and everything around it.
    pub(crate) fn making_fuel(&self) -> u64 {
        self.instantiate_fuel.min(INSTANTIATE_FUEL_MAX) + CALL_OVERHEAD_FUEL
    }

    /// What a call takes from its caster's bucket and from the tick.
    pub(crate) fn call_fuel(&self) -> u64 {
        self.grant_fuel() + self.making_fuel()
    }
}

/// What one call of a revision may use, beside fuel. A revision may only lower the host's own limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CallLimits {
    /// Bytes of all linear memories together.
    pub memory_bytes: u32,
    /// Commands.
    pub commands: u32,
    /// Voxels that its commands cover.
    pub edited_voxels: u32,
    /// Bytes of state.
    pub state_bytes: u32,
}

impl Default for CallLimits {
    /// The host's own limits.
    fn default() -> Self {
        Self {
            memory_bytes: MEMORY_BYTES_MAX,
            commands: COMMANDS_MAX as u32,
            edited_voxels: EDITED_VOXELS_MAX as u32,
            state_bytes: STATE_BYTES_MAX as u32,
        }
    }
}

/// A channel of a spell now points to `revision`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub struct Swap {
    pub spell: SpellId,
    pub channel: Channel,
    pub revision: RevisionRef,
}

/// What a cast aims at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// A point in the world.
    Point(Point),
    /// An entity; where it is gone, the cast is aimed as if no target was named.
    Entity(EntityId),
}

/// Where a cast comes from and goes to. What is `None` is filled in when the tick opens: origin =
/// the caster's eye, direction = its look, target = the first hit of that ray within 64 blocks,
/// else its end. Where a target is named and no direction, the direction is from origin to target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub struct Aim {
    pub origin: Option<Point>,
    pub direction: Option<Direction>,
    pub target: Option<Target>,
}

/// One request to run a spell. Parameters are complete (defaults filled in) and checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CastRequest {
    /// The spell.
    pub spell: SpellId,
    /// The revision that runs, resolved once by the host.
    pub revision: RevisionRef,
    /// The channel it was resolved through, whose swaps the active spell follows; `None`: pinned.
    pub channel: Option<Channel>,
    /// Who casts.
    pub caster: EntityId,
    /// Where from, where to.
    pub aim: Aim,
    /// The parameters, in the order of the spell's `describe`.
    pub params: Vec<NamedValue>,
}

/// A message from a game client to the active spells of `spell` (or one cast of it) that listen for `name`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub struct RemoteInput {
    pub spell: SpellId,
    pub cast: Option<crate::call::CastId>,
    pub player: EntityId,
    pub name: String,
    pub payload: String,
}

/// An operation on the world that is not a spell's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// A new entity. Its id is the world's next; ids are given in the order of the operations.
    Spawn(EntitySpec),
    /// Removes an entity.
    Despawn(EntityId),
    /// Changes a sphere of voxels.
    FillSphere {
        /// Its middle.
        center: Point,
        /// In blocks.
        radius: Coord,
        /// What to fill with.
        material: Material,
        /// How.
        mode: FillMode,
    },
    /// Changes a box of voxels.
    FillBox {
        /// Its least block.
        min: BlockPos,
        /// Its edges.
        size: BlockSize,
        /// What to fill with.
        material: Material,
        /// How.
        mode: FillMode,
    },
    /// Back to the generated terrain.
    ClearTerrain,
    /// Ends every active spell that runs on a revision, before any of their calls, and forgets the
    /// revision: channels that pointed to it point to nothing, nothing migrates to it.
    TakeDown(Digest),
}

/// Everything that enters one tick, in the order in which it is applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub struct Inputs {
    pub swaps: Vec<Swap>,
    pub ops: Vec<Op>,
    pub casts: Vec<CastRequest>,
    pub remotes: Vec<RemoteInput>,
}
