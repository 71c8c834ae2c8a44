//! What is not a spell is refused before anything is compiled, with a message that says why.

use expect_test::{Expect, expect};
use spellhost_runtime::{ALLOW, Admitted, BOUNDS, Bound, Codegen, Policy, WIT, admit, code, limits};

use crate::arena::{engine, load};
use crate::guest::{Guest, componentise};
use wasmparser::{Parser, Payload, Validator};
use wit_component::StringEncoding;

fn check(bytes: &[u8], expected: Expect) {
    check_with(bytes, &Policy::default(), expected);
}

fn check_with(bytes: &[u8], policy: &Policy, expected: Expect) {
    let rejection = admit(bytes, policy).expect_err("it is refused");
    let lines: Vec<_> =
        rejection.problems.iter().map(|problem| format!("{}: {}", problem.code, problem.message)).collect();
    expected.assert_eq(&lines.join("\n"));
}

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_spell_is_admitted_and_says_what_it_can_do() {
    let guest = Guest::new()
        .import("terrain.apply")
        .import("scene.tick")
        .cast("(drop (call $scene.tick)) (call $terrain.apply (i32.const 0) (i32.const 0))");
    let bytes = guest.build();
    let admitted = admit(&bytes, &Policy::default()).unwrap_or_else(|rejection| panic!("{rejection}"));
    assert_eq!(admitted.capabilities(), ["scene", "terrain"]);
    assert_eq!(admitted.anatomy().imports, ["scene.tick", "terrain.apply"]);
    assert_eq!(admitted.version(), "0.1.0");
    assert_eq!(admitted.bytes(), bytes);
    assert_eq!(admitted.anatomy().core_modules, 3, "componentising adds two");
    assert!(admitted.anatomy().sections.iter().any(|section| section.name == "module 0 code"));
}

#[test]
fn what_is_no_component_is_named() {
    check(b"", expect!["not_a_component: the file is empty"]);
    check(b"  (component)", expect!["not_a_component: this is WebAssembly text, not a binary component"]);
    check(b"\x7fELF and more of it", expect!["not_a_component: this is not WebAssembly"]);
    check(&component("(module)"), expect!["not_a_component: this is a core module, not a component"]);
    check(
        b"\0asm\x09\0\x09\0",
        expect!["not_a_component: this is WebAssembly of a kind or version that no host knows"],
    );
    check(
        &component("(component)"),
        expect!["export: the component does not export `describe`, `cast`, `on-event`, `migrate`"],
    );
}

#[test]
fn a_cut_component_is_refused_wherever_it_is_cut() {
    let bytes = Guest::new()
        .import("log.log")
        .cast("(call $log.log (i32.const 0) (i32.const 0) (i32.const 0))")
        .build();
    let whole = admit(&bytes, &Policy::default()).expect("it is whole");
    let exports = whole.anatomy().sections.iter().rfind(|section| section.name == "export").expect("exports");
    for length in 0..bytes.len() {
        let Err(rejection) = admit(&bytes[..length], &Policy::default()) else {
            assert!(
                length >= exports.offset + exports.bytes,
                "only what follows the last export may be missing"
            );
            continue;
        };
        let codes = [code::TRUNCATED, code::EXPORT, code::NOT_A_COMPONENT, code::MALFORMED];
        assert!(codes.contains(&rejection.code()), "{length}: {rejection}");
        if rejection.code() == code::TRUNCATED {
            assert_eq!(rejection.message(), format!("the component is truncated at byte {length}"));
        }
    }
    check(&bytes[..bytes.len() / 2], expect!["truncated: the component is truncated at byte 1635"]);
}

#[test]
fn a_damaged_component_never_panics() {
    let bytes = Guest::new()
        .import("log.log")
        .cast("(call $log.log (i32.const 0) (i32.const 0) (i32.const 0))")
        .build();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        // Either verdict is right; a damaged byte of a name is still a component.
        if let Err(rejection) = admit(&damaged, &Policy::default()) {
            assert!(!rejection.problems.is_empty());
        }
    }
}

