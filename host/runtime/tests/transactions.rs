//! A call is a transaction: what it asked for happens when it returns ok, and not otherwise.

use expect_test::expect;
use spellhost_runtime::{Codegen, limits};
use spellhost_sim::limits::GRANT_FUEL;
use spellhost_sim::{Inputs, LimitKind, Outcome};

use crate::arena::{Arena, applied, cast, load};
use crate::guest::{Field, Guest, OK, SCRATCH, bytes, sphere};

const APPLY: &str = "(call $terrain.apply (i32.const 4096) (i32.const 1))";

fn digs() -> Guest {
    let op = sphere([0.0, -4.0, 0.0], 3.0, 0, 1);
    Guest::new().import("terrain.apply").data(SCRATCH, &bytes(&op)).cast(APPLY)
}

#[test]
fn commands_of_a_trap_are_not_applied() {
    let guest = digs().cast("unreachable");
    let cast = cast(&guest);
    assert!(matches!(cast.call.outcome, Outcome::Trapped { .. }));
    assert_eq!(cast.arena.world.voxels().edited().count(), 0);
}

#[test]
fn commands_of_a_failure_are_not_applied_and_its_message_is_told() {
    let result = [Field::U32(1), Field::U32(5000), Field::U32(7)];
    let guest = digs().data(OK, &bytes(&result)).data(5000, "no\\07mana");
    let cast = cast(&guest);
    let Outcome::Failed { message } = &cast.call.outcome else { panic!("{:?}", cast.call.outcome) };
    expect![[r"no\u{7}mana"]].assert_eq(message);
    assert_eq!(cast.arena.world.voxels().edited().count(), 0);
    assert!(cast.call.fuel_used < GRANT_FUEL, "a failure is charged what it used");
    let long = [Field::U32(1), Field::U32(5000), Field::U32(4000)];
    let Outcome::Failed { message } = crate::arena::outcome(&Guest::new().data(OK, &bytes(&long))) else {
        panic!("a long message is still a failure")
    };
    assert_eq!(message.len() / 8, limits::FAILURE_BYTES_MAX / 8, "cut to its bound");
}

#[test]
fn commands_of_a_success_are_applied() {
    let cast = cast(&digs());
    assert_eq!(cast.call.outcome, applied());
    assert!(cast.arena.world.voxels().edited().count() > 0);
    assert!(cast.call.fuel_used > 0 && cast.call.fuel_used < GRANT_FUEL);
}

#[test]
fn a_straight_overrun_that_returns_is_applied() {
    // Fuel is checked at loop heads and entries only.
    // The edit touches four chunks.
    let grant = 123_000;
    let component =
        load(&digs().cast(&"(drop (i32.add (i32.const 1) (i32.const 2)))".repeat(2000)), Codegen::Native)
            .unwrap_or_else(|rejection| panic!("{rejection}"));
    let mut arena = Arena::new(Codegen::Native, 1);
    let mut request = arena.request(&component);
    request.revision.grant = grant;
    let played = arena.play(Inputs { casts: vec![request], ..Inputs::default() });
    let call = &played.report.calls[0];
    assert_eq!((&call.outcome, call.fuel_used, call.fuel_granted), (&applied(), grant, grant));
}

#[test]
fn every_call_has_a_fresh_instance() {
    let guest = Guest::new()
        .import("state.save")
        .items("(global $count (mut i32) (i32.const 0))")
        .cast("(global.set $count (i32.add (global.get $count) (i32.const 1)))")
        .cast("(i32.store (i32.const 4096) (i32.add (i32.load (i32.const 4096)) (global.get $count)))")
        .cast("(call $state.save (i32.const 4096) (i32.const 4))");
    let component = load(&guest, Codegen::Native).unwrap_or_else(|rejection| panic!("{rejection}"));
    let mut arena = Arena::new(Codegen::Native, 1);
    let first = arena.cast(&component).report.calls[0].effects.clone();
    for _ in 0..50 {
        assert_eq!(arena.cast(&component).report.calls[0].effects, first);
    }
}

#[test]
fn a_missing_component_fails_its_calls_only() {
    let component = load(&digs(), Codegen::Native).unwrap_or_else(|rejection| panic!("{rejection}"));
    let mut arena = Arena::new(Codegen::Native, 1);
    let request = arena.request(&component);
    arena.library.remove(&component.digest());
    let played = arena.play(Inputs { casts: vec![request], ..Inputs::default() });
    let outcome = &played.report.calls[0].outcome;
    assert_eq!(*outcome, Outcome::Limit(LimitKind::Host));
}
