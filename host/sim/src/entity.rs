//! Entities: players, projectiles, creatures, items.
//!
//! A body is a sphere: `position` is its centre, `radius` its extent. What stands on the ground
//! has its centre one radius above it.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::call::CastId;
use crate::fixed::{Coord, Points};
use crate::projectile::Flight;
use crate::status::{STATUSES, Status};
use crate::template::Template;
use crate::vector::{Direction, Point, Velocity};

/// A stable id, never reused; below 2^53.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntityId(pub u64);

/// What an entity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum EntityKind {
    Player,
    Projectile,
    Npc,
    Item,
}

/// An entity as spells and clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityInfo {
    /// Its id.
    pub id: EntityId,
    /// Who spawned it: the caster, for what spells spawn.
    pub owner: Option<EntityId>,
    /// What it is.
    pub kind: EntityKind,
    /// Its centre.
    pub position: Point,
    /// Blocks a tick.
    pub velocity: Velocity,
    /// Its extent, in blocks.
    pub radius: Coord,
    /// Health points; zero and below is dead. Projectiles have none.
    pub health: Points,
    /// The most it can have.
    pub health_max: Points,
    /// Its statuses, in the order of the table.
    pub statuses: Vec<Status>,
}

/// An entity to be put into the world by an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntitySpec {
    /// `Player`, `Npc` or `Item`.
    pub kind: EntityKind,
    /// Which creature, for an NPC.
    pub template: Option<Template>,
    /// Its centre.
    pub position: Point,
    /// Where it looks.
    pub look: Direction,
    /// Its extent, in blocks.
    pub radius: Coord,
    /// What it starts with.
    pub health: Points,
    /// The most it can have.
    pub health_max: Points,
}

/// Who is to blame for a wound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Blame {
    /// The caster.
    pub killer: EntityId,
    /// The cast.
    pub cast: CastId,
}

/// An entity as the world keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entity {
    pub kind: EntityKind,
    pub owner: Option<EntityId>,
    /// The cast that spawned it: it hears of hits and deaths as long as it is active.
    pub spawner: Option<CastId>,
    /// The author's own number.
    pub tag: u32,
    pub template: Option<Template>,
    pub position: Point,
    pub velocity: Velocity,
    pub look: Direction,
    pub radius: Coord,
    pub health: Points,
    pub health_max: Points,
    /// For each status the first tick without it; zero where it has none.
    pub statuses: [u64; STATUSES.len()],
    /// Who set it on fire.
    pub burner: Option<Blame>,
    /// Whether its body moves or may fall.
    pub awake: bool,
    /// Where it comes back to, for a player.
    pub home: Point,
    /// For a dead player, the tick that opens with it alive again.
    pub respawn: Option<u64>,
    /// What only a projectile has.
    pub flight: Option<Flight>,
}

impl Entity {
    /// A new entity at rest, which falls where nothing holds it.
    pub fn spawn(spec: &EntitySpec) -> Self {
        Self {
            kind: spec.kind,
            owner: None,
            spawner: None,
            tag: 0,
            template: spec.template,
            position: spec.position,
            velocity: Velocity::ZERO,
            look: spec.look,
            radius: spec.radius,
            health: spec.health,
            health_max: spec.health_max,
            statuses: [0; STATUSES.len()],
            burner: None,
            awake: !spec.template.is_some_and(|template| template.info().fixed),
            home: spec.position,
            respawn: None,
            flight: None,
        }
    }

    /// Whether it stays where it is put.
    pub fn is_fixed(&self) -> bool {
        self.template.is_some_and(|template| template.info().fixed)
    }

    /// Whether it has a body that is pushed, falls and is struck by projectiles.
    pub fn is_body(&self) -> bool {
        self.kind != EntityKind::Projectile
    }

    /// The caster whose spell has spawned it, for a creature.
    pub fn summoner(&self) -> Option<EntityId> {
        if self.kind == EntityKind::Npc && self.spawner.is_some() { self.owner } else { None }
    }

    /// Whether it is a player that waits to come back.
    pub fn is_dead(&self) -> bool {
        self.respawn.is_some()
    }

    /// Whether it has a status in this tick.
    pub fn has(&self, status: Status, tick: u64) -> bool {
        self.statuses[u8::from(status) as usize] > tick
    }

    /// What spells and clients see of it in this tick.
    pub fn info(&self, id: EntityId, tick: u64) -> EntityInfo {
        EntityInfo {
            id,
            owner: self.owner,
            kind: self.kind,
            position: self.position,
            velocity: self.velocity,
            radius: self.radius,
            health: self.health,
            health_max: self.health_max,
            statuses: Status::all().filter(|status| self.has(*status, tick)).collect(),
        }
    }
}
