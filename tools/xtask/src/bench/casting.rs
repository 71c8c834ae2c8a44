//! `bench casting`: one call of the same spells in spellhost and in what could be used instead.
//!
//! The spells and the work behind their host calls are `tools/peers`; here are the rows, their aims and the arithmetic.

use std::path::Path;

use anyhow::{Context, Result};

use super::Options;
use super::programs::{Program, Rounds, interleave};
use super::table::{Row, Table};
use crate::command::{cargo, step};

const PEERS: &str = "tools/peers/Cargo.toml";
const EXTISM_GUEST: &str = "tools/peers/extism/guest/Cargo.toml";
const HOST: &str = "spellhost";
const RAW: &str = "wasmtime-tuned";

/// What the guest's manifest builds.
const PLUGIN: &str = "target/extism-guest/wasm32-unknown-unknown/release/extism_guest.wasm";

/// Every program with what it is, and how many times faster the typical spell should be in spellhost.
const PROGRAMS: &[(&str, &str, Option<f64>)] = &[
    (HOST, "spellhost: fresh instance, everything counted, priced and kept", None),
    (RAW, "wasmtime 48 components with the same settings and nothing else", None),
    ("wasmtime-core", "wasmtime 48 core module linked by hand, same settings, nothing else", None),
    ("wasmtime-default", "wasmtime 48 components with its own settings", Some(4.0)),
    ("extism-fresh", "Extism 1.30, fresh plugin per call", Some(20.0)),
    ("extism-live", "Extism 1.30, one live plugin, packed bytes, no isolation", None),
    ("extism-live-json", "Extism 1.30, one live plugin, JSON, no isolation", None),
    ("luau-fresh", "Luau (mlua 0.12), fresh state per call", Some(10.0)),
    ("luau-live", "Luau (mlua 0.12), one live state, no isolation", None),
    ("rhai", "rhai 1.27, fresh scope per call", Some(1.0)),
    ("wasmi", "wasmi 2 core module with fuel, fresh instance per call", Some(1.0)),
    ("native", "native Rust", None),
];

/// How often the counting spell goes round in one call.
const LOOPS: f64 = 1e5;
/// A tick of 1/60 s.
const TICK_NANOSECONDS: f64 = 1e9 / 60.0;

type Taken = Vec<(String, String, Rounds)>;

/// Measures everything.
pub fn measure(options: &Options) -> Result<Table> {
    let (mut programs, missing) = start(options)?;
    let mut rows = Vec::new();
    for spell in ["typical", "empty"] {
        let taken = interleave(options.rounds, &mut programs, |_| vec![spell.into()])?;
        rows.extend(spell_rows(spell, &taken)?);
    }
    let taken = interleave(options.rounds, &mut programs, |_| vec!["loop".into()])?;
    rows.extend(loop_rows(&taken)?);
    rows.extend(thread_rows(options, &mut programs)?);
    for size in [15, 135] {
        rows.push(compile_row(options, &mut programs, size)?);
    }
    rows.extend(load_rows(options, &mut programs)?);
    drop(programs);
    rows.extend(memory_rows(options)?);
    rows.extend(missing);
    Ok(Table { bench: "casting", rounds: options.rounds, rows })
}

/// Builds the programs, one build at a time, and starts them. Extism, the only one that brings an engine of its own and
/// a plugin, becomes a row that says why where it cannot be built.
fn start(options: &Options) -> Result<(Vec<Program>, Vec<Row>)> {
    step("programs", || build(options, "spellhost-peers"))?;
    let extism = step("Extism", || build_extism(options));
    let folder = Path::new("target").join(&options.profile);
    let (mut programs, mut missing) = (Vec::new(), Vec::new());
    for (name, what, _) in PROGRAMS {
        match &extism {
            _ if !name.starts_with("extism") => {
                programs.push(Program::start(name, &folder.join("spellhost-peers"), &[name])?);
            }
            Ok(()) => {
                programs.push(Program::start(name, &folder.join("spellhost-peer-extism"), &[name, PLUGIN])?)
            }
            Err(error) => missing.push(Row::missing(what, format!("{error:#}"))),
        }
    }
    Ok((programs, missing))
}

