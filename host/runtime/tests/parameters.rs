//! Parameters are completed from defaults, and what does not fit is refused, never clamped.

use std::collections::BTreeMap;

use expect_test::expect;
use spellhost_runtime::{ParamInput, ParamSpec, ParamValue, SpellInfo};
use spellhost_sim::{EntityId, Material, Number, Point, Value};

fn spec(name: &str, default: ParamValue) -> ParamSpec {
    ParamSpec {
        name: name.into(),
        label: String::new(),
        help: String::new(),
        unit: String::new(),
        default,
        range: None,
        choices: Vec::new(),
    }
}

fn info() -> SpellInfo {
    let radius = ParamSpec {
        range: Some((0.5, 8.0)),
        unit: "blocks".into(),
        ..spec("radius", ParamValue::Number(3.0))
    };
    let count = ParamSpec { range: Some((1.0, 5.0)), ..spec("count", ParamValue::Integer(2)) };
    let mood = ParamSpec {
        choices: vec!["calm".into(), "wild".into()],
        ..spec("mood", ParamValue::Text("calm".into()))
    };
    let rest = [
        spec("lit", ParamValue::Flag(true)),
        spec("at", ParamValue::Point([0.0, 1.5, 0.0])),
        spec("cell", ParamValue::Block([1, 2, 3])),
        spec("whom", ParamValue::Entity(0)),
        spec("of", ParamValue::Material("stone".into())),
    ];
    SpellInfo {
        display_name: "Test".into(),
        description: String::new(),
        params: [radius, count, mood].into_iter().chain(rest).collect(),
        cooldown: 0,
        mana: 0,
        remote_names: Vec::new(),
    }
}

fn complete(name: &str, input: ParamInput) -> Result<Value, String> {
    let given = BTreeMap::from([(name.to_owned(), input)]);
    let values = info().complete(&given).map_err(|error| format!("{}: {error}", error.code()))?;
    Ok(values.into_iter().find(|value| value.name == name).expect("it is among them").value)
}

fn parse(name: &str, text: &str) -> Result<Value, String> {
    let info = info();
    let spec = info.param(name).map_err(|error| format!("{}: {error}", error.code()))?;
    let input = ParamInput::parse(spec, text).map_err(|error| format!("{}: {error}", error.code()))?;
    complete(name, input)
}

#[test]
fn defaults_come_in_the_order_of_the_description() {
    let values = info().complete(&BTreeMap::new()).expect("defaults fit");
    let names: Vec<_> = values.iter().map(|value| value.name.as_str()).collect();
    assert_eq!(names, ["radius", "count", "mood", "lit", "at", "cell", "whom", "of"]);
    assert_eq!(values[0].value, Value::Number(Number { bits: 3.0_f64.to_bits() }));
    assert_eq!(values[4].value, Value::Point(Point::from_raw(0, 3 << 15, 0)));
    assert_eq!(values[7].value, Value::Material(Material::STONE));
}

#[test]
fn texts_are_read_by_kind() {
    assert_eq!(parse("radius", "4"), Ok(Value::Number(Number { bits: 4.0_f64.to_bits() })));
    assert_eq!(parse("count", "5"), Ok(Value::Integer(5)));
    assert_eq!(parse("mood", "wild"), Ok(Value::Text("wild".into())));
    assert_eq!(parse("lit", "false"), Ok(Value::Flag(false)));
    assert_eq!(parse("at", "1, 2,3"), Ok(Value::Point(Point::from_blocks(1, 2, 3))));
    assert_eq!(parse("at", "[1,2,3]"), Ok(Value::Point(Point::from_blocks(1, 2, 3))));
    assert_eq!(parse("whom", "12"), Ok(Value::Entity(EntityId(12))));
    assert_eq!(parse("of", "lava"), Ok(Value::Material(Material::LAVA)));
    expect![[r#"bad_param: parameter `lit`: "yes" is not a flag: true or false"#]]
        .assert_eq(&parse("lit", "yes").expect_err("it is refused"));
    expect![[r#"bad_param: parameter `radius`: "NaN" is not a finite number"#]]
        .assert_eq(&parse("radius", "NaN").expect_err("it is refused"));
}

#[test]
fn what_does_not_fit_is_refused() {
    let refused = |name: &str, input: ParamInput| complete(name, input).expect_err("it is refused");
    expect!["unknown_param: the spell takes no parameter `size`; it takes radius, count, mood, lit, at, cell, whom, of"]
        .assert_eq(&refused("size", ParamInput::Number(1.0)));
    expect!["bad_param: parameter `radius`: 9 is not between 0.5 and 8 blocks"]
        .assert_eq(&refused("radius", ParamInput::Number(9.0)));
    expect!["bad_param: parameter `radius`: NaN is not a finite number"]
        .assert_eq(&refused("radius", ParamInput::Number(f64::NAN)));
    expect!["bad_param: parameter `count`: 2.5 is not an integer"]
        .assert_eq(&refused("count", ParamInput::Number(2.5)));
    expect!["bad_param: parameter `count`: 6 is not between 1 and 5"]
        .assert_eq(&refused("count", ParamInput::Integer(6)));
    expect![[r#"bad_param: parameter `mood`: "grim" is none of the choices: calm, wild"#]]
        .assert_eq(&refused("mood", ParamInput::Text("grim".into())));
    expect!["bad_param: parameter `at`: (10000000, 0, 0) is outside the world"]
        .assert_eq(&refused("at", ParamInput::List(vec![1e7, 0.0, 0.0])));
    expect!["bad_param: parameter `at`: [1.0] is not a point: [x, y, z] in blocks"]
        .assert_eq(&refused("at", ParamInput::List(vec![1.0])));
    expect!["bad_param: parameter `cell`: [0.5, 0.0, 0.0] is not a block: [x, y, z] in whole blocks"]
        .assert_eq(&refused("cell", ParamInput::List(vec![0.5, 0.0, 0.0])));
    expect!["bad_param: parameter `whom`: -1 is not an entity's id"]
        .assert_eq(&refused("whom", ParamInput::Integer(-1)));
    let material = refused("of", ParamInput::Text("butter".into()));
    assert!(
        material.starts_with(r#"bad_param: parameter `of`: "butter" is no material; they are air, "#),
        "{material}"
    );
    let long = SpellInfo { params: vec![spec("word", ParamValue::Text(String::new()))], ..info() };
    let given = BTreeMap::from([("word".to_owned(), ParamInput::Text("x".repeat(257)))]);
    expect!["parameter `word`: the text has 257 bytes; at most 256 are allowed"]
        .assert_eq(&long.complete(&given).expect_err("it is refused").to_string());
}
