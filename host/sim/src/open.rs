//! The first half of a tick: inputs enter, and what is due becomes calls.
//!
//! The order is the order of commits: migrations, calls that waited, casts, due timers, events of the tick before,
//! remote events. What an input says that cannot be (a place outside of the world, an entity that is
//! gone) is passed over. Deliberately does not know what a call does when it runs.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::active::{ActiveSpell, Paid, Timer};
use crate::aim::unit;
use crate::budget::Purse;
use crate::call::{Call, CallContext, CallId, CastId, Entry, Lane, Opened, Refusal};
use crate::close::Closing;
use crate::entity::{Entity, EntityId, EntityKind, EntitySpec};
use crate::event::Event;
use crate::fixed::{Coord, Points};
use crate::input::{CastRequest, Digest, Inputs, Op, RemoteInput, RevisionRef, SpellId, Swap};
use crate::limits::{
    ACTIVE_SPELLS_MAX, ENTITY_IDS_PER_CALL, ENTITY_RADIUS_MAX, LOADS_PER_TICK, MIGRATE_FUEL,
    MIGRATIONS_PER_TICK, NAME_BYTES_MAX, PAYLOAD_BYTES_MAX, PENDING_EVENTS_MAX, POINTS_MAX, TICK_FUEL,
    WAITING_CALLS_MAX,
};
use crate::random::call_seed;
use crate::report::CastReport;
use crate::vector::ChunkPos;
use crate::voxels::Edit;
use crate::world::{Waiting, World};

/// What `close_tick` must know of the tick that is open.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenTick {
    /// By id.
    pub calls: Vec<OpenCall>,
    pub casts: Vec<CastReport>,
    /// Chunks that operations changed.
    pub changed: BTreeSet<ChunkPos>,
    /// Active spells that may be over.
    pub touched: BTreeSet<CastId>,
    /// Active spells that operations ended.
    pub ended: BTreeSet<CastId>,
    /// What active spells migrate to at the head of their lanes.
    pub migrating: BTreeMap<CastId, RevisionRef>,
    /// How many chunks may still be generated for casters and moving bodies.
    pub loads: usize,
    pub dropped_events: u32,
}

/// What a call may use, and what was taken for it.
struct CallFuel {
    grant: u64,
    taken: u64,
}

/// A call that was handed out.
#[derive(Clone, Debug)]
pub(crate) struct OpenCall {
    pub id: CallId,
    pub cast: CastId,
    pub caster: EntityId,
    pub spell: SpellId,
    pub revision: RevisionRef,
    pub migrate_to: Option<RevisionRef>,
    pub entry: Entry,
    pub seed: [u8; 32],
    pub grant: u64,
    /// What was taken from the caster's bucket for it; nothing for a migration.
    pub taken: u64,
    pub first_entity: EntityId,
}

/// A call that wants to run in this tick.
struct Candidate {
    cast: CastId,
    origin: Origin,
}

/// Where a candidate comes from.
enum Origin {
    /// From the waiting calls, under this number.
    Waiting(u64),
    /// A cast of this tick.
    Cast,
    /// A timer that is due.
    Timer(Timer),
    /// An event of the tick before, or a remote event of this one.
    Event(Event),
}

impl World {
    /// Takes the inputs of the next tick in their order, and hands out the calls that run in it.
    ///
    /// # Panics
    /// Where a tick is open already.
    pub fn open_tick(&mut self, inputs: Inputs) -> Opened {
        assert!(self.open.is_none(), "a tick is open already: close it first");
        let mut tick = OpenTick { loads: LOADS_PER_TICK, ..OpenTick::default() };
        self.enter_swaps(inputs.swaps);
        for op in inputs.ops {
            self.operate(op, &mut tick);
        }
        self.open_migrations(&mut tick);
        let mut candidates: Vec<Candidate> = Vec::new();
        let waiting = self.waiting.iter();
        candidates.extend(
            waiting.map(|(number, call)| Candidate { cast: call.cast, origin: Origin::Waiting(*number) }),
        );
        for request in inputs.casts {
            let (report, candidate) = self.accept(request, &mut tick);
            tick.casts.push(report);
            candidates.extend(candidate);
        }
        let due = self.spells.due(self.tick).into_iter();
        candidates.extend(due.map(|(cast, timer)| Candidate { cast, origin: Origin::Timer(timer) }));
        let events = core::mem::take(&mut self.pending).into_iter();
        candidates.extend(events.map(|(cast, event)| Candidate { cast, origin: Origin::Event(event) }));
        for remote in inputs.remotes {
            self.hear(remote, &mut candidates, &mut tick);
        }
        self.grant(candidates, &mut tick);
        let opened = Opened { lanes: self.lanes(&tick), casts: tick.casts.clone() };
        self.open = Some(tick);
        opened
    }

