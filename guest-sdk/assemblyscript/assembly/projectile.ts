// What flies, put together step by step.

import { EntityId } from "./bindings";
import { spawn } from "./projectiles";
import { Vec3 } from "./vector";

/** A sphere that flies, strikes, and tells this spell where: `Projectile.at(p).velocity(v).gravity(9.8).spawn()`. */
export class Projectile {
  constructor(
    public _position: Vec3,
    public _velocity: Vec3,
    public _gravity: f64,
    public _radius: f64,
    public _lifetime: u32,
    public _bounces: u8,
    public _tag: u32,
  ) {}

  /** At rest at that point; no gravity, radius 0.25 blocks, 600 ticks, no bounces, tag 0. */
  static at(position: Vec3): Projectile {
    return new Projectile(position, Vec3.zero(), 0, 0.25, 600, 0, 0);
  }

  /** Blocks per second; each component at most 3,840. */
  velocity(velocity: Vec3): Projectile {
    this._velocity = velocity;
    return this;
  }

  /** Blocks per second squared, downward: -3,600 to 3,600. What falls as on Earth has 9.8. */
  gravity(gravity: f64): Projectile {
    this._gravity = gravity;
    return this;
  }

  /** 0 to 4 blocks. */
  radius(radius: f64): Projectile {
    this._radius = radius;
    return this;
  }

  /** 1 to 3,600 ticks. */
  lifetime(ticks: u32): Projectile {
    this._lifetime = ticks;
    return this;
  }

  /** How often it bounces off voxels before a hit ends it. */
  bounces(bounces: u8): Projectile {
    this._bounces = bounces;
    return this;
  }

  /** The author's own number, handed back in its events. */
  tag(tag: u32): Projectile {
    this._tag = tag;
    return this;
  }

  /** The same as `projectiles.spawn`. */
  spawn(): EntityId { return spawn(this); }
}
