//! A small flat world with one player, in which the tests cast.
//!
//! The one place of the tests that touches the engine's interface.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use spellhost_runtime::{
    Admitted, CallNote, Caster, Codegen, Component, Engine, EngineOptions, Library, PlayedTick, Policy,
    Rejection, Role, admit, play_tick,
};
use spellhost_sim::limits::GRANT_FUEL;
use spellhost_sim::{
    Aim, CallLimits, CallReport, CastRequest, Channel, Coord, Direction, EntityId, EntityKind, EntitySpec,
    Inputs, Op, Outcome, Point, Points, RevisionRef, SpellId, Swap, Terrain, World, WorldConfig,
};

use crate::guest::Guest;

/// Every engine of the tests.
pub const CODEGENS: [Codegen; 3] = [Codegen::Native, Codegen::NativeUnoptimised, Codegen::Pulley];

/// The engine of a kind; one of each for the whole process.
pub fn engine(codegen: Codegen) -> &'static Engine {
    static ENGINES: [OnceLock<Engine>; 3] = [const { OnceLock::new() }; 3];
    let at = CODEGENS.iter().position(|other| *other == codegen).expect("a known kind");
    ENGINES[at].get_or_init(|| Engine::new(EngineOptions { codegen, role: Role::Host }).expect("an engine"))
}

pub fn admitted(bytes: &[u8]) -> Admitted {
    admit(bytes, &Policy::default()).unwrap_or_else(|rejection| panic!("{rejection}"))
}

pub fn load(guest: &Guest, codegen: Codegen) -> Result<Component, Rejection> {
    engine(codegen).load(admitted(&guest.build()))
}

pub fn revision(component: &Component, grant: u64) -> RevisionRef {
    let digest = component.digest();
    RevisionRef {
        id: digest,
        component: digest,
        cooldown: 0,
        mana: 0,
        grant,
        instantiate_fuel: component.instantiate_fuel(),
        limits: CallLimits::default(),
    }
}

/// A world with casting threads and components.
pub struct Arena {
    pub world: World,
    pub library: Library,
    pub caster: Caster,
    pub player: EntityId,
}

impl Arena {
    pub fn new(codegen: Codegen, threads: usize) -> Self {
        let caster = Caster::new(engine(codegen), threads).expect("threads");
        let mut arena = Self {
            world: World::new(WorldConfig { terrain: Terrain::Flat, seed: 7 }),
            library: Library::new(),
            caster,
            player: EntityId(0),
        };
        arena.player = arena.spawn([0, 1, 0]);
        arena
    }

    /// Spawns a player and plays the tick in which it enters.
    pub fn spawn(&mut self, at: [i32; 3]) -> EntityId {
        let before: Vec<_> = self.world.entities().map(|entity| entity.id).collect();
        let [x, y, z] = at;
        let op = Op::Spawn(EntitySpec {
            kind: EntityKind::Player,
            template: None,
            position: Point::from_blocks(x, y, z),
            look: Direction::FORWARD,
            radius: Coord::ONE,
            health: Points::from_whole(100),
            health_max: Points::from_whole(100),
        });
        self.play(Inputs { ops: vec![op], ..Inputs::default() });
        let after = self.world.entities().map(|entity| entity.id).find(|id| !before.contains(id));
        after.expect("the player is there")
    }

    pub fn play(&mut self, inputs: Inputs) -> PlayedTick {
        play_tick(&mut self.world, inputs, &self.library, &self.caster)
    }

    /// Plays ticks in which nothing enters.
    pub fn idle(&mut self, ticks: usize) -> Vec<PlayedTick> {
        (0..ticks).map(|_| self.play(Inputs::default())).collect()
    }

    pub fn request(&mut self, component: &Component) -> CastRequest {
        self.library.insert(component.clone());
        CastRequest {
            spell: SpellId::parse("test").expect("an id"),
            revision: revision(component, GRANT_FUEL),
            channel: Some(Channel::Draft),
            caster: self.player,
            aim: Aim::default(),
            params: component.info().complete(&BTreeMap::new()).expect("defaults"),
        }
    }

    /// Casts once and plays the tick.
    pub fn cast(&mut self, component: &Component) -> PlayedTick {
        let request = self.request(component);
        self.play(Inputs { casts: vec![request], ..Inputs::default() })
    }

    pub fn swap(&mut self, component: &Component) -> Swap {
        self.library.insert(component.clone());
        Swap {
            spell: SpellId::parse("test").expect("an id"),
            channel: Channel::Draft,
            revision: revision(component, GRANT_FUEL),
        }
    }
}

/// A cast of a guest in a fresh world.
pub struct Cast {
    pub arena: Arena,
    pub call: CallReport,
    pub note: CallNote,
    pub state_hash: String,
}

/// Casts a guest once on an engine.
pub fn cast_on(guest: &Guest, codegen: Codegen) -> Cast {
    let component = load(guest, codegen).unwrap_or_else(|rejection| panic!("{rejection}"));
    let mut arena = Arena::new(codegen, 1);
    let mut played = arena.cast(&component);
    let call = played.report.calls.pop().expect("the call ran");
    let note = played.notes.pop().expect("the call left a note");
    let state_hash = format!("{:?}", played.report.state_hash);
    Cast { arena, call, note, state_hash }
}

/// Casts a guest once on each engine, and checks that all agree; answers with the native cast.
pub fn cast(guest: &Guest) -> Cast {
    let native = cast_on(guest, Codegen::Native);
    for codegen in [Codegen::NativeUnoptimised, Codegen::Pulley] {
        let other = cast_on(guest, codegen);
        assert_eq!(native.call, other.call, "{codegen:?}");
        assert_eq!(native.state_hash, other.state_hash, "{codegen:?}");
        assert_eq!(native.note.log, other.note.log, "{codegen:?}");
    }
    native
}

/// The outcome of a guest's cast, the same on every engine.
pub fn outcome(guest: &Guest) -> Outcome {
    cast(guest).call.outcome
}

pub fn applied() -> Outcome {
    Outcome::Applied { skipped: 0 }
}
