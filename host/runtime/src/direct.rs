//! A spell's core module, run alone: the step below the floor of components.
//!
//! Where a component has the usual [`Shape`], its parts do nothing that the host could not do for the closed set of
//! functions of the contract: the module's imports are linked to the host's functions directly, arguments and results
//! cross by [`crate::canonical`], and what the shim would have cost is charged. One core instance is made instead of
//! three and a component around them. Promises the same outcome, fuel, commands, state and log as the component, call by
//! call; the component is the reference that tests and certificates compare with.
//!
//! Does not know what a function does, nor what it costs beside the shim.

use std::mem::MaybeUninit;
use std::sync::Arc;

use wasmtime::component::ComponentType;
use wasmtime::{
    AsContextMut, Caller, Extern, FuncType, Instance, InstancePre, Linker, Module, ModuleExport, Store,
    StoreContextMut, Trap, ValRaw, bail, format_err,
};

use crate::abi;
use crate::canonical::{Answer, Flat, Guest, Lifting, Load, Lowering, Params, Store as _, may_leave};
use crate::instance::{CastParams, EventParams};
use crate::limits::{HOST_CALL_BYTES, TRACED_HOST_CALL_BYTES};
use crate::linking;
use crate::session::Session;
use crate::settings::operator_cost;
use crate::shape::{Import, Lifted, Shape};
use crate::words::WordExport;

type Context<'a> = StoreContextMut<'a, Session>;

/// A core module that is ready to be instantiated.
pub(crate) struct Direct {
    pre: InstancePre<Session>,
    /// What the shim's table would take of a call's tables.
    shim_elements: usize,
    memory: ModuleExport,
    realloc: WordExport<4>,
    cast: Export<1>,
    on_event: Export<1>,
    migrate: Export<4>,
}

/// A function behind one of the spell's exports.
struct Export<const PARAMS: usize> {
    function: WordExport<PARAMS>,
    post_return: Option<WordExport<1>>,
}

impl Direct {
    /// Links the core module of a component of this shape.
    ///
    /// # Errors
    /// Where the module is not what the shape says, which a valid component's is.
    pub(crate) fn new(engine: &wasmtime::Engine, shape: &Shape, module: &Module) -> wasmtime::Result<Self> {
        let mut imports = Imports { linker: Linker::new(engine), wanted: wanted(shape, module)? };
        linking::link_direct(&mut imports)?;
        let memory = module.get_export_index(&shape.memory);
        Ok(Self {
            pre: imports.linker.instantiate_pre(module)?,
            shim_elements: shape.shim_elements,
            memory: memory.ok_or_else(|| format_err!("the core module does not export its memory"))?,
            realloc: WordExport::find(module, &shape.realloc)?,
            cast: Export::find(module, &shape.cast)?,
            on_event: Export::find(module, &shape.on_event)?,
            migrate: Export::find(module, &shape.migrate)?,
        })
    }

    /// Makes an instance.
    pub(crate) fn instantiate(&self, store: &mut Store<Session>) -> wasmtime::Result<Instance> {
        store.data_mut().quota.take_table(self.shim_elements);
        let instance = self.pre.instantiate(&mut *store)?;
        let memory = instance.get_module_export(&mut *store, &self.memory).and_then(Extern::into_memory);
        let memory = memory.ok_or_else(|| format_err!("the core module has no memory"))?;
        let realloc = self.realloc.of(&mut *store, instance)?;
        let traced = store.data().trace.is_some();
        let host_call_bytes = if traced { TRACED_HOST_CALL_BYTES } else { HOST_CALL_BYTES };
        store.data_mut().guest = Some(Guest { memory, realloc, may_leave: true, host_call_bytes });
        Ok(instance)
    }

    /// Calls `cast`.
    pub(crate) fn cast(
        &self,
        store: &mut Store<Session>,
        instance: Instance,
        context: &abi::CastContext,
    ) -> wasmtime::Result<abi::Answer> {
        let write = |cx: &mut Lowering<'_>, at: usize| context.store(cx, at);
        let at = Lowering::new(store.as_context_mut())?.spill::<CastParams<'_>>(write)?;
        self.cast.call(store, instance, [at])
    }

    /// Calls `on-event`.
    pub(crate) fn on_event(
        &self,
        store: &mut Store<Session>,
        instance: Instance,
        context: &abi::CastContext,
        event: &abi::SpellEvent,
    ) -> wasmtime::Result<abi::Answer> {
        let write = |cx: &mut Lowering<'_>, at: usize| {
            context.store(cx, at)?;
            let after = abi::CastContext::SIZE32.next_multiple_of(abi::SpellEvent::ALIGN32 as usize);
            event.store(cx, at + after)
        };
        let at = Lowering::new(store.as_context_mut())?.spill::<EventParams<'_>>(write)?;
        self.on_event.call(store, instance, [at])
    }

    /// Calls `migrate`.
    pub(crate) fn migrate(
        &self,
        store: &mut Store<Session>,
        instance: Instance,
        from: &str,
        state: &[u8],
    ) -> wasmtime::Result<abi::Migrated> {
        let mut lowering = Lowering::new(store.as_context_mut())?;
        let (from, from_len) = lowering.text(from)?;
        let (state, state_len) = lowering.list(state)?;
        // Each lies in a memory of 32 bits.
        self.migrate.call(store, instance, [from, from_len, state, state_len].map(|word| word as u32))
    }
}

impl<const PARAMS: usize> Export<PARAMS> {
    fn find(module: &Module, lifted: &Lifted) -> wasmtime::Result<Self> {
        let post_return =
            lifted.post_return.as_deref().map(|name| WordExport::find(module, name)).transpose()?;
        Ok(Self { function: WordExport::find(module, &lifted.function)?, post_return })
    }

