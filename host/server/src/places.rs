//! Worlds that are made of places: what a package says enters a world's first tick, and nothing else does.
//!
//! Promises the same state after that tick on every machine, that whatever can be wrong with a place is
//! found before anything is kept, and that its spells stay at their revisions wherever channels move,
//! over restarts as well. Knows no archive format, and nothing of what a scene looks like.

use std::collections::BTreeMap;
use std::sync::Arc;

use spellhost_forge::{Binding, BundleError, Carried, Origin, Package, Place, Revision as Built};
use spellhost_lockstep::{frame::frame, reference};
use spellhost_sim::{Channel, SpellId, Swap, World};
use spellhost_store::{Blobs as _, Digest, FrameLog as _, Part, Snapshot, Store, StoreError, WorldId};
use spellhost_wire::reply::Uploaded;
use spellhost_wire::{Code, Frame};

use crate::failure::Failure;
use crate::host::{Host, Sender};
use crate::keeper::{named, save};
use crate::recovery::RecoveryError;
use crate::spells::Spells;
use crate::who::{Action, Actor};
use crate::world::{Heads, WorldHandle};
use crate::worlds::Wanted;

/// The part of a snapshot that is the package which the world was made of.
const PACKAGE_PART: &str = "place";
/// The part of a snapshot that says which revisions its spells have.
const PINS_PART: &str = "pins";
/// Whatever channel a cast names, a place has one revision of a spell.
const CHANNELS: [Channel; 3] = [Channel::Draft, Channel::Beta, Channel::Stable];

/// What a world keeps of the place that it was made of; empty where it was made of none.
#[derive(Clone, Debug, Default)]
pub struct Placed {
    parts: Vec<Part>,
    /// The revision of each of its spells.
    pub pins: BTreeMap<SpellId, Digest>,
}

impl Placed {
    /// Keeps a package, and what its spells are here.
    ///
    /// # Errors
    /// Where the store does not take it.
    fn keep(store: &Store, package: &[u8], pins: BTreeMap<SpellId, Digest>) -> Result<Self, StoreError> {
        let told: BTreeMap<&str, String> =
            pins.iter().map(|(spell, revision)| (spell.as_str(), revision.to_string())).collect();
        let digests = store.put_all(&[package, serde_json::json!(told).to_string().as_bytes()])?;
        let part = |name: &str, digest: Digest| Part { name: name.into(), digest };
        Ok(Self { parts: vec![part(PACKAGE_PART, digests[0]), part(PINS_PART, digests[1])], pins })
    }

    /// What a snapshot says of its world's place.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn of(store: &Store, snapshot: &Snapshot) -> Result<Self, RecoveryError> {
        let own = |part: &&Part| [PACKAGE_PART, PINS_PART].contains(&part.name.as_str());
        let parts: Vec<Part> = snapshot.parts.iter().filter(own).cloned().collect();
        let Some(told) = parts.iter().find(|part| part.name == PINS_PART) else {
            return Ok(Self::default());
        };
        let wrong = |reason: String| RecoveryError::Place { reason };
        let told: BTreeMap<SpellId, String> =
            serde_json::from_slice(&store.get(&told.digest)?).map_err(|error| wrong(error.to_string()))?;
        let pin = |(spell, revision): (SpellId, String)| {
            let revision = revision.parse().map_err(|_| wrong(format!("`{revision}` is no revision")))?;
            Ok((spell, revision))
        };
        let pins = told.into_iter().map(pin).collect::<Result<_, RecoveryError>>()?;
        Ok(Self { parts, pins })
    }

    /// What every snapshot of the world has beside its state.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The package, where the world was made of one.
    pub fn package(&self) -> Option<Digest> {
        self.parts.iter().find(|part| part.name == PACKAGE_PART).map(|part| part.digest)
    }

    /// Plays the first tick of a world that was made and has played none, and keeps it.
    ///
    /// # Errors
    /// Where the package or a revision cannot be read any more, or the store does not take it.
    pub fn found(
        &self,
        store: &Store,
        id: &WorldId,
        engine_id: &str,
        world: &mut World,
    ) -> Result<Option<Frame>, RecoveryError> {
        let Some(package) = self.package() else { return Ok(None) };
        let wrong = |reason: String| RecoveryError::Place { reason };
        let place = Package::read(&store.get(&package)?).and_then(Package::place);
        let place = place.map_err(|error| wrong(error.to_string()))?;
        let mut swaps = Vec::new();
        for (spell, revision) in &self.pins {
            let revision = reference(&store.manifest(revision)?).map_err(|error| wrong(error.to_string()))?;
            swaps.extend(CHANNELS.map(|channel| Swap { spell: spell.clone(), channel, revision }));
        }
        let inputs = place.scene.inputs(swaps);
        world.open_tick(inputs.clone());
        let report = world.close_tick(Vec::new());
        let frame = frame(id.as_str(), &inputs, &report);
        let refs: Vec<Digest> = named(&frame).collect();
        store.append(id, &[(frame.tick, &frame.to_bytes())], &refs)?;
        store.sync(id)?;
        save(store, id, engine_id, world, self)?;
        Ok(Some(frame))
    }

    /// Puts its own revisions into the place of those that channels point to.
    ///
    /// # Errors
    /// Where a revision is not acceptable any more.
    pub fn pin(&self, host: &Host, heads: &mut Heads) -> Result<(), Failure> {
        heads.retain(|(spell, _), _| !self.pins.contains_key(spell));
        for (spell, revision) in &self.pins {
            if host.store.revision(revision)?.taken_down.is_some() {
                continue;
            }
            let own = host.shelf.revision(&host.store, spellhost_sim::Digest(revision.0))?;
            heads.extend(CHANNELS.map(|channel| ((spell.clone(), channel), own.clone())));
        }
        Ok(())
    }
}

