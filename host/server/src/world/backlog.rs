//! The last frames of a world, for who joins or comes back.

use std::collections::VecDeque;
use std::sync::Arc;

use spellhost_wire::Frame;

use crate::limits::BACKLOG_FRAMES;

/// Frames without gaps, the newest last.
#[derive(Debug)]
pub struct Backlog(VecDeque<Arc<Frame>>);

impl Backlog {
    /// Begins with what a log has kept.
    pub fn new(kept: VecDeque<Arc<Frame>>) -> Self {
        Self(kept)
    }

    /// Keeps a frame and forgets the oldest beyond the bound.
    pub fn push(&mut self, frame: Arc<Frame>) {
        if self.0.len() == BACKLOG_FRAMES {
            self.0.pop_front();
        }
        self.0.push_back(frame);
    }

    /// All of them, the newest last.
    pub fn all(&self) -> Vec<Arc<Frame>> {
        self.0.iter().cloned().collect()
    }

    /// The frames from a tick on; `None` where the first of them is not kept any more.
    pub fn since(&self, tick: u64) -> Option<impl Iterator<Item = &Arc<Frame>>> {
        let first = self.0.front().map_or(tick, |frame| frame.tick);
        let skipped = tick.checked_sub(first)?;
        Some(self.0.range(usize::try_from(skipped).unwrap_or(usize::MAX).min(self.0.len())..))
    }
}
