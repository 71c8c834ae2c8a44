//! Active spells: casts that still live in the world, and what they wait for.
//!
//! Promises that the indices (due timers, expiries, who listens, who watches) agree with the spells.
//! Deliberately does not know budgets, or what a revision does when it runs.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::call::{CallContext, CastId};
use crate::entity::EntityId;
use crate::hash::Table;
use crate::input::{Channel, RevisionRef, SpellId};
use crate::limits::{DURATION_TICKS_MAX, LISTENERS_MAX, TIMERS_MAX, WATCHES_MAX};
use crate::vector::{BlockPos, BlockSize};

/// A cast that still lives in the world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveSpell {
    /// Its number.
    pub cast: CastId,
    /// Its spell.
    pub spell: SpellId,
    /// The revision that runs.
    pub revision: RevisionRef,
    /// The channel whose swaps it follows; `None`: pinned.
    pub channel: Option<Channel>,
    /// What every call of it is told.
    pub context: CallContext,
    /// The bytes that its calls hand on.
    pub state: Vec<u8>,
    /// The tick in which it was cast.
    pub born: u64,
    /// Whether its `cast` call has run.
    pub(crate) started: bool,
    /// Mana and cooldown, to be given back where the cast fails.
    pub(crate) paid: Paid,
    pub(crate) timers: Vec<Timer>,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) watches: Vec<Watch>,
    /// Live projectiles; counted anew when a snapshot is restored, like the next.
    #[serde(skip)]
    pub(crate) projectiles: u32,
    /// Pending events and waiting calls.
    #[serde(skip)]
    pub(crate) queued: u32,
}

/// What a cast cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Paid {
    /// In points.
    pub mana: u32,
    /// The tick in which its cooldown ends.
    pub ready: u64,
}

/// A pending timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Timer {
    pub due: u64,
    /// Its number in the world: the order of creation.
    pub number: u64,
    pub tag: u32,
}

/// A remote event that is listened for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listener {
    pub name: String,
    /// The first tick without it.
    pub until: u64,
}

/// A box that is watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Watch {
    pub min: BlockPos,
    pub size: BlockSize,
    pub tag: u32,
    /// The first tick without it.
    pub until: u64,
    /// The bodies whose centres are in it.
    pub inside: BTreeSet<EntityId>,
}

impl Watch {
    /// Whether a block lies in the box.
    pub fn holds(&self, block: BlockPos) -> bool {
        let within = |at: i32, min: i32, size: u32| (0..size as i64).contains(&(at as i64 - min as i64));
        within(block.x, self.min.x, self.size.x)
            && within(block.y, self.min.y, self.size.y)
            && within(block.z, self.min.z, self.size.z)
    }
}

impl ActiveSpell {
    /// The first tick in which its life is over.
    pub(crate) fn end_of_life(&self) -> u64 {
        // The longest timer that its first call may set is still heard.
        self.born.saturating_add(DURATION_TICKS_MAX as u64 + 1)
    }

    /// Whether nothing is left that it could wait for.
    fn is_idle(&self) -> bool {
        self.timers.is_empty()
            && self.listeners.is_empty()
            && self.watches.is_empty()
            && self.projectiles == 0
            && self.queued == 0
    }

    /// Whether it listens for a remote event of this name.
    pub(crate) fn listens(&self, name: &str) -> bool {
        self.listeners.iter().any(|listener| listener.name == name)
    }
}

/// The active spells of a world.
#[derive(Clone, Debug)]
pub(crate) struct ActiveSpells {
    table: Table<CastId, ActiveSpell>,
    due: BTreeSet<(u64, u64, CastId)>,
    expiring: BTreeSet<(u64, CastId)>,
    listening: BTreeSet<CastId>,
    watching: BTreeSet<CastId>,
}

