//! Random worlds in which every input, command and outcome comes up, played by a script.

use spellhost_lockstep::{Pins, frame, pin};
use spellhost_sim::*;
use spellhost_wire as wire;

use crate::harness::{Reply, body, cast, ended, failed, ok, spell};

/// Numbers from a seed.
pub struct Dice(CallStream);

impl Dice {
    pub fn new(seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        Self(CallStream::new(key))
    }

    pub fn below(&mut self, most: u64) -> u64 {
        self.0.next() % most
    }

    /// From `-most` to `most`, both included, which come up often.
    pub fn raw(&mut self, most: i64) -> i64 {
        match self.below(8) {
            0 => most,
            1 => -most,
            2 => 0,
            _ => (self.0.next() % (2 * most as u64 + 1)) as i64 - most,
        }
    }

    pub fn point(&mut self) -> Point {
        let wide = 20 << 16;
        Point::from_raw(self.raw(wide), self.raw(5 << 16) + (4 << 16), self.raw(wide))
    }

    pub fn direction(&mut self) -> Direction {
        let part = |dice: &mut Self| dice.raw(1 << 30);
        let (x, y, z) = (part(self), part(self), part(self));
        Direction::normalise(x, y, z).unwrap_or(Direction::UP)
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    pub fn number(&mut self) -> Number {
        loop {
            let bits = self.0.next();
            if f64::from_bits(bits).is_finite() {
                return Number { bits };
            }
        }
    }

    fn text(&mut self) -> String {
        self.pick(&["", "go", "a \"b\"\n", "…\u{0}", "𝄞"]).into()
    }

    fn material(&mut self) -> Material {
        let row = self.below(MATERIALS.len() as u64) as usize;
        Material::named(MATERIALS[row].name).expect("a row of the table")
    }

    pub fn values(&mut self) -> Vec<NamedValue> {
        let all = [
            Value::Flag(self.below(2) == 0),
            Value::Integer(self.0.next() as i64),
            Value::Number(self.number()),
            Value::Text(self.text()),
            Value::Point(self.point()),
            Value::Block(BlockPos::new(self.raw(9) as i32, 3, i32::MIN)),
            Value::Entity(EntityId(self.below(1 << 53))),
            Value::Material(self.material()),
        ];
        let named =
            |(value, kind): (&Value, &&str)| NamedValue { name: (*kind).into(), value: value.clone() };
        all[..self.below(9) as usize].iter().zip(&KINDS).map(named).collect()
    }

    fn mode(&mut self) -> FillMode {
        self.pick(&[FillMode::Add, FillMode::Subtract, FillMode::Paint])
    }
}

/// The names of what [`Dice::values`] makes, each its own kind.
const KINDS: [&str; 8] = ["flag", "integer", "number", "text", "point", "block", "entity", "material"];

/// A revision with its manifest, which declares a parameter of each kind.
pub fn revision(number: u64) -> (RevisionRef, wire::Pin) {
    let param = |kind: &&str| format!("{{\"name\":\"{kind}\",\"default\":{{\"{kind}\":0}}}}");
    let params: Vec<String> = KINDS.iter().map(param).collect();
    let manifest = format!("{{\"info\":{{\"params\":[{}]}},\"number\":{number}}}", params.join(","));
    let id = Digest(wire::Digest::of(manifest.as_bytes()).0);
    let limits = CallLimits { commands: 40, ..CallLimits::default() };
    let reference = RevisionRef {
        id,
        component: Digest([number as u8; 32]),
        cooldown: (number % 3) as u32,
        mana: (number % 7) as u32,
        grant: limits::GRANT_FUEL - number,
        instantiate_fuel: number * 1_000,
        limits,
    };
    (reference, pin(&reference, &manifest))
}

pub fn pins() -> Pins {
    let mut pins = Pins::new();
    (0..8).for_each(|number| pins.insert(&revision(number).1).expect("an honest pin"));
    pins
}

/// What enters tick `tick`.
fn inputs(dice: &mut Dice, tick: u64) -> Inputs {
    let mut inputs = Inputs::default();
    if tick == 0 {
        for x in [0, 6, 12] {
            let look = dice.direction();
            inputs.ops.push(Op::Spawn(EntitySpec { look, ..body(EntityKind::Player, x, 1, 0) }));
        }
        let template = Some(Template::DUMMY);
        inputs.ops.push(Op::Spawn(EntitySpec { template, ..body(EntityKind::Npc, 3, 8, -12) }));
        inputs.ops.push(Op::Spawn(body(EntityKind::Item, 3, 8, 2)));
        return inputs;
    }
    let channels = [Channel::Draft, Channel::Beta, Channel::Stable];
    for _ in 0..dice.below(4) {
        let target = match dice.below(3) {
            0 => None,
            1 => Some(Target::Point(dice.point())),
            _ => Some(Target::Entity(EntityId(dice.below(9)))),
        };
        let origin = (dice.below(2) == 0).then(|| dice.point());
        let direction = (dice.below(2) == 0).then(|| dice.direction());
        let channel = dice.pick(&[None, Some(channels[0]), Some(channels[1])]);
        let (revision, caster) = (revision(dice.below(8)).0, EntityId(1 + dice.below(4)));
        let (aim, params) = (Aim { origin, direction, target }, dice.values());
        inputs.casts.push(CastRequest { revision, channel, aim, params, ..cast(caster) });
    }
    if dice.below(9) == 0 {
        let (revision, channel) = (revision(dice.below(8)).0, dice.pick(&channels));
        inputs.swaps.push(Swap { spell: spell("ember"), channel, revision });
    }
    if dice.below(6) == 0 {
        let cast = (dice.below(2) == 0).then(|| CastId(1 + dice.below(tick)));
        let (player, payload) = (EntityId(1 + dice.below(4)), dice.text());
        inputs.remotes.push(RemoteInput { spell: spell("ember"), cast, player, name: "go".into(), payload });
    }
    let (material, mode) = (dice.material(), dice.mode());
    inputs.ops.extend(match dice.below(40) {
        0 => Some(Op::ClearTerrain),
        1 => Some(Op::Despawn(EntityId(4 + dice.below(99)))),
        2 => Some(Op::FillSphere {
            center: dice.point(),
            radius: Coord::from_raw(dice.raw(1 << 18)),
            material,
            mode,
        }),
        3 => {
            Some(Op::FillBox { min: BlockPos::new(-3, -2, 5), size: BlockSize::new(4, 2, 9), material, mode })
        }
        4 => Some(Op::TakeDown(revision(dice.below(8)).0.id)),
        _ => None,
    });
    inputs
}

fn command(dice: &mut Dice, world: &World) -> Command {
    let at = dice.point();
    let (x, y, z) = (dice.raw(12) as i32, dice.raw(4) as i32, dice.raw(12) as i32);
    let (min, size) = (BlockPos::new(x, y, z), BlockSize::new(1 + dice.below(9) as u32, 3, 2));
    let (material, mode, tag) = (dice.material(), dice.mode(), dice.below(4) as u32);
    let living: Vec<EntityId> = world.entities().map(|entity| entity.id).collect();
    let (id, player) = (dice.pick(&living), EntityId(1 + dice.below(3)));
    let (name, payload) = ("go".to_string(), dice.text());
    let speed = limits::SPEED_BLOCKS_PER_TICK_MAX << 32;
    let velocity = Velocity::from_raw(dice.raw(speed), dice.raw(speed), dice.raw(speed));
    match dice.below(23) {
        0 => Command::SetVoxel { pos: min, material },
        1 => Command::FillSphere {
            center: at,
            radius: Coord::from_raw(dice.below(4 << 16) as i64),
            material,
            mode,
        },
        2 => Command::FillBox { min, size, material, mode },
        3 => Command::WatchBox { min, size, tag, duration: 40 },
        4 | 5 => Command::SpawnProjectile(ProjectileSpec {
            position: at,
            velocity,
            gravity: Rate::from_raw(dice.raw(1 << 32)),
            radius: Coord::from_raw(dice.below(60_000) as i64),
            lifetime: 1 + dice.below(60) as u32,
            bounces: dice.below(3) as u8,
            tag,
        }),
        6 => Command::Damage { id, points: Points::from_raw(dice.below(60 << 16) as i64) },
        7 => Command::Heal { id, points: Points::from_raw(dice.below(60 << 16) as i64) },
        8 => Command::Push { id, velocity },
        9 => Command::Teleport { id, to: at },
        10 => {
            let row = dice.below(STATUSES.len() as u64) as usize;
            let status = Status::named(STATUSES[row].name).expect("a row of the table");
            Command::ApplyStatus { id, status, duration: 1 + dice.below(90) as u32 }
        }
        11 => {
            let row = dice.below(TEMPLATES.len() as u64) as usize;
            let template = Template::named(TEMPLATES[row].name).expect("a row of the table");
            Command::SpawnNpc { template, position: at, tag }
        }
        12 => Command::Despawn { id },
        13 => Command::PlayVfx { asset: "a".into(), at, params: dice.values() },
        14 => Command::PlaySound { asset: "b".into(), at },
        15 => Command::Message { player, text: payload },
        16 | 17 => Command::WakeAfter { after: dice.below(9) as u32, tag },
        18 => Command::CancelTimer { tag },
        19 => Command::Broadcast { name, payload },
        20 => Command::Send { player, name, payload },
        21 => Command::Listen { name, duration: 30 },
        _ => Command::Save { bytes: vec![tag as u8; dice.below(40) as usize] },
    }
}

fn reply(dice: &mut Dice, world: &World, lane: &Lane, call: &Call) -> Reply {
    if let Entry::Migrate { .. } = call.entry {
        let bytes = vec![dice.below(256) as u8; 5];
        return if dice.below(4) == 0 { failed() } else { ok([Command::Save { bytes }]) };
    }
    let mut commands = vec![];
    for _ in 0..dice.below(8) {
        let command = command(dice, world);
        if world.check(lane.cast, &commands, &command).is_ok() {
            commands.push(command);
        }
    }
    let fuel = dice.below(call.grant);
    match dice.below(16) {
        0 => failed(),
        1 => ended(Outcome::OutOfFuel),
        2 => ended(Outcome::Limit(LimitKind::Watchdog)),
        3 => ended(Outcome::Trapped { trap: "unreachable".into(), location: Some("a (b:1)".into()) }),
        4 => ended(Outcome::Invalid { function: "a.b".into(), field: "c".into(), message: "d".into() }),
        5 => Reply { fuel, ..ok(commands.into_iter().chain([Command::Finish])) },
        _ => Reply { fuel, ..ok(commands) },
    }
}

/// A tick as it was played.
pub struct Played {
    pub inputs: Inputs,
    pub report: TickReport,
    pub frame: wire::Frame,
}

/// Plays so many ticks of the world that `seed` makes.
pub fn play(world: &mut World, seed: u64, ticks: u64) -> Vec<Played> {
    let mut dice = Dice::new(seed);
    (0..ticks).map(|_| tick(world, &mut dice)).collect()
}

fn tick(world: &mut World, dice: &mut Dice) -> Played {
    let inputs = inputs(dice, world.tick());
    let opened = world.open_tick(inputs.clone());
    let mut results = vec![];
    for lane in &opened.lanes {
        for call in &lane.calls {
            let Reply { outcome, fuel, commands } = reply(dice, world, lane, call);
            results.push(CallResult { id: call.id, outcome, fuel_used: fuel, commands });
        }
    }
    let report = world.close_tick(results);
    let frame = frame::frame("busy", &inputs, &report);
    Played { inputs, report, frame }
}

/// Through JSON and back.
pub fn through_json(frame: &wire::Frame) -> wire::Frame {
    let text = serde_json::to_string(frame).expect("plain data");
    serde_json::from_str(&text).expect("just written")
}

/// Through postcard and back.
pub fn through_postcard(frame: &wire::Frame) -> wire::Frame {
    let bytes = postcard::to_allocvec(frame).expect("plain data");
    postcard::from_bytes(&bytes).expect("just written")
}
