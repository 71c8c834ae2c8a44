//! Publishing and keeping house from a terminal: the commands against a real host and its directory.
//!
//! Knows the command line and what it prints for programs.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::binary::{command, root, run};
use crate::publish::{digging, idle, trapping};
use crate::server::client::Client;
use crate::server::host::{Host, OPERATOR};

/// Runs a command with settings of its own; the exit code and its object.
fn ask(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = command(folder)
        .args(arguments)
        .arg("--json")
        .env("SPELLHOST_CONFIG", folder.join("settings"))
        .output()
        .expect("the binary starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let object = serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!("{arguments:?}: {error}: {text}{}", String::from_utf8_lossy(&output.stderr))
    });
    (output.status.code().unwrap_or(-1), object)
}

fn done(folder: &Path, arguments: &[&str]) -> Value {
    let (code, object) = ask(folder, arguments);
    assert_eq!(code, 0, "{arguments:?}: {object:#}");
    object
}

fn refused(folder: &Path, arguments: &[&str], code: i32, word: &str) -> Value {
    let (found, object) = ask(folder, arguments);
    assert_eq!((found, &object["error"]["code"]), (code, &json!(word)), "{arguments:?}: {object:#}");
    object
}

#[test]
fn a_spell_is_published_rolled_back_and_listed_from_a_terminal() {
    let host = Host::start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    let server = format!("http://{}", host.address);
    let on = |arguments: &[&str]| -> Vec<String> {
        arguments.iter().map(|text| (*text).into()).chain(["--server".into(), server.clone()]).collect()
    };
    let done_on = |arguments: &[&str]| {
        let arguments = on(arguments);
        done(here, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let refused_on = |arguments: &[&str], code, word: &str| {
        let arguments = on(arguments);
        refused(here, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), code, word)
    };
    for (name, bytes) in [("a", idle("a")), ("b", idle("b")), ("bad", trapping())] {
        fs::write(here.join(format!("{name}.wasm")), bytes).expect("writable");
    }
    let ember = root().join("spells/fireball").display().to_string();
    let built = done_on(&["publish", &ember, "--channel", "stable", "--note", "first"]);
    assert_eq!(
        (&built["spell_id"], &built["channel"], &built["version"]),
        (&json!("fireball"), &json!("stable"), &json!(1))
    );
    assert!(built["tick"].is_number(), "{built:#}");
    let first = done_on(&["publish", "a.wasm", "--spell", "ember", "--channel", "stable"]);
    let mut client = Client::join(&host, "snapshot");
    let accepted = client.ask("spell.cast_request", json!({"spell_id": "ember"}));
    client.event("spell.cast_event", |event| event["cast_id"] == accepted["data"]["cast_id"]);
    let more = ["--channel", "stable", "--trial", "--guard", "5%"];
    let second = done_on(&[["publish", "b.wasm", "--spell", "ember"].as_slice(), &more].concat());
    assert_eq!((&second["version"], &second["trial"]["trapped"]), (&json!(2), &json!(0)));
    let bad = refused_on(
        &["publish", "bad.wasm", "--spell", "ember", "--channel", "stable", "--trial=0.5"],
        1,
        "trial_failed",
    );
    assert_eq!(bad["error"]["trial"]["trapped"], 1, "{bad:#}");

    let listed = done_on(&["revisions", "ember"]);
    let versions: Vec<&Value> =
        listed["revisions"].as_array().expect("a list").iter().map(|one| &one["version"]).collect();
    assert_eq!(versions, [3, 2, 1]);
    assert_eq!(listed["active"]["stable"], second["revision_id"]);
    let back = done_on(&["rollback", "ember", "--channel", "stable"]);
    assert_eq!(back["revision_id"], first["revision_id"]);
    refused_on(&["rollback", "ember", "--channel", "beta"], 1, "nothing_to_roll_back");
    let moves = done_on(&["channels", "ember"]);
    let why: Vec<&Value> =
        moves["history"]["stable"].as_array().expect("a list").iter().map(|entry| &entry["reason"]).collect();
    assert_eq!(why, ["rollback", "publish", "publish"]);
    let note = done_on(&["channels", "fireball"])["history"]["stable"][0]["note"].clone();
    assert_eq!(note, "first");
    let stable = done_on(&["channels", "stable"]);
    assert_eq!(stable["spells"].as_array().map(Vec::len), Some(2), "{stable:#}");
    assert_eq!(done_on(&["channels"])["spells"][0]["spell_id"], "ember");
    refused_on(&["revisions", "nobody"], 1, "unknown_spell");

    // Somebody else, once logged in, may not; the token is theirs alone to read.
    let login = done_on(&["login", "--username", "ada"]);
    assert_eq!(login["username"], "ada");
    let kept = here.join("settings/logins.json");
    assert_eq!(login["kept_in"], kept.display().to_string());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&kept).expect("a file").permissions().mode() & 0o777, 0o600);
    }
    assert!(!login.to_string().contains(&token(&kept)), "a token is not printed");
    refused_on(&["publish", "a.wasm", "--spell", "ember"], 1, "forbidden");
    refused_on(&["rollback", "ember", "--token", "nonsense"], 1, "unauthorized");
    assert_eq!(done_on(&["publish", "a.wasm", "--spell", "adas"])["channel"], "draft");
    assert_eq!(done_on(&["publish", "b.wasm", "--spell", "ember", "--token", OPERATOR])["spell_id"], "ember");
    // For people: one line that says from when.
    let output = run(here, &["rollback", "ember", "--token", OPERATOR, "--server", &server]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with("ember is on draft from tick "), "{text}");
}

