//! Spells made by chance: components that a compiler would never write.
//!
//! Promises that a seed and an index always make the same sample. Deliberately knows nothing of the
//! host but the contract's text: what a sample should come to is said by the tests that cast it.

mod entropy;
mod memory;
mod shape;

mod sample;

pub use sample::{Kind, Sample, foreign, sample, spell};
