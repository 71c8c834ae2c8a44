//! A performance told to people: outcome, commands in words, voxels by material, entities, fuel,
//! time, log, calls, hash.
//!
//! Text only; pictures and objects for programs are elsewhere.

use std::fmt::Write as _;

use spellhost_runtime::{TrapFrame, TrapReport};
use spellhost_wire::{Effect, Outcome};

use crate::screen::Screen;
use crate::script::Performance;
use crate::tally::{CallTally, Tally};
use crate::words::{self, Roster};

/// The most effects that are told; `--json` has them all.
const EFFECTS_TOLD: usize = 24;
/// The most calls that are told one by one.
const CALLS_TOLD: usize = 12;
/// The most log lines that are told.
const LINES_TOLD: usize = 32;

/// Everything that is said of a performance.
pub fn account(performance: &Performance, title: &str, roster: &Roster, screen: Screen) -> String {
    let mut text = String::new();
    let roster = with_summoned(roster, performance);
    for tally in &performance.tallies {
        tell(&mut text, performance, tally, title, &roster, screen);
    }
    let after = &performance.after;
    line(&mut text, "hash", &format!("state hash {} after tick {}", after.hash, after.tick));
    text
}

/// The roster and whom the casts summoned.
fn with_summoned(roster: &Roster, performance: &Performance) -> Roster {
    let mut roster = roster.clone();
    for (_, effect) in performance.tallies.iter().flat_map(|tally| &tally.effects) {
        match effect {
            Effect::SpawnNpc { id, template, .. } => roster.call(*id, format!("{template} {id}")),
            Effect::SpawnProjectile { id, .. } => roster.call(*id, format!("projectile {id}")),
            _ => {}
        }
    }
    roster
}

fn tell(
    text: &mut String,
    performance: &Performance,
    tally: &Tally,
    title: &str,
    roster: &Roster,
    screen: Screen,
) {
    let verdict = screen.verdict(tally.is_applied(), &words::outcome(&tally.outcome()));
    let _ = writeln!(text, "{}  cast {} at tick {}: {verdict}", screen.bold(title), tally.cast.0, tally.tick);
    tally.calls.iter().filter_map(|call| call.trap.as_ref()).take(1).for_each(|trap| told_trap(text, trap));
    if let Some(advice) = advice(&tally.outcome()) {
        line(text, "", &format!("next: {advice}"));
    }
    if !tally.is_applied() {
        log(text, tally);
    }
    commands(text, tally, roster);
    let changes =
        tally.voxels.iter().map(|((from, to), count)| format!("{} {from} → {to}", words::grouped(*count)));
    let changed = tally.voxels_changed();
    if changed > 0 {
        line(
            text,
            "voxels",
            &format!("{} changed: {}", words::grouped(changed), changes.collect::<Vec<_>>().join(", ")),
        );
    } else {
        line(text, "voxels", "none changed");
    }
    entities(text, performance, tally, roster);
    let fuel = tally.fuel();
    line(
        text,
        "fuel",
        &format!("{} used of {} granted", words::grouped(fuel.used), words::grouped(fuel.granted)),
    );
    line(
        text,
        "time",
        &format!("{} in {}", words::elapsed(tally.elapsed()), words::count(tally.calls.len() as u64, "call")),
    );
    if tally.is_applied() {
        log(text, tally);
    }
    calls(text, &tally.calls);
}

/// What the spell logged; a panic's message is among it.
fn log(text: &mut String, tally: &Tally) {
    for (at, own) in tally.log.iter().take(LINES_TOLD).enumerate() {
        let label = if at == 0 { "log" } else { "" };
        line(text, label, &format!("tick {} {}: {}", own.tick, own.line.level.name(), own.line.message));
    }
    more(text, tally.log.len(), LINES_TOLD, "line");
}

fn line(text: &mut String, label: &str, rest: &str) {
    let _ = writeln!(text, "  {label:<9} {rest}");
}

fn more(text: &mut String, all: usize, told: usize, noun: &str) {
    if all > told {
        line(
            text,
            "",
            &format!("and {} more (`--once --json` has them all)", words::count((all - told) as u64, noun)),
        );
    }
}

