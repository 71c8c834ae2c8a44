//! Publishing from outside: what fails changes nothing, what goes wrong later is taken back, and the
//! author is told.
//!
//! Knows the protocol and the command line; components are small texts of its own.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::components::spells;
use crate::guests;
use crate::server::client::Client;
use crate::server::host::{Answer, Host, OPERATOR};

/// A component whose `cast` is this text, told apart from others by a mark.
pub fn guest(mark: &str, parts: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("guest.wat");
    let text = format!(
        ";; A guest of the tests of publishing.\n;; ends: applied\n(data (i32.const 6000) \"{mark}\")\n{parts}"
    );
    fs::write(&path, text).expect("a writable folder");
    guests::build(&path)
}

/// Does nothing, and ends well.
pub fn idle(mark: &str) -> Vec<u8> {
    guest(mark, "")
}

/// Sets a voxel.
pub fn digging() -> Vec<u8> {
    let cast = "(import \"spellhost:spell/terrain@0.1.0\" \"apply\" (func $apply (param i32 i32)))
(func (export \"cast\") (param $ctx i32) (result i32)
  (i32.store offset=12 (i32.const 4096) (i32.const -3))
  (i32.store16 offset=20 (i32.const 4096) (i32.const 1))
  (call $apply (i32.const 4096) (i32.const 1))
  (i32.const 3072))";
    guest("digging", cast)
}

/// Traps.
pub fn trapping() -> Vec<u8> {
    guest("trapping", "(func $burst (export \"cast\") (param i32) (result i32) (unreachable))")
}

/// Says one line.
fn talking() -> Vec<u8> {
    let cast = "(import \"spellhost:spell/log@0.1.0\" \"log\" (func $log (param i32 i32 i32)))
(data (i32.const 4096) \"hello\")
(func (export \"cast\") (param i32) (result i32)
  (call $log (i32.const 2) (i32.const 4096) (i32.const 5)) (i32.const 3072))";
    guest("talking", cast)
}

pub fn created(host: &Host, spell: &str) {
    let answer = host.request("POST", "/api/spells", json!({"spell_id": spell}).to_string().as_bytes());
    assert_eq!(answer.status, 201, "{}", answer.text());
}

pub fn upload(host: &Host, spell: &str, bytes: &[u8]) -> String {
    let answer = host.request("PUT", &format!("/api/spells/{spell}/revisions"), bytes);
    assert!([200, 201].contains(&answer.status), "{}", answer.text());
    answer.json()["revision_id"].as_str().expect("a revision id").to_owned()
}

pub fn publish(host: &Host, spell: &str, revision: &str, more: Value) -> Answer {
    let mut body = json!({"revision_id": revision, "channel": "stable"});
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    host.request("POST", &format!("/api/spells/{spell}/publish"), body.to_string().as_bytes())
}

pub fn published(host: &Host, spell: &str, bytes: &[u8], more: Value) -> (String, Value) {
    let revision = upload(host, spell, bytes);
    let answer = publish(host, spell, &revision, more);
    assert_eq!(answer.status, 200, "{}", answer.text());
    (revision, answer.json())
}

fn history(host: &Host, spell: &str) -> Vec<Value> {
    let answer = host.request("GET", &format!("/api/spells/{spell}/channels/stable"), b"");
    answer.json()["items"].as_array().expect("a list").clone()
}

/// Casts and waits for what came of it.
pub fn cast(client: &mut Client, spell: &str) -> Value {
    let accepted = client.ask("spell.cast_request", json!({"spell_id": spell, "channel": "stable"}));
    let id = accepted["data"]["cast_id"].clone();
    assert!(id.is_number(), "{accepted:#}");
    client.event("spell.cast_event", |event| event["cast_id"] == id)
}

#[test]
fn a_publish_that_fails_changes_nothing_and_disconnects_nobody() {
    let host = Host::start();
    created(&host, "ember");
    let (good, _) = published(&host, "ember", &digging(), json!({}));
    let mut client = Client::join(&host, "snapshot");
    (0..3).for_each(|_| assert_eq!(cast(&mut client, "ember")["outcome"]["kind"], "applied"));
    let before = host.request("GET", "/api/spells/ember", b"").json();

    // What cannot be compiled is no revision.
    let all = guests::all();
    for name in ["text", "many-blocks", "start-traps"] {
        let bytes = &all.iter().find(|guest| guest.name == name).expect("a guest").bytes;
        let answer = host.request("PUT", "/api/spells/ember/revisions", bytes);
        assert_eq!((answer.status, &answer.json()["code"]), (422, &json!("not_a_spell")), "{name}");
    }
    assert_eq!(host.request("GET", "/api/spells/ember", b"").json(), before);
    let bad = upload(&host, "ember", &trapping());
    // What traps on what was cast is refused, and the report says on what.
    for trial in [json!(true), json!(0), json!(0.5)] {
        let answer = publish(&host, "ember", &bad, json!({"trial": trial}));
        let problem = answer.json();
        assert_eq!((answer.status, &problem["code"]), (422, &json!("trial_failed")), "{problem:#}");
        assert_eq!((&problem["trial"]["calls"], &problem["trial"]["trapped"]), (&json!(3), &json!(3)));
        let call = &problem["trial"]["casts"][0];
        assert_eq!(
            (&call["old"]["outcome"]["kind"], &call["new"]["outcome"]["kind"]),
            (&json!("applied"), &json!("trapped"))
        );
        assert_eq!(call["effects"]["removed"][0]["type"], "set_voxel", "{call:#}");
    }
    let refused = client.ask(
        "spell.publish",
        json!({"spell_id": "ember", "revision_id": bad, "channel": "stable", "trial": true}),
    );
    assert_eq!(
        (&refused["data"]["code"], &refused["data"]["trial"]["trapped"]),
        (&json!("trial_failed"), &json!(3))
    );
    for (more, code) in [(json!({"trial": 2}), "bad_message"), (json!({"guard": "much"}), "bad_message")] {
        assert_eq!(publish(&host, "ember", &bad, more).json()["code"], code);
    }
    assert_eq!(publish(&host, "ember", &format!("b3:{}", "0".repeat(64)), json!({})).status, 404);

    let after = host.request("GET", "/api/spells/ember", b"").json();
    assert_eq!(after["active"], json!({"draft": bad, "beta": null, "stable": good}));
    assert_eq!(history(&host, "ember").len(), 1);
    assert_eq!(client.ask("ping", json!({}))["type"], "pong");
    assert_eq!(cast(&mut client, "ember")["revision_id"], good.as_str());
    // Whoever says that it may trap gets it, with the report.
    let answer = publish(&host, "ember", &bad, json!({"trial": 1}));
    assert_eq!((answer.status, &answer.json()["trial"]["trapped"]), (200, &json!(4)), "{}", answer.text());
}

#[test]
fn a_trial_of_the_same_spell_finds_no_difference_and_one_of_another_names_it() {
    let host = Host::start();
    created(&host, "ember");
    let (first, _) = published(&host, "ember", &digging(), json!({"trial": true}));
    let mut client = Client::join(&host, "snapshot");
    (0..2).for_each(|_| drop(cast(&mut client, "ember")));
    let same = publish(&host, "ember", &first, json!({"trial": true})).json();
    let calls = same["trial"]["casts"].as_array().expect("a list");
    assert_eq!((calls.len(), &same["trial"]["rate"]), (2, &json!(0.0)), "{same:#}");
    for call in calls {
        assert_eq!((&call["effects"]["same"], &call["old"]), (&json!(true), &call["new"]), "{call:#}");
    }
    let (_, other) = published(&host, "ember", &idle("a"), json!({"trial": true}));
    let call = &other["trial"]["casts"][0];
    assert_eq!(call["effects"]["same"], false);
    assert_eq!(call["effects"]["removed"][0]["type"], "set_voxel", "{call:#}");
}

#[test]
fn of_two_who_publish_at_once_one_is_told_and_the_history_is_one_line() {
    let host = Host::start();
    created(&host, "ember");
    let revisions: Vec<String> = ["a", "b", "c", "d"].map(|mark| upload(&host, "ember", &idle(mark))).into();
    let mut watcher = Client::join(&host, "snapshot");
    let mut moved = Vec::new();
    let mut conflicts = 0;
    for _ in 0..50 {
        let answers: Vec<(Answer, String)> = std::thread::scope(|scope| {
            let host = &host;
            let one = |revision: &String| {
                let revision = revision.clone();
                scope.spawn(move || (publish(host, "ember", &revision, json!({})), revision))
            };
            let threads: Vec<_> = revisions.iter().map(one).collect();
            threads.into_iter().map(|thread| thread.join().expect("it answers")).collect()
        });
        for (answer, revision) in answers {
            match answer.status {
                200 => moved.push((answer.json()["tick"].as_u64().expect("a tick"), revision)),
                409 => {
                    assert_eq!(answer.json()["code"], "publish_conflict");
                    conflicts += 1;
                }
                status => panic!("{status}: {}", answer.text()),
            }
        }
        if conflicts > 0 && moved.len() > 4 {
            break;
        }
    }
    assert!(conflicts > 0, "nobody was ever too late");
    // Every move that was acknowledged is told once, and the last one stands.
    moved.sort();
    let mut last = String::new();
    for (tick, _) in &moved {
        let update = watcher
            .event("spell.active_update", |update| update["channel"] == "stable" && update["tick"] == *tick);
        last = update["revision_id"].as_str().expect("a revision").to_owned();
    }
    assert_eq!(host.request("GET", "/api/spells/ember", b"").json()["active"]["stable"], last.as_str());
    let line = history(&host, "ember");
    for pair in line.windows(2) {
        assert_eq!(pair[0]["from"], pair[1]["to"], "newest first, without a gap");
    }
}

#[test]
fn a_guard_takes_back_what_traps_and_says_why() {
    let host = Host::start();
    created(&host, "ember");
    let (good, _) = published(&host, "ember", &idle("a"), json!({}));
    let mut client = Client::join(&host, "snapshot");
    let mut lockstep = Client::join(&host, "lockstep");
    let (bad, _) = published(&host, "ember", &trapping(), json!({"guard": true}));
    let event = cast(&mut client, "ember");
    assert_eq!((&event["revision_id"], &event["outcome"]["kind"]), (&json!(bad), &json!("trapped")));
    let update = client.event("spell.active_update", |update| update["reason"] == "guard");
    assert_eq!((&update["revision_id"], &update["previous_revision_id"]), (&json!(good), &json!(bad)));
    let swapped = lockstep.event("tick_frame", |frame| frame["tick"] == update["tick"]);
    assert_eq!(swapped["swaps"][0]["revision_id"], good.as_str());
    let told = client.event("spell.report", |report| report["kind"] == "rolled_back");
    assert_eq!((&told["revision_id"], &told["tick"]), (&json!(bad), &update["tick"]));
    assert!(told["message"].as_str().is_some_and(|text| text.contains("5 %")), "{told:#}");
    assert_eq!(cast(&mut client, "ember")["outcome"]["kind"], "applied");
    assert_eq!(history(&host, "ember")[0]["reason"], "guard");
    assert_eq!(host.request("GET", "/api/spells/ember", b"").json()["active"]["stable"], good.as_str());
    // One that goes well stays.
    let (fine, _) = published(&host, "ember", &idle("b"), json!({"guard": 0}));
    (0..8).for_each(|_| assert_eq!(cast(&mut client, "ember")["revision_id"], fine.as_str()));
}

#[test]
fn an_author_is_told_what_goes_wrong_and_nobody_else_is() {
    let host = Host::start();
    created(&host, "ember");
    let stranger = Client::login(&host);
    let mut author = Client::join(&host, "snapshot");
    let mut other = Client::join_as(&host, &stranger);
    published(&host, "ember", &trapping(), json!({}));
    let event = cast(&mut other, "ember");
    assert_eq!(event["outcome"]["kind"], "trapped");
    assert!(event["outcome"].get("where").is_none_or(Value::is_null), "{event:#}");
    let report = author.event("spell.report", |report| report["kind"] == "trap");
    assert_eq!((&report["cast_id"], &report["tick"]), (&event["cast_id"], &event["tick"]));
    assert!(report["function"].as_str().is_some_and(|name| name.contains("burst")), "{report:#}");
    published(&host, "ember", &talking(), json!({}));
    cast(&mut other, "ember");
    let said = author.event("spell.report", |report| report["kind"] == "log");
    assert!(said["message"].as_str().is_some_and(|text| text.contains("hello")), "{said:#}");
    let fails = guests::all().into_iter().find(|guest| guest.name == "failure-after-commands");
    published(&host, "ember", &fails.expect("a guest").bytes, json!({}));
    cast(&mut other, "ember");
    let failed = author.event("spell.report", |report| report["kind"] == "failed");
    assert_eq!(failed["message"], "no mana");

    let kept = host.kept("/api/spells/ember/reports", 3);
    let kinds: Vec<&Value> = kept.iter().map(|report| &report["kind"]).collect();
    assert_eq!(kinds, ["failed", "log", "trap"], "newest first");
    let answer = host.request_as(&stranger, "GET", "/api/spells/ember/reports", b"");
    assert_eq!(answer.status, 403);
    assert_eq!(other.ask("ping", json!({}))["type"], "pong");
    assert!(other.has_not_heard("spell.report"), "a report is for the author alone");
}

#[test]
fn what_the_operator_takes_down_is_cast_by_nobody() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let host = Host::at(folder.path());
    created(&host, "ember");
    let (first, _) = published(&host, "ember", &idle("a"), json!({}));
    let (second, _) = published(&host, "ember", &idle("b"), json!({}));
    let mut client = Client::join(&host, "snapshot");
    assert_eq!(cast(&mut client, "ember")["revision_id"], second.as_str());
    let path = format!("/api/spells/ember/revisions/{second}");
    assert_eq!(host.request("DELETE", &path, b"").status, 403, "the owner is not the operator");
    let answer = host.request_as(OPERATOR, "DELETE", &path, b"{\"why\": \"it is rude\"}");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let gone = |client: &mut Client| {
        let refused = client.ask("spell.cast_request", json!({"spell_id": "ember", "channel": "stable"}));
        assert_eq!(refused["data"]["code"], "no_active_revision", "{refused:#}");
        let pinned = client.ask("spell.cast_request", json!({"spell_id": "ember", "revision_id": second}));
        assert_eq!(pinned["data"]["code"], "forbidden", "{pinned:#}");
    };
    gone(&mut client);
    let again = publish(&host, "ember", &second, json!({"channel": "beta"}));
    assert!(
        again.json()["detail"].as_str().is_some_and(|text| text.contains("it is rude")),
        "{}",
        again.text()
    );
    host.end("TERM");
    let host = Host::at(folder.path());
    let mut client = Client::join(&host, "snapshot");
    gone(&mut client);
    assert_eq!(publish(&host, "ember", &first, json!({})).status, 200);
    assert_eq!(cast(&mut client, "ember")["revision_id"], first.as_str());
}

#[test]
fn parameters_are_an_object_by_names() {
    let host = Host::start();
    created(&host, "ember");
    published(&host, "ember", &spells()["fireball"], json!({}));
    let mut client = Client::join(&host, "snapshot");
    let mut lockstep = Client::join(&host, "lockstep");
    let asked = json!({"spell_id": "ember", "cast_params": {"params": {"radius": 3}}});
    let accepted = client.ask("spell.cast_request", asked);
    let event = client.event("spell.cast_event", |event| event["cast_id"] == accepted["data"]["cast_id"]);
    assert_eq!(event["cast_params"]["params"]["radius"], 3.0, "{event:#}");
    let frame = lockstep.event("tick_frame", |frame| frame["tick"] == accepted["data"]["tick"]);
    assert_eq!(frame["casts"][0]["cast_params"]["params"], event["cast_params"]["params"]);
}

#[test]
fn kept_code_is_used_again_and_never_where_it_was_changed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let host = Host::at(folder.path());
    created(&host, "ember");
    published(&host, "ember", &idle("a"), json!({}));
    let cache = host.data().join("cache");
    let kept = || -> BTreeSet<_> {
        let files = fs::read_dir(&cache).expect("a folder").map(|entry| entry.expect("a file").path());
        files.map(|path| (path.clone(), fs::read(path).expect("a file"))).collect()
    };
    let before = kept();
    assert_eq!(before.len(), 1);
    host.end("TERM");
    let (path, code) = before.first().expect("one").clone();
    let mut other = code.clone();
    *other.last_mut().expect("a byte") ^= 1;
    fs::write(&path, &other).expect("writable");
    let host = Host::at(folder.path());
    let mut client = Client::join(&host, "snapshot");
    assert_eq!(cast(&mut client, "ember")["outcome"]["kind"], "applied");
    let now = kept();
    assert!(now.len() == 1 && now.first().is_some_and(|(_, bytes)| *bytes != other), "it was made again");
}

#[test]
fn what_was_acknowledged_outlives_every_kill() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut acknowledged: Vec<String> = Vec::new();
    let mut tick = 0;
    for round in 0..20 {
        let host = Host::at(folder.path());
        if round == 0 {
            created(&host, "ember");
        }
        let spell = host.request("GET", "/api/spells/ember", b"").json();
        let head = acknowledged.last().map_or(Value::Null, |revision| json!(revision));
        assert_eq!(spell["active"]["stable"], head, "round {round}");
        let line = history(&host, "ember");
        assert_eq!(line.len(), acknowledged.len(), "round {round}");
        let world = host.request("GET", "/world/default", b"").json();
        // A tick that was told may be lost, for as long as frames are gathered; no more than that.
        let back = world["tick"].as_u64().expect("a tick");
        assert!(back + 60 >= tick, "round {round}: from tick {tick} to {back}");
        let (revision, _) = published(&host, "ember", &idle(&round.to_string()), json!({}));
        acknowledged.push(revision);
        let mut client = Client::join(&host, "snapshot");
        for _ in 0..round % 4 {
            tick = cast(&mut client, "ember")["tick"].as_u64().expect("a tick");
        }
        host.end("KILL");
    }
}