    /// The last swap of a channel wins; the active spells that follow it are to migrate.
    fn enter_swaps(&mut self, swaps: Vec<Swap>) {
        let last: BTreeMap<_, _> =
            swaps.into_iter().map(|swap| ((swap.spell, swap.channel), swap.revision)).collect();
        for (head, revision) in last {
            let follow = |spell: &&ActiveSpell| spell.spell == head.0 && spell.channel == Some(head.1);
            let following = self.spells.iter().filter(follow);
            let followers: Vec<_> = following.map(|spell| (spell.cast, spell.revision.id)).collect();
            for (cast, runs) in followers {
                if runs == revision.id {
                    self.migrating.remove(&cast);
                } else {
                    self.migrating.insert(cast, revision);
                }
            }
            self.heads.insert(head, revision);
        }
    }

    fn operate(&mut self, op: Op, tick: &mut OpenTick) {
        let edit = match op {
            Op::Spawn(spec) => {
                let id = self.counters.take_entity();
                if is_possible(&spec) && self.registry.has_room_for(spec.kind) {
                    let look = unit(spec.look).unwrap_or(crate::vector::Direction::FORWARD);
                    self.registry.insert(id, Entity::spawn(&EntitySpec { look, ..spec }));
                }
                return;
            }
            Op::Despawn(id) => {
                let spawner = self.registry.get(id).and_then(|entity| entity.spawner);
                self.take_away(id);
                tick.touched.extend(spawner);
                return;
            }
            Op::ClearTerrain => {
                tick.changed.extend(self.voxels.clear());
                let bodies: Vec<EntityId> = self.registry.iter().map(|(id, _)| id).collect();
                bodies.into_iter().for_each(|id| self.wake(id));
                return;
            }
            Op::TakeDown(revision) => return self.take_down(revision, tick),
            Op::FillSphere { center, radius, material, mode } => {
                Edit::Sphere { center, radius, material, mode }
            }
            Op::FillBox { min, size, material, mode } => Edit::Box { min, size, material, mode },
        };
        tick.changed.extend(self.edit_terrain(&edit).chunks);
    }

    /// Ends what runs on a revision; its projectiles live on and tell nobody.
    fn take_down(&mut self, revision: Digest, tick: &mut OpenTick) {
        let heads = self.heads.iter().filter(|(_, head)| head.id == revision);
        let heads: Vec<_> = heads.map(|(place, _)| place.clone()).collect();
        for place in &heads {
            self.heads.remove(place);
        }
        let migrating = self.migrating.iter().filter(|(_, to)| to.id == revision);
        let migrating: Vec<CastId> = migrating.map(|(cast, _)| *cast).collect();
        for cast in &migrating {
            self.migrating.remove(cast);
        }
        let running = self.spells.iter().filter(|spell| spell.revision.id == revision);
        let mut closing = Closing::default();
        let running: Vec<CastId> = running.map(|spell| spell.cast).collect();
        running.iter().for_each(|cast| self.end_spell(*cast, &mut closing));
        self.drop_leftovers(&closing);
        tick.ended.append(&mut closing.ended);
    }

    /// Hands out this tick's migrations, with grants of their own. A cast that still waits for budget
    /// runs on the revision that accepted it, and migrates after that.
    fn open_migrations(&mut self, tick: &mut OpenTick) {
        let has_begun = |cast: &CastId| self.spells.get(*cast).is_none_or(|spell| spell.started);
        let due = self.migrating.iter().filter(|(cast, _)| has_begun(cast));
        let turn: Vec<_> = due.take(MIGRATIONS_PER_TICK).map(|(cast, to)| (*cast, *to)).collect();
        for (cast, revision) in turn {
            self.migrating.remove(&cast);
            let Some(from) = self.spells.get(cast).map(|spell| spell.revision.id) else { continue };
            let fuel = CallFuel { grant: MIGRATE_FUEL, taken: 0 };
            self.number(cast, Entry::Migrate { from }, fuel, Some(revision), tick);
            tick.migrating.insert(cast, revision);
        }
    }

    /// Takes mana and cooldown of a cast, or refuses it.
    fn accept(&mut self, request: CastRequest, tick: &mut OpenTick) -> (CastReport, Option<Candidate>) {
        let cast = self.counters.take_cast();
        let (spell, revision, caster) = (request.spell.clone(), request.revision, request.caster);
        let refused = self.admit(cast, request, &mut tick.loads).err();
        let candidate = Candidate { cast, origin: Origin::Cast };
        (CastReport { cast, spell, revision, caster, refused }, refused.is_none().then_some(candidate))
    }

