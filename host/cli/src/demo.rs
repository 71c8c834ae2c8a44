//! What `run` plays: flags over `[run]` over the defaults.
//!
//! The defaults: `hills`, seed 1, 300 ticks, the cast at tick 1 aimed at the ground twelve blocks
//! ahead. Pure but for opening a saved world.

use std::collections::BTreeMap;
use std::path::PathBuf;

use spellhost_forge::{ParamValue, RunDefaults, RunWorld};
use spellhost_runtime::{ParamInput, SpellInfo};
use spellhost_sim::{Direction, NamedValue, Point, Terrain};

use crate::problem::Problem;
use crate::script::{Cue, Mark, RemoteCue, Script};
use crate::source::Ready;
use crate::stage::{Setting, Stage};

/// Ticks in all, unless told otherwise.
pub const TICKS: u64 = 300;
/// Seeds are exact in every JSON reader.
pub const SEED_MAX: u64 = (1 << 53) - 1;

/// What flags say about the demo.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoFlags {
    /// How many ticks (1/60 s) to play in all
    #[arg(long, env = "SPELLHOST_TICKS", value_name = "N", default_value_t = TICKS,
          value_parser = clap::value_parser!(u64).range(2..=10_000_000))]
    pub ticks: u64,
    /// The world's seed; part of its state, so two seeds never share a hash [default: 1]
    #[arg(long, env = "SPELLHOST_SEED", value_name = "N", value_parser = clap::value_parser!(u64).range(0..=SEED_MAX))]
    pub seed: Option<u64>,
    /// hills, flat, empty, a saved world (a snapshot or a file that `--record` wrote), or a place (its folder, package or
    /// scene.json; without its spells) [default: hills]
    #[arg(long, env = "SPELLHOST_WORLD", value_name = "WORLD")]
    pub world: Option<String>,
    /// What to aim at, in blocks [default: the ground 12 blocks ahead]
    #[arg(long, env = "SPELLHOST_TARGET", value_name = "X,Y,Z", value_parser = triple, allow_hyphen_values = true)]
    pub target: Option<Triple>,
    /// Which way to cast; without a target, at the first thing that lies that way
    #[arg(long, env = "SPELLHOST_DIRECTION", value_name = "X,Y,Z", value_parser = triple, allow_hyphen_values = true)]
    pub direction: Option<Triple>,
    /// A parameter of the spell; may be given again (in the environment: one a line)
    #[arg(long = "param", env = "SPELLHOST_PARAM", value_name = "NAME=VALUE", value_delimiter = '\n')]
    pub params: Vec<String>,
}

/// Three numbers from a flag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Triple(pub [f64; 3]);

fn triple(text: &str) -> Result<Triple, String> {
    let numbers =
        text.split(',').map(|part| part.trim().parse().ok().filter(|number: &f64| number.is_finite()));
    let numbers: Option<Vec<f64>> = numbers.collect();
    numbers
        .and_then(|numbers| numbers.try_into().ok())
        .map(Triple)
        .ok_or_else(|| "three numbers x,y,z are wanted".into())
}

/// The stage and the script of a demo.
///
/// # Errors
/// A parameter, place or world that is not acceptable.
pub fn demo(flags: &DemoFlags, ready: &Ready) -> Result<(Stage, Script), Problem> {
    let run = &ready.run;
    let setting = setting(flags, run);
    let own_seed = matches!(setting, Setting::Terrain(_)).then_some(run.seed).flatten();
    let stage = Stage::demo(&setting, flags.seed.or(own_seed))?;
    let script = script(flags, run, ready.component.info(), &stage)?;
    Ok((stage, script))
}

fn setting(flags: &DemoFlags, run: &RunDefaults) -> Setting {
    match (&flags.world, &run.world) {
        (Some(world), _) => Setting::parse(world),
        (None, Some(RunWorld::File(path))) => Setting::File(PathBuf::from(path)),
        (None, Some(RunWorld::Flat)) => Setting::Terrain(Terrain::Flat),
        (None, Some(RunWorld::Empty)) => Setting::Terrain(Terrain::Empty),
        (None, Some(RunWorld::Hills) | None) => Setting::Terrain(Terrain::Hills),
    }
}

