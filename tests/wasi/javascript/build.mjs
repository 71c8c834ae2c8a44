// Makes a spell of a script: `node javascript/build.mjs javascript/standard.js javascript.wasm`.
//
// componentize-qjs makes a component of QuickJS with the script evaluated, out of modules that are linked while they
// are instantiated, inside a component that calls another. Here these become the one core module that they are once
// the addresses are known, which is within what a host admits, and that becomes a component again.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { componentEmbed, componentNew, componentWit, parse, print } from "@bytecodealliance/jco";
import { componentize } from "componentize-qjs";
import { joined } from "../data.mjs";
import { FEATURES } from "../features.mjs";

const here = import.meta.dirname;
const WIT = join(here, "../../../wit/0.1/spell.wit");
const WASI = join(here, "../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12");
const EXPORTS = ["describe", "cast", "on-event", "migrate"].flatMap((name) => [name, `cabi_post_${name}`]);

/// What the engine leaves open, on the script's first line, so that lines keep their numbers: chance is the call's
/// instead of the one that QuickJS drew when the component was made (a `u64` is a number here, and the largest round up
/// to 1), and there is a console.
const PRELUDE = `
  import { log as $log } from "spellhost:spell/log@0.1.0";
  import { next as $next } from "spellhost:spell/random@0.1.0";
  Math.random = () => ($next() / 2 ** 64) % 1;
  globalThis.console = Object.fromEntries(
    Object.entries({ debug: "debug", log: "info", info: "info", warn: "warn", error: "error" })
      .map(([name, level]) => [name, (...words) => $log(level, words.join(" "))]));
`.replaceAll("\n", " ");

const MAIN = "main";
const RUNTIME = "componentize_qjs_runtime.wasm";
const GLUE = "wit-dylib.wasm";
const FIXUP = "wit-component-fixup";

/// What is left out: nothing is loaded after the script was evaluated, and no adapter has a state.
const ABSENT = {
  "local:init/module-loader": `(module (func (export "resolve") (param i32 i32 i32 i32 i32) unreachable)
    (func (export "load") (param i32 i32 i32) unreachable))`,
  wasi_snapshot_preview1: '(module (func (export "reset_adapter_state")))',
};

/// The core modules of the component inside the component, as lines of text, by name.
function modules(text) {
  const found = {};
  let inside = null;
  for (const line of text.slice(text.indexOf("\n  (component")).split("\n").slice(2)) {
    if (line === "  )") break;
    const name = /^    \(core module \$(\S+)/.exec(line)?.[1];
    if (name) found[name] = inside = [];
    else if (line === "    )") inside = null;
    else inside?.push(line);
  }
  return found;
}

/// Where `module` has its import `field` of the linker from, and under which name.
function provider(module, from, field) {
  if (from === "GOT.func") return [MAIN, `${module}:${field}`];
  if (/^__(memory|table)_base$/.test(field)) return [MAIN, `${module}:${field.slice(2)}`];
  if (from === "GOT.mem" || field === "memory" || field.startsWith("__")) return [MAIN, field];
  return [RUNTIME, field];
}

/// `module` with the imports of the linker from whoever provides them, and calls that return as plain calls.
function rewired(module, found) {
  return found[module].map((line) =>
    line
      .replace(/^      \(import "(env|GOT\.func|GOT\.mem)" "([^"]+)"/, (_, from, field) => {
        const [by, name] = provider(module, from, field);
        return `      (import "${by}" "${name}"`;
      })
      .replace(/^( *)return_(call.*)$/, "$1$2 return"),
  );
}

/// What the linker puts into the table of functions that everybody shares: the runtime's allocator.
function table(found) {
  const text = found[FIXUP].join("\n");
  const [, at] = /\(elem \(;\d+;\) (\(i32\.const \d+\)) func \d+\)/.exec(text);
  return [
    '(import "main" "__indirect_function_table" (table 0 funcref))',
    `(import "${RUNTIME}" "cabi_realloc" (func (param i32 i32 i32 i32) (result i32)))`,
    `(elem ${at} func 0)`,
  ];
}

