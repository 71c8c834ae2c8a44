//! Builds on a host, from outside: source in, a revision that can be cast out, and what becomes of
//! source that means harm.
//!
//! Knows the protocol, and where a host keeps its files; nothing of how it builds.

mod hostile;
mod migration;
mod model;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::assemblyscript::half;
use crate::binary::root;
use crate::server::client::Client;
use crate::server::host::Host;
use model::model;

const LEAST: &str = include_str!("jobs/least.wat");
/// A secret that no build may ever see.
const CANARY: &str = "canary-4f1d9a";
/// Source that a compiler is at for as long as it may.
const ENDLESS: &str = "#[allow(long_running_const_eval)] pub const LOST: u64 = { let mut n = 0u64; \
                       loop { n = n.wrapping_add(1); if n == u64::MAX { break n; } } };";
/// The same in AssemblyScript.
const ENDLESS_SCRIPT: &str =
    "class A<T> {} function f<T>(n: i32): void { if (n > 0) f<A<T>>(n - 1); } f<i32>(9);";
const PATIENCE: Duration = Duration::from_secs(240);

fn fireball() -> String {
    fs::read_to_string(root().join("spells/fireball/src/lib.rs")).expect("the spell is there")
}

fn script() -> String {
    fs::read_to_string(root().join("spells/fireball-as/assembly/index.ts")).expect("the spell is there")
}

fn created(host: &Host, spell: &str) {
    let body = json!({"spell_id": spell}).to_string();
    assert_eq!(host.request("POST", "/api/spells", body.as_bytes()).status, 201);
}

/// Asks for a build; the job's number.
fn build(host: &Host, spell: &str, request: Value) -> u64 {
    let answer = host.request("POST", &format!("/api/spells/{spell}/build"), request.to_string().as_bytes());
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(answer.json()["spell_id"], spell);
    answer.json()["job_id"].as_u64().expect("a number")
}

fn job(host: &Host, id: u64) -> Value {
    let answer = host.request("GET", &format!("/api/jobs/{id}"), b"");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "{what}");
        std::thread::yield_now();
    }
}

/// Waits for the end of a job.
fn ended(host: &Host, id: u64) -> Value {
    let mut last = Value::Null;
    until("the job ends", || {
        last = job(host, id);
        !["queued", "running"].contains(&last["status"].as_str().expect("a status"))
    });
    last
}

fn succeeded(host: &Host, id: u64) -> String {
    let job = ended(host, id);
    assert_eq!(job["status"], "succeeded", "{job:#}\n{}", log(host, id));
    assert_eq!((&job["stage"], &job["progress_pct"]), (&json!("done"), &json!(100)));
    job["result_revision_id"].as_str().expect("a revision").to_owned()
}

fn log(host: &Host, id: u64) -> String {
    host.request("GET", &format!("/api/jobs/{id}/log"), b"").text()
}

fn component(host: &Host, spell: &str, revision: &str) -> Value {
    let path = format!("/api/spells/{spell}/revisions/{revision}/manifest");
    host.request("GET", &path, b"").json()["component"]["digest"].clone()
}

/// Whether nothing of a build is left in a data directory.
fn is_clean(host: &Host) -> bool {
    let is_empty = |folder: &str| {
        fs::read_dir(host.data().join("builds").join(folder))
            .is_ok_and(|mut entries| entries.next().is_none())
    };
    is_empty("foundry/folders") && is_empty("orders")
}

