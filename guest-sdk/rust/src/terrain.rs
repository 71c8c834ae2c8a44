//! Commands that change voxels, and boxes that watch who crosses them.
//!
//! Promises program order. Commands wait in a list and cross to the host together; they are applied only if the
//! call ends well. A call has at most 64 commands over all interfaces and covers at most 65,536 voxels; a
//! command beyond that, or with a value out of range, ends the call as `invalid`.

use std::cell::Cell;

use crate::bindings::spellhost::spell::terrain::{Cuboid, Sphere, TerrainOp, Voxel};
use crate::host::terrain as host;
use crate::host::types::{BlockPos, BlockSize, Vec3};
use crate::material::Material;
use crate::pending::{self, Owner};

pub use crate::bindings::spellhost::spell::terrain::FillMode;

thread_local! {
    static WAITING: Cell<Vec<TerrainOp>> = const { Cell::new(Vec::new()) };
}

fn push(op: TerrainOp) {
    pending::push(Owner::Terrain, &WAITING, || host::apply(&WAITING.take()), op);
}

/// One block becomes that material.
///
/// Fuel: priced as one item of `terrain.apply`.
pub fn set_voxel(pos: BlockPos, material: Material) {
    push(TerrainOp::SetVoxel(Voxel { pos, material: material.0 }));
}

/// The blocks whose centre is within `radius` (more than 0, at most 24 blocks) of `center` change as `mode` says.
///
/// Fuel: priced as one item of `terrain.apply`.
pub fn fill_sphere(center: Vec3, radius: f64, material: Material, mode: FillMode) {
    push(TerrainOp::FillSphere(Sphere { center, radius, material: material.0, mode }));
}

/// The blocks of a box (edges of 1 to 256 blocks) change as `mode` says.
///
/// Fuel: priced as one item of `terrain.apply`.
pub fn fill_box(min: BlockPos, size: impl Into<BlockSize>, material: Material, mode: FillMode) {
    push(TerrainOp::FillBox(Cuboid { min, size: size.into(), material: material.0, mode }));
}

/// A sphere becomes air: [`fill_sphere`] with [`FillMode::Subtract`].
pub fn carve_sphere(center: Vec3, radius: f64) {
    fill_sphere(center, radius, Material::AIR, FillMode::Subtract);
}

/// A box becomes air: [`fill_box`] with [`FillMode::Subtract`].
pub fn carve_box(min: BlockPos, size: impl Into<BlockSize>) {
    fill_box(min, size, Material::AIR, FillMode::Subtract);
}

/// What is not solid in a sphere becomes that material: [`fill_sphere`] with [`FillMode::Add`].
pub fn add_sphere(center: Vec3, radius: f64, material: Material) {
    fill_sphere(center, radius, material, FillMode::Add);
}

/// What is not solid in a box becomes that material: [`fill_box`] with [`FillMode::Add`].
pub fn add_box(min: BlockPos, size: impl Into<BlockSize>, material: Material) {
    fill_box(min, size, material, FillMode::Add);
}

/// What is solid in a sphere becomes that material: [`fill_sphere`] with [`FillMode::Paint`].
pub fn paint_sphere(center: Vec3, radius: f64, material: Material) {
    fill_sphere(center, radius, material, FillMode::Paint);
}

/// What is solid in a box becomes that material: [`fill_box`] with [`FillMode::Paint`].
pub fn paint_box(min: BlockPos, size: impl Into<BlockSize>, material: Material) {
    fill_box(min, size, material, FillMode::Paint);
}

/// Entering and leaving a box (edges of 1 to 256 blocks) raises [`Event::Trigger`](crate::Event::Trigger) with
/// that tag, for `duration` ticks (1 to 36,000). At most 8 boxes at a time for one active spell.
///
/// Fuel: priced as `terrain.watch-box`.
pub fn watch_box(min: BlockPos, size: impl Into<BlockSize>, tag: u32, duration: u32) {
    pending::deliver_waiting();
    host::watch_box(min, size.into(), tag, duration);
}
