//! Places, from outside: packed from a folder, made worlds of on a host, and imported; and packages of
//! spells on the ways that they share with them.
//!
//! Knows the command line and the protocol. What a hostile archive or scene is refused for, the forge's own
//! tests say; here it has to leave nothing.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::binary::{json, root};
use crate::components::spells;
use crate::server::client::Client;
use crate::server::host::{Answer, Host, OPERATOR};

fn done(folder: &Path, arguments: &[&str]) -> Value {
    let (code, object) = json(folder, &[arguments, &["--json"]].concat());
    assert_eq!(code, 0, "{arguments:?}: {object:#}");
    object
}

fn refused(folder: &Path, arguments: &[&str], code: i32, error: &str) -> Value {
    let (found, object) = json(folder, &[arguments, &["--json"]].concat());
    assert_eq!((found, &object["error"]["code"]), (code, &json!(error)), "{arguments:?}: {object:#}");
    object
}

fn at(path: &str) -> String {
    root().join(path).canonicalize().expect("it is there").to_string_lossy().into_owned()
}

/// The arena, packed: its bytes, and what is said of it.
fn arena(folder: &Path) -> (Vec<u8>, Value) {
    let packed = done(folder, &["pack", &at("examples/arena"), "-o", "arena.spellpkg"]);
    (fs::read(folder.join("arena.spellpkg")).expect("the package"), packed)
}

/// A place of a scene and the components that it carries, by another hand than the forge's.
fn place(scene: &Value, carried: &[(&str, &[u8])]) -> Vec<u8> {
    let scene = scene.to_string();
    let mut files: Vec<(String, &[u8])> =
        vec![("place.toml".into(), b"name = \"a place\"\n"), ("scene.json".into(), scene.as_bytes())];
    files.extend(carried.iter().map(|(id, bytes)| (format!("spells/{id}.wasm"), *bytes)));
    stored(&files)
}

/// An archive whose files are stored as they are.
fn stored(files: &[(String, &[u8])]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let mut sum = flate2::Crc::new();
        sum.update(content);
        let (size, length) = ((content.len() as u32).to_le_bytes(), (name.len() as u16).to_le_bytes());
        // Version 2, no flags, stored, 1980, sum, sizes, the name's length, nothing extra.
        let about = [
            &[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0][..],
            &sum.sum().to_le_bytes(),
            &size,
            &size,
            &length,
            &[0, 0],
        ]
        .concat();
        let place = (archive.len() as u32).to_le_bytes();
        directory.extend([b"PK\x01\x02\x14\0", &about[..], &[0; 10], &place, name.as_bytes()].concat());
        archive.extend([b"PK\x03\x04", &about[..], name.as_bytes(), content].concat());
    }
    let count = (files.len() as u16).to_le_bytes();
    let end = [(directory.len() as u32).to_le_bytes(), (archive.len() as u32).to_le_bytes()].concat();
    [&archive[..], &directory, b"PK\x05\x06\0\0\0\0", &count, &count, &end, &[0, 0]].concat()
}

