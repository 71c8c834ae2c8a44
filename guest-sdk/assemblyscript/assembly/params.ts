// Typed parameters: one declaration makes the form that players see and the value that the spell reads.
//
// Promises that a value of the wrong kind never reaches the author: the host has completed and checked them. A
// parameter is declared once, beside the functions, and read with `of(ctx)`:
//
//   const radius = params.number("radius", 4).range(1, 12).unit("blocks").help("How wide the blast is.");
//
//   export function describe(): SpellInfo { return new SpellInfo("Blast").param(radius); }
//   export function cast(ctx: CastContext): string | null {
//     terrain.carveSphere(ctx.targetPosition, radius.of(ctx));
//     return null;
//   }

import { Bounds, EntityId, Value, ValueKind } from "./bindings";
import { CastContext } from "./context";
import { labelOf, ParamSpec } from "./info";
import { Material } from "./material";
import { BlockPos, Vec3 } from "./vector";

/** What every parameter has; its methods give back the very kind, which a base class cannot say. */
export abstract class Param extends ParamSpec {
  constructor(name: string, start: Value) {
    super(name, labelOf(name), "", "", start);
  }

  /** The value of this cast, whatever its kind; the default where the call was told none. */
  value(ctx: CastContext): Value {
    const given = ctx.param(this._name);
    return given !== null && given.kind == this._defaultValue.kind ? given : this._defaultValue;
  }
}

/** Yes or no. */
export class FlagParam extends Param {
  /** What people call it; the name in people's spelling, unless this says otherwise. */
  label(text: string): FlagParam {
    this._label = text;
    return this;
  }

  /** A sentence about it. */
  help(text: string): FlagParam {
    this._help = text;
    return this;
  }

  /** The value of this cast. */
  of(ctx: CastContext): bool { return this.value(ctx).flag; }
}

/** A whole number. */
export class IntegerParam extends Param {
  /** What people call it; the name in people's spelling, unless this says otherwise. */
  label(text: string): IntegerParam {
    this._label = text;
    return this;
  }

  /** A sentence about it. */
  help(text: string): IntegerParam {
    this._help = text;
    return this;
  }

  /** Its unit, such as `blocks` or `ticks`. */
  unit(text: string): IntegerParam {
    this._unit = text;
    return this;
  }

  /** What it may be, both ends included. */
  range(min: i64, max: i64): IntegerParam {
    this._range = new Bounds(<f64>min, <f64>max);
    return this;
  }

  /** The value of this cast. */
  of(ctx: CastContext): i64 { return this.value(ctx).integer; }
  /** The same as a number of 32 bits, which most counts are. */
  i32(ctx: CastContext): i32 { return <i32>this.value(ctx).integer; }
  /** The same without a sign. */
  u32(ctx: CastContext): u32 { return <u32>this.value(ctx).integer; }
}

/** A number. */
export class NumberParam extends Param {
  /** What people call it; the name in people's spelling, unless this says otherwise. */
  label(text: string): NumberParam {
    this._label = text;
    return this;
  }

  /** A sentence about it. */
  help(text: string): NumberParam {
    this._help = text;
    return this;
  }

  /** Its unit, such as `blocks` or `ticks`. */
  unit(text: string): NumberParam {
    this._unit = text;
    return this;
  }

  /** What it may be, both ends included. */
  range(min: f64, max: f64): NumberParam {
    this._range = new Bounds(min, max);
    return this;
  }

  /** The value of this cast. */
  of(ctx: CastContext): f64 { return this.value(ctx).number; }
}

/** A text. */
export class TextParam extends Param {
  /** What people call it; the name in people's spelling, unless this says otherwise. */
  label(text: string): TextParam {
    this._label = text;
    return this;
  }

  /** A sentence about it. */
  help(text: string): TextParam {
    this._help = text;
    return this;
  }

  /** What it may be. */
  choices(texts: Array<string>): TextParam {
    this._choices = texts;
    return this;
  }

  /** The value of this cast. */
  of(ctx: CastContext): string { return this.value(ctx).text!; }
}

/** A point or direction. */
export class PointParam extends Param {
  /** What people call it; the name in people's spelling, unless this says otherwise. */
  label(text: string): PointParam {
    this._label = text;
    return this;
  }

  /** A sentence about it. */
  help(text: string): PointParam {
    this._help = text;
    return this;
  }

  /** Its unit, such as `blocks` or `ticks`. */
  unit(text: string): PointParam {
    this._unit = text;
    return this;
  }

  /** The value of this cast. */
  of(ctx: CastContext): Vec3 { return this.value(ctx).point!; }
}

/** A block. */
export class BlockParam extends Param {
  /** What people call it; the name in people's spelling, unless this says otherwise. */
  label(text: string): BlockParam {
    this._label = text;
    return this;
  }

  /** A sentence about it. */
  help(text: string): BlockParam {
    this._help = text;
    return this;
  }

  /** The value of this cast. */
  of(ctx: CastContext): BlockPos { return this.value(ctx).block!; }
}

/** An entity. */
export class EntityParam extends Param {
  /** What people call it; the name in people's spelling, unless this says otherwise. */
  label(text: string): EntityParam {
    this._label = text;
    return this;
  }

  /** A sentence about it. */
  help(text: string): EntityParam {
    this._help = text;
    return this;
  }

  /** The value of this cast. */
  of(ctx: CastContext): EntityId { return this.value(ctx).entity; }
}

/** A material. */
export class MaterialParam extends Param {
  /** What people call it; the name in people's spelling, unless this says otherwise. */
  label(text: string): MaterialParam {
    this._label = text;
    return this;
  }

  /** A sentence about it. */
  help(text: string): MaterialParam {
    this._help = text;
    return this;
  }

  /** The value of this cast. */
  of(ctx: CastContext): Material { return <Material>this.value(ctx).material; }
}

/** Yes or no. */
export function flag(name: string, start: bool): FlagParam { return new FlagParam(name, Value.flag(start)); }
/** A whole number. */
export function integer(name: string, start: i64): IntegerParam { return new IntegerParam(name, Value.integer(start)); }
/** A number. */
export function number(name: string, start: f64): NumberParam { return new NumberParam(name, Value.number(start)); }
/** A text. */
export function text(name: string, start: string): TextParam { return new TextParam(name, Value.text(start)); }
/** A point or direction. */
export function point(name: string, start: Vec3): PointParam { return new PointParam(name, Value.point(start)); }
/** A block. */
export function block(name: string, start: BlockPos): BlockParam { return new BlockParam(name, Value.block(start)); }
/** An entity. */
export function entity(name: string, start: EntityId): EntityParam { return new EntityParam(name, Value.entity(start)); }
/** A material. */
export function material(name: string, start: Material): MaterialParam {
  return new MaterialParam(name, Value.material(<u16>start));
}
