//! Recordings played again: what `run --record` wrote is verified, traced and compared, and
//! whatever was done to it since is named.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use serde_json::Value;
use spellhost_wire::{Digest, Header, Outcome, Record, RecordingReader, RecordingWriter};
use tempfile::TempDir;

use crate::binary::{command, json, root, run};

/// A folder with the components and recordings of all tests: made once.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let made = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for spell in ["fireball", "frost-nova"] {
            let source = root().join("spells").join(spell).canonicalize().expect("the spell is there");
            let target = format!("{spell}.wasm");
            let built = run(folder.path(), &["build", &source.to_string_lossy(), "-o", &target]);
            assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        }
        folder
    });
    made.path()
}

/// Records a cast of a component in the flat world; what `--json` said of it.
fn record(component: &str, file: &str, more: &[&str]) -> Value {
    let arguments = [&["run", component, "--once", "--json", "--record", file], more].concat();
    let (code, object) = json(folder(), &arguments);
    assert_eq!(code, 0, "{object}");
    object
}

/// The one recording of a fireball that most tests look at.
fn fireball() -> PathBuf {
    static RECORDED: OnceLock<()> = OnceLock::new();
    RECORDED.get_or_init(|| drop(record("fireball.wasm", "fireball.rec", &["--world", "flat"])));
    folder().join("fireball.rec")
}

fn replay(file: &Path, more: &[&str]) -> (i32, Value) {
    json(folder(), &[&["replay", &file.to_string_lossy(), "--json"], more].concat())
}

/// The message of a replay that is refused or fails.
fn refused(file: &Path, more: &[&str]) -> String {
    let (code, object) = replay(file, more);
    assert_eq!(code, 1, "{object}");
    object["error"]["message"].as_str().expect("a message").into()
}

fn records(file: &Path) -> (Header, Vec<Record>) {
    let bytes = fs::read(file).expect("a recording");
    let mut reader = RecordingReader::new(&bytes[..]).expect("a recording");
    let Some(Record::Header(header)) = reader.next_record().expect("a header") else { panic!("no header") };
    let rest = std::iter::from_fn(|| reader.next_record().expect("a whole recording"));
    (header, rest.filter(|record| !matches!(record, Record::End { .. })).collect())
}

/// Writes a recording whose checks are right, whatever it says.
fn forge(name: &str, header: Header, records: &[Record]) -> PathBuf {
    let mut writer = RecordingWriter::new(Vec::new(), header).expect("memory does not fail");
    records.iter().for_each(|record| writer.append(record).expect("memory does not fail"));
    let path = folder().join(name);
    fs::write(&path, writer.finish().expect("memory does not fail")).expect("a writable folder");
    path
}

/// The fireball's recording with something changed.
fn forged(name: &str, change: impl FnOnce(&mut Header, &mut Vec<Record>)) -> PathBuf {
    let (mut header, mut all) = records(&fireball());
    change(&mut header, &mut all);
    forge(name, header, &all)
}

fn frames(records: &mut [Record]) -> Vec<&mut spellhost_wire::Frame> {
    let frame = |record| match record {
        &mut Record::Frame(ref mut frame) => Some(&mut **frame),
        _ => None,
    };
    records.iter_mut().filter_map(frame).collect()
}

#[test]
fn a_recording_comes_out_as_it_was_recorded() {
    let recorded = record("fireball.wasm", "hills.rec", &["--seed", "5"]);
    for threads in ["1", "4"] {
        let (code, replayed) = replay(&folder().join("hills.rec"), &["--threads", threads]);
        assert_eq!(code, 0, "{replayed}");
        assert_eq!(replayed["verified"], true);
        for field in ["state_hash", "engine_id", "ticks"] {
            assert_eq!(replayed[field], recorded[field], "{field}");
        }
        assert_eq!(replayed["casts"], 1);
        assert_eq!(
            replayed["calls"].as_u64(),
            recorded["casts"][0]["calls"].as_array().map(|calls| calls.len() as u64)
        );
    }
}

#[test]
fn a_replay_stops_after_the_tick_that_is_asked_for() {
    let (_, mut all) = records(&fireball());
    let hash = frames(&mut all)[40].state_hash.to_string();
    let (code, object) = replay(&fireball(), &["--until", "40"]);
    assert_eq!(
        (code, &object["state_hash"], &object["last_tick"]),
        (0, &Value::from(hash), &Value::from(40))
    );
    assert!(refused(&fireball(), &["--until", "300"]).contains("has ticks 0 to 299"));
}