fn build(options: &Options, package: &str) -> Result<()> {
    let common =
        ["build", "--quiet", "--manifest-path", PEERS, "--target-dir", "target", "--package", package];
    cargo(&[&common[..], &["--profile", &options.profile]].concat())
}

fn build_extism(options: &Options) -> Result<()> {
    let target = ["--target", "wasm32-unknown-unknown", "--target-dir", "target/extism-guest"];
    cargo(&[&["build", "--quiet", "--release", "--manifest-path", EXTISM_GUEST][..], &target].concat())?;
    build(options, "spellhost-peer-extism")
}

fn find<'a>(taken: &'a Taken, program: &str, row: &str) -> Result<&'a Rounds> {
    let found = taken.iter().find(|(name, what, _)| (name.as_str(), what.as_str()) == (program, row));
    found.map(|(.., rounds)| rounds).with_context(|| format!("`{program}` has no row `{row}`"))
}

fn described(program: &str) -> &'static str {
    PROGRAMS.iter().find(|(name, ..)| *name == program).map_or("", |(_, what, _)| what)
}

fn row(name: String, rounds: &Rounds, scale: f64) -> Row {
    let (median, minimum) = (rounds.median() / scale, rounds.minimum() / scale);
    Row { name, unit: "ns".into(), median, minimum, ..Row::default() }
}

/// One spell in every program, spellhost's own time as a ratio to each.
fn spell_rows(spell: &str, taken: &Taken) -> Result<Vec<Row>> {
    let host = find(taken, HOST, spell)?;
    let mut rows = Vec::new();
    for (program, _, rounds) in taken {
        let mut row = row(format!("{spell} spell: {}", described(program)), rounds, 1.0);
        if program == HOST {
            let ratio = host.ratio_to(find(taken, RAW, spell)?);
            row.ratio = Some((ratio, format!("{RAW}'s")));
            row.aim = (spell == "typical").then(|| ("at most 1.15 ×".into(), ratio <= 1.15));
        } else {
            let faster = rounds.ratio_to(host);
            row.ratio = Some((faster, "spellhost's".into()));
            row.aim = aim(program).filter(|_| spell == "typical").map(|most| wanted(most, faster));
        }
        rows.push(row);
    }
    Ok(rows)
}

fn aim(program: &str) -> Option<f64> {
    PROGRAMS.iter().find(|(name, ..)| *name == program).and_then(|(.., aim)| *aim)
}

fn wanted(most: f64, faster: f64) -> (String, bool) {
    let words =
        if most > 1.0 { format!("spellhost at least {most:.0} × faster") } else { "spellhost ahead".into() };
    (words, faster >= most)
}

/// The counting spell, each time round.
fn loop_rows(taken: &Taken) -> Result<Vec<Row>> {
    let native = find(taken, "native", "loop")?;
    let each = |(program, _, rounds): &(String, String, Rounds)| {
        let mut row =
            row(format!("64-bit integer loop, each time round: {}", described(program)), rounds, LOOPS);
        let ratio = rounds.ratio_to(native);
        row.ratio = Some((ratio, "native".into()));
        row.aim = (program == HOST).then(|| ("at most 1.1 ×".into(), ratio <= 1.1));
        row
    };
    Ok(taken.iter().map(each).collect())
}

