//! The engine: wasmtime configured once, and the linker with every import.
//!
//! One engine a process is enough, and stores of two must not be mixed. Does not know which
//! components exist ([`crate::Library`]) nor when they run ([`crate::Caster`]).

use std::sync::Arc;
use std::time::{Duration, Instant};

use spellhost_sim::Digest;
use wasmtime::Store;
use wasmtime::component::Linker;

use crate::admission::Admitted;
use crate::artefact::Artefact;
use crate::compiler::refused;
use crate::component::Component;
use crate::identity::{engine_id, target};
use crate::limits::{CONCURRENT_CALLS_MAX, HOST_CALL_BYTES};
use crate::linking;
use crate::log::escaped;
use crate::rejection::{Problem, Rejection, code};
use crate::session::Session;
use crate::settings::{Codegen, Role, engine_config};
use crate::shape::Shape;
use crate::slots::{Slot, Slots};
use crate::trusted;

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

impl From<wasmtime::Error> for EngineError {
    fn from(error: wasmtime::Error) -> Self {
        Self { message: format!("{error:#}") }
    }
}

/// What compiles and runs components. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    wasmtime: wasmtime::Engine,
    linker: Linker<Session>,
    options: EngineOptions,
    direct: bool,
    id: Digest,
    target: Digest,
    slots: Slots,
}

impl Engine {
    /// Makes an engine.
    ///
    /// One of optimised or interpreted code runs a spell's core module alone where it can; one of
    /// [`Codegen::NativeUnoptimised`] is a second opinion on that as well, and runs components.
    ///
    /// # Errors
    /// Where the system has too little address space, or the processor is not known.
    pub fn new(options: EngineOptions) -> Result<Self, EngineError> {
        Self::with(options, options.codegen != Codegen::NativeUnoptimised, linking::linker)
    }

    /// Makes an engine that runs every component as the component that it is: slower, and what the
    /// other way is compared with.
    ///
    /// # Errors
    /// As [`Engine::new`].
    pub fn of_components(options: EngineOptions) -> Result<Self, EngineError> {
        Self::linked(options, linking::linker)
    }

    /// Makes an engine of components, with imports of one's own.
    pub(crate) fn linked(
        options: EngineOptions,
        link: impl FnOnce(&wasmtime::Engine) -> wasmtime::Result<Linker<Session>>,
    ) -> Result<Self, EngineError> {
        Self::with(options, false, link)
    }

    fn with(
        options: EngineOptions,
        direct: bool,
        link: impl FnOnce(&wasmtime::Engine) -> wasmtime::Result<Linker<Session>>,
    ) -> Result<Self, EngineError> {
        let config = engine_config(options.codegen, options.role)?;
        let wasmtime = wasmtime::Engine::new(&config)?;
        let linker = link(&wasmtime)?;
        let target = target(&wasmtime, options.codegen);
        let slots = Slots::new(CONCURRENT_CALLS_MAX);
        Ok(Self(Arc::new(Inner { wasmtime, linker, options, direct, id: engine_id(), target, slots })))
    }

    /// Whether core modules run alone where they can.
    pub(crate) fn is_direct(&self) -> bool {
        self.0.direct
    }

    /// The engine id: engines of equal id give equal results, however they make code.
    pub fn id(&self) -> Digest {
        self.0.id
    }

    /// What it was made as.
    pub fn options(&self) -> EngineOptions {
        self.0.options
    }

    /// What its code is made for: the engine id, the way of making code, and this processor's
    /// features. With a component's digest it is the name of an [`Artefact`].
    pub fn target(&self) -> Digest {
        self.0.target
    }

    /// Compiles a component in this process, links it, and runs its `describe` once.
    ///
    /// For components that one trusts not to be compile bombs, such as those that a host took
    /// before. A host that takes a stranger's bytes has a child process compile them
    /// (`spellhost_forge::Workbench`), with limits on time and memory, and loads what comes back.
    ///
    /// # Errors
    /// A [`Rejection`] where a signature differs from the contract's, the component cannot be
    /// instantiated, or its description is not acceptable.
    pub fn load(&self, admitted: Admitted) -> Result<Component, Rejection> {
        let start = Instant::now();
        let compiled = wasmtime::component::Component::from_binary(
            &self.0.wasmtime,
            &Shape::compilable(admitted.bytes()),
        )
        .map_err(|error| refused(&error))?;
        self.link(admitted, &compiled, start.elapsed())
    }

    /// Loads a component that was compiled elsewhere, links it, and runs its `describe` once.
    ///
    /// # Errors
    /// As [`Engine::load`], and where the code was made from other bytes or for another target.
    pub fn load_artefact(&self, admitted: Admitted, artefact: &Artefact) -> Result<Component, Rejection> {
        let wrong = |message: String| Problem::new(code::COMPILE, message);
        if artefact.component() != admitted.digest() {
            let (is, wanted) = (artefact.component(), admitted.digest());
            return Err(wrong(format!("the code was made from {is}, and the component is {wanted}")).into());
        }
        if artefact.target() != self.0.target {
            return Err(wrong("the code was made for another engine or processor".into()).into());
        }
        let compiled = trusted::component(&self.0.wasmtime, artefact)
            .map_err(|error| wrong(format!("the code does not load: {error:#}")))?;
        self.link(admitted, &compiled, artefact.compile_time())
    }

    fn link(
        &self,
        admitted: Admitted,
        compiled: &wasmtime::component::Component,
        compile_time: Duration,
    ) -> Result<Component, Rejection> {
        let pre = self.0.linker.instantiate_pre(compiled).map_err(|error| drifted(&error))?;
        Component::describe(self.clone(), admitted, pre, compile_time)
    }

    /// Waits for a place in the pool; whoever makes an instance holds one for as long.
    pub(crate) fn slot(&self) -> Slot<'_> {
        self.0.slots.take()
    }

    #[cfg(test)]
    pub(crate) fn slots(&self) -> &Slots {
        &self.0.slots
    }

    /// How many instances live now: none between two ticks.
    pub fn live_instances(&self) -> u64 {
        self.0.wasmtime.pooling_allocator_metrics().map_or(0, |pool| pool.core_instances())
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
