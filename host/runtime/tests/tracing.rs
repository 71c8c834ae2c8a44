//! A trace tells every host call, refused ones included, and changes nothing.

use expect_test::expect;
use spellhost_runtime::prices::PRICES;
use spellhost_runtime::{Answered, Codegen, HostCall, PlayedTick, Told, Verdicts, trace_tick};
use spellhost_sim::{CastId, Inputs};

use crate::arena::{Arena, applied, load};
use crate::guest::{Guest, IMPORTS, SCRATCH, bytes, sphere, voxel};

/// Casts a guest twice in worlds alike, traced and not; both have to end alike.
fn traced(guest: &Guest) -> PlayedTick {
    let component = load(guest, Codegen::Native).expect("it loads");
    let play = |traced: Option<CastId>| {
        let mut arena = Arena::new(Codegen::Native, 1);
        let inputs = Inputs { casts: vec![arena.request(&component)], ..Inputs::default() };
        trace_tick(&mut arena.world, inputs, &Verdicts::new(), traced, &arena.library, &arena.caster)
    };
    let (traced, untraced) = (play(Some(CastId(1))), play(None));
    assert_eq!(traced.report, untraced.report);
    assert!(untraced.notes[0].host_calls.is_empty());
    traced
}

fn text(calls: &[HostCall]) -> String {
    let line = |call: &HostCall| {
        let HostCall { function, arguments, answer, fuel, .. } = call;
        format!("{function} {arguments:?} -> {answer:?} for {fuel}\n")
    };
    calls.iter().map(line).collect()
}

#[test]
fn every_import_is_told() {
    assert_eq!(IMPORTS.len(), PRICES.len());
    for ((interface, function, signature), price) in IMPORTS.iter().zip(PRICES) {
        let name = format!("{interface}.{function}");
        let zero = |word: &str| match word.trim_matches(['(', ')']) {
            kind @ ("i32" | "i64" | "f64") => Some(format!("({kind}.const 0)")),
            _ => None,
        };
        let (params, result) = signature.split_once("(result").unwrap_or((signature, ""));
        let zeros: String = params.split_whitespace().filter_map(zero).collect();
        let call = format!("(call ${name} {zeros})");
        let call = if result.is_empty() { call } else { format!("(drop {call})") };
        let played = traced(&Guest::new().import(&name).cast(&call));
        let [host] = played.notes[0].host_calls.as_slice() else { panic!("{name}: {:?}", played.notes) };
        assert_eq!(host.function, price.function);
        assert!(host.fuel >= price.base, "{name} costs {}", host.fuel);
        assert!(host.fuel_before >= host.fuel);
        let refused = matches!(host.answer, Answered::Refused(_));
        assert_eq!(played.report.calls[0].outcome == applied(), !refused, "{name}: {:?}", host.answer);
    }
}

#[test]
fn arguments_and_answers_are_those_of_the_contract() {
    let ops = [voxel([4, -1, 4], 9), sphere([8.0, 0.0, 8.0], 2.5, 1, 1)].concat();
    let guest = Guest::new()
        .import("terrain.apply")
        .import("scene.material-named")
        .import("scene.get-voxel")
        .data(SCRATCH, &bytes(&ops))
        .data(SCRATCH + 2048, "lava")
        .cast("(call $terrain.apply (i32.const 4096) (i32.const 2))")
        .cast("(call $scene.material-named (i32.const 6144) (i32.const 4) (i32.const 7000))")
        .cast("(drop (call $scene.get-voxel (i32.const 3) (i32.const -1) (i32.const 3)))");
    let played = traced(&guest);
    expect![[r#"
        terrain.apply [List([Case("set-voxel", Record([("pos", List([Integer(4), Integer(-1), Integer(4)])), ("material", Natural(9))])), Case("fill-sphere", Record([("center", List([Number(8.0), Number(0.0), Number(8.0)])), ("radius", Number(2.5)), ("material", Natural(1)), ("mode", Name("subtract"))]))])] -> Value(Nothing) for 718
        scene.material-named [Text("lava")] -> Value(Natural(9)) for 154
        scene.get-voxel [List([Integer(3), Integer(-1), Integer(3)])] -> Value(Natural(3)) for 300
    "#]].assert_eq(&text(&played.notes[0].host_calls));
}

#[test]
fn what_is_refused_is_told_with_its_reason() {
    let guest = Guest::new()
        .import("random.fill")
        .import("scene.raycast")
        .cast("(call $random.fill (i32.const 2) (i32.const 4096))")
        .cast(
            "(call $scene.raycast (f64.const 5.5) (f64.const 4) (f64.const 5.5)
             (f64.const 0) (f64.const 0) (f64.const 0) (f64.const 64) (i32.const 4096))",
        );
    let played = traced(&guest);
    let calls = &played.notes[0].host_calls;
    assert!(matches!(&calls[0].answer, Answered::Value(Told::List(draws)) if draws.len() == 2));
    expect![[r#"
        scene.raycast [List([Number(5.5), Number(4.0), Number(5.5)]), List([Number(0.0), Number(0.0), Number(0.0)]), Number(64.0)] -> Refused("scene.raycast: direction: is zero: a ray needs a direction") for 400
    "#]].assert_eq(&text(&calls[1..]));

    // Longer than a text that is looked at.
    let long = Guest::new()
        .import("log.log")
        .cast("(call $log.log (i32.const 0) (i32.const 100000) (i32.const 70000))");
    let played = traced(&long);
    let [host] = played.notes[0].host_calls.as_slice() else { panic!("{:?}", played.notes) };
    assert_eq!(host.arguments[1], Told::TooLong(70_000));
    expect![[r#"Refused("the limit `string` is reached")"#]].assert_eq(&format!("{:?}", host.answer));

    let region = "(call $scene.get-voxels (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 32) (i32.const 32) (i32.const 32) (i32.const 4096))";
    let played = traced(&Guest::new().import("scene.get-voxels").cast(&region.repeat(4)));
    let calls = &played.notes[0].host_calls;
    assert_eq!(calls.len(), 4);
    expect![[r#"Refused("the grant does not pay for `scene.get-voxels`")"#]]
        .assert_eq(&format!("{:?}", calls[3].answer));
    assert_eq!(calls[3].fuel, calls[3].fuel_before, "what is left is gone");
}
