//! Worlds that tick, channels that move, clients that follow: HTTP and WebSockets over the store.
//!
//! Promises that a world waits for nobody, that a publish changes everything or nothing, and that
//! a bad message changes nothing. It deliberately does not know how a spell is built, what a
//! component does, or what a file looks like on the disk.

pub mod config;
pub mod limits;

mod failure;
mod metering;
mod pace;
mod time;
mod who;

mod catalogue;
mod guard;
mod params;
mod shelf;
mod spells;

mod excerpt;
mod jobs;
mod packages;
mod places;

mod keeper;
mod recovery;
mod world;
mod worlds;

mod columns;
mod notices;
mod publishing;
mod scene;
mod trial;

mod child;
mod guided;
mod host;
mod socket;

mod coding;
mod door;
mod openapi;
mod origin;
#[allow(unused_qualifications, reason = "utoipa names the types of parameters in full")]
mod page;
mod range;
mod request;
#[allow(unused_qualifications, reason = "utoipa names the types of parameters in full")]
mod routes;
mod serve;

pub use child::compile_in_child;
pub use config::{Builds, Config, Model};
pub use guided::{Guide, Guided, Made};
pub use serve::{Ended, ServeError, Stop, serve};
