//! One call, from a fresh instance to its result.
//!
//! Promises a result for every call, whatever the guest does, and the same one everywhere: what a
//! call yields is a function of component, opened world, context, seed, state and grant. The
//! exceptions are verdicts (watchdog, stack, host), which is why they stand in frames.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use spellhost_sim::{Call, CallId, CallLimits, CastId, Command, Entry, LimitKind, Outcome, World};
use wasmtime::{Store, UpdateDeadline};

use crate::abi;
use crate::component::Component;
use crate::instance::Instance;
use crate::limits::{FAILURE_BYTES_MAX, INSTANTIATE_FUEL, TRACED_HOST_CALL_BYTES};
use crate::log::{LogLine, cut, escaped};
use crate::lowering;
use crate::measured::Measured;
use crate::report::TrapReport;
use crate::session::{Access, Session};
use crate::stop::{Stop, outcome_of};
use crate::trace::HostCall;
use crate::watchdog::Alarm;

/// What the host keeps of a call beside its result: for authors and operators, in no hash.
#[derive(Clone, Debug)]
pub struct CallNote {
    /// The call.
    pub id: CallId,
    /// Its active spell.
    pub cast: CastId,
    /// What it logged.
    pub log: Vec<LogLine>,
    /// How long it took, instantiation included.
    pub elapsed: Duration,
    /// Fuel of the instantiation; the bucket pays what admission measured, and no call reports it.
    pub fuel_instantiate: u64,
    /// Its host calls, where it was traced.
    pub host_calls: Vec<HostCall>,
    /// How it ended, where it did not return.
    pub trap: Option<TrapReport>,
}

/// What a call is given.
pub(crate) struct Request<'a> {
    pub(crate) component: &'a Component,
    pub(crate) world: &'a Arc<World>,
    pub(crate) tick: u64,
    pub(crate) cast: CastId,
    pub(crate) call: &'a Call,
    pub(crate) limits: CallLimits,
    pub(crate) context: &'a abi::CastContext,
    pub(crate) state: &'a [u8],
    pub(crate) traced: bool,
    pub(crate) alarm: &'a Alarm,
}

/// What came of it.
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    pub(crate) fuel_used: u64,
    pub(crate) commands: Vec<Command>,
    /// The state bytes that the next call sees.
    pub(crate) state: Vec<u8>,
    pub(crate) note: CallNote,
}

impl Ran {
    /// A call that ended without commands, charged whole.
    pub(crate) fn without_effect(cast: CastId, call: &Call, state: &[u8], outcome: Outcome) -> Self {
        let note = CallNote {
            id: call.id,
            cast,
            log: Vec::new(),
            elapsed: Duration::ZERO,
            fuel_instantiate: 0,
            host_calls: Vec::new(),
            trap: None,
        };
        Self { outcome, fuel_used: call.grant, commands: Vec::new(), state: state.to_vec(), note }
    }

    /// A call that the host could not run to its end: `limit(host)`, a verdict. Whoever calls this
    /// raises the alarm in the host's log; the note says why to the author.
    pub(crate) fn failed_by_host(cast: CastId, call: &Call, state: &[u8], why: &str) -> Self {
        let ran = Self::without_effect(cast, call, state, Outcome::Limit(LimitKind::Host));
        let note = CallNote { trap: Some(TrapReport::host(why)), ..ran.note };
        Self { note, ..ran }
    }
}

