// A lobbed ball of fire that digs a crater, burns who stands near and throws them away.
//
// The cast only throws; the host tells `onEvent` where the ball struck, or that it ended in the air. Needs no state: an
// event carries the cast's own parameters. The same spell as `spells/fireball`, command for command.

import {
  BlockPos, CastContext, entities, Material, NamedValue, params, presentation, Projectile, random, scene, seconds,
  SpellEvent, SpellInfo, Status, terrain, Value, Vec3,
} from "@spellhost/sdk";

const radius = params.number("radius", 4).range(1, 10).unit("blocks")
  .help("How far the crater reaches; the blast reaches half as far again.");
const damage = params.number("damage", 60).range(0, 500).unit("points")
  .help("What it takes from whoever it strikes; the farther away, the less.");
const speed = params.number("speed", 24).range(4, 60).unit("blocks/s").help("How fast it travels to its target.");

/** How high the arc rises, as a part of the distance. */
const ARC: f64 = 0.2;
/** Three commands each: with the crater and its embers that stays below the 64 of a call. */
const VICTIMS_MAX: i32 = 16;
const EMBERS: i32 = 5;

export function describe(): SpellInfo {
  return new SpellInfo("Fireball")
    .description("A lobbed ball of fire: a crater, and burns for whoever stands near.")
    .param(radius)
    .param(damage)
    .param(speed)
    .cooldown(seconds(1))
    .mana(20);
}

export function cast(ctx: CastContext): string | null {
  const way = ctx.targetPosition - ctx.origin;
  // Gravity grows as the distance shrinks, and the host allows 3,600 at most.
  const distance = Math.max(way.length(), 2);
  const flight = distance / speed.of(ctx);
  // Gravity is chosen for the flight, so that the arc looks the same near and far.
  const gravity = 8 * ARC * distance / (flight * flight);
  Projectile.at(ctx.origin)
    .velocity(way.over(flight) + Vec3.up().times(gravity * flight / 2))
    .gravity(gravity)
    .radius(0.35)
    .lifetime(seconds(3))
    .spawn();
  presentation.playSound("fireball-launch", ctx.origin);
  return null;
}

export function onEvent(ctx: CastContext, event: SpellEvent): string | null {
  const hit = event.projectileHit;
  if (hit) explode(ctx, hit.position);
  const end = event.projectileExpired;
  if (end) presentation.playVfx("fireball-fizzle", end.position);
  return null;
}

function explode(ctx: CastContext, center: Vec3): void {
  const wide = radius.of(ctx), hurt = damage.of(ctx);
  // Ash first and one block wider: what the carving leaves of it is the crater's lining.
  terrain.paintSphere(center, wide + 1, Material.Ash);
  terrain.carveSphere(center, wide);
  scatterEmbers(center, wide);

  const reach = wide * 1.5;
  const victims = scene.livingInRadius(center, reach);
  for (let i = 0; i < min(victims.length, VICTIMS_MAX); i++) {
    const victim = victims[i];
    // From its skin, not from its middle: a large body is not spared for being large.
    const gap = Math.max(center.distance(victim.position) - victim.radius, 0);
    const force = 1 - gap / reach;
    entities.damage(victim.id, hurt * force);
    entities.push(victim.id, (center.toward(victim.position) + Vec3.up().times(0.5)).times(14 * force));
    entities.applyStatus(victim.id, Status.Burning, seconds(3));
  }

  presentation.playVfx("explosion", center, [new NamedValue("radius", Value.number(reach))]);
  presentation.playSound("explosion", center);
}

/** A few drops of lava on the crater's floor. */
function scatterEmbers(center: Vec3, wide: f64): void {
  random.reserve(2 * EMBERS);
  for (let i = 0; i < EMBERS; i++) {
    const far = random.range(0, 0.7) * wide;
    const aside = new Vec3(far, 0, 0).turned(random.range(0, 2 * Math.PI));
    const column = (center + aside).block();
    const offSquared = (column.center() - center).flat().lengthSquared();
    const depth = Math.sqrt(Math.max(wide * wide - offSquared, 0));
    // The carving took the blocks whose middle lies in the sphere; the floor is the next one down.
    const floor = new BlockPos(column.x, <i32>Math.ceil(center.y - depth - 0.5) - 1, column.z);
    // Reads show the world before this call: what was solid there still is. High in the air nothing was.
    if (Material.isSolid(scene.getVoxel(floor))) terrain.setVoxel(floor, Material.Lava);
  }
}
