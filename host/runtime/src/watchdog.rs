//! The watchdog: after real time has passed, what still runs in a tick is ended with a verdict.
//!
//! Fuel ends every call long before; this is for a host that has come to a standstill. What it
//! decides goes into the frame and is never decided again. Knows no calls: it raises alarms.

use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often an alarm is rung again until the tick has ended. Between two looks at its alarm, a call
/// sets how far the epoch must move before it looks again; a single ring in between would be lost.
const RING: Duration = Duration::from_millis(5);

/// Says whether the calls of one tick have run out of real time. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alarm(Arc<AtomicBool>);

impl Alarm {
    /// Whether time is up.
    pub(crate) fn is_raised(&self) -> bool {
        // Whoever saw the epoch move sees the alarm that moved it.
        fence(Ordering::SeqCst);
        self.0.load(Ordering::Acquire)
    }

    /// Says that time is up; whether it was said before.
    pub(crate) fn raise(&self) -> bool {
        let before = self.0.swap(true, Ordering::AcqRel);
        fence(Ordering::SeqCst);
        before
    }
}

/// A thread that raises alarms when they are due.
pub(crate) struct Watchdog {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    patience: Duration,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    armed: Vec<(Instant, Alarm)>,
    closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watchdog {
    /// Starts a watchdog that raises each alarm `patience` after it was armed.
    pub(crate) fn start(engine: wasmtime::Engine, patience: Duration) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let thread = std::thread::Builder::new().name("watchdog".into()).spawn({
            let shared = shared.clone();
            move || watch(&shared, &engine)
        })?;
        Ok(Self { shared, thread: Some(thread), patience })
    }

    /// Arms an alarm; once it is due it is rung again and again until the guard is dropped.
    pub(crate) fn arm(&self) -> Armed<'_> {
        let alarm = Alarm::default();
        self.shared.lock().armed.push((Instant::now() + self.patience, alarm.clone()));
        self.shared.changed.notify_one();
        Armed { watchdog: self, alarm }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // The thread does not panic; if it did, there is nothing to watch any more.
            let _ = thread.join();
        }
    }
}

/// An alarm that is armed.
pub(crate) struct Armed<'a> {
    watchdog: &'a Watchdog,
    pub(crate) alarm: Alarm,
}

impl Drop for Armed<'_> {
    fn drop(&mut self) {
        let same = |alarm: &Alarm| Arc::ptr_eq(&alarm.0, &self.alarm.0);
        self.watchdog.shared.lock().armed.retain(|(_, alarm)| !same(alarm));
    }
}

fn watch(shared: &Shared, engine: &wasmtime::Engine) {
    let mut state = shared.lock();
    while !state.closed {
        let now = Instant::now();
        let mut rings = false;
        for (at, alarm) in state.armed.iter_mut().filter(|(at, _)| *at <= now) {
            if !alarm.raise() {
                tracing::error!(
                    "a tick's calls ran out of real time; those that have not finished are ended"
                );
            }
            (*at, rings) = (now + RING, true);
        }
        if rings {
            // Running code looks at its alarm when the epoch moves.
            engine.increment_epoch();
        }
        let next = state.armed.iter().map(|(at, _)| *at).min();
        let poisoned = PoisonError::into_inner;
        state = match next {
            None => shared.changed.wait(state).unwrap_or_else(poisoned),
            Some(at) => {
                let wait = at.saturating_duration_since(now);
                shared.changed.wait_timeout(state, wait).unwrap_or_else(|error| error.into_inner()).0
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::{Config, Engine, Instance, Module, Store, UpdateDeadline};

    use super::*;

    /// A loop that ends by its epoch, or by much fuel where the epoch stands still.
    #[test]
    fn an_alarm_is_rung_until_the_tick_has_ended() {
        let mut config = Config::new();
        config.epoch_interruption(true).consume_fuel(true);
        let engine = Engine::new(&config).expect("an engine");
        let text = r#"(module (func (export "spin") (loop $again (br $again))))"#;
        let module = Module::new(&engine, wat::parse_str(text).expect("text")).expect("a module");
        let watchdog = Watchdog::start(engine.clone(), Duration::ZERO).expect("a thread");
        let armed = watchdog.arm();
        let mut store = Store::new(&engine, 0);
        store.set_fuel(1 << 36).expect("fuel is on");
        // As a call that always looks at its alarm just before it is raised.
        store.epoch_deadline_callback(|mut store| {
            *store.data_mut() += 1;
            if *store.data() < 3 { Ok(UpdateDeadline::Continue(1)) } else { Ok(UpdateDeadline::Interrupt) }
        });
        store.set_epoch_deadline(1);
        let instance = Instance::new(&mut store, &module, &[]).expect("an instance");
        let spin = instance.get_typed_func::<(), ()>(&mut store, "spin").expect("an export");
        let error = spin.call(&mut store, ()).expect_err("it is interrupted");
        assert_eq!(error.downcast_ref(), Some(&wasmtime::Trap::Interrupt), "{error:?}");
        assert_eq!(*store.data(), 3);
        assert!(armed.alarm.is_raised());
        drop(armed);
        assert!(watchdog.shared.lock().armed.is_empty(), "nothing rings on");
    }
}
