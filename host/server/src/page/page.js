// What runs on this host: one world from above, its spells with a form each, casts as they happen.
// Speaks the same protocol as every other client.

const world = new URLSearchParams(location.search).get("world") ?? "default";
const at = (id) => document.getElementById(id);
const MAP_BLOCKS = 128;
const CASTS_SHOWN = 40;

let socket;
let nextId = 1;
const waiting = new Map();
let aim = null;
let map = null;

function say(type, data = {}) {
  const id = nextId++;
  return new Promise((resolve, reject) => {
    if (socket?.readyState !== WebSocket.OPEN) return reject(new Error("not connected"));
    waiting.set(id, { resolve, reject });
    socket.send(JSON.stringify({ type, id, data }));
  });
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/ws?world=${encodeURIComponent(world)}`);
  socket.onopen = () => { at("link").textContent = "connected"; refresh(); };
  socket.onclose = () => {
    at("link").textContent = "reconnecting";
    for (const { reject } of waiting.values()) reject(new Error("the connection closed"));
    waiting.clear();
    setTimeout(connect, 1000);
  };
  socket.onmessage = ({ data }) => receive(JSON.parse(data));
}

function receive({ type, id, data }) {
  const asked = id === undefined ? undefined : waiting.get(id);
  if (asked) {
    waiting.delete(id);
    return type === "error" ? asked.reject(new Error(`${data.code}: ${data.message}`)) : asked.resolve(data);
  }
  if (type === "spell.cast_event") { told(castLine(data), data.outcome.kind !== "applied"); soonMap(); }
  if (type === "spell.active_update") {
    told(`tick ${data.tick}: ${data.spell_id} ${data.channel} is now ${short(data.revision_id)} (${data.reason})`);
    spells();
  }
  if (type === "spell.revision_ready") spells();
  if (type === "presentation") for (const item of data.items) if (item.kind === "message") told(`“${item.text}”`);
}

const short = (digest) => digest ? digest.slice(3, 11) : "—";

function castLine(cast) {
  const counts = new Map();
  for (const effect of cast.effects) counts.set(effect.type, (counts.get(effect.type) ?? 0) + 1);
  const effects = [...counts].map(([name, count]) => `${count} × ${name.replaceAll("_", " ")}`).join(", ");
  const why = cast.outcome.message ?? cast.outcome.reason ?? cast.outcome.which ?? cast.outcome.trap ?? "";
  return `tick ${cast.tick}: ${cast.spell_id} by ${cast.caster_id}: ${cast.outcome.kind} ${why}, `
    + `${cast.fuel.used.toLocaleString("en")} fuel${effects ? `, ${effects}` : ""}`;
}

function told(line, bad = false) {
  const item = document.createElement("li");
  item.textContent = line;
  if (bad) item.className = "bad";
  at("casts").prepend(item);
  while (at("casts").children.length > CASTS_SHOWN) at("casts").lastChild.remove();
}

async function get(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

async function spells() {
  const { items } = await get("/api/spells?limit=100");
  if (items.length === 0) return;
  const cards = await Promise.all(items.map(card));
  at("spells").replaceChildren(...cards);
}

async function card(spell) {
  const article = document.createElement("article");
  const title = document.createElement("h3");
  title.textContent = spell.display_name;
  const revision = spell.active.stable ?? spell.active.beta ?? spell.active.draft;
  const channels = document.createElement("span");
  channels.className = "channels";
  channels.textContent = ["stable", "beta", "draft"]
    .map((channel) => `${channel} ${short(spell.active[channel])}`).join(" · ");
  article.append(title, channels);
  if (!revision) return article;
  const { info } = await get(`/api/spells/${spell.spell_id}/revisions/${revision}/manifest`);
  title.textContent = info.display_name;
  const text = document.createElement("p");
  text.textContent = info.description;
  article.append(text, form(spell, info));
  return article;
}

function form(spell, info) {
  const form = document.createElement("form");
  const fields = info.params.map((spec) => field(form, spell, spec));
  const button = document.createElement("button");
  button.textContent = "Cast";
  form.append(button);
  form.onsubmit = async (event) => {
    event.preventDefault();
    const params = Object.fromEntries(fields.map(({ name, read }) => [name, read()]).filter(([, v]) => v !== undefined));
    const target = aim ?? undefined;
    try { await say("spell.cast_request", { spell_id: spell.spell_id, cast_params: { target, params } }); }
    catch (error) { told(String(error.message), true); }
  };
  return form;
}

function field(form, spell, spec) {
  const [kind, value] = Object.entries(spec.default)[0];
  const id = `${spell.spell_id}-${spec.name}`;
  const label = document.createElement("label");
  label.htmlFor = id;
  label.textContent = (spec.label || spec.name) + (spec.unit ? ` (${spec.unit})` : "");
  let input;
  if (spec.choices.length > 0) {
    input = document.createElement("select");
    for (const choice of spec.choices) input.add(new Option(choice, choice, choice === value, choice === value));
  } else {
    input = document.createElement("input");
    if (kind === "flag") { input.type = "checkbox"; input.checked = value; }
    else if (kind === "number" || kind === "integer" || kind === "entity") {
      input.type = "number";
      input.step = kind === "number" ? "any" : "1";
      if (spec.range) [input.min, input.max] = spec.range;
      input.value = value;
    } else input.value = Array.isArray(value) ? value.join(", ") : value;
  }
  input.id = id;
  input.title = spec.help;
  form.append(label, input);
  const read = () => {
    if (kind === "flag") return input.checked;
    if (kind === "number" || kind === "integer") return input.value === "" ? undefined : Number(input.value);
    if (kind === "entity") return Number(input.value) === 0 ? undefined : Number(input.value);
    if (kind === "point" || kind === "block") return input.value.split(",").map(Number);
    return input.value;
  };
  return { name: spec.name, read };
}

let mapDue = null;
function soonMap() {
  mapDue ??= setTimeout(() => { mapDue = null; drawMap().catch(() => {}); }, 200);
}

async function drawMap() {
  map = await get(`/worlds/${encodeURIComponent(world)}/map?x=0&z=0&size=${MAP_BLOCKS}`);
  const canvas = at("map");
  const context = canvas.getContext("2d");
  const scale = canvas.width / map.size;
  for (let z = 0; z < map.size; z++) {
    for (let x = 0; x < map.size; x++) {
      const cell = z * map.size + x;
      const [r, g, b] = map.colours[map.materials[cell]];
      const light = 0.55 + 0.45 * Math.min(1, Math.max(0, (map.heights[cell] + 16) / 64));
      context.fillStyle = `rgb(${r * light} ${g * light} ${b * light})`;
      context.fillRect(x * scale, z * scale, scale, scale);
    }
  }
  for (const entity of map.entities) {
    context.fillStyle = entity.kind === "player" ? "#fff" : entity.kind === "projectile" ? "#f80" : "#e33";
    const [x, z] = [(entity.position[0] - map.x) * scale, (entity.position[2] - map.z) * scale];
    context.beginPath();
    context.arc(x, z, 4, 0, 2 * Math.PI);
    context.fill();
  }
  if (aim) {
    context.strokeStyle = "#ff0";
    context.strokeRect((aim[0] - map.x) * scale - 4, (aim[2] - map.z) * scale - 4, 8, 8);
  }
}

function aimAt(x, z) {
  if (!map) return;
  const inside = (block) => Math.min(map.size - 1, Math.max(0, Math.floor(block)));
  const y = map.heights[inside(z - map.z) * map.size + inside(x - map.x)] + 1;
  aim = [x, y, z];
  at("aim").textContent = `Aim: ${aim.map((part) => part.toFixed(1)).join(", ")}`;
  soonMap();
}

at("map").onclick = (event) => {
  const box = event.target.getBoundingClientRect();
  if (!map) return;
  aimAt(map.x + (event.clientX - box.left) / box.width * map.size, map.z + (event.clientY - box.top) / box.height * map.size);
};
at("map").onkeydown = (event) => {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!step) return;
  event.preventDefault();
  const [x, , z] = aim ?? [0.5, 0, 0.5];
  aimAt(x + step[0], z + step[1]);
};

async function refresh() {
  try {
    const facts = await get(`/world/${encodeURIComponent(world)}`);
    at("world").textContent = facts.name;
    at("tick").textContent = facts.tick.toLocaleString("en");
    at("players").textContent = facts.players;
    at("hash").textContent = (facts.state_hash ?? "").slice(0, 12);
    await drawMap();
  } catch (error) { at("link").textContent = String(error.message); }
}

connect();
spells().catch((error) => told(String(error.message), true));
setInterval(refresh, 1000);
