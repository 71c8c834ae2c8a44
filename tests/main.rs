//! What crosses crates, tried from outside: the built `spellhost` as a user would type it.
//!
//! Knows the command line and the file formats, and the crates by their public faces; never a crate's inside.

mod bad_input;
mod binary;
mod busy;
mod components;
mod determinism;
mod follower;
mod generated;
mod hot_reload;
mod spells;
mod transcripts;
