//! Frames there and back, in both encodings, over worlds in which everything happens.

#[path = "../../../sim/tests/world/harness.rs"]
#[allow(dead_code, reason = "shared with the simulation's own tests, which use all of it")]
mod harness;

mod busy;

mod following;
mod numbers;
mod refusing;
mod round_trip;
