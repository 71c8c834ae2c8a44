//! What no host writes into a frame is refused with its place, and never reaches a world.

use spellhost_lockstep::{PinError, Pins, entering};
use spellhost_wire as wire;

use crate::busy::{pins, revision};

fn frame() -> wire::Frame {
    let (reference, _) = revision(1);
    let id = wire::Digest(reference.id.0);
    let component = wire::Digest(reference.component.0);
    let cast_params = wire::CastParams { direction: Some([0.0, 0.0, -1.0]), ..wire::CastParams::default() };
    wire::Frame {
        world_id: "a".into(),
        tick: 0,
        inputs: vec![],
        casts: vec![wire::Cast {
            cast_id: 1,
            spell_id: "ember".into(),
            revision_id: id,
            component,
            channel: None,
            caster_id: 1,
            cast_params,
            seed: None,
            outcome: None,
        }],
        ops: vec![wire::Op::Spawn {
            kind: "player".into(),
            template: None,
            position: [0.0; 3],
            look: [0.0, 1.0, 0.0],
            radius: 1.0,
            health: 1.0,
            health_max: 1.0,
        }],
        swaps: vec![wire::Swap {
            spell_id: "ember".into(),
            channel: wire::Channel::Draft,
            revision_id: id,
            component,
        }],
        state_hash: wire::Hash([0; 16]),
        calls: vec![],
    }
}

fn refused(change: impl FnOnce(&mut wire::Frame)) -> String {
    let mut frame = frame();
    change(&mut frame);
    entering::inputs(&frame, &pins()).expect_err("it is wrong").to_string()
}

#[test]
fn every_wrong_field_is_named() {
    assert!(entering::inputs(&frame(), &pins()).is_ok());
    let cast = |change: fn(&mut wire::Cast)| refused(|frame| change(&mut frame.casts[0]));
    assert_eq!(cast(|cast| cast.spell_id = "No".into()), "casts[0].spell_id: `No` is no spell id");
    let digest = wire::Digest([9; 32]);
    assert_eq!(
        cast(|cast| cast.revision_id = wire::Digest([9; 32])),
        format!("casts[0].revision_id: the revision {digest} is not pinned")
    );
    let pinned = wire::Digest([1; 32]);
    assert_eq!(
        cast(|cast| cast.component = wire::Digest([9; 32])),
        format!("casts[0].component: the component of that revision is {pinned}")
    );
    for direction in [[0.0; 3], [0.0, 0.0, -1.1], [9e8, 0.0, 0.0], [0.6, 0.6, 0.6]] {
        let text = refused(|frame| frame.casts[0].cast_params.direction = Some(direction));
        assert_eq!(text, "casts[0].cast_params.direction: a direction has length 1");
    }
    let nan = refused(|frame| frame.casts[0].cast_params.origin = Some([0.0, f64::NAN, 0.0]));
    assert_eq!(nan, "casts[0].cast_params.origin.y: a number must be finite, not a NaN or an infinity");
    let huge =
        refused(|frame| frame.casts[0].cast_params.target = Some(wire::Target::Point([0.0, 0.0, 1e300])));
    assert_eq!(huge, "casts[0].cast_params.target.z: a number is too large for the world");
    let op = |new: wire::Op| refused(|frame| frame.ops.push(new));
    let sphere = |material: &str| wire::Op::FillSphere {
        center: [0.0; 3],
        radius: 1.0,
        material: material.into(),
        mode: wire::Fill::Add,
    };
    assert_eq!(op(sphere("gold\n")), r"ops[1].material: `gold\n` is no material");
    let spawn = |kind: &str, template: Option<&str>| wire::Op::Spawn {
        kind: kind.into(),
        template: template.map(Into::into),
        position: [0.0; 3],
        look: [0.0, 1.0, 0.0],
        radius: 1.0,
        health: 1.0,
        health_max: 1.0,
    };
    assert_eq!(op(spawn("ghost", None)), "ops[1].kind: `ghost` is no kind of entity");
    assert_eq!(op(spawn("npc", Some("ghost"))), "ops[1].template: `ghost` is no creature");
    assert_eq!(
        refused(|frame| frame.swaps[0].spell_id = String::new()),
        "swaps[0].spell_id: `` is no spell id"
    );
    let value = wire::NamedValue { name: "a".into(), value: wire::Value::Number { value: f64::INFINITY } };
    let many = refused(|frame| frame.casts[0].cast_params.params = vec![value.clone(); 33]);
    assert_eq!(many, "casts[0].cast_params.params: 33 is more than 32");
    let infinite = refused(|frame| frame.casts[0].cast_params.params = vec![value.clone()]);
    assert_eq!(infinite, "casts[0].cast_params.params[0]: a number must be finite, not a NaN or an infinity");
}

#[test]
fn a_pin_is_what_its_manifest_says_and_lowers_only() {
    let honest = revision(3).1;
    let refused = |change: fn(&mut wire::Pin)| {
        let mut pin = honest.clone();
        change(&mut pin);
        let mut pins = Pins::new();
        pins.insert(&honest).expect("an honest pin");
        pins.insert(&pin).err()
    };
    let revision = honest.revision_id;
    assert_eq!(refused(|_| {}), None);
    assert_eq!(refused(|pin| pin.manifest.push(' ')), Some(PinError::Manifest { revision }));
    assert_eq!(refused(|pin| pin.mana += 1), Some(PinError::Twice { revision }));
    let most = spellhost_sim::limits::GRANT_FUEL;
    let said = u64::MAX;
    assert_eq!(
        refused(|pin| pin.grant = u64::MAX),
        Some(PinError::Limit { revision, field: "grant", said, most })
    );
    let (said, most) = (u64::from(u32::MAX), spellhost_sim::limits::COMMANDS_MAX as u64);
    assert_eq!(
        refused(|pin| pin.commands = u32::MAX),
        Some(PinError::Limit { revision, field: "command count", said, most })
    );
}
