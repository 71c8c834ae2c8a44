//! A world: its state, and the numbers it gives out.
//!
//! Everything that can influence a later tick is a field of [`World`] and part of its hash. What is
//! done to it is in the modules of the two halves of a tick: `open` and `close`.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::active::{ActiveSpell, ActiveSpells};
use crate::budget::Purse;
use crate::call::{CastId, Entry};
use crate::entity::{EntityId, EntityInfo};
use crate::event::Event;
use crate::generator::{Generator, Terrain};
use crate::hash::{StateHash, Table, hash_of};
use crate::input::{Channel, Digest, RevisionRef, SpellId};
use crate::open::OpenTick;
use crate::registry::Registry;
use crate::voxels::Voxels;

/// What a world is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorldConfig {
    /// The kind of terrain.
    pub terrain: Terrain,
    /// The seed of terrain and random streams.
    pub seed: u64,
}

/// A world, between ticks or within one.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) config: WorldConfig,
    /// The tick that is open, or that opens next.
    pub(crate) tick: u64,
    pub(crate) counters: Counters,
    pub(crate) voxels: Voxels,
    pub(crate) registry: Registry,
    pub(crate) spells: ActiveSpells,
    pub(crate) purses: Table<EntityId, Purse>,
    /// Calls that wait for budget, in the order in which they began to.
    pub(crate) waiting: Table<u64, Waiting>,
    /// What each channel points to.
    pub(crate) heads: Table<(SpellId, Channel), RevisionRef>,
    /// Active spells that still have to migrate, and to what.
    pub(crate) migrating: Table<CastId, RevisionRef>,
    /// What the last tick raised, in order.
    pub(crate) pending: Vec<(CastId, Event)>,
    /// What `open_tick` left for `close_tick`.
    pub(crate) open: Option<OpenTick>,
    pub(crate) parts: [(&'static str, StateHash); PARTS],
}

/// How many parts the state hash has.
pub(crate) const PARTS: usize = 9;

/// The next numbers that the world gives out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counters {
    pub entity: u64,
    pub call: u64,
    pub cast: u64,
    pub timer: u64,
    pub waiting: u64,
}

/// A call that waits for budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    pub cast: CastId,
    pub entry: Entry,
}

impl Counters {
    pub fn take_entity(&mut self) -> EntityId {
        EntityId(take(&mut self.entity))
    }

    pub fn take_cast(&mut self) -> CastId {
        CastId(take(&mut self.cast))
    }

    pub fn take_timer(&mut self) -> u64 {
        take(&mut self.timer)
    }

    pub fn take_waiting(&mut self) -> u64 {
        take(&mut self.waiting)
    }
}

fn take(counter: &mut u64) -> u64 {
    *counter += 1;
    *counter - 1
}

impl World {
    /// A new world; its first tick is 0.
    pub fn new(config: WorldConfig) -> Self {
        let mut world = Self::bare(config);
        world.settle();
        world
    }

    pub(crate) fn bare(config: WorldConfig) -> Self {
        Self {
            config,
            tick: 0,
            counters: Counters { entity: 1, call: 1, cast: 1, timer: 1, waiting: 1 },
            voxels: Voxels::new(Generator::new(config.terrain, config.seed)),
            registry: Registry::new(),
            spells: ActiveSpells::new(),
            purses: Table::new(),
            waiting: Table::new(),
            heads: Table::new(),
            migrating: Table::new(),
            pending: Vec::new(),
            open: None,
            parts: [("", StateHash::default()); PARTS],
        }
    }

    /// What it was made from.
    pub fn config(&self) -> WorldConfig {
        self.config
    }

    /// The tick that is open, or that [`World::open_tick`] opens next; the first is 0.
    pub fn tick(&self) -> u64 {
        self.tick
    }

    /// The hash of the state after the last closed tick.
    pub fn state_hash(&self) -> StateHash {
        let mut bytes = [0; 16 * PARTS];
        for (chunk, (_, part)) in bytes.chunks_exact_mut(16).zip(&self.parts) {
            chunk.copy_from_slice(&part.0);
        }
        xxh3_128(&bytes).into()
    }

    /// The hashes that the state hash is made of, by name, so that two sides can find where they differ.
    pub fn parts(&self) -> Vec<(&'static str, StateHash)> {
        self.parts.to_vec()
    }

    /// The voxels.
    pub fn voxels(&self) -> &Voxels {
        &self.voxels
    }

    /// Every entity, by id.
    pub fn entities(&self) -> impl Iterator<Item = EntityInfo> {
        self.registry.iter().map(|(id, entity)| entity.info(id, self.tick))
    }

    /// The components that its active spells run on or still have to migrate to; some more than once.
    pub fn components(&self) -> impl Iterator<Item = Digest> {
        let migrating = self.migrating.iter().map(|(_, revision)| revision.component);
        self.spells.iter().map(|spell| spell.revision.component).chain(migrating)
    }

    /// Every active spell, by cast.
    pub fn active_spells(&self) -> impl Iterator<Item = &ActiveSpell> {
        self.spells.iter()
    }

    /// What a channel of a spell points to in this world.
    pub fn head(&self, spell: &SpellId, channel: Channel) -> Option<RevisionRef> {
        self.heads.get(&(spell.clone(), channel)).copied()
    }

    /// Mana of a caster, in whole points, rounded down.
    pub fn mana(&self, caster: EntityId) -> u32 {
        let parts =
            self.purses.get(&caster).map_or(crate::budget::MANA_PARTS_MAX, |purse| purse.mana(self.tick));
        (parts / crate::limits::MANA_PARTS as u64) as u32
    }

    /// Flips one bit of the first byte of an active spell's state, as a fault of the machine would; whether there was
    /// one. For those who show that it is noticed.
    pub fn corrupt(&mut self, cast: CastId) -> bool {
        let state = self.spells.get_mut(cast).and_then(|spell| spell.state.first_mut());
        state.map(|byte| *byte ^= 1).is_some()
    }

    /// Takes the hashes of what changed.
    pub(crate) fn settle(&mut self) {
        self.parts = [
            ("world", hash_of(&(self.config, self.tick, self.counters)).into()),
            ("terrain", self.voxels.hash().into()),
            ("entities", self.registry.settle().into()),
            ("spells", self.spells.settle().into()),
            ("casters", self.purses.settle().into()),
            ("waiting", self.waiting.settle().into()),
            ("channels", self.heads.settle().into()),
            ("migrating", self.migrating.settle().into()),
            ("events", hash_of(&self.pending).into()),
        ];
    }

    /// Forgets a caster that is gone and has no active spell.
    pub(crate) fn prune_purse(&mut self, caster: EntityId) {
        if self.registry.get(caster).is_none()
            && self.purses.get(&caster).is_some_and(|purse| purse.active == 0)
        {
            self.purses.remove(&caster);
        }
    }
}
