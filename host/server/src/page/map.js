// The world from above, on a canvas: terrain by material and height, who is there, and what was just done.
// Knows columns and positions; where they come from and what a click means is for who uses it.

const COLUMN_BYTES = 4;
const NOTHING = -32768;
const SIZES = [16, 32, 64, 128, 254];
// Around what is shown, so that part of a block at the edge is known too.
const MARGIN = 1;
const SPARK_MS = 1500;
const CLICK_PIXELS = 5;
const COLOURS = { player: "#4aa3ff", npc: "#ffcc3d", item: "#b98cff", projectile: "#ffffff" };

/** A square of columns as the host sends it. */
export class Terrain {
  constructor(bytes, x, z, size) {
    Object.assign(this, { x, z, size, bytes: new DataView(bytes) });
  }

  /** What lies on top of a column; `null` where nothing is known or nothing is. */
  at(x, z) {
    const [along, across] = [Math.floor(x) - this.x, Math.floor(z) - this.z];
    if (along < 0 || across < 0 || along >= this.size || across >= this.size) return null;
    const at = (across * this.size + along) * COLUMN_BYTES;
    const height = this.bytes.getInt16(at, true);
    return height === NOTHING ? null : { height, material: this.bytes.getUint8(at + 2), depth: this.bytes.getUint8(at + 3) };
  }

  /** The terrain as a picture of one pixel a block, and how many columns each material tops. */
  paint(materials) {
    const picture = new ImageData(this.size, this.size);
    const counts = new Map();
    for (let z = 0; z < this.size; z += 1) {
      for (let x = 0; x < this.size; x += 1) {
        const column = this.at(this.x + x, this.z + z);
        if (!column) continue;
        counts.set(column.material, (counts.get(column.material) ?? 0) + 1);
        const colour = this.#shaded(column, this.x + x, this.z + z, materials);
        picture.data.set([...colour, 255], (z * this.size + x) * 4);
      }
    }
    return { picture, counts };
  }

  /** Light comes from the north-west; deeper water is darker, higher ground brighter. */
  #shaded({ height, material, depth }, x, z, materials) {
    const slope = (neighbour) => (neighbour ? Math.max(-4, Math.min(4, height - neighbour.height)) : 0);
    const relief = (slope(this.at(x - 1, z)) + slope(this.at(x, z - 1))) * 0.06;
    const light = Math.max(0.35, Math.min(1.5, 0.95 + relief + height * 0.006 - Math.min(depth, 12) * 0.04));
    return materials[material].colour.map((part) => Math.min(255, part * light));
  }
}

/** The canvas and what is on it. `listeners`: `moved()`, `picked({at, entity})`, `cast()`, `dropped()`, `home()`. */
export class WorldMap {
  entities = [];
  you = null;
  target = null;
  centre = [0.5, 0.5];
  materials = [];
  counts = new Map();
  #zoom = 2;
  #canvas;
  #context;
  #terrain = null;
  #tiles = document.createElement("canvas");
  #sparks = [];
  #listeners;
  #drag = null;

  constructor(canvas, listeners) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#listeners = listeners;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", () => { this.#drag = null; });
    canvas.addEventListener("wheel", (event) => { event.preventDefault(); this.zoom(Math.sign(event.deltaY)); }, { passive: false });
    canvas.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#listeners.moved()).observe(canvas);
    const draw = () => { this.#draw(); requestAnimationFrame(draw); };
    requestAnimationFrame(draw);
  }