fn made(answer: &Answer) -> Value {
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn hash_before(host: &Host, world: &str, tick: u64) -> String {
    let answer = host.request("GET", &format!("/worlds/{world}/snapshot?tick={tick}"), b"");
    answer.header("spellhost-state-hash").unwrap_or_else(|| panic!("{}", answer.text())).to_owned()
}

/// The revision that a cast of a spell runs in a world.
fn cast(host: &Host, world: &str, spell: &str) -> String {
    let mut client = Client::enter(host, world);
    let accepted = client.ask("spell.cast_request", json!({"spell_id": spell}));
    let cast = accepted["data"]["cast_id"].clone();
    assert!(cast.is_u64(), "{accepted:#}");
    let ran = |frame: &Value| {
        frame["casts"].as_array().is_some_and(|all| all.iter().any(|one| one["cast_id"] == cast))
    };
    let frame = client.event("tick_frame", ran);
    text(&frame["casts"][0]["revision_id"]).to_owned()
}

#[test]
fn a_place_is_the_same_world_on_every_host_and_its_log_replays() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (bytes, packed) = arena(folder.path());
    assert_eq!(packed["spells"], json!(["fireball", "stone-wall"]));
    assert_eq!(arena(folder.path()).0, bytes, "the same bytes every time");

    let hosts = [Host::start(), Host::start()];
    // What else is on a host makes no difference.
    hosts[1].request("POST", "/api/spells", b"{\"spell_id\": \"blink\"}");
    hosts[1].request("PUT", "/api/spells/blink/revisions", &spells()["blink"]);
    let worlds = hosts.each_ref().map(|host| made(&host.request("POST", "/worlds", &bytes)));
    let ids = worlds.each_ref().map(|world| text(&world["world_id"]));
    assert_ne!(ids[0], ids[1]);
    assert_eq!(hash_before(&hosts[0], ids[0], 1), hash_before(&hosts[1], ids[1], 1));
    for (host, world) in hosts.iter().zip(&worlds) {
        assert_eq!((&world["name"], &world["terrain"]), (&json!("The arena"), &json!("flat")));
        let id = text(&world["world_id"]);
        let fetched = host.request("GET", &format!("/worlds/{id}/place"), b"");
        assert!(fetched.body == bytes, "its package is kept whole");
        let scene = host.request("GET", &format!("/worlds/{id}/scene"), b"").json();
        let health: Vec<&Value> =
            scene["entities"].as_array().expect("a list").iter().map(|one| &one["health"]).collect();
        assert_eq!(health, [100.0, 100.0, 100.0, 300.0], "{scene:#}");
        assert_eq!(host.request("GET", "/worlds/default/place", b"").status, 404);
    }
    let recording = hosts[0].request("GET", &format!("/worlds/{}/log?from=0", ids[0]), b"");
    fs::write(folder.path().join("arena.rec"), &recording.body).expect("writable");
    let verified = done(folder.path(), &["replay", "arena.rec"]);
    assert_eq!((&verified["first_tick"], &verified["verified"]), (&json!(0), &json!(true)));
}

#[test]
fn the_spells_of_a_place_stay_at_their_revisions_over_publishes_and_restarts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let host = Host::at(folder.path());
    let scene = json!({"world": "flat", "spells": ["ember"]});
    let world =
        made(&host.request("POST", "/world?name=kept", &place(&scene, &[("ember", &spells()["fireball"])])));
    let (id, begin) = (text(&world["world_id"]), hash_before(&host, text(&world["world_id"]), 1));
    assert_eq!(world["name"], "kept");
    let pinned = cast(&host, id, "ember");

    let other = host.request("PUT", "/api/spells/ember/revisions", &spells()["blink"]).json();
    for channel in ["draft", "beta", "stable"] {
        let body = json!({"revision_id": other["revision_id"], "channel": channel}).to_string();
        assert_eq!(host.request("POST", "/api/spells/ember/publish", body.as_bytes()).status, 200);
    }
    assert_eq!(cast(&host, id, "ember"), pinned);
    assert_eq!(cast(&host, "default", "ember"), text(&other["revision_id"]));
    host.end("TERM");

    let data = folder.path().join("data").display().to_string();
    assert_eq!(done(folder.path(), &["gc", "--grace", "0", "--data", &data])["revisions"], json!([]));
    assert_eq!(done(folder.path(), &["fsck", "--data", &data])["clean"], true);
    let host = Host::at(folder.path());
    assert_eq!(hash_before(&host, id, 1), begin);
    assert_eq!(host.request("GET", &format!("/world/{id}"), b"").json()["place"], world["place"]);
    assert_eq!(cast(&host, id, "ember"), pinned);
    host.end("KILL");
    let host = Host::at(folder.path());
    assert_eq!(cast(&host, id, "ember"), pinned);

    // What the operator takes down is not cast in a place either, after a restart as little.
    let path = format!("/api/spells/ember/revisions/{pinned}");
    assert_eq!(host.request_as(OPERATOR, "DELETE", &path, b"{}").status, 200);
    host.end("TERM");
    let host = Host::at(folder.path());
    let mut client = Client::enter(&host, id);
    let answer = client.ask("spell.cast_request", json!({"spell_id": "ember"}));
    assert_eq!(answer["data"]["code"], "no_active_revision", "{answer:#}");
}