    /// Calls the function and lifts what it returned; then the guest cleans up, and imports do not answer.
    fn call<R: Load>(
        &self,
        store: &mut Store<Session>,
        instance: Instance,
        params: [u32; PARAMS],
    ) -> wasmtime::Result<R> {
        let returned = self.function.of(&mut *store, instance)?.call(&mut *store, params)?;
        let answer = Lifting::new(&store.as_context_mut())?.returned(returned)?;
        if let Some(post_return) = &self.post_return {
            let post_return = post_return.of(&mut *store, instance)?;
            may_leave(&mut store.as_context_mut(), false);
            post_return.call(&mut *store, [returned])?;
            may_leave(&mut store.as_context_mut(), true);
        }
        Ok(answer)
    }
}

/// The imports that a module wants, and those that are linked.
pub(crate) struct Imports {
    linker: Linker<Session>,
    wanted: Vec<Wanted>,
}

struct Wanted {
    module: String,
    field: String,
    function: String,
    shim_params: Option<u64>,
    ty: FuncType,
}

fn wanted(shape: &Shape, module: &Module) -> wasmtime::Result<Vec<Wanted>> {
    let with_type = |(import, has): (&Import, wasmtime::ImportType<'_>)| {
        let named = (has.module(), has.name()) == (&*import.module, &*import.field);
        let ty = has.ty().func().filter(|_| named).cloned();
        let Import { module, field, function, shim_params } = import;
        Ok(Wanted {
            module: module.clone(),
            field: field.clone(),
            function: function.clone(),
            shim_params: *shim_params,
            ty: ty.ok_or_else(|| format_err!("the core module imports something else than `{function}`"))?,
        })
    };
    if module.imports().len() != shape.imports.len() {
        bail!("the core module has other imports than its component gives it");
    }
    shape.imports.iter().zip(module.imports()).map(with_type).collect()
}

impl Imports {
    /// Links `interface.function` wherever the module wants it.
    pub(crate) fn define<P: Params, R: Answer>(
        &mut self,
        function: &'static str,
        act: impl Fn(&mut Context<'_>, P) -> wasmtime::Result<R> + Send + Sync + 'static,
    ) -> wasmtime::Result<()> {
        let act = Arc::new(act);
        let mut params = P::types();
        let passed = params.len();
        params.extend(R::IN_MEMORY.then_some(wasmtime::ValType::I32));
        let expected = FuncType::new(self.linker.engine(), params.iter().cloned(), R::CORE);
        for wanted in self.wanted.iter().filter(|wanted| wanted.function == function) {
            // A shim that drops or invents parameters is none.
            let whole = wanted.shim_params.is_none_or(|shim| shim == params.len() as u64);
            if !FuncType::eq(&wanted.ty, &expected) || !whole {
                bail!("the core module imports `{function}` with another type");
            }
            let (act, shim_fuel) = (act.clone(), wanted.shim_params.map(shim_fuel));
            let call = move |mut caller: Caller<'_, Session>, values: &mut [MaybeUninit<ValRaw>]| {
                let mut cx = caller.as_context_mut();
                pass(&mut cx, shim_fuel)?;
                // SAFETY: the function was defined with `expected` as its type, so wasmtime has written as many
                // values as it has parameters: `passed`, and where the answer goes if it goes to memory.
                #[allow(unsafe_code, reason = "the core values of a host function are handed over so")]
                let given = unsafe { values[..passed + usize::from(R::IN_MEMORY)].assume_init_ref() };
                let (given, to) = given.split_at(passed);
                let to = to.first().map(|to| to.get_u32());
                let arguments = P::lift(&mut Lifting::new(&cx)?, &mut Flat(given.iter()))?;
                let answer = act(&mut cx, arguments)?;
                if let Some(value) = answer.core() {
                    values[0] = MaybeUninit::new(value);
                }
                if let Some(to) = to {
                    let mut lowering = Lowering::new(cx)?;
                    let at = lowering.place::<R>(to)?;
                    answer.store(&mut lowering, at)?;
                }
                Ok(())
            };
            // SAFETY: values are read as the parameters of `expected`, and its one result is written where it has one:
            // both follow from `P` and `R`, as the type does.
            #[allow(
                unsafe_code,
                reason = "wasmtime's safe ways are slower, or need a second copy of every import"
            )]
            unsafe {
                self.linker.func_new_unchecked(&wanted.module, &wanted.field, wanted.ty.clone(), call)?;
            }
        }
        Ok(())
    }
}

/// The fuel of a function of the shim: its parameters, the slot, and the jump.
fn shim_fuel(params: u64) -> u64 {
    let cost = operator_cost();
    // Every function costs one to enter.
    1 + params * u64::from(cost.LocalGet) + u64::from(cost.I32Const) + u64::from(cost.CallIndirect)
}

/// What stands between a guest's call of an import and the import: the shim, where there is one, and the bar on leaving.
fn pass(cx: &mut Context<'_>, shim_fuel: Option<u64>) -> wasmtime::Result<()> {
    if let Some(fuel) = shim_fuel {
        let left = cx.get_fuel()?;
        // The shim's function asks when it is entered, and it costs one to enter; what it uses beyond what is left, the
        // import notices.
        if left <= 1 {
            return Err(Trap::OutOfFuel.into());
        }
        cx.set_fuel(left.saturating_sub(fuel))?;
    }
    match &cx.data().guest {
        Some(guest) if !guest.may_leave => Err(Trap::CannotLeaveComponent.into()),
        _ => Ok(()),
    }
}