#[test]
fn imports_are_checked_by_name() {
    let empty = |name: &str| component(&format!("(component (import \"{name}\" (instance)))"));
    let exports = "export: the component does not export `describe`, `cast`, `on-event`, `migrate`";
    let first = |name: &str| {
        let rejection = admit(&empty(name), &Policy::default()).expect_err("it is refused");
        assert!(rejection.problems.iter().any(|problem| format!("export: {}", problem.message) == exports));
        format!("{}: {}", rejection.code(), rejection.message())
    };
    expect!["import: the component imports `wasi:sockets/tcp@0.2.0`, which no spell may use unless WASI is allowed"]
        .assert_eq(&first("wasi:sockets/tcp@0.2.0"));
    expect!["import: the component imports `wasi:http/types@0.2.0`, which no spell may use"]
        .assert_eq(&first("wasi:http/types@0.2.0"));
    expect!["version: the component was built for `spellhost:spell/scene@0.2.0`; this host has spellhost:spell@0.1.0"]
        .assert_eq(&first("spellhost:spell/scene@0.2.0"));
    expect!["version: the component was built for `spellhost:spell/scene@0.1.7`; this host has spellhost:spell@0.1.0"]
        .assert_eq(&first("spellhost:spell/scene@0.1.7"));
    expect!["import: the component imports `economy`, which spellhost:spell@0.1.0 does not have"]
        .assert_eq(&first("spellhost:spell/economy@0.1.0"));
    expect!["import: the component imports `other:thing/x@1.0.0`, which this host does not know"]
        .assert_eq(&first("other:thing/x@1.0.0"));
    let unknown = component(
        "(component (import \"spellhost:spell/scene@0.1.0\" (instance (export \"clock\" (func (result u64))))))",
    );
    let rejection = admit(&unknown, &Policy::default()).expect_err("it is refused");
    expect!["the component imports `scene.clock`, which spellhost:spell@0.1.0 does not have"]
        .assert_eq(rejection.message());
}

#[test]
fn a_policy_withholds_interfaces() {
    let guest =
        Guest::new().import("terrain.apply").cast("(call $terrain.apply (i32.const 0) (i32.const 0))");
    check_with(
        &guest.build(),
        &Policy::default().without("terrain"),
        expect!["import: the component imports `terrain`, which this server does not allow"],
    );
    assert!(
        admit(&Guest::new().build(), &Policy { interfaces: Default::default(), ..Policy::default() }).is_ok()
    );
}

#[test]
fn a_policy_bounds_the_size() {
    let bytes = Guest::new().data(8192, &"x".repeat(3000)).build();
    let policy = Policy { component_bytes_max: 2048, ..Policy::default() };
    let rejection = admit(&bytes, &policy).expect_err("it is refused");
    assert_eq!(rejection.code(), code::TOO_LARGE);
    assert_eq!(
        rejection.message(),
        format!("the component is {} bytes; this server takes at most 2048", bytes.len())
    );
}

#[test]
fn features_that_spells_may_not_use_are_refused() {
    let refused = |items: &str| {
        let guest = Guest::new().items(items);
        let rejection = admit(&guest.build(), &Policy::default()).expect_err("it is refused");
        assert_eq!(rejection.code(), code::UNSUPPORTED_FEATURE, "{items}: {rejection}");
    };
    refused("(func (result v128) (v128.const i64x2 1 2))");
    refused("(func $f (return_call $f))");
    refused("(memory 1)");
    refused("(func (param externref))");
    refused("(tag)");
    refused("(func (param (ref null struct)))");
    refused("(global i32 (i32.add (i32.const 1) (i32.const 2)))");
}

/// A component that has exactly `n` of what a bound counts.
type Fixture = fn(u64) -> Vec<u8>;

