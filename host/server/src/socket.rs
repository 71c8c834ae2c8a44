//! One WebSocket: messages in, replies and events out.
//!
//! Promises that a bad message is answered and changes nothing, and that the connection outlives
//! it. What a message does is the host's; here it is only read, asked and answered.

use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::{SinkExt as _, StreamExt as _};
use spellhost_sim::limits::TICKS_PER_SECOND;
use spellhost_sim::{CastId, Material, Op};
use spellhost_store::JobId;
use spellhost_wire::Code;
use spellhost_wire::message::{
    DesyncReport, Handshake, Mode, Remote, Request, VoxelOperation, VoxelOperationKind,
};
use spellhost_wire::reply::{
    Connected, Created, Entered, Files, HandshakeResponse, Manifest, Pong, Refused, RemoteTold, Revisions,
    Spells, Told,
};
use tokio::sync::mpsc;

use crate::failure::Failure;
use crate::host::{Host, Sender};
use crate::limits::{
    MESSAGE_BYTES_MAX, MESSAGES_PER_SECOND, PAST_QUESTIONS_PER_SECOND, PING_INTERVAL, QUEUE_MESSAGES,
    REPORTS_MAX,
};
use crate::metering;
use crate::spells::spell_of;
use crate::time::now_ms;
use crate::who::Action;
use crate::world::WorldHandle;
use crate::world::ask::{Ask, Joining};
use crate::world::past::Found;
use crate::world::subscriber::Queue;
use crate::world::telling::{digest, text};

/// The subprotocol in which frames are binary.
pub const BINARY_PROTOCOL: &str = "spellhost.v1+postcard";
/// The protocol's own name.
pub const PROTOCOL: &str = "spellhost.v1";

/// A connection.
struct Connection {
    host: Arc<Host>,
    sender: Sender,
    number: u64,
    binary: bool,
    world: WorldHandle,
    queue: Queue,
    pace: Pace,
    questions: Bucket,
    reports: Bucket,
    /// Set where a report was right, until its reply is on its way.
    heals: bool,
}

/// So many at once, and so many a second.
struct Bucket {
    left: f64,
    most: f64,
    per_second: f64,
    seen: tokio::time::Instant,
}

impl Bucket {
    fn new(most: f64, per_second: f64) -> Self {
        Self { left: most, most, per_second, seen: tokio::time::Instant::now() }
    }

    fn take(&mut self, what: &str) -> Result<(), Failure> {
        let now = tokio::time::Instant::now();
        self.left = (self.left + (now - self.seen).as_secs_f64() * self.per_second).min(self.most);
        self.seen = now;
        if self.left < 1.0 {
            return Err(Failure::new(
                Code::RateLimited,
                format!("too many {what} at once; ask again in a moment"),
            ));
        }
        self.left -= 1.0;
        Ok(())
    }
}

/// How fast messages come: a bucket of one second.
struct Pace {
    left: f64,
    seen: tokio::time::Instant,
    /// Messages that were too many, one after the other.
    over: u32,
}

/// What becomes of a message.
enum Verdict {
    Take,
    Refuse,
    Close,
}

impl Pace {
    fn new() -> Self {
        Self { left: MESSAGES_PER_SECOND.into(), seen: tokio::time::Instant::now(), over: 0 }
    }

    fn message(&mut self) -> Verdict {
        let now = tokio::time::Instant::now();
        let most = f64::from(MESSAGES_PER_SECOND);
        self.left = (self.left + (now - self.seen).as_secs_f64() * most).min(most);
        self.seen = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            self.over = 0;
            return Verdict::Take;
        }
        self.over += 1;
        if self.over > MESSAGES_PER_SECOND * 2 { Verdict::Close } else { Verdict::Refuse }
    }
}

