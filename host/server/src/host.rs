//! The host: the store, the shelf, the worlds, and what crosses them.
//!
//! Promises that what is slow (disk, compiler) runs on blocking threads, that a channel moves in the
//! store before it moves in any world, and in the same order in all of them. Knows no HTTP.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use spellhost_runtime::Caster;
use spellhost_sim::{Aim, CastId, Channel, Point};
use spellhost_store::Store;
use spellhost_wire::message::{self, RequestedParams};
use spellhost_wire::reply::{CastAccepted, Told};
use spellhost_wire::{Code, Target};

use crate::coding::Coded;
use crate::config::Config;
use crate::failure::{self, Failure};
use crate::jobs::Jobs;
use crate::limits::{
    CASTS_PER_SECOND, CHANGES_PER_SECOND, CONNECTIONS_MAX, EXCERPTS_AT_ONCE, SESSION_LIFETIME,
};
use crate::metering;
use crate::notices::{Listeners, Noticed, Notices, notices};
use crate::pace::Pace;
use crate::params;
use crate::shelf::Shelf;
use crate::spells::{Spells, spell_of};
use crate::time::{now_ms, rfc3339};
use crate::who::{Action, Actor, GUEST, OPERATOR, new_token, same_token};
use crate::world::ask::{Ask, Casting, Wanted};
use crate::world::{Facts, WorldHandle};
use crate::worlds::Worlds;

/// The world that always exists.
pub const DEFAULT_WORLD: &str = "default";

/// Everything that requests share.
pub struct Host {
    /// How it was started.
    pub config: Config,
    /// Where everything is kept.
    pub store: Store,
    /// Where everything is compiled.
    pub shelf: Shelf,
    /// What is built from source.
    pub jobs: Jobs,
    operator_token: String,
    /// Those that are open.
    pub worlds: Worlds,
    /// Components as they go over the wire.
    pub coded: Coded,
    /// How often who may change something.
    pub requests: Pace,
    casting: Pace,
    /// Casts that were accepted since the host started, by spell.
    casts: Mutex<BTreeMap<String, u64>>,
    excerpts: tokio::sync::Semaphore,
    stopping: AtomicBool,
    connections: AtomicU64,
    /// One permit for each connection that is open.
    open: Arc<tokio::sync::Semaphore>,
    /// Channels move one after the other, so that store and worlds agree on the order.
    pub(crate) moving: tokio::sync::Mutex<()>,
    /// Connections by account.
    pub listeners: Listeners,
    /// What worlds are given to tell the host with.
    pub notices: Notices,
    /// The other end, until somebody attends to it.
    noticed: Mutex<Option<Noticed>>,
}

/// A session that was opened.
#[derive(serde::Serialize)]
pub struct LoggedIn {
    session_token: String,
    client_id: String,
    username: String,
}

/// Who sends, and where: what every request comes with.
#[derive(Clone, Debug)]
pub struct Sender {
    /// What it may do.
    pub actor: Actor,
    /// Names the player.
    pub client: String,
    /// The world that it is in.
    pub world: String,
}

impl Host {
    /// A host without worlds.
    pub fn new(
        config: Config,
        store: Store,
        shelf: Shelf,
        jobs: Jobs,
        operator_token: String,
        caster: Arc<Caster>,
    ) -> Self {
        let (notices, noticed) = notices();
        Self {
            config,
            store,
            shelf,
            jobs,
            operator_token,
            worlds: Worlds::new(caster),
            coded: Coded::default(),
            requests: Pace::new(CHANGES_PER_SECOND),
            casting: Pace::new(CASTS_PER_SECOND),
            casts: Mutex::default(),
            excerpts: tokio::sync::Semaphore::new(EXCERPTS_AT_ONCE),
            stopping: AtomicBool::new(false),
            connections: AtomicU64::new(1),
            open: Arc::new(tokio::sync::Semaphore::new(CONNECTIONS_MAX)),
            moving: tokio::sync::Mutex::default(),
            listeners: Listeners::default(),
            notices,
            noticed: Mutex::new(Some(noticed)),
        }
    }