#[test]
fn source_becomes_a_revision_that_can_be_cast() {
    let host = Host::start();
    created(&host, "ember");
    let mut client = Client::join(&host, "snapshot");
    let code = fireball() + "\npub const ICON: &[u8] = include_bytes!(\"../assets/icon.txt\");";
    let request = json!({"spell_id": "ember", "code": code, "language": "rust", "options": {
        "metadata": {"display_name": "Ember", "tags": ["fire"]},
        "assets": [{"path": "icon.txt", "content_base64": "aWNvbg=="}]}});
    let answer = client.ask("spell.start_build", request.clone());
    assert_eq!(answer["type"], "spell.start_build", "{answer:#}");
    assert_eq!(answer["data"]["spell_id"], "ember");
    let id = answer["data"]["job_id"].as_u64().expect("a number");
    let started = client.event("spell.build_started", |_| true);
    assert_eq!(started, json!({"job_id": id, "spell_id": "ember"}));
    let mut seen: Vec<(String, u64)> = Vec::new();
    loop {
        let progress = client.event("job.progress", |data| data["job_id"] == id);
        let (stage, pct) =
            (progress["stage"].as_str().expect("a stage"), progress["pct"].as_u64().expect("a number"));
        assert!(seen.last().is_none_or(|(_, before)| *before <= pct), "{seen:?} {progress:#}");
        seen.push((stage.to_owned(), pct));
        if progress["status"] != "running" {
            assert_eq!(progress["status"], "succeeded", "{progress:#}\n{}", log(&host, id));
            break;
        }
    }
    let mut stages: Vec<&str> = seen.iter().map(|(stage, _)| stage.as_str()).collect();
    stages.dedup();
    assert_eq!(stages, ["prepare", "assemble_package", "validate", "finalize", "done"]);
    for (stage, low, high) in
        [("prepare", 0, 15), ("assemble_package", 20, 55), ("validate", 60, 75), ("finalize", 80, 95)]
    {
        assert!(
            seen.iter().filter(|(name, _)| name == stage).all(|(_, pct)| (low..=high).contains(pct)),
            "{seen:?}"
        );
    }
    let revision = succeeded(&host, id);
    let ready = client.event("spell.revision_ready", |data| data["spell_id"] == "ember");
    assert_eq!(ready["revision_id"], revision.as_str());
    assert_eq!(ready["manifest"]["language"], "rust");
    let spell = host.request("GET", "/api/spells/ember", b"").json();
    assert_eq!((&spell["active"]["draft"], &spell["display_name"]), (&json!(revision), &json!("Ember")));
    let file = |path: &str| {
        host.request("GET", &format!("/api/spells/ember/revisions/{revision}/files/{path}"), b"")
    };
    assert_eq!(file("source/src/lib.rs").body, code.as_bytes());
    assert_eq!(file("assets/icon.txt").body, b"icon");
    let cast = client.ask("spell.cast_request", json!({"spell_id": "ember"}));
    let event = client.event("spell.cast_event", |data| data["cast_id"] == cast["data"]["cast_id"]);
    assert_eq!(event["outcome"]["kind"], "applied", "{event:#}");
    let part = host.request("GET", &format!("/api/jobs/{id}/log?since=8"), b"");
    assert_eq!(log(&host, id)[8..], part.text());
    assert_eq!(part.header("spellhost-log-bytes"), Some(log(&host, id).len().to_string().as_str()));

    // The same again is the same, and compiles nothing; without code it is the last source.
    let again = client.ask("spell.start_build", request)["data"]["job_id"].as_u64().expect("a number");
    assert_eq!(succeeded(&host, again), revision);
    client.event("spell.revision_ready", |data| data["revision_id"] == revision.as_str());
    assert!(log(&host, again).contains("the same source as before"), "{}", log(&host, again));
    assert_eq!(succeeded(&host, build(&host, "ember", json!({}))), revision);
    // Another host that has never seen it makes the same bytes.
    let other = Host::start();
    created(&other, "elsewhere");
    let request = json!({"code": code, "options": {"assets": [{"path": "assets/icon.txt", "content_base64": "aWNvbg=="}]}});
    let elsewhere = succeeded(&other, build(&other, "elsewhere", request));
    assert_eq!(component(&other, "elsewhere", &elsewhere), component(&host, "ember", &revision));
    assert!(is_clean(&host) && is_clean(&other));
}

#[test]
fn what_does_not_compile_is_told_with_its_place() {
    let host = Host::start();
    created(&host, "ember");
    let code = fireball();
    let lines = code.lines().count();
    let wrong = code + "fn wrong() -> u8 {\n    \"text\"\n}\n";
    let id = build(&host, "ember", json!({"code": wrong}));
    let told = ended(&host, id);
    assert_eq!(told["status"], "failed", "{told:#}");
    let first = &told["diagnostics"][0];
    assert_eq!(
        (&first["file"], &first["line"], &first["column"]),
        (&json!("src/lib.rs"), &json!(lines + 2), &json!(5)),
        "{told:#}"
    );
    assert!(first["message"].as_str().is_some_and(|text| text.contains("mismatched types")), "{told:#}");
    assert!(
        told["error_message"]
            .as_str()
            .is_some_and(|text| text.contains(&format!("src/lib.rs:{}:5", lines + 2)))
    );
    assert!(log(&host, id).contains("expected `u8`, found `&str`"), "{}", log(&host, id));
    let told = ended(&host, build(&host, "ember", json!({"code": "(module\n  (fun))", "language": "wat"})));
    assert_eq!(told["diagnostics"][0]["line"], 2, "{told:#}");
    let spell = host.request("GET", "/api/spells/ember", b"").json();
    assert_eq!(spell["active"]["draft"], Value::Null, "a failed build changes nothing");
    let id = build(&host, "ember", json!({"code": LEAST, "language": "wat"}));
    succeeded(&host, id);
    assert!(is_clean(&host));
}

