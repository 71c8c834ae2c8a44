//! One engine id, one answer: ways of making code, roles, verdicts and the watchdog.

use std::time::Duration;

use expect_test::expect;
use spellhost_runtime::{
    Caster, Codegen, Engine, EngineOptions, Role, Verdicts, operator_cost, replay_tick, verdicts,
};
use spellhost_sim::{Inputs, LimitKind, Outcome};

use crate::arena::{Arena, CODEGENS, admitted, applied, cast, engine, load};
use crate::guest::{Guest, SCRATCH, bytes, sphere};

#[test]
fn the_engine_id_is_one_for_all_and_stable() {
    let ids: Vec<_> = CODEGENS.iter().map(|codegen| engine(*codegen).id()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    let again =
        Engine::new(EngineOptions { codegen: Codegen::Pulley, role: Role::Reexecutor }).expect("an engine");
    assert_eq!(again.id(), ids[0]);
}

#[test]
fn the_operator_costs_are_pinned() {
    let cost = operator_cost();
    assert_eq!((cost.Call, cost.CallIndirect, cost.I32Add, cost.Block), (255, 255, 1, 0));
    let table = format!("{cost:?}");
    let digest = blake3::hash(table.as_bytes()).to_hex();
    expect!["4e15ff52956114a2"].assert_eq(&digest[..16]);
}

#[test]
fn fuel_is_equal_on_every_engine() {
    let guest = Guest::new()
        .import("random.next")
        .import("scene.get-voxel")
        .import("terrain.apply")
        .data(SCRATCH, &bytes(&sphere([1.0, 2.0, 3.0], 1.5, 1, 0)))
        .cast(
            "(memory.fill (i32.const 20000) (i32.const 7) (i32.const 1000))
             (memory.copy (i32.const 30000) (i32.const 20000) (i32.const 1000))
             (drop (memory.grow (i32.const 1)))",
        )
        .items("(func $work (param i32) (result i32) (i32.mul (local.get 0) (i32.const 31)))")
        .items("(global $n (mut i32) (i32.const 200))")
        .cast(
            "(loop $again
               (drop (call $work (global.get $n)))
               (drop (i32.wrap_i64 (call $random.next)))
               (drop (call $scene.get-voxel (global.get $n) (i32.const 0) (i32.const 0)))
               (global.set $n (i32.sub (global.get $n) (i32.const 1)))
               (br_if $again (global.get $n)))",
        )
        .cast("(call $terrain.apply (i32.const 4096) (i32.const 1))");
    let call = cast(&guest).call;
    assert_eq!(call.outcome, applied());
    expect!["295167"].assert_eq(&call.fuel_used.to_string());
}

#[test]
fn a_reexecutor_agrees_and_keeps_verdicts() {
    let guest = Guest::new().import("state.save").cast("(call $state.save (i32.const 0) (i32.const 8))");
    let host = load(&guest, Codegen::Native).unwrap_or_else(|rejection| panic!("{rejection}"));
    let options = EngineOptions { codegen: Codegen::NativeUnoptimised, role: Role::Reexecutor };
    let engine = Engine::new(options).expect("an engine");
    let again = engine.load(admitted(&guest.build())).unwrap_or_else(|rejection| panic!("{rejection}"));
    let caster = Caster::new(&engine, 2).expect("threads");

    let mut arena = Arena::new(Codegen::Native, 1);
    let mut world = arena.world.clone();
    let played = arena.cast(&host);
    assert_eq!(verdicts(&played.report), Verdicts::new());
    let mut library = spellhost_runtime::Library::new();
    library.insert(again);
    let replayed =
        replay_tick(&mut world.clone(), played.inputs.clone(), &Verdicts::new(), &library, &caster);
    assert_eq!(replayed.report, played.report);

    let stands = Verdicts::from([(played.report.calls[0].id, LimitKind::Stack)]);
    let replayed = replay_tick(&mut world, played.inputs, &stands, &library, &caster);
    assert_eq!(replayed.report.calls[0].outcome, Outcome::Limit(LimitKind::Stack));
    assert_eq!(verdicts(&replayed.report), stands);
}

#[test]
fn a_watchdog_ends_what_does_not_finish() {
    let guest = Guest::new().cast("(loop $again (br $again))");
    let component = load(&guest, Codegen::Native).unwrap_or_else(|rejection| panic!("{rejection}"));
    let mut arena = Arena::new(Codegen::Native, 1);
    arena.caster = Caster::with_patience(engine(Codegen::Native), 1, Duration::ZERO).expect("threads");
    // Real time decides here, and only here: either the loop is ended or its fuel is.
    let played = arena.cast(&component);
    let outcome = &played.report.calls[0].outcome;
    assert!([Outcome::Limit(LimitKind::Watchdog), Outcome::OutOfFuel].contains(outcome), "{outcome:?}");
    // The alarm of one tick is not the next one's.
    arena.caster = Caster::new(engine(Codegen::Native), 1).expect("threads");
    assert_eq!(arena.cast(&component).report.calls[0].outcome, Outcome::OutOfFuel);
}

#[test]
fn a_tick_without_calls_needs_no_thread() {
    let mut arena = Arena::new(Codegen::Native, 1);
    let played = arena.play(Inputs::default());
    assert!(played.notes.is_empty() && played.report.calls.is_empty());
}
