//! The first difference between what two engines did in a case, named so that it can be looked at:
//! which tick, cast and call, what it is, and both values.
//!
//! Pure; knows neither engines nor processes.

use std::fmt::Debug;

use serde::{Deserialize, Serialize};
use spellhost_sim::CastId;

use crate::transcript::{CallTrace, TickTrace};

/// What two engines did differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The two engines.
    pub engines: [String; 2],
    /// The number of the case in the corpus, from 1.
    pub case: u64,
    /// What the case is called.
    pub case_name: String,
    /// Where in the case, and what.
    #[serde(flatten)]
    pub found: Found,
}

/// Where in a case two transcripts differ, and in what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The tick.
    pub tick: u64,
    /// The cast, where it is one's.
    pub cast_id: Option<u64>,
    /// The call, where it is one's.
    pub call_id: Option<u64>,
    /// Its export.
    pub export: Option<String>,
    /// What differs.
    pub what: String,
    /// What it is for each of the two.
    pub values: [String; 2],
}

impl Difference {
    /// In one line.
    pub fn sentence(&self) -> String {
        let Self { engines: [one, other], case, case_name, found } = self;
        let mut text = format!("{one} and {other} differ in case {case} ({case_name}), tick {}", found.tick);
        let parts = [("cast", found.cast_id), ("call", found.call_id)];
        for (what, id) in parts.into_iter().filter_map(|(what, id)| Some((what, id?))) {
            text.push_str(&format!(", {what} {id}"));
        }
        if let Some(export) = &found.export {
            text.push_str(&format!(" ({export})"));
        }
        let [a, b] = &found.values;
        text + &format!(": {} is {a} on {one} and {b} on {other}", found.what)
    }
}

impl Found {
    fn new(what: impl Into<String>, values: [String; 2]) -> Self {
        Self { what: what.into(), values, ..Self::default() }
    }

    fn of_cast(self, cast: CastId) -> Self {
        Self { cast_id: Some(cast.0), ..self }
    }
}

/// The first difference between one engine's transcript of a case, by number and name, and those
/// of the others.
pub fn first_of_all(
    case: (u64, &str),
    (decider, decided): (&str, &[TickTrace]),
    others: &[(&str, Vec<TickTrace>)],
) -> Option<Difference> {
    let differences = others.iter().filter_map(|(other, played)| {
        let found = first_difference(decided, played)?;
        let engines = [decider, other].map(str::to_owned);
        Some(Difference { engines, case: case.0, case_name: case.1.into(), found })
    });
    differences.min_by_key(|difference| (difference.found.tick, difference.found.call_id.unwrap_or(u64::MAX)))
}

/// The first difference between two transcripts of one case.
pub fn first_difference(one: &[TickTrace], other: &[TickTrace]) -> Option<Found> {
    let found = one.iter().zip(other).find_map(|(one, other)| {
        let found = in_tick(one, other)?;
        Some(Found { tick: one.tick.min(other.tick), ..found })
    });
    found.or_else(|| {
        let tick = one.len().min(other.len()) as u64;
        Some(Found { tick, ..unequal("ticks", &one.len(), &other.len())? })
    })
}

fn in_tick(one: &TickTrace, other: &TickTrace) -> Option<Found> {
    if one == other {
        return None;
    }
    unequal("tick", &one.tick, &other.tick)
        .or_else(|| unequal("casts", &one.casts, &other.casts))
        .or_else(|| in_calls(&one.calls, &other.calls))
        .or_else(|| in_states(one, other))
        .or_else(|| {
            let hashes = [one, other].map(|tick| hex(&tick.state_hash));
            (hashes[0] != hashes[1]).then(|| Found::new("state_hash", hashes))
        })
}

fn in_calls(one: &[CallTrace], other: &[CallTrace]) -> Option<Found> {
    let found = one.iter().zip(other).find_map(|(one, other)| {
        let found = in_call(one, other)?.of_cast(one.cast);
        Some(Found { call_id: Some(one.id.0), export: Some(one.entry.export().into()), ..found })
    });
    found.or_else(|| unequal("calls", &one.len(), &other.len()))
}

