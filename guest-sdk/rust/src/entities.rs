//! Commands on entities: harm and help, motion, statuses, creatures.
//!
//! Promises program order. Commands wait in a list and cross to the host together; they are applied only if the
//! call ends well. An entity that did not exist when the tick opened ends the call as `invalid`; one that dies
//! before its command's turn makes that command a no-op.

use std::cell::Cell;

use crate::bindings::spellhost::spell::entities::{Amount, EntityOp, Motion, NpcSpec, Status as StatusOp};
use crate::creature::{Npc, Status};
use crate::host::entities as host;
use crate::host::types::{EntityId, Vec3};
use crate::pending::{self, Owner};

thread_local! {
    static WAITING: Cell<Vec<EntityOp>> = const { Cell::new(Vec::new()) };
}

fn queue(op: EntityOp) {
    pending::push(Owner::Entities, &WAITING, || host::apply(&WAITING.take()), op);
}

/// Takes health points: 0 to 1,000,000. At 0 health the entity dies, and the spell hears
/// [`Event::EntityDied`](crate::Event::EntityDied).
///
/// Fuel: priced as one item of `entities.apply`.
pub fn damage(id: EntityId, points: f64) {
    queue(EntityOp::Damage(Amount { id, points }));
}

/// Gives health points, 0 to 1,000,000, up to the entity's maximum.
///
/// Fuel: priced as one item of `entities.apply`.
pub fn heal(id: EntityId, points: f64) {
    queue(EntityOp::Heal(Amount { id, points }));
}

/// Adds to its velocity, in blocks per second; each component at most 3,840.
///
/// Fuel: priced as one item of `entities.apply`.
pub fn push(id: EntityId, velocity: Vec3) {
    queue(EntityOp::Push(Motion { id, vector: velocity }));
}

/// Puts it at a point, at rest.
///
/// Fuel: priced as one item of `entities.apply`.
pub fn teleport(id: EntityId, to: Vec3) {
    queue(EntityOp::Teleport(Motion { id, vector: to }));
}

/// Gives it a status for 1 to 36,000 ticks; where it already has the status, the longer duration stays.
///
/// Fuel: priced as one item of `entities.apply`.
pub fn apply_status(id: EntityId, status: Status, ticks: u32) {
    queue(EntityOp::ApplyStatus(StatusOp { id, name: status.name().to_owned(), duration: ticks }));
}

/// Spawns a creature, owned by the caster, with the centre of its body there; `tag` is the author's own number.
/// Gives its id, which is good from the next tick on: this call cannot command it.
///
/// Fuel: priced as one item of `entities.apply`.
pub fn spawn_npc(npc: Npc, position: Vec3, tag: u32) -> EntityId {
    queue(EntityOp::SpawnNpc(NpcSpec { template: npc.name().to_owned(), position, tag }));
    pending::next_entity()
}

/// Removes an entity; a player ends the call as `invalid`.
///
/// Fuel: priced as one item of `entities.apply`.
pub fn despawn(id: EntityId) {
    queue(EntityOp::Despawn(id));
}
