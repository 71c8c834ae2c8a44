//! Every import is called once and does what the contract says.

use expect_test::expect;
use spellhost_runtime::Codegen;
use spellhost_runtime::prices::{CHUNK, LOOK, PLACING, WATCH_BOX};
use spellhost_sim::limits::EDITED_CHUNKS_MAX;
use spellhost_sim::{
    Command, Coord, Direction, EntityId, EntityKind, EntitySpec, FillMode, Inputs, LimitKind, Material, Op,
    Outcome, Point, Points,
};

use crate::arena::{Arena, applied, cast, load, outcome};
use crate::guest::{Field, Guest, SCRATCH, amount, bytes, projectile, sphere, voxel};

/// The tests' player.
const PLAYER: u64 = 1;

/// Calls `instructions` and fails with the message "no" unless they leave 1.
fn expect_true(guest: Guest, instructions: &str) -> Guest {
    guest.cast(&format!("(if (i32.eqz {instructions}) (then unreachable))"))
}

#[test]
fn scene_answers() {
    let guest = Guest::new().import("scene.tick");
    let guest = expect_true(guest, "(i64.eq (call $scene.tick) (i64.const 1))");
    assert_eq!(outcome(&guest), applied());

    let guest = Guest::new().import("scene.get-voxel");
    let get = |y: i32| format!("(call $scene.get-voxel (i32.const 3) (i32.const {y}) (i32.const 3))");
    let guest = expect_true(guest, &format!("(i32.eqz {})", get(0)));
    let guest = expect_true(guest, &format!("(i32.ne {} (i32.const 0))", get(-1)));
    assert_eq!(outcome(&guest), applied());

    let region = "(call $scene.get-voxels (i32.const 0) (i32.const -1) (i32.const 0)
        (i32.const 2) (i32.const 2) (i32.const 2) (i32.const 4096))";
    let guest = Guest::new().import("scene.get-voxels").cast(region);
    let guest = expect_true(guest, "(i32.eq (i32.load offset=4 (i32.const 4096)) (i32.const 8))");
    let guest = expect_true(guest, "(i32.ne (i32.load16_u (i32.load (i32.const 4096))) (i32.const 0))");
    let guest = expect_true(guest, "(i32.eqz (i32.load16_u offset=8 (i32.load (i32.const 4096))))");
    assert_eq!(outcome(&guest), applied());
}

#[test]
fn scene_casts_rays() {
    let down = "(call $scene.raycast (f64.const 5.5) (f64.const 4) (f64.const 5.5)
        (f64.const 0) (f64.const -3) (f64.const 0) (f64.const 64) (i32.const 4096))";
    let guest = Guest::new().import("scene.raycast").cast(down);
    let guest = expect_true(guest, "(i32.load8_u (i32.const 4096))");
    // The block under the surface, four blocks below the origin.
    let guest = expect_true(guest, "(i32.eq (i32.load offset=12 (i32.const 4096)) (i32.const -1))");
    let guest = expect_true(guest, "(f64.eq (f64.load offset=64 (i32.const 4096)) (f64.const 4))");
    assert_eq!(outcome(&guest), applied());

    let ray: Vec<_> = [5.5, 4.0, 5.5, 0.0, 1e-300, 0.0, 64.0].map(Field::F64).into();
    let guest = Guest::new()
        .import("scene.raycasts")
        .data(SCRATCH, &bytes(&ray))
        .cast("(call $scene.raycasts (i32.const 4096) (i32.const 1) (i32.const 4000))");
    let guest = expect_true(guest, "(i32.eq (i32.load offset=4 (i32.const 4000)) (i32.const 1))");
    let guest = expect_true(guest, "(i32.eqz (i32.load8_u (i32.load (i32.const 4000))))");
    assert_eq!(outcome(&guest), applied());

    let sight = |y: f64| {
        format!(
            "(call $scene.line-of-sight (f64.const 5) (f64.const 4) (f64.const 5)
             (f64.const 9) (f64.const {y}) (f64.const 9))"
        )
    };
    let guest = Guest::new().import("scene.line-of-sight");
    let guest = expect_true(guest, &sight(4.0));
    let guest = expect_true(guest, &format!("(i32.eqz {})", sight(-4.0)));
    assert_eq!(outcome(&guest), applied());
}

