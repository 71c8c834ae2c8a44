// Generated from wit/ by tools/bindings; `cargo xtask check` compares. Do not edit.

import { Pair, Result, Some } from "./option";
import { Vec3, BlockPos, BlockSize } from "./vector";
import { EntityInfo } from "./entity";
import { CastContext } from "./context";
import { SpellInfo, ParamSpec } from "./info";
import { Projectile } from "./projectile";

function liftText(begin: usize, length: u32): string {
  return String.UTF16.decodeUnsafe(begin, <usize>length << 1);
}

/** A text that the host wrote at `begin`: so many UTF-16 units. */
export function liftString(begin: usize, length: u32): string {
  return length ? liftText(begin, length) : "";
}

/** Numbers that the host wrote at `begin`. */
export function liftNumbers<T>(begin: usize, length: u32): Array<T> {
  const list = new Array<T>(length);
  memory.copy(list.dataStart, begin, <usize>length * sizeof<T>());
  return list;
}

/** Stable id of an entity, never reused; below 2^53. */
export type EntityId = u64;

/** A duration in ticks of 1/60 s. */
export type Ticks = u32;

function storeVec3(at: usize, value: Vec3): void {
  store<f64>(at, value.x, 0);
  store<f64>(at, value.y, 8);
  store<f64>(at, value.z, 16);
}

export function loadVec3(at: usize): Vec3 {
  return new Vec3(load<f64>(at, 0), load<f64>(at, 8), load<f64>(at, 16));
}

function storeBlockPos(at: usize, value: BlockPos): void {
  store<i32>(at, value.x, 0);
  store<i32>(at, value.y, 4);
  store<i32>(at, value.z, 8);
}

export function loadBlockPos(at: usize): BlockPos {
  return new BlockPos(load<i32>(at, 0), load<i32>(at, 4), load<i32>(at, 8));
}

function storeBlockSize(at: usize, value: BlockSize): void {
  store<u32>(at, value.x, 0);
  store<u32>(at, value.y, 4);
  store<u32>(at, value.z, 8);
}

export function loadBlockSize(at: usize): BlockSize {
  return new BlockSize(load<u32>(at, 0), load<u32>(at, 4), load<u32>(at, 8));
}

/** A colour with 8 bits a channel. */
export class Color {
  constructor(
    /** Red. */
    public r: u8,
    /** Green. */
    public g: u8,
    /** Blue. */
    public b: u8,
    /** Opacity: 255 is opaque. */
    public a: u8,
  ) {}
}

function storeColor(at: usize, value: Color): void {
  store<u8>(at, value.r, 0);
  store<u8>(at, value.g, 1);
  store<u8>(at, value.b, 2);
  store<u8>(at, value.a, 3);
}

export function loadColor(at: usize): Color {
  return new Color(load<u8>(at, 0), load<u8>(at, 1), load<u8>(at, 2), load<u8>(at, 3));
}

/** What an entity is. */
export enum EntityKind {
  /** An entity with a session. */
  Player,
  /** What `projectiles.spawn` makes. */
  Projectile,
  /** A creature. */
  Npc,
  /** A thing that lies about. */
  Item,
}

function storeEntityInfo(at: usize, value: EntityInfo): void {
  store<u64>(at, value.id, 0);
  const t1 = value.owner;
  if (t1 !== null) {
    store<u8>(at, 1, 8);
    store<u64>(at, t1.value, 16);
  } else {
    store<u8>(at, 0, 8);
  }
  store<u8>(at, <u8>value.kind, 24);
  storeVec3(at + 32, value.position);
  storeVec3(at + 56, value.velocity);
  store<f64>(at, value.radius, 80);
  store<f64>(at, value.health, 88);
  store<f64>(at, value.healthMax, 96);
  const t2 = value.statuses;
  store<usize>(at, lowerListOfString(t2), 104);
  store<i32>(at, t2.length, 108);
}

export function loadEntityInfo(at: usize): EntityInfo {
  return new EntityInfo(load<u64>(at, 0), (load<u8>(at, 8) ? new Some<EntityId>(load<u64>(at, 16)) : null), <EntityKind>load<u8>(at, 24), loadVec3(at + 32), loadVec3(at + 56), load<f64>(at, 80), load<f64>(at, 88), load<f64>(at, 96), liftListOfString(load<usize>(at, 104), load<u32>(at, 108)));
}

/** Which case a {@link Value} is. */
export enum ValueKind {
  Flag,
  Integer,
  Number,
  Text,
  Point,
  Block,
  Entity,
  Material,
}

/** What a parameter, an effect argument or a typed remote field may hold. */
export class Value {
  constructor(public kind: ValueKind) {}

  /** Yes or no. */
  flag: bool = false;

  /** The case of that name. */
  static flag(value: bool): Value {
    const made = new Value(ValueKind.Flag);
    made.flag = value;
    return made;
  }

  /** A whole number. */
  integer: i64 = 0;

  /** The case of that name. */
  static integer(value: i64): Value {
    const made = new Value(ValueKind.Integer);
    made.integer = value;
    return made;
  }

  /** A finite number. */
  number: f64 = 0;

  /** The case of that name. */
  static number(value: f64): Value {
    const made = new Value(ValueKind.Number);
    made.number = value;
    return made;
  }

  /** At most 1,024 bytes (256 for a parameter of a cast). */
  text: string | null = null;

  /** The case of that name. */
  static text(value: string): Value {
    const made = new Value(ValueKind.Text);
    made.text = value;
    return made;
  }

  /** A point in the world. */
  point: Vec3 | null = null;

  /** The case of that name. */
  static point(value: Vec3): Value {
    const made = new Value(ValueKind.Point);
    made.point = value;
    return made;
  }

  /** A block of the world. */
  block: BlockPos | null = null;

  /** The case of that name. */
  static block(value: BlockPos): Value {
    const made = new Value(ValueKind.Block);
    made.block = value;
    return made;
  }

  /** An entity by its id. */
  entity: EntityId = 0;

  /** The case of that name. */
  static entity(value: EntityId): Value {
    const made = new Value(ValueKind.Entity);
    made.entity = value;
    return made;
  }

  /** A material by its number; by its name for people. */
  material: u16 = 0;

  /** The case of that name. */
  static material(value: u16): Value {
    const made = new Value(ValueKind.Material);
    made.material = value;
    return made;
  }
}

function storeValue(at: usize, value: Value): void {
  store<u8>(at, <u8>value.kind);
  switch (value.kind) {
    case ValueKind.Flag: {
      store<u8>(at, <u8>value.flag, 8);
      break;
    }
    case ValueKind.Integer: {
      store<i64>(at, value.integer, 8);
      break;
    }
    case ValueKind.Number: {
      store<f64>(at, value.number, 8);
      break;
    }
    case ValueKind.Text: {
      store<usize>(at, changetype<usize>(value.text!), 8);
      store<i32>(at, value.text!.length, 12);
      break;
    }
    case ValueKind.Point: {
      storeVec3(at + 8, value.point!);
      break;
    }
    case ValueKind.Block: {
      storeBlockPos(at + 8, value.block!);
      break;
    }
    case ValueKind.Entity: {
      store<u64>(at, value.entity, 8);
      break;
    }
    case ValueKind.Material: {
      store<u16>(at, value.material, 8);
      break;
    }
  }
}

export function loadValue(at: usize): Value {
  const value = new Value(<ValueKind>load<u8>(at));
  switch (value.kind) {
    case ValueKind.Flag: value.flag = load<u8>(at, 8) != 0; break;
    case ValueKind.Integer: value.integer = load<i64>(at, 8); break;
    case ValueKind.Number: value.number = load<f64>(at, 8); break;
    case ValueKind.Text: value.text = liftString(load<usize>(at, 8), load<u32>(at, 12)); break;
    case ValueKind.Point: value.point = loadVec3(at + 8); break;
    case ValueKind.Block: value.block = loadBlockPos(at + 8); break;
    case ValueKind.Entity: value.entity = load<u64>(at, 8); break;
    case ValueKind.Material: value.material = load<u16>(at, 8); break;
  }
  return value;
}

