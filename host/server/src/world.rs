//! A world: one thread that plays a tick sixty times a second and answers between two ticks.
//!
//! Promises that it waits for nobody: no disk, network, compiler or slow reader. Everything that
//! happens to it arrives as one closed [`Ask`]; everything that it did leaves as one frame. It
//! deliberately does not know tokens, rights, files or HTTP.

pub mod ask;
pub mod backlog;
pub mod past;
mod reporting;
pub mod subscriber;
pub mod telling;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message, close_code};
use spellhost_lockstep::frame::frame;
use spellhost_runtime::{Caster, Component, Library, PlayedTick, play_tick};
use spellhost_sim::limits::TICKS_PER_SECOND;
use spellhost_sim::{
    BlockPos, CastId, CastRequest, Channel, Coord, Digest, Direction, EntityId, EntityKind, EntitySpec,
    Inputs, Op, Point, Points, RemoteInput, RevisionRef, SpellId, StateHash, Swap, World,
};
use spellhost_wire::message::Mode;
use spellhost_wire::reply::{ActiveUpdate, Resync, ResyncReason, Told, WorldClosed};
use spellhost_wire::{Code, Frame};
use tokio::sync::oneshot;

use crate::failure::Failure;
use crate::guard::{Finding, Guard};
use crate::limits::{
    CATCH_UP_FRAMES_PER_TICK, ENTERING_MAX, LATE_TICKS_MAX, LINGER_TICKS, REACH_BLOCKS, REPORTS_PER_TICK,
    SNAPSHOT_TICKS,
};
use crate::metering;
use crate::notices::Notices;
use crate::recovery::Recovered;
use crate::scene::Scene;
use ask::{Answer, Ask, Casting, Closing, Joining, Present, Swapping, Wanted};
use backlog::{Backlog, Encoded};
use past::{Past, Teller};
use subscriber::Subscriber;
use telling::{Forms, tell, text};

const TICK: Duration = Duration::from_nanos(1_000_000_000 / TICKS_PER_SECOND as u64);

/// What anybody may know of a world at any time.
#[derive(Debug, Default)]
pub struct Facts {
    /// How many players there are.
    pub players: AtomicU64,
    /// Ticks that were dropped because the machine was late.
    pub dropped: AtomicU64,
    /// Ticks that were played late.
    pub caught_up: AtomicU64,
    /// Messages that wait for the slowest client.
    pub queued: AtomicU64,
    /// The tick that comes next, and the hash of the state before it.
    now: Mutex<(u64, StateHash)>,
}

impl Facts {
    /// The tick that comes next, and the hash of the state before it.
    pub fn now(&self) -> (u64, StateHash) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, world: &World) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = (world.tick(), world.state_hash());
    }
}

/// A world from outside. Cheap to clone.
#[derive(Clone, Debug)]
pub struct WorldHandle {
    /// Its name.
    pub id: Arc<str>,
    /// What anybody may know.
    pub facts: Arc<Facts>,
    /// Its last ticks, for who looks for a difference.
    pub past: Past,
    /// The package of the place that it was made of.
    pub place: Option<spellhost_store::Digest>,
    asks: Sender<Ask>,
}

impl WorldHandle {
    /// Asks without waiting for an answer.
    pub fn send(&self, ask: Ask) {
        // A world that has ended needs to be told nothing.
        let _ = self.asks.send(ask);
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// Why the world refuses, or that it is closing.
    pub async fn ask<T>(&self, ask: impl FnOnce(Answer<T>) -> Ask) -> Result<T, Failure> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(ask(answer)).map_err(|_| Failure::unavailable())?;
        answered.await.map_err(|_| Failure::unavailable())?
    }
}

/// Who gets the frames of a world, beside its connections: the log.
pub trait Recorder: Send {
    /// Takes a frame, and its form for the log; never waits.
    fn frame(&mut self, frame: &Arc<Frame>, encoded: &Encoded);
    /// Takes the state after the last frame, and says when it is kept; never waits.
    fn snapshot(&mut self, world: &World, kept: Option<Answer<u64>>);
    /// Whether frames could not be kept and the state is wanted instead; asked once a tick.
    fn asks_for_snapshot(&mut self) -> bool;
}

