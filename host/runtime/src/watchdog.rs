//! The watchdog: after real time has passed, what still runs in a tick is ended with a verdict.
//!
//! Fuel ends every call long before; this is for a host that has come to a standstill. What it
//! decides goes into the frame and is never decided again. Knows no calls: it raises alarms.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Says whether the calls of one tick have run out of real time. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alarm(Arc<AtomicBool>);

impl Alarm {
    /// Whether time is up.
    pub(crate) fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
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

    /// Arms an alarm; it is disarmed when the guard is dropped.
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
        let due: Vec<Alarm> =
            state.armed.extract_if(.., |(at, _)| *at <= now).map(|(_, alarm)| alarm).collect();
        if !due.is_empty() {
            for alarm in due {
                alarm.0.store(true, Ordering::Relaxed);
            }
            tracing::error!("a tick's calls ran out of real time; those that have not finished are ended");
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