/** A value under a name of at most 128 bytes. */
export class NamedValue {
  constructor(
    /** The name. */
    public name: string,
    /** The value. */
    public value: Value,
  ) {}
}

function storeNamedValue(at: usize, value: NamedValue): void {
  store<usize>(at, changetype<usize>(value.name), 0);
  store<i32>(at, value.name.length, 4);
  storeValue(at + 8, value.value);
}

export function loadNamedValue(at: usize): NamedValue {
  return new NamedValue(liftString(load<usize>(at, 0), load<u32>(at, 4)), loadValue(at + 8));
}

function storeCastContext(at: usize, value: CastContext): void {
  store<u64>(at, value.cast, 0);
  store<u64>(at, value.tick, 8);
  store<u64>(at, value.caster, 16);
  storeVec3(at + 24, value.origin);
  storeVec3(at + 48, value.direction);
  storeVec3(at + 72, value.targetPosition);
  const t1 = value.targetEntity;
  if (t1 !== null) {
    store<u8>(at, 1, 96);
    store<u64>(at, t1.value, 104);
  } else {
    store<u8>(at, 0, 96);
  }
  store<u64>(at, value.firstEntity, 112);
  store<u64>(at, value.fuel, 120);
  const t2 = value.params;
  store<usize>(at, lowerListOfNamedValue(t2), 128);
  store<i32>(at, t2.length, 132);
}

export function loadCastContext(at: usize): CastContext {
  return new CastContext(load<u64>(at, 0), load<u64>(at, 8), load<u64>(at, 16), loadVec3(at + 24), loadVec3(at + 48), loadVec3(at + 72), (load<u8>(at, 96) ? new Some<EntityId>(load<u64>(at, 104)) : null), load<u64>(at, 112), load<u64>(at, 120), liftListOfNamedValue(load<usize>(at, 128), load<u32>(at, 132)));
}

/** A half line with an end. */
export class Ray {
  constructor(
    /** Where it starts. */
    public origin: Vec3,
    /** Where it goes: any length but zero. */
    public direction: Vec3,
    /** How far, in blocks: 0 to 256. */
    public maxDistance: f64,
  ) {}
}

function storeRay(at: usize, value: Ray): void {
  storeVec3(at, value.origin);
  storeVec3(at + 24, value.direction);
  store<f64>(at, value.maxDistance, 48);
}

export function loadRay(at: usize): Ray {
  return new Ray(loadVec3(at), loadVec3(at + 24), load<f64>(at, 48));
}

/** The first thing a ray meets: a solid voxel, or the body of an entity that does not hold the ray's origin. */
export class RayHit {
  constructor(
    /** The voxel that was met; for an entity, the voxel in which it was met. */
    public block: BlockPos,
    /** That voxel's material. */
    public material: u16,
    /** Where, in blocks. */
    public position: Vec3,
    /** The face that was met, as a unit step on one axis; zero where the ray started inside. */
    public normal: BlockPos,
    /** How far from the origin, in blocks. */
    public distance: f64,
    /** The entity that was met, if it was one. */
    public entity: Some<EntityId> | null,
  ) {}
}

function storeRayHit(at: usize, value: RayHit): void {
  storeBlockPos(at, value.block);
  store<u16>(at, value.material, 12);
  storeVec3(at + 16, value.position);
  storeBlockPos(at + 40, value.normal);
  store<f64>(at, value.distance, 56);
  const t1 = value.entity;
  if (t1 !== null) {
    store<u8>(at, 1, 64);
    store<u64>(at, t1.value, 72);
  } else {
    store<u8>(at, 0, 64);
  }
}

export function loadRayHit(at: usize): RayHit {
  return new RayHit(loadBlockPos(at), load<u16>(at, 12), loadVec3(at + 16), loadBlockPos(at + 40), load<f64>(at, 56), (load<u8>(at, 64) ? new Some<EntityId>(load<u64>(at, 72)) : null));
}

/** How a sphere or box changes the voxels it covers. */
export enum FillMode {
  /** Fills what is not solid with the material. */
  Add,
  /** Turns everything to air; the material does not matter. */
  Subtract,
  /** Gives what is solid the material. */
  Paint,
}

/** One voxel and what it becomes. */
export class Voxel {
  constructor(
    /** Where. */
    public pos: BlockPos,
    /** What it becomes. */
    public material: u16,
  ) {}
}

function storeVoxel(at: usize, value: Voxel): void {
  storeBlockPos(at, value.pos);
  store<u16>(at, value.material, 12);
}

export function loadVoxel(at: usize): Voxel {
  return new Voxel(loadBlockPos(at), load<u16>(at, 12));
}

/** The voxels whose centre is within `radius` of `center`. */
export class Sphere {
  constructor(
    /** The middle, in blocks. */
    public center: Vec3,
    /** More than 0, at most 24 blocks. */
    public radius: f64,
    /** What to fill or paint with. */
    public material: u16,
    /** How. */
    public mode: FillMode,
  ) {}
}

function storeSphere(at: usize, value: Sphere): void {
  storeVec3(at, value.center);
  store<f64>(at, value.radius, 24);
  store<u16>(at, value.material, 32);
  store<u8>(at, <u8>value.mode, 34);
}

export function loadSphere(at: usize): Sphere {
  return new Sphere(loadVec3(at), load<f64>(at, 24), load<u16>(at, 32), <FillMode>load<u8>(at, 34));
}

/** A box of voxels. */
export class Cuboid {
  constructor(
    /** Its least corner. */
    public min: BlockPos,
    /** Its edges, each 1 to 256 blocks. */
    public size: BlockSize,
    /** What to fill or paint with. */
    public material: u16,
    /** How. */
    public mode: FillMode,
  ) {}
}

function storeCuboid(at: usize, value: Cuboid): void {
  storeBlockPos(at, value.min);
  storeBlockSize(at + 12, value.size);
  store<u16>(at, value.material, 24);
  store<u8>(at, <u8>value.mode, 26);
}

export function loadCuboid(at: usize): Cuboid {
  return new Cuboid(loadBlockPos(at), loadBlockSize(at + 12), load<u16>(at, 24), <FillMode>load<u8>(at, 26));
}

/** Which case a {@link TerrainOp} is. */
export enum TerrainOpKind {
  SetVoxel,
  FillSphere,
  FillBox,
}

/** One change of voxels. */
export class TerrainOp {
  constructor(public kind: TerrainOpKind) {}

  /** One voxel. */
  setVoxel: Voxel | null = null;

  /** The case of that name. */
  static setVoxel(value: Voxel): TerrainOp {
    const made = new TerrainOp(TerrainOpKind.SetVoxel);
    made.setVoxel = value;
    return made;
  }

  /** A sphere. */
  fillSphere: Sphere | null = null;

  /** The case of that name. */
  static fillSphere(value: Sphere): TerrainOp {
    const made = new TerrainOp(TerrainOpKind.FillSphere);
    made.fillSphere = value;
    return made;
  }

  /** A box. */
  fillBox: Cuboid | null = null;

  /** The case of that name. */
  static fillBox(value: Cuboid): TerrainOp {
    const made = new TerrainOp(TerrainOpKind.FillBox);
    made.fillBox = value;
    return made;
  }
}

function storeTerrainOp(at: usize, value: TerrainOp): void {
  store<u8>(at, <u8>value.kind);
  switch (value.kind) {
    case TerrainOpKind.SetVoxel: {
      storeVoxel(at + 8, value.setVoxel!);
      break;
    }
    case TerrainOpKind.FillSphere: {
      storeSphere(at + 8, value.fillSphere!);
      break;
    }
    case TerrainOpKind.FillBox: {
      storeCuboid(at + 8, value.fillBox!);
      break;
    }
  }
}

