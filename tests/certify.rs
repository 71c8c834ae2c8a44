//! `certify`: every spell does the same on every engine, certificates hold for what they are of and
//! for nothing else, and whatever happens to an engine's process is said and leaves none behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json as object};

use crate::binary::{command, json, root, run};
use crate::spells::folders;

/// How long something may take on a busy machine, with room.
const PATIENCE: Duration = Duration::from_secs(120);

fn certified(arguments: &[&str]) -> Value {
    let (code, certificate) = json(&root(), &[&["certify"], arguments, &["--json"]].concat());
    assert_eq!(code, 0, "{arguments:?}: {certificate:#}");
    certificate
}

/// A component outside of its spell's folder.
fn component(folder: &Path, spell: &str) -> PathBuf {
    let (_, built) = json(&root(), &["build", &format!("spells/{spell}"), "--json"]);
    let path = folder.join(format!("{spell}.wasm"));
    fs::copy(root().join(built["path"].as_str().expect("a path")), &path).expect("a writable folder");
    path
}

#[test]
fn every_spell_is_certified_over_its_scenarios_and_invented_casts() {
    for name in folders() {
        let casts = if ["fireball", "mirror", "rune-trap"].contains(&name.as_str()) { 40 } else { 8 };
        let certificate = certified(&[&format!("spells/{name}"), "--casts", &casts.to_string()]);
        assert_eq!(certificate["result"], "identical", "{name}: {certificate:#}");
        assert_eq!(certificate["format"], 1);
        assert_eq!(certificate["corpus"]["casts"], casts);
        assert!(certificate["corpus"]["scenarios"].as_u64() >= Some(1), "{name}: {certificate:#}");
        assert!(certificate["calls"].as_u64() > Some(casts / 2), "{name}: {certificate:#}");
        assert!(certificate["outcomes"]["applied"].as_u64() >= Some(1), "{name}: {certificate:#}");
        let engines = certificate["engines"].as_array().expect("a list of engines").iter();
        let names: Vec<_> = engines.map(|engine| engine["name"].as_str().unwrap_or_default()).collect();
        assert_eq!(names, ["native", "native-unoptimised", "pulley"]);
    }
}

#[test]
fn a_seed_decides_the_corpus_and_the_folder_adds_its_scenarios() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let alone = component(folder.path(), "blink");
    let alone = alone.to_str().expect("a path");
    let corpus =
        |file: &str, seed: &str| certified(&[file, "--casts", "4", "--seed", seed])["corpus"].clone();
    let (first, second) = (corpus(alone, "7"), corpus(alone, "8"));
    assert_eq!(first, corpus(alone, "7"));
    assert_ne!(first["digest"], second["digest"]);
    assert_eq!((&first["scenarios"], &first["seed"]), (&object!(0), &object!(7)));
    // A component that lies in its spell's folder is that spell.
    let built = corpus("spells/blink/target/blink.wasm", "7");
    assert_eq!(built, corpus("spells/blink", "7"));
    assert!(built["scenarios"].as_u64() >= Some(1), "{built:#}");
}

#[test]
fn a_certificate_holds_for_what_it_is_of_and_for_nothing_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (blink, quake) = (component(folder.path(), "blink"), component(folder.path(), "quake"));
    let path = |path: &Path| path.to_str().expect("a path").to_owned();
    let written = folder.path().join("blink.json");
    let printed = certified(&[&path(&blink), "--casts", "9", "--seed", "3", "-o", &path(&written)]);
    let text = fs::read_to_string(&written).expect("the certificate was written");
    let certificate: Value = serde_json::from_str(&text).expect("the certificate is JSON");
    assert_eq!(certificate, printed);
    assert_eq!(certified(&[&path(&blink), "--certificate", &path(&written)]), printed);

    let (_, checked) = json(&root(), &["check", &path(&quake), "--json"]);
    let other = checked["component"]["digest"].as_str().expect("a digest");
    refused(&quake, &written, "other_component", &[other, digest(&certificate["component"])]);
    let edited = folder.path().join("edited.json");
    let edit = |pointer: &str, value: Value| {
        let mut certificate = certificate.clone();
        *certificate.pointer_mut(pointer).expect("a field") = value;
        fs::write(&edited, certificate.to_string()).expect("a writable folder");
    };
    let zeros = format!("b3:{}", "0".repeat(64));
    edit("/engine_id", object!(zeros));
    refused(&blink, &edited, "other_engine", &[&zeros, digest(&certificate["engine_id"])]);
    for (pointer, value, code) in [
        ("/corpus/seed", object!(4), "other_corpus"),
        ("/corpus/casts", object!(8), "other_corpus"),
        ("/corpus/scenarios", object!(1), "other_corpus"),
        ("/corpus/digest", object!(zeros), "other_corpus"),
        ("/calls", object!(1), "certificate_differs"),
        ("/ticks", object!(1), "certificate_differs"),
        ("/outcomes", object!({}), "certificate_differs"),
        ("/transcript", object!(zeros), "certificate_differs"),
        ("/spellhost", object!("9.9.9"), "certificate_differs"),
        ("/format", object!(2), "bad_certificate"),
        ("/result", object!("perfect"), "bad_certificate"),
        ("/component", object!("b3:1"), "bad_certificate"),
    ] {
        edit(pointer, value);
        refused(&blink, &edited, code, &[]);
    }
    fs::write(&edited, &text[..text.len() / 2]).expect("a writable folder");
    refused(&blink, &edited, "bad_certificate", &["edited.json", "line"]);
    let (code, missing) = json(&root(), &["certify", &path(&blink), "--certificate", "no.json", "--json"]);
    assert_eq!((code, &missing["error"]["code"]), (2, &object!("file")));
}

