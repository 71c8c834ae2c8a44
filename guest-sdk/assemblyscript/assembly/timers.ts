// Being called later.
//
// Promises that commands which wait are delivered first. A timer keeps the cast alive until it comes.

import * as host from "./bindings";
import { deliverWaiting } from "./pending";

/** Ticks in one second. */
export const TICKS_PER_SECOND: u32 = 60;

/** Seconds as ticks, to the nearest; nothing below 0. Free: asks nobody. */
export function seconds(seconds: f64): u32 {
  // Half away from zero, as the Rust SDK rounds.
  const ticks = Math.floor(seconds * <f64>TICKS_PER_SECOND + 0.5);
  return ticks > 0 ? (ticks < <f64>u32.MAX_VALUE ? <u32>ticks : u32.MAX_VALUE) : 0;
}

/**
 * A `timer` event with that tag comes after so many ticks (at least 1, at most 36,000), or at the first later tick that
 * has the budget. At most 16 timers may be pending for one active spell. Fuel: priced as `timers.wake-after`.
 */
export function wakeAfter(ticks: u32, tag: u32): void {
  deliverWaiting();
  host.timersWakeAfter(ticks, tag);
}

/** Drops the pending timers with that tag. Fuel: priced as `timers.cancel`. */
export function cancel(tag: u32): void {
  deliverWaiting();
  host.timersCancel(tag);
}