/// A fixture for every row of [`BOUNDS`]. Numbers that are taken off are what a spell that does
/// nothing already has.
const FIXTURES: &[(&str, Fixture)] = &[
    ("core modules", |n| beside(&times(n - 1, "(core module)"))),
    ("core instances", |n| beside(&times(n - own().core_instances, "(core instance)"))),
    ("component instances", |n| beside(&times(n, "(instance)"))),
    ("sections", |n| padded((n - whole().anatomy().sections.len() as u64) * 4)),
    ("nested components", |n| beside(&times(n, "(component)"))),
    ("imports of the component", |n| {
        let own = own();
        let import = |at| format!("(import \"t{at}\" (type (eq {})))", own.types);
        beside(&format!("(type (list u8)) {}", each(n - own.imports, import)))
    }),
    ("aliases", |n| {
        let own = own();
        let more = times(n - own.aliases - 1, &taken_out(own.core_instances));
        beside(&format!("{} {more}", function()))
    }),
    ("lifted and lowered functions", |n| {
        let own = own();
        let lift = format!("(func (type {}) (canon lift (core func {})))", own.types, own.core_functions);
        beside(&format!("{} (type (func)) {}", function(), times(n - own.canonical, &lift)))
    }),
    ("component types", |n| beside(&times(n - own().types_defined, "(type (list u8))"))),
    ("types of one core module", |n| beside(&format!("(core module {})", times(n, "(type (func))")))),
    ("levels in one type", |n| {
        let types = own().types;
        beside(&format!("(type (list u8)) {}", each(n - 2, |at| format!("(type (list {}))", types + at))))
    }),
    ("functions", |n| with(&times(n - 5, "(func)"))),
    ("imports of one core module", |n| {
        let import = |at| format!("(import \"a\" \"i{at}\" (func))");
        beside(&format!("(core module {})", each(n, import)))
    }),
    ("exports of one core module", |n| {
        let export = |at| format!("(export \"e{at}\" (func 0))");
        beside(&format!("(core module (func) {})", each(n, export)))
    }),
    ("globals of one core module", |n| with(&times(n - 1, "(global i32 (i32.const 0))"))),
    // The number of local groups and the end take a byte each.
    ("bytes in one function body", |n| with(&format!("(func {})", times(n - 2, "(nop)")))),
    ("basic blocks in one function body", |n| with(&format!("(func {})", times(n - 1, "(block)")))),
    ("parameters of one function", |n| with(&format!("(func {})", times(n, "(param i64)")))),
    ("results of one function", |n| with(&format!("(func {} (unreachable))", times(n, "(result i64)")))),
    ("locals in one function", |n| with(&format!("(func {})", times(n, "(local i64)")))),
    ("targets in one branch table", |n| {
        with(&format!("(func (br_table {} 0 (i32.const 0)))", times(n, "0 ")))
    }),
    ("tables", |n| beside(&times(n, "(core module (table 1 funcref))"))),
    ("table elements", |n| with(&format!("(table {n} funcref)"))),
    ("element segments of one core module", |n| with(&times(n, "(elem func 0)"))),
    ("elements in all element segments", |n| {
        with(&format!("(elem func {}) (elem func 0)", times(n - 1, "0 ")))
    }),
    ("memories", |n| beside(&times(n - 1, "(core module (memory 1))"))),
    ("pages of memory to start with", |n| Guest::new().memory(&n.to_string()).build()),
    ("pages as a memory's maximum", |n| Guest::new().memory(&format!("4 {n}")).build()),
    ("data segments of one core module", |n| with(&times(n - 2, "(data \"\")"))),
    ("bytes of data", |n| {
        let own = whole().anatomy().data_bytes as u64;
        with(&format!("(data \"{}\")", times(n - own, "x")))
    }),
    ("bytes in the name of an import or export", |n| {
        beside(&format!("(core module (func (export \"{}\")))", times(n, "n")))
    }),
];

/// What a spell that does nothing already has.
#[derive(Default)]
struct Own {
    /// By index: types, and core functions.
    types: u64,
    core_functions: u64,
    /// In its sections.
    types_defined: u64,
    imports: u64,
    aliases: u64,
    canonical: u64,
    core_instances: u64,
}

fn own() -> Own {
    let bytes = Guest::new().build();
    let validated = Validator::new_with_features(ALLOW).validate_all(&bytes).expect("it is valid");
    let types = validated.as_ref();
    let (types, core_functions) = (types.component_type_count(), types.function_count());
    let mut own = Own { types: types.into(), core_functions: core_functions.into(), ..Own::default() };
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload.expect("it is valid") {
            Payload::ComponentTypeSection(section) => own.types_defined += u64::from(section.count()),
            Payload::ComponentImportSection(section) => own.imports += u64::from(section.count()),
            Payload::ComponentAliasSection(section) => own.aliases += u64::from(section.count()),
            Payload::ComponentCanonicalSection(section) => own.canonical += u64::from(section.count()),
            Payload::InstanceSection(section) => own.core_instances += u64::from(section.count()),
            _ => {}
        }
    }
    own
}

