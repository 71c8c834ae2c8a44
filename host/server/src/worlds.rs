//! The worlds of a host: which are open, and how they come and go.
//!
//! Promises a bounded number of them, that a world which opens has every channel as the store has it,
//! and that one which is deleted has told its clients and written its last frame before its files go.
//! Knows no HTTP, and nobody's rights but who owns what.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;

use spellhost_runtime::{Caster, Library};
use spellhost_sim::{Digest, SpellId, Terrain, World, WorldConfig};
use spellhost_store::{Blobs as _, NewWorld, WorldId};
use spellhost_wire::Code;

use crate::failure::Failure;
use crate::host::{DEFAULT_WORLD, Host, sim_channel};
use crate::keeper::{Keeper, save};
use crate::limits::{OWNED_WORLDS_MAX, WORLD_NAME_BYTES_MAX, WORLDS_MAX};
use crate::places::Placed;
use crate::recovery::{Recovered, RecoveryError, recover};
use crate::who::{Actor, GUEST, new_token};
use crate::world::ask::{Ask, Closing};
use crate::world::{self, Heads, Playing, Start, WorldHandle};

/// Why a world does not open.
pub type OpenError = Box<dyn std::error::Error + Send + Sync>;

/// The seed and terrain of the world that always exists.
const DEFAULT: WorldConfig = WorldConfig { terrain: Terrain::Hills, seed: 1 };
/// Every terrain with its name.
const TERRAINS: [(&str, Terrain); 3] =
    [("hills", Terrain::Hills), ("flat", Terrain::Flat), ("empty", Terrain::Empty)];

/// A world that is open.
struct Open {
    handle: WorldHandle,
    /// `None` where its ticks are played by who opened it.
    thread: Option<JoinHandle<World>>,
}

/// Those that are open, by id.
pub struct Worlds {
    open: RwLock<BTreeMap<String, Open>>,
    /// Where the calls of all of them run.
    caster: Arc<Caster>,
}

/// A world that somebody wants to have.
#[derive(Debug, Default, serde::Deserialize, utoipa::ToSchema)]
pub struct Wanted {
    /// One line for people; the id where none is given.
    pub name: Option<String>,
    /// The channel that it follows: `stable` (default), `beta` or `draft`.
    #[schema(value_type = Option<String>)]
    pub channel: Option<spellhost_wire::Channel>,
    /// `hills` (default), `flat` or `empty`.
    pub terrain: Option<String>,
    /// What its terrain is made from, as hex; a random one where none is given.
    pub seed: Option<String>,
}

/// The world that always exists, with this terrain.
fn default_world(terrain: Terrain) -> Result<NewWorld, OpenError> {
    let (name, _) = TERRAINS.iter().find(|(_, known)| *known == terrain).ok_or("a terrain without a name")?;
    Ok(NewWorld {
        world_id: WorldId::parse(DEFAULT_WORLD)?,
        name: DEFAULT_WORLD.into(),
        owner: GUEST.into(),
        channel: spellhost_store::Channel::Stable,
        shape: "box".into(),
        seed: DEFAULT.seed,
        terrain: (*name).into(),
    })
}

/// A name of a world, as people may choose it.
///
/// # Errors
/// `bad_param`.
pub fn name_of(name: &str) -> Result<String, Failure> {
    let is_line =
        !name.is_empty() && name.len() <= WORLD_NAME_BYTES_MAX && !name.chars().any(char::is_control);
    let most = format!("name: one line of at most {WORLD_NAME_BYTES_MAX} bytes");
    is_line.then(|| name.to_owned()).ok_or_else(|| Failure::new(Code::BadParam, most))
}

/// A terrain by name.
pub fn terrain_of(name: &str) -> Option<Terrain> {
    TERRAINS.iter().find(|(own, _)| *own == name).map(|(_, terrain)| *terrain)
}

