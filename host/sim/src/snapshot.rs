//! Snapshots: the whole state between two ticks as bytes, and back.
//!
//! Promises that a restored world has the identical hash and goes on identically, and that bytes from
//! anywhere either make a sound world or an error. Terrain that nobody changed is not stored.
//! Deliberately holds no logs, no inputs to come and nothing that belongs to a component.

use alloc::vec::Vec;
use core::fmt;

use crate::active::ActiveSpell;
use crate::aim::unit;
use crate::budget::{MANA_PARTS_MAX, Purse};
use crate::call::{CastId, Entry};
use crate::chunk::Chunk;
use crate::entity::{Entity, EntityId, EntityKind};
use crate::event::Event;
use crate::fixed::{Coord, Points, Rate};
use crate::hash::StateHash;
use crate::input::{Channel, RevisionRef, SpellId};
use crate::limits::{
    ACTIVE_SPELLS_MAX, BOX_EDGE_MAX, COUNTER_MAX, DURATION_TICKS_MAX, ENTITIES_MAX, ENTITY_RADIUS_MAX,
    LISTENERS_MAX, NAME_BYTES_MAX, PENDING_EVENTS_MAX, PLAYER_BUCKET_FUEL, POINTS_MAX, PROJECTILE_TICKS_MAX,
    PROJECTILES_PER_SPELL_MAX, RESPAWN_TICKS, STATE_BYTES_MAX, TIMERS_MAX, WAITING_CALLS_MAX,
    WATCHED_BODIES_MAX, WATCHES_MAX, WATCHES_PER_WORLD,
};
use crate::projectile::within_speed;
use crate::vector::ChunkPos;
use crate::world::{Counters, Waiting, World, WorldConfig};

/// Why bytes are not a snapshot that can be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    /// They do not begin as a snapshot does.
    NotASnapshot,
    /// They are a snapshot of a form that this version does not read.
    UnknownVersion {
        /// The version that they say.
        version: u8,
    },
    /// They end too early, go on too long, or hold a number outside of its table.
    Malformed,
    /// They hold a part that cannot be in a world.
    Unsound {
        /// Which part.
        part: &'static str,
    },
    /// The restored state has another hash than the one that was saved.
    HashDiffers {
        /// The hash that was saved.
        saved: StateHash,
        /// The hash of what was restored.
        restored: StateHash,
    },
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASnapshot => write!(out, "this is not a world snapshot"),
            Self::UnknownVersion { version } => {
                write!(out, "the snapshot has form {version}, and this version reads form {VERSION}")
            }
            Self::Malformed => write!(out, "the snapshot is damaged: it cannot be read to its end"),
            Self::Unsound { part } => write!(out, "the snapshot is damaged: its {part} cannot be in a world"),
            Self::HashDiffers { saved, restored } => {
                write!(out, "the snapshot is damaged: its state hashes to {restored}, not to {saved}")
            }
        }
    }
}

impl core::error::Error for SnapshotError {}

const MAGIC: &[u8; 10] = b"spellworld";
const VERSION: u8 = 2;

/// What follows the version, in postcard. `stored` is the same with references.
type Stored = (
    StateHash,
    (WorldConfig, u64, Counters),
    Vec<(ChunkPos, u32, Vec<u8>)>,
    Vec<(EntityId, Entity)>,
    Vec<(CastId, ActiveSpell)>,
    Vec<(EntityId, Purse)>,
    Vec<(u64, Waiting)>,
    Vec<((SpellId, Channel), RevisionRef)>,
    Vec<(CastId, RevisionRef)>,
    Vec<(CastId, Event)>,
);

impl World {
    /// The state as bytes.
    ///
    /// # Panics
    /// Where a tick is open.
    pub fn snapshot(&self) -> Vec<u8> {
        assert!(self.open.is_none(), "a snapshot is taken between two ticks");
        let chunks: Vec<_> =
            self.voxels.edited().map(|(at, version, chunk)| (at, version, chunk.encode())).collect();
        let spells: Vec<_> = self.spells.iter().map(|spell| (spell.cast, spell)).collect();
        let stored = (
            self.state_hash(),
            (self.config, self.tick, self.counters),
            chunks,
            self.registry.iter().collect::<Vec<_>>(),
            spells,
            self.purses.iter().collect::<Vec<_>>(),
            self.waiting.iter().collect::<Vec<_>>(),
            self.heads.iter().collect::<Vec<_>>(),
            self.migrating.iter().collect::<Vec<_>>(),
            &self.pending,
        );
        let mut bytes = MAGIC.to_vec();
        bytes.push(VERSION);
        bytes.extend(postcard::to_allocvec(&stored).expect("a buffer that grows takes every value"));
        bytes
    }