#[test]
fn hostile_source_learns_nothing_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let canary = folder.path().join("canary.rs");
    fs::write(&canary, format!("pub const X: &str = \"{CANARY}\";")).expect("a canary");
    let host = Host::configured(folder.path(), |command| {
        command.args(["--build-seconds", "40"]).env("SPELLHOST_TEST_CANARY", CANARY);
    });
    created(&host, "ember");
    let file = canary.display().to_string();
    let up = format!("{}{}", "../".repeat(24), &file[1..]);
    let flood =
        "macro_rules! a { () => { compile_error!(\"flood flood flood flood flood flood flood\"); } }\n"
            .to_owned()
            + "macro_rules! b { () => { a!{} a!{} a!{} a!{} a!{} a!{} a!{} a!{} a!{} a!{} } }\n"
            + "macro_rules! c { () => { b!{} b!{} b!{} b!{} b!{} b!{} b!{} b!{} b!{} b!{} } }\n"
            + "macro_rules! d { () => { c!{} c!{} c!{} c!{} c!{} c!{} c!{} c!{} c!{} c!{} } }\n"
            + &"d!{}\n".repeat(10);
    for (source, word) in [
        (format!("pub const A: &str = include_str!({file:?});"), "couldn't read"),
        (format!("pub const A: &[u8] = include_bytes!({up:?});"), "couldn't read"),
        (format!("include!({file:?});"), "couldn't read"),
        (format!("#[path = {file:?}] pub mod x;"), "couldn't read"),
        (format!("#[path = {up:?}] pub mod x;"), "couldn't read"),
        ("pub const A: &str = include_str!(\"/etc/passwd\");".into(), "couldn't read"),
        ("pub const A: &[u8] = include_bytes!(\"/proc/self/environ\");".into(), "couldn't read"),
        ("pub const A: &[u8] = include_bytes!(\"/proc/1/cmdline\");".into(), "couldn't read"),
        ("pub const A: &str = env!(\"SPELLHOST_TEST_CANARY\");".into(), "not defined"),
        ("pub const A: () = if option_env!(\"SPELLHOST_TEST_CANARY\").is_none() { panic!(\"a bare cage\") };".into(), "a bare cage"),
        ("extern crate serde;".into(), "can't find crate"),
        ("extern crate proc_macro; use proc_macro::TokenStream; #[proc_macro] pub fn x(a: TokenStream) -> TokenStream { a }".into(), ""),
        ("#[link(name = \"c\", kind = \"static\")] unsafe extern \"C\" { pub fn system(x: *const u8); }".into(), ""),
        ("pub static A: [u8; 1 << 31] = [1; 1 << 31];".into(), ""),
        ("macro_rules! m { ($($t:tt)*) => { m!($($t)* $($t)*); } } m!(a b);".into(), ""),
        ("pub struct A<T>(T); pub fn f<T>(n: u32, t: T) { if n > 0 { f(n - 1, A(t)); } } pub fn g() { f(9, 1u8); }".into(), ""),
        (flood, "prints more than"),
    ] {
        let id = build(&host, "ember", json!({"code": format!("{}\n{source}", fireball())}));
        let told = ended(&host, id);
        assert!(["failed", "timed_out", "succeeded"].contains(&told["status"].as_str().unwrap_or_default()), "{told:#}");
        let said = format!("{told}{}", log(&host, id));
        if !word.is_empty() {
            assert_eq!(told["status"], "failed", "{source}: {told:#}");
            assert!(said.contains(word), "{source}: {said}");
        }
        assert!(!said.contains(CANARY) && !said.contains("root:x:"), "{source}: {said}");
        assert!(said.len() < 4 << 20, "{source}: {} bytes", said.len());
    }
    assert!(is_clean(&host));
    assert!(!contains(host.data(), CANARY.as_bytes()), "the canary is in the data directory");
    succeeded(&host, build(&host, "ember", json!({"code": fireball()})));
}

