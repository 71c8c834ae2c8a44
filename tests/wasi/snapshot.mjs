// A module that begins where another stopped: what it left in its memory and its globals.

import binaryen from "binaryen";

const PAGE = 65536;
/// So many zeros between two pieces of data are rather kept than two heads of pieces.
const GAP = 16;

/// Runs `start` on the binary of `module`, and keeps in `module` what the exports that it returns hold then; of its
/// memory so many pages, or all.
export function kept(module, start, pages = null) {
  const globals = Array.from({ length: module.getNumGlobals() }, (_, index) =>
    binaryen.getGlobalInfo(module.getGlobalByIndex(index)),
  );
  for (const { name } of globals) module.addGlobalExport(name, `global ${name}`);
  const exports = start(module.emitBinary());
  for (const global of globals) keepGlobal(module, global, exports[`global ${global.name}`].value);
  const memory = new Uint8Array(exports.memory.buffer);
  keepMemory(module, memory, pages ?? memory.length / PAGE);
  return exports;
}

function keepGlobal(module, { name, type, mutable }, value) {
  const types = Object.fromEntries(["i32", "i64", "f32", "f64"].map((word) => [binaryen[word], module[word]]));
  module.removeExport(`global ${name}`);
  module.removeGlobal(name);
  module.addGlobal(name, type, mutable, types[type].const(value));
}

function keepMemory(module, memory, pages) {
  const segment = ({ start, end }) => ({ offset: module.i32.const(start), data: memory.slice(start, end), passive: false });
  module.removeExport("memory");
  module.setMemory(pages, -1, "memory", pieces(memory, GAP).map(segment));
}

/// Where in `memory` the bytes are that are not zero, in pieces that end where more than `gap` zeros follow.
function pieces(memory, gap) {
  const found = [];
  for (let at = 0; at < memory.length; at++) {
    if (memory[at] === 0) continue;
    const last = found.at(-1);
    if (last && at - last.end <= gap) last.end = at + 1;
    else found.push({ start: at, end: at + 1 });
  }
  return found;
}