/// Serves a connection until it ends.
pub async fn serve(host: Arc<Host>, mut sender: Sender, socket: WebSocket) {
    let number = host.next_connection();
    if sender.client.is_empty() {
        sender.client = format!("client-{number}");
    }
    let binary = socket.protocol().is_some_and(|protocol| protocol == BINARY_PROTOCOL);
    let (queue, queued) = mpsc::channel(QUEUE_MESSAGES);
    let Ok(world) = host.world(&sender.world) else { return };
    let Some(place) = host.place() else { return };
    let questions = Bucket::new(2.0 * PAST_QUESTIONS_PER_SECOND, PAST_QUESTIONS_PER_SECOND);
    let reports = Bucket::new(REPORTS_MAX, 0.5);
    let mut connection = Connection {
        host,
        sender,
        number,
        binary,
        world,
        queue,
        pace: Pace::new(),
        questions,
        reports,
        heals: false,
    };
    let (sink, mut stream) = socket.split();
    let writer = tokio::spawn(write(sink, queued, place));
    connection.listen();
    connection.greet().await;
    if connection.join(Mode::Snapshot, None).await.is_ok() {
        // The side that waits longest asks whether anybody is there, and the writer has nothing to do but to write.
        let mut ping = tokio::time::interval(PING_INTERVAL);
        ping.tick().await;
        loop {
            let arrived = tokio::select! {
                arrived = stream.next() => arrived,
                _ = ping.tick() => {
                    // Where there is no room, what waits to be written asks as well.
                    let _ = connection.queue.try_send(Message::Ping(Default::default()));
                    continue;
                }
            };
            let Some(message) = arrived else { break };
            let goes_on = match message {
                Ok(message) => connection.take(message).await,
                Err(error) => connection.broken(&error),
            };
            if !goes_on {
                break;
            }
        }
    }
    connection.world.send(Ask::Leave(number));
    connection.host.listeners.leave(number);
    drop(connection);
    // The writer ends when the last queue is gone: the world's, a moment from now.
    drop(writer);
}

/// Sends what is queued.
async fn write(
    mut sink: futures_util::stream::SplitSink<WebSocket, Message>,
    mut queued: mpsc::Receiver<Message>,
    _place: tokio::sync::OwnedSemaphorePermit,
) {
    while let Some(message) = queued.recv().await {
        let last = matches!(message, Message::Close(_));
        if sink.send(message).await.is_err() || last {
            return;
        }
    }
    // The other side may have closed already.
    let _ = sink.send(Message::Close(None)).await;
}

impl Connection {
    async fn greet(&self) {
        let connected = Connected {
            client_id: self.sender.client.clone(),
            server_time: now_ms(),
            protocol: PROTOCOL.into(),
            world_id: self.world.id.to_string(),
            tick: self.tick(),
            engine_id: digest(self.host.shelf.engine().id()),
        };
        self.say(Told::Connected(connected), None).await;
    }

    /// Has what is for its account told to it.
    fn listen(&self) {
        self.host.listeners.enter(self.number, self.sender.actor.clone(), self.queue.clone());
    }

    fn tick(&self) -> u64 {
        self.world.facts.now().0
    }

    async fn say(&self, told: Told, id: Option<u64>) {
        // A writer that has ended has no reader.
        let _ = self.queue.send(text(told, id)).await;
    }

    async fn join(&self, mode: Mode, from_tick: Option<u64>) -> Result<(u64, u64), Failure> {
        let joining = |answer| Joining {
            connection: self.number,
            client: self.sender.client.clone(),
            mode,
            binary: self.binary,
            from_tick,
            queue: self.queue.clone(),
            answer,
        };
        let (entity, tick) = self.world.ask(|answer| Ask::Join(Box::new(joining(answer)))).await?;
        Ok((entity.0, tick))
    }

