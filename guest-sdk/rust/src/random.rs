//! Chance: one stream per call, the same for every client.
//!
//! Promises that each helper says how many draws it takes, and that drawing ahead (one question for many
//! numbers is cheaper) never changes what comes. Does not know seeds: the host makes the stream from the
//! world's seed, the tick and the call.

use std::cell::Cell;
use std::ops::{Range, RangeInclusive};

use crate::host::random as host;
use crate::host::types::Vec3;

/// The most draws that one question may ask for.
const FILL_MAX: usize = 256;

thread_local! {
    /// Drawn already, the next one last.
    static AHEAD: Cell<Vec<u64>> = const { Cell::new(Vec::new()) };
}

/// The next 64 bits. One draw.
///
/// Fuel: priced as `random.next`, or nothing if it was drawn ahead.
pub fn next() -> u64 {
    let mut ahead = AHEAD.take();
    let drawn = ahead.pop();
    AHEAD.set(ahead);
    drawn.unwrap_or_else(host::next)
}

/// Draws ahead, so that the next `draws` cost one question: worth it from two on, done by the helpers that know
/// how many they take. The stream stays the same.
///
/// Fuel: priced as `random.fill`.
pub fn reserve(draws: usize) {
    let mut ahead = AHEAD.take();
    let missing = draws.min(FILL_MAX).saturating_sub(ahead.len());
    if missing > 1 {
        let mut drawn = host::fill(missing as u32);
        drawn.reverse();
        drawn.append(&mut ahead);
        ahead = drawn;
    }
    AHEAD.set(ahead);
}

/// A test's call begins: what an earlier one drew ahead is gone. (A component's memory is new in each call.)
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn begin() {
    AHEAD.take();
}

/// Whether a draw is there already.
fn drawn_ahead() -> bool {
    let ahead = AHEAD.take();
    let some = !ahead.is_empty();
    AHEAD.set(ahead);
    some
}

/// A number from 0 (included) to 1 (excluded). One draw.
pub fn unit_f64() -> f64 {
    // 53 bits are what an f64 holds exactly.
    (next() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A number of a range: `range(1..=6)`, `range(-1.0..1.0)`. One draw. An empty range gives its start.
///
/// ```
/// use spellhost_sdk::prelude::*;
/// # struct Dice;
/// # impl Spell for Dice { fn cast(_: &Context) -> Result {
/// let eyes = random::range(1..=6);
/// assert!((1..=6).contains(&eyes));
/// let angle = random::range(0.0..std::f64::consts::TAU);
/// # assert!((0.0..std::f64::consts::TAU).contains(&angle));
/// # Ok(()) } }
/// # mock::cast::<Dice>(&mut mock::World::flat(), mock::context(1)).result.unwrap();
/// ```
pub fn range<R: Span>(range: R) -> R::Number {
    range.pick(next())
}

/// A range that a number can be drawn from.
#[diagnostic::on_unimplemented(
    message = "no number can be drawn from `{Self}`",
    note = "write `a..b` or `a..=b`, with integers or f64 on both ends"
)]
pub trait Span {
    /// What is drawn.
    type Number;
    /// The number that a draw stands for.
    fn pick(self, draw: u64) -> Self::Number;
}

/// Which of `count` equally likely cases a draw stands for; 0 where there is none.
fn case(draw: u64, count: u128) -> u128 {
    (u128::from(draw) * count) >> 64
}

macro_rules! span {
    ($($number:ty),*) => {$(
        impl Span for Range<$number> {
            type Number = $number;
            fn pick(self, draw: u64) -> $number {
                let count = (self.end as i128 - self.start as i128).max(0);
                (self.start as i128 + case(draw, count as u128) as i128) as $number
            }
        }
        impl Span for RangeInclusive<$number> {
            type Number = $number;
            fn pick(self, draw: u64) -> $number {
                let count = (*self.end() as i128 - *self.start() as i128 + 1).max(0);
                (*self.start() as i128 + case(draw, count as u128) as i128) as $number
            }
        }
    )*};
}

span!(i8, i16, i32, i64, u8, u16, u32, u64, usize);

impl Span for Range<f64> {
    type Number = f64;
    fn pick(self, draw: u64) -> f64 {
        let part = (draw >> 11) as f64 / (1_u64 << 53) as f64;
        self.start + (self.end - self.start) * part
    }
}

impl Span for RangeInclusive<f64> {
    type Number = f64;
    fn pick(self, draw: u64) -> f64 {
        let part = (draw >> 11) as f64 / ((1_u64 << 53) - 1) as f64;
        self.start() + (self.end() - self.start()) * part
    }
}

/// Whether something with that probability (0 never, 1 always) happens. One draw.
pub fn chance(probability: f64) -> bool {
    unit_f64() < probability
}

/// A direction of length 1, every one equally likely. Two draws or, one time in five, more.
pub fn unit_vector() -> Vec3 {
    loop {
        reserve(2);
        let (a, b) = (range(-1.0..1.0), range(-1.0..1.0));
        let square: f64 = a * a + b * b;
        // Marsaglia's method: a point of the disc stands for a point of the sphere.
        if square < 1.0 {
            let root = 2.0 * (1.0 - square).sqrt();
            return Vec3::new(a * root, 1.0 - 2.0 * square, b * root);
        }
    }
}

/// One of the items, every one equally likely; `None` where there are none. One draw.
pub fn pick<T>(items: &[T]) -> Option<&T> {
    items.get(range(0..items.len()))
}

/// Brings the items into any order, every one equally likely. One draw less than there are items.
pub fn shuffle<T>(items: &mut [T]) {
    for last in (1..items.len()).rev() {
        if !drawn_ahead() {
            reserve(last);
        }
        items.swap(last, range(0..=last));
    }
}
