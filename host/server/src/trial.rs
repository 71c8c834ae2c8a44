//! Trying a revision before it is published: in a world of its own, and on what was cast lately.
//!
//! Promises that no world and no tick notices it: everything runs on the caller's thread and one
//! casting thread of its own, on copies, and the same log gives the same report. It deliberately
//! does not decide: what is too much is the caller's.
//!
//! A recorded call runs with the world, aim, parameters and random numbers it had. An event is told
//! to casts whose `cast` was tried as well, with the state that the new revision left; migrations
//! are not tried. A call gets no more fuel than it had.

use std::collections::BTreeMap;

use spellhost_lockstep::applying::{apply_tick, vary_tick};
use spellhost_lockstep::{Pins, frame};
use spellhost_runtime::{Caster, Component, Library, ParamInput, Verdicts, play_tick, run_lanes};
use spellhost_sim::{
    Aim, BlockPos, CallId, CallReport, CastId, CastRequest, Coord, Direction, EntityKind, EntitySpec, Entry,
    Inputs, Lane, Op, Opened, Outcome, Point, Points, RevisionRef, SpellId, Terrain, Value, World,
    WorldConfig,
};
use spellhost_store::{FrameLog as _, LogEntry, Store, WorldId};
use spellhost_wire::Frame;
use spellhost_wire::reply::{CallEnd, EffectsDifference, TrialCall};

use crate::guard::is_wrong;
use crate::limits::{REHEARSAL_TICKS, TRIAL_CALLS_MAX, TRIAL_TICKS};
use crate::recovery::{RecoveryError, begins, pin_all, restored};
use crate::world::backlog::Encoded;

/// A revision that is tried.
pub struct Candidate<'a> {
    /// Its spell.
    pub spell: &'a SpellId,
    /// What it is to the simulation.
    pub revision: RevisionRef,
    /// Its component.
    pub component: &'a Component,
}

/// A call that was tried.
pub struct Tried {
    /// What is told of it.
    pub call: TrialCall,
    /// Whether it ended as none should.
    pub wrong: bool,
}

impl Candidate<'_> {
    /// Casts it twice in a flat world of its own, with its defaults: at a body, and at the ground. The
    /// outcomes of every call.
    pub fn rehearse(&self, caster: &Caster) -> Vec<Outcome> {
        let mut world = World::new(WorldConfig { terrain: Terrain::Flat, seed: 1 });
        let mut library = Library::new();
        library.insert(self.component.clone());
        let bodies = [0, -8].map(|z| Op::Spawn(body(z)));
        let entering = Inputs { ops: bodies.into(), ..Inputs::default() };
        play_tick(&mut world, entering, &library, caster);
        let bodies: Vec<_> = world.entities().map(|entity| entity.id).collect();
        let [player, other] = bodies[..] else { return Vec::new() };
        let ground = spellhost_sim::Target::Point(Point::from_blocks(3, -1, -6));
        let mut outcomes = Vec::new();
        for target in [spellhost_sim::Target::Entity(other), ground] {
            let casts = vec![self.request(player, target)];
            let mut inputs = Inputs { casts, ..Inputs::default() };
            for _ in 0..REHEARSAL_TICKS {
                let played = play_tick(&mut world, std::mem::take(&mut inputs), &library, caster);
                outcomes.extend(played.report.calls.into_iter().map(|call| call.outcome));
            }
        }
        outcomes
    }

    fn request(&self, caster: spellhost_sim::EntityId, target: spellhost_sim::Target) -> CastRequest {
        // Defaults fit: the description was checked.
        let params = self.component.info().complete(&BTreeMap::new()).unwrap_or_default();
        let revision = RevisionRef { cooldown: 0, mana: 0, ..self.revision };
        let aim = Aim { origin: None, direction: None, target: Some(target) };
        CastRequest { spell: self.spell.clone(), revision, channel: None, caster, aim, params }
    }

    /// Runs it on the calls of its spell in the last minutes of a world: its log, and the frames after it.
    ///
    /// # Errors
    /// Where the log cannot be read or followed.
    pub fn against(
        &self,
        store: &Store,
        world: &WorldId,
        config: WorldConfig,
        recent: &[Encoded],
        caster: &Caster,
    ) -> Result<Vec<Tried>, RecoveryError> {
        let newest = recent.last().map(|frame| frame.tick);
        let Some(last) = store.last_tick(world)?.max(newest) else { return Ok(Vec::new()) };
        let begin = last.saturating_sub(TRIAL_TICKS).max(begins(store, world)?);
        let (mut followed, frames) = kept(store, world, config, begin, recent)?;
        let (first, last) = self.concerned(&frames, begin);
        let mut library = Library::new();
        library.insert(self.component.clone());
        let mut trying = Trying { candidate: self, library, caster, carried: BTreeMap::new() };
        let (mut pins, mut tried) = (Pins::new(), Vec::new());
        for frame in frames.iter().take_while(|frame| frame.tick <= last) {
            pin_all(store, frame, &mut pins)?;
            if frame.tick >= first && self.calls(frame) > 0 {
                tried.extend(
                    trying.tick(followed.clone(), frame, &pins).map_err(|error| unfollowed(frame, &error))?,
                );
            }
            apply_tick(&mut followed, frame, &pins).map_err(|error| unfollowed(frame, &error))?;
        }
        Ok(tried)
    }

    fn calls(&self, frame: &Frame) -> usize {
        frame.calls.iter().filter(|call| call.spell_id == self.spell.as_str()).count()
    }

    /// The first and the last tick with calls to try: no more of them than the bound.
    fn concerned(&self, frames: &[Frame], begin: u64) -> (u64, u64) {
        let (mut first, mut last, mut calls) = (u64::MAX, 0, 0);
        for frame in frames.iter().rev().take_while(|frame| frame.tick >= begin) {
            let more = self.calls(frame);
            if more > 0 && calls + more <= TRIAL_CALLS_MAX {
                (first, last) = (frame.tick, last.max(frame.tick));
            }
            calls += more;
        }
        (first, last)
    }

    /// The parameters of a recorded cast as this revision takes them: what it does not know is left out,
    /// what is new or does not fit has its default.
    fn params(&self, given: &[spellhost_sim::NamedValue]) -> Vec<spellhost_sim::NamedValue> {
        let info = self.component.info();
        let mut inputs = BTreeMap::new();
        for named in given {
            let one = BTreeMap::from([(named.name.clone(), input(&named.value))]);
            if info.complete(&one).is_ok() {
                inputs.extend(one);
            }
        }
        info.complete(&inputs).unwrap_or_default()
    }
}