/// Where each record begins, with its kind: 5 bytes of head, its payload, 16 bytes of check.
fn layout(bytes: &[u8]) -> Vec<(usize, u8, usize)> {
    let (mut at, mut found) = (8, Vec::new());
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at + 1..at + 5].try_into().expect("four bytes")) as usize;
        found.push((at, bytes[at], 5 + length + 16));
        at += 5 + length + 16;
    }
    found
}

fn damaged(bytes: &[u8]) -> String {
    let path = folder().join("damaged.rec");
    fs::write(&path, bytes).expect("a writable folder");
    refused(&path, &[])
}

#[test]
fn an_edited_truncated_or_reordered_record_is_named() {
    let good = fs::read(fireball()).expect("a recording");
    let layout = layout(&good);
    for kind in 0..=5 {
        let number = layout.iter().position(|(_, other, _)| *other == kind).expect("every kind is there");
        let (start, _, length) = layout[number];
        for at in [start, start + 1, start + 5 + (length - 21) / 2, start + length - 1] {
            let mut bad = good.clone();
            bad[at] ^= 0x04;
            let message = damaged(&bad);
            assert!(message.contains(&format!("record {number} ")), "kind {kind}, byte {at}: {message}");
        }
    }
    let number = layout.len() - 20;
    let (start, _, length) = layout[number];
    let cut = |to: usize| damaged(&good[..to]);
    assert!(cut(start + 7).contains(&format!("record {number} is damaged: the file ends inside it")));
    assert!(cut(start).contains(&format!("record {number} is damaged: the file ends inside it")));
    let dropped = damaged(&[&good[..start], &good[start + length..]].concat());
    assert!(dropped.contains(&format!("record {number} is damaged")), "{dropped}");
    let (end, _, next) = layout[number + 1];
    let swapped = [&good[..start], &good[end..end + next], &good[start..end], &good[end + next..]].concat();
    assert!(damaged(&swapped).contains(&format!("record {number} is damaged")));
    assert!(
        damaged(&[&good[..], b"x"].concat()).contains(&format!("record {} is damaged", layout.len() - 1))
    );
    assert!(damaged(b"spellrex").contains("is not a recording"));
}

#[test]
fn records_that_cannot_follow_each_other_are_named() {
    let at = |all: &[Record], is: fn(&Record) -> bool| all.iter().position(is).expect("it is there");
    let dropped = |name: &str, is: fn(&Record) -> bool| {
        let path = forged(name, |_, all| drop(all.remove(at(all, is))));
        refused(&path, &[])
    };
    let component = dropped("no-component.rec", |record| matches!(record, Record::Component(_)));
    assert!(component.contains("is not in the recording"), "{component}");
    let pin = dropped("no-pin.rec", |record| matches!(record, Record::Pin(_)));
    assert!(pin.contains("casts[0].revision_id") && pin.contains("is not pinned"), "{pin}");
    let frame = dropped("no-frame.rec", |record| matches!(record, Record::Frame(frame) if frame.tick == 9));
    assert!(frame.contains("the frame is of tick 10, and the world is at 9"), "{frame}");

    let world = forged("other-world.rec", |header, _| header.world_id = "elsewhere".into());
    assert!(
        refused(&world, &[]).contains("the frame is of the world `demo`, and the recording of `elsewhere`")
    );

    let other = forged("other-component.rec", |_, all| {
        let place = at(all, |record| matches!(record, Record::Component(_)));
        all[place] = Record::Component(fs::read(folder().join("frost-nova.wasm")).expect("a component"));
    });
    assert!(refused(&other, &[]).contains("is not in the recording"), "a component is known by its digest");
    let lavish = forged("lavish.rec", |_, all| {
        let place = at(all, |record| matches!(record, Record::Pin(_)));
        let Record::Pin(pin) = &mut all[place] else { panic!("a pin") };
        pin.grant = u64::MAX;
    });
    assert!(refused(&lavish, &[]).contains("grant"));
    let seed = forged("seed.rec", |header, _| header.seed ^= 1);
    assert!(refused(&seed, &[]).contains("tick 0: the state hash differs"));
}