export function loadTerrainOp(at: usize): TerrainOp {
  const value = new TerrainOp(<TerrainOpKind>load<u8>(at));
  switch (value.kind) {
    case TerrainOpKind.SetVoxel: value.setVoxel = loadVoxel(at + 8); break;
    case TerrainOpKind.FillSphere: value.fillSphere = loadSphere(at + 8); break;
    case TerrainOpKind.FillBox: value.fillBox = loadCuboid(at + 8); break;
  }
  return value;
}

function storeProjectile(at: usize, value: Projectile): void {
  storeVec3(at, value._position);
  storeVec3(at + 24, value._velocity);
  store<f64>(at, value._gravity, 48);
  store<f64>(at, value._radius, 56);
  store<u32>(at, value._lifetime, 64);
  store<u8>(at, value._bounces, 68);
  store<u32>(at, value._tag, 72);
}

export function loadProjectile(at: usize): Projectile {
  return new Projectile(loadVec3(at), loadVec3(at + 24), load<f64>(at, 48), load<f64>(at, 56), load<u32>(at, 64), load<u8>(at, 68), load<u32>(at, 72));
}

/** Health points for an entity. */
export class Amount {
  constructor(
    /** Whom. */
    public id: EntityId,
    /** How many: 0 to 1,000,000. */
    public points: f64,
  ) {}
}

function storeAmount(at: usize, value: Amount): void {
  store<u64>(at, value.id, 0);
  store<f64>(at, value.points, 8);
}

export function loadAmount(at: usize): Amount {
  return new Amount(load<u64>(at, 0), load<f64>(at, 8));
}

/** A vector for an entity. */
export class Motion {
  constructor(
    /** Whom. */
    public id: EntityId,
    /** `push`: blocks per second, added to its velocity, each component at most 3,840. `teleport`: the point to go to. */
    public vector: Vec3,
  ) {}
}

function storeMotion(at: usize, value: Motion): void {
  store<u64>(at, value.id, 0);
  storeVec3(at + 8, value.vector);
}

export function loadMotion(at: usize): Motion {
  return new Motion(load<u64>(at, 0), loadVec3(at + 8));
}

/** A status for an entity. */
export class Status {
  constructor(
    /** Whom. */
    public id: EntityId,
    /**
     * burning (5 points of damage a second), frozen (does not move), slowed (half speed), shielded (half damage) or
     * regenerating (5 points a second).
     */
    public name: string,
    /** 1 to 36,000 ticks; where it already has the status, the longer duration stays. */
    public duration: Ticks,
  ) {}
}

function storeStatus(at: usize, value: Status): void {
  store<u64>(at, value.id, 0);
  store<usize>(at, changetype<usize>(value.name), 8);
  store<i32>(at, value.name.length, 12);
  store<u32>(at, value.duration, 16);
}

export function loadStatus(at: usize): Status {
  return new Status(load<u64>(at, 0), liftString(load<usize>(at, 8), load<u32>(at, 12)), load<u32>(at, 16));
}

/** A creature to spawn. */
export class NpcSpec {
  constructor(
    /** dummy, wolf, golem, wisp or totem. */
    public template: string,
    /** The centre of its body. */
    public position: Vec3,
    /** The author's own number. */
    public tag: u32,
  ) {}
}

function storeNpcSpec(at: usize, value: NpcSpec): void {
  store<usize>(at, changetype<usize>(value.template), 0);
  store<i32>(at, value.template.length, 4);
  storeVec3(at + 8, value.position);
  store<u32>(at, value.tag, 32);
}

export function loadNpcSpec(at: usize): NpcSpec {
  return new NpcSpec(liftString(load<usize>(at, 0), load<u32>(at, 4)), loadVec3(at + 8), load<u32>(at, 32));
}

/** Which case a {@link EntityOp} is. */
export enum EntityOpKind {
  Damage,
  Heal,
  Push,
  Teleport,
  ApplyStatus,
  SpawnNpc,
  Despawn,
}

/** One change of entities. */
export class EntityOp {
  constructor(public kind: EntityOpKind) {}

  /** Takes health; at 0 the entity dies, and the spell hears `entity-died`. */
  damage: Amount | null = null;

  /** The case of that name. */
  static damage(value: Amount): EntityOp {
    const made = new EntityOp(EntityOpKind.Damage);
    made.damage = value;
    return made;
  }

  /** Gives health, up to its maximum. */
  heal: Amount | null = null;

  /** The case of that name. */
  static heal(value: Amount): EntityOp {
    const made = new EntityOp(EntityOpKind.Heal);
    made.heal = value;
    return made;
  }

  /** Adds to its velocity. */
  push: Motion | null = null;

  /** The case of that name. */
  static push(value: Motion): EntityOp {
    const made = new EntityOp(EntityOpKind.Push);
    made.push = value;
    return made;
  }

  /** Puts it elsewhere, at rest. */
  teleport: Motion | null = null;

  /** The case of that name. */
  static teleport(value: Motion): EntityOp {
    const made = new EntityOp(EntityOpKind.Teleport);
    made.teleport = value;
    return made;
  }

  /** Gives it a status. */
  applyStatus: Status | null = null;

  /** The case of that name. */
  static applyStatus(value: Status): EntityOp {
    const made = new EntityOp(EntityOpKind.ApplyStatus);
    made.applyStatus = value;
    return made;
  }

  /**
   * Spawns a creature, owned by the caster; its id is `first-entity` + n. A caster's spells keep at most 64 alive,
   * those of a world 1,024; one beyond is skipped, and its id with it.
   */
  spawnNpc: NpcSpec | null = null;

  /** The case of that name. */
  static spawnNpc(value: NpcSpec): EntityOp {
    const made = new EntityOp(EntityOpKind.SpawnNpc);
    made.spawnNpc = value;
    return made;
  }

  /** Removes an entity; a player cannot be removed. */
  despawn: EntityId = 0;

  /** The case of that name. */
  static despawn(value: EntityId): EntityOp {
    const made = new EntityOp(EntityOpKind.Despawn);
    made.despawn = value;
    return made;
  }
}

function storeEntityOp(at: usize, value: EntityOp): void {
  store<u8>(at, <u8>value.kind);
  switch (value.kind) {
    case EntityOpKind.Damage: {
      storeAmount(at + 8, value.damage!);
      break;
    }
    case EntityOpKind.Heal: {
      storeAmount(at + 8, value.heal!);
      break;
    }
    case EntityOpKind.Push: {
      storeMotion(at + 8, value.push!);
      break;
    }
    case EntityOpKind.Teleport: {
      storeMotion(at + 8, value.teleport!);
      break;
    }
    case EntityOpKind.ApplyStatus: {
      storeStatus(at + 8, value.applyStatus!);
      break;
    }
    case EntityOpKind.SpawnNpc: {
      storeNpcSpec(at + 8, value.spawnNpc!);
      break;
    }
    case EntityOpKind.Despawn: {
      store<u64>(at, value.despawn, 8);
      break;
    }
  }
}

export function loadEntityOp(at: usize): EntityOp {
  const value = new EntityOp(<EntityOpKind>load<u8>(at));
  switch (value.kind) {
    case EntityOpKind.Damage: value.damage = loadAmount(at + 8); break;
    case EntityOpKind.Heal: value.heal = loadAmount(at + 8); break;
    case EntityOpKind.Push: value.push = loadMotion(at + 8); break;
    case EntityOpKind.Teleport: value.teleport = loadMotion(at + 8); break;
    case EntityOpKind.ApplyStatus: value.applyStatus = loadStatus(at + 8); break;
    case EntityOpKind.SpawnNpc: value.spawnNpc = loadNpcSpec(at + 8); break;
    case EntityOpKind.Despawn: value.despawn = load<u64>(at, 8); break;
  }
  return value;
}

/** A visual effect. */
export class Vfx {
  constructor(
    /** Its name for the game client, at most 128 bytes. */
    public asset: string,
    /** Where. */
    public at: Vec3,
    /** At most 32 arguments for the game client. */
    public params: Array<NamedValue>,
  ) {}
}

