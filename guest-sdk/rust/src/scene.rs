//! What a spell can see: voxels, rays and entities, all as they were when the tick opened.
//!
//! Promises the same answers to every call of a tick, in a fixed order. A call's own commands are not visible.

use crate::host::scene as host;
use crate::host::types::{BlockPos, BlockSize, EntityId, EntityInfo, EntityKind, Vec3};
use crate::material::Material;

pub use crate::bindings::spellhost::spell::scene::Ray;

/// The first thing a ray meets: a solid voxel, or the body of an entity that does not hold the ray's origin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RayHit {
    /// The voxel that was met; for an entity, the voxel in which it was met.
    pub block: BlockPos,
    /// That voxel's material.
    pub material: Material,
    /// Where, in blocks.
    pub position: Vec3,
    /// The face that was met, as a unit step on one axis; zero where the ray started inside.
    pub normal: BlockPos,
    /// How far from the origin, in blocks.
    pub distance: f64,
    /// The entity that was met, if it was one.
    pub entity: Option<EntityId>,
}

impl From<crate::bindings::spellhost::spell::scene::RayHit> for RayHit {
    fn from(hit: crate::bindings::spellhost::spell::scene::RayHit) -> RayHit {
        RayHit {
            block: hit.block,
            material: Material(hit.material),
            position: hit.position,
            normal: hit.normal,
            distance: hit.distance,
            entity: hit.entity,
        }
    }
}

/// A part of the world, read at once.
///
/// ```
/// use spellhost_sdk::prelude::*;
/// # struct Peek;
/// # impl Spell for Peek { fn cast(_: &Context) -> Result {
/// let region = scene::get_voxels(BlockPos::new(-1, -2, -1), BlockSize::cube(3));
/// assert_eq!(region.get(BlockPos::new(0, -1, 0)), Some(Material::GRASS));
/// assert_eq!(region.get(BlockPos::new(9, 0, 0)), None);
/// assert_eq!(region.iter().filter(|(_, material)| material.is_solid()).count(), 18);
/// # Ok(()) } }
/// # mock::cast::<Peek>(&mut mock::World::flat(), mock::context(1)).result.unwrap();
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    min: BlockPos,
    size: BlockSize,
    materials: Vec<Material>,
}

impl Region {
    /// Its least corner.
    pub fn min(&self) -> BlockPos {
        self.min
    }

    /// Its edges, in blocks.
    pub fn size(&self) -> BlockSize {
        self.size
    }

    /// The material of a block of the world; `None` outside of the region. To look at all of them,
    /// [`Region::iter`] is cheaper.
    #[inline]
    pub fn get(&self, pos: BlockPos) -> Option<Material> {
        let axis = |at: i32, min: i32, size: u32| {
            let step = i64::from(at) - i64::from(min);
            (0..i64::from(size)).contains(&step).then_some(step as usize)
        };
        let x = axis(pos.x, self.min.x, self.size.x)?;
        let y = axis(pos.y, self.min.y, self.size.y)?;
        let z = axis(pos.z, self.min.z, self.size.z)?;
        self.materials.get((y * self.size.z as usize + z) * self.size.x as usize + x).copied()
    }

    /// Every block with its material: x fastest, then z, then y.
    pub fn iter(&self) -> impl Iterator<Item = (BlockPos, Material)> + '_ {
        let (min, width, depth) = (self.min, self.size.x as usize, self.size.z as usize);
        self.materials.iter().enumerate().map(move |(index, material)| {
            let (x, z, y) = (index % width, index / width % depth, index / width / depth);
            (min.offset(x as i32, y as i32, z as i32), *material)
        })
    }
}

/// The tick in which this call runs: the same as `ctx.tick`, which is free.
///
/// Fuel: priced as `scene.tick`.
pub fn tick() -> u64 {
    host::tick()
}

