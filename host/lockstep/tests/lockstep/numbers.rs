//! Every number within the simulation's bounds survives a double, and text.

use proptest::prelude::*;
use spellhost_lockstep::{entering, exact, quantise};
use spellhost_sim::*;
use spellhost_wire as wire;

use crate::busy::{pins, through_json, through_postcard};
use crate::harness::{body, flat};

const COORD_MAX: i64 = 1 << 36;
const SPEED_MAX: i64 = limits::SPEED_BLOCKS_PER_TICK_MAX << Rate::FRACTION_BITS;
const POINTS_MAX: i64 = limits::POINTS_MAX << Points::FRACTION_BITS;

/// Any number up to a bound, with the bounds and the numbers next to them.
fn raw(most: i64) -> impl Strategy<Value = i64> {
    prop_oneof![
        -most..=most,
        -9_i64..=9,
        (0_i64..9).prop_map(move |less| most - less),
        (0_i64..9).prop_map(move |more| more - most)
    ]
}

/// A number as a client may have it: written as JSON and read again.
fn told(number: f64) -> f64 {
    serde_json::from_str(&serde_json::to_string(&number).expect("a number")).expect("just written")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn coordinates(raw in raw(COORD_MAX)) {
        let coord = Coord::from_raw(raw);
        prop_assert_eq!(quantise::coord(told(exact::coord(coord))), Ok(coord));
    }

    #[test]
    fn velocities(raw in raw(SPEED_MAX)) {
        let rate = Rate::from_raw(raw);
        prop_assert_eq!(quantise::speed(told(exact::speed(rate))), Ok(rate));
    }

    #[test]
    fn accelerations(raw in raw(Rate::ONE.raw())) {
        let rate = Rate::from_raw(raw);
        let gravity = exact::speed(rate) * f64::from(limits::TICKS_PER_SECOND);
        prop_assert_eq!(quantise::acceleration(told(gravity)), Ok(rate));
    }

    #[test]
    fn points(raw in raw(POINTS_MAX)) {
        let points = Points::from_raw(raw);
        prop_assert_eq!(quantise::points(told(exact::points(points))), Ok(points));
    }

    #[test]
    fn parameters_keep_every_bit(bits: u64) {
        prop_assume!(f64::from_bits(bits).is_finite());
        prop_assert_eq!(told(f64::from_bits(bits)).to_bits(), bits);
    }

    /// A direction was made of length 1 once; to do it again would move it.
    #[test]
    fn directions_stay_as_they_are(x: i32, y: i32, z: i32, small in 0u32..31) {
        let Some(look) = Direction::normalise((x >> small).into(), (y >> small).into(), z.into()) else { return Ok(()) };
        let inputs = Inputs { ops: vec![Op::Spawn(EntitySpec { look, ..body(EntityKind::Player, 0, 1, 0) })], ..Inputs::default() };
        let mut world = flat();
        world.open_tick(inputs.clone());
        let frame = spellhost_lockstep::frame::frame("a", &inputs, &world.close_tick(Vec::new()));
        for frame in [through_json(&frame), through_postcard(&frame)] {
            prop_assert_eq!(entering::inputs(&frame, &pins()), Ok(inputs.clone()));
        }
    }
}

#[test]
fn states_are_base64_in_json_and_bytes_at_rest() {
    let effect = wire::Effect::Save { bytes: 3, data: wire::Bytes(vec![1, 2, 255]) };
    let text = serde_json::to_string(&effect).expect("plain data");
    assert_eq!(text, r#"{"type":"save","bytes":3,"data":"AQL/"}"#);
    assert_eq!(serde_json::from_str::<wire::Effect>(&text).expect("just written"), effect);
    assert_eq!(postcard::to_allocvec(&effect).expect("plain data"), [20, 3, 3, 1, 2, 255]);
}