#[test]
fn scene_finds_entities_and_materials() {
    let guest = Guest::new()
        .import("scene.entity")
        .cast("(call $scene.entity (i64.load offset=16 (local.get $ctx)) (i32.const 4096))");
    let guest = expect_true(guest, "(i32.load8_u (i32.const 4096))");
    let guest = expect_true(guest, "(f64.eq (f64.load offset=96 (i32.const 4096)) (f64.const 100))");
    assert_eq!(outcome(&guest), applied());

    let guest = Guest::new().import("scene.entities-in-radius").cast(
        "(call $scene.entities-in-radius (f64.const 0) (f64.const 0) (f64.const 0) (f64.const 8)
         (i32.const 1) (i32.const 0) (i32.const 4096))",
    );
    let guest = expect_true(guest, "(i32.eq (i32.load offset=4 (i32.const 4096)) (i32.const 1))");
    assert_eq!(outcome(&guest), applied());

    let guest = Guest::new()
        .import("scene.entities-by-kind")
        .cast("(call $scene.entities-by-kind (i32.const 2) (i32.const 256) (i32.const 4096))");
    let guest = expect_true(guest, "(i32.eqz (i32.load offset=4 (i32.const 4096)))");
    assert_eq!(outcome(&guest), applied());

    let guest = Guest::new()
        .import("scene.material-named")
        .data(SCRATCH, "lava")
        .cast("(call $scene.material-named (i32.const 4096) (i32.const 4) (i32.const 4000))");
    let guest = expect_true(guest, "(i32.eq (i32.load16_u offset=2 (i32.const 4000)) (i32.const 9))");
    assert_eq!(outcome(&guest), applied());
}

#[test]
fn terrain_changes() {
    let ops = [voxel([4, -1, 4], 9), sphere([8.0, 0.0, 8.0], 2.5, 1, 1)].concat();
    let guest = Guest::new()
        .import("terrain.apply")
        .import("terrain.watch-box")
        .data(SCRATCH, &bytes(&ops))
        .cast("(call $terrain.apply (i32.const 4096) (i32.const 2))")
        .cast(
            "(call $terrain.watch-box (i32.const 0) (i32.const 0) (i32.const 0)
             (i32.const 4) (i32.const 4) (i32.const 4) (i32.const 11) (i32.const 60))",
        );
    let cast = cast(&guest);
    assert_eq!(cast.call.outcome, applied());
    assert_eq!(
        cast.call.effects[1],
        Command::FillSphere {
            center: Point::from_blocks(8, 0, 8),
            radius: Coord::from_raw(5 << 15),
            material: Material::STONE,
            mode: FillMode::Subtract,
        }
    );
    assert!(matches!(cast.call.effects[2], Command::WatchBox { tag: 11, duration: 60, .. }));
    assert!(!cast.call.voxels.is_empty());
}

#[test]
fn projectiles_get_the_promised_ids() {
    let spec = projectile([0.0, 3.0, 0.0], [60.0, 0.0, 0.0], 20, 5);
    let guest = Guest::new()
        .import("projectiles.spawn")
        .data(SCRATCH, &bytes(&spec))
        .cast("(call $projectiles.spawn (i32.const 4096) (i32.const 1))")
        .import("log.log")
        .on_event("(call $log.log (i32.const 2) (i32.const 2048) (i32.const 4))");
    let mut cast = cast(&guest);
    assert_eq!(cast.call.outcome, applied());
    let Command::SpawnProjectile(spec) = &cast.call.effects[0] else { panic!("{:?}", cast.call.effects) };
    assert_eq!(spec.velocity.x.raw(), 1 << 32, "60 blocks a second are one a tick");
    let events: Vec<_> = cast.arena.idle(40).into_iter().flat_map(|tick| tick.notes).collect();
    assert_eq!(events.len(), 1, "its end is one event");
    assert_eq!(events[0].log[0].message, "Test");
}

