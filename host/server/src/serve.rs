//! Starting and stopping: the store, the worlds, the socket that listens.
//!
//! Promises that a port in use, a directory in use and a public address without authentication are
//! said before anything else happens, and that stopping loses nothing.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use spellhost_forge::Workbench;
use spellhost_runtime::{Caster, Engine, EngineError, EngineOptions, Policy};
use spellhost_store::{DirLock, Options, Store, StoreError};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::Config;
use crate::door::{Deadlines, Door};
use crate::host::{DEFAULT_WORLD, Host};
use crate::jobs::{Jobs, Workers};
use crate::limits::{ADDRESS_CONNECTIONS_MAX, BODY_DEADLINE, DRAIN, HEAD_DEADLINE};
use crate::metering;
use crate::recovery::RecoveryError;
use crate::routes::router;
use crate::shelf::Shelf;

/// How long a signal may take from the program to the runtime.
const SIGNAL_GRACE: Duration = Duration::from_secs(5);
/// How often measurements are counted together.
const TIDY_INTERVAL: Duration = Duration::from_secs(5);

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
    /// The folder of builds, or what an earlier host has left to build.
    #[error("cannot build from source")]
    Builds(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A revision.
    #[error("the host does not take this revision")]
    Revision(#[source] Box<dyn std::error::Error + Send + Sync>),
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
            Self::Builds(_) => "builds",
            Self::Revision(_) => "revision",
            Self::World { source, .. } => match source.downcast_ref() {
                Some(RecoveryError::Epoch { .. }) => "other_engine",
                Some(RecoveryError::Store(error)) => error.code(),
                _ => "world",
            },
        }
    }
}

/// A wish to stop. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Stopping>);

#[derive(Debug, Default)]
struct Stopping {
    told: tokio::sync::Notify,
    is_done: AtomicBool,
}

impl Stop {
    /// Stops what waits for it, now or as soon as it waits: perhaps because of a signal that it hears of in a moment.
    pub fn now(&self) {
        self.0.told.notify_one();
    }

    /// The same where there is no signal to be heard of: what was to be done is done.
    pub fn done(&self) {
        self.0.is_done.store(true, Ordering::Release);
        self.now();
    }

    fn is_done(&self) -> bool {
        self.0.is_done.load(Ordering::Acquire)
    }
}

/// Why a host ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Told,
    /// Somebody pressed Ctrl-C.
    Interrupted,
}

/// Serves until a signal or [`Stop`] ends it, and then ends every world with a snapshot. From the
/// first moment it says that it is alive, and that it is not ready; `ready` is told where it listens,
/// once everything answers.
///
/// # Errors
/// [`ServeError`], all before anything is served.
pub fn serve(config: Config, ready: impl FnOnce(SocketAddr), stop: Stop) -> Result<Ended, ServeError> {
    let listening = Listening::at(config)?;
    let signals = listening.runtime.block_on(async { Signals::listen() }).map_err(ServeError::Threads)?;
    let serving = listening.open(None)?;
    let opened = serving.host.worlds.open_all(&serving.host);
    opened.map_err(|source| ServeError::World { world: DEFAULT_WORLD.into(), source })?;
    let address = serving.begin()?;
    tracing::info!(%address, "ready");
    ready(address);
    let ended = serving.runtime.block_on(signals.end(stop));
    tracing::info!(?ended, "draining");
    serving.end(DRAIN);
    Ok(ended)
}

/// A host that has its address, and says to everybody that it is not ready.
pub(crate) struct Listening {
    config: Config,
    runtime: Runtime,
    door: Door,
}

/// A host that has everything but its worlds.
pub(crate) struct Serving {
    /// What it is.
    pub(crate) host: Arc<Host>,
    runtime: Runtime,
    door: Door,
    workers: OnceLock<Workers>,
}

impl Listening {
    /// Listens.
    ///
    /// # Errors
    /// [`ServeError`]: the address, the threads.
    pub(crate) fn at(mut config: Config) -> Result<Self, ServeError> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(ServeError::Threads)?;
        let asked = config.listen;
        let listen = |source| ServeError::Listen { address: asked, source };
        let listener = runtime.block_on(TcpListener::bind(asked)).map_err(listen)?;
        config.listen = listener.local_addr().map_err(listen)?;
        metering::begin();
        let deadlines = Deadlines { head: HEAD_DEADLINE, body: BODY_DEADLINE };
        let door = Door::new(deadlines, ADDRESS_CONNECTIONS_MAX);
        runtime.spawn(door.clone().take_in(listener));
        runtime.spawn(tidy());
        Ok(Self { config, runtime, door })
    }

    /// Opens what the host keeps; `machine` is where it runs, its own where there is none.
    ///
    /// # Errors
    /// [`ServeError`].
    pub(crate) fn open(self, machine: Option<Machine>) -> Result<Serving, ServeError> {
        let Self { config, runtime, door } = self;
        let host = open(config, machine)?;
        Ok(Serving { host, runtime, door, workers: OnceLock::new() })
    }
}

