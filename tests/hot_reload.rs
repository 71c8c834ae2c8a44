//! Hot reload in `run`: a saved file is seen in the running world, and nothing an editor or a
//! compiler error does loses that world.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use spellhost_client::{Event, Mode};

use crate::binary::{command, root};
use crate::clients::{agree, cast, join_at, run, until};

/// How long a line may take to come: a cold build of a spell on a busy machine, with room.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running `spellhost run` on a copy of a spell, and the lines it prints.
struct Session {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    spell: PathBuf,
    source: PathBuf,
    _folder: tempfile::TempDir,
}

impl Session {
    fn start(name: &str) -> Self {
        Self::start_with(name, &[])
    }

    fn start_with(name: &str, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let spell = folder.path().join(name);
        copy(&root().join("spells").join(name), &spell);
        let source = if spell.join("Cargo.toml").exists() {
            let sdk = root().join("guest-sdk/rust").canonicalize().expect("the SDK is there");
            let manifest = fs::read_to_string(spell.join("Cargo.toml")).expect("a manifest");
            fs::write(
                spell.join("Cargo.toml"),
                manifest.replace("../../guest-sdk/rust", &sdk.to_string_lossy()),
            )
            .expect("a manifest");
            "src/lib.rs"
        } else {
            "assembly/index.ts"
        };
        let mut child = command(folder.path())
            .args(["run", name])
            .args(flags)
            // What a killed one leaves goes with the folder.
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let (send, lines) = channel();
        let out = child.stdout.take().expect("a standard output");
        let errors = child.stderr.take().expect("a standard error");
        let send_errors = send.clone();
        std::thread::spawn(move || {
            BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| send.send(line))
        });
        std::thread::spawn(move || {
            BufReader::new(errors).lines().map_while(Result::ok).try_for_each(|line| send_errors.send(line))
        });
        Self { child, lines, seen: Vec::new(), source: spell.join(source), spell, _folder: folder }
    }

    /// Waits for a line that holds all of `words`, and hands it out.
    fn wait_for(&mut self, words: &[&str]) -> String {
        let deadline = Instant::now() + PATIENCE;
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.seen.push(line.clone());
            if words.iter().all(|word| line.contains(word)) {
                return line;
            }
        }
        panic!("no line with {words:?} in:\n{}", self.seen.join("\n"));
    }

    /// Replaces the first `old` in the source, the way an editor does that renames on save.
    fn edit(&self, old: &str, new: &str) {
        let text = fs::read_to_string(&self.source).expect("a source");
        assert!(text.contains(old), "`{old}` is in the source");
        let temporary = self.source.with_file_name(".saved.swp");
        fs::write(&temporary, text.replacen(old, new, 1)).expect("a writable folder");
        fs::rename(temporary, &self.source).expect("a writable folder");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a writable folder");
    for entry in fs::read_dir(from).expect("a readable folder") {
        let entry = entry.expect("a readable folder");
        let target = to.join(entry.file_name());
        match entry.file_name().to_string_lossy().as_ref() {
            "target" => {}
            _ if entry.path().is_dir() => copy(&entry.path(), &target),
            _ => drop(fs::copy(entry.path(), target).expect("a readable file")),
        }
    }
}

fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(status.is_ok_and(|status| status.success()), "the process can be interrupted");
}

#[test]
fn a_saved_line_is_swapped_in_and_errors_lose_nothing() {
    let mut session = Session::start("fireball");
    session.wait_for(&["state", "hash"]);

    session.edit("impl Spell", "// a comment changes nothing the compiler sees\nimpl Spell");
    session.wait_for(&["swapped", "tick", "fuel"]);

    session.edit("impl Spell", "impl Spel");
    session.wait_for(&["error"]);
    session.edit("impl Spel ", "impl Spell ");
    session.wait_for(&["swapped", "tick", "fuel"]);

    let manifest = session.spell.join("spell.toml");
    let good = fs::read_to_string(&manifest).expect("a manifest");
    fs::write(&manifest, "id = 7\n").expect("a writable folder");
    session.wait_for(&["spell.toml", "id"]);
    fs::write(&manifest, &good).expect("a writable folder");

    let away = session.spell.with_extension("away");
    fs::rename(&session.spell, &away).expect("a writable folder");
    session.wait_for(&["gone"]);
    fs::rename(&away, &session.spell).expect("a writable folder");
    session.wait_for(&["back"]);
    session.edit("impl Spell", "// once more\nimpl Spell");
    session.wait_for(&["swapped", "tick", "fuel"]);

    interrupt(&session.child);
    assert_eq!(session.child.wait().expect("it ends").code(), Some(130));
}

/// The processes that a process started, by their numbers and command lines.
#[cfg(target_os = "linux")]
fn children(id: u32) -> Vec<(u32, String)> {
    let tasks = fs::read_dir(format!("/proc/{id}/task")).expect("a running process").flatten();
    let numbers = tasks.flat_map(|task| {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        children.split_whitespace().filter_map(|number| number.parse().ok()).collect::<Vec<u32>>()
    });
    numbers.map(|id| (id, fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default())).collect()
}

