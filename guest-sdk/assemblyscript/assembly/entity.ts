// Entities as a spell sees them, and the names of creatures and of what befalls them.

import { EntityId, EntityKind } from "./bindings";
import { Some } from "./option";
import { Vec3 } from "./vector";

/** An entity, as it was when the tick opened. */
export class EntityInfo {
  constructor(
    public id: EntityId,
    /** Who spawned it, if anybody. */
    public owner: Some<EntityId> | null,
    public kind: EntityKind,
    /** The middle of its body. */
    public position: Vec3,
    /** Blocks per second. */
    public velocity: Vec3,
    /** Of its body, in blocks. */
    public radius: f64,
    public health: f64,
    public healthMax: f64,
    /** The names of what befalls it. */
    public statuses: Array<string>,
  ) {}

  /** Whether that befalls it now. */
  has(status: Status): bool { return this.statuses.includes(Status.named(status)); }
  /** Whether it is a player or a creature that lives. Projectiles and items do not. */
  isAlive(): bool { return this.health > 0; }
  /** Whether it is a player. */
  isPlayer(): bool { return this.kind == EntityKind.Player; }
  /** The health it lacks, in points. */
  missingHealth(): f64 { return Math.max(this.healthMax - this.health, 0); }
}

/** What may befall an entity for a while. */
export enum Status {
  /** 5 points of damage a second. */
  Burning,
  /** Does not move. */
  Frozen,
  /** Moves at half speed. */
  Slowed,
  /** Takes half of all damage. */
  Shielded,
  /** Gains 5 points of health a second. */
  Regenerating,
}

export namespace Status {
  /** The name of a status in the interface. */
  export function named(status: Status): string {
    switch (status) {
      case Status.Burning: return "burning";
      case Status.Frozen: return "frozen";
      case Status.Slowed: return "slowed";
      case Status.Shielded: return "shielded";
      default: return "regenerating";
    }
  }
}

/** A creature that a spell may spawn. */
export enum Npc {
  /** A practice target: 100 points. */
  Dummy,
  /** 60 points. */
  Wolf,
  /** 250 points. */
  Golem,
  /** 30 points; hovers where it is put. */
  Wisp,
  /** 50 points; stays where it is put. */
  Totem,
}

export namespace Npc {
  /** The name of a creature in the interface. */
  export function named(npc: Npc): string {
    switch (npc) {
      case Npc.Dummy: return "dummy";
      case Npc.Wolf: return "wolf";
      case Npc.Golem: return "golem";
      case Npc.Wisp: return "wisp";
      default: return "totem";
    }
  }
}
