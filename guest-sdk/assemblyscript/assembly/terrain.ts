// Commands that change voxels, and boxes that watch who crosses them.
//
// Promises program order. Commands wait in a list and cross to the host together; they are applied only if the
// call ends well. A call has at most 64 commands over all interfaces and covers at most 65,536 voxels; a command
// beyond that, or with a value out of range, ends the call as `invalid`.

import * as host from "./bindings";
import { Cuboid, FillMode, Sphere, TerrainOp, Voxel } from "./bindings";
import { Material } from "./material";
import { deliverWaiting, join } from "./pending";
import { BlockPos, BlockSize, Vec3 } from "./vector";

@lazy let waiting: Array<TerrainOp> = [];

function deliver(): void {
  const ops = waiting;
  waiting = [];
  host.terrainApply(ops);
}

function push(op: TerrainOp): void {
  join(deliver);
  waiting.push(op);
}

/** One block becomes that material. Fuel: priced as one item of `terrain.apply`. */
export function setVoxel(pos: BlockPos, material: Material): void {
  push(TerrainOp.setVoxel(new Voxel(pos, <u16>material)));
}

/**
 * The blocks whose centre is within `radius` (more than 0, at most 24 blocks) of `center` change as `mode` says.
 * Fuel: priced as one item of `terrain.apply`.
 */
export function fillSphere(center: Vec3, radius: f64, material: Material, mode: FillMode): void {
  push(TerrainOp.fillSphere(new Sphere(center, radius, <u16>material, mode)));
}

/** The blocks of a box (edges of 1 to 256 blocks) change as `mode` says. Fuel: as one item of `terrain.apply`. */
export function fillBox(min: BlockPos, size: BlockSize, material: Material, mode: FillMode): void {
  push(TerrainOp.fillBox(new Cuboid(min, size, <u16>material, mode)));
}

/** A sphere becomes air: {@link fillSphere} with `FillMode.Subtract`. */
export function carveSphere(center: Vec3, radius: f64): void {
  fillSphere(center, radius, Material.Air, FillMode.Subtract);
}

/** A box becomes air: {@link fillBox} with `FillMode.Subtract`. */
export function carveBox(min: BlockPos, size: BlockSize): void {
  fillBox(min, size, Material.Air, FillMode.Subtract);
}

/** What is not solid in a sphere becomes that material: {@link fillSphere} with `FillMode.Add`. */
export function addSphere(center: Vec3, radius: f64, material: Material): void {
  fillSphere(center, radius, material, FillMode.Add);
}

/** What is not solid in a box becomes that material: {@link fillBox} with `FillMode.Add`. */
export function addBox(min: BlockPos, size: BlockSize, material: Material): void {
  fillBox(min, size, material, FillMode.Add);
}

/** What is solid in a sphere becomes that material: {@link fillSphere} with `FillMode.Paint`. */
export function paintSphere(center: Vec3, radius: f64, material: Material): void {
  fillSphere(center, radius, material, FillMode.Paint);
}

/** What is solid in a box becomes that material: {@link fillBox} with `FillMode.Paint`. */
export function paintBox(min: BlockPos, size: BlockSize, material: Material): void {
  fillBox(min, size, material, FillMode.Paint);
}

/**
 * Entering and leaving a box (edges of 1 to 256 blocks) raises a `trigger` event with that tag, for `duration`
 * ticks (1 to 36,000). At most 8 boxes at a time for one active spell. Fuel: priced as `terrain.watch-box`.
 */
export function watchBox(min: BlockPos, size: BlockSize, tag: u32, duration: u32): void {
  deliverWaiting();
  host.terrainWatchBox(min, size, tag, duration);
}
