//! The second half of a tick: results come back, the world moves, and what that causes is raised.
//!
//! The order is fixed: commands in call order, projectiles, bodies, statuses, terrain, triggers, the end of active
//! spells, hash. Promises that nothing of a call that was not applied remains but what it is charged.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::call::{CallResult, CastId};
use crate::entity::{EntityId, EntityKind};
use crate::event::Event;
use crate::input::{Digest, RevisionRef};
use crate::limits::{EDITED_CHUNKS_PER_TICK, PENDING_EVENTS_MAX};
use crate::material::Material;
use crate::open::OpenTick;
use crate::projectile::{self, End};
use crate::report::{CallReport, Migration, TickReport};
use crate::vector::{ChunkPos, Point};
use crate::voxels::{Edit, Edited, VoxelChange};
use crate::world::World;
use crate::{body, fixed::Coord, limits::ENTITY_RADIUS_MAX};

/// What comes together while a tick is closed.
#[derive(Debug, Default)]
pub(crate) struct Closing {
    pub calls: Vec<CallReport>,
    /// Edits of terrain, with the place of their call in `calls`.
    pub edits: Vec<(usize, Edit)>,
    pub deaths: Vec<(EntityId, Option<EntityId>)>,
    pub migrations: Vec<Migration>,
    /// Active spells that were put onto a new revision in this tick.
    pub migrated: BTreeMap<CastId, RevisionRef>,
    pub ended: BTreeSet<CastId>,
    /// Whether an ended spell leaves events or waiting calls behind.
    pub has_leftovers: bool,
    /// Chunks that the edits of this tick's calls touch.
    pub edited: BTreeSet<ChunkPos>,
    pub changed: BTreeSet<ChunkPos>,
    /// How many chunks may still be generated for moving bodies.
    pub loads: usize,
    /// Active spells that may be over.
    pub touched: BTreeSet<CastId>,
    pub dropped_events: u32,
}

impl Closing {
    /// Whether the chunks of another edit are within what one tick may touch; then they are counted.
    pub(crate) fn has_room_for(&mut self, edit: &Edit) -> bool {
        let more: Vec<ChunkPos> = edit.chunks().filter(|at| !self.edited.contains(at)).collect();
        let fits = self.edited.len() + more.len() <= EDITED_CHUNKS_PER_TICK;
        if fits {
            self.edited.extend(more);
        }
        fits
    }
}

impl World {
    /// Applies the results of the open tick's calls and moves the world to the next tick.
    ///
    /// # Panics
    /// Where no tick is open, or the results are not exactly one for each opened call.
    pub fn close_tick(&mut self, mut results: Vec<CallResult>) -> TickReport {
        let open = self.open.take().expect("a tick is closed after it was opened");
        results.sort_by_key(|result| result.id);
        let opened = open.calls.iter().map(|call| call.id);
        assert!(opened.eq(results.iter().map(|result| result.id)), "every opened call has one result");
        let OpenTick { calls, casts, changed, touched, ended, loads, dropped_events, .. } = open;
        let mut closing = Closing { changed, touched, ended, loads, dropped_events, ..Closing::default() };
        for (call, result) in calls.into_iter().zip(results) {
            self.commit(call, result, &mut closing);
        }
        self.step_projectiles(&mut closing);
        self.step_bodies(&mut closing);
        self.step_statuses(&mut closing);
        self.commit_terrain(&mut closing);
        self.step_watches(&mut closing);
        self.end_spells(&mut closing);
        let tick = self.tick;
        self.tick += 1;
        self.settle();
        TickReport {
            tick,
            casts,
            calls: closing.calls,
            migrations: closing.migrations,
            events: self.pending.clone(),
            deaths: closing.deaths,
            ended: closing.ended.into_iter().collect(),
            chunks: closing.changed.into_iter().map(|at| (at, self.voxels.version(at))).collect(),
            waiting: self.waiting.len() as u32,
            dropped_events: closing.dropped_events,
            state_hash: self.state_hash(),
        }
    }