#[test]
fn entities_are_touched() {
    let mut ops = amount(0, PLAYER, 12.5);
    ops.extend(amount(1, PLAYER, 2.5));
    let guest = Guest::new()
        .import("entities.apply")
        .data(SCRATCH, &bytes(&ops))
        .cast("(call $entities.apply (i32.const 4096) (i32.const 2))");
    let cast = cast(&guest);
    assert_eq!(cast.call.outcome, applied());
    let player = cast.arena.world.entity(EntityId(PLAYER)).expect("the player");
    assert_eq!(player.health.raw(), 90 << 16);

    let mut status = vec![Field::U8(4), Field::Pad(7), Field::U64(PLAYER), Field::U32(5000), Field::U32(6)];
    status.extend([Field::U32(60), Field::Pad(20)]);
    let npc =
        [Field::U8(5), Field::Pad(7), Field::U32(5010), Field::U32(4), Field::F64(3.0), Field::F64(2.0)];
    status.extend(npc);
    status.extend([Field::F64(3.0), Field::U32(1), Field::Pad(4)]);
    let guest = Guest::new()
        .import("entities.apply")
        .data(SCRATCH, &bytes(&status))
        .data(5000, "frozen    wolf")
        .cast("(call $entities.apply (i32.const 4096) (i32.const 2))");
    assert_eq!(outcome(&guest), applied());
}

#[test]
fn presentation_shows() {
    let mut ops =
        vec![Field::U8(0), Field::Pad(7), Field::U32(5000), Field::U32(5), Field::F64(1.0), Field::F64(2.0)];
    ops.extend([Field::F64(3.0), Field::U32(6000), Field::U32(1)]);
    ops.extend([
        Field::U8(2),
        Field::Pad(7),
        Field::U64(PLAYER),
        Field::U32(5000),
        Field::U32(5),
        Field::Pad(24),
    ]);
    let param =
        [Field::U32(5000), Field::U32(2), Field::U8(2), Field::Pad(7), Field::F64(0.5), Field::Pad(16)];
    let guest = Guest::new()
        .import("presentation.show")
        .data(SCRATCH, &bytes(&ops))
        .data(5000, "spark")
        .data(6000, &bytes(&param))
        .cast("(call $presentation.show (i32.const 4096) (i32.const 2))");
    let cast = cast(&guest);
    assert_eq!(cast.call.outcome, applied());
    let Command::PlayVfx { asset, params, .. } = &cast.call.effects[0] else {
        panic!("{:?}", cast.call.effects)
    };
    assert_eq!((asset.as_str(), params[0].name.as_str()), ("spark", "sp"));
    let Command::Message { text, .. } = &cast.call.effects[1] else { panic!("{:?}", cast.call.effects) };
    assert_eq!(text, "spark");
}

#[test]
fn timers_wake_and_state_lasts() {
    let guest = Guest::new()
        .import("timers.wake-after")
        .import("timers.cancel")
        .import("state.load")
        .import("state.save")
        .import("state.finish")
        .cast("(call $timers.wake-after (i32.const 2) (i32.const 1))")
        .cast("(call $timers.wake-after (i32.const 3) (i32.const 2)) (call $timers.cancel (i32.const 2))")
        .cast("(call $state.save (i32.const 2048) (i32.const 4))")
        // A save is seen by a later load of the same call.
        .cast("(call $state.load (i32.const 4096))")
        .cast("(if (i32.ne (i32.load offset=4 (i32.const 4096)) (i32.const 4)) (then unreachable))")
        .on_event("(call $state.load (i32.const 4096))")
        .on_event("(if (i32.ne (i32.load offset=4 (i32.const 4096)) (i32.const 4)) (then unreachable))")
        .on_event("(call $state.finish)");
    let mut cast = cast(&guest);
    assert_eq!(cast.call.outcome, applied());
    let ticks = cast.arena.idle(6);
    let calls: Vec<_> = ticks.iter().flat_map(|tick| &tick.report.calls).collect();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].outcome, applied());
    assert_eq!(cast.arena.world.active_spells().count(), 0);
}

