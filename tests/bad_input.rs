//! Everything that may be wrong with what a user names: each gets its exit code and one error that
//! says what is wrong, and leaves nothing behind.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::binary::{json, root, run};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// What a refusal must look like: as text on standard error, and as the one object of `--json`.
fn refused(folder: &Path, arguments: &[&str], code: i32, words: &[&str]) {
    let output = run(folder, arguments);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}:\n{text}");
    assert!(output.stdout.is_empty() || code == 1, "{arguments:?} prints its error to standard error");
    assert!(!text.contains("panicked"), "{arguments:?}:\n{text}");
    for word in words {
        assert!(text.contains(word), "{arguments:?} does not name `{word}`:\n{text}");
    }
    let (json_code, object) = json(folder, &[arguments, &["--json"]].concat());
    assert_eq!(json_code, code, "{arguments:?}: {object:#}");
    let error = &object["error"];
    assert!(error["code"].is_string() && error["message"].is_string(), "{arguments:?}: {object:#}");
}

fn spell(folder: &Path, toml: &str, source: &str) {
    let sdk = root().join("guest-sdk/rust").canonicalize().expect("the SDK is there");
    fs::create_dir_all(folder.join("src")).expect("a writable folder");
    fs::write(folder.join("spell.toml"), toml).expect("a writable folder");
    fs::write(
        folder.join("Cargo.toml"),
        format!(
            "[package]\nname = \"bad\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\ncrate-type = [\"cdylib\"]\n\n\
             [dependencies]\nspellhost-sdk = {{ path = {sdk:?} }}\n\n[workspace]\n"
        ),
    )
    .expect("a writable folder");
    fs::write(folder.join("src/lib.rs"), source).expect("a writable folder");
}

const GOOD: &str = "use spellhost_sdk::prelude::*;
struct Bad;
impl Spell for Bad {
    fn cast(ctx: &Context) -> Result {
        terrain::carve_sphere(ctx.target_position, 2.0);
        Ok(())
    }
}
export_spell!(Bad);
";

#[test]
fn folders() {
    let at = folder();
    refused(at.path(), &["run", "nowhere", "--once"], 2, &["nowhere"]);
    refused(at.path(), &["run", ".", "--once"], 2, &["spell.toml", "spellhost new"]);
    refused(at.path(), &["build", "."], 2, &["spell.toml"]);
    refused(at.path(), &["test", "."], 2, &["spell.toml"]);
    refused(at.path(), &["check", "nowhere.wasm"], 2, &["nowhere.wasm"]);
}

#[test]
fn manifests() {
    for (toml, words) in [
        ("id = 7\n", &["spell.toml", "id", "1"][..]),
        ("name = \"x\"\n", &["spell.toml", "id"]),
        ("id = \"bad\"\ncolour = 1\n", &["spell.toml", "colour", "2"]),
        ("id = \"Bad Name\"\n", &["spell.toml", "Bad Name"]),
        ("id = \"bad\n", &["spell.toml", "1"]),
        ("id = \"bad\"\n[limits]\nfuel = 999999999999\n", &["spell.toml", "fuel", "3"]),
        ("id = \"bad\"\n[run]\nworld = 3\n", &["spell.toml", "world", "3"]),
        ("id = \"bad\"\nlanguage = \"cobol\"\n", &["spell.toml", "cobol"]),
    ] {
        let at = folder();
        spell(at.path(), toml, GOOD);
        refused(at.path(), &["run", ".", "--once"], 1, words);
        assert!(!at.path().join("target").exists(), "{toml:?} is refused before anything is built");
    }
}

#[test]
fn sources_that_do_not_compile() {
    let at = folder();
    spell(at.path(), "id = \"bad\"\n", &GOOD.replace("carve_sphere", "carve_spere"));
    refused(at.path(), &["run", ".", "--once"], 1, &["carve_spere", "src/lib.rs", "5"]);
    let (_, object) = json(at.path(), &["build", ".", "--json"]);
    assert_eq!(object["error"]["line"], 5, "{object:#}");
    assert_eq!(object["error"]["file"], "src/lib.rs", "{object:#}");
}

#[test]
fn components() {
    let at = folder();
    let put = |name: &str, bytes: &[u8]| fs::write(at.path().join(name), bytes).expect("a writable folder");
    let text = |source: &str| wat::parse_str(source).expect("the test's own text is well formed");
    let (code, built) = json(&root(), &["build", "spells/blink", "--json"]);
    assert_eq!(code, 0, "{built:#}");
    let good = root().join(built["path"].as_str().expect("a path"));
    let good = fs::read(good).expect("the component was just built");

    put("empty.wasm", b"");
    put("text.wasm", b"hello, this is not wasm");
    put("module.wasm", &text("(module)"));
    put("text.wat", b"(component)");
    put("nothing.wasm", &text("(component)"));
    put("wasi.wasm", &text("(component (import \"wasi:cli/stdout@0.2.0\" (instance)))"));
    put("unknown.wasm", &text("(component (import \"spellhost:spell/secrets@0.1.0\" (instance)))"));
    put("newer.wasm", &text("(component (import \"spellhost:spell/scene@0.9.0\" (instance)))"));
    put("half.wasm", &good[..good.len() / 2]);
    put("huge.wasm", &vec![0; 100 * 1024 * 1024]);
    for (name, words) in [
        ("empty.wasm", &["empty"][..]),
        ("text.wasm", &["component"]),
        ("module.wasm", &["core module"]),
        ("text.wat", &["text"]),
        ("nothing.wasm", &["describe"]),
        ("wasi.wasm", &["wasi:cli/stdout"]),
        ("unknown.wasm", &["secrets"]),
        ("newer.wasm", &["0.9.0", "0.1.0"]),
        ("half.wasm", &["half.wasm"]),
        ("huge.wasm", &["huge.wasm"]),
    ] {
        refused(at.path(), &["check", name], 1, words);
        refused(at.path(), &["run", name, "--once"], 1, words);
        refused(at.path(), &["inspect", name], 1, words);
    }
    for sixteenth in 0..16 {
        put("cut.wasm", &good[..good.len() * sixteenth / 16]);
        let output = run(at.path(), &["check", "cut.wasm"]);
        assert_eq!(output.status.code(), Some(1), "{sixteenth} sixteenths");
    }
    put("whole.wasm", &good);
    assert!(run(at.path(), &["check", "whole.wasm"]).status.success());
}

