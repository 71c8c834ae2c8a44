// The process that compiles: `node compile.mjs COMPILER` takes orders on standard input and answers on standard output,
// each a length of four bytes (little-endian) and JSON, and ends when its input does, so it outlives nobody;
// `node compile.mjs COMPILER ORDER FILE` does one order, leaves the answer in the file and ends.
//
// Promises that a compilation reads nothing but the spell's own folder, the SDK beside this file and the compiler's
// library: no packages, no asconfig.json, no transforms. What it is asked is
// `{number, root, entry, name, optimize, colors}`; its answer `{number, module?, diagnostics, rendered, ignored}` with
// the core module in base64. It does not know what becomes of it.

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const SDK = path.dirname(fileURLToPath(import.meta.url));
const ENTRY = "spellhost-entry";
const GUEST = "spellhost-guest";
const PACKAGE = "@spellhost/sdk";

// The compiler is not beside the SDK: it is installed once, whatever the version of the SDK.
const compiler = path.join(process.argv[2], "node_modules/assemblyscript/dist/asc.js");
const asc = await import(pathToFileURL(compiler).href);
// A runtime by another name would be taken for one with a collector, and every write would call it.
asc.libraryFiles["rt/stub"] = sdk("glue/runtime.ts");

/** The files that one compilation may read. */
class Files {
  constructor(order) {
    this.order = order;
    this.root = fs.realpathSync(order.root);
    this.texts = new Map();
    this.refused = new Map();
  }

