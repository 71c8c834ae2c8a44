//! Faults that a client makes on purpose, so that it can be shown that they are noticed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A bit of an active spell's state flips between two ticks.
    FlippedState,
    /// The random stream of every call of a tick is another.
    WrongDraw,
}

/// A fault that happens once, in the first tick in which it can.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// In this tick or later.
    pub from_tick: u64,
    happened: Arc<AtomicU64>,
}

impl Fault {
    /// A fault that happens in this tick, or in the first after it in which it can.
    pub fn new(kind: FaultKind, from_tick: u64) -> Self {
        Self { kind, from_tick, happened: Arc::new(AtomicU64::new(u64::MAX)) }
    }

    /// The tick in which it happened.
    pub fn happened(&self) -> Option<u64> {
        Some(self.happened.load(Ordering::SeqCst)).filter(|tick| *tick != u64::MAX)
    }

    pub(crate) fn is_due(&self, tick: u64) -> bool {
        tick >= self.from_tick && self.happened().is_none()
    }

    pub(crate) fn happens(&self, tick: u64) {
        self.happened.store(tick, Ordering::SeqCst);
    }
}
