// Makes a spell of a Go file: `node go/build.mjs go/standard.go go.wasm`; `GO` names the compiler where it is not `go`.
//
// Go's runtime takes more to start than a call has. It is started here, and its memory becomes the component's: every
// call begins where `main` would. What it asks while it starts is answered with nothing, so that two builds are equal.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { componentEmbed, componentNew, preview1AdapterReactorPath } from "@bytecodealliance/jco";
import binaryen from "binaryen";
import { joined } from "../data.mjs";
import { FEATURES } from "../features.mjs";
import { kept } from "../snapshot.mjs";

const here = import.meta.dirname;
const WIT = join(here, "../../../wit/0.1/spell.wit");
const GO = process.env.GO ?? "go";
/// Smaller rather than faster on many cores.
const GOEXPERIMENT = "nogreenteagc,nosizespecializedmalloc";
/// What `runtime/runtime.go` sets aside for the adapter.
const ADAPTER_BYTES = 3 << 16;
/// Pieces of data with so few zeros between them are one: a host counts pieces.
const GAP = 16;

/// The bindings' own module is the one beside this file, which needs no network, knows where a call begins, and has a
/// place for the adapter.
const MODULE = `module wit_component
go 1.27
require go.bytecodealliance.org/pkg v0.0.0
replace go.bytecodealliance.org/pkg => ./pkg
`;

/// What differs in Go's runtime: files of `src/runtime`, what stands there, and what takes its place.
const CHANGES = [
  // A function is found by a table of 20 bytes for every 4 KiB of program counters, of which each has 64 KiB here. A
  // search in the table of functions needs none (overlay/spell.go).
  ["symtab.go", /\tconst nsub = .*\n/, ""],
  [
    "symtab.go",
    /\tx := uintptr\(pcOff\) \+ datap\.text[^]*?\tfor datap\.ftab\[idx\+1\]\.entryoff <= pcOff \{\n\t\tidx\+\+\n\t\}\n/,
    `	idx, end := 0, len(datap.ftab)-1
	for end-idx > 1 {
		if middle := (idx + end) / 2; datap.ftab[middle].entryoff <= pcOff {
			idx = middle
		} else {
			end = middle
		}
	}
`,
  ],
  // What dies waits for other threads before it says why: there are none, and to wait ends the call.
  ["os_wasip1.go", /func usleep\(usec uint32\) \{[^]*?\n\}\n/, "func usleep(usec uint32) {}\n"],
  // An instance lives for one call, which has not the fuel to collect what it leaves.
  ["mgcpacer.go", /(func readGOGC\(\) int32 \{[^]*?\n\treturn )100\n/, "$1-1\n"],
];

/// The file that tells Go where the changed files are.
function overlay(folder) {
  const runtime = join(execFileSync(GO, ["env", "GOROOT"], { encoding: "utf8" }).trim(), "src/runtime");
  const Replace = { [join(runtime, "spell.go")]: join(here, "overlay/spell.go") };
  mkdirSync(join(folder, "overlay"));
  for (const [name, before, after] of CHANGES) {
    const [original, changed] = [join(runtime, name), join(folder, "overlay", name)];
    const source = readFileSync(Replace[original] ?? original, "utf8");
    if (!before.test(source)) throw new Error(`${name} is of another Go`);
    writeFileSync(changed, source.replace(before, after));
    Replace[original] = changed;
  }
  const file = join(folder, "overlay.json");
  writeFileSync(file, JSON.stringify({ Replace }));
  return file;
}

/// The core module as Go links it.
function compiled(script, folder) {
  const file = (...names) => join(folder, ...names);
  execFileSync("wit-bindgen", ["go", "--format=false", "--out-dir", folder, WIT], { stdio: "pipe" });
  mkdirSync(file("export_wit_world"));
  cpSync(script, file("export_wit_world/spell.go"));
  for (const name of ["runtime", "types"]) cpSync(join(here, name), file("pkg/wit", name), { recursive: true });
  writeFileSync(file("pkg/go.mod"), "module go.bytecodealliance.org/pkg\ngo 1.27\n");
  writeFileSync(file("go.mod"), MODULE);
  const flags = ["-trimpath", "-overlay", overlay(folder), "-buildmode=c-shared", "-ldflags=-s -w"];
  const env = { ...process.env, GOOS: "wasip1", GOARCH: "wasm", GOFLAGS: "", GOTOOLCHAIN: "local", GOWORK: "off", GOEXPERIMENT };
  execFileSync(GO, ["build", ...flags, "-o", file("core.wasm"), "."], { cwd: folder, env, stdio: "inherit" });
  return readFileSync(file("core.wasm"));
}

const NO_SUCH_FILE = 8;

/// What WASI answers while the runtime starts: nothing is there, and the clock stands. Chance is drawn again for every
/// call.
function wasi(memory) {
  const view = () => new DataView(memory().buffer);
  const none = (count, bytes) => (view().setUint32(count, 0, true), view().setUint32(bytes, 0, true), 0);
  return {
    args_sizes_get: none,
    environ_sizes_get: none,
    clock_time_get: (_id, _precision, at) => (view().setBigUint64(at, 1n, true), 0),
    random_get: (at, bytes) => (new Uint8Array(memory().buffer, at, bytes).fill(1), 0),
    fd_prestat_get: () => NO_SUCH_FILE,
    fd_fdstat_get: () => NO_SUCH_FILE,
    fd_fdstat_set_flags: () => NO_SUCH_FILE,
  };
}

/// `bytes` with the runtime started: its memory, its globals, and where the adapter may keep its own.
function started(bytes) {
  const module = new WebAssembly.Module(bytes);
  const imports = {};
  const answers = wasi(() => exports.memory);
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const refused = () => {
      throw new Error(`${from} ${name} is called while the runtime starts`);
    };
    (imports[from] ??= {})[name] = (from === "wasi_snapshot_preview1" && answers[name]) || refused;
  }
  const { exports } = new WebAssembly.Instance(module, imports);
  exports._initialize();
  return exports;
}

