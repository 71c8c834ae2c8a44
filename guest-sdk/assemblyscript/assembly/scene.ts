// Questions about the world, as it was when the tick opened: the call's own commands are not visible.
//
// Promises the interface's answers under its names. A value out of range ends the call as `invalid`.

import * as host from "./bindings";
import { EntityId, EntityKind, Ray, RayHit } from "./bindings";
import { EntityInfo } from "./entity";
import { Material } from "./material";
import { Some } from "./option";
import { BlockPos, BlockSize, Vec3 } from "./vector";

/** Every kind, where a function asks for one. */
export const ANY_KIND: i32 = -1;

/** A part of the world, read at once. */
export class Region {
  constructor(
    /** Its least corner. */
    readonly min: BlockPos,
    /** Its edges, in blocks. */
    readonly size: BlockSize,
    /** The materials: x fastest, then z, then y. To look at all of them, go through this. */
    readonly materials: Array<u16>,
  ) {}

  /** The material of a block of the world; -1 outside of the region. */
  get(pos: BlockPos): i32 {
    const x = <u32>(pos.x - this.min.x), y = <u32>(pos.y - this.min.y), z = <u32>(pos.z - this.min.z);
    if (x >= this.size.x || y >= this.size.y || z >= this.size.z) return -1;
    return <i32>unchecked(this.materials[(y * this.size.z + z) * this.size.x + x]);
  }

  /** The block of the world that an index of `materials` stands for. */
  at(index: i32): BlockPos {
    const width = <i32>this.size.x, depth = <i32>this.size.z;
    return this.min.offset(index % width, index / width / depth, (index / width) % depth);
  }
}

/** The tick in which this call runs: the same as `ctx.tick`, which is free. Fuel: priced as `scene.tick`. */
export function tick(): u64 { return host.sceneTick(); }

/**
 * The material of one block; air outside of the world. Fuel: priced as `scene.get-voxel`. For more than a few blocks
 * {@link getVoxels} is far cheaper.
 */
export function getVoxel(pos: BlockPos): Material { return <Material>host.sceneGetVoxel(pos); }

/**
 * The materials of a box: edges of 1 to 32 blocks, otherwise the call ends as `invalid`.
 * Fuel: priced as `scene.get-voxels`.
 */
export function getVoxels(min: BlockPos, size: BlockSize): Region {
  return new Region(min, size, host.sceneGetVoxels(min, size));
}

/**
 * The first solid block or body along a ray. `direction` of any length but zero; `maxDistance` from 0 to 256 blocks,
 * otherwise the call ends as `invalid`. Fuel: priced as `scene.raycast`.
 */
export function raycast(origin: Vec3, direction: Vec3, maxDistance: f64): RayHit | null {
  return host.sceneRaycast(origin, direction, maxDistance);
}

/** At most 64 rays in one question; answers in the order of the rays. Fuel: priced as `scene.raycasts`. */
export function raycasts(rays: Array<Ray>): Array<RayHit | null> { return host.sceneRaycasts(rays); }

/**
 * Whether no solid block stands between two points at most 256 blocks apart. Entities do not block.
 * Fuel: priced as `scene.line-of-sight`.
 */
export function lineOfSight(a: Vec3, b: Vec3): bool { return host.sceneLineOfSight(a, b); }

/** An entity, if it is there. Fuel: priced as `scene.entity`. */
export function entity(id: EntityId): EntityInfo | null { return host.sceneEntity(id); }

/**
 * Entities whose centre is within `radius` (0 to 64 blocks), nearest first, then by id; at most 256.
 * Fuel: priced as `scene.entities-in-radius`.
 */
export function entitiesInRadius(center: Vec3, radius: f64, kind: i32 = ANY_KIND): Array<EntityInfo> {
  return host.sceneEntitiesInRadius(center, radius, kind == ANY_KIND ? null : new Some<EntityKind>(<EntityKind>kind));
}

/**
 * Players and creatures alive within `radius` (0 to 64 blocks), nearest first, then by id: what a blast hurts.
 * Fuel: priced as `scene.entities-in-radius`.
 */
export function livingInRadius(center: Vec3, radius: f64): Array<EntityInfo> {
  const all = entitiesInRadius(center, radius);
  const living = new Array<EntityInfo>();
  for (let i = 0; i < all.length; i++) {
    const one = all[i];
    if ((one.kind == EntityKind.Player || one.kind == EntityKind.Npc) && one.isAlive()) living.push(one);
  }
  return living;
}

/** Entities of a kind, by id; at most `limit`, which is at most 256. Fuel: priced as `scene.entities-by-kind`. */
export function entitiesByKind(kind: EntityKind, limit: u32): Array<EntityInfo> {
  return host.sceneEntitiesByKind(kind, limit);
}

/**
 * The material with that name, also one of a later version than this SDK; -1 if there is none. `Material.named` is free.
 * Fuel: priced as `scene.material-named`.
 */
export function materialNamed(name: string): i32 {
  const found = host.sceneMaterialNamed(name);
  return found !== null ? <i32>found.value : -1;
}

/**
 * The first block below a point that is solid, at most `depth` (more than 0, at most 256) blocks down: where something
 * put there would land, were nobody in the way. `null` over an abyss.
 * Fuel: priced as `scene.raycast`, once more for each body between the point and the ground.
 */
export function groundBelow(point: Vec3, depth: f64): BlockPos | null {
  const bottom = point.y - depth;
  let from = point;
  while (from.y > bottom) {
    const hit = raycast(from, Vec3.down(), from.y - bottom);
    if (hit === null) return null;
    if (hit.entity === null) return hit.block;
    // A ray that starts inside a body does not meet it.
    from = hit.position.plus(new Vec3(0, -0.01, 0));
  }
  return null;
}
