// Heal totem: planted where you aim, it mends every player around it once a second.
//
// One cast lives over many calls. Memory ends with each of them, so what lasts is typed state: which creature the totem is, how
// often it woke, what it gave so far. It ends when it has woken often enough, when its store is empty, or when somebody
// strikes it down. The same spell as `spells/heal-totem`.

import {
  CastContext, entities, EntityKind, NamedValue, Npc, ok, params, presentation, Result, scene, seconds, SpellEvent,
  SpellEventKind, SpellInfo, state, timers, Value, Vec3,
} from "@spellhost/sdk";

const WAKE: u32 = 1;
/** Points of health that a totem can give in all. */
const STORE: f64 = 400;
/** A patient costs up to two commands, and a call has 64. */
const PATIENTS_MAX: i32 = 24;

const radius = params.number("radius", 16).range(2, 32).unit("blocks").help("How far its warmth reaches.");
const points = params.number("points", 5).range(1, 25).unit("points")
  .help("What each player around it gains with each wake.");
const wakes = params.integer("wakes", 10).range(1, 60).help("How often it wakes: once a second.");

const totem = state.entity("totem");
const woken = state.integer("woken");
/** Points given so far, to everybody. */
const healed = state.number("healed");
/** Points left to give; negative in the first revision, which had no store: see `migrate`. */
const store_ = state.number("store", -1);

export function describe(): SpellInfo {
  return new SpellInfo("Heal totem")
    .description("Plants a totem that mends every player around it, once a second.")
    .param(radius)
    .param(points)
    .param(wakes)
    .cooldown(seconds(10))
    .mana(30);
}

export function cast(ctx: CastContext): string | null {
  const ground = scene.groundBelow(ctx.targetPosition + Vec3.up(), 16);
  if (!ground) return "a totem needs ground to stand on";
  // Its body is a sphere with a radius of half a block: this far up it stands on the ground.
  const place = ground.above().center();
  totem.value = entities.spawnNpc(Npc.Totem, place, 0);
  store_.value = STORE;
  presentation.playVfx("totem_rise", place);
  timers.wakeAfter(seconds(1), WAKE);
  return null;
}

export function onEvent(ctx: CastContext, event: SpellEvent): string | null {
  const death = event.entityDied;
  if (event.kind == SpellEventKind.Timer && event.timer == WAKE) wake(ctx);
  else if (death && death.entity == totem.value) end(ctx, "was struck down");
  return null;
}

/** Totems of the first revision gave without end. They get a store here, less what they gave already. */
export function migrate(fromRevision: string, bytes: Array<u8>): Result<Array<u8>> {
  if (!state.decode(bytes)) return new Result<Array<u8>>(null, `the state of ${fromRevision} is of another shape`);
  if (store_.value < 0) store_.value = Math.max(STORE - healed.value, 0);
  return ok(state.encode());
}

function wake(ctx: CastContext): void {
  const self = scene.entity(totem.value);
  // Somebody removed it: nothing died, so no event said so.
  if (!self) return end(ctx, "is gone");
  let left = store_.value, given = healed.value, patients = 0;
  const players = scene.entitiesInRadius(self.position, radius.of(ctx), EntityKind.Player);
  for (let i = 0; i < players.length && patients < PATIENTS_MAX; i++) {
    const player = players[i];
    if (!player.isAlive()) continue;
    patients++;
    const gain = Math.min(Math.min(points.of(ctx), player.missingHealth()), left);
    if (gain > 0) {
      entities.heal(player.id, gain);
      given += gain;
      left -= gain;
    }
  }
  presentation.playVfx("totem_pulse", self.position, [new NamedValue("radius", Value.number(radius.of(ctx)))]);
  store_.value = left;
  healed.value = given;
  woken.value++;
  if (left <= 0 || woken.value >= wakes.of(ctx)) {
    entities.despawn(self.id);
    return end(ctx, left <= 0 ? "is empty" : "goes back to sleep");
  }
  timers.wakeAfter(seconds(1), WAKE);
}

/** Tells the caster what the totem did, and ends the spell: a timer that is still pending goes with it. */
function end(ctx: CastContext, why: string): void {
  const given = <i64>nearest<f64>(healed.value);
  presentation.message(ctx.caster, `your totem ${why}: it gave ${given} points in ${woken.value} wakes`);
  state.finish();
}
