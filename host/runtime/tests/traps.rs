//! What an author is told of a trap: the function by its own name, and the frames above it.

use expect_test::expect;
use spellhost_sim::Outcome;

use crate::arena::cast;
use crate::guest::Guest;

#[test]
fn names_are_told_and_demangled() {
    let mangled = "_ZN5ember5burst17h0123456789abcdefE";
    let guest =
        Guest::new().items(&format!("(func ${mangled} unreachable)")).cast(&format!("(call ${mangled})"));
    let cast = cast(&guest);
    let Outcome::Trapped { trap, location } = &cast.call.outcome else { panic!("{:?}", cast.call.outcome) };
    assert_eq!(trap, "unreachable");
    expect!["ember::burst"].assert_eq(location.as_deref().expect("a place"));
    let report = cast.note.trap.expect("a report");
    expect!["wasm trap: wasm `unreachable` instruction executed"].assert_eq(&report.message);
    let functions: Vec<_> = report.frames.iter().filter_map(|frame| frame.function.as_deref()).collect();
    expect![[r#"["ember::burst", "cast"]"#]].assert_eq(&format!("{functions:?}"));
}

#[test]
fn a_component_without_names_still_tells_its_exports() {
    let cast = cast(&Guest::new().cast("unreachable"));
    let report = cast.note.trap.expect("a report");
    assert_eq!(report.trap, "unreachable");
    assert!(report.frames.len() <= 16);
}

#[test]
fn names_that_are_too_long_are_cut() {
    let name = "n".repeat(5000);
    let guest = Guest::new().items(&format!("(func ${name} unreachable)")).cast(&format!("(call ${name})"));
    let report = cast(&guest).note.trap.expect("a report");
    assert!(report.frames[0].function.as_deref().expect("a name").len() <= 256);
}