#[test]
fn assemblyscript_becomes_the_revision_that_its_author_would_make() {
    let host = Host::start();
    created(&host, "ember");
    let code = script();
    let request = json!({"code": code, "language": "assemblyscript"});
    let id = build(&host, "ember", request.clone());
    let revision = succeeded(&host, id);
    let (exit, built) = crate::binary::json(&root(), &["build", "spells/fireball-as", "--json"]);
    assert_eq!(exit, 0, "{built:#}");
    assert_eq!(component(&host, "ember", &revision), built["component"]["digest"]);
    let file = format!("/api/spells/ember/revisions/{revision}/files/source/assembly/index.ts");
    assert_eq!(host.request("GET", &file, b"").text(), code);
    let mut client = Client::join(&host, "snapshot");
    let cast = client.ask("spell.cast_request", json!({"spell_id": "ember"}));
    let event = client.event("spell.cast_event", |data| data["cast_id"] == cast["data"]["cast_id"]);
    assert_eq!(event["outcome"]["kind"], "applied", "{event:#}");
    let again = build(&host, "ember", request);
    assert_eq!(succeeded(&host, again), revision);
    assert!(log(&host, again).contains("the same source as before"), "{}", log(&host, again));

    let wrong = format!("{code}function wrong(): i32 {{\n  return \"text\";\n}}\nwrong();\n");
    let id = build(&host, "ember", json!({"code": wrong, "language": "assemblyscript"}));
    let told = ended(&host, id);
    assert_eq!(told["status"], "failed", "{told:#}");
    let first = &told["diagnostics"][0];
    assert_eq!(
        (&first["file"], &first["line"], &first["column"]),
        (&json!("assembly/index.ts"), &json!(code.lines().count() + 2), &json!(10)),
        "{told:#}"
    );
    assert!(log(&host, id).contains("TS2322"), "{}", log(&host, id));
    assert!(is_clean(&host));
}

#[test]
fn hostile_assemblyscript_learns_nothing_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let canary = folder.path().join("canary.ts");
    fs::write(&canary, format!("export const X: string = \"{CANARY}\";")).expect("a canary");
    let host = Host::configured(folder.path(), |command| {
        command.env("SPELLHOST_TEST_CANARY", CANARY);
    });
    created(&host, "ember");
    let file = canary.with_extension("").display().to_string();
    let up = format!("{}{}", "../".repeat(24), &file[1..]);
    for (source, word) in [
        (format!("import {{ X }} from {file:?}; trace(X);"), "not found"),
        (format!("import {{ X }} from {up:?}; trace(X);"), "not found"),
        ("import { X } from \"../answer\"; trace(X);".into(), "not found"),
        ("import { X } from \"left-pad\"; trace(X);".into(), "no packages"),
        ("import * as fs from \"node:fs\"; fs.readFileSync(\"/etc/passwd\");".into(), "not found"),
        ("trace(process.env.get(\"SPELLHOST_TEST_CANARY\"));".into(), ""),
        (ENDLESS_SCRIPT.into(), ""),
        ("a b c d e f g h;\n".repeat(4_000), "prints more than"),
    ] {
        let code = format!("{}\n{source}", script());
        let id = build(&host, "ember", json!({"code": code, "language": "assemblyscript"}));
        let told = ended(&host, id);
        let said = format!("{told}{}", log(&host, id));
        let source = source.get(..200).unwrap_or(&source);
        assert!(
            ["failed", "timed_out"].contains(&told["status"].as_str().unwrap_or_default()),
            "{source}: {told:#}"
        );
        assert!(said.contains(word), "{source}: {said}");
        assert!(!said.contains(CANARY) && !said.contains("root:x:"), "{source}: {said}");
        assert!(said.len() < 4 << 20, "{source}: {} bytes", said.len());
    }
    assert!(is_clean(&host));
    assert!(!contains(host.data(), CANARY.as_bytes()), "the canary is in the data directory");
}

/// Whether a file below a folder has these bytes: components, logs, the journal. What was ordered
/// names the canary's place, and not what it says.
fn contains(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).expect("a folder").flatten().any(|entry| match entry.path() {
        path if path.is_dir() => contains(&path, bytes),
        path => fs::read(path).is_ok_and(|content| content.windows(bytes.len()).any(|part| part == bytes)),
    })
}