/// A spell of a place on this host.
enum Bound {
    /// A revision that is here already.
    Here(Digest),
    /// One that the place brings.
    New(Box<New>),
}

/// A revision that is not kept yet.
struct New {
    built: Built,
    component: Vec<u8>,
    files: Vec<Vec<u8>>,
}

/// What a place is refused for.
fn refused(error: BundleError) -> Failure {
    let code = if error.code == "too_large" { Code::TooLarge } else { Code::BadParam };
    Failure::new(code, error.message)
}

impl Host {
    /// Makes a world of a place for somebody, and opens it. The spells that it brings are uploaded first, each as any
    /// upload.
    ///
    /// # Errors
    /// `bad_param` with the place in `scene.json`, `too_large`, `not_a_spell`, `unknown_revision`, `forbidden`: then
    /// nothing has changed; and as of making any world.
    pub async fn create_place(
        self: &Arc<Self>,
        sender: &Sender,
        wanted: Wanted,
        package: Vec<u8>,
    ) -> Result<WorldHandle, Failure> {
        sender.actor.check(Action::Play)?;
        let actor = sender.actor.clone();
        let read = move |host: &Self| {
            host.check_room(&actor)?;
            let place = Package::read(&package).and_then(Package::place).map_err(refused)?;
            let name = wanted.name.or_else(|| place.name().map(str::to_owned));
            let new = Wanted { name, ..wanted }.of_config(place.scene.config()).chosen(actor.name())?;
            let bound = host.spells().bind_all(&actor, &place)?;
            Ok((new, package, bound))
        };
        let (new, package, bound) = self.blocking(read).await?;
        let mut pins = BTreeMap::new();
        for (spell, bound) in bound {
            pins.insert(spell, self.bring(sender, bound).await?);
        }
        let keep = move |host: &Self| Ok(Placed::keep(&host.store, &package, pins)?);
        let placed = self.blocking(keep).await?;
        self.make_world(&sender.actor, new, placed).await
    }

    /// Uploads what is not here.
    async fn bring(self: &Arc<Self>, sender: &Sender, bound: Bound) -> Result<Digest, Failure> {
        let new = match bound {
            Bound::Here(revision) => return Ok(revision),
            Bound::New(new) => new,
        };
        let actor = sender.actor.clone();
        let (uploaded, is_new) = self.blocking(move |host| host.spells().bring(&actor, &new)).await?;
        let (uploaded, _) = self.settle(sender, uploaded, is_new).await?;
        Ok(Digest(uploaded.revision_id.0))
    }
}