  /** How many blocks the longer edge shows. */
  get span() {
    return SIZES[this.#zoom];
  }

  /** The square that has to be known to show everything. */
  area() {
    const from = (middle) => Math.floor(middle - this.span / 2) - MARGIN;
    return { x: from(this.centre[0]), z: from(this.centre[1]), size: this.span + 2 * MARGIN };
  }

  show(terrain) {
    this.#terrain = terrain;
    const { picture, counts } = terrain.paint(this.materials);
    this.#tiles.width = this.#tiles.height = terrain.size;
    this.#tiles.getContext("2d").putImageData(picture, 0, 0);
    this.counts = counts;
  }

  /** Where a thing would stand in a column. */
  ground(x, z) {
    return this.#terrain?.at(x, z)?.height ?? 0;
  }

  /** Something that happened at a place, with an extent in blocks. */
  spark(spark) {
    this.#sparks.push({ ...spark, since: performance.now() });
    if (this.#sparks.length > 400) this.#sparks.shift();
  }

  zoom(by) {
    const zoom = Math.max(0, Math.min(SIZES.length - 1, this.#zoom + by));
    if (zoom === this.#zoom) return;
    this.#zoom = zoom;
    this.#listeners.moved();
  }

  goTo(x, z) {
    this.centre = [x, z];
    this.#listeners.moved();
  }

  /** Pixels a block. */
  get #scale() {
    return Math.max(this.#canvas.width, this.#canvas.height) / this.span;
  }

  #toScreen(x, z) {
    const scale = this.#scale;
    return [(x - this.centre[0]) * scale + this.#canvas.width / 2, (z - this.centre[1]) * scale + this.#canvas.height / 2];
  }

  #toWorld({ offsetX, offsetY }) {
    const pixels = this.#canvas.width / this.#canvas.clientWidth;
    const scale = this.#scale;
    return [(offsetX * pixels - this.#canvas.width / 2) / scale + this.centre[0],
      (offsetY * pixels - this.#canvas.height / 2) / scale + this.centre[1]];
  }

  #down(event) {
    this.#canvas.setPointerCapture(event.pointerId);
    this.#drag = { x: event.offsetX, y: event.offsetY, centre: this.centre, moved: false };
  }

  #move(event) {
    if (!this.#drag) return;
    const [dx, dy] = [event.offsetX - this.#drag.x, event.offsetY - this.#drag.y];
    this.#drag.moved ||= Math.hypot(dx, dy) > CLICK_PIXELS;
    if (!this.#drag.moved) return;
    const blocks = (this.#canvas.width / this.#canvas.clientWidth) / this.#scale;
    this.goTo(this.#drag.centre[0] - dx * blocks, this.#drag.centre[1] - dy * blocks);
  }

  #up(event) {
    const drag = this.#drag;
    this.#drag = null;
    if (!drag || drag.moved) return;
    const [x, z] = this.#toWorld(event);
    const near = 8 / this.#scale;
    const entity = this.entities.find(({ kind, net_id: id, position, radius }) =>
      kind !== "projectile" && id !== this.you && Math.hypot(position[0] - x, position[2] - z) < Math.max(radius, near));
    this.#pick(x, z, entity);
  }

  #pick(x, z, entity) {
    const [column, row] = [Math.floor(x) + 0.5, Math.floor(z) + 0.5];
    const at = entity ? entity.position : [column, this.ground(column, row), row];
    this.target = { at, entity: entity?.net_id };
    this.#listeners.picked(this.target);
  }

  #key(event) {
    const step = event.shiftKey ? 8 : 1;
    const steps = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    const keys = {
      "+": () => this.zoom(-1), "=": () => this.zoom(-1), "-": () => this.zoom(1),
      Home: () => this.#listeners.home(), Enter: () => this.#listeners.cast(), Escape: () => this.#listeners.dropped(),
    };
    const way = steps[event.key];
    if (!way && !keys[event.key]) return;
    event.preventDefault();
    if (!way) return keys[event.key]();
    const [x, , z] = this.target?.at ?? [this.centre[0], 0, this.centre[1]];
    this.#pick(x + way[0], z + way[1]);
    const [screenX, screenY] = this.#toScreen(x + way[0], z + way[1]);
    const near = (at, edge) => at < edge * 0.05 || at > edge * 0.95;
    if (near(screenX, this.#canvas.width) || near(screenY, this.#canvas.height)) this.goTo(x + way[0], z + way[1]);
  }

  #draw() {
    const canvas = this.#canvas;
    const pixels = Math.min(window.devicePixelRatio, 2);
    const [width, height] = [Math.round(canvas.clientWidth * pixels), Math.round(canvas.clientHeight * pixels)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = this.#context;
    context.clearRect(0, 0, width, height);
    context.imageSmoothingEnabled = false;
    if (this.#terrain) {
      const { x, z, size } = this.#terrain;
      const [left, top] = this.#toScreen(x, z);
      context.drawImage(this.#tiles, left, top, size * this.#scale, size * this.#scale);
    }
    this.#drawSparks(context, pixels);
    for (const entity of this.entities) this.#drawEntity(context, entity, pixels);
    if (this.target) this.#drawTarget(context, pixels);
  }

  #drawSparks(context, pixels) {
    const now = performance.now();
    this.#sparks = this.#sparks.filter(({ since }) => now - since < SPARK_MS);
    for (const { at, to, extent = 0.5, colour = "#ff5a3c", since } of this.#sparks) {
      const age = (now - since) / SPARK_MS;
      context.globalAlpha = 1 - age;
      context.strokeStyle = colour;
      context.lineWidth = 2 * pixels;
      context.beginPath();
      const [x, y] = this.#toScreen(at[0], at[2]);
      if (to) {
        context.moveTo(x, y);
        context.lineTo(...this.#toScreen(to[0], to[2]));
      } else {
        context.arc(x, y, Math.max(extent * this.#scale, 3 * pixels) * (0.7 + 0.3 * age), 0, 2 * Math.PI);
      }
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  #drawEntity(context, { net_id: id, kind, position, radius, health, health_max: most }, pixels) {
    const [x, y] = this.#toScreen(position[0], position[2]);
    const size = Math.max(radius * this.#scale, (kind === "projectile" ? 2.5 : 5) * pixels);
    context.fillStyle = kind !== "projectile" && health <= 0 ? "#888888" : COLOURS[kind];
    context.strokeStyle = id === this.you ? "#ffffff" : "#000000a0";
    context.lineWidth = (id === this.you ? 2.5 : 1) * pixels;
    context.beginPath();
    context.arc(x, y, size, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
    if (most > 0 && health < most) {
      const [width, top] = [size * 2.4, y - size - 6 * pixels];
      context.fillStyle = "#000000a0";
      context.fillRect(x - width / 2, top, width, 4 * pixels);
      context.fillStyle = "#7bdc6c";
      context.fillRect(x - width / 2, top, width * Math.max(0, health / most), 4 * pixels);
    }
  }

  #drawTarget(context, pixels) {
    const followed = this.entities.find(({ net_id: id }) => id === this.target.entity);
    const [x, , z] = followed ? followed.position : this.target.at;
    const [left, top] = this.#toScreen(x, z);
    const arm = 9 * pixels;
    for (const [colour, width] of [["#000000", 5], ["#ffffff", 2]]) {
      context.strokeStyle = colour;
      context.lineWidth = width * pixels;
      context.beginPath();
      context.moveTo(left - arm, top);
      context.lineTo(left + arm, top);
      context.moveTo(left, top - arm);
      context.lineTo(left, top + arm);
      context.stroke();
    }
  }
}
