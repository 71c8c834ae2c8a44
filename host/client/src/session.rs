//! The session behind a client: one task that reads, follows, and mends what breaks.
//!
//! Its states are few: it follows; it looks for a difference (frames that come meanwhile are passed
//! over); it is healed from a snapshot (frames that come meanwhile are kept, within a bound); it is
//! without a connection. Promises that each ends, and that the tick it needs next is the one after
//! the last that came out as the host says.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;

use spellhost_lockstep::difference::Difference;
use spellhost_lockstep::search::{Search, Step};
use spellhost_lockstep::{reference, tree};
use spellhost_wire::message::{DesyncReport, Handshake, HashTree, Mode, Request};
use spellhost_wire::reply::{DesyncDetail, ResyncReason, Told};
use spellhost_wire::{Digest, Frame, Hash};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};

use crate::client::{Ask, Event, Options};
use crate::connection::{Came, Connection};
use crate::desync::Desync;
use crate::error::ClientError;
use crate::fetch::Fetch;
use crate::follower::{Follower, Stray};
use crate::kit::Kit;
use crate::limits::{FRAMES_KEPT_MAX, PATIENCE, PAUSE_MAX, PAUSE_MIN, REQUESTS_MAX, RESYNCS_MAX};

type Waiting = BTreeMap<u64, oneshot::Sender<Result<Told, ClientError>>>;

/// A client's own side.
pub(crate) struct Session {
    options: Options,
    kit: Option<Kit>,
    fetch: Fetch,
    connection: Connection,
    follower: Follower,
    events: mpsc::Sender<Event>,
    asks: mpsc::Receiver<Ask>,
    waiting: Waiting,
    last_id: u64,
    /// Frames that came while a snapshot was fetched.
    kept: VecDeque<Frame>,
    missed: u64,
    /// Resyncs since the last frame that was followed.
    resyncs: u32,
    entity: u64,
}

/// Why a session ends, or mends.
enum Broken {
    /// The connection is gone.
    Connection,
    /// The host closed the world.
    Closed,
    /// The client was dropped.
    Dropped,
    /// What cannot be mended.
    Failed(ClientError),
}

impl From<ClientError> for Broken {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Closed | ClientError::Late | ClientError::Unreachable { .. } => Self::Connection,
            error => Self::Failed(error),
        }
    }
}

impl Session {
    /// Joins: a session, a snapshot, a connection, a handshake.
    pub async fn join(
        options: Options,
        kit: Option<Kit>,
        events: mpsc::Sender<Event>,
        asks: mpsc::Receiver<Ask>,
    ) -> Result<Self, ClientError> {
        let verifies = options.mode == Mode::Lockstep;
        let kit = kit.filter(|_| verifies);
        if verifies && kit.is_none() {
            return Err(ClientError::NoEngine("verifying needs a kit".into()));
        }
        let mut fetch = Fetch::new(options.address.clone(), options.token.clone(), options.folder.clone())?;
        if let Some(name) = options.username.as_ref().filter(|_| options.token.is_none()) {
            fetch.log_in(name).await?;
        }
        let world = fetch.snapshot(&options.world).await?;
        let follower = Follower::new(world, kit.clone(), options.fault.clone());
        let connection = Connection::open(&options.address, fetch.token(), options.binary).await?;
        let mut session = Self {
            options,
            kit,
            fetch,
            connection,
            follower,
            events,
            asks,
            waiting: Waiting::new(),
            last_id: 0,
            kept: VecDeque::new(),
            missed: 0,
            resyncs: 0,
            entity: 0,
        };
        session.shake_hands().await.map_err(|broken| match broken {
            Broken::Failed(error) => error,
            Broken::Connection | Broken::Closed | Broken::Dropped => ClientError::Closed,
        })?;
        Ok(session)
    }

    /// Its player's entity.
    pub fn entity(&self) -> u64 {
        self.entity
    }

    /// Follows until it cannot.
    pub async fn live(mut self) {
        let ended = loop {
            let broken = match self.follow().await {
                Ok(()) => continue,
                Err(Broken::Connection) => self.come_back().await.err(),
                Err(broken) => Some(broken),
            };
            match broken {
                None => {}
                Some(Broken::Dropped) => return self.connection.close().await,
                Some(Broken::Closed) => break None,
                Some(Broken::Connection) => break Some(ClientError::Closed),
                Some(Broken::Failed(error)) => break Some(error),
            }
        };
        self.connection.close().await;
        // Who reads events may have gone; whoever is there is told, however much waits.
        let _ = self.events.send(Event::Ended(ended)).await;
    }

