//! The exact fuel of every call of fixed casts of the checked-in components: what a spell costs
//! does not change unnoticed, nor while the engine id says that nothing has.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use spellhost_runtime::{Admitted, Caster, Codegen, Component};
use spellhost_sim::limits::GRANT_FUEL;
use spellhost_sim::{Aim, CastRequest, Digest, Inputs, Point, RevisionRef, Swap, Target};

use crate::arena::{Arena, CODEGENS, admitted, engine, revision};
use crate::guest::guests;

/// Ticks after the cast in which its events are told; a projectile crosses the arena in less.
const TICKS: usize = 120;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}

/// The components, by name.
fn fixtures() -> BTreeMap<String, Admitted> {
    let files = files("wasm").into_iter().map(|path| {
        let bytes = fs::read(&path).expect("a readable file");
        assert!(bytes.len() <= 64 * 1024, "{} is small enough to be kept", path.display());
        (stem(&path), admitted(&bytes))
    });
    files.collect()
}

fn files(extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("the fixtures are there");
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    paths.filter(|path| path.extension().is_some_and(|other| other == extension)).collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a file has a name").to_string_lossy().into_owned()
}

/// The fuel of every call of a cast at a fixed point and of a migration right after it.
fn fuel(codegen: Codegen, component: &Component) -> String {
    let mut arena = Arena::new(codegen, 1);
    arena.caster = Caster::new(engine(codegen), 2).expect("threads");
    arena.spawn([6, 1, -6]);
    let target = Some(Target::Point(Point::from_blocks(6, 0, -6)));
    let request = arena.request(component);
    let request = CastRequest { aim: Aim { target, ..Aim::default() }, ..request };
    // The same component under another name: its live spell migrates.
    let again = RevisionRef { id: Digest([1; 32]), ..revision(component, GRANT_FUEL) };
    let swap = Swap { revision: again, ..arena.swap(component) };
    let mut ticks = vec![arena.play(Inputs { casts: vec![request], ..Inputs::default() })];
    ticks.push(arena.play(Inputs { swaps: vec![swap], ..Inputs::default() }));
    ticks.extend(arena.idle(TICKS));
    let mut calls = String::new();
    for tick in &ticks {
        for call in &tick.report.calls {
            let (export, outcome) = (call.entry.export(), call.outcome.kind());
            writeln!(calls, "    \"{export} {} {outcome}\",", call.fuel_used).expect("a string takes it");
        }
    }
    let (instantiate, describe) = (component.instantiate_fuel(), component.describe_fuel());
    format!("instantiate = {instantiate}\ndescribe = {describe}\ncalls = [\n{calls}]\n")
}

fn measured(codegen: Codegen) -> String {
    let mut text = format!("engine = \"{}\"\n", engine(codegen).id());
    for (name, fixture) in fixtures() {
        let component =
            engine(codegen).load(fixture).unwrap_or_else(|rejection| panic!("{name}: {rejection}"));
        let digest = component.digest();
        write!(text, "\n[{name}]\ncomponent = \"{digest}\"\n{}", fuel(codegen, &component))
            .expect("a string takes it");
    }
    text
}

/// The lines that one text has and the other has not, under the fixture that they belong to.
fn changes(golden: &str, found: &str) -> String {
    let name = |at: usize, text: &str| {
        let before = text.lines().take(at + 1).filter(|line| line.starts_with('['));
        before.last().unwrap_or_default().to_owned()
    };
    let pairs = golden.lines().zip(found.lines()).enumerate().filter(|(_, (was, is))| was != is);
    let lines =
        pairs.map(|(at, (was, is))| format!("{} was {} is {}\n", name(at, golden), was.trim(), is.trim()));
    let (was, is) = (golden.lines().count(), found.lines().count());
    lines.chain((was != is).then(|| format!("{was} lines were there, and are {is}\n"))).collect()
}

#[test]
fn fuel_is_what_it_was() {
    let path = folder().join("fuel.toml");
    let found = measured(Codegen::Native);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &found).expect("the fixtures can be written");
    }
    let golden = fs::read_to_string(&path).expect("fuel.toml is there: `cargo xtask bless` writes it");
    let id = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let changes = changes(&golden, &found);
    if id(&golden) != id(&found) {
        panic!(
            "the engine id has changed, so fuel may: look at what did, and `cargo xtask bless` it\n{changes}"
        );
    }
    assert!(
        changes.is_empty(),
        "fuel has changed while the engine id has not: either undo it, or make what changed a part of the engine id \
         (host/runtime/src/identity.rs) and `cargo xtask bless`\n{changes}"
    );
    for codegen in &CODEGENS[1..] {
        assert_eq!(measured(*codegen), found, "{codegen:?}");
    }
}

#[test]
fn the_small_fixtures_are_what_their_texts_say() {
    for path in files("wat") {
        let built = guests::build(&path);
        let component = path.with_extension("wasm");
        if std::env::var_os("BUILD_FIXTURES").is_some() {
            fs::write(&component, &built).expect("the fixtures can be written");
        }
        let kept = fs::read(&component).expect("`cargo xtask fixtures` builds it");
        assert!(kept == built, "{} is not its text: `cargo xtask fixtures` builds it", component.display());
    }
}
