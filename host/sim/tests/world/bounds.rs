//! What spells may not make large: terrain, projectiles, creatures, watches, queues.

use crate::harness::*;
use spellhost_sim::limits::*;
use spellhost_sim::*;

fn hover(tag: u32) -> Command {
    let position = Point::from_blocks(0, 200 + tag as i32 % 60, 0);
    Command::SpawnProjectile(ProjectileSpec { tag, lifetime: 3_600, ..bolt(position, Velocity::ZERO) })
}

fn dummy(x: i32) -> Command {
    Command::SpawnNpc { template: Template::DUMMY, position: Point::from_blocks(x, 1, 40), tag: 0 }
}

fn voxel(x: i32) -> Command {
    Command::SetVoxel { pos: BlockPos::new(32 * x, 40, 0), material: Material::ICE }
}

fn skipped(report: &TickReport) -> Vec<u32> {
    let skipped = |call: &CallReport| match call.outcome {
        Outcome::Applied { skipped } => skipped,
        _ => panic!("{:?}", call.outcome),
    };
    report.calls.iter().map(skipped).collect()
}

fn light(caster: EntityId) -> CastRequest {
    CastRequest { revision: RevisionRef { grant: 10_000, ..revision(1) }, ..cast(caster) }
}

#[test]
fn projectiles_of_a_spell_and_of_a_world_are_counted() {
    let mut world = flat();
    let caster = player(&mut world);
    let volley: Vec<Command> = (0..63).map(hover).collect();
    let again = |first: bool| {
        volley
            .iter()
            .cloned()
            .chain(first.then_some(Command::WakeAfter { after: 1, tag: 0 }))
            .collect::<Vec<_>>()
    };
    let mut lost = Vec::new();
    play(&mut world, casts([light(caster)]), |_, _| ok(again(true)));
    for _ in 0..5 {
        lost.extend(skipped(&play(&mut world, Inputs::default(), |_, _| ok(again(true)))));
    }
    assert_eq!(lost, [0, 0, 0, 59, 63], "256 of one spell");
    let many = (0..40).map(|_| light(caster));
    let report = play(&mut world, casts(many), |_, _| ok(again(false)));
    assert_eq!(world.entities().filter(|seen| seen.kind == EntityKind::Projectile).count(), PROJECTILES_MAX);
    let spawned: usize = report.calls.iter().map(|call| call.spawned.len()).sum();
    assert_eq!(spawned, PROJECTILES_MAX - PROJECTILES_PER_SPELL_MAX);
    let restored = World::restore(&world.snapshot()).expect("a full world is sound");
    assert_eq!(restored.parts(), world.parts());
}

#[test]
fn creatures_of_a_caster_and_of_a_world_are_counted() {
    let mut world = flat();
    let players = spawn(&mut world, [body(EntityKind::Player, 0, 1, 0); 17]);
    let crowd: Vec<Command> = (0..63).map(dummy).collect();
    let report = play(&mut world, casts(players.iter().flat_map(|id| [light(*id), light(*id)])), |_, _| {
        ok(crowd.clone())
    });
    let lost = skipped(&report);
    assert_eq!(lost[..4], [0, 62, 0, 62], "64 of one caster");
    assert_eq!(lost[30..], [0, 62, 63, 63], "1,024 of a world");
    let first = report.calls[0].spawned[0];
    act(&mut world, players[16], vec![Command::Despawn { id: first }]);
    let report = act(&mut world, players[16], vec![dummy(0), dummy(1)]);
    assert_eq!(skipped(&report), [1], "who is gone makes room");
    let [item] = spawn(&mut world, [body(EntityKind::Npc, 90, 1, 90)]);
    assert!(world.entity(item).is_some(), "an operation is not a spell");
    let mut restored = World::restore(&world.snapshot()).expect("a full world is sound");
    assert_eq!(skipped(&act(&mut restored, players[0], vec![dummy(0), dummy(1)])), [2]);
}

#[test]
fn a_player_joins_whatever_fills_the_world() {
    let mut world = flat();
    let item =
        EntitySpec { health: Points::ZERO, health_max: Points::ZERO, ..body(EntityKind::Item, 0, 1, 0) };
    let ops = vec![Op::Spawn(item); ENTITIES_MAX + 10];
    play(&mut world, Inputs { ops, ..Inputs::default() }, |_, _| ok([]));
    assert_eq!(world.entities().count(), ENTITIES_MAX - PLAYER_PLACES);
    let caster = player(&mut world);
    assert_eq!(skipped(&act(&mut world, caster, vec![hover(0), dummy(0)])), [2]);
}