fn token(kept: &Path) -> String {
    let logins: Value = serde_json::from_slice(&fs::read(kept).expect("a file")).expect("JSON");
    let first = logins.as_object().and_then(|all| all.values().next()).expect("a login");
    first["session_token"].as_str().expect("a token").to_owned()
}

#[test]
fn a_store_is_checked_mended_emptied_and_moved() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    let host = Host::at(here);
    let server = format!("http://{}", host.address);
    for (name, channel) in [("a", "draft"), ("b", "stable"), ("c", "draft")] {
        fs::write(here.join("spell.wasm"), idle(name)).expect("writable");
        done(here, &["publish", "spell.wasm", "--channel", channel, "--server", &server]);
    }
    for command in ["fsck", "recover", "gc"] {
        let problem = refused(here, &[command, "--data", "data"], 2, "store_in_use");
        assert!(problem["error"]["hint"].is_string(), "{problem:#}");
    }
    refused(here, &["export", "x.archive", "--data", "data"], 2, "store_in_use");
    // A host that runs exports itself, to its operator.
    refused(here, &["export", "live.archive", "--server", &server], 1, "forbidden");
    done(here, &["export", "live.archive", "--server", &server, "--token", OPERATOR]);
    host.end("TERM");
    done(here, &["import", "live.archive", "--data", "copy"]);
    assert_eq!(done(here, &["fsck", "--data", "copy"])["clean"], true);

    let clean = done(here, &["fsck", "--data", "data"]);
    assert_eq!((&clean["clean"], &clean["revisions"]), (&json!(true), &json!(3)), "{clean:#}");
    done(here, &["export", "one.archive", "--data", "data"]);
    done(here, &["import", "one.archive", "--data", "moved"]);
    done(here, &["export", "two.archive", "--data", "moved"]);
    let read = |name: &str| fs::read(here.join(name)).expect("an archive");
    assert!(read("one.archive") == read("two.archive"), "nothing is lost on the way");
    refused(here, &["import", "one.archive", "--data", "moved"], 2, "not_empty");
    fs::write(here.join("half.archive"), &read("one.archive")[..500]).expect("writable");
    refused(here, &["import", "half.archive", "--data", "half"], 1, "bad_archive");

    // Everything was on a channel once: nothing goes but what is stray.
    fs::create_dir_all(here.join("data/blobs/00")).expect("writable");
    fs::write(here.join("data/blobs/00").join("1".repeat(62)), b"stray").expect("writable");
    let would = done(here, &["gc", "--dry-run", "--grace", "0", "--data", "data"]);
    assert_eq!((&would["revisions"], &would["files"]), (&json!([]), &json!(1)), "{would:#}");
    assert!(here.join("data/blobs/00").join("1".repeat(62)).exists());
    assert_eq!(done(here, &["gc", "--grace", "0", "--data", "data"])["files"], 1);
    assert!(!here.join("data/blobs/00").join("1".repeat(62)).exists());

    // A database that is gone comes back from the journal.
    fs::remove_dir_all(here.join("data/db")).expect("writable");
    let recovered = done(here, &["recover", "--data", "data"]);
    assert_eq!(recovered["lost"], Value::Null);
    assert_eq!(done(here, &["fsck", "--data", "data"])["revisions"], 3);
    let host = Host::at(here);
    let spell = host.request("GET", "/api/spells/spell", b"").json();
    assert!(spell["active"]["stable"].is_string(), "{spell:#}");
    host.end("TERM");

    // A blob that was changed is found, and named.
    let blob = walk(&here.join("data/blobs"))
        .into_iter()
        .max_by_key(|path| path.metadata().map_or(0, |data| data.len()));
    fs::write(blob.expect("a blob"), b"something else").expect("writable");
    let (code, found) = ask(here, &["fsck", "--data", "data"]);
    assert_eq!((code, &found["clean"]), (1, &json!(false)), "{found:#}");
    assert!(found["findings"].as_array().is_some_and(|findings| !findings.is_empty()));
}

