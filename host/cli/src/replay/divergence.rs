//! A difference between two frames of one tick, in words and as an object.
//!
//! Knows which side is called what; how the frames came about is its caller's.

use serde_json::{Value, json};
use spellhost_lockstep::difference::{Difference, Part};
use spellhost_wire::{Call, Effect, Frame};

use crate::words::{self, Roster};

/// Two frames of one tick that differ.
pub struct Divergence<'a> {
    /// Where.
    pub difference: Difference,
    /// The one side and what it is called.
    pub old: (&'static str, &'a Frame),
    /// The other side and what it is called.
    pub new: (&'static str, &'a Frame),
    /// At the next snapshot: before which tick, and the parts of the state that differ there.
    pub parts: Option<(u64, Vec<&'static str>)>,
}

impl Divergence<'_> {
    /// The call that differs, on each side where it is there.
    fn calls(&self) -> Option<(Option<&Call>, Option<&Call>)> {
        let at = self.difference.at;
        self.difference.part.is_of_call().then(|| (self.old.1.calls.get(at), self.new.1.calls.get(at)))
    }

    /// On one line: tick, call, cast, spell, revision and what differs.
    pub fn sentence(&self) -> String {
        let tick = self.old.1.tick;
        let what = self.difference.part.name();
        match (self.calls(), self.difference.part) {
            (Some((Some(call), _) | (None, Some(call))), Part::Call) => {
                format!("tick {tick}: {} ran on one side only, or as another call", place(call))
            }
            (Some((Some(call), _)), part) => {
                let verb = if part == Part::Effects { "differ" } else { "differs" };
                format!("tick {tick}: the {what} of {} {verb}", place(call))
            }
            (_, Part::Hash) => format!("tick {tick}: the state hash differs{}", self.parts_in_words()),
            (_, Part::Tick) => format!("one has tick {tick} where the other has tick {}", self.new.1.tick),
            (_, Part::Cast) => {
                let at = self.difference.at;
                let cast = self.old.1.casts.get(at).or_else(|| self.new.1.casts.get(at));
                cast.map_or_else(String::new, |cast| {
                    format!("tick {tick}: cast {} of {} differs", cast.cast_id, cast.spell_id)
                })
            }
            (_, part) => format!("tick {tick}: {} {} differs", part.name(), self.difference.at + 1),
        }
    }

    fn parts_in_words(&self) -> String {
        match &self.parts {
            None => String::new(),
            Some((tick, parts)) if parts.is_empty() => {
                format!(" (the recorded hash alone: nothing differs from the snapshot before tick {tick})")
            }
            Some((tick, parts)) => {
                format!(" (in {}, by the snapshot before tick {tick})", parts.join(", "))
            }
        }
    }

    /// What each side says, a line each.
    pub fn sides(&self) -> Vec<String> {
        let width = self.old.0.len().max(self.new.0.len());
        let line = |(name, frame): (&str, &Frame)| format!("{name:width$}  {}", self.said(frame));
        let mut lines = vec![line(self.old), line(self.new)];
        if self.difference.part == Part::Effects
            && let Some((Some(old), Some(new))) = self.calls()
        {
            lines.extend(effects(self.old.0, old, self.new.0, new));
        }
        lines
    }

    /// What one side says at the place of the difference.
    fn said(&self, frame: &Frame) -> String {
        let at = self.difference.at;
        match self.difference.part {
            Part::Tick => format!("tick {}", frame.tick),
            Part::Hash => frame.state_hash.to_string(),
            Part::Input | Part::Cast | Part::Op | Part::Swap => {
                let (old, new) = (self.entry(self.old.1), self.entry(self.new.1));
                let (place, own) = (first_leaf(&old, &new), self.entry(frame));
                let leaf = own.pointer(&place).map_or_else(|| "nothing".into(), Value::to_string);
                format!("{}{leaf}", if place.is_empty() { String::new() } else { format!("{place} = ") })
            }
            Part::Call => frame.calls.get(at).map_or_else(|| "no such call".into(), place),
            Part::Outcome | Part::Fuel | Part::Effects => {
                frame.calls.get(at).map_or_else(String::new, |call| {
                    let effects = call.effects.as_ref().map_or(0, Vec::len) as u64;
                    let (used, granted) = (words::grouped(call.fuel.used), words::grouped(call.fuel.granted));
                    format!(
                        "{}, fuel {used} of {granted}, {}",
                        words::outcome(&call.outcome),
                        words::count(effects, "effect")
                    )
                })
            }
        }
    }

    /// What entered at the place of the difference, as an object.
    fn entry(&self, frame: &Frame) -> Value {
        let at = self.difference.at;
        match self.difference.part {
            Part::Input => json!(frame.inputs.get(at)),
            Part::Cast => json!(frame.casts.get(at)),
            Part::Op => json!(frame.ops.get(at)),
            _ => json!(frame.swaps.get(at)),
        }
    }

    /// As an object.
    pub fn json(&self) -> Value {
        let mut object = json!({
            "tick": self.old.1.tick,
            "part": self.difference.part.name(),
            "at": self.difference.at,
        });
        if let Some((old, new)) = self.calls() {
            if let Some(call) = old.or(new) {
                object["call_id"] = json!(call.call_id);
                object["cast_id"] = json!(call.cast_id);
                object["export"] = json!(call.export);
                object["spell_id"] = json!(call.spell_id);
                object["revision_id"] = json!(call.revision_id);
            }
            object[self.old.0] = json!(old);
            object[self.new.0] = json!(new);
        } else {
            let side = |frame: &Frame| match self.difference.part {
                Part::Tick => json!(frame.tick),
                Part::Hash => json!(frame.state_hash),
                _ => self.entry(frame),
            };
            object[self.old.0] = side(self.old.1);
            object[self.new.0] = side(self.new.1);
        }
        if let Some((tick, parts)) = &self.parts {
            object["snapshot"] = json!({"tick": tick, "parts": parts});
        }
        object
    }
}

