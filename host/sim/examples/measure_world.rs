//! Measures what the world costs: a tick, its hash, queries, snapshots, and all of it against the size of the world. Run it
//! with `cargo run --profile dist -p spellhost-sim --example measure_world`; `-- --json` prints one object a row.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    reason = "a measurement needs a clock and a mean"
)]

#[path = "measure/rows.rs"]
mod rows;

use std::hint::black_box;

use rows::{Rows, nanoseconds};
use spellhost_sim::{
    Aim, BlockPos, BlockSize, CallLimits, CallResult, CastRequest, Command, Coord, Digest, Direction,
    EntityId, EntityKind, EntitySpec, FillMode, Inputs, Material, Op, Outcome, Point, Points, ProjectileSpec,
    Rate, RevisionRef, SpellId, Terrain, Velocity, World, WorldConfig,
};

const ENTITIES: u64 = 10_000;
const PROJECTILES: u64 = 1_000;
const MOVING: u64 = 500;

fn main() {
    let rows = Rows::from_arguments();
    let mut world = peopled(ENTITIES);
    let quiet = || Inputs::default();
    rows.row("state hash of a quiet tick, the whole tick", "ns", Some(50_000.0), || {
        nanoseconds(|| (0..1_000).for_each(|_| play(&mut world, quiet(), &[]))) / 1_000.0
    });
    measure_queries(&rows, &world);
    rows.row("snapshot of 10,000 entities", "ns", None, || nanoseconds(|| drop(black_box(world.snapshot()))));
    let bytes = world.snapshot();
    rows.row("restoring 10,000 entities", "ns", None, || {
        nanoseconds(|| drop(black_box(World::restore(&bytes))))
    });
    measure_busy(&rows, &mut world);
    measure_sizes(&rows);
}

fn measure_queries(rows: &Rows, world: &World) {
    let mut at = 0;
    let mut next = || {
        at = (at + 7_919) % ENTITIES;
        entity(at).position
    };
    let radius = Coord::from_whole(10);
    let kinds = [("none found", Some(EntityKind::Item)), ("12 found", None)];
    for (found, kind) in kinds {
        let row = format!("radius query, radius 10 among 10,000 entities, {found}");
        rows.row(&row, "ns", Some(500.0), || {
            nanoseconds(|| {
                for _ in 0..5_000 {
                    black_box(world.entities_in_radius(next(), radius, kind));
                }
            }) / 5_000.0
        });
    }
    rows.row("ray of 64 blocks among 10,000 entities", "ns", None, || {
        nanoseconds(|| {
            for _ in 0..1_000 {
                black_box(world.raycast(next(), Direction::FORWARD, Coord::from_whole(64)));
            }
        }) / 1_000.0
    });
}

/// Of each round the 99th percentile of its ticks.
fn measure_busy(rows: &Rows, world: &mut World) {
    for from in (0..PROJECTILES).step_by(64) {
        let volley: Vec<Command> =
            (from..PROJECTILES.min(from + 64)).map(|at| Command::SpawnProjectile(projectile(at))).collect();
        play(world, Inputs { casts: vec![cast()], ..Inputs::default() }, &volley);
    }
    let flying = world.entities().filter(|seen| seen.kind == EntityKind::Projectile).count();
    assert_eq!(flying as u64, PROJECTILES, "every projectile flies");
    let row = "tick with 10,000 entities, 1,000 projectiles, 500 moving NPCs, no casts, p99";
    rows.row(row, "ns", Some(4_000_000.0), || {
        for from in (0..MOVING).step_by(64) {
            let up = Velocity { x: Rate::from_raw(1 << 26), y: Rate::from_raw(1 << 31), z: Rate::ZERO };
            let ids = (from..MOVING.min(from + 64)).map(|at| EntityId(2 + at));
            let pushes: Vec<Command> = ids.map(|id| Command::Push { id, velocity: up }).collect();
            play(world, Inputs { casts: vec![cast()], ..Inputs::default() }, &pushes);
        }
        let mut ticks: Vec<f64> =
            (0..100).map(|_| nanoseconds(|| play(world, Inputs::default(), &[]))).collect();
        ticks.sort_by(f64::total_cmp);
        ticks[98]
    });
}

