//! The world of the benchmark, and what one call does to it.

use std::sync::Arc;

use spellhost_sim::{
    BlockPos, Command, Coord, Direction, EntityId, EntityInfo, EntityKind, EntitySpec, FillMode, Inputs,
    Material, Op, Point, Points, RayHit, Terrain, World, WorldConfig,
};

use crate::numbers;

/// What the typical spell asks for, so that every language's version of it can be compared.
pub struct Typical {
    /// Voxel reads, at (n, -1, n).
    pub voxels: i32,
    /// Rays, from (0.5 + n, 10.5, 0.5) along [`Typical::direction`].
    pub rays: i32,
    /// Where they point: each passes about 14 voxels before it meets the ground.
    pub direction: [f64; 3],
    /// How far at most.
    pub distance: f64,
    /// The radius of the one query, around (0, 1, 0).
    pub radius: f64,
    /// What it says in the end.
    pub message: &'static str,
}

/// The typical spell: 8 voxels, 4 rays, 1 query, 6 commands, 1 line of log.
pub const TYPICAL: Typical = Typical {
    voxels: 8,
    rays: 4,
    direction: [0.2, -1.0, 0.2],
    distance: 16.0,
    radius: 8.0,
    message: "the typical spell has been cast",
};

/// A flat world with one player, id 1, and three creatures near, in an open tick.
pub fn opened_world() -> World {
    let mut world = World::new(WorldConfig { terrain: Terrain::Flat, seed: 7 });
    let spawn = |at: [i32; 3], kind: EntityKind| {
        Op::Spawn(EntitySpec {
            kind,
            template: None,
            position: Point::from_blocks(at[0], at[1], at[2]),
            look: Direction::FORWARD,
            radius: Coord::ONE,
            health: Points::from_whole(100),
            health_max: Points::from_whole(100),
        })
    };
    let (player, npc) = (EntityKind::Player, EntityKind::Npc);
    let ops = vec![
        spawn([0, 1, 0], player),
        spawn([4, 1, -4], npc),
        spawn([-4, 1, 4], npc),
        spawn([-5, 1, -3], npc),
    ];
    world.open_tick(Inputs { ops, ..Inputs::default() });
    world.close_tick(Vec::new());
    world.open_tick(Inputs::default());
    world
}

/// One call: the world it reads, and what it has asked for. Nothing is counted, priced or checked.
pub struct Scene {
    world: Arc<World>,
    /// What it asked for.
    pub commands: Vec<Command>,
    /// What it said.
    pub log: Vec<String>,
}

impl Scene {
    /// A call in a world.
    pub fn new(world: Arc<World>) -> Self {
        Self { world, commands: Vec::new(), log: Vec::new() }
    }

    /// `scene.get-voxel`.
    pub fn voxel(&self, x: i32, y: i32, z: i32) -> u16 {
        self.world.voxel(BlockPos::new(x, y, z)).number()
    }

    /// `scene.raycast`.
    pub fn raycast(&self, origin: [f64; 3], direction: [f64; 3], distance: f64) -> Option<RayHit> {
        let direction = numbers::to_direction(direction);
        self.world.raycast(numbers::to_point(origin), direction, numbers::to_coord(distance)).answer
    }

    /// `scene.entities-in-radius`.
    pub fn entities_in_radius(&self, center: [f64; 3], radius: f64) -> Vec<EntityInfo> {
        self.world.entities_in_radius(numbers::to_point(center), numbers::to_coord(radius), None).answer
    }

    /// `terrain.apply` of one sphere.
    pub fn fill_sphere(&mut self, center: [f64; 3], radius: f64, material: u16) {
        let material = Material::from_number(material).expect("a material of the benchmark");
        let (center, radius) = (numbers::to_point(center), numbers::to_coord(radius));
        self.commands.push(Command::FillSphere { center, radius, material, mode: FillMode::Subtract });
    }

    /// `entities.apply` of one damage.
    pub fn damage(&mut self, id: u64, points: f64) {
        let points = numbers::to_points(points);
        self.commands.push(Command::Damage { id: EntityId(id), points });
    }

    /// `entities.apply` of one push.
    pub fn push(&mut self, id: u64, velocity: [f64; 3]) {
        let velocity = numbers::to_velocity(velocity);
        self.commands.push(Command::Push { id: EntityId(id), velocity });
    }

    /// `presentation.show` of one sound.
    pub fn play_sound(&mut self, asset: String, at: [f64; 3]) {
        self.commands.push(Command::PlaySound { asset, at: numbers::to_point(at) });
    }

    /// `timers.wake-after`.
    pub fn wake_after(&mut self, after: u32, tag: u32) {
        self.commands.push(Command::WakeAfter { after, tag });
    }

    /// `log.log`.
    pub fn log(&mut self, message: String) {
        self.log.push(message);
    }

    /// Checks that a typical call did all of its work.
    pub fn assert_typical(&self) {
        assert_eq!((self.commands.len(), self.log.len()), (6, 1), "the typical spell did its work");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Scene, TYPICAL, opened_world};

    #[test]
    fn the_rays_meet_the_ground_and_the_query_finds_four() {
        let scene = Scene::new(Arc::new(opened_world()));
        for n in 0..TYPICAL.rays {
            let hit = scene.raycast([0.5 + f64::from(n), 10.5, 0.5], TYPICAL.direction, TYPICAL.distance);
            let block = hit.expect("it meets the ground").block;
            let steps = (block.x - n).abs() + (block.y - 10).abs() + block.z.abs();
            assert!((13..=16).contains(&steps), "{steps} voxels");
        }
        assert_eq!(scene.entities_in_radius([0.0, 1.0, 0.0], TYPICAL.radius).len(), 4);
    }
}