impl Serving {
    /// Lets everybody in; the address.
    ///
    /// # Errors
    /// [`ServeError::Builds`].
    pub(crate) fn begin(&self) -> Result<SocketAddr, ServeError> {
        if let Some(noticed) = self.host.take_noticed() {
            self.runtime.spawn(self.host.clone().attend(noticed));
        }
        let workers = Workers::start(&self.host, self.runtime.handle()).map_err(ServeError::Builds)?;
        // It begins once.
        let _ = self.workers.set(workers);
        self.door.ready(router(self.host.clone()));
        Ok(self.host.config.listen)
    }

    /// Ends the worlds with a snapshot; who is in the middle of something has so long.
    pub(crate) fn end(self, patience: Duration) {
        let Self { host, runtime, door, workers } = self;
        host.stop();
        door.close();
        // Who is in the middle of a request gets an answer while the worlds still tick.
        runtime.block_on(door.drained(patience));
        workers.into_inner().into_iter().for_each(|workers| workers.end(&host));
        host.worlds.close_all();
        runtime.block_on(host.drained(patience));
        if let Err(error) = host.store.close() {
            tracing::error!(%error, "the store did not close");
        }
        runtime.shutdown_timeout(patience);
    }
}

/// The signals that end a host.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn end(mut self, stop: Stop) -> Ended {
        tokio::select! {
            ended = self.next() => return ended,
            () = stop.0.told.notified() => {}
        }
        if stop.is_done() {
            return Ended::Told;
        }
        // The program may have told of a signal before the runtime did: which one it was is known in
        // a moment, unless it came before anybody listened.
        tokio::time::timeout(SIGNAL_GRACE, self.next()).await.unwrap_or(Ended::Told)
    }

    async fn next(&mut self) -> Ended {
        tokio::select! {
            _ = self.interrupt.recv() => Ended::Interrupted,
            _ = self.terminate.recv() => Ended::Told,
            _ = self.hangup.recv() => Ended::Told,
        }
    }
}

/// Counts together what was measured, for as long as the host runs.
async fn tidy() {
    let mut every = tokio::time::interval(TIDY_INTERVAL);
    loop {
        every.tick().await;
        metering::tidy();
    }
}

/// Where a host runs what it casts.
pub(crate) type Machine = (Engine, Arc<Caster>);

fn open(config: Config, machine: Option<Machine>) -> Result<Arc<Host>, ServeError> {
    let data = config.data.clone();
    let failed = |source| ServeError::Store { data: data.clone(), source };
    let lock = DirLock::take(&config.data).map_err(failed)?;
    (config.probe)(&config.data)
        .map_err(|detail| failed(StoreError::DatabaseDamaged { dir: data.join("db"), detail }))?;
    let options = Options { probed: true, ..Options::default() };
    let (store, _) = Store::open_locked(lock, options).map_err(failed)?;
    let token = match &config.operator_token {
        Some(token) => token.clone(),
        None => store.operator_token().map_err(failed)?,
    };
    let (engine, caster) = match machine {
        Some(machine) => machine,
        None => {
            let engine = Engine::new(EngineOptions::default())?;
            let caster = Caster::new(&engine, config.threads).map_err(ServeError::Threads)?;
            (engine, Arc::new(caster))
        }
    };
    let workbench = Workbench::of_this_program().map_err(ServeError::Compiler)?;
    let secret = match &config.secret_key {
        Some(key) => *blake3::hash(key.as_bytes()).as_bytes(),
        None => store.secret_key().map_err(failed)?,
    };
    let policy = config.allow.iter().fold(Policy::default(), Policy::with);
    let jobs =
        Jobs::open(&config.data, config.builds.clone()).map_err(|error| ServeError::Builds(error.into()))?;
    let shelf = Shelf::new(engine, policy, workbench, secret).map_err(ServeError::Threads)?;
    Ok(Arc::new(Host::new(config, store, shelf, jobs, token, caster)))
}