/// A quiet tick must not grow with the world.
fn measure_sizes(rows: &Rows) {
    let quiet = |rows: &Rows, what: String, world: &mut World| {
        rows.row(&format!("quiet tick, {what}"), "ns", None, || {
            nanoseconds(|| (0..1_000).for_each(|_| play(world, Inputs::default(), &[]))) / 1_000.0
        });
    };
    for count in [100, 1_000, 10_000, 100_000] {
        quiet(rows, format!("{count} entities"), &mut peopled(count));
    }
    for count in [10, 100, 1_000, 10_000] {
        quiet(rows, format!("{count} edited chunks"), &mut edited(count));
    }
}

/// A lawn with so many entities at rest.
fn peopled(count: u64) -> World {
    let mut world = World::new(WorldConfig { terrain: Terrain::Flat, seed: 7 });
    let ops = (0..count).map(|at| Op::Spawn(entity(at))).collect();
    play(&mut world, Inputs { ops, ..Inputs::default() }, &[]);
    (0..5).for_each(|_| play(&mut world, Inputs::default(), &[]));
    assert_eq!(world.entities().count() as u64, count, "every entity is there");
    world
}

/// A lawn with so many changed chunks.
fn edited(count: i32) -> World {
    let mut world = World::new(WorldConfig { terrain: Terrain::Flat, seed: 7 });
    let slab = |at: i32| Op::FillBox {
        min: BlockPos::new(32 * (at % 100), 1, 32 * (at / 100)),
        size: BlockSize::new(3, 3, 3),
        material: Material::GLASS,
        mode: FillMode::Add,
    };
    play(&mut world, Inputs { ops: (0..count).map(slab).collect(), ..Inputs::default() }, &[]);
    assert_eq!(world.voxels().changed(), count as usize, "every chunk is changed");
    world
}

fn play(world: &mut World, inputs: Inputs, commands: &[Command]) {
    let opened = world.open_tick(inputs);
    let calls = opened.lanes.iter().flat_map(|lane| &lane.calls);
    let results = calls.map(|call| CallResult {
        id: call.id,
        outcome: Outcome::Applied { skipped: 0 },
        fuel_used: 0,
        commands: commands.to_vec(),
    });
    black_box(world.close_tick(results.collect()));
}

/// Scattered over 512 x 512 blocks of lawn.
fn entity(at: u64) -> EntitySpec {
    let (x, z) = ((at * 2_654_435_761 % 512) as i32 - 256, (at * 40_503 % 509) as i32 - 256);
    EntitySpec {
        kind: if at == 0 { EntityKind::Player } else { EntityKind::Npc },
        template: None,
        position: Point::from_blocks(x, 1, z),
        look: Direction::FORWARD,
        radius: Coord::ONE,
        health: Points::from_whole(100),
        health_max: Points::from_whole(100),
    }
}

fn projectile(at: u64) -> ProjectileSpec {
    let (x, z) = ((at * 2_654_435_761 % 512) as i32 - 256, (at * 40_503 % 509) as i32 - 256);
    ProjectileSpec {
        position: Point::from_blocks(x, 30, z),
        velocity: Velocity { x: Rate::from_raw(1 << 28), y: Rate::ZERO, z: Rate::from_raw(1 << 30) },
        gravity: Rate::ZERO,
        radius: Coord::from_raw(1 << 15),
        lifetime: 3_600,
        bounces: 0,
        tag: 0,
    }
}

fn cast() -> CastRequest {
    let digest = Digest([1; 32]);
    CastRequest {
        spell: SpellId::parse("volley").expect("a good id"),
        revision: RevisionRef {
            id: digest,
            component: digest,
            cooldown: 0,
            mana: 0,
            grant: 1_000,
            instantiate_fuel: 0,
            limits: CallLimits::default(),
        },
        channel: None,
        caster: EntityId(1),
        aim: Aim::default(),
        params: Vec::new(),
    }
}
