//! The world that a test builds: blocks and entities, and the questions about them.
//!
//! Promises the answers' order and limits as the interface states them. Nothing moves here by itself.

use std::collections::BTreeMap;

use crate::bindings::spellhost::spell::scene::RayHit;
use crate::creature::Npc;
use crate::host::types::{BlockPos, BlockSize, CastContext, EntityId, EntityInfo, EntityKind, Vec3};
use crate::material::Material;

/// A world for a test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct World {
    /// The tick of the next call.
    pub tick: u64,
    /// What the random stream of each call is made from, together with the tick.
    pub seed: u64,
    /// The state that the cast has saved; calls replace it.
    pub state: Vec<u8>,
    /// Whether there is ground below y = 0 where nothing else was put.
    ground: bool,
    blocks: BTreeMap<BlockPos, Material>,
    entities: BTreeMap<EntityId, EntityInfo>,
}

impl World {
    /// Nothing but air.
    pub fn empty() -> World {
        World::default()
    }

    /// The host's flat world: grass at y = -1, three blocks of dirt, stone below; air above.
    pub fn flat() -> World {
        World { ground: true, ..World::default() }
    }

    /// Puts a block.
    pub fn set(&mut self, pos: BlockPos, material: Material) {
        self.blocks.insert(pos, material);
    }

    /// Puts a box of blocks.
    pub fn fill(&mut self, min: BlockPos, size: impl Into<BlockSize>, material: Material) {
        let size = size.into();
        for y in 0..size.y as i32 {
            for z in 0..size.z as i32 {
                for x in 0..size.x as i32 {
                    self.set(min.offset(x, y, z), material);
                }
            }
        }
    }

    /// The block there.
    pub fn get(&self, pos: BlockPos) -> Material {
        let generated = match pos.y {
            _ if !self.ground => Material::AIR,
            0.. => Material::AIR,
            -1 => Material::GRASS,
            -4..=-2 => Material::DIRT,
            _ => Material::STONE,
        };
        self.blocks.get(&pos).copied().unwrap_or(generated)
    }

    /// A player with 100 points of health whose body is centred there; gives its id.
    pub fn player(&mut self, position: Vec3) -> EntityId {
        self.put(EntityKind::Player, position, 0.9, 100.0)
    }

    /// A creature with the health of its kind; gives its id.
    pub fn npc(&mut self, npc: Npc, position: Vec3) -> EntityId {
        let (sixteenths, health) = match npc {
            Npc::Dummy => (14.0, 100.0),
            Npc::Wolf => (10.0, 60.0),
            Npc::Golem => (20.0, 250.0),
            Npc::Wisp => (6.0, 30.0),
            Npc::Totem => (8.0, 50.0),
        };
        self.put(EntityKind::Npc, position, sixteenths / 16.0, health)
    }

    /// Any entity of which everything is said; its id replaces who had it.
    pub fn insert(&mut self, entity: EntityInfo) {
        self.entities.insert(entity.id, entity);
    }

    /// An entity, to look at or to change.
    pub fn entity(&mut self, id: EntityId) -> Option<&mut EntityInfo> {
        self.entities.get_mut(&id)
    }

    /// Takes an entity away.
    pub fn remove(&mut self, id: EntityId) {
        self.entities.remove(&id);
    }

    /// The id that the first spawn of the next call gets.
    pub fn next_entity(&self) -> EntityId {
        self.entities.last_key_value().map_or(1, |(id, _)| id + 1)
    }

    /// A context in which the caster aims at a point: from its eye, and at the nearest entity whose
    /// body holds that point, if there is one other than the caster.
    pub fn aim(&self, caster: EntityId, at: Vec3) -> CastContext {
        let mut ctx = super::context(caster);
        if let Some(info) = self.entities.get(&caster) {
            // As on the host: three quarters of the radius above the centre.
            ctx.origin = info.position + Vec3::UP * (info.radius * 0.75);
        }
        ctx.direction = if ctx.origin == at { Vec3::NORTH } else { ctx.origin.toward(at) };
        ctx.target_position = at;
        ctx.target_entity = self
            .within(at, 64.0, None)
            .into_iter()
            .find(|other| other.id != caster && other.position.distance(at) <= other.radius)
            .map(|other| other.id);
        ctx
    }

    fn put(&mut self, kind: EntityKind, position: Vec3, radius: f64, health: f64) -> EntityId {
        let id = self.next_entity();
        let (owner, velocity, statuses) = (None, Vec3::ZERO, Vec::new());
        self.insert(EntityInfo {
            id,
            owner,
            kind,
            position,
            velocity,
            radius,
            health,
            health_max: health,
            statuses,
        });
        id
    }

