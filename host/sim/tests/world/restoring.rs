//! Hash and snapshot, over a busy world.

use std::collections::BTreeSet;

use crate::harness::*;
use proptest::prelude::*;
use spellhost_sim::*;

/// The inputs of tick `tick` of a busy world: three players, casts, swaps, remote events, operations.
pub fn inputs(tick: u64) -> Inputs {
    let mut inputs = Inputs::default();
    if tick == 0 {
        for x in [0, 6, 12] {
            inputs.ops.push(Op::Spawn(body(EntityKind::Player, x, 1, 0)));
        }
        inputs.ops.push(Op::Spawn(EntitySpec {
            template: Some(Template::DUMMY),
            ..body(EntityKind::Npc, 3, 8, -12)
        }));
        return inputs;
    }
    let caster = EntityId(1 + tick % 3);
    let cost = RevisionRef {
        cooldown: (tick % 4) as u32,
        mana: (tick % 9) as u32,
        ..revision(1 + (tick / 16) as u8)
    };
    let request = CastRequest { revision: cost, ..cast(caster) };
    inputs.casts.extend(std::iter::repeat_n(request, (tick % 5) as usize));
    if tick.is_multiple_of(16) {
        let revision = revision(1 + (tick / 16) as u8);
        inputs.swaps.push(Swap { spell: spell("ember"), channel: Channel::Draft, revision });
    }
    if tick.is_multiple_of(7) {
        let (name, payload) = ("go".into(), tick.to_string());
        inputs.remotes.push(RemoteInput { spell: spell("ember"), cast: None, player: caster, name, payload });
    }
    if tick == 50 {
        inputs.ops.push(Op::ClearTerrain);
    }
    inputs
}

/// What a busy spell does: everything, picked by its random stream.
pub fn busy(world: &World, lane: &Lane, call: &Call) -> Reply {
    let mut stream = CallStream::new(call.seed);
    let mut below = |most: u64| stream.next() % most;
    if let Entry::Migrate { .. } = call.entry {
        let bytes = vec![below(256) as u8; 5];
        return if below(4) == 0 { failed() } else { ok([Command::Save { bytes }]) };
    }
    let mut commands = vec![];
    for _ in 0..below(6) {
        let (x, y, z) = (below(24) as i32 - 12, below(9) as i32 - 2, below(24) as i32 - 12);
        let at = Point::from_blocks(x, y, z);
        let living: Vec<EntityId> = world.entities().map(|entity| entity.id).collect();
        let id = living[below(living.len() as u64) as usize];
        let command = match below(14) {
            0 => Command::FillSphere {
                center: at,
                radius: Coord::from_whole(3),
                material: Material::STONE,
                mode: FillMode::Add,
            },
            1 => Command::FillSphere {
                center: at,
                radius: Coord::from_whole(4),
                material: Material::AIR,
                mode: FillMode::Subtract,
            },
            2 => Command::WatchBox {
                min: BlockPos::new(x, y, z),
                size: BlockSize::new(9, 9, 9),
                tag: 1,
                duration: 40,
            },
            3 | 4 => Command::SpawnProjectile(ProjectileSpec {
                radius: Coord::from_raw(below(60_000) as i64),
                bounces: below(3) as u8,
                gravity: Rate::from_raw(below(1 << 28) as i64),
                ..bolt(
                    at,
                    Velocity::from_raw(
                        below(1 << 33) as i64,
                        below(1 << 32) as i64,
                        -(below(1 << 33) as i64),
                    ),
                )
            }),
            5 => damage(id, below(60) as i64),
            6 => Command::Push { id, velocity: per_tick(1, 1, 0) },
            7 => Command::Teleport { id, to: at },
            8 => Command::ApplyStatus {
                id,
                status: Status::named(
                    ["burning", "frozen", "slowed", "shielded", "regenerating"][below(5) as usize],
                )
                .expect("a status"),
                duration: 1 + below(90) as u32,
            },
            9 => Command::SpawnNpc {
                template: Template::named("wolf").expect("a template"),
                position: at,
                tag: 2,
            },
            10 | 11 => Command::WakeAfter { after: below(9) as u32, tag: below(3) as u32 },
            12 => Command::Listen { name: "go".into(), duration: 30 },
            _ => Command::Save { bytes: vec![below(256) as u8; below(40) as usize] },
        };
        if world.check(lane.cast, &commands, &command).is_ok() {
            commands.push(command);
        }
    }
    let fuel = below(call.grant);
    match below(12) {
        0 => failed(),
        1 => ended(Outcome::OutOfFuel),
        2 => Reply { fuel, ..ok(commands.into_iter().chain([Command::Finish])) },
        _ => Reply { fuel, ..ok(commands) },
    }
}

fn step(world: &mut World) -> TickReport {
    let frozen = world.tick();
    let opened = world.open_tick(inputs(frozen));
    let mut results = vec![];
    for lane in &opened.lanes {
        for call in &lane.calls {
            let Reply { outcome, fuel, commands } = busy(world, lane, call);
            results.push(CallResult { id: call.id, outcome, fuel_used: fuel, commands });
        }
    }
    world.close_tick(results)
}

fn busy_world(ticks: u64) -> World {
    let mut world = flat();
    (0..ticks).for_each(|_| drop(step(&mut world)));
    world
}

const TICKS: u64 = 150;