#[test]
fn parameters_and_flags() {
    let run_fireball = |arguments: &[&str], words: &[&str]| {
        refused(&root(), &[&["run", "spells/fireball", "--once"], arguments].concat(), 2, words);
    };
    run_fireball(&["--param", "radius=wide"], &["radius", "number"]);
    run_fireball(&["--param", "radius=1000"], &["radius", "1000"]);
    run_fireball(&["--param", "radius=NaN"], &["radius"]);
    run_fireball(&["--param", "colour=red"], &["colour", "radius"]);
    run_fireball(&["--param", "radius"], &["radius"]);
    run_fireball(&["--target", "1,2"], &["target"]);
    run_fireball(&["--target", "1,NaN,2"], &["target"]);
    run_fireball(&["--target", "1,99999,2"], &["target"]);
    run_fireball(&["--direction", "0,0,0"], &["direction"]);
    run_fireball(&["--world", "moon"], &["moon", "hills"]);
    let listen = |address: &str, words: &[&str]| {
        refused(&root(), &["run", "spells/fireball", "--listen", address], 2, words);
    };
    listen("0.0.0.0:0", &["public", "spellhost serve"]);
    listen("here", &["here", "127.0.0.1:5000"]);
    run_fireball(&["--seed", "minus"], &["seed"]);
    run_fireball(&["--picture", "/nowhere/at/all.png"], &["/nowhere/at/all.png"]);
    run_fireball(&["--record", "/nowhere/at/all.rec"], &["/nowhere/at/all.rec"]);
    let output = run(&root(), &["run", "spells/fireball", "--onec"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn results_in_place_of_what_they_are_made_from() {
    let folder = folder();
    let spell = fs::read(root().join("tests/fixtures/stone-wall.wasm")).expect("a component");
    fs::write(folder.path().join("wall.wasm"), &spell).expect("a writable folder");
    let refused = |arguments: &[&str], word| refused(folder.path(), arguments, 2, &[word]);
    refused(&["certify", "wall.wasm", "-o", "./wall.wasm"], "would be replaced");
    refused(&["run", "wall.wasm", "--once", "--record", "wall.wasm"], "would be replaced");
    refused(&["run", "wall.wasm", "--once", "--picture", "wall.wasm"], "would be replaced");
    refused(&["run", "wall.wasm", "--once", "--picture", "one", "--record", "one"], "is to be two things");
    assert_eq!(fs::read(folder.path().join("wall.wasm")).expect("it is there"), spell);
}

#[test]
fn scenarios() {
    for (scenario, words) in [
        ("world = \"moon\"\n", &["moon"][..]),
        ("sed = 1\n", &["sed", "1"]),
        ("[[entity]]\nname = \"x\"\nkind = \"dragon\"\nat = [0, 0, 0]\n", &["dragon"]),
        ("[[cast]]\ntick = 1\ntarget = { entity = \"nobody\" }\n", &["nobody"]),
    ] {
        let at = folder();
        spell(at.path(), "id = \"bad\"\n", GOOD);
        fs::create_dir(at.path().join("tests")).expect("a writable folder");
        fs::write(at.path().join("tests/one.cast.toml"), scenario).expect("a writable folder");
        let output = run(at.path(), &["test", "."]);
        let text =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert_eq!(output.status.code(), Some(1), "{scenario:?}:\n{text}");
        assert!(text.contains("one.cast.toml"), "{scenario:?}:\n{text}");
        for word in words {
            assert!(text.contains(word), "{scenario:?} does not name `{word}`:\n{text}");
        }
    }
}

#[test]
fn a_spell_that_asks_for_nonsense() {
    for (body, words) in [
        (
            "terrain::carve_sphere(ctx.target_position, f64::NAN);",
            &["invalid", "terrain.apply", "radius"][..],
        ),
        ("terrain::carve_sphere(ctx.target_position, 1e9);", &["invalid", "terrain.apply", "radius"]),
        ("entities::damage(999_999, 5.0);", &["invalid", "entities.apply", "999999"]),
        ("panic!(\"the wand broke\");", &["trapped", "the wand broke", "src/lib.rs"]),
        ("loop { std::hint::black_box(1); }", &["out_of_fuel"]),
        ("fail!(\"not today\");", &["failed", "not today"]),
    ] {
        let at = folder();
        let source = GOOD.replace("terrain::carve_sphere(ctx.target_position, 2.0);", body);
        spell(at.path(), "id = \"bad\"\n", &format!("#![allow(unreachable_code, unused)]\n{source}"));
        let (code, object) = json(at.path(), &["run", ".", "--once", "--json"]);
        assert_eq!(code, 1, "{body}: {object:#}");
        let text = object["casts"][0].to_string();
        for word in words {
            assert!(text.contains(word), "{body} does not say `{word}`: {object:#}");
        }
        assert_eq!(object["casts"][0]["voxels_changed"], 0, "{body}: {object:#}");
    }
}
