//! What an active spell is told.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::entity::EntityId;
use crate::vector::{BlockPos, Point};

/// Where a projectile struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The projectile. A bounce raises no event; the hit that ends it does.
    pub projectile: EntityId,
    /// The tag it was spawned with.
    pub tag: u32,
    /// Its centre at the moment of contact.
    pub position: Point,
    /// The face that was struck, as a unit step on one axis; away from an entity's centre along the largest axis.
    pub normal: BlockPos,
    /// The voxel that was struck, if it was one.
    pub block: Option<BlockPos>,
    /// The entity that was struck, if it was one.
    pub entity: Option<EntityId>,
}

/// One event of an active spell, in the order of the WIT's `spell-event`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the WIT document says it")]
pub enum Event {
    Timer { tag: u32 },
    ProjectileHit(Hit),
    ProjectileExpired { projectile: EntityId, tag: u32, position: Point },
    Remote { player: EntityId, name: String, payload: String },
    EntityDied { entity: EntityId, killer: Option<EntityId> },
    Trigger { tag: u32, entity: EntityId, entered: bool },
}