fn in_call(one: &CallTrace, other: &CallTrace) -> Option<Found> {
    unequal("call_id", &one.id.0, &other.id.0)
        .or_else(|| unequal("cast_id", &one.cast.0, &other.cast.0))
        .or_else(|| unequal("entry", &one.entry, &other.entry))
        .or_else(|| unequal("outcome", &one.outcome, &other.outcome))
        .or_else(|| unequal("fuel.granted", &one.fuel_granted, &other.fuel_granted))
        .or_else(|| unequal("fuel.used", &one.fuel_used, &other.fuel_used))
        .or_else(|| in_list("commands", &one.commands, &other.commands))
        .or_else(|| in_list("spawned", &one.spawned, &other.spawned))
        .or_else(|| {
            let digests = [one, other].map(|call| call.effects_digest.to_string());
            (digests[0] != digests[1]).then(|| Found::new("effects_digest", digests))
        })
}

fn in_states(one: &TickTrace, other: &TickTrace) -> Option<Found> {
    let found = one.states.iter().zip(&other.states).find_map(|(one, other)| {
        let bytes = [hex(&one.1), hex(&other.1)];
        unequal("active", &one.0.0, &other.0.0)
            .or_else(|| (one.1 != other.1).then(|| Found::new("state", bytes)))
            .map(|found| found.of_cast(one.0))
    });
    found.or_else(|| {
        let active = |tick: &TickTrace| tick.states.iter().map(|(cast, _)| cast.0).collect::<Vec<_>>();
        unequal("active", &active(one), &active(other))
    })
}

fn in_list<T: PartialEq + Debug>(what: &str, one: &[T], other: &[T]) -> Option<Found> {
    let mut pairs = one.iter().zip(other).enumerate();
    let found = pairs.find_map(|(at, (one, other))| unequal(&format!("{what}[{at}]"), one, other));
    found.or_else(|| unequal(what, &one.len(), &other.len()))
}