impl Wanted {
    /// The same with this terrain and seed.
    pub fn of_config(self, config: WorldConfig) -> Self {
        let terrain = TERRAINS.iter().find(|(_, terrain)| *terrain == config.terrain);
        let terrain = terrain.map(|(name, _)| (*name).to_owned());
        Self { terrain, seed: Some(format!("{:x}", config.seed)), ..self }
    }

    /// Checks what was asked for and chooses the rest.
    ///
    /// # Errors
    /// `bad_param`, which names the field.
    pub fn chosen(self, owner: &str) -> Result<NewWorld, Failure> {
        let bad = |why: &str| Failure::new(Code::BadParam, why);
        let token = new_token().map_err(|error| Failure::internal(&error))?;
        let world_id = WorldId::parse(&format!("world-{}", &token[..12]))?;
        let terrain = self.terrain.unwrap_or_else(|| "hills".into());
        terrain_of(&terrain).ok_or_else(|| bad("terrain: it is hills, flat or empty"))?;
        let seed = self.seed.as_deref().unwrap_or(&token[12..28]);
        let seed = u64::from_str_radix(seed, 16).map_err(|_| bad("seed: at most 16 hex digits"))?;
        let name = self.name.map_or_else(|| Ok(world_id.to_string()), |name| name_of(&name))?;
        let channel = self.channel.unwrap_or(spellhost_wire::Channel::Stable);
        let channel = crate::host::store_channel(channel);
        Ok(NewWorld { world_id, name, owner: owner.into(), channel, shape: "box".into(), seed, terrain })
    }
}

impl Worlds {
    /// None yet.
    pub fn new(caster: Arc<Caster>) -> Self {
        Self { open: RwLock::default(), caster }
    }

    /// Every world that is open, by id.
    pub fn all(&self) -> Vec<WorldHandle> {
        self.read().values().map(|open| open.handle.clone()).collect()
    }

    /// A world that is open.
    pub fn get(&self, id: &str) -> Option<WorldHandle> {
        self.read().get(id).map(|open| open.handle.clone())
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Open>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, id: &str) -> Option<Open> {
        self.open.write().unwrap_or_else(PoisonError::into_inner).remove(id)
    }

    /// Opens a world that the store has. Waits for the disk and the compiler. No channel may move
    /// meanwhile.
    ///
    /// # Errors
    /// Where it cannot be brought back, or there is no thread for it.
    fn open(&self, host: &Host, id: &WorldId) -> Result<WorldHandle, OpenError> {
        let kept = host.store.world(id)?;
        let terrain =
            terrain_of(&kept.terrain).ok_or_else(|| format!("no terrain is called `{}`", kept.terrain))?;
        let engine_id = host.shelf.engine().id().to_string();
        let config = WorldConfig { terrain, seed: kept.seed };
        let recovered = recover(&host.store, id, config, &engine_id)?;
        let channel = sim_channel(kept.channel);
        let (handle, thread) = world::open(self.start(host, id, channel, recovered)?)?;
        self.insert(handle.clone(), Some(thread));
        Ok(handle)
    }

    /// Everything that a world starts with.
    fn start(
        &self,
        host: &Host,
        id: &WorldId,
        channel: spellhost_sim::Channel,
        recovered: Recovered,
    ) -> Result<Start, OpenError> {
        let engine_id = host.shelf.engine().id().to_string();
        let mut heads = heads(host)?;
        recovered.placed.pin(host, &mut heads)?;
        let mut library = Library::new();
        heads.values().for_each(|(_, component)| library.insert(component.clone()));
        for component in recovered.world.components() {
            // What is wrong with it is said here, and not only in the log.
            host.store.get(&spellhost_store::Digest(component.0))?;
            library.insert(host.shelf.component(&host.store, component)?);
        }
        let recorder =
            Box::new(Keeper::start(host.store.clone(), id.clone(), engine_id, recovered.placed.clone())?);
        let (id, caster, notices) = (id.to_string(), self.caster.clone(), host.notices.clone());
        Ok(Start { id, recovered, channel, heads, library, caster, recorder, notices })
    }

    fn insert(&self, handle: WorldHandle, thread: Option<JoinHandle<World>>) {
        let id = handle.id.to_string();
        self.open.write().unwrap_or_else(PoisonError::into_inner).insert(id, Open { handle, thread });
    }