#[test]
fn remote_events_are_sent() {
    let mut ops =
        vec![Field::U8(0), Field::Pad(7), Field::U32(5000), Field::U32(2), Field::U32(5002), Field::U32(3)];
    ops.push(Field::Pad(8));
    ops.extend([Field::U8(1), Field::Pad(7), Field::U64(PLAYER), Field::U32(5000), Field::U32(2)]);
    ops.extend([Field::U32(5002), Field::U32(3)]);
    let guest = Guest::new()
        .import("remote-events.emit")
        .import("remote-events.listen")
        .data(SCRATCH, &bytes(&ops))
        .data(5000, "hi{1}")
        .cast("(call $remote-events.emit (i32.const 4096) (i32.const 2))")
        .cast("(call $remote-events.listen (i32.const 5000) (i32.const 2) (i32.const 60))");
    let cast = cast(&guest);
    assert_eq!(cast.call.outcome, applied());
    let broadcast = Command::Broadcast { name: "hi".into(), payload: "{1}".into() };
    assert_eq!(cast.call.effects[0], broadcast);
    let player = EntityId(PLAYER);
    assert_eq!(cast.call.effects[1], Command::Send { player, name: "hi".into(), payload: "{1}".into() });
}

#[test]
fn random_draws_are_one_stream() {
    let guest = Guest::new()
        .import("random.next")
        .import("random.fill")
        .import("state.save")
        .cast("(i64.store (i32.const 5000) (call $random.next))")
        .cast("(call $random.fill (i32.const 3) (i32.const 4096))")
        .cast("(i64.store (i32.const 5008) (i64.load offset=16 (i32.load (i32.const 4096))))")
        .cast("(call $state.save (i32.const 5000) (i32.const 16))");
    let filled = cast(&guest);
    let guest = Guest::new()
        .import("random.next")
        .import("state.save")
        .cast("(i64.store (i32.const 5000) (call $random.next))")
        .cast("(drop (call $random.next)) (drop (call $random.next))")
        .cast("(i64.store (i32.const 5008) (call $random.next))")
        .cast("(call $state.save (i32.const 5000) (i32.const 16))");
    assert_eq!(cast(&guest).call.effects, filled.call.effects);
}

#[test]
fn log_keeps_lines_and_escapes_what_is_not_text() {
    let guest = Guest::new()
        .import("log.log")
        .data(SCRATCH, "a\\1b[31mb")
        .cast("(call $log.log (i32.const 1) (i32.const 4096) (i32.const 7))");
    let cast = cast(&guest);
    assert_eq!(cast.call.outcome, applied());
    expect![[r#"warn: a\u{1b}[31mb"#]].assert_eq(&format!(
        "{}: {}",
        cast.note.log[0].level.name(),
        cast.note.log[0].message
    ));
}