#[test]
fn a_place_that_is_refused_leaves_nothing() {
    let host = Host::start();
    let ada = Client::login(&host);
    host.request_as(&ada, "POST", "/api/spells", b"{\"spell_id\": \"frost\"}");
    let draft = host.request_as(&ada, "PUT", "/api/spells/frost/revisions", &spells()["frost-nova"]).json();
    let draft = text(&draft["revision_id"]).to_owned();
    let good = place(&json!({}), &[]);
    let bound = |id: &str, revision: &str| json!({"spells": [{"spell": id, "revision": revision}]});
    let none = format!("b3:{}", "0".repeat(64));
    let (fireball, blink) = (&spells()["fireball"][..], &spells()["blink"][..]);
    for (name, bytes, status, code, words) in [
        ("cut", good[..good.len() - 5].to_vec(), 400, "bad_param", "cut off"),
        ("noise", b"PK".repeat(500), 400, "bad_param", "no archive"),
        ("no json", b"[".to_vec(), 400, "bad_message", "the body"),
        (
            "unknown spell",
            place(&bound("nobody", &none), &[]),
            404,
            "unknown_spell",
            "`scene.json`: spells[0]: ",
        ),
        (
            "unknown revision",
            place(&bound("frost", &none), &[]),
            404,
            "unknown_revision",
            "`scene.json`: spells[0]: ",
        ),
        ("a foreign draft", place(&bound("frost", &draft), &[]), 403, "forbidden", "never on beta or stable"),
        ("a foreign spell", place(&json!({}), &[("frost", blink)]), 403, "forbidden", "spells/frost: "),
        (
            "another revision",
            place(&bound("ember", &draft), &[("ember", blink)]),
            400,
            "bad_param",
            "another revision",
        ),
        (
            // The first would be uploaded, were the second a spell.
            "no spell",
            place(&json!({}), &[("ember", fireball), ("frist", b"\0asm")]),
            422,
            "not_a_spell",
            "spells/frist: ",
        ),
    ] {
        let answer = host.request("POST", "/worlds", &bytes);
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (status, &json!(code)),
            "{name}: {}",
            answer.text()
        );
        assert!(text(&answer.json()["detail"]).contains(words), "{name}: {}", answer.text());
    }
    let spells = host.request("GET", "/api/spells", b"").json();
    assert_eq!(spells["items"].as_array().map(Vec::len), Some(1), "{spells:#}");
    let worlds = host.request("GET", "/worlds", b"").json();
    assert_eq!(worlds["items"].as_array().map(Vec::len), Some(1), "{worlds:#}");
    // Its author may, and so may everybody once it was there for everybody.
    let own = place(&bound("frost", &draft), &[]);
    made(&host.request_as(&ada, "POST", "/worlds", &own));
    let publish = json!({"revision_id": draft, "channel": "beta"}).to_string();
    assert_eq!(host.request_as(&ada, "POST", "/api/spells/frost/publish", publish.as_bytes()).status, 200);
    let world = made(&host.request("POST", "/worlds?channel=beta", &own));
    assert_eq!((&world["channel"], &world["owner"]), (&json!("beta"), &json!("guest")));
    // Without a package it is a world as any other.
    let plain = made(&host.request("POST", "/worlds", b"{\"terrain\": \"empty\", \"seed\": \"2a\"}"));
    assert_eq!((&plain["seed"], &plain["place"]), (&json!("000000000000002a"), &Value::Null));
}

#[test]
fn a_place_is_unpacked_packed_again_and_cast_in() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    let (bytes, _) = arena(here);
    done(here, &["unpack", "arena.spellpkg", "-o", "again"]);
    assert!(here.join("again/assets/readme.txt").is_file());
    done(here, &["pack", "again", "-o", "again.spellpkg"]);
    assert!(
        fs::read(here.join("again.spellpkg")).expect("the package") == bytes,
        "nothing is lost on the way"
    );
    done(here, &["unpack", "again/spells/fireball.spellpkg", "-o", "fireball"]);
    let source = fs::read(root().join("spells/fireball/src/lib.rs")).expect("the source");
    assert_eq!(fs::read(here.join("fireball/source/src/lib.rs")).expect("the source"), source);

    let fireball = at("spells/fireball");
    let hash =
        |world: &str| done(here, &["run", &fireball, "--once", "--world", world])["state_hash"].clone();
    assert_eq!(hash("arena.spellpkg"), hash("again"));
    assert_eq!(hash("again"), hash("again/scene.json"));
    assert_ne!(hash("again"), hash("flat"));
    refused(here, &["run", &fireball, "--once", "--world", "again", "--seed", "3"], 2, "bad_seed");
    fs::write(here.join("again/scene.json"), b"{\"edits\": [{\"op\": \"melt\"}]}").expect("writable");
    let problem = refused(here, &["pack", "again"], 1, "bad_package");
    assert!(text(&problem["error"]["message"]).contains("edits[0].op"), "{problem:#}");
    refused(here, &["run", &fireball, "--once", "--world", "again"], 1, "bad_world");
}

