//! Scenario files, `tests/*.cast.toml`: a world, who is in it, what is cast, what is expected.
//!
//! Parsed once into values that cannot be wrong; everything that can be wrong in the text is said
//! with its line. What depends on the spell (its parameters) is checked by [`Scenario::script`].

use std::collections::BTreeMap;

use spellhost_runtime::{ParamInput, SpellInfo};
use spellhost_sim::limits::PAYLOAD_BYTES_MAX;
use spellhost_sim::{Direction, EntityKind, NamedValue, Point, World};
use toml::de::DeValue;

use crate::demo::{SEED_MAX, bad_param};
use crate::expectation::Expectation;
use crate::fields::{Field, Fields, Text};
use crate::problem::Problem;
use crate::script::{Cue, Mark, RemoteCue, Script};
use crate::stage::{self, Actor, Setting, Stage};

/// Ticks of a scenario unless it says otherwise.
const TICKS: u64 = 300;
/// The most ticks of a scenario.
const TICKS_MAX: u64 = 1_000_000;
/// What the caster is called.
const CASTER: &str = "caster";

/// A scenario.
#[derive(Debug)]
pub struct Scenario<'a> {
    text: Text<'a>,
    setting: Setting,
    seed: Option<u64>,
    ticks: u64,
    actors: Vec<Actor>,
    casts: Vec<CastEntry<'a>>,
    remotes: Vec<RemoteCue>,
    /// What is expected, in the order of the file.
    pub expect: Vec<Expectation>,
}

#[derive(Debug)]
struct CastEntry<'a> {
    tick: u64,
    caster: usize,
    direction: Option<Direction>,
    target: Option<Mark>,
    params: Vec<Field<'a>>,
    line: u32,
}

impl<'a> Scenario<'a> {
    /// Parses a scenario file.
    ///
    /// # Errors
    /// The first thing that is wrong in it, with its line.
    pub fn parse(text: Text<'a>) -> Result<Self, Problem> {
        let mut file = text.parse()?;
        let setting = file.take("world").map_or(Ok(Setting::parse("flat")), |field| setting(&field))?;
        let seed = file.take("seed").map(|field| field.whole(0..SEED_MAX + 1)).transpose()?;
        let ticks = file.take("ticks").map_or(Ok(TICKS), |field| field.whole(2..TICKS_MAX + 1))?;
        let mut actors = list(&mut file, "entity")?.into_iter().map(actor).collect::<Result<Vec<_>, _>>()?;
        if !actors.iter().any(|actor| actor.name == CASTER) {
            let feet = [0.5, ground(&setting, seed)?, 0.5];
            let caster = Actor::standing(CASTER, EntityKind::Player, feet, None);
            actors.insert(
                0,
                caster.map_err(|message| Problem::usage("bad_world", message).at(text.file, None, None))?,
            );
        }
        unique(text, &actors)?;
        let casts = list(&mut file, "cast")?;
        let casts =
            casts.into_iter().map(|cast| cast_entry(cast, ticks, &actors)).collect::<Result<Vec<_>, _>>()?;
        if casts.is_empty() {
            let problem =
                Problem::usage("bad_toml", "a scenario casts at least once").at(text.file, None, None);
            return Err(problem.hint("add `[[cast]]` with `tick = 1`"));
        }
        let remotes = list(&mut file, "remote")?;
        let remotes = remotes
            .into_iter()
            .map(|remote| remote_cue(remote, ticks, &actors))
            .collect::<Result<Vec<_>, _>>()?;
        let expect =
            file.take("expect").map_or(Ok(Vec::new()), |field| Expectation::parse_all(field, &actors))?;
        file.done(&["world", "seed", "ticks", "entity", "cast", "remote", "expect"])?;
        Ok(Self { text, setting, seed, ticks, actors, casts, remotes, expect })
    }

    /// The world and who is in it.
    ///
    /// # Errors
    /// Where the world cannot be opened.
    pub fn stage(&self) -> Result<Stage, Problem> {
        let caster = self.actors.iter().position(|actor| actor.name == CASTER).unwrap_or(0);
        Ok(Stage { world: self.setting.open(self.seed)?, actors: self.actors.clone(), caster })
    }

    /// What happens, for a spell that takes these parameters.
    ///
    /// # Errors
    /// A parameter that the spell does not take, with its line.
    pub fn script(&self, info: &SpellInfo) -> Result<Script, Problem> {
        let cue = |cast: &CastEntry| {
            let params = params(&cast.params, info).map_err(|problem| match problem.place {
                Some(_) => problem,
                None => problem.at(self.text.file, Some(cast.line), None),
            })?;
            Ok(Cue {
                tick: cast.tick,
                caster: cast.caster,
                direction: cast.direction,
                target: cast.target,
                params,
            })
        };
        let casts = self.casts.iter().map(cue).collect::<Result<_, Problem>>()?;
        Ok(Script { ticks: self.ticks, casts, remotes: self.remotes.clone() })
    }
}