#[test]
fn edits_of_a_tick_touch_so_many_chunks_and_no_more() {
    let mut world = flat();
    let caster = player(&mut world);
    let many = (0..9).map(|_| light(caster));
    let mut at = 0;
    let report = play(&mut world, casts(many), |_, _| {
        at += 32;
        ok((at - 32..at).map(voxel).chain([voxel(0)]))
    });
    assert_eq!(skipped(&report), [0, 0, 0, 0, 0, 0, 0, 0, 32], "a chunk of the tick is edited again");
    assert_eq!(report.chunks.len(), EDITED_CHUNKS_PER_TICK);
    assert_eq!(skipped(&act(&mut world, caster, vec![voxel(300)])), [0], "the next tick counts anew");
}

#[test]
fn a_world_holds_so_many_changed_chunks_and_no_more() {
    let mut world = flat();
    let caster = player(&mut world);
    // 64 chunks each, all but a few of what a world may hold.
    let ops = (0..256).map(|at| {
        let min = BlockPos::new(256 * (at % 16) - 2_048, 64, 256 * (at / 16) - 2_048);
        Op::FillBox { min, size: BlockSize::new(256, 1, 256), material: Material::ICE, mode: FillMode::Add }
    });
    play(&mut world, Inputs { ops: ops.take(255).collect(), ..Inputs::default() }, |_, _| ok([]));
    assert_eq!(world.voxels().changed(), CHANGED_CHUNKS_MAX - 64);
    let wide = |x: i32| Command::FillBox {
        min: BlockPos::new(x, 500, 0),
        size: BlockSize::new(256, 1, 128),
        material: Material::ICE,
        mode: FillMode::Add,
    };
    act(&mut world, caster, vec![wide(0)]);
    // Both are acceptable in the opened world; the second finds it full.
    let report = play(&mut world, casts([light(caster), light(caster)]), |lane, _| {
        ok([if lane.cast.0 == 2 { wide(256) } else { wide(512) }])
    });
    assert_eq!(world.voxels().changed(), CHANGED_CHUNKS_MAX);
    assert_eq!(report.calls[1].voxels, [], "nothing is left to change");
    let invalid = world.check(CastId(9), &[], &voxel(1_000)).expect_err("the world is full");
    assert_eq!((invalid.field, invalid.message.contains("16384")), ("pos", true), "{}", invalid.message);
    let again = Command::SetVoxel { pos: BlockPos::new(0, 500, 0), material: Material::ASH };
    assert_eq!(world.check(CastId(9), &[], &again), Ok(()), "what is changed may be changed again");
}

#[test]
fn a_watch_notices_so_many_bodies_and_the_rest_when_there_is_room() {
    let mut world = flat();
    let caster = player(&mut world);
    let ops = vec![Op::Spawn(body(EntityKind::Npc, 40, 1, 40)); WATCHED_BODIES_MAX + 2];
    play(&mut world, Inputs { ops, ..Inputs::default() }, |_, _| ok([]));
    let watch = Command::WatchBox {
        min: BlockPos::new(30, 0, 30),
        size: BlockSize::new(20, 20, 20),
        tag: 3,
        duration: 600,
    };
    act(&mut world, caster, vec![watch.clone()]);
    let ids: Vec<EntityId> =
        world.entities_by_kind(EntityKind::Npc, 256).iter().map(|seen| seen.id).collect();
    let crossed = |report: &TickReport| {
        let crossed = report.events.iter().map(|(_, event)| match event {
            Event::Trigger { entity, entered, .. } => (*entity, *entered),
            other => panic!("{other:?}"),
        });
        crossed.collect::<Vec<_>>()
    };
    let late = EntityId(ids[255].0 + 1);
    let push = |id, x| Command::Push { id, velocity: per_tick(x, 0, 0) };
    assert_eq!(crossed(&act(&mut world, caster, vec![push(late, 1)])), [], "it was never noticed");
    let report =
        act(&mut world, caster, vec![Command::Teleport { id: ids[0], to: Point::from_blocks(0, 1, 0) }]);
    assert_eq!(crossed(&report)[0], (ids[0], false));
    let restored = World::restore(&world.snapshot()).expect("a watching world is sound");
    assert_eq!(restored.parts(), world.parts());
}