    fn admit(&mut self, cast: CastId, request: CastRequest, loads: &mut usize) -> Result<(), Refusal> {
        let (tick, caster, revision) = (self.tick, request.caster, request.revision);
        let entity = self.registry.get(caster).ok_or(Refusal::Dead)?;
        if entity.is_dead() || entity.kind == EntityKind::Projectile {
            return Err(Refusal::Dead);
        }
        *loads -= usize::from(self.voxels.load(entity.position.block(), *loads > 0));
        let aimed = self.aim(caster, &request.aim).ok_or(Refusal::Dead)?;
        let purse = self.purses.get(&caster);
        if purse.is_some_and(|purse| purse.is_cooling(&request.spell, tick)) {
            return Err(Refusal::Cooldown);
        }
        let mut purse = purse.cloned().unwrap_or_else(|| Purse::new(tick));
        if !purse.take_mana(revision.mana, tick) {
            return Err(Refusal::Mana);
        }
        if self.spells.len() >= ACTIVE_SPELLS_MAX || !self.has_room() {
            return Err(Refusal::Budget);
        }
        let paid = Paid { mana: revision.mana, ready: tick + revision.cooldown as u64 };
        purse.cool(&request.spell, paid.ready, tick);
        purse.active += 1;
        self.purses.insert(caster, purse);
        let context = CallContext {
            caster,
            origin: aimed.origin,
            direction: aimed.direction,
            target_position: aimed.target_position,
            target_entity: aimed.target_entity,
            params: request.params,
        };
        self.spells.insert(ActiveSpell {
            cast,
            spell: request.spell,
            revision,
            channel: request.channel,
            context,
            state: Vec::new(),
            born: tick,
            started: false,
            paid,
            timers: Vec::new(),
            listeners: Vec::new(),
            watches: Vec::new(),
            projectiles: 0,
            queued: 1,
        });
        Ok(())
    }

