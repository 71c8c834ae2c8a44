//! A connection as a world sees it: a bounded queue, and what goes into it.
//!
//! Promises that a world never waits for a reader: what does not fit is not queued, and the reader
//! starts anew from a snapshot once it has caught up.

use axum::extract::ws::Message;
use spellhost_wire::message::Mode;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use crate::limits::QUEUE_RESERVE;
use crate::metering;

/// Where a connection reads from.
pub type Queue = Sender<Message>;

/// One connection.
#[derive(Debug)]
pub struct Subscriber {
    /// Names it.
    pub connection: u64,
    /// Names the player.
    pub client: String,
    /// What it gets.
    pub mode: Mode,
    /// Frames as postcard.
    pub binary: bool,
    queue: Queue,
    /// Set while it has missed something.
    lagging: bool,
    gone: bool,
    /// The next frame of the past that it needs; `None` once it has caught up.
    behind: Option<u64>,
}

impl Subscriber {
    /// A connection that has missed nothing.
    pub fn new(connection: u64, client: String, mode: Mode, binary: bool, queue: Queue) -> Self {
        Self { connection, client, mode, binary, queue, lagging: false, gone: false, behind: None }
    }

    /// Queues a message, unless it is too many.
    pub fn send(&mut self, message: Message) {
        if self.lagging || self.gone {
            return;
        }
        let bytes = match &message {
            Message::Text(text) => text.len(),
            Message::Binary(bytes) => bytes.len(),
            _ => 0,
        };
        match self.queue.try_send(message) {
            Ok(()) => metering::queued(self.mode, bytes),
            Err(TrySendError::Full(_)) => self.lagging = true,
            Err(TrySendError::Closed(_)) => self.gone = true,
        }
    }

    /// Has it told of the ticks from this one on before those to come.
    pub fn begin_at(&mut self, tick: u64) {
        self.behind = Some(tick);
    }

    /// The next frame of the past that it needs.
    pub fn behind(&self) -> Option<u64> {
        self.behind.filter(|_| !self.lagging && !self.gone)
    }

    /// How many frames of the past it can take now.
    pub fn room(&self) -> usize {
        self.queue.capacity().saturating_sub(QUEUE_RESERVE)
    }

    /// It has been told of everything before this tick, and of all that there is where there is none.
    pub fn is_told_before(&mut self, tick: Option<u64>) {
        self.behind = tick;
    }

    /// Whether it is told of a tick as it is played.
    pub fn is_current(&self) -> bool {
        self.behind.is_none()
    }

    /// Whether it has missed something and has read all that was queued.
    pub fn has_drained(&self) -> bool {
        self.lagging && self.queue.capacity() == self.queue.max_capacity()
    }

    /// Whether it is there and has missed nothing.
    pub fn misses_nothing(&self) -> bool {
        !self.lagging && !self.gone
    }

    /// How many messages wait for it.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// It starts anew.
    pub fn start_anew(&mut self) {
        self.lagging = false;
        self.behind = None;
    }

    /// Whether nobody reads any more.
    pub fn is_gone(&self) -> bool {
        self.gone
    }
}
