//! Writes the bindings of both SDKs from `wit/`.
//!
//! Promises that the files in the tree are what the WIT says: with `--check` nothing is written, and the
//! program ends with 1 and the command to run when one is stale. It does not know the shape of the SDK
//! beyond two paths: the crate's own runtime module and the module that the bindings live in.

mod assemblyscript;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use wit_bindgen_core::Files;
use wit_parser::{Resolve, WorldId};

/// The newest line of the interface, relative to the project's root.
const WIT: &str = "wit/0.1";
/// What is generated from it.
const RUST: &str = "guest-sdk/rust/src/bindings.rs";
const ASSEMBLYSCRIPT: &str = "guest-sdk/assemblyscript/assembly/bindings.ts";
const ENTRY: &str = "guest-sdk/assemblyscript/glue/entry.ts";
/// How to bring it up to date.
const COMMAND: &str = "cargo run --release -p spellhost-bindings";

fn main() -> ExitCode {
    match run(std::env::args().skip(1).collect()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// `Ok(false)`: a file is stale, and has been named.
fn run(arguments: Vec<String>) -> Result<bool> {
    let check = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => false,
        ["--check"] => true,
        _ => bail!("usage: {COMMAND} [-- --check]"),
    };
    let root = root();
    let mut fresh = true;
    for (name, wanted) in generated(&root.join(WIT))? {
        let path = root.join(name);
        if std::fs::read_to_string(&path).is_ok_and(|found| found == wanted) {
            println!("{name} is fresh");
        } else if check {
            eprintln!("error: {name} is not what {WIT} says\nhint: {COMMAND}");
            fresh = false;
        } else {
            std::fs::write(&path, wanted).with_context(|| format!("cannot write {}", path.display()))?;
            println!("{name} written");
        }
    }
    Ok(fresh)
}

/// Every generated file, by its path in the project.
fn generated(wit: &Path) -> Result<Vec<(&'static str, String)>> {
    let (resolve, world) = interface(wit)?;
    let script = assemblyscript::generate(&resolve, world)?;
    Ok(vec![(RUST, rust(wit)?), (ASSEMBLYSCRIPT, script.bindings), (ENTRY, script.entry)])
}

/// The project this program belongs to.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The interface in the folder `wit`, and its world.
fn interface(wit: &Path) -> Result<(Resolve, WorldId)> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(wit).with_context(|| format!("cannot read {}", wit.display()))?;
    let world = resolve.select_world(&[package], Some("spell"))?;
    Ok((resolve, world))
}

/// The Rust bindings of the interface in the folder `wit`.
fn rust(wit: &Path) -> Result<String> {
    let (mut resolve, world) = interface(wit)?;
    let mut files = Files::default();
    let options = wit_bindgen_rust::Opts {
        format: true,
        pub_export_macro: true,
        export_macro_name: Some("export".to_owned()),
        default_bindings_module: Some("spellhost_sdk::bindings".to_owned()),
        runtime_path: Some("crate::rt".to_owned()),
        additional_derive_attributes: vec!["PartialEq".to_owned()],
        generate_all: true,
        ..Default::default()
    };
    let mut generator = options.build();
    wit_bindgen_core::WorldGenerator::generate(&mut generator, &mut resolve, world, &mut files)?;
    let mut written = files.iter();
    let (_, text) = written.next().context("the generator wrote no file")?;
    if let Some((name, _)) = written.next() {
        bail!("the generator wrote a second file, {name}");
    }
    Ok(String::from_utf8(text.to_vec())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bindings_are_fresh() {
        for (name, wanted) in generated(&root().join(WIT)).expect("the interface is well formed") {
            let found = std::fs::read_to_string(root().join(name)).expect("the bindings are there");
            assert!(found == wanted, "{name}: run {COMMAND}");
        }
    }

    #[test]
    fn the_bindings_name_every_interface() {
        for (name, text) in &generated(&root().join(WIT)).expect("the interface is well formed")[..2] {
            for interface in ["scene", "terrain", "projectiles", "entities", "presentation", "timers"] {
                assert!(text.contains(&format!("spellhost:spell/{interface}@0.1.0")), "{name}: {interface}");
            }
        }
    }

    #[test]
    fn a_shape_without_a_form_is_named() {
        let wit = "package a:b; interface c { flags f { x, y } g: func(f: f); } world spell { import c; }";
        let mut resolve = Resolve::default();
        let package = resolve.push_str("a.wit", wit).expect("a valid interface");
        let world = resolve.select_world(&[package], None).expect("a world");
        let error = assemblyscript::generate(&resolve, world).map(drop).expect_err("flags have no form");
        assert_eq!(error.to_string(), "type `f` is a flags, which has no form in AssemblyScript yet");
    }
}