    /// Whether another call may be queued.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() + self.pending.len() < WAITING_CALLS_MAX
    }

    /// Brings a remote event to the active spells that listen for it.
    fn hear(&mut self, remote: RemoteInput, candidates: &mut Vec<Candidate>, tick: &mut OpenTick) {
        let is_player =
            self.registry.get(remote.player).is_some_and(|entity| entity.kind == EntityKind::Player);
        if !is_player || remote.name.len() > NAME_BYTES_MAX || remote.payload.len() > PAYLOAD_BYTES_MAX {
            tick.dropped_events += 1;
            return;
        }
        let listening = |cast: &&CastId| {
            remote.cast.is_none_or(|only| only == **cast)
                && self
                    .spells
                    .get(**cast)
                    .is_some_and(|spell| spell.spell == remote.spell && spell.listens(&remote.name))
        };
        let listeners: Vec<CastId> = self.spells.listening().iter().filter(listening).copied().collect();
        for cast in listeners {
            let Some(spell) = self.spells.get_mut(cast) else { continue };
            if spell.queued as usize >= PENDING_EVENTS_MAX || candidates.len() >= WAITING_CALLS_MAX {
                tick.dropped_events += 1;
                continue;
            }
            spell.queued += 1;
            let RemoteInput { player, name, payload, .. } = remote.clone();
            let event = Event::Remote { player, name, payload };
            candidates.push(Candidate { cast, origin: Origin::Event(event) });
        }
    }

    /// Walks the candidates in order: each gets its grant and a number, or waits.
    fn grant(&mut self, candidates: Vec<Candidate>, tick: &mut OpenTick) {
        let mut left = TICK_FUEL;
        let mut is_spent = false;
        let mut blocked: BTreeSet<EntityId> = BTreeSet::new();
        for candidate in candidates {
            let Some(spell) = self.spells.get(candidate.cast) else { continue };
            let caster = spell.context.caster;
            // Whether a migration at the head of the lane will be applied is not known yet, so that the dearer of
            // both revisions is taken; `close_tick` gives back what the one that ran does not need.
            let next = tick.migrating.get(&candidate.cast).map_or(0, RevisionRef::call_fuel);
            let taken = spell.revision.call_fuel().max(next);
            let fuel = CallFuel { grant: spell.revision.grant_fuel(), taken };
            is_spent |= taken > left;
            if is_spent || blocked.contains(&caster) {
                self.wait(candidate);
                continue;
            }
            let purse = self.purses.get_mut(&caster).expect("a caster with an active spell has a purse");
            if !purse.take_fuel(taken, self.tick) {
                blocked.insert(caster);
                self.wait(candidate);
                continue;
            }
            left -= taken;
            let cast = candidate.cast;
            let entry = self.dequeue(candidate);
            self.number(cast, entry, fuel, None, tick);
        }
    }

    /// Whether a spell has as many calls to come as it may.
    fn queue_is_full(&self, cast: CastId) -> bool {
        self.spells.get(cast).is_some_and(|spell| spell.queued as usize >= PENDING_EVENTS_MAX)
    }

    /// Keeps a call for a later tick. A timer waits where it is when too much waits already.
    fn wait(&mut self, candidate: Candidate) {
        let cast = candidate.cast;
        let entry = match candidate.origin {
            Origin::Waiting(_) => return,
            Origin::Timer(_) if self.waiting.len() >= WAITING_CALLS_MAX || self.queue_is_full(cast) => return,
            Origin::Timer(timer) => {
                self.spells.drop_timers(cast, |pending| pending.number == timer.number);
                let spell = self.spells.get_mut(cast).expect("a candidate's spell is active");
                spell.queued += 1;
                Entry::Event(Event::Timer { tag: timer.tag })
            }
            Origin::Cast => Entry::Cast,
            Origin::Event(event) => Entry::Event(event),
        };
        let number = self.counters.take_waiting();
        self.waiting.insert(number, Waiting { cast, entry });
    }

    /// Takes a call that runs now out of what is pending.
    fn dequeue(&mut self, candidate: Candidate) -> Entry {
        let cast = candidate.cast;
        let entry = match candidate.origin {
            Origin::Timer(timer) => {
                self.spells.drop_timers(cast, |pending| pending.number == timer.number);
                return Entry::Event(Event::Timer { tag: timer.tag });
            }
            Origin::Waiting(number) => {
                self.waiting.remove(&number).expect("a candidate that waited waits").entry
            }
            Origin::Cast => Entry::Cast,
            Origin::Event(event) => Entry::Event(event),
        };
        let spell = self.spells.get_mut(cast).expect("a candidate's spell is active");
        spell.queued -= 1;
        entry
    }

    /// Gives a call its number, seed and entity ids.
    fn number(
        &mut self,
        cast: CastId,
        entry: Entry,
        fuel: CallFuel,
        migrate_to: Option<RevisionRef>,
        tick: &mut OpenTick,
    ) {
        let spell = self.spells.get_mut(cast).expect("a call belongs to an active spell");
        spell.started |= entry == Entry::Cast;
        let id = CallId(self.counters.call);
        let first_entity = EntityId(self.counters.entity);
        self.counters.call += 1;
        self.counters.entity += ENTITY_IDS_PER_CALL;
        tick.touched.insert(cast);
        tick.calls.push(OpenCall {
            id,
            cast,
            caster: spell.context.caster,
            spell: spell.spell.clone(),
            revision: spell.revision,
            migrate_to,
            entry,
            seed: call_seed(self.config.seed, self.tick, id),
            grant: fuel.grant,
            taken: fuel.taken,
            first_entity,
        });
    }

    /// The numbered calls as lanes, by the number of their first call.
    fn lanes(&self, tick: &OpenTick) -> Vec<Lane> {
        let mut places: BTreeMap<CastId, usize> = BTreeMap::new();
        let mut lanes: Vec<Lane> = Vec::new();
        for call in &tick.calls {
            let place = *places.entry(call.cast).or_insert_with(|| {
                let spell = self.spells.get(call.cast).expect("a call belongs to an active spell");
                lanes.push(Lane {
                    cast: call.cast,
                    spell: spell.spell.clone(),
                    revision: spell.revision,
                    migrate_to: call.migrate_to,
                    context: spell.context.clone(),
                    state: spell.state.clone(),
                    calls: Vec::new(),
                });
                lanes.len() - 1
            });
            let OpenCall { id, seed, grant, first_entity, .. } = *call;
            lanes[place].calls.push(Call { id, entry: call.entry.clone(), seed, grant, first_entity });
        }
        lanes
    }
}

/// Whether an entity like this may be in a world.
fn is_possible(spec: &EntitySpec) -> bool {
    let points = Points::ZERO..=Points::from_whole(POINTS_MAX);
    let alive = spec.health > Points::ZERO || spec.health_max == Points::ZERO;
    spec.kind != EntityKind::Projectile
        && spec.position.in_bounds()
        && (Coord::ZERO..=Coord::from_whole(ENTITY_RADIUS_MAX)).contains(&spec.radius)
        && points.contains(&spec.health)
        && points.contains(&spec.health_max)
        && spec.health <= spec.health_max
        && alive
}