/// The world of the core module: the spell's, and of WASI what componentize-qjs imports.
async function world(component) {
  const root = await componentWit(component);
  const nested = (file) => `${readFileSync(file, "utf8").replace(/^package ([^;]+);/m, "package $1 {")}\n}\n`;
  const packages = ["cli", "clocks", "filesystem", "io", "random", "sockets"];
  const files = [...packages.map((name) => join(WASI, `wasi-${name}/package.wit`)), WIT];
  return root.replace(/^ *export init: .*\n/m, "") + files.map(nested).join("");
}

/// What the pieces need until their addresses are numbers.
const LINKING = [...FEATURES, "--enable-extended-const", "--enable-reference-types", "--enable-gc"];

/// The functions that the function of the most blocks calls.
function calledByTheLargest(text) {
  const functions = text.split(/^ (?=\(func )/m).slice(1);
  const blocks = (body) => body.match(/^\s*\((block|loop|if|br_if|else)\b/gm)?.length ?? 0;
  const largest = functions.reduce((most, body) => (blocks(body) > blocks(most) ? body : most));
  return [...new Set([...largest.matchAll(/\(call \$(\S+?)\)?$/gm)].map(([, name]) => name))];
}

async function core(component, folder) {
  const file = (name) => join(folder, name);
  const tool = (name, ...args) =>
    execFileSync(join(here, "../node_modules/.bin", name), args, { stdio: ["ignore", "ignore", "inherit"] });
  const found = modules(await print(component));
  const texts = {
    [MAIN]: found[MAIN],
    [RUNTIME]: rewired(RUNTIME, found),
    [GLUE]: rewired(GLUE, found),
    [FIXUP]: table(found),
  };
  const inputs = [];
  for (const [name, lines] of Object.entries(texts)) {
    writeFileSync(file(name), await parse(`(module\n${lines.join("\n")}\n)`));
    inputs.push(file(name), name);
  }
  for (const [name, text] of Object.entries(ABSENT)) {
    const path = file(`${name.replace(/\W/g, "_")}.wat`);
    writeFileSync(path, text);
    inputs.push(path, name);
  }
  tool("wasm-merge", ...LINKING, ...inputs, "--rename-export-conflicts", "-o", file("merged"));
  const roots = [...EXPORTS, "cabi_realloc", "memory"].map((name) => ({ name, export: name, root: true }));
  writeFileSync(file("roots.json"), JSON.stringify(roots));
  tool("wasm-metadce", ...LINKING, "-f", file("roots.json"), file("merged"), "-o", file("kept"));
  const constants = ["--simplify-globals", "--precompute", "--propagate-globals-globally", "--remove-unused-module-elements"];
  tool("wasm-opt", ...LINKING, ...constants, file("kept"), "-o", file("constant"));
  // A call costs 255 fuel: small functions go into their callers, and then larger ones, but not into the interpreter's
  // loop, which a host takes only so large.
  const inlining = (always, flexible) => [
    ...["--always-inline-max-function-size", always],
    ...["--flexible-inline-max-function-size", flexible],
  ];
  tool("wasm-opt", ...FEATURES, "-g", "-O3", ...inlining("30", "30"), file("constant"), "-o", file("small"));
  tool("wasm-dis", ...FEATURES, file("small"), "-o", file("small.wat"));
  const apart = calledByTheLargest(readFileSync(file("small.wat"), "utf8")).map((name) => `--no-inline=${name}`);
  const further = [...apart, "--inlining-optimizing", ...inlining("60", "100"), "-O3", "--strip-debug", "--strip-producers"];
  tool("wasm-opt", ...FEATURES, ...further, file("small"), "-o", file("core"));
  return joined(readFileSync(file("core")), 32);
}

const [script, output] = process.argv.slice(2);
const jsSource = PRELUDE + readFileSync(script, "utf8");
const { component } = await componentize({ witPath: WIT, jsSource, sync: true, optSize: true });
const folder = mkdtempSync(join(tmpdir(), "spell-"));
try {
  const binary = await core(component, folder);
  const module = await componentEmbed({ binary, witSource: await world(component), world: "root" });
  writeFileSync(output, await componentNew(module, []));
} finally {
  rmSync(folder, { recursive: true });
}