fn list<'a>(file: &mut Fields<'a>, key: &str) -> Result<Vec<(u32, Fields<'a>)>, Problem> {
    let Some(field) = file.take(key) else { return Ok(Vec::new()) };
    field.items()?.into_iter().map(|item| Ok((item.line(), item.table()?))).collect()
}

fn setting(field: &Field) -> Result<Setting, Problem> {
    match Setting::parse(&field.string()?) {
        Setting::File(path) => {
            Err(field.problem(format!("`world` is hills, flat or empty, not `{}`", path.display())))
        }
        setting => Ok(setting),
    }
}

fn ground(setting: &Setting, seed: Option<u64>) -> Result<f64, Problem> {
    let world: World = setting.open(seed)?;
    Ok(f64::from(stage::ground(&world, false, 0, 0)))
}

fn actor((_, mut fields): (u32, Fields)) -> Result<Actor, Problem> {
    let name = required(&mut fields, "name")?;
    let kind = match fields.take("kind") {
        None => EntityKind::Npc,
        Some(field) => match field.string()?.as_str() {
            "player" => EntityKind::Player,
            "npc" => EntityKind::Npc,
            "item" => EntityKind::Item,
            other => return Err(field.problem(format!("`kind` is player, npc or item, not `{other}`"))),
        },
    };
    let at = required(&mut fields, "at")?;
    let health = fields.take("health").map(|field| field.number()).transpose()?;
    let actor =
        Actor::standing(&name.string()?, kind, at.point()?, health).map_err(|message| at.problem(message))?;
    fields.done(&["name", "kind", "at", "health"])?;
    Ok(actor)
}

fn required<'a>(fields: &mut Fields<'a>, key: &str) -> Result<Field<'a>, Problem> {
    fields.take(key).ok_or_else(|| fields.problem(format!("`{key}` is missing")))
}

fn unique(text: Text, actors: &[Actor]) -> Result<(), Problem> {
    for (at, actor) in actors.iter().enumerate() {
        if actors[..at].iter().any(|other| other.name == actor.name) {
            let message = format!("two entities are called `{}`", actor.name);
            return Err(Problem::usage("bad_toml", message)
                .at(text.file, None, None)
                .hint("give each a name of its own"));
        }
    }
    Ok(())
}

fn named(field: &Field, name: &str, actors: &[Actor]) -> Result<usize, Problem> {
    let found = actors.iter().position(|actor| actor.name == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = actors.iter().map(|actor| actor.name.as_str()).collect();
        field
            .problem(format!("nobody here is called `{name}`"))
            .hint(format!("there are {}", names.join(", ")))
    })
}

fn cast_entry<'a>(
    (line, mut fields): (u32, Fields<'a>),
    ticks: u64,
    actors: &[Actor],
) -> Result<CastEntry<'a>, Problem> {
    let tick = fields.take("tick").map_or(Ok(1), |field| field.whole(1..ticks))?;
    let caster = match fields.take("caster") {
        None => actors.iter().position(|actor| actor.name == CASTER).unwrap_or(0),
        Some(field) => named(&field, &field.string()?, actors)?,
    };
    let target = fields.take("target").map(|field| mark(field, actors)).transpose()?;
    let direction = match fields.take("direction") {
        None => None,
        Some(field) => Some(stage::direction(field.point()?).map_err(|message| field.problem(message))?),
    };
    let params = fields.take("params").map_or(Ok(Vec::new()), |field| field.table().map(Fields::rest))?;
    fields.done(&["tick", "caster", "target", "direction", "params"])?;
    Ok(CastEntry { tick, caster, direction, target, params, line })
}

/// `[x, y, z]`, `{ entity = "name" }`, or the name alone.
fn mark(field: Field, actors: &[Actor]) -> Result<Mark, Problem> {
    if let DeValue::String(name) = &field.value {
        return named(&field, name, actors).map(Mark::Actor);
    }
    if let DeValue::Table(_) = &field.value {
        let mut fields = field.table()?;
        let entity = required(&mut fields, "entity")?;
        fields.done(&["entity"])?;
        return named(&entity, &entity.string()?, actors).map(Mark::Actor);
    }
    let point: Point = stage::point(field.point()?).map_err(|message| field.problem(message))?;
    Ok(Mark::Point(point))
}