fn unequal<T: PartialEq + Debug>(what: &str, one: &T, other: &T) -> Option<Found> {
    (one != other).then(|| Found::new(what, [format!("{one:?}"), format!("{other:?}")]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use spellhost_sim::{CallId, Command, Digest, EntityId, Entry, LimitKind, Outcome, Refusal};

    /// Three ticks; in the last one a call with two commands.
    fn transcript() -> Vec<TickTrace> {
        let call = CallTrace {
            id: CallId(9),
            cast: CastId(4),
            entry: Entry::Cast,
            outcome: Outcome::Applied { skipped: 0 },
            fuel_used: 10,
            fuel_granted: 100,
            commands: vec![Command::Finish, Command::CancelTimer { tag: 1 }],
            spawned: vec![EntityId(5)],
            effects_digest: Digest([1; 32]),
        };
        let tick = |tick| TickTrace {
            tick,
            casts: Vec::new(),
            calls: Vec::new(),
            states: Vec::new(),
            state_hash: [0xab; 16],
        };
        let last = TickTrace {
            casts: vec![(CastId(4), None)],
            calls: vec![call],
            states: vec![(CastId(4), vec![1, 2])],
            ..tick(2)
        };
        vec![tick(0), tick(1), last]
    }

    /// What is found after `doctor` had its way with the second transcript.
    fn found(doctor: impl FnOnce(&mut Vec<TickTrace>)) -> Option<Found> {
        let mut other = transcript();
        doctor(&mut other);
        first_difference(&transcript(), &other)
    }

    #[track_caller]
    fn check(
        doctor: impl FnOnce(&mut Vec<TickTrace>),
        place: (u64, bool, bool),
        what: &str,
        values: [&str; 2],
    ) {
        let found = found(doctor).expect("a difference");
        assert_eq!((found.tick, found.cast_id == Some(4), found.call_id == Some(9)), place, "{found:?}");
        assert_eq!((found.what.as_str(), found.values.each_ref().map(String::as_str)), (what, values));
    }

    #[test]
    fn equal_transcripts_have_none() {
        assert_eq!(found(|_| ()), None);
    }

    #[test]
    fn whatever_differs_is_named() {
        const CALL: (u64, bool, bool) = (2, true, true);
        check(|t| t[2].calls[0].fuel_used = 11, CALL, "fuel.used", ["10", "11"]);
        check(|t| t[2].calls[0].fuel_granted = 99, CALL, "fuel.granted", ["100", "99"]);
        check(|t| t[2].calls[0].id = CallId(8), CALL, "call_id", ["9", "8"]);
        check(|t| t[2].calls[0].cast = CastId(3), CALL, "cast_id", ["4", "3"]);
        check(
            |t| t[2].calls[0].outcome = Outcome::Limit(LimitKind::Stack),
            CALL,
            "outcome",
            ["Applied { skipped: 0 }", "Limit(Stack)"],
        );
        let from = Digest([0; 32]);
        let entry = format!("{:?}", Entry::Migrate { from });
        check(|t| t[2].calls[0].entry = Entry::Migrate { from }, CALL, "entry", ["Cast", &entry]);
        let tags = ["CancelTimer { tag: 1 }", "CancelTimer { tag: 2 }"];
        check(|t| t[2].calls[0].commands[1] = Command::CancelTimer { tag: 2 }, CALL, "commands[1]", tags);
        check(|t| t[2].calls[0].commands.truncate(1), CALL, "commands", ["2", "1"]);
        check(|t| t[2].calls[0].spawned[0] = EntityId(6), CALL, "spawned[0]", ["EntityId(5)", "EntityId(6)"]);
        let digests = [1, 2].map(|byte| Digest([byte; 32]).to_string());
        let digests = digests.each_ref().map(String::as_str);
        check(|t| t[2].calls[0].effects_digest = Digest([2; 32]), CALL, "effects_digest", digests);
        check(|t| t[2].calls.clear(), (2, false, false), "calls", ["1", "0"]);
        check(|t| t[2].states[0].1[1] = 255, (2, true, false), "state", ["0102", "01ff"]);
        check(|t| t[2].states[0].0 = CastId(3), (2, true, false), "active", ["4", "3"]);
        check(|t| t[2].states.clear(), (2, false, false), "active", ["[4]", "[]"]);
        let (same, other) = ("ab".repeat(16), "ab".repeat(15) + "cd");
        check(|t| t[1].state_hash[15] = 0xcd, (1, false, false), "state_hash", [&same, &other]);
        let refused = ["[(CastId(4), None)]", "[(CastId(4), Some(Mana))]"];
        check(|t| t[2].casts[0].1 = Some(Refusal::Mana), (2, false, false), "casts", refused);
        check(|t| t.truncate(2), (2, false, false), "ticks", ["3", "2"]);
        check(|t| t[1].tick = 7, (1, false, false), "tick", ["1", "7"]);
    }

    #[test]
    fn of_several_engines_the_earliest_difference_is_named() {
        let doctored = |doctor: fn(&mut Vec<TickTrace>)| {
            let mut ticks = transcript();
            doctor(&mut ticks);
            ticks
        };
        let late = doctored(|t| t[2].state_hash[0] = 0);
        let call = doctored(|t| t[2].calls[0].fuel_used = 11);
        let early = doctored(|t| t[0].state_hash[0] = 0);
        let own = transcript();
        let named = |others: &[(&str, Vec<TickTrace>)]| {
            let difference = first_of_all((3, "a case"), ("native", &own), others)?;
            assert_eq!((difference.case, difference.case_name.as_str()), (3, "a case"));
            Some(difference.engines.join(" "))
        };
        assert_eq!(named(&[("b", own.clone()), ("c", own.clone())]), None);
        assert_eq!(named(&[("b", late.clone()), ("c", early.clone())]).as_deref(), Some("native c"));
        assert_eq!(named(&[("b", late), ("c", call.clone())]).as_deref(), Some("native c"));
        assert_eq!(named(&[("b", own.clone()), ("c", early)]).as_deref(), Some("native c"));
        let difference = first_of_all((3, "a case"), ("native", &own), &[("b", call)]);
        assert_eq!(
            difference.map(|difference| difference.sentence()).as_deref(),
            Some(
                "native and b differ in case 3 (a case), tick 2, cast 4, call 9 (cast): fuel.used is 10 on native and 11 on b"
            )
        );
    }

    #[test]
    fn the_first_of_several_is_named() {
        let doctor = |t: &mut Vec<TickTrace>| {
            t[2].state_hash = [0; 16];
            t[2].states[0].1.clear();
            t[2].calls[0].fuel_used = 1;
            t[2].calls[0].commands.clear();
        };
        check(doctor, (2, true, true), "fuel.used", ["10", "1"]);
    }
}