    /// What worlds notice, for the first who asks.
    pub fn take_noticed(&self) -> Option<Noticed> {
        self.noticed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Says that the host goes down.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the host goes down.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Waits for a place among those who are making an excerpt.
    ///
    /// # Errors
    /// `unavailable` where there will be none.
    pub async fn excerpt_place(&self) -> Result<tokio::sync::SemaphorePermit<'_>, Failure> {
        self.excerpts.acquire().await.map_err(|_| Failure::unavailable())
    }

    /// How often a spell was cast since the host started.
    pub fn casts_of(&self, spell: &str) -> u64 {
        let casts = self.casts.lock().unwrap_or_else(PoisonError::into_inner);
        casts.get(spell).copied().unwrap_or_default()
    }

    /// What is measured, as text.
    pub fn measured(&self) -> String {
        let worlds = self.worlds.all();
        let facts = |count: fn(&Facts) -> &AtomicU64| {
            worlds.iter().map(move |world| count(&world.facts).load(Ordering::Relaxed))
        };
        metering::text(metering::Now {
            connections: CONNECTIONS_MAX - self.open.available_permits(),
            worlds: worlds.len(),
            players: facts(|facts| &facts.players).sum(),
            queued: facts(|facts| &facts.queued).max().unwrap_or_default(),
            components: self.shelf.len(),
        })
    }

    /// A place for one more connection, until it is dropped; `None` where all are taken.
    pub fn place(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        self.open.clone().try_acquire_owned().ok()
    }

    /// Waits until no connection is open any more, or for so long.
    pub async fn drained(&self, most: std::time::Duration) {
        let all = self.open.acquire_many(CONNECTIONS_MAX as u32);
        // What is open after that is closed by its ends.
        let _ = tokio::time::timeout(most, all).await;
    }

