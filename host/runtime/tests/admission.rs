//! What is not a spell is refused before anything is compiled, with a message that says why.

use expect_test::{Expect, expect};
use spellhost_runtime::{Codegen, Policy, WIT, admit, code, limits};

use crate::arena::{engine, load};
use crate::guest::{Guest, componentise};
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
    expect!["import: the component imports `wasi:sockets/tcp@0.2.0`, which no spell may use"]
        .assert_eq(&first("wasi:sockets/tcp@0.2.0"));
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
    let large = vec![0; limits::COMPONENT_BYTES_MAX + 1];
    assert_eq!(admit(&large, &Policy::default()).expect_err("it is refused").code(), code::TOO_LARGE);
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

#[test]
fn every_bound_is_named_with_its_value() {
    let limit = |guest: Guest| {
        let rejection = admit(&guest.build(), &Policy::default()).expect_err("it is refused");
        assert_eq!(rejection.code(), code::LIMIT, "{rejection}");
        rejection.message().to_owned()
    };
    let blocks = "(block)".repeat(limits::BODY_BLOCKS_MAX);
    expect!["the component has 2001 basic blocks in one function body; at most 2000 are allowed"]
        .assert_eq(&limit(Guest::new().items(&format!("(func {blocks})"))));
    let body = "(drop (i64.const 123456789012345678))".repeat(6000);
    expect!["the component has 66002 bytes in one function body; at most 65536 are allowed"]
        .assert_eq(&limit(Guest::new().items(&format!("(func {body})"))));
    let locals = "(local i32)".repeat(limits::LOCALS_MAX + 1);
    expect!["the component has 4097 locals in one function; at most 4096 are allowed"]
        .assert_eq(&limit(Guest::new().items(&format!("(func {locals})"))));
    let params = "(param i32)".repeat(limits::PARAMS_MAX + 1);
    expect!["the component has 65 parameters; at most 64 are allowed"]
        .assert_eq(&limit(Guest::new().items(&format!("(func {params})"))));
    let results = "i32 ".repeat(limits::RESULTS_MAX + 1);
    expect!["the component has 17 results; at most 16 are allowed"]
        .assert_eq(&limit(Guest::new().items(&format!("(func (result {results}) unreachable)"))));
    expect!["the component has 257 pages of memory to start with; at most 256 are allowed"]
        .assert_eq(&limit(Guest::new().memory("257")));
    expect!["the component has 65536 pages as a memory's maximum; at most 256 are allowed"]
        .assert_eq(&limit(Guest::new().memory("4 65536")));
    expect!["the component has 100000 table elements; at most 16384 are allowed"]
        .assert_eq(&limit(Guest::new().items("(table 100000 funcref)")));
    let targets = "0 ".repeat(limits::BRANCH_TABLE_TARGETS_MAX + 1);
    expect!["the component has 1025 targets in one branch table; at most 1024 are allowed"]
        .assert_eq(&limit(Guest::new().items(&format!("(func (br_table {targets} 0 (i32.const 0)))"))));
    let functions = "(func)".repeat(limits::FUNCTIONS_MAX);
    expect!["the component has 4101 functions; at most 4096 are allowed"]
        .assert_eq(&limit(Guest::new().items(&functions)));
    let globals = "(global i32 (i32.const 0))".repeat(limits::GLOBALS_MAX);
    expect!["the component has 1025 globals; at most 1024 are allowed"]
        .assert_eq(&limit(Guest::new().items(&globals)));
}

#[test]
fn instances_of_instances_cannot_multiply() {
    let many = "(instance (instantiate $empty))".repeat(limits::COMPONENT_INSTANCES_MAX + 1);
    let problems =
        |text: &str| admit(&component(text), &Policy::default()).expect_err("it is refused").to_string();
    let root = problems(&format!("(component (component $empty) {many})"));
    assert!(root.contains("17 component instances; at most 16 are allowed"), "{root}");
    let nested = problems(&format!(
        "(component (component $empty) (component (alias outer 1 $empty (component $empty)) {}))",
        "(instance (instantiate $empty))"
    ));
    assert!(nested.contains("only the root may hold code"), "{nested}");
    let types = problems(&format!("(component {})", "(type (func))".repeat(limits::TYPES_MAX + 1)));
    assert!(types.contains("component types; at most"), "{types}");
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