#[test]
fn a_recording_of_another_engine_is_refused_with_both_ids() {
    let own = records(&fireball()).0.engine_id.to_string();
    let other = forged("engine.rec", |header, _| header.engine_id = Digest([7; 32]));
    for more in [&[][..], &["--trace", "1"], &["--bisect", "frost-nova.wasm"]] {
        let (code, object) = replay(&other, more);
        assert_eq!((code, &object["error"]["code"]), (1, &Value::from("other_engine")));
        let message = object["error"]["message"].to_string();
        assert!(message.contains(&own) && message.contains(&Digest([7; 32]).to_string()), "{message}");
    }
    // Frame against frame runs nothing.
    let (code, object) = replay(&other, &["--bisect", "fireball.rec"]);
    assert_eq!((code, &object["differs"]), (0, &Value::Bool(false)), "{object}");
    assert_eq!(object["other"]["engine_id"], own);
    let text = run(folder(), &["replay", "engine.rec", "--bisect", "fireball.rec"]).stdout;
    assert!(String::from_utf8_lossy(&text).contains("by two engines"));
}

/// A recording whose checks are right and whose content is not what comes out.
#[test]
fn what_does_not_come_out_as_recorded_is_named() {
    let changed = |name: &str, change: fn(&mut spellhost_wire::Frame)| {
        let path = forged(name, |_, all| {
            let mut frames = frames(all);
            let place = frames.iter().position(|frame| frame.tick > 1 && !frame.calls.is_empty());
            change(frames[place.expect("the fireball strikes")]);
        });
        let (code, object) = replay(&path, &[]);
        assert_eq!((code, &object["error"]["code"]), (1, &Value::from("diverged")), "{object}");
        object["error"].clone()
    };
    for (part, change) in [
        (
            "outcome",
            (|frame| frame.calls[0].outcome = Outcome::OutOfFuel {}) as fn(&mut spellhost_wire::Frame),
        ),
        ("fuel", |frame| frame.calls[0].fuel.used += 1),
        ("effects", |frame| frame.calls[0].effects_digest = Digest([1; 32])),
        ("effects", |frame| drop(frame.calls[0].effects.as_mut().and_then(Vec::pop))),
        ("call", |frame| drop(frame.calls.pop())),
    ] {
        let error = changed("changed.rec", change);
        let (message, difference) = (error["message"].to_string(), &error["difference"]);
        assert_eq!(difference["part"], part, "{message}");
        assert_eq!(
            (&difference["call_id"], &difference["cast_id"]),
            (&Value::from(2), &Value::from(1)),
            "{message}"
        );
        assert_eq!(difference["spell_id"], "fireball");
        for word in ["tick ", "call 2 (cast 1, on-event of fireball b3:"] {
            assert!(message.contains(word), "{message}");
        }
    }
    let error = changed("changed.rec", |frame| frame.state_hash.0[3] ^= 1);
    assert_eq!(error["difference"]["part"], "hash");
    assert_eq!(error["difference"]["snapshot"]["parts"], Value::Array(vec![]), "only the hash was changed");

    let moved = forged("moved.rec", |_, all| {
        let frame = &mut frames(all)[0];
        let spellhost_wire::Op::Spawn { position, .. } = &mut frame.ops[4] else { panic!("the ally enters") };
        position[0] += 1.0;
    });
    let (_, object) = replay(&moved, &[]);
    let parts =
        object["error"]["difference"]["snapshot"]["parts"].as_array().expect("a snapshot follows").clone();
    assert!(parts.contains(&"entities".into()) && !parts.contains(&"terrain".into()), "{parts:?}");
}

#[test]
fn a_world_goes_on_from_a_snapshot_at_the_start_or_in_the_middle() {
    fireball();
    let recorded = record("fireball.wasm", "second.rec", &["--world", "fireball.rec"]);
    let second = folder().join("second.rec");
    let (code, replayed) = replay(&second, &[]);
    assert_eq!((code, &replayed["first_tick"]), (0, &Value::from(300)), "{replayed}");
    assert_eq!(replayed["state_hash"], recorded["state_hash"]);

    let (_, tail) = records(&second);
    let joined = forged("joined.rec", |_, all| all.extend(tail.clone()));
    let (code, object) = replay(&joined, &[]);
    assert_eq!((code, &object["ticks"]), (0, &Value::from(600)), "{object}");
    assert_eq!((&object["casts"], &object["state_hash"]), (&Value::from(2), &recorded["state_hash"]));

    let early = forged("early.rec", |_, all| {
        let snapshot = all.pop().expect("it ends with its world");
        all.insert(9, snapshot);
    });
    assert!(refused(&early, &[]).contains("record 10: the snapshot is of tick 300, and the world is at 7"));
    let foreign = record("frost-nova.wasm", "foreign.rec", &["--world", "flat"]);
    assert_ne!(foreign["state_hash"], recorded["state_hash"]);
    let (_, mut foreign) = records(&folder().join("foreign.rec"));
    let wrong = forged("wrong.rec", |_, all| {
        all.pop();
        all.push(foreign.pop().expect("it ends with its world"));
    });
    let message = refused(&wrong, &[]);
    assert!(
        message.contains("differs from the world that was played: ") && message.contains("terrain"),
        "{message}"
    );
}

