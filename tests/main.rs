//! What crosses crates, tried from outside: the built `spellhost` as a user would type it.
//!
//! Knows the command line and the file formats, and the crates by their public faces; never a crate's inside.

mod assemblyscript;
mod bad_input;
mod binary;
mod browser;
mod busy;
mod certify;
mod clients;
mod components;
mod determinism;
mod doctor;
mod follower;
mod generated;
#[allow(dead_code, reason = "shared with the tests of the engine, which use all of it")]
mod guests;
mod hot_reload;
mod jobs;
mod misbehaving;
mod operator;
mod packages;
mod page;
mod places;
mod publish;
mod replay;
mod server;
mod spells;
mod terminal;
mod transcripts;
mod wasi;
mod web;
