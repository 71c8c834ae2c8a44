//! The one list of commands that wait to cross the boundary, and the ids that spawns of this call get.
//!
//! Crossing is what costs, so single commands are kept and delivered as one list. Promises program order: a
//! command of another interface, `state::save` and the end of the call deliver what waits first. Does not know
//! any interface: each registers its own delivery when it is first used, so that a spell imports only what it
//! uses.

use std::cell::Cell;
use std::thread::LocalKey;

use crate::host::types::EntityId;

/// More commands than this a call may not have: delivering here makes the host name the one too many.
const COMMANDS_MAX: usize = 64;

/// Whose commands wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Terrain,
    Projectiles,
    Entities,
    Presentation,
    RemoteEvents,
}

/// A queue of one interface: what waits there.
pub(crate) type Queue<Op> = LocalKey<Cell<Vec<Op>>>;

/// Whose commands wait, and what delivers them.
type Waiting = (Owner, fn());

thread_local! {
    static WAITING: Cell<Option<Waiting>> = const { Cell::new(None) };
    static NEXT_ENTITY: Cell<EntityId> = const { Cell::new(0) };
}

/// A call begins: nothing waits, and its first spawn gets this id.
pub(crate) fn begin(first_entity: EntityId) {
    WAITING.set(None);
    NEXT_ENTITY.set(first_entity);
}

/// The id of the next spawn of this call, over all interfaces.
pub(crate) fn next_entity() -> EntityId {
    let id = NEXT_ENTITY.get();
    NEXT_ENTITY.set(id + 1);
    id
}

/// Puts a command behind those that wait; `deliver` hands over the whole queue.
pub(crate) fn push<Op>(owner: Owner, queue: &'static Queue<Op>, deliver: fn(), op: Op) {
    let mut ops = match WAITING.replace(Some((owner, deliver))) {
        Some((waiting, _)) if waiting == owner => queue.take(),
        Some((_, deliver_other)) => {
            deliver_other();
            Vec::new()
        }
        None => Vec::new(),
    };
    ops.push(op);
    let full = ops.len() >= COMMANDS_MAX;
    queue.set(ops);
    if full {
        deliver_waiting();
    }
}

/// Delivers what waits.
pub(crate) fn deliver_waiting() {
    if let Some((_, deliver)) = WAITING.take() {
        deliver();
    }
}
