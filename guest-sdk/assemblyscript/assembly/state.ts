// The only memory that outlives a call: at most 4 KiB of an active spell, raw or typed.
//
// Promises that what a call saved is there in the next one, if the call ended well. Typed state is declared once,
// beside the functions, and read and set through `value`; what was set is saved when the call ends:
//
//   const wakes = state.integer("wakes");
//
//   export function onEvent(ctx: CastContext, event: SpellEvent): string | null {
//     wakes.value++;
//     ...
//
// The bytes are those of the Rust SDK's `state!`: a list of fields, each with a tag made of its name and its length. So
// declarations may be added, removed and moved between revisions; one that is renamed starts anew.

import * as host from "./bindings";
import { EntityId } from "./bindings";
import { atEnd, deliverWaiting, isFirstCall } from "./pending";
import { BlockPos, Vec3 } from "./vector";

/** What was saved last, in this call or an earlier one; empty at first. Fuel: priced as `state.load`. */
export function load(): Array<u8> { return host.stateLoad(); }

/**
 * Replaces what is saved: at most 4,096 bytes, otherwise the call ends as `limit(state)`. Commands that wait are
 * delivered first. A spell uses this or typed state, not both. Fuel: priced as `state.save`.
 */
export function save(bytes: Array<u8>): void {
  deliverWaiting();
  host.stateSave(bytes);
}

/**
 * Ends this active spell after the call: its timers, listeners and the events of its projectiles are dropped; the
 * projectiles fly on. Fuel: priced as `state.finish`.
 */
export function finish(): void {
  deliverWaiting();
  host.stateFinish();
}

/** For `migrate`: typed state becomes what these bytes say. `false` if they are of another shape. */
export function decode(bytes: Array<u8>): bool {
  loaded = true;
  return read(bytes);
}

/** For `migrate`: typed state as bytes. */
export function encode(): Array<u8> {
  const fields = new Writer();
  for (let i = 0; i < cells.length; i++) {
    const value = new Writer();
    cells[i].write(value);
    fields.bytes.push(<u8>cells[i].tag);
    fields.bytes.push(<u8>(cells[i].tag >> 8));
    fields.sized(value.bytes);
  }
  const whole = new Writer();
  whole.sized(fields.bytes);
  return whole.bytes;
}

@lazy let cells: Array<Cell> = [];
@lazy let loaded: bool = false;

/** Typed state is read when it is first needed; the first call of a cast has none. */
function need(): void {
  if (loaded) return;
  loaded = true;
  if (!isFirstCall()) assert(read(host.stateLoad()), "the saved state is of another shape: write `migrate`");
}

function saveAll(): void {
  host.stateSave(encode());
}

function read(bytes: Array<u8>): bool {
  if (!bytes.length) return true;
  const whole = new Reader(bytes, 0, bytes.length);
  const fields = whole.sized();
  while (fields.at < fields.end && !whole.failed) {
    const tag = <u32>fields.byte() | (<u32>fields.byte() << 8);
    const value = fields.sized();
    for (let i = 0; i < cells.length; i++) {
      if (cells[i].tag == tag) cells[i].read(value);
    }
    if (fields.failed || value.failed) return false;
  }
  return !whole.failed && whole.at == whole.end;
}

/** One value that lasts. */
export abstract class Cell {
  /** Sixteen bits of the name. */
  tag: u32;

  constructor(name: string) {
    let hash: u32 = 0x811c9dc5;
    const bytes = Uint8Array.wrap(String.UTF8.encode(name));
    for (let i = 0; i < bytes.length; i++) hash = (hash ^ bytes[i]) * 0x01000193;
    this.tag = (hash ^ (hash >> 16)) & 0xffff;
    for (let i = 0; i < cells.length; i++) {
      assert(cells[i].tag != this.tag, "two values of this state have the same tag: rename one");
    }
    cells.push(this);
  }

  /** Before the value is read. */
  @inline protected reading(): void { need(); }

