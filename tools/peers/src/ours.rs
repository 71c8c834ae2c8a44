//! spellhost as hosts run it: lanes on casting threads, everything counted, priced and kept.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use spellhost_peers_stage::{Program, opened_world};
use spellhost_runtime::{
    Caster, Component, Engine, EngineOptions, Library, Policy, Verdicts, admit, run_lanes,
};
use spellhost_sim::limits::GRANT_FUEL;
use spellhost_sim::{
    Call, CallContext, CallId, CallLimits, CastId, Direction, EntityId, Entry, Lane, Outcome, Point,
    RevisionRef, SpellId, World,
};

use crate::spell;

/// Casts of one tick: as many as a full one has.
const TICK_CASTS: u64 = 1_000;

/// Threads that each keep a slot warm.
const SLOTS: usize = 16;
/// Ticks after which each of them has cast.
const SLOT_TICKS: usize = 100;

/// spellhost.
pub struct Ours {
    engine: Engine,
    world: World,
    library: Library,
    components: BTreeMap<String, Component>,
    one: Caster,
    two: Caster,
    swaps: u64,
}

impl Ours {
    /// An engine with one casting thread and with two.
    pub fn new() -> Self {
        let engine = Engine::new(EngineOptions::default()).expect("this machine casts");
        let caster = |threads| Caster::new(&engine, threads).expect("threads");
        let (one, two) = (caster(1), caster(2));
        Self {
            world: opened_world(),
            library: Library::new(),
            components: BTreeMap::new(),
            one,
            two,
            swaps: 0,
            engine,
        }
    }

    fn load(&self, bytes: &[u8]) -> Component {
        let admitted = admit(bytes, &Policy::default()).unwrap_or_else(|rejection| panic!("{rejection}"));
        self.engine.load(admitted).unwrap_or_else(|rejection| panic!("{rejection}"))
    }

    fn compile(&self, row: &str, times: u64) -> Option<f64> {
        let bytes = spell::component(row)?;
        let start = Instant::now();
        for _ in 0..times {
            black_box(self.load(&bytes));
        }
        Some(start.elapsed().as_nanos() as f64)
    }

    /// Loads component after component, casts each once, and forgets it.
    fn swap(&mut self, times: u64) -> Option<f64> {
        let bytes = spell::component("typical")?;
        let start = Instant::now();
        for _ in 0..times {
            self.swaps += 1;
            let number = self.swaps;
            // A custom section of the component: other bytes, the same spell.
            let mut named = bytes.clone();
            named.extend([0, 10, 1, b'n']);
            named.extend(number.to_le_bytes());
            let component = self.load(&named);
            self.library.insert(component.clone());
            self.cast(&component, false, 1);
            self.library.remove(&component.digest());
        }
        Some(start.elapsed().as_nanos() as f64)
    }

    /// What each of many casting threads keeps for its next call: its stack, and the slot of its last instance.
    fn slot(&mut self) -> Option<f64> {
        let component = self.component("typical")?;
        let many = Caster::new(&self.engine, SLOTS).expect("threads");
        let before = resident()?;
        for _ in 0..SLOT_TICKS {
            let lanes = (0..TICK_CASTS).map(|n| lane(&component, n)).collect();
            black_box(run_lanes(&mut self.world, lanes, &Verdicts::new(), None, &self.library, &many));
        }
        Some((resident()? - before) / SLOTS as f64)
    }

    fn component(&mut self, row: &str) -> Option<Component> {
        if let Some(component) = self.components.get(row) {
            return Some(component.clone());
        }
        let component = self.load(&spell::component(row)?);
        self.library.insert(component.clone());
        self.components.insert(row.into(), component.clone());
        Some(component)
    }

    fn cast(&mut self, component: &Component, two: bool, times: u64) -> Duration {
        let mut took = Duration::ZERO;
        for start in (0..times).step_by(TICK_CASTS as usize) {
            let lanes = (start..times.min(start + TICK_CASTS)).map(|n| lane(component, n)).collect();
            let caster = if two { &self.two } else { &self.one };
            let begun = Instant::now();
            let (results, notes) = run_lanes(&mut self.world, lanes, &Verdicts::new(), None, &self.library, caster);
            took += begun.elapsed();
            assert!(
                results.iter().all(|result| result.outcome == Outcome::Applied { skipped: 0 }),
                "{:?}",
                results[0]
            );
            black_box(notes);
        }
        took
    }
}

impl Program for Ours {
    fn round(&mut self, row: &str, times: u64) -> Option<f64> {
        match row {
            "compile-15" | "compile-135" => return self.compile(row, times),
            "swap" => return self.swap(times),
            "resident" => return resident().map(|bytes| bytes * times as f64),
            "slot" => return self.slot(),
            _ => {}
        }
        let (spell, two) = row.strip_suffix("-on-two").map_or((row, false), |spell| (spell, true));
        let component = self.component(spell)?;
        Some(self.cast(&component, two, times).as_nanos() as f64)
    }
}

/// A cast of its own: its one call.
fn lane(component: &Component, n: u64) -> Lane {
    let digest = component.digest();
    let revision = RevisionRef {
        id: digest,
        component: digest,
        cooldown: 0,
        mana: 0,
        grant: GRANT_FUEL,
        instantiate_fuel: component.instantiate_fuel(),
        limits: CallLimits::default(),
    };
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&n.to_le_bytes());
    Lane {
        cast: CastId(1 + n),
        spell: SpellId::parse("typical").expect("an id"),
        revision,
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
            id: CallId(1 + n),
            entry: Entry::Cast,
            seed,
            grant: GRANT_FUEL,
            first_entity: EntityId(1_000 + 64 * n),
        }],
    }
}

/// Bytes of this process in memory, where the system says so.
fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok().map(|kilobytes| kilobytes * 1024.0)
}
