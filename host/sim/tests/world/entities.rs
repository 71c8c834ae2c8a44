//! Bodies, health, statuses, death, queries.

use crate::harness::*;
use spellhost_sim::*;

fn afflict(id: EntityId, status: Status, duration: u32) -> Command {
    Command::ApplyStatus { id, status, duration }
}

fn place(world: &World, id: EntityId) -> Point {
    world.entity(id).expect("it is there").position
}

#[test]
fn a_body_falls_to_the_ground_and_rests() {
    let mut world = flat();
    let [npc] = spawn(&mut world, [body(EntityKind::Npc, 3, 30, 3)]);
    idle(&mut world, 120);
    assert_eq!(
        (place(&world, npc), world.entity(npc).expect("alive").velocity),
        (Point::from_blocks(3, 1, 3), Velocity::ZERO)
    );
    let before = world.parts();
    idle(&mut world, 1);
    let changed: Vec<&str> =
        world.parts().iter().zip(before).filter(|(a, b)| *a != b).map(|(a, _)| a.0).collect();
    assert_eq!(changed, ["world"], "a quiet tick changes only its number");
}

#[test]
fn digging_wakes_who_stood_there() {
    let mut world = flat();
    let caster = player(&mut world);
    let [npc] = spawn(&mut world, [body(EntityKind::Npc, 8, 1, 8)]);
    idle(&mut world, 5);
    let center = Point::from_blocks(8, -1, 8);
    act(
        &mut world,
        caster,
        vec![Command::FillSphere {
            center,
            radius: Coord::from_whole(6),
            material: Material::AIR,
            mode: FillMode::Subtract,
        }],
    );
    idle(&mut world, 120);
    assert!(place(&world, npc).y < Coord::from_whole(-3));
}

#[test]
fn walls_hold_what_is_pushed() {
    let mut world = flat();
    let caster = player(&mut world);
    let [npc] = spawn(&mut world, [body(EntityKind::Npc, 4, 1, 20)]);
    let wall = Command::FillBox {
        min: BlockPos::new(30, 0, 10),
        size: BlockSize::new(1, 10, 20),
        material: Material::STONE,
        mode: FillMode::Add,
    };
    act(&mut world, caster, vec![wall]);
    act(&mut world, caster, vec![Command::Push { id: npc, velocity: per_tick(64, 0, 0) }]);
    assert_eq!(place(&world, npc), Point::from_blocks(29, 1, 20), "at 64 blocks a tick too");
}

#[test]
fn what_is_fixed_stays_and_what_is_frozen_waits() {
    let mut world = flat();
    let caster = player(&mut world);
    let totem = EntitySpec { template: Template::named("totem"), ..body(EntityKind::Npc, 4, 9, 20) };
    let [totem, npc] = spawn(&mut world, [totem, body(EntityKind::Npc, 4, 1, 30)]);
    let push = |id| Command::Push { id, velocity: per_tick(1, 0, 0) };
    act(&mut world, caster, vec![push(totem), afflict(npc, Status::FROZEN, 10), push(npc)]);
    idle(&mut world, 20);
    assert_eq!(place(&world, totem), Point::from_blocks(4, 9, 20));
    assert_eq!(place(&world, npc), Point::from_blocks(4, 1, 30));
    act(&mut world, caster, vec![push(npc)]);
    let free = place(&world, npc).x.raw() - (4 << 16);
    idle(&mut world, 100);
    let start = place(&world, npc);
    act(&mut world, caster, vec![afflict(npc, Status::SLOWED, 10), push(npc)]);
    assert_eq!((free, place(&world, npc).x.raw() - start.x.raw()), (1 << 16, 1 << 15));
}

