//! Playing a tick: open it, run its calls, close it. The one function that does.
//!
//! Hosting, testing, replaying and verifying all come through here, so that none can differ.

use spellhost_sim::{CastId, Inputs, TickReport, World};

use crate::caster::Caster;
use crate::casting::CallNote;
use crate::lane::{Surroundings, Verdicts, Work};
use crate::library::Library;
use crate::watchdog::Alarm;

/// A tick that was played.
#[derive(Clone, Debug)]
pub struct PlayedTick {
    /// What the tick did.
    pub report: TickReport,
    /// What entered it.
    pub inputs: Inputs,
    /// What the host keeps of each call that ran, by id.
    pub notes: Vec<CallNote>,
}

/// Plays one tick.
pub fn play_tick(world: &mut World, inputs: Inputs, library: &Library, caster: &Caster) -> PlayedTick {
    replay_tick(world, inputs, &Verdicts::new(), library, caster)
}

/// Plays one tick in which some calls are known to have ended by a verdict of the host that
/// decided: those are not run again.
pub fn replay_tick(
    world: &mut World,
    inputs: Inputs,
    verdicts: &Verdicts,
    library: &Library,
    caster: &Caster,
) -> PlayedTick {
    trace_tick(world, inputs, verdicts, None, library, caster)
}

/// As [`replay_tick`]; the notes keep every host call of the calls of one cast.
pub fn trace_tick(
    world: &mut World,
    inputs: Inputs,
    verdicts: &Verdicts,
    traced: Option<CastId>,
    library: &Library,
    caster: &Caster,
) -> PlayedTick {
    let tick = world.tick();
    let opened = world.open_tick(inputs.clone());
    let works: Vec<Work> = opened.lanes.into_iter().map(|lane| Work::new(lane, library)).collect();
    let (results, notes) = if works.is_empty() {
        (Vec::new(), Vec::new())
    } else {
        let (verdicts, alarm) = (verdicts.clone(), Alarm::default());
        caster.run(world, |world| Surroundings { world, tick, verdicts, traced, alarm }, works)
    };
    PlayedTick { report: world.close_tick(results), inputs, notes }
}