    /// Does one thing: takes what comes, or what is asked.
    async fn follow(&mut self) -> Result<(), Broken> {
        while let Some(frame) = self.kept.pop_front() {
            self.take(frame).await?;
        }
        tokio::select! {
            came = self.connection.next() => match came {
                Came::Frame(frame) => self.take(*frame).await,
                other => self.other(other).await,
            },
            ask = self.asks.recv() => self.asked(ask.ok_or(Broken::Dropped)?).await,
        }
    }

    async fn asked(&mut self, ask: Ask) -> Result<(), Broken> {
        match ask {
            Ask::Request(_, answer) if self.waiting.len() >= REQUESTS_MAX => {
                // Who asked may have stopped waiting, here and below.
                let _ = answer.send(Err(ClientError::TooMany));
            }
            Ask::Request(request, answer) => {
                self.last_id += 1;
                self.connection.send(&request, self.last_id).await?;
                self.waiting.insert(self.last_id, answer);
            }
            Ask::Look(look) => look(self.follower.world()),
            Ask::Drop => return Err(Broken::Connection),
        }
        Ok(())
    }

    /// Takes what is no frame.
    async fn other(&mut self, came: Came) -> Result<(), Broken> {
        match came {
            Came::End => return Err(Broken::Connection),
            Came::Answer(id, told) => {
                if let Some(answer) = self.waiting.remove(&id) {
                    let _ = answer.send(Ok(told));
                }
            }
            Came::Event(Told::Resync(resync)) => return self.resync(Some(resync.reason)).await,
            Came::Event(Told::WorldClosed(closed)) => {
                self.tell(Event::Told(Told::WorldClosed(closed)));
                return Err(Broken::Closed);
            }
            Came::Event(told) => self.tell(Event::Told(told)),
            Came::Frame(frame) => self.keep(*frame),
        }
        Ok(())
    }

    /// Tells what happened, unless nobody reads.
    fn tell(&mut self, event: Event) {
        if self.missed > 0 && self.events.try_send(Event::Missed(self.missed)).is_ok() {
            self.missed = 0;
        }
        if self.missed > 0 || self.events.try_send(event).is_err() {
            self.missed += 1;
        }
    }

    async fn take(&mut self, frame: Frame) -> Result<(), Broken> {
        match frame.tick.cmp(&self.follower.tick()) {
            std::cmp::Ordering::Less => return Ok(()),
            // Frames are missing between: those from its own tick on are asked for anew.
            std::cmp::Ordering::Greater => return self.shake_hands().await,
            std::cmp::Ordering::Equal => {}
        }
        self.equip(&frame).await?;
        match self.follower.take(&frame) {
            Ok(_) => {
                self.resyncs = 0;
                self.tell(Event::Tick(Box::new(frame)));
                Ok(())
            }
            Err(Stray::Frame(error)) => {
                let message = format!("the frame of tick {}: {error}", frame.tick);
                Err(Broken::Failed(ClientError::Unreadable(message)))
            }
            Err(Stray::Differs { what, own }) => self.mend(&frame, what, own.as_deref()).await,
        }
    }

    /// Gets what a frame names and the follower lacks.
    async fn equip(&mut self, frame: &Frame) -> Result<(), Broken> {
        for (revision, spell) in self.follower.missing_revisions(frame) {
            let manifest = self.fetch.manifest(&spell, revision).await?;
            let unusable = |reason: String| Broken::Failed(ClientError::Component { revision, reason });
            let known = reference(&manifest).map_err(|error| unusable(error.to_string()))?;
            self.follower.know(known);
            self.component(Digest(known.component.0)).await?;
        }
        Ok(())
    }

    /// Has a component, compiled, where calls are run.
    async fn component(&mut self, digest: Digest) -> Result<(), Broken> {
        let Some(kit) = self.kit.clone() else { return Ok(()) };
        if let Some(component) = kit.get(digest) {
            self.follower.equip(component);
            return Ok(());
        }
        let bytes = self.fetch.component(digest).await?;
        let compiled = tokio::task::spawn_blocking(move || kit.compile(digest, &bytes)).await;
        let unusable = |reason: String| ClientError::Component { revision: digest, reason };
        let compiled = compiled.map_err(|error| unusable(error.to_string()))?;
        self.follower.equip(compiled.map_err(unusable)?);
        Ok(())
    }