#[test]
fn arguments_are_named_where_they_are_wrong() {
    let invalid = |ops: Vec<Field>, count: u32| {
        let call = format!("(call $terrain.apply (i32.const 4096) (i32.const {count}))");
        let guest = Guest::new().import("terrain.apply").data(SCRATCH, &bytes(&ops)).cast(&call);
        match outcome(&guest) {
            Outcome::Invalid { function, field, message } => format!("{function} {field}: {message}"),
            other => panic!("{other:?}"),
        }
    };
    let good = || sphere([0.0, 0.0, 0.0], 1.0, 1, 0);
    let second = |op: Vec<Field>| [good(), op].concat();
    expect!["terrain.apply ops[1].center.y: NaN is not a finite number"]
        .assert_eq(&invalid(second(sphere([0.0, f64::NAN, 0.0], 1.0, 1, 0)), 2));
    expect!["terrain.apply ops[1].radius: inf is not a finite number"]
        .assert_eq(&invalid(second(sphere([0.0, 0.0, 0.0], f64::INFINITY, 1, 0)), 2));
    expect!["terrain.apply ops[1].material: 99 is no material: they are 0 to 13"]
        .assert_eq(&invalid(second(sphere([0.0, 0.0, 0.0], 1.0, 99, 0)), 2));
    let too_large = invalid(second(sphere([0.0, 0.0, 0.0], 25.0, 1, 0)), 2);
    assert!(too_large.starts_with("terrain.apply ops[1].radius: "), "{too_large}");
    let outside = invalid(second(sphere([1e9, 0.0, 0.0], 1.0, 1, 0)), 2);
    assert!(outside.starts_with("terrain.apply ops[1].center"), "{outside}");
    let mut unknown = sphere([0.0, 0.0, 0.0], 1.0, 1, 0);
    unknown[0] = Field::U8(9);
    let guest = Guest::new()
        .import("terrain.apply")
        .data(SCRATCH, &bytes(&unknown))
        .cast("(call $terrain.apply (i32.const 4096) (i32.const 1))");
    let Outcome::Trapped { trap, .. } = outcome(&guest) else {
        panic!("a case that does not exist is a trap")
    };
    assert_eq!(trap, "bad_argument");
}

#[test]
fn reads_are_checked() {
    let invalid = |import: &str, call: &str| match outcome(&Guest::new().import(import).cast(call)) {
        Outcome::Invalid { function, field, message } => format!("{function} {field}: {message}"),
        other => panic!("{other:?}"),
    };
    expect!["scene.get-voxels size.y: 33 is not between 1 and 32 blocks"].assert_eq(&invalid(
        "scene.get-voxels",
        "(call $scene.get-voxels (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 33) (i32.const 1)
         (i32.const 4096))",
    ));
    let ray = |direction: &str, distance: &str| {
        format!(
            "(call $scene.raycast (f64.const 0) (f64.const 0) (f64.const 0) (f64.const {direction}) (f64.const 0)
             (f64.const 0) (f64.const {distance}) (i32.const 4096))"
        )
    };
    expect!["scene.raycast direction: is zero: a ray needs a direction"]
        .assert_eq(&invalid("scene.raycast", &ray("0", "1")));
    expect!["scene.raycast direction.x: NaN is not a finite number"]
        .assert_eq(&invalid("scene.raycast", &ray("nan", "1")));
    expect!["scene.raycast max-distance: 300 is not between 0 and 256 blocks"]
        .assert_eq(&invalid("scene.raycast", &ray("1", "300")));
    expect!["scene.entities-by-kind limit: 257 is more than 256 entities"].assert_eq(&invalid(
        "scene.entities-by-kind",
        "(call $scene.entities-by-kind (i32.const 0) (i32.const 257) (i32.const 4096))",
    ));
    expect!["random.fill count: 257 is more than 256 draws"]
        .assert_eq(&invalid("random.fill", "(call $random.fill (i32.const 257) (i32.const 4096))"));
}

/// What the cast of a guest is charged.
fn fuel(guest: &Guest) -> u64 {
    let cast = cast(guest);
    assert_eq!(cast.call.outcome, applied());
    cast.call.fuel_used
}

/// Puts stone at these blocks with one call of `terrain.apply`.
fn voxels(at: impl Iterator<Item = i32>) -> Guest {
    let ops: Vec<Vec<Field>> = at.map(|x| voxel([x, -1, 4], 1)).collect();
    let apply = format!("(call $terrain.apply (i32.const 4096) (i32.const {}))", ops.len());
    Guest::new().import("terrain.apply").data(SCRATCH, &bytes(&ops.concat())).cast(&apply)
}

