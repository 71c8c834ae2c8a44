// Generated from wit/ by tools/bindings; `cargo xtask check` compares. Do not edit.

import * as guest from "./spellhost-guest";
import {
  liftNumbers,
  liftString,
  loadCastContext,
  loadSpellEvent,
  lowerCastResult,
  lowerDescribeResult,
  lowerMigrateResult,
  lowerOnEventResult,
  releaseCastResult,
  releaseDescribeResult,
  releaseMigrateResult,
  releaseOnEventResult,
} from "@spellhost/sdk/bindings";

/** Where the host asks for memory to put arguments and results into. */
export function cabi_realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  if (size == 0) return align;
  return old != 0 && oldSize != 0 ? heap.realloc(old, size) : heap.alloc(size);
}

export function describe(): usize {
  return lowerDescribeResult(guest.describe());
}

export function cabi_post_describe(_: usize): void {
  releaseDescribeResult();
}

export function cast(p0: usize): usize {
  const at = p0;
  return lowerCastResult(guest.cast(loadCastContext(at)));
}

export function cabi_post_cast(_: usize): void {
  releaseCastResult();
}

export function on$event(p0: usize): usize {
  const at = p0;
  return lowerOnEventResult(guest.onEvent(loadCastContext(at), loadSpellEvent(at + 136)));
}

export function cabi_post_on$event(_: usize): void {
  releaseOnEventResult();
}

export function migrate(p0: usize, p1: u32, p2: usize, p3: u32): usize {
  return lowerMigrateResult(guest.migrate(liftString(p0, p1), liftNumbers<u8>(p2, p3)));
}

export function cabi_post_migrate(_: usize): void {
  releaseMigrateResult();
}