impl ActiveSpells {
    pub fn new() -> Self {
        Self {
            table: Table::new(),
            due: BTreeSet::new(),
            expiring: BTreeSet::new(),
            listening: BTreeSet::new(),
            watching: BTreeSet::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.table.len()
    }

    pub fn get(&self, cast: CastId) -> Option<&ActiveSpell> {
        self.table.get(&cast)
    }

    /// For changing what no index knows of: everything but timers, listeners and watches.
    pub fn get_mut(&mut self, cast: CastId) -> Option<&mut ActiveSpell> {
        self.table.get_mut(&cast)
    }

    pub fn iter(&self) -> impl Iterator<Item = &ActiveSpell> {
        self.table.iter().map(|(_, spell)| spell)
    }

    pub fn listening(&self) -> &BTreeSet<CastId> {
        &self.listening
    }

    pub fn watching(&self) -> &BTreeSet<CastId> {
        &self.watching
    }

    /// Timers that are due in this tick, by due tick, then creation.
    pub fn due(&self, tick: u64) -> Vec<(CastId, Timer)> {
        let due = self.due.iter().take_while(|(due, _, _)| *due <= tick);
        due.filter_map(|&(_, number, cast)| {
            let timer = self.get(cast)?.timers.iter().find(|timer| timer.number == number)?;
            Some((cast, *timer))
        })
        .collect()
    }

    pub fn insert(&mut self, spell: ActiveSpell) {
        let cast = spell.cast;
        self.expiring.insert((spell.end_of_life(), cast));
        self.due.extend(spell.timers.iter().map(|timer| (timer.due, timer.number, cast)));
        self.expiring.extend(spell.listeners.iter().map(|listener| (listener.until, cast)));
        self.expiring.extend(spell.watches.iter().map(|watch| (watch.until, cast)));
        if !spell.listeners.is_empty() {
            self.listening.insert(cast);
        }
        if !spell.watches.is_empty() {
            self.watching.insert(cast);
        }
        self.table.insert(cast, spell);
    }

    pub fn remove(&mut self, cast: CastId) -> Option<ActiveSpell> {
        let spell = self.table.remove(&cast)?;
        for timer in &spell.timers {
            self.due.remove(&(timer.due, timer.number, cast));
        }
        self.expiring.remove(&(spell.end_of_life(), cast));
        for until in spell.listeners.iter().map(|l| l.until).chain(spell.watches.iter().map(|w| w.until)) {
            self.expiring.remove(&(until, cast));
        }
        self.listening.remove(&cast);
        self.watching.remove(&cast);
        Some(spell)
    }

    /// Adds a timer; `false` where there are too many, or the spell is gone.
    pub fn add_timer(&mut self, cast: CastId, timer: Timer) -> bool {
        let Some(spell) = self.table.get_mut(&cast).filter(|spell| spell.timers.len() < TIMERS_MAX) else {
            return false;
        };
        spell.timers.push(timer);
        self.due.insert((timer.due, timer.number, cast));
        true
    }

    /// Takes out every timer that `which` says.
    pub fn drop_timers(&mut self, cast: CastId, which: impl Fn(&Timer) -> bool) {
        let Some(spell) = self.table.get_mut(&cast) else { return };
        for timer in spell.timers.iter().filter(|timer| which(timer)) {
            self.due.remove(&(timer.due, timer.number, cast));
        }
        spell.timers.retain(|timer| !which(timer));
    }

    /// Listens for a name, or longer for one that is listened for; `false` where there are too many.
    pub fn listen(&mut self, cast: CastId, name: &str, until: u64) -> bool {
        let Some(spell) = self.table.get_mut(&cast) else { return false };
        if let Some(listener) = spell.listeners.iter_mut().find(|listener| listener.name == name) {
            listener.until = listener.until.max(until);
        } else if spell.listeners.len() < LISTENERS_MAX {
            spell.listeners.push(Listener { name: name.into(), until });
        } else {
            return false;
        }
        self.expiring.insert((until, cast));
        self.listening.insert(cast);
        true
    }

    /// Watches a box; `false` where there are too many.
    pub fn watch(&mut self, cast: CastId, watch: Watch) -> bool {
        let Some(spell) = self.table.get_mut(&cast).filter(|spell| spell.watches.len() < WATCHES_MAX) else {
            return false;
        };
        self.expiring.insert((watch.until, cast));
        self.watching.insert(cast);
        spell.watches.push(watch);
        true
    }

    /// Forgets what expires with the end of this tick, and names the spells that it concerns.
    pub fn expire(&mut self, tick: u64) -> BTreeSet<CastId> {
        let mut concerned = BTreeSet::new();
        while let Some(&(until, cast)) = self.expiring.first().filter(|(until, _)| *until <= tick + 1) {
            self.expiring.remove(&(until, cast));
            concerned.insert(cast);
        }
        for cast in &concerned {
            let Some(spell) = self.table.get_mut(cast) else { continue };
            spell.listeners.retain(|listener| listener.until > tick + 1);
            spell.watches.retain(|watch| watch.until > tick + 1);
            if spell.listeners.is_empty() {
                self.listening.remove(cast);
            }
            if spell.watches.is_empty() {
                self.watching.remove(cast);
            }
        }
        concerned
    }

    /// Whether a spell ends with this tick.
    pub fn is_over(&self, cast: CastId, tick: u64) -> bool {
        self.get(cast).is_some_and(|spell| spell.is_idle() || spell.end_of_life() <= tick + 1)
    }

    /// Takes the hashes of what changed and returns the sum of all.
    pub fn settle(&mut self) -> u128 {
        self.table.settle()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watched_box_is_half_open() {
        let watch = Watch {
            min: BlockPos::new(-2, 0, 5),
            size: BlockSize::new(2, 1, 1),
            tag: 0,
            until: 0,
            inside: BTreeSet::new(),
        };
        assert!(watch.holds(BlockPos::new(-2, 0, 5)));
        assert!(watch.holds(BlockPos::new(-1, 0, 5)));
        assert!(!watch.holds(BlockPos::new(0, 0, 5)));
        assert!(!watch.holds(BlockPos::new(-1, 1, 5)));
    }
}