    /// Opens [`DEFAULT_WORLD`] as this world, which its caller plays: nothing of one before it is kept.
    ///
    /// # Errors
    /// Where the store does not take it.
    pub fn open_guided(&self, host: &Host, world: World) -> Result<Playing, OpenError> {
        let id = WorldId::parse(DEFAULT_WORLD)?;
        self.take(DEFAULT_WORLD);
        if host.store.world(&id).is_ok() {
            host.store.delete_world(&id)?;
        }
        let config = world.config();
        host.store.create_world(NewWorld { seed: config.seed, ..default_world(config.terrain)? })?;
        save(&host.store, &id, &host.shelf.engine().id().to_string(), &world, &Placed::default())?;
        let recovered = Recovered { world, frames: VecDeque::new(), placed: Placed::default() };
        let start = self.start(host, &id, spellhost_sim::Channel::Stable, recovered)?;
        let (handle, playing) = Playing::guided(start)?;
        self.insert(handle, None);
        Ok(playing)
    }

    /// Closes the world that [`Worlds::open_guided`] has opened.
    pub fn close_guided(&self) {
        self.take(DEFAULT_WORLD);
    }

    /// Opens the world that always exists, and every other that the store has; one of the others that
    /// cannot be opened is said in the log and left as it is.
    ///
    /// # Errors
    /// Where the first cannot be opened.
    pub fn open_all(&self, host: &Host) -> Result<(), OpenError> {
        let default = WorldId::parse(DEFAULT_WORLD)?;
        host.store.create_world(default_world(DEFAULT.terrain)?)?;
        self.open(host, &default)?;
        for world in host.store.worlds()?.into_iter().filter(|world| world.world_id != default) {
            if let Err(error) = self.open(host, &world.world_id) {
                tracing::error!(world = %world.world_id, %error, "a world is left closed");
            }
        }
        Ok(())
    }

    /// Ends every world with a snapshot, and waits for them.
    pub fn close_all(&self) {
        let all = std::mem::take(&mut *self.open.write().unwrap_or_else(PoisonError::into_inner));
        all.values().for_each(|open| open.handle.send(Ask::Close(Closing::Host)));
        // A panic in one was reported by its own thread.
        all.into_values().filter_map(|open| open.thread).for_each(|thread| drop(thread.join()));
    }
}

impl Host {
    /// Makes a world for somebody and opens it.
    ///
    /// # Errors
    /// `bad_param`; `rate_limited` where there are as many as there may be.
    pub async fn create_world(
        self: &Arc<Self>,
        owner: &Actor,
        wanted: Wanted,
    ) -> Result<WorldHandle, Failure> {
        self.make_world(owner, wanted.chosen(owner.name())?, Placed::default()).await
    }

    /// Makes a world of a place, or of none, and opens it.
    ///
    /// # Errors
    /// `rate_limited` where there are as many as there may be; then, and where it cannot be opened, there is none.
    pub async fn make_world(
        self: &Arc<Self>,
        owner: &Actor,
        new: NewWorld,
        placed: Placed,
    ) -> Result<WorldHandle, Failure> {
        let owner = owner.clone();
        // A channel that moves between reading the heads and listening would be missed.
        let _turn = self.moving.lock().await;
        self.blocking(move |host| {
            host.check_room(&owner)?;
            let id = new.world_id.clone();
            host.store.create_world(new)?;
            let opened = host.begin(&id, &placed).and_then(|()| host.open(&id));
            if opened.is_err() {
                // What cannot be opened now is not tried again at every start.
                let _ = host.store.delete_world(&id);
            }
            opened
        })
        .await
    }

    /// Keeps what a world that has played nothing is made of, so that it is opened as that whatever happens.
    fn begin(&self, id: &WorldId, placed: &Placed) -> Result<(), Failure> {
        if placed.package().is_none() {
            return Ok(());
        }
        let kept = self.store.world(id)?;
        let config = WorldConfig { terrain: terrain_of(&kept.terrain).unwrap_or_default(), seed: kept.seed };
        let engine_id = self.shelf.engine().id().to_string();
        Ok(save(&self.store, id, &engine_id, &World::new(config), placed)?)
    }