    /// Takes a message; `false` ends the connection.
    async fn take(&mut self, message: Message) -> bool {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => {
                let failure = Failure::new(Code::BadMessage, "messages are text");
                self.refuse(None, None, failure).await;
                return true;
            }
            Message::Ping(_) | Message::Pong(_) => return true,
            Message::Close(_) => return false,
        };
        let parsed = Request::parse(&text);
        match self.pace.message() {
            Verdict::Take => {}
            Verdict::Refuse => {
                let reason = format!("at most {MESSAGES_PER_SECOND} messages a second");
                // Who asked is told by the number that it asked with.
                let (id, name) = match parsed {
                    Ok((id, request)) => (id, Some(request.name().into())),
                    Err(malformed) => (malformed.id, malformed.request_type),
                };
                self.refuse(id, name, Failure::new(Code::RateLimited, reason)).await;
                return true;
            }
            Verdict::Close => {
                let close = CloseFrame { code: close_code::POLICY, reason: "too many messages".into() };
                let _ = self.queue.send(Message::Close(Some(close))).await;
                return false;
            }
        }
        match parsed {
            Err(malformed) => {
                let failure = Failure::new(malformed.code, malformed.message);
                self.refuse(malformed.id, malformed.request_type, failure).await;
            }
            Ok((id, request)) => {
                let name = request.name();
                match self.reply(request).await {
                    Ok(told) => {
                        self.say(told, id).await;
                        if std::mem::take(&mut self.heals) {
                            self.world.send(Ask::Heal(self.number));
                        }
                    }
                    Err(failure) => self.refuse(id, Some(name.into()), failure).await,
                }
            }
        }
        true
    }

    /// Says why a connection ends that breaks framing or limits.
    fn broken(&self, error: &axum::Error) -> bool {
        // What axum shows of it is words.
        let close = if error.to_string().contains("too long") {
            CloseFrame {
                code: close_code::SIZE,
                reason: format!("a message has at most {MESSAGE_BYTES_MAX} bytes").into(),
            }
        } else {
            CloseFrame { code: close_code::PROTOCOL, reason: "this is no WebSocket message".into() }
        };
        // Who went away, or does not read, is not told.
        let _ = self.queue.try_send(Message::Close(Some(close)));
        false
    }

    async fn refuse(&self, id: Option<u64>, request_type: Option<String>, failure: Failure) {
        let Failure { code, message, trial, .. } = failure;
        let refused = Refused { code, message, request_type, trial };
        self.say(Told::Error(refused), id).await;
    }

    async fn reply(&mut self, request: Request) -> Result<Told, Failure> {
        let host = self.host.clone();
        Ok(match request {
            Request::CreateDraft(create) => {
                let actor = self.sender.actor.clone();
                let create = move |host: &Host| {
                    let (id, name) = (create.spell_id.as_deref(), create.display_name.as_deref());
                    host.spells().create(&actor, id, name)
                };
                let (spell, _) = host.blocking(create).await?;
                Told::Created(Created { spell_id: spell.spell_id })
            }
            Request::StartBuild(build) => Told::BuildQueued(host.start_build(&self.sender, build).await?),
            Request::CancelJob(of) => {
                Told::JobCancelled(host.cancel_job(&self.sender, JobId(of.job_id)).await?)
            }
            Request::Publish(publish) => Told::Published(host.publish(&self.sender, publish).await?),
            Request::Rollback(of) => Told::RolledBack(host.rollback(&self.sender, of).await?),
            Request::List(_) => {
                Told::Spells(Spells { spells: host.blocking(|host| host.spells().list()).await? })
            }
            Request::GetRevisions(of) => {
                let revisions = host.blocking(move |host| host.spells().revisions(&of.spell_id)).await?;
                Told::Revisions(Revisions { revisions })
            }
            Request::Cast(request) => Told::CastAccepted(host.cast(&self.sender, request).await?),
            Request::GetManifest(of) => {
                let read = move |host: &Host| host.spells().manifest(&of.spell_id, &of.revision_id);
                let bytes = host.blocking(read).await?;
                Told::Manifest(Manifest { manifest: serde_json::from_slice(&bytes).unwrap_or_default() })
            }
            Request::ListFiles(of) => {
                let read = move |host: &Host| host.spells().files(&of.spell_id, &of.revision_id);
                Told::Files(Files { files: host.blocking(read).await? })
            }
            Request::GetFile(of) => {
                let read =
                    move |host: &Host| host.spells().file_content(&of.spell_id, &of.revision_id, &of.path);
                Told::File(host.blocking(read).await?)
            }
            Request::Voxels(voxels) => {
                self.sender.actor.check(Action::Play)?;
                let op = operation(&voxels.spell)?;
                Told::Voxels(Entered { tick: self.world.ask(|answer| Ask::Operate(op, answer)).await? })
            }
            Request::ClearWorld(_) => {
                let owner = self.host.world_owner(&self.world.id).await?;
                self.sender.actor.check(Action::Keep(&owner))?;
                let tick = self.world.ask(|answer| Ask::Operate(Op::ClearTerrain, answer)).await?;
                Told::Cleared(Entered { tick })
            }
            Request::Ping(_) => Told::Pong(Pong { server_time: now_ms(), tick: self.tick() }),
            Request::Handshake(handshake) => self.handshake(handshake).await?,
            Request::Remote(remote) => self.remote(remote).await?,
            Request::HashTree(asked) => {
                self.questions.take("questions about the hash tree")?;
                Told::HashNode(self.world.past.node(asked).await?)
            }
            Request::DesyncReport(report) => self.desync(report).await?,
        })
    }

    async fn handshake(&mut self, handshake: Handshake) -> Result<Told, Failure> {
        if let Some(token) = &handshake.session_token {
            let (actor, client) = self.host.actor(Some(token)).await?;
            self.sender.actor = actor;
            self.sender.client = client.unwrap_or_else(|| self.sender.client.clone());
            self.listen();
        }
        let world = match &handshake.world_id {
            Some(id) => self.host.world(id)?,
            None => self.world.clone(),
        };
        self.world.send(Ask::Leave(self.number));
        self.sender.world = world.id.to_string();
        self.world = world;
        let (entity_id, tick) = self.join(handshake.mode, handshake.from_tick).await?;
        Ok(Told::Handshake(HandshakeResponse {
            client_id: self.sender.client.clone(),
            entity_id,
            world_id: self.sender.world.clone(),
            tick,
            tick_rate: TICKS_PER_SECOND,
            snapshot_interval: 3,
            engine_id: digest(self.host.shelf.engine().id()),
        }))
    }

    /// A client says that its world is another; it is healed where that is so.
    async fn desync(&mut self, report: DesyncReport) -> Result<Told, Failure> {
        self.reports.take("reports")?;
        let (tick, path, local) = (report.tick, report.path.clone(), report.local_hash);
        let Found { detail, differs } = self.world.past.report(report).await?;
        if differs {
            self.heals = true;
            metering::desynced();
            let (world, client) = (&*self.world.id, &self.sender.client);
            let spell = detail.spell_id.as_deref().unwrap_or("none");
            tracing::warn!(world, client, tick, path, %local, spell, cast = detail.cast_id, "a client's world differs");
        }
        Ok(Told::DesyncDetail(detail))
    }

    async fn remote(&self, remote: Remote) -> Result<Told, Failure> {
        use spellhost_sim::limits::{NAME_BYTES_MAX, PAYLOAD_BYTES_MAX};
        self.sender.actor.check(Action::Play)?;
        let spell = spell_of(&remote.spell_id)?;
        if remote.name.len() > NAME_BYTES_MAX || remote.payload.len() > PAYLOAD_BYTES_MAX {
            let most = format!("a name has at most {NAME_BYTES_MAX} bytes and a payload {PAYLOAD_BYTES_MAX}");
            return Err(Failure::new(Code::TooLarge, most));
        }
        let (client, cast) = (self.sender.client.clone(), remote.cast_id.map(CastId));
        let ask =
            |answer| Ask::Remote { client, spell, cast, name: remote.name, payload: remote.payload, answer };
        Ok(Told::Remote(RemoteTold::Entered(Entered { tick: self.world.ask(ask).await? })))
    }
}

