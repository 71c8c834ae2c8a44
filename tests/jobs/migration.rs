//! A revision that takes over a cast of an earlier one, in every language that is built here: the state arrives.
//!
//! Knows the protocol alone.

use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use super::{PATIENCE, build, created, succeeded};
use crate::server::client::Client;
use crate::server::host::Host;

/// Counts on and tells its caster; MIGRATE is what the revision does with a state that it is handed.
const RUST: &str = "use spellhost_sdk::prelude::*;
state! { struct State { count: u32, } }
struct Counting;
impl Spell for Counting {
    fn cast(_: &Context) -> Result {
        State { count: 7 }.save();
        timers::wake_after(seconds(0.1), 1);
        Ok(())
    }
    fn on_event(ctx: &Context, _: Event) -> Result {
        let mut state = State::load()?;
        state.count += 1;
        presentation::message(ctx.caster, format!(\"NAME {}\", state.count));
        state.save();
        timers::wake_after(seconds(0.1), 1);
        Ok(())
    }
    fn migrate(from: &str, bytes: Vec<u8>) -> Result<Vec<u8>> {
        if from.is_empty() { fail!(\"nobody\") }
        MIGRATE
    }
}
export_spell!(Counting);
";

const SCRIPT: &str = "import { CastContext, ok, presentation, Result, seconds, SpellEvent, state, timers } from \"@spellhost/sdk\";
const count = state.integer(\"count\");
export function cast(ctx: CastContext): string | null {
  count.value = 7;
  timers.wakeAfter(seconds(0.1), 1);
  return null;
}
export function onEvent(ctx: CastContext, event: SpellEvent): string | null {
  count.value++;
  presentation.message(ctx.caster, `NAME ${count.value}`);
  timers.wakeAfter(seconds(0.1), 1);
  return null;
}
export function migrate(from: string, bytes: Array<u8>): Result<Array<u8>> {
  if (from.length == 0) return new Result<Array<u8>>(null, \"nobody\");
  MIGRATE
}
";

/// Every frame that a client is told: read all the time, because who does not read misses some.
fn followed(mut client: Client) -> Receiver<Value> {
    let (send, frames) = channel();
    std::thread::spawn(move || while send.send(client.event("tick_frame", |_| true)).is_ok() {});
    frames
}

/// The calls of a spell in a frame.
fn calls<'f>(frame: &'f Value, spell: &str) -> impl Iterator<Item = &'f Value> {
    frame["calls"].as_array().into_iter().flatten().filter(move |call| call["spell_id"] == spell)
}

/// The text that a spell tells in a frame, as a name and a number.
fn told(frame: &Value, spell: &str) -> Option<(String, u64)> {
    let mut effects = calls(frame, spell).flat_map(|call| call["effects"].as_array().into_iter().flatten());
    let text = effects.find_map(|effect| effect["text"].as_str())?;
    let (name, number) = text.split_once(' ').expect("a name and a number");
    Some((name.to_owned(), number.parse().expect("a number")))
}

/// How a spell's calls of `migrate` in a frame ended.
fn migrations<'f>(frame: &'f Value, spell: &str) -> impl Iterator<Item = &'f str> {
    let calls = calls(frame, spell).filter(|call| call["export"] == "migrate");
    calls.filter_map(|call| call["outcome"]["kind"].as_str())
}

#[test]
fn the_state_of_an_active_cast_arrives_in_the_next_revision_in_both_languages() {
    let host = Host::start();
    for (language, text, keeps, fails) in [
        (
            "rust",
            RUST,
            "State::migrate(&bytes, |state| State { count: state.count + 1_000 })",
            "fail!(\"no, {}\", bytes.len())",
        ),
        (
            "assemblyscript",
            SCRIPT,
            "if (!state.decode(bytes)) return new Result<Array<u8>>(null, \"another shape\");\n  count.value += 1000;\n  \
             return ok(state.encode());",
            "return new Result<Array<u8>>(null, `no, ${bytes.length}`);",
        ),
    ] {
        created(&host, language);
        let frames = followed(Client::enter(&host, "default"));
        let mut client = Client::join(&host, "snapshot");
        let made = |name: &str, migrate: &str| {
            let code = text.replace("NAME", name).replace("MIGRATE", migrate);
            succeeded(&host, build(&host, language, json!({"code": code, "language": language})))
        };
        made("one", fails);
        let cast = client.ask("spell.cast_request", json!({"spell_id": language}));
        assert!(cast["data"]["cast_id"].is_u64(), "{cast:#}");
        let mut last = (String::new(), 0);
        let mut next = |fits: &str| loop {
            let frame = frames.recv_timeout(PATIENCE).expect("a frame");
            assert!(frame["tick"].as_u64() < Some(6_000), "{fits} after {last:?}");
            let (before, now) = (last.clone(), told(&frame, language));
            last = now.clone().unwrap_or(last.clone());
            let ended = migrations(&frame, language).any(|outcome| outcome == fits);
            if ended || now.is_some_and(|(name, _)| name == fits) {
                return (before, last.clone());
            }
        };
        assert_eq!(next("one").1, ("one".into(), 8), "{language}");
        made("two", keeps);
        let ((from, before), (to, after)) = next("two");
        assert_eq!((from.as_str(), to.as_str()), ("one", "two"), "{language}");
        assert_eq!(after, before + 1_001, "{language}: the state arrives and is changed once");
        // A revision that will not have the state does not get the cast, which goes on as it was.
        made("three", fails);
        next("failed");
        let ((_, before), (name, after)) = next("two");
        assert_eq!((name.as_str(), after), ("two", before + 1), "{language}");
    }
}
