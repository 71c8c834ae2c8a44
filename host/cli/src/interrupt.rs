//! Ctrl-C, SIGTERM and SIGHUP: one flag, and whoever has to be told at once.
//!
//! The first signal sets the flag and tells the listeners (a build is cancelled, its child
//! killed); the program then ends by itself. Where it does not within a moment, or at a second
//! signal, the process ends as it is: files are only ever renamed into place, so nothing is
//! half written.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use spellhost_forge::Cancel;

use crate::problem::Problem;

/// How long an orderly end may take.
const GRACE: Duration = Duration::from_millis(1_500);
/// How long an orderly end may take that has something to save.
const GRACE_TO_DRAIN: Duration = Duration::from_secs(30);

/// Whoever has to be told.
type Listener = Box<dyn Fn() + Send>;

/// Whether to stop.
#[derive(Clone, Default)]
pub struct Interrupt {
    raised: Arc<AtomicBool>,
    /// Set where the signal was what the command waited for.
    accepted: Arc<AtomicBool>,
    /// Set where the command drains before it ends.
    drains: Arc<AtomicBool>,
    listeners: Arc<Mutex<Vec<Listener>>>,
}

impl Interrupt {
    /// Starts to listen for signals. Once in a process.
    ///
    /// # Errors
    /// What the system says where a handler cannot be set.
    pub fn install() -> Result<Self, Problem> {
        let interrupt = Self::default();
        let own = interrupt.clone();
        ctrlc::set_handler(move || {
            if own.raise() {
                std::process::exit(130);
            }
            let grace = if own.drains.load(Ordering::SeqCst) { GRACE_TO_DRAIN } else { GRACE };
            std::thread::spawn(move || {
                std::thread::sleep(grace);
                std::process::exit(130);
            });
        })
        .map_err(|error| Problem::usage("signals", "cannot listen for Ctrl-C").because(&error))?;
        Ok(interrupt)
    }

    /// Sets the flag and tells the listeners; whether it was set before.
    fn raise(&self) -> bool {
        let before = self.raised.swap(true, Ordering::SeqCst);
        if !before {
            self.listeners.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|tell| tell());
        }
        before
    }

    /// Has this called at the first signal, or now if it was already.
    pub fn tell(&self, listener: impl Fn() + Send + 'static) {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_raised() {
            listener();
        }
        listeners.push(Box::new(listener));
    }

    /// A wish to stop that a signal makes.
    pub fn cancel(&self) -> Cancel {
        let cancel = Cancel::new();
        let stop = cancel.clone();
        self.tell(move || stop.cancel());
        cancel
    }

    /// Says that the command drains at a signal, and gets the time for it.
    pub fn drain(&self) {
        self.drains.store(true, Ordering::SeqCst);
    }

    /// The signal was what the command waited for: its result counts, even where the signal is seen here
    /// only afterwards.
    pub fn accept(&self) {
        self.accepted.store(true, Ordering::SeqCst);
    }

    /// Whether a signal came.
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst) && !self.accepted.load(Ordering::SeqCst)
    }

    /// An error once a signal came.
    ///
    /// # Errors
    /// [`Problem::interrupted`].
    pub fn check(&self) -> Result<(), Problem> {
        if self.is_raised() { Err(Problem::interrupted()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU32;

    #[test]
    fn listeners_are_told_once_and_late_ones_at_once() {
        let interrupt = Interrupt::default();
        let told = Arc::new(AtomicU32::new(0));
        let listen = |told: &Arc<AtomicU32>| {
            let told = told.clone();
            move || {
                told.fetch_add(1, Ordering::SeqCst);
            }
        };
        interrupt.tell(listen(&told));
        assert!(interrupt.check().is_ok());
        assert!(!interrupt.raise());
        assert!(interrupt.raise());
        interrupt.tell(listen(&told));
        assert_eq!(told.load(Ordering::SeqCst), 2);
        assert_eq!(interrupt.check().map_err(|problem| problem.exit_code()), Err(130));
    }
}