#[test]
fn a_compiler_that_is_late_is_ended_and_a_full_queue_refuses() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let host = Host::configured(folder.path(), |command| {
        command.args(["--build-workers", "1", "--build-queue", "1", "--build-seconds", "5"]);
    });
    created(&host, "ember");
    let endless = json!({"code": format!("{}\n{ENDLESS}", fireball())});
    let late = build(&host, "ember", endless.clone());
    until("it runs", || job(&host, late)["stage"] == "assemble_package");
    let waits = build(&host, "ember", json!({"code": LEAST, "language": "wat"}));
    let answer = host.request("POST", "/api/spells/ember/build", endless.to_string().as_bytes());
    assert_eq!((answer.status, &answer.json()["code"]), (503, &json!("queue_full")));
    let told = ended(&host, late);
    assert_eq!(told["status"], "timed_out", "{told:#}");
    assert!(told["error_message"].as_str().is_some_and(|text| text.contains("5 s")), "{told:#}");
    succeeded(&host, waits);
    assert!(is_clean(&host));
}

#[test]
fn a_job_is_cancelled_while_it_waits_and_while_it_runs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let host = Host::configured(folder.path(), |command| {
        command.args(["--build-workers", "1", "--build-seconds", "200"]);
    });
    created(&host, "ember");
    let runs = build(&host, "ember", json!({"code": format!("{}\n{ENDLESS}", fireball())}));
    let waits = build(&host, "ember", json!({"code": LEAST, "language": "wat"}));
    until("it runs", || job(&host, runs)["stage"] == "assemble_package");
    let stranger = Client::login(&host);
    let answer = host.request_as(&stranger, "DELETE", &format!("/api/jobs/{runs}"), b"");
    assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("forbidden")));
    assert_eq!(host.request_as(&stranger, "GET", &format!("/api/jobs/{runs}/log"), b"").status, 403);
    let mut client = Client::join(&host, "snapshot");
    let answer = client.ask("job.cancel", json!({"job_id": waits}));
    assert_eq!(answer["data"], json!({"job_id": waits, "status": "cancelled"}), "{answer:#}");
    let answer = host.request("DELETE", &format!("/api/jobs/{runs}"), b"");
    assert_eq!(answer.json(), json!({"job_id": runs, "status": "cancelled"}));
    let last = client.event("job.progress", |data| data["job_id"] == runs && data["status"] != "running");
    assert_eq!(last["status"], "cancelled");
    until("nothing is left", || is_clean(&host) && processes(folder.path()) == 0);
    // The worker is free again, and what has ended stays.
    succeeded(&host, build(&host, "ember", json!({"code": LEAST, "language": "wat"})));
    assert_eq!(job(&host, runs)["status"], "cancelled");
    assert_eq!(client.ask("job.cancel", json!({"job_id": waits}))["data"]["status"], "cancelled");
    assert_eq!(client.ask("job.cancel", json!({"job_id": 999}))["data"]["code"], "unknown_job");
}

/// The processes that were started for this folder, cages and what is in them: the first process of a
/// cage names the folder, and what it started cannot be without it.
fn cages(folder: &Path) -> Vec<i32> {
    let folder = folder.to_string_lossy().into_owned();
    let entries = fs::read_dir("/proc").expect("a system with processes").flatten();
    let is_cage = |line: Vec<u8>| {
        let line = String::from_utf8_lossy(&line).into_owned();
        line.contains("compile-source") && line.contains(&folder)
    };
    let cages = entries.filter(|entry| fs::read(entry.path().join("cmdline")).is_ok_and(is_cage));
    cages.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok()).collect()
}

fn processes(folder: &Path) -> usize {
    cages(folder).len()
}

