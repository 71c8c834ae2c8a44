//! Everything that can be asked of a world, as values; each is answered between two ticks.

use std::collections::BTreeMap;

use spellhost_runtime::{Component, ParamInput};
use spellhost_sim::{Aim, CastId, Channel, Digest, EntityId, Op, RevisionRef, SpellId, Voxels, World};
use spellhost_wire::message::Mode;
use spellhost_wire::reply::{Reason, Told};
use tokio::sync::oneshot;

use crate::failure::Failure;
use crate::scene::Scene;
use crate::world::backlog::Encoded;
use crate::world::subscriber::Queue;

/// Where an answer goes. Who has stopped waiting needs none.
pub type Answer<T> = oneshot::Sender<Result<T, Failure>>;

/// Which revision a cast asks for.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// That of a channel, the world's own where none is named, and then whatever the caster may use.
    Channel {
        /// The channel that was named.
        named: Option<Channel>,
        /// Whether the caster may use `draft`.
        draft: bool,
    },
    /// This one, whatever channels do.
    Pinned(RevisionRef, Component),
}

/// A cast that wants to enter.
#[derive(Debug)]
pub struct Casting {
    /// The spell.
    pub spell: SpellId,
    /// Which of its revisions.
    pub wanted: Wanted,
    /// Who casts.
    pub client: String,
    /// Where from, where to.
    pub aim: Aim,
    /// By name, as they arrived.
    pub params: BTreeMap<String, ParamInput>,
    /// Gets the cast's number and its tick.
    pub answer: Answer<(CastId, u64)>,
}

/// A channel that moves.
#[derive(Clone, Debug)]
pub struct Swapping {
    /// The spell.
    pub spell: SpellId,
    /// Its channel.
    pub channel: Channel,
    /// What it points to now.
    pub revision: RevisionRef,
    /// The component of that revision.
    pub component: Component,
    /// What it pointed to before.
    pub previous: Option<Digest>,
    /// Why.
    pub reason: Reason,
    /// The share of its first calls that may go wrong before it is rolled back, where somebody said one.
    pub guard: Option<f64>,
}

/// A connection that follows a world.
#[derive(Debug)]
pub struct Joining {
    /// Names the connection.
    pub connection: u64,
    /// Names the player.
    pub client: String,
    /// What it gets.
    pub mode: Mode,
    /// Frames as postcard.
    pub binary: bool,
    /// The first frame that it needs; the next where it names none.
    pub from_tick: Option<u64>,
    /// Where it reads.
    pub queue: Queue,
    /// Gets its entity and the first tick that it is told of.
    pub answer: Answer<(EntityId, u64)>,
}

/// One request to a world.
#[derive(Debug)]
pub enum Ask {
    /// To follow it.
    Join(Box<Joining>),
    /// To follow it no longer.
    Leave(u64),
    /// To cast.
    Cast(Box<Casting>),
    /// To change it by an operation; gets the tick.
    Operate(Op, Answer<u64>),
    /// To tell the active casts of a spell something; gets the tick.
    Remote {
        /// Who.
        client: String,
        /// The spell.
        spell: SpellId,
        /// One of its casts, or all.
        cast: Option<CastId>,
        /// The name it listens to.
        name: String,
        /// What.
        payload: String,
        /// Gets the tick.
        answer: Answer<u64>,
    },
    /// To swap a revision in; gets the tick.
    Swap(Box<Swapping>, Answer<u64>),
    /// To end what runs on a revision; gets the tick.
    TakeDown(Digest, Answer<u64>),
    /// To tell everybody in it something that is not its own.
    Tell(Box<Told>),
    /// For its state between two ticks.
    Save(Answer<Box<World>>),
    /// To keep a snapshot now; gets its tick once it is on the disk.
    Keep(Answer<u64>),
    /// For its last frames, the newest last.
    Recent(Answer<Vec<Encoded>>),
    /// For who is in it.
    Players(Answer<Vec<Present>>),
    /// For what it shows of itself.
    Scene(Answer<Scene>),
    /// For its terrain, with the tick that comes next.
    Voxels(Answer<(u64, Voxels)>),
    /// To heal a connection whose world is another.
    Heal(u64),
    /// To end.
    Close(Closing),
}

/// Why a world ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// The host goes down: so do the connections.
    Host,
    /// It alone: its clients may go on in another.
    World,
}

/// A player of a world.
#[derive(Clone, Debug)]
pub struct Present {
    /// Names it.
    pub client: String,
    /// Its body.
    pub entity: Option<EntityId>,
    /// How many of its connections are open.
    pub connections: usize,
}
