//! A busy world, played by a fixed script: every spell of the repository, cast by several players, with
//! swaps, timers, projectiles, creatures, messages, traps, and more calls than the budgets allow.
//!
//! Knows which inputs enter at which tick; what they must come to is said elsewhere.

use std::collections::BTreeMap;

use spellhost_lockstep::{frame, pin};
use spellhost_runtime::{Caster, Codegen, Component, Library, PlayedTick, Role, play_tick, verdicts};
use spellhost_sim::{
    Aim, BlockPos, BlockSize, CastRequest, Channel, Coord, Digest, Direction, EntityId, EntityKind,
    EntitySpec, FillMode, Generator, Inputs, Material, Op, Point, Points, RemoteInput, RevisionRef, SpellId,
    Swap, Target, Template, Terrain, World, WorldConfig,
};
use spellhost_wire::{self as wire, FORMAT, Frame, Header, Pin, Record, RecordingWriter};

use crate::components::{engine, loaded};

/// How long the script is.
pub const TICKS: u64 = 240;
const PLAYERS: u64 = 6;
const CREATURES: u64 = 6;
const CONFIG: WorldConfig = WorldConfig { terrain: Terrain::Hills, seed: 7 };

/// What was played.
pub struct Log {
    /// The ticks, in order.
    pub ticks: Vec<PlayedTick>,
    /// The same as frames.
    pub frames: Vec<Frame>,
    /// The world before each tick, and after the last.
    pub worlds: Vec<World>,
    /// What the frames' revisions stand for.
    pub pins: Vec<Pin>,
}

impl Log {
    /// The state hash after each tick.
    pub fn hashes(&self) -> Vec<String> {
        self.ticks.iter().map(|tick| tick.report.state_hash.to_string()).collect()
    }

    /// The log as a recording, from its first tick on.
    pub fn recording(&self) -> Vec<u8> {
        let header = Header {
            format: FORMAT,
            engine_id: wire::Digest(engine(Codegen::Native, Role::Host).id().0),
            world_id: "busy".into(),
            terrain: "hills".into(),
            seed: CONFIG.seed,
        };
        let mut writer = RecordingWriter::new(Vec::new(), header).expect("memory takes bytes");
        let pins = self.pins.iter().cloned().map(Record::Pin);
        let frames = self.frames.iter().map(|frame| Record::Frame(Box::new(frame.clone())));
        pins.chain(frames).for_each(|record| writer.append(&record).expect("memory takes bytes"));
        writer.finish().expect("memory takes bytes")
    }
}

/// The world before the script.
pub fn world() -> World {
    World::new(CONFIG)
}

/// Plays the script on this engine, with so many threads.
pub fn play(threads: usize) -> Log {
    let engine = engine(Codegen::Native, Role::Host);
    let script = Script::new(loaded(engine));
    let library = library(&script.components);
    let caster = Caster::new(engine, threads).expect("threads");
    let mut world = world();
    let mut log = Log { ticks: vec![], frames: vec![], worlds: vec![], pins: script.pins() };
    for tick in 0..TICKS {
        log.worlds.push(world.clone());
        let inputs = script.inputs(&world, tick);
        let played = play_tick(&mut world, inputs, &library, &caster);
        assert!(verdicts(&played.report).is_empty(), "tick {tick}: no call of the script ends by a verdict");
        log.frames.push(frame::frame("busy", &played.inputs, &played.report));
        log.ticks.push(played);
    }
    log.worlds.push(world);
    log
}

/// Components by what the world calls them.
pub fn library(components: &BTreeMap<&'static str, Component>) -> Library {
    let mut library = Library::new();
    components.values().for_each(|component| library.insert(component.clone()));
    library
}

struct Script {
    components: BTreeMap<&'static str, Component>,
}

impl Script {
    fn new(components: BTreeMap<&'static str, Component>) -> Self {
        Self { components }
    }

    /// What stands for the manifest of a spell's revision.
    fn manifest(name: &str, revision: u64) -> String {
        format!("{name} {revision}")
    }

    /// A revision of a spell; cheaper to cast than its author says, so that the world is busy.
    fn revision(&self, name: &str, revision: u64) -> RevisionRef {
        let component = &self.components[name];
        let info = component.info();
        RevisionRef {
            id: Digest(wire::Digest::of(Self::manifest(name, revision).as_bytes()).0),
            component: component.digest(),
            cooldown: info.cooldown.min(10),
            mana: info.mana.min(3),
            grant: spellhost_sim::limits::GRANT_FUEL,
            instantiate_fuel: component.instantiate_fuel(),
            limits: Default::default(),
        }
    }

    fn pins(&self) -> Vec<Pin> {
        let revisions = self.components.keys().flat_map(|name| (0..3).map(move |revision| (name, revision)));
        revisions
            .map(|(name, revision)| pin(&self.revision(name, revision), &Self::manifest(name, revision)))
            .collect()
    }

