//! Measures a call in both ways that a spell may run, round by round: its core module alone, and the component that it is.
//!
//! Prints one JSON object a row; the ratio is the median of the rounds' own ratios, so that a busy machine spoils it little.
//!
//! ```console
//! $ cargo run --release -p spellhost -p spellhost-runtime --example measure_ways [ROUNDS]
//! ```

#[path = "../tests/arena.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod arena;
#[path = "../tests/guest.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod guest;

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use spellhost_runtime::{Caster, Codegen, Component, Engine, EngineOptions, Library, Verdicts, run_lanes};
use spellhost_sim::limits::GRANT_FUEL;
use spellhost_sim::{
    Call, CallContext, CallId, CastId, Direction, EntityId, Entry, Lane, Outcome, Point, SpellId, World,
};

use crate::arena::{Arena, admitted, revision};
use crate::guest::{Guest, SCRATCH, amount, bytes, sphere};

/// Calls of one round.
const CALLS: u64 = 1_000;

/// One way to run spells.
struct Way {
    name: &'static str,
    component: Component,
    library: Library,
    caster: Caster,
    world: World,
    nanoseconds: Vec<f64>,
}

impl Way {
    fn new(name: &'static str, engine: &Engine, guest: &Guest) -> Result<Self, Box<dyn Error>> {
        let component = engine.load(admitted(&guest.build()))?;
        let mut library = Library::new();
        library.insert(component.clone());
        let mut arena = Arena::new(Codegen::Native, 1);
        arena.spawn([4, 1, -6]);
        let caster = Caster::new(engine, 1)?;
        Ok(Self { name, component, library, caster, world: arena.world, nanoseconds: Vec::new() })
    }

    fn round(&mut self) {
        let lanes = (0..CALLS).map(|number| lane(&self.component, number)).collect();
        let start = Instant::now();
        let played = run_lanes(&mut self.world, lanes, &Verdicts::new(), None, &self.library, &self.caster);
        self.nanoseconds.push(start.elapsed().as_nanos() as f64 / CALLS as f64);
        assert!(
            played.0.iter().all(|call| call.outcome == Outcome::Applied { skipped: 0 }),
            "{:?}",
            played.0[0]
        );
        black_box(played);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let rounds = std::env::args().nth(1).map_or(Ok(60), |count| count.parse::<usize>())?;
    let options = EngineOptions::default();
    let (direct, component) = (Engine::new(options)?, Engine::of_components(options)?);
    for (spell, guest) in [("typical", typical()), ("empty", Guest::new())] {
        let mut ways =
            [Way::new("alone", &direct, &guest)?, Way::new("as its component", &component, &guest)?];
        assert!(ways[0].component.is_direct() && !ways[1].component.is_direct(), "there are two ways");
        ways.iter_mut().for_each(Way::round);
        // That warmed.
        ways.iter_mut().for_each(|way| way.nanoseconds.clear());
        for _ in 0..rounds {
            ways.iter_mut().for_each(Way::round);
        }
        for way in &ways {
            let row = format!("{spell} spell, {}", way.name);
            tell(&row, "ns", &way.nanoseconds);
        }
        let [alone, whole] = &ways;
        let ratios: Vec<f64> = alone.nanoseconds.iter().zip(&whole.nanoseconds).map(|(a, b)| a / b).collect();
        tell(&format!("{spell} spell, alone against its component"), "ratio", &ratios);
    }
    Ok(())
}

fn tell(row: &str, unit: &str, values: &[f64]) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (median, minimum) = (sorted[sorted.len() / 2], sorted[0]);
    println!(
        r#"{{"bench":"casting","row":"{row}","unit":"{unit}","median":{median:.3},"minimum":{minimum:.3}}}"#
    );
}

/// Twenty host calls: 8 voxels, 4 rays of about 14 voxels, a query, 6 commands, a line of log.
fn typical() -> Guest {
    let [sphere, damage] = [bytes(&sphere([8.0, 0.0, 8.0], 1.5, 1, 1)), bytes(&amount(0, 2, 1.0))];
    let mut guest = Guest::new()
        .import("scene.get-voxel")
        .import("scene.raycast")
        .import("scene.entities-in-radius")
        .import("terrain.apply")
        .import("entities.apply")
        .import("timers.wake-after")
        .import("log.log")
        .data(SCRATCH, &sphere)
        .data(SCRATCH + 64, &damage);
    for at in 0..8 {
        guest = guest
            .cast(&format!("(drop (call $scene.get-voxel (i32.const {at}) (i32.const -1) (i32.const 3)))"));
    }
    for at in 0..4 {
        guest = guest.cast(&format!(
            "(call $scene.raycast (f64.const {at}) (f64.const 9) (f64.const 0) (f64.const 0.5) (f64.const -0.7)
               (f64.const 0.1) (f64.const 14) (i32.const 8192))"
        ));
    }
    guest = guest.cast(
        "(call $scene.entities-in-radius (f64.const 0) (f64.const 1) (f64.const 0) (f64.const 10)
           (i32.const 0) (i32.const 0) (i32.const 8192))
         (call $terrain.apply (i32.const 4096) (i32.const 1))",
    );
    for _ in 0..4 {
        guest = guest.cast("(call $entities.apply (i32.const 4160) (i32.const 1))");
    }
    guest
        .cast("(call $timers.wake-after (i32.const 60) (i32.const 1))")
        .cast("(call $log.log (i32.const 2) (i32.const 2048) (i32.const 4))")
}

/// A cast of its own: its one call.
fn lane(component: &Component, number: u64) -> Lane {
    Lane {
        cast: CastId(1 + number),
        spell: SpellId::parse("measured").expect("an id"),
        revision: revision(component, GRANT_FUEL),
        migrate_to: None,
        context: CallContext {
            caster: EntityId(1),
            origin: Point::from_blocks(0, 1, 0),
            direction: Direction::FORWARD,
            target_position: Point::from_blocks(0, 0, -8),
            target_entity: None,
            params: Vec::new(),
        },
        state: Vec::new(),
        calls: vec![Call {
            id: CallId(1 + number),
            entry: Entry::Cast,
            seed: [7; 32],
            grant: GRANT_FUEL,
            first_entity: EntityId(1_000 + 64 * number),
        }],
    }
}
