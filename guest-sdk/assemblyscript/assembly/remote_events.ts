// Messages between a spell and the game client.
//
// Promises program order. What a spell sends waits in a list and crosses to the host together, and goes out only if
// the call ends well. The payload is text, JSON by convention; what stands in it is the author's and the client's
// business. A request with an answer is two events with an id.

import * as host from "./bindings";
import { EntityId, RemoteMessage, RemoteOp } from "./bindings";
import { Pair } from "./option";
import { deliverWaiting, join } from "./pending";

@lazy let waiting: Array<RemoteOp> = [];

function deliver(): void {
  const ops = waiting;
  waiting = [];
  host.remoteEventsEmit(ops);
}

function push(op: RemoteOp): void {
  join(deliver);
  waiting.push(op);
}

/**
 * To every client in the world. `name` at most 128 bytes, `payload` at most 1,024.
 * Fuel: priced as one item of `remote-events.emit`.
 */
export function broadcast(name: string, payload: string): void {
  push(RemoteOp.broadcast(new RemoteMessage(name, payload)));
}

/** To one player. `name` at most 128 bytes, `payload` at most 1,024. Fuel: as one item of `remote-events.emit`. */
export function send(player: EntityId, name: string, payload: string): void {
  push(RemoteOp.send(new Pair<EntityId, RemoteMessage>(player, new RemoteMessage(name, payload))));
}

/**
 * Keeps this cast alive for `duration` ticks (1 to 36,000) to receive remote events of that name as `remote`. At most
 * 16 names for one active spell. Fuel: priced as `remote-events.listen`.
 */
export function listen(name: string, duration: u32): void {
  deliverWaiting();
  host.remoteEventsListen(name, duration);
}
