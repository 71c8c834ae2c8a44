// Commands that spawn projectiles: spheres that fly, strike, and tell this spell where.
//
// Promises the id of each before it exists. Commands wait in a list and cross to the host together; they are
// applied only if the call ends well.

import * as host from "./bindings";
import { EntityId } from "./bindings";
import { join, nextEntity } from "./pending";
import { Projectile } from "./projectile";

@lazy let waiting: Array<Projectile> = [];

function deliver(): void {
  const specs = waiting;
  waiting = [];
  host.projectilesSpawn(specs);
}

/**
 * Spawns a projectile and gives its id, which is good from the next tick on: this call cannot command it.
 *
 * It strikes solid voxels and bodies, never its caster, and raises `projectileHit` or `projectileExpired` once. A
 * value out of range ends the call as `invalid`. Fuel: priced as one item of `projectiles.spawn`.
 */
export function spawn(projectile: Projectile): EntityId {
  join(deliver);
  waiting.push(projectile);
  return nextEntity();
}
