//! The places of the pool: as many instances as the pool holds may live at once, whoever makes
//! them, and the rest waits.
//!
//! Without it, several casters and admissions beside them could ask the pool for more than it has,
//! and a call would fail for a reason that is none of its own. Does not know what an instance is.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// So many places.
#[derive(Debug)]
pub(crate) struct Slots {
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Debug)]
struct State {
    free: usize,
    waiting: usize,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot<'a>(&'a Slots);

impl Slots {
    pub(crate) fn new(free: usize) -> Self {
        Self { state: Mutex::new(State { free, waiting: 0 }), returned: Condvar::new() }
    }

    /// Takes a place; waits where there is none. Nobody who holds one takes another, so that
    /// everybody gets one in the end: what holds it runs on bounded fuel.
    pub(crate) fn take(&self) -> Slot<'_> {
        let mut state = self.lock();
        while state.free == 0 {
            state.waiting += 1;
            state = self.returned.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        state.free -= 1;
        Slot(self)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many places are free, and how many threads wait for one.
    #[cfg(test)]
    pub(crate) fn free_and_waiting(&self) -> (usize, usize) {
        let state = self.lock();
        (state.free, state.waiting)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.free += 1;
        if state.waiting > 0 {
            self.0.returned.notify_one();
        }
    }
}