#[test]
fn a_compiler_that_is_killed_fails_its_job_and_no_other() {
    use nix::sys::signal::{Signal, kill};
    let folder = tempfile::tempdir().expect("a temporary folder");
    let host = Host::configured(folder.path(), |command| {
        command.args(["--build-workers", "1", "--build-seconds", "200"]);
    });
    created(&host, "ember");
    for (language, code) in [
        ("rust", format!("{}\n{ENDLESS}", fireball())),
        ("assemblyscript", format!("{}\n{ENDLESS_SCRIPT}", script())),
    ] {
        let killed = build(&host, "ember", json!({"code": code, "language": language}));
        until("the compiler runs", || {
            job(&host, killed)["stage"] == "assemble_package" && processes(folder.path()) > 0
        });
        for cage in cages(folder.path()) {
            // One that ended with another is gone by now.
            let _ = kill(nix::unistd::Pid::from_raw(cage), Signal::SIGKILL);
        }
        let told = ended(&host, killed);
        assert_eq!(told["status"], "failed", "{told:#}");
        assert!(
            told["error_message"].as_str().is_some_and(|text| text.contains("was ended (signal")),
            "{told:#}"
        );
        until("nothing is left", || is_clean(&host) && processes(folder.path()) == 0);
    }
    succeeded(&host, build(&host, "ember", json!({"code": LEAST, "language": "wat"})));
}

#[test]
fn a_host_without_compilers_says_what_is_missing_and_takes_what_needs_none() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).expect("a writable folder");
    let host = Host::configured(folder.path(), |command| {
        command
            .env("PATH", &empty)
            .env("HOME", &empty)
            .env("CARGO_HOME", &empty)
            .env_remove("XDG_CACHE_HOME");
    });
    created(&host, "ember");
    for (language, code, word) in
        [("rust", fireball(), "no Rust to compile with"), ("assemblyscript", script(), "need Node.js")]
    {
        let id = build(&host, "ember", json!({"code": code, "language": language}));
        let told = ended(&host, id);
        assert_eq!(told["status"], "failed", "{told:#}");
        let message = told["error_message"].as_str().expect("a reason");
        assert!(message.contains(word) && message.contains("install it with"), "{message}");
    }
    succeeded(&host, build(&host, "ember", json!({"code": LEAST, "language": "wat"})));
    assert!(is_clean(&host));
}

#[test]
fn a_host_with_half_a_toolchain_says_which_half_is_missing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tools = folder.path().join("tools");
    fs::create_dir(&tools).expect("a writable folder");
    // Rust without the target; Node.js without the compiler and without a registry to have it from.
    let sysroot = half::sysroot(&folder.path().join("rust"));
    half::script(&tools.join("rustc"), &format!("echo {}", sysroot.display()));
    half::script(&tools.join("npm"), "echo no network >&2; exit 1");
    std::os::unix::fs::symlink(half::node(), tools.join("node")).expect("a link");
    let host = Host::configured(folder.path(), |command| {
        command.env("PATH", &tools).env("HOME", &tools).env_remove("XDG_CACHE_HOME");
    });
    created(&host, "ember");
    for (language, code, word, todo) in [
        ("rust", fireball(), "has no `wasm32-unknown-unknown` target", "rustup target add"),
        ("assemblyscript", script(), "could not be installed with npm", "doctor --fix"),
    ] {
        let id = build(&host, "ember", json!({"code": code, "language": language}));
        let told = ended(&host, id);
        assert_eq!(told["status"], "failed", "{told:#}");
        let message = told["error_message"].as_str().expect("a reason");
        assert!(message.contains(word) && message.contains(todo), "{message}");
    }
    assert!(is_clean(&host));
}

#[test]
fn a_job_outlives_its_host() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let start = |seconds: &str| {
        Host::configured(folder.path(), |command| {
            command.args(["--build-workers", "1", "--build-seconds", seconds]);
        })
    };
    let host = start("200");
    created(&host, "ember");
    let runs = build(&host, "ember", json!({"code": format!("{}\n{ENDLESS}", fireball())}));
    let waits = build(&host, "ember", json!({"code": LEAST, "language": "wat"}));
    until("it runs", || job(&host, runs)["stage"] == "assemble_package");
    until("the compiler runs", || processes(folder.path()) > 0);
    host.end("KILL");
    until("no compiler outlives its host", || processes(folder.path()) == 0);
    let host = start("200");
    until("it runs again", || job(&host, runs)["status"] == "running");
    assert_eq!(job(&host, waits)["status"], "queued");
    host.end("TERM");
    let host = start("3");
    assert_eq!(ended(&host, runs)["status"], "timed_out");
    succeeded(&host, waits);
    assert!(is_clean(&host));
}

