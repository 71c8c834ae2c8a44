//! Components that are compiled, and what their revisions are to the simulation.
//!
//! Compiles in a child process while the caller waits, who must not be a tick. Promises one compilation for each
//! component, however many ask at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use spellhost_forge::{Cancel, LoadError, Workbench};
use spellhost_runtime::{Component, Engine, Policy, admit};
use spellhost_sim::{Digest, RevisionRef};
use spellhost_store::{Blobs, Store};
use spellhost_wire::Code;

use crate::failure::Failure;

/// A place for one component, filled by the first who needs it.
type Place = Arc<Mutex<Option<Component>>>;

/// Compiled components by digest.
pub struct Shelf {
    engine: Engine,
    policy: Policy,
    workbench: Workbench,
    places: Mutex<BTreeMap<Digest, Place>>,
}

impl Shelf {
    /// An empty shelf.
    pub fn new(engine: Engine, policy: Policy, workbench: Workbench) -> Self {
        Self { engine, policy, workbench, places: Mutex::default() }
    }

    /// The engine that compiles.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Checks and compiles bytes from outside.
    ///
    /// # Errors
    /// `not_a_spell`, with the limit or the reason.
    pub fn take(&self, bytes: &[u8]) -> Result<Component, Failure> {
        let not_a_spell =
            |rejection: spellhost_runtime::Rejection| Failure::new(Code::NotASpell, rejection.message());
        let admitted = admit(bytes, &self.policy).map_err(not_a_spell)?;
        let place = self.place(admitted.digest());
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(component) = &*place {
            return Ok(component.clone());
        }
        let component =
            self.workbench.load(&self.engine, admitted, &Cancel::new()).map_err(|error| match error {
                LoadError::Rejected(rejection) => not_a_spell(rejection),
                other => Failure::internal(&other),
            })?;
        *place = Some(component.clone());
        Ok(component)
    }

    /// The component of a digest, from the store where it is not compiled yet.
    ///
    /// # Errors
    /// Where the store has no such component, or it is not acceptable any more.
    pub fn component(&self, store: &Store, digest: Digest) -> Result<Component, Failure> {
        let place = self.place(digest);
        if let Some(component) = &*place.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(component.clone());
        }
        let bytes = store.get(&spellhost_store::Digest(digest.0)).map_err(Failure::from)?;
        self.take(&bytes)
    }

    fn place(&self, digest: Digest) -> Place {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).entry(digest).or_default().clone()
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
