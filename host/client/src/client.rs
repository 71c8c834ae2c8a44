//! A client from outside: how it is started, what it tells, what it can be asked.
//!
//! Promises that following never waits for who reads the events: those that do not fit are dropped
//! and counted. The session behind it is a task of its own.

use std::path::PathBuf;
use std::time::Duration;

use spellhost_sim::World;
use spellhost_wire::Frame;
use spellhost_wire::message::{Mode, Request};
use spellhost_wire::reply::{ResyncReason, Told};
use tokio::sync::{mpsc, oneshot};

use crate::address::Address;
use crate::desync::Desync;
use crate::error::ClientError;
use crate::fault::Fault;
use crate::kit::Kit;
use crate::limits::{EVENTS_MAX, REQUESTS_MAX};
use crate::session::Session;

/// How a client follows.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the host is.
    pub address: Address,
    /// The world.
    pub world: String,
    /// [`Mode::Lockstep`] or [`Mode::Apply`].
    pub mode: Mode,
    /// Whether frames come as postcard instead of JSON.
    pub binary: bool,
    /// A session's token, where one was opened elsewhere.
    pub token: Option<String>,
    /// The name to open a session under; with neither it is nobody in particular.
    pub username: Option<String>,
    /// Where manifests and components are kept, by digest.
    pub folder: Option<PathBuf>,
    /// How long a lost connection is tried anew.
    pub reconnect: Duration,
    /// A fault to make on purpose.
    pub fault: Option<Fault>,
}

impl Options {
    /// Follows the default world by running every call.
    ///
    /// # Errors
    /// Where the address is none.
    pub fn verifying(address: &str) -> Result<Self, ClientError> {
        Ok(Self {
            address: Address::parse(address)?,
            world: "default".into(),
            mode: Mode::Lockstep,
            binary: true,
            token: None,
            username: None,
            folder: None,
            reconnect: Duration::from_secs(30),
            fault: None,
        })
    }

    /// Follows the default world by applying what the frames say.
    ///
    /// # Errors
    /// Where the address is none.
    pub fn applying(address: &str) -> Result<Self, ClientError> {
        Ok(Self { mode: Mode::Apply, ..Self::verifying(address)? })
    }
}

/// What happens.
#[derive(Debug)]
pub enum Event {
    /// A tick came out as the host says.
    Tick(Box<Frame>),
    /// The host told something else.
    Told(Told),
    /// A tick came out otherwise; the client is healed next.
    Desync(Box<Desync>),
    /// It has begun anew from a snapshot and needs this tick next.
    Resynced {
        /// Why; `None` where it asked for it itself.
        reason: Option<ResyncReason>,
        /// The tick.
        tick: u64,
    },
    /// It lost its connection and has another.
    Reconnected {
        /// The tick that it needs next.
        tick: u64,
    },
    /// So many events were not read in time.
    Missed(u64),
    /// It follows no longer: `None` where the host closed the world.
    Ended(Option<ClientError>),
}

/// What a session can be asked by its client.
pub(crate) enum Ask {
    /// To send a request.
    Request(Request, oneshot::Sender<Result<Told, ClientError>>),
    /// To show its world.
    Look(Box<dyn FnOnce(&World) + Send>),
    /// To lose its connection, as a network does.
    Drop,
}

/// Sends requests for a client. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Requester(mpsc::Sender<Ask>);

impl Requester {
    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// What the host refuses, and where the connection ends before it answers.
    pub async fn request(&self, request: Request) -> Result<Told, ClientError> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Ask::Request(request, answer)).await.map_err(|_| ClientError::Closed)?;
        match answered.await.map_err(|_| ClientError::Closed)?? {
            Told::Error(refused) => {
                Err(ClientError::Refused { code: refused.code, message: refused.message })
            }
            told => Ok(told),
        }
    }

    /// Looks at the client's world between two ticks.
    ///
    /// # Errors
    /// Where the client has ended.
    pub async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&World) -> T + Send + 'static,
    ) -> Result<T, ClientError> {
        let (answer, answered) = oneshot::channel();
        // Who asked may have stopped waiting.
        let look = Box::new(move |world: &World| drop(answer.send(look(world))));
        self.0.send(Ask::Look(look)).await.map_err(|_| ClientError::Closed)?;
        answered.await.map_err(|_| ClientError::Closed)
    }

    /// Loses the connection, as a network does: the client comes back by itself.
    ///
    /// # Errors
    /// Where the client has ended.
    pub async fn lose_connection(&self) -> Result<(), ClientError> {
        self.0.send(Ask::Drop).await.map_err(|_| ClientError::Closed)
    }
}

/// A client that follows a world until it is dropped.
#[derive(Debug)]
pub struct Client {
    events: mpsc::Receiver<Event>,
    requester: Requester,
    entity: u64,
    task: tokio::task::JoinHandle<()>,
}

impl Client {
    /// Joins a world: a snapshot, then the frames from its tick on. Verifying needs a kit.
    ///
    /// # Errors
    /// Where the host is not there, refuses, or has another engine than a verifying client.
    pub async fn join(options: Options, kit: Option<&Kit>) -> Result<Self, ClientError> {
        let (told, events) = mpsc::channel(EVENTS_MAX);
        let (asks, asked) = mpsc::channel(REQUESTS_MAX);
        let session = Session::join(options, kit.cloned(), told, asked).await?;
        let entity = session.entity();
        Ok(Self { events, requester: Requester(asks), entity, task: tokio::spawn(session.live()) })
    }

    /// What happens next; `None` after [`Event::Ended`].
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Its player's entity, as of its first connection.
    pub fn entity(&self) -> u64 {
        self.entity
    }

    /// What sends requests while events are read.
    pub fn requester(&self) -> Requester {
        self.requester.clone()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}
