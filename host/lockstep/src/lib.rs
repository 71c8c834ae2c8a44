//! A tick of the simulation as a frame, and back.
//!
//! [`frame::frame`] says what entered a tick and what came of it; [`entering::inputs`] reads what entered;
//! [`applying::apply_tick`] follows a log without running any spell. It promises that
//! nothing is lost on the way: a number, a name or an id that went out comes back as it was, and
//! what comes from outside is checked before it reaches a world. It deliberately does not know
//! the engine, a component, a file or a connection, so that it is built for browsers as it is.
#![forbid(unsafe_code)]

pub mod exact;
pub mod quantise;

mod error;
mod reading;

pub mod frame;

pub mod applying;
pub mod difference;
pub mod entering;
mod manifest;
mod pins;
pub mod search;
pub mod tree;

pub use error::{FrameError, Problem};
pub use manifest::{ManifestError, reference};
pub use pins::{PinError, Pins, pin};
