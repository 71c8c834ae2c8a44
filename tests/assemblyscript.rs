//! AssemblyScript through the binary: what it makes is what Rust makes, and what goes wrong says where.
//!
//! The spells `spells/*-as` are those without the ending, written again; their scenarios are played with everybody's.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::binary::{json, root, run};

/// A new spell in a temporary folder.
struct Spell(tempfile::TempDir);

impl Spell {
    fn new(language: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let output = run(folder.path(), &["new", "ember", "--lang", language]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self(folder)
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.0.path().join("ember").join(file), text).expect("a writable folder");
    }

    fn edit(&self, file: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.0.path().join("ember").join(file)).expect("a source");
        assert!(text.contains(old), "`{old}` is in {file}");
        self.write(file, &text.replacen(old, new, 1));
    }

    fn json(&self, arguments: &[&str]) -> (i32, Value) {
        json(self.0.path(), arguments)
    }

    /// The error of a build that fails.
    fn error(&self) -> Value {
        let (code, object) = self.json(&["build", "ember", "--json"]);
        assert_eq!(code, 1, "{object:#}");
        object["error"].clone()
    }
}

const CODE: &str = "assembly/index.ts";

/// The component of a spell of this repository.
fn component(spell: &str) -> String {
    let (code, built) = json(&root(), &["build", &format!("spells/{spell}"), "--json"]);
    assert_eq!(code, 0, "{spell}: {built:#}");
    built["path"].as_str().expect("a path").to_owned()
}

/// What a cast came to, without what two languages may do differently: fuel and time, and how and when they keep their
/// state; whether they keep any is the same.
fn deeds(component: &str, arguments: &[&str]) -> Value {
    let (_, object) = json(&root(), &[&["run", component, "--once", "--json"], arguments].concat());
    let casts = object["casts"].as_array().unwrap_or_else(|| panic!("{component}: {object:#}")).clone();
    let told = casts.iter().map(|cast| {
        let calls = cast["calls"].as_array().expect("calls").iter();
        let calls = calls.map(|call| serde_json::json!([call["export"], call["tick"], call["outcome"]]));
        let effects = cast["effects"].as_array().expect("effects").iter();
        let (saves, others): (Vec<_>, Vec<_>) = effects.partition(|effect| effect["type"] == "save");
        serde_json::json!({
            "outcome": cast["outcome"],
            "keeps state": !saves.is_empty(),
            "effects": others,
            "voxels_changed": cast["voxels_changed"],
            "entities_hit": cast["entities_hit"],
            "calls": calls.collect::<Vec<_>>(),
        })
    });
    told.collect()
}

#[test]
fn both_languages_make_the_same_commands() {
    let casts: &[(&str, &[&[&str]])] = &[
        ("fireball", &[&[], &["--seed", "7", "--param", "radius=6"], &["--target", "0.5,60,-40.5"]]),
        ("blink", &[&["--target", "7.5,7.4,-18.5"], &["--param", "range=9"], &["--direction", "0,1,0"]]),
        ("frost-nova", &[&["--param", "radius=10"], &["--seed", "5"], &["--world", "empty"]]),
        ("heal-totem", &[&["--ticks", "700"], &["--param", "wakes=2"], &["--world", "empty"]]),
        ("stone-wall", &[&[], &["--param", "duration=1", "--param", "width=5"], &["--world", "empty"]]),
    ];
    for (spell, variants) in casts {
        let (rust, script) = (component(spell), component(&format!("{spell}-as")));
        for arguments in *variants {
            assert_eq!(deeds(&rust, arguments), deeds(&script, arguments), "{spell} {arguments:?}");
        }
    }
}

#[test]
fn a_new_spell_builds_passes_and_is_the_same_again() {
    for language in ["assemblyscript", "wat"] {
        let spell = Spell::new(language);
        let (code, tested) = spell.json(&["test", "ember", "--json"]);
        assert_eq!(code, 0, "{tested:#}");
        let digest = || spell.json(&["build", "ember", "--json"]).1["component"]["digest"].clone();
        assert_eq!(digest(), digest(), "{language}");
        assert!(digest().is_string());
    }
}

#[test]
fn an_error_names_the_authors_file_line_and_column() {
    let spell = Spell::new("assemblyscript");
    spell.edit(CODE, "victims[i].id, 30", "victims[i].id, \"30\"");
    let error = spell.error();
    assert_eq!(error["code"], "compile_failed", "{error:#}");
    assert_eq!(error["file"], CODE, "{error:#}");
    assert_eq!((error["line"].as_u64(), error["column"].as_u64()), (Some(16), Some(36)), "{error:#}");
    let printed = run(spell.0.path(), &["build", "ember"]);
    let printed = String::from_utf8_lossy(&printed.stderr).into_owned();
    assert!(
        printed.contains("ERROR TS2322: Type '~lib/string/String' is not assignable to type 'f64'."),
        "{printed}"
    );
    assert!(printed.contains("in assembly/index.ts(16,36)"), "{printed}");

    let spell = Spell::new("wat");
    spell.edit("spell.wat", "(call $apply", "(call $aply");
    let error = spell.error();
    assert_eq!(
        (&error["code"], &error["file"]),
        (&"compile_failed".into(), &"spell.wat".into()),
        "{error:#}"
    );
    assert_eq!((error["line"].as_u64(), error["column"].as_u64()), (Some(40), Some(11)), "{error:#}");
}

