//! Random helpers: drawing ahead never changes the stream, and the helpers stay in their ranges.

use spellhost_sdk::prelude::*;

/// What a function draws in a call of its own.
fn drawn<T: 'static>(draw: fn() -> T) -> T {
    use std::any::Any;
    use std::cell::RefCell;
    type Draw = Box<dyn FnOnce() -> Box<dyn Any>>;
    thread_local! {
        static DRAW: RefCell<Option<Draw>> = const { RefCell::new(None) };
        static DRAWN: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
    }
    struct Chance;
    impl Spell for Chance {
        fn cast(_: &Context) -> Result {
            let draw = DRAW.take().ok_or("nothing to draw")?;
            DRAWN.set(Some(draw()));
            Ok(())
        }
    }
    DRAW.set(Some(Box::new(move || Box::new(draw()))));
    mock::cast::<Chance>(&mut mock::World::flat(), mock::context(1)).result.unwrap();
    *DRAWN.take().unwrap().downcast().unwrap()
}

#[test]
fn drawing_ahead_keeps_the_stream() {
    let plain = drawn(|| (0..600).map(|_| random::next()).collect::<Vec<_>>());
    let ahead = drawn(|| {
        let mut draws = vec![random::next()];
        for count in [2, 1, 0, 7, 300, 5] {
            random::reserve(count);
            draws.extend((0..99).map(|_| random::next()));
        }
        draws.truncate(600);
        draws
    });
    assert_eq!(plain[..ahead.len()], ahead);
}

#[test]
fn a_shuffle_takes_one_draw_less_than_items() {
    let (shuffled, next) = drawn(|| {
        let mut items: Vec<u32> = (0..600).collect();
        random::shuffle(&mut items);
        (items, random::next())
    });
    assert_eq!(next, drawn(|| (0..600).map(|_| random::next()).collect::<Vec<_>>())[599]);
    let mut sorted = shuffled.clone();
    sorted.sort();
    assert_eq!(sorted, (0..600).collect::<Vec<_>>());
    assert_ne!(sorted, shuffled);
}

#[test]
fn ranges_hold_their_ends() {
    let eyes = drawn(|| (0..200).map(|_| random::range(1..=6)).collect::<Vec<i32>>());
    assert_eq!((eyes.iter().min(), eyes.iter().max()), (Some(&1), Some(&6)));
    assert_eq!(drawn(|| random::range(5..5)), 5);
    assert!(drawn(|| (0..200).all(|_| (-2..3).contains(&random::range(-2_i64..3)))));
    assert!(drawn(|| (0..200).all(|_| (0.5..0.75).contains(&random::range(0.5..0.75)))));
    assert_eq!(drawn(|| random::range(u64::MIN..=u64::MAX)), drawn(random::next));
    assert!(drawn(|| (0..200).all(|_| random::chance(1.0) && !random::chance(0.0))));
}

#[test]
fn unit_vectors_have_length_one_and_no_favourite_side() {
    let vectors = drawn(|| (0..4_000).map(|_| random::unit_vector()).collect::<Vec<_>>());
    assert!(vectors.iter().all(|vector| (vector.length() - 1.0).abs() < 1e-12));
    let sum = vectors.iter().fold(Vec3::ZERO, |sum, vector| sum + *vector);
    assert!(sum.length() / 4_000.0 < 0.05, "{sum:?}");
}

#[test]
fn nothing_can_be_picked_from_nothing() {
    assert_eq!(drawn(|| random::pick::<u8>(&[]).copied()), None);
    assert!(drawn(|| random::pick(&[1, 2, 3]).is_some_and(|item| (1..=3).contains(item))));
}