    fn inputs(&self, world: &World, tick: u64) -> Inputs {
        Inputs {
            swaps: self.swaps(tick),
            ops: operations(tick),
            casts: self.casts(world, tick),
            remotes: remotes(tick),
        }
    }

    /// Every spell moves on twice.
    fn swaps(&self, tick: u64) -> Vec<Swap> {
        let at = |(n, name): (usize, &&str)| {
            let revision = match tick.checked_sub(60 + n as u64)? {
                0 => 1,
                80 => 2,
                _ => return None,
            };
            let spell = SpellId::parse(name).expect("a spell's name");
            Some(Swap { spell, channel: Channel::Draft, revision: self.revision(name, revision) })
        };
        self.components.keys().enumerate().filter_map(at).collect()
    }

    fn casts(&self, world: &World, tick: u64) -> Vec<CastRequest> {
        let names: Vec<_> = self.components.keys().copied().collect();
        let cast = |player: u64, n: u64| {
            let name = names[(n % names.len() as u64) as usize];
            let component = &self.components[name];
            CastRequest {
                spell: SpellId::parse(name).expect("a spell's name"),
                revision: self.revision(name, u64::from(tick > 75) + u64::from(tick > 155)),
                channel: (n % 4 != 3).then_some(Channel::Draft),
                caster: EntityId(player + 1),
                aim: aim(world, n),
                params: component.info().complete(&BTreeMap::new()).expect("defaults"),
            }
        };
        match tick {
            0 => vec![],
            // Twice the same, of which the second has to cool down.
            20 => vec![cast(1, 2), cast(1, 2)],
            // More than a player's bucket and purse hold.
            100 => (0..16).map(|n| cast(0, n)).collect(),
            _ => (0..PLAYERS)
                .filter(|player| (tick + 3 * player).is_multiple_of(5))
                .map(|player| cast(player, tick / 5 + 5 * player))
                .collect(),
        }
    }
}

/// At a creature, at a place, or where the caster looks.
fn aim(world: &World, n: u64) -> Aim {
    let target = match n % 3 {
        0 => Some(Target::Entity(EntityId(PLAYERS + 1 + n % CREATURES))),
        1 => Some(Target::Point(standing(n as i32 % 17 - 8, -(n as i32 % 13)))),
        _ => None,
    };
    let gone = |id| world.entities().all(|entity| entity.id != id);
    match target {
        Some(Target::Entity(id)) if gone(id) => Aim::default(),
        target => Aim { target, ..Aim::default() },
    }
}

/// A place above the ground.
fn standing(x: i32, z: i32) -> Point {
    Point::from_blocks(x, Generator::new(CONFIG.terrain, CONFIG.seed).surface(x, z) + 1, z)
}

fn operations(tick: u64) -> Vec<Op> {
    match tick {
        0 => (0..PLAYERS + CREATURES).map(enter).collect(),
        70 | 170 => vec![enter(PLAYERS), Op::Despawn(EntityId(PLAYERS + 2 + tick / 100))],
        90 => vec![Op::FillBox {
            min: BlockPos::new(-4, 20, -4),
            size: BlockSize::new(9, 2, 9),
            material: Material::STONE,
            mode: FillMode::Add,
        }],
        130 => vec![Op::FillSphere {
            center: standing(3, -6),
            radius: Coord::from_whole(5),
            material: Material::AIR,
            mode: FillMode::Subtract,
        }],
        200 => vec![Op::ClearTerrain],
        _ => vec![],
    }
}

fn enter(n: u64) -> Op {
    let (kind, template) = match n < PLAYERS {
        true => (EntityKind::Player, None),
        false => (EntityKind::Npc, Template::named(["dummy", "wolf", "golem"][n as usize % 3])),
    };
    let n = n as i32;
    Op::Spawn(EntitySpec {
        kind,
        template,
        position: standing(n % 4 * 3 - 5, 2 - n / 2 * 3),
        look: Direction::FORWARD,
        radius: Coord::ONE,
        health: Points::from_whole(300),
        health_max: Points::from_whole(400),
    })
}

/// Questions for mirrors, nonsense for everybody.
fn remotes(tick: u64) -> Vec<RemoteInput> {
    let message = |spell: &str, name: &str, payload: String| RemoteInput {
        spell: SpellId::parse(spell).expect("a spell's name"),
        cast: None,
        player: EntityId(1 + tick % PLAYERS),
        name: name.into(),
        payload,
    };
    match tick % 7 {
        0 => vec![message("mirror", "ask", format!("{{\"about\": {tick}}}"))],
        3 => vec![message("mirror", "ask", "nearest".into()), message("fireball", "ask", String::new())],
        5 if tick > 120 => vec![message("mirror", "close", String::new())],
        _ => vec![],
    }
}
