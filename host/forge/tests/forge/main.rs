//! Real compilers and real file systems: what the unit tests take for granted.

mod building;
mod project;
mod tools;
mod watching;