  /** Before the value is set. */
  protected setting(): void {
    need();
    atEnd(saveAll);
  }

  abstract write(to: Writer): void;
  abstract read(from: Reader): void;
}

/** Yes or no. */
export class FlagCell extends Cell {
  constructor(name: string, private held: bool) { super(name); }
  get value(): bool { this.reading(); return this.held; }
  set value(value: bool) { this.setting(); this.held = value; }
  write(to: Writer): void { to.bytes.push(this.held ? 1 : 0); }
  read(from: Reader): void { this.held = from.byte() != 0; }
}

/** A whole number. */
export class IntegerCell extends Cell {
  constructor(name: string, private held: i64) { super(name); }
  get value(): i64 { this.reading(); return this.held; }
  set value(value: i64) { this.setting(); this.held = value; }
  write(to: Writer): void { to.integer(this.held); }
  read(from: Reader): void { this.held = from.integer(); }
}

/** A number. */
export class NumberCell extends Cell {
  constructor(name: string, private held: f64) { super(name); }
  get value(): f64 { this.reading(); return this.held; }
  set value(value: f64) { this.setting(); this.held = value; }
  write(to: Writer): void { to.number(this.held); }
  read(from: Reader): void { this.held = from.number(); }
}

/** A text. */
export class TextCell extends Cell {
  constructor(name: string, private held: string) { super(name); }
  get value(): string { this.reading(); return this.held; }
  set value(value: string) { this.setting(); this.held = value; }
  write(to: Writer): void {
    const text = Uint8Array.wrap(String.UTF8.encode(this.held));
    to.unsigned(text.length);
    for (let i = 0; i < text.length; i++) to.bytes.push(text[i]);
  }
  read(from: Reader): void {
    const length = <i32>from.unsigned();
    const text = new Uint8Array(length > from.end - from.at ? 0 : length);
    for (let i = 0; i < text.length; i++) text[i] = from.byte();
    this.held = String.UTF8.decode(text.buffer);
  }
}

/** A point or direction. */
export class PointCell extends Cell {
  constructor(name: string, private held: Vec3) { super(name); }
  get value(): Vec3 { this.reading(); return this.held; }
  set value(value: Vec3) { this.setting(); this.held = value; }
  write(to: Writer): void { to.number(this.held.x); to.number(this.held.y); to.number(this.held.z); }
  read(from: Reader): void { this.held = new Vec3(from.number(), from.number(), from.number()); }
}

/** A block. */
export class BlockCell extends Cell {
  constructor(name: string, private held: BlockPos) { super(name); }
  get value(): BlockPos { this.reading(); return this.held; }
  set value(value: BlockPos) { this.setting(); this.held = value; }
  write(to: Writer): void { to.integer(this.held.x); to.integer(this.held.y); to.integer(this.held.z); }
  read(from: Reader): void {
    this.held = new BlockPos(<i32>from.integer(), <i32>from.integer(), <i32>from.integer());
  }
}

/** An entity, or a count. */
export class EntityCell extends Cell {
  constructor(name: string, private held: EntityId) { super(name); }
  get value(): EntityId { this.reading(); return this.held; }
  set value(value: EntityId) { this.setting(); this.held = value; }
  write(to: Writer): void { to.unsigned(this.held); }
  read(from: Reader): void { this.held = from.unsigned(); }
}

/** Whole numbers. After a change within the list, set `value` to it: that is what saves it. */
export class IntegersCell extends Cell {
  constructor(name: string, private held: Array<i64>) { super(name); }
  get value(): Array<i64> { this.reading(); return this.held; }
  set value(value: Array<i64>) { this.setting(); this.held = value; }
  write(to: Writer): void {
    to.unsigned(this.held.length);
    for (let i = 0; i < this.held.length; i++) to.integer(this.held[i]);
  }
  read(from: Reader): void {
    this.held = [];
    for (let left = from.unsigned(); left && !from.failed; left--) this.held.push(from.integer());
  }
}