fn unfollowed(frame: &Frame, error: &dyn std::fmt::Display) -> RecoveryError {
    RecoveryError::Frame { tick: frame.tick, reason: error.to_string() }
}

/// A state of a world and every frame after it: from a tick on, or from behind what a full disk did not take.
fn kept(
    store: &Store,
    world: &WorldId,
    config: WorldConfig,
    mut begin: u64,
    recent: &[Encoded],
) -> Result<(World, Vec<Frame>), RecoveryError> {
    loop {
        let state = match store.snapshot_at(world, begin)? {
            Some(snapshot) => restored(store, &snapshot)?,
            None => World::new(config),
        };
        match frames(store, world, state.tick(), recent) {
            Err(RecoveryError::Gap { next, .. }) if next > begin => begin = next,
            frames => return Ok((state, frames?)),
        }
    }
}

/// The frames of a log, without gaps, and those after them that it does not have yet.
fn frames(
    store: &Store,
    world: &WorldId,
    from: u64,
    recent: &[Encoded],
) -> Result<Vec<Frame>, RecoveryError> {
    let mut frames: Vec<Frame> = Vec::new();
    for entry in store.read(world, from..=u64::MAX)? {
        let LogEntry::Frame { tick, bytes } = entry? else { continue };
        let next = from + frames.len() as u64;
        if tick != next {
            return Err(RecoveryError::Gap { tick: next, next: tick });
        }
        let unreadable = |error| RecoveryError::Frame { tick, reason: format!("{error}") };
        frames.push(Frame::from_bytes(&bytes).map_err(unreadable)?);
    }
    let next = from + frames.len() as u64;
    // Where a full disk took none for longer than they are kept at hand, what it took is all that there is.
    let rest = recent.iter().filter(|frame| frame.tick >= next).zip(next..);
    frames.extend(rest.map_while(|(frame, tick)| frame.read().filter(|frame| frame.tick == tick)));
    Ok(frames)
}

/// A trial under way.
struct Trying<'a> {
    candidate: &'a Candidate<'a>,
    library: Library,
    caster: &'a Caster,
    /// The state that the revision left, for each cast that was tried.
    carried: BTreeMap<CastId, Vec<u8>>,
}

