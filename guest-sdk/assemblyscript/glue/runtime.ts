// Memory of a call: taken piece after piece and given back whole, with the instance.
//
// Promises what the compiler's own `stub` runtime does, with one call for a new object where that has three: a call is
// what costs most fuel. Does not know what is kept in it.

import { AL_MASK, BLOCK, BLOCK_MAXSIZE, BLOCK_OVERHEAD, OBJECT, OBJECT_MAXSIZE, OBJECT_OVERHEAD } from "rt/common";
import { E_ALLOCATION_TOO_LARGE } from "util/error";

// @ts-ignore: decorator
@lazy let offset: usize = ((__heap_base + BLOCK_OVERHEAD + AL_MASK) & ~AL_MASK) - BLOCK_OVERHEAD;

/** Pages until `end`: as many again, or as many as it takes. */
function grow(end: usize): void {
  const pages = memory.size();
  const needed = <i32>((end - (<usize>pages << 16) + 0xffff) >>> 16);
  if (memory.grow(max(pages, needed)) < 0 && memory.grow(needed) < 0) unreachable();
}

// @ts-ignore: decorator
@inline function sizeOf(size: usize): usize {
  return ((size + BLOCK_OVERHEAD + AL_MASK) & ~AL_MASK) - BLOCK_OVERHEAD;
}

// @ts-ignore: decorator
@inline function reach(end: usize): void {
  if (end > <usize>memory.size() << 16) grow(end);
  offset = end;
}

// @ts-ignore: decorator
@inline function take(size: usize): usize {
  const block = offset, payload = sizeOf(size);
  reach(block + BLOCK_OVERHEAD + payload);
  changetype<BLOCK>(block).mmInfo = payload;
  return block + BLOCK_OVERHEAD;
}

// @ts-ignore: decorator
@unsafe @global
export function __alloc(size: usize): usize {
  if (size > BLOCK_MAXSIZE) throw new Error(E_ALLOCATION_TOO_LARGE);
  return take(size);
}

// @ts-ignore: decorator
@unsafe @global
export function __realloc(ptr: usize, size: usize): usize {
  const block = changetype<BLOCK>(ptr - BLOCK_OVERHEAD);
  const actual = block.mmInfo;
  if (size <= actual) return ptr;
  if (size > BLOCK_MAXSIZE) throw new Error(E_ALLOCATION_TOO_LARGE);
  if (ptr + actual == offset) {
    const payload = sizeOf(size);
    reach(ptr + payload);
    block.mmInfo = payload;
    return ptr;
  }
  // Twice the room, so that what grows step by step is seldom copied.
  const fresh = take(max<usize>(size, min<usize>(actual << 1, BLOCK_MAXSIZE)));
  memory.copy(fresh, ptr, actual);
  return fresh;
}

// @ts-ignore: decorator
@unsafe @global
export function __free(ptr: usize): void {
  const block = changetype<BLOCK>(ptr - BLOCK_OVERHEAD);
  if (ptr + block.mmInfo == offset) offset = changetype<usize>(block);
}

// @ts-ignore: decorator
@unsafe @global
export function __new(size: usize, id: u32): usize {
  if (size > OBJECT_MAXSIZE) throw new Error(E_ALLOCATION_TOO_LARGE);
  const ptr = take(OBJECT_OVERHEAD + size);
  const object = changetype<OBJECT>(ptr - BLOCK_OVERHEAD);
  object.gcInfo = 0;
  object.gcInfo2 = 0;
  object.rtId = id;
  object.rtSize = <u32>size;
  return ptr + OBJECT_OVERHEAD;
}

// @ts-ignore: decorator
@unsafe @global
export function __renew(old: usize, size: usize): usize {
  if (size > OBJECT_MAXSIZE) throw new Error(E_ALLOCATION_TOO_LARGE);
  const ptr = __realloc(old - OBJECT_OVERHEAD, OBJECT_OVERHEAD + size);
  changetype<OBJECT>(ptr - BLOCK_OVERHEAD).rtSize = <u32>size;
  return ptr + OBJECT_OVERHEAD;
}

// What only a collector does, and the compiler asks for.

// @ts-ignore: decorator
@global @unsafe
export function __link(_parent: usize, _child: usize, _several: bool): void {}

// @ts-ignore: decorator
@global @unsafe
export function __pin(ptr: usize): usize { return ptr; }

// @ts-ignore: decorator
@global @unsafe
export function __unpin(_ptr: usize): void {}

// @ts-ignore: decorator
@global @unsafe
function __visit(_ptr: usize, _cookie: u32): void {}

// @ts-ignore: decorator
@global @unsafe
export function __collect(): void {}