fn remote_cue((_, mut fields): (u32, Fields), ticks: u64, actors: &[Actor]) -> Result<RemoteCue, Problem> {
    let tick = required(&mut fields, "tick")?.whole(1..ticks)?;
    let name = required(&mut fields, "name")?.string()?;
    let payload = match fields.take("payload") {
        None => String::new(),
        Some(field) => Some(field.string()?)
            .filter(|payload| payload.len() <= PAYLOAD_BYTES_MAX)
            .ok_or_else(|| field.problem(format!("`payload` is at most {PAYLOAD_BYTES_MAX} bytes")))?,
    };
    let player = match fields.take("player") {
        None => actors.iter().position(|actor| actor.name == CASTER).unwrap_or(0),
        Some(field) => named(&field, &field.string()?, actors)?,
    };
    fields.done(&["tick", "name", "payload", "player"])?;
    Ok(RemoteCue { tick, player, name, payload })
}

fn params(fields: &[Field], info: &SpellInfo) -> Result<Vec<NamedValue>, Problem> {
    let mut given: BTreeMap<String, ParamInput> = BTreeMap::new();
    for field in fields {
        given.insert(field.key.clone(), input(field)?);
        // One at a time, so that the line is that of the parameter.
        let alone = BTreeMap::from([(field.key.clone(), input(field)?)]);
        info.complete(&alone).map_err(|error| {
            let wrong = bad_param(&error, info);
            let (line, column) = field.text.line_and_column(field.span.start);
            wrong.at(field.text.file, Some(line), Some(column))
        })?;
    }
    info.complete(&given).map_err(|error| bad_param(&error, info))
}

fn input(field: &Field) -> Result<ParamInput, Problem> {
    Ok(match &field.value {
        DeValue::Boolean(flag) => ParamInput::Flag(*flag),
        DeValue::String(text) => ParamInput::Text(text.to_string()),
        DeValue::Float(_) => ParamInput::Number(field.number()?),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(whole) => ParamInput::Integer(whole),
            Err(_) => return Err(field.problem(format!("`{}` is too large", field.key))),
        },
        DeValue::Array(_) => {
            let items = field.clone().items()?;
            ParamInput::List(items.iter().map(Field::number).collect::<Result<_, _>>()?)
        }
        _ => return Err(field.problem(format!("`{}` cannot be a {}", field.key, field.value.type_str()))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, want: Expect) {
        let found = match Scenario::parse(Text { file: "a.cast.toml", text }) {
            Ok(scenario) => {
                let names: Vec<&str> = scenario.actors.iter().map(|actor| actor.name.as_str()).collect();
                format!("{} ticks, {}, {} casts", scenario.ticks, names.join(" "), scenario.casts.len())
            }
            Err(problem) => problem.to_string(),
        };
        want.assert_eq(&found);
    }

    #[test]
    fn defaults_are_those_of_the_command_line() {
        check("[[cast]]\n", expect!["300 ticks, caster, 1 casts"]);
        check(
            "ticks = 60\n[[entity]]\nname = \"dummy\"\nat = [0.5, 0, -7.5]\n[[cast]]\ntick = 2\ntarget = \"dummy\"\n[[cast]]\ntick = 9\n",
            expect!["60 ticks, caster dummy, 2 casts"],
        );
    }

    #[test]
    fn what_is_wrong_has_its_line() {
        check(
            "world = \"moon\"\n",
            expect![[r#"
            error: `world` is hills, flat or empty, not `moon`
              at a.cast.toml:1:9"#]],
        );
        check(
            "[[cast]]\ntick = 1\ntarged = [1, 2, 3]\n",
            expect![[r#"
            error: unknown key `targed` in `cast`
              at a.cast.toml:3:1
              next: the keys here are tick, caster, target, direction, params"#]],
        );
        check(
            "[[cast]]\ntick = 300\n",
            expect![[r#"
            error: `tick` must lie in 1..300
              at a.cast.toml:2:8"#]],
        );
        check(
            "[[cast]]\ntarget = \"dumy\"\n",
            expect![[r#"
            error: nobody here is called `dumy`
              at a.cast.toml:2:10
              next: there are caster"#]],
        );
        check(
            "[[entity]]\nname = \"a\"\nat = [0, 1e9, 0]\n",
            expect![[r#"
            error: (0, 1000000000, 0) lies outside the world
              at a.cast.toml:3:6"#]],
        );
        check(
            "[[entity]]\nkind = \"npc\"\n",
            expect![[r#"
            error: `name` is missing in `entity`
              at a.cast.toml:1:1"#]],
        );
        check(
            "",
            expect![[r#"
            error: a scenario casts at least once
              at a.cast.toml
              next: add `[[cast]]` with `tick = 1`"#]],
        );
    }
}