  /** What the compiler asks for by a path relative to the spell's folder. */
  read(name) {
    const asked = name.replaceAll("\\", "/");
    const text = this.text(asked);
    if (text !== null) this.texts.set(asked.replace(/^.*node_modules\//, "~lib/"), text);
    return text;
  }

  text(name) {
    if (name === `${ENTRY}.ts`) return sdk("glue/entry.ts");
    if (name === `${GUEST}.ts`) return this.guest();
    const library = name.split(`node_modules/${PACKAGE}/`)[1];
    if (library !== undefined) return sdk(`assembly/${library}`);
    if (name.includes("node_modules/")) return null;
    return this.own(name);
  }

  /** A file of the spell; links that lead out of the folder lead nowhere. */
  own(name) {
    if (!name.endsWith(".ts")) return null;
    const place = path.resolve(this.root, name);
    try {
      const real = fs.realpathSync(place);
      if (real !== this.root && !real.startsWith(this.root + path.sep)) {
        this.refused.set(name.replace(/(\/index)?\.ts$/, ""), true);
        return null;
      }
      return fs.readFileSync(real, "utf8");
    } catch {
      return null;
    }
  }

  guest() {
    const author = `./${this.order.entry.replace(/\.ts$/, "")}`;
    const text = sdk("glue/guest.ts").replace('"./spell"', JSON.stringify(author));
    return text.replace('"SPELL_NAME"', JSON.stringify(this.order.name));
  }
}

function sdk(name) {
  try {
    return fs.readFileSync(path.join(SDK, name), "utf8");
  } catch {
    return null;
  }
}

function options({ optimize, colors }) {
  const use = (name, target) => ["--use", `${name}=~lib/${PACKAGE}/globals/${target}`];
  return [
    `${ENTRY}.ts`,
    ["--outFile", "spell.wasm", "--runtime", "stub", "--initialMemory", "2"],
    // For speed: a call is what costs most fuel, and this is what writes small functions into their callers.
    optimize ? ["-O3"] : ["--debug"],
    colors ? [] : ["--noColors"],
    use("abort", "spellAbort"), use("trace", "spellTrace"), use("seed", "spellSeed"),
  ].flat();
}

/** One order. */
async function compile(order) {
  const files = new Files(order);
  const diagnostics = [];
  let module = null;
  const stderr = asc.createMemoryStream();
  stderr.isTTY = order.colors;
  const { error } = await asc.main(options(order), {
    stdout: asc.createMemoryStream(),
    stderr,
    readFile: (name) => files.read(name),
    writeFile: (name, contents) => {
      if (name.endsWith(".wasm")) module = Buffer.from(contents);
    },
    listFiles: () => [],
    reportDiagnostic: (diagnostic) => diagnostics.push(place(diagnostic, files)),
  });
  const ignored = ["asconfig.json", "node_modules"].filter((name) => fs.existsSync(path.join(files.root, name)));
  return {
    number: order.number,
    module: error === null && module !== null ? module.toString("base64") : null,
    diagnostics: diagnostics.map((one) => explained(one, files)),
    rendered: stderr.toString().trimEnd(),
    failure: error === null ? null : String(error.message),
    ignored,
  };
}

/** A diagnostic with the line and column, from 1, that its range begins at. */
function place({ message, code, category, range }, files) {
  const file = range?.source?.normalizedPath ?? null;
  const text = file === null ? undefined : files.texts.get(file);
  const before = text?.slice(0, range.start);
  return {
    file,
    line: before === undefined ? null : before.split("\n").length,
    column: before === undefined ? null : [...before.slice(before.lastIndexOf("\n") + 1)].length + 1,
    message,
    code,
    // 0 pedantic, 1 info, 2 warning, 3 error.
    level: category === 3 ? "error" : category === 2 ? "warning" : "info",
  };
}

/** What the compiler cannot know: why a file is not there. */
function explained(diagnostic, files) {
  const missing = /^File '(.*)\.ts' not found/.exec(diagnostic.message)?.[1];
  if (missing === undefined) return diagnostic;
  if (missing.startsWith("~lib/")) {
    const name = missing.slice("~lib/".length);
    return { ...diagnostic, message: `${diagnostic.message} A spell has no packages but ${PACKAGE}: \`${name}\` is none of its files` };
  }
  if (missing.startsWith("..") || path.isAbsolute(missing) || files.refused.has(missing.replace(/\/index$/, ""))) {
    return { ...diagnostic, message: `${diagnostic.message} A spell imports nothing from outside of its folder` };
  }
  return diagnostic;
}

/** What was asked and not answered yet. */
const orders = [];
let busy = false;
/** Machine code gets better with what it has seen: while nobody asks, the last order is done again, this often. */
let rehearsals = 4;

async function work() {
  if (busy) return;
  busy = true;
  for (let last = null; orders.length > 0 || (last !== null && rehearsals > 0);) {
    if (orders.length > 0) {
      last = orders.shift();
      await answer(await compile(last));
    } else {
      rehearsals -= 1;
      // Its folder may be gone by now.
      await compile(last).catch(() => {});
    }
    // Lets orders in.
    await new Promise((resolve) => setTimeout(resolve));
  }
  busy = false;
}

async function answer(answer) {
  const text = Buffer.from(JSON.stringify(answer));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(text.length);
  await print(Buffer.concat([head, text]));
}

/** Writes all of it, however slowly it is read. */
function print(bytes) {
  return new Promise((resolve) => process.stdout.write(bytes, resolve));
}

/** The bytes on standard input as orders, one after the other. */
function serve() {
  let rest = Buffer.alloc(0);
  process.stdin.on("data", (piece) => {
    rest = Buffer.concat([rest, piece]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE(0)) {
      const length = rest.readUInt32LE(0);
      orders.push(JSON.parse(rest.subarray(4, 4 + length).toString("utf8")));
      rest = rest.subarray(4 + length);
    }
    work();
  });
  process.stdin.on("end", () => { rehearsals = 0; });
}

/** The one order of the command line; what the compiler says is printed as well, for who counts it. */
async function once(order, place) {
  const answer = await compile(JSON.parse(order));
  fs.writeFileSync(place, JSON.stringify(answer));
  await print(answer.rendered);
}

if (process.argv.length > 3) await once(process.argv[3], process.argv[4]);
else serve();
