//! A headless client: follows a world of a host, and verifies it.
//!
//! In `lockstep` it fetches the components that the host names by digest, runs the same calls on
//! the same simulation, and compares what came of them at every tick; where they differ it finds
//! the part, reports it, is healed and goes on. In `apply` it runs no spell. It comes back by
//! itself after a connection was lost, and begins anew from a snapshot where it has missed too much.
//!
//! Promises to stay within the bounds of [`limits`] whatever a host sends, and that everything that
//! has a digest is what its digest says. Deliberately does not know how a host works inside, nor
//! what anybody wants to see on a screen.
//!
//! ```no_run
//! use spellhost_client::{Client, Event, Kit, Options};
//!
//! # async fn follow() -> Result<(), spellhost_client::ClientError> {
//! let kit = Kit::new(2)?;
//! let mut client = Client::join(Options::verifying("127.0.0.1:5000")?, Some(&kit)).await?;
//! while let Some(event) = client.next().await {
//!     match event {
//!         Event::Tick(frame) => println!("tick {}: {} calls agree", frame.tick, frame.calls.len()),
//!         Event::Desync(desync) => println!("{desync}"),
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

pub mod limits;

mod address;
mod error;

mod desync;
mod fault;

mod fetch;
mod kit;

mod connection;
mod follower;

mod client;
mod session;

pub use address::Address;
pub use client::{Client, Event, Options, Requester};
pub use desync::Desync;
pub use error::ClientError;
pub use fault::{Fault, FaultKind};
pub use kit::Kit;
pub use spellhost_wire::message::Mode;
