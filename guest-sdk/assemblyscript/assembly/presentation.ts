// What is seen and heard, and never simulated: it reaches every client and changes nothing.
//
// Promises program order. Commands wait in a list and cross to the host together; they are shown only if the call
// ends well. Which assets exist is the game client's business: an unknown name is shown as nothing.

import * as host from "./bindings";
import { EntityId, NamedValue, Note, ShowOp, Sound, Vfx } from "./bindings";
import { join } from "./pending";
import { Vec3 } from "./vector";

@lazy let waiting: Array<ShowOp> = [];

function deliver(): void {
  const ops = waiting;
  waiting = [];
  host.presentationShow(ops);
}

function push(op: ShowOp): void {
  join(deliver);
  waiting.push(op);
}

/**
 * A visual effect at a point, with at most 32 arguments for the game client:
 * `playVfx("shockwave", at, [new NamedValue("radius", Value.number(4))])`. `asset` at most 128 bytes.
 * Fuel: priced as one item of `presentation.show`.
 */
export function playVfx(asset: string, at: Vec3, params: Array<NamedValue> = []): void {
  push(ShowOp.playVfx(new Vfx(asset, at, params)));
}

/** A sound at a point. `asset` at most 128 bytes. Fuel: priced as one item of `presentation.show`. */
export function playSound(asset: string, at: Vec3): void {
  push(ShowOp.playSound(new Sound(asset, at)));
}

/** A text for one player, at most 1,024 bytes. Fuel: priced as one item of `presentation.show`. */
export function message(player: EntityId, text: string): void {
  push(ShowOp.message(new Note(player, text)));
}