/// One more core module and instance with a function, and the alias that takes it out.
fn function() -> String {
    let instance = own().core_instances;
    format!("(core module (func (export \"f\"))) (core instance (instantiate 1)) {}", taken_out(instance))
}

fn taken_out(instance: u64) -> String {
    format!("(alias core export {instance} \"f\" (core func))")
}

fn times(n: u64, text: &str) -> String {
    text.repeat(n as usize)
}

fn each(n: u64, text: impl Fn(u64) -> String) -> String {
    (0..n).map(text).collect()
}

/// A spell that does nothing, with more in its module.
fn with(items: &str) -> Vec<u8> {
    Guest::new().items(items).build()
}

/// A spell that does nothing, with more sections behind it; indices go on from its own.
fn beside(sections: &str) -> Vec<u8> {
    let more = component(&format!("(component {sections})"));
    [Guest::new().build(), more[8..].to_vec()].concat()
}

/// A spell that does nothing, with `bytes` of custom sections behind it, a multiple of four.
fn padded(bytes: u64) -> Vec<u8> {
    [Guest::new().build(), [0, 2, 1, b'x'].repeat(bytes as usize / 4)].concat()
}

/// A spell that does nothing, admitted.
fn whole() -> Admitted {
    admit(&Guest::new().build(), &Policy::default()).unwrap_or_else(|rejection| panic!("{rejection}"))
}

/// Large enough for every other bound to be reached.
fn roomy() -> Policy {
    Policy { component_bytes_max: limits::COMPONENT_BYTES_CEILING, ..Policy::default() }
}

#[test]
fn every_bound_is_named_with_its_value() {
    let fixtures: Vec<_> = FIXTURES.iter().map(|(what, _)| *what).collect();
    let bounds: Vec<_> = BOUNDS.iter().map(|bound| bound.what).collect();
    assert_eq!(fixtures, bounds, "every bound has a fixture, in the order of the table");
    for (Bound { what, most }, (_, fixture)) in BOUNDS.iter().zip(FIXTURES) {
        if let Err(rejection) = admit(&fixture(*most), &roomy()) {
            panic!("{most} {what} are allowed: {rejection}");
        }
        let rejection = admit(&fixture(most + 1), &roomy()).expect_err(what);
        let expected = format!("the component has {} {what}; at most {most} are allowed", most + 1);
        let found: Vec<_> = rejection.problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(found, [expected], "{what}");
        assert_eq!(rejection.code(), code::LIMIT, "{what}");
    }
}

#[test]
fn the_size_is_bounded() {
    let most = limits::COMPONENT_BYTES_MAX;
    let sized = |bytes: usize| {
        let base = Guest::new().build();
        let rest = bytes - base.len();
        // A custom section of that many bytes in all: its head takes five, its name's length one.
        let length = (rest - 4) as u32;
        let leb = [length as u8 & 0x7f | 0x80, (length >> 7) as u8 & 0x7f | 0x80, (length >> 14) as u8];
        [base, vec![0], leb.to_vec(), vec![0; rest - 4]].concat()
    };
    let whole = sized(most);
    assert_eq!(whole.len(), most);
    assert_eq!(admit(&whole, &Policy::default()).map(|admitted| admitted.size()), Ok(most));
    check(
        &sized(most + 1),
        expect!["too_large: the component is 524289 bytes; this server takes at most 524288"],
    );
    assert!(admit(&sized(most + 1), &roomy()).is_ok(), "a policy may allow more");
}

#[test]
fn a_type_that_doubles_and_doubles_is_refused() {
    let types = own().types;
    let doubled = each(24, |at| format!("(type (tuple {0} {0}))", types + at));
    let rejection = admit(&beside(&format!("(type (tuple u8 u8)) {doubled}")), &roomy()).expect_err("a bomb");
    assert_eq!(rejection.code(), code::LIMIT, "{rejection}");
}

