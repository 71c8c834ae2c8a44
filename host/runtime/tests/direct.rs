//! Two ways to run a spell, its core module alone and the component that it is: whatever a guest does, nothing tells
//! which it was. Outcome, fuel, commands, state, log, trap and every host call are compared.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use spellhost_runtime::{
    Caster, Codegen, Component, Engine, EngineOptions, Library, Policy, Rejection, Role, Verdicts, admit,
    trace_tick,
};
use spellhost_sim::limits::GRANT_FUEL;
use spellhost_sim::{CallLimits, CastId, Inputs, World};
use wit_component::StringEncoding;

use crate::arena::{Arena, revision};
use crate::guest::{Guest, IMPORTS, SCRATCH, bytes, guests, sphere};

/// One way, with a world to cast in.
struct Way {
    engine: Engine,
    caster: Caster,
    arena: Arena,
    last: Option<Component>,
}

/// Both ways on one kind of code.
struct Ways {
    direct: Way,
    component: Way,
}

/// How a component is tried.
#[derive(Clone, Copy, Debug)]
struct Trial {
    grant: u64,
    limits: CallLimits,
    traced: bool,
}

impl Default for Trial {
    fn default() -> Self {
        Self { grant: GRANT_FUEL, limits: CallLimits::default(), traced: false }
    }
}

impl Way {
    fn new(engine: Engine) -> Self {
        let caster = Caster::new(&engine, 1).expect("threads");
        let mut arena = Arena::new(Codegen::Native, 1);
        arena.spawn([6, 1, -6]);
        Self { engine, caster, arena, last: None }
    }

    /// The component, once for all trials that follow each other.
    fn load(&mut self, bytes: &[u8]) -> Result<Component, Rejection> {
        let admitted = admit(bytes, &Policy::default())?;
        if let Some(component) = self.last.as_ref().filter(|last| last.digest() == admitted.digest()) {
            return Ok(component.clone());
        }
        let component = self.engine.load(admitted)?;
        self.last = Some(component.clone());
        Ok(component)
    }

    /// Everything that comes of a cast, of what it waits for, and of a migration; and whether the core module ran alone.
    fn told(&mut self, component: &[u8], trial: Trial) -> (String, bool) {
        let component = match self.load(component) {
            Ok(component) => component,
            Err(rejection) => return (format!("{rejection:?}"), false),
        };
        let mut library = Library::new();
        library.insert(component.clone());
        let mut cast = self.arena.request(&component);
        cast.revision =
            spellhost_sim::RevisionRef { limits: trial.limits, ..revision(&component, trial.grant) };
        let mut swap = self.arena.swap(&component);
        swap.revision.id = spellhost_sim::Digest([1; 32]);
        let mut world: World = self.arena.world.clone();
        let traced = trial.traced.then_some(CastId(1));
        let mut told = String::new();
        for tick in 0..5 {
            let inputs = match tick {
                0 => Inputs { casts: vec![cast.clone()], ..Inputs::default() },
                3 => Inputs { swaps: vec![swap.clone()], ..Inputs::default() },
                _ => Inputs::default(),
            };
            let mut played = trace_tick(&mut world, inputs, &Verdicts::new(), traced, &library, &self.caster);
            played.notes.iter_mut().for_each(|note| note.elapsed = Duration::ZERO);
            writeln!(told, "{:#?}\n{:#?}", played.report, played.notes).expect("a string takes it");
        }
        let fuel = (component.instantiate_fuel(), component.describe_fuel());
        writeln!(told, "{fuel:?} {:?}", component.info()).expect("a string takes it");
        (told, component.is_direct())
    }
}

impl Ways {
    fn new(codegen: Codegen) -> Self {
        let options = EngineOptions { codegen, role: Role::Host };
        let direct = Way::new(Engine::new(options).expect("an engine"));
        let component = Way::new(Engine::of_components(options).expect("an engine"));
        Self { direct, component }
    }

    /// Tries a component in both ways; says whether there were two, and what came of it.
    fn try_both(&mut self, name: &str, bytes: &[u8], trial: Trial) -> (String, bool) {
        let (direct, is_direct) = self.direct.told(bytes, trial);
        let (component, never) = self.component.told(bytes, trial);
        assert!(!never, "the reference runs components");
        for (at, (direct, component)) in direct.lines().zip(component.lines()).enumerate() {
            assert_eq!(direct, component, "{name}, {trial:?}, line {at}");
        }
        assert_eq!(direct.len(), component.len(), "{name}, {trial:?}");
        (direct, is_direct)
    }
}

