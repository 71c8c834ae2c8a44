//! What an operator meets: figures that are true, a disk that fills up, and a directory that another
//! version has left.
//!
//! Knows the protocol, and of the store only what its crate promises to everybody.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use spellhost_store::{FrameLog as _, NewSnapshot, Options, Snapshot, Store, WorldId};

use crate::binary::json as run_json;
use crate::publish::{cast, created, idle, publish, published, trapping, upload};
use crate::server::client::Client;
use crate::server::host::{Host, OPERATOR};

/// Everything that is measured, by its series.
fn measured(host: &Host) -> BTreeMap<String, f64> {
    let text = host.request("GET", "/metrics", b"").text();
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let pair = |line: &str| {
        let (series, value) = line.rsplit_once(' ').expect("a series and a value");
        (series.to_owned(), value.parse().expect("a number"))
    };
    lines.map(pair).collect()
}

/// The series of one measure, without those that stand at nothing.
fn series(measured: &BTreeMap<String, f64>, name: &str) -> BTreeMap<String, f64> {
    let own = |series: &str| series == name || series.starts_with(&format!("{name}{{"));
    let found = measured.iter().filter(|(series, value)| own(series) && **value != 0.0);
    found.map(|(series, value)| (series.clone(), *value)).collect()
}

/// What frames say was to be counted.
#[derive(Default)]
struct Counted {
    ticks: u64,
    swaps: f64,
    casts: BTreeMap<String, f64>,
    calls: BTreeMap<String, f64>,
    fuel: BTreeMap<String, f64>,
}

impl Counted {
    fn frame(&mut self, frame: &Value) {
        let list = |name: &str| frame[name].as_array().expect("a list").clone();
        assert_eq!(frame["tick"], self.ticks, "every frame from the first on");
        self.ticks += 1;
        self.swaps += list("swaps").len() as f64;
        for cast in list("casts") {
            let spell = cast["spell_id"].as_str().expect("a spell");
            let refused = cast["outcome"]["reason"].as_str().unwrap_or("no");
            let series = format!("spellhost_casts_total{{spell=\"{spell}\",refused=\"{refused}\"}}");
            *self.casts.entry(series).or_default() += 1.0;
        }
        for call in list("calls") {
            let spell = call["spell_id"].as_str().expect("a spell");
            let kind = call["outcome"]["kind"].as_str().expect("a kind");
            let series = format!("spellhost_calls_total{{spell=\"{spell}\",outcome=\"{kind}\"}}");
            *self.calls.entry(series).or_default() += 1.0;
            let series = format!("spellhost_fuel_total{{spell=\"{spell}\"}}");
            *self.fuel.entry(series).or_default() += call["fuel"]["used"].as_f64().expect("a number");
        }
    }
}

#[test]
fn what_is_counted_is_what_happened() {
    let host = Host::start();
    let made = host.request("POST", "/join", json!({"terrain": "flat"}).to_string().as_bytes()).json();
    let world = made["world_id"].as_str().expect("a world").to_owned();
    created(&host, "ember");
    published(&host, "ember", &crate::components::spells()["fireball"], json!({}));
    created(&host, "bad");
    published(&host, "bad", &trapping(), json!({}));
    published(&host, "ember", &idle("second"), json!({}));
    let entering = |world: &str, mode: &str| {
        Client::entering(&host, json!({"mode": mode, "world_id": world, "from_tick": 0}))
    };
    let mut own = entering(&world, "apply");
    let mut default = entering("default", "lockstep");
    let ask = |client: &mut Client, spell: &str| {
        let accepted = client.ask("spell.cast_request", json!({"spell_id": spell}));
        assert!(accepted["data"]["cast_id"].is_number(), "{accepted:#}");
    };
    (0..3).for_each(|_| ask(&mut own, "ember"));
    (0..2).for_each(|_| ask(&mut own, "bad"));
    (0..2).for_each(|_| ask(&mut default, "ember"));
    assert_eq!(host.request_as(OPERATOR, "DELETE", &format!("/world/{world}"), b"").status, 200);

    let (mut in_own, mut in_default) = (Counted::default(), Counted::default());
    loop {
        let message = own.next();
        match message["type"].as_str() {
            Some("tick_frame") => in_own.frame(&message["data"]),
            Some("world_closed") => break,
            _ => {}
        }
    }
    while in_default.casts.values().sum::<f64>() < 2.0 || in_default.calls.values().sum::<f64>() < 2.0 {
        in_default.frame(&default.event("tick_frame", |_| true));
    }
    let tick = || host.request("GET", "/world/default", b"").json()["tick"].as_f64().expect("a tick");
    let (before, found, after) = (tick(), measured(&host), tick());

    let sum = |a: &BTreeMap<String, f64>, b: &BTreeMap<String, f64>| {
        let mut all = a.clone();
        b.iter().for_each(|(series, value)| *all.entry(series.clone()).or_default() += value);
        all
    };
    assert_eq!(series(&found, "spellhost_casts_total"), sum(&in_own.casts, &in_default.casts));
    assert_eq!(series(&found, "spellhost_calls_total"), sum(&in_own.calls, &in_default.calls));
    assert_eq!(series(&found, "spellhost_fuel_total"), sum(&in_own.fuel, &in_default.fuel));
    assert_eq!(found["spellhost_swaps_total"], in_own.swaps + in_default.swaps);
    assert_eq!(in_own.swaps, in_default.swaps, "a swap reaches every world");
    // An upload moves `draft`, and a publish `stable`.
    assert_eq!(in_own.swaps, 6.0);
    assert_eq!(found["spellhost_bytes_total{mode=\"apply\"}"], own.told_bytes() as f64);
    let ticks = found["spellhost_tick_seconds_count"] - in_own.ticks as f64;
    assert!((before..=after + 1.0).contains(&ticks), "{before} ≤ {ticks} ≤ {after} + 1");
    let all = found["spellhost_tick_seconds_bucket{le=\"+Inf\"}"];
    assert_eq!(all, found["spellhost_tick_seconds_count"]);
    assert_eq!((found["spellhost_connections"], found["spellhost_worlds"]), (2.0, 1.0));
    assert!(found["spellhost_queue_messages"] <= 512.0);
    for name in ["spellhost_desyncs_total", "spellhost_resyncs_total", "spellhost_worlds_unkept"] {
        assert_eq!(series(&found, name), BTreeMap::new(), "nothing of that happened");
    }
}

