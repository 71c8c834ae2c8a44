//! A cast of what was just built, in a world that nobody is in: played twice, with everything metered.
//!
//! Promises that the two are compared at every tick. How the cast ends is told and decides nothing: a
//! spell may rightly refuse an empty plain.

use std::collections::BTreeMap;

use spellhost_forge::Revision;
use spellhost_lockstep::frame;
use spellhost_runtime::{Caster, Component, Library, play_tick};
use spellhost_sim::{
    Aim, CastRequest, Channel, Coord, Direction, EntityId, EntityKind, EntitySpec, Inputs, NamedValue, Op,
    Point, Points, StateHash, Target, Terrain, World, WorldConfig,
};

use crate::limits::TRIAL_TICKS;

/// What a trial came to.
pub struct Tried {
    /// One line for each of the first calls.
    pub calls: Vec<String>,
    /// Fuel of the dearest call.
    pub fuel_most: u64,
    /// Whether both gave the same hash at every tick.
    pub is_same: bool,
}

/// Casts a component with its defaults, twice.
pub fn run(revision: &Revision, component: &Component, caster: &Caster) -> Tried {
    // Every parameter has a default.
    let params = component.info().complete(&BTreeMap::new()).unwrap_or_default();
    let (first, calls, fuel_most) = play(revision, component, caster, &params);
    let (second, ..) = play(revision, component, caster, &params);
    Tried { calls, fuel_most, is_same: first == second }
}

fn play(
    revision: &Revision,
    component: &Component,
    caster: &Caster,
    params: &[NamedValue],
) -> (Vec<StateHash>, Vec<String>, u64) {
    let mut world = World::new(WorldConfig { terrain: Terrain::Flat, seed: 1 });
    let mut library = Library::new();
    library.insert(component.clone());
    let enter = Inputs { ops: vec![Op::Spawn(somebody())], ..Inputs::default() };
    let entered = play_tick(&mut world, enter, &library, caster);
    let mut hashes = vec![entered.report.state_hash];
    let caster_id = world.entities().map(|entity| entity.id).max().unwrap_or(EntityId(0));
    let (mut calls, mut fuel_most) = (Vec::new(), 0);
    for tick in 0..TRIAL_TICKS {
        let cast = CastRequest {
            spell: revision.spell.clone(),
            revision: revision.reference,
            channel: Some(Channel::Draft),
            caster: caster_id,
            aim: Aim { origin: None, direction: None, target: Some(Target::Point(ahead())) },
            params: params.to_vec(),
        };
        let casts = if tick == 0 { vec![cast] } else { Vec::new() };
        let played = play_tick(&mut world, Inputs { casts, ..Inputs::default() }, &library, caster);
        hashes.push(played.report.state_hash);
        for call in &played.report.calls {
            fuel_most = fuel_most.max(call.fuel_used);
            if calls.len() < 8 {
                let outcome = serde_json::to_string(&frame::outcome(&call.outcome)).unwrap_or_default();
                calls.push(format!(
                    "tick {}: {outcome}, fuel {} of {}, {} effects",
                    played.report.tick,
                    call.fuel_used,
                    call.fuel_granted,
                    call.effects.len()
                ));
            }
        }
    }
    (hashes, calls, fuel_most)
}

/// A player in the middle of the plain.
fn somebody() -> EntitySpec {
    let half = Coord::from_raw(Coord::from_whole(1).raw() / 2);
    EntitySpec {
        kind: EntityKind::Player,
        template: None,
        position: Point { x: half, y: half, z: half },
        look: Direction::FORWARD,
        radius: half,
        health: Points::from_whole(100),
        health_max: Points::from_whole(100),
    }
}

/// The ground twelve blocks ahead.
fn ahead() -> Point {
    Point { x: Coord::from_whole(0), y: Coord::from_whole(0), z: Coord::from_whole(-12) }
}
