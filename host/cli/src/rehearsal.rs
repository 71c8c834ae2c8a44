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
