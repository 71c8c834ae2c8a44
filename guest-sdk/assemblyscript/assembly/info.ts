// What a spell says of itself, put together step by step.
//
// Promises shapes, not limits: the host checks them once, when the spell is admitted, and names what is wrong.

import { Bounds, Value } from "./bindings";

/** What a spell says of itself: `new SpellInfo("Ember").description("A small fire").mana(10)`. */
export class SpellInfo {
  constructor(
    public _displayName: string,
    public _description: string = "",
    public _params: Array<ParamSpec> = [],
    public _cooldown: u32 = 0,
    public _mana: u32 = 0,
    public _remoteNames: Array<string> = [],
  ) {}

  /** A sentence about it. */
  description(text: string): SpellInfo {
    this._description = text;
    return this;
  }

  /** One more parameter, after those there are already; 32 in all. */
  param(spec: ParamSpec): SpellInfo {
    this._params.push(spec);
    return this;
  }

  /** Ticks between two casts by one caster: 0 to 36,000. */
  cooldown(ticks: u32): SpellInfo {
    this._cooldown = ticks;
    return this;
  }

  /** Mana points of a cast: 0 to 100. A caster gains 5 a second. */
  mana(points: u32): SpellInfo {
    this._mana = points;
    return this;
  }

  /** The name of a remote event that it sends or listens to. */
  remote(name: string): SpellInfo {
    this._remoteNames.push(name);
    return this;
  }
}

/**
 * One parameter as players see it. `params.number("radius", 4)` and its neighbours make one that is read typed.
 */
export class ParamSpec {
  constructor(
    public _name: string,
    public _label: string,
    public _help: string,
    public _unit: string,
    public _defaultValue: Value,
    public _range: Bounds | null = null,
    public _choices: Array<string> = [],
  ) {}

  /** A parameter with that name and default; its label is the name in people's spelling. */
  static named(name: string, defaultValue: Value): ParamSpec {
    return new ParamSpec(name, labelOf(name), "", "", defaultValue);
  }
}

/** `blast_radius` becomes `Blast radius`. */
export function labelOf(name: string): string {
  const words = name.replaceAll("_", " ").replaceAll("-", " ");
  return words.length ? words.charAt(0).toUpperCase() + words.substring(1) : words;
}