/// What channels point to.
pub type Heads = BTreeMap<(SpellId, Channel), (RevisionRef, Component)>;

/// What a world starts with.
pub struct Start {
    /// Its name.
    pub id: String,
    /// Its state, and the last frames of it.
    pub recovered: Recovered,
    /// The channel that it follows.
    pub channel: Channel,
    /// What its channels point to.
    pub heads: Heads,
    /// The components of its active spells.
    pub library: Library,
    /// Where its calls run.
    pub caster: Arc<Caster>,
    /// Its log.
    pub recorder: Box<dyn Recorder>,
    /// Where it tells what the host has to know.
    pub notices: Notices,
}

/// Who plays it: its own side.
pub struct Playing {
    id: String,
    world: World,
    channel: Channel,
    heads: Heads,
    /// Spells that stay at one revision here, wherever their channels point.
    pinned: BTreeSet<SpellId>,
    library: Library,
    caster: Arc<Caster>,
    recorder: Box<dyn Recorder>,
    notices: Notices,
    /// Publishes that are watched.
    guards: Vec<Guard>,
    asks: Receiver<Ask>,
    facts: Arc<Facts>,
    entering: Entering,
    subscribers: Vec<Subscriber>,
    players: BTreeMap<String, Player>,
    backlog: Backlog,
    ends: Option<Closing>,
    past: Teller,
    /// Its author plays it and looks on: everybody may cast what is not published yet.
    is_guided: bool,
}

/// A player of this world.
struct Player {
    /// Its body; `None` until the tick that puts it there was played.
    entity: Option<EntityId>,
    connections: usize,
    /// When it leaves.
    leaves: Option<u64>,
}

/// What waits for the next tick.
#[derive(Default)]
struct Entering {
    inputs: Inputs,
    /// Who is spawned by which of the operations.
    spawns: Vec<(usize, String)>,
    casts: Vec<Answer<(CastId, u64)>>,
    others: Vec<Answer<u64>>,
    swaps: Vec<(Swapping, Answer<u64>)>,
    joins: Vec<Joining>,
    /// Casts of players whose body enters in the next tick.
    early: Vec<Casting>,
}

impl Entering {
    fn is_full(&self) -> bool {
        self.inputs.casts.len() + self.inputs.ops.len() + self.inputs.remotes.len() >= ENTERING_MAX
    }
}

/// Starts a world's thread.
///
/// # Errors
/// Where the system gives no thread.
pub fn open(start: Start) -> std::io::Result<(WorldHandle, std::thread::JoinHandle<World>)> {
    let inputs = first_inputs(&start.recovered.world, &start.heads);
    let (handle, playing) = Playing::prepare(start, Entering { inputs, ..Entering::default() }, false)?;
    let thread =
        std::thread::Builder::new().name(format!("world {}", handle.id)).spawn(move || playing.live())?;
    Ok((handle, thread))
}

/// What a world starts with: channels that moved while it was not there, and nobody of those who
/// were connected.
fn first_inputs(world: &World, heads: &Heads) -> Inputs {
    let moved = heads.iter().filter(|((spell, channel), (revision, _))| {
        world.head(spell, *channel).is_none_or(|head| head != *revision)
    });
    let swap = |((spell, channel), (revision, _)): (&(SpellId, Channel), &(RevisionRef, Component))| Swap {
        spell: spell.clone(),
        channel: *channel,
        revision: *revision,
    };
    let players = world.entities().filter(|entity| entity.kind == EntityKind::Player);
    Inputs {
        swaps: moved.map(swap).collect(),
        ops: players.map(|player| Op::Despawn(player.id)).collect(),
        ..Inputs::default()
    }
}