/// The material of one block; air outside of the world.
///
/// Fuel: priced as `scene.get-voxel`. For more than a few blocks [`get_voxels`] is far cheaper.
pub fn get_voxel(pos: BlockPos) -> Material {
    Material(host::get_voxel(pos))
}

/// The materials of a box: edges of 1 to 32 blocks, otherwise the call ends as `invalid`.
///
/// Fuel: priced as `scene.get-voxels`.
pub fn get_voxels(min: BlockPos, size: impl Into<BlockSize>) -> Region {
    let size = size.into();
    let materials = host::get_voxels(min, size).into_iter().map(Material).collect();
    Region { min, size, materials }
}

/// The first solid block or body along a ray. `direction` of any length but zero; `max_distance` from 0
/// to 256 blocks, otherwise the call ends as `invalid`.
///
/// Fuel: priced as `scene.raycast`.
pub fn raycast(origin: Vec3, direction: Vec3, max_distance: f64) -> Option<RayHit> {
    host::raycast(origin, direction, max_distance).map(RayHit::from)
}

/// At most 64 rays in one question; answers in the order of the rays. See [`raycast`].
///
/// Fuel: priced as `scene.raycasts`.
pub fn raycasts(rays: &[Ray]) -> Vec<Option<RayHit>> {
    host::raycasts(rays).into_iter().map(|hit| hit.map(RayHit::from)).collect()
}

/// Whether no solid block stands between two points at most 256 blocks apart. Entities do not block.
///
/// Fuel: priced as `scene.line-of-sight`.
pub fn line_of_sight(a: Vec3, b: Vec3) -> bool {
    host::line_of_sight(a, b)
}

/// An entity, if it is there.
///
/// Fuel: priced as `scene.entity`.
pub fn entity(id: EntityId) -> Option<EntityInfo> {
    host::entity(id)
}

/// Entities whose centre is within `radius` (0 to 64 blocks), nearest first, then by id; at most 256. `kind`
/// is an [`EntityKind`] or `None` for all.
///
/// Fuel: priced as `scene.entities-in-radius`.
pub fn entities_in_radius(center: Vec3, radius: f64, kind: impl Into<Option<EntityKind>>) -> Vec<EntityInfo> {
    host::entities_in_radius(center, radius, kind.into())
}

/// Players and creatures alive within `radius` (0 to 64 blocks), nearest first, then by id: what a blast hurts.
///
/// Fuel: priced as `scene.entities-in-radius`.
pub fn living_in_radius(center: Vec3, radius: f64) -> Vec<EntityInfo> {
    let mut entities = entities_in_radius(center, radius, None);
    entities
        .retain(|entity| matches!(entity.kind, EntityKind::Player | EntityKind::Npc) && entity.is_alive());
    entities
}

/// Entities of a kind, by id; at most `limit`, which is at most 256.
///
/// Fuel: priced as `scene.entities-by-kind`.
pub fn entities_by_kind(kind: EntityKind, limit: u32) -> Vec<EntityInfo> {
    host::entities_by_kind(kind, limit)
}

/// The material with that name, also one of a later version than this SDK. [`Material::named`] is free.
///
/// Fuel: priced as `scene.material-named`.
pub fn material_named(name: &str) -> Option<Material> {
    host::material_named(name).map(Material)
}

/// The first block below a point that is solid, at most `depth` (more than 0, at most 256) blocks down: where
/// something put there would land, were nobody in the way. `None` over an abyss.
///
/// Fuel: priced as `scene.raycast`, once more for each body between the point and the ground.
pub fn ground_below(point: Vec3, depth: f64) -> Option<BlockPos> {
    let bottom = point.y - depth;
    let mut from = point;
    while from.y > bottom {
        let hit = raycast(from, Vec3::DOWN, from.y - bottom)?;
        if hit.entity.is_none() {
            return Some(hit.block);
        }
        // A ray that starts inside a body does not meet it.
        from = hit.position + Vec3::DOWN * 0.01;
    }
    None
}
