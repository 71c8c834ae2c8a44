//! A wish to stop, shared between who has it and who works. It knows nothing of what is stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Says to a build that its result is no longer wanted. Clones share the wish.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Nothing is to be stopped yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops what was started with this, within about a tenth of a second. May be called from anywhere.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether it is to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
