//! What every verifying client of one process shares: the engine, its casting threads, and the
//! components that are compiled.
//!
//! Promises one compilation for each component, however many clients need it at once, and a bound
//! on how many are kept. Compiles in this process: admission bounds what that can take. Knows no host.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use spellhost_runtime::{Caster, Component, Engine, EngineOptions, Policy, Role, admit};
use spellhost_wire::Digest;

use crate::error::ClientError;
use crate::limits::COMPONENTS_MAX;

/// A place for one component, filled by the first who needs it.
type Place = Arc<Mutex<Option<Component>>>;

/// The shared kit. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Kit(Arc<Inner>);

struct Inner {
    engine: Engine,
    caster: Caster,
    policy: Policy,
    places: Mutex<BTreeMap<Digest, Place>>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Kit").field("caster", &self.caster).finish_non_exhaustive()
    }
}

impl Kit {
    /// A kit of its own engine, with so many casting threads. Once in a process is enough.
    ///
    /// # Errors
    /// Where the engine or the threads cannot be had.
    pub fn new(threads: usize) -> Result<Self, ClientError> {
        let no_engine = |error: &dyn std::error::Error| ClientError::NoEngine(error.to_string());
        // What finished on a host finishes here: a re-executor has the deeper stack.
        let options = EngineOptions { role: Role::Reexecutor, ..EngineOptions::default() };
        let engine = Engine::new(options).map_err(|error| no_engine(&error))?;
        let caster = Caster::new(&engine, threads).map_err(|error| no_engine(&error))?;
        let inner = Inner { engine, caster, policy: Policy::decided_elsewhere(), places: Mutex::default() };
        Ok(Self(Arc::new(inner)))
    }

    /// The engine id: what a host has to have for its worlds to be verified.
    pub fn engine_id(&self) -> Digest {
        Digest(self.0.engine.id().0)
    }

    pub(crate) fn caster(&self) -> &Caster {
        &self.0.caster
    }

    /// A component that was compiled before.
    pub(crate) fn get(&self, digest: Digest) -> Option<Component> {
        let place = self.0.places.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned()?;
        let component = place.lock().unwrap_or_else(PoisonError::into_inner);
        component.clone()
    }

    /// Checks and compiles a component, on the thread of the caller.
    pub(crate) fn compile(&self, digest: Digest, bytes: &[u8]) -> Result<Component, String> {
        let place = self.place(digest);
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(component) = &*place {
            return Ok(component.clone());
        }
        let admitted = admit(bytes, &self.0.policy).map_err(|rejection| rejection.to_string())?;
        let component = self.0.engine.load(admitted).map_err(|rejection| rejection.to_string())?;
        *place = Some(component.clone());
        Ok(component)
    }

    fn place(&self, digest: Digest) -> Place {
        let mut places = self.0.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= COMPONENTS_MAX && !places.contains_key(&digest) {
            // Who still uses it has it; whoever needs it later compiles it anew.
            places.pop_first();
        }
        places.entry(digest).or_default().clone()
    }
}