/// Waits for a measure to stand at a value, for as long as half a minute.
fn until_measured(host: &Host, name: &str, value: f64) {
    let begin = Instant::now();
    while measured(host).get(name) != Some(&value) {
        assert!(begin.elapsed().as_secs() < 30, "{name} is {:?}", measured(host).get(name));
        std::thread::yield_now();
    }
}

/// Fills a disk to its last byte.
fn fill(path: &Path) {
    use std::io::Write as _;
    let mut filler = fs::File::create(path).expect("there is space for a name");
    for size in [1 << 20, 4_096] {
        while filler.write_all(&vec![0x5a; size]).is_ok() {}
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a writable folder");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("it is there");
        }
    }
}

#[test]
fn a_full_disk_refuses_what_is_to_be_kept_and_the_world_goes_on() {
    use std::os::fd::AsRawFd as _;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let host = Host::on_small_disk(folder.path(), 112);
    // The disk goes with its last user: this test is one.
    let disk = fs::File::open(host.disk()).expect("it is there");
    created(&host, "ember");
    let (good, _) = published(&host, "ember", &idle("first"), json!({}));
    let next = upload(&host, "ember", &idle("second"));
    let mut client = Client::join(&host, "snapshot");
    assert_eq!(cast(&mut client, "ember")["outcome"]["kind"], "applied");
    let before = host.request("GET", "/api/spells/ember", b"").json();

    let filler = host.disk().join("filler");
    fill(&filler);
    until_measured(&host, "spellhost_worlds_unkept", 1.0);
    let full = "the host has no space left: nothing was changed";
    let refusals = [
        publish(&host, "ember", &next, json!({})),
        host.request("PUT", "/api/spells/ember/revisions", &idle("third")),
        host.request("POST", "/api/spells", b"{\"spell_id\": \"other\"}"),
        host.request("POST", "/login", b"{\"username\": \"ada\"}"),
        host.request_as(OPERATOR, "POST", "/world/default", b""),
    ];
    for refused in refusals {
        let problem = refused.json();
        assert_eq!((refused.status, &problem["code"]), (503, &json!("store_full")), "{problem:#}");
        assert_eq!(problem["detail"], full);
    }
    let refused =
        client.ask("spell.publish", json!({"spell_id": "ember", "revision_id": next, "channel": "stable"}));
    assert_eq!((&refused["data"]["code"], &refused["data"]["message"]), (&json!("store_full"), &json!(full)));
    assert_eq!(host.request("GET", "/api/spells/ember", b"").json(), before, "nothing has changed");
    // Who plays notices nothing, and the world goes on.
    let ticks: Vec<u64> = (0..3)
        .map(|_| {
            let event = cast(&mut client, "ember");
            let told = (&event["outcome"]["kind"], &event["revision_id"]);
            assert_eq!(told, (&json!("applied"), &json!(good)));
            event["tick"].as_u64().expect("a tick")
        })
        .collect();
    assert!(ticks.is_sorted_by(|a, b| a < b), "{ticks:?}");
    assert!(client.has_not_heard("spell.active_update"));

    // With space again everything goes on by itself: the log behind a snapshot.
    fs::remove_file(&filler).expect("it is there");
    until_measured(&host, "spellhost_worlds_unkept", 0.0);
    assert_eq!(publish(&host, "ember", &next, json!({})).status, 200);
    let last = cast(&mut client, "ember");
    assert_eq!(last["revision_id"], json!(next));
    // Until its frame is on the disk for certain.
    let saved = host.request_as(OPERATOR, "POST", "/world/default", b"").json()["saved_tick"].clone();
    assert!(saved.as_u64() > last["tick"].as_u64(), "{saved}");
    host.end("KILL");

    let after = tempfile::tempdir().expect("a temporary folder");
    copy(Path::new(&format!("/proc/self/fd/{}", disk.as_raw_fd())), &after.path().join("data"));
    let host = Host::at(after.path());
    let spell = host.request("GET", "/api/spells/ember", b"").json();
    assert_eq!(spell["active"]["stable"], json!(next), "{spell:#}");
    assert_eq!(host.request("GET", "/api/spells/other", b"").status, 404);
    assert!(host.request("GET", "/world/default", b"").json()["tick"].as_u64() >= saved.as_u64());
    let mut client = Client::join(&host, "snapshot");
    assert_eq!(cast(&mut client, "ember")["outcome"]["kind"], "applied");
    // The trial of a publish reads the log over the gap.
    let third = upload(&host, "ember", &idle("third"));
    let tried = publish(&host, "ember", &third, json!({"trial": true}));
    assert_eq!(tried.status, 200, "{}", tried.text());
    host.end("TERM");
    let (code, found) = run_json(after.path(), &["fsck", "--data", "data", "--json"]);
    assert_eq!((code, &found["clean"]), (0, &json!(true)), "{found:#}");
}

