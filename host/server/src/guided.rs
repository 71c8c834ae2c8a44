//! A host around a world that its author plays: who watches at its address sees what the author sees.
//!
//! Promises one world and one history of it: the ticks that the caller plays are the ticks that clients
//! follow, and what clients ask for enters those ticks. All else is a host like any other: publishes, other
//! worlds, builds. Deliberately has no clock: how fast ticks follow each other is its caller's.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use spellhost_forge::Revision;
use spellhost_runtime::{Caster, Component, Engine, PlayedTick};
use spellhost_sim::{Channel, Digest, Inputs, World};
use spellhost_wire::Code;
use spellhost_wire::reply::Reason;
use tokio::sync::oneshot;

use crate::config::Config;
use crate::failure::Failure;
use crate::host::{DEFAULT_WORLD, Host};
use crate::limits::{CROWD_MESSAGES_MAX, CROWD_WAIT};
use crate::serve::{Listening, ServeError, Serving};
use crate::spells::Moved;
use crate::who::{Actor, GUEST};
use crate::world::Playing;
use crate::world::ask::{Ask, Closing, Swapping};

/// How long its end waits for who still reads.
const PATIENCE: Duration = Duration::from_millis(200);
/// Between two looks at who reads.
const LOOK: Duration = Duration::from_millis(1);

/// The host. Dropped, it ends within half a second.
pub struct Guide {
    serving: Option<Serving>,
    host: Arc<Host>,
    address: SocketAddr,
}

impl Guide {
    /// Starts a host without a world; what it casts runs where the caller's own casts do.
    ///
    /// # Errors
    /// [`ServeError`], before anybody can connect.
    pub fn start(config: Config, engine: Engine, caster: Arc<Caster>) -> Result<Self, ServeError> {
        let serving = Listening::at(config)?.open(Some((engine, caster)))?;
        let (host, address) = (serving.host.clone(), serving.begin()?);
        Ok(Self { serving: Some(serving), host, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves a world as [`DEFAULT_WORLD`], from its next tick on; one that was served before has to be dropped.
    ///
    /// # Errors
    /// [`ServeError::World`].
    pub fn open(&self, world: World) -> Result<Guided, ServeError> {
        let failed = |source| ServeError::World { world: DEFAULT_WORLD.into(), source };
        // The last of the world before, and who waited for it, is through.
        let _turn = self.host.moving.blocking_lock();
        let playing = self.host.worlds.open_guided(&self.host, world).map_err(failed)?;
        Ok(Guided { host: self.host.clone(), playing })
    }
}

impl Drop for Guide {
    fn drop(&mut self) {
        self.serving.take().into_iter().for_each(|serving| serving.end(PATIENCE));
    }
}

/// A revision that its author has made.
#[derive(Clone, Copy, Debug)]
pub struct Made<'a> {
    /// The revision.
    pub revision: &'a Revision,
    /// Its component, compiled by the engine that the host was given.
    pub component: &'a Component,
    /// What is in the other files of its manifest.
    pub files: &'a [&'a [u8]],
}

/// The world. Dropped, it ends, and its clients are told so.
pub struct Guided {
    host: Arc<Host>,
    playing: Playing,
}

impl Guided {
    /// The world between two ticks.
    pub fn world(&self) -> &World {
        self.playing.world()
    }

    /// Answers what clients have asked, and plays a tick in which `inputs` enter before what clients want. Waits a
    /// moment for clients who read, so that ticks that are played faster than time flies are not lost on them.
    pub fn play(&mut self, inputs: Inputs) -> PlayedTick {
        let until = Instant::now() + CROWD_WAIT;
        while self.playing.crowd() > CROWD_MESSAGES_MAX && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
        self.playing.answer_all();
        self.playing.play(inputs)
    }

    /// Keeps a revision and points `draft` to it, here without a swap: as if it had always been there. `false` where
    /// somebody else is moving a channel, and may wait for the next tick of this world: play it, and ask again.
    ///
    /// # Errors
    /// [`ServeError::Revision`]: a full disk, a spell that a client has made under this name.
    pub fn install(&mut self, made: &Made<'_>) -> Result<bool, ServeError> {
        let Some(moved) = self.publish(made)? else { return Ok(false) };
        let Moved { spell, revision, component, .. } = moved;
        self.playing.know(spell, Channel::Draft, revision, component);
        Ok(true)
    }

    /// Keeps a revision, points `draft` to it and plays the tick in which it is swapped in; `None` as of
    /// [`Guided::install`], and no tick was played.
    ///
    /// # Errors
    /// As [`Guided::install`].
    pub fn swap(&mut self, made: &Made<'_>) -> Result<Option<PlayedTick>, ServeError> {
        let Some(moved) = self.publish(made)? else { return Ok(None) };
        // Nobody waits for the answer: the tick is played here.
        self.playing.swap(swapping(moved), oneshot::channel().0);
        Ok(Some(self.play(Inputs::default())))
    }

    fn publish(&self, made: &Made<'_>) -> Result<Option<Moved>, ServeError> {
        let Ok(_turn) = self.host.moving.try_lock() else { return Ok(None) };
        let moved = published(&self.host, made).map_err(|failure| ServeError::Revision(failure.into()))?;
        self.tell_others(&moved);
        Ok(Some(moved))
    }

    /// What a recording says of a revision that a client has brought: its manifest, and its component.
    pub fn revision(&self, id: Digest) -> Option<(String, Component)> {
        let manifest = self.host.store.manifest(&spellhost_store::Digest(id.0)).ok()?;
        let (_, component) = self.host.shelf.revision(&self.host.store, id).ok()?;
        Some((String::from_utf8(manifest).ok()?, component))
    }

    /// Swaps it in the worlds that clients have made here.
    fn tell_others(&self, moved: &Moved) {
        let others = self.host.worlds.all().into_iter().filter(|world| *world.id != *DEFAULT_WORLD);
        // Nobody waits for their answers.
        others.for_each(|world| {
            world.send(Ask::Swap(Box::new(swapping(moved.clone())), oneshot::channel().0));
        });
    }
}

impl Drop for Guided {
    fn drop(&mut self) {
        self.host.worlds.close_guided();
        // What was asked meanwhile is told that there is no world.
        self.playing.close(if self.host.is_stopping() { Closing::Host } else { Closing::World });
    }
}

fn swapping(moved: Moved) -> Swapping {
    let Moved { spell, revision, component, previous, .. } = moved;
    Swapping {
        spell,
        channel: Channel::Draft,
        revision,
        component,
        previous,
        reason: Reason::Publish,
        guard: None,
    }
}

/// Keeps a revision in the store and points `draft` to it there, as everybody's account of an open server.
fn published(host: &Host, made: &Made<'_>) -> Result<Moved, Failure> {
    let (spells, author) = (host.spells(), Actor::Account(GUEST.into()));
    let spell = made.revision.spell.as_str();
    spells.create(&author, Some(spell), None)?;
    spells.keep(&author, made.revision, made.component.admitted().bytes(), made.files)?;
    host.shelf.put(made.component);
    loop {
        let prepared =
            spells.prepare(&author, spell, &made.revision.id(), spellhost_store::Channel::Draft)?;
        match spells.publish(&author, prepared, None) {
            Err(failure) if failure.code == Code::PublishConflict => {}
            moved => return moved,
        }
    }
}
