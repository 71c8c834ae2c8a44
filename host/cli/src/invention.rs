//! Invented cases: worlds, crowds, aims, parameters and disturbances, drawn from a seed within what
//! a spell's description declares.
//!
//! Promises the same cases for the same seed, count, description and revision on every machine.
//! Knows nothing of what a spell does, and so tries a little of everything.

use std::collections::BTreeMap;

use spellhost_runtime::{ParamInput, ParamSpec, ParamValue, SpellInfo, limits::TEXT_PARAM_BYTES_MAX};
use spellhost_sim::limits::{HORIZONTAL_BLOCKS, VERTICAL_BLOCKS};
use spellhost_sim::{
    Aim, BlockPos, BlockSize, CastId, CastRequest, Channel, Coord, Direction, EntityId, EntityKind,
    EntitySpec, FillMode, Generator, Inputs, MATERIALS, Material, NamedValue, Op, Point, Points, RemoteInput,
    RevisionRef, SpellId, Swap, TEMPLATES, Target, Template, Terrain, WorldConfig,
};

use crate::chance::Chance;
use crate::corpus::{Case, entering, ids};
use crate::demo::{SEED_MAX, bad_param};
use crate::problem::Problem;

/// The most casts of one case.
const CASTS_MAX: u64 = 4;
/// The most bystanders of one case.
const CROWD_MAX: u64 = 6;
/// How far from the middle of a case things happen, in blocks.
const REACH: i64 = 20;
/// How long a case may be, in ticks; most timers and flights end within.
const TICKS: [u64; 4] = [30, 60, 120, 240];

/// Whose casts are invented.
pub struct Subject<'a> {
    /// The spell.
    pub spell: &'a SpellId,
    /// What it says of itself.
    pub info: &'a SpellInfo,
    /// The revision that runs, and the one that a swap brings: of the same component.
    pub revisions: [RevisionRef; 2],
}

/// Invents cases with `casts` casts in all.
///
/// # Errors
/// Never in practice: a parameter that its own description refuses.
pub fn invent(subject: &Subject, seed: u64, casts: u64) -> Result<Vec<Case>, Problem> {
    let (mut cases, mut left) = (Vec::new(), casts);
    while left > 0 {
        let at = cases.len() as u64;
        let mut chance = Chance::new(seed, at);
        let count = (1 + chance.below(CASTS_MAX)).min(left);
        left -= count;
        cases.push(Draft::new(chance, subject, count).case(format!("invented {}", at + 1))?);
    }
    Ok(cases)
}

/// A case in the making.
struct Draft<'a> {
    chance: Chance,
    subject: &'a Subject<'a>,
    world: WorldConfig,
    ticks: u64,
    /// The middle of what happens.
    home: [i32; 2],
    casters: Vec<EntityId>,
    everybody: Vec<EntityId>,
}

impl<'a> Draft<'a> {
    fn new(mut chance: Chance, subject: &'a Subject<'a>, casts: u64) -> Self {
        let terrain = *chance.pick(&[Terrain::Hills, Terrain::Flat, Terrain::Empty]);
        let world = WorldConfig { terrain, seed: chance.below(SEED_MAX + 1) };
        let edge = HORIZONTAL_BLOCKS - 1;
        let far = [chance.within(-5_000, 5_000) as i32, chance.within(-5_000, 5_000) as i32];
        let home = *chance.pick(&[[0, 0], [0, 0], far, far, [edge, -edge]]);
        let ticks = *chance.pick(&TICKS);
        let crowd = chance.below(CROWD_MAX + 1);
        let casters = ids(casts as usize).collect();
        let everybody = ids((casts + crowd) as usize).collect();
        Self { chance, subject, world, ticks, home, casters, everybody }
    }

    fn case(mut self, name: String) -> Result<Case, Problem> {
        let mut inputs: BTreeMap<u64, Inputs> = BTreeMap::from([(0, self.entrance())]);
        let swap = self.chance.once_in(3).then(|| self.tick());
        for caster in self.casters.clone() {
            let tick = 1 + self.chance.below(self.ticks / 2);
            let swapped = swap.is_some_and(|swap| swap <= tick);
            let request = self.request(caster, self.subject.revisions[usize::from(swapped)])?;
            inputs.entry(tick).or_default().casts.push(request);
        }
        if let Some(tick) = swap {
            let swap = Swap {
                spell: self.subject.spell.clone(),
                channel: Channel::Draft,
                revision: self.subject.revisions[1],
            };
            inputs.entry(tick).or_default().swaps.push(swap);
        }
        for _ in 0..self.chance.below(4) {
            let (tick, remote) = (self.tick(), self.remote());
            inputs.entry(tick).or_default().remotes.push(remote);
        }
        for _ in 0..self.chance.below(3) {
            let (tick, op) = (self.tick(), self.disturbance());
            inputs.entry(tick).or_default().ops.push(op);
        }
        Ok(Case { name, world: self.world, ticks: self.ticks, inputs })
    }