#[test]
fn statuses_take_and_give_exact_parts() {
    let mut world = flat();
    let caster = player(&mut world);
    let [a, b] = spawn(&mut world, [body(EntityKind::Npc, 4, 1, 20), body(EntityKind::Npc, 4, 1, 30)]);
    act(
        &mut world,
        caster,
        vec![
            afflict(a, Status::BURNING, 120),
            afflict(b, Status::BURNING, 120),
            afflict(b, Status::SHIELDED, 600),
        ],
    );
    idle(&mut world, 200);
    assert_eq!((health(&world, a), health(&world, b)), (90, 95));
    assert_eq!(world.entity(a).expect("alive").statuses, []);
    act(&mut world, caster, vec![afflict(a, Status::REGENERATING, 60), damage(b, 20)]);
    idle(&mut world, 100);
    assert_eq!((health(&world, a), health(&world, b)), (95, 85));
    let both = [afflict(a, Status::REGENERATING, 60), afflict(a, Status::REGENERATING, 6)];
    act(&mut world, caster, both.to_vec());
    idle(&mut world, 100);
    assert_eq!(health(&world, a), 100, "the longer duration stays");
}

#[test]
fn a_dead_creature_is_gone_at_once_and_both_casts_hear_of_it() {
    let mut world = flat();
    let [a, b] = spawn(&mut world, [body(EntityKind::Player, 0, 1, 0), body(EntityKind::Player, 5, 1, 0)]);
    let listen = Command::Listen { name: "x".into(), duration: 100 };
    let npc = Command::SpawnNpc { template: Template::DUMMY, position: Point::from_blocks(9, 1, 9), tag: 0 };
    let dummy = act(&mut world, a, vec![npc, listen.clone()]).calls[0].spawned[0];
    let report = play(&mut world, casts([cast(b), cast(a)]), |_, _| ok([listen.clone(), damage(dummy, 100)]));
    assert_eq!(report.calls[1].outcome, Outcome::Applied { skipped: 1 });
    assert_eq!(report.calls[1].effects, [listen]);
    assert_eq!(report.deaths, [(dummy, Some(b))]);
    let died = Event::EntityDied { entity: dummy, killer: Some(b) };
    assert_eq!(report.events, [(CastId(1), died.clone()), (CastId(2), died)]);
    assert_eq!(world.entity(dummy), None);
}

#[test]
fn a_player_comes_back_after_its_time() {
    let mut world = flat();
    let caster = player(&mut world);
    let to = Point::from_blocks(50, 1, 50);
    let report = act(
        &mut world,
        caster,
        vec![
            Command::Teleport { id: caster, to },
            afflict(caster, Status::BURNING, 600),
            damage(caster, 100),
        ],
    );
    assert_eq!(report.deaths, [(caster, Some(caster))]);
    assert_eq!((health(&world, caster), place(&world, caster)), (0, to));
    let heal = Command::Heal { id: caster, points: Points::from_whole(50) };
    let [other] = spawn(&mut world, [body(EntityKind::Player, 0, 1, 9)]);
    let report = act(&mut world, other, vec![heal]);
    assert_eq!(report.calls[0].outcome, Outcome::Applied { skipped: 1 }, "the dead are not healed");
    idle(&mut world, 176);
    assert_eq!(health(&world, caster), 0);
    idle(&mut world, 1);
    assert_eq!((health(&world, caster), place(&world, caster)), (100, Point::from_blocks(0, 1, 0)));
    idle(&mut world, 60);
    assert_eq!(health(&world, caster), 100, "the fire went out");
}

#[test]
fn the_fire_is_to_blame() {
    let mut world = flat();
    let caster = player(&mut world);
    let [npc] = spawn(&mut world, [body(EntityKind::Npc, 4, 1, 20)]);
    act(&mut world, caster, vec![damage(npc, 99), afflict(npc, Status::BURNING, 60)]);
    let deaths: Vec<_> = idle(&mut world, 20).into_iter().flat_map(|report| report.deaths).collect();
    assert_eq!(deaths, [(npc, Some(caster))]);
}

#[test]
fn who_falls_out_of_the_world_dies() {
    let mut world = World::new(WorldConfig { terrain: Terrain::Empty, seed: 0 });
    let [npc, _] =
        spawn(&mut world, [body(EntityKind::Npc, 0, -1_000, 0), body(EntityKind::Player, 0, -1_000, 0)]);
    let deaths: Vec<_> = idle(&mut world, 120).into_iter().flat_map(|report| report.deaths).collect();
    assert_eq!((deaths.len(), deaths[0]), (2, (npc, None)));
    assert_eq!(world.entities().count(), 1);
}

