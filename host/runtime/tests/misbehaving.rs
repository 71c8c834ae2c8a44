//! The guests of `tests/guests/`, which mean harm: each ends with the one outcome that its file
//! states, the same on every engine, leaves nothing, and harms nobody who casts in the same tick.

use std::collections::BTreeMap;

use spellhost_runtime::{
    Caster, Codegen, Component, Engine, EngineOptions, PlayedTick, Policy, Rejection, Role, admit, limits,
};
use spellhost_sim::limits::TICK_FUEL;
use spellhost_sim::{
    CallReport, CallResult, CastRequest, EntityId, Entry, Inputs, Outcome, SpellId, Swap, World,
};

use crate::arena::{Arena, CODEGENS};
use crate::guest::guests::{self, Enters, Guest};
use crate::guest::{Guest as Spell, SCRATCH, bytes, sphere};

/// What one guest did on one engine.
#[derive(Debug, PartialEq)]
struct Ending {
    name: String,
    outcome: String,
    /// The call's fuel, commands and their digest; nothing where it never ran.
    call: Option<(u64, String)>,
    state_hash: String,
}

/// A world in which one guest after the other is tried, beside a spell that means well.
struct Trial {
    arena: Arena,
    engine: Engine,
    good: Component,
    steady: Component,
    villain: EntityId,
}

impl Trial {
    fn new(codegen: Codegen) -> Self {
        let engine = Engine::new(EngineOptions { codegen, role: Role::Host }).expect("an engine");
        let mut arena = Arena::new(codegen, 1);
        arena.caster = Caster::new(&engine, 2).expect("threads");
        let villain = arena.spawn([8, 1, 8]);
        let load = |spell: Spell| {
            let admitted = admit(&spell.build(), &Policy::default());
            admitted
                .and_then(|admitted| engine.load(admitted))
                .unwrap_or_else(|rejection| panic!("{rejection}"))
        };
        let (good, steady) = (load(good()), load(steady()));
        Self { arena, engine, good, steady, villain }
    }

    /// Tries one guest.
    fn run(&mut self, guest: &Guest) -> Ending {
        let name = guest.name.clone();
        let component = match self.load(guest) {
            Ok(component) => component,
            Err(rejection) => {
                let says = guest.says.as_deref().unwrap_or_default();
                assert!(rejection.to_string().contains(says), "{name} says `{says}`: {rejection}");
                let outcome = format!("rejected({})", rejection.code());
                return Ending { name, outcome, call: None, state_hash: String::new() };
            }
        };
        let inputs = self.lead_up(guest.enters, &component);
        let (call, state_hash) = self.tick(guest, inputs);
        let effects = format!("{:?} {:?}", call.effects, call.effects_digest);
        self.settle(&component, &name);
        Ending { name, outcome: shown(&call.outcome), call: Some((call.fuel_used, effects)), state_hash }
    }

    fn load(&self, guest: &Guest) -> Result<Component, Rejection> {
        self.engine.load(admit(&guest.bytes, &Policy::default())?)
    }

    /// Plays what comes before the tick in question, and says what enters that one.
    fn lead_up(&mut self, enters: Enters, component: &Component) -> Inputs {
        let cast = |trial: &mut Self, component: &Component| {
            let spell = SpellId::parse("villain").expect("an id");
            CastRequest { spell, caster: trial.villain, ..trial.arena.request(component) }
        };
        let good = self.good.clone();
        let well_meant = self.arena.request(&good);
        let before = match enters {
            Enters::Cast => {
                let casts = vec![cast(self, component), well_meant];
                return Inputs { casts, ..Inputs::default() };
            }
            Enters::OnEvent => component.clone(),
            Enters::Migrate => self.steady.clone(),
        };
        let casts = vec![cast(self, &before)];
        let played = self.arena.play(Inputs { casts, ..Inputs::default() });
        assert!(played.report.calls[0].outcome.is_applied(), "{:?}", played.report.calls[0].outcome);
        let spell = SpellId::parse("villain").expect("an id");
        let swap = (enters == Enters::Migrate).then(|| Swap { spell, ..self.arena.swap(component) });
        Inputs { casts: vec![well_meant], swaps: swap.into_iter().collect(), ..Inputs::default() }
    }

    /// Plays the tick in question; checks what holds whatever the guest does.
    fn tick(&mut self, guest: &Guest, inputs: Inputs) -> (CallReport, String) {
        let name = &guest.name;
        let before = self.arena.world.clone();
        let played = self.arena.play(inputs);
        let calls = &played.report.calls;
        let of = |spell: &str| calls.iter().find(|call| call.spell.as_str() == spell).expect("it ran");
        let (call, well_meant) = (of("villain").clone(), of("test"));
        assert!(well_meant.outcome.is_applied(), "{name}: a good spell beside it: {:?}", well_meant.outcome);
        assert_eq!(well_meant.effects.len(), 1, "{name}: it did its work");
        assert!(
            calls.iter().map(|call| call.fuel_used).sum::<u64>() <= TICK_FUEL,
            "{name}: the tick's budget"
        );
        assert_eq!(matches!(call.entry, Entry::Migrate { .. }), guest.enters == Enters::Migrate, "{name}");
        if !call.outcome.is_applied() {
            assert!(call.effects.is_empty() && call.voxels.is_empty(), "{name} leaves nothing");
            assert!(played.report.migrations.iter().all(|migration| !migration.migrated), "{name}");
            let failed = matches!(call.outcome, Outcome::Failed { .. });
            assert!(failed || call.fuel_used == call.fuel_granted, "{name} is charged whole");
            assert_eq!(
                idle_instead(before, &played, &call),
                played.report.state_hash,
                "{name} leaves nothing"
            );
        }
        (call, format!("{:?}", played.report.state_hash))
    }

