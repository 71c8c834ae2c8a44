//! The one configuration of wasmtime, each setting with its reason.
//!
//! Promises that two engines of any [`Codegen`] and [`Role`] give the same outcome, fuel and
//! commands for the same call. Does not know spells, worlds or components.

use wasmtime::component::__internal::wasmtime_environ;
use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, OperatorCost, OptLevel, PoolingAllocationConfig,
    WasmBacktraceDetails, WasmFeatures,
};

use crate::limits;

/// How components become code. None of these may change what a call does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codegen {
    /// Cranelift for this processor: what hosts run.
    #[default]
    Native,
    /// Cranelift without optimisation: a second opinion.
    NativeUnoptimised,
    /// Wasmtime's interpreter: a third opinion, and the answer where code may not be made.
    Pulley,
}

impl Codegen {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Native, Self::NativeUnoptimised, Self::Pulley];

    /// Its name, for a process that is told which one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::NativeUnoptimised => "native-unoptimised",
            Self::Pulley => "pulley",
        }
    }

    /// The way of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|codegen| codegen.name() == name)
    }
}

/// What an engine is for: how deep its stack is, and whether a watchdog watches it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Decides the outcome of calls.
    #[default]
    Host,
    /// Runs again what a host decided. Its stack is deeper, so that what finished there finishes
    /// here; no clock watches it, since verdicts stand in the frames.
    Reexecutor,
}

impl Role {
    /// The wasm stack, in bytes.
    pub(crate) fn stack_bytes(self) -> usize {
        match self {
            Self::Host => limits::HOST_STACK_BYTES,
            Self::Reexecutor => limits::REEXECUTOR_STACK_BYTES,
        }
    }
}

/// What a component may use of WebAssembly; admission validates with it and the engine is built
/// with it. Everything else is off: SIMD, threads, GC, exceptions, tail calls, 64-bit and several
/// memories, component async. Wasmtime's defaults accept several of these.
pub const ALLOW: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::BULK_MEMORY_OPT)
    .union(WasmFeatures::CALL_INDIRECT_OVERLONG)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::COMPONENT_MODEL);

/// Fuel of each operator: nothing for what makes no code, 255 for a call, one for the rest.
///
/// Calls cost the most there is, so that plain recursion ends out of fuel on every engine long
/// before the stack, whose depth differs between them, runs out. What works on many bytes pays by
/// the byte, and a new page pays for being zeroed.
pub fn operator_cost() -> OperatorCost {
    let mut cost = OperatorCost::new();
    cost.Call = 255;
    cost.CallIndirect = 255;
    cost.variable.memory_copy_per_byte = 1;
    cost.variable.memory_fill_per_byte = 1;
    cost.variable.memory_init_per_byte = 1;
    cost.variable.memory_grow_per_page = 255;
    cost.variable.table_copy_per_element = 1;
    cost.variable.table_fill_per_element = 1;
    cost.variable.table_init_per_element = 1;
    cost.variable.table_grow_per_element = 1;
    cost
}

/// The version of wasmtime in this build.
pub(crate) const WASMTIME_VERSION: &str = wasmtime_environ::VERSION;

/// Every setting that decides what a call does, as part of the engine id.
pub(crate) const SETTINGS: &str = "nan_canonicalization=true;consume_fuel=true;epoch_interruption=true;\
    memory_init_cow=false;concurrency_support=false";

/// The configuration of every engine of this crate.
pub(crate) fn engine_config(codegen: Codegen, role: Role) -> wasmtime::Result<Config> {
    let mut config = code_config(codegen, role)?;
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    Ok(config)
}

/// The configuration of what only makes code: the same but for the pool, which no code depends on.
pub(crate) fn compiler_config(codegen: Codegen) -> wasmtime::Result<Config> {
    code_config(codegen, Role::Host)
}

fn code_config(codegen: Codegen, role: Role) -> wasmtime::Result<Config> {
    let mut config = Config::new();
    // The bits of a NaN differ between processors; canonical ones do not.
    config.cranelift_nan_canonicalization(true);
    config.wasm_features(WasmFeatures::all().difference(ALLOW), false);
    config.wasm_features(ALLOW, true);
    config.consume_fuel(true);
    config.operator_cost(operator_cost());
    // Only for the watchdog: it ends calls, and the verdict goes into the frame.
    config.epoch_interruption(true);
    // Copy-on-write initialisation is metered on some systems and not on others, and is slower for small memories.
    config.memory_init_cow(false);
    // Nothing here is async; the support costs a quarter of a short call.
    config.concurrency_support(false);
    // A spell compiles on every core; the code does not depend on how many there are.
    config.parallel_compilation(true);
    // Depth differs between back ends: re-executors get four times the host's.
    config.max_wasm_stack(role.stack_bytes());
    // Wasmtime refuses a wasm stack above this one, whether or not fibers are ever used.
    config.async_stack_size(role.stack_bytes() + limits::NATIVE_STACK_BYTES);
    // Authors see file and line where the component carries them, whatever the environment says.
    config.wasm_backtrace_details(WasmBacktraceDetails::Enable);
    // Code maps to wasm offsets: what backtraces are made of.
    config.generate_address_map(true);
    match codegen {
        Codegen::Native => {
            config.cranelift_opt_level(OptLevel::Speed);
        }
        Codegen::NativeUnoptimised => {
            config.cranelift_opt_level(OptLevel::None);
        }
        Codegen::Pulley => {
            config.target("pulley64")?;
        }
    }
    Ok(config)
}

/// A fresh instance for every call wants slots that are warm and already zeroed.
fn pool() -> PoolingAllocationConfig {
    let calls = limits::CONCURRENT_CALLS_MAX as u32;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls);
    // A component that uses memory in its imports is three core instances.
    pool.total_core_instances(calls * limits::CORE_MODULES_MAX as u32);
    pool.max_core_instances_per_component(limits::CORE_MODULES_MAX as u32);
    pool.total_memories(calls * limits::MEMORIES_MAX as u32);
    pool.max_memories_per_component(limits::MEMORIES_MAX as u32);
    pool.total_tables(calls * limits::TABLES_MAX as u32);
    pool.max_tables_per_component(limits::TABLES_MAX as u32);
    pool.max_tables_per_module(limits::TABLES_MAX as u32);
    pool.table_elements(limits::TABLE_ELEMENTS_MAX);
    pool.max_memory_size(limits::MEMORY_BYTES_MAX);
    // Nothing runs on a stack of the pool's; the default would reserve a thousand of them, more than an engine's
    // process may. Only a build with `async` has them at all, and `host/wasi` turns that on for everyone.
    pool.total_stacks(1);
    // Small memories are zeroed in place instead of being given back and faulted in again.
    pool.linear_memory_keep_resident(2 * 1024 * 1024);
    pool.table_keep_resident(64 * 1024);
    // Zero only what was touched, where the kernel can say so.
    pool.pagemap_scan(Enabled::Auto);
    pool
}