    /// The world that [`World::snapshot`] made bytes of.
    ///
    /// # Errors
    /// [`SnapshotError`] for any other bytes.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(SnapshotError::NotASnapshot)?;
        let (&version, rest) = rest.split_first().ok_or(SnapshotError::Malformed)?;
        if version != VERSION {
            return Err(SnapshotError::UnknownVersion { version });
        }
        let (stored, rest): (Stored, _) =
            postcard::take_from_bytes(rest).map_err(|_| SnapshotError::Malformed)?;
        if !rest.is_empty() {
            return Err(SnapshotError::Malformed);
        }
        let saved = stored.0;
        let mut world = Self::from_stored(stored)?;
        world.settle();
        let restored = world.state_hash();
        if saved != restored {
            return Err(SnapshotError::HashDiffers { saved, restored });
        }
        Ok(world)
    }

    fn from_stored(stored: Stored) -> Result<Self, SnapshotError> {
        let (
            _,
            (config, tick, counters),
            chunks,
            entities,
            spells,
            purses,
            waiting,
            heads,
            migrating,
            pending,
        ) = stored;
        let mut world = Self::bare(config);
        let Counters { entity, call, cast, timer, waiting: number } = counters;
        sound(
            "counters",
            [tick, entity, call, cast, timer, number].iter().all(|count| *count < COUNTER_MAX),
        )?;
        (world.tick, world.counters) = (tick, counters);
        sound("terrain", chunks.is_sorted_by(|a, b| a.0 < b.0))?;
        for (at, version, bytes) in chunks {
            let chunk = Chunk::decode(&bytes).ok_or(SnapshotError::Unsound { part: "terrain" })?;
            sound("terrain", world.voxels.insert_edited(at, version, chunk))?;
        }
        sound("casters", purses.is_sorted_by(|a, b| a.0 < b.0))?;
        for (caster, purse) in purses {
            sound("casters", caster.0 < entity && purse_is_sound(&purse, tick))?;
            world.purses.insert(caster, purse);
        }
        world.restore_spells(spells)?;
        world.restore_entities(entities)?;
        world.restore_queues(waiting, pending)?;
        sound("channels", heads.is_sorted_by(|a, b| a.0 < b.0))?;
        for (head, revision) in heads {
            world.heads.insert(head, revision);
        }
        sound("swaps", migrating.is_sorted_by(|a, b| a.0 < b.0))?;
        for (cast, revision) in migrating {
            sound("swaps", world.spells.get(cast).is_some())?;
            world.migrating.insert(cast, revision);
        }
        Ok(world)
    }

    fn restore_spells(&mut self, spells: Vec<(CastId, ActiveSpell)>) -> Result<(), SnapshotError> {
        sound("active spells", spells.len() <= ACTIVE_SPELLS_MAX && spells.is_sorted_by(|a, b| a.0 < b.0))?;
        for (cast, spell) in spells {
            let is_known = spell.cast == cast && cast.0 < self.counters.cast;
            sound("active spells", is_known && spell_is_sound(&spell, self.tick, &self.counters))?;
            let purse = self.purses.get_mut(&spell.context.caster);
            let purse = purse.ok_or(SnapshotError::Unsound { part: "active spells" })?;
            purse.active += 1;
            self.spells.insert(spell);
        }
        sound("active spells", self.spells.watching().len() <= WATCHES_PER_WORLD)
    }

    fn restore_entities(&mut self, entities: Vec<(EntityId, Entity)>) -> Result<(), SnapshotError> {
        sound("entities", entities.len() <= ENTITIES_MAX && entities.is_sorted_by(|a, b| a.0 < b.0))?;
        for (id, entity) in entities {
            sound("entities", id.0 < self.counters.entity && entity_is_sound(&entity, self.tick))?;
            let past = |cast: CastId| cast.0 < self.counters.cast;
            let blamed = entity.burner.as_ref().is_none_or(|burner| past(burner.cast));
            sound("entities", entity.spawner.is_none_or(past) && blamed)?;
            if entity.kind == EntityKind::Projectile
                && let Some(spell) = entity.spawner.and_then(|cast| self.spells.get_mut(cast))
            {
                spell.projectiles += 1;
            }
            self.registry.insert(id, entity);
        }
        self.registry.take_moved();
        let fly_within =
            self.spells.iter().all(|spell| spell.projectiles as usize <= PROJECTILES_PER_SPELL_MAX);
        sound("entities", fly_within && self.registry.is_within_bounds())
    }

    fn restore_queues(
        &mut self,
        waiting: Vec<(u64, Waiting)>,
        pending: Vec<(CastId, Event)>,
    ) -> Result<(), SnapshotError> {
        let queue = |world: &mut Self, cast: CastId| {
            let spell = world.spells.get_mut(cast)?;
            spell.queued += 1;
            (spell.queued as usize <= PENDING_EVENTS_MAX + TIMERS_MAX + 1).then_some(())
        };
        let fits = waiting.len() <= 2 * WAITING_CALLS_MAX && pending.len() <= WAITING_CALLS_MAX;
        sound("waiting calls", fits && waiting.is_sorted_by(|a, b| a.0 < b.0))?;
        for (number, call) in waiting {
            let is_known = number < self.counters.waiting && !matches!(call.entry, Entry::Migrate { .. });
            sound("waiting calls", is_known && queue(self, call.cast).is_some())?;
            self.waiting.insert(number, call);
        }
        for (cast, _) in &pending {
            sound("pending events", queue(self, *cast).is_some())?;
        }
        self.pending = pending;
        Ok(())
    }
}

