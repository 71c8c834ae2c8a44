//! All entities of a world: one table by id, and what makes it quick to ask.
//!
//! Promises that the indices (by place, by kind, awake, afflicted, dead, moved) always agree with the
//! table, because every change goes through [`Registry::edit`]. A quiet entity costs a tick nothing.
//! Deliberately does not know what moves or wounds an entity.

use alloc::collections::BTreeSet;

use crate::entity::{Entity, EntityId, EntityKind};
use crate::grid::{Grid, Item};
use crate::hash::Table;
use crate::limits::ENTITIES_MAX;

/// The entities of a world.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    table: Table<EntityId, Entity>,
    grid: Grid,
    kinds: [BTreeSet<EntityId>; 4],
    awake: BTreeSet<EntityId>,
    afflicted: BTreeSet<EntityId>,
    dead: BTreeSet<EntityId>,
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
            moved: BTreeSet::new(),
        }
    }

    /// Whether no further entity may come.
    pub fn is_full(&self) -> bool {
        self.table.len() >= ENTITIES_MAX
    }

    pub fn get(&self, id: EntityId) -> Option<&Entity> {
        self.table.get(&id)
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
        self.grid.insert(item(id, &entity));
        self.kinds[entity.kind as usize].insert(id);
        self.index(id, &entity);
        if entity.is_body() {
            self.moved.insert(id);
        }
        self.table.insert(id, entity);
    }

    pub fn remove(&mut self, id: EntityId) -> Option<Entity> {
        let entity = self.table.remove(&id)?;
        self.grid.remove(id, entity.position);
        self.kinds[entity.kind as usize].remove(&id);
        self.awake.remove(&id);
        self.afflicted.remove(&id);
        self.dead.remove(&id);
        if entity.is_body() {
            self.moved.insert(id);
        }
        Some(entity)
    }

    /// Changes an entity and keeps the indices true; `None` where it is gone.
    pub fn edit<R>(&mut self, id: EntityId, change: impl FnOnce(&mut Entity) -> R) -> Option<R> {
        let entity = self.table.get_mut(&id)?;
        let before = (entity.position, flags(entity));
        let result = change(entity);
        let after = (entity.position, flags(entity));
        let item = item(id, entity);
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

fn item(id: EntityId, entity: &Entity) -> Item {
    Item { id, kind: entity.kind, position: entity.position, radius: entity.radius }
}
