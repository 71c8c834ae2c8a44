//! A connection as a world sees it: a bounded queue, and what goes into it.
//!
//! Promises that a world never waits for a reader: what does not fit is not queued, and the reader
//! starts anew from a snapshot once it has caught up.

use axum::extract::ws::Message;
use spellhost_wire::message::Mode;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use crate::metering;
use crate::world::ask::Joining;

/// Where a connection reads from.
pub type Queue = Sender<Message>;

/// One connection.
#[derive(Debug)]
pub struct Subscriber {
    /// Names it.
    pub connection: u64,
    /// Names the player.
    pub client: String,
    /// Whose it is.
    pub account: String,
    /// What it gets.
    pub mode: Mode,
    /// Frames as postcard.
    pub binary: bool,
    queue: Queue,
    /// Set while it has missed something.
    lagging: bool,
    gone: bool,
}

impl Subscriber {
    /// A connection that has missed nothing.
    pub fn new(joining: &Joining) -> Self {
        Self {
            connection: joining.connection,
            client: joining.client.clone(),
            account: joining.account.clone(),
            mode: joining.mode,
            binary: joining.binary,
            queue: joining.queue.clone(),
            lagging: false,
            gone: false,
        }
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

    /// Whether it has missed something and has read all that was queued.
    pub fn has_drained(&self) -> bool {
        self.lagging && self.queue.capacity() == self.queue.max_capacity()
    }

    /// How many messages wait for it.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// It starts anew.
    pub fn start_anew(&mut self) {
        self.lagging = false;
    }

    /// Whether nobody reads any more.
    pub fn is_gone(&self) -> bool {
        self.gone
    }
}