    fn tick(&mut self) -> u64 {
        1 + self.chance.below(self.ticks - 1)
    }

    fn entrance(&mut self) -> Inputs {
        let players = self.casters.len();
        let ops = (0..self.everybody.len()).map(|at| Op::Spawn(self.body(at < players))).collect();
        entering(ops)
    }

    fn body(&mut self, is_caster: bool) -> EntitySpec {
        let kinds = [EntityKind::Player, EntityKind::Npc, EntityKind::Npc, EntityKind::Item];
        let kind = if is_caster { EntityKind::Player } else { *self.chance.pick(&kinds) };
        let creature = self.chance.pick(&TEMPLATES).name;
        let template = Template::named(creature).filter(|_| kind == EntityKind::Npc);
        let (radius, health_max) = match template {
            Some(template) => (template.info().radius, template.info().health),
            None => (Coord::ONE, Points::from_whole(100)),
        };
        let part = self.chance.within(1, 4);
        let health =
            Points::from_raw((health_max.raw() / 4 * part).clamp(Points::ONE.raw(), health_max.raw()));
        let stands = self.chance.once_in(2);
        let mut position = self.near(REACH / 2);
        if stands {
            let ground = Generator::new(self.world.terrain, self.world.seed);
            let block = position.block();
            position.y = Coord::from_whole(i64::from(ground.surface(block.x, block.z))) + radius;
        }
        EntitySpec { kind, template, position, look: self.direction(), radius, health, health_max }
    }

    /// A point of the world within `reach` blocks of the middle, a little above or below the ground.
    fn near(&mut self, reach: i64) -> Point {
        let ground = Generator::new(self.world.terrain, self.world.seed).surface(self.home[0], self.home[1]);
        let edge = i64::from(HORIZONTAL_BLOCKS) * Coord::ONE.raw();
        let top = i64::from(VERTICAL_BLOCKS) * Coord::ONE.raw();
        let mut part = |middle: i32, edge: i64| {
            let offset = self.chance.within(-reach * Coord::ONE.raw(), reach * Coord::ONE.raw());
            (i64::from(middle) * Coord::ONE.raw() + offset).clamp(-edge, edge - 1)
        };
        Point::from_raw(part(self.home[0], edge), part(ground, top), part(self.home[1], edge))
    }

    fn direction(&mut self) -> Direction {
        if self.chance.once_in(3) {
            return *self.chance.pick(&[Direction::FORWARD, Direction::UP, Direction::DOWN]);
        }
        let [x, y, z] = [(); 3].map(|()| self.chance.within(-1_000, 1_000));
        Direction::normalise(x, y, z).unwrap_or(Direction::UP)
    }

    fn request(&mut self, caster: EntityId, revision: RevisionRef) -> Result<CastRequest, Problem> {
        let origin = self.chance.once_in(4).then(|| self.near(REACH));
        let direction = self.chance.once_in(2).then(|| self.direction());
        let target = match self.chance.below(5) {
            0 => None,
            1 => Some(Target::Entity(self.anybody())),
            2 => Some(Target::Point(self.near(3 * REACH))),
            _ => Some(Target::Point(self.near(REACH))),
        };
        let params = self.params()?;
        Ok(CastRequest {
            spell: self.subject.spell.clone(),
            revision,
            channel: Some(Channel::Draft),
            caster,
            aim: Aim { origin, direction, target },
            params,
        })
    }

    /// Somebody who is there, or once in a while nobody.
    fn anybody(&mut self) -> EntityId {
        if self.chance.once_in(8) { EntityId(1 << 40) } else { *self.chance.pick(&self.everybody) }
    }

    fn params(&mut self) -> Result<Vec<NamedValue>, Problem> {
        let info = self.subject.info;
        let mut given = BTreeMap::new();
        for spec in &info.params {
            if let Some(value) = self.param(spec) {
                given.insert(spec.name.clone(), value);
            }
        }
        info.complete(&given).map_err(|error| bad_param(&error, info))
    }

