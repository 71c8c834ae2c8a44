// A spell in JavaScript that asks its engine for all that WASI could tell.

import { next } from "spellhost:spell/random@0.1.0";
import { apply } from "spellhost:spell/terrain@0.1.0";

// What a module keeps beside its functions is there in every call, as it was when the component was made.
let calls = 0;

export function describe() {
  return {
    displayName: "Standard in JavaScript",
    description: "Asks the engine of JavaScript.",
    params: [],
    cooldown: 0,
    mana: 0,
    remoteNames: [],
  };
}

export function cast({ targetPosition }) {
  calls += 1;
  console.log(`wall ${Date.now()} ${new Date().toISOString()}`);
  console.log(`chance ${Math.random()} ${Math.random()} random ${next()}`);
  console.log(`calls ${calls} ${typeof process} ${typeof fetch} ${typeof setTimeout}`);
  console.error("complained", true);
  if (targetPosition.y > 1e6) {
    throw "aimed beyond the sky";
  }
  apply([{ tag: "fill-sphere", val: { center: targetPosition, radius: 1, material: 1, mode: "add" } }]);
}

export function onEvent() {}

export function migrate(_from, state) {
  return state;
}