impl Playing {
    /// A world whose ticks are played by who calls [`Playing::play`].
    ///
    /// # Errors
    /// Where the system gives no thread for its past.
    pub fn guided(start: Start) -> std::io::Result<(WorldHandle, Self)> {
        Self::prepare(start, Entering::default(), true)
    }

    fn prepare(start: Start, entering: Entering, is_guided: bool) -> std::io::Result<(WorldHandle, Self)> {
        let (asks, receiver) = channel();
        let facts = Arc::new(Facts::default());
        facts.set(&start.recovered.world);
        let (past, teller) = Past::start(&start.id)?;
        let place = start.recovered.placed.package();
        let handle = WorldHandle { id: start.id.as_str().into(), facts: facts.clone(), past, place, asks };
        let Start { id, recovered, channel, heads, library, caster, recorder, notices } = start;
        let playing = Self {
            id,
            world: recovered.world,
            channel,
            heads,
            pinned: recovered.placed.pins.into_keys().collect(),
            library,
            caster,
            recorder,
            notices,
            guards: Vec::new(),
            asks: receiver,
            facts,
            entering,
            subscribers: Vec::new(),
            players: BTreeMap::new(),
            backlog: Backlog::new(recovered.frames),
            ends: None,
            past: teller,
            is_guided,
        };
        Ok((handle, playing))
    }

    /// The world between two ticks.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Answers everything that was asked until now.
    pub fn answer_all(&mut self) {
        while let Ok(ask) = self.asks.try_recv() {
            self.answer(ask);
        }
    }

    /// How many messages wait for the slowest of those who have missed nothing.
    pub fn crowd(&self) -> usize {
        let current = self.subscribers.iter().filter(|subscriber| subscriber.misses_nothing());
        current.map(Subscriber::waiting).max().unwrap_or_default()
    }

    /// Has casts find a revision from now on.
    pub fn know(&mut self, spell: SpellId, channel: Channel, revision: RevisionRef, component: Component) {
        self.library.insert(component.clone());
        self.heads.insert((spell, channel), (revision, component));
    }