function storeVfx(at: usize, value: Vfx): void {
  store<usize>(at, changetype<usize>(value.asset), 0);
  store<i32>(at, value.asset.length, 4);
  storeVec3(at + 8, value.at);
  const t1 = value.params;
  store<usize>(at, lowerListOfNamedValue(t1), 32);
  store<i32>(at, t1.length, 36);
}

export function loadVfx(at: usize): Vfx {
  return new Vfx(liftString(load<usize>(at, 0), load<u32>(at, 4)), loadVec3(at + 8), liftListOfNamedValue(load<usize>(at, 32), load<u32>(at, 36)));
}

/** A sound. */
export class Sound {
  constructor(
    /** Its name for the game client, at most 128 bytes. */
    public asset: string,
    /** Where. */
    public at: Vec3,
  ) {}
}

function storeSound(at: usize, value: Sound): void {
  store<usize>(at, changetype<usize>(value.asset), 0);
  store<i32>(at, value.asset.length, 4);
  storeVec3(at + 8, value.at);
}

export function loadSound(at: usize): Sound {
  return new Sound(liftString(load<usize>(at, 0), load<u32>(at, 4)), loadVec3(at + 8));
}

/** A text for one player. */
export class Note {
  constructor(
    /** Whom. */
    public player: EntityId,
    /** At most 1,024 bytes. */
    public text: string,
  ) {}
}

function storeNote(at: usize, value: Note): void {
  store<u64>(at, value.player, 0);
  store<usize>(at, changetype<usize>(value.text), 8);
  store<i32>(at, value.text.length, 12);
}

export function loadNote(at: usize): Note {
  return new Note(load<u64>(at, 0), liftString(load<usize>(at, 8), load<u32>(at, 12)));
}

/** Which case a {@link ShowOp} is. */
export enum ShowOpKind {
  PlayVfx,
  PlaySound,
  Message,
}

/** One thing to show. */
export class ShowOp {
  constructor(public kind: ShowOpKind) {}

  /** Something to see. */
  playVfx: Vfx | null = null;

  /** The case of that name. */
  static playVfx(value: Vfx): ShowOp {
    const made = new ShowOp(ShowOpKind.PlayVfx);
    made.playVfx = value;
    return made;
  }

  /** Something to hear. */
  playSound: Sound | null = null;

  /** The case of that name. */
  static playSound(value: Sound): ShowOp {
    const made = new ShowOp(ShowOpKind.PlaySound);
    made.playSound = value;
    return made;
  }

  /** Something to read. */
  message: Note | null = null;

  /** The case of that name. */
  static message(value: Note): ShowOp {
    const made = new ShowOp(ShowOpKind.Message);
    made.message = value;
    return made;
  }
}

function storeShowOp(at: usize, value: ShowOp): void {
  store<u8>(at, <u8>value.kind);
  switch (value.kind) {
    case ShowOpKind.PlayVfx: {
      storeVfx(at + 8, value.playVfx!);
      break;
    }
    case ShowOpKind.PlaySound: {
      storeSound(at + 8, value.playSound!);
      break;
    }
    case ShowOpKind.Message: {
      storeNote(at + 8, value.message!);
      break;
    }
  }
}

export function loadShowOp(at: usize): ShowOp {
  const value = new ShowOp(<ShowOpKind>load<u8>(at));
  switch (value.kind) {
    case ShowOpKind.PlayVfx: value.playVfx = loadVfx(at + 8); break;
    case ShowOpKind.PlaySound: value.playSound = loadSound(at + 8); break;
    case ShowOpKind.Message: value.message = loadNote(at + 8); break;
  }
  return value;
}

/** At most 1 KiB of text; typed remote fields are the SDKs' business (JSON by convention). */
export class RemoteMessage {
  constructor(
    /** At most 128 bytes. */
    public name: string,
    /** At most 1,024 bytes. */
    public payload: string,
  ) {}
}

function storeRemoteMessage(at: usize, value: RemoteMessage): void {
  store<usize>(at, changetype<usize>(value.name), 0);
  store<i32>(at, value.name.length, 4);
  store<usize>(at, changetype<usize>(value.payload), 8);
  store<i32>(at, value.payload.length, 12);
}

export function loadRemoteMessage(at: usize): RemoteMessage {
  return new RemoteMessage(liftString(load<usize>(at, 0), load<u32>(at, 4)), liftString(load<usize>(at, 8), load<u32>(at, 12)));
}

/** Which case a {@link RemoteOp} is. */
export enum RemoteOpKind {
  Broadcast,
  Send,
}

/** One message to send. */
export class RemoteOp {
  constructor(public kind: RemoteOpKind) {}

  /** To every client in the world. */
  broadcast: RemoteMessage | null = null;

  /** The case of that name. */
  static broadcast(value: RemoteMessage): RemoteOp {
    const made = new RemoteOp(RemoteOpKind.Broadcast);
    made.broadcast = value;
    return made;
  }

  /** To one player. */
  send: Pair<EntityId, RemoteMessage> | null = null;

  /** The case of that name. */
  static send(value: Pair<EntityId, RemoteMessage>): RemoteOp {
    const made = new RemoteOp(RemoteOpKind.Send);
    made.send = value;
    return made;
  }
}

function storeRemoteOp(at: usize, value: RemoteOp): void {
  store<u8>(at, <u8>value.kind);
  switch (value.kind) {
    case RemoteOpKind.Broadcast: {
      storeRemoteMessage(at + 8, value.broadcast!);
      break;
    }
    case RemoteOpKind.Send: {
      const t1 = value.send!;
      store<u64>(at, t1.first, 8);
      storeRemoteMessage(at + 16, t1.second);
      break;
    }
  }
}

export function loadRemoteOp(at: usize): RemoteOp {
  const value = new RemoteOp(<RemoteOpKind>load<u8>(at));
  switch (value.kind) {
    case RemoteOpKind.Broadcast: value.broadcast = loadRemoteMessage(at + 8); break;
    case RemoteOpKind.Send: value.send = new Pair<EntityId, RemoteMessage>(load<u64>(at, 8), loadRemoteMessage(at + 16)); break;
  }
  return value;
}

/** How much a line matters. */
export enum Level {
  /** Something is wrong. */
  Error,
  /** Something may be wrong. */
  Warn,
  /** Something happened. */
  Info,
  /** Something that helps to find out. */
  Debug,
}

/** A closed range. */
export class Bounds {
  constructor(
    /** The least value. */
    public min: f64,
    /** The largest value. */
    public max: f64,
  ) {}
}

function storeBounds(at: usize, value: Bounds): void {
  store<f64>(at, value.min, 0);
  store<f64>(at, value.max, 8);
}

export function loadBounds(at: usize): Bounds {
  return new Bounds(load<f64>(at, 0), load<f64>(at, 8));
}

function storeParamSpec(at: usize, value: ParamSpec): void {
  store<usize>(at, changetype<usize>(value._name), 0);
  store<i32>(at, value._name.length, 4);
  store<usize>(at, changetype<usize>(value._label), 8);
  store<i32>(at, value._label.length, 12);
  store<usize>(at, changetype<usize>(value._help), 16);
  store<i32>(at, value._help.length, 20);
  store<usize>(at, changetype<usize>(value._unit), 24);
  store<i32>(at, value._unit.length, 28);
  storeValue(at + 32, value._defaultValue);
  const t1 = value._range;
  if (t1 !== null) {
    store<u8>(at, 1, 64);
    storeBounds(at + 72, t1);
  } else {
    store<u8>(at, 0, 64);
  }
  const t2 = value._choices;
  store<usize>(at, lowerListOfString(t2), 88);
  store<i32>(at, t2.length, 92);
}

