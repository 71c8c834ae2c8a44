//! Generated components through admission and casting: each is refused, or its calls end with an
//! outcome that is allowed and within their grants, and everything is equal on every engine.
//!
//! `SEED`, `FIRST` and `COUNT` choose which; a failure names seed and index, and keeps the component.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use spellhost_runtime::{
    Caster, Codegen, Component, Engine, Library, PlayedTick, Policy, Rejection, Role, Verdicts, admit,
    replay_tick, verdicts,
};
use spellhost_sim::{
    Aim, CastRequest, Channel, Coord, Digest, Direction, EntityId, EntityKind, EntitySpec, Inputs, LimitKind,
    Op, Outcome, Point, Points, RevisionRef, SpellId, Swap, Template, Terrain, World, WorldConfig,
};

use crate::binary::cargo;
use crate::components::{engine, of_components, spells};

/// What is generated where nothing else is asked for; `cargo xtask prove` asks for 10,000.
const COUNT: u64 = 2_000;
/// Of each hundred samples, how many have to reach a call.
const CALLED_PERCENT: usize = 60;
/// Fuel of a call: enough for a few thousand instructions and a few imports.
const GRANT: u64 = 60_000;

fn asked(name: &str, usual: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is a number")),
        Err(_) => usual,
    }
}

/// Samples with their kinds, as `tools/generator` writes them.
fn generated(seed: u64, first: u64, count: u64) -> Vec<(&'static str, Vec<u8>)> {
    let test = std::env::current_exe().expect("a test has a path");
    let target = test.ancestors().nth(3).expect("a test lies in target/PROFILE/deps").join("generator");
    let output = cargo()
        .args([
            "run",
            "--quiet",
            "--release",
            "--manifest-path",
            "tools/generator/Cargo.toml",
            "--target-dir",
        ])
        .arg(target)
        .arg("--")
        .args([seed, first, count].map(|number| number.to_string()))
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (mut rest, mut samples) = (&output.stdout[..], Vec::new());
    while let Some((head, tail)) = rest.split_at_checked(5) {
        let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let kind = ["spell", "with a feature", "flipped bit", "foreign"][usize::from(head[0])];
        samples.push((kind, tail[..length].to_vec()));
        rest = &tail[length..];
    }
    assert!(rest.is_empty(), "the generator writes whole samples");
    samples
}

/// A place for one engine to cast in.
struct Place {
    engine: &'static Engine,
    world: World,
    caster: Caster,
}

/// What came of a sample.
type Came = Result<Vec<PlayedTick>, Rejection>;

impl Place {
    fn new(engine: &'static Engine) -> Self {
        let mut world = World::new(WorldConfig { terrain: Terrain::Flat, seed: 7 });
        world.open_tick(Inputs { ops: vec![body(0), body(1), body(2)], ..Inputs::default() });
        world.close_tick(Vec::new());
        Self { engine, world, caster: Caster::new(engine, 1).expect("a thread") }
    }

    /// Admits and loads a component, casts it, lets it wake, swaps it, and lets it wake again.
    fn cast(&self, bytes: &[u8], told: &[Verdicts]) -> Came {
        let component = self.engine.load(admit(bytes, &Policy::default())?)?;
        let mut library = Library::new();
        library.insert(component.clone());
        let mut world = self.world.clone();
        let nothing = Verdicts::new();
        Ok((0..6)
            .map(|tick| {
                let verdicts = told.get(tick).unwrap_or(&nothing);
                replay_tick(&mut world, inputs(&component, tick), verdicts, &library, &self.caster)
            })
            .collect())
    }
}

fn body(n: i32) -> Op {
    let npc = n > 0;
    Op::Spawn(EntitySpec {
        kind: if npc { EntityKind::Npc } else { EntityKind::Player },
        template: Template::named("dummy").filter(|_| npc),
        position: Point::from_blocks(n, 1, -2 * n),
        look: Direction::FORWARD,
        radius: Coord::ONE,
        health: Points::from_whole(50),
        health_max: Points::from_whole(100),
    })
}