    /// Finds where a tick came out otherwise, reports it, and begins anew.
    async fn mend(
        &mut self,
        frame: &Frame,
        what: Option<Difference>,
        own: Option<&Frame>,
    ) -> Result<(), Broken> {
        let mut desync = Desync {
            tick: frame.tick,
            path: String::new(),
            noticed: what.map_or_else(|| "the frame".into(), noticed),
            local_hash: Hash(self.follower.world().state_hash().0),
            host_hash: None,
            spell_id: None,
            revision_id: None,
            cast_id: None,
            detail: None,
            unexplained: None,
        };
        let of_call = what.filter(|what| what.part.is_of_call()).map(|what| what.at);
        let told = of_call.and_then(|at| frame.calls.get(at));
        if let Some(call) = told {
            let own = of_call.and_then(|at| own?.calls.get(at));
            desync.path = tree::call_path(call);
            desync.host_hash = Some(tree::call_hash(call));
            desync.local_hash = own.map_or(Hash([0; 16]), tree::call_hash);
            desync.spell_id = Some(call.spell_id.clone());
            desync.revision_id = Some(call.revision_id);
            desync.cast_id = Some(call.cast_id);
        } else {
            match self.locate(frame.tick).await? {
                Ok(Step::Found { path, local_hash, host_hash }) => {
                    (desync.path, desync.local_hash, desync.host_hash) = (path, local_hash, Some(host_hash));
                }
                Ok(_) => {}
                Err(reason) => desync.unexplained = Some(reason),
            }
        }
        let report =
            DesyncReport { tick: frame.tick, path: desync.path.clone(), local_hash: desync.local_hash };
        let detail = match self.question(Request::DesyncReport(report)).await? {
            Ok(Told::DesyncDetail(detail)) => Some(detail),
            other => {
                desync.unexplained = desync.unexplained.or_else(|| Some(unexplained(other)));
                None
            }
        };
        let heals = detail.as_ref().is_some_and(|detail| !detail.parts.is_empty());
        if let Some(DesyncDetail { spell_id, revision_id, cast_id, .. }) = &detail {
            desync.spell_id = desync.spell_id.or_else(|| spell_id.clone());
            desync.revision_id = desync.revision_id.or(*revision_id);
            desync.cast_id = desync.cast_id.or(*cast_id);
        }
        desync.detail = detail;
        self.tell(Event::Desync(Box::new(desync)));
        let reason = if heals { self.wait_for_resync().await? } else { None };
        self.resync(reason).await
    }

    /// Walks down the host's hash tree; or why that is not possible.
    async fn locate(&mut self, tick: u64) -> Result<Result<Step, String>, Broken> {
        let mut search = Search::new();
        loop {
            let path = search.path().to_owned();
            let answer = self.question(Request::HashTree(HashTree { tick, path })).await?;
            let node = match answer {
                Ok(Told::HashNode(node)) => node,
                other => return Ok(Err(unexplained(other))),
            };
            match search.take(self.follower.world(), &node) {
                Ok(Step::Ask(_)) => {}
                ended => return Ok(ended.map_err(|nonsense| nonsense.to_string())),
            }
        }
    }

    /// Asks a question of its own and takes what comes meanwhile; an inner error where it is not answered in time.
    async fn question(&mut self, request: Request) -> Result<Result<Told, ClientError>, Broken> {
        self.last_id += 1;
        let (own, until) = (self.last_id, Instant::now() + PATIENCE);
        self.connection.send(&request, own).await?;
        loop {
            let Ok(came) = tokio::time::timeout_at(until, self.connection.next()).await else {
                return Ok(Err(ClientError::Late));
            };
            match came {
                Came::Answer(id, told) if id == own => return Ok(Ok(told)),
                // The world is another from here on: a snapshot replaces it.
                Came::Frame(_) => {}
                Came::Event(Told::Resync(_)) => {}
                other => self.other(other).await?,
            }
        }
    }

    /// Waits for the host to heal it.
    async fn wait_for_resync(&mut self) -> Result<Option<ResyncReason>, Broken> {
        let until = Instant::now() + PATIENCE;
        loop {
            let Ok(came) = tokio::time::timeout_at(until, self.connection.next()).await else {
                return Ok(None);
            };
            match came {
                Came::Event(Told::Resync(resync)) => return Ok(Some(resync.reason)),
                Came::Frame(_) => {}
                other => self.other(other).await?,
            }
        }
    }

    /// Begins anew from a snapshot, and takes the frames from its tick on.
    async fn resync(&mut self, reason: Option<ResyncReason>) -> Result<(), Broken> {
        self.resyncs += 1;
        if self.resyncs > RESYNCS_MAX {
            let message = "the host has this client begin anew again and again".into();
            return Err(Broken::Failed(ClientError::Unreadable(message)));
        }
        self.kept.clear();
        let (fetch, world) = (self.fetch.clone(), self.options.world.clone());
        let world = self.meanwhile(async move { fetch.snapshot(&world).await }).await??;
        self.follower.restart(world);
        for digest in self.follower.missing_components() {
            self.component(digest).await?;
        }
        let tick = self.follower.tick();
        self.kept.retain(|frame| frame.tick >= tick);
        self.tell(Event::Resynced { reason, tick });
        if self.kept.front().is_some_and(|frame| frame.tick > tick) {
            return self.shake_hands().await;
        }
        Ok(())
    }