export function loadParamSpec(at: usize): ParamSpec {
  return new ParamSpec(liftString(load<usize>(at, 0), load<u32>(at, 4)), liftString(load<usize>(at, 8), load<u32>(at, 12)), liftString(load<usize>(at, 16), load<u32>(at, 20)), liftString(load<usize>(at, 24), load<u32>(at, 28)), loadValue(at + 32), (load<u8>(at, 64) ? loadBounds(at + 72) : null), liftListOfString(load<usize>(at, 88), load<u32>(at, 92)));
}

function storeSpellInfo(at: usize, value: SpellInfo): void {
  store<usize>(at, changetype<usize>(value._displayName), 0);
  store<i32>(at, value._displayName.length, 4);
  store<usize>(at, changetype<usize>(value._description), 8);
  store<i32>(at, value._description.length, 12);
  const t1 = value._params;
  store<usize>(at, lowerListOfParamSpec(t1), 16);
  store<i32>(at, t1.length, 20);
  store<u32>(at, value._cooldown, 24);
  store<u32>(at, value._mana, 28);
  const t2 = value._remoteNames;
  store<usize>(at, lowerListOfString(t2), 32);
  store<i32>(at, t2.length, 36);
}

export function loadSpellInfo(at: usize): SpellInfo {
  return new SpellInfo(liftString(load<usize>(at, 0), load<u32>(at, 4)), liftString(load<usize>(at, 8), load<u32>(at, 12)), liftListOfParamSpec(load<usize>(at, 16), load<u32>(at, 20)), load<u32>(at, 24), load<u32>(at, 28), liftListOfString(load<usize>(at, 32), load<u32>(at, 36)));
}

/** Where a projectile struck. */
export class Hit {
  constructor(
    /** The projectile, which is gone. */
    public projectile: EntityId,
    /** The tag it was spawned with. */
    public tag: u32,
    /** Its centre when it struck. */
    public position: Vec3,
    /** The face that was struck, as a unit step on one axis. */
    public normal: BlockPos,
    /** The voxel that was struck, if it was one. */
    public block: BlockPos | null,
    /** The entity that was struck, if it was one. */
    public entity: Some<EntityId> | null,
  ) {}
}

function storeHit(at: usize, value: Hit): void {
  store<u64>(at, value.projectile, 0);
  store<u32>(at, value.tag, 8);
  storeVec3(at + 16, value.position);
  storeBlockPos(at + 40, value.normal);
  const t1 = value.block;
  if (t1 !== null) {
    store<u8>(at, 1, 52);
    storeBlockPos(at + 56, t1);
  } else {
    store<u8>(at, 0, 52);
  }
  const t2 = value.entity;
  if (t2 !== null) {
    store<u8>(at, 1, 72);
    store<u64>(at, t2.value, 80);
  } else {
    store<u8>(at, 0, 72);
  }
}

export function loadHit(at: usize): Hit {
  return new Hit(load<u64>(at, 0), load<u32>(at, 8), loadVec3(at + 16), loadBlockPos(at + 40), (load<u8>(at, 52) ? loadBlockPos(at + 56) : null), (load<u8>(at, 72) ? new Some<EntityId>(load<u64>(at, 80)) : null));
}

/** A projectile that ended without striking. */
export class Expired {
  constructor(
    /** The projectile, which is gone. */
    public projectile: EntityId,
    /** The tag it was spawned with. */
    public tag: u32,
    /** Where it ended. */
    public position: Vec3,
  ) {}
}

function storeExpired(at: usize, value: Expired): void {
  store<u64>(at, value.projectile, 0);
  store<u32>(at, value.tag, 8);
  storeVec3(at + 16, value.position);
}

export function loadExpired(at: usize): Expired {
  return new Expired(load<u64>(at, 0), load<u32>(at, 8), loadVec3(at + 16));
}

/** A message from a game client. */
export class Remote {
  constructor(
    /** Who sent it. */
    public player: EntityId,
    /** Its name. */
    public name: string,
    /** At most 1,024 bytes. */
    public payload: string,
  ) {}
}

function storeRemote(at: usize, value: Remote): void {
  store<u64>(at, value.player, 0);
  store<usize>(at, changetype<usize>(value.name), 8);
  store<i32>(at, value.name.length, 12);
  store<usize>(at, changetype<usize>(value.payload), 16);
  store<i32>(at, value.payload.length, 20);
}

export function loadRemote(at: usize): Remote {
  return new Remote(load<u64>(at, 0), liftString(load<usize>(at, 8), load<u32>(at, 12)), liftString(load<usize>(at, 16), load<u32>(at, 20)));
}

/** Something crossed the surface of a watched box. */
export class Trigger {
  constructor(
    /** The tag of the watch. */
    public tag: u32,
    /** Who crossed. */
    public entity: EntityId,
    /** Whether it came in. */
    public entered: bool,
  ) {}
}

function storeTrigger(at: usize, value: Trigger): void {
  store<u32>(at, value.tag, 0);
  store<u64>(at, value.entity, 8);
  store<u8>(at, <u8>value.entered, 16);
}

export function loadTrigger(at: usize): Trigger {
  return new Trigger(load<u32>(at, 0), load<u64>(at, 8), load<u8>(at, 16) != 0);
}

/** The death of an entity that this cast spawned or killed. */
export class Death {
  constructor(
    /** Who died. */
    public entity: EntityId,
    /** Who did it, if anyone. */
    public killer: Some<EntityId> | null,
  ) {}
}

function storeDeath(at: usize, value: Death): void {
  store<u64>(at, value.entity, 0);
  const t1 = value.killer;
  if (t1 !== null) {
    store<u8>(at, 1, 8);
    store<u64>(at, t1.value, 16);
  } else {
    store<u8>(at, 0, 8);
  }
}

export function loadDeath(at: usize): Death {
  return new Death(load<u64>(at, 0), (load<u8>(at, 8) ? new Some<EntityId>(load<u64>(at, 16)) : null));
}

/** An event that this version has no case for. */
export class UnknownEvent {
  constructor(
    /** Its name. */
    public name: string,
    /** What it carries. */
    public payload: string,
  ) {}
}

function storeUnknownEvent(at: usize, value: UnknownEvent): void {
  store<usize>(at, changetype<usize>(value.name), 0);
  store<i32>(at, value.name.length, 4);
  store<usize>(at, changetype<usize>(value.payload), 8);
  store<i32>(at, value.payload.length, 12);
}

export function loadUnknownEvent(at: usize): UnknownEvent {
  return new UnknownEvent(liftString(load<usize>(at, 0), load<u32>(at, 4)), liftString(load<usize>(at, 8), load<u32>(at, 12)));
}

/** Which case a {@link SpellEvent} is. */
export enum SpellEventKind {
  Timer,
  ProjectileHit,
  ProjectileExpired,
  Remote,
  EntityDied,
  Trigger,
  Other,
}

/** Frozen. Events of later versions arrive as `other`, which a spell ignores unless it knows the name. */
export class SpellEvent {
  constructor(public kind: SpellEventKind) {}

  /** A timer is due; its tag. */
  timer: u32 = 0;

  /** The case of that name. */
  static timer(value: u32): SpellEvent {
    const made = new SpellEvent(SpellEventKind.Timer);
    made.timer = value;
    return made;
  }

  /** A projectile of this cast struck. */
  projectileHit: Hit | null = null;

  /** The case of that name. */
  static projectileHit(value: Hit): SpellEvent {
    const made = new SpellEvent(SpellEventKind.ProjectileHit);
    made.projectileHit = value;
    return made;
  }

  /** A projectile of this cast ended without striking. */
  projectileExpired: Expired | null = null;

  /** The case of that name. */
  static projectileExpired(value: Expired): SpellEvent {
    const made = new SpellEvent(SpellEventKind.ProjectileExpired);
    made.projectileExpired = value;
    return made;
  }

  /** A message from a game client. */
  remote: Remote | null = null;

  /** The case of that name. */
  static remote(value: Remote): SpellEvent {
    const made = new SpellEvent(SpellEventKind.Remote);
    made.remote = value;
    return made;
  }

