//! A world that is being played: inputs in, ticks on, what each cast came to.
//!
//! What is shown is played here, what is certified in `rehearsal`; both through the runtime's one
//! function. Deliberately knows no clock: how fast ticks follow each other is its caller's.

use std::collections::BTreeMap;
use std::sync::Arc;

use spellhost_lockstep::{exact, frame};
use spellhost_runtime::{Caster, Library, PlayedTick, play_tick};
use spellhost_server::{Guide, Guided, Made, ServeError};
use spellhost_sim::{
    CallReport, CastId, Channel, ChunkPos, EntityId, Inputs, Migration, Op, StateHash, Swap, TickReport,
    Voxels, World,
};

use crate::problem::Problem;
use crate::saved::Recorder;
use crate::serve::unserved;
use crate::source::Ready;
use crate::stage::Stage;
use crate::tally::Tally;
use crate::words::Roster;

/// A world, who is in it, and the casts that are being followed.
pub struct Session {
    scene: Scene,
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

/// Where the world is.
enum Scene {
    /// Here, and nowhere else.
    Own { world: Box<World>, library: Library, caster: Arc<Caster> },
    /// At an address, where others may take part.
    Served(Box<Guided>),
}

/// What one tick told beyond the tallies.
pub struct Told {
    /// The tick.
    pub tick: u64,
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
    pub fn enter(stage: Stage, caster: Arc<Caster>, recorder: Option<Recorder>) -> Result<Self, Problem> {
        let ops: Vec<Op> = stage.entrance();
        let mut session = Self {
            scene: Scene::Own { world: Box::new(stage.world), library: Library::new(), caster },
            recorder,
            tallies: BTreeMap::new(),
            roster: Roster::default(),
            actors: Vec::new(),
            player: EntityId(0),
            hash: StateHash([0; 16]),
            chunks: Default::default(),
        };
        let newest = session.world().entities().map(|entity| entity.id).max();
        let there = session.world().entities().map(|entity| (entity.id.0, frame::kind(entity.kind)));
        for (id, kind) in there.collect::<Vec<_>>() {
            session.roster.call(id, format!("{kind} {id}"));
        }
        session.play(Inputs { ops, ..Inputs::default() })?;
        let entered = session.world().entities().map(|entity| entity.id);
        session.actors = entered.filter(|id| newest.is_none_or(|newest| *id > newest)).collect();
        if session.actors.len() != stage.actors.len() {
            return Err(Problem::failed("bad_world", "this world holds too many entities to enter it"));
        }
        session.player = session.actors[stage.caster];
        for (id, actor) in session.actors.iter().zip(&stage.actors) {
            session.roster.call(id.0, &actor.name);
        }
        Ok(session)
    }

    /// Has the world be served from the next tick on.
    ///
    /// # Errors
    /// Where the host cannot have it; then it stays here.
    pub fn serve(&mut self, guide: &Guide) -> Result<(), ServeError> {
        let guided = guide.open(self.world().clone())?;
        self.scene = Scene::Served(Box::new(guided));
        Ok(())
    }

    /// Plays one tick.
    ///
    /// # Errors
    /// Where the recording cannot be written.
    pub fn play(&mut self, inputs: Inputs) -> Result<Told, Problem> {
        let own = inputs.casts.len();
        let played = match &mut self.scene {
            Scene::Own { world, library, caster } => play_tick(world, inputs, library, caster),
            Scene::Served(guided) => guided.play(inputs),
        };
        self.played(played, own)
    }