#[test]
fn packages_are_imported_into_a_directory_or_a_host_that_runs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    arena(here);
    let packed = done(here, &["pack", &at("spells/fireball"), "-o", "fire.spellpkg"]);
    let brought = done(here, &["import", "fire.spellpkg", "--data", "data"]);
    assert_eq!((&brought["spell_id"], &brought["revision_id"]), (&json!("fireball"), &packed["revision_id"]));
    assert_eq!(done(here, &["import", "fire.spellpkg", "--data", "data"]), brought, "once is enough");
    let offline = done(here, &["import", "arena.spellpkg", "--data", "data"]);
    assert_eq!(done(here, &["fsck", "--data", "data"])["clean"], true);

    let host = Host::at(here);
    let server = format!("http://{}", host.address);
    let live = done(here, &["import", "arena.spellpkg", "--server", &server]);
    let hashes = [&offline, &live].map(|world| hash_before(&host, text(&world["world_id"]), 1));
    assert_eq!(hashes[0], hashes[1], "the same world either way");
    assert_eq!(cast(&host, text(&offline["world_id"]), "fireball"), text(&packed["revision_id"]));
    let busy = refused(here, &["import", "fire.spellpkg", "--data", "data"], 2, "store_in_use");
    assert!(busy["error"].to_string().contains("--server"), "{busy:#}");

    fs::write(here.join("noise"), b"neither of both").expect("writable");
    let neither = refused(here, &["import", "noise", "--data", "new"], 1, "bad_archive");
    assert!(neither["error"].to_string().contains("spellhost pack"), "{neither:#}");
    done(here, &["export", "one.archive", "--server", &server, "--token", OPERATOR]);
    refused(here, &["import", "one.archive", "--server", &server], 2, "bad_archive");
    refused(here, &["import", "nowhere"], 2, "file");
    let bytes = fs::read(here.join("fire.spellpkg")).expect("the package");
    fs::write(here.join("cut.spellpkg"), &bytes[..bytes.len() / 2]).expect("writable");
    refused(here, &["import", "cut.spellpkg", "--data", "new"], 1, "bad_package");
    assert!(!here.join("new").exists(), "what is refused leaves nothing");
}

#[test]
fn a_folder_and_a_package_are_published_with_their_source() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    let host = Host::start();
    let server = format!("http://{}", host.address);
    let fireball = at("spells/fireball");
    let packed = done(here, &["pack", &fireball, "-o", "some-other-name.spellpkg"]);
    let first = done(here, &["publish", &fireball, "--server", &server]);
    assert_eq!(first["revision_id"], packed["revision_id"], "what is packed is what is published");
    let file =
        format!("/api/spells/fireball/revisions/{}/files/source/src/lib.rs", text(&first["revision_id"]));
    let source = fs::read(root().join("spells/fireball/src/lib.rs")).expect("the source");
    assert_eq!(host.request("GET", &file, b"").body, source);
    let again =
        done(here, &["publish", "some-other-name.spellpkg", "--channel", "stable", "--server", &server]);
    assert_eq!((&again["spell_id"], &again["version"]), (&json!("fireball"), &json!(1)));
    assert_eq!((&again["channel"], again["tick"].is_u64()), (&json!("stable"), true));
    let ember = done(here, &["publish", "some-other-name.spellpkg", "--spell", "ember", "--server", &server]);
    assert_eq!(ember["spell_id"], "ember");

    arena(here);
    for path in ["arena.spellpkg", &at("examples/arena")] {
        let problem = refused(here, &["publish", path, "--server", &server], 1, "not_a_spell");
        assert!(problem["error"].to_string().contains("spellhost import"), "{problem:#}");
    }
    let put = host.request(
        "PUT",
        "/api/spells/ember/revisions",
        &fs::read(here.join("arena.spellpkg")).expect("it"),
    );
    assert_eq!((put.status, &put.json()["code"]), (422, &json!("not_a_spell")));
    assert!(text(&put.json()["detail"]).contains("POST /worlds"), "{}", put.text());
}
