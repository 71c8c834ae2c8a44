//! Effects: a call's commands as applied, in order.
//!
//! Lengths in blocks, velocities in blocks a second, gravity in blocks a second squared, durations
//! in ticks; materials, statuses and creatures by name.

use serde::{Deserialize, Serialize};

use crate::forms::tagged;
use crate::text::Bytes;
use crate::value::NamedValue;

/// How a sphere or box changes voxels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the WIT says it")]
pub enum Fill {
    Add,
    Subtract,
    Paint,
}

tagged! {
    tag = "type";
    /// One effect. JSON: `{"type": "fill_sphere", "center": [0.5, 4.0, -11.5], …}`.
    #[allow(missing_docs, reason = "the WIT says it, interface by interface")]
    pub enum Effect {
        SetVoxel { pos: [i32; 3], material: String },
        FillSphere { center: [f64; 3], radius: f64, material: String, mode: Fill },
        FillBox { min: [i32; 3], size: [u32; 3], material: String, mode: Fill },
        WatchBox { min: [i32; 3], size: [u32; 3], tag: u32, duration: u32 },
        SpawnProjectile {
            id: u64,
            position: [f64; 3],
            velocity: [f64; 3],
            gravity: f64,
            radius: f64,
            lifetime: u32,
            bounces: u8,
            tag: u32,
        },
        Damage { id: u64, points: f64 },
        Heal { id: u64, points: f64 },
        Push { id: u64, vector: [f64; 3] },
        Teleport { id: u64, position: [f64; 3] },
        ApplyStatus { id: u64, name: String, duration: u32 },
        SpawnNpc { id: u64, template: String, position: [f64; 3], tag: u32 },
        Despawn { id: u64 },
        PlayVfx { asset: String, at: [f64; 3], params: Vec<NamedValue> },
        PlaySound { asset: String, at: [f64; 3] },
        Message { player: u64, text: String },
        WakeAfter { after: u32, tag: u32 },
        CancelTimer { tag: u32 },
        Broadcast { name: String, payload: String },
        Send { player: u64, name: String, payload: String },
        Listen { name: String, duration: u32 },
        Save { bytes: u32, data: Bytes },
        Finish {},
    }
}
