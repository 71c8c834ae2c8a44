//! The host calls of one cast: with arguments, answers and fuel, in order.
//!
//! Knows how they read; the runtime kept them.

use serde_json::{Value, json};
use spellhost_runtime::{Answered, CallNote, HostCall, Told};
use spellhost_wire::{Call, Frame};

use crate::words;

/// The most items of a list that are shown.
const ITEMS_SHOWN: usize = 16;
/// The most letters of a text that are shown.
const LETTERS_SHOWN: usize = 120;

/// The calls of a tick that were traced, with their notes.
pub fn traced<'a>(frame: &'a Frame, notes: &'a [CallNote], cast: u64) -> Vec<(&'a Call, &'a CallNote)> {
    let calls = frame.calls.iter().filter(|call| call.cast_id == cast);
    calls.filter_map(|call| Some((call, notes.iter().find(|note| note.id.0 == call.call_id)?))).collect()
}

/// A call and its host calls, for people.
pub fn text(tick: u64, call: &Call, note: &CallNote) -> String {
    let sum: u64 = note.host_calls.iter().map(|host| host.fuel).sum();
    let (used, granted) = (words::grouped(call.fuel.used), words::grouped(call.fuel.granted));
    let mut text = format!(
        "tick {tick}, call {}: {} of {} → {}\n  fuel {used} of {granted}, {} of it for {}\n",
        call.call_id,
        call.export,
        call.spell_id,
        words::outcome(&call.outcome),
        words::grouped(sum),
        words::count(note.host_calls.len() as u64, "host call"),
    );
    for (at, host) in note.host_calls.iter().enumerate() {
        text.push_str(&line(at, host));
    }
    text
}

fn line(at: usize, host: &HostCall) -> String {
    let arguments: Vec<String> = host.arguments.iter().map(shown).collect();
    let answer = match &host.answer {
        Answered::Value(Told::Nothing) => String::new(),
        Answered::Value(value) => format!(" → {}", shown(value)),
        Answered::Refused(why) => format!(" ✗ {}", cut(why)),
    };
    let (fuel, left) = (words::grouped(host.fuel), words::grouped(host.fuel_before - host.fuel));
    format!(
        "  {:>3}  {}({}){answer}  [fuel {fuel}, {left} left]\n",
        at + 1,
        host.function,
        arguments.join(", ")
    )
}

fn shown(value: &Told) -> String {
    match value {
        Told::Nothing => "none".into(),
        Told::Flag(flag) => flag.to_string(),
        Told::Natural(number) => number.to_string(),
        Told::Integer(number) => number.to_string(),
        Told::Number(number) => number.to_string(),
        Told::Text(text) => format!("{:?}", cut(text)),
        Told::Name(name) => (*name).into(),
        Told::List(items) => list(items),
        Told::Record(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name}: {}", shown(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Told::Case(name, value) => format!("{name}({})", shown(value)),
        Told::TooLong(length) => format!("({length} long, too long to be looked at)"),
        Told::Unreadable => "(unreadable)".into(),
    }
}

fn list(items: &[Told]) -> String {
    let mut parts: Vec<String> = items.iter().take(ITEMS_SHOWN).map(shown).collect();
    if items.len() > ITEMS_SHOWN {
        parts.push(format!("… {} more", items.len() - ITEMS_SHOWN));
    }
    format!("[{}]", parts.join(", "))
}

fn cut(text: &str) -> String {
    if text.chars().nth(LETTERS_SHOWN).is_none() {
        return text.into();
    }
    text.chars().take(LETTERS_SHOWN).chain(['…']).collect()
}

/// A host call as an object of its own.
pub fn json(tick: u64, call: &Call, at: usize, host: &HostCall) -> Value {
    let after = host.fuel_before - host.fuel;
    let mut object = json!({
        "tick": tick,
        "cast_id": call.cast_id,
        "call_id": call.call_id,
        "export": call.export,
        "index": at,
        "function": host.function,
        "arguments": host.arguments,
        "fuel": {"used": host.fuel, "before": host.fuel_before, "after": after},
    });
    match &host.answer {
        Answered::Value(value) => object["result"] = json!(value),
        Answered::Refused(why) => object["refused"] = json!(why),
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn values_read_as_in_the_contract() {
        let numbers = |count: u64| Told::List((0..count).map(Told::Natural).collect());
        let case = Told::Case(
            "damage",
            Box::new(Told::Record(vec![("id", Told::Natural(2)), ("points", Told::Number(37.5))])),
        );
        let shown: Vec<String> =
            [case, numbers(18), Told::Text("a\n\u{1b}".into()), Told::Nothing, Told::TooLong(9)]
                .iter()
                .map(shown)
                .collect();
        expect![[r#"
            damage({id: 2, points: 37.5})
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, … 2 more]
            "a\n\u{1b}"
            none
            (9 long, too long to be looked at)"#]]
        .assert_eq(&shown.join("\n"));
    }
}
