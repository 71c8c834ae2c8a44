//! What crosses crates, tried from outside: the built `spellhost` as a user would type it.
//!
//! Knows the command line and the file formats; never a crate's inside.

mod bad_input;
mod binary;
mod certify;
mod hot_reload;
mod spells;
mod transcripts;
