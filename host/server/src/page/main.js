// The page: one connection in apply mode, which is told every frame with its effects, and what is read
// beside it: worlds, spells, terrain, and who is in the world.

import { Fields } from "./form.js";
import { Casts, element, Swaps } from "./journal.js";
import { Terrain, WorldMap } from "./map.js";
import { read, Refused, Socket } from "./socket.js";
import { grouped, isGood, isTerrain, outcome, point, short } from "./words.js";

const SCENE_MS = 200;
const TERRAIN_MS = 250;
const WORLDS_MS = 3000;
const SPELLS_MAX = 1000;
const FILTER_FROM = 8;
const CHANNELS = ["stable", "beta", "draft"];

const part = (id) => document.getElementById(id);
const token = { get: () => sessionStorage.getItem("token"), set: (text) => sessionStorage.setItem("token", text) };

/** Calls at most so often, and once more for what came meanwhile. */
function paced(pause, work) {
  let running = false;
  let again = false;
  return async function run() {
    again = true;
    if (running) return;
    running = true;
    while (again) {
      again = false;
      // What fails now is tried again with whatever comes next.
      await Promise.all([work().catch(() => {}), new Promise((go) => setTimeout(go, pause))]);
    }
    running = false;
  };
}

const state = { world: "default", you: null, tick: 0, spells: [], spell: null, manifest: null, fields: null, mine: new Set() };
const casts = new Casts(part("casts"), part("no-casts"));
const swaps = new Swaps(part("swaps"), part("no-swaps"));
const path = (rest) => `/worlds/${encodeURIComponent(state.world)}/${rest}`;

const map = new WorldMap(part("map"), {
  moved: () => showTerrain(),
  picked: () => showTarget(),
  cast: () => cast(),
  dropped: () => { map.target = null; showTarget(); },
  home: () => goHome(),
});

const around = {
  get materials() { return map.materials; },
  entities: () => map.entities.filter(({ kind }) => kind !== "projectile"),
  target: () => map.target?.at,
};

// Terrain, entities and worlds.

const showTerrain = paced(TERRAIN_MS, async () => {
  const { x, z, size } = map.area();
  const answer = await fetch(path(`map?x=${x}&z=${z}&size=${size}`));
  if (!answer.ok) return;
  map.show(new Terrain(await answer.arrayBuffer(), x, z, size));
  showLegend();
});

function showLegend() {
  const shown = [...map.counts].sort(([, a], [, b]) => b - a).map(([number]) => map.materials[number]);
  if (part("legend").dataset.shown === shown.map(({ name }) => name).join()) return;
  part("legend").dataset.shown = shown.map(({ name }) => name).join();
  part("legend").replaceChildren(...shown.map(({ name, colour }) => {
    const patch = element("canvas", { width: 1, height: 1, ariaHidden: "true" });
    const context = patch.getContext("2d");
    context.fillStyle = `rgb(${colour.join()})`;
    context.fillRect(0, 0, 1, 1);
    return element("li", {}, patch, name.replace("_", " "));
  }));
}

let arrived = false;

async function showScene() {
  const scene = await read(path("scene"));
  map.entities = scene.entities;
  part("active").textContent = grouped(scene.active.length);
  part("players").textContent = grouped(scene.entities.filter(({ kind }) => kind === "player").length);
  if (!arrived && you()) {
    arrived = true;
    goHome();
  }
}

const you = () => map.entities.find(({ net_id: id }) => id === state.you);

function goHome() {
  const own = you();
  if (own) map.goTo(own.position[0], own.position[2]);
}

async function showWorlds() {
  const { items } = await read("/worlds");
  const names = items.map(({ world_id: id, name }) => [id, name && name !== id ? `${name} (${id})` : id]);
  if (part("world").dataset.known !== names.join()) {
    part("world").dataset.known = names.join();
    part("world").replaceChildren(...names.map(([id, name]) => new Option(name, id, false, id === state.world)));
  }
  part("worlds").replaceChildren(...items.map((world) => element("tr", {}, ...[
    world.world_id, grouped(world.tick), grouped(world.players), world.channel, world.seed,
  ].map((text) => element("td", { text })), element("td", {}, element("code", { text: world.state_hash.slice(0, 12) })))));
  state.channel = items.find(({ world_id: id }) => id === state.world)?.channel ?? "stable";
}

/** Repeats while the page is looked at and the host is there. */
function repeat(pause, work) {
  const again = async () => {
    // What is not there now may be there the next time; the connection's own line says what is wrong.
    if (!document.hidden && part("connection").dataset.state === "open") await work().catch(() => {});
    setTimeout(again, pause);
  };
  again();
}

// Spells and the form.

