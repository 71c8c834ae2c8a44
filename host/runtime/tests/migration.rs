//! A swap hands the state bytes to the new revision's `migrate`, and only those that return run on it.

use spellhost_runtime::Codegen;
use spellhost_sim::{Entry, Inputs, Outcome};

use crate::arena::{Arena, applied, load};
use crate::guest::Guest;

/// A spell that wakes every two ticks and logs the first four bytes of its state.
fn ticking(version: &str) -> Guest {
    Guest::new()
        .import("timers.wake-after")
        .import("state.load")
        .import("state.save")
        .import("log.log")
        .data(5000, version)
        .cast("(call $timers.wake-after (i32.const 2) (i32.const 1))")
        .cast("(call $state.save (i32.const 5000) (i32.const 4))")
        .on_event("(call $state.load (i32.const 4096))")
        .on_event("(call $log.log (i32.const 2) (i32.const 5000) (i32.const 4))")
        .on_event(
            "(call $log.log (i32.const 2) (i32.load (i32.const 4096)) (i32.load offset=4 (i32.const 4096)))",
        )
        .on_event("(call $timers.wake-after (i32.const 2) (i32.const 1))")
}

/// Casts one version, swaps to another, and tells what the events after it logged.
fn swapped(next: &Guest) -> (Vec<Outcome>, Vec<String>) {
    let old = load(&ticking("one!"), Codegen::Native).unwrap_or_else(|rejection| panic!("{rejection}"));
    let new = load(next, Codegen::Native).unwrap_or_else(|rejection| panic!("{rejection}"));
    let mut arena = Arena::new(Codegen::Native, 2);
    arena.cast(&old);
    let swap = arena.swap(&new);
    let tick = arena.play(Inputs { swaps: vec![swap], ..Inputs::default() });
    let migrations = tick.report.calls.iter().filter(|call| matches!(call.entry, Entry::Migrate { .. }));
    let outcomes = migrations.map(|call| call.outcome.clone()).collect();
    let mut notes = tick.notes;
    notes.extend(arena.idle(3).into_iter().flat_map(|tick| tick.notes));
    let log = notes.into_iter().flat_map(|note| note.log).map(|line| line.message).collect();
    (outcomes, log)
}

#[test]
fn bytes_as_they_are_run_on_the_new_revision() {
    let (outcomes, log) = swapped(&ticking("two!"));
    assert_eq!(outcomes, [applied()]);
    assert_eq!(log[..2], ["two!", "one!"]);
}

#[test]
fn a_migration_that_traps_leaves_the_spell_where_it_was() {
    let (outcomes, log) = swapped(&ticking("two!").migrate("unreachable"));
    assert!(matches!(outcomes[..], [Outcome::Trapped { .. }]));
    assert_eq!(log[..2], ["one!", "one!"]);
}

#[test]
fn a_migration_may_not_command() {
    let next = ticking("two!").migrate("(call $timers.wake-after (i32.const 1) (i32.const 1)) unreachable");
    let (outcomes, log) = swapped(&next);
    let [Outcome::Invalid { function, .. }] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!(function, "timers.wake-after");
    assert_eq!(log[..2], ["one!", "one!"]);
}

#[test]
fn a_migration_is_told_the_old_revision_and_returns_bounded_bytes() {
    // The revision's name is 67 bytes long and begins with b3:.
    let told = "(if (i32.ne (local.get $from_len) (i32.const 67)) (then unreachable))
        (if (i32.ne (i32.load16_u (local.get $from)) (i32.const 0x3362)) (then unreachable))
        (i32.store (i32.const 5900) (i32.const 0)) (i32.store (i32.const 5904) (local.get $from))
        (i32.store (i32.const 5908) (i32.const 3)) (i32.const 5900)";
    let (outcomes, log) = swapped(&ticking("two!").migrate(told));
    assert_eq!(outcomes, [applied()]);
    assert_eq!(log[..2], ["two!", "b3:"]);
    let large = "(i32.store (i32.const 5900) (i32.const 0)) (i32.store (i32.const 5904) (i32.const 0))
        (i32.store (i32.const 5908) (i32.const 4097)) (i32.const 5900)";
    let (outcomes, log) = swapped(&ticking("two!").migrate(large));
    assert_eq!(outcomes, [Outcome::Limit(spellhost_sim::LimitKind::State)]);
    assert_eq!(log[..2], ["one!", "one!"]);
}
