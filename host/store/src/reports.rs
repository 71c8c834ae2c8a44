//! Reports: what a spell's author is told about it, the last two hundred for each spell.
//!
//! The body is text of the caller's.

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::digest::Digest;
use crate::error::{Result, at_most};
use crate::id::SpellId;
use crate::limits::TEXT_BYTES_MAX;
use crate::spells::spell_row;
use crate::store::Store;
use crate::tree::{Look, Stored, Tree, numbered, of_spell};

/// A report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpellReport {
    /// About which spell.
    pub spell_id: SpellId,
    /// 1, 2, 3… within the spell.
    pub number: u64,
    /// Unix milliseconds.
    pub at_ms: u64,
    /// About which revision.
    pub revision_id: Option<Digest>,
    /// What kind, as clients name it.
    pub kind: String,
    /// The rest, in the caller's form.
    pub body: String,
}

/// A report to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in `SpellReport`")]
pub struct NewReport {
    pub revision_id: Option<Digest>,
    pub kind: String,
    pub body: String,
}

impl Stored for SpellReport {
    const TREE: Tree = Tree::Reports;

    fn key(&self) -> Vec<u8> {
        key(&self.spell_id, self.number)
    }
}

pub fn key(spell: &SpellId, number: u64) -> Vec<u8> {
    numbered(of_spell(spell), number)
}

/// The counter of a spell's reports.
pub fn counter(spell: &SpellId) -> Vec<u8> {
    [b"reports ", spell.as_str().as_bytes()].concat()
}

impl Store {
    /// Adds a report; the oldest makes room: `unknown_spell`, `too_large`.
    pub fn add_report(&self, spell: &SpellId, new: NewReport) -> Result<SpellReport> {
        at_most("a report", new.kind.len() + new.body.len(), TEXT_BYTES_MAX)?;
        let (spell_id, at_ms) = (spell.clone(), self.now_ms());
        self.change(move |view| {
            spell_row(view, &spell_id)?;
            let number = view.counter(&counter(&spell_id))? + 1;
            let NewReport { revision_id, kind, body } = new;
            let report = SpellReport { spell_id, number, at_ms, revision_id, kind, body };
            Ok((Some(Change::ReportAdded(report.clone())), report))
        })
    }

    /// The reports about a spell that are kept, oldest first: `unknown_spell`.
    pub fn reports(&self, spell: &SpellId) -> Result<Vec<SpellReport>> {
        let reader = self.reader();
        spell_row(&reader, spell)?;
        reader.all(&of_spell(spell))
    }
}
