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
use crate::limits::{
    DURATION_TICKS_MAX, LISTENERS_MAX, TIMERS_MAX, WATCHED_BODIES_MAX, WATCHES_MAX, WATCHES_PER_WORLD,
};
use crate::vector::{BlockPos, BlockSize};
use crate::watching::Watching;

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
    /// The bodies whose centres are in it, at most [`WATCHED_BODIES_MAX`].
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

    /// The ticks in which something of it expires.
    fn deadlines(&self) -> impl Iterator<Item = u64> {
        let listeners = self.listeners.iter().map(|listener| listener.until);
        let watches = self.watches.iter().map(|watch| watch.until);
        core::iter::once(self.end_of_life()).chain(listeners).chain(watches)
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
    watching: Watching,
}

impl ActiveSpells {
    pub fn new() -> Self {
        Self {
            table: Table::new(),
            due: BTreeSet::new(),
            expiring: BTreeSet::new(),
            listening: BTreeSet::new(),
            watching: Watching::default(),
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

    pub fn watching(&self) -> &Watching {
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
        self.due.extend(spell.timers.iter().map(|timer| (timer.due, timer.number, cast)));
        self.expiring.extend(spell.deadlines().map(|until| (until, cast)));
        if !spell.listeners.is_empty() {
            self.listening.insert(cast);
        }
        spell.watches.iter().for_each(|watch| self.watching.insert(cast, watch));
        self.table.insert(cast, spell);
    }

    pub fn remove(&mut self, cast: CastId) -> Option<ActiveSpell> {
        let spell = self.table.remove(&cast)?;
        for timer in &spell.timers {
            self.due.remove(&(timer.due, timer.number, cast));
        }
        for until in spell.deadlines() {
            self.expiring.remove(&(until, cast));
        }
        self.listening.remove(&cast);
        spell.watches.iter().for_each(|watch| self.watching.remove(cast, watch));
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
            let before = listener.until;
            listener.until = before.max(until);
            let until = listener.until;
            if spell.deadlines().all(|other| other != before) {
                self.expiring.remove(&(before, cast));
            }
            self.expiring.insert((until, cast));
            return true;
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
        if self.watching.len() >= WATCHES_PER_WORLD {
            return false;
        }
        let Some(spell) = self.table.get_mut(&cast).filter(|spell| spell.watches.len() < WATCHES_MAX) else {
            return false;
        };
        self.expiring.insert((watch.until, cast));
        self.watching.insert(cast, &watch);
        spell.watches.push(watch);
        true
    }

    /// A body goes into or out of a watched box; the watch's tag, or `None` where the box is too full to notice.
    pub fn cross(&mut self, cast: CastId, at: usize, id: EntityId, entered: bool) -> Option<u32> {
        let watch = self.table.get_mut(&cast)?.watches.get_mut(at)?;
        if entered && watch.inside.len() >= WATCHED_BODIES_MAX {
            return None;
        }
        if entered {
            watch.inside.insert(id);
            self.watching.enter(cast, id);
        } else {
            watch.inside.remove(&id);
            self.watching.leave(cast, id);
        }
        Some(watch.tag)
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
            for watch in spell.watches.extract_if(.., |watch| watch.until <= tick + 1) {
                self.watching.remove(*cast, &watch);
            }
            if spell.listeners.is_empty() {
                self.listening.remove(cast);
            }
        }
        concerned
    }

    /// Whether a spell ends with this tick.
    pub fn is_over(&self, cast: CastId, tick: u64) -> bool {
        self.get(cast).is_some_and(|spell| spell.is_idle() || spell.end_of_life() <= tick + 1)
    }

    /// The rows, for the hash tree.
    pub fn table(&self) -> &Table<CastId, ActiveSpell> {
        &self.table
    }

    /// Takes the hashes of what changed and returns the sum of all.
    pub fn settle(&mut self) -> u128 {
        self.table.settle()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{CallLimits, Digest};
    use crate::vector::{Direction, Point};

    fn spell() -> ActiveSpell {
        let digest = Digest([1; 32]);
        ActiveSpell {
            cast: CastId(1),
            spell: SpellId::parse("ember").expect("a good id"),
            revision: RevisionRef {
                id: digest,
                component: digest,
                cooldown: 0,
                mana: 0,
                grant: 10_000,
                instantiate_fuel: 0,
                limits: CallLimits::default(),
            },
            channel: None,
            context: CallContext {
                caster: EntityId(1),
                origin: Point::default(),
                direction: Direction::FORWARD,
                target_position: Point::default(),
                target_entity: None,
                params: Vec::new(),
            },
            state: Vec::new(),
            born: 0,
            started: true,
            paid: Paid::default(),
            timers: Vec::new(),
            listeners: Vec::new(),
            watches: Vec::new(),
            projectiles: 0,
            queued: 0,
        }
    }

    #[test]
    fn listening_again_leaves_nothing_behind() {
        let mut spells = ActiveSpells::new();
        spells.insert(spell());
        for until in [10, 30, 20, 40, 5] {
            assert!(spells.listen(CastId(1), "a", until) && spells.listen(CastId(1), "b", 30));
        }
        let at = |until: u64| (until, CastId(1));
        assert_eq!(spells.expiring, BTreeSet::from([at(30), at(40), at(36_001)]));
        assert_eq!(spells.expire(38), BTreeSet::from([CastId(1)]));
        assert!(spells.get(CastId(1)).is_some_and(|spell| spell.listens("a") && !spell.listens("b")));
        spells.remove(CastId(1));
        assert!(spells.expiring.is_empty() && spells.listening.is_empty());
    }

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
