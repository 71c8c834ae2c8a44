//! One log, one answer: however a busy world is cast, saved, restored, followed or built, the hash of
//! every tick is the same, and a single wrong bit or draw is noticed at its tick and named.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use spellhost_lockstep::Pins;
use spellhost_lockstep::applying::{ApplyError, apply_tick};
use spellhost_lockstep::difference::Part;
use spellhost_runtime::{Caster, Codegen, Role, Verdicts, replay_tick};
use spellhost_sim::{EntityKind, Entry, SnapshotError, World};
use spellhost_wire::Effect;

use crate::busy::{Log, TICKS, library, play, world};
use crate::components::{engine, loaded, of_components};
use crate::follower::{in_debug, in_wasm};

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| play(1))
}

fn pins() -> Pins {
    let mut pins = Pins::new();
    log().pins.iter().for_each(|pin| pins.insert(pin).expect("a pin of the script"));
    pins
}

#[test]
fn the_script_is_busy() {
    let log = log();
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |what: String| *counted.entry(what).or_default() += 1;
    let mut spells = BTreeSet::new();
    for tick in &log.ticks {
        let report = &tick.report;
        for call in &report.calls {
            let what = match &call.entry {
                Entry::Event(event) => {
                    format!("{event:?}").split(['(', ' ']).next().unwrap_or_default().into()
                }
                entry => entry.export().to_owned(),
            };
            spells.insert(call.spell.clone());
            count(what);
            count(call.outcome.kind().into());
        }
        report.casts.iter().filter_map(|cast| cast.refused).for_each(|refused| count(refused.name().into()));
        (0..report.deaths.len()).for_each(|_| count("deaths".into()));
        (0..report.migrations.len()).for_each(|_| count("migrations".into()));
        (0..report.waiting).for_each(|_| count("waiting".into()));
    }
    for world in &log.worlds {
        let projectile = |entity: &spellhost_sim::EntityInfo| entity.kind == EntityKind::Projectile;
        world.entities().filter(projectile).for_each(|_| count("projectiles".into()));
    }
    eprintln!("{counted:#?}");
    for what in [
        "cast",
        "migrate",
        "Timer",
        "ProjectileHit",
        "Remote",
        "EntityDied",
        "Trigger",
        "applied",
        "failed",
        "cooldown",
        "mana",
        "deaths",
        "migrations",
        "waiting",
        "projectiles",
    ] {
        assert!(counted.contains_key(what), "the script has no {what}: {counted:#?}");
    }
    assert_eq!(spells.len(), crate::components::spells().len(), "every spell runs");
}

#[test]
fn every_number_of_threads_gives_one_hash_a_tick() {
    assert_eq!(log().hashes(), play(4).hashes());
    assert_eq!(log().hashes(), play(3).hashes());
}

#[test]
fn every_engine_gives_one_report_a_tick() {
    let codegens = [Codegen::Native, Codegen::NativeUnoptimised, Codegen::Pulley];
    let engines = codegens.map(|codegen| engine(codegen, Role::Reexecutor));
    for engine in engines.into_iter().chain([of_components()]) {
        let library = library(&loaded(engine));
        let caster = Caster::new(engine, 2).expect("threads");
        let mut world = world();
        for told in &log().ticks {
            let played = replay_tick(&mut world, told.inputs.clone(), &Verdicts::new(), &library, &caster);
            assert_eq!(played.report, told.report, "{engine:?}");
            let logs = |notes: &[spellhost_runtime::CallNote]| {
                notes.iter().map(|note| note.log.clone()).collect::<Vec<_>>()
            };
            assert_eq!(logs(&played.notes), logs(&told.notes), "{engine:?}");
        }
    }
}

#[test]
fn every_spell_runs_its_core_module_alone_and_as_its_component() {
    let alone = loaded(engine(Codegen::Native, Role::Host));
    let whole = loaded(of_components());
    for (name, component) in &alone {
        assert!(component.is_direct() && !whole[name].is_direct(), "{name}");
    }
}

#[test]
fn every_tick_is_cast_twice_alike_from_its_own_snapshot() {
    let engine = engine(Codegen::Native, Role::Reexecutor);
    let library = library(&loaded(engine));
    let caster = Caster::new(engine, 2).expect("threads");
    for (told, before) in log().ticks.iter().zip(&log().worlds) {
        let mut restored = World::restore(&before.snapshot()).expect("it was just saved");
        assert_eq!(restored.state_hash(), before.state_hash());
        let played = replay_tick(&mut restored, told.inputs.clone(), &Verdicts::new(), &library, &caster);
        assert_eq!(played.report, told.report);
    }
}

