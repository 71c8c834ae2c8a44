//! The last frames of a world, for who joins or comes back.
//!
//! Promises at most [`BACKLOG_FRAMES`] frames without a gap. They are kept as the log has them, which is the least
//! memory that they can take, and read again for who asks.

use std::collections::VecDeque;
use std::sync::Arc;

use spellhost_wire::Frame;

use crate::limits::BACKLOG_FRAMES;

/// A frame in the form of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Its tick.
    pub tick: u64,
    /// As [`Frame::to_bytes`] writes it.
    pub bytes: Arc<[u8]>,
}

impl Encoded {
    /// What the log is told of a frame.
    pub fn of(frame: &Frame) -> Self {
        Self { tick: frame.tick, bytes: frame.to_bytes().into() }
    }

    /// The frame; `None` for bytes that nobody wrote as one.
    pub fn read(&self) -> Option<Frame> {
        Frame::from_bytes(&self.bytes).ok()
    }
}

/// Frames without gaps, the newest last.
#[derive(Debug)]
pub struct Backlog(VecDeque<Encoded>);

impl Backlog {
    /// Begins with what a log has kept.
    pub fn new(kept: VecDeque<Encoded>) -> Self {
        Self(kept)
    }

    /// Keeps a frame and forgets the oldest beyond the bound.
    pub fn push(&mut self, frame: Encoded) {
        if self.0.len() == BACKLOG_FRAMES {
            self.0.pop_front();
        }
        self.0.push_back(frame);
    }

    /// All of them, the newest last.
    pub fn all(&self) -> Vec<Encoded> {
        self.0.iter().cloned().collect()
    }

    /// The frames from a tick on; `None` where the first of them is not kept any more.
    pub fn since(&self, tick: u64) -> Option<impl Iterator<Item = Frame>> {
        let first = self.0.front().map_or(tick, |frame| frame.tick);
        let skipped = tick.checked_sub(first)?;
        let rest = self.0.range(usize::try_from(skipped).unwrap_or(usize::MAX).min(self.0.len())..);
        // What was written here, or was read once when the world was opened, reads.
        Some(rest.map_while(Encoded::read))
    }
}