  /** A death. */
  entityDied: Death | null = null;

  /** The case of that name. */
  static entityDied(value: Death): SpellEvent {
    const made = new SpellEvent(SpellEventKind.EntityDied);
    made.entityDied = value;
    return made;
  }

  /** A watched box was entered or left. */
  trigger: Trigger | null = null;

  /** The case of that name. */
  static trigger(value: Trigger): SpellEvent {
    const made = new SpellEvent(SpellEventKind.Trigger);
    made.trigger = value;
    return made;
  }

  /** Something newer. */
  other: UnknownEvent | null = null;

  /** The case of that name. */
  static other(value: UnknownEvent): SpellEvent {
    const made = new SpellEvent(SpellEventKind.Other);
    made.other = value;
    return made;
  }
}

function storeSpellEvent(at: usize, value: SpellEvent): void {
  store<u8>(at, <u8>value.kind);
  switch (value.kind) {
    case SpellEventKind.Timer: {
      store<u32>(at, value.timer, 8);
      break;
    }
    case SpellEventKind.ProjectileHit: {
      storeHit(at + 8, value.projectileHit!);
      break;
    }
    case SpellEventKind.ProjectileExpired: {
      storeExpired(at + 8, value.projectileExpired!);
      break;
    }
    case SpellEventKind.Remote: {
      storeRemote(at + 8, value.remote!);
      break;
    }
    case SpellEventKind.EntityDied: {
      storeDeath(at + 8, value.entityDied!);
      break;
    }
    case SpellEventKind.Trigger: {
      storeTrigger(at + 8, value.trigger!);
      break;
    }
    case SpellEventKind.Other: {
      storeUnknownEvent(at + 8, value.other!);
      break;
    }
  }
}

export function loadSpellEvent(at: usize): SpellEvent {
  const value = new SpellEvent(<SpellEventKind>load<u8>(at));
  switch (value.kind) {
    case SpellEventKind.Timer: value.timer = load<u32>(at, 8); break;
    case SpellEventKind.ProjectileHit: value.projectileHit = loadHit(at + 8); break;
    case SpellEventKind.ProjectileExpired: value.projectileExpired = loadExpired(at + 8); break;
    case SpellEventKind.Remote: value.remote = loadRemote(at + 8); break;
    case SpellEventKind.EntityDied: value.entityDied = loadDeath(at + 8); break;
    case SpellEventKind.Trigger: value.trigger = loadTrigger(at + 8); break;
    case SpellEventKind.Other: value.other = loadUnknownEvent(at + 8); break;
  }
  return value;
}

function lowerListOfEntityInfo(list: Array<EntityInfo>): usize {
  const begin = heap.alloc(list.length * 112);
  let at = begin;
  for (let i = 0; i < list.length; i++) {
    storeEntityInfo(at, unchecked(list[i]));
    at += 112;
  }
  return begin;
}

function liftListOfEntityInfo(begin: usize, length: u32): Array<EntityInfo> {
  const list = new Array<EntityInfo>(length);
  let at = begin;
  for (let i: u32 = 0; i < length; i++) {
    unchecked(list[i] = loadEntityInfo(at));
    at += 112;
  }
  return list;
}

function lowerListOfEntityOp(list: Array<EntityOp>): usize {
  const begin = heap.alloc(list.length * 48);
  let at = begin;
  for (let i = 0; i < list.length; i++) {
    storeEntityOp(at, unchecked(list[i]));
    at += 48;
  }
  return begin;
}

function liftListOfEntityOp(begin: usize, length: u32): Array<EntityOp> {
  const list = new Array<EntityOp>(length);
  let at = begin;
  for (let i: u32 = 0; i < length; i++) {
    unchecked(list[i] = loadEntityOp(at));
    at += 48;
  }
  return list;
}

function lowerListOfNamedValue(list: Array<NamedValue>): usize {
  const begin = heap.alloc(list.length * 40);
  let at = begin;
  for (let i = 0; i < list.length; i++) {
    storeNamedValue(at, unchecked(list[i]));
    at += 40;
  }
  return begin;
}

function liftListOfNamedValue(begin: usize, length: u32): Array<NamedValue> {
  const list = new Array<NamedValue>(length);
  let at = begin;
  for (let i: u32 = 0; i < length; i++) {
    unchecked(list[i] = loadNamedValue(at));
    at += 40;
  }
  return list;
}

function lowerListOfParamSpec(list: Array<ParamSpec>): usize {
  const begin = heap.alloc(list.length * 96);
  let at = begin;
  for (let i = 0; i < list.length; i++) {
    storeParamSpec(at, unchecked(list[i]));
    at += 96;
  }
  return begin;
}

function liftListOfParamSpec(begin: usize, length: u32): Array<ParamSpec> {
  const list = new Array<ParamSpec>(length);
  let at = begin;
  for (let i: u32 = 0; i < length; i++) {
    unchecked(list[i] = loadParamSpec(at));
    at += 96;
  }
  return list;
}

function lowerListOfProjectile(list: Array<Projectile>): usize {
  const begin = heap.alloc(list.length * 80);
  let at = begin;
  for (let i = 0; i < list.length; i++) {
    storeProjectile(at, unchecked(list[i]));
    at += 80;
  }
  return begin;
}

function liftListOfProjectile(begin: usize, length: u32): Array<Projectile> {
  const list = new Array<Projectile>(length);
  let at = begin;
  for (let i: u32 = 0; i < length; i++) {
    unchecked(list[i] = loadProjectile(at));
    at += 80;
  }
  return list;
}

function lowerListOfRay(list: Array<Ray>): usize {
  const begin = heap.alloc(list.length * 56);
  let at = begin;
  for (let i = 0; i < list.length; i++) {
    storeRay(at, unchecked(list[i]));
    at += 56;
  }
  return begin;
}

function liftListOfRay(begin: usize, length: u32): Array<Ray> {
  const list = new Array<Ray>(length);
  let at = begin;
  for (let i: u32 = 0; i < length; i++) {
    unchecked(list[i] = loadRay(at));
    at += 56;
  }
  return list;
}

function lowerListOfRayHitOrNull(list: Array<RayHit | null>): usize {
  const begin = heap.alloc(list.length * 88);
  let at = begin;
  for (let i = 0; i < list.length; i++) {
    const t1 = unchecked(list[i]);
    if (t1 !== null) {
      store<u8>(at, 1, 0);
      storeRayHit(at + 8, t1);
    } else {
      store<u8>(at, 0, 0);
    }
    at += 88;
  }
  return begin;
}

function liftListOfRayHitOrNull(begin: usize, length: u32): Array<RayHit | null> {
  const list = new Array<RayHit | null>(length);
  let at = begin;
  for (let i: u32 = 0; i < length; i++) {
    unchecked(list[i] = (load<u8>(at, 0) ? loadRayHit(at + 8) : null));
    at += 88;
  }
  return list;
}

function lowerListOfRemoteOp(list: Array<RemoteOp>): usize {
  const begin = heap.alloc(list.length * 32);
  let at = begin;
  for (let i = 0; i < list.length; i++) {
    storeRemoteOp(at, unchecked(list[i]));
    at += 32;
  }
  return begin;
}

function liftListOfRemoteOp(begin: usize, length: u32): Array<RemoteOp> {
  const list = new Array<RemoteOp>(length);
  let at = begin;
  for (let i: u32 = 0; i < length; i++) {
    unchecked(list[i] = loadRemoteOp(at));
    at += 32;
  }
  return list;
}

function lowerListOfShowOp(list: Array<ShowOp>): usize {
  const begin = heap.alloc(list.length * 48);
  let at = begin;
  for (let i = 0; i < list.length; i++) {
    storeShowOp(at, unchecked(list[i]));
    at += 48;
  }
  return begin;
}

