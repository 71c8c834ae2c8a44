//! A world that follows frames without running a spell arrives where the host's did.

use proptest::prelude::*;
use spellhost_lockstep::applying::{ApplyError, apply_tick};
use spellhost_lockstep::difference::{Difference, Part};
use spellhost_lockstep::frame;
use spellhost_sim::*;
use spellhost_wire as wire;

use crate::busy::{Played, pins, play, revision, through_json};
use crate::harness::{act, bolt, flat, per_tick, player, spell};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_busy_world_is_followed_to_every_hash(seed: u64) {
        let (mut host, mut follower, pins) = (flat(), flat(), pins());
        for played in play(&mut host, seed, 90) {
            let report = apply_tick(&mut follower, &through_json(&played.frame), &pins);
            prop_assert_eq!(report, Ok(played.report));
        }
        prop_assert_eq!(follower.snapshot(), host.snapshot());
    }
}

/// A full world: spawns find no room, and one of them only until the call itself makes some.
#[test]
fn ids_that_skipped_spawns_used_up_are_used_up() {
    let mut world = flat();
    let caster = player(&mut world);
    let row = |x: i32| EntitySpec {
        radius: Coord::ZERO,
        ..crate::harness::body(EntityKind::Item, x % 999, 500, x / 999)
    };
    let room = limits::ENTITIES_MAX - world.entities().count();
    let ops = (0..room as i32).map(|x| Op::Spawn(row(x))).collect();
    crate::harness::play(&mut world, Inputs { ops, ..Inputs::default() }, |_, _| crate::harness::ok([]));
    let [a, b] = [EntityId(7), EntityId(8)];
    let shoot = || Command::SpawnProjectile(bolt(Point::from_blocks(0, 90, 0), per_tick(0, 1, 0)));
    let saved = world.snapshot();
    let (reference, pin) = revision(0);
    let request = CastRequest { revision: reference, ..crate::harness::cast(caster) };
    let inputs = Inputs { casts: vec![request], ..Inputs::default() };
    let commands = [
        shoot(),
        Command::Despawn { id: a },
        shoot(),
        shoot(),
        shoot(),
        Command::Despawn { id: b },
        Command::Despawn { id: b },
        shoot(),
        shoot(),
    ];
    let report =
        crate::harness::play(&mut world, inputs.clone(), |_, _| crate::harness::ok(commands.clone()));
    let call = &report.calls[0];
    assert_eq!(call.outcome, Outcome::Applied { skipped: 5 });
    let first = call.spawned[0].0 - 1;
    assert_eq!(call.spawned, [EntityId(first + 1), EntityId(first + 4)]);
    let mut follower = World::restore(&saved).expect("a sound snapshot");
    let mut pins = spellhost_lockstep::Pins::new();
    pins.insert(&pin).expect("an honest pin");
    let frame = frame::frame("full", &inputs, &report);
    assert_eq!(apply_tick(&mut follower, &frame, &pins), Ok(report));
}

/// The frame of a cast that saves, hurts and shoots, and the world before it.
fn scene() -> (World, wire::Frame) {
    let mut world = flat();
    let caster = player(&mut world);
    let before = world.clone();
    let commands = vec![
        Command::Save { bytes: vec![1, 2, 3] },
        Command::Damage { id: caster, points: Points::from_whole(5) },
        Command::SpawnProjectile(bolt(Point::from_blocks(0, 9, 0), per_tick(0, 1, 0))),
    ];
    let inputs = Inputs {
        casts: vec![CastRequest { revision: revision(1).0, ..crate::harness::cast(caster) }],
        ..Inputs::default()
    };
    let report =
        crate::harness::play(&mut world, inputs.clone(), |_, _| crate::harness::ok(commands.clone()));
    (before, frame::frame("scene", &inputs, &report))
}

fn follow(change: impl FnOnce(&mut wire::Frame)) -> Result<TickReport, ApplyError> {
    let (mut world, mut frame) = scene();
    change(&mut frame);
    apply_tick(&mut world, &frame, &pins())
}

#[test]
fn whatever_a_frame_says_wrongly_is_found() {
    let differs = |part| Some(ApplyError::Differs(Difference { part, at: 0 }));
    let effect = |frame: &mut wire::Frame, at: usize, new: wire::Effect| {
        frame.calls[0].effects.as_mut().expect("effects")[at] = new;
    };
    assert!(follow(|_| {}).is_ok());
    assert_eq!(follow(|frame| frame.state_hash.0[0] ^= 1).err(), differs(Part::Hash));
    assert_eq!(follow(|frame| frame.calls[0].fuel.granted -= 1).err(), differs(Part::Fuel));
    assert_eq!(
        follow(|frame| frame.calls[0].fuel.used += 1).err(),
        differs(Part::Effects),
        "fuel is in the digest"
    );
    assert_eq!(follow(|frame| frame.calls[0].call_id += 1).err(), differs(Part::Call));
    assert_eq!(follow(|frame| drop(frame.calls.pop())).err(), differs(Part::Call));
    assert_eq!(follow(|frame| frame.casts[0].cast_id += 1).err(), differs(Part::Cast));
    let weaker = |frame: &mut wire::Frame| effect(frame, 1, wire::Effect::Damage { id: 1, points: 4.0 });
    assert_eq!(follow(weaker).err(), differs(Part::Effects));
    let tick = follow(|frame| frame.tick += 1).err();
    assert_eq!(tick, Some(ApplyError::Tick { frame: 2, world: 1 }));
}