/// A host that is none: what it answers to the first who asks, before it goes away.
fn answering(answer: &'static str) -> String {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody asks");
        let _ = stream.read(&mut [0; 4_096]);
        stream.write_all(answer.as_bytes()).expect("it reads");
    });
    format!("http://{address}")
}

#[test]
fn what_a_world_did_is_taken_along_and_plays_again() {
    let host = Host::start();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    let server = format!("http://{}", host.address);
    fs::write(here.join("ember.wasm"), digging()).expect("writable");
    done(here, &["publish", "ember.wasm", "--channel", "stable", "--server", &server]);
    let mut client = Client::enter(&host, "default");
    let cast = client.ask("spell.cast_request", json!({"spell_id": "ember"}))["data"]["tick"].clone();
    let until = cast.as_u64().expect("a tick") + 30;
    let last = client.event("tick_frame", |frame| frame["tick"] == until);
    let until = until.to_string();

    let taken = done(here, &["log", "default", "-o", "a.log", "--to", &until, "--server", &server]);
    assert_eq!((&taken["first_tick"], &taken["last_tick"]), (&json!(0), &last["tick"]), "{taken:#}");
    assert_eq!(taken["bytes"], fs::metadata(here.join("a.log")).expect("a file").len());
    let played = done(here, &["replay", "a.log"]);
    assert_eq!((&played["state_hash"], &played["engine_id"]), (&last["state_hash"], &taken["engine_id"]));
    assert_eq!((&played["casts"], &played["world_id"]), (&json!(1), &json!("default")));
    let from = cast.to_string();
    let range = ["--from", from.as_str(), "--to", &until, "--server", &server];
    done(here, &[["log", "default", "-o", "b.log"].as_slice(), &range].concat());
    assert_eq!(done(here, &["replay", "b.log"])["first_tick"], cast);
    let output = run(here, &[["log", "default", "-o", "b.log"].as_slice(), &range].concat());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with(&format!("b.log: ticks {from} to {until} of default (")), "{text}");

    // What is refused leaves what was there, and nothing beside it.
    fs::write(here.join("kept.log"), "kept").expect("writable");
    let page = answering("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
    let cut = answering("HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\nhello");
    for (world, flags, server, code, word) in [
        ("nowhere", vec![], &server, 1, "unknown_world"),
        ("no/such?world", vec![], &server, 1, "unknown_world"),
        ("default", vec!["--from", "5", "--to", "4"], &server, 2, "empty_range"),
        ("default", vec!["--to", "99999999"], &server, 1, "bad_param"),
        ("default", vec!["--from", "99999999"], &server, 1, "bad_param"),
        ("default", vec!["--from", "-1"], &server, 2, "usage"),
        ("default", vec![], &"http://127.0.0.1:1".to_owned(), 2, "unreachable"),
        ("default", vec![], &"nonsense".to_owned(), 2, "server"),
        ("default", vec![], &page, 1, "refused"),
        ("default", vec![], &cut, 2, "unreachable"),
    ] {
        let arguments = [vec!["log", world, "-o", "kept.log", "--server", server], flags].concat();
        refused(here, &arguments, code, word);
        assert_eq!(fs::read_to_string(here.join("kept.log")).expect("a file"), "kept", "{arguments:?}");
    }
    refused(here, &["log", "default", "-o", "no/such/x.log", "--server", &server], 2, "file");
    refused(here, &["log", "default", "-o", ".", "--server", &server], 2, "file");
    refused(here, &["log", "default", "--server", &server], 2, "usage");
    let mut names: Vec<_> =
        fs::read_dir(here).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.log", "b.log", "ember.wasm", "kept.log"]);
}