    fn live(mut self) -> World {
        let mut due = Instant::now();
        while self.ends.is_none() {
            match self.asks.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(ask) => self.answer(ask),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    self.play(Inputs::default());
                    due = self.next_due(due + TICK);
                }
            }
        }
        self.close(self.ends.unwrap_or(Closing::Host));
        self.world
    }

    /// Tells everybody that it ends, and keeps what it is.
    pub fn close(&mut self, closing: Closing) {
        let closed = text(Told::WorldClosed(WorldClosed { world_id: self.id.clone() }), None);
        tell(&mut self.subscribers, &closed, |_| true);
        if closing != Closing::World {
            let going = CloseFrame { code: close_code::AWAY, reason: "the host ends".into() };
            tell(&mut self.subscribers, &Message::Close(Some(going)), |_| true);
        }
        self.recorder.snapshot(&self.world, None);
    }

    /// When the next tick is due; time beyond what may be caught up is dropped.
    fn next_due(&self, due: Instant) -> Instant {
        let now = Instant::now();
        let late = now.saturating_duration_since(due);
        if late <= TICK * LATE_TICKS_MAX {
            if late >= TICK {
                self.facts.caught_up.fetch_add(1, Ordering::Relaxed);
                metering::caught_up();
            }
            return due;
        }
        let dropped = (late.as_nanos() / TICK.as_nanos()) as u64;
        self.facts.dropped.fetch_add(dropped, Ordering::Relaxed);
        metering::dropped(dropped);
        now
    }

    fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Join(joining) => self.join(*joining),
            Ask::Leave(connection) => self.leave(connection),
            Ask::Cast(casting) => self.cast(*casting),
            Ask::Operate(op, answer) => {
                if self.entering.is_full() {
                    return self.refuse(answer);
                }
                self.entering.inputs.ops.push(op);
                self.entering.others.push(answer);
            }
            Ask::Remote { client, spell, cast, name, payload, answer } => {
                let player = self.players.get(&client).and_then(|player| player.entity);
                let Some(player) = player.filter(|_| !self.entering.is_full()) else {
                    return self.refuse(answer);
                };
                self.entering.inputs.remotes.push(RemoteInput { spell, cast, player, name, payload });
                self.entering.others.push(answer);
            }
            Ask::Swap(swapping, answer) => self.swap(*swapping, answer),
            Ask::TakeDown(revision, answer) => self.take_down(revision, answer),
            Ask::Tell(told) => tell(&mut self.subscribers, &text(*told, None), |_| true),
            Ask::Save(answer) => {
                // Who takes a snapshot may follow from here, and find a difference in its first tick.
                self.past.begin(&self.world);
                // Who asked may have gone.
                let _ = answer.send(Ok(Box::new(self.world.clone())));
            }
            Ask::Keep(answer) => self.recorder.snapshot(&self.world, Some(answer)),
            Ask::Recent(answer) => drop(answer.send(Ok(self.backlog.all()))),
            Ask::Players(answer) => drop(answer.send(Ok(self.present()))),
            Ask::Close(closing) => self.ends = Some(closing),
            Ask::Scene(answer) => drop(answer.send(Ok(Scene::of(&self.world)))),
            Ask::Voxels(answer) => drop(answer.send(Ok((self.world.tick(), self.world.voxels().clone())))),
            Ask::Heal(connection) => self.begin_anew(connection, ResyncReason::Desync),
        }
    }

    fn present(&self) -> Vec<Present> {
        let present = |(client, player): (&String, &Player)| Present {
            client: client.clone(),
            entity: player.entity,
            connections: player.connections,
        };
        self.players.iter().map(present).collect()
    }

    fn refuse<T>(&self, answer: Answer<T>) {
        let failure = Failure::new(Code::RateLimited, "too much enters this world at once; try again");
        let _ = answer.send(Err(failure));
    }

    /// Ends what runs on a revision, before anything of the next tick.
    fn take_down(&mut self, revision: Digest, answer: Answer<u64>) {
        self.heads.retain(|_, (head, _)| head.id != revision);
        self.guards.retain(|guard| guard.revision != revision);
        let casts = std::mem::take(&mut self.entering.inputs.casts);
        let answers = std::mem::take(&mut self.entering.casts);
        for (request, answer) in casts.into_iter().zip(answers) {
            if request.revision.id == revision {
                let failure = Failure::new(Code::Forbidden, "the operator has taken this revision down");
                let _ = answer.send(Err(failure));
            } else {
                self.entering.inputs.casts.push(request);
                self.entering.casts.push(answer);
            }
        }
        self.entering.inputs.ops.push(Op::TakeDown(revision));
        self.entering.others.push(answer);
    }

    /// Has a revision swapped in at the next tick.
    pub fn swap(&mut self, swapping: Swapping, answer: Answer<u64>) {
        if self.pinned.contains(&swapping.spell) {
            // Who publishes need not wait for a world in which nothing changes.
            return drop(answer.send(Ok(self.world.tick())));
        }
        let (tick, rate) = (self.world.tick(), swapping.guard);
        self.guards.retain(|guard| (&guard.spell, guard.channel) != (&swapping.spell, swapping.channel));
        let guard = |rate| {
            let (spell, channel) = (swapping.spell.clone(), swapping.channel);
            Guard::new(spell, channel, swapping.revision.id, rate, tick)
        };
        self.guards.extend(rate.map(guard));
        let Swapping { spell, channel, revision, component, .. } = swapping.clone();
        self.know(spell.clone(), channel, revision, component);
        self.entering.inputs.swaps.push(Swap { spell, channel, revision });
        self.entering.swaps.push((swapping, answer));
    }

    fn join(&mut self, joining: Joining) {
        let player = self.players.entry(joining.client.clone()).or_insert(Player {
            entity: None,
            connections: 0,
            leaves: None,
        });
        player.connections += 1;
        player.leaves = None;
        let waits = player.entity.is_none();
        let spawns = self.entering.spawns.iter().any(|(_, client)| *client == joining.client);
        if waits && !spawns {
            let op = Op::Spawn(self.newcomer());
            self.entering.spawns.push((self.entering.inputs.ops.len(), joining.client.clone()));
            self.entering.inputs.ops.push(op);
        }
        self.entering.joins.push(joining);
    }

    /// Where and as what a player enters: on the surface near the middle.
    fn newcomer(&self) -> EntitySpec {
        let place = self.facts.players.load(Ordering::Relaxed) % 64;
        let (x, z) = ((place % 8) as i32 * 2 - 8, (place / 8) as i32 * 2 - 8);
        let y = surface(&self.world, x, z);
        let half = Coord::from_raw(Coord::from_whole(1).raw() / 2);
        let center = |block: i32| Coord::from_raw(Coord::from_whole(block.into()).raw() + half.raw());
        EntitySpec {
            kind: EntityKind::Player,
            template: None,
            position: Point { x: center(x), y: center(y), z: center(z) },
            look: Direction::FORWARD,
            radius: half,
            health: Points::from_whole(100),
            health_max: Points::from_whole(100),
        }
    }

    fn leave(&mut self, connection: u64) {
        self.entering.joins.retain(|joining| joining.connection != connection);
        let Some(at) = self.subscribers.iter().position(|subscriber| subscriber.connection == connection)
        else {
            return;
        };
        let subscriber = self.subscribers.swap_remove(at);
        self.part(&subscriber.client);
    }

    fn part(&mut self, client: &str) {
        let leaves = self.world.tick() + LINGER_TICKS;
        if let Some(player) = self.players.get_mut(client) {
            player.connections = player.connections.saturating_sub(1);
            player.leaves = (player.connections == 0).then_some(leaves);
        }
    }

    fn cast(&mut self, casting: Casting) {
        let Some(player) = self.players.get(&casting.client) else {
            let failure = Failure::new(Code::Forbidden, "join the world before you cast in it");
            let _ = casting.answer.send(Err(failure));
            return;
        };
        if self.entering.is_full() {
            return self.refuse(casting.answer);
        }
        let Some(caster) = player.entity else { return self.entering.early.push(casting) };
        match self.request(&casting, caster) {
            Ok(request) => {
                self.entering.inputs.casts.push(request);
                self.entering.casts.push(casting.answer);
            }
            Err(failure) => {
                let _ = casting.answer.send(Err(failure));
            }
        }
    }

    /// Resolves the revision and completes the parameters, once and here.
    fn request(&mut self, casting: &Casting, caster: EntityId) -> Result<CastRequest, Failure> {
        let (revision, component, channel) = self.resolve(&casting.spell, &casting.wanted)?;
        let params = component.info().complete(&casting.params).map_err(|error| {
            let code = if error.code() == "unknown_param" { Code::UnknownParam } else { Code::BadParam };
            Failure::new(code, error.to_string())
        })?;
        self.check_reach(casting, caster)?;
        self.library.insert(component);
        Ok(CastRequest { spell: casting.spell.clone(), revision, channel, caster, aim: casting.aim, params })
    }

    fn resolve(
        &self,
        spell: &SpellId,
        wanted: &Wanted,
    ) -> Result<(RevisionRef, Component, Option<Channel>), Failure> {
        let (named, draft) = match wanted {
            Wanted::Pinned(revision, component) => return Ok((*revision, component.clone(), None)),
            Wanted::Channel { named, draft } => (*named, *draft),
        };
        let head = |channel: &Channel| {
            let (revision, component) = self.heads.get(&(spell.clone(), *channel))?;
            Some((*revision, component.clone(), Some(*channel)))
        };
        let fallbacks = [self.channel, Channel::Beta, Channel::Draft];
        let tried = match named {
            Some(channel) => head(&channel),
            None => {
                let draft = draft || self.is_guided;
                fallbacks.iter().filter(|channel| draft || **channel != Channel::Draft).find_map(head)
            }
        };
        tried.ok_or_else(|| {
            let message = format!("no channel of spell `{spell}` that you may use points to a revision");
            Failure::new(Code::NoActiveRevision, message)
        })
    }

    fn check_reach(&self, casting: &Casting, caster: EntityId) -> Result<(), Failure> {
        let (Some(origin), Some((eye, _))) = (casting.aim.origin, self.world.eye(caster)) else {
            return Ok(());
        };
        let most = Coord::from_whole(REACH_BLOCKS).raw();
        let far = |a: Coord, b: Coord| i128::from(a.raw()) - i128::from(b.raw());
        let parts = [far(origin.x, eye.x), far(origin.y, eye.y), far(origin.z, eye.z)];
        let squared: i128 = parts.iter().map(|part| part * part).sum();
        if squared <= i128::from(most) * i128::from(most) {
            return Ok(());
        }
        let message = format!("the origin is over {REACH_BLOCKS} blocks from the caster's eye");
        Err(Failure::new(Code::OutOfReach, message))
    }

    /// Who has been away too long leaves.
    fn dismiss(&mut self) {
        let tick = self.world.tick();
        let due = |player: &Player| player.leaves.is_some_and(|leaves| leaves <= tick);
        let gone: Vec<EntityId> =
            self.players.values().filter(|player| due(player)).filter_map(|player| player.entity).collect();
        self.players.retain(|_, player| !due(player));
        self.entering.inputs.ops.extend(gone.into_iter().map(Op::Despawn));
    }

    /// Plays a tick, in which these inputs enter before those of the clients.
    pub fn play(&mut self, own: Inputs) -> PlayedTick {
        let gone: Vec<String> = {
            let (gone, stay) =
                std::mem::take(&mut self.subscribers).into_iter().partition(Subscriber::is_gone);
            self.subscribers = stay;
            let gone: Vec<Subscriber> = gone;
            gone.into_iter().map(|subscriber| subscriber.client).collect()
        };
        gone.iter().for_each(|client| self.part(client));
        self.dismiss();
        let mut entering = std::mem::take(&mut self.entering);
        let inputs = std::mem::take(&mut entering.inputs);
        let own_casts = own.casts.len();
        let inputs = joined(own, inputs);
        // Only who looks for new bodies goes through all that there are.
        let looks = !entering.spawns.is_empty();
        let newest = looks.then(|| self.world.entities().map(|entity| entity.id).max()).flatten();
        let begun = Instant::now();
        let played = play_tick(&mut self.world, inputs, &self.library, &self.caster);
        metering::tick(begun.elapsed(), &played);
        let frame = Arc::new(frame(&self.id, &played.inputs, &played.report));
        let encoded = Encoded::of(&frame);
        self.recorder.frame(&frame, &encoded);
        self.tidy(&played);
        self.settle(&entering, newest);
        self.past.frame(&played, &encoded);
        self.tell(&played, &frame);
        self.backlog.push(encoded);
        self.answer_entered(entering, &played, own_casts);
        self.notice(&played);
        self.catch_up();
        let is_followed = self.subscribers.iter().any(|subscriber| subscriber.mode != Mode::Snapshot);
        self.past.copy(&self.world, is_followed);
        self.resync();
        let world = &self.world;
        if world.tick().is_multiple_of(SNAPSHOT_TICKS) || self.recorder.asks_for_snapshot() {
            self.recorder.snapshot(world, None);
        }
        self.facts.set(world);
        self.facts.players.store(self.players.len() as u64, Ordering::Relaxed);
        let queued = self.subscribers.iter().map(Subscriber::waiting).max().unwrap_or_default();
        self.facts.queued.store(queued as u64, Ordering::Relaxed);
        played
    }

    /// Forgets the components that no channel and no active spell names any more.
    fn tidy(&mut self, played: &PlayedTick) {
        if !played.inputs.swaps.is_empty() || played.report.tick.is_multiple_of(SNAPSHOT_TICKS) {
            let heads: Vec<Digest> = self.heads.values().map(|(_, component)| component.digest()).collect();
            self.library.retain(&self.world, &heads);
        }
    }

    /// Tells the host what authors have to know, and which guards have tripped.
    fn notice(&mut self, played: &PlayedTick) {
        let reports = reporting::reports(played).take(REPORTS_PER_TICK);
        reports.for_each(|report| self.notices.report(report));
        let notices = &self.notices;
        self.guards.retain_mut(|guard| match guard.see(played.report.tick, &played.report.calls) {
            Finding::Watches => true,
            Finding::Ends => false,
            Finding::Trips => {
                notices.trip(guard.clone());
                false
            }
        });
    }

    /// Finds the bodies of those who entered: operations spawn in their order.
    fn settle(&mut self, entering: &Entering, newest: Option<EntityId>) {
        if entering.spawns.is_empty() {
            return;
        }
        let world = &self.world;
        let fresh = world.entities().filter(|entity| newest.is_none_or(|newest| entity.id > newest));
        let mut bodies: Vec<EntityId> =
            fresh.filter(|entity| entity.kind == EntityKind::Player).map(|entity| entity.id).collect();
        bodies.sort();
        for ((_, client), body) in entering.spawns.iter().zip(bodies) {
            if let Some(player) = self.players.get_mut(client) {
                player.entity = Some(body);
            }
        }
    }

    fn tell(&mut self, played: &PlayedTick, frame: &Frame) {
        let tick = frame.tick;
        let mut forms = Forms::new(frame);
        let follows =
            |subscriber: &&mut Subscriber| subscriber.mode != Mode::Snapshot && subscriber.is_current();
        for subscriber in self.subscribers.iter_mut().filter(follows) {
            subscriber.send(forms.message(subscriber.mode, subscriber.binary));
        }
        if self.subscribers.is_empty() {
            return;
        }
        for event in telling::cast_events(played, frame) {
            tell(&mut self.subscribers, &text(event, None), |to| to.mode == Mode::Snapshot);
        }
        for call in &played.report.calls {
            if let Some(shown) = telling::presentation(tick, call) {
                tell(&mut self.subscribers, &text(shown, None), |_| true);
            }
            for (player, event) in telling::remote_events(call) {
                let message = text(event, None);
                let players = &self.players;
                let is_meant = |to: &Subscriber| {
                    let entity = players.get(&to.client).and_then(|player| player.entity);
                    player.is_none_or(|player| entity.is_some_and(|entity| entity.0 == player))
                };
                tell(&mut self.subscribers, &message, is_meant);
            }
        }
    }

    fn answer_entered(&mut self, entering: Entering, played: &PlayedTick, own_casts: usize) {
        let tick = played.report.tick;
        let answers = entering.casts.into_iter().zip(played.report.casts.iter().skip(own_casts));
        answers.for_each(|(answer, report)| drop(answer.send(Ok((report.cast, tick)))));
        entering.others.into_iter().for_each(|answer| drop(answer.send(Ok(tick))));
        for (swapping, answer) in entering.swaps {
            self.tell_swap(&swapping, played);
            let _ = answer.send(Ok(tick));
        }
        entering.joins.into_iter().for_each(|joining| self.admit(joining));
        entering.early.into_iter().for_each(|casting| self.cast(casting));
    }

    fn tell_swap(&mut self, swapping: &Swapping, played: &PlayedTick) {
        let update = ActiveUpdate {
            spell_id: swapping.spell.as_str().into(),
            revision_id: telling::digest(swapping.revision.id),
            previous_revision_id: swapping.previous.map(telling::digest),
            channel: wire_channel(swapping.channel),
            world_id: self.id.clone(),
            tick: played.report.tick,
            reason: swapping.reason,
        };
        tell(&mut self.subscribers, &text(Told::ActiveUpdate(update), None), |_| true);
    }

    /// Lets a connection in: its backlog first, then whatever comes.
    fn admit(&mut self, joining: Joining) {
        let next = self.world.tick();
        let entity = self.players.get(&joining.client).and_then(|player| player.entity);
        let Some(entity) = entity else {
            let failure = Failure::new(Code::Unavailable, "the world holds as many entities as it may");
            let _ = joining.answer.send(Err(failure));
            return;
        };
        let Joining { connection, client, mode, binary, queue, from_tick, answer } = joining;
        let first = from_tick.filter(|_| mode != Mode::Snapshot).unwrap_or(next).min(next);
        let mut subscriber = Subscriber::new(connection, client, mode, binary, queue);
        let _ = answer.send(Ok((entity, first)));
        if from_tick.is_some_and(|from| from > next) {
            // It has seen frames that were lost with the host that told them.
            subscriber.send(self.restart(ResyncReason::Desync));
        }
        if mode != Mode::Snapshot {
            subscriber.begin_at(first);
        }
        self.subscribers.push(subscriber);
    }

    /// Tells those who began in the past what they can take of it, within what one tick may encode.
    fn catch_up(&mut self) {
        let (next, mut left) = (self.world.tick(), CATCH_UP_FRAMES_PER_TICK);
        let mut late = Vec::new();
        for subscriber in &mut self.subscribers {
            let Some(from) = subscriber.behind() else { continue };
            let Some(frames) = self.backlog.since(from) else {
                late.push(subscriber.connection);
                continue;
            };
            let (mode, binary, most) = (subscriber.mode, subscriber.binary, subscriber.room().min(left));
            let mut told = from;
            for frame in frames.take(most) {
                subscriber.send(Forms::new(&frame).message(mode, binary));
                told = frame.tick + 1;
                left -= 1;
            }
            subscriber.is_told_before((told < next).then_some(told));
        }
        late.into_iter().for_each(|connection| self.begin_anew(connection, ResyncReason::TooLate));
    }

    /// Has a connection start anew, unless it follows no frames.
    fn begin_anew(&mut self, connection: u64, reason: ResyncReason) {
        let theirs = |to: &Subscriber| to.connection == connection && to.mode != Mode::Snapshot;
        let Some(at) = self.subscribers.iter().position(theirs) else { return };
        let message = self.restart(reason);
        self.subscribers[at].start_anew();
        self.subscribers[at].send(message);
    }

    fn restart(&self, reason: ResyncReason) -> Message {
        metering::resynced(match reason {
            ResyncReason::Slow => "slow",
            ResyncReason::Desync => "desync",
            ResyncReason::TooLate => "too_late",
        });
        let snapshot = format!("/worlds/{}/snapshot", self.id);
        text(Told::Resync(Resync { reason, tick: self.world.tick(), snapshot }), None)
    }

    /// Those who missed something and have caught up start anew.
    fn resync(&mut self) {
        let mut subscribers = std::mem::take(&mut self.subscribers);
        for subscriber in subscribers.iter_mut().filter(|subscriber| subscriber.has_drained()) {
            subscriber.start_anew();
            subscriber.send(self.restart(ResyncReason::Slow));
        }
        self.subscribers = subscribers;
    }
}

/// Inputs of one tick: `first` enter before those of their kind.
fn joined(first: Inputs, then: Inputs) -> Inputs {
    let Inputs { mut casts, mut ops, mut swaps, mut remotes } = first;
    casts.extend(then.casts);
    ops.extend(then.ops);
    swaps.extend(then.swaps);
    remotes.extend(then.remotes);
    Inputs { casts, ops, swaps, remotes }
}

/// The first free block over the ground.
fn surface(world: &World, x: i32, z: i32) -> i32 {
    let solid = |y: i32| world.voxel(BlockPos { x, y, z }).info().solid;
    (-64..200).rev().find(|y| solid(*y)).map_or(8, |y| y + 1)
}

/// A channel in the forms of the protocol.
pub fn wire_channel(channel: Channel) -> spellhost_wire::Channel {
    match channel {
        Channel::Draft => spellhost_wire::Channel::Draft,
        Channel::Beta => spellhost_wire::Channel::Beta,
        Channel::Stable => spellhost_wire::Channel::Stable,
    }
}