    /// Queues an event for an active spell; what is too much is dropped and counted.
    pub(crate) fn raise(&mut self, cast: CastId, event: Event, closing: &mut Closing) {
        let has_room = self.has_room();
        let Some(spell) = self.spells.get_mut(cast) else { return };
        if spell.queued as usize >= PENDING_EVENTS_MAX || !has_room {
            closing.dropped_events += 1;
            return;
        }
        spell.queued += 1;
        self.pending.push((cast, event));
    }

    /// Removes an entity and what depends on it, without a word to anybody.
    pub(crate) fn take_away(&mut self, id: EntityId) {
        let Some(entity) = self.registry.remove(id) else { return };
        if entity.kind == EntityKind::Projectile
            && let Some(spell) = entity.spawner.and_then(|cast| self.spells.get_mut(cast))
        {
            spell.projectiles -= 1;
        }
        self.prune_purse(id);
    }

    /// Lets a body fall or move again.
    pub(crate) fn wake(&mut self, id: EntityId) {
        let Some(entity) = self.registry.get(id) else { return };
        if entity.is_body() && !entity.awake && !entity.is_dead() && !entity.is_fixed() {
            self.registry.edit(id, |entity| entity.awake = true);
        }
    }

    /// Changes terrain and wakes the bodies that may have stood on it.
    pub(crate) fn edit_terrain(&mut self, edit: &Edit) -> Edited {
        let edited = self.voxels.apply(edit);
        if edited.chunks.is_empty() {
            return edited;
        }
        let (least, most) = extent(edit);
        let margin = Coord::from_whole(ENTITY_RADIUS_MAX + 1);
        let margin = Point { x: margin, y: margin, z: margin };
        let mut near = Vec::new();
        self.registry.grid().visit(least - margin, most + margin, |item| near.push(item.id));
        near.into_iter().for_each(|id| self.wake(id));
        edited
    }

    fn step_projectiles(&mut self, closing: &mut Closing) {
        let flying: Vec<EntityId> = self.registry.of_kind(EntityKind::Projectile).iter().copied().collect();
        for id in flying {
            let Some(entity) = self.registry.get(id) else { continue };
            let (spawner, tag) = (entity.spawner, entity.tag);
            let flown = projectile::fly(&self.voxels, &self.registry, id, entity, self.tick);
            let Some(end) = flown.end else {
                self.registry.edit(id, |entity| {
                    entity.flight = Some(flown.flight);
                    entity.position = flown.flight.position();
                    entity.velocity = flown.velocity;
                });
                continue;
            };
            self.take_away(id);
            let Some(cast) = spawner else { continue };
            closing.touched.insert(cast);
            let event = match end {
                End::Hit(hit) => Event::ProjectileHit(hit),
                End::Expired(position) => Event::ProjectileExpired { projectile: id, tag, position },
            };
            self.raise(cast, event, closing);
        }
    }

    fn step_bodies(&mut self, closing: &mut Closing) {
        let awake: Vec<EntityId> = self.registry.awake().iter().copied().collect();
        for id in awake {
            let Some(entity) = self.registry.get(id) else { continue };
            closing.loads -= usize::from(self.voxels.load(entity.position.block(), closing.loads > 0));
            let moved = body::step(&self.voxels, entity, self.tick);
            self.registry.edit(id, |entity| {
                entity.position = moved.position;
                entity.velocity = moved.velocity;
                entity.awake = moved.awake;
            });
            if moved.fell {
                self.die(id, None, closing);
            }
        }
    }

    /// Terrain commands take effect in call order; each call is told what its own changed.
    fn commit_terrain(&mut self, closing: &mut Closing) {
        let mut changes: BTreeMap<usize, BTreeMap<(Material, Material), u32>> = BTreeMap::new();
        for (place, edit) in core::mem::take(&mut closing.edits) {
            let edited = self.edit_terrain(&edit);
            closing.changed.extend(edited.chunks);
            let sums = changes.entry(place).or_default();
            for change in edited.changes {
                *sums.entry((change.from, change.to)).or_default() += change.count;
            }
        }
        for (place, sums) in changes {
            let rows = sums.into_iter().map(|((from, to), count)| VoxelChange { from, to, count });
            closing.calls[place].voxels = rows.collect();
        }
    }

