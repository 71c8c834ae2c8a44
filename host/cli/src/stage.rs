//! A world with somebody in it: which terrain, who stands where, and where the ground is.
//!
//! Builds the demo world and the worlds of scenario files; both are the same thing with other
//! actors. Knows no spell and plays no tick.

use std::path::PathBuf;

use spellhost_lockstep::{exact, quantise};
use spellhost_sim::limits::VERTICAL_BLOCKS;
use spellhost_sim::{
    BlockPos, Coord, Direction, EntityKind, EntitySpec, Generator, Op, Point, Points, Template, Terrain,
    World, WorldConfig,
};

use crate::problem::Problem;

/// The radius of a player's body, in blocks: 9/10, rounded to the simulation's parts.
pub const PLAYER_RADIUS: f64 = 0.9;
/// The radius of an item, in blocks.
pub const ITEM_RADIUS: f64 = 0.25;
/// Health of a player unless told otherwise.
pub const HEALTH: f64 = 100.0;

/// Which world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// A generated one.
    Terrain(Terrain),
    /// One that was saved: a snapshot, or a recording with its world at the end.
    File(PathBuf),
}

impl Setting {
    /// `hills`, `flat`, `empty`, or a path.
    pub fn parse(text: &str) -> Self {
        match text {
            "hills" => Self::Terrain(Terrain::Hills),
            "flat" => Self::Terrain(Terrain::Flat),
            "empty" => Self::Terrain(Terrain::Empty),
            path => Self::File(path.into()),
        }
    }

    /// The name of a generated terrain.
    pub fn terrain_name(terrain: Terrain) -> &'static str {
        match terrain {
            Terrain::Hills => "hills",
            Terrain::Flat => "flat",
            Terrain::Empty => "empty",
        }
    }

    /// The world itself. A saved one keeps its own seed.
    ///
    /// # Errors
    /// Where a file is not a saved world, or a seed was asked for beside one.
    pub fn open(&self, seed: Option<u64>) -> Result<World, Problem> {
        match self {
            Self::Terrain(terrain) => {
                Ok(World::new(WorldConfig { terrain: *terrain, seed: seed.unwrap_or(1) }))
            }
            Self::File(path) if seed.is_some() => {
                let message = format!("the world `{}` has a seed of its own", path.display());
                Err(Problem::usage("bad_seed", message).hint("leave `--seed` out"))
            }
            Self::File(path) => crate::saved::world(path),
        }
    }
}

/// Somebody to put into a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub spec: EntitySpec,
}

impl Actor {
    /// Somebody who stands with its feet at `feet` (blocks) and looks along -z. A health of `None`
    /// is the usual one; more than the usual raises the most it can have.
    ///
    /// # Errors
    /// A number that is not one of the simulation, in words.
    pub fn standing(
        name: &str,
        kind: EntityKind,
        feet: [f64; 3],
        health: Option<f64>,
    ) -> Result<Self, String> {
        let template = (kind == EntityKind::Npc).then_some(Template::DUMMY);
        let (radius, usual) = match (kind, template) {
            (_, Some(template)) => (template.info().radius, template.info().health),
            (EntityKind::Player, _) => (coord(PLAYER_RADIUS)?, points(HEALTH)?),
            _ => (coord(ITEM_RADIUS)?, points(HEALTH)?),
        };
        let mut position = point(feet)?;
        position.y = position.y + radius;
        let health = health.map_or(Ok(usual), points)?;
        let health_max = usual.max(health);
        let spec =
            EntitySpec { kind, template, position, look: Direction::FORWARD, radius, health, health_max };
        Ok(Self { name: name.into(), spec })
    }
}

/// A length from blocks.
///
/// # Errors
/// In words; so for those that follow.
pub fn coord(blocks: f64) -> Result<Coord, String> {
    quantise::coord(blocks).map_err(|_| format!("{blocks} is not a coordinate"))
}

/// A point in the world from blocks.
#[allow(clippy::missing_errors_doc, reason = "said at `coord`")]
pub fn point(blocks: [f64; 3]) -> Result<Point, String> {
    let [x, y, z] = blocks;
    let point = Point { x: coord(x)?, y: coord(y)?, z: coord(z)? };
    if point.in_bounds() { Ok(point) } else { Err(format!("({x}, {y}, {z}) lies outside the world")) }
}

/// A direction from a vector of any length.
#[allow(clippy::missing_errors_doc, reason = "said at `coord`")]
pub fn direction(vector: [f64; 3]) -> Result<Direction, String> {
    let [x, y, z] = vector;
    let parts = [coord(x)?, coord(y)?, coord(z)?].map(Coord::raw);
    let found = Direction::normalise(parts[0], parts[1], parts[2]);
    found.ok_or_else(|| format!("({x}, {y}, {z}) has no direction"))
}

