//! Playing a case: a fresh world, its inputs, the runtime's one function, a trace of every tick.
//!
//! Knows no processes and compares nothing.

use spellhost_runtime::{Caster, Component, Library, Verdicts, replay_tick, verdicts};
use spellhost_sim::World;

use crate::corpus::Case;
use crate::transcript::TickTrace;

/// Plays a case; `told` is given every tick with the verdicts of its calls, until it fails.
///
/// # Errors
/// That of `told`.
pub fn rehearse<E>(
    case: &Case,
    component: &Component,
    known: &Verdicts,
    caster: &Caster,
    mut told: impl FnMut(TickTrace, Verdicts) -> Result<(), E>,
) -> Result<(), E> {
    let mut library = Library::new();
    library.insert(component.clone());
    let mut world = World::new(case.world);
    for tick in 0..case.ticks {
        let inputs = case.inputs.get(&tick).cloned().unwrap_or_default();
        let played = replay_tick(&mut world, inputs, known, &library, caster);
        told(TickTrace::of(&played, &world), verdicts(&played.report))?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "../../runtime/tests/guest.rs"]
#[allow(dead_code, reason = "the runtime's own tests use all of it")]
mod guest;

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use spellhost_runtime::{Codegen, Engine, EngineOptions, Role};
    use spellhost_sim::limits::GRANT_FUEL;
    use spellhost_sim::{CallLimits, Digest, LimitKind, Outcome, RevisionRef, SpellId};

    use super::guest::Guest;
    use super::*;
    use crate::difference::first_difference;
    use crate::invention::{Subject, invent};
    use crate::opinion::load;

    /// Everything that a guest does in ten casts on one engine, with the verdicts.
    fn played(guest: &Guest, codegen: Codegen, role: Role, known: &Verdicts) -> (Vec<TickTrace>, Verdicts) {
        let engine = Engine::new(EngineOptions { codegen, role }).expect("an engine");
        let component = load(&engine, &guest.build()).expect("a spell");
        let caster = Caster::new(&engine, 1).expect("a thread");
        // The same cases for every guest: only what the guest does may differ.
        let revision = RevisionRef {
            id: Digest([1; 32]),
            component: component.digest(),
            cooldown: 0,
            mana: 0,
            grant: GRANT_FUEL,
            instantiate_fuel: 0,
            limits: CallLimits::default(),
        };
        let revisions = [revision, RevisionRef { id: Digest([2; 32]), ..revision }];
        let spell = SpellId::parse("a").expect("an id");
        let cases = invent(&Subject { spell: &spell, info: component.info(), revisions }, 1, 10);
        let (mut ticks, mut verdicts) = (Vec::new(), Verdicts::new());
        let case = cases.expect("cases").into_iter().next().expect("a case");
        let Ok(()) = rehearse(&case, &component, known, &caster, |tick, found| {
            ticks.push(tick);
            verdicts.extend(found);
            Ok::<(), Infallible>(())
        });
        (ticks, verdicts)
    }

    fn native(guest: &Guest) -> (Vec<TickTrace>, Verdicts) {
        played(guest, Codegen::Native, Role::Host, &Verdicts::new())
    }

    /// A guest that draws a number and sets a timer, and does something more.
    fn random(after: u32, extra: &str) -> Guest {
        let wake = format!("(call $timers.wake-after (i32.const {after}) (i32.const 1))");
        let body = format!("(drop (call $random.next)) {wake} {extra}");
        Guest::new().import("random.next").import("timers.wake-after").cast(&body)
    }

    #[test]
    fn two_components_differ_and_the_first_difference_is_named() {
        let one = native(&random(3, "")).0;
        assert_eq!(first_difference(&one, &native(&random(3, "")).0), None);
        let found = first_difference(&one, &native(&random(3, "(drop (i32.const 0))")).0);
        let found = found.expect("two constants more");
        assert_eq!(found.what, "fuel.used", "{found:?}");
        assert_eq!((found.cast_id, found.export.as_deref()), (Some(1), Some("cast")));
        let fuel = found.values.map(|value| value.parse::<u64>().expect("fuel"));
        assert!(fuel[0] < fuel[1], "{fuel:?}");
        let found = first_difference(&one, &native(&random(4, "")).0).expect("another timer");
        assert_eq!(found.what, "commands[0]", "{found:?}");
        assert!(found.values[0].contains("after: 3") && found.values[1].contains("after: 4"), "{found:?}");
    }

    #[test]
    fn every_engine_agrees_and_a_verdict_of_the_first_stands() {
        // A frame is as large as the hungriest path through the body, and a path not taken costs no fuel.
        let values = 900;
        let globals: String =
            (0..values).map(|at| format!("(global $g{at} (mut i64) (i64.const {at}))")).collect();
        let get: String = (0..values).map(|at| format!("(global.get $g{at})")).collect();
        let add = "i64.add ".repeat(values);
        let body = format!(
            "{globals} (func $down (result i64)
               (if (i32.load (i32.const 100000)) (then {get} (call $down) {add} (return)))
               (i64.add (call $down) (i64.const 1)))"
        );
        let deep = Guest::new().items(&body).cast("(drop (call $down))");
        for (guest, kind) in [(random(3, ""), None), (deep, Some(LimitKind::Stack))] {
            let (decided, known) = native(&guest);
            let calls = decided.iter().flat_map(|tick| &tick.calls);
            let ends: Vec<_> = calls.map(|call| &call.outcome).collect();
            assert!(!ends.is_empty());
            match kind {
                Some(kind) => {
                    assert!(ends.iter().all(|end| **end == Outcome::Limit(kind)), "{ends:?}");
                    assert_eq!(known.len(), ends.len());
                }
                None => assert!(ends.iter().all(|end| end.is_applied()) && known.is_empty(), "{ends:?}"),
            }
            for codegen in [Codegen::NativeUnoptimised, Codegen::Pulley] {
                let (ticks, verdicts) = played(&guest, codegen, Role::Reexecutor, &known);
                assert_eq!(first_difference(&decided, &ticks), None);
                assert_eq!(verdicts, known);
            }
        }
    }
}
