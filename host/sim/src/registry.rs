//! All entities of a world: one table by id, and what makes it quick to ask.
//!
//! Promises that the indices (by place, by kind, awake, afflicted, dead, moved) always agree with the
//! table, because every change goes through [`Registry::edit`]. A quiet entity costs a tick nothing.
//! Deliberately does not know what moves or wounds an entity.

use alloc::collections::{BTreeMap, BTreeSet};

use crate::entity::{Entity, EntityId, EntityKind};
use crate::grid::{Grid, Item};
use crate::hash::Table;
use crate::limits::{CREATURES_MAX, CREATURES_PER_CASTER_MAX, ENTITIES_MAX, PLAYER_PLACES, PROJECTILES_MAX};

/// The entities of a world.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    table: Table<EntityId, Entity>,
    grid: Grid,
    kinds: [BTreeSet<EntityId>; 4],
    awake: BTreeSet<EntityId>,
    afflicted: BTreeSet<EntityId>,
    dead: BTreeSet<EntityId>,
    /// How many creatures the spells of each caster have spawned, and all of them.
    creatures: BTreeMap<EntityId, usize>,
    creatures_count: usize,
    /// Bodies that came, went or changed place since this was last taken.
    moved: BTreeSet<EntityId>,
}

impl Registry {
    pub fn new() -> Self {
        Self {
            table: Table::new(),
            grid: Grid::new(),
            kinds: Default::default(),
            awake: BTreeSet::new(),
            afflicted: BTreeSet::new(),
            dead: BTreeSet::new(),
            creatures: BTreeMap::new(),
            creatures_count: 0,
            moved: BTreeSet::new(),
        }
    }

    /// Whether an entity of this kind may come: the last places are the players'.
    pub fn has_room_for(&self, kind: EntityKind) -> bool {
        let kept = if kind == EntityKind::Player { 0 } else { PLAYER_PLACES };
        self.table.len() < ENTITIES_MAX - kept
    }

    /// Whether a spell of `caster` may spawn another projectile or creature.
    pub fn has_room_to_spawn(&self, kind: EntityKind, caster: EntityId) -> bool {
        let fits = match kind {
            EntityKind::Projectile => self.of_kind(kind).len() < PROJECTILES_MAX,
            _ => {
                let own = self.creatures.get(&caster).copied().unwrap_or(0);
                own < CREATURES_PER_CASTER_MAX && self.creatures_count < CREATURES_MAX
            }
        };
        fits && self.has_room_for(kind)
    }

    /// Whether no more of anything is there than may be.
    pub fn is_within_bounds(&self) -> bool {
        self.table.len() <= ENTITIES_MAX
            && self.of_kind(EntityKind::Projectile).len() <= PROJECTILES_MAX
            && self.creatures_count <= CREATURES_MAX
            && self.creatures.values().all(|count| *count <= CREATURES_PER_CASTER_MAX)
    }

    pub fn get(&self, id: EntityId) -> Option<&Entity> {
        self.table.get(&id)
    }

    /// The entity of a place in the grid.
    pub fn of(&self, item: &Item) -> Option<&Entity> {
        self.table.at(item.slot).map(|(_, entity)| entity)
    }

    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    pub fn iter(&self) -> impl Iterator<Item = (EntityId, &Entity)> + Clone {
        self.table.iter().map(|(id, entity)| (*id, entity))
    }

    pub fn of_kind(&self, kind: EntityKind) -> &BTreeSet<EntityId> {
        &self.kinds[kind as usize]
    }

    pub fn awake(&self) -> &BTreeSet<EntityId> {
        &self.awake
    }

    pub fn afflicted(&self) -> &BTreeSet<EntityId> {
        &self.afflicted
    }

    pub fn dead(&self) -> &BTreeSet<EntityId> {
        &self.dead
    }

    /// Bodies that came, went or changed place since this was last asked.
    pub fn take_moved(&mut self) -> BTreeSet<EntityId> {
        core::mem::take(&mut self.moved)
    }

    pub fn insert(&mut self, id: EntityId, entity: Entity) {
        assert!(!self.table.contains(&id), "an id is never given twice");
        self.kinds[entity.kind as usize].insert(id);
        self.index(id, &entity);
        if entity.is_body() {
            self.moved.insert(id);
        }
        if let Some(caster) = entity.summoner() {
            *self.creatures.entry(caster).or_default() += 1;
            self.creatures_count += 1;
        }
        let (kind, position, radius) = (entity.kind, entity.position, entity.radius);
        let slot = self.table.insert(id, entity);
        self.grid.insert(Item { id, slot, kind, position, radius });
    }

    pub fn remove(&mut self, id: EntityId) -> Option<Entity> {
        let entity = self.table.remove(&id)?;
        self.grid.remove(id, entity.position);
        self.kinds[entity.kind as usize].remove(&id);
        self.awake.remove(&id);
        self.afflicted.remove(&id);
        self.dead.remove(&id);
        if let Some(caster) = entity.summoner() {
            self.creatures_count -= 1;
            if let Some(count) = self.creatures.get_mut(&caster) {
                *count -= 1;
                if *count == 0 {
                    self.creatures.remove(&caster);
                }
            }
        }
        if entity.is_body() {
            self.moved.insert(id);
        }
        Some(entity)
    }

    /// Changes an entity and keeps the indices true; `None` where it is gone.
    pub fn edit<R>(&mut self, id: EntityId, change: impl FnOnce(&mut Entity) -> R) -> Option<R> {
        let slot = self.table.slot(&id)?;
        let entity = self.table.get_mut(&id)?;
        let before = (entity.position, flags(entity));
        let result = change(entity);
        let after = (entity.position, flags(entity));
        let item = Item { id, slot, kind: entity.kind, position: entity.position, radius: entity.radius };
        if before.0 != after.0 {
            self.grid.shift(before.0, item);
            if item.kind != EntityKind::Projectile {
                self.moved.insert(id);
            }
        }
        if before.1 != after.1 {
            let sets = [&mut self.awake, &mut self.afflicted, &mut self.dead];
            for (set, member) in sets.into_iter().zip(after.1) {
                if member {
                    set.insert(id)
                } else {
                    set.remove(&id)
                };
            }
        }
        Some(result)
    }

    /// Takes the hashes of what changed and returns the sum of all.
    pub fn settle(&mut self) -> u128 {
        self.table.settle()
    }

    /// The rows, for the hash tree.
    pub fn table(&self) -> &Table<EntityId, Entity> {
        &self.table
    }

    fn index(&mut self, id: EntityId, entity: &Entity) {
        let sets = [&mut self.awake, &mut self.afflicted, &mut self.dead];
        for (set, member) in sets.into_iter().zip(flags(entity)) {
            if member {
                set.insert(id);
            }
        }
    }
}

/// Whether an entity is awake, afflicted, dead.
fn flags(entity: &Entity) -> [bool; 3] {
    [entity.awake, entity.statuses.iter().any(|until| *until > 0), entity.is_dead()]
}