    /// Compares what moved with every watched box.
    fn step_watches(&mut self, closing: &mut Closing) {
        let moved = self.registry.take_moved();
        if moved.is_empty() {
            return;
        }
        let places: Vec<_> = moved
            .into_iter()
            .map(|id| (id, self.registry.get(id).map(|entity| entity.position.block())))
            .collect();
        let mut crossings = Vec::new();
        for (id, block) in places {
            let mut concerned = BTreeSet::new();
            self.spells.watching().concerned(id, block, &mut concerned);
            for cast in concerned {
                let Some(spell) = self.spells.get(cast) else { continue };
                for (at, watch) in spell.watches.iter().enumerate() {
                    let is_inside = block.is_some_and(|block| watch.holds(block));
                    if is_inside != watch.inside.contains(&id) {
                        crossings.push((cast, at, id, is_inside));
                    }
                }
            }
        }
        crossings.sort_unstable();
        for (cast, at, entity, entered) in crossings {
            if let Some(tag) = self.spells.cross(cast, at, entity, entered) {
                self.raise(cast, Event::Trigger { tag, entity, entered }, closing);
            }
        }
    }

    fn end_spells(&mut self, closing: &mut Closing) {
        let expired = self.spells.expire(self.tick);
        let concerned: BTreeSet<CastId> = closing.touched.union(&expired).copied().collect();
        for cast in concerned {
            if self.spells.is_over(cast, self.tick) {
                self.end_spell(cast, closing);
            }
        }
        self.drop_leftovers(closing);
    }

    /// Drops the events and waiting calls of spells that have ended.
    pub(crate) fn drop_leftovers(&mut self, closing: &Closing) {
        if closing.has_leftovers {
            self.pending.retain(|(told, _)| !closing.ended.contains(told));
            let left = self.waiting.iter().filter(|(_, waiting)| closing.ended.contains(&waiting.cast));
            let numbers: Vec<u64> = left.map(|(number, _)| *number).collect();
            numbers.iter().for_each(|number| drop(self.waiting.remove(number)));
        }
    }

    /// Ends an active spell: what it waits for is dropped with all that ended in this tick, its projectiles live on.
    pub(crate) fn end_spell(&mut self, cast: CastId, closing: &mut Closing) {
        let Some(spell) = self.spells.remove(cast) else { return };
        closing.ended.insert(cast);
        self.migrating.remove(&cast);
        closing.has_leftovers |= spell.queued > 0;
        let caster = spell.context.caster;
        if let Some(purse) = self.purses.get_mut(&caster) {
            purse.active -= 1;
        }
        self.prune_purse(caster);
    }
}

/// The box around what an edit covers.
fn extent(edit: &Edit) -> (Point, Point) {
    let corner = |x: i64, y: i64, z: i64| Point::from_raw(x << 16, y << 16, z << 16);
    match *edit {
        Edit::Set { pos, .. } => {
            let least = Point::from_blocks(pos.x, pos.y, pos.z);
            (least, least + Point::from_blocks(1, 1, 1))
        }
        Edit::Sphere { center, radius, .. } => {
            let reach = Point { x: radius, y: radius, z: radius };
            (center - reach, center + reach)
        }
        Edit::Box { min, size, .. } => {
            let least = Point::from_blocks(min.x, min.y, min.z);
            (least, least + corner(size.x as i64, size.y as i64, size.z as i64))
        }
    }
}

/// BLAKE3 over outcome kind, fuel and effects, without the texts of messages.
pub(crate) fn effects_digest(report: &CallReport) -> Digest {
    use crate::command::Command;
    let silent = |command: &Command| match command {
        Command::Message { player, .. } => Command::Message { player: *player, text: Default::default() },
        other => other.clone(),
    };
    let effects: Vec<Command> = report.effects.iter().map(silent).collect();
    let bytes = postcard::to_allocvec(&(report.outcome.kind(), report.fuel_used, effects));
    let bytes = bytes.expect("a buffer that grows takes every value");
    Digest(*blake3::hash(&bytes).as_bytes())
}
