//! A world that is being played: inputs in, ticks on, what each cast came to.
//!
//! What is shown is played here, what is certified in `rehearsal`; both through the runtime's one
//! function. Deliberately knows no clock: how fast ticks follow each other is its caller's.

use std::collections::BTreeMap;
use std::rc::Rc;

use spellhost_lockstep::{exact, frame};
use spellhost_runtime::{Caster, Component, Library, PlayedTick, play_tick};
use spellhost_sim::{
    CallReport, CastId, ChunkPos, EntityId, Inputs, Migration, Op, StateHash, TickReport, Voxels, World,
};

use crate::problem::Problem;
use crate::saved::Recorder;
use crate::stage::Stage;
use crate::tally::Tally;
use crate::words::Roster;
use spellhost_forge::Revision;

/// A world, who is in it, and the casts that are being followed.
pub struct Session {
    world: World,
    library: Library,
    caster: Rc<Caster>,
    recorder: Option<Recorder>,
    tallies: BTreeMap<CastId, Tally>,
    /// What the entities are called.
    pub roster: Roster,
    /// The actors' ids, in the order of the stage.
    pub actors: Vec<EntityId>,
    /// Who casts.
    pub player: EntityId,
    hash: StateHash,
    chunks: std::collections::BTreeSet<ChunkPos>,
}

/// What one tick told beyond the tallies.
pub struct Told {
    /// Calls of casts that are not followed.
    pub strays: Vec<CallReport>,
    /// What became of active spells at a swap.
    pub migrations: Vec<Migration>,
}

impl Session {
    /// Opens the stage's world and plays the tick in which everybody enters.
    ///
    /// # Errors
    /// Where the world is too full, or the recording cannot be written.
    pub fn enter(stage: Stage, caster: Rc<Caster>, recorder: Option<Recorder>) -> Result<Self, Problem> {
        let ops: Vec<Op> = stage.entrance();
        let mut session = Self {
            world: stage.world,
            library: Library::new(),
            caster,
            recorder,
            tallies: BTreeMap::new(),
            roster: Roster::default(),
            actors: Vec::new(),
            player: EntityId(0),
            hash: StateHash([0; 16]),
            chunks: Default::default(),
        };
        let newest = session.world.entities().map(|entity| entity.id).max();
        for entity in session.world.entities() {
            session.roster.call(entity.id.0, format!("{} {}", frame::kind(entity.kind), entity.id.0));
        }
        session.play(Inputs { ops, ..Inputs::default() })?;
        let entered = session
            .world
            .entities()
            .map(|entity| entity.id)
            .filter(|id| newest.is_none_or(|newest| *id > newest));
        session.actors = entered.collect();
        if session.actors.len() != stage.actors.len() {
            return Err(Problem::failed("bad_world", "this world holds too many entities to enter it"));
        }
        session.player = session.actors[stage.caster];
        for (id, actor) in session.actors.iter().zip(&stage.actors) {
            session.roster.call(id.0, &actor.name);
        }
        Ok(session)
    }

    /// Plays one tick.
    ///
    /// # Errors
    /// Where the recording cannot be written.
    pub fn play(&mut self, inputs: Inputs) -> Result<Told, Problem> {
        let played: PlayedTick = play_tick(&mut self.world, inputs, &self.library, &self.caster);
        if let Some(recorder) = &mut self.recorder {
            recorder.frame(&played)?;
        }
        let PlayedTick { report, notes, .. } = played;
        let TickReport { tick, casts, calls, migrations, chunks, state_hash, .. } = report;
        self.hash = state_hash;
        self.chunks.extend(chunks.into_iter().map(|(pos, _)| pos));
        let mut told = Told { strays: Vec::new(), migrations };
        for cast in &casts {
            self.tallies.insert(cast.cast, Tally::new(cast, tick));
        }
        for call in calls {
            let note = notes.iter().find(|note| note.id == call.id);
            match self.tallies.get_mut(&call.cast) {
                Some(tally) => tally.add(tick, &call, note),
                None => told.strays.push(call),
            }
        }
        Ok(told)
    }

    /// Makes a revision castable, from the next tick on.
    ///
    /// # Errors
    /// Where the recording cannot be written.
    pub fn install(&mut self, revision: &Revision, component: &Component) -> Result<(), Problem> {
        self.library.insert(component.clone());
        self.recorder.as_mut().map_or(Ok(()), |recorder| recorder.pin(revision, component))
    }

    /// Forgets the components that no active spell names, but for this one: a world that is swapped into
    /// ten thousand times holds no more than one that was not.
    pub fn forget_all_but(&mut self, component: &Component) {
        self.library.retain(&self.world, &[component.digest()]);
    }

    /// The tick that comes next.
    pub fn tick(&self) -> u64 {
        self.world.tick()
    }

    /// The world between two ticks.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The hash after the last tick.
    pub fn hash(&self) -> String {
        spellhost_wire::Hash(self.hash.0).to_string()
    }

    /// The chunks that changed since this was last asked.
    pub fn take_chunks(&mut self) -> Vec<ChunkPos> {
        std::mem::take(&mut self.chunks).into_iter().collect()
    }

    /// The terrain as it is now.
    pub fn voxels(&self) -> Voxels {
        self.world.voxels().clone()
    }

    /// Everybody's health by id, in points.
    pub fn health(&self) -> BTreeMap<u64, f64> {
        self.world.entities().map(|entity| (entity.id.0, exact::points(entity.health))).collect()
    }

    /// What the casts that are followed came to, by cast; they are not followed any longer.
    pub fn take_tallies(&mut self) -> Vec<Tally> {
        std::mem::take(&mut self.tallies).into_values().collect()
    }

    /// Ends the recording, where there is one.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn finish(&mut self) -> Result<(), Problem> {
        self.recorder.take().map_or(Ok(()), |recorder| recorder.finish(&self.world))
    }
}
