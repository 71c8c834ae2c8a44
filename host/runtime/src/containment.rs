//! Tests of what the host itself may do wrong or run short of: each is a verdict, and the world goes on.

use std::sync::{Arc, Condvar, Mutex};

use spellhost_sim::{CallId, CastRequest, Inputs, LimitKind, Outcome};

use crate::admission::Admitted;
use crate::arena::{Arena, admitted, applied, load, revision};
use crate::engine::{Engine, EngineOptions};
use crate::guest::Guest;
use crate::lane::{Surroundings, Work};
use crate::limits::{CONCURRENT_CALLS_MAX, THREADS_MAX};
use crate::session::Session;
use crate::settings::{Codegen, Role};
use crate::watchdog::Alarm;
use crate::{Caster, Component, Library, Verdicts, linking, replay_tick, verdicts};

/// An engine whose `scene.tick` is something else.
fn engine_with(tick: impl Fn() -> u64 + Send + Sync + 'static) -> Engine {
    let engine = Engine::linked(EngineOptions::default(), |engine| {
        let mut linker = linking::linker(engine)?;
        linker.allow_shadowing(true);
        linker.instance("spellhost:spell/scene@0.1.0")?.func_wrap(
            "tick",
            move |_: wasmtime::StoreContextMut<'_, Session>, (): ()| -> wasmtime::Result<(u64,)> {
                Ok((tick(),))
            },
        )?;
        Ok(linker)
    });
    engine.expect("an engine")
}

fn ticks() -> Admitted {
    admitted(&Guest::new().import("scene.tick").cast("(drop (call $scene.tick))").build())
}

fn loaded(engine: &Engine, admitted: Admitted) -> Component {
    engine.load(admitted).unwrap_or_else(|rejection| panic!("{rejection}"))
}

#[test]
fn what_the_host_failed_at_stands_and_is_not_executed_again() {
    let engine = engine_with(|| panic!("a bug of the host"));
    let panics = loaded(&engine, ticks());
    let mut arena = Arena::new(Codegen::Native, 1);
    let caster = std::mem::replace(&mut arena.caster, Caster::new(&engine, 1).expect("threads"));
    let before = arena.world.clone();
    let played = arena.cast(&panics);
    let call = &played.report.calls[0];
    assert_eq!(call.outcome, Outcome::Limit(LimitKind::Host));
    assert_eq!(call.fuel_used, call.fuel_granted);
    let trap = played.notes[0].trap.as_ref().expect("the author is told");
    assert_eq!((trap.trap.as_str(), trap.frames.len()), ("host", 0));
    let stands = verdicts(&played.report);
    assert_eq!(stands, Verdicts::from([(call.id, LimitKind::Host)]));

    // A host without the bug would decide otherwise, and keeps to what was decided.
    let mut library = Library::new();
    library.insert(loaded(crate::arena::engine(Codegen::Native), ticks()));
    let replay = |verdicts: &Verdicts| {
        replay_tick(&mut before.clone(), played.inputs.clone(), verdicts, &library, &caster).report
    };
    assert_eq!(replay(&stands), played.report);
    assert_eq!(replay(&Verdicts::new()).calls[0].outcome, applied());
}

#[test]
fn a_pool_without_a_place_is_a_verdict() {
    let engine = engine_with(|| 0);
    let component = loaded(&engine, ticks());
    // More than can happen: instances that hold no slot take every place.
    let mut stores: Vec<_> = (0..CONCURRENT_CALLS_MAX)
        .map(|_| engine.store(Session::without_world([0; 32]), u64::MAX).expect("a store"))
        .collect();
    for store in &mut stores {
        store.set_epoch_deadline(1);
        component.instantiate(store).expect("a place");
    }
    let mut arena = Arena::new(Codegen::Native, 1);
    arena.caster = Caster::new(&engine, 1).expect("threads");
    let played = arena.cast(&component);
    assert_eq!(played.report.calls[0].outcome, Outcome::Limit(LimitKind::Host));
    let trap = played.notes[0].trap.as_ref().expect("the author is told");
    assert!(trap.message.contains("limit"), "{trap:?}");
    drop(stores);
    assert_eq!(arena.cast(&component).report.calls[0].outcome, applied());
}

/// Lets nobody through until it is opened; counts who has come.
#[derive(Default)]
struct Gate {
    /// How many are inside, and whether it is open.
    state: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().expect("no thread panics");
        state.0 += 1;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |(_, open)| !*open).expect("no thread panics"));
    }

    fn await_inside(&self, count: usize) {
        let state = self.state.lock().expect("no thread panics");
        drop(self.changed.wait_while(state, |(inside, _)| *inside < count).expect("no thread panics"));
    }

    fn open(&self) {
        self.state.lock().expect("no thread panics").1 = true;
        self.changed.notify_all();
    }
}

