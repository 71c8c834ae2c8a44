//! What a spell's file starts with: `use spellhost_sdk::prelude::*;`.
//!
//! Promises that a spell needs no second import from this crate.

pub use crate::{
    BlockPos, BlockSize, Context, EntityId, EntityInfo, EntityKind, Error, Event, FillMode, Info, Material,
    NamedValue, Npc, ParamSpec, Projectile, Result, Spell, Status, Value, Vec3, ensure, entities,
    export_spell, fail, log, material_named, params, presentation, projectiles, random, remote_events, scene,
    seconds, state, terrain, timers,
};

pub use crate::{events, scene::Ray, scene::RayHit, scene::Region};

#[cfg(not(target_arch = "wasm32"))]
pub use crate::mock;
