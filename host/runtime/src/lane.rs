//! The calls of one active spell in one tick: in order, on one thread, each with the state bytes
//! that the one before left.
//!
//! Knows the rule of migration and of verdicts; does not know threads or other lanes.

use std::collections::BTreeMap;
use std::sync::Arc;

use spellhost_sim::{
    Call, CallId, CallLimits, CallResult, CastId, Entry, Lane, LimitKind, Outcome, RevisionRef, TickReport,
    World,
};

use crate::abi;
use crate::casting::{CallNote, Ran, Request};
use crate::component::Component;
use crate::library::Library;
use crate::lowering;
use crate::watchdog::Alarm;

/// Calls whose end is already known and is not decided again: `limit(stack)`, `limit(watchdog)` and
/// `limit(host)` depend on the host that ran them.
pub type Verdicts = BTreeMap<CallId, LimitKind>;

/// The verdicts of a tick, as a frame must carry them.
pub fn verdicts(report: &TickReport) -> Verdicts {
    let verdict = |outcome: &Outcome| match outcome {
        Outcome::Limit(kind @ (LimitKind::Stack | LimitKind::Watchdog | LimitKind::Host)) => Some(*kind),
        _ => None,
    };
    report.calls.iter().filter_map(|call| Some((call.id, verdict(&call.outcome)?))).collect()
}

/// A lane with its components.
pub(crate) struct Work {
    pub(crate) lane: Lane,
    /// The component of the lane's revision.
    current: Option<Component>,
    /// The component that it migrates to.
    next: Option<Component>,
}

/// What all lanes of a tick share.
pub(crate) struct Surroundings {
    pub(crate) world: Arc<World>,
    pub(crate) tick: u64,
    pub(crate) verdicts: Verdicts,
    /// The cast whose host calls are kept.
    pub(crate) traced: Option<CastId>,
    pub(crate) alarm: Alarm,
}

impl Work {
    /// Looks the components of a lane up.
    pub(crate) fn new(lane: Lane, library: &Library) -> Self {
        let find = |revision: &RevisionRef| library.get(&revision.component).cloned();
        Self { current: find(&lane.revision), next: lane.migrate_to.as_ref().and_then(find), lane }
    }

    /// Runs the lane.
    pub(crate) fn run(&self, around: &Surroundings) -> Vec<(CallResult, CallNote)> {
        let mut context = lowering::context(self.lane.cast, around.tick, &self.lane.context);
        let mut state = self.lane.state.clone();
        let mut component = self.current.as_ref();
        let mut limits = self.lane.revision.limits;
        let next_limits = self.lane.migrate_to.map_or(limits, |revision| revision.limits);
        let mut results = Vec::with_capacity(self.lane.calls.len());
        let mut migrated = false;
        for call in &self.lane.calls {
            let call = &Call { grant: self.lane.grant(call, migrated), ..call.clone() };
            let migrates = matches!(call.entry, Entry::Migrate { .. });
            let runs = if migrates { (self.next.as_ref(), next_limits) } else { (component, limits) };
            (context.first_entity, context.fuel) = (call.first_entity.0, call.grant);
            let ran = self.run_call(around, call, runs, &context, &state);
            if ran.outcome.is_applied() {
                state = ran.state;
                if migrates {
                    (component, limits) = runs;
                    migrated = true;
                }
            }
            let result = CallResult {
                id: call.id,
                outcome: ran.outcome,
                fuel_used: ran.fuel_used,
                commands: ran.commands,
            };
            results.push((result, ran.note));
        }
        results
    }

    fn run_call(
        &self,
        around: &Surroundings,
        call: &Call,
        (component, limits): (Option<&Component>, CallLimits),
        context: &abi::CastContext,
        state: &[u8],
    ) -> Ran {
        let cast = self.lane.cast;
        if let Some(kind) = around.verdicts.get(&call.id) {
            return Ran::without_effect(cast, call, state, Outcome::Limit(*kind));
        }
        let Some(component) = component else {
            let (spell, call_id) = (self.lane.spell.as_str(), call.id.0);
            tracing::error!(spell, call = call_id, "the component of a call is not in the library");
            return Ran::failed_by_host(cast, call, state, "the component is not in the library");
        };
        let (world, tick, alarm) = (&around.world, around.tick, &around.alarm);
        let traced = around.traced == Some(cast);
        Request { component, world, tick, cast, call, limits, context, state, traced, alarm }.run()
    }

    /// Results for a lane that no thread finished.
    pub(crate) fn abandoned(&self) -> Vec<(CallResult, CallNote)> {
        let abandon = |call: &Call| {
            let ran = Ran::failed_by_host(self.lane.cast, call, &[], "a casting thread panicked");
            let result = CallResult {
                id: call.id,
                outcome: ran.outcome,
                fuel_used: ran.fuel_used,
                commands: ran.commands,
            };
            (result, ran.note)
        };
        self.lane.calls.iter().map(abandon).collect()
    }
}