function liftListOfShowOp(begin: usize, length: u32): Array<ShowOp> {
  const list = new Array<ShowOp>(length);
  let at = begin;
  for (let i: u32 = 0; i < length; i++) {
    unchecked(list[i] = loadShowOp(at));
    at += 48;
  }
  return list;
}

function lowerListOfString(list: Array<string>): usize {
  const begin = heap.alloc(list.length * 8);
  let at = begin;
  for (let i = 0; i < list.length; i++) {
    store<usize>(at, changetype<usize>(unchecked(list[i])), 0);
    store<i32>(at, unchecked(list[i]).length, 4);
    at += 8;
  }
  return begin;
}

function liftListOfString(begin: usize, length: u32): Array<string> {
  const list = new Array<string>(length);
  let at = begin;
  for (let i: u32 = 0; i < length; i++) {
    unchecked(list[i] = liftString(load<usize>(at, 0), load<u32>(at, 4)));
    at += 8;
  }
  return list;
}

function lowerListOfTerrainOp(list: Array<TerrainOp>): usize {
  const begin = heap.alloc(list.length * 48);
  let at = begin;
  for (let i = 0; i < list.length; i++) {
    storeTerrainOp(at, unchecked(list[i]));
    at += 48;
  }
  return begin;
}

function liftListOfTerrainOp(begin: usize, length: u32): Array<TerrainOp> {
  const list = new Array<TerrainOp>(length);
  let at = begin;
  for (let i: u32 = 0; i < length; i++) {
    unchecked(list[i] = loadTerrainOp(at));
    at += 48;
  }
  return list;
}

@external("spellhost:spell/scene@0.1.0", "tick")
declare function scene_tick(): i64;

/**
 * The tick in which this call runs.
 * Fuel: 80.
 */
export function sceneTick(): u64 {
  return <u64>scene_tick();
}

@external("spellhost:spell/scene@0.1.0", "get-voxel")
declare function scene_getVoxel(p0: i32, p1: i32, p2: i32): i32;

/**
 * One voxel.
 * Fuel: 300.
 */
export function sceneGetVoxel(pos: BlockPos): u16 {
  return <u16>scene_getVoxel(pos.x, pos.y, pos.z);
}

@external("spellhost:spell/scene@0.1.0", "get-voxels")
declare function scene_getVoxels(p0: i32, p1: i32, p2: i32, p3: i32, p4: i32, p5: i32, p6: usize): void;

/**
 * A region, at most 32 x 32 x 32. Order: x fastest, then z, then y. Outside of the world is air.
 * Fuel: 300 + 16 per voxel.
 */
export function sceneGetVoxels(min: BlockPos, size: BlockSize): Array<u16> {
  const at = memory.data(8, 4);
  scene_getVoxels(min.x, min.y, min.z, size.x, size.y, size.z, at);
  return liftNumbers<u16>(load<usize>(at, 0), load<u32>(at, 4));
}

@external("spellhost:spell/scene@0.1.0", "raycast")
declare function scene_raycast(p0: f64, p1: f64, p2: f64, p3: f64, p4: f64, p5: f64, p6: f64, p7: usize): void;

/**
 * The first solid voxel, creature, item or living player along a ray. What the ray starts in is not met, nor are
 * projectiles in flight and dead players. Direction of any length but zero; `max-distance` 0 to 256.
 * An entity is looked at where the ray passes near its cell of 16 blocks, once for each 16 blocks of the ray.
 * Fuel: 400 + 32 per block of max-distance, and 20 an entity looked at.
 */
export function sceneRaycast(origin: Vec3, direction: Vec3, maxDistance: f64): RayHit | null {
  const at = memory.data(88, 8);
  scene_raycast(origin.x, origin.y, origin.z, direction.x, direction.y, direction.z, maxDistance, at);
  return (load<u8>(at, 0) ? loadRayHit(at + 8) : null);
}

@external("spellhost:spell/scene@0.1.0", "raycasts")
declare function scene_raycasts(p0: usize, p1: u32, p2: usize): void;

/**
 * At most 64 rays; answers in the order of the rays.
 * Fuel: 200 + 32 per block of max-distance, 300 a ray, and 20 an entity looked at.
 */
export function sceneRaycasts(rays: Array<Ray>): Array<RayHit | null> {
  const at = memory.data(8, 4);
  scene_raycasts(lowerListOfRay(rays), rays.length, at);
  return liftListOfRayHitOrNull(load<usize>(at, 0), load<u32>(at, 4));
}

@external("spellhost:spell/scene@0.1.0", "line-of-sight")
declare function scene_lineOfSight(p0: f64, p1: f64, p2: f64, p3: f64, p4: f64, p5: f64): i32;

/**
 * Whether no solid voxel stands between two points at most 256 blocks apart; entities do not block.
 * Fuel: 400 + 32 per block of distance.
 */
export function sceneLineOfSight(a: Vec3, b: Vec3): bool {
  return scene_lineOfSight(a.x, a.y, a.z, b.x, b.y, b.z) != 0;
}

@external("spellhost:spell/scene@0.1.0", "entity")
declare function scene_entity(p0: i64, p1: usize): void;

/**
 * An entity, if it is there.
 * Fuel: 150 + 200 per entity of the answer.
 */
export function sceneEntity(id: EntityId): EntityInfo | null {
  const at = memory.data(120, 8);
  scene_entity(<i64>id, at);
  return (load<u8>(at, 0) ? loadEntityInfo(at + 8) : null);
}

@external("spellhost:spell/scene@0.1.0", "entities-in-radius")
declare function scene_entitiesInRadius(p0: f64, p1: f64, p2: f64, p3: f64, p4: i32, p5: i32, p6: usize): void;

/**
 * Entities whose centre is within `radius` (0 to 64 blocks); sorted by squared distance, then id; the nearest 256.
 * Players are found dead too: their health is 0. Entities of any kind in the cells of 16 blocks around are looked at.
 * Fuel: 1,000 + 100 per block of radius, 20 an entity looked at, and 200 an entity of the answer.
 */
export function sceneEntitiesInRadius(center: Vec3, radius: f64, kind: Some<EntityKind> | null): Array<EntityInfo> {
  const at = memory.data(8, 4);
  scene_entitiesInRadius(center.x, center.y, center.z, radius, kind !== null ? 1 : 0, kind !== null ? kind.value : 0, at);
  return liftListOfEntityInfo(load<usize>(at, 0), load<u32>(at, 4));
}

@external("spellhost:spell/scene@0.1.0", "entities-by-kind")
declare function scene_entitiesByKind(p0: i32, p1: i32, p2: usize): void;

/**
 * Entities of a kind by id; at most `limit`, itself at most 256.
 * Fuel: 1,000 + 20 per entity of the limit, and 200 an entity of the answer.
 */
export function sceneEntitiesByKind(kind: EntityKind, limit: u32): Array<EntityInfo> {
  const at = memory.data(8, 4);
  scene_entitiesByKind(kind, limit, at);
  return liftListOfEntityInfo(load<usize>(at, 0), load<u32>(at, 4));
}

@external("spellhost:spell/scene@0.1.0", "material-named")
declare function scene_materialNamed(p0: usize, p1: u32, p2: usize): void;

/**
 * The number of a material's name, if there is such a material.
 * Fuel: 150 + 1 per byte of text.
 */
export function sceneMaterialNamed(name: string): Some<u16> | null {
  const at = memory.data(4, 2);
  scene_materialNamed(changetype<usize>(name), name.length, at);
  return (load<u8>(at, 0) ? new Some<u16>(load<u16>(at, 2)) : null);
}

@external("spellhost:spell/terrain@0.1.0", "apply")
declare function terrain_apply(p0: usize, p1: u32): void;

/**
 * Changes voxels, in order. A chunk is paid for once a call, however many operations touch it.
 * Fuel: 150 + 150 per operation, 4 a voxel covered, and 30,000 a chunk touched.
 */
export function terrainApply(ops: Array<TerrainOp>): void {
  terrain_apply(lowerListOfTerrainOp(ops), ops.length);
}

