//! Choices that a seed makes: the same ones on every machine.
//!
//! Knows no source of entropy, and not what is chosen.

use spellhost_sim::CallStream;

/// A stream of choices.
pub struct Chance(CallStream);

impl Chance {
    /// The `at`-th stream of a seed.
    pub fn new(seed: u64, at: u64) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("spellhost certify 1: chance of a case");
        hasher.update(&seed.to_le_bytes()).update(&at.to_le_bytes());
        Self(CallStream::new(*hasher.finalize().as_bytes()))
    }

    /// A number below `end`; 0 where that is 0. Which ones are a little likelier does not matter here.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.next() % end.max(1)
    }

    /// A whole number from `min` to `max`, both included.
    pub fn within(&mut self, min: i64, max: i64) -> i64 {
        let width = (i128::from(max) - i128::from(min) + 1).max(1) as u128;
        (i128::from(min) + (u128::from(self.0.next()) % width) as i128) as i64
    }

    /// Yes once in `often` times.
    pub fn once_in(&mut self, often: u64) -> bool {
        self.below(often) == 0
    }

    /// A number from 0 up to but without 1, in steps that a double holds.
    pub fn fraction(&mut self) -> f64 {
        self.below(1 << 53) as f64 / (1_u64 << 53) as f64
    }

    /// One of several; there is at least one.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_keep_their_bounds_and_repeat() {
        let (mut first, mut again) = (Chance::new(3, 1), Chance::new(3, 1));
        assert_ne!(Chance::new(3, 2).below(u64::MAX), Chance::new(4, 1).below(u64::MAX));
        let mut ends = [false; 2];
        for _ in 0..1_000 {
            let found = first.within(-2, 2);
            assert_eq!(found, again.within(-2, 2));
            assert!((-2..=2).contains(&found));
            ends[0] |= found == -2;
            ends[1] |= found == 2;
            assert!((0.0..1.0).contains(&first.fraction()));
            again.fraction();
        }
        assert_eq!(ends, [true; 2]);
        assert_eq!(first.within(7, 7), 7);
        first.within(i64::MIN, i64::MAX);
        assert_eq!(first.below(0), 0);
    }
}
