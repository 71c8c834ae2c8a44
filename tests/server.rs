//! The host server from outside: a real process, plain HTTP, real WebSockets.
//!
//! Knows the protocol and nothing of the server's inside. What a follower needs it takes over the
//! wire, as any client has to.

pub mod client;
pub mod following;
pub mod host;

use std::fs;

use serde_json::{Value, json};

use self::client::Client;
use self::following::Follower;
use self::host::Host;
use crate::binary::{command, root, run};
use crate::components::spells;

/// Uploads a component as a revision of a spell; its id.
pub(crate) fn upload(host: &Host, spell: &str, component: &str) -> String {
    let path = format!("/api/spells/{spell}/revisions");
    let answer = host.request("PUT", &path, &spells()[component]);
    assert!([200, 201].contains(&answer.status), "{}", answer.text());
    answer.json()["revision_id"].as_str().expect("a revision id").to_owned()
}

pub(crate) fn created(host: &Host, spell: &str) {
    let body = json!({"spell_id": spell}).to_string();
    assert_eq!(host.request("POST", "/api/spells", body.as_bytes()).status, 201);
    assert_eq!(host.request("POST", "/api/spells", body.as_bytes()).status, 200, "it is already mine");
}

pub(crate) fn publish(host: &Host, spell: &str, revision: &str) -> Value {
    let body = json!({"revision_id": revision, "channel": "stable"}).to_string();
    let answer = host.request("POST", &format!("/api/spells/{spell}/publish"), body.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn a_cast_is_seen_by_every_client_in_the_same_tick() {
    let host = Host::start();
    created(&host, "ember");
    let first = upload(&host, "ember", "fireball");
    publish(&host, "ember", &first);
    let mut caster = Client::join(&host, "snapshot");
    let mut watcher = Client::join(&host, "snapshot");
    let mut lockstep = Client::join(&host, "lockstep");
    let mut apply = Client::join(&host, "apply");

    let accepted = caster.ask("spell.cast_request", json!({"spell_id": "ember"}));
    let (cast, tick) = (&accepted["data"]["cast_id"], &accepted["data"]["tick"]);
    for client in [&mut caster, &mut watcher] {
        let event = client.event("spell.cast_event", |data| data["cast_id"] == *cast);
        assert_eq!(event["tick"], *tick);
        assert_eq!(event["revision_id"], first.as_str());
        assert_eq!(event["outcome"]["kind"], "applied", "{event:#}");
    }
    let frames =
        [&mut lockstep, &mut apply].map(|client| client.event("tick_frame", |frame| frame["tick"] == *tick));
    assert_eq!(frames[0]["casts"][0]["cast_id"], *cast, "{:#}", frames[0]);
    assert_eq!(frames[0]["state_hash"], frames[1]["state_hash"]);
    assert!(
        frames[0]["calls"][0].get("effects").is_none_or(Value::is_null),
        "lockstep runs the calls itself"
    );
    assert!(frames[1]["calls"][0]["effects"].is_array(), "apply is told what they did");

    // A second revision: everybody changes in the same tick, and nobody is disconnected.
    let second = upload(&host, "ember", "blink");
    let published = publish(&host, "ember", &second);
    for client in [&mut caster, &mut watcher, &mut lockstep, &mut apply] {
        let update = client.event("spell.active_update", |data| data["channel"] == "stable");
        assert_eq!(update["tick"], published["tick"]);
        assert_eq!(update["revision_id"], second.as_str());
        assert_eq!(update["previous_revision_id"], first.as_str());
        assert_eq!(update["reason"], "publish");
        assert_eq!(client.ask("ping", json!({}))["type"], "pong");
    }
    let back = caster.ask("spell.rollback", json!({"spell_id": "ember", "channel": "stable"}));
    assert_eq!(back["data"]["revision_id"], first.as_str());
    let update = watcher.event("spell.active_update", |data| data["reason"] == "rollback");
    assert_eq!(update["tick"], back["data"]["tick"]);
}

#[test]
fn a_bad_message_gets_its_code_and_changes_nothing() {
    let host = Host::start();
    created(&host, "ember");
    let revision = upload(&host, "ember", "fireball");
    publish(&host, "ember", &revision);
    let mut client = Client::join(&host, "snapshot");
    client.send_text("this is no message");
    assert_eq!(client.next_of("error")["data"]["code"], "bad_message");
    let stranger = Client::login(&host);
    let cast = |more: Value| {
        let mut data = json!({"spell_id": "ember"});
        data.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        data
    };
    for (name, data, code) in [
        ("no.such_message", json!({}), "unknown_type"),
        ("spell.publish", json!({"spell_id": "ember"}), "bad_message"),
        ("spell.cast_request", json!({"spell_id": "nobody"}), "unknown_spell"),
        ("spell.cast_request", json!({"spell_id": "No Id"}), "bad_spell_id"),
        ("spell.cast_request", cast(json!({"cast_params": {"params": {"nonsense": 1}}})), "unknown_param"),
        ("spell.cast_request", cast(json!({"cast_params": {"origin": [900, 0, 0]}})), "out_of_reach"),
        ("spell.cast_request", cast(json!({"cast_params": {"direction": [0, 0, 0]}})), "bad_param"),
        ("spell.get_revisions", json!({"spell_id": "nobody"}), "unknown_spell"),
        ("spell.rollback", json!({"spell_id": "ember", "channel": "stable"}), "nothing_to_roll_back"),
    ] {
        let answer = client.ask(name, data);
        assert_eq!(answer["type"], "error", "{name}: {answer:#}");
        assert_eq!(answer["data"]["code"], code, "{name}: {answer:#}");
        assert_eq!(answer["data"]["request_type"], name);
    }
    // Somebody else's spell.
    let body = json!({"revision_id": revision, "channel": "beta"}).to_string();
    let answer = host.request_as(&stranger, "POST", "/api/spells/ember/publish", body.as_bytes());
    assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("forbidden")));
    let body = json!({"spell_id": "ember"}).to_string();
    let answer = host.request_as(&stranger, "POST", "/api/spells", body.as_bytes());
    assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("spell_exists")));
    let answer = host.request_as("not-a-token", "GET", "/api/spells/ember", b"");
    assert_eq!(answer.status, 200, "reading needs nobody's token");
    let answer = host.request_as("not-a-token", "POST", "/api/spells", b"{}");
    assert_eq!(answer.status, 401);
    let answer = host.request("PUT", "/api/spells/ember/revisions", b"no component");
    assert_eq!((answer.status, &answer.json()["code"]), (422, &json!("not_a_spell")));

    let spell = host.request("GET", "/api/spells/ember", b"").json();
    assert_eq!(spell["active"], json!({"draft": revision, "beta": null, "stable": revision}));
    assert_eq!(client.ask("ping", json!({}))["type"], "pong", "the connection outlives them all");
}

