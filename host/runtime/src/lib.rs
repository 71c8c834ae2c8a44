//! Admission and casting: the only crate that names wasmtime.
//!
//! From untrusted bytes to an [`Admitted`] component ([`admit`]), to one that is compiled and
//! described ([`Engine::load`]), to calls that run in parallel over an opened world
//! ([`play_tick`]). It promises that a call is a pure function of component, world, context, seed
//! and state: the same outcome, fuel and commands on every machine, engine and number of threads.
//! It deliberately does not know files, sockets, source code, spells' names or revisions.

// The tests' own guests and arena, for the tests that need what is private.
#[cfg(test)]
extern crate self as spellhost_runtime;
#[cfg(test)]
#[path = "../tests/arena.rs"]
#[allow(dead_code, unused_imports, reason = "shared with tests/main.rs, which uses all of it")]
mod arena;
#[cfg(test)]
mod containment;
#[cfg(test)]
#[path = "../tests/guest.rs"]
#[allow(dead_code, reason = "shared with tests/main.rs, which uses all of it")]
mod guest;

pub mod limits;
pub mod prices;

mod admission;
mod anatomy;
mod bound;
mod bounds;
mod contract;
mod rejection;

mod artefact;
mod compiler;
mod component;
mod engine;
mod identity;
mod info;
mod params;
mod settings;
mod shape;
mod slots;
mod trusted;

mod abi;
mod canonical;
mod direct;
mod instance;
mod lifting;
mod linking;
mod log;
mod lowering;
mod measured;
mod place;
mod reads;
mod report;
mod session;
mod stop;
mod told;
mod trace;
mod wasi;
mod words;

mod caster;
mod casting;
mod lane;
mod library;
mod tick;
mod watchdog;

pub use admission::{Admitted, Policy, WASI, admit};
pub use anatomy::{Anatomy, Section};
pub use artefact::{Artefact, ArtefactKey, SealError};
pub use bound::{BOUNDS, Bound};
pub use caster::Caster;
pub use casting::CallNote;
pub use compiler::Compiler;
pub use component::{Component, WeakComponent};
pub use contract::{EXPORTS, INTERFACES, PACKAGE, TYPE_INTERFACES, VERSION, WIT};
pub use engine::{Engine, EngineError, EngineOptions};
pub use info::{ParamSpec, ParamValue, SpellInfo};
pub use lane::{Verdicts, verdicts};
pub use library::Library;
pub use log::{LogLevel, LogLine};
pub use params::{ParamError, ParamInput};
pub use rejection::{Problem, Rejection, code};
pub use report::{TrapFrame, TrapReport};
pub use settings::{ALLOW, Codegen, Role, operator_cost};
pub use tick::{PlayedTick, play_tick, replay_tick, run_lanes, trace_tick};
pub use told::Told;
pub use trace::{Answered, HostCall};
