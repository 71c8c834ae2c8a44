//! The engine: wasmtime configured once, and the linker with every import.
//!
//! One engine a process is enough, and stores of two must not be mixed. Does not know which
//! components exist ([`crate::Library`]) nor when they run ([`crate::Caster`]).

use std::sync::Arc;
use std::time::Instant;

use spellhost_sim::Digest;
use wasmtime::Store;
use wasmtime::component::Linker;

use crate::admission::Admitted;
use crate::component::Component;
use crate::identity::engine_id;
use crate::limits::HOST_CALL_BYTES;
use crate::linking;
use crate::log::escaped;
use crate::rejection::{Problem, Rejection, code};
use crate::session::Session;
use crate::settings::{Codegen, Role, engine_config};

/// Which engine to make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the types say it")]
pub struct EngineOptions {
    pub codegen: Codegen,
    pub role: Role,
}

/// Why there is no engine: this processor or system cannot run it.
#[derive(Debug, thiserror::Error)]
#[error("the casting engine cannot start: {message}")]
pub struct EngineError {
    message: String,
}

/// What compiles and runs components. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    wasmtime: wasmtime::Engine,
    linker: Linker<Session>,
    options: EngineOptions,
    id: Digest,
}

impl Engine {
    /// Makes an engine.
    ///
    /// # Errors
    /// Where the system has too little address space, or the processor is not known.
    pub fn new(options: EngineOptions) -> Result<Self, EngineError> {
        Self::linked(options, linking::linker)
    }

    /// Makes an engine with imports of one's own.
    pub(crate) fn linked(
        options: EngineOptions,
        link: impl FnOnce(&wasmtime::Engine) -> wasmtime::Result<Linker<Session>>,
    ) -> Result<Self, EngineError> {
        let failed = |error: wasmtime::Error| EngineError { message: format!("{error:#}") };
        let config = engine_config(options.codegen, options.role).map_err(failed)?;
        let wasmtime = wasmtime::Engine::new(&config).map_err(failed)?;
        let linker = link(&wasmtime).map_err(failed)?;
        Ok(Self(Arc::new(Inner { wasmtime, linker, options, id: engine_id() })))
    }

    /// The engine id: engines of equal id give equal results, however they make code.
    pub fn id(&self) -> Digest {
        self.0.id
    }

    /// What it was made as.
    pub fn options(&self) -> EngineOptions {
        self.0.options
    }

    /// Compiles a component, links it, and runs its `describe` once.
    ///
    /// # Errors
    /// A [`Rejection`] where a signature differs from the contract's, the component cannot be
    /// instantiated, or its description is not acceptable.
    pub fn load(&self, admitted: Admitted) -> Result<Component, Rejection> {
        let start = Instant::now();
        let compiled = wasmtime::component::Component::from_binary(&self.0.wasmtime, admitted.bytes())
            .map_err(|error| {
                Problem::new(
                    code::COMPILE,
                    format!("the component does not compile: {}", escaped(&format!("{error:#}"))),
                )
            })?;
        let compile_time = start.elapsed();
        let pre = self.0.linker.instantiate_pre(&compiled).map_err(|error| drifted(&error))?;
        Component::describe(self.clone(), admitted, pre, compile_time)
    }

    pub(crate) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.0.wasmtime
    }

    /// A store for one call, with `fuel` for instantiation.
    pub(crate) fn store(&self, session: Session, fuel: u64) -> wasmtime::Result<Store<Session>> {
        let mut store = Store::try_new(&self.0.wasmtime, session)?;
        store.limiter(|session| &mut session.quota);
        store.set_hostcall_fuel(HOST_CALL_BYTES);
        store.set_fuel(fuel)?;
        Ok(store)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Engine({:?}, {})", self.0.options, self.0.id)
    }
}

/// A signature that is not the contract's, in words.
pub(crate) fn drifted(error: &wasmtime::Error) -> Problem {
    let error = escaped(&format!("{error:#}"));
    Problem::new(code::SIGNATURE, format!("the component does not fit spellhost:spell@0.1.0: {error}"))
        .hint("build it again with the SDK, whose bindings are made from the released contract")
}
