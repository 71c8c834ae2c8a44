// What a call is told of its cast.

import { EntityId, NamedValue, Value } from "./bindings";
import { Some } from "./option";
import { BlockPos, Vec3 } from "./vector";

/** Identifies the call, and says how the spell was cast: the rest is as it was then. */
export class CastContext {
  constructor(
    /** The active spell this call belongs to. */
    public cast: u64,
    /** The tick of this call. */
    public tick: u64,
    /** Who cast it. */
    public caster: EntityId,
    /** Where the cast began: the caster's eyes. */
    public origin: Vec3,
    /** Where the caster looked; of length 1. */
    public direction: Vec3,
    /** What was aimed at. */
    public targetPosition: Vec3,
    /** Who was aimed at, if anybody. */
    public targetEntity: Some<EntityId> | null,
    /** The n-th entity spawned by this call, counting from 0, gets this id + n. */
    public firstEntity: EntityId,
    /** The fuel of this call. */
    public fuel: u64,
    /** The parameters, completed and checked by the host. Those of `params` read them typed. */
    public params: Array<NamedValue>,
  ) {}

  /** The value of a parameter, if the spell declares it. */
  param(name: string): Value | null {
    for (let i = 0; i < this.params.length; i++) {
      if (this.params[i].name == name) return this.params[i].value;
    }
    return null;
  }

  /** The block that holds the target position. */
  targetBlock(): BlockPos { return this.targetPosition.block(); }
}
