//! The host's interfaces, as the rest of the crate calls them: the generated imports in a component, the mock
//! world everywhere else.
//!
//! Promises the same names and types on both sides. Nothing here buffers or checks.

pub use crate::bindings::spellhost::spell::{spells, types};

#[cfg(target_arch = "wasm32")]
pub use crate::bindings::spellhost::spell::{
    entities, log, presentation, projectiles, random, remote_events, scene, state, terrain, timers,
};

#[cfg(not(target_arch = "wasm32"))]
pub use crate::mock::imports::{
    entities, log, presentation, projectiles, random, remote_events, scene, state, terrain, timers,
};
