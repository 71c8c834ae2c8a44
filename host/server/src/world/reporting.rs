//! What a played tick tells the authors of the spells that ran in it.
//!
//! Knows values only: who the author is and where reports are kept is the host's.

use spellhost_lockstep::frame;
use spellhost_runtime::{CallNote, PlayedTick};
use spellhost_sim::{CallReport, Entry};
use spellhost_wire::Outcome;
use spellhost_wire::reply::{Report, ReportKind};

use crate::limits::REPORT_BYTES_MAX;
use crate::world::telling::digest;

/// The reports of a tick, in the order of its calls.
pub fn reports(played: &PlayedTick) -> impl Iterator<Item = Report> + '_ {
    let tick = played.report.tick;
    played.report.calls.iter().flat_map(move |call| {
        let note = played.notes.iter().find(|note| note.id == call.id);
        [ended(tick, call, note), logged(tick, call, note)].into_iter().flatten()
    })
}

fn report(tick: u64, call: &CallReport, kind: ReportKind, mut message: String) -> Report {
    let cut = message.floor_char_boundary(REPORT_BYTES_MAX);
    message.truncate(cut);
    Report {
        spell_id: call.spell.as_str().into(),
        revision_id: digest(call.revision.id),
        kind,
        cast_id: Some(call.cast.0),
        tick,
        message,
        file: None,
        line: None,
        function: None,
    }
}

/// A call that did not end well.
fn ended(tick: u64, call: &CallReport, note: Option<&CallNote>) -> Option<Report> {
    let outcome = frame::outcome(&call.outcome);
    let (kind, message) = match &outcome {
        Outcome::Applied { .. } | Outcome::Refused { .. } => return None,
        Outcome::Failed { message } => (ReportKind::Failed, message.clone()),
        Outcome::Invalid { function, field, message } => {
            (ReportKind::Trap, format!("{function}: {field}: {message}"))
        }
        Outcome::OutOfFuel {} => {
            (ReportKind::Trap, format!("`{}` used up its {} fuel", call.entry.export(), call.fuel_granted))
        }
        Outcome::Limit { which } => {
            (ReportKind::Trap, format!("`{}` met the limit {which}", call.entry.export()))
        }
        Outcome::Trapped { trap, .. } => {
            let said = note.and_then(|note| note.trap.as_ref()).map(|trap| trap.message.clone());
            (ReportKind::Trap, said.unwrap_or_else(|| trap.clone()))
        }
    };
    let migrates = matches!(call.entry, Entry::Migrate { .. });
    let kind = if migrates { ReportKind::Migrate } else { kind };
    let place = note.and_then(|note| note.trap.as_ref()).and_then(|trap| trap.place());
    let own = report(tick, call, kind, message);
    Some(match place {
        Some(place) => {
            Report { file: place.file.clone(), line: place.line, function: place.function.clone(), ..own }
        }
        None => own,
    })
}

/// What a call logged, in one report.
fn logged(tick: u64, call: &CallReport, note: Option<&CallNote>) -> Option<Report> {
    let lines = &note?.log;
    let line = |line: &spellhost_runtime::LogLine| format!("{}: {}", line.level.name(), line.message);
    let text: Vec<String> = lines.iter().map(line).collect();
    (!text.is_empty()).then(|| report(tick, call, ReportKind::Log, text.join("\n")))
}