/// What the author of a trapping spell wants to know: the author's own lines, innermost first.
fn told_trap(text: &mut String, trap: &TrapReport) {
    line(text, "trap", &format!("{}: {}", trap.trap, trap.message));
    let own: Vec<&TrapFrame> = trap.frames.iter().filter(|frame| is_own(frame)).collect();
    let hidden = if own.is_empty() { 0 } else { trap.frames.len() - own.len() };
    let told = if own.is_empty() { trap.frames.iter().collect() } else { own };
    for frame in told {
        let function = frame.function.as_deref().unwrap_or("(no name)");
        let place = match (&frame.file, frame.line, frame.column) {
            (Some(file), Some(line), Some(column)) => format!(" at {file}:{line}:{column}"),
            (Some(file), Some(line), None) => format!(" at {file}:{line}"),
            (Some(file), ..) => format!(" at {file}"),
            _ => String::new(),
        };
        line(text, "", &format!("in {function}{place}"));
    }
    if hidden > 0 {
        line(text, "", &format!("({} of libraries left out)", words::count(hidden as u64, "frame")));
    }
}

/// Whether a frame is the author's: a file that is neither the language's, a registry's nor the SDK's.
fn is_own(frame: &TrapFrame) -> bool {
    let library = ["/rustc/", "/library/", ".spellhost/", "/.cargo/", "guest-sdk/", "~lib/"];
    frame.file.as_deref().is_some_and(|file| !library.iter().any(|part| file.contains(part)))
}

fn advice(outcome: &Outcome) -> Option<&'static str> {
    use spellhost_wire::Refusal;
    match outcome {
        Outcome::Refused { reason: Refusal::Cooldown | Refusal::Mana } => {
            Some("wait a moment and cast again")
        }
        Outcome::Refused { reason: Refusal::Dead } => Some("reset the world"),
        Outcome::Refused { reason: Refusal::Budget } => {
            Some("let the world run for more ticks: `--ticks 600`")
        }
        Outcome::OutOfFuel {} => Some("do less in one call, or spread it over ticks with `wake-after`"),
        _ => None,
    }
}

fn commands(text: &mut String, tally: &Tally, roster: &Roster) {
    for (at, (tick, effect)) in tally.effects.iter().take(EFFECTS_TOLD).enumerate() {
        let label = if at == 0 { "commands" } else { "" };
        line(text, label, &format!("tick {tick}: {}", words::effect(effect, roster)));
    }
    if tally.effects.is_empty() {
        line(text, "commands", "none");
    }
    more(text, tally.effects.len(), EFFECTS_TOLD, "command");
}

fn entities(text: &mut String, performance: &Performance, tally: &Tally, roster: &Roster) {
    if tally.hit.is_empty() {
        line(text, "entities", "none hit");
    }
    for (at, id) in tally.hit.iter().enumerate() {
        let label = if at == 0 { "entities" } else { "" };
        let mut said = vec![];
        let (damage, heal) = tally.points(*id);
        if damage > 0.0 {
            said.push(format!("{} damage", words::number(damage)));
        }
        if heal > 0.0 {
            said.push(format!("{} healed", words::number(heal)));
        }
        match (performance.health_before.get(id), performance.health_after.get(id)) {
            (Some(before), Some(after)) if before == after => {}
            (Some(before), Some(after)) if *after > 0.0 => {
                said.push(format!("health {} → {}", words::number(*before), words::number(*after)));
            }
            (Some(before), _) => said.push(format!("health {} → dead or gone", words::number(*before))),
            (None, Some(after)) => said.push(format!("new, health {}", words::number(*after))),
            (None, None) => said.push("came and went".into()),
        }
        said.extend(tally.marks(*id).into_iter().map(Into::into));
        if said.is_empty() {
            said.push("unharmed".into());
        }
        line(text, label, &format!("{}: {}", roster.name(*id), said.join(", ")));
    }
}

/// One line a call.
fn calls(text: &mut String, calls: &[CallTally]) {
    let mut rows: Vec<(String, String)> = Vec::new();
    for call in calls {
        let fuel = words::grouped(call.fuel.used);
        let row = format!(
            "{:<9} {}, {fuel} fuel, {}",
            call.export,
            words::outcome(&call.outcome),
            words::elapsed(call.elapsed)
        );
        rows.push((format!("tick {}", call.tick), row));
    }
    for (at, (tick, row)) in rows.iter().take(CALLS_TOLD).enumerate() {
        line(text, if at == 0 { "calls" } else { "" }, &format!("{tick:<9} {row}"));
    }
    more(text, rows.len(), CALLS_TOLD, "call");
}
