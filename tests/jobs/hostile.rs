//! What a cage holds when the compiler in it is no compiler any more: one of the tests' own that does what its source
//! says. Rust's own cannot be made to fork, to fill a disk or to look around.
//!
//! Knows what a cage is promised to hold; nothing of how.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{CANARY, build, cages, contains, created, ended, is_clean, log, until};
use crate::binary::root;
use crate::server::host::Host;

/// A folder that a host takes for an installed Rust, with the tyrant as its compiler.
fn tyranny(folder: &Path) {
    let compiler = folder.join("rust/bin/rustc");
    fs::create_dir_all(folder.join("rust/bin")).expect("a writable folder");
    fs::create_dir_all(folder.join("rust/lib/rustlib/wasm32-unknown-unknown")).expect("a writable folder");
    let source = root().join("tests/jobs/tyrant.rs");
    let compiled = Command::new("rustc").args(["--edition=2024", "-o"]).arg(&compiler).arg(source).status();
    assert!(compiled.is_ok_and(|status| status.success()), "the tyrant compiles");
}

/// A host that compiles with the tyrant.
fn under_a_tyrant(folder: &Path) -> Host {
    tyranny(folder);
    let host = Host::configured(folder, |command| {
        command.args(["--build-seconds", "10"]).env("SPELLHOST_TEST_CANARY", CANARY);
        command.env("PATH", folder.join("rust/bin"));
    });
    created(&host, "ember");
    host
}

/// What came of an order to the tyrant: the job, and all that was said.
fn obeyed(host: &Host, order: &str) -> (Value, String) {
    let id = build(host, "ember", json!({"code": order, "language": "rust"}));
    let told = ended(host, id);
    let said = log(host, id);
    assert!(is_clean(host), "{order}");
    (told, said)
}

/// After how many tries something ended.
fn tries(said: &str, what: &str) -> u64 {
    let begin = format!("{what} ended after ");
    let line = said.lines().find_map(|line| line.strip_prefix(&begin));
    let number = line.and_then(|line| line.split(':').next()?.parse().ok());
    number.unwrap_or_else(|| panic!("{what} does not end:\n{said}"))
}

fn bytes_below(folder: &Path) -> u64 {
    let size = |path: &Path| fs::symlink_metadata(path).map_or(0, |found| found.len());
    let entries = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    entries.map(|path| if path.is_dir() { bytes_below(&path) } else { size(&path) }).sum()
}

/// Whether no process has a word on its command line.
fn nobody_says(word: &str) -> bool {
    let entries = fs::read_dir("/proc").expect("a system with processes").flatten();
    let mut lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.all(|line| !line.windows(word.len()).any(|part| part == word.as_bytes()))
}

#[test]
fn a_compiler_that_forks_fills_the_disk_or_takes_all_is_held_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let host = under_a_tyrant(folder.path());
    let before = bytes_below(host.data());
    let mark = format!("tyranny-{}", std::process::id());
    for (order, whats, most) in [
        (format!("fork {mark}"), &["forking"][..], 64),
        ("fill".into(), &["/work", "/tmp"], 128),
        ("litter".into(), &["littering"], 4_096),
        ("take".into(), &["taking"], 16),
        ("open".into(), &["opening"], 256),
    ] {
        let (told, said) = obeyed(&host, &order);
        assert_eq!(told["status"], "failed", "{order}: {told:#}");
        let count: u64 = whats.iter().map(|what| tries(&said, what)).sum();
        assert!((1..=most).contains(&count), "{order}: {said}");
    }
    for (order, status, word) in [
        ("grow", "failed", "write files of 64 MiB"),
        ("print", "failed", "prints more than 1024 KiB"),
        ("link", "failed", "left no module"),
        ("nothing", "failed", "left no module"),
        ("spin", "timed_out", "more than 10 s"),
    ] {
        let (told, _) = obeyed(&host, order);
        assert_eq!(told["status"], status, "{order}: {told:#}");
        assert!(told["error_message"].as_str().is_some_and(|text| text.contains(word)), "{order}: {told:#}");
    }
    until("nothing it started is left", || nobody_says(&mark) && cages(folder.path()).is_empty());
    let grown = bytes_below(host.data()).saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} bytes are left");
}

