// Freezes the ground and whoever stands around the caster without cover.
//
// The ground is read as one region and frozen in strips along x: a command for each block would be far more than a call may
// have. Spares the caster, and everyone whom a wall hides. The same spell as `spells/frost-nova`.

import {
  BlockPos, BlockSize, CastContext, entities, EntityInfo, FillMode, Material, NamedValue, params, presentation, scene,
  seconds, SpellInfo, Status, terrain, Value, Vec3,
} from "@spellhost/sdk";

const radius = params.number("radius", 7).range(2, 12).unit("blocks").help("How far the frost reaches.");
const damage = params.number("damage", 15).range(0, 200).unit("points").help("What it takes from everyone it reaches.");
const hold = params.number("hold", 3).range(0.5, 20).unit("seconds")
  .help("How long they cannot move; they stay slow for as long again.");

/** Three commands each. */
const VICTIMS_MAX: i32 = 10;
/** What is left of a call's 64 commands after the victims, one effect and one sound. */
const STRIPS_MAX: i32 = 64 - 3 * VICTIMS_MAX - 2;
/** How far above and below the caster's middle the ground may lie, in blocks. */
const STEEP_MAX: i32 = 4;

/** Blocks beside each other along x that freeze alike. */
class Strip {
  length: i32 = 1;

  constructor(
    public start: BlockPos,
    /** Water is not solid and must be filled; soil is, and must be painted. */
    public water: bool,
    /** Its place among all strips: of two that are as long, the first found comes first. */
    public order: i32,
  ) {}
}

export function describe(): SpellInfo {
  return new SpellInfo("Frost nova")
    .description("Freezes the ground and whoever stands around you without cover.")
    .param(radius)
    .param(damage)
    .param(hold)
    .cooldown(seconds(3))
    .mana(30);
}

export function cast(ctx: CastContext): string | null {
  const reach = radius.of(ctx);
  const caster = scene.entity(ctx.caster);
  if (!caster) return "the caster is gone";
  const center = caster.position;
  const near = scene.livingInRadius(center, reach);
  const victims = new Array<EntityInfo>();
  for (let i = 0; i < near.length; i++) {
    if (near[i].id != ctx.caster && scene.lineOfSight(center, near[i].position)) victims.push(near[i]);
  }
  if (victims.length > VICTIMS_MAX) victims.length = VICTIMS_MAX;
  const strips = groundStrips(center, reach);
  if (!victims.length && !strips.length) return `nothing within ${reach} blocks can freeze`;

  const ticks = seconds(hold.of(ctx));
  for (let i = 0; i < victims.length; i++) {
    entities.damage(victims[i].id, damage.of(ctx));
    entities.applyStatus(victims[i].id, Status.Frozen, ticks);
    entities.applyStatus(victims[i].id, Status.Slowed, 2 * ticks);
  }
  for (let i = 0; i < strips.length; i++) {
    const mode = strips[i].water ? FillMode.Add : FillMode.Paint;
    terrain.fillBox(strips[i].start, new BlockSize(strips[i].length, 1, 1), Material.Ice, mode);
  }
  presentation.playVfx("frost-nova", center, [new NamedValue("radius", Value.number(reach))]);
  presentation.playSound("frost", center);
  return null;
}

/** The open ground in the circle as strips, the longest first: what a call has no commands for is the raggedest. */
function groundStrips(center: Vec3, radius: f64): Array<Strip> {
  const middle = center.block();
  const reach = <i32>Math.ceil(radius);
  const edge = 2 * reach + 1, height = 2 * STEEP_MAX + 1, layer = edge * edge;
  const least = middle.offset(-reach, -STEEP_MAX, -reach);
  const materials = scene.getVoxels(least, new BlockSize(edge, height, edge)).materials;

  const strips = new Array<Strip>();
  for (let column = 0; column < layer; column++) {
    // The region comes in layers from the bottom up: from the top down, the first that is not air is the column's top.
    let index = column + (height - 1) * layer;
    while (index >= 0 && unchecked(materials[index]) == Material.Air) index -= layer;
    if (index < 0) continue;
    const material = unchecked(materials[index]);
    const pos = least.offset(column % edge, index / layer, column / edge);
    // A top in the highest layer is the inside of a hill, or a roof.
    const open = pos.y < middle.y + STEEP_MAX && (pos.center() - center).flat().length() <= radius;
    const water = material == Material.Water;
    if (!open || !(water || material == Material.Grass || material == Material.Dirt)) continue;
    const last: Strip | null = strips.length ? strips[strips.length - 1] : null;
    if (last && last.water == water && last.start.offset(last.length, 0, 0) == pos) {
      last.length++;
    } else {
      strips.push(new Strip(pos, water, strips.length));
    }
  }
  strips.sort((a, b) => a.length != b.length ? b.length - a.length : a.order - b.order);
  if (strips.length > STRIPS_MAX) strips.length = STRIPS_MAX;
  return strips;
}
