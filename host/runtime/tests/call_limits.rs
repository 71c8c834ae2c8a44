//! The limits of a call, each on either side and the same on every engine. Guests that only break
//! one are in `tests/guests/`, which [`crate::misbehaving`] tries.

use spellhost_runtime::{
    Caster, Codegen, Engine, EngineOptions, Library, Policy, Role, Verdicts, admit, code, limits,
    replay_tick, verdicts,
};
use spellhost_sim::limits::{COMMANDS_MAX, GRANT_FUEL, STATE_BYTES_MAX};
use spellhost_sim::{CallLimits, CastRequest, Inputs, LimitKind, Outcome, RevisionRef};

use crate::arena::{Arena, CODEGENS, Cast, admitted, applied, cast, engine, load};
use crate::guest::{Field, Guest, SCRATCH, bytes, voxel};
use wit_component::StringEncoding;

/// Casts a guest that must not succeed; checks what holds for every failure.
fn ends(guest: &Guest) -> Outcome {
    let Cast { call, mut arena, .. } = cast(guest);
    assert_eq!(call.fuel_used, GRANT_FUEL, "charged whole: {:?}", call.outcome);
    assert!(call.effects.is_empty() && call.voxels.is_empty());
    assert_eq!(arena.world.voxels().edited().count(), 0, "the world is untouched");
    assert_eq!(arena.idle(1)[0].report.calls.len(), 0, "nothing of it lives on");
    call.outcome
}

fn trapped(guest: &Guest) -> String {
    match ends(guest) {
        Outcome::Trapped { trap, .. } => trap,
        other => panic!("{other:?}"),
    }
}

/// Instructions that repeat `body` for ever.
fn for_ever(body: &str) -> String {
    format!("(loop $again {body} (br $again))")
}

/// Recursion whose frames hold this many numbers. A frame is as large as the hungriest path through
/// the body, and a path that is not taken costs no fuel: thousands of levels fit the grant.
fn hungry(values: usize) -> Guest {
    let load: String = (0..values).map(|at| format!("(i64.load offset={} (i32.const 0))", at * 8)).collect();
    let add = "i64.add ".repeat(values);
    let body = format!(
        "(func $down (result i64)
           (if (i32.load (i32.const 100000)) (then {load} (call $down) {add} (return)))
           (i64.add (call $down) (i64.const 1)))"
    );
    Guest::new().items(&body).cast("(drop (call $down))")
}

#[test]
fn a_stack_overflow_is_a_verdict_that_every_engine_keeps() {
    let reexecutors = CODEGENS.map(|codegen| {
        let engine = Engine::new(EngineOptions { codegen, role: Role::Reexecutor }).expect("an engine");
        let caster = Caster::new(&engine, 1).expect("threads");
        (engine, caster)
    });
    // Too deep for the host's 16 MiB and not for the 64 MiB of who executes again; then for both.
    for (values, deeper) in [(400, Outcome::OutOfFuel), (2000, Outcome::Limit(LimitKind::Stack))] {
        let guest = hungry(values);
        let again = reexecutors.each_ref().map(|(engine, caster)| {
            let component = engine.load(admitted(&guest.build())).unwrap_or_else(|error| panic!("{error}"));
            let mut library = Library::new();
            library.insert(component);
            (library, caster)
        });
        for host in CODEGENS {
            let component = load(&guest, host).unwrap_or_else(|rejection| panic!("{rejection}"));
            let mut arena = Arena::new(host, 1);
            let before = arena.world.clone();
            let played = arena.cast(&component);
            let call = &played.report.calls[0];
            assert_eq!(call.outcome, Outcome::Limit(LimitKind::Stack), "{host:?}");
            assert_eq!(call.fuel_used, GRANT_FUEL);
            let stands = verdicts(&played.report);
            assert_eq!(stands, Verdicts::from([(call.id, LimitKind::Stack)]));
            for (codegen, (library, caster)) in CODEGENS.iter().zip(&again) {
                let replay = |verdicts: &Verdicts| {
                    replay_tick(&mut before.clone(), played.inputs.clone(), verdicts, library, caster)
                };
                let kept = replay(&stands);
                assert_eq!(kept.report, played.report, "{host:?} and {codegen:?}");
                assert_eq!(kept.notes[0].fuel_instantiate, 0, "it did not run");
                let ran = replay(&Verdicts::new()).report.calls.remove(0);
                assert_eq!(ran.outcome, deeper, "{values} on {codegen:?}");
            }
        }
    }
}