impl Spells<'_> {
    /// What each spell of a place is here.
    fn bind_all(self, actor: &Actor, place: &Place) -> Result<Vec<(SpellId, Bound)>, Failure> {
        let bind = |binding: &Binding| {
            let named = |failure: Failure| {
                let message = format!("`scene.json`: {}: {}", binding.at, failure.message);
                Failure { message, ..failure }
            };
            let bound = self.bind(actor, binding, place.carried(&binding.spell)).map_err(named)?;
            Ok((binding.spell.clone(), bound))
        };
        place.scene.spells.iter().map(bind).collect()
    }

    fn bind(self, actor: &Actor, binding: &Binding, carried: Option<&Carried>) -> Result<Bound, Failure> {
        let spell = &binding.spell;
        let Some(carried) = carried else {
            let missing = || Failure::new(Code::UnknownRevision, format!("`{spell}` has no revision"));
            let revision = binding.revision.ok_or_else(missing)?;
            return self.here(actor, spell, Digest(revision.0));
        };
        let new = self.carried(spell, carried)?;
        let own = new.built.reference.id;
        if binding.revision.is_some_and(|revision| revision != own) {
            let message = format!("the place carries another revision of `{spell}`: {own}");
            return Err(Failure::new(Code::BadParam, message));
        }
        if self.store.revision(&Digest(own.0)).is_ok() {
            return self.here(actor, spell, Digest(own.0));
        }
        match self.spell(spell.as_str()) {
            Ok(known) => actor.check(Action::Author(&known.owner))?,
            Err(failure) if failure.code == Code::UnknownSpell => {}
            Err(failure) => return Err(failure),
        }
        Ok(Bound::New(Box::new(new)))
    }

    /// A revision that is here: its author may bind it, and everybody may once it was where everybody may cast it.
    fn here(self, actor: &Actor, spell: &SpellId, revision: Digest) -> Result<Bound, Failure> {
        let id = self.revision_of(spell.as_str(), &revision.to_string())?;
        self.refuse_taken_down(id)?;
        if !actor.may_author(&self.spell(spell.as_str())?.owner) && !self.was_open(spell, id)? {
            let message =
                format!("`{spell}` is somebody else's, and this revision was never on beta or stable");
            return Err(Failure::new(Code::Forbidden, message));
        }
        Ok(Bound::Here(id))
    }

    fn was_open(self, spell: &SpellId, revision: Digest) -> Result<bool, Failure> {
        let spell = spellhost_store::SpellId::parse(spell.as_str())?;
        for channel in [spellhost_store::Channel::Beta, spellhost_store::Channel::Stable] {
            if self.store.history(&spell, channel)?.iter().any(|entry| entry.to == revision) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn carried(self, spell: &SpellId, carried: &Carried) -> Result<New, Failure> {
        let (component, origin, files) = match carried {
            Carried::Component(component) => (component.clone(), Origin::default(), Vec::new()),
            Carried::Package(bundle) => {
                let origin = bundle.origin()?;
                let files = origin.files.iter().filter_map(|file| bundle.files().get(&file.path)).cloned();
                let files = files.collect();
                (bundle.component().to_vec(), origin, files)
            }
        };
        let built = Built::new(spell.clone(), &self.shelf.take(self.store, &component)?, &origin);
        Ok(New { built, component, files })
    }

    /// Keeps what a place brings, as its author's.
    fn bring(self, actor: &Actor, new: &New) -> Result<(Uploaded, bool), Failure> {
        let spell = new.built.spell.as_str();
        match self.spell(spell) {
            Ok(known) => actor.check(Action::Author(&known.owner))?,
            Err(_) => drop(self.create(actor, Some(spell), None)?),
        }
        let files: Vec<&[u8]> = new.files.iter().map(Vec::as_slice).collect();
        self.keep(actor, &new.built, &new.component, &files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recovery::recover;
    use spellhost_sim::{Terrain, WorldConfig};
    use spellhost_store::{NewWorld, Options};

    const CONFIG: WorldConfig = WorldConfig { terrain: Terrain::Flat, seed: 9 };
    const ENGINE: &str = "b3:engine";

    /// A world of a place that has played nothing yet.
    fn made(store: &Store, id: &str) -> WorldId {
        let scene = br#"{"seed": 9, "terrain": "flat", "entities": [{"at": [0, 0, 0]}],
            "edits": [{"op": "add", "center": [9, 3, 0], "radius": 4, "material": "ice"}]}"#;
        let files = [("place.toml", &b""[..]), ("scene.json", scene)];
        let files = files.map(|(path, content)| (path.to_owned(), content.to_vec())).into();
        let package = Place::new(files).and_then(|place| place.write()).expect("a place");
        let id = WorldId::parse(id).expect("an id");
        let channel = spellhost_store::Channel::Stable;
        let (name, owner, shape) = (id.to_string(), "guest".into(), "box".into());
        let (seed, terrain) = (CONFIG.seed, "flat".into());
        let new = NewWorld { world_id: id.clone(), name, owner, channel, shape, seed, terrain };
        store.create_world(new).expect("a world");
        let placed = Placed::keep(store, &package, BTreeMap::new()).expect("it is kept");
        save(store, &id, ENGINE, &World::new(CONFIG), &placed).expect("a snapshot");
        id
    }

    #[test]
    fn a_world_begins_as_its_place_wherever_its_host_ended_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path(), Options::default()).expect("a store").0;
        let (whole, torn) = (made(&store, "whole"), made(&store, "torn"));
        let begun = recover(&store, &whole, CONFIG, ENGINE).expect("it begins");
        assert_eq!((begun.world.tick(), begun.frames.len()), (1, 1));
        assert_eq!(begun.world.entities().count(), 1);
        assert!(begun.placed.package().is_some());
        let again = recover(&store, &whole, CONFIG, ENGINE).expect("it goes on");
        assert_eq!(again.world.state_hash(), begun.world.state_hash());
        assert_eq!(again.frames, begun.frames, "it begins once");
        // The frame was kept, and the snapshot after it was not.
        let frame = &begun.frames[0];
        store.append(&torn, &[(0, &frame.bytes)], &[]).expect("a log");
        let torn = recover(&store, &torn, CONFIG, ENGINE).expect("it goes on");
        assert_eq!((torn.world.tick(), torn.world.state_hash()), (1, begun.world.state_hash()));
    }
}