impl Trying<'_> {
    /// Plays a tick on a copy of the world, with the revision in the place of those that ran.
    fn tick(
        &mut self,
        mut copy: World,
        frame: &Frame,
        pins: &Pins,
    ) -> Result<Vec<Tried>, spellhost_lockstep::applying::ApplyError> {
        let mut ran: Vec<CallId> = Vec::new();
        let report = vary_tick(&mut copy, frame, pins, |world, opened| {
            let lanes = self.lanes(opened);
            let casts: BTreeMap<CallId, CastId> =
                lanes.iter().flat_map(|lane| lane.calls.iter().map(|call| (call.id, lane.cast))).collect();
            let (results, _) = run_lanes(world, lanes, &Verdicts::new(), None, &self.library, self.caster);
            for result in &results {
                let saved = result.commands.iter().rev().find_map(|command| match command {
                    spellhost_sim::Command::Save { bytes } => Some(bytes.clone()),
                    _ => None,
                });
                if let (Some(bytes), true, Some(cast)) =
                    (saved, result.outcome.is_applied(), casts.get(&result.id))
                {
                    self.carried.insert(*cast, bytes);
                }
            }
            ran = results.iter().map(|result| result.id).collect();
            results
        })?;
        let calls = report.calls.iter().filter(|call| ran.contains(&call.id));
        Ok(calls.filter_map(|call| tried(frame, call)).collect())
    }

    fn lanes(&mut self, opened: &Opened) -> Vec<Lane> {
        let own = opened.lanes.iter().filter(|lane| lane.spell == *self.candidate.spell);
        let begun =
            own.clone().filter(|lane| lane.calls.iter().any(|call| matches!(call.entry, Entry::Cast)));
        let begun: Vec<(CastId, Vec<u8>)> = begun.map(|lane| (lane.cast, lane.state.clone())).collect();
        self.carried.extend(begun);
        own.filter_map(|lane| self.lane(lane)).collect()
    }

    fn lane(&self, lane: &Lane) -> Option<Lane> {
        let Candidate { revision, .. } = *self.candidate;
        let state = self.carried.get(&lane.cast)?.clone();
        let mut calls = lane.calls.clone();
        calls.retain(|call| !matches!(call.entry, Entry::Migrate { .. }));
        calls.iter_mut().for_each(|call| call.grant = call.grant.min(revision.grant_fuel()));
        let mut context = lane.context.clone();
        context.params = self.candidate.params(&context.params);
        let own = Lane { revision, migrate_to: None, context, state, calls, ..lane.clone() };
        (!own.calls.is_empty()).then_some(own)
    }
}

fn tried(frame: &Frame, call: &CallReport) -> Option<Tried> {
    let old = frame.calls.iter().find(|old| old.call_id == call.id.0)?;
    let new = frame::call(call);
    let (before, after) = (old.effects.clone().unwrap_or_default(), new.effects.unwrap_or_default());
    let (mut added, mut removed) = (after.clone(), before.clone());
    added.retain(|effect| {
        let known = removed.iter().position(|old| old == effect);
        known.is_none_or(|at| {
            removed.remove(at);
            false
        })
    });
    let call_shown = TrialCall {
        world_id: frame.world_id.clone(),
        cast_id: call.cast.0,
        call_id: call.id.0,
        tick: frame.tick,
        export: new.export,
        old: CallEnd { outcome: old.outcome.clone(), fuel: old.fuel },
        new: CallEnd { outcome: new.outcome, fuel: new.fuel },
        effects: EffectsDifference { same: before == after, added, removed },
    };
    Some(Tried { call: call_shown, wrong: is_wrong(&call.outcome) })
}

/// A value as it would arrive.
fn input(value: &Value) -> ParamInput {
    let list = |parts: [i64; 3]| ParamInput::List(parts.map(|part| part as f64).into());
    match value {
        Value::Flag(flag) => ParamInput::Flag(*flag),
        Value::Integer(integer) => ParamInput::Integer(*integer),
        Value::Number(number) => ParamInput::Number(f64::from_bits(number.bits)),
        Value::Text(text) => ParamInput::Text(text.clone()),
        Value::Point(point) => ParamInput::List(spellhost_lockstep::exact::point(*point).into()),
        Value::Block(BlockPos { x, y, z }) => list([*x, *y, *z].map(i64::from)),
        Value::Entity(id) => ParamInput::Integer(i64::try_from(id.0).unwrap_or(i64::MAX)),
        Value::Material(material) => ParamInput::Text(material.info().name.into()),
    }
}

fn body(z: i32) -> EntitySpec {
    EntitySpec {
        kind: EntityKind::Player,
        template: None,
        position: Point::from_blocks(0, 1, z),
        look: Direction::FORWARD,
        radius: Coord::from_raw(Coord::from_whole(1).raw() / 2),
        health: Points::from_whole(100),
        health_max: Points::from_whole(100),
    }
}