fn points(health: f64) -> Result<Points, String> {
    let points = spellhost_sim::quantise(health.to_bits(), Points::FRACTION_BITS, 1).map(Points::from_raw);
    points
        .ok()
        .filter(|points| points.raw() > 0)
        .ok_or_else(|| format!("a health of {health} is not above zero"))
}

/// A world and who is to stand in it.
#[derive(Clone)]
pub struct Stage {
    /// The world, before anybody entered.
    pub world: World,
    /// Who enters, in the order of their ids.
    pub actors: Vec<Actor>,
    /// Who casts: a place in `actors`.
    pub caster: usize,
}

impl Stage {
    /// The demo world: the player at x = z = 0.5, three dummies ahead, a wounded ally to the right.
    ///
    /// # Errors
    /// Where the setting cannot be opened.
    pub fn demo(setting: &Setting, seed: Option<u64>) -> Result<Self, Problem> {
        let world = setting.open(seed)?;
        let saved = matches!(setting, Setting::File(_));
        let stand = |name: &str, kind, x: f64, z: f64, health| {
            let y = ground(&world, saved, x.floor() as i32, z.floor() as i32);
            Actor::standing(name, kind, [x, y as f64, z], health)
                .map_err(|message| Problem::usage("bad_world", message))
        };
        let actors = vec![
            stand("you", EntityKind::Player, 0.5, 0.5, None)?,
            stand("dummy 1", EntityKind::Npc, 0.5, 0.5 - 8.0, None)?,
            stand("dummy 2", EntityKind::Npc, 0.5, 0.5 - 12.0, None)?,
            stand("dummy 3", EntityKind::Npc, 0.5, 0.5 - 16.0, None)?,
            stand("ally", EntityKind::Player, 3.5, 0.5, Some(HEALTH / 2.0))?,
        ];
        Ok(Self { world, actors, caster: 0 })
    }

    /// The demo's target: the ground twelve blocks ahead.
    pub fn demo_target(&self) -> Point {
        let feet = self.actors[2].spec;
        Point { y: feet.position.y - feet.radius, ..feet.position }
    }

    /// The operations that let everybody enter.
    pub fn entrance(&self) -> Vec<Op> {
        self.actors.iter().map(|actor| Op::Spawn(actor.spec)).collect()
    }
}

/// The y at which one stands at (x, z): above the generated ground, or in a saved world above the
/// highest block that holds.
pub fn ground(world: &World, saved: bool, x: i32, z: i32) -> i32 {
    let config = world.config();
    let generated = Generator::new(config.terrain, config.seed).surface(x, z);
    if !saved {
        return generated;
    }
    let holds = |y: &i32| world.voxel(BlockPos::new(x, *y, z)).is_solid();
    (-VERTICAL_BLOCKS..VERTICAL_BLOCKS)
        .rev()
        .find(holds)
        .map_or(generated, |y| (y + 1).min(VERTICAL_BLOCKS - 1))
}

/// Where an entity's feet are, in blocks.
pub fn feet(position: Point, radius: Coord) -> [f64; 3] {
    [exact::coord(position.x), exact::coord(position.y - radius), exact::coord(position.z)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_of_the_demo_stands_on_the_ground() {
        for terrain in [Terrain::Hills, Terrain::Flat, Terrain::Empty] {
            let stage = Stage::demo(&Setting::Terrain(terrain), Some(7)).expect("a generated world");
            let generator = Generator::new(terrain, 7);
            let places = stage.actors.iter().map(|actor| feet(actor.spec.position, actor.spec.radius));
            let columns = [(0.5, 0.5), (0.5, -7.5), (0.5, -11.5), (0.5, -15.5), (3.5, 0.5)];
            for ([x, y, z], column) in places.zip(columns) {
                assert_eq!((x, z), column);
                assert_eq!(y, f64::from(generator.surface(x.floor() as i32, z.floor() as i32)));
            }
            assert_eq!(
                exact::point(stage.demo_target()),
                feet(stage.actors[2].spec.position, stage.actors[2].spec.radius)
            );
            let health =
                stage.actors.iter().map(|actor| exact::points(actor.spec.health)).collect::<Vec<_>>();
            assert_eq!(health, [100.0, 100.0, 100.0, 100.0, 50.0]);
        }
    }

    #[test]
    fn a_saved_world_has_its_ground_where_it_was_left() {
        let mut world = World::new(WorldConfig { terrain: Terrain::Flat, seed: 1 });
        let (min, size) = (BlockPos::new(0, 0, 0), spellhost_sim::BlockSize::new(1, 5, 1));
        let mode = spellhost_sim::FillMode::Add;
        let tower = Op::FillBox { min, size, material: spellhost_sim::Material::STONE, mode };
        world.open_tick(spellhost_sim::Inputs { ops: vec![tower], ..Default::default() });
        world.close_tick(Vec::new());
        assert_eq!(
            [ground(&world, true, 0, 0), ground(&world, true, 1, 0), ground(&world, false, 0, 0)],
            [5, 0, 0]
        );
    }
}