/// The core module that begins where the runtime has started.
function core(bytes) {
  const module = binaryen.readBinary(bytes);
  const exports = kept(module, started);
  for (const name of ["_initialize", "adapter-memory"]) module.removeExport(name);
  addAdapterMemory(module, exports["adapter-memory"]());
  return module.emitBinary();
}

/// Gives the adapter what it asks for, of the memory at `start`.
function addAdapterMemory(module, start) {
  const { i32, local, global } = module;
  const [FREE, SIZE, AT] = ["adapter free", 3, 4];
  module.addGlobal(FREE, binaryen.i32, true, i32.const(start));
  const after = () => i32.add(global.get(FREE, binaryen.i32), local.get(SIZE, binaryen.i32));
  const body = module.block(null, [
    module.if(i32.gt_u(after(), i32.const(start + ADAPTER_BYTES)), module.unreachable()),
    local.set(AT, global.get(FREE, binaryen.i32)),
    global.set(FREE, after()),
    local.get(AT, binaryen.i32),
  ]);
  const params = binaryen.createType(Array(4).fill(binaryen.i32));
  module.addFunction("adapter realloc", params, binaryen.i32, [binaryen.i32], body);
  module.addFunctionExport("adapter realloc", "cabi_realloc_adapter");
}

/// Go's data begins at 4096, and it looks whether a pointer is nil: what lies below is for nobody.
function optimised(bytes, folder) {
  const [input, output] = ["started.wasm", "optimised.wasm"].map((name) => join(folder, name));
  writeFileSync(input, bytes);
  const passes = ["-Oz", "--low-memory-unused", "--strip-producers"];
  execFileSync(join(here, "../node_modules/.bin/wasm-opt"), [...FEATURES, ...passes, input, "-o", output], { stdio: "pipe" });
  return joined(readFileSync(output), GAP);
}

/// The component, in which WASI is the adapter's to import.
async function component(binary) {
  const module = await componentEmbed({ binary, witSource: readFileSync(WIT, "utf8"), world: "spell" });
  return componentNew(module, [["wasi_snapshot_preview1", readFileSync(preview1AdapterReactorPath())]]);
}

const [script, output] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "spell-"));
try {
  writeFileSync(output, await component(optimised(core(compiled(script, folder)), folder)));
} finally {
  rmSync(folder, { recursive: true });
}
