//! A component that is ready to be cast: compiled, linked, described.
//!
//! Immutable and shared; every call makes a fresh instance of it ([`crate::casting`]).

use std::sync::{Arc, Weak};
use std::time::Duration;

use spellhost_sim::Digest;
use wasmtime::component::InstancePre;
use wasmtime::{AsContextMut, Module, Store};

use crate::abi;
use crate::admission::{Admitted, shown};
use crate::direct::Direct;
use crate::engine::{Engine, drifted};
use crate::info::SpellInfo;
use crate::instance::{CastParams, EventParams, Exports, Instance, MigrateParams};
use crate::limits::{DESCRIBE_FUEL, INSTANTIATE_FUEL, NATIVE_STACK_BYTES};
use crate::rejection::{Problem, Rejection, code};
use crate::report::TrapReport;
use crate::session::{Access, Session};
use crate::shape::{MODULE_EXPORT, Shape};
use crate::stop::{Stop, outcome_of};

/// A spell's component. Cheap to clone.
#[derive(Clone)]
pub struct Component(Arc<Inner>);

struct Inner {
    engine: Engine,
    admitted: Admitted,
    pre: InstancePre<Session>,
    exports: Exports,
    direct: Option<Direct>,
    info: SpellInfo,
    compile_time: Duration,
    instantiate_fuel: u64,
    describe_fuel: u64,
}

/// What `describe` left behind.
struct Described {
    info: abi::SpellInfo,
    /// The component's core module, where the component hands it out.
    module: Option<Module>,
    instantiate_fuel: u64,
    describe_fuel: u64,
}

/// A component that goes when nobody else keeps it.
#[derive(Clone, Default)]
pub struct WeakComponent(Weak<Inner>);

impl WeakComponent {
    /// The component, where somebody keeps it.
    pub fn upgrade(&self) -> Option<Component> {
        self.0.upgrade().map(Component)
    }
}

impl Component {
    /// The same without keeping it.
    pub fn downgrade(&self) -> WeakComponent {
        WeakComponent(Arc::downgrade(&self.0))
    }

    /// Describes a compiled component, on a thread of its own: a guest may use the whole wasm
    /// stack, which no thread of the caller promises.
    pub(crate) fn describe(
        engine: Engine,
        admitted: Admitted,
        pre: InstancePre<Session>,
        compile_time: Duration,
    ) -> Result<Self, Rejection> {
        let exports = Exports::find(&pre)?;
        let stack = engine.options().role.stack_bytes() + NATIVE_STACK_BYTES;
        let described = std::thread::scope(|scope| {
            let run = || run_describe(&engine, &pre, &exports);
            let thread = std::thread::Builder::new().name("describing".into()).stack_size(stack);
            let thread = thread.spawn_scoped(scope, run).map_err(|error| {
                Problem::new(code::DESCRIBE, format!("no thread to describe the component on: {error}"))
            })?;
            thread.join().unwrap_or_else(|_| {
                tracing::error!(component = %admitted.digest(), "the host panicked while a component described itself");
                Err(Problem::new(code::DESCRIBE, "the host failed while the component described itself"))
            })
        })?;
        let info = SpellInfo::from_guest(described.info).map_err(|wrong| {
            Problem::new(code::DESCRIBE, format!("describe returned a bad description: {wrong}"))
        })?;
        let Described { instantiate_fuel, describe_fuel, module, .. } = described;
        let direct = direct(&engine, &admitted, module);
        Ok(Self(Arc::new(Inner {
            engine,
            admitted,
            pre,
            exports,
            direct,
            info,
            compile_time,
            instantiate_fuel,
            describe_fuel,
        })))
    }

    /// BLAKE3 of the bytes.
    pub fn digest(&self) -> Digest {
        self.0.admitted.digest()
    }

    /// How many bytes.
    pub fn size(&self) -> usize {
        self.0.admitted.size()
    }

    /// What the spell says of itself.
    pub fn info(&self) -> &SpellInfo {
        &self.0.info
    }

    /// The interfaces that it imports: what it can see and do.
    pub fn capabilities(&self) -> &[String] {
        self.0.admitted.capabilities()
    }

    /// What admission knows of it.
    pub fn admitted(&self) -> &Admitted {
        &self.0.admitted
    }

    /// How long compiling took.
    pub fn compile_time(&self) -> Duration {
        self.0.compile_time
    }

    /// Fuel of one instantiation: on a fixed amount of its own, no part of a call's fuel. A revision names it, and the
    /// caster's bucket pays it.
    pub fn instantiate_fuel(&self) -> u64 {
        self.0.instantiate_fuel
    }

    /// Fuel that `describe` used.
    pub fn describe_fuel(&self) -> u64 {
        self.0.describe_fuel
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Whether its calls run its core module alone.
    pub fn is_direct(&self) -> bool {
        self.0.direct.is_some()
    }

    pub(crate) fn instantiate(&self, store: &mut Store<Session>) -> wasmtime::Result<Instance<'_>> {
        let Inner { direct, pre, exports, .. } = &*self.0;
        Ok(match direct {
            Some(direct) => Instance::Direct(direct.instantiate(store)?, direct),
            None => Instance::Component(pre.instantiate(store)?, exports),
        })
    }