/// The legacy operation as the simulation's own.
fn operation(asked: &VoxelOperation) -> Result<Op, Failure> {
    use spellhost_lockstep::quantise;
    use spellhost_sim::FillMode;
    let bad = |field: &str, why: &dyn std::fmt::Display| {
        Failure::new(Code::BadParam, format!("spell.{field}: {why}"))
    };
    let center =
        quantise::point(asked.center).map_err(|(axis, error)| bad(&format!("center.{axis}"), &error))?;
    let radius = quantise::coord(asked.radius).map_err(|error| bad("radius", &error))?;
    let name = asked.material.as_deref().unwrap_or("stone");
    let material = Material::named(name).ok_or_else(|| bad("material", &format!("there is no `{name}`")))?;
    let most = spellhost_sim::limits::SPHERE_RADIUS_MAX;
    if !center.in_bounds() {
        return Err(bad("center", &"outside the world"));
    }
    if radius.raw() <= 0 || radius > spellhost_sim::Coord::from_whole(most) {
        return Err(bad("radius", &format!("over 0 and at most {most} blocks")));
    }
    let mode = match asked.r#type {
        VoxelOperationKind::AddSphere => FillMode::Add,
        VoxelOperationKind::SubtractSphere => FillMode::Subtract,
        VoxelOperationKind::PaintSphere => FillMode::Paint,
    };
    Ok(Op::FillSphere { center, radius, material, mode })
}
