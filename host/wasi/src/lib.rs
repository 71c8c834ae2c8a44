//! WASI preview 2 for components of other toolchains, deterministic.
