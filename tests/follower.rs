//! `tools/follower` in other builds than this one: as WebAssembly, and native without optimisation.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::binary::cargo;

/// The lines that following a recording yields in WebAssembly.
pub fn in_wasm(recording: &[u8]) -> String {
    let module = built(&["--release", "--lib", "--target", "wasm32-unknown-unknown"])
        .join("wasm32-unknown-unknown/release/spellhost_follower.wasm");
    let engine = wasmtime::Engine::default();
    let module = wasmtime::Module::from_file(&engine, module).expect("a module that was just built");
    let mut store = wasmtime::Store::new(&engine, ());
    let instance = wasmtime::Instance::new(&mut store, &module, &[]).expect("a module without imports");
    let memory = instance.get_memory(&mut store, "memory").expect("a memory");
    let room = instance.get_typed_func::<u32, u32>(&mut store, "room").expect("an export");
    let follow = instance.get_typed_func::<(u32, u32), u64>(&mut store, "follow").expect("an export");
    let bytes = u32::try_from(recording.len()).expect("a recording that fits");
    let at = room.call(&mut store, bytes).expect("room");
    memory.write(&mut store, at as usize, recording).expect("the room that was given");
    let answer = follow.call(&mut store, (at, bytes)).expect("an answer");
    let mut lines = vec![0; (answer & 0xffff_ffff) as usize];
    memory.read(&store, (answer >> 32) as usize, &mut lines).expect("the lines");
    String::from_utf8(lines).expect("lines of text")
}

/// The lines that following a recording yields natively, in the profile `dev`.
pub fn in_debug(recording: &Path) -> String {
    let program = built(&["--bin", "spellhost-follower"]).join("debug/spellhost-follower");
    let output = Command::new(program).arg(recording).output().expect("a program that was just built");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("lines of text")
}

/// Builds the follower and says under which folder cargo puts what it builds.
fn built(arguments: &[&str]) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let target = test.ancestors().nth(3).expect("a test lies in target/PROFILE/deps").to_path_buf();
    let mut command = cargo();
    command.args(["build", "--quiet", "--package", "spellhost-follower"]).args(arguments);
    let output = command.arg("--target-dir").arg(&target).output().expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    target
}