fn inputs(component: &Component, tick: usize) -> Inputs {
    let spell = SpellId::parse("generated").expect("an id");
    let revision = |number: u8| RevisionRef {
        id: Digest([number; 32]),
        component: component.digest(),
        cooldown: 0,
        mana: 0,
        grant: GRANT,
        instantiate_fuel: component.instantiate_fuel(),
        limits: Default::default(),
    };
    let cast = |revision| CastRequest {
        spell: spell.clone(),
        revision,
        channel: Some(Channel::Draft),
        caster: EntityId(1),
        aim: Aim::default(),
        params: component.info().complete(&BTreeMap::new()).expect("defaults"),
    };
    let swap = |revision| Swap { spell: spell.clone(), channel: Channel::Draft, revision };
    match tick {
        0 => Inputs { casts: vec![cast(revision(1))], ..Inputs::default() },
        3 => Inputs { swaps: vec![swap(revision(2))], ..Inputs::default() },
        _ => Inputs::default(),
    }
}

/// Whether a call may end so: everything but what is the host's own fault.
fn check_allowed(tick: &PlayedTick) {
    for call in &tick.report.calls {
        assert!(call.fuel_used <= call.fuel_granted, "{call:?}");
        match &call.outcome {
            Outcome::Applied { .. } | Outcome::Failed { .. } => {}
            Outcome::Trapped { trap, .. } => {
                let own = ["host", "host_panic", "no_component"];
                assert!(!own.contains(&trap.as_str()), "{call:?}");
                assert_eq!(call.fuel_used, call.fuel_granted);
            }
            Outcome::Limit(LimitKind::Watchdog) | Outcome::Refused(_) => panic!("{call:?}"),
            Outcome::Invalid { .. } | Outcome::OutOfFuel | Outcome::Limit(_) => {
                assert_eq!(call.fuel_used, call.fuel_granted);
            }
        }
        assert!(call.outcome.is_applied() || call.effects.is_empty());
    }
}

/// Casts a sample natively, then again with the verdicts that were given: on the interpreter, and as the component that
/// it is where the first two may run its core module alone.
fn check(native: &Place, others: &[Place], bytes: &[u8]) -> Came {
    let first = native.cast(bytes, &[]);
    let told: Vec<Verdicts> = first.iter().flatten().map(|tick| verdicts(&tick.report)).collect();
    first.iter().flatten().for_each(check_allowed);
    for other in others {
        match (&first, &other.cast(bytes, &told)) {
            (Ok(first), Ok(second)) => {
                first
                    .iter()
                    .zip(second)
                    .for_each(|(a, b)| check_alike(a, b, other.engine.options() == native.engine.options()));
            }
            (Err(first), Err(second)) => assert_eq!(first, second),
            (first, second) => panic!("taken by one engine only: {first:?} and {second:?}"),
        }
    }
    first
}

/// Whether two engines played a tick alike; engines of the same code also tell of a trap in the same words.
fn check_alike(a: &PlayedTick, b: &PlayedTick, same_code: bool) {
    assert_eq!(a.report, b.report);
    for (call, (a, b)) in a.report.calls.iter().zip(a.notes.iter().zip(&b.notes)) {
        // A verdict is not run again, so that there is nothing to log.
        if !matches!(call.outcome, Outcome::Limit(LimitKind::Stack)) {
            assert_eq!((&a.log, a.fuel_instantiate), (&b.log, b.fuel_instantiate));
            assert!(!same_code || a.trap == b.trap, "{:?} and {:?}", a.trap, b.trap);
        }
    }
}

/// What samples came to, by words.
#[derive(Default)]
struct Tally {
    samples: BTreeMap<String, usize>,
    calls: BTreeMap<String, usize>,
    called: usize,
    commands: usize,
}