async function showSpells() {
  const spells = [];
  let next = "";
  do {
    const page = await read(`/api/spells?limit=100${next && `&cursor=${encodeURIComponent(next)}`}`);
    spells.push(...page.items);
    next = page.next ?? "";
  } while (next && spells.length < SPELLS_MAX);
  state.spells = spells.filter(({ active }) => CHANNELS.some((channel) => active[channel]));
  part("empty").hidden = state.spells.length > 0;
  part("filter").hidden = state.spells.length < FILTER_FROM;
  const chosen = state.spells.find(({ spell_id: id }) => id === state.spell) ?? state.spells[0];
  showList();
  if (chosen) await choose(chosen.spell_id);
  else part("form").hidden = true;
}

function showList() {
  const wanted = part("filter").value.toLowerCase();
  const fits = ({ spell_id: id, display_name: name }) => `${id} ${name}`.toLowerCase().includes(wanted);
  part("list").replaceChildren(...state.spells.filter(fits).map(({ spell_id: id, display_name: name }) => {
    const button = element("button", { type: "button", text: name || id, ariaPressed: String(id === state.spell) });
    button.dataset.spell = id;
    button.onclick = () => choose(id).catch(fail);
    return button;
  }));
}

const heads = () => state.spells.find(({ spell_id: id }) => id === state.spell)?.active ?? {};

/** The channel that a cast without one goes by: the world's, or what comes next to it. */
function standard() {
  return [state.channel ?? "stable", "beta", "draft"].find((channel) => heads()[channel]);
}

async function choose(id) {
  const same = id === state.spell;
  state.spell = id;
  for (const button of part("list").children) button.ariaPressed = String(button.dataset.spell === id);
  const chosen = same ? part("channel").value : "";
  const named = CHANNELS.filter((channel) => heads()[channel]);
  part("channel").replaceChildren(new Option(`as the world does (${standard()})`, ""), ...named.map((channel) => new Option(channel, channel)));
  part("channel").value = named.includes(chosen) ? chosen : "";
  await Promise.all([showChannels(id), showForm(same)]);
}

/** What each channel points to, with the version that people count by. */
async function showChannels(id) {
  const { items } = await read(`/api/spells/${id}/revisions`);
  if (id !== state.spell) return;
  const versions = new Map(items.map(({ revision_id: revision, version }) => [revision, version]));
  part("channels").replaceChildren(...CHANNELS.flatMap((channel) => {
    const revision = heads()[channel];
    const named = () => ["version ", String(versions.get(revision)), " ", element("code", { text: short(revision), title: revision })];
    return [element("dt", { text: channel }), element("dd", {}, ...(revision ? named() : ["nothing"]))];
  }));
}

/** The form of the revision that a cast would run. */
async function showForm(keeps) {
  const [id, revision] = [state.spell, heads()[part("channel").value || standard()]];
  const manifest = await read(`/api/spells/${id}/revisions/${encodeURIComponent(revision)}/manifest`);
  if (id !== state.spell) return;
  const { info } = manifest;
  const written = keeps ? state.fields?.values() ?? {} : {};
  const focused = keeps ? document.activeElement?.id : "";
  state.fields = new Fields(info.params, around);
  state.fields.keep(written);
  part("form-heading").textContent = info.display_name || id;
  part("description").textContent = `${info.description} Cooldown ${info.cooldown / 60} s, ${info.mana} mana.`;
  part("params").replaceChildren(...state.fields.elements);
  part("form").hidden = false;
  if (focused) part(focused)?.focus();
  if (!keeps) say("", "");
}

function say(answer, error) {
  part("answer").textContent = answer;
  part("error").textContent = error;
}

function fail(error) {
  const stranger = error instanceof Refused && error.code === "unauthorized";
  say("", stranger ? "Say who you are first, at the top of the page." : error.message);
  if (!stranger) return;
  part("join").hidden = false;
  part("username").focus();
}

async function cast() {
  if (!state.fields) return;
  say("", "");
  state.fields.blame("");
  const target = map.target && (map.target.entity === undefined ? map.target.at : { entity: map.target.entity });
  const request = { spell_id: state.spell, cast_params: { params: state.fields.values(), ...(target && { target }) } };
  if (part("channel").value) request.channel = part("channel").value;
  try {
    const { cast_id: id, tick } = await socket.ask("spell.cast_request", request);
    state.mine.add(id);
    say(`Cast ${id} enters in tick ${grouped(tick)}.`, "");
    tellOwn(id);
  } catch (error) {
    fail(error);
    state.fields.blame(error.message);
  }
}

function showTarget() {
  const { at, entity } = map.target ?? {};
  const where = at && (entity === undefined ? point(at) : `entity ${entity} at ${point(at)}`);
  part("target").textContent = where ? `Target: ${where}.` : "No target: a cast goes where your player looks.";
}

// Frames.