#[test]
fn what_no_spell_may_do_is_refused_with_its_place() {
    let at = |change: &dyn Fn(&mut wire::Frame)| follow(change).expect_err("it is wrong").to_string();
    let effect = |frame: &mut wire::Frame, new: wire::Effect| {
        frame.calls[0].effects.as_mut().expect("effects")[2] = new;
    };
    let far = |frame: &mut wire::Frame| {
        effect(frame, wire::Effect::PlaySound { asset: "a".into(), at: [0.0, 9e9, 0.0] })
    };
    assert!(at(&far).starts_with("calls[0].effects[2]: at: "), "{}", at(&far));
    let nobody = |frame: &mut wire::Frame| effect(frame, wire::Effect::Damage { id: 99, points: 1.0 });
    assert!(at(&nobody).starts_with("calls[0].effects[2]: id: "), "{}", at(&nobody));
    let short =
        |frame: &mut wire::Frame| effect(frame, wire::Effect::Save { bytes: 9, data: wire::Bytes(vec![1]) });
    assert_eq!(at(&short), "calls[0].effects[2].data: 9 is said and 1 found");
    let stranger = |frame: &mut wire::Frame| {
        effect(frame, wire::Effect::SpawnNpc { id: 3, template: "wolf".into(), position: [0.0; 3], tag: 0 });
    };
    assert_eq!(at(&stranger), "calls[0].effects[2]: the call that spawns has no entity id 3");
    assert_eq!(
        at(&|frame| frame.calls[0].effects = None),
        "calls[0].effects: the effects are left out: this frame can only be verified"
    );
    let many =
        |frame: &mut wire::Frame| frame.calls[0].outcome = wire::Outcome::Applied { skipped: u32::MAX };
    assert!(at(&many).contains("is more than 64"), "{}", at(&many));
}

#[test]
fn a_world_that_cannot_follow_can_be_healed() {
    let (mut world, mut frame) = scene();
    let healthy = world.snapshot();
    frame.calls[0].effects = None;
    assert!(apply_tick(&mut world, &frame, &pins()).is_err());
    assert_eq!(world.tick(), frame.tick + 1, "no tick is left open");
    world = World::restore(&healthy).expect("a sound snapshot");
    assert!(apply_tick(&mut world, &scene().1, &pins()).is_ok());
}

#[test]
fn only_decided_limits_are_verdicts() {
    let limited = |kind| {
        let mut world = flat();
        let caster = player(&mut world);
        let report = crate::harness::play(
            &mut world,
            crate::harness::casts([crate::harness::cast(caster)]),
            |_, _| crate::harness::ended(Outcome::Limit(kind)),
        );
        let verdicts =
            spellhost_lockstep::applying::verdicts(&frame::frame("a", &Inputs::default(), &report));
        verdicts.expect("a known limit").into_values().collect::<Vec<_>>()
    };
    assert_eq!(limited(LimitKind::Watchdog), [LimitKind::Watchdog]);
    assert_eq!(limited(LimitKind::Stack), [LimitKind::Stack]);
    assert_eq!(limited(LimitKind::Memory), []);
}

/// Effects of a spell that an earlier call of its lane finished are skipped, and counted.
#[test]
fn a_finished_lane_is_followed() {
    let mut host = flat();
    let caster = player(&mut host);
    act(
        &mut host,
        caster,
        vec![Command::WakeAfter { after: 1, tag: 1 }, Command::WakeAfter { after: 1, tag: 2 }],
    );
    let mut follower = host.clone();
    let report = crate::harness::play(&mut host, Inputs::default(), |_, _| {
        crate::harness::ok([Command::Damage { id: caster, points: Points::ONE }, Command::Finish])
    });
    assert_eq!(report.calls.iter().map(|call| call.effects.len()).collect::<Vec<_>>(), [2, 0]);
    let frame = frame::frame("a", &Inputs::default(), &report);
    assert_eq!(apply_tick(&mut follower, &frame, &pins()), Ok(report));
    assert_eq!(spell("ember").as_str(), frame.calls[0].spell_id);
}

#[test]
fn played_ticks_hold_what_they_say() {
    let Played { inputs, report, frame } = play(&mut flat(), 1, 1).remove(0);
    assert_eq!((inputs.ops.len(), report.tick, frame.ops.len()), (5, 0, 5));
}