    /// Follows the first `own` casts of a tick; those of others are strays.
    fn played(&mut self, played: PlayedTick, own: usize) -> Result<Told, Problem> {
        if let Some(recorder) = &mut self.recorder {
            if let Scene::Served(guided) = &self.scene {
                pin_foreign(recorder, guided, &played)?;
            }
            recorder.frame(&played)?;
        }
        let PlayedTick { report, notes, .. } = played;
        let TickReport { tick, casts, calls, migrations, chunks, state_hash, .. } = report;
        self.hash = state_hash;
        self.chunks.extend(chunks.into_iter().map(|(pos, _)| pos));
        let mut told = Told { tick, strays: Vec::new(), migrations };
        for cast in casts.iter().take(own) {
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
    /// Where the recording cannot be written, or the host does not take it.
    pub fn install(&mut self, ready: &Ready) -> Result<(), Problem> {
        self.pin(ready)?;
        match &mut self.scene {
            Scene::Own { library, .. } => library.insert(ready.component.clone()),
            Scene::Served(_) => {
                self.publish(ready, |guided, made| guided.install(&made).map(|done| done.then_some(())))?;
            }
        }
        Ok(())
    }

    /// Plays a tick in which a revision takes the place of the one before it. Components that nothing names any more
    /// are forgotten: a world that is swapped into ten thousand times holds no more than one that was not.
    ///
    /// # Errors
    /// As [`Session::install`].
    pub fn swap(&mut self, ready: &Ready) -> Result<Told, Problem> {
        self.pin(ready)?;
        if let Scene::Served(_) = self.scene {
            let played = self.publish(ready, |guided, made| guided.swap(&made))?;
            return self.played(played, 0);
        }
        self.install(ready)?;
        let Ready { revision, component, .. } = ready;
        let (spell, revision) = (revision.spell.clone(), revision.reference);
        let swap = Swap { spell, channel: Channel::Draft, revision };
        let told = self.play(Inputs { swaps: vec![swap], ..Inputs::default() })?;
        if let Scene::Own { world, library, .. } = &mut self.scene {
            library.retain(world, &[component.digest()]);
        }
        Ok(told)
    }

    fn pin(&mut self, ready: &Ready) -> Result<(), Problem> {
        let recorder = self.recorder.as_mut();
        recorder.map_or(Ok(()), |recorder| recorder.pin(&ready.revision, &ready.component))
    }

    /// Has the host take a revision, once nobody else is moving a channel there.
    fn publish<T>(
        &mut self,
        ready: &Ready,
        take: impl Fn(&mut Guided, Made<'_>) -> Result<Option<T>, ServeError>,
    ) -> Result<T, Problem> {
        let contents = ready.contents();
        let files: Vec<&[u8]> = contents.iter().map(Vec::as_slice).collect();
        loop {
            let Scene::Served(guided) = &mut self.scene else { unreachable!("asked of a served world only") };
            let made = Made { revision: &ready.revision, component: &ready.component, files: &files };
            if let Some(taken) = take(guided, made).map_err(|error| unserved(&error))? {
                return Ok(taken);
            }
            self.play(Inputs::default())?;
        }
    }

    /// The tick that comes next.
    pub fn tick(&self) -> u64 {
        self.world().tick()
    }

    /// The world between two ticks.
    pub fn world(&self) -> &World {
        match &self.scene {
            Scene::Own { world, .. } => world,
            Scene::Served(guided) => guided.world(),
        }
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
        self.world().voxels().clone()
    }

    /// Everybody's health by id, in points.
    pub fn health(&self) -> BTreeMap<u64, f64> {
        self.world().entities().map(|entity| (entity.id.0, exact::points(entity.health))).collect()
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
        let recorder = self.recorder.take();
        recorder.map_or(Ok(()), |recorder| recorder.finish(self.world()))
    }
}

/// Makes known to a recording what clients have brought into this tick.
fn pin_foreign(recorder: &mut Recorder, guided: &Guided, played: &PlayedTick) -> Result<(), Problem> {
    let casts = played.inputs.casts.iter().map(|cast| cast.revision);
    let swaps = played.inputs.swaps.iter().map(|swap| swap.revision);
    for revision in casts.chain(swaps) {
        if recorder.knows(revision.id) {
            continue;
        }
        let known = guided.revision(revision.id).ok_or_else(|| {
            Problem::failed("file", format!("the recording lacks {}: the host has lost it", revision.id))
        })?;
        recorder.pin_as(&revision, &known.0, &known.1)?;
    }
    Ok(())
}