/// Two casting threads against one, and what that makes of a tick.
fn thread_rows(options: &Options, programs: &mut [Program]) -> Result<Vec<Row>> {
    let own = |program: &str| match program {
        HOST => vec!["typical".into(), "typical-on-two".into()],
        _ => Vec::new(),
    };
    let taken = interleave(options.rounds, programs, own)?;
    let (one, two) = (find(&taken, HOST, "typical")?, find(&taken, HOST, "typical-on-two")?);
    let mut threads = row("typical spell on two casting threads, each cast".into(), two, 1.0);
    let faster = one.ratio_to(two);
    threads.ratio = Some((faster, "the casts of one thread".into()));
    threads.aim = Some(("at least 1.7 ×".into(), faster >= 1.7));
    let casts = TICK_NANOSECONDS / one.median();
    let tick = Row {
        name: "typical casts in one tick of 16.7 ms, one thread".into(),
        unit: "casts".into(),
        median: casts,
        minimum: TICK_NANOSECONDS / one.0.iter().copied().fold(0.0, f64::max),
        aim: Some(("at least 1,500".into(), casts >= 1_500.0)),
        ..Row::default()
    };
    Ok(vec![threads, tick])
}

fn only(programs: &[&str], program: &str, row: String) -> Vec<String> {
    if programs.contains(&program) { vec![row] } else { Vec::new() }
}

/// From bytes to a component that can be cast, against compiling alone.
fn compile_row(options: &Options, programs: &mut [Program], size: usize) -> Result<Row> {
    let name = format!("compile-{size}");
    let taken = interleave(options.rounds, programs, |program| only(&[HOST, RAW], program, name.clone()))?;
    let host = find(&taken, HOST, &name)?;
    let what = format!("{size} KB component admitted, compiled, linked and described; elapsed");
    let mut row = row(what, host, 1.0);
    let ratio = host.ratio_to(find(&taken, RAW, &name)?);
    row.ratio = Some((ratio, "raw wasmtime, which only compiles".into()));
    row.aim = Some(("at most 1.1 ×".into(), ratio <= 1.1));
    row.note = "generated code".into();
    Ok(row)
}

fn load_rows(options: &Options, programs: &mut [Program]) -> Result<Vec<Row>> {
    let name = "load-135".to_string();
    let taken = interleave(options.rounds, programs, |program| only(&[RAW], program, name.clone()))?;
    let mut raw = row(
        "135 KB component loaded from compiled code: raw wasmtime".into(),
        find(&taken, RAW, &name)?,
        1.0,
    );
    raw.note = "what an engine cache can reach".into();
    Ok(vec![raw])
}

/// Resident memory of a host of its own after many casts and many components, against a few.
fn memory_rows(options: &Options) -> Result<Vec<Row>> {
    let mut host =
        Program::start(HOST, &Path::new("target").join(&options.profile).join("spellhost-peers"), &[HOST])?;
    let mut resident = |work: &str, times: u64| -> Result<f64> {
        host.round(work, times)?.with_context(|| format!("spellhost has no row `{work}`"))?;
        host.round("resident", 1)?.context("this system does not say how much memory is resident")
    };
    resident("swap", 100)?;
    let few = resident("typical", 1_000)?;
    let casts = resident("typical", 999_000)?;
    let swaps = resident("swap", 10_000)?;
    let slot = host.round("slot", 1)?.context("this system does not say how much memory is resident")?;
    let row = |what: &str, bytes: f64| {
        let ratio = bytes / few;
        Row {
            name: format!("resident memory after {what}"),
            unit: "bytes".into(),
            median: bytes,
            minimum: bytes,
            ratio: Some((ratio, "that after 1,000 casts".into())),
            aim: Some(("no growth beyond 2 %".into(), ratio <= 1.02)),
            ..Row::default()
        }
    };
    let before = Row { ratio: None, aim: None, ..row("1,000 casts and 100 components", few) };
    Ok(vec![
        before,
        row("1,000,000 casts", casts),
        row("10,000 more components, each cast once and forgotten", swaps),
        Row {
            name: "resident memory of a warm slot: a casting thread, its stack, its last instance".into(),
            ..Row { ratio: None, aim: None, ..row("", slot) }
        },
    ])
}