fn digest(value: &Value) -> &str {
    value.as_str().expect("a digest")
}

#[track_caller]
fn refused(component: &Path, certificate: &Path, code: &str, words: &[&str]) {
    let path = |path: &Path| path.to_str().expect("a path").to_owned();
    let arguments = ["certify", &path(component), "--certificate", &path(certificate), "--json"];
    let (exit, answer) = json(&root(), &arguments);
    assert_eq!((exit, &answer["error"]["code"]), (1, &object!(code)), "{answer:#}");
    let text = answer.to_string();
    for word in words {
        assert!(text.contains(word), "`{word}` in {text}");
    }
}

#[test]
fn what_is_not_a_spell_is_refused_as_check_refuses_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let put =
        |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("a writable folder");
    put("text.wasm", b"hello, this is not wasm");
    put("module.wasm", &wat::parse_str("(module)").expect("a module"));
    put(
        "wasi.wasm",
        &wat::parse_str("(component (import \"wasi:cli/stdout@0.2.0\" (instance)))").expect("wasm"),
    );
    for name in ["text.wasm", "module.wasm", "wasi.wasm"] {
        let (code, checked) = json(folder.path(), &["check", name, "--json"]);
        let (own_code, own) = json(folder.path(), &["certify", name, "--json"]);
        assert_eq!((own_code, &own["error"]), (code, &checked["error"]), "{name}");
        assert_eq!(code, 1);
    }
    assert_eq!(json(folder.path(), &["certify", "nowhere.wasm", "--json"]).0, 2);
    let output = run(folder.path(), &["certify-engine", "native"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("started by `spellhost certify`"));
}

/// A certification that goes on until something happens to it.
struct Running {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Running {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        component(folder.path(), "quake");
        let child = command(folder.path())
            .args(["certify", "quake.wasm", "--casts", "10000", "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        Self { child, _folder: folder }
    }

    /// The processes that it started for its engines: number and command line.
    fn engines(&self) -> Vec<(u32, String)> {
        let processes = fs::read_dir("/proc").expect("a list of processes");
        let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        let engine = |number: u32| {
            let stat = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
            let mut fields = stat.rsplit_once(") ")?.1.split(' ');
            let (state, parent) = (fields.next()?, fields.next()?);
            let command = fs::read_to_string(format!("/proc/{number}/cmdline")).ok()?;
            let own = parent == self.child.id().to_string() && command.contains("certify-engine");
            (own && !["Z", "X"].contains(&state)).then_some((number, command))
        };
        numbers.filter_map(engine).collect()
    }

    fn all_engines(&self) -> Vec<(u32, String)> {
        let begin = Instant::now();
        loop {
            let engines = self.engines();
            if engines.len() == 3 {
                return engines;
            }
            assert!(begin.elapsed() < PATIENCE, "{engines:?}");
            std::thread::yield_now();
        }
    }

    fn signal(number: u32, signal: &str) {
        let sent = Command::new("kill").args([signal, &number.to_string()]).status().expect("kill");
        assert!(sent.success());
    }

    /// How it ended, what it printed, and that none of `engines` is left.
    fn end(mut self, engines: &[(u32, String)]) -> (Option<i32>, Value) {
        let out = self.child.stdout.take().expect("a standard output");
        let text = std::io::read_to_string(out).expect("text");
        let code = self.child.wait().expect("it ends").code();
        gone(engines);
        (code, serde_json::from_str(&text).expect("one object"))
    }
}

/// Waits until none of the processes of engines is left.
fn gone(engines: &[(u32, String)]) {
    let begin = Instant::now();
    for (number, command) in engines {
        let path = format!("/proc/{number}/cmdline");
        while fs::read_to_string(&path).is_ok_and(|now| now == *command) {
            assert!(begin.elapsed() < PATIENCE, "left: {command}");
            std::thread::yield_now();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already over, unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_engine_that_dies_is_named_and_none_is_left() {
    let running = Running::start();
    let engines = running.all_engines();
    let (pulley, _) = engines.iter().find(|(_, command)| command.contains("pulley")).expect("an engine");
    Running::signal(*pulley, "-KILL");
    let (code, answer) = running.end(&engines);
    assert_eq!((code, &answer["error"]["code"]), (Some(1), &object!("engine_failed")), "{answer:#}");
    let message = answer["error"]["message"].as_str().expect("a message");
    assert!(message.contains("the pulley engine") && message.contains("signal: 9"), "{message}");
}

#[test]
fn engines_end_where_who_asked_is_gone() {
    let running = Running::start();
    let engines = running.all_engines();
    Running::signal(running.child.id(), "-KILL");
    gone(&engines);
}

#[test]
fn ctrl_c_ends_every_engine() {
    let running = Running::start();
    let engines = running.all_engines();
    Running::signal(running.child.id(), "-INT");
    let (code, answer) = running.end(&engines);
    assert_eq!((code, &answer["error"]["code"]), (Some(130), &object!("interrupted")), "{answer:#}");
}