/// Waits until a process does nothing any more, whether somebody has asked how it ended or not.
#[cfg(target_os = "linux")]
fn wait_for_end(id: u32) {
    let (begin, path) = (Instant::now(), format!("/proc/{id}/stat"));
    let lives = |state: String| !state.contains(") Z ") && !state.contains(") X ");
    while fs::read_to_string(&path).is_ok_and(lives) {
        assert!(begin.elapsed() < PATIENCE, "the process {id} does not end");
        std::thread::yield_now();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_assemblyscript_spell_is_swapped_by_one_compiler_that_ends_with_its_parent() {
    let compilers = |session: &Session| -> Vec<u32> {
        let all = children(session.child.id()).into_iter();
        all.filter(|(_, line)| line.contains("compile.mjs")).map(|(id, _)| id).collect()
    };
    let mut session = Session::start("fireball-as");
    session.wait_for(&["state", "hash"]);
    let first = compilers(&session);
    assert_eq!(first.len(), 1, "one compiler stays");
    session.edit("seconds(3)", "seconds(2)");
    session.wait_for(&["swapped", "tick", "fuel"]);
    session.edit("export function cast", "export function cast(");
    session.wait_for(&["assembly/index.ts"]);
    session.edit("export function cast(", "export function cast");
    session.wait_for(&["swapped", "tick", "fuel"]);
    assert_eq!(compilers(&session), first, "the same compiler made all of them");

    // One that ended while it waited is no error of the next save.
    let killed = Command::new("kill").args(["-KILL", &first[0].to_string()]).status();
    assert!(killed.is_ok_and(|status| status.success()));
    wait_for_end(first[0]);
    session.edit("seconds(2)", "seconds(4)");
    session.wait_for(&["swapped", "tick", "fuel"]);
    assert!(session.seen.iter().all(|line| !line.contains("crashed")), "{:?}", session.seen);
    let first = compilers(&session);
    assert_eq!(first.len(), 1, "and another stays");

    session.child.kill().expect("the process can be killed");
    session.child.wait().expect("it ends");
    wait_for_end(first[0]);
}

#[test]
fn an_interrupt_during_a_build_ends_at_once_and_leaves_nothing() {
    let mut session = Session::start("frost-nova");
    session.wait_for(&["building"]);
    interrupt(&session.child);
    assert_eq!(session.child.wait().expect("it ends").code(), Some(130));
    assert!(!session.spell.join("target/frost-nova.wasm").exists());
}

/// The object of a line.
fn object(line: &str) -> Value {
    serde_json::from_str(line).expect("an object")
}

/// The tick of the first frame that fits.
async fn frame(client: &mut spellhost_client::Client, fits: impl Fn(&spellhost_wire::Frame) -> bool) -> u64 {
    until(client, |event| match event {
        Event::Tick(frame) if fits(frame) => Some(frame.tick),
        _ => None,
    })
    .await
}

#[test]
fn an_address_that_is_taken_is_said_at_once() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = taken.local_addr().expect("an address").to_string();
    let mut session = Session::start_with("fireball", &["--listen", &address]);
    session.wait_for(&["cannot listen on", &address]);
    assert_eq!(session.child.wait().expect("it ends").code(), Some(2));
}

#[test]
fn clients_follow_the_world_that_is_run_and_a_save_swaps_under_them() {
    let mut session = Session::start_with("fireball", &["--json", "--record", "cast.rec"]);
    let first = object(&session.wait_for(&["\"event\":\"cast\""]));
    let address = first["address"].as_str().and_then(|url| url.strip_prefix("http://")).expect("an address");
    run(async {
        let mut verifying = join_at(address, Mode::Lockstep, true, None).await;
        agree(&mut verifying, 30).await;
        let mut applying = join_at(address, Mode::Apply, false, None).await;
        // Nothing is published here but a draft: whoever plays along may cast it.
        let cast_id = cast(&verifying, "fireball").await;
        let is_cast = |frame: &spellhost_wire::Frame| frame.casts.iter().any(|cast| cast.cast_id == cast_id);
        let entered = frame(&mut applying, is_cast).await;
        assert_eq!(frame(&mut verifying, is_cast).await, entered);
        drop(applying);

        session.edit("impl Spell", "// swapped under a client\nimpl Spell");
        let tick = frame(&mut verifying, |frame| !frame.swaps.is_empty()).await;
        let swap = object(&session.wait_for(&["\"event\":\"swap\""]));
        assert_eq!(swap["tick"], tick, "{swap:#}");
        // What is shown of the cast after it is what the client comes to, in its own engine.
        let shown = object(&session.wait_for(&["\"event\":\"cast\""]));
        let hash = shown["state_hash"].as_str().expect("a hash").to_owned();
        frame(&mut verifying, |frame| frame.state_hash.to_string() == hash).await;
        agree(&mut verifying, 30).await;
    });
    interrupt(&session.child);
    assert_eq!(session.child.wait().expect("it ends").code(), Some(130));
    let recording = session.spell.with_file_name("cast.rec");
    let replayed = command(&root()).arg("replay").arg(recording).output().expect("the binary starts");
    assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stderr));
}
