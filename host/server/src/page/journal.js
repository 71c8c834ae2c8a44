// What happened, newest first: casts with what came of them, and channels that moved.
// Promises to keep no more than so many. Knows frames.

import { effect, grouped, isGood, outcome, short } from "./words.js";

const ENTRIES_MAX = 100;
const LINES_MAX = 40;

/** An element with a text and children. */
export function element(name, { text, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

/** A list whose newest entry is on top. */
class List {
  constructor(list, none) {
    Object.assign(this, { list, none });
  }

  add(entry) {
    this.none.hidden = true;
    this.list.prepend(entry);
    if (this.list.children.length > ENTRIES_MAX) this.list.lastElementChild.remove();
  }

  clear() {
    this.list.replaceChildren();
    this.none.hidden = false;
  }
}

/** The casts of a world. */
export class Casts {
  #list;
  #known = new Map();

  constructor(list, none) {
    this.#list = new List(list, none);
  }

  clear() {
    this.#known.clear();
    this.#list.clear();
  }

  /** How a cast began, once it has: its tick and outcome. */
  begun(id) {
    return this.#known.get(id)?.begun;
  }

  /** Takes what a frame says of casts and calls. */
  take(frame) {
    for (const cast of frame.casts) {
      const entry = this.#entry(cast, frame.tick, cast.channel ? ` from ${cast.channel}` : "");
      if (cast.outcome) entry.end(cast.outcome, frame.tick);
    }
    for (const call of frame.calls) this.#entry(call, frame.tick, "").call(call, frame.tick);
  }

  /** The entry of a cast; one that came before this page did gets its own at its first call. */
  #entry({ cast_id: id, spell_id: spell, revision_id: revision, caster_id: caster }, tick, from) {
    let entry = this.#known.get(id);
    if (entry) return entry;
    entry = new Entry(id, spell, revision, caster, tick, from);
    this.#known.set(id, entry);
    this.#list.add(entry.item);
    if (this.#known.size > ENTRIES_MAX) this.#known.delete(this.#known.keys().next().value);
    return entry;
  }
}

class Entry {
  begun = null;
  fuel = 0;
  calls = 0;
  lines = 0;

  constructor(id, spell, revision, caster, tick, from) {
    this.outcome = element("strong", { text: "waits" });
    this.cost = element("span", { className: "quiet" });
    const who = caster === undefined ? "" : ` by entity ${caster}`;
    const summary = element("summary", {}, `#${id} `, element("b", { text: spell }), " ", this.outcome, " ", this.cost);
    this.effects = element("ul");
    const about = `tick ${grouped(tick)}${who}${from}, revision ${short(revision)}`;
    this.item = element("li", {},
      element("details", {}, summary, element("p", { className: "quiet", text: about }), this.effects));
    this.item.dataset.cast = id;
  }

  /** How it ended; what went wrong once stays. */
  end(of, tick) {
    this.begun ??= { tick, outcome: of };
    if (this.outcome.className === "bad") return;
    this.outcome.textContent = outcome(of);
    this.outcome.className = isGood(of) ? "good" : "bad";
    this.item.dataset.outcome = of.kind;
  }

  call(call, tick) {
    this.calls += 1;
    this.fuel += call.fuel.used;
    this.end(call.outcome, tick);
    const count = this.calls === 1 ? "" : ` in ${this.calls} calls`;
    this.cost.textContent = `${grouped(this.fuel)} fuel${count}`;
    this.#line(`${call.export} in tick ${grouped(tick)}: ${outcome(call.outcome)}, ${grouped(call.fuel.used)} of ${grouped(call.fuel.granted)} fuel`, "quiet");
    for (const of of call.effects ?? []) this.#line(effect(of));
  }

  #line(text, className = "") {
    this.lines += 1;
    if (this.lines < LINES_MAX) this.effects.append(element("li", { text, className }));
    else if (this.lines === LINES_MAX) this.effects.append(element("li", { text: "…" }));
  }
}

/** The channels that moved in a world. */
export class Swaps {
  #list;

  constructor(list, none) {
    this.#list = new List(list, none);
  }

  clear() {
    this.#list.clear();
  }

  /** Takes what a frame says of swaps; whether there were any. */
  take(frame) {
    for (const swap of frame.swaps) {
      const to = element("code", { text: short(swap.revision_id), title: swap.revision_id });
      const item = element("li", {}, element("b", { text: swap.spell_id }), ` ${swap.channel} → `, to,
        element("span", { className: "quiet", text: ` in tick ${grouped(frame.tick)}` }));
      item.dataset.tick = frame.tick;
      this.#list.add(item);
    }
    return frame.swaps.length > 0;
  }
}
