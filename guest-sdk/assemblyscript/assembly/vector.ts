// Points, directions and blocks, with the arithmetic that spells do on them.
//
// Promises plain IEEE arithmetic, the same on every machine. Does not know the world's bounds: the host checks
// and rounds what crosses to it.

/** A point, a velocity (blocks per second) or a direction. East, up, south. */
@final export class Vec3 {
  constructor(
    /** East. */
    public x: f64 = 0,
    /** Up. */
    public y: f64 = 0,
    /** South; forward is -z. */
    public z: f64 = 0,
  ) {}

  /** The same on each axis. */
  static splat(all: f64): Vec3 { return new Vec3(all, all, all); }
  /** The origin of the world, or no motion. */
  static zero(): Vec3 { return new Vec3(0, 0, 0); }
  /** One on each axis. */
  static one(): Vec3 { return new Vec3(1, 1, 1); }
  /** One block east, along x. */
  static east(): Vec3 { return new Vec3(1, 0, 0); }
  /** One block west. */
  static west(): Vec3 { return new Vec3(-1, 0, 0); }
  /** One block up, along y. */
  static up(): Vec3 { return new Vec3(0, 1, 0); }
  /** One block down. */
  static down(): Vec3 { return new Vec3(0, -1, 0); }
  /** One block south, along z. */
  static south(): Vec3 { return new Vec3(0, 0, 1); }
  /** One block north, which is forward. */
  static north(): Vec3 { return new Vec3(0, 0, -1); }
  /** A block's least corner. */
  static from(block: BlockPos): Vec3 { return new Vec3(<f64>block.x, <f64>block.y, <f64>block.z); }

  /** `a + b`; the same as {@link plus}, which editors know as well. */
  @inline @operator("+") static add(a: Vec3, b: Vec3): Vec3 { return new Vec3(a.x + b.x, a.y + b.y, a.z + b.z); }
  /** `a - b`. */
  @inline @operator("-") static sub(a: Vec3, b: Vec3): Vec3 { return new Vec3(a.x - b.x, a.y - b.y, a.z - b.z); }
  @inline @operator("==") static equals(a: Vec3, b: Vec3): bool { return a.x == b.x && a.y == b.y && a.z == b.z; }
  @inline @operator("!=") static differs(a: Vec3, b: Vec3): bool { return !(a.x == b.x && a.y == b.y && a.z == b.z); }

  /** The sum. */
  @inline plus(other: Vec3): Vec3 { return new Vec3(this.x + other.x, this.y + other.y, this.z + other.z); }
  /** The difference. */
  @inline minus(other: Vec3): Vec3 { return new Vec3(this.x - other.x, this.y - other.y, this.z - other.z); }
  /** So many times as long. */
  @inline times(factor: f64): Vec3 { return new Vec3(this.x * factor, this.y * factor, this.z * factor); }
  /** A part of it. */
  @inline over(divisor: f64): Vec3 { return new Vec3(this.x / divisor, this.y / divisor, this.z / divisor); }
  /** The other way. */
  @inline negated(): Vec3 { return new Vec3(-this.x, -this.y, -this.z); }
  /** The scalar product. */
  @inline dot(other: Vec3): f64 { return this.x * other.x + this.y * other.y + this.z * other.z; }

  /** The vector product; right-handed. */
  cross(other: Vec3): Vec3 {
    return new Vec3(
      this.y * other.z - this.z * other.y,
      this.z * other.x - this.x * other.z,
      this.x * other.y - this.y * other.x,
    );
  }

  /** The square of the length: cheaper to compare than the length. */
  @inline lengthSquared(): f64 { return this.dot(this); }
  /** The length, in the vector's own unit. */
  @inline length(): f64 { return Math.sqrt(this.dot(this)); }

  /** How far it is to another point, in blocks. */
  @inline distance(other: Vec3): f64 {
    const x = other.x - this.x, y = other.y - this.y, z = other.z - this.z;
    return Math.sqrt(x * x + y * y + z * z);
  }

  /** The same direction with length 1; zero stays zero. */
  normalized(): Vec3 {
    const length = this.length();
    return length > 0 ? this.over(length) : Vec3.zero();
  }

  /** The way from here to there, with length 1; zero where they are the same. */
  toward(other: Vec3): Vec3 { return other.minus(this).normalized(); }

  /** The same direction, at most this long. */
  clampLength(max: f64): Vec3 {
    const length = this.length();
    return length > max ? this.times(max / length) : this;
  }

  /** The point at `part` of the way: 0 is here, 1 is there. */
  lerp(other: Vec3, part: f64): Vec3 { return this.plus(other.minus(this).times(part)); }

  /** Without its height: `y` becomes 0. */
  flat(): Vec3 { return new Vec3(this.x, 0, this.z); }

  /** Turned around the vertical axis, counter-clockwise seen from above, by radians. */
  turned(radians: f64): Vec3 {
    const sine = Math.sin(radians), cosine = Math.cos(radians);
    return new Vec3(this.x * cosine + this.z * sine, this.y, this.z * cosine - this.x * sine);
  }

  /** The block that holds this point. */
  @inline block(): BlockPos {
    return new BlockPos(<i32>Math.floor(this.x), <i32>Math.floor(this.y), <i32>Math.floor(this.z));
  }

  /** Whether no component is NaN or infinite; the host accepts no others. */
  isFinite(): bool { return isFinite(this.x) && isFinite(this.y) && isFinite(this.z); }

  toString(): string { return `(${this.x}, ${this.y}, ${this.z})`; }
}

/** A block by its least corner. */
@final export class BlockPos {
  constructor(
    /** East. */
    public x: i32 = 0,
    /** Up. */
    public y: i32 = 0,
    /** South. */
    public z: i32 = 0,
  ) {}

  /** The block that holds a point. */
  static containing(point: Vec3): BlockPos { return point.block(); }

  @inline @operator("==") static equals(a: BlockPos, b: BlockPos): bool { return a.x == b.x && a.y == b.y && a.z == b.z; }
  @inline @operator("!=") static differs(a: BlockPos, b: BlockPos): bool { return a.x != b.x || a.y != b.y || a.z != b.z; }

  /** The middle of the block. */
  @inline center(): Vec3 { return new Vec3(<f64>this.x + 0.5, <f64>this.y + 0.5, <f64>this.z + 0.5); }
  /** The block so far away. */
  @inline offset(x: i32, y: i32, z: i32): BlockPos { return new BlockPos(this.x + x, this.y + y, this.z + z); }
  /** The block above. */
  @inline above(): BlockPos { return this.offset(0, 1, 0); }
  /** The block below. */
  @inline below(): BlockPos { return this.offset(0, -1, 0); }

  /** The six blocks that share a face: east, west, up, down, south, north. */
  neighbours(): Array<BlockPos> {
    return [
      this.offset(1, 0, 0), this.offset(-1, 0, 0), this.offset(0, 1, 0),
      this.offset(0, -1, 0), this.offset(0, 0, 1), this.offset(0, 0, -1),
    ];
  }

  toString(): string { return `(${this.x}, ${this.y}, ${this.z})`; }
}

/** The edges of a box, in blocks; each at least 1. */
@final export class BlockSize {
  constructor(
    /** Along x. */
    public x: u32,
    /** Along y. */
    public y: u32,
    /** Along z. */
    public z: u32,
  ) {}

  /** A cube. */
  static cube(edge: u32): BlockSize { return new BlockSize(edge, edge, edge); }
  /** How many blocks there are. */
  volume(): u64 { return <u64>this.x * <u64>this.y * <u64>this.z; }
}