#[test]
fn a_build_that_cannot_be_is_refused_and_makes_no_job() {
    let host = Host::start();
    created(&host, "ember");
    let path =
        |path: &str| json!({"code": "x", "options": {"assets": [{"path": path, "content_base64": ""}]}});
    for (spell, body, status, code) in [
        ("nobody", json!({"code": "x"}), 404, "unknown_spell"),
        ("No Id", json!({"code": "x"}), 400, "bad_spell_id"),
        ("ember", json!({}), 400, "no_source"),
        ("ember", json!({"code": "x", "language": "cobol"}), 400, "bad_param"),
        ("ember", json!({"code": 7}), 400, "bad_message"),
        ("ember", json!({"prompt": "a ball of fire"}), 503, "prompt_not_configured"),
        ("ember", path("../x"), 400, "bad_param"),
        ("ember", path("/etc/passwd"), 400, "bad_param"),
        ("ember", path("a//b"), 400, "bad_param"),
        (
            "ember",
            json!({"code": "x", "options": {"assets": [{"path": "a", "content_base64": "?"}]}}),
            400,
            "bad_param",
        ),
        ("ember", json!({"code": "x".repeat(600 * 1024)}), 413, "too_large"),
    ] {
        let spell = spell.replace(' ', "%20");
        let answer = host.request("POST", &format!("/api/spells/{spell}/build"), body.to_string().as_bytes());
        assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{}", answer.text());
    }
    let stranger = Client::login(&host);
    let answer = host.request_as(&stranger, "POST", "/api/spells/ember/build", b"{\"code\": \"x\"}");
    assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("forbidden")));
    for path in ["/api/jobs/1", "/api/jobs/nonsense", "/api/jobs/1/log"] {
        let answer = host.request("GET", path, b"");
        assert_eq!((answer.status, &answer.json()["code"]), (404, &json!("unknown_job")), "{path}");
    }
}

#[test]
fn a_model_writes_a_spell_and_is_told_what_was_wrong() {
    let wrong = "Sure!\n```rust\nthis is no Rust\n```\n".to_owned();
    let right = format!("Here it is:\n```rust\n{}\n```\nEnjoy.", fireball());
    let (address, asked) = model(vec![wrong, right]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let host = Host::configured(folder.path(), |command| {
        command
            .env("SPELLHOST_MODEL_URL", address)
            .env("SPELLHOST_MODEL_NAME", "scribe")
            .env("SPELLHOST_MODEL_KEY", CANARY);
    });
    created(&host, "ember");
    let id = build(&host, "ember", json!({"prompt": "a ball of fire"}));
    let revision = succeeded(&host, id);
    let first = asked.recv_timeout(PATIENCE).expect("it was asked");
    assert_eq!(first.line, "POST /v1/chat/completions HTTP/1.1");
    assert_eq!(first.authorization, format!("Bearer {CANARY}"));
    assert_eq!(first.body["model"], "scribe");
    assert_eq!(first.body["messages"][1], json!({"role": "user", "content": "a ball of fire"}));
    assert!(first.body["messages"][0]["content"].as_str().is_some_and(|text| text.contains("export_spell!")));
    let second = asked.recv_timeout(PATIENCE).expect("it was asked again");
    let said = second.body["messages"][3]["content"].as_str().expect("what was wrong").to_owned();
    assert!(said.contains("src/lib.rs:1:"), "{said}");
    let file = format!("/api/spells/ember/revisions/{revision}/files/source/src/lib.rs");
    assert_eq!(host.request("GET", &file, b"").text(), fireball().trim_end());
    assert!(!log(&host, id).contains(CANARY) && !contains(host.data(), CANARY.as_bytes()));

    // A model that never gets it right, and one that is not there.
    let (address, asked) = model(vec!["```\nno Rust\n```".into(); 4]);
    for (address, word) in [(address, "did not compile"), ("http://127.0.0.1:9".into(), "cannot be reached")]
    {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let host = Host::configured(folder.path(), |command| {
            command.env("SPELLHOST_MODEL_URL", address).env("SPELLHOST_MODEL_NAME", "scribe");
        });
        created(&host, "ember");
        let told = ended(&host, build(&host, "ember", json!({"prompt": "a ball of fire"})));
        assert_eq!(told["status"], "failed");
        assert!(told["error_message"].as_str().is_some_and(|text| text.contains(word)), "{told:#}");
    }
    assert_eq!(asked.iter().count(), 4, "the tries are bounded");
}
