// Puts the caster at the farthest safe place along the look.
//
// Safe means: ground within a short drop, and no solid block, lava or other body where the caster would be. The search goes
// from far to near and fails with a message, which undoes the cast, if nothing fits. The same spell as `spells/blink`.

import {
  BlockSize, CastContext, entities, EntityInfo, Material, params, presentation, scene, seconds, SpellInfo, Vec3,
} from "@spellhost/sdk";

const range = params.number("range", 24).range(4, 64).unit("blocks").help("How far the caster gets at most.");

/** Nearer than this is not worth the mana, in blocks. */
const NEAREST: f64 = 2;
/** How far apart two places are that the search tries, in blocks. */
const STEP: f64 = 0.5;
/** How far the caster would fall at most, in blocks. */
const DROP_MAX: i32 = 4;
/** The largest radius of a creature's body, in blocks. */
const BODY_RADIUS_MAX: f64 = 1.25;

export function describe(): SpellInfo {
  return new SpellInfo("Blink")
    .description("Puts you at the farthest safe place along your look.")
    .param(range)
    .cooldown(seconds(2))
    .mana(15);
}

export function cast(ctx: CastContext): string | null {
  const far = range.of(ctx);
  const caster = scene.entity(ctx.caster);
  if (!caster) return "the caster is gone";
  const hit = scene.raycast(ctx.origin, ctx.direction, far);
  const free = hit ? hit.distance : far;
  const tries = <i32>(free / STEP);
  for (let step = 0; step <= tries; step++) {
    const place = standingPlace(ctx.origin + ctx.direction.times(free - STEP * <f64>step), caster);
    if (place && place.distance(caster.position) >= NEAREST) {
      entities.teleport(caster.id, place);
      presentation.playVfx("blink-out", caster.position);
      presentation.playVfx("blink-in", place);
      presentation.playSound("blink", place);
      return null;
    }
  }
  return `no safe place within ${<i32>nearest<f64>(free)} blocks that way`;
}

/** Where the caster's middle would be if it stood below that point; `null` if it cannot stand there. */
function standingPlace(point: Vec3, caster: EntityInfo): Vec3 | null {
  const top = point.block();
  for (let drop = 1; drop <= DROP_MAX; drop++) {
    const floor = top.offset(0, -drop, 0);
    if (!Material.isSolid(scene.getVoxel(floor))) continue;
    const place = new Vec3(point.x, <f64>(floor.y + 1) + caster.radius, point.z);
    return hasRoom(place, caster.radius) && isAlone(place, caster) ? place : null;
  }
  return null;
}

/** Whether no block that the body would touch is in its way. */
function hasRoom(place: Vec3, radius: f64): bool {
  const least = (place - Vec3.splat(radius)).block(), most = (place + Vec3.splat(radius)).block();
  // One read of the whole box: 18 single ones would cost ten times as much.
  const size = new BlockSize(most.x - least.x + 1, most.y - least.y + 1, most.z - least.z + 1);
  const body = scene.getVoxels(least, size).materials;
  for (let i = 0; i < body.length; i++) {
    const material = <Material>body[i];
    if (Material.isSolid(material) || material == Material.Lava) return false;
  }
  return true;
}

/** Whether nobody else is there. */
function isAlone(place: Vec3, caster: EntityInfo): bool {
  const near = scene.livingInRadius(place, caster.radius + BODY_RADIUS_MAX);
  for (let i = 0; i < near.length; i++) {
    const other = near[i];
    if (other.id != caster.id && other.position.distance(place) < other.radius + caster.radius) return false;
  }
  return true;
}