    /// A number for a connection.
    pub fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }

    /// A world by name.
    ///
    /// # Errors
    /// `unknown_world`.
    pub fn world(&self, id: &str) -> Result<WorldHandle, Failure> {
        let unknown =
            || Failure::new(Code::UnknownWorld, format!("there is no world `{}`", id.escape_debug()));
        self.worlds.get(id).ok_or_else(unknown)
    }

    /// Who a token stands for; without one, everybody's account on an open server.
    ///
    /// # Errors
    /// `unauthorized` for a token that is unknown or has expired.
    pub async fn actor(self: &Arc<Self>, token: Option<&str>) -> Result<(Actor, Option<String>), Failure> {
        let Some(token) = token else {
            let nobody = if self.config.is_open() { Actor::Account(GUEST.into()) } else { Actor::Nobody };
            return Ok((nobody, None));
        };
        if same_token(token, &self.operator_token) {
            return Ok((Actor::Operator, None));
        }
        let token = token.to_owned();
        let session = self.blocking(move |host| Ok(host.store.session(&token)?)).await?;
        let unknown = || Failure::new(Code::Unauthorized, "this token is unknown or has expired");
        let session = session.ok_or_else(unknown)?;
        Ok((Actor::Account(session.username), Some(session.client_id)))
    }

    /// Who a world belongs to.
    ///
    /// # Errors
    /// `unknown_world`.
    pub async fn world_owner(self: &Arc<Self>, world: &str) -> Result<String, Failure> {
        let world = world.to_owned();
        let owner = move |host: &Self| Ok(host.store.world(&spellhost_store::WorldId::parse(&world)?)?.owner);
        self.blocking(owner).await
    }

    /// Opens a session of four hours; a name that is taken gets a suffix.
    ///
    /// # Errors
    /// `unauthorized` where a stranger may not log in, `bad_message` for a name that is none.
    pub async fn login(self: &Arc<Self>, username: Option<String>) -> Result<LoggedIn, Failure> {
        self.check_guests()?;
        let token = new_token().map_err(|error| Failure::internal(&error))?;
        let fresh = new_token().map_err(|error| Failure::internal(&error))?;
        let suffix = &fresh[..8];
        let wanted = username.filter(|name| !name.is_empty());
        let is_name = |name: &String| name.len() <= 64 && !name.chars().any(char::is_control);
        if wanted.as_ref().is_some_and(|name| !is_name(name)) {
            return Err(Failure::new(Code::BadMessage, "a username is one line of at most 64 bytes"));
        }
        let free = format!("guest-{suffix}");
        let reserved = [GUEST, OPERATOR];
        let (client_id, session_token, suffix) = (format!("client-{suffix}"), token, suffix.to_owned());
        self.blocking(move |host| {
            let taken = host.store.sessions()?.into_iter().map(|session| session.username);
            let username = match wanted {
                None => free,
                Some(name)
                    if reserved.contains(&name.as_str()) || taken.into_iter().any(|other| other == name) =>
                {
                    format!("{name}-{suffix}")
                }
                Some(name) => name,
            };
            host.store.open_session(&session_token, session_of(&client_id, &username))?;
            Ok(LoggedIn { session_token, client_id, username })
        })
        .await
    }

    fn check_guests(&self) -> Result<(), Failure> {
        if self.config.is_open() || self.config.allow_guests {
            return Ok(());
        }
        Err(Failure::new(Code::Unauthorized, "this host lets nobody in without an account"))
    }

    /// Opens a session for who joins without a token: that of everybody's account on an open server,
    /// and one of its own elsewhere or where a name is given. Who it is, its token and its client.
    ///
    /// # Errors
    /// As of logging in.
    pub async fn join(
        self: &Arc<Self>,
        username: Option<String>,
    ) -> Result<(Actor, String, String), Failure> {
        if username.is_some() || !self.config.is_open() {
            let LoggedIn { session_token, client_id, username } = self.login(username).await?;
            return Ok((Actor::Account(username), session_token, client_id));
        }
        let token = new_token().map_err(|error| Failure::internal(&error))?;
        let client = new_token().map_err(|error| Failure::internal(&error))?;
        let client = format!("client-{}", &client[..8]);
        let session = session_of(&client, GUEST);
        let own = token.clone();
        self.blocking(move |host| Ok(host.store.open_session(&own, session)?)).await?;
        Ok((Actor::Account(GUEST.into()), token, client))
    }

    /// What anybody may know of a world.
    ///
    /// # Errors
    /// `unknown_world`.
    pub async fn world_facts(self: &Arc<Self>, id: &str) -> Result<serde_json::Value, Failure> {
        let world = self.world(id)?;
        let own = spellhost_store::WorldId::parse(id)?;
        let kept = self.blocking(move |host| Ok(host.store.world(&own)?)).await?;
        let (tick, hash) = world.facts.now();
        Ok(serde_json::json!({
            "world_id": id,
            "name": kept.name,
            "created_at": rfc3339(kept.created_at_ms),
            "owner": kept.owner,
            "channel": crate::world::wire_channel(sim_channel(kept.channel)),
            "shape": kept.shape,
            "seed": format!("{:016x}", kept.seed),
            "terrain": kept.terrain,
            "tick": tick,
            "state_hash": hash.to_string(),
            "players": world.facts.players.load(Ordering::Relaxed),
            "snapshot": format!("/worlds/{id}/snapshot"),
            "place": world.place.map(|package| package.to_string()),
        }))
    }

    /// Runs what may wait for the disk or the compiler.
    ///
    /// # Errors
    /// What it returns; `internal` where it panicked.
    pub async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let host = self.clone();
        let work = failure::carried(move || work(&host));
        tokio::task::spawn_blocking(work).await.map_err(|error| Failure::internal(&error))?
    }

    /// What is done with spells.
    pub fn spells(&self) -> Spells<'_> {
        Spells { store: &self.store, shelf: &self.shelf }
    }

    /// Tells every connection of these accounts.
    pub fn tell_accounts(&self, accounts: &[String], told: &Told) {
        let accounts: std::collections::BTreeSet<&String> = accounts.iter().collect();
        accounts.into_iter().for_each(|account| self.listeners.tell(account, told.clone()));
    }

    /// Tells everybody everywhere.
    pub fn tell_all(&self, told: &Told) {
        self.worlds.all().iter().for_each(|world| world.send(Ask::Tell(Box::new(told.clone()))));
    }

    /// Casts.
    ///
    /// # Errors
    /// `no_active_revision`, bad parameters, out of reach; all before anything has changed.
    pub async fn cast(
        self: &Arc<Self>,
        sender: &Sender,
        request: message::CastRequest,
    ) -> Result<CastAccepted, Failure> {
        sender.actor.check(Action::Play)?;
        let spell = spell_of(&request.spell_id)?;
        if !self.casting.take(&sender.client, Instant::now()) {
            let most = format!("at most {CASTS_PER_SECOND} casts a second");
            return Err(Failure::new(Code::RateLimited, most));
        }
        let name = spell.as_str().to_owned();
        let actor = sender.actor.clone();
        let (spell_id, revision_id, named) =
            (request.spell_id, request.revision_id, request.channel.map(from_wire));
        let wanted = self
            .blocking(move |host| {
                let owner = host.spells().spell(&spell_id)?.owner;
                let draft = actor.may_author(&owner);
                if named == Some(Channel::Draft) {
                    actor.check(Action::Author(&owner))?;
                }
                match revision_id {
                    Some(revision) => host
                        .spells()
                        .pinned(&actor, &spell_id, &revision)
                        .map(|(reference, component)| Wanted::Pinned(reference, component)),
                    None => Ok(Wanted::Channel { named, draft }),
                }
            })
            .await?;
        let RequestedParams { params, .. } = &request.cast_params;
        let params = params::inputs(params)?;
        let aim = aim(&request.cast_params)?;
        let world = self.world(&sender.world)?;
        let client = sender.client.clone();
        let (CastId(cast_id), tick) = world
            .ask(|answer| Ask::Cast(Box::new(Casting { spell, wanted, client, aim, params, answer })))
            .await?;
        *self.casts.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default() += 1;
        Ok(CastAccepted { cast_id, tick })
    }
}

