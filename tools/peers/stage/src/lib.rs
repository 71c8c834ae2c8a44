//! What every program of the casting benchmark stands on: one opened world, the answers it gives,
//! and the protocol of rounds.
//!
//! Promises that the work behind a host call is the same for all of them, so that only the way in
//! and out differs. Does not know any engine.

pub mod numbers;

mod rounds;
mod scene;

pub use rounds::{Program, serve};
pub use scene::{Scene, TYPICAL, opened_world};