/// The script of a demo on its stage.
///
/// # Errors
/// A parameter or place that is not acceptable.
pub fn script(
    flags: &DemoFlags,
    run: &RunDefaults,
    info: &SpellInfo,
    stage: &Stage,
) -> Result<Script, Problem> {
    let cue = Cue {
        tick: 1,
        caster: stage.caster,
        direction: flags.direction.map(|Triple(vector)| direction(vector)).transpose()?,
        target: target(flags, run, stage)?.map(Mark::Point),
        params: params(flags, run, info)?,
    };
    let remote = |remote: &spellhost_forge::RunRemote| {
        let tick = u64::from(remote.tick).max(1);
        RemoteCue { tick, player: stage.caster, name: remote.name.clone(), payload: remote.payload.clone() }
    };
    let remotes = run.remote.iter().map(remote).collect();
    Ok(Script { ticks: flags.ticks, casts: vec![cue], remotes })
}

fn direction(vector: [f64; 3]) -> Result<Direction, Problem> {
    crate::stage::direction(vector)
        .map_err(|message| Problem::usage("bad_param", format!("`--direction`: {message}")))
}

fn target(flags: &DemoFlags, run: &RunDefaults, stage: &Stage) -> Result<Option<Point>, Problem> {
    let place = |name: &str, at| {
        crate::stage::point(at).map_err(|message| Problem::usage("bad_param", format!("{name}: {message}")))
    };
    match (flags.target, flags.direction, run.target) {
        (Some(Triple(at)), ..) => place("`--target`", at).map(Some),
        (None, Some(_), _) => Ok(None),
        (None, None, Some(at)) => place("`target` in spell.toml", at).map(Some),
        (None, None, None) => Ok(Some(stage.demo_target())),
    }
}

fn params(flags: &DemoFlags, run: &RunDefaults, info: &SpellInfo) -> Result<Vec<NamedValue>, Problem> {
    let mut given: BTreeMap<String, ParamInput> =
        run.params.iter().map(|(name, value)| (name.clone(), input(value))).collect();
    for text in flags.params.iter().filter(|text| !text.is_empty()) {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Problem::usage("bad_param", format!("`--param {text}` is not NAME=VALUE"))
                .hint(format!("--param {text}=VALUE"))
        })?;
        let spec = info.param(name.trim()).map_err(|error| bad_param(&error, info))?;
        let value = ParamInput::parse(spec, value.trim()).map_err(|error| bad_param(&error, info))?;
        given.insert(name.trim().into(), value);
    }
    info.complete(&given).map_err(|error| bad_param(&error, info))
}

/// A parameter that the spell does not take, or not so.
pub fn bad_param(error: &spellhost_runtime::ParamError, info: &SpellInfo) -> Problem {
    let names: Vec<String> =
        info.params.iter().map(|spec| format!("{}={}", spec.name, spec.default)).collect();
    let known = if names.is_empty() {
        "this spell takes none".into()
    } else {
        format!("this spell takes {}", names.join(", "))
    };
    Problem::usage(error.code(), error.to_string()).hint(known)
}

fn input(value: &ParamValue) -> ParamInput {
    match value {
        ParamValue::Flag(flag) => ParamInput::Flag(*flag),
        ParamValue::Integer(integer) => ParamInput::Integer(*integer),
        ParamValue::Number(number) => ParamInput::Number(*number),
        ParamValue::Text(text) => ParamInput::Text(text.clone()),
        ParamValue::List(list) => ParamInput::List(list.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triples_are_three_finite_numbers() {
        assert_eq!(triple("1, -2.5,3e2"), Ok(Triple([1.0, -2.5, 300.0])));
        for wrong in ["", "1,2", "1,2,3,4", "1,2,x", "1,2,NaN", "1,2,inf"] {
            assert!(triple(wrong).is_err(), "{wrong}");
        }
    }
}
