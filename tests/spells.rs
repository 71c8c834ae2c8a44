//! Every spell of `spells/`: its scenarios pass, it applies in the demo world, twice the same, and
//! all of them together use every import and every export.

use std::collections::BTreeSet;
use std::fs;

use crate::binary::{json, root, run};

pub fn folders() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join("spells"))
        .expect("the spells are there")
        .map(|entry| entry.expect("a readable folder"))
        .filter(|entry| entry.path().join("spell.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 10, "{names:?}");
    names
}

#[test]
fn scenarios_pass() {
    for name in folders() {
        let output = run(&root(), &["test", &format!("spells/{name}")]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{name}:\n{text}\n{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains(" passed, 0 failed"), "{name} has scenarios:\n{text}");
        assert!(!text.contains("\n0 passed"), "{name} has scenarios:\n{text}");
    }
}

#[test]
fn demo_casts_apply_and_repeat() {
    for name in folders() {
        let spell = format!("spells/{name}");
        let arguments = ["run", &spell, "--once", "--json"];
        let (code, first) = json(&root(), &arguments);
        assert_eq!(code, 0, "{name}: {first:#}");
        assert_eq!(first["casts"][0]["outcome"]["kind"], "applied", "{name}: {first:#}");
        let (_, second) = json(&root(), &[&arguments[..], &["--threads", "2"]].concat());
        assert_eq!(first["state_hash"], second["state_hash"], "{name}");
        assert_eq!(first["casts"][0]["fuel"], second["casts"][0]["fuel"], "{name}");
    }
}

#[test]
fn seeds_never_share_a_hash() {
    let hash = |seed: &str| {
        json(&root(), &["run", "spells/blink", "--once", "--json", "--seed", seed]).1["state_hash"].clone()
    };
    assert_ne!(hash("1"), hash("2"));
}

#[test]
fn together_they_use_every_import() {
    let mut used = BTreeSet::new();
    for name in folders() {
        let (_, built) = json(&root(), &["build", &format!("spells/{name}"), "--json"]);
        let (_, checked) = json(&root(), &["check", built["path"].as_str().expect("a path"), "--json"]);
        let imports = checked["imports"].as_array().expect("a list of imports").iter();
        used.extend(imports.map(|import| import.as_str().expect("interface.function").to_owned()));
    }
    let contract = fs::read_to_string(root().join("wit/0.1/spell.wit")).expect("the contract is there");
    let mut interface = "";
    for line in contract.lines() {
        if let Some(name) = line.strip_prefix("interface ") {
            interface = name.trim_end_matches(" {");
        }
        if let Some((function, _)) = line.split_once(": func(").filter(|_| !line.contains("export")) {
            let import = format!("{interface}.{}", function.trim());
            assert!(used.contains(&import), "no spell uses `{import}`");
        }
    }
}

#[test]
fn the_readme_shows_what_new_writes_and_that_passes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    assert!(run(folder.path(), &["new", "sparkle"]).status.success());
    let written = fs::read_to_string(folder.path().join("sparkle/src/lib.rs")).expect("its source");
    let readme = fs::read_to_string(root().join("README.md")).expect("the README is there");
    assert!(readme.contains(&format!("```rust\n{written}```")), "the README shows:\n{written}");
    for arguments in [["run", "sparkle", "--once"].as_slice(), &["test", "sparkle"]] {
        let output = run(folder.path(), arguments);
        assert!(output.status.success(), "{arguments:?}:\n{}", String::from_utf8_lossy(&output.stderr));
    }
}
