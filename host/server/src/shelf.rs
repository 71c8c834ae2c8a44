//! Components that are compiled, and what their revisions are to the simulation.
//!
//! Compiles in a child process while the caller waits, who must not be a tick. Promises one compilation for each
//! component, however many ask at once, and none where this machine has compiled it before: code is
//! kept in the store, sealed with the host's key. Code without that seal, or of another engine or
//! processor, is never loaded. What nobody uses leaves the memory once others were used since.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use spellhost_forge::{Cancel, LoadError, Workbench};
use spellhost_runtime::{
    Admitted, Artefact, ArtefactKey, Caster, Component, Engine, Policy, WeakComponent, admit,
};
use spellhost_sim::{Digest, RevisionRef};
use spellhost_store::{Blobs, Store};
use spellhost_wire::Code;

use crate::failure::Failure;
use crate::limits::{ARTEFACT_BYTES_MAX, SHELF_COMPONENTS_MAX};

/// A place for one component, filled by the first who needs it.
type Place = Arc<Mutex<WeakComponent>>;

/// Where components are found, and which of them stay although nobody uses them.
#[derive(Default)]
struct Places {
    by_digest: BTreeMap<Digest, Place>,
    /// The newest last.
    recent: VecDeque<Component>,
}

impl Places {
    fn place(&mut self, digest: Digest) -> Place {
        if let Some(place) = self.by_digest.get(&digest) {
            return place.clone();
        }
        // A place that somebody holds is about to be filled.
        self.by_digest.retain(|_, place| {
            let is_held = Arc::strong_count(place) > 1;
            is_held || place.lock().is_ok_and(|component| component.upgrade().is_some())
        });
        self.by_digest.entry(digest).or_default().clone()
    }

    fn live(&self) -> usize {
        // One that is being filled is not waited for.
        let is_live = |place: &&Place| place.try_lock().is_ok_and(|component| component.upgrade().is_some());
        self.by_digest.values().filter(is_live).count()
    }

    fn used(&mut self, component: &Component) {
        self.recent.retain(|recent| recent.digest() != component.digest());
        self.recent.push_back(component.clone());
        if self.recent.len() > SHELF_COMPONENTS_MAX {
            self.recent.pop_front();
        }
    }
}

/// Compiled components by digest.
pub struct Shelf {
    engine: Engine,
    policy: Policy,
    workbench: Workbench,
    key: ArtefactKey,
    /// Where revisions are tried: a thread of its own.
    rehearsing: Caster,
    places: Mutex<Places>,
}

impl Shelf {
    /// An empty shelf; `secret` is the host's own.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn new(
        engine: Engine,
        policy: Policy,
        workbench: Workbench,
        secret: [u8; 32],
    ) -> std::io::Result<Self> {
        let key = ArtefactKey::from_bytes(blake3::derive_key("spellhost compiled components", &secret));
        let rehearsing = Caster::new(&engine, 1)?;
        Ok(Self { engine, policy, workbench, key, rehearsing, places: Mutex::default() })
    }

    /// Where revisions are tried.
    pub fn rehearsing(&self) -> &Caster {
        &self.rehearsing
    }

    /// The engine that compiles.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// How many compiled components are in memory.
    pub fn len(&self) -> usize {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).live()
    }

    /// Takes what this shelf's own engine has compiled elsewhere.
    pub fn put(&self, component: &Component) {
        *self.place(component.digest()).lock().unwrap_or_else(PoisonError::into_inner) =
            component.downgrade();
        self.used(component);
    }

    /// Checks and compiles bytes from outside.
    ///
    /// # Errors
    /// `not_a_spell`, with the limit or the reason.
    pub fn take(&self, store: &Store, bytes: &[u8]) -> Result<Component, Failure> {
        let not_a_spell =
            |rejection: spellhost_runtime::Rejection| Failure::new(Code::NotASpell, rejection.message());
        let admitted = admit(bytes, &self.policy).map_err(not_a_spell)?;
        let place = self.place(admitted.digest());
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(component) = place.upgrade() {
            return Ok(component);
        }
        let component = match self.kept(store, bytes) {
            Some(component) => component,
            None => self.compile(store, admitted).map_err(|error| match error {
                LoadError::Rejected(rejection) => not_a_spell(rejection),
                other => Failure::internal(&other),
            })?,
        };
        *place = component.downgrade();
        self.used(&component);
        Ok(component)
    }

    /// A component whose code the store has, with our seal and for this engine and processor.
    fn kept(&self, store: &Store, bytes: &[u8]) -> Option<Component> {
        let admitted = admit(bytes, &self.policy).ok()?;
        let digest = admitted.digest();
        let kept = with_key(&self.engine, digest, |key| store.artefact(key)).ok()??;
        let loaded =
            Artefact::open(kept, &self.key).map_err(|error| error.to_string()).and_then(|artefact| {
                self.engine.load_artefact(admitted, &artefact).map_err(|rejection| rejection.to_string())
            });
        match loaded {
            Ok(component) => Some(component),
            Err(reason) => {
                tracing::warn!(component = %digest, reason, "kept code is not used; it is made again");
                None
            }
        }
    }

    /// Compiles in a child, and keeps the code.
    fn compile(&self, store: &Store, admitted: Admitted) -> Result<Component, LoadError> {
        let digest = admitted.digest();
        let artefact = self.workbench.compile(self.engine.options().codegen, &admitted, &Cancel::new())?;
        let component = self.engine.load_artefact(admitted, &artefact)?;
        let sealed = artefact.seal(&self.key);
        let kept = with_key(&self.engine, digest, |key| store.put_artefact(key, &sealed))
            .and_then(|()| store.evict_artefacts(ARTEFACT_BYTES_MAX));
        if let Err(error) = kept {
            tracing::warn!(%error, "compiled code is not kept");
        }
        Ok(component)
    }

    /// The component of a digest, from the store where it is not compiled yet.
    ///
    /// # Errors
    /// Where the store has no such component, or it is not acceptable any more.
    pub fn component(&self, store: &Store, digest: Digest) -> Result<Component, Failure> {
        let kept = self.place(digest).lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        if let Some(component) = kept {
            self.used(&component);
            return Ok(component);
        }
        let bytes = store.get(&spellhost_store::Digest(digest.0)).map_err(Failure::from)?;
        self.take(store, &bytes)
    }

    fn place(&self, digest: Digest) -> Place {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).place(digest)
    }

    fn used(&self, component: &Component) {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).used(component);
    }

    /// What a stored revision is to the simulation, with its component.
    ///
    /// # Errors
    /// As [`Shelf::component`].
    pub fn revision(&self, store: &Store, id: Digest) -> Result<(RevisionRef, Component), Failure> {
        let own = spellhost_store::Digest(id.0);
        let manifest = store.manifest(&own).map_err(Failure::from)?;
        let reference =
            spellhost_lockstep::reference(&manifest).map_err(|error| Failure::internal(&error))?;
        Ok((reference, self.component(store, reference.component)?))
    }
}

/// Names the code of a component for this engine and processor.
fn with_key<T>(
    engine: &Engine,
    component: Digest,
    work: impl FnOnce(&spellhost_store::ArtefactKey<'_>) -> T,
) -> T {
    let (own, target) = (spellhost_store::Digest(component.0), engine.target().to_string());
    let engine_id = engine.id().to_string();
    work(&spellhost_store::ArtefactKey { component: &own, engine_id: &engine_id, features: &target })
}