    pub(super) fn find(&self, id: EntityId) -> Option<&EntityInfo> {
        self.entities.get(&id)
    }

    /// By squared distance, then id; the nearest 256.
    pub(super) fn within(&self, center: Vec3, radius: f64, kind: Option<EntityKind>) -> Vec<EntityInfo> {
        let square = |entity: &EntityInfo| (entity.position - center).length_squared();
        let mut found: Vec<EntityInfo> = self
            .entities
            .values()
            .filter(|entity| kind.is_none_or(|kind| kind == entity.kind) && square(entity) <= radius * radius)
            .cloned()
            .collect();
        found.sort_by(|a, b| square(a).total_cmp(&square(b)).then(a.id.cmp(&b.id)));
        found.truncate(256);
        found
    }

    /// By id.
    pub(super) fn of_kind(&self, kind: EntityKind, limit: u32) -> Vec<EntityInfo> {
        self.entities.values().filter(|entity| entity.kind == kind).take(limit as usize).cloned().collect()
    }

    /// The first solid block or body along a ray.
    pub(super) fn raycast(&self, origin: Vec3, direction: Vec3, max: f64) -> Option<RayHit> {
        let direction = direction.normalized();
        let block = self.first_block(origin, direction, max);
        let reach = block.as_ref().map_or(max, |hit| hit.distance);
        let body = self
            .entities
            .values()
            .filter_map(|entity| Some((sphere_distance(origin, direction, entity)?, entity)))
            .filter(|(distance, _)| *distance < reach || (block.is_none() && *distance <= max))
            .min_by(|(a, one), (b, other)| a.total_cmp(b).then(one.id.cmp(&other.id)));
        let Some((distance, entity)) = body else { return block };
        let position = origin + direction * distance;
        let normal = main_axis(position - entity.position);
        let (block, material) = (position.block(), self.get(position.block()).0);
        Some(RayHit { block, material, position, normal, distance, entity: Some(entity.id) })
    }

    /// Steps from block to block (Amanatides and Woo).
    fn first_block(&self, origin: Vec3, direction: Vec3, max: f64) -> Option<RayHit> {
        let (mut block, mut distance, mut normal) = (origin.block(), 0.0, BlockPos::default());
        loop {
            let material = self.get(block);
            if material.is_solid() {
                let position = origin + direction * distance;
                return Some(RayHit {
                    block,
                    material: material.0,
                    position,
                    normal,
                    distance,
                    entity: None,
                });
            }
            let exit = |start: f64, step: f64, at: i32| {
                let face = f64::from(at) + if step > 0.0 { 1.0 } else { 0.0 };
                if step == 0.0 { f64::INFINITY } else { (face - start) / step }
            };
            let x = exit(origin.x, direction.x, block.x);
            let y = exit(origin.y, direction.y, block.y);
            let z = exit(origin.z, direction.z, block.z);
            distance = x.min(y).min(z);
            if distance > max || !distance.is_finite() {
                return None;
            }
            let sign = |step: f64| if step > 0.0 { 1 } else { -1 };
            let step = if distance == x {
                BlockPos::new(sign(direction.x), 0, 0)
            } else if distance == y {
                BlockPos::new(0, sign(direction.y), 0)
            } else {
                BlockPos::new(0, 0, sign(direction.z))
            };
            (block, normal) = (block + step, BlockPos::default() - step);
        }
    }

    /// Whether no solid block stands between two points.
    pub(super) fn sees(&self, a: Vec3, b: Vec3) -> bool {
        a == b || self.first_block(a, a.toward(b), a.distance(b)).is_none()
    }
}

/// Where a ray enters a body that does not hold its origin.
fn sphere_distance(origin: Vec3, direction: Vec3, entity: &EntityInfo) -> Option<f64> {
    let away = entity.position - origin;
    let outside = away.length_squared() - entity.radius * entity.radius;
    let along = away.dot(direction);
    let square = along * along - outside;
    (outside > 0.0 && along > 0.0 && square >= 0.0).then(|| along - square.sqrt())
}

/// The unit step on the axis along which a vector is longest.
fn main_axis(vector: Vec3) -> BlockPos {
    let (x, y, z) = (vector.x.abs(), vector.y.abs(), vector.z.abs());
    let sign = |part: f64| if part < 0.0 { -1 } else { 1 };
    if x >= y && x >= z {
        BlockPos::new(sign(vector.x), 0, 0)
    } else if y >= z {
        BlockPos::new(0, sign(vector.y), 0)
    } else {
        BlockPos::new(0, 0, sign(vector.z))
    }
}