/// Opens the directory of a host that has ended.
fn store(folder: &Path) -> (Store, WorldId, Snapshot) {
    let (store, _) = Store::open(&folder.join("data"), Options::default()).expect("nobody else has it");
    let world = WorldId::parse("default").expect("an id");
    let last = store.snapshot_at(&world, u64::MAX).expect("readable").expect("a snapshot");
    (store, world, last)
}

/// Makes the last snapshot another engine's.
fn left_by(folder: &Path, engine_id: &str, frame_after: bool) -> Snapshot {
    let (store, world, last) = store(folder);
    let Snapshot { tick, hash, parts, refs, .. } = last.clone();
    let engine_id = engine_id.to_owned();
    store.save_snapshot(&world, NewSnapshot { tick, hash, engine_id, parts, refs }).expect("it is kept");
    if frame_after {
        store
            .append(&world, &[(tick, b"a frame that only its engine understands")], &[])
            .expect("it is kept");
        store.sync(&world).expect("it is kept");
    }
    store.close().expect("it closes");
    last
}

#[test]
fn frames_of_another_engine_are_refused_with_both_ids_and_a_log_that_was_closed_goes_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    Host::at(here).end("TERM");
    let other = format!("b3:{}", "ab".repeat(32));
    let last = left_by(here, &other, false);
    // That engine has closed the world: this one goes on where it stopped, and says what is its own.
    let host = Host::at(here);
    let server = format!("http://{}", host.address);
    assert!(host.request("GET", "/world/default", b"").json()["tick"].as_u64() >= Some(last.tick));
    assert_eq!(host.request_as(OPERATOR, "POST", "/world/default", b"").status, 200);
    let older = host.request("GET", "/worlds/default/log?from=0", b"");
    assert_eq!((older.status, &older.json()["code"]), (400, &json!("bad_param")));
    assert!(older.text().contains("another engine"), "{}", older.text());
    let (code, taken) = run_json(here, &["log", "default", "-o", "world.log", "--server", &server, "--json"]);
    assert_eq!((code, &taken["first_tick"]), (0, &json!(last.tick)), "{taken:#}");
    assert_eq!(run_json(here, &["replay", "world.log", "--json"]).0, 0);
    host.end("TERM");

    // It has not: frames follow its last snapshot.
    left_by(here, &other, true);
    let before = fs::read_dir(here.join("data/frames/default")).expect("a folder").count();
    let (code, refused) = run_json(here, &["serve", "--data", "data", "--listen", ":0", "--json"]);
    assert_eq!((code, &refused["error"]["code"]), (2, &json!("other_engine")), "{refused:#}");
    let message = refused["error"]["message"].as_str().expect("a message");
    for id in [other.as_str(), &last.engine_id] {
        assert!(message.contains(id), "{message}");
    }
    assert_eq!(fs::read_dir(here.join("data/frames/default")).expect("a folder").count(), before);
}

