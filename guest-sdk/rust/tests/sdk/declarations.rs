//! What `params!` and `state!` declare.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use spellhost_sdk::prelude::*;
use spellhost_sdk::state::Stored;

params! {
    /// Every kind.
    pub struct Params {
        /// How wide
        /// the blast is.
        blast_radius: f64 = 4.0, range = 1.0..=12.0, unit = "blocks";
        bounces: u8 = 2;
        depth: i64 = -3, range = -10..=0, label = "How deep";
        loud: bool = true;
        shape: String = "sphere", choices = ["sphere", "box"];
        at: Vec3 = Vec3::UP;
        block: BlockPos = BlockPos::new(1, 2, 3);
        friend: EntityId = 0;
        material: Material = Material::ASH;
    }
}

struct Blast;

impl Spell for Blast {
    fn describe() -> Info {
        Info::new("Blast").params::<Params>()
    }

    fn cast(ctx: &Context) -> Result {
        let params = Params::from(ctx);
        log::info!("{params:?}");
        ensure!(params.friend == 7 && params.bounces == 2, "the parameters did not arrive");
        Ok(())
    }
}

#[test]
fn parameters_make_a_form() {
    let params = mock::describe::<Blast>().params;
    let radius = &params[0];
    assert_eq!((radius.name.as_str(), radius.label.as_str()), ("blast_radius", "Blast radius"));
    assert_eq!((radius.help.as_str(), radius.unit.as_str()), ("How wide the blast is.", "blocks"));
    assert_eq!((&radius.default, radius.range), (&Value::Number(4.0), Some((1.0..=12.0).into())));
    assert_eq!(params[1].range, Some((0..=255).into()));
    assert_eq!((params[2].range, params[2].label.as_str()), (Some((-10..=0).into()), "How deep"));
    assert_eq!(params[4].choices, ["sphere", "box"]);
    let defaults: Vec<Value> = params[5..].iter().map(|param| param.default.clone()).collect();
    let block = BlockPos::new(1, 2, 3);
    assert_eq!(
        defaults,
        [Value::Point(Vec3::UP), Value::Block(block), Value::Entity(0), Value::Material(13)]
    );
}

#[test]
fn parameters_are_completed_and_read() {
    let mut world = mock::World::flat();
    let outcome = mock::cast::<Blast>(&mut world, mock::context(1).with("friend", Value::Entity(7)));
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(Params::from(&mock::context(1)), Params::default());
}

#[test]
fn a_spell_without_a_description_has_its_own_name() {
    struct Ember;
    impl Spell for Ember {
        fn cast(_: &Context) -> Result {
            Ok(())
        }
    }
    assert_eq!(mock::describe::<Ember>(), Info::new("Ember"));
}

state! {
    #[derive(PartialOrd)]
    enum Phase { Waiting, Rising, Falling }
}

state! {
    struct Mark { at: BlockPos, was: Material }
}

state! {
    struct State {
        phase: Phase,
        healed: u32,
        waves_left: u8 = 3,
        drift: i16,
        center: Vec3,
        last: Option<EntityId>,
        marks: Vec<Mark>,
        names: BTreeMap<String, f64>,
        seen: BTreeSet<EntityId>,
        queue: VecDeque<(bool, f32)>,
        corners: [i32; 3],
    }
}

fn full() -> State {
    State {
        phase: Phase::Falling,
        healed: 300,
        waves_left: 255,
        drift: -300,
        center: Vec3::new(0.5, -2.25, 1e9),
        last: Some(u64::MAX),
        marks: vec![Mark { at: BlockPos::new(-1, i32::MIN, 5), was: Material::GLASS }],
        names: [("é".to_owned(), -0.0)].into(),
        seen: [5, 1].into(),
        queue: [(true, 1.5)].into(),
        corners: [1, -2, 3],
    }
}

#[test]
fn state_comes_back_as_it_was() {
    assert_eq!(State::decode(&full().encode()), Ok(full()));
    assert_eq!(State::decode(&[]), Ok(State::default()));
    assert_eq!(State::default().waves_left, 3);
    assert_eq!(full().encode().len(), 116);
}

#[test]
fn later_revisions_read_earlier_state() {
    mod later {
        use spellhost_sdk::prelude::*;
        state! {
            pub struct State {
                // Moved, widened, and one is new.
                waves_left: u64,
                healed: i64 = -1,
                mana: f64 = 2.5,
                phase: super::Phase,
            }
        }
    }
    // Signed and unsigned are written differently: `healed` becomes another number, so such a change needs
    // `migrate`; widening does not.
    let state = later::State::decode(&full().encode()).unwrap();
    assert_eq!((state.waves_left, state.mana, state.phase), (255, 2.5, Phase::Falling));
    let bytes = State::migrate(&full().encode(), |old| later::State {
        healed: old.healed.into(),
        ..later::State::default()
    });
    assert_eq!(later::State::decode(&bytes.unwrap()).unwrap().healed, 300);
}

#[test]
fn bytes_of_another_shape_are_an_error_and_never_a_panic() {
    let bytes = full().encode();
    for end in 1..bytes.len() {
        assert!(State::decode(&bytes[..end]).is_err(), "cut at {end}");
    }
    for at in 0..bytes.len() {
        for flip in [1, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] ^= flip;
            // Either is right; it must only end.
            let _ = State::decode(&bytes);
        }
    }
    let huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    assert_eq!(Vec::<u8>::read(&mut &huge[..]), None);
    assert_eq!(u64::read(&mut &huge[..]), Some(u64::MAX));
    assert_eq!(u64::read(&mut &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02][..]), None);
}

#[test]
fn whole_numbers_are_as_long_as_they_need() {
    for (value, length) in [(0, 1), (-1, 1), (63, 1), (-64, 1), (64, 2), (i64::MIN, 10), (i64::MAX, 10)] {
        let mut bytes = Vec::new();
        value.write(&mut bytes);
        assert_eq!((bytes.len(), i64::read(&mut &bytes[..])), (length, Some(value)));
    }
}

#[cfg(feature = "serde")]
#[test]
fn state_through_serde_comes_back() {
    type State = (u32, String, Option<f64>);
    struct Through;
    impl Spell for Through {
        fn cast(_: &Context) -> Result {
            let (casts, name, _): State = state::load_serde()?;
            state::save_serde(&(casts + 1, name + "x", Some(0.5)))
        }
    }
    let mut world = mock::World::flat();
    for _ in 0..2 {
        assert_eq!(mock::cast::<Through>(&mut world, mock::context(1)).result, Ok(()));
    }
    assert_eq!(world.state, [2, 2, b'x', b'x', 1, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f]);
    world.state.truncate(3);
    assert!(mock::cast::<Through>(&mut world, mock::context(1)).result.is_err());
}