fn outcome(told: &str) -> &str {
    let line = |line: &&str| line.trim_start().starts_with("outcome: ");
    told.lines().find(line).unwrap_or_default().trim_start().trim_start_matches("outcome: ")
}

#[test]
fn every_guest_does_the_same_in_both_ways() {
    for codegen in [Codegen::Native, Codegen::Pulley] {
        let mut ways = Ways::new(codegen);
        let (mut direct, mut ran) = (0, 0);
        for guest in guests::all() {
            for traced in [false, true] {
                let (told, is_direct) =
                    ways.try_both(&guest.name, &guest.bytes, Trial { traced, ..Trial::default() });
                ran += usize::from(told.contains("fuel_used"));
                direct += usize::from(is_direct);
            }
        }
        assert!(direct * 10 > ran * 8 && ran > 100, "{direct} of {ran} had two ways");
    }
}

/// A guest that calls every import that takes no pointers into nothing, and a few that do.
fn talkative() -> Guest {
    let op = sphere([8.0, 0.0, 8.0], 2.5, 1, 1);
    Guest::new()
        .import("scene.tick")
        .import("scene.get-voxel")
        .import("scene.raycast")
        .import("scene.entities-in-radius")
        .import("random.fill")
        .import("state.save")
        .import("state.load")
        .import("timers.wake-after")
        .import("terrain.apply")
        .import("log.log")
        .data(SCRATCH, &bytes(&op))
        .cast("(drop (call $scene.tick))")
        .cast("(drop (call $scene.get-voxel (i32.const 0) (i32.const -1) (i32.const 0)))")
        .cast(
            "(call $scene.raycast (f64.const 0) (f64.const 5) (f64.const 0) (f64.const 0.1) (f64.const -1)
               (f64.const 0) (f64.const 9) (i32.const 8192))",
        )
        .cast(
            "(call $scene.entities-in-radius (f64.const 0) (f64.const 1) (f64.const 0) (f64.const 20)
               (i32.const 0) (i32.const 0) (i32.const 8192))",
        )
        .cast("(call $random.fill (i32.const 3) (i32.const 8192))")
        .cast("(call $log.log (i32.const 2) (i32.const 2048) (i32.const 4))")
        .cast("(call $state.save (i32.const 2048) (i32.const 6))")
        .cast("(call $state.load (i32.const 8192))")
        .cast("(call $timers.wake-after (i32.const 1) (i32.const 5))")
        .cast("(call $terrain.apply (i32.const 4096) (i32.const 1))")
}

#[test]
fn fuel_runs_out_at_the_same_step_in_both_ways() {
    let mut ways = Ways::new(Codegen::Native);
    let guest = talkative().build();
    let (told, is_direct) = ways.try_both("talkative", &guest, Trial::default());
    assert!(is_direct && outcome(&told).starts_with("Applied"), "{told}");
    // Small steps, so that every import and every step between two is where a cast ends once.
    let mut kinds = BTreeMap::<String, usize>::new();
    for grant in (200..10_500).step_by(5).chain((10_500..100_000).step_by(997)) {
        let (told, _) = ways.try_both("talkative", &guest, Trial { grant, ..Trial::default() });
        let why = told.lines().find(|line| {
            line.contains("fuel") && line.contains("message: ") || line.contains("grant does not")
        });
        *kinds.entry(format!("{} {}", outcome(&told), why.unwrap_or_default().trim())).or_default() += 1;
    }
    let imports = kinds.keys().filter(|kind| kind.contains("does not pay for")).count();
    assert!(imports >= 9, "some run out in each import: {kinds:#?}");
    assert!(kinds.keys().any(|kind| kind.contains("all fuel consumed")), "some in the guest: {kinds:#?}");
    assert!(kinds.keys().any(|kind| kind.starts_with("Applied")), "some not at all: {kinds:#?}");
}

#[test]
fn a_small_memory_is_a_limit_in_both_ways() {
    let mut ways = Ways::new(Codegen::Native);
    for memory_bytes in [65_536, 4 * 65_536, 5 * 65_536] {
        let limits = CallLimits { memory_bytes, ..CallLimits::default() };
        let guest = talkative().cast("(drop (memory.grow (i32.const 1)))").build();
        ways.try_both("grows", &guest, Trial { limits, ..Trial::default() });
    }
}

