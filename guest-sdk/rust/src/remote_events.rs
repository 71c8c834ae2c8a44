//! Messages between a spell and the game client.
//!
//! Promises program order. What a spell sends waits in a list and crosses to the host together, and goes out
//! only if the call ends well. The payload is text, JSON by convention; what stands in it is the author's and
//! the client's business. A request with an answer is two events with an id.

use std::cell::Cell;

use crate::bindings::spellhost::spell::remote_events::{RemoteMessage, RemoteOp};
use crate::host::remote_events as host;
use crate::host::types::EntityId;
use crate::pending::{self, Owner};

thread_local! {
    static WAITING: Cell<Vec<RemoteOp>> = const { Cell::new(Vec::new()) };
}

fn push(op: RemoteOp) {
    pending::push(Owner::RemoteEvents, &WAITING, || host::emit(&WAITING.take()), op);
}

/// To every client in the world. `name` at most 128 bytes, `payload` at most 1,024.
///
/// Fuel: priced as one item of `remote-events.emit`.
pub fn broadcast(name: &str, payload: impl Into<String>) {
    push(RemoteOp::Broadcast(RemoteMessage { name: name.to_owned(), payload: payload.into() }));
}

/// To one player. `name` at most 128 bytes, `payload` at most 1,024.
///
/// Fuel: priced as one item of `remote-events.emit`.
pub fn send(player: EntityId, name: &str, payload: impl Into<String>) {
    push(RemoteOp::Send((player, RemoteMessage { name: name.to_owned(), payload: payload.into() })));
}

/// Keeps this cast alive for `duration` ticks (1 to 36,000) to receive remote events of that name as
/// [`Event::Remote`](crate::Event::Remote). At most 16 names for one active spell.
///
/// Fuel: priced as `remote-events.listen`.
pub fn listen(name: &str, duration: u32) {
    pending::deliver_waiting();
    host::listen(name, duration);
}
