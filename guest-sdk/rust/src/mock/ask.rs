//! The call that is going on in this thread: what the mocked imports read and write.
//!
//! Promises that the first thing a host would call invalid ends up in the outcome. Does not know what is valid;
//! `checks` does.

use std::cell::RefCell;

use super::{Command, Outcome, World};
use crate::host::types::EntityId;
use crate::log::Level;

/// A call in progress.
#[derive(Default)]
pub(crate) struct Call {
    pub world: World,
    pub commands: Vec<Command>,
    pub logs: Vec<(Level, String)>,
    pub saved: Option<Vec<u8>>,
    pub finished: bool,
    pub invalid: Option<String>,
    /// The id of the next spawn.
    pub next_entity: EntityId,
    /// The voxels that commands cover so far.
    pub covered: u64,
    random: u64,
}

/// What the thread is doing.
enum Now {
    Nothing,
    Refusing(&'static str),
    Calling(Box<Call>),
}

thread_local! {
    static NOW: RefCell<Now> = const { RefCell::new(Now::Nothing) };
}

/// A call begins. A caster that the test did not put is put at the middle of the world.
pub(super) fn begin(mut world: World, caster: EntityId) {
    let next_entity = world.next_entity();
    if caster != 0 && world.find(caster).is_none() {
        let position = crate::Vec3::ZERO;
        let id = world.player(position);
        if let Some(mut player) = world.entity(id).cloned() {
            world.remove(id);
            player.id = caster;
            world.insert(player);
        }
    }
    let random = world.seed ^ world.tick.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let call = Call { world, next_entity, random, ..Call::default() };
    NOW.set(Now::Calling(Box::new(call)));
}

/// Every import panics until `end`.
pub(super) fn refuse_all(function: &'static str) {
    NOW.set(Now::Refusing(function));
}

/// The call is over; an empty one where none was.
pub(super) fn end() -> Call {
    match NOW.replace(Now::Nothing) {
        Now::Calling(call) => *call,
        Now::Nothing | Now::Refusing(_) => Call::default(),
    }
}

/// What an import does.
///
/// # Panics
///
/// Outside of a mocked call, and in `describe`: both are mistakes to be told at once.
pub(crate) fn ask<T>(import: &str, answer: impl FnOnce(&mut Call) -> T) -> T {
    NOW.with_borrow_mut(|now| match now {
        Now::Calling(call) => answer(call),
        Now::Refusing(function) => panic!("`{import}` was asked in `{function}`, where nothing answers"),
        Now::Nothing => panic!("`{import}` was asked outside of a call: use `mock::cast` or `mock::event`"),
    })
}

impl Call {
    /// The first problem counts.
    pub fn refuse(&mut self, import: &str, item: usize, problem: String) {
        self.invalid.get_or_insert_with(|| format!("invalid: {import}, item {item}: {problem}"));
    }

    /// SplitMix64.
    pub fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut draw = self.random;
        draw = (draw ^ (draw >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        draw = (draw ^ (draw >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        draw ^ (draw >> 31)
    }

    /// The world afterwards, and the outcome.
    pub(super) fn finish(self, result: Result<(), String>) -> (World, Outcome) {
        let mut world = self.world;
        world.tick += 1;
        let result = self.invalid.map_or(result, Err);
        let applied = result.is_ok();
        if let (true, Some(state)) = (applied, self.saved) {
            world.state = state;
        }
        let commands = if applied { self.commands } else { Vec::new() };
        let state = world.state.clone();
        (world, Outcome { result, commands, logs: self.logs, state, finished: applied && self.finished })
    }
}