/// Changes a byte in the middle of a file.
fn flip(path: &Path) {
    let mut bytes = fs::read(path).expect("it is there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x41;
    fs::write(path, bytes).expect("writable");
}

#[test]
fn a_damaged_revision_is_named_and_takes_no_other_with_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    let host = Host::at(here);
    let mut blobs = Vec::new();
    for spell in ["ember", "frost"] {
        created(&host, spell);
        let (revision, published) = published(&host, spell, &idle(spell), json!({}));
        let component = published["manifest"]["component"]["digest"].as_str().expect("a digest").to_owned();
        blobs.push([revision, component]);
    }
    host.end("TERM");
    let blob = |id: &str| here.join(format!("data/blobs/{}/{}", &id[3..5], &id[5..]));
    for damaged in &blobs[0] {
        let whole = fs::read(blob(damaged)).expect("it is there");
        flip(&blob(damaged));
        let host = Host::at(here);
        let mut client = Client::join(&host, "snapshot");
        assert_eq!(cast(&mut client, "frost")["outcome"]["kind"], "applied");
        let refused = client.ask("spell.cast_request", json!({"spell_id": "ember"}));
        assert_eq!(refused["data"]["code"], "no_active_revision", "{refused:#}");
        // What is damaged is never served.
        assert_eq!(host.request("GET", &format!("/components/{}", blobs[1][1]), b"").status, 200);
        assert_ne!(host.request("GET", &format!("/components/{damaged}"), b"").status, 200);
        host.end("TERM");
        let (code, found) = run_json(here, &["fsck", "--data", "data", "--json"]);
        assert_eq!(code, 1);
        assert!(found["findings"].to_string().contains(damaged.as_str()), "{found:#}");
        fs::write(blob(damaged), whole).expect("writable");
    }
    let host = Host::at(here);
    let mut client = Client::join(&host, "snapshot");
    assert_eq!(cast(&mut client, "ember")["outcome"]["kind"], "applied");
}

#[test]
fn a_log_that_is_damaged_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    let host = Host::at(here);
    let mut client = Client::enter(&host, "default");
    client.event("tick_frame", |frame| frame["tick"].as_u64() >= Some(60));
    host.end("TERM");
    let frames = here.join("data/frames/default");
    let log = fs::read_dir(&frames).expect("a folder").next().expect("a file").expect("an entry").path();
    flip(&log);
    let (code, refused) = run_json(here, &["serve", "--data", "data", "--listen", ":0", "--json"]);
    assert_eq!((code, &refused["error"]["code"]), (2, &json!("frames_damaged")), "{refused:#}");
    let (message, hint) = (&refused["error"]["message"], &refused["error"]["hint"]);
    let name = log.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(message.as_str().is_some_and(|text| text.contains(&name)), "{message}");
    assert_eq!(hint, "mv data/frames/default ASIDE: it goes on from its last snapshot");
    fs::rename(&frames, here.join("aside")).expect("writable");
    let host = Host::at(here);
    assert!(host.request("GET", "/world/default", b"").json()["tick"].as_u64() > Some(60));
    host.end("KILL");
    Host::at(here).end("TERM");
}

#[test]
fn a_message_that_is_too_long_ends_its_connection_with_the_reason() {
    let host = Host::start();
    let (mut socket, _) = tungstenite::connect(format!("ws://{}/ws", host.address)).expect("a WebSocket");
    let long = json!({"type": "ping", "data": {"x": "y".repeat(300 * 1_024)}}).to_string();
    socket.send(tungstenite::Message::text(long)).expect("it is sent");
    let close = loop {
        match socket.read() {
            Ok(tungstenite::Message::Close(close)) => break close.expect("a reason"),
            Ok(_) => {}
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(u16::from(close.code), 1_009);
    assert_eq!(close.reason.as_str(), "a message has at most 262144 bytes");
}

#[test]
fn code_that_nobody_casts_leaves_the_memory_and_comes_back_when_it_is_cast() {
    let host = Host::start();
    created(&host, "ember");
    let revisions: Vec<String> =
        (0..48).map(|number| upload(&host, "ember", &idle(&format!("revision {number}")))).collect();
    let in_memory = measured(&host)["spellhost_components"];
    assert!((1.0..=36.0).contains(&in_memory), "{in_memory} of {} components", revisions.len());
    let answer = publish(&host, "ember", &revisions[0], json!({}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let event = cast(&mut Client::join(&host, "snapshot"), "ember");
    assert_eq!((&event["revision_id"], &event["outcome"]["kind"]), (&json!(revisions[0]), &json!("applied")));
}
