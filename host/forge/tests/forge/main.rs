//! Real compilers and real file systems: what the unit tests take for granted.

mod building;
mod manifests;
mod project;
mod tools;
mod values;
mod watching;
