//! Embedding the engine in a program of your own: admit a component, load it, cast it once into a
//! flat world, and play two seconds.
//!
//! ```console
//! $ target/release/spellhost build spells/fireball -o fireball.wasm
//! $ cargo run --release -p spellhost-runtime --example embed-runtime -- fireball.wasm
//! ```

use std::collections::BTreeMap;
use std::error::Error;

use spellhost_lockstep::exact;
use spellhost_runtime::{Caster, Engine, EngineOptions, Library, Policy, admit, play_tick};
use spellhost_sim::{
    Aim, CallLimits, CastRequest, Coord, Digest, Direction, EntityId, EntityKind, EntitySpec, Inputs, Op,
    Point, Points, RevisionRef, SpellId, Target, Terrain, World, WorldConfig, limits,
};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("name a component: embed-runtime FILE.wasm")?;

    // Untrusted bytes are checked before anything is compiled, then compiled and asked to describe themselves.
    let engine = Engine::new(EngineOptions::default())?;
    let component = engine.load(admit(&std::fs::read(path)?, &Policy::default())?)?;
    let info = component.info();
    println!("{}: {}", info.display_name, info.description);

    let mut world = World::new(WorldConfig { terrain: Terrain::Flat, seed: 1 });
    let mut library = Library::new();
    library.insert(component.clone());
    let caster = Caster::new(&engine, 2)?;

    // Everything that happens to a world enters it as an input of a tick: here a player, then a cast.
    let body = Coord::from_raw(Coord::ONE.raw() * 9 / 10);
    let player = EntitySpec {
        kind: EntityKind::Player,
        template: None,
        position: Point { x: Coord::from_raw(1 << 15), y: body, z: Coord::from_raw(1 << 15) },
        look: Direction::FORWARD,
        radius: body,
        health: Points::from_whole(100),
        health_max: Points::from_whole(100),
    };
    let joined = Inputs { ops: vec![Op::Spawn(player)], ..Inputs::default() };
    play_tick(&mut world, joined, &library, &caster);
    let player: EntityId = world.entities().next().ok_or("the player has joined")?.id;

    let revision = RevisionRef {
        id: Digest([0; 32]),
        component: component.digest(),
        cooldown: info.cooldown,
        mana: info.mana,
        grant: limits::GRANT_FUEL,
        instantiate_fuel: component.instantiate_fuel(),
        limits: CallLimits::default(),
    };
    let cast = CastRequest {
        spell: SpellId::parse("embedded").ok_or("an id of lower-case letters")?,
        revision,
        channel: None,
        caster: player,
        aim: Aim { target: Some(Target::Point(Point::from_blocks(0, 0, -12))), ..Aim::default() },
        params: info.complete(&BTreeMap::new())?,
    };
    let mut inputs = Inputs { casts: vec![cast], ..Inputs::default() };
    for _ in 0..2 * limits::TICKS_PER_SECOND {
        let played = play_tick(&mut world, std::mem::take(&mut inputs), &library, &caster);
        for call in &played.report.calls {
            let (tick, export) = (played.report.tick, call.entry.export());
            println!("tick {tick}: {export} {} for {} fuel", call.outcome.kind(), call.fuel_used);
        }
    }
    for entity in world.entities() {
        println!("{:?} {} at {:?}", entity.kind, entity.id.0, exact::point(entity.position));
    }
    println!("state hash {}", world.state_hash());
    Ok(())
}
