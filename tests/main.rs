//! What crosses crates, tried from outside: the built `spellhost` as a user would type it.
//!
//! Knows the command line and the file formats, and the crates by their public faces; never a crate's inside.

mod bad_input;
mod binary;
mod busy;
mod certify;
mod components;
mod determinism;
mod follower;
mod generated;
#[allow(dead_code, reason = "shared with the tests of the engine, which use all of it")]
mod guests;
mod hot_reload;
mod misbehaving;
mod replay;
mod server;
mod spells;
mod transcripts;
mod wasi;
