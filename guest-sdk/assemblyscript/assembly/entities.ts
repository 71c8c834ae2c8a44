// Commands on entities: harm and help, motion, statuses, creatures.
//
// Promises program order. Commands wait in a list and cross to the host together; they are applied only if the
// call ends well. An entity that did not exist when the tick opened ends the call as `invalid`; one that dies
// before its command's turn makes that command a no-op.

import * as host from "./bindings";
import { Amount, EntityId, EntityOp, Motion, NpcSpec, Status as StatusOp } from "./bindings";
import { Npc, Status } from "./entity";
import { join, nextEntity } from "./pending";
import { Vec3 } from "./vector";

@lazy let waiting: Array<EntityOp> = [];

function deliver(): void {
  const ops = waiting;
  waiting = [];
  host.entitiesApply(ops);
}

function queue(op: EntityOp): void {
  join(deliver);
  waiting.push(op);
}

/**
 * Takes health points: 0 to 1,000,000. At 0 health the entity dies, and the spell hears `entityDied`.
 * Fuel: priced as one item of `entities.apply`.
 */
export function damage(id: EntityId, points: f64): void {
  queue(EntityOp.damage(new Amount(id, points)));
}

/** Gives health points, 0 to 1,000,000, up to the entity's maximum. Fuel: as one item of `entities.apply`. */
export function heal(id: EntityId, points: f64): void {
  queue(EntityOp.heal(new Amount(id, points)));
}

/** Adds to its velocity, in blocks per second; each component at most 3,840. Fuel: as one item of `entities.apply`. */
export function push(id: EntityId, velocity: Vec3): void {
  queue(EntityOp.push(new Motion(id, velocity)));
}

/** Puts it at a point, at rest. Fuel: priced as one item of `entities.apply`. */
export function teleport(id: EntityId, to: Vec3): void {
  queue(EntityOp.teleport(new Motion(id, to)));
}

/**
 * Gives it a status for 1 to 36,000 ticks; where it already has the status, the longer duration stays.
 * Fuel: priced as one item of `entities.apply`.
 */
export function applyStatus(id: EntityId, status: Status, ticks: u32): void {
  queue(EntityOp.applyStatus(new StatusOp(id, Status.named(status), ticks)));
}

/**
 * Spawns a creature, owned by the caster, with the centre of its body there; `tag` is the author's own number.
 * Gives its id, which is good from the next tick on: this call cannot command it.
 * Fuel: priced as one item of `entities.apply`.
 */
export function spawnNpc(npc: Npc, position: Vec3, tag: u32): EntityId {
  queue(EntityOp.spawnNpc(new NpcSpec(Npc.named(npc), position, tag)));
  return nextEntity();
}

/** Removes an entity; a player ends the call as `invalid`. Fuel: priced as one item of `entities.apply`. */
export function despawn(id: EntityId): void {
  queue(EntityOp.despawn(id));
}