    /// A value of a parameter; `None` leaves it at its default, as one cast in four does.
    fn param(&mut self, spec: &ParamSpec) -> Option<ParamInput> {
        let extreme = match self.chance.below(4) {
            0 => return None,
            1 => true,
            _ => false,
        };
        Some(match &spec.default {
            ParamValue::Flag(_) => ParamInput::Flag(self.chance.once_in(2)),
            ParamValue::Integer(_) => ParamInput::Integer(self.integer(spec.range, extreme)?),
            ParamValue::Number(_) => ParamInput::Number(self.number(spec.range, extreme)),
            ParamValue::Text(_) if spec.choices.is_empty() => {
                ParamInput::Text(self.text(if extreme { TEXT_PARAM_BYTES_MAX } else { 24 }))
            }
            ParamValue::Text(_) => ParamInput::Text(self.chance.pick(&spec.choices).clone()),
            ParamValue::Point(_) => {
                let at = self.near(if extreme { 900 } else { REACH });
                let blocks = |part: Coord| part.raw() as f64 / Coord::ONE.raw() as f64;
                ParamInput::List([at.x, at.y, at.z].map(blocks).to_vec())
            }
            ParamValue::Block(_) => {
                let at = self.near(if extreme { 900 } else { REACH }).block();
                ParamInput::List([at.x, at.y, at.z].map(f64::from).to_vec())
            }
            ParamValue::Entity(_) => ParamInput::Integer(self.anybody().0 as i64),
            ParamValue::Material(_) => ParamInput::Text(self.material().info().name.into()),
        })
    }

    /// `None` where no whole number lies in the range.
    fn integer(&mut self, range: Option<(f64, f64)>, extreme: bool) -> Option<i64> {
        let (min, max) = match range {
            Some((min, max)) => (min.ceil() as i64, max.floor() as i64),
            None if extreme => (i64::MIN, i64::MAX),
            None => (-1_000, 1_000),
        };
        let found = if extreme { *self.chance.pick(&[min, max]) } else { self.chance.within(min, max) };
        let fits = range.is_none_or(|(min, max)| (min..=max).contains(&(found as f64)));
        (min <= max && fits).then_some(found)
    }

    fn number(&mut self, range: Option<(f64, f64)>, extreme: bool) -> f64 {
        let wide = [0.0, -0.0, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 1.0 / 3.0];
        match range {
            Some((min, max)) if extreme => *self.chance.pick(&[min, max]),
            Some((min, max)) => {
                let part = self.chance.fraction();
                (min * (1.0 - part) + max * part).clamp(min, max)
            }
            None if extreme => *self.chance.pick(&wide),
            None => (self.chance.fraction() - 0.5) * 2_000.0,
        }
    }

    /// A text of at most so many bytes, with letters of one to four of them.
    fn text(&mut self, bytes_max: usize) -> String {
        let length = self.chance.below(bytes_max as u64 + 1) as usize;
        let mut text = String::new();
        loop {
            let letter = *self.chance.pick(&['a', 'Z', '0', ' ', '"', '\\', '\0', '\n', 'ß', '→', '🔥']);
            if text.len() + letter.len_utf8() > length {
                return text;
            }
            text.push(letter);
        }
    }

    fn material(&mut self) -> Material {
        Material::from_number(self.chance.below(MATERIALS.len() as u64) as u16).unwrap_or(Material::STONE)
    }

    fn remote(&mut self) -> RemoteInput {
        let names = &self.subject.info.remote_names;
        let heard = !names.is_empty() && !self.chance.once_in(4);
        let name = if heard { self.chance.pick(names).clone() } else { "nobody-listens".into() };
        RemoteInput {
            spell: self.subject.spell.clone(),
            cast: self.chance.once_in(4).then_some(CastId(1)),
            player: *self.chance.pick(&self.casters),
            name,
            payload: self.text(64),
        }
    }

