//! The tests of the casting engine: one binary, one module for each promise.

mod arena;
mod guest;

mod admission;
mod contract;
mod description;
mod engines;
mod imports;
mod migration;
mod misbehaviour;
mod parameters;
mod threads;
mod tracing;
mod transactions;
mod traps;