const places = {
  fill_sphere: (e) => ({ at: e.center, extent: e.radius }),
  fill_box: (e) => ({ at: e.min.map((low, axis) => low + e.size[axis] / 2), extent: Math.max(e.size[0], e.size[2]) / 2 }),
  set_voxel: (e) => ({ at: e.pos.map((low) => low + 0.5) }),
  spawn_projectile: (e) => ({ at: e.position, colour: "#ffffff" }),
  spawn_npc: (e) => ({ at: e.position, colour: "#ffcc3d", extent: 1 }),
  teleport: (e) => ({ at: e.position, colour: "#4aa3ff", extent: 1 }),
  play_vfx: (e) => ({ at: e.at, colour: "#ffb454" }),
};

function spark(effect) {
  const place = places[effect.type]?.(effect);
  if (place) return map.spark(place);
  const struck = map.entities.find(({ net_id: id }) => id === effect.id);
  if (struck) map.spark({ at: struck.position, extent: 1, colour: effect.type === "heal" ? "#7bdc6c" : "#ff5a3c" });
}

/** From the caster to where it aims. */
function aim({ caster_id: caster, cast_params: { target } }) {
  const from = map.entities.find(({ net_id: id }) => id === caster)?.position;
  const to = Array.isArray(target) ? target : map.entities.find(({ net_id: id }) => id === target?.entity)?.position;
  if (from && to) map.spark({ at: from, to, colour: "#b89bff" });
}

const changed = paced(500, showSpells);
const rate = { since: performance.now(), ticks: 0 };

function take(frame) {
  state.tick = frame.tick;
  rate.ticks += 1;
  casts.take(frame);
  if (swaps.take(frame)) changed();
  frame.casts.forEach(aim);
  const effects = frame.calls.flatMap((call) => call.effects ?? []);
  effects.forEach(spark);
  if (frame.ops.some(({ type }) => type !== "spawn" && type !== "despawn") || effects.some(isTerrain)) showTerrain();
  state.mine.forEach(tellOwn);
}

/** What became of one's own cast is said where it was asked for; a frame may come before the answer. */
function tellOwn(id) {
  const begun = casts.begun(id);
  if (!begun) return;
  state.mine.delete(id);
  const text = `Cast ${id} in tick ${grouped(begun.tick)}: ${outcome(begun.outcome)}.`;
  if (isGood(begun.outcome)) say(text, "");
  else say("", text);
}

function showRate() {
  const now = performance.now();
  const perSecond = (rate.ticks * 1000) / (now - rate.since);
  Object.assign(rate, { since: now, ticks: 0 });
  part("tick").textContent = grouped(state.tick);
  part("rate").textContent = perSecond.toFixed(1);
}

// The connection.

const events = {
  connected: ({ engine_id: engine }) => { part("engine").textContent = engine; },
  tick_frame: take,
  "spell.active_update": changed,
  "spell.revision_ready": changed,
  resync: () => showTerrain(),
  world_closed: () => status("closed", "this world has been closed"),
};

function status(name, text) {
  part("connection").dataset.state = name;
  part("connection").textContent = text;
}

async function enter() {
  const session = token.get();
  const handshake = { mode: "apply", world_id: state.world, ...(session && { session_token: session }) };
  try {
    const { entity_id: entity, tick, client_id: client } = await socket.ask("handshake", handshake);
    state.you = map.you = entity;
    state.tick = tick;
    arrived = false;
    status("open", `connected as ${client}, entity ${entity}`);
    showTerrain();
    changed();
  } catch (error) {
    status("refused", error.message);
    if (!session) return;
    // A session that has expired is nobody's any more.
    sessionStorage.removeItem("token");
    await enter();
  }
}

const socket = new Socket({
  open: () => enter(),
  closed: () => status("closed", "the connection was lost; trying again …"),
  event: (type, data) => events[type]?.(data),
});

part("world").onchange = () => {
  state.world = part("world").value;
  map.target = null;
  showTarget();
  casts.clear();
  swaps.clear();
  enter();
};
part("form").onsubmit = (event) => { event.preventDefault(); cast(); };
part("channel").onchange = () => showForm(true).catch(fail);
part("filter").oninput = showList;
part("untarget").onclick = () => { map.target = null; showTarget(); };
part("nearer").onclick = () => map.zoom(-1);
part("farther").onclick = () => map.zoom(1);
part("home").onclick = goHome;
part("join").onsubmit = async (event) => {
  event.preventDefault();
  try {
    const body = JSON.stringify({ username: part("username").value || undefined });
    const session = await read("/login", { method: "POST", headers: { "content-type": "application/json" }, body });
    token.set(session.session_token);
    part("join").hidden = true;
    say("", "");
    await enter();
  } catch (error) {
    fail(error);
  }
};

map.materials = (await read("/page/materials.json")).materials;
showTerrain();
repeat(SCENE_MS, showScene);
repeat(WORLDS_MS, showWorlds);
setInterval(showRate, 1000);
