//! Engines, and the repository's own spells as components for them.

use std::collections::BTreeMap;
use std::fs;
use std::sync::OnceLock;

use spellhost_runtime::{Codegen, Component, Engine, EngineOptions, Policy, Role, admit};

use crate::binary::{json, root};

/// The bytes of every spell of `spells/`, by name.
pub fn spells() -> &'static BTreeMap<String, Vec<u8>> {
    static SPELLS: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    SPELLS.get_or_init(|| {
        let folders = fs::read_dir(root().join("spells")).expect("the spells are there");
        let names = folders
            .map(|entry| entry.expect("a readable folder"))
            .filter(|entry| entry.path().join("spell.toml").is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.map(|name| (name.clone(), build(&name))).collect()
    })
}

fn build(name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = folder.path().join("spell.wasm");
    let arguments = ["build", &format!("spells/{name}"), "-o", &output.to_string_lossy(), "--json"];
    let (code, built) = json(&root(), &arguments);
    assert_eq!(code, 0, "{name}: {built:#}");
    fs::read(output).expect("the component that was just built")
}

/// The engine of a kind and role; one of each for the whole process.
pub fn engine(codegen: Codegen, role: Role) -> &'static Engine {
    static ENGINES: [OnceLock<Engine>; 6] = [const { OnceLock::new() }; 6];
    let kinds = [Codegen::Native, Codegen::NativeUnoptimised, Codegen::Pulley];
    let at = kinds.iter().position(|kind| *kind == codegen).expect("a known kind");
    let at = 2 * at + usize::from(role == Role::Reexecutor);
    ENGINES[at].get_or_init(|| Engine::new(EngineOptions { codegen, role }).expect("an engine"))
}

/// The engine that runs components, where [`engine`] may run their core modules alone: natively, as a host.
pub fn of_components() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::of_components(EngineOptions::default()).expect("an engine"))
}

/// Every spell on an engine, by name.
pub fn loaded(engine: &Engine) -> BTreeMap<&'static str, Component> {
    let load = |(name, bytes): (&'static String, &'static Vec<u8>)| {
        let admitted = admit(bytes, &Policy::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let component = engine.load(admitted).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name.as_str(), component)
    };
    spells().iter().map(load).collect()
}