/// Which call: "call 7 (cast 1, on-event of fireball b3:0123456789ab)".
fn place(call: &Call) -> String {
    let revision = call.revision_id.to_string();
    let (spell, export) = (&call.spell_id, &call.export);
    format!("call {} (cast {}, {export} of {spell} {})", call.call_id, call.cast_id, words::short(&revision))
}

/// The first effect that differs, on each side.
fn effects(old_name: &str, old: &Call, new_name: &str, new: &Call) -> Vec<String> {
    let (Some(old), Some(new)) = (&old.effects, &new.effects) else { return Vec::new() };
    let at = old.iter().zip(new).position(|(old, new)| old != new).unwrap_or(old.len().min(new.len()));
    let roster = Roster::default();
    let said = |name: &str, effects: &[Effect]| {
        let effect =
            effects.get(at).map_or_else(|| "there is none".into(), |effect| words::effect(effect, &roster));
        format!("effect {} {name}: {effect}", at + 1)
    };
    vec![said(old_name, old), said(new_name, new)]
}

/// Where two objects first differ, as a JSON pointer.
fn first_leaf(a: &Value, b: &Value) -> String {
    let below = |key: &str, a: &Value, b: &Value| format!("/{key}{}", first_leaf(a, b));
    match (a, b) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            let pair = a.iter().zip(b).find(|((_, a), (_, b))| a != b);
            pair.map_or_else(String::new, |((key, a), (_, b))| below(key, a, b))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let pair = a.iter().zip(b).enumerate().find(|(_, (a, b))| a != b);
            pair.map_or_else(String::new, |(at, (a, b))| below(&at.to_string(), a, b))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_leaf_that_differs_is_named() {
        let value = |x: i32| json!({"a": 1, "params": [{"name": "p"}, {"name": "q", "value": {"kind": "n", "value": x}}]});
        assert_eq!(first_leaf(&value(1), &value(2)), "/params/1/value/value");
        assert_eq!(first_leaf(&value(1), &json!(null)), "");
        assert_eq!(first_leaf(&json!([1, 2]), &json!([1])), "");
    }
}
