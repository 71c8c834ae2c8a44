//! Starting and stopping: the store, the worlds, the socket that listens.
//!
//! Promises that a port in use, a directory in use and a public address without authentication are
//! said before anything else happens, and that stopping loses nothing.

use std::collections::BTreeMap;
use std::future::Future;
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
        source: Failure,
    },
}

/// A host that listens.
pub struct Server {
    host: Arc<Host>,
    listener: TcpListener,
    address: SocketAddr,
    worlds: Vec<(WorldHandle, std::thread::JoinHandle<World>)>,
}

impl Server {
    /// Opens the store and the worlds, and listens.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn start(config: Config) -> Result<Self, ServeError> {
        let address = config.listen;
        let listen = |source| ServeError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let opened = tokio::task::spawn_blocking(move || open(config)).await;
        let (host, worlds) = opened.map_err(|error| ServeError::Threads(std::io::Error::other(error)))??;
        Ok(Self { host, listener, address, worlds })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is there, then ends every world with a snapshot.
    ///
    /// # Errors
    /// Where the socket fails.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
        let app = router(self.host.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let (stopping, stopped) = tokio::sync::oneshot::channel();
        let worlds: Vec<WorldHandle> = self.worlds.iter().map(|(world, _)| world.clone()).collect();
        let graceful = async move {
            stop.await;
            // Connections end when their world does: every queue closes.
            worlds.iter().for_each(|world| world.send(Ask::Close));
            let _ = stopping.send(());
        };
        axum::serve(self.listener, app).with_graceful_shutdown(graceful).await?;
        let _ = stopped.await;
        let (host, threads) = (self.host, self.worlds);
        let ended = move || {
            threads.into_iter().for_each(|(_, thread)| drop(thread.join()));
            if let Err(error) = host.store.close() {
                tracing::error!(%error, "the store did not close");
            }
        };
        tokio::task::spawn_blocking(ended).await.map_err(std::io::Error::other)
    }
}

type Opened = (Arc<Host>, Vec<(WorldHandle, std::thread::JoinHandle<World>)>);

fn open(config: Config) -> Result<Opened, ServeError> {
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
    let shelf = Shelf::new(engine, Policy::default(), workbench);
    let host = Arc::new(Host::new(config, store, shelf, token));
    let world = open_world(&host, DEFAULT_WORLD, &caster)
        .map_err(|source| ServeError::World { world: DEFAULT_WORLD.into(), source })?;
    host.add_world(world.0.clone());
    Ok((host, vec![world]))
}

fn open_world(
    host: &Host,
    id: &str,
    caster: &Arc<Caster>,
) -> Result<(WorldHandle, std::thread::JoinHandle<World>), Failure> {
    let heads = heads(host)?;
    let mut library = Library::new();
    heads.values().for_each(|(_, component)| library.insert(component.clone()));
    let seed = 1;
    let world = World::new(WorldConfig { terrain: DEFAULT_TERRAIN, seed });
    let own = spellhost_store::WorldId::parse(id)?;
    host.store.create_world(spellhost_store::NewWorld {
        world_id: own.clone(),
        name: id.into(),
        owner: GUEST.into(),
        channel: spellhost_store::Channel::Stable,
        shape: "box".into(),
        seed,
        terrain: "hills".into(),
    })?;
    let recorder = Box::new(Keeper::start(host.store.clone(), own).map_err(|error| Failure::internal(&error))?);
    let start =
        Start { id: id.into(), world, channel: Channel::Stable, heads, library, caster: caster.clone(), recorder };
    world::open(start).map_err(|error| Failure::internal(&error))
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
            heads.insert((id.clone(), sim_channel(channel)), host.shelf.revision(&host.store, Digest(revision.0))?);
        }
    }
    Ok(heads)
}