impl Request<'_> {
    /// Runs the call. A panic of the host's own side fails the call and nothing else.
    pub(crate) fn run(&self) -> Ran {
        let start = Instant::now();
        let ran = catch_unwind(AssertUnwindSafe(|| self.run_unguarded())).unwrap_or_else(|_| {
            let (component, call) = (self.component.digest(), self.call.id.0);
            tracing::error!(%component, call, "a host import panicked; the call failed and the world goes on");
            Ran::failed_by_host(self.cast, self.call, self.state, "a host import panicked")
        });
        Ran { note: CallNote { elapsed: start.elapsed(), ..ran.note }, ..ran }
    }

    fn run_unguarded(&self) -> Ran {
        // Given back after the store is gone.
        let _slot = self.component.engine().slot();
        let (seed, state) = (self.call.seed, self.state.to_vec());
        let session = Session::new(self.world.clone(), self.tick, self.cast, seed, self.limits, state);
        let mut store = match self.component.engine().store(session, INSTANTIATE_FUEL) {
            Ok(store) => store,
            Err(error) => return self.unstarted(&error),
        };
        if self.traced {
            store.data_mut().trace = Some(Vec::new());
            // What is told is lifted twice.
            store.set_hostcall_fuel(TRACED_HOST_CALL_BYTES);
        }
        self.watch(&mut store);
        // Not before: an alarm that is raised from here on moves the epoch past the deadline.
        if self.alarm.is_raised() {
            let outcome = Outcome::Limit(LimitKind::Watchdog);
            return Ran::without_effect(self.cast, self.call, self.state, outcome);
        }
        let instance = match self.component.instantiate(&mut store) {
            Ok(instance) => instance,
            Err(error) => {
                let (outcome, trap) = outcome_of(&error);
                let outcome = match outcome {
                    Outcome::OutOfFuel => Outcome::Limit(LimitKind::Instantiate),
                    outcome => outcome,
                };
                return self.ended(store, outcome, trap, INSTANTIATE_FUEL);
            }
        };
        let fuel_instantiate = self.component.instantiation(&store);
        let answer = store.set_fuel(self.call.grant).and_then(|()| self.enter(&mut store, instance));
        match answer {
            Ok(Ok(migrated)) => self.returned(store, migrated, fuel_instantiate),
            Ok(Err(message)) => {
                let mut message = escaped(&message);
                cut(&mut message, FAILURE_BYTES_MAX);
                self.ended(store, Outcome::Failed { message }, None, fuel_instantiate)
            }
            Err(error) => {
                let (outcome, trap) = outcome_of(&error);
                self.ended(store, outcome, trap, fuel_instantiate)
            }
        }
    }

    /// Calls the export. `Ok(Ok(Some(bytes)))` is what a migration returned.
    fn enter(
        &self,
        store: &mut Store<Session>,
        instance: Instance<'_>,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, String>> {
        let nothing = |(answer,): abi::Answer| answer.map(|()| None).map_err(|Measured(message)| message);
        store.data_mut().access = Access::Full;
        match &self.call.entry {
            Entry::Cast => instance.cast(store, self.context).map(nothing),
            Entry::Event(event) => {
                instance.on_event(store, self.context, &lowering::event(event)).map(nothing)
            }
            Entry::Migrate { from } => {
                store.data_mut().access = Access::Migrating;
                let (answer,) = instance.migrate(store, &from.to_string(), self.state)?;
                match answer {
                    Ok(Measured(bytes)) if bytes.len() > store.data().state_bytes_max() => {
                        Err(Stop::Limit(LimitKind::State).into())
                    }
                    Ok(Measured(bytes)) => Ok(Ok(Some(bytes))),
                    Err(Measured(message)) => Ok(Err(message)),
                }
            }
        }
    }

    fn watch(&self, store: &mut Store<Session>) {
        let alarm = self.alarm.clone();
        store.epoch_deadline_callback(move |_| {
            if alarm.is_raised() {
                return Err(Stop::Limit(LimitKind::Watchdog).into());
            }
            Ok(UpdateDeadline::Continue(1))
        });
        store.set_epoch_deadline(1);
    }

    fn returned(&self, store: Store<Session>, migrated: Option<Vec<u8>>, fuel_instantiate: u64) -> Ran {
        let fuel_used = self.fuel_used(&store);
        let mut session = store.into_data();
        let host_calls = session.trace.take().unwrap_or_default();
        let (mut commands, mut state, log) = session.finish();
        if let Some(bytes) = migrated {
            state.clone_from(&bytes);
            commands.push(Command::Save { bytes });
        }
        let ran = Ran::without_effect(self.cast, self.call, &[], Outcome::Applied { skipped: 0 });
        let note = CallNote { log: log.finish(), fuel_instantiate, host_calls, ..ran.note };
        Ran { fuel_used, commands, state, note, ..ran }
    }

    fn ended(
        &self,
        store: Store<Session>,
        outcome: Outcome,
        trap: Option<TrapReport>,
        fuel_instantiate: u64,
    ) -> Ran {
        if outcome == Outcome::Limit(LimitKind::Host) {
            let (call, why) = (self.call.id.0, trap.as_ref().map_or("", |trap| &trap.message));
            tracing::error!(call, why, "the host could not run a call");
        }
        let fuel_used = outcome.charge(self.fuel_used(&store), self.call.grant);
        let mut session = store.into_data();
        let host_calls = session.trace.take().unwrap_or_default();
        let (_, _, log) = session.finish();
        let ran = Ran::without_effect(self.cast, self.call, self.state, outcome);
        let note = CallNote { log: log.finish(), fuel_instantiate, host_calls, trap, ..ran.note };
        Ran { fuel_used, note, ..ran }
    }

    /// No store: the host is out of memory.
    fn unstarted(&self, error: &wasmtime::Error) -> Ran {
        tracing::error!(call = self.call.id.0, "no store for a call: {error:#}");
        Ran::failed_by_host(self.cast, self.call, self.state, "the host is out of memory")
    }

    fn fuel_used(&self, store: &Store<Session>) -> u64 {
        self.call.grant.saturating_sub(store.get_fuel().unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use spellhost_sim::{Inputs, LimitKind, Outcome};

    use crate::arena::{Arena, admitted, applied, load};
    use crate::guest::Guest;
    use crate::session::Session;
    use crate::{Caster, Codegen, Engine, EngineOptions, linking};

    /// An engine whose `scene.tick` has a bug.
    fn buggy() -> Engine {
        let options = EngineOptions::default();
        let engine = Engine::linked(options, |engine| {
            let mut linker = linking::linker(engine)?;
            linker.allow_shadowing(true);
            let mut scene = linker.instance("spellhost:spell/scene@0.1.0")?;
            scene.func_wrap(
                "tick",
                |_: wasmtime::StoreContextMut<'_, Session>, (): ()| -> wasmtime::Result<(u64,)> {
                    panic!("a bug of the host")
                },
            )?;
            Ok(linker)
        });
        engine.expect("an engine")
    }

    #[test]
    fn a_panic_of_the_host_fails_the_call_and_the_world_goes_on() {
        let engine = buggy();
        let component = |guest: Guest| engine.load(admitted(&guest.build())).expect("it loads");
        let panics = component(Guest::new().import("scene.tick").cast("(drop (call $scene.tick))"));
        let works = component(Guest::new().import("random.next").cast("(drop (call $random.next))"));
        let mut arena = Arena::new(Codegen::Native, 1);
        arena.caster = Caster::new(&engine, 2).expect("threads");
        for _ in 0..50 {
            let casts = vec![arena.request(&panics), arena.request(&works)];
            let calls = arena.play(Inputs { casts, ..Inputs::default() }).report.calls;
            assert_eq!(calls[0].outcome, Outcome::Limit(LimitKind::Host));
            assert_eq!(calls[0].fuel_used, calls[0].fuel_granted);
            assert_eq!(calls[1].outcome, applied());
            arena.idle(10);
        }
        assert!(load(&Guest::new(), Codegen::Native).is_ok());
    }
}