fn session_of(client_id: &str, username: &str) -> spellhost_store::NewSession {
    let lifetime = u64::try_from(SESSION_LIFETIME.as_millis()).unwrap_or(u64::MAX);
    spellhost_store::NewSession {
        client_id: client_id.into(),
        username: username.into(),
        scopes: Vec::new(),
        expires_at_ms: now_ms().saturating_add(lifetime),
    }
}

fn aim(requested: &RequestedParams) -> Result<Aim, Failure> {
    let bad = |what: &str, why: String| Failure::new(Code::BadParam, format!("cast_params.{what}: {why}"));
    let point = |what: &str, at: [f64; 3]| -> Result<Point, Failure> {
        let point = spellhost_lockstep::quantise::point(at)
            .map_err(|(axis, error)| bad(what, format!("{axis}: {error}")))?;
        if point.in_bounds() { Ok(point) } else { Err(bad(what, "outside the world".into())) }
    };
    let origin = requested.origin.map(|at| point("origin", at)).transpose()?;
    let direction = match requested.direction {
        None => None,
        Some(parts) => Some(
            spellhost_lockstep::quantise::direction(parts)
                .map_err(|(axis, error)| bad("direction", format!("{axis}: {error}")))?
                .ok_or_else(|| bad("direction", "it has no length".into()))?,
        ),
    };
    let target = match requested.target {
        None => None,
        Some(Target::Point(at)) => Some(spellhost_sim::Target::Point(point("target", at)?)),
        Some(Target::Entity(id)) => Some(spellhost_sim::Target::Entity(spellhost_sim::EntityId(id))),
    };
    Ok(Aim { origin, direction, target })
}

fn from_wire(channel: spellhost_wire::Channel) -> Channel {
    match channel {
        spellhost_wire::Channel::Draft => Channel::Draft,
        spellhost_wire::Channel::Beta => Channel::Beta,
        spellhost_wire::Channel::Stable => Channel::Stable,
    }
}

/// A channel as the store has it.
pub fn store_channel(channel: spellhost_wire::Channel) -> spellhost_store::Channel {
    match channel {
        spellhost_wire::Channel::Draft => spellhost_store::Channel::Draft,
        spellhost_wire::Channel::Beta => spellhost_store::Channel::Beta,
        spellhost_wire::Channel::Stable => spellhost_store::Channel::Stable,
    }
}

/// A channel of the store as the simulation has it.
pub fn sim_channel(channel: spellhost_store::Channel) -> Channel {
    match channel {
        spellhost_store::Channel::Draft => Channel::Draft,
        spellhost_store::Channel::Beta => Channel::Beta,
        spellhost_store::Channel::Stable => Channel::Stable,
    }
}
