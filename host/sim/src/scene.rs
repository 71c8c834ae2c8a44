//! What a spell may ask of the world: the world as it was when the tick opened.
//!
//! Promises that answers come in a fixed order and depend on the state alone. Changes nothing.

use alloc::vec::Vec;

use crate::entity::{EntityId, EntityInfo, EntityKind};
use crate::fixed::Coord;
use crate::grid::Item;
use crate::limits::QUERY_ENTITIES_MAX;
use crate::material::Material;
use crate::projectile::facing;
use crate::vector::{BlockPos, BlockSize, Direction, Point};
use crate::world::World;

/// The first thing a ray meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RayHit {
    /// The block that was met, or in which the entity was met.
    pub block: BlockPos,
    /// What that block is made of.
    pub material: Material,
    /// Where.
    pub position: Point,
    /// The face, as a unit step; zero where the ray starts inside a solid block.
    pub normal: BlockPos,
    /// How far from the origin.
    pub distance: Coord,
    /// The entity, if it was one.
    pub entity: Option<EntityId>,
}

/// An answer, and how many entities were looked at to find it: a function of what is where, so that it can be paid for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked<T> {
    /// The answer.
    pub answer: T,
    /// How many entities were looked at.
    pub entities: u64,
}

/// The least and the greatest corner of a box of blocks.
pub(crate) fn corners(min: BlockPos, size: BlockSize) -> (Point, Point) {
    let edge = |edge: u32| (edge as i64) << Coord::FRACTION_BITS;
    let least = Point::from_blocks(min.x, min.y, min.z);
    (least, least + Point::from_raw(edge(size.x), edge(size.y), edge(size.z)))
}

impl World {
    /// The material of a block; air outside of the bounds.
    pub fn voxel(&self, block: BlockPos) -> Material {
        self.voxels.get(block)
    }

    /// The materials of a box, x fastest, then z, then y.
    pub fn region(&self, min: BlockPos, size: BlockSize) -> Vec<Material> {
        self.voxels.region(min, size)
    }

    /// The first solid voxel or body along a ray. What contains the origin, flies as a projectile or waits
    /// dead for its return is not met.
    pub fn raycast(&self, origin: Point, direction: Direction, max: Coord) -> Looked<Option<RayHit>> {
        self.raycast_past(origin, direction, max, None)
    }

    /// The same, past one entity.
    pub(crate) fn raycast_past(
        &self,
        origin: Point,
        direction: Direction,
        max: Coord,
        past: Option<EntityId>,
    ) -> Looked<Option<RayHit>> {
        let holds_origin = |item: &Item| {
            let radius = item.radius.raw().unsigned_abs() as u128;
            item.position.distance_squared(origin) <= radius * radius
        };
        let met = |item: &Item| {
            item.kind != EntityKind::Projectile
                && Some(item.id) != past
                && !holds_origin(item)
                && self.registry.of(item).is_some_and(|entity| !entity.is_dead())
        };
        let voxel = self.voxels.raycast(origin, direction, max);
        let most = voxel.map_or(max, |hit| hit.distance);
        let (body, entities) = self.registry.grid().sweep(origin, direction, most, Coord::ZERO, met);
        if let Some(contact) = body.filter(|contact| voxel.is_none_or(|hit| contact.distance < hit.distance))
        {
            let position = origin.along(direction, contact.distance);
            let away = position - contact.item.position;
            let normal = facing([away.x.raw(), away.y.raw(), away.z.raw()]);
            let block = position.block();
            let (material, distance) = (self.voxel(block), contact.distance);
            let entity = Some(contact.item.id);
            let answer = Some(RayHit { block, material, position, normal, distance, entity });
            return Looked { answer, entities };
        }
        let answer = voxel.map(|hit| RayHit {
            block: hit.block,
            material: hit.material,
            position: hit.position,
            normal: hit.normal,
            distance: hit.distance,
            entity: None,
        });
        Looked { answer, entities }
    }

    /// Whether no solid voxel stands between two points; entities do not block.
    pub fn line_of_sight(&self, a: Point, b: Point) -> bool {
        let between = b - a;
        match Direction::normalise(between.x.raw(), between.y.raw(), between.z.raw()) {
            Some(direction) => self.voxels.raycast(a, direction, a.distance(b)).is_none(),
            None => !self.voxel(a.block()).is_solid(),
        }
    }

    /// An entity, if it is there.
    pub fn entity(&self, id: EntityId) -> Option<EntityInfo> {
        self.registry.get(id).map(|entity| entity.info(id, self.tick))
    }

    /// Entities whose centre is within `radius`, by squared distance, then id; the nearest 256.
    pub fn entities_in_radius(
        &self,
        center: Point,
        radius: Coord,
        kind: Option<EntityKind>,
    ) -> Looked<Vec<EntityInfo>> {
        let mut found = Vec::new();
        let entities = self.registry.grid().visit_ball(center, radius, |item, squared| {
            if kind.is_none_or(|kind| kind == item.kind) {
                found.push((squared, item.id, *item));
            }
        });
        let by_distance = |found: &(u64, EntityId, Item)| (found.0, found.1);
        if found.len() > QUERY_ENTITIES_MAX {
            found.select_nth_unstable_by_key(QUERY_ENTITIES_MAX, by_distance);
            found.truncate(QUERY_ENTITIES_MAX);
        }
        found.sort_unstable_by_key(by_distance);
        let info = |item: &Item| Some(self.registry.of(item)?.info(item.id, self.tick));
        Looked { answer: found.iter().filter_map(|(_, _, item)| info(item)).collect(), entities }
    }

    /// How many cells of the entities' grid a box of blocks meets, and how many entities are looked at to find
    /// those in it: what watching it costs.
    pub fn looked_at_in_box(&self, min: BlockPos, size: BlockSize) -> (u64, u64) {
        let (least, most) = corners(min, size);
        self.registry.grid().looked_at(least, most)
    }

    /// The first `limit` entities of a kind by id.
    pub fn entities_by_kind(&self, kind: EntityKind, limit: usize) -> Vec<EntityInfo> {
        let ids = self.registry.of_kind(kind).iter();
        ids.take(limit.min(QUERY_ENTITIES_MAX)).filter_map(|id| self.entity(*id)).collect()
    }

    /// Where an entity looks from and to. The eye is within its body, three quarters of the radius above the centre.
    pub fn eye(&self, id: EntityId) -> Option<(Point, Direction)> {
        let entity = self.registry.get(id)?;
        let up = Coord::from_raw(entity.radius.raw() / 4 * 3);
        let eye = Point { y: entity.position.y + up, ..entity.position };
        Some((crate::body::into_bounds(eye), entity.look))
    }
}