#[test]
fn a_world_watches_so_many_boxes_and_no_more() {
    let mut world = flat();
    let caster = player(&mut world);
    let watch = Command::WatchBox {
        min: BlockPos::new(30, 0, 30),
        size: BlockSize::new(2, 2, 2),
        tag: 3,
        duration: 9,
    };
    let watches = vec![watch; WATCHES_MAX];
    let many = WATCHES_PER_WORLD / WATCHES_MAX + 1;
    let report = play(&mut world, casts((0..many).map(|_| light(caster))), |_, _| ok(watches.clone()));
    let lost = skipped(&report);
    assert_eq!((lost[0], lost[many - 2], lost[many - 1]), (0, 0, WATCHES_MAX as u32));
    idle(&mut world, 10);
    assert_eq!(skipped(&act(&mut world, caster, watches)), [0], "what has expired makes room");
}

#[test]
fn ended_spells_leave_no_call_and_no_event() {
    let mut world = flat();
    let caster = player(&mut world);
    let down = |tag| {
        Command::SpawnProjectile(ProjectileSpec {
            tag,
            ..bolt(Point::from_blocks(9, 2, 9), per_tick(0, -4, 0))
        })
    };
    let wakes = |_: &Lane, call: &Call| match call.entry {
        Entry::Cast => ok([down(1), Command::WakeAfter { after: 2, tag: 0 }]),
        _ => ok([Command::Finish]),
    };
    play(&mut world, casts((0..40).map(|_| light(caster))), wakes);
    let ended: usize = (0..3).map(|_| play(&mut world, Inputs::default(), wakes).ended.len()).sum();
    assert_eq!((ended, world.active_spells().count()), (40, 0));
    let quiet = play(&mut world, Inputs::default(), wakes);
    assert_eq!((quiet.calls.len(), quiet.waiting, quiet.events.len()), (0, 0, 0));
    World::restore(&world.snapshot()).expect("no queue names a spell that is gone");
}

#[test]
fn rays_and_aims_pass_projectiles_and_the_dead() {
    let mut world = flat();
    let [a, dead, far] = spawn(
        &mut world,
        [0, -6, -20].map(|z| body(if z == -20 { EntityKind::Npc } else { EntityKind::Player }, 0, 1, z)),
    );
    let spark = bolt(Point::from_blocks(0, 1, -12), Velocity::ZERO);
    act(&mut world, a, vec![damage(dead, 100), Command::SpawnProjectile(spark)]);
    let from = world.entity(a).expect("alive").position;
    let met = world.raycast(from, Direction::FORWARD, Coord::from_whole(64));
    assert_eq!(met.answer.and_then(|hit| hit.entity), Some(far));
    assert!(met.entities >= 4, "they were looked at all the same: {}", met.entities);
    let opened = world.open_tick(casts([cast(a)]));
    assert_eq!(opened.lanes[0].context.target_entity, Some(far));
}

#[test]
fn what_a_query_looks_at_depends_on_what_is_where_and_on_nothing_else() {
    let build = |order: &[i32]| {
        let mut world = flat();
        let ops = order.iter().map(|x| Op::Spawn(body(EntityKind::Npc, *x, 1, 0))).collect();
        play(&mut world, Inputs { ops, ..Inputs::default() }, |_, _| ok([]));
        let seen = world.entities_in_radius(Point::from_blocks(4, 1, 0), Coord::from_whole(3), None);
        let ray = world.raycast(Point::from_blocks(-9, 1, 0), Direction::FORWARD, Coord::from_whole(64));
        (seen.entities, seen.answer.len(), ray.entities)
    };
    let (looked, found, on_the_way) = build(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 200]);
    assert_eq!((looked, found), (9, 7), "all of the cell, not those far away");
    assert_eq!(build(&[9, 200, 1, 8, 2, 7, 3, 6, 4, 5]), (looked, found, on_the_way));
    let crowd = build(&[4; 500]);
    assert_eq!((crowd.0, crowd.1), (500, 256));
}