#[test]
fn a_busy_world_is_the_same_twice_and_uses_everything() {
    let (mut a, mut b) = (flat(), flat());
    let mut seen = BTreeSet::new();
    for _ in 0..TICKS {
        let report = step(&mut a);
        assert_eq!(report, step(&mut b));
        seen.extend(
            report
                .events
                .iter()
                .map(|(_, event)| format!("{event:?}").split([' ', '(']).next().expect("a word").to_string()),
        );
        seen.extend(report.calls.iter().map(|call| call.outcome.kind().to_string()));
        seen.extend((report.waiting > 0).then(|| "waiting".to_string()));
        seen.extend(report.migrations.iter().map(|row| format!("migrated {}", row.migrated)));
        seen.extend(report.casts.iter().filter_map(|cast| cast.refused).map(|why| why.name().to_string()));
    }
    for word in [
        "EntityDied",
        "ProjectileHit",
        "Trigger",
        "applied",
        "failed",
        "waiting",
        "migrated true",
        "cooldown",
        "mana",
    ] {
        assert!(seen.contains(word), "the busy world never saw {word}: {seen:?}");
    }
}

#[test]
fn a_restored_world_goes_on_as_the_one_that_was_saved() {
    let mut world = flat();
    for tick in 0..TICKS {
        if tick % 13 == 5 {
            let mut restored = World::restore(&world.snapshot()).expect("a sound snapshot");
            assert_eq!(restored.parts(), world.parts());
            assert_eq!(restored.snapshot(), world.snapshot());
            let mut original = world.clone();
            for _ in 0..25 {
                assert_eq!(step(&mut original), step(&mut restored), "saved before tick {tick}");
            }
        }
        step(&mut world);
    }
}

#[test]
fn whatever_differs_changes_the_hash() {
    let act = |command: Option<Command>| {
        let mut world = flat();
        let [caster, _] =
            spawn(&mut world, [body(EntityKind::Player, 0, 1, 0), body(EntityKind::Npc, 9, 1, 9)]);
        let stay = Command::Listen { name: "x".into(), duration: 99 };
        act(&mut world, caster, [stay].into_iter().chain(command).collect());
        world.state_hash()
    };
    let id = EntityId(2);
    let commands = [
        Command::SetVoxel { pos: BlockPos::new(40, 3, 0), material: Material::ICE },
        Command::SetVoxel { pos: BlockPos::new(40, 4, 0), material: Material::ICE },
        Command::WatchBox {
            min: BlockPos::new(40, 3, 0),
            size: BlockSize::new(1, 1, 1),
            tag: 1,
            duration: 5,
        },
        Command::WatchBox {
            min: BlockPos::new(40, 3, 0),
            size: BlockSize::new(1, 1, 1),
            tag: 2,
            duration: 5,
        },
        Command::SpawnProjectile(bolt(Point::from_blocks(20, 20, 20), per_tick(0, 1, 0))),
        Command::SpawnProjectile(ProjectileSpec {
            lifetime: 61,
            ..bolt(Point::from_blocks(20, 20, 20), per_tick(0, 1, 0))
        }),
        damage(id, 1),
        Command::Push { id, velocity: per_tick(0, 0, 1) },
        Command::Teleport { id, to: Point::from_blocks(9, 1, 10) },
        Command::ApplyStatus { id, status: Status::SLOWED, duration: 5 },
        Command::ApplyStatus { id, status: Status::SLOWED, duration: 6 },
        Command::ApplyStatus { id, status: Status::FROZEN, duration: 6 },
        Command::SpawnNpc { template: Template::DUMMY, position: Point::from_blocks(3, 1, 3), tag: 0 },
        Command::SpawnNpc { template: Template::DUMMY, position: Point::from_blocks(3, 1, 3), tag: 1 },
        Command::Despawn { id },
        Command::WakeAfter { after: 5, tag: 0 },
        Command::WakeAfter { after: 5, tag: 1 },
        Command::WakeAfter { after: 6, tag: 1 },
        Command::Listen { name: "y".into(), duration: 5 },
        Command::Save { bytes: vec![0] },
        Command::Save { bytes: vec![1] },
        Command::Finish,
    ];
    let mut hashes = BTreeSet::from([act(None)]);
    for command in &commands {
        assert!(hashes.insert(act(Some(command.clone()))), "{command:?} leaves the hash as it was");
    }
    let silent = Command::PlaySound { asset: "a".into(), at: Point::default() };
    assert!(!hashes.insert(act(Some(silent))), "what is only heard is not part of the state");
    let other = World::new(WorldConfig { terrain: Terrain::Flat, seed: 8 });
    assert_ne!(other.state_hash(), flat().state_hash());
}

#[test]
fn bytes_that_are_no_snapshot_are_refused() {
    let bytes = busy_world(40).snapshot();
    assert_eq!(World::restore(b"").err(), Some(SnapshotError::NotASnapshot));
    assert_eq!(
        World::restore(&[&bytes[..10], &[9]].concat()).err(),
        Some(SnapshotError::UnknownVersion { version: 9 })
    );
    assert_eq!(World::restore(&[&bytes[..], &[0]].concat()).err(), Some(SnapshotError::Malformed));
    for length in 0..bytes.len().min(2_000) {
        assert!(World::restore(&bytes[..length]).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn flipped_bytes_are_refused_and_never_panic(flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..=255), 1..4)) {
        static BYTES: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let good = BYTES.get_or_init(|| busy_world(60).snapshot());
        let mut bytes = good.clone();
        for (at, flip) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        }
        if bytes != *good {
            prop_assert!(World::restore(&bytes).is_err());
        }
    }
}