#[test]
fn a_file_without_a_cast_is_no_spell() {
    let spell = Spell::new("assemblyscript");
    spell.edit(CODE, "export function cast", "export function throwIt");
    let error = spell.error();
    assert_eq!(error["code"], "not_a_spell", "{error:#}");
    fs::remove_file(spell.0.path().join("ember").join(CODE)).expect("the code is there");
    assert_eq!(spell.error()["code"], "no_entry");
}

#[test]
fn nothing_outside_of_the_folder_and_no_setting_is_read() {
    let spell = Spell::new("assemblyscript");
    fs::write(spell.0.path().join("secret.ts"), "export const secret: i32 = 7;\n")
        .expect("a writable folder");
    let importing = |from: &str| {
        format!(
            "import {{ secret }} from \"{from}\";\nexport function cast(ctx: CastContext): string | null {{\n  return secret.toString();\n}}\nimport {{ CastContext }} from \"@spellhost/sdk\";\n"
        )
    };
    spell.write(CODE, &importing("../../secret"));
    let error = spell.error();
    assert_eq!((&error["file"], &error["line"]), (&CODE.into(), &1.into()), "{error:#}");
    assert!(error.to_string().contains("outside of its folder"), "{error:#}");

    #[cfg(unix)]
    std::os::unix::fs::symlink("../../secret.ts", spell.0.path().join("ember/assembly/link.ts"))
        .expect("a link");
    spell.write(CODE, &importing("./link"));
    assert!(spell.error().to_string().contains("outside of its folder"));

    let package = spell.0.path().join("ember/node_modules/left-pad");
    fs::create_dir_all(&package).expect("a writable folder");
    fs::write(package.join("index.ts"), "export const secret: i32 = 7;\n").expect("a writable folder");
    spell.write(CODE, &importing("left-pad"));
    assert!(spell.error().to_string().contains("no packages but"));

    // Were it read, no bound would be checked and nothing would compile.
    spell.write("asconfig.json", "{\"options\": {\"noAssert\": true, \"transform\": [\"./none.mjs\"]}}");
    spell.write(CODE, "import { CastContext } from \"@spellhost/sdk\";\nexport function cast(ctx: CastContext): string | null {\n  return null;\n}\n");
    let output = run(spell.0.path(), &["build", "ember"]);
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && printed.contains("asconfig.json is not read"), "{printed}");
}

#[test]
fn what_no_host_has_is_refused_with_what_to_use() {
    let spell = Spell::new("assemblyscript");
    spell.edit(CODE, "  return null;", "  console.log(\"hello\");\n  return null;");
    let error = spell.error();
    assert_eq!(error["code"], "componentise_failed", "{error:#}");
    assert!(error.to_string().contains("log.info"), "{error:#}");
}

#[test]
fn an_abort_reaches_the_author_with_its_place() {
    let spell = Spell::new("assemblyscript");
    spell.edit(CODE, "  return null;", "  throw new Error(\"no mana, \\u{1F525}\");");
    let (code, object) = spell.json(&["run", "ember", "--once", "--json"]);
    assert_eq!(code, 1, "{object:#}");
    let cast = &object["casts"][0];
    assert_eq!(cast["outcome"]["kind"], "trapped", "{object:#}");
    assert!(
        cast["log"].to_string().contains("aborted at assembly/index.ts:18:3: no mana, \u{1F525}"),
        "{object:#}"
    );
    assert_eq!(cast["voxels_changed"], 0);
}

#[test]
fn a_spell_may_use_all_that_the_contract_has() {
    let spell = Spell::new("assemblyscript");
    spell.write("spell.toml", "id = \"ember\"\nlanguage = \"assemblyscript\"\n");
    spell.write(CODE, include_str!("fixtures/everything.ts"));
    let (code, object) = spell.json(&["run", "ember", "--once", "--json", "--world", "flat"]);
    assert_eq!(code, 0, "{object:#}");
    let (_, built) = spell.json(&["build", "ember", "--json"]);
    let path = built["path"].as_str().expect("a path");
    let (_, checked) = spell.json(&["check", path, "--json"]);
    let imports: Vec<&str> =
        checked["imports"].as_array().expect("imports").iter().filter_map(Value::as_str).collect();
    let contract = fs::read_to_string(root().join("wit/0.1/spell.wit")).expect("the contract is there");
    let functions =
        contract.lines().filter(|line| line.contains(": func(") && !line.contains("export")).count();
    assert_eq!(imports.len(), functions, "{imports:?}");
}

