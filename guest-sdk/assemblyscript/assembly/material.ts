// What a block is made of, by number and by name.
//
// Promises the fourteen materials of version 0.1. Later ones have numbers too; `scene.materialNamed` finds them
// without a new SDK.

/** What a block is made of. `Material.Air` is nothing. */
export enum Material {
  /** Nothing; not solid. */
  Air,
  /** What hills are made of. */
  Stone,
  /** Under the grass. */
  Dirt,
  /** On top of the ground. */
  Grass,
  /** At the water's edge. */
  Sand,
  /** Not solid. */
  Water,
  /** Trunks; burns in good stories. */
  Wood,
  /** Crowns of trees. */
  Leaves,
  /** Frozen water. */
  Ice,
  /** Not solid, and hot. */
  Lava,
  /** To look through. */
  Glass,
  /** Stone with coal. */
  CoalOre,
  /** Stone with iron. */
  IronOre,
  /** What fire leaves. */
  Ash,
}

@lazy const NAMES: StaticArray<string> = [
  "air", "stone", "dirt", "grass", "sand", "water", "wood", "leaves", "ice", "lava", "glass", "coal_ore", "iron_ore",
  "ash",
];

export namespace Material {
  /** The material with that name, without asking the host; -1 if there is none. */
  export function named(name: string): i32 { return NAMES.indexOf(name); }

  /** Its name; `unknown` for a material of a later version. */
  export function nameOf(material: Material): string {
    return <u32>material < <u32>NAMES.length ? NAMES[material] : "unknown";
  }

  /** Whether it is air. */
  // @ts-ignore: a decorator of AssemblyScript
  @inline export function isAir(material: Material): bool { return material == Material.Air; }

  /** Whether a body or a ray is stopped by it: all but air, water and lava. */
  // @ts-ignore: a decorator of AssemblyScript
  @inline export function isSolid(material: Material): bool {
    return material != Material.Air && material != Material.Water && material != Material.Lava;
  }
}
