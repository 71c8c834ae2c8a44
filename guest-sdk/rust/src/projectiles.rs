//! Commands that spawn projectiles: spheres that fly, strike, and tell this spell where.
//!
//! Promises the id of each before it exists. Commands wait in a list and cross to the host together; they are
//! applied only if the call ends well.

use std::cell::Cell;

use crate::host::projectiles as host;
use crate::host::types::{EntityId, Vec3};
use crate::pending::{self, Owner};

pub use crate::bindings::spellhost::spell::projectiles::ProjectileSpec as Projectile;

thread_local! {
    static WAITING: Cell<Vec<Projectile>> = const { Cell::new(Vec::new()) };
}

/// Spawns a projectile and gives its id, which is good from the next tick on: this call cannot command it.
///
/// It strikes solid voxels and bodies, never its caster, and raises
/// [`Event::ProjectileHit`](crate::Event::ProjectileHit) or
/// [`Event::ProjectileExpired`](crate::Event::ProjectileExpired) once. A value out of range ends the call as
/// `invalid`; the ranges stand at [`Projectile`].
///
/// Fuel: priced as one item of `projectiles.spawn`.
///
/// ```
/// use spellhost_sdk::prelude::*;
/// # struct Bolt;
/// # impl Spell for Bolt { fn cast(ctx: &Context) -> Result {
/// let bolt = projectiles::spawn(
///     Projectile::at(ctx.origin).velocity(ctx.direction * 40.0).gravity(9.8).radius(0.25).tag(7),
/// );
/// assert_eq!(bolt, ctx.first_entity);
/// # Ok(()) } }
/// # let mut world = mock::World::flat();
/// # let caster = world.player(Vec3::ZERO);
/// # mock::cast::<Bolt>(&mut world, mock::context(caster)).result.unwrap();
/// ```
pub fn spawn(projectile: Projectile) -> EntityId {
    pending::push(Owner::Projectiles, &WAITING, || host::spawn(&WAITING.take()), projectile);
    pending::next_entity()
}

impl Projectile {
    /// At rest at that point; no gravity, radius 0.25 blocks, 600 ticks, no bounces, tag 0.
    pub const fn at(position: Vec3) -> Projectile {
        Projectile {
            position,
            velocity: Vec3::ZERO,
            gravity: 0.0,
            radius: 0.25,
            lifetime: 600,
            bounces: 0,
            tag: 0,
        }
    }

    /// Blocks per second; each component at most 3,840.
    pub const fn velocity(mut self, velocity: Vec3) -> Projectile {
        self.velocity = velocity;
        self
    }

    /// Blocks per second squared, downward: -3,600 to 3,600. What falls as on Earth has 9.8.
    pub const fn gravity(mut self, gravity: f64) -> Projectile {
        self.gravity = gravity;
        self
    }

    /// 0 to 4 blocks.
    pub const fn radius(mut self, radius: f64) -> Projectile {
        self.radius = radius;
        self
    }

    /// 1 to 3,600 ticks.
    pub const fn lifetime(mut self, ticks: u32) -> Projectile {
        self.lifetime = ticks;
        self
    }

    /// How often it bounces off voxels before a hit ends it.
    pub const fn bounces(mut self, bounces: u8) -> Projectile {
        self.bounces = bounces;
        self
    }

    /// The author's own number, handed back in its events.
    pub const fn tag(mut self, tag: u32) -> Projectile {
        self.tag = tag;
        self
    }

    /// The same as [`spawn`].
    pub fn spawn(self) -> EntityId {
        spawn(self)
    }
}
