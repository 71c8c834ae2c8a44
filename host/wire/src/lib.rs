//! The frames of a world and what is in them, as every client and every log sees them.
//!
//! Plain data with two encodings: JSON for people and clients, postcard at rest. Promises that
//! both carry the same values and that golden vectors hold them still. It deliberately does not
//! know the simulation, the engine or a file system; who turns a played tick into a [`Frame`] is
//! elsewhere.

mod base64;
mod forms;
mod text;

mod code;
mod effect;
mod frame;
pub mod message;
mod outcome;
mod recording;
pub mod reply;
mod value;

pub use code::Code;
pub use effect::{Effect, Fill};
pub use frame::{Call, Cast, CastParams, Channel, Frame, Input, Op, Swap, Target};
pub use outcome::{Fuel, Outcome, Refusal};
pub use recording::{FORMAT, Header, Pin, Record, RecordingError, RecordingReader, RecordingWriter};
pub use text::{Bytes, Digest, Hash};
pub use value::{NamedValue, Value};