    /// Fuel of an instantiation that has left `store` what it has.
    pub(crate) fn instantiation(&self, store: &Store<Session>) -> u64 {
        match self.0.direct {
            // Shim and fixup are not made; what they cost is always the same, and admission has measured it.
            Some(_) => self.0.instantiate_fuel,
            None => INSTANTIATE_FUEL.saturating_sub(store.get_fuel().unwrap_or(0)),
        }
    }
}

impl std::fmt::Debug for Component {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Component({}, {})", self.0.info.display_name, self.digest())
    }
}

impl Exports {
    fn find(pre: &InstancePre<Session>) -> Result<Self, Problem> {
        let find = |name: &str| {
            let missing = || Problem::new(code::EXPORT, format!("the component does not export `{name}`"));
            pre.component().get_export_index(None, name).ok_or_else(missing)
        };
        Ok(Self {
            describe: find("describe")?,
            cast: find("cast")?,
            on_event: find("on-event")?,
            migrate: find("migrate")?,
            module: pre.component().get_export_index(None, MODULE_EXPORT),
        })
    }

    /// Compares the signatures of the exports with the contract's.
    fn check(
        &self,
        mut store: impl AsContextMut,
        instance: wasmtime::component::Instance,
    ) -> wasmtime::Result<()> {
        let named = |name: &'static str| {
            move |error: wasmtime::Error| error.context(format!("`{name}` has another signature"))
        };
        instance
            .get_typed_func::<CastParams<'_>, abi::Answer>(&mut store, self.cast)
            .map_err(named("cast"))?;
        instance
            .get_typed_func::<EventParams<'_>, abi::Answer>(&mut store, self.on_event)
            .map_err(named("on-event"))?;
        instance
            .get_typed_func::<MigrateParams<'_>, abi::Migrated>(&mut store, self.migrate)
            .map_err(named("migrate"))?;
        Ok(())
    }
}

/// The core module, ready to run alone, where the component has the usual shape and the engine runs it so.
fn direct(engine: &Engine, admitted: &Admitted, module: Option<Module>) -> Option<Direct> {
    let (shape, module) = (Shape::of(admitted.bytes()).filter(|_| engine.is_direct())?, module?);
    match Direct::new(engine.wasmtime(), &shape, &module) {
        Ok(direct) => Some(direct),
        Err(error) => {
            // The component itself runs as well.
            tracing::error!(component = %admitted.digest(), "a core module cannot be linked alone: {error:#}");
            None
        }
    }
}

fn run_describe(
    engine: &Engine,
    pre: &InstancePre<Session>,
    exports: &Exports,
) -> Result<Described, Problem> {
    let instantiate =
        |error: &wasmtime::Error| failed(code::INSTANTIATE, "instantiating the component", error);
    // Given back after the store is gone.
    let _slot = engine.slot();
    let mut store = engine
        .store(Session::without_world([0; 32]), INSTANTIATE_FUEL)
        .map_err(|error| instantiate(&error))?;
    // Fuel alone ends a description.
    store.epoch_deadline_callback(|_| Ok(wasmtime::UpdateDeadline::Continue(1)));
    store.set_epoch_deadline(1);
    let instance = pre.instantiate(&mut store).map_err(|error| instantiate(&error))?;
    let instantiate_fuel = INSTANTIATE_FUEL.saturating_sub(store.get_fuel().unwrap_or(0));
    exports.check(&mut store, instance).map_err(|error| drifted(&error))?;
    let module = exports.module.and_then(|module| instance.get_module(&mut store, module));
    let describe = instance
        .get_typed_func::<(), (abi::SpellInfo,)>(&mut store, exports.describe)
        .map_err(|error| drifted(&error.context("`describe` has another signature")))?;
    let describing = |error: &wasmtime::Error| failed(code::DESCRIBE, "describe", error);
    store.set_fuel(DESCRIBE_FUEL).map_err(|error| describing(&error))?;
    store.data_mut().access = Access::Describing;
    let (info,) = describe.call(&mut store, ()).map_err(|error| describing(&error))?;
    let describe_fuel = DESCRIBE_FUEL.saturating_sub(store.get_fuel().unwrap_or(0));
    Ok(Described { info, module, instantiate_fuel, describe_fuel })
}

/// A run at admission that did not return, in words.
fn failed(code: &'static str, what: &str, error: &wasmtime::Error) -> Problem {
    if let Some(Stop::Describing { function, said }) = error.downcast_ref() {
        let said = said.as_deref().map(|said| format!(", saying: {}", shown(said))).unwrap_or_default();
        let message =
            format!("{what} called `{function}`, which does not answer while a spell describes itself{said}");
        return Problem::new(code, message).hint("return constants from describe; use the world in cast");
    }
    let (outcome, report) = outcome_of(error);
    let report = report.unwrap_or_else(|| TrapReport::new(outcome.kind(), error));
    let place = report.location().map(|place| format!(" in {place}")).unwrap_or_default();
    Problem::new(code, format!("{what} did not return: {}{place}", report.message))
}
