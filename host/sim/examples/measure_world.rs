//! Measures what the world costs: `cargo run --release -p spellhost-sim --example measure_world`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "measuring needs a clock")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use spellhost_sim::{
    Aim, CallLimits, CallResult, CastRequest, Command, Coord, Digest, Direction, EntityId, EntityKind,
    EntitySpec, Inputs, Op, Outcome, Point, Points, ProjectileSpec, Rate, RevisionRef, SpellId, Terrain,
    Velocity, World, WorldConfig,
};

const ENTITIES: u64 = 10_000;
const PROJECTILES: u64 = 1_000;

fn main() {
    let mut world = World::new(WorldConfig { terrain: Terrain::Flat, seed: 7 });
    let ops = (0..ENTITIES).map(|at| Op::Spawn(entity(at))).collect();
    play(&mut world, Inputs { ops, ..Inputs::default() }, &[]);
    for _ in 0..5 {
        play(&mut world, Inputs::default(), &[]);
    }
    report("quiet tick, 10,000 entities at rest", 1_000, || play(&mut world, Inputs::default(), &[]));
    let mut at = 0;
    let mut next = || {
        at = (at + 7_919) % ENTITIES;
        entity(at).position
    };
    report("1,000 radius queries that find none", 100, || {
        for _ in 0..1_000 {
            black_box(world.entities_in_radius(next(), Coord::from_whole(10), Some(EntityKind::Item)));
        }
    });
    report("1,000 radius queries, 12 found each", 100, || {
        for _ in 0..1_000 {
            black_box(world.entities_in_radius(next(), Coord::from_whole(10), None));
        }
    });
    report("1,000 rays of 64 blocks", 100, || {
        for _ in 0..1_000 {
            black_box(world.raycast(next(), Direction::FORWARD, Coord::from_whole(64)));
        }
    });
    for from in (0..PROJECTILES).step_by(64) {
        let commands: Vec<Command> =
            (from..from + 64).map(|at| Command::SpawnProjectile(projectile(at))).collect();
        play(&mut world, Inputs { casts: vec![cast()], ..Inputs::default() }, &commands);
    }
    println!(
        "{} projectiles fly",
        world.entities().filter(|seen| seen.kind == EntityKind::Projectile).count()
    );
    report("tick, 1,000 projectiles among 10,000", 500, || play(&mut world, Inputs::default(), &[]));
    report("snapshot of 10,000 entities", 50, || drop(black_box(world.snapshot())));
    let bytes = world.snapshot();
    println!("  {} bytes", bytes.len());
    report("restoring it", 50, || drop(black_box(World::restore(&bytes))));
}

/// Prints mean and 99th percentile of `times` runs.
fn report(what: &str, times: usize, mut run: impl FnMut()) {
    let mut took: Vec<Duration> = (0..times)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        })
        .collect();
    took.sort_unstable();
    let mean = took.iter().sum::<Duration>() / times as u32;
    println!("{what:40} mean {mean:>10.2?}  p99 {:>10.2?}", took[times * 99 / 100]);
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
            limits: CallLimits::default(),
        },
        channel: None,
        caster: EntityId(1),
        aim: Aim::default(),
        params: Vec::new(),
    }
}