#[test]
fn what_cleans_up_after_a_call_runs_and_may_not_leave() {
    let mut ways = Ways::new(Codegen::Native);
    let cleans = |body: &str| {
        let items = format!("(func (export \"cabi_post_cast\") (param $at i32) {body})");
        talkative().items(&items).build()
    };
    let (told, is_direct) =
        ways.try_both("counts", &cleans("(drop (i32.load (local.get $at)))"), Trial::default());
    assert!(is_direct && outcome(&told).starts_with("Applied"), "{told}");
    let (told, _) = ways.try_both("leaves", &cleans("(drop (call $scene.tick))"), Trial::default());
    assert!(told.contains("cannot_leave_component"), "{told}");
    // By the shim, and after a call that has failed to return what it should.
    let shim = "(call $log.log (i32.const 2) (i32.const 2048) (i32.const 4))";
    let (told, _) = ways.try_both("leaves by the shim", &cleans(shim), Trial::default());
    assert!(told.contains("cannot_leave_component"), "{told}");
    ways.try_both("loops", &cleans("(loop $again (br $again))"), Trial::default());
    ways.try_both("traps", &cleans("unreachable"), Trial::default());
}

/// The `n`-th of a few values of a core type that are worth trying; every one is tried in some place.
fn value(kind: &str, n: usize) -> String {
    let end = 4 * 65_536;
    let of = |values: &[&str]| values[n % values.len()].to_owned();
    match kind {
        "i32" => {
            let at = [0, 1, 4096, 4100, 4097, 2, 8192, end - 8, end, end + 8, 3, -1, 1024, 64, 70_000, 1_025];
            at[n % at.len()].to_string()
        }
        "i64" => of(&["1", "0", "2", "-1"]),
        _ => of(&["1.5", "0", "-3", "nan", "40", "inf", "1e30", "0.1"]),
    }
}

/// Bytes that are half sensible: small numbers, coordinates and pointers in the places of a record.
fn half_sensible(n: usize) -> String {
    let mut state = n as u64 | 1;
    let mut next = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut text = String::new();
    for _ in 0..192 {
        let word: u64 = match next(6) {
            0 => next(8),
            1 => (next(30) as f64 - 10.5).to_bits(),
            2 => 2048 | (next(9) << 32),
            3 => next(3) | (next(2) << 32),
            4 => 1,
            _ => 0,
        };
        word.to_le_bytes().iter().for_each(|byte| write!(text, "\\{byte:02x}").expect("a string takes it"));
    }
    text
}

#[test]
fn every_import_does_the_same_in_both_ways_whatever_it_is_given() {
    let mut ways = Ways::new(Codegen::Native);
    let mut kinds = BTreeMap::<String, usize>::new();
    for (row, (interface, function, signature)) in IMPORTS.iter().enumerate() {
        let name = format!("{interface}.{function}");
        let (params, result) = signature.split_once("(result").unwrap_or((signature, ""));
        for case in 0..32_usize {
            let n = std::cell::Cell::new(case * 7 + row);
            let one = |word: &str| {
                let kind = word.trim_matches(['(', ')']);
                let of = ["i32", "i64", "f64"].contains(&kind);
                // Sensible values are more frequent than the rest.
                n.set(n.get() + 1 + case % 5);
                of.then(|| {
                    format!(
                        "({kind}.const {})",
                        value(kind, if case % 3 == 0 { n.get() % 3 + 2 } else { n.get() })
                    )
                })
            };
            let given: String = params.split_whitespace().filter_map(one).collect();
            let call = format!("(call ${name} {given})");
            let call = if result.is_empty() { call } else { format!("(drop {call})") };
            let guest = Guest::new().import(&name).data(SCRATCH, &half_sensible(case * 31 + row)).cast(&call);
            let trial = Trial { traced: true, ..Trial::default() };
            let (told, is_direct) = ways.try_both(&call, &guest.build(), trial);
            assert!(is_direct, "{call}");
            *kinds.entry(outcome(&told).trim_end_matches([',', '{', ' ']).to_owned()).or_default() += 1;
        }
    }
    for kind in ["Applied", "Invalid", "Trapped", "Limit("] {
        assert!(kinds.keys().any(|outcome| outcome.starts_with(kind)), "some end as {kind}: {kinds:#?}");
    }
}

#[test]
fn what_is_no_usual_component_runs_as_it_is() {
    let mut ways = Ways::new(Codegen::Native);
    let (told, is_direct) =
        ways.try_both("utf-16", &Guest::new().encoding(StringEncoding::UTF16).build(), Trial::default());
    assert!(!is_direct && outcome(&told).starts_with("Applied"), "{told}");
    let (told, is_direct) = ways.try_both("utf-8", &Guest::new().build(), Trial::default());
    assert!(is_direct && outcome(&told).starts_with("Applied"), "{told}");
}