#[test]
fn ctrl_c_ends_a_download_and_leaves_nothing() {
    use std::io::{Read as _, Write as _};
    let folder = tempfile::tempdir().expect("a temporary folder");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let server = format!("http://{}", listener.local_addr().expect("an address"));
    for arguments in [vec!["log", "default", "-o", "x"], vec!["export", "x"]] {
        let mut child = command(folder.path())
            .args(arguments)
            .args(["--server", &server, "--token", "any"])
            .spawn()
            .expect("the binary starts");
        let (mut stream, _) = listener.accept().expect("somebody asks");
        assert!(stream.read(&mut [0; 4_096]).is_ok_and(|read| read > 0));
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\nhello").expect("it reads");
        let pid = nix::unistd::Pid::from_raw(child.id().cast_signed());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("it runs");
        assert_eq!(child.wait().expect("it ends").code(), Some(130));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[test]
fn a_database_that_does_not_open_is_tried_in_a_process_of_its_own_and_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    Host::at(here).end("TERM");
    for path in walk(&here.join("data/db")) {
        let length = path.metadata().expect("a file").len() as usize;
        fs::write(&path, vec![0xa5; length]).expect("writable");
    }
    let output = run(here, &["serve", "--data", "data", "--listen", ":0", "--json"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("database_damaged") && text.contains("spellhost recover"), "{text}");
    done(here, &["recover", "--data", "data"]);
    Host::at(here).end("TERM");
}

#[test]
fn what_is_saved_is_swapped_into_the_host_that_watches() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    let spell = here.join("ember.wasm");
    fs::write(&spell, idle("first")).expect("writable");
    let host = Host::at_with(here, &["--watch", "ember.wasm"]);
    let mut client = Client::join(&host, "snapshot");
    // What was there at the start may have been swapped in before anybody listened.
    let stable =
        |host: &Host| host.request("GET", "/api/spells/ember", b"").json()["active"]["stable"].clone();
    let begin = std::time::Instant::now();
    while !stable(&host).is_string() && begin.elapsed().as_secs() < 30 {
        std::thread::yield_now();
    }
    let first = stable(&host);
    assert!(first.is_string());
    fs::write(&spell, idle("second")).expect("writable");
    let update = client.event("spell.active_update", |update| {
        update["channel"] == "stable" && update["previous_revision_id"] == first
    });
    assert_eq!(update["revision_id"], stable(&host));
    // What is no spell changes nothing.
    fs::write(&spell, b"broken").expect("writable");
    fs::write(&spell, idle("third")).expect("writable");
    let next = client.event("spell.active_update", |next| {
        next["channel"] == "stable" && next["previous_revision_id"] == update["revision_id"]
    });
    assert_eq!(next["reason"], "publish");
    let accepted = client.ask("spell.cast_request", json!({"spell_id": "ember"}));
    let event = client.event("spell.cast_event", |event| event["cast_id"] == accepted["data"]["cast_id"]);
    assert_eq!(event["revision_id"], next["revision_id"]);
}