    /// Something that happens while spells are active.
    fn disturbance(&mut self) -> Op {
        let mode = *self.chance.pick(&[FillMode::Add, FillMode::Subtract, FillMode::Paint]);
        match self.chance.below(6) {
            0 => Op::Despawn(self.anybody()),
            1 => Op::ClearTerrain,
            2 => Op::Spawn(self.body(false)),
            3 => {
                let BlockPos { x, y, z } = self.near(REACH / 2).block();
                let [a, b, c] = [(); 3].map(|()| 1 + self.chance.below(8) as u32);
                let (min, size) = (BlockPos::new(x, y, z), BlockSize::new(a, b, c));
                Op::FillBox { min, size, material: self.material(), mode }
            }
            _ => {
                let radius = Coord::from_raw(self.chance.within(1, 6) * Coord::ONE.raw());
                let center = self.near(REACH / 2);
                Op::FillSphere { center, radius, material: self.material(), mode }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spellhost_sim::{CallLimits, Digest, Value};

    fn spec(default: ParamValue, range: Option<(f64, f64)>, choices: &[&str]) -> ParamSpec {
        ParamSpec {
            name: default.kind().into(),
            label: String::new(),
            help: String::new(),
            unit: String::new(),
            default,
            range,
            choices: choices.iter().map(|choice| (*choice).to_owned()).collect(),
        }
    }

    fn info() -> SpellInfo {
        let mut params = vec![
            spec(ParamValue::Flag(true), None, &[]),
            spec(ParamValue::Integer(3), Some((-2.5, 9.0)), &[]),
            spec(ParamValue::Number(0.25), Some((0.1, 0.3)), &[]),
            spec(ParamValue::Text("red".into()), None, &["red", "blue"]),
            spec(ParamValue::Point([0.0; 3]), None, &[]),
            spec(ParamValue::Block([0; 3]), None, &[]),
            spec(ParamValue::Entity(0), None, &[]),
            spec(ParamValue::Material("stone".into()), None, &[]),
        ];
        let free = [ParamValue::Integer(0), ParamValue::Number(0.0), ParamValue::Text(String::new())];
        params.extend(free.map(|default| {
            let spec = spec(default, None, &[]);
            ParamSpec { name: format!("free-{}", spec.name), ..spec }
        }));
        SpellInfo {
            display_name: "A".into(),
            description: String::new(),
            params,
            cooldown: 0,
            mana: 0,
            remote_names: vec!["knock".into()],
        }
    }

    fn cases(seed: u64, casts: u64) -> Vec<Case> {
        let digest = Digest([1; 32]);
        let limits = CallLimits::default();
        let revision =
            RevisionRef { id: digest, component: digest, cooldown: 0, mana: 0, grant: 1_000, instantiate_fuel: 0, limits };
        let spell = SpellId::parse("a").expect("an id");
        let revisions = [revision, RevisionRef { id: Digest([2; 32]), ..revision }];
        invent(&Subject { spell: &spell, info: &info(), revisions }, seed, casts).expect("cases")
    }

    fn inputs(cases: &[Case]) -> impl Iterator<Item = &Inputs> {
        cases.iter().flat_map(|case| case.inputs.values())
    }

    #[test]
    fn a_seed_says_everything() {
        assert_eq!(cases(1, 60), cases(1, 60));
        assert_ne!(cases(1, 60), cases(2, 60));
        for casts in [0, 1, 7, 60] {
            let cases = cases(5, casts);
            assert_eq!(inputs(&cases).map(|inputs| inputs.casts.len() as u64).sum::<u64>(), casts);
        }
        // More casts of the same seed begin with the same cases.
        assert_eq!(cases(1, 60)[..5], cases(1, 200)[..5]);
    }

    #[test]
    fn a_little_of_everything_comes_up() {
        let cases = cases(1, 300);
        let terrains: std::collections::BTreeSet<_> =
            cases.iter().map(|case| format!("{:?}", case.world.terrain)).collect();
        assert_eq!(terrains.len(), 3);
        let some = |test: &dyn Fn(&Inputs) -> bool| inputs(&cases).any(test);
        assert!(some(&|inputs| !inputs.swaps.is_empty()));
        assert!(some(&|inputs| inputs.remotes.iter().any(|remote| remote.name == "knock")));
        assert!(some(&|inputs| inputs.ops.contains(&Op::ClearTerrain)));
        let params: Vec<_> =
            inputs(&cases).flat_map(|inputs| &inputs.casts).flat_map(|cast| &cast.params).collect();
        let has = |name: &str, value: Value| {
            assert!(
                params.iter().any(|param| param.name == name && param.value == value),
                "{name} {value:?}"
            );
        };
        for flag in [true, false] {
            has("flag", Value::Flag(flag));
        }
        for integer in [-2, 0, 9] {
            has("integer", Value::Integer(integer));
        }
        has("free-integer", Value::Integer(i64::MIN));
        for choice in ["red", "blue"] {
            has("text", Value::Text(choice.into()));
        }
        let aims: Vec<Aim> = inputs(&cases).flat_map(|inputs| &inputs.casts).map(|cast| cast.aim).collect();
        assert!(aims.iter().any(|aim| aim.origin.is_some()) && aims.iter().any(|aim| aim.target.is_none()));
    }
}
