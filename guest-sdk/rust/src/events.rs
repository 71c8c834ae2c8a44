//! What the cases of an [`Event`](crate::Event) carry.
//!
//! Promises nothing of its own: these are the interface's shapes, under one name.

#[doc(inline)]
pub use crate::host::spells::{Death, Expired, Hit, Remote, Trigger, UnknownEvent};