/** Entities. After a change within the list, set `value` to it: that is what saves it. */
export class EntitiesCell extends Cell {
  constructor(name: string, private held: Array<EntityId>) { super(name); }
  get value(): Array<EntityId> { this.reading(); return this.held; }
  set value(value: Array<EntityId>) { this.setting(); this.held = value; }
  write(to: Writer): void {
    to.unsigned(this.held.length);
    for (let i = 0; i < this.held.length; i++) to.unsigned(this.held[i]);
  }
  read(from: Reader): void {
    this.held = [];
    for (let left = from.unsigned(); left && !from.failed; left--) this.held.push(from.unsigned());
  }
}

/** Yes or no that lasts from call to call. */
export function flag(name: string, start: bool = false): FlagCell { return new FlagCell(name, start); }
/** A whole number that lasts. */
export function integer(name: string, start: i64 = 0): IntegerCell { return new IntegerCell(name, start); }
/** A number that lasts. */
export function number(name: string, start: f64 = 0): NumberCell { return new NumberCell(name, start); }
/** A text that lasts. */
export function text(name: string, start: string = ""): TextCell { return new TextCell(name, start); }
/** A point or direction that lasts. */
export function point(name: string, start: Vec3 = new Vec3()): PointCell { return new PointCell(name, start); }
/** A block that lasts. */
export function block(name: string, start: BlockPos = new BlockPos()): BlockCell { return new BlockCell(name, start); }
/** An entity that lasts; 0 is none. */
export function entity(name: string, start: EntityId = 0): EntityCell { return new EntityCell(name, start); }
/** Whole numbers that last. */
export function integers(name: string): IntegersCell { return new IntegersCell(name, []); }
/** Entities that last. */
export function entities(name: string): EntitiesCell { return new EntitiesCell(name, []); }

/** Bytes under construction. */
export class Writer {
  bytes: Array<u8> = [];

  /** A number in as many bytes as it needs. */
  unsigned(value: u64): void {
    while (value >= 0x80) {
      this.bytes.push(<u8>value | 0x80);
      value >>= 7;
    }
    this.bytes.push(<u8>value);
  }

  /** The same for either sign: 0, -1, 1, -2 are 0, 1, 2, 3. */
  integer(value: i64): void { this.unsigned(<u64>((value << 1) ^ (value >> 63))); }

  /** Eight bytes, the lowest first. */
  number(value: f64): void {
    const bits = reinterpret<u64>(value);
    for (let shift: u64 = 0; shift < 64; shift += 8) this.bytes.push(<u8>(bits >> shift));
  }

  /** Something behind its own length. */
  sized(inner: Array<u8>): void {
    this.unsigned(inner.length);
    this.bytes = this.bytes.concat(inner);
  }
}

/** Bytes being read; `failed` once something was not there. */
export class Reader {
  failed: bool = false;

  constructor(readonly bytes: Array<u8>, public at: i32, readonly end: i32) {}

  byte(): u8 {
    if (this.at >= this.end) {
      this.failed = true;
      return 0;
    }
    return unchecked(this.bytes[this.at++]);
  }

  unsigned(): u64 {
    let value: u64 = 0;
    for (let shift: u64 = 0; shift < 64; shift += 7) {
      const byte = this.byte();
      value |= <u64>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    this.failed = true;
    return 0;
  }

  integer(): i64 {
    const folded = this.unsigned();
    return <i64>(folded >> 1) ^ -<i64>(folded & 1);
  }

  number(): f64 {
    let bits: u64 = 0;
    for (let shift: u64 = 0; shift < 64; shift += 8) bits |= <u64>this.byte() << shift;
    return reinterpret<f64>(bits);
  }

  sized(): Reader {
    const length = this.unsigned();
    const room = <u64>(this.end - this.at);
    if (length > room) this.failed = true;
    const begin = this.at;
    this.at += <i32>min(length, room);
    return new Reader(this.bytes, begin, this.at);
  }
}