#[test]
fn a_world_restored_at_any_tick_goes_on_alike_to_the_end() {
    let (log, pins) = (log(), pins());
    for start in 0..log.frames.len() {
        let mut world = World::restore(&log.worlds[start].snapshot()).expect("it was just saved");
        for (frame, told) in log.frames[start..].iter().zip(&log.ticks[start..]) {
            let report = apply_tick(&mut world, frame, &pins);
            let report = report.unwrap_or_else(|error| panic!("from {start}, tick {}: {error}", frame.tick));
            assert_eq!(report.state_hash, told.report.state_hash);
        }
    }
}

#[test]
fn debug_and_wasm_follow_to_the_same_hashes() {
    let recording = log().recording();
    let lines: String = log().hashes().iter().map(|hash| format!("{hash}\n")).collect();
    assert_eq!(lines.lines().count() as u64, TICKS);
    assert_eq!(in_wasm(&recording), lines);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("busy.spellrec");
    std::fs::write(&path, &recording).expect("a recording");
    assert_eq!(in_debug(&path), lines);
}

/// The bytes of a snapshot before its hash.
const HEAD: usize = 11;

/// The parts in which two worlds differ.
fn differing(a: &World, b: &World) -> Vec<&'static str> {
    a.parts().into_iter().zip(b.parts()).filter(|(a, b)| a != b).map(|(part, _)| part.0).collect()
}

#[test]
fn one_flipped_byte_of_state_is_noticed_at_its_tick_and_named() {
    let (log, pins) = (log(), pins());
    let mut flipped = 0;
    for (frame, before) in log.frames.iter().zip(&log.worlds) {
        let Some(spell) = before.active_spells().find(|spell| spell.state.len() >= 8) else { continue };
        let mut bytes = before.snapshot();
        let state = bytes.windows(spell.state.len()).position(|window| window == spell.state);
        bytes[state.expect("state is in the snapshot")] ^= 1;
        let Err(SnapshotError::HashDiffers { saved, restored }) = World::restore(&bytes) else {
            panic!("a flipped byte of state was restored")
        };
        assert_eq!(saved, before.state_hash());
        // As if the byte had been flipped in memory: the snapshot of the wrong world, with its own hash.
        bytes[HEAD..HEAD + restored.0.len()].copy_from_slice(&restored.0);
        let mut wrong = World::restore(&bytes).expect("a sound world with one wrong byte");
        assert_eq!(differing(before, &wrong), ["spells"]);
        // Only a call that saved new state over the wrong byte, or an end, may heal it.
        let saves = frame.calls.iter().any(|call| call.cast_id == spell.cast.0);
        match apply_tick(&mut wrong, frame, &pins) {
            Err(ApplyError::Differs(difference)) => assert_eq!(difference.part, Part::Hash),
            other => assert!(saves, "tick {}: {other:?}", frame.tick),
        }
        flipped += 1;
    }
    assert!(flipped > 50, "{flipped} ticks had state to flip");
}

#[test]
fn one_wrong_draw_is_noticed_at_its_tick_and_named() {
    let (log, pins) = (log(), pins());
    let (mut changed, mut named) = (0, 0);
    for (at, frame) in log.frames.iter().enumerate() {
        // What one wrong draw makes of a projectile or a hole: another number in one effect.
        let nudge = |effect: &mut Effect| {
            match effect {
                Effect::SpawnProjectile { position, .. } => position[0] += 0.25,
                Effect::FillSphere { center, .. } => center[0] += 3.0,
                _ => return false,
            }
            true
        };
        let mut wrong = frame.clone();
        let calls = wrong.calls.iter_mut();
        let mut effects = calls.flat_map(|call| call.effects.iter_mut().flatten());
        if !effects.any(nudge) {
            continue;
        }
        let mut follower = log.worlds[at].clone();
        let Err(ApplyError::Differs(difference)) = apply_tick(&mut follower, &wrong, &pins) else {
            panic!("tick {}: a wrong effect was followed", frame.tick)
        };
        assert_eq!(difference.part, Part::Effects);
        let parts = differing(&log.worlds[at + 1], &follower);
        // A hole in the air is another effect and the same state.
        assert!(
            parts.is_empty() || parts.iter().any(|part| ["entities", "terrain"].contains(part)),
            "{parts:?}"
        );
        changed += 1;
        named += usize::from(!parts.is_empty());
    }
    assert!(changed > 10 && named > 5, "{changed} ticks had an effect to change, {named} of them state");
}