    /// Waits for something and keeps the frames that come meanwhile.
    async fn meanwhile<T>(&mut self, wanted: impl Future<Output = T>) -> Result<T, Broken> {
        let mut wanted = std::pin::pin!(wanted);
        loop {
            let came = tokio::select! {
                had = &mut wanted => return Ok(had),
                came = self.connection.next() => came,
            };
            match came {
                Came::Frame(frame) => self.keep(*frame),
                // What it is about to get is newer.
                Came::Event(Told::Resync(_)) => self.kept.clear(),
                Came::End => return Err(Broken::Connection),
                Came::Answer(id, told) => {
                    if let Some(answer) = self.waiting.remove(&id) {
                        let _ = answer.send(Ok(told));
                    }
                }
                Came::Event(told) => self.tell(Event::Told(told)),
            }
        }
    }

    /// Keeps a frame; the oldest go first, and a gap is asked for anew.
    fn keep(&mut self, frame: Frame) {
        if self.kept.len() == FRAMES_KEPT_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back(frame);
    }

    /// Says where it is, and that it needs the frames from its tick on.
    async fn shake_hands(&mut self) -> Result<(), Broken> {
        self.kept.clear();
        for digest in self.follower.missing_components() {
            self.component(digest).await?;
        }
        let handshake = Handshake {
            session_token: None,
            world_id: Some(self.options.world.clone()),
            mode: self.options.mode,
            from_tick: Some(self.follower.tick()),
        };
        self.last_id += 1;
        let (own, until) = (self.last_id, Instant::now() + PATIENCE);
        self.connection.send(&Request::Handshake(handshake), own).await?;
        loop {
            let came = tokio::time::timeout_at(until, self.connection.next()).await;
            match came.map_err(|_| ClientError::Late)? {
                Came::Answer(id, Told::Handshake(shaken)) if id == own => {
                    self.entity = shaken.entity_id;
                    return self.check_engine(shaken.engine_id);
                }
                Came::Answer(id, Told::Error(refused)) if id == own => {
                    let (code, message) = (refused.code, refused.message);
                    return Err(Broken::Failed(ClientError::Refused { code, message }));
                }
                // Of the connection's mode before: those from its own tick on follow the answer.
                Came::Frame(_) => {}
                Came::Event(Told::Resync(_)) => {}
                Came::End => return Err(Broken::Connection),
                Came::Answer(id, told) => {
                    if let Some(answer) = self.waiting.remove(&id) {
                        let _ = answer.send(Ok(told));
                    }
                }
                Came::Event(told) => self.tell(Event::Told(told)),
            }
        }
    }

    fn check_engine(&self, theirs: Digest) -> Result<(), Broken> {
        match self.kit.as_ref().map(Kit::engine_id) {
            Some(ours) if ours != theirs => Err(Broken::Failed(ClientError::Engine { ours, theirs })),
            _ => Ok(()),
        }
    }

    /// Connects anew, with pauses that grow, as long as it may.
    async fn come_back(&mut self) -> Result<(), Broken> {
        // What was asked on the old connection is not answered any more.
        for (_, answer) in std::mem::take(&mut self.waiting) {
            let _ = answer.send(Err(ClientError::Closed));
        }
        let (until, mut pause) = (Instant::now() + self.options.reconnect, PAUSE_MIN);
        loop {
            if self.events.is_closed() {
                return Err(Broken::Dropped);
            }
            match self.connect().await {
                Ok(()) => break,
                Err(Broken::Connection) if Instant::now() + pause < until => {}
                Err(broken) => return Err(broken),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
        let tick = self.follower.tick();
        self.tell(Event::Reconnected { tick });
        Ok(())
    }

    async fn connect(&mut self) -> Result<(), Broken> {
        let opening = Connection::open(&self.options.address, self.fetch.token(), self.options.binary);
        self.connection = timeout(PATIENCE, opening).await.map_err(|_| Broken::Connection)??;
        self.shake_hands().await
    }
}

/// Why a question was not answered as it should be.
fn unexplained(answer: Result<Told, ClientError>) -> String {
    match answer {
        Ok(Told::Error(refused)) => refused.message,
        Ok(_) => "the host answered something else".into(),
        Err(error) => error.to_string(),
    }
}

/// What differs, in words.
fn noticed(what: Difference) -> String {
    match what.part.is_of_call() {
        true => format!("{} of calls[{}]", what.part.name(), what.at),
        false => what.part.name().into(),
    }
}