    /// That somebody may have one world more.
    ///
    /// # Errors
    /// `rate_limited`.
    pub fn check_room(&self, owner: &Actor) -> Result<(), Failure> {
        let all = self.store.worlds()?;
        let own = all
            .iter()
            .filter(|world| world.owner == owner.name() && world.world_id.as_str() != DEFAULT_WORLD);
        if all.len() < WORLDS_MAX && (*owner == Actor::Operator || own.count() < OWNED_WORLDS_MAX) {
            return Ok(());
        }
        let most =
            format!("at most {WORLDS_MAX} worlds here and {OWNED_WORLDS_MAX} of one owner: delete one");
        Err(Failure::new(Code::RateLimited, most))
    }

    /// A world that is open, or one that the store has and that is opened now.
    ///
    /// # Errors
    /// `unknown_world`.
    pub async fn reach_world(self: &Arc<Self>, id: &str) -> Result<WorldHandle, Failure> {
        let _turn = self.moving.lock().await;
        if let Some(world) = self.worlds.get(id) {
            return Ok(world);
        }
        let id = WorldId::parse(id).map_err(|_| unknown())?;
        self.blocking(move |host| {
            host.store.world(&id).map_err(|_| unknown())?;
            host.open(&id)
        })
        .await
    }

    fn open(&self, id: &WorldId) -> Result<WorldHandle, Failure> {
        self.worlds.open(self, id).map_err(|error| match error.downcast_ref() {
            Some(epoch @ RecoveryError::Epoch { .. }) => Failure::new(Code::Unavailable, epoch.to_string()),
            _ => Failure::internal(&*error),
        })
    }

    /// Ends the thread of a world with a snapshot; the world is kept.
    ///
    /// # Errors
    /// `forbidden` for the world that always exists, `unknown_world`.
    pub async fn close_world(self: &Arc<Self>, id: &str) -> Result<(), Failure> {
        let _turn = self.moving.lock().await;
        self.end_world(id).await
    }

    /// Ends a world for ever.
    ///
    /// # Errors
    /// As of closing it.
    pub async fn delete_world(self: &Arc<Self>, id: &str) -> Result<(), Failure> {
        let _turn = self.moving.lock().await;
        let own = WorldId::parse(id).map_err(|_| unknown())?;
        match self.end_world(id).await {
            Err(failure) if failure.code != Code::UnknownWorld => return Err(failure),
            // One that is closed is deleted all the same.
            _ => {}
        }
        self.blocking(move |host| Ok(host.store.delete_world(&own)?)).await
    }

    async fn end_world(self: &Arc<Self>, id: &str) -> Result<(), Failure> {
        if id == DEFAULT_WORLD {
            return Err(Failure::new(Code::Forbidden, "the world `default` always exists"));
        }
        let open = self.worlds.take(id).ok_or_else(unknown)?;
        open.handle.send(Ask::Close(Closing::World));
        // A panic in it was reported by its own thread.
        let join = move |_: &Self| {
            let _ = open.thread.map(JoinHandle::join);
            Ok(())
        };
        self.blocking(join).await
    }
}

fn unknown() -> Failure {
    Failure::new(Code::UnknownWorld, "there is no such world")
}

/// What every channel points to, where that can be cast.
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
            if host.store.revision(&revision)?.taken_down.is_some() {
                continue;
            }
            match host.shelf.revision(&host.store, Digest(revision.0)) {
                Ok(head) => drop(heads.insert((id.clone(), sim_channel(channel)), head)),
                // A damaged one, or one that is not allowed any more, takes no other with it.
                Err(failure) => {
                    let channel = channel.as_str();
                    tracing::error!(spell = id.as_str(), channel, %revision, %failure, "a channel is left empty");
                }
            }
        }
    }
    Ok(heads)
}
