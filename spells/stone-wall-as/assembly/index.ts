// Raises a wall across the way, carries up whoever stands there, and lowers it again.
//
// One course a wake: no memory lasts from call to call, so what the wall displaced is in the state, and what is lowered is
// exactly what was raised. The caster's client may end it early with the remote event `dismiss`. The same spell as
// `spells/stone-wall`.

import {
  BlockPos, BlockSize, CastContext, entities, Material, params, presentation, remoteEvents, scene, seconds, SpellEvent,
  SpellEventKind, SpellInfo, state, terrain, timers, Vec3,
} from "@spellhost/sdk";

const width = params.integer("width", 9).range(3, 15).unit("blocks").help("How wide it is, across the caster's way.");
const height = params.integer("height", 4).range(1, 8).unit("blocks").help("How high it rises above the ground.");
const duration = params.number("duration", 2).range(0.5, 60).unit("seconds").help("How long it stands.");

/** The block in the middle of its first course above the ground. */
const base = state.block("base");
/** Whether it runs along x, not along z. */
const alongX = state.flag("along_x");
const sinking = state.flag("sinking");
/** How many courses stand. */
const courses = state.integer("courses");
/** What the courses displaced, from the lowest up. */
const displaced = state.integers("displaced");

/** Ticks from one course to the next. */
const STEP: u32 = 5;
/** The one timer's tag. */
const NEXT: u32 = 0;
/** How deep the lowest course reaches into the ground, so that the wall has no gaps where it dips. */
const FOUNDATION: i32 = 2;
/** How far above and below the target the ground may lie, in blocks. */
const GROUND_MAX: i32 = 6;

export function describe(): SpellInfo {
  return new SpellInfo("Stone wall")
    .description("Raises a wall across the way, and lowers it again; a `dismiss` lowers it at once.")
    .param(width)
    .param(height)
    .param(duration)
    .cooldown(seconds(4))
    .mana(30)
    .remote("dismiss")
    .remote("wall-gone");
}

export function cast(ctx: CastContext): string | null {
  const ground = groundNear(ctx.targetBlock());
  if (!ground) return `no ground within ${GROUND_MAX} blocks of the target to raise a wall from`;
  base.value = ground.above();
  // Boxes lie along the axes: the wall turns with the caster in quarters.
  alongX.value = Math.abs(ctx.direction.x) <= Math.abs(ctx.direction.z);
  raise(ctx);
  wait(ctx);
  // With a second to spare for wakes that come late; the wall's end is the end of listening too.
  remoteEvents.listen("dismiss", seconds(duration.of(ctx)) + 2 * STEP * height.u32(ctx) + seconds(1));
  return null;
}

export function onEvent(ctx: CastContext, event: SpellEvent): string | null {
  const message = event.remote;
  if (event.kind == SpellEventKind.Timer && event.timer == NEXT) {
    if (isComplete(ctx)) sinking.value = true;
    if (sinking.value) lower(ctx);
    else raise(ctx);
    if (!courses.value) {
      remoteEvents.send(ctx.caster, "wall-gone", ctx.cast.toString());
      state.finish();
      return null;
    }
    wait(ctx);
  } else if (message && message.player == ctx.caster && !sinking.value) {
    // Everyone's messages of that name arrive here; the wall is the caster's.
    sinking.value = true;
    timers.cancel(NEXT);
    timers.wakeAfter(1, NEXT);
  }
  return null;
}

function isComplete(ctx: CastContext): bool {
  return courses.value == height.of(ctx);
}

/** Asks to be woken for what comes next. */
function wait(ctx: CastContext): void {
  const stands = isComplete(ctx) && !sinking.value;
  timers.wakeAfter(stands ? seconds(duration.of(ctx)) : STEP, NEXT);
}

/** How deep a course reaches below its own block. */
function depth(course: i32): i32 {
  return course == 0 ? FOUNDATION : 0;
}

/** The least corner of a course: one block high, but for the lowest. */
function corner(course: i32, ctx: CastContext): BlockPos {
  const half = width.i32(ctx) / 2;
  return base.value.offset(alongX.value ? -half : 0, course - depth(course), alongX.value ? 0 : -half);
}

function sizeOf(course: i32, ctx: CastContext): BlockSize {
  const wide = width.u32(ctx), high = <u32>(1 + depth(course));
  return alongX.value ? new BlockSize(wide, high, 1) : new BlockSize(1, high, wide);
}

/** Adds the next course. */
function raise(ctx: CastContext): void {
  const course = <i32>courses.value;
  const least = corner(course, ctx), size = sizeOf(course, ctx);
  lift(least, size);
  const before = scene.getVoxels(least, size).materials;
  const all = displaced.value;
  for (let i = 0; i < before.length; i++) all.push(before[i]);
  displaced.value = all;
  courses.value++;
  terrain.addBox(least, size, Material.Stone);
  presentation.playVfx("dust", least.center());
}

/** Takes the highest course away. A block that was solid before, or is no longer the wall's stone, stays. */
function lower(ctx: CastContext): void {
  if (!courses.value) return;
  courses.value--;
  const course = <i32>courses.value;
  const least = corner(course, ctx), size = sizeOf(course, ctx);
  const now = scene.getVoxels(least, size);
  const all = displaced.value;
  const first = all.length - now.materials.length;
  for (let i = 0; i < now.materials.length; i++) {
    const before = <Material>all[first + i];
    if (now.materials[i] == Material.Stone && !Material.isSolid(before)) terrain.setVoxel(now.at(i), before);
  }
  all.length = first;
  displaced.value = all;
  presentation.playVfx("dust", least.center());
}

/** The highest solid block of a column, near its middle, that has room above it. */
function groundNear(target: BlockPos): BlockPos | null {
  const column = scene.getVoxels(target.offset(0, -GROUND_MAX, 0), new BlockSize(1, 2 * GROUND_MAX + 1, 1)).materials;
  for (let y = GROUND_MAX - 1; y >= -GROUND_MAX; y--) {
    const at = y + GROUND_MAX;
    if (Material.isSolid(<Material>column[at]) && !Material.isSolid(<Material>column[at + 1])) {
      return target.offset(0, y, 0);
    }
  }
  return null;
}

/** Puts whoever would be walled in on top of the box. */
function lift(least: BlockPos, size: BlockSize): void {
  const low = Vec3.from(least);
  const high = low + new Vec3(<f64>size.x, <f64>size.y, <f64>size.z);
  const near = scene.livingInRadius(low.lerp(high, 0.5), low.distance(high) / 2 + 1.5);
  for (let i = 0; i < near.length; i++) {
    const at = near[i].position, reach = near[i].radius;
    const beside = at.x + reach <= low.x || at.x - reach >= high.x || at.z + reach <= low.z || at.z - reach >= high.z;
    if (!beside && at.y - reach < high.y && at.y + reach > low.y) {
      entities.teleport(near[i].id, new Vec3(at.x, high.y + reach, at.z));
    }
  }
}
