//! The tests of the casting engine: one binary, one module for each promise.

mod arena;
mod guest;

mod admission;
mod artefacts;
mod call_limits;
mod contract;
mod description;
mod direct;
mod engines;
mod golden_fuel;
mod imports;
mod migration;
mod misbehaving;
mod parameters;
mod threads;
mod tracing;
mod transactions;
mod traps;
