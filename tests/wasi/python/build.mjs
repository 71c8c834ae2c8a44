// Makes a spell of a script: `node python/build.mjs python/standard.py python.wasm`.
//
// The interpreter is MicroPython's for JavaScript, from npm. What it has of JavaScript is taken over by `host.wat`; its
// exceptions are JavaScript's, and become calls that return one after the other (binaryen's asyncify). The script is
// run here, and what the memory holds then is what the component begins with.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { componentEmbed, componentNew, preview1AdapterReactorPath } from "@bytecodealliance/jco";
import binaryen from "binaryen";
import { joined } from "../data.mjs";
import { FEATURES } from "../features.mjs";
import { kept } from "../snapshot.mjs";

const here = import.meta.dirname;
const WIT = join(here, "../../../wit/0.1/spell.wit");
const MICROPYTHON = "@micropython/micropython-webassembly-pyscript";
const INTERPRETER = join(dirname(createRequire(import.meta.url).resolve(MICROPYTHON)), "micropython.wasm");
const EXPORTS = ["describe", "cast", "on-event", "migrate", "cabi_realloc", "memory"];
const PAGE = 65536;
/// Of the interpreter's heap, and of the stack on which a function of Python calls another.
const HEAP_BYTES = 256 * 1024;
const STACK_BYTES = 8 * 1024;
/// What an exception may pass of calls.
const UNWIND_BYTES = 65536;
const OBJECT = 7;
const EXCEPTION = -1;

const word = (types) => types.map((type) => ` ${type}`).join("");
const params = (types) => (types.length ? `(param${word(types)})` : "");
const result = (types) => (types.length ? `(result${word(types)})` : "");
const gets = (from, to) => Array.from({ length: to - from }, (_, at) => `(local.get ${from + at})`).join(" ");

/// A call that an exception may end: then the stack is where it was, and the caller is told as JavaScript would.
function invoke(takes, gives) {
  const call = `(call_indirect ${params(takes.slice(1))} ${result(gives)} ${gets(1, takes.length)} (local.get 0))`;
  return `(local $stack i32) ${gives.length ? "(local $result i32)" : ""} (local.set $stack (call $stack))
    ${gives.length ? `(local.set $result ${call})` : call}
    (if (global.get $unwinding) (then
      (global.set $unwinding (i32.const 0)) (call $stop)
      (call $restore (local.get $stack)) (call $threw (i32.const 1) (i32.const 0))))
    ${gives.length ? "(local.get $result)" : ""}`;
}

const THROW = `
  (if (i32.eqz (global.get $buffer)) (then (global.set $buffer (call $malloc (i32.const ${UNWIND_BYTES})))))
  (i32.store (global.get $buffer) (i32.add (global.get $buffer) (i32.const 8)))
  (i32.store offset=4 (global.get $buffer) (i32.add (global.get $buffer) (i32.const ${UNWIND_BYTES})))
  (global.set $unwinding (i32.const 1))
  (call $start (global.get $buffer))`;

/// Memory of so many bytes, where there may be as much.
const GROW = `(i32.ne (i32.const -1) (memory.grow (i32.shr_u (i32.add (i32.const ${PAGE - 1})
  (i32.sub (local.get 0) (i32.shl (memory.size) (i32.const 16)))) (i32.const 16))))`;

/// What `host.wat` does not have: exceptions, and of files that there are none.
function rest(functions, present) {
  const answers = functions.filter(({ base }) => !present.includes(base)).map(({ base, takes, gives }) => {
    let body = gives.map((type) => `(${type}.const 0)`).join(" ");
    if (base.startsWith("invoke_")) body = invoke(takes, gives);
    if (base.startsWith("__syscall_")) body = "(i32.const -44)";
    if (base === "_emscripten_throw_longjmp") body = THROW;
    if (base === "_abort_js") body = "unreachable";
    if (base === "emscripten_resize_heap") body = GROW;
    return `(func (export "${base}") ${params(takes)} ${result(gives)} ${body})`;
  });
  return `(module
    (import "python" "memory" (memory 1))
    (import "python" "__indirect_function_table" (table 1 funcref))
    (import "python" "malloc" (func $malloc (param i32) (result i32)))
    (import "python" "setThrew" (func $threw (param i32 i32)))
    (import "python" "_emscripten_stack_restore" (func $restore (param i32)))
    (import "python" "emscripten_stack_get_current" (func $stack (result i32)))
    (import "asyncify" "start_unwind" (func $start (param i32)))
    (import "asyncify" "stop_unwind" (func $stop))
    (global $buffer (mut i32) (i32.const 0))
    (global $unwinding (mut i32) (i32.const 0))
    ${answers.join("\n")})`;
}