#[test]
fn a_compiler_that_looks_around_sees_and_reaches_nothing_and_becomes_nobody_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let canary = folder.path().join("canary");
    fs::write(&canary, CANARY).expect("a canary");
    let socket = folder.path().join("socket");
    let _listener = UnixListener::bind(&socket).expect("a socket");
    let host = under_a_tyrant(folder.path());
    let (canary, socket) = (canary.display(), socket.display());
    let order = format!(
        "look environment / {canary} /work/../..{canary} /etc/passwd /proc /proc/self/environ /sys /root /home /dev \
         /tmp tcp:{} tcp:192.0.2.1:80 unix:{socket}",
        host.address
    );
    let (_, said) = obeyed(&host, &order);
    let listed = |place: &str| -> Vec<String> {
        let line = said.lines().find_map(|line| line.strip_prefix(&format!("{place}:")));
        line.unwrap_or_else(|| panic!("no {place} in {said}")).split_whitespace().map(str::to_owned).collect()
    };
    let mut variables = listed("environment");
    variables.sort();
    assert_eq!(variables, ["LD_LIBRARY_PATH", "PATH", "TMPDIR"]);
    // Beside the cage's own there is only what the loader needs.
    let own = ["dev", "lib", "lib64", "sdk", "tmp", "toolchain", "usr", "work"];
    assert!(listed("/").iter().all(|name| own.contains(&name.as_str())), "{said}");
    assert_eq!((listed("/dev"), listed("/tmp")), (vec!["null".to_owned()], vec![]));
    for place in ["/etc/passwd", "/proc", "/proc/self/environ", "/sys", "/root", "/home"] {
        assert!(said.contains(&format!("{place} is hidden")), "{place}: {said}");
    }
    assert_eq!(said.matches(" is silent").count(), 3, "{said}");
    assert!(!said.contains(CANARY) && !said.contains("answers"), "{said}");

    let (_, said) = obeyed(&host, "rise");
    assert!(said.contains("user 65534"), "{said}");
    assert!(said.matches(": refused").count() == 9 && !said.contains(": done"), "{said}");
    assert!(!contains(host.data(), CANARY.as_bytes()), "the canary is in the data directory");
}

#[test]
fn where_no_cage_can_be_had_source_is_refused_and_the_rest_is_served() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let host = Host::configured(folder.path(), |command| {
        command.args(["--build-seconds", "200"]);
    });
    created(&host, "ember");
    let code = format!("{}\n{}", super::fireball(), super::ENDLESS);
    let before = build(&host, "ember", json!({"code": code, "language": "rust"}));
    until("it runs", || !cages(folder.path()).is_empty());
    host.end("KILL");

    let host = Host::without_namespaces(folder.path(), &[]);
    let told = ended(&host, before);
    assert_eq!(told["status"], "failed", "{told:#}");
    assert!(
        told["error_message"].as_str().is_some_and(|text| text.starts_with("sandbox_unavailable: ")),
        "{told:#}"
    );
    for language in ["rust", "assemblyscript"] {
        let request = json!({"code": "x", "language": language}).to_string();
        let answer = host.request("POST", "/api/spells/ember/build", request.as_bytes());
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (503, &json!("sandbox_unavailable")),
            "{language}"
        );
        let message = answer.text();
        assert!(
            message.contains("upload a component") && message.contains("--unsandboxed-builds"),
            "{message}"
        );
    }
    let answer = host.request("GET", &format!("/api/jobs/{}", before + 1), b"");
    assert_eq!(answer.status, 404, "what is refused makes no job: {}", answer.text());
    // Text starts no compiler, and what is uploaded was compiled elsewhere.
    super::succeeded(&host, build(&host, "ember", json!({"code": super::LEAST, "language": "wat"})));
    let answer = host.request("PUT", "/api/spells/ember/revisions", &crate::publish::idle("uploaded"));
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(is_clean(&host));
    drop(host);

    // Who runs the host may wish it all the same.
    let host = Host::without_namespaces(folder.path(), &["--unsandboxed-builds"]);
    super::succeeded(&host, build(&host, "ember", json!({"code": super::fireball(), "language": "rust"})));
    assert!(is_clean(&host));
}
