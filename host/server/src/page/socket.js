// The protocol's socket: requests with answers, events without, and a new connection where one is lost.
// Knows envelopes; what they mean is for who listens.

const WAITS_MS = [500, 1000, 2000, 4000, 8000];

/** An answer of the type `error`: the host's own sentence, and its code. */
export class Refused extends Error {
  constructor({ code, message }) {
    super(message);
    this.code = code;
  }
}

/** A connection that opens again by itself. `listeners`: `open`, `closed`, and `event(type, data)`. */
export class Socket {
  #listeners;
  #socket = null;
  #waiting = new Map();
  #id = 0;
  #failures = 0;

  constructor(listeners) {
    this.#listeners = listeners;
    this.#connect();
  }

  #connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/ws`);
    this.#socket = socket;
    socket.onopen = () => this.#listeners.open();
    socket.onmessage = (message) => this.#take(JSON.parse(message.data));
    socket.onclose = () => this.#lost();
  }

  #lost() {
    for (const { reject } of this.#waiting.values()) reject(new Error("the connection was lost"));
    this.#waiting.clear();
    const wait = WAITS_MS[Math.min(this.#failures, WAITS_MS.length - 1)];
    this.#failures += 1;
    this.#listeners.closed();
    setTimeout(() => this.#connect(), wait);
  }

  #take({ type, id, data }) {
    const asked = this.#waiting.get(id);
    if (!asked) return this.#listeners.event(type, data);
    this.#waiting.delete(id);
    if (type === "error") return asked.reject(new Refused(data));
    this.#failures = 0;
    asked.resolve(data);
  }

  /** Sends a request; the data of its answer, or `Refused`. */
  ask(type, data = {}) {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.reject(new Error("there is no connection"));
    this.#id += 1;
    const id = this.#id;
    this.#socket.send(JSON.stringify({ type, id, data }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }
}

/** A file of this host as JSON. A refusal becomes `Refused`. */
export async function read(path, options) {
  const answer = await fetch(path, options);
  const body = await answer.json();
  if (!answer.ok) throw new Refused({ code: body.code, message: body.detail });
  return body;
}
