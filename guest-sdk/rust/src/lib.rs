//! Write spells for spellhost in Rust.
//!
//! A spell is one type with one trait; everything it can see or do is a function of a module named as in the
//! interface ([`scene`], [`terrain`], [`projectiles`], …):
//!
//! ```
//! use spellhost_sdk::prelude::*;
//!
//! struct Fireball;
//!
//! impl Spell for Fireball {
//!     fn cast(ctx: &Context) -> Result {
//!         Projectile::at(ctx.origin).velocity(ctx.direction * 30.0).gravity(9.8).spawn();
//!         Ok(())
//!     }
//!
//!     fn on_event(_: &Context, event: Event) -> Result {
//!         if let Event::ProjectileHit(hit) = event {
//!             terrain::carve_sphere(hit.position, 3.0);
//!             for victim in scene::living_in_radius(hit.position, 5.0) {
//!                 entities::damage(victim.id, 20.0);
//!             }
//!         }
//!         Ok(())
//!     }
//! }
//!
//! export_spell!(Fireball);
//! # fn main() {}
//! ```
//!
//! Units are blocks, blocks per second, and ticks of 1/60 s. What a component imports is what its spell may do:
//! a spell that never names [`terrain`] cannot touch it, and players see that before they cast. `log` is always
//! there, because a panic's message goes to it.
//!
//! Fuel is what a call is charged: a unit for an instruction, and a price for each question and command. Every
//! function says as which import it is priced; the prices stand there, in `wit/`. Commands wait and cross together,
//! so a list's own price is paid once for all of them.
//!
//! Natively, outside of a component, the same functions answer from a [`mock`] world: a spell's unit tests need
//! no wasm toolchain.

extern crate self as spellhost_sdk;

#[doc(hidden)]
#[allow(missing_docs, unsafe_code, clippy::all, reason = "generated from wit/, with the comments that stand there")]
#[rustfmt::skip]
pub mod bindings;
// Only where nobody else allocates: with WASI the heap belongs to its C library.
#[cfg(all(target_arch = "wasm32", target_os = "unknown", feature = "bump-allocator"))]
mod allocator;
mod creature;
mod error;
mod host;
mod info;
mod material;
mod panics;
mod pending;
#[doc(hidden)]
pub mod rt;
#[doc(hidden)]
pub mod stored;
mod vector;

pub mod entities;
pub mod events;
pub mod log;
#[cfg(not(target_arch = "wasm32"))]
pub mod mock;
pub mod params;
pub mod prelude;
pub mod presentation;
pub mod projectiles;
pub mod random;
pub mod remote_events;
pub mod scene;
#[doc(hidden)]
pub mod spell;
pub mod state;
pub mod terrain;
pub mod timers;

pub use creature::{Npc, Status};
pub use error::{Error, Result};
#[doc(inline)]
pub use host::spells::{ParamSpec, SpellEvent as Event, SpellInfo as Info};
#[doc(inline)]
pub use host::types::{
    BlockPos, BlockSize, CastContext as Context, EntityId, EntityInfo, EntityKind, NamedValue, Value, Vec3,
};
pub use material::{Material, material_named};
pub use projectiles::Projectile;
pub use spell::Spell;
pub use terrain::FillMode;
pub use timers::seconds;

/// The README's spell compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