#[test]
fn queries_answer_in_a_fixed_order() {
    let mut world = flat();
    let specs = [(9, 0), (3, 0), (-3, 0), (0, 40), (0, 3)].map(|(x, z)| body(EntityKind::Npc, x, 1, z));
    let [far, east, west, out, south] = spawn(&mut world, specs);
    let ids = |found: Vec<EntityInfo>| found.into_iter().map(|entity| entity.id).collect::<Vec<_>>();
    let center = Point::from_blocks(0, 1, 0);
    assert_eq!(
        ids(world.entities_in_radius(center, Coord::from_whole(9), None).answer),
        [east, west, south, far]
    );
    assert_eq!(
        ids(world.entities_in_radius(center, Coord::from_whole(9), Some(EntityKind::Item)).answer),
        []
    );
    assert_eq!(ids(world.entities_by_kind(EntityKind::Npc, 2)), [far, east]);
    assert_eq!(ids(world.entities_by_kind(EntityKind::Npc, 256)), [far, east, west, out, south]);
}

#[test]
fn rays_meet_bodies_and_voxels_but_not_the_body_they_start_in() {
    let mut world = flat();
    let [a, b] = spawn(&mut world, [body(EntityKind::Player, 0, 1, 0), body(EntityKind::Npc, 0, 1, -20)]);
    let (eye, look) = world.eye(a).expect("it is there");
    let above = world.raycast(eye, look, Coord::from_whole(64)).answer.expect("a body");
    assert_eq!(
        (above.entity, above.normal),
        (Some(b), BlockPos::new(0, 1, 0)),
        "away from its centre, mostly up"
    );
    let hit = world.raycast(place(&world, a), look, Coord::from_whole(64)).answer.expect("a body");
    assert_eq!((hit.entity, hit.normal, hit.material), (Some(b), BlockPos::new(0, 0, 1), Material::AIR));
    assert!(world.raycast(eye, look, Coord::from_whole(15)).answer.is_none());
    let ground = world.raycast(eye, Direction::DOWN, Coord::from_whole(64)).answer.expect("the ground");
    assert_eq!((ground.entity, ground.block), (None, BlockPos::new(0, -1, 0)));
    assert!(world.line_of_sight(place(&world, a), place(&world, b)));
    assert!(!world.line_of_sight(place(&world, a), Point::from_blocks(0, -9, 0)));
    let opened = world.open_tick(casts([cast(a)]));
    assert_eq!(opened.lanes[0].context.target_entity, Some(b));
    assert_eq!(opened.lanes[0].context.target_position, above.position);
}

#[test]
fn impossible_operations_are_passed_over_and_use_up_their_ids() {
    let mut world = flat();
    let good = body(EntityKind::Npc, 0, 1, 0);
    let bad = [
        EntitySpec { position: Point::from_raw(i64::MAX, 0, 0), ..good },
        EntitySpec { radius: Coord::from_whole(1 << 40), ..good },
        EntitySpec { health: Points::from_whole(101), ..good },
        EntitySpec { kind: EntityKind::Projectile, ..good },
    ];
    let mut ops: Vec<Op> = bad.into_iter().chain([good]).map(Op::Spawn).collect();
    let center = Point::from_raw(i64::MIN, i64::MAX, 0);
    ops.push(Op::FillSphere {
        center,
        radius: Coord::from_raw(i64::MAX),
        material: Material::ICE,
        mode: FillMode::Add,
    });
    let (min, size) = (BlockPos::new(i32::MAX, i32::MIN, 0), BlockSize::new(u32::MAX, u32::MAX, 1));
    ops.push(Op::FillBox { min, size, material: Material::ICE, mode: FillMode::Add });
    ops.push(Op::Despawn(EntityId(u64::MAX)));
    let report = play(&mut world, Inputs { ops, ..Inputs::default() }, |_, _| ok([]));
    assert_eq!(world.entities().map(|entity| entity.id).collect::<Vec<_>>(), [EntityId(5)]);
    assert_eq!(report.chunks, []);
}
