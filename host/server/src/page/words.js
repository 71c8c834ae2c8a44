// Effects, outcomes and numbers in words, as the terminal says them.

/** A number with at most three decimals. */
export const number = (value) => String(Math.round(value * 1000) / 1000);
/** A whole number in groups of three. */
export const grouped = (value) => value.toLocaleString("en");
/** A point in brackets. */
export const point = (at) => `(${at.map(number).join(", ")})`;
/** The beginning of a digest. */
export const short = (digest) => digest.slice(0, 11);

const ticks = (count) => (count < 6 ? `${count} ticks` : `${Math.round(count / 6) / 10} s`);
const size = (edges) => edges.join(" × ");

function filled(mode, material, shape) {
  if (mode === "add") return `fills ${shape} with ${material}`;
  return mode === "subtract" ? `removes ${shape}` : `turns what is solid in ${shape} into ${material}`;
}

function plain({ kind, value }) {
  if (kind === "point" || kind === "block") return point(value);
  return kind === "number" ? number(value) : String(value);
}

const effects = {
  set_voxel: (e) => `sets the block ${point(e.pos)} to ${e.material}`,
  fill_sphere: (e) => `${filled(e.mode, e.material, `a sphere of radius ${number(e.radius)}`)} at ${point(e.center)}`,
  fill_box: (e) => `${filled(e.mode, e.material, `a box of ${size(e.size)}`)} from ${point(e.min)}`,
  watch_box: (e) => `watches a box of ${size(e.size)} from ${point(e.min)} for ${ticks(e.duration)}`,
  spawn_projectile: (e) => `shoots projectile ${e.id} from ${point(e.position)} at ${number(Math.hypot(...e.velocity))} blocks/s`,
  damage: (e) => `damages entity ${e.id} by ${number(e.points)}`,
  heal: (e) => `heals entity ${e.id} by ${number(e.points)}`,
  push: (e) => `pushes entity ${e.id} by ${point(e.vector)} blocks/s`,
  teleport: (e) => `moves entity ${e.id} to ${point(e.position)}`,
  apply_status: (e) => `makes entity ${e.id} ${e.name} for ${ticks(e.duration)}`,
  spawn_npc: (e) => `summons ${e.template} ${e.id} at ${point(e.position)}`,
  despawn: (e) => `removes entity ${e.id}`,
  play_vfx: (e) => `shows “${e.asset}” at ${point(e.at)}${e.params.length ? ` (${e.params.map((p) => `${p.name} = ${plain(p.value)}`).join(", ")})` : ""}`,
  play_sound: (e) => `plays “${e.asset}” at ${point(e.at)}`,
  message: (e) => `tells entity ${e.player} “${e.text}”`,
  wake_after: (e) => `wakes again after ${ticks(Math.max(e.after, 1))}`,
  cancel_timer: (e) => `cancels the timer with tag ${e.tag}`,
  broadcast: (e) => `broadcasts “${e.name}” with “${e.payload}”`,
  send: (e) => `sends “${e.name}” to entity ${e.player} with “${e.payload}”`,
  listen: (e) => `listens for “${e.name}” for ${ticks(e.duration)}`,
  save: (e) => `keeps ${e.bytes} bytes of state`,
  finish: () => "ends itself",
};

/** One effect as a sentence without a subject. */
export const effect = (of) => (effects[of.type] ? effects[of.type](of) : of.type);

const refusals = {
  cooldown: "the spell is still cooling down",
  mana: "the caster has too little mana",
  dead: "the caster is dead",
  budget: "the caster or the world has no fuel left for it",
};

const outcomes = {
  applied: (o) => (o.skipped ? `applied, ${o.skipped} skipped` : "applied"),
  failed: (o) => `failed: ${o.message}`,
  invalid: (o) => `invalid: ${[o.function, o.field].filter(Boolean).join(", ")}: ${o.message}`,
  trapped: (o) => `trapped: ${o.trap}`,
  out_of_fuel: () => "out of fuel",
  limit: (o) => (o.which === "host" ? "the host could not run it" : `over a limit: ${o.which}`),
  refused: (o) => `refused: ${refusals[o.reason] ?? o.reason}`,
};

/** How a call ended, on one line. */
export const outcome = (of) => (outcomes[of.kind] ? outcomes[of.kind](of) : of.kind);

/** Whether it ended well. */
export const isGood = (of) => of.kind === "applied";

/** Whether an effect changes terrain. */
export const isTerrain = (of) => ["set_voxel", "fill_sphere", "fill_box"].includes(of.type);