#[test]
fn tables_are_bounded_before_any_call() {
    // Over all modules, from the bytes alone.
    let table = |elements: usize| format!("(table {elements} funcref)");
    let most = limits::TABLE_ELEMENTS_MAX;
    let two = Guest::new().items(&table(most / 2)).items(&table(most / 2 + 1)).build();
    let rejection = admit(&two, &Policy::default()).expect_err("it is refused");
    assert!(rejection.message().contains("table elements"), "{rejection}");
    // Nothing grows a table.
    let grow = Guest::new().items(&table(1)).cast("(drop (table.grow 0 (ref.null func) (i32.const 1)))");
    assert!(admit(&grow.build(), &Policy::default()).is_err());
    // A module that is instantiated again has its tables again.
    let instances = |count: usize| {
        let mut bytes = Guest::new().build();
        let modules = admitted(&bytes).anatomy().core_modules;
        let module = wat::parse_str(format!("(module {})", table(6000))).expect("a module");
        let mut section = |id: u8, content: &[u8]| {
            bytes.extend([id, u8::try_from(content.len()).expect("a short section")]);
            bytes.extend(content);
        };
        section(1, &module);
        let instance = [0, modules as u8, 0];
        section(2, &[&[count as u8][..], &instance.repeat(count)].concat());
        engine(Codegen::Native).load(admitted(&bytes))
    };
    assert!(instances(2).is_ok());
    let rejection = instances(3).expect_err("it is refused");
    assert_eq!(rejection.code(), code::INSTANTIATE);
    assert!(rejection.message().contains("the limit `table` is reached"), "{rejection}");
}

#[test]
fn memory_is_bounded_over_the_call() {
    let grow = for_ever("(drop (memory.grow (i32.const 16)))");
    assert_eq!(ends(&Guest::new().cast(&grow)), Outcome::Limit(LimitKind::Memory));
    // A maximum of the module's own is WebAssembly's business: the answer is -1.
    let own = "(if (i32.ne (memory.grow (i32.const 5)) (i32.const -1)) (then unreachable))";
    assert_eq!(cast(&Guest::new().memory("4 8").cast(own)).call.outcome, applied());
}

#[test]
fn instantiation_has_its_own_fuel() {
    // What starts within the fixed fuel is not charged; the loop here is too long.
    let start = |rounds: u32| {
        format!(
            "(start $start) (func $start (local $n i32) (local.set $n (i32.const {rounds}))
             (loop $again (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))"
        )
    };
    let free = cast(&Guest::new().items(&start(1000)));
    assert_eq!(free.call.outcome, applied());
    assert_eq!(free.call.fuel_used, cast(&Guest::new()).call.fuel_used);
    assert!(free.note.fuel_instantiate > 1000);
    let rejection =
        load(&Guest::new().items(&start(10_000_000)), Codegen::Native).expect_err("it is refused");
    assert!(rejection.message().contains("all fuel consumed"), "{rejection}");
}

#[test]
fn commands_are_counted() {
    let apply = "(call $terrain.apply (i32.const 4096) (i32.const 1))";
    let guest = Guest::new().import("terrain.apply").data(SCRATCH, &bytes(&voxel([0, -1, 0], 1)));
    let exactly = guest.clone().cast(&apply.repeat(COMMANDS_MAX));
    assert_eq!(cast(&exactly).call.outcome, applied());
    assert_eq!(
        ends(&guest.clone().cast(&apply.repeat(COMMANDS_MAX + 1))),
        Outcome::Limit(LimitKind::Commands)
    );
    assert_eq!(ends(&guest.cast(&for_ever(apply))), Outcome::Limit(LimitKind::Commands));
}

#[test]
fn a_revision_lowers_the_limits_of_the_host() {
    let voxels = "(call $terrain.apply (i32.const 4096) (i32.const 1))";
    let guest = Guest::new()
        .import("terrain.apply")
        .data(SCRATCH, &bytes(&voxel([0, -1, 0], 1)))
        .cast(&voxels.repeat(3));
    let component = load(&guest, Codegen::Native).unwrap_or_else(|rejection| panic!("{rejection}"));
    let host = CallLimits::default();
    let ends = |limits: CallLimits| {
        let mut arena = Arena::new(Codegen::Native, 1);
        let request = arena.request(&component);
        let revision = RevisionRef { limits, ..request.revision };
        let casts = vec![CastRequest { revision, ..request }];
        arena.play(Inputs { casts, ..Inputs::default() }).report.calls[0].outcome.clone()
    };
    assert_eq!(ends(host), applied());
    assert_eq!(ends(CallLimits { commands: 3, edited_voxels: 3, ..host }), applied());
    for (limits, kind) in [
        (CallLimits { commands: 2, ..host }, LimitKind::Commands),
        (CallLimits { edited_voxels: 2, ..host }, LimitKind::EditedVoxels),
        (CallLimits { memory_bytes: 65_535, ..host }, LimitKind::Memory),
    ] {
        assert_eq!(ends(limits), Outcome::Limit(kind));
    }
}

#[test]
fn command_bytes_are_counted() {
    // Twelve messages of 1,000 bytes fit, twenty do not.
    let op = [Field::U8(2), Field::Pad(7), Field::U64(1), Field::U32(6000), Field::U32(1000), Field::Pad(24)];
    let show = "(call $presentation.show (i32.const 4096) (i32.const 1))";
    let guest =
        Guest::new().import("presentation.show").data(SCRATCH, &bytes(&op)).data(6000, &"m".repeat(1000));
    assert_eq!(cast(&guest.clone().cast(&show.repeat(12))).call.outcome, applied());
    assert_eq!(ends(&guest.cast(&show.repeat(20))), Outcome::Limit(LimitKind::CommandBytes));
}

