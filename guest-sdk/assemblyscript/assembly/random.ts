// Chance: one stream per call, the same for every client.
//
// Promises that each helper says how many draws it takes, that it draws what the Rust SDK's draws, and that drawing
// ahead (one question for many numbers is cheaper) never changes what comes. Does not know seeds: the host makes
// the stream from the world's seed, the tick and the call.

import * as host from "./bindings";
import { Vec3 } from "./vector";

/** The most draws that one question may ask for. */
const FILL_MAX: i32 = 256;

/** Drawn already, the next one last. */
@lazy let ahead: Array<u64> = [];

/** The next 64 bits. One draw. Fuel: priced as `random.next`, or nothing if it was drawn ahead. */
export function next(): u64 {
  return ahead.length ? ahead.pop() : host.randomNext();
}

/**
 * Draws ahead, so that the next `draws` cost one question: worth it from two on, done by the helpers that know how many
 * they take. The stream stays the same. Fuel: priced as `random.fill`.
 */
export function reserve(draws: i32): void {
  const missing = (draws < FILL_MAX ? draws : FILL_MAX) - ahead.length;
  if (missing > 1) ahead = host.randomFill(missing).reverse().concat(ahead);
}

/** A number from 0 (included) to 1 (excluded). One draw. */
export function unitF64(): f64 {
  // 53 bits are what an f64 holds exactly.
  return <f64>(next() >> 11) / 9007199254740992.0;
}

/** A number from `min` (included) to `max` (excluded). One draw. */
export function range(min: f64, max: f64): f64 {
  return min + (max - min) * unitF64();
}

/** A whole number from `min` to `max`, both included. One draw. An empty range gives its start. */
export function integer(min: i64, max: i64): i64 {
  const draw = next();
  if (max < min) return min;
  const count = <u64>(max - min) + 1;
  return min + <i64>(count ? upperHalf(draw, count) : draw);
}

/** The upper 64 bits of the product. */
function upperHalf(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff, aHigh = a >> 32, bLow = b & 0xffffffff, bHigh = b >> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >> 32);
  const carry = (middle & 0xffffffff) + aLow * bHigh;
  return aHigh * bHigh + (middle >> 32) + (carry >> 32);
}

/** Whether something with that probability (0 never, 1 always) happens. One draw. */
export function chance(probability: f64): bool {
  return unitF64() < probability;
}

/** A direction of length 1, every one equally likely. Two draws or, one time in five, more. */
export function unitVector(): Vec3 {
  while (true) {
    reserve(2);
    const a = range(-1, 1), b = range(-1, 1);
    const square = a * a + b * b;
    // Marsaglia's method: a point of the disc stands for a point of the sphere.
    if (square < 1) {
      const root = 2 * Math.sqrt(1 - square);
      return new Vec3(a * root, 1 - 2 * square, b * root);
    }
  }
}

/** One of the items, every one equally likely; there must be one. One draw. */
export function pick<T>(items: Array<T>): T {
  return items[<i32>integer(0, items.length - 1)];
}

/** Brings the items into any order, every one equally likely. One draw less than there are items. */
export function shuffle<T>(items: Array<T>): void {
  for (let last = items.length - 1; last > 0; last--) {
    if (!ahead.length) reserve(last);
    const other = <i32>integer(0, last);
    const item = items[last];
    items[last] = items[other];
    items[other] = item;
  }
}
