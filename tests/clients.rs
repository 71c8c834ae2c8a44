//! Clients that verify: each runs the host's calls itself, and says where something else comes out.
//!
//! Real hosts, real components, real time; what a client waits for is a tick, never a duration.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::OnceLock;

use serde_json::json;
use spellhost_client::{Client, ClientError, Desync, Event, Fault, FaultKind, Kit, Mode, Options};
use spellhost_wire::message::{
    CastRequest, DesyncReport, HashTree, Request, RequestedParams, VoxelOperation, VoxelOperationKind, Voxels,
};
use spellhost_wire::reply::{HashNode, ResyncReason, Told};
use spellhost_wire::{Code, Hash};

use crate::binary::{cargo, command, path};
use crate::components::spells;
use crate::server::client::Client as Plain;
use crate::server::host::Host;
use crate::server::{created, publish, upload};

/// One engine for all clients of the tests.
fn kit() -> &'static Kit {
    static KIT: OnceLock<Kit> = OnceLock::new();
    KIT.get_or_init(|| Kit::new(2).expect("an engine"))
}

pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("threads").block_on(test)
}

/// A host with these spells, each published under the name of its component.
fn host(spells: &[&str]) -> Host {
    let host = Host::start();
    for spell in spells {
        created(&host, spell);
        let revision = upload(&host, spell, spell);
        publish(&host, spell, &revision);
    }
    host
}

async fn join(host: &Host, mode: Mode, binary: bool, fault: Option<Fault>) -> Client {
    join_at(&host.address, mode, binary, fault).await
}

pub(crate) async fn join_at(address: &str, mode: Mode, binary: bool, fault: Option<Fault>) -> Client {
    let options = Options { mode, binary, fault, ..Options::verifying(address).expect("an address") };
    Client::join(options, Some(kit())).await.expect("a host that lets everybody in")
}

pub(crate) async fn cast(client: &Client, spell: &str) -> u64 {
    let request = CastRequest {
        spell_id: spell.into(),
        revision_id: None,
        channel: None,
        cast_params: RequestedParams { direction: Some([0.6, 0.2, -1.0]), ..RequestedParams::default() },
    };
    match client.requester().request(Request::Cast(request)).await.expect("a cast that is accepted") {
        Told::CastAccepted(accepted) => accepted.cast_id,
        other => panic!("{other:?}"),
    }
}

/// Reads events until one fits; the ticks that agreed meanwhile follow each other.
pub(crate) async fn until<T>(client: &mut Client, mut fits: impl FnMut(&Event) -> Option<T>) -> T {
    let mut last = None;
    loop {
        let event = client.next().await.expect("a client that goes on");
        match &event {
            Event::Tick(frame) => {
                assert!(last.is_none_or(|last| frame.tick == last + 1), "{last:?}, then {}", frame.tick);
                last = Some(frame.tick);
            }
            Event::Missed(count) => panic!("{count} events were not read"),
            Event::Resynced { .. } => last = None,
            _ => {}
        }
        if let Some(found) = fits(&event) {
            return found;
        }
        assert!(!matches!(event, Event::Ended(_)), "{event:?}");
    }
}

/// Reads so many ticks, all of which have to agree.
pub(crate) async fn agree(client: &mut Client, ticks: usize) {
    let mut left = ticks;
    until(client, |event| {
        assert!(!matches!(event, Event::Desync(_) | Event::Resynced { .. }), "a false alarm: {event:?}");
        left -= usize::from(matches!(event, Event::Tick(_)));
        (left == 0).then_some(())
    })
    .await;
}

async fn desync(client: &mut Client) -> Desync {
    until(client, |event| match event {
        Event::Desync(desync) => Some((**desync).clone()),
        _ => None,
    })
    .await
}

/// Waits until the host has healed it, and it goes on.
async fn healed(client: &mut Client) {
    let reason = until(client, |event| match event {
        Event::Resynced { reason, .. } => Some(*reason),
        _ => None,
    });
    assert_eq!(reason.await, Some(ResyncReason::Desync));
    agree(client, 60).await;
}