#[test]
fn what_is_not_there_is_a_problem_with_its_code() {
    let host = Host::start();
    let component = format!("/components/b3:{}", "0".repeat(64));
    for (path, code) in [
        ("/nothing", "not_found"),
        ("/api/spells/nobody", "unknown_spell"),
        ("/world/nowhere", "unknown_world"),
        ("/worlds/nowhere/snapshot", "unknown_world"),
        (component.as_str(), "unknown_component"),
    ] {
        let answer = host.request("GET", path, b"");
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{path}");
        assert_eq!(problem["status"], 404);
        assert!(problem["correlation_id"].is_string() && problem["title"].is_string(), "{problem:#}");
    }
    assert_eq!(host.request("DELETE", "/api/spells", b"").status, 405);
    // A page elsewhere reads, and changes nothing.
    for (origin, status) in [("http://example.org", 403), (&*format!("http://{}", host.address), 201)] {
        let answer = host.request_from(origin, "POST", "/api/spells", b"{}");
        assert_eq!(answer.status, status, "{origin}");
        assert_eq!(host.request_from(origin, "GET", "/api/spells", b"").status, 200);
    }
}

#[test]
fn components_are_served_by_digest_for_ever() {
    let host = Host::start();
    created(&host, "ember");
    upload(&host, "ember", "fireball");
    let heads = host.request("GET", "/api/channels/draft", b"").json();
    let digest = heads["spells"][0]["component"]["digest"].as_str().expect("a digest").to_owned();
    let path = format!("/components/{digest}");
    let answer = host.request("GET", &path, b"");
    assert_eq!(answer.body, spells()["fireball"]);
    assert_eq!(answer.header("content-type"), Some("application/wasm"));
    assert_eq!(answer.header("etag"), Some(format!("\"{digest}\"").as_str()));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert!(answer.header("digest").is_some_and(|digest| digest.starts_with("sha-256=")));
    let head = host.request("HEAD", &path, b"");
    assert_eq!(head.header("content-length"), Some(answer.body.len().to_string().as_str()));
}

#[test]
fn a_restart_goes_on_at_the_same_tick_and_hash() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut follower = None;
    for end in ["TERM", "KILL", "TERM"] {
        let host = Host::at(folder.path());
        let mut follower_now = follower.take().unwrap_or_else(|| {
            created(&host, "ember");
            let revision = upload(&host, "ember", "fireball");
            publish(&host, "ember", &revision);
            Follower::start(&host)
        });
        // Every frame since the follower's tick, those before the restart included, has to fit.
        let mut frames = Client::follow(&host, follower_now.tick());
        let accepted = frames.ask("spell.cast_request", json!({"spell_id": "ember"}));
        let until = accepted["data"]["tick"].as_u64().expect("a tick") + 150;
        follower_now.follow(&host, &mut frames, until);
        host.end(end);
        if end == "KILL" {
            follower_now.rewind();
        }
        follower = Some(follower_now);
    }
}

#[test]
fn what_is_in_use_or_open_to_all_is_refused() {
    let host = Host::start();
    let other = tempfile::tempdir().expect("a temporary folder");
    let data = host.data().to_string_lossy().into_owned();
    for (arguments, word) in [
        (["serve", "--data", "x", "--listen", &host.address], "listen"),
        (["serve", "--data", &data, "--listen", ":0"], "data directory"),
        (["serve", "--data", "x", "--listen", "0.0.0.0:0"], "public address"),
        (["serve", "--data", "x", "--listen", "nonsense"], "nonsense"),
    ] {
        let output = run(other.path(), &arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(text.contains(word), "{arguments:?}: {text}");
    }
    let left: Vec<_> = fs::read_dir(other.path()).expect("a folder").collect();
    assert!(left.is_empty(), "{left:?}");
    let help = command(&root()).args(["serve", "--help"]).output().expect("the binary starts");
    assert!(help.status.success());
}
