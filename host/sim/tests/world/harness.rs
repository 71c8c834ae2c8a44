//! A world whose calls are answered by a script, and the short forms that the tests are written in.

use spellhost_sim::*;

/// What a script answers to one call.
pub struct Reply {
    pub outcome: Outcome,
    pub fuel: u64,
    pub commands: Vec<Command>,
}

pub fn ok(commands: impl IntoIterator<Item = Command>) -> Reply {
    Reply { outcome: Outcome::Applied { skipped: 0 }, fuel: 1_000, commands: commands.into_iter().collect() }
}

pub fn ended(outcome: Outcome) -> Reply {
    Reply { outcome, fuel: 1_000, commands: vec![] }
}

pub fn failed() -> Reply {
    ended(Outcome::Failed { message: "no".into() })
}

pub fn flat() -> World {
    World::new(WorldConfig { terrain: Terrain::Flat, seed: 7 })
}

/// Plays one tick; every command that the script issues must be acceptable.
pub fn play(world: &mut World, inputs: Inputs, mut script: impl FnMut(&Lane, &Call) -> Reply) -> TickReport {
    let opened = world.open_tick(inputs);
    let mut results = Vec::new();
    for lane in &opened.lanes {
        assert!(
            lane.calls.is_sorted_by(|a, b| a.id < b.id),
            "a lane holds its calls in the order of their ids"
        );
        for call in &lane.calls {
            let Reply { outcome, fuel, commands } = script(lane, call);
            for (at, command) in commands.iter().enumerate() {
                let checked = world.check(lane.cast, &commands[..at], command);
                assert_eq!(checked, Ok(()), "{command:?}");
            }
            results.push(CallResult { id: call.id, outcome, fuel_used: fuel, commands });
        }
    }
    results.reverse();
    world.close_tick(results)
}

/// Plays ticks without input or answer.
pub fn idle(world: &mut World, ticks: u32) -> Vec<TickReport> {
    (0..ticks).map(|_| play(world, Inputs::default(), |_, _| ok([]))).collect()
}

pub fn revision(number: u8) -> RevisionRef {
    RevisionRef {
        id: Digest([number; 32]),
        component: Digest([number; 32]),
        cooldown: 0,
        mana: 0,
        grant: limits::GRANT_FUEL,
        instantiate_fuel: 0,
        limits: CallLimits::default(),
    }
}

pub fn spell(name: &str) -> SpellId {
    SpellId::parse(name).expect("a good name")
}

pub fn cast(caster: EntityId) -> CastRequest {
    CastRequest {
        spell: spell("ember"),
        revision: revision(1),
        channel: Some(Channel::Draft),
        caster,
        aim: Aim::default(),
        params: vec![],
    }
}

pub fn casts(casts: impl IntoIterator<Item = CastRequest>) -> Inputs {
    Inputs { casts: casts.into_iter().collect(), ..Inputs::default() }
}

pub fn body(kind: EntityKind, x: i32, y: i32, z: i32) -> EntitySpec {
    EntitySpec {
        kind,
        template: None,
        position: Point::from_blocks(x, y, z),
        look: Direction::FORWARD,
        radius: Coord::ONE,
        health: Points::from_whole(100),
        health_max: Points::from_whole(100),
    }
}

/// Puts entities into the world; their ids are given in order.
pub fn spawn<const N: usize>(world: &mut World, specs: [EntitySpec; N]) -> [EntityId; N] {
    let before: Vec<EntityId> = world.entities().map(|entity| entity.id).collect();
    let ops = specs.map(Op::Spawn).to_vec();
    play(world, Inputs { ops, ..Inputs::default() }, |_, _| ok([]));
    let ids: Vec<EntityId> =
        world.entities().map(|entity| entity.id).filter(|id| !before.contains(id)).collect();
    ids.try_into().expect("every entity is possible")
}

/// A player on the lawn of a flat world.
pub fn player(world: &mut World) -> EntityId {
    let [id] = spawn(world, [body(EntityKind::Player, 0, 1, 0)]);
    id
}

/// Casts a spell whose call is answered with these commands.
pub fn act(world: &mut World, caster: EntityId, commands: Vec<Command>) -> TickReport {
    play(world, casts([cast(caster)]), |_, call| match call.entry {
        Entry::Cast => ok(commands.clone()),
        _ => ok([]),
    })
}

pub fn per_tick(x: i64, y: i64, z: i64) -> Velocity {
    Velocity { x: Rate::from_whole(x), y: Rate::from_whole(y), z: Rate::from_whole(z) }
}

pub fn bolt(position: Point, velocity: Velocity) -> ProjectileSpec {
    ProjectileSpec {
        position,
        velocity,
        gravity: Rate::ZERO,
        radius: Coord::ZERO,
        lifetime: 60,
        bounces: 0,
        tag: 9,
    }
}

pub fn damage(id: EntityId, points: i64) -> Command {
    Command::Damage { id, points: Points::from_whole(points) }
}

pub fn health(world: &World, id: EntityId) -> i64 {
    world.entity(id).expect("it is there").health.floor()
}