#[test]
fn a_long_busy_run_raises_no_false_alarm() {
    const SPELLS: [&str; 6] = ["seed-burst", "fireball", "heal-totem", "rune-trap", "quake", "mirror"];
    let host = host(&SPELLS);
    let other = upload(&host, "fireball", "meteor-shower");
    run(async {
        let ways =
            [(Mode::Lockstep, true), (Mode::Lockstep, false), (Mode::Apply, true), (Mode::Apply, false)];
        let mut clients = Vec::new();
        for (mode, binary) in ways {
            clients.push(join(&host, mode, binary, None).await);
        }
        let mut calls: BTreeMap<String, usize> = BTreeMap::new();
        for (round, spell) in SPELLS.iter().cycle().take(36).enumerate() {
            cast(&clients[round % 4], spell).await;
            if round % 12 == 7 {
                publish(&host, "fireball", &other);
            }
            for client in &mut clients {
                let mut left = 18;
                until(client, |event| {
                    assert!(!matches!(event, Event::Desync(_) | Event::Resynced { .. }), "{event:?}");
                    if let Event::Tick(frame) = event {
                        let named =
                            frame.calls.iter().map(|call| format!("{} {}", call.spell_id, call.export));
                        named.for_each(|name| *calls.entry(name).or_default() += 1);
                        left -= 1;
                    }
                    (left == 0).then_some(())
                })
                .await;
            }
        }
        let total: usize = calls.values().sum();
        assert!(total > 200 && calls.len() > 6, "the run was busy: {calls:?}");
    });
    // Who comes late and wants everything gets it frame by frame, however much it is.
    let mut late = Plain::follow(&host, 0);
    for tick in 0..600u64 {
        let frame = late.next_of("tick_frame");
        assert_eq!(frame["data"]["tick"], tick, "{frame:#}");
    }
}

#[test]
fn a_flipped_byte_of_state_is_found_at_its_tick_named_and_healed() {
    let host = host(&["seed-burst"]);
    run(async {
        for mode in [Mode::Lockstep, Mode::Apply] {
            let fault = Fault::new(FaultKind::FlippedState, 0);
            let mut client = join(&host, mode, mode == Mode::Apply, Some(fault.clone())).await;
            let cast = cast(&client, "seed-burst").await;
            let found = desync(&mut client).await;
            assert_eq!(Some(found.tick), fault.happened(), "within the tick in which it happened");
            let flipped = found.cast_id.expect("the cast is named");
            // The first cast may still fly: then it is its state that the second client flips.
            assert!(flipped == cast || flipped == 1, "{found}");
            assert_eq!(
                (found.part(), found.key()),
                ("spells", Some(flipped.to_string().as_str())),
                "{found:?}"
            );
            assert_eq!(found.path, format!("spells/{flipped}/state"));
            assert_eq!(found.spell_id.as_deref(), Some("seed-burst"));
            assert!(found.revision_id.is_some() && found.host_hash != Some(found.local_hash));
            let detail = found.detail.expect("the host says what it has");
            assert!(detail.parts[0].data.is_array(), "{detail:?}");
            healed(&mut client).await;
        }
    });
    let metrics = host.request("GET", "/metrics", b"").text();
    for counted in ["spellhost_desyncs_total 2", "spellhost_resyncs_total{reason=\"desync\"} 2"] {
        assert!(metrics.lines().any(|line| line == counted), "{counted}: {metrics}");
    }
}

#[test]
fn a_wrong_draw_is_found_at_its_tick_named_and_healed() {
    let host = host(&["seed-burst"]);
    run(async {
        let fault = Fault::new(FaultKind::WrongDraw, 0);
        let mut client = join(&host, Mode::Lockstep, true, Some(fault.clone())).await;
        let mut witness = join(&host, Mode::Lockstep, true, None).await;
        let cast = cast(&client, "seed-burst").await;
        let found = desync(&mut client).await;
        assert_eq!(Some(found.tick), fault.happened());
        assert_eq!((found.part(), found.cast_id), ("calls", Some(cast)), "{found}");
        assert_eq!(found.spell_id.as_deref(), Some("seed-burst"));
        let detail = found.detail.expect("the host says what it has");
        assert_eq!(detail.parts[0].data["spell_id"], "seed-burst", "{detail:?}");
        assert!(detail.parts[0].data["effects"].is_array());
        healed(&mut client).await;
        agree(&mut witness, 60).await;
    });
}