fn sound(part: &'static str, holds: bool) -> Result<(), SnapshotError> {
    if holds { Ok(()) } else { Err(SnapshotError::Unsound { part }) }
}

fn purse_is_sound(purse: &Purse, tick: u64) -> bool {
    purse.mana <= MANA_PARTS_MAX
        && purse.fuel <= PLAYER_BUCKET_FUEL
        && purse.mana_at <= tick
        && purse.fuel_at <= tick
        && purse.cooldowns.values().all(|ready| *ready <= tick + u32::MAX as u64)
}

fn spell_is_sound(spell: &ActiveSpell, tick: u64, counters: &Counters) -> bool {
    let latest = tick + 1 + DURATION_TICKS_MAX as u64;
    let lasts = |until: u64| (tick + 1..=latest).contains(&until);
    let context = &spell.context;
    let timers = &spell.timers;
    let edges = 1..=BOX_EDGE_MAX;
    spell.born <= tick
        && spell.end_of_life() > tick
        && spell.state.len() <= STATE_BYTES_MAX
        && context.origin.in_bounds()
        && context.target_position.in_bounds()
        && unit(context.direction) == Some(context.direction)
        && timers.len() <= TIMERS_MAX
        && timers.is_sorted_by(|a, b| a.number < b.number)
        && timers.iter().all(|timer| timer.due <= latest && timer.number < counters.timer)
        && spell.listeners.len() <= LISTENERS_MAX
        && spell
            .listeners
            .iter()
            .all(|listener| lasts(listener.until) && listener.name.len() <= NAME_BYTES_MAX)
        && spell.watches.len() <= WATCHES_MAX
        && spell.watches.iter().all(|watch| {
            let size = watch.size;
            lasts(watch.until)
                && watch.inside.len() <= WATCHED_BODIES_MAX
                && watch.min.in_bounds()
                && [size.x, size.y, size.z].iter().all(|edge| edges.contains(edge))
        })
}

fn entity_is_sound(entity: &Entity, tick: u64) -> bool {
    let points = Points::ZERO..=Points::from_whole(POINTS_MAX);
    let flight_is_sound = match &entity.flight {
        Some(flight) => {
            flight.position() == entity.position
                && flight.gravity.abs() <= Rate::ONE
                && flight.expires <= tick + PROJECTILE_TICKS_MAX as u64
                && !entity.awake
        }
        None => true,
    };
    let respawn_is_sound = match entity.respawn {
        Some(respawn) => {
            entity.kind == EntityKind::Player
                && respawn <= tick + RESPAWN_TICKS
                && entity.health == Points::ZERO
                && !entity.awake
        }
        None => true,
    };
    entity.position.in_bounds()
        && entity.home.in_bounds()
        && unit(entity.look) == Some(entity.look)
        && within_speed(entity.velocity) == entity.velocity
        && (Coord::ZERO..=Coord::from_whole(ENTITY_RADIUS_MAX)).contains(&entity.radius)
        && points.contains(&entity.health)
        && points.contains(&entity.health_max)
        && entity.health <= entity.health_max
        && entity.statuses.iter().all(|until| *until <= tick + DURATION_TICKS_MAX as u64)
        && entity.flight.is_some() == (entity.kind == EntityKind::Projectile)
        && (entity.template.is_none() || entity.is_body())
        && flight_is_sound
        && respawn_is_sound
}