/// What is said of a swap's time: every part that took place, none that did not, and together no more than the whole.
fn its_time_has_parts(swap: &Value) {
    let part = |name: &str| swap["stages"][name].as_u64().unwrap_or_else(|| panic!("no {name}: {swap}"));
    let parts = ["detect_micros", "admit_micros", "translate_micros", "swap_micros"].map(part);
    assert!(parts.iter().all(|micros| *micros > 0), "{swap}");
    assert!(parts.iter().sum::<u64>() <= swap["since_save_micros"].as_u64().expect("a number"), "{swap}");
    let of_a_build = ["compile_micros", "componentise_micros"].map(|name| &swap["stages"][name]);
    assert_eq!(of_a_build, [&Value::Null; 2], "a component was copied, and nothing built");
}

/// A component that is replaced in watch mode: the log has two revisions, and a migration.
#[test]
fn a_recording_with_a_swap_is_replayed() {
    let work = tempfile::tempdir().expect("a temporary folder");
    fs::copy(folder().join("fireball.wasm"), work.path().join("ember.wasm")).expect("a component");
    let mut child = command(work.path())
        .args(["run", "ember.wasm", "--json", "--world", "flat", "--record", "swap.rec"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let out = std::io::BufReader::new(child.stdout.take().expect("a standard output"));
    let mut swapped = false;
    let mut lines = std::io::BufRead::lines(out);
    for line in lines.by_ref() {
        let line: Value = serde_json::from_str(&line.expect("text")).expect("an object a line");
        match line["event"].as_str() {
            Some("cast") if !swapped => {
                fs::copy(folder().join("frost-nova.wasm"), work.path().join("new")).expect("a component");
                fs::rename(work.path().join("new"), work.path().join("ember.wasm"))
                    .expect("a writable folder");
            }
            Some("swap") => {
                swapped = true;
                its_time_has_parts(&line);
            }
            Some("cast") => break,
            _ => {}
        }
    }
    let status = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(status.is_ok_and(|status| status.success()), "the process can be interrupted");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    drop(lines);
    let path = work.path().join("swap.rec");
    let (code, object) = replay(&path, &[]);
    assert_eq!((code, &object["verified"]), (0, &Value::Bool(true)), "{object}");
    let (_, mut all) = records(&path);
    assert_eq!(all.iter().filter(|record| matches!(record, Record::Pin(_))).count(), 2);
    assert_eq!(frames(&mut all).iter().map(|frame| frame.swaps.len()).sum::<usize>(), 1);
}

#[test]
fn the_first_difference_of_two_recordings_is_found() {
    fireball();
    let bisect = |other: &str| replay(&fireball(), &["--bisect", other]);
    record("fireball.wasm", "same.rec", &["--world", "flat"]);
    let (code, object) = bisect("same.rec");
    assert_eq!(
        (code, &object["differs"], &object["ticks_alike"]),
        (0, &Value::Bool(false), &Value::from(300))
    );

    record("fireball.wasm", "wide.rec", &["--world", "flat", "--param", "radius=5"]);
    let (code, object) = bisect("wide.rec");
    assert_eq!((code, &object["ticks_alike"]), (1, &Value::from(1)), "{object}");
    let found = &object["difference"];
    assert_eq!((&found["part"], &found["tick"]), (&Value::from("cast"), &Value::from(1)));
    let radius = |side: &str| found[side]["cast_params"]["params"]["radius"].as_f64();
    assert_eq!((radius("recorded"), radius("other")), (Some(4.0), Some(5.0)));
    let call = &object["first_call"];
    assert_eq!((&call["call_id"], &call["export"]), (&Value::from(2), &Value::from("on-event")), "{call}");
    assert!(call["tick"].as_u64() > Some(1));

    record("fireball.wasm", "seed.rec2", &["--world", "flat", "--seed", "2"]);
    let (code, object) = bisect("seed.rec2");
    assert_eq!(code, 1);
    assert_eq!(
        (&object["difference"]["part"], &object["difference"]["tick"]),
        (&Value::from("hash"), &Value::from(0))
    );
    assert_eq!((&object["recorded"]["seed"], &object["other"]["seed"]), (&Value::from(1), &Value::from(2)));

    record("fireball.wasm", "short.rec", &["--world", "flat", "--ticks", "100"]);
    let (code, object) = bisect("short.rec");
    assert_eq!((code, &object["difference"]["ended"]), (1, &Value::from("other")), "{object}");
    assert_eq!(object["difference"]["tick"], 100);
}

#[test]
fn the_first_difference_of_another_build_is_found() {
    let bisect = |other: &str| replay(&fireball(), &["--bisect", other]);
    let (code, object) = bisect("fireball.wasm");
    assert_eq!((code, &object["differs"]), (0, &Value::Bool(false)), "{object}");
    let (code, object) = bisect("frost-nova.wasm");
    let found = &object["difference"];
    assert_eq!(
        (code, &found["part"], &found["tick"]),
        (1, &Value::from("outcome"), &Value::from(1)),
        "{object}"
    );
    assert_eq!((&found["call_id"], &found["cast_id"]), (&Value::from(1), &Value::from(1)));
    for side in ["recorded", "other"] {
        assert_eq!(found[side]["outcome"]["kind"], "applied", "one with commands that were skipped");
        assert!(found[side]["fuel"]["used"].as_u64() > Some(0) && found[side]["effects"].is_array());
    }
    assert_ne!(found["recorded"]["fuel"], found["other"]["fuel"]);

    let folder_of_another = root().join("spells/frost-nova").canonicalize().expect("the spell is there");
    let message = refused(&fireball(), &["--bisect", &folder_of_another.to_string_lossy()]);
    assert!(message.contains("`frost-nova` is not cast in"), "{message}");
    let own = root().join("spells/fireball").canonicalize().expect("the spell is there");
    let (_, object) = bisect(&own.to_string_lossy());
    assert_eq!(object["other"]["spell_id"], "fireball", "{object}");
}

#[test]
fn a_trace_shows_every_host_call_and_its_fuel() {
    fireball();
    let arguments = ["replay", "fireball.rec", "--trace", "1", "--json"];
    let output = run(folder(), &arguments);
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    let of = |call: u64| lines.iter().filter(move |line| line["call_id"] == call);
    let functions: Vec<_> = of(1).map(|line| line["function"].as_str().expect("a name")).collect();
    assert_eq!(functions, ["projectiles.spawn", "presentation.show"]);
    let fuel = |line: &Value, which: &str| line["fuel"][which].as_u64().expect("a number");
    // 150 + 300 a projectile; 150 + 200 an operation + 15 bytes of a name.
    assert_eq!(of(1).map(|line| fuel(line, "used")).collect::<Vec<_>>(), [450, 365]);
    let (_, mut all) = records(&fireball());
    let calls: Vec<_> = frames(&mut all).into_iter().flat_map(|frame| frame.calls.clone()).collect();
    let words = run(folder(), &arguments[..4]).stdout;
    let words = String::from_utf8_lossy(&words).into_owned();
    for call in &calls {
        let sum: u64 = of(call.call_id).map(|line| fuel(line, "used")).sum();
        assert!(sum > 0 && sum < call.fuel.used, "the spell's own code costs the rest");
        let mut left = call.fuel.granted;
        for (at, line) in of(call.call_id).enumerate() {
            assert_eq!(line["index"], at);
            assert!(fuel(line, "before") <= left, "fuel only ever sinks");
            left = fuel(line, "after");
            assert_eq!(fuel(line, "before") - left, fuel(line, "used"));
        }
        assert!(call.fuel.granted - left <= call.fuel.used);
        let grouped =
            if sum < 1_000 { sum.to_string() } else { format!("{},{:03}", sum / 1_000, sum % 1_000) };
        assert!(
            words.contains(&format!(", {grouped} of it for {} host calls", of(call.call_id).count())),
            "{words}"
        );
    }
    let entities =
        of(2).find(|line| line["function"] == "scene.entities-in-radius").expect("it looks around");
    assert_eq!(entities["result"].as_array().map(Vec::len), Some(3), "three dummies");
    assert!(refused(&fireball(), &["--trace", "2"]).contains("no call of cast 2"));
}