async fn node(client: &Client, tick: u64, path: &str) -> Result<HashNode, ClientError> {
    let path = path.to_owned();
    match client.requester().request(Request::HashTree(HashTree { tick, path })).await? {
        Told::HashNode(node) => Ok(node),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_tree_leads_from_the_state_hash_to_a_field_and_a_wrong_report_heals_nobody() {
    let host = host(&["seed-burst"]);
    run(async {
        let mut client = join(&host, Mode::Lockstep, true, None).await;
        let cast = cast(&client, "seed-burst").await;
        let frame = until(&mut client, |event| match event {
            Event::Tick(frame) if !frame.calls.is_empty() => Some(frame.clone()),
            _ => None,
        })
        .await;
        let tick = frame.tick;
        let root = node(&client, tick, "").await.expect("a recent tick");
        assert_eq!((root.hash, root.tick), (frame.state_hash, Some(tick)));
        let state = format!("spells/{cast}/state");
        let mut path = vec![String::new(), "spells".into(), format!("spells/{cast}"), state.clone()];
        path.reverse();
        let mut parent: Option<HashNode> = None;
        while let Some(next) = path.pop() {
            let found = node(&client, tick, &next).await.expect("a path that its parent named");
            if let Some(parent) = parent {
                let named = parent.children.iter().find(|child| child.path == next).expect("a child");
                assert_eq!(named.hash, found.hash);
            }
            parent = Some(found);
        }
        let state_hash = parent.expect("the last node").hash;
        let call = node(&client, tick, "calls").await.expect("the calls of the tick").children[0].clone();
        assert_eq!(call.hash.0, frame.calls[0].effects_digest.0[..16]);

        let report = async |path: &str, local_hash: Hash| {
            let report = DesyncReport { tick, path: path.into(), local_hash };
            match client.requester().request(Request::DesyncReport(report)).await? {
                Told::DesyncDetail(detail) => Ok(detail),
                other => panic!("{other:?}"),
            }
        };
        // What is equal is no difference.
        let detail = report(&state, state_hash).await.expect("an answer");
        assert!(detail.parts.is_empty(), "{detail:?}");
        for (path, tick, code) in [
            ("nothing/at/all", tick, Code::BadParam),
            ("", tick + 1_000_000, Code::BadParam),
            ("", 0, Code::BadParam),
        ] {
            let refused = node(&client, tick, path).await;
            assert!(
                matches!(refused, Err(ClientError::Refused { code: is, .. }) if is == code),
                "{refused:?}"
            );
        }
        // Who cries wolf is heard a few times.
        let mut heard = 0;
        let refused = loop {
            match report(&state, state_hash).await {
                Ok(_) => heard += 1,
                Err(refused) => break refused,
            }
        };
        assert!(matches!(refused, ClientError::Refused { code: Code::RateLimited, .. }), "{refused:?}");
        assert!((1..=10).contains(&heard), "{heard}");
        agree(&mut client, 60).await;
    });
    assert!(!host.request("GET", "/metrics", b"").text().contains("\nspellhost_desyncs_total "));
}

#[test]
fn a_client_that_lost_its_connection_goes_on_at_its_next_tick() {
    let host = host(&["seed-burst"]);
    run(async {
        let mut client = join(&host, Mode::Lockstep, true, None).await;
        cast(&client, "seed-burst").await;
        agree(&mut client, 30).await;
        for _ in 0..3 {
            client.requester().lose_connection().await.expect("a client that goes on");
            let mut back = false;
            until(&mut client, |event| {
                assert!(!matches!(event, Event::Desync(_) | Event::Resynced { .. }), "{event:?}");
                back |= matches!(event, Event::Reconnected { .. });
                (back && matches!(event, Event::Tick(_))).then_some(())
            })
            .await;
        }
        agree(&mut client, 30).await;
    });
}

#[test]
fn who_joins_a_long_edited_world_agrees_from_its_first_tick() {
    let host = host(&["fireball"]);
    run(async {
        let early = join(&host, Mode::Apply, false, None).await;
        for at in 0..60 {
            let sphere = VoxelOperation {
                r#type: VoxelOperationKind::AddSphere,
                center: [f64::from(at % 10) * 24.0, 40.0, f64::from(at / 10) * 24.0],
                radius: 9.0,
                material: Some("glass".into()),
            };
            let request = Request::Voxels(Voxels { spell: sphere });
            early.requester().request(request).await.expect("an operation within its bounds");
        }
        for mode in [Mode::Lockstep, Mode::Apply] {
            let mut late = join(&host, mode, true, None).await;
            let requester = late.requester();
            let chunks = requester.look(|world| world.node("terrain").map(|node| node.children.len())).await;
            assert!(chunks.expect("a client").is_some_and(|chunks| chunks > 50));
            agree(&mut late, 60).await;
        }
    });
}

#[test]
fn who_does_not_read_is_begun_anew_and_keeps_nobody_waiting() {
    let host = host(&["mirror"]);
    let mut silent = Plain::join(&host, "apply");
    let address = host.address.clone();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    // What makes the frames heavy: messages to a spell that nobody listens to.
    let talkers: Vec<_> = (0..6)
        .map(|_| {
            let (mut talker, stop) = (Plain::join(&host, "snapshot"), stop.clone());
            std::thread::spawn(move || {
                while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                    let said = json!({"spell_id": "mirror", "name": "ask", "payload": "\"".repeat(1_000)});
                    talker.ask("remote_event", said);
                }
            })
        })
        .collect();
    let read = run(async {
        let options = Options::verifying(&address).expect("an address");
        let mut client = Client::join(options, Some(kit())).await.expect("a host");
        agree(&mut client, 1_200).await;
        1_200
    });
    stop.store(true, std::sync::atomic::Ordering::SeqCst);
    talkers.into_iter().for_each(|talker| talker.join().expect("a talker that was answered"));
    // It reads at last: what was queued, then that it has to begin anew, then what is new.
    let resync = silent.next_of("resync");
    assert_eq!(resync["data"]["reason"], "slow", "{resync:#}");
    let kept = silent.count("tick_frame");
    assert!(kept < read, "{kept} frames of {read} were kept for who did not read them");
    let tick = resync["data"]["tick"].as_u64().expect("a tick");
    let next = silent.event("tick_frame", |frame| frame["tick"].as_u64() >= Some(tick));
    assert_eq!(next["tick"], tick, "the next frame is that of the snapshot");
    assert_eq!(silent.ask("ping", json!({}))["type"], "pong", "it was never disconnected");
}

#[test]
fn frames_are_tapped_one_a_line() {
    let host = host(&["seed-burst"]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let tap = |more: &[&str]| {
        let output = command(folder.path())
            .args(["tap", "--server", &host.address])
            .args(more)
            .output()
            .expect("it starts");
        let text = String::from_utf8(output.stdout).expect("text");
        (output.status.code(), text, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, text, _) = tap(&["--json", "--count", "5"]);
    let frames: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    assert_eq!((code, frames.len()), (Some(0), 5));
    assert!(
        frames.windows(2).all(|two| two[0]["tick"].as_u64().map(|tick| tick + 1) == two[1]["tick"].as_u64())
    );
    assert!(frames[0]["state_hash"].is_string() && frames[0]["calls"].is_array());

    let mut caster = Plain::join(&host, "snapshot");
    let casting = std::thread::spawn({
        let folder = folder.path().to_owned();
        let address = host.address.clone();
        move || {
            let arguments = ["tap", "--server", &address, "--busy", "--count", "2"];
            command(&folder).args(arguments).output().expect("it starts")
        }
    });
    // One of these casts falls into the time in which it taps.
    while !casting.is_finished() {
        caster.ask("spell.cast_request", json!({"spell_id": "seed-burst"}));
    }
    let said = String::from_utf8(casting.join().expect("it ran").stdout).expect("text");
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(said.lines().all(|line| line.starts_with("tick ")) && said.contains("seed-burst"), "{said}");

    let (code, text, _) = tap(&["--json", "--world", "nowhere"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("unknown_world"), "{text}");
    let other = command(folder.path()).args(["tap", "--server", "127.0.0.1:1"]).output().expect("it starts");
    assert_eq!(other.status.code(), Some(2), "{other:?}");
    let endless = command(folder.path())
        .args(["tap", "--server", &host.address])
        .stdout(std::process::Stdio::piped())
        .spawn();
    let mut endless = endless.expect("it starts");
    let mut line = String::new();
    let stdout = endless.stdout.take().expect("a pipe");
    let mut reader = std::io::BufReader::new(stdout);
    std::io::BufRead::read_line(&mut reader, &mut line).expect("a line");
    let pid = endless.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().expect("kill starts").success());
    // It must be able to write until it ends.
    std::io::copy(&mut reader, &mut std::io::sink()).expect("the rest");
    assert_eq!(endless.wait().expect("it ends").code(), Some(130));
}

/// An example, built as its page says.
fn example(package: &str, name: &str) -> std::path::PathBuf {
    let arguments = ["build", "--quiet", "--release", "--workspace", "--example", name];
    let built = cargo().args(arguments).status();
    assert!(built.expect("cargo starts").success(), "{name} of {package}");
    path().with_file_name("examples").join(name)
}

#[test]
fn the_examples_of_client_and_host_run() {
    let host = host(&["heal-totem", "rune-trap"]);
    let example_client = example("spellhost-client", "lockstep-client");
    let mut caster = Plain::join(&host, "snapshot");
    for spell in ["heal-totem", "rune-trap"] {
        caster.ask("spell.cast_request", json!({"spell_id": spell}));
    }
    let output = std::process::Command::new(&example_client)
        .args([&host.address, "120"])
        .env("FLIP", "1")
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("/state differs") && said.contains("healed; goes on"), "{said}");
    assert!(said.contains("120 ticks and"), "{said}");

    let folder = tempfile::tempdir().expect("a temporary folder");
    let component = folder.path().join("fireball.wasm");
    std::fs::write(&component, &spells()["fireball"]).expect("a file");
    let embedded = example("spellhost-server", "embed-host");
    let output = std::process::Command::new(embedded).arg(&component).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.matches("\"ember\"").count(), 2, "the second host finds the spell: {said}");
}