/// Toolchains with something missing.
pub mod half {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::{Path, PathBuf};
    use std::process::Command;

    fn said(command: &mut Command) -> PathBuf {
        let output = command.output().expect("the tests need this tool");
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
    }

    /// Where Node.js is.
    pub fn node() -> PathBuf {
        said(Command::new("node").args(["-p", "process.execPath"]))
    }

    /// An executable script.
    pub fn script(place: &Path, text: &str) {
        fs::write(place, format!("#!/bin/sh\n{text}\n")).expect("a writable folder");
        fs::set_permissions(place, fs::Permissions::from_mode(0o755)).expect("a file of our own");
    }

    /// The installed Rust as a folder of links, without what it compiles for wasm with.
    pub fn sysroot(place: &Path) -> PathBuf {
        let whole = said(Command::new("rustc").arg("--print=sysroot"));
        let link = |part: &str, but: &[&str]| {
            fs::create_dir_all(place.join(part)).expect("a writable folder");
            for entry in fs::read_dir(whole.join(part)).expect("a folder of the toolchain").flatten() {
                if !but.iter().any(|but| entry.file_name() == *but) {
                    symlink(entry.path(), place.join(part).join(entry.file_name())).expect("a link");
                }
            }
        };
        link("", &["lib"]);
        link("lib", &["rustlib"]);
        link("lib/rustlib", &["wasm32-unknown-unknown"]);
        place.to_owned()
    }
}

/// A command that fails for want of a tool: its object, and that nothing was made.
fn without(spell: &Spell, arguments: &[&str], tools: impl FnOnce(&mut std::process::Command)) -> Value {
    let mut command = crate::binary::command(spell.0.path());
    tools(command.args(arguments).arg("--json"));
    let output = command.output().expect("the binary starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
    let object: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(!Path::new(&spell.0.path().join("ember/target/ember.wasm")).exists());
    object["error"].clone()
}

#[test]
fn what_is_missing_comes_with_the_command_that_installs_it() {
    for (language, install) in [("assemblyscript", "nvm install"), ("rust", "rustup.rs")] {
        let spell = Spell::new(language);
        let empty = spell.0.path().join("empty");
        fs::create_dir(&empty).expect("a writable folder");
        for arguments in [&["build", "ember"][..], &["run", "ember", "--once"], &["test", "ember"]] {
            let error = without(&spell, arguments, |command| {
                command.env("PATH", &empty).env("HOME", &empty).env("CARGO_HOME", &empty);
            });
            assert_eq!(error["code"], "tool_missing", "{arguments:?}: {error:#}");
            assert!(error["hint"].as_str().is_some_and(|hint| hint.contains(install)), "{error:#}");
        }
    }
}

#[test]
fn a_compiler_that_cannot_be_installed_and_a_target_that_is_missing_come_with_what_to_type() {
    let script = Spell::new("assemblyscript");
    let tools = script.0.path().join("tools");
    fs::create_dir(&tools).expect("a writable folder");
    half::script(&tools.join("npm"), "echo no network >&2; exit 1");
    std::os::unix::fs::symlink(half::node(), tools.join("node")).expect("a link");
    let rust = Spell::new("rust");
    let sysroot = half::sysroot(&rust.0.path().join("half"));
    let rustc = rust.0.path().join("rustc");
    let real = sysroot.join("bin/rustc").canonicalize().expect("a compiler");
    half::script(&rustc, &format!("exec {} --sysroot {} \"$@\"", real.display(), sysroot.display()));
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").expect("a path"));
    half::script(&tools.join("rustup"), "echo no network >&2; exit 1");
    for arguments in [&["build", "ember"][..], &["run", "ember", "--once"]] {
        let error = without(&script, arguments, |command| {
            command.env("PATH", &tools).env("HOME", &tools).env_remove("XDG_CACHE_HOME");
        });
        assert_eq!(error["code"], "tool_missing", "{error:#}");
        assert!(error.to_string().contains("spellhost doctor --fix"), "{error:#}");
        let left = fs::read_dir(tools.join(".cache/spellhost")).expect("a cache").flatten();
        let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
        assert!(left.iter().all(|name| !name.to_string_lossy().contains("asc")), "{left:?}");

        let error = without(&rust, arguments, |command| {
            command.env("PATH", &path).env("RUSTC", &rustc);
        });
        assert_eq!(error["code"], "target_missing", "{error:#}");
        assert!(error["hint"].as_str().is_some_and(|hint| hint.contains("rustup target add")), "{error:#}");
    }
}
