//! Starting and stopping: the store, the worlds, the socket that listens.
//!
//! Promises that a port in use, a directory in use and a public address without authentication are
//! said before anything else happens, and that stopping loses nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use spellhost_forge::Workbench;
use spellhost_runtime::{Caster, Engine, EngineError, EngineOptions, Library, Policy};
use spellhost_sim::{Channel, Digest, SpellId, World, WorldConfig};
use spellhost_store::{Options, Store, StoreError};
use tokio::net::TcpListener;

use crate::config::Config;
use crate::failure::Failure;
use crate::host::{DEFAULT_WORLD, Host, sim_channel};
use crate::keeper::Keeper;
use crate::limits::DRAIN;
use crate::recovery::recover;
use crate::routes::router;
use crate::shelf::Shelf;
use crate::who::GUEST;
use crate::world::ask::Ask;
use crate::world::{self, DEFAULT_TERRAIN, Heads, Start, WorldHandle};

/// Why a host does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The data directory.
    #[error("cannot open the data directory `{}`", .data.display())]
    Store {
        /// The directory.
        data: PathBuf,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Nothing compiles.
    #[error("cannot find this program itself")]
    Compiler(#[source] std::io::Error),
    /// Threads.
    #[error("the system gives no threads")]
    Threads(#[source] std::io::Error),
    /// A world.
    #[error("cannot open world `{world}`")]
    World {
        /// The world.
        world: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl ServeError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Listen { .. } => "listen",
            Self::Store { source, .. } => source.code(),
            Self::Engine(_) => "engine",
            Self::Compiler(_) => "compiler",
            Self::Threads(_) => "threads",
            Self::World { .. } => "world",
        }
    }
}

/// A wish to stop. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<tokio::sync::Notify>);

impl Stop {
    /// Stops what waits for it, now or as soon as it waits.
    pub fn now(&self) {
        self.0.notify_one();
    }
}

type Thread = std::thread::JoinHandle<World>;

/// Serves until it is told to stop, and then ends every world with a snapshot. `ready` is told where
/// it listens, once everything answers.
///
/// # Errors
/// [`ServeError`], all before anything is served.
pub fn serve(config: Config, ready: impl FnOnce(SocketAddr), stop: Stop) -> Result<(), ServeError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(ServeError::Threads)?;
    let address = config.listen;
    let listen = |source| ServeError::Listen { address, source };
    let listener = runtime.block_on(TcpListener::bind(address)).map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let (host, worlds) = open(config)?;
    ready(address);
    let result = runtime.block_on(run(host.clone(), listener, stop));
    let handles = host.worlds();
    handles.iter().for_each(|world| world.send(Ask::Close));
    worlds.into_iter().for_each(|thread| drop(thread.join()));
    runtime.block_on(host.drained(DRAIN));
    if let Err(error) = host.store.close() {
        tracing::error!(%error, "the store did not close");
    }
    runtime.shutdown_timeout(DRAIN);
    result.map_err(listen)
}

/// Answers requests until told to stop, and then no longer than [`DRAIN`].
async fn run(host: Arc<Host>, listener: TcpListener, stop: Stop) -> std::io::Result<()> {
    let app = router(host).into_make_service_with_connect_info::<SocketAddr>();
    let stopping = Arc::new(tokio::sync::Notify::new());
    let told = stopping.clone();
    let graceful = async move {
        stop.0.notified().await;
        told.notify_one();
    };
    let late = async {
        stopping.notified().await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        served = axum::serve(listener, app).with_graceful_shutdown(graceful) => served,
        () = late => Ok(()),
    }
}

fn open(config: Config) -> Result<(Arc<Host>, Vec<Thread>), ServeError> {
    let data = config.data.clone();
    let failed = |source| ServeError::Store { data: data.clone(), source };
    let (store, _) = Store::open(&config.data, Options::default()).map_err(failed)?;
    let token = match &config.operator_token {
        Some(token) => token.clone(),
        None => store.operator_token().map_err(failed)?,
    };
    let engine = Engine::new(EngineOptions::default())?;
    let caster = Arc::new(Caster::new(&engine, config.threads).map_err(ServeError::Threads)?);
    let workbench = Workbench::of_this_program().map_err(ServeError::Compiler)?;
    let policy = config.allow.iter().fold(Policy::default(), Policy::with);
    let shelf = Shelf::new(engine, policy, workbench);
    let host = Arc::new(Host::new(config, store, shelf, token));
    let (world, thread) = open_world(&host, DEFAULT_WORLD, &caster)
        .map_err(|source| ServeError::World { world: DEFAULT_WORLD.into(), source })?;
    host.add_world(world);
    Ok((host, vec![thread]))
}

fn open_world(
    host: &Host,
    id: &str,
    caster: &Arc<Caster>,
) -> Result<(WorldHandle, Thread), Box<dyn std::error::Error + Send + Sync>> {
    let own = spellhost_store::WorldId::parse(id)?;
    let seed = 1;
    host.store.create_world(spellhost_store::NewWorld {
        world_id: own.clone(),
        name: id.into(),
        owner: GUEST.into(),
        channel: spellhost_store::Channel::Stable,
        shape: "box".into(),
        seed,
        terrain: "hills".into(),
    })?;
    let recovered = recover(&host.store, &own, WorldConfig { terrain: DEFAULT_TERRAIN, seed })?;
    let heads = heads(host)?;
    let mut library = Library::new();
    heads.values().for_each(|(_, component)| library.insert(component.clone()));
    for component in recovered.world.components() {
        library.insert(host.shelf.component(&host.store, component)?);
    }
    let engine_id = host.shelf.engine().id().to_string();
    let recorder = Box::new(Keeper::start(host.store.clone(), own, engine_id)?);
    let channel = Channel::Stable;
    let start = Start { id: id.into(), recovered, channel, heads, library, caster: caster.clone(), recorder };
    Ok(world::open(start)?)
}

/// What every channel points to.
fn heads(host: &Host) -> Result<Heads, Failure> {
    let mut heads = BTreeMap::new();
    for spell in host.store.spells()? {
        let Some(id) = SpellId::parse(&spell.spell_id.to_string()) else { continue };
        let channels = [
            (spellhost_store::Channel::Draft, spell.active.draft),
            (spellhost_store::Channel::Beta, spell.active.beta),
            (spellhost_store::Channel::Stable, spell.active.stable),
        ];
        for (channel, revision) in channels {
            let Some(revision) = revision else { continue };
            heads.insert(
                (id.clone(), sim_channel(channel)),
                host.shelf.revision(&host.store, Digest(revision.0))?,
            );
        }
    }
    Ok(heads)
}
