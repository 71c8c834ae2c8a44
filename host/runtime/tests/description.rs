//! `describe` runs once, alone, and what it returns is checked.

use expect_test::{Expect, expect};
use spellhost_runtime::{Codegen, ParamValue, code};

use crate::arena::load;
use crate::guest::{Field, Guest, INFO, SCRATCH, bytes};

fn refused(guest: &Guest, expected: Expect) {
    let rejection = load(guest, Codegen::Native).expect_err("it is refused");
    assert_eq!(rejection.code(), code::DESCRIBE, "{rejection}");
    expected.assert_eq(rejection.message());
}

/// A guest whose description is these bytes.
fn described(fields: &[Field]) -> Guest {
    Guest::new().data(INFO, &bytes(fields))
}

/// A guest with one parameter.
fn with_param(default: &[Field], range: Option<(f64, f64)>) -> Guest {
    let mut param = vec![Field::U32(2048), Field::U32(4)];
    param.extend([Field::U32(0); 6]);
    param.extend(default);
    match range {
        Some((min, max)) => param.extend([Field::U8(1), Field::Pad(7), Field::F64(min), Field::F64(max)]),
        None => param.push(Field::Pad(24)),
    }
    param.extend([Field::U32(0), Field::U32(0)]);
    let info =
        [Field::U32(2048), Field::U32(4), Field::U32(0), Field::U32(0), Field::U32(SCRATCH), Field::U32(1)];
    described(&info).data(SCRATCH, &bytes(&param))
}

fn number(number: f64) -> Vec<Field> {
    vec![Field::U8(2), Field::Pad(7), Field::F64(number), Field::Pad(16)]
}

#[test]
fn a_description_is_read() {
    let component = load(&with_param(&number(2.5), Some((0.0, 4.0))), Codegen::Native)
        .unwrap_or_else(|rejection| panic!("{rejection}"));
    let info = component.info();
    assert_eq!((info.display_name.as_str(), info.cooldown, info.mana), ("Test", 0, 0));
    assert_eq!(info.params.len(), 1);
    assert_eq!(info.params[0].default, ParamValue::Number(2.5));
    assert_eq!(info.params[0].range, Some((0.0, 4.0)));
}

#[test]
fn a_bad_description_is_refused() {
    refused(
        &described(&[Field::U32(2048), Field::U32(0)]),
        expect!["describe returned a bad description: display-name is empty"],
    );
    refused(
        &with_param(&number(5.0), Some((0.0, 4.0))),
        expect!["describe returned a bad description: params[0].default: 5 is not between 0 and 4"],
    );
    refused(
        &with_param(&number(f64::NAN), None),
        expect!["describe returned a bad description: params[0].default: NaN is not a finite number"],
    );
    refused(
        &with_param(&number(1.0), Some((4.0, 0.0))),
        expect![
            "describe returned a bad description: params[0].range: 4 to 0 is not a range of finite numbers"
        ],
    );
    let flag = [Field::U8(0), Field::Pad(31)];
    refused(
        &with_param(&flag, Some((0.0, 1.0))),
        expect![
            "describe returned a bad description: params[0].range: only numbers and integers have one, not a flag"
        ],
    );
    let material = [Field::U8(7), Field::Pad(7), Field::U16(999), Field::Pad(22)];
    refused(
        &with_param(&material, None),
        expect!["describe returned a bad description: params[0].default: 999 is no material"],
    );
}

#[test]
fn no_import_answers_a_description() {
    let info = format!("(i32.const {INFO})");
    refused(
        &Guest::new().import("random.next").describe(&format!("(drop (call $random.next)) {info}")),
        expect!["describe called `random.next`, which does not answer while a spell describes itself"],
    );
    let log = "(call $log.log (i32.const 0) (i32.const 2048) (i32.const 15)) unreachable";
    refused(
        &Guest::new().import("log.log").describe(log),
        expect![
            "describe called `log.log`, which does not answer while a spell describes itself, saying: Test    a spell"
        ],
    );
}

#[test]
fn a_description_that_does_not_return_is_refused() {
    refused(
        &Guest::new().describe("(loop $again (br $again)) unreachable"),
        expect!["describe did not return: wasm trap: all fuel consumed by WebAssembly in describe"],
    );
    refused(
        &Guest::new().describe("unreachable"),
        expect!["describe did not return: wasm trap: wasm `unreachable` instruction executed in describe"],
    );
    let rejection = load(&Guest::new().items("(start $start) (func $start unreachable)"), Codegen::Native);
    let rejection = rejection.expect_err("it is refused");
    assert_eq!(rejection.code(), code::INSTANTIATE);
    expect!["instantiating the component did not return: wasm trap: wasm `unreachable` instruction executed in start"]
        .assert_eq(rejection.message());
}
