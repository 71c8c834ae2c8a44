//! Random numbers: one ChaCha8 stream per call, keyed from the world's seed, the tick and the call's number.
//!
//! Promises the same words on every machine. Deliberately knows no source of entropy.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::call::CallId;

/// The random stream of one call.
#[derive(Clone, Debug)]
pub struct CallStream(ChaCha8Rng);

impl CallStream {
    /// The stream with the key of a [`crate::Call`].
    pub fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha8Rng::from_seed(seed))
    }

    /// The next 64 bits.
    #[allow(
        clippy::should_implement_trait,
        reason = "a stream without an end, not an iterator that may stop"
    )]
    pub fn next(&mut self) -> u64 {
        self.0.next_u64()
    }
}

/// The key of a call's stream.
pub(crate) fn call_seed(world_seed: u64, tick: u64, call: CallId) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("spellhost 0.1 random stream of a call");
    hasher.update(&world_seed.to_le_bytes());
    hasher.update(&tick.to_le_bytes());
    hasher.update(&call.0.to_le_bytes());
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_same_every_time_and_differs_by_call() {
        let words = |call: u64| {
            let mut stream = CallStream::new(call_seed(7, 3, CallId(call)));
            [stream.next(), stream.next(), stream.next()]
        };
        assert_eq!(words(1), words(1));
        assert_ne!(words(1), words(2));
        assert_ne!(call_seed(7, 3, CallId(1)), call_seed(8, 3, CallId(1)));
        assert_ne!(call_seed(7, 3, CallId(1)), call_seed(7, 4, CallId(1)));
    }

    #[test]
    fn the_words_are_those_of_chacha8() {
        // The first words of ChaCha8 under the zero key, as its reference implementation gives them.
        let mut stream = CallStream::new([0; 32]);
        assert_eq!(stream.next().to_le_bytes(), [0x3e, 0x00, 0xef, 0x2f, 0x89, 0x5f, 0x40, 0xd6]);
    }
}