#[test]
fn instances_of_instances_cannot_multiply() {
    let text = "(component (component $empty) (component (alias outer 1 $empty (component $empty))
        (instance (instantiate $empty))))";
    let nested = admit(&component(text), &Policy::default()).expect_err("it is refused").to_string();
    assert!(nested.contains("only the root may hold code"), "{nested}");
}

#[test]
fn several_problems_come_at_once() {
    let blocks = "(block)".repeat(limits::BODY_BLOCKS_MAX);
    let guest = Guest::new().memory("257").items(&format!("(func {blocks})"));
    check(
        &guest.build(),
        expect![[r#"
            limit: the component has 257 pages of memory to start with; at most 256 are allowed
            limit: the component has 2001 basic blocks in one function body; at most 2000 are allowed"#]],
    );
}

#[test]
fn strings_are_utf8_or_utf16() {
    assert!(admit(&Guest::new().encoding(StringEncoding::UTF16).build(), &Policy::default()).is_ok());
    let compact = Guest::new().encoding(StringEncoding::CompactUTF16).build();
    check(
        &compact,
        expect!["encoding: the component passes strings as latin1+utf16; strings are UTF-8 or UTF-16 here"],
    );
}

#[test]
fn a_component_inside_holds_no_code() {
    let bytes = component("(component (component (core module)))");
    let rejection = admit(&bytes, &Policy::default()).expect_err("it is refused");
    assert_eq!(rejection.code(), code::NESTED);
    expect!["a component inside the component holds a core module; only the root may hold code"]
        .assert_eq(rejection.message());
}

#[test]
fn a_missing_export_is_named() {
    let line = WIT.lines().find(|line| line.contains("export migrate:")).expect("the contract has it");
    let wit = WIT.replace(line, "");
    check(
        &componentise(&Guest::new().text(), &wit, StringEncoding::UTF8),
        expect!["export: the component does not export `migrate`"],
    );
}

#[test]
fn an_unknown_export_is_refused() {
    let wit = WIT.replace("export migrate:", "export extra: func();\n  export migrate:");
    let text = Guest::new().items("(func (export \"extra\"))").text();
    check(
        &componentise(&text, &wit, StringEncoding::UTF8),
        expect!["export: the component exports `extra`, which spellhost:spell@0.1.0 does not have"],
    );
}

#[test]
fn a_drifted_signature_is_found_before_any_call() {
    let drifted = |from: &str, to: &str, guest: Guest| {
        assert!(WIT.contains(from), "{from}");
        let bytes = componentise(&guest.text(), &WIT.replace(from, to), StringEncoding::UTF8);
        let admitted = admit(&bytes, &Policy::default()).unwrap_or_else(|rejection| panic!("{rejection}"));
        let rejection = engine(Codegen::Native).load(admitted).expect_err("it is refused");
        assert_eq!(rejection.code(), code::SIGNATURE, "{rejection}");
        rejection.message().to_owned()
    };
    let timers = Guest::new().import("timers.cancel").cast("(call $timers.cancel (i32.const 1))");
    let message = drifted("cancel: func(tag: u32)", "cancel: func(tag: s32)", timers);
    assert!(message.contains("spellhost:spell/timers@0.1.0") && message.contains("cancel"), "{message}");
    let message = drifted(
        "export on-event: func(ctx: cast-context, event: spell-event) -> result<_, string>",
        "export on-event: func(ctx: cast-context, event: spell-event) -> result<u32, string>",
        Guest::new(),
    );
    assert!(message.contains("on-event"), "{message}");
}

#[test]
fn loading_says_what_it_took() {
    let component = load(&Guest::new(), Codegen::Native).unwrap_or_else(|rejection| panic!("{rejection}"));
    assert_eq!(component.size(), component.admitted().size());
    assert!(component.describe_fuel() > 0 && component.describe_fuel() < limits::DESCRIBE_FUEL);
    assert!(component.instantiate_fuel() < limits::INSTANTIATE_FUEL);
    assert!(!component.compile_time().is_zero());
}