impl Tally {
    fn add(&mut self, kind: &str, came: &Came) {
        let word = match came {
            Err(rejection) => format!("{kind}: refused, {}", rejection.code()),
            Ok(_) => format!("{kind}: cast"),
        };
        *self.samples.entry(word).or_default() += 1;
        let ticks = came.as_deref().unwrap_or_default();
        self.called += usize::from(ticks.iter().any(|tick| !tick.report.calls.is_empty()));
        for call in ticks.iter().flat_map(|tick| &tick.report.calls) {
            let outcome = match &call.outcome {
                Outcome::Trapped { trap, .. } => format!("trapped, {trap}"),
                Outcome::Limit(kind) => format!("limit, {}", kind.name()),
                outcome => outcome.kind().into(),
            };
            *self.calls.entry(format!("{}: {outcome}", call.entry.export())).or_default() += 1;
            self.commands += call.effects.len();
        }
    }
}

/// Checks samples on every core; says what they came to.
fn check_all(
    label: &str,
    samples: &[(&'static str, Vec<u8>)],
    replay: impl Fn(usize) -> String + Sync,
) -> Tally {
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let work = || {
        let native = Place::new(engine(Codegen::Native, Role::Host));
        let others = [engine(Codegen::Pulley, Role::Reexecutor), of_components()].map(Place::new);
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((kind, bytes)) = samples.get(at) else { return };
            let _named = Named { label, bytes, how: replay(at) };
            let came = check(&native, &others, bytes);
            tally.lock().unwrap_or_else(PoisonError::into_inner).add(kind, &came);
        }
    };
    std::thread::scope(|scope| {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        (0..cores).for_each(|_| drop(scope.spawn(work)));
    });
    let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    eprintln!("{label}: {} samples, {} called, {} commands", samples.len(), tally.called, tally.commands);
    eprintln!("{:#?}\n{:#?}", tally.samples, tally.calls);
    tally
}

/// The sample that is being checked: where the check panics, it says how to see it again.
struct Named<'a> {
    label: &'a str,
    bytes: &'a [u8],
    how: String,
}

impl Drop for Named<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let path: PathBuf = std::env::temp_dir().join(format!("spellhost-{}.wasm", self.label));
        let kept = std::fs::write(&path, self.bytes);
        eprintln!("{}: kept as {} ({kept:?})", self.how, path.display());
    }
}

#[test]
fn generated_components_are_refused_or_end_alike_on_every_engine() {
    let (seed, first, count) = (asked("SEED", 1), asked("FIRST", 0), asked("COUNT", COUNT));
    eprintln!("SEED={seed} FIRST={first} COUNT={count}");
    let samples = generated(seed, first, count);
    let tally =
        check_all("generated", &samples, |at| format!("SEED={seed} FIRST={} COUNT=1", first + at as u64));
    if count >= 100 {
        assert!(tally.called * 100 >= samples.len() * CALLED_PERCENT, "{} calls", tally.called);
        for outcome in
            ["cast: applied", "cast: out_of_fuel", "cast: invalid", "on-event: applied", "migrate: applied"]
        {
            assert!(tally.calls.contains_key(outcome), "no sample ended as `{outcome}`");
        }
    }
}

/// A spell with one to three flipped bits, from fixed numbers.
fn flipped(spell: &[u8], number: u64) -> Vec<u8> {
    let mut bytes = spell.to_vec();
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for _ in 0..=number % 3 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let at = (state >> 8) as usize % bytes.len();
        bytes[at] ^= 1 << (state & 7);
    }
    bytes
}

#[test]
fn damaged_spells_are_refused_or_end_alike_on_every_engine() {
    let each = asked("COUNT", COUNT) / 100;
    let damaged = spells()
        .iter()
        .flat_map(|(name, bytes)| (0..each).map(move |number| (name.as_str(), flipped(bytes, number))));
    let samples: Vec<_> = damaged.collect();
    let tally =
        check_all("damaged", &samples, |at| format!("spell {} number {}", samples[at].0, at as u64 % each));
    assert!(tally.samples.len() > spells().len(), "some are refused and some are cast");
}
