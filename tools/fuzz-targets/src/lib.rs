//! What each fuzz target does with its bytes: a parser of what comes from outside, and what must
//! hold of whatever it accepts.
//!
//! The fuzzer (`tools/fuzz`) and the replay of the corpus (`tests/corpus.rs`) call the same
//! functions. Every function ends for every input; a panic is a finding.

use spellhost_forge::{Bundle, Manifest, Package, Scene};
use spellhost_lockstep::applying::{apply_tick, verdicts};
use spellhost_lockstep::{Pins, entering};
use spellhost_runtime::limits::PROBLEMS_MAX;
use spellhost_runtime::{Policy, admit};
use spellhost_sim::limits::NAME_BYTES_MAX;
use spellhost_sim::{Inputs, Terrain, World, WorldConfig};
use spellhost_wire::message::Request;
use spellhost_wire::{Frame, Record, RecordingReader, RecordingWriter};

/// A target: bytes in, a panic or nothing out.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also the name of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("admission", admission),
    ("manifest", manifest),
    ("package", package),
    ("scene", scene),
    ("recording", recording),
    ("message", message),
    ("frame", frame),
    ("frame_json", frame_json),
    ("snapshot", snapshot),
];

/// Admission: an answer within its own bounds, and the same one twice.
pub fn admission(bytes: &[u8]) {
    let answer = admit(bytes, &Policy::default());
    match (&answer, admit(bytes, &Policy::default())) {
        (Ok(first), Ok(second)) => {
            assert_eq!(first.digest(), second.digest());
            assert_eq!(first.bytes(), bytes);
        }
        (Err(first), Err(second)) => {
            assert_eq!(*first, second);
            assert!((1..=PROBLEMS_MAX).contains(&first.problems.len()));
            assert!(first.problems.iter().all(|problem| !problem.message.contains('\u{1b}')));
        }
        _ => panic!("two answers to the same bytes"),
    }
}

/// A `spell.toml`: what is accepted has an id that is one.
pub fn manifest(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Manifest::parse(text) {
        Ok(manifest) => {
            assert!(spellhost_sim::SpellId::parse(&manifest.id).is_some(), "{:?}", manifest.id);
            assert!(manifest.name.is_none_or(|name| name.len() <= NAME_BYTES_MAX));
        }
        Err(error) => assert!(error.line.is_some() && !error.to_string().is_empty()),
    }
}

/// A package: what is accepted is written again and read as the same.
pub fn package(bytes: &[u8]) {
    let unwritten = |error| -> Vec<u8> { panic!("what was read is not written: {error}") };
    match Package::read(bytes) {
        Ok(Package::Spell(bundle)) => {
            let again = bundle.write().unwrap_or_else(unwritten);
            assert_eq!(Bundle::read(&again).as_ref(), Ok(&bundle));
            // Limits and languages that no manifest has are an answer, too.
            let _ = bundle.origin();
        }
        Ok(Package::Place(place)) => {
            let again = place.write().unwrap_or_else(unwritten);
            assert_eq!(Package::read(&again), Ok(Package::Place(place)));
        }
        Err(error) => assert!(!error.message.contains(char::is_control), "{error:?}"),
    }
}

/// A scene: what is accepted is a world's first tick, with every entity in it.
pub fn scene(bytes: &[u8]) {
    match Scene::parse(bytes) {
        Ok(scene) => {
            let inputs = scene.inputs(Vec::new());
            let spawns = inputs.ops.iter().filter(|op| matches!(op, spellhost_sim::Op::Spawn(_))).count();
            let mut world = World::new(scene.config());
            world.open_tick(inputs);
            world.close_tick(Vec::new());
            assert_eq!(world.entities().count(), spawns);
        }
        Err(error) => assert!(!error.message.contains(char::is_control), "{error:?}"),
    }
}