#[test]
fn a_chunk_is_paid_for_once_a_call() {
    let near = fuel(&voxels([0, 1, 2].into_iter()));
    assert_eq!(fuel(&voxels([0, 32, 33].into_iter())) - near, CHUNK);
    assert_eq!(fuel(&voxels([0, 32, 320].into_iter())) - near, 2 * CHUNK);
}

#[test]
fn edits_touch_so_many_chunks_and_no_more() {
    let far_apart = |count: usize| outcome(&voxels((0..count as i32).map(|at| at * 320)));
    assert_eq!(far_apart(EDITED_CHUNKS_MAX), applied());
    assert_eq!(far_apart(EDITED_CHUNKS_MAX + 1), Outcome::Limit(LimitKind::EditedChunks));
}

#[test]
fn a_body_in_a_new_place_has_its_price() {
    let push = |case: u8| {
        let mut op = vec![Field::U8(case), Field::Pad(7), Field::U64(PLAYER)];
        op.extend([0.0, 4.0, 0.0].map(Field::F64));
        let apply = "(call $entities.apply (i32.const 4096) (i32.const 1))";
        fuel(&Guest::new().import("entities.apply").data(SCRATCH, &bytes(&op)).cast(apply))
    };
    assert_eq!(push(3) - push(2), PLACING);
}

/// What a guest's cast is charged beside `more` bodies in one place.
fn fuel_beside(guest: &Guest, more: usize) -> u64 {
    let component = load(guest, Codegen::Native).unwrap_or_else(|rejection| panic!("{rejection}"));
    let mut arena = Arena::new(Codegen::Native, 1);
    let body = EntitySpec {
        kind: EntityKind::Item,
        template: None,
        position: Point::from_blocks(3, 1, 12),
        look: Direction::FORWARD,
        radius: Coord::ONE,
        health: Points::ZERO,
        health_max: Points::ZERO,
    };
    arena.play(Inputs { ops: vec![Op::Spawn(body); more], ..Inputs::default() });
    let call = arena.cast(&component).report.calls.pop().expect("the call ran");
    assert_eq!(call.outcome, applied());
    call.fuel_used
}

#[test]
fn a_crowd_is_paid_for_by_who_asks() {
    let query = Guest::new().import("scene.entities-in-radius").cast(
        "(call $scene.entities-in-radius (f64.const 3) (f64.const 1) (f64.const 3) (f64.const 2)
         (i32.const 0) (i32.const 0) (i32.const 4096))",
    );
    assert_eq!(
        fuel_beside(&query, 1_000) - fuel_beside(&query, 0),
        1_000 * LOOK,
        "none is found, all are looked at"
    );
    let ray = Guest::new().import("scene.raycast").cast(
        "(call $scene.raycast (f64.const 3) (f64.const 9) (f64.const 3)
         (f64.const 0) (f64.const 1) (f64.const 0) (f64.const 1) (i32.const 4096))",
    );
    assert_eq!(fuel_beside(&ray, 1_000) - fuel_beside(&ray, 0), 1_000 * LOOK);
    let watch = |edge: u32| {
        Guest::new().import("terrain.watch-box").cast(&format!(
            "(call $terrain.watch-box (i32.const 1) (i32.const 1) (i32.const 1)
             (i32.const {edge}) (i32.const {edge}) (i32.const {edge}) (i32.const 11) (i32.const 60))"
        ))
    };
    let small = fuel_beside(&watch(2), 0);
    assert_eq!(fuel_beside(&watch(2), 1_000) - small, 1_000 * LOOK);
    // From 2 cells on an axis to 3: the player is in the cell below, which both meet.
    assert_eq!(fuel_beside(&watch(40), 0) - small, (27 - 1) * WATCH_BOX.per_unit);
}