/// The functions that a module imports from `env`.
function wanted(bytes) {
  const module = binaryen.readBinary(bytes);
  const names = { [binaryen.i32]: "i32", [binaryen.i64]: "i64", [binaryen.f32]: "f32", [binaryen.f64]: "f64" };
  const types = (type) => binaryen.expandType(type).map((each) => names[each]);
  return Array.from({ length: module.getNumFunctions() }, (_, at) => binaryen.getFunctionInfo(module.getFunctionByIndex(at)))
    .filter(({ module: from }) => from === "env")
    .map(({ base, params, results }) => ({ base, takes: types(params), gives: types(results) }));
}

/// The interpreter, which needs nothing but WASI and the contract.
function interpreter(tool, file) {
  const host = readFileSync(join(here, "host.wat"), "utf8");
  const present = [...host.matchAll(/\(export "([^"]+)"/g)].map(([, name]) => name);
  const functions = wanted(readFileSync(INTERPRETER));
  const texts = { host, rest: rest(functions, present), env: environment(functions, present) };
  for (const [name, text] of Object.entries(texts)) writeFileSync(file(`${name}.wat`), text);
  const parts = Object.keys(texts).flatMap((name) => [file(`${name}.wat`), name]);
  tool("wasm-merge", INTERPRETER, "python", ...parts, "--rename-export-conflicts", "-o", file("merged"));
  tool("wasm-opt", "--asyncify", "--pass-arg=asyncify-ignore-imports", "-O2", file("merged"), "-o", file("whole"));
  return readFileSync(file("whole"));
}

/// The module `env`, which hands on what two others have.
function environment(functions, present) {
  const from = (base) => (present.includes(base) ? "host" : "rest");
  const lines = functions.map(({ base, takes, gives }, at) => [
    `(import "${from(base)}" "${base}" (func $${at} ${params(takes)} ${result(gives)}))`,
    `(export "${base}" (func $${at}))`,
  ]);
  return `(module ${lines.map(([line]) => line).join("\n")} ${lines.map(([, line]) => line).join("\n")})`;
}

/// The interpreter with the script run, and where it has taken no memory yet.
function started(bytes, script) {
  const module = new WebAssembly.Module(bytes);
  const imports = {};
  const answers = {
    // Chance, before every call draws its own.
    random_get: (at, count) => (new Uint8Array(exports.memory.buffer, at, count).fill(1), 0),
    clock_time_get: (_id, _precision, at) => (new DataView(exports.memory.buffer).setBigUint64(at, 0n, true), 0),
  };
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const refused = () => {
      throw new Error(`${from} ${name} is called by the script while it is loaded`);
    };
    (imports[from] ??= {})[name] = answers[name] ?? refused;
  }
  const { exports } = new WebAssembly.Instance(module, imports);
  const text = (words) => {
    const encoded = Buffer.from(`${words}\0`);
    const at = exports.malloc(encoded.length);
    new Uint8Array(exports.memory.buffer).set(encoded, at);
    return [at, encoded.length - 1];
  };
  exports.emscripten_stack_init();
  exports.__wasm_call_ctors();
  exports.mp_js_init(STACK_BYTES, HEAP_BYTES);
  exports.proxy_c_init();
  const value = exports.malloc(12);
  const words = new Int32Array(exports.memory.buffer, value, 3);
  words.set([OBJECT, 2, 0]);
  exports.mp_js_register_js_module(text("host")[0], value);
  exports.mp_js_do_exec(...text(script), value);
  if (words[0] === EXCEPTION) throw new Error(Buffer.from(exports.memory.buffer, words[2], words[1]).toString());
  return exports;
}

async function component(script, tool, file) {
  const whole = binaryen.readBinary(interpreter(tool, file));
  // What is asked for at the end of all that is taken lies behind it.
  const behind = started(whole.emitBinary(), script).malloc(1 << 20);
  kept(whole, (bytes) => started(bytes, script), Math.ceil(behind / PAGE) + 1);
  const others = Array.from({ length: whole.getNumExports() }, (_, at) => binaryen.getExportInfo(whole.getExportByIndex(at)).name);
  for (const name of others) if (!EXPORTS.includes(name)) whole.removeExport(name);
  writeFileSync(file("kept"), whole.emitBinary());
  tool("wasm-opt", "-O3", "--strip-debug", "--strip-producers", file("kept"), "-o", file("core"));
  const binary = joined(readFileSync(file("core")), 16);
  const module = await componentEmbed({ binary, witSource: readFileSync(WIT, "utf8"), world: "spell" });
  return componentNew(module, [["wasi_snapshot_preview1", readFileSync(preview1AdapterReactorPath())]]);
}

const [input, output] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "spell-"));
const tool = (name, ...args) =>
  execFileSync(join(here, "../node_modules/.bin", name), [...FEATURES, "--enable-reference-types", ...args], { stdio: "pipe" });
try {
  const script = ["spell.py", input].map((name) => readFileSync(name === input ? name : join(here, name), "utf8")).join("\n");
  writeFileSync(output, await component(script, tool, (name) => join(folder, name)));
} finally {
  rmSync(folder, { recursive: true });
}
