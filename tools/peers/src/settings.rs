//! The settings of spellhost's engine, for programs that use wasmtime by themselves. They are private to the runtime;
//! a test of the benchmark would not notice a drift, so the two are to be changed together.

use spellhost_runtime::{ALLOW, limits, operator_cost};
use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, WasmFeatures,
};

/// `host/runtime/src/settings.rs`, for native code on a host.
pub fn tuned() -> Config {
    let mut config = Config::new();
    config.cranelift_nan_canonicalization(true);
    config.wasm_features(WasmFeatures::all().difference(ALLOW), false);
    config.wasm_features(ALLOW, true);
    config.consume_fuel(true);
    config.operator_cost(operator_cost());
    config.epoch_interruption(true);
    config.memory_init_cow(false);
    config.concurrency_support(false);
    config.max_wasm_stack(limits::HOST_STACK_BYTES);
    config.async_stack_size(limits::HOST_STACK_BYTES + limits::NATIVE_STACK_BYTES);
    config.cranelift_opt_level(OptLevel::Speed);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    config
}

fn pool() -> PoolingAllocationConfig {
    let calls = limits::CONCURRENT_CALLS_MAX as u32;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls);
    pool.total_core_instances(calls * limits::CORE_MODULES_MAX as u32);
    pool.max_core_instances_per_component(limits::CORE_MODULES_MAX as u32);
    pool.total_memories(calls * limits::MEMORIES_MAX as u32);
    pool.max_memories_per_component(limits::MEMORIES_MAX as u32);
    pool.total_tables(calls * limits::TABLES_MAX as u32);
    pool.max_tables_per_component(limits::TABLES_MAX as u32);
    pool.max_tables_per_module(limits::TABLES_MAX as u32);
    pool.table_elements(limits::TABLE_ELEMENTS_MAX);
    pool.max_memory_size(limits::MEMORY_BYTES_MAX);
    pool.linear_memory_keep_resident(2 * 1024 * 1024);
    pool.table_keep_resident(64 * 1024);
    pool.pagemap_scan(Enabled::Auto);
    pool
}
