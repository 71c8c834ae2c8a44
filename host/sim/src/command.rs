//! What a spell may ask for: one closed list of commands, already quantised.
//!
//! Deliberately knows neither ranges nor the world: whether a command is acceptable is asked of the opened
//! world ([`crate::World::check`]).

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::entity::EntityId;
use crate::fixed::{Coord, Points, Rate};
use crate::material::Material;
use crate::status::Status;
use crate::template::Template;
use crate::vector::{BlockPos, BlockSize, Point, Velocity};
use crate::voxels::FillMode;

/// A finite IEEE 754 double that the simulation only carries: a number parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Number {
    /// The bits of the double; never NaN or infinite.
    pub bits: u64,
}

/// What a parameter or an effect's argument may hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the WIT document says it")]
pub enum Value {
    Flag(bool),
    Integer(i64),
    Number(Number),
    Text(String),
    Point(Point),
    Block(BlockPos),
    Entity(EntityId),
    Material(Material),
}

/// A [`Value`] under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the WIT document says it")]
pub struct NamedValue {
    pub name: String,
    pub value: Value,
}

/// A projectile to spawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectileSpec {
    /// Where its centre starts.
    pub position: Point,
    /// Where it goes, in blocks a tick.
    pub velocity: Velocity,
    /// How it falls, in blocks a tick per tick, downward; may be negative.
    pub gravity: Rate,
    /// Its radius in blocks, 0 to [`crate::limits::PROJECTILE_RADIUS_MAX`].
    pub radius: Coord,
    /// How long it lives, in ticks, 1 to [`crate::limits::PROJECTILE_TICKS_MAX`].
    pub lifetime: u32,
    /// How often it bounces off voxels before it ends.
    pub bounces: u8,
    /// The author's own number, returned in its events.
    pub tag: u32,
}

/// One change that a spell asks for. Durations in ticks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the WIT document says it, interface by interface")]
pub enum Command {
    // terrain
    SetVoxel { pos: BlockPos, material: Material },
    FillSphere { center: Point, radius: Coord, material: Material, mode: FillMode },
    FillBox { min: BlockPos, size: BlockSize, material: Material, mode: FillMode },
    WatchBox { min: BlockPos, size: BlockSize, tag: u32, duration: u32 },
    // projectiles
    SpawnProjectile(ProjectileSpec),
    // entities
    Damage { id: EntityId, points: Points },
    Heal { id: EntityId, points: Points },
    Push { id: EntityId, velocity: Velocity },
    Teleport { id: EntityId, to: Point },
    ApplyStatus { id: EntityId, status: Status, duration: u32 },
    SpawnNpc { template: Template, position: Point, tag: u32 },
    Despawn { id: EntityId },
    // presentation
    PlayVfx { asset: String, at: Point, params: Vec<NamedValue> },
    PlaySound { asset: String, at: Point },
    Message { player: EntityId, text: String },
    // timers
    WakeAfter { after: u32, tag: u32 },
    CancelTimer { tag: u32 },
    // remote-events
    Broadcast { name: String, payload: String },
    Send { player: EntityId, name: String, payload: String },
    Listen { name: String, duration: u32 },
    // state
    Save { bytes: Vec<u8> },
    Finish,
}

/// Why a command is not acceptable: which field, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The field in WIT spelling, such as `radius`.
    pub field: &'static str,
    /// What is wrong and what is allowed, such as "25 is more than 24 blocks".
    pub message: String,
}
