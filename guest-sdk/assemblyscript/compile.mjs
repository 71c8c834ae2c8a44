// The process that compiles: orders on standard input, answers on standard output, each a length of four bytes
// (little-endian) and JSON. It ends when its input does, so it outlives nobody.
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

function options({ optimize, name }) {
  const use = (name, target) => ["--use", `${name}=~lib/${PACKAGE}/globals/${target}`];
  return [
    `${ENTRY}.ts`,
    ["--outFile", "spell.wasm", "--runtime", "stub", "--initialMemory", "2"],
    optimize ? ["-Oz"] : ["--debug"],
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
    version: asc.version,
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

/** The bytes on standard input as orders, one after the other. */
let rest = Buffer.alloc(0);
for await (const piece of process.stdin) {
  rest = Buffer.concat([rest, piece]);
  while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32LE(0)) {
    const length = rest.readUInt32LE(0);
    const order = JSON.parse(rest.subarray(4, 4 + length).toString("utf8"));
    rest = rest.subarray(4 + length);
    const answer = Buffer.from(JSON.stringify(await compile(order)));
    const head = Buffer.alloc(4);
    head.writeUInt32LE(answer.length);
    fs.writeSync(1, head);
    for (let sent = 0; sent < answer.length; ) sent += fs.writeSync(1, answer, sent);
  }
}