    /// Lets purses fill again, and checks that nothing of the guest lives on.
    fn settle(&mut self, component: &Component, name: &str) {
        self.arena.idle(12);
        assert_eq!(self.arena.world.active_spells().count(), 0, "nothing of {name} lives on");
        self.arena.library.remove(&component.digest());
    }
}

/// The hash of the world in which the guest did nothing, and was charged.
fn idle_instead(mut world: World, played: &PlayedTick, guest: &CallReport) -> spellhost_sim::StateHash {
    world.open_tick(played.inputs.clone());
    let result = |call: &CallReport| CallResult {
        id: call.id,
        outcome: if call.id == guest.id {
            Outcome::Failed { message: String::new() }
        } else {
            call.outcome.clone()
        },
        fuel_used: call.fuel_used,
        commands: call.effects.clone(),
    };
    world.close_tick(played.report.calls.iter().map(result).collect()).state_hash
}

/// A spell that paints the ground beside everybody.
fn good() -> Spell {
    let op = sphere([20.0, -2.0, 20.0], 1.5, 2, 2);
    let apply = "(call $terrain.apply (i32.const 4096) (i32.const 1))";
    Spell::new().import("terrain.apply").data(SCRATCH, &bytes(&op)).cast(apply)
}

/// A spell that has state and waits a little.
fn steady() -> Spell {
    Spell::new()
        .import("state.save")
        .import("timers.wake-after")
        .cast("(call $state.save (i32.const 2048) (i32.const 4))")
        .cast("(call $timers.wake-after (i32.const 4) (i32.const 1))")
}

/// An outcome as the files state it.
fn shown(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Applied { .. } | Outcome::OutOfFuel => outcome.kind().into(),
        Outcome::Failed { message } => format!("failed({message})"),
        Outcome::Invalid { function, field, .. } => format!("invalid({function} {field})").replace(" )", ")"),
        Outcome::Trapped { trap, .. } => format!("trapped({trap})"),
        Outcome::Limit(kind) => format!("limit({})", kind.name()),
        Outcome::Refused(refusal) => format!("refused({})", refusal.name()),
    }
}

/// Whether it ended as stated. A point beyond the world is named by its own field, not by an axis.
fn is_as_stated(stated: &str, outcome: &str) -> bool {
    let named = outcome.strip_prefix("invalid(").and_then(|rest| rest.strip_suffix(')'));
    let parent = |named: &str| stated.starts_with(&format!("invalid({named}."));
    stated == outcome || named.is_some_and(parent) && outcome.contains(' ')
}

#[test]
fn every_guest_ends_as_it_should_on_every_engine() {
    let all = guests::all();
    assert!(all.len() > limits::CONCURRENT_CALLS_MAX, "one slot lost by each would leave none");
    let endings: Vec<Vec<Ending>> = std::thread::scope(|scope| {
        let all = &all;
        let engines = CODEGENS.map(|codegen| {
            scope.spawn(move || {
                let mut trial = Trial::new(codegen);
                let endings = all.iter().map(|guest| trial.run(guest)).collect();
                assert_eq!(trial.engine.live_instances(), 0, "{codegen:?}: every instance is given back");
                endings
            })
        });
        engines.into_iter().map(|engine| engine.join().expect("an engine ended its list")).collect()
    });
    let wrong = |(guest, ending): (&Guest, &Ending)| {
        (!is_as_stated(&guest.ends, &ending.outcome))
            .then(|| format!("{}: stated {}, found {}", guest.name, guest.ends, ending.outcome))
    };
    let wrong: Vec<_> = all.iter().zip(&endings[0]).filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
    for (codegen, other) in CODEGENS.iter().zip(&endings).skip(1) {
        for (native, other) in endings[0].iter().zip(other) {
            assert_eq!(native, other, "{codegen:?}");
        }
    }
}

#[test]
fn the_files_cover_every_kind_of_end() {
    let mut ends = BTreeMap::<String, usize>::new();
    for guest in guests::all() {
        *ends.entry(guest.ends.split(' ').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    for kind in ["memory", "stack", "commands", "command_bytes", "edited_voxels", "state", "string", "list"] {
        assert!(ends.contains_key(&format!("limit({kind})")), "no guest ends as limit({kind}): {ends:?}");
    }
    for end in ["out_of_fuel", "applied", "trapped(unreachable)", "rejected(limit)", "rejected(describe)"] {
        assert!(ends.contains_key(end), "no guest ends as {end}: {ends:?}");
    }
}