/// A recording: what is read to its end is written again to the same bytes.
pub fn recording(bytes: &[u8]) {
    let Ok(mut reader) = RecordingReader::new(bytes) else { return };
    let mut records = Vec::new();
    loop {
        match reader.next_record() {
            Ok(Some(record)) => records.push(record),
            Ok(None) => break,
            Err(error) => return assert!(!error.to_string().is_empty()),
        }
    }
    let Some(Record::Header(header)) = records.first() else { panic!("a recording has a header") };
    let mut writer = RecordingWriter::new(Vec::new(), header.clone()).expect("memory takes bytes");
    for record in &records[1..records.len() - 1] {
        writer.append(record).expect("memory takes bytes");
    }
    writer.finish().expect("memory takes bytes");
}

/// A message of a client: what is accepted is said again and read as the same, what is refused says why.
pub fn message(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Request::parse(text) {
        Ok((id, request)) => {
            let said = request.text(id).expect("what was read has a form");
            let (again, same) = Request::parse(&said).expect("what was said is read");
            assert_eq!((again, same.text(again).ok()), (id, Some(said)));
        }
        Err(refused) => {
            assert!(!refused.message.is_empty());
            assert!(refused.request_type.is_none_or(|name| name.chars().count() <= 64));
        }
    }
}

/// A frame in postcard: reads, follows, and survives its own encodings.
pub fn frame(bytes: &[u8]) {
    if let Ok(frame) = postcard::from_bytes::<Frame>(bytes) {
        follow(frame);
    }
}

/// A frame in JSON.
pub fn frame_json(bytes: &[u8]) {
    if let Ok(frame) = serde_json::from_slice::<Frame>(bytes) {
        follow(frame);
    }
}

/// Follows a frame from outside, in a world that is at its tick.
fn follow(mut frame: Frame) {
    let packed = postcard::to_allocvec(&frame).expect("a frame is packed");
    let again: Frame = postcard::from_bytes(&packed).expect("what was packed is read");
    assert_eq!(packed, postcard::to_allocvec(&again).expect("a frame is packed"));
    let pins = Pins::new();
    let mut world = World::new(WorldConfig { terrain: Terrain::Flat, seed: 1 });
    let spawn = entering::inputs(&frame, &pins).map(|inputs| inputs.ops).unwrap_or_default();
    world.open_tick(Inputs { ops: spawn, ..Inputs::default() });
    world.close_tick(Vec::new());
    frame.tick = world.tick();
    // An answer of either kind is right; what it says has to be sayable.
    let _ = verdicts(&frame);
    if let Err(error) = apply_tick(&mut world, &frame, &pins) {
        assert!(!error.to_string().is_empty());
    }
    assert_eq!(World::restore(&world.snapshot()).map(|world| world.state_hash()), Ok(world.state_hash()));
}

/// A snapshot, with the hash that it says corrected, so that what is behind the check is reached:
/// a restored world goes on, and is saved as it was.
pub fn snapshot(bytes: &[u8]) {
    let mut bytes = bytes.to_vec();
    if let Err(spellhost_sim::SnapshotError::HashDiffers { restored, .. }) = World::restore(&bytes) {
        let hash = SNAPSHOT_HEAD..SNAPSHOT_HEAD + restored.0.len();
        bytes[hash].copy_from_slice(&restored.0);
    }
    let Ok(mut world) = World::restore(&bytes) else { return };
    assert_eq!(World::restore(&world.snapshot()).map(|world| world.state_hash()), Ok(world.state_hash()));
    for _ in 0..3 {
        let opened = world.open_tick(Inputs::default());
        let results =
            opened.lanes.iter().flat_map(|lane| &lane.calls).map(|call| spellhost_sim::CallResult {
                id: call.id,
                outcome: spellhost_sim::Outcome::Applied { skipped: 0 },
                fuel_used: call.grant / 2,
                commands: Vec::new(),
            });
        world.close_tick(results.collect());
    }
}

/// The bytes of a snapshot before its hash: its magic and its version.
pub const SNAPSHOT_HEAD: usize = 11;
