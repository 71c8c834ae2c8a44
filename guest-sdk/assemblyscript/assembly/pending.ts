// The one list of commands that wait to cross the boundary, and the ids that spawns of this call get.
//
// Crossing is what costs, so single commands are kept and delivered as one list. Promises program order: a
// command of another interface, `state.save` and the end of the call deliver what waits first. Does not know any
// interface: each hands over its own delivery when it is used, so that a spell imports only what it uses.

import { EntityId } from "./bindings";

/** More commands than this a call may not have: delivering here makes the host name the one too many. */
const COMMANDS_MAX: i32 = 64;

@lazy let waiting: (() => void) | null = null;
@lazy let count: i32 = 0;
@lazy let next: EntityId = 0;
@lazy let last: (() => void) | null = null;

@lazy let first: bool = false;

/** A call begins: nothing waits, and its first spawn gets this id. */
export function begin(firstEntity: EntityId, isFirst: bool): void {
  next = firstEntity;
  first = isFirst;
}

/** Whether this is the call that began the cast: it has no saved state yet. */
export function isFirstCall(): bool {
  return first;
}

/** The id of the next spawn of this call, over all interfaces. */
export function nextEntity(): EntityId {
  return next++;
}

/** Before a command joins a queue: what waits in another is delivered, and a full one as well. */
export function join(deliver: () => void): void {
  if (waiting !== deliver || count == COMMANDS_MAX) {
    deliverWaiting();
    waiting = deliver;
  }
  count++;
}

/** Delivers what waits. */
export function deliverWaiting(): void {
  const deliver = waiting;
  waiting = null;
  count = 0;
  if (deliver !== null) deliver();
}

/** What is done when the call ends well, after all that waits was delivered. */
export function atEnd(call: () => void): void {
  last = call;
}

/** The call ends well. */
export function end(): void {
  deliverWaiting();
  const call = last;
  if (call !== null) call();
}