@external("spellhost:spell/terrain@0.1.0", "watch-box")
declare function terrain_watchBox(p0: i32, p1: i32, p2: i32, p3: i32, p4: i32, p5: i32, p6: i32, p7: i32): void;

/**
 * Entering and leaving the box raise `trigger` for `duration` ticks (1 to 36,000). At most 8 at a time,
 * and 1,024 in a world; a box notices at most 256 bodies in it.
 * Fuel: 300 + 8 per cell of 16 blocks that the box meets, and 20 an entity looked at.
 */
export function terrainWatchBox(min: BlockPos, size: BlockSize, tag: u32, duration: Ticks): void {
  terrain_watchBox(min.x, min.y, min.z, size.x, size.y, size.z, tag, duration);
}

@external("spellhost:spell/projectiles@0.1.0", "spawn")
declare function projectiles_spawn(p0: usize, p1: u32): void;

/**
 * Ids are `first-entity` + n, known beforehand: nothing is returned. At most 256 of a cast fly at a time, and 2,048 in
 * a world; one beyond is skipped, and its id with it.
 * Fuel: 150 + 300 per projectile.
 */
export function projectilesSpawn(specs: Array<Projectile>): void {
  projectiles_spawn(lowerListOfProjectile(specs), specs.length);
}

@external("spellhost:spell/entities@0.1.0", "apply")
declare function entities_apply(p0: usize, p1: u32): void;

/**
 * Changes entities, in order.
 * Fuel: 150 + 150 per operation, 2,000 a teleport or spawn, and 1 a byte of text.
 */
export function entitiesApply(ops: Array<EntityOp>): void {
  entities_apply(lowerListOfEntityOp(ops), ops.length);
}

@external("spellhost:spell/presentation@0.1.0", "show")
declare function presentation_show(p0: usize, p1: u32): void;

/**
 * Shows things, in order.
 * Fuel: 150 + 200 per operation, 50 an effect's argument, and 1 a byte of text.
 */
export function presentationShow(ops: Array<ShowOp>): void {
  presentation_show(lowerListOfShowOp(ops), ops.length);
}

@external("spellhost:spell/timers@0.1.0", "wake-after")
declare function timers_wakeAfter(p0: i32, p1: i32): void;

/**
 * The event `timer` is due at tick + max(1, after), and comes at that tick or the first later one that has the budget.
 * `after` at most 36,000. At most 16 pending.
 * Fuel: 200.
 */
export function timersWakeAfter(after: Ticks, tag: u32): void {
  timers_wakeAfter(after, tag);
}

@external("spellhost:spell/timers@0.1.0", "cancel")
declare function timers_cancel(p0: i32): void;

/**
 * Drops the pending timers with that tag.
 * Fuel: 200.
 */
export function timersCancel(tag: u32): void {
  timers_cancel(tag);
}

@external("spellhost:spell/remote-events@0.1.0", "emit")
declare function remoteEvents_emit(p0: usize, p1: u32): void;

/**
 * Sends messages, in order.
 * Fuel: 150 + 200 per operation, and 1 a byte of text.
 */
export function remoteEventsEmit(ops: Array<RemoteOp>): void {
  remoteEvents_emit(lowerListOfRemoteOp(ops), ops.length);
}

@external("spellhost:spell/remote-events@0.1.0", "listen")
declare function remoteEvents_listen(p0: usize, p1: u32, p2: i32): void;

/**
 * Keep this cast alive for `duration` ticks (1 to 36,000) to receive remote events of that name. At most 16 names.
 * Fuel: 200 + 1 per byte of text.
 */
export function remoteEventsListen(name: string, duration: Ticks): void {
  remoteEvents_listen(changetype<usize>(name), name.length, duration);
}

@external("spellhost:spell/state@0.1.0", "load")
declare function state_load(p0: usize): void;

/**
 * What was saved last, in this call or an earlier one; empty at first.
 * Fuel: 150 + 1 per byte.
 */
export function stateLoad(): Array<u8> {
  const at = memory.data(8, 4);
  state_load(at);
  return liftNumbers<u8>(load<usize>(at, 0), load<u32>(at, 4));
}

@external("spellhost:spell/state@0.1.0", "save")
declare function state_save(p0: usize, p1: u32): void;

/**
 * Replaces it; takes effect if the call returns ok. More than 4 KiB end the call as `limit(state)`.
 * Fuel: 200 + 1 per byte.
 */
export function stateSave(bytes: Array<u8>): void {
  state_save(bytes.dataStart, bytes.length);
}

@external("spellhost:spell/state@0.1.0", "finish")
declare function state_finish(): void;

/**
 * End this active spell after the call: timers, listeners and hit events are dropped, projectiles live on.
 * Fuel: 150.
 */
export function stateFinish(): void {
  state_finish();
}

@external("spellhost:spell/random@0.1.0", "next")
declare function random_next(): i64;

/**
 * The next 64 bits.
 * Fuel: 80.
 */
export function randomNext(): u64 {
  return <u64>random_next();
}

@external("spellhost:spell/random@0.1.0", "fill")
declare function random_fill(p0: i32, p1: usize): void;

/**
 * At most 256 draws, the same as that many `next`.
 * Fuel: 80 + 10 per draw.
 */
export function randomFill(count: u32): Array<u64> {
  const at = memory.data(8, 4);
  random_fill(count, at);
  return liftNumbers<u64>(load<usize>(at, 0), load<u32>(at, 4));
}

@external("spellhost:spell/log@0.1.0", "log")
declare function log_log(p0: i32, p1: usize, p2: u32): void;

/**
 * One line. At most 64 lines and 8 KiB a call; whole lines beyond are dropped at the same price, with one notice.
 * Control characters are escaped.
 * Fuel: 200 + 1 per byte of text.
 */
export function logLog(level: Level, message: string): void {
  log_log(level, changetype<usize>(message), message.length);
}

@lazy let keptDescribe: SpellInfo | null = null;

export function lowerDescribeResult(value: SpellInfo): usize {
  keptDescribe = value;
  const at = memory.data(40, 4);
  storeSpellInfo(at, value);
  return at;
}

export function releaseDescribeResult(): void {
  keptDescribe = null;
}

@lazy let keptCast: string | null = null;

export function lowerCastResult(value: string | null): usize {
  keptCast = value;
  const at = memory.data(12, 4);
  const t1 = value;
  if (t1 !== null) {
    store<u8>(at, 1, 0);
    store<usize>(at, changetype<usize>(t1), 4);
    store<i32>(at, t1.length, 8);
  } else {
    store<u8>(at, 0, 0);
  }
  return at;
}

export function releaseCastResult(): void {
  keptCast = null;
}

@lazy let keptOnEvent: string | null = null;

export function lowerOnEventResult(value: string | null): usize {
  keptOnEvent = value;
  const at = memory.data(12, 4);
  const t1 = value;
  if (t1 !== null) {
    store<u8>(at, 1, 0);
    store<usize>(at, changetype<usize>(t1), 4);
    store<i32>(at, t1.length, 8);
  } else {
    store<u8>(at, 0, 0);
  }
  return at;
}

export function releaseOnEventResult(): void {
  keptOnEvent = null;
}

@lazy let keptMigrate: Result<Array<u8>> | null = null;

export function lowerMigrateResult(value: Result<Array<u8>>): usize {
  keptMigrate = value;
  const at = memory.data(12, 4);
  const t1 = value.error;
  if (t1 !== null) {
    store<u8>(at, 1, 0);
    store<usize>(at, changetype<usize>(t1), 4);
    store<i32>(at, t1.length, 8);
  } else {
    store<u8>(at, 0, 0);
    const t2 = value.value!;
    store<usize>(at, t2.dataStart, 4);
    store<i32>(at, t2.length, 8);
  }
  return at;
}

export function releaseMigrateResult(): void {
  keptMigrate = null;
}