#[test]
fn more_calls_than_the_pool_holds_wait_for_a_place() {
    let gate = Arc::new(Gate::default());
    let inside = gate.clone();
    let engine = engine_with(move || {
        inside.pass();
        0
    });
    let component = loaded(&engine, ticks());
    // As many calls as there are places stand at the gate, and one more world's wait outside.
    let worlds = CONCURRENT_CALLS_MAX / THREADS_MAX + 1;
    let outcomes = std::thread::scope(|scope| {
        let play = || {
            let mut arena = Arena::new(Codegen::Native, 1);
            arena.caster = Caster::new(&engine, THREADS_MAX).expect("threads");
            // So little that one player may have all of it in one tick.
            let revision = revision(&component, 100_000);
            let cast = |_| CastRequest { revision, ..arena.request(&component) };
            let casts = (0..THREADS_MAX).map(cast).collect();
            let calls = arena.play(Inputs { casts, ..Inputs::default() }).report.calls;
            calls.into_iter().map(|call| call.outcome).collect::<Vec<_>>()
        };
        let playing: Vec<_> = (0..worlds).map(|_| scope.spawn(play)).collect();
        gate.await_inside(CONCURRENT_CALLS_MAX);
        while engine.slots().free_and_waiting() != (0, THREADS_MAX) {
            std::thread::yield_now();
        }
        // An admission waits as well.
        let admission = scope.spawn(|| engine.load(ticks()).is_ok());
        while engine.slots().free_and_waiting() != (0, THREADS_MAX + 1) {
            std::thread::yield_now();
        }
        gate.open();
        assert!(admission.join().expect("no panic"));
        playing.into_iter().flat_map(|world| world.join().expect("no panic")).collect::<Vec<_>>()
    });
    assert_eq!(outcomes, vec![applied(); worlds * THREADS_MAX]);
    assert_eq!(engine.slots().free_and_waiting(), (CONCURRENT_CALLS_MAX, 0));
}

#[test]
fn a_call_that_starts_after_the_alarm_is_ended_before_it_runs() {
    // The epoch does not move here: whoever only waited for that would run on.
    let options = EngineOptions { role: Role::Reexecutor, ..EngineOptions::default() };
    let engine = Engine::new(options).expect("an engine");
    let guest = Guest::new().cast("(loop $again (br $again))");
    let component = loaded(&engine, admitted(&guest.build()));
    let mut arena = Arena::new(Codegen::Native, 1);
    arena.caster = Caster::new(&engine, 1).expect("threads");
    let request = arena.request(&component);
    let opened = arena.world.open_tick(Inputs { casts: vec![request], ..Inputs::default() });
    let works: Vec<Work> = opened.lanes.into_iter().map(|lane| Work::new(lane, &arena.library)).collect();
    let alarm = Alarm::default();
    assert!(!alarm.raise() && alarm.raise());
    let around = |world| Surroundings { world, tick: 1, verdicts: Verdicts::new(), alarm, traced: None };
    let (results, notes) = arena.caster.run(&mut arena.world, around, works);
    assert_eq!(results[0].outcome, Outcome::Limit(LimitKind::Watchdog));
    assert_eq!((results[0].id, notes[0].fuel_instantiate), (CallId(1), 0));
}

#[test]
fn nothing_is_left_of_casts_and_swaps() {
    let mut arena = Arena::new(Codegen::Native, 2);
    let engine = crate::arena::engine(Codegen::Native);
    let mut gone = Vec::new();
    let mut before: Option<Component> = None;
    for at in 0..200 {
        let guest = Guest::new().import("timers.wake-after").data(8192, &format!("revision {at}"));
        let guest = if at % 2 == 0 {
            guest.cast("(call $timers.wake-after (i32.const 1) (i32.const 1))")
        } else {
            guest
        };
        let component = loaded(engine, admitted(&guest.build()));
        gone.push(component.downgrade());
        let swap = arena.swap(&component);
        arena.play(Inputs { swaps: vec![swap], ..Inputs::default() });
        for _ in 0..10 {
            assert_eq!(arena.cast(&component).report.calls[0].outcome, applied());
        }
        arena.idle(2);
        arena.library.retain(&arena.world, &[component.digest()]);
        assert_eq!(arena.library.len(), 1, "what the world does not name is gone");
        before = Some(component);
        let live = gone.iter().filter(|weak| weak.upgrade().is_some()).count();
        assert_eq!(live, 1, "after {at} swaps");
    }
    arena.library.retain(&arena.world, &[]);
    drop(before);
    assert!(arena.library.is_empty());
    assert!(gone.iter().all(|weak| weak.upgrade().is_none()));
    assert!(load(&Guest::new(), Codegen::Native).is_ok());
}
