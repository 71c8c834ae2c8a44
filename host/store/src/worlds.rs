//! Worlds: what there is to know of each besides its frames and snapshots.
//!
//! Shape, terrain and owner are text that means something to others.

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::channels::Channel;
use crate::error::{Result, StoreError, at_most};
use crate::id::WorldId;
use crate::limits::TEXT_BYTES_MAX;
use crate::snapshots;
use crate::store::{Created, Store};
use crate::tree::{Look, Stored, Tree};

/// A world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct World {
    /// Its name in addresses.
    pub world_id: WorldId,
    /// For people.
    pub name: String,
    /// Who may change it.
    pub owner: String,
    /// The channel it follows.
    pub channel: Channel,
    /// Its shape, as the simulation names it.
    pub shape: String,
    /// What its terrain is made from.
    pub seed: u64,
    /// Which terrain, as the simulation names it.
    pub terrain: String,
    /// Unix milliseconds.
    pub created_at_ms: u64,
    /// The tick that was last noted here; frames may go further.
    pub tick: u64,
    /// The state after that tick.
    pub state_hash: [u8; 16],
}

/// A world to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in `World`")]
pub struct NewWorld {
    pub world_id: WorldId,
    pub name: String,
    pub owner: String,
    pub channel: Channel,
    pub shape: String,
    pub seed: u64,
    pub terrain: String,
}

/// What of a world is to change; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorldUpdate {
    /// For people.
    pub name: Option<String>,
    /// The channel it follows.
    pub channel: Option<Channel>,
    /// How far it is: tick and state.
    pub head: Option<(u64, [u8; 16])>,
}

impl Stored for World {
    const TREE: Tree = Tree::Worlds;

    fn key(&self) -> Vec<u8> {
        self.world_id.as_str().into()
    }
}

impl Store {
    /// Makes a world, or finds it: `world_exists` if one of that name has another owner or seed.
    pub fn create_world(&self, new: NewWorld) -> Result<Created<World>> {
        let texts = [&new.name, &new.shape, &new.terrain].map(String::len);
        at_most("the name, shape and terrain of a world", texts.iter().sum(), TEXT_BYTES_MAX)?;
        let now = self.now_ms();
        self.change(move |view| {
            if let Some(value) = view.get::<World>(new.world_id.as_str().as_bytes())? {
                let same = value.owner == new.owner && value.seed == new.seed;
                let exists = || StoreError::WorldExists(new.world_id.to_string());
                return same.then_some((None, Created { value, created: false })).ok_or_else(exists);
            }
            let world = new.at(now);
            Ok((Some(Change::WorldPut(world.clone())), Created { value: world, created: true }))
        })
    }

    /// Changes a world: `unknown_world`, `too_large`.
    pub fn update_world(&self, id: &WorldId, update: WorldUpdate) -> Result<World> {
        at_most("the name of a world", update.name.as_ref().map_or(0, String::len), TEXT_BYTES_MAX)?;
        let id = id.clone();
        self.change(move |view| {
            let world = known_world(view, &id)?;
            let (tick, state_hash) = update.head.unwrap_or((world.tick, world.state_hash));
            let name = update.name.unwrap_or(world.name);
            let channel = update.channel.unwrap_or(world.channel);
            let world = World { name, channel, tick, state_hash, ..world };
            Ok((Some(Change::WorldPut(world.clone())), world))
        })
    }

    /// A world: `unknown_world`.
    pub fn world(&self, id: &WorldId) -> Result<World> {
        known_world(&self.reader(), id)
    }

    /// All worlds, by id.
    pub fn worlds(&self) -> Result<Vec<World>> {
        self.reader().all(&[])
    }

    /// Removes a world with its snapshots and frames: `unknown_world`.
    pub fn delete_world(&self, id: &WorldId) -> Result<()> {
        let _alone = self.remove_files();
        let world = id.clone();
        self.change(move |view| {
            known_world(view, &world)?;
            let ticks = snapshots::ticks(view, &world)?;
            Ok((Some(Change::WorldRemoved { world, ticks }), ()))
        })?;
        self.logs().remove_world(id)
    }
}

impl NewWorld {
    fn at(self, now: u64) -> World {
        World {
            world_id: self.world_id,
            name: self.name,
            owner: self.owner,
            channel: self.channel,
            shape: self.shape,
            seed: self.seed,
            terrain: self.terrain,
            created_at_ms: now,
            tick: 0,
            state_hash: [0; 16],
        }
    }
}

/// A world that must be there.
pub fn known_world(look: &impl Look, id: &WorldId) -> Result<World> {
    look.get(id.as_str().as_bytes())?.ok_or_else(|| StoreError::UnknownWorld(id.to_string()))
}
