//! The world as a function of its inputs.
//!
//! One pure library: voxels, entities, projectiles, statuses and active spells, advanced one tick
//! (1/60 s) at a time by [`World::open_tick`] and [`World::close_tick`]. It promises that equal
//! inputs and outcomes give equal state hashes on every machine. It deliberately does not know a
//! clock, a thread, a file, a socket, a float or what a spell is made of: calls go out as values
//! ([`Lane`]) and come back as values ([`CallResult`]).
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::float_arithmetic))]

extern crate alloc;

pub mod limits;

mod fixed;
mod vector;

mod material;
mod status;
mod template;

mod chunk;
mod generator;
mod raycast;
mod voxels;

mod call;
mod command;
mod event;
mod input;
mod report;

mod hash;
mod random;

mod body;
mod entity;
mod grid;
mod projectile;
mod registry;

mod active;
mod aim;
mod budget;
mod check;
mod close;
mod commit;
mod health;
mod open;
mod scene;
mod snapshot;
mod tree;
mod watching;
mod world;

pub use active::ActiveSpell;
pub use call::{
    Call, CallContext, CallId, CallResult, CastId, Entry, Lane, LimitKind, Opened, Outcome, Refusal,
};
pub use chunk::{CHUNK_EDGE, Chunk};
pub use command::{Command, Invalid, NamedValue, Number, ProjectileSpec, Value};
pub use entity::{EntityId, EntityInfo, EntityKind, EntitySpec};
pub use event::{Event, Hit};
pub use fixed::{Coord, Points, QuantiseError, Rate, quantise};
pub use generator::{Generator, Terrain};
pub use hash::StateHash;
pub use input::{
    Aim, CallLimits, CastRequest, Channel, Digest, Inputs, Op, RemoteInput, RevisionRef, SpellId, Swap,
    Target,
};
pub use material::{MATERIALS, Material, MaterialInfo};
pub use random::CallStream;
pub use raycast::VoxelHit;
pub use report::{CallReport, CastReport, Migration, TickReport};
pub use scene::{Looked, RayHit};
pub use snapshot::SnapshotError;
pub use status::{STATUSES, Status, StatusInfo};
pub use template::{TEMPLATES, Template, TemplateInfo};
pub use tree::{CHILDREN_MAX, Node, PATH_BYTES_MAX, Reader};
pub use vector::{BlockPos, BlockSize, ChunkPos, Direction, Point, Velocity};
pub use voxels::{Edit, Edited, FillMode, VoxelChange, Voxels};
pub use world::{World, WorldConfig};