#[test]
fn state_is_bounded() {
    let save = |bytes: usize| {
        Guest::new()
            .import("state.save")
            .cast(&format!("(call $state.save (i32.const 0) (i32.const {bytes}))"))
    };
    assert_eq!(cast(&save(STATE_BYTES_MAX)).call.outcome, applied());
    assert_eq!(ends(&save(STATE_BYTES_MAX + 1)), Outcome::Limit(LimitKind::State));
    assert_eq!(ends(&save(limits::BYTE_LIST_ARGUMENT_MAX)), Outcome::Limit(LimitKind::State));
    assert_eq!(ends(&save(limits::BYTE_LIST_ARGUMENT_MAX + 1)), Outcome::Limit(LimitKind::List));
    // The same where wasmtime's own count would strike first.
    let large = save(limits::HOST_CALL_BYTES + 1).memory("16");
    assert_eq!(ends(&large), Outcome::Limit(LimitKind::List));
}

#[test]
fn lists_are_bounded() {
    let apply = |count: usize| {
        let call = format!("(call $terrain.apply (i32.const 65536) (i32.const {count}))");
        Guest::new().import("terrain.apply").memory("200").cast(&call)
    };
    let most = limits::LIST_ARGUMENT_ITEMS_MAX;
    assert_eq!(ends(&apply(most)), Outcome::Limit(LimitKind::Commands));
    assert_eq!(ends(&apply(most + 1)), Outcome::Limit(LimitKind::List));
    assert_eq!(ends(&apply(200_000)), Outcome::Limit(LimitKind::List));
    assert_eq!(trapped(&apply(1_000_000_000)), "bad_argument");
}

#[test]
fn strings_are_bounded_and_well_formed() {
    let log = |at: u32, bytes: usize| {
        Guest::new()
            .import("log.log")
            .memory("16")
            .cast(&format!("(call $log.log (i32.const 0) (i32.const {at}) (i32.const {bytes}))"))
    };
    assert_eq!(cast(&log(65536, limits::STRING_ARGUMENT_BYTES_MAX)).call.outcome, applied());
    assert_eq!(ends(&log(65536, limits::STRING_ARGUMENT_BYTES_MAX + 1)), Outcome::Limit(LimitKind::String));
    assert_eq!(ends(&log(65536, limits::HOST_CALL_BYTES + 1)), Outcome::Limit(LimitKind::String));
    assert_eq!(trapped(&log(65536, 1 << 30)), "bad_argument");
    assert_eq!(ends(&log(SCRATCH, 2).data(SCRATCH, "\\ff\\fe")), Outcome::Limit(LimitKind::String));
    let surrogate = log(SCRATCH, 1).data(SCRATCH, "\\00\\d8").encoding(StringEncoding::UTF16);
    assert_eq!(ends(&surrogate), Outcome::Limit(LimitKind::String));
    let pair = log(SCRATCH, 2).data(SCRATCH, "\\3d\\d8\\00\\de").encoding(StringEncoding::UTF16);
    assert_eq!(cast(&pair).note.log[0].message, "😀");
}

#[test]
fn a_flood_of_log_lines_is_dropped_with_one_notice() {
    let line = "(call $log.log (i32.const 2) (i32.const 2048) (i32.const 4))";
    let Cast { call, note, .. } = cast(&Guest::new().import("log.log").cast(&line.repeat(100)));
    assert_eq!(call.outcome, applied());
    assert_eq!(note.log.len(), limits::LOG_LINES_MAX + 1);
    let notice = &note.log.last().expect("a notice").message;
    assert_eq!(notice, "36 more lines dropped: a call may log 64 lines and 8192 bytes");
    // Lines that drop cost what lines that stay cost.
    let twice = cast(&Guest::new().import("log.log").cast(&line.repeat(200))).call.fuel_used;
    let none = cast(&Guest::new()).call.fuel_used;
    assert_eq!((twice - none), 2 * (call.fuel_used - none));
    let long = "(call $log.log (i32.const 2) (i32.const 8192) (i32.const 5000))";
    let log =
        cast(&Guest::new().import("log.log").data(8192, &"x".repeat(5000)).cast(&long.repeat(3))).note.log;
    assert_eq!(log.len(), 2, "whole lines drop");
}

#[test]
fn nan_bits_are_the_same_everywhere() {
    // A NaN made by the machine, with its bits in the state.
    let guest = Guest::new()
        .import("state.save")
        .cast(
            "(f64.store (i32.const 4096) (f64.div (f64.load (i32.const 4104)) (f64.load (i32.const 4104))))",
        )
        .cast("(f32.store (i32.const 4112) (f32.sqrt (f32.const -1)))")
        .cast("(call $state.save (i32.const 4096) (i32.const 24))");
    let saved = cast(&guest).call.effects;
    let expected = vec![spellhost_sim::Command::Save {
        bytes: [0x7ff8_0000_0000_0000_u64.to_le_bytes(), [0; 8], 0x7fc0_0000_u64.to_le_bytes()].concat(),
    }];
    assert_eq!(saved, expected);
}
