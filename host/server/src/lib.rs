//! Worlds that tick, channels that move, clients that follow: HTTP and WebSockets over the store.
//!
//! Promises that a world waits for nobody, that a publish changes everything or nothing, and that
//! a bad message changes nothing. It deliberately does not know how a spell is built, what a
//! component does, or what a file looks like on the disk.

pub mod config;
pub mod limits;

mod failure;
mod time;
mod who;

mod params;
mod shelf;
mod spells;

mod keeper;
mod recovery;
mod world;

mod child;
mod host;
mod origin;
mod routes;
mod serve;
mod socket;

pub use child::compile_in_child;
pub use config::Config;
pub use serve::{ServeError, Stop, serve};
