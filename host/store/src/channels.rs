//! Channels: for each spell and channel a pointer to a revision, and the whole history of it.
//!
//! Promises that pointer and history change together, that the history is one line (each entry
//! starts where the one before ended), and that of two who expect the same generation one is
//! told `publish_conflict`. Knows nothing of worlds or of what a swap does.

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::digest::Digest;
use crate::error::{Result, StoreError, at_most};
use crate::id::SpellId;
use crate::limits::TEXT_BYTES_MAX;
use crate::revisions::{Revision, known_revision};
use crate::spells::spell_row;
use crate::store::Store;
use crate::tree::{Look, Stored, Tree, numbered, of_spell};

/// Who gets which revision. The order is the keys'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum Channel {
    Draft,
    Beta,
    Stable,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Draft, Self::Beta, Self::Stable];

    /// As clients name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Beta => "beta",
            Self::Stable => "stable",
        }
    }
}

/// Why a channel moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum Reason {
    Publish,
    Rollback,
    Guard,
}

/// A pointer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointerRow {
    pub spell_id: SpellId,
    pub channel: Channel,
    pub revision_id: Digest,
    /// The number of the entry that set it.
    pub generation: u64,
}

/// Where a channel of a spell points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// The revision.
    pub revision_id: Digest,
    /// The number of the history's last entry: what a compare-and-swap expects.
    pub generation: u64,
}

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryRow {
    pub spell_id: SpellId,
    pub channel: Channel,
    pub entry: Entry,
    /// The entry that a rollback from here goes back to. A rollback takes over that of the entry
    /// it went back to, so that the next one goes further back.
    pub below: Option<u64>,
}

/// One move of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// 1, 2, 3… within the channel of the spell.
    pub number: u64,
    /// Unix milliseconds.
    pub at_ms: u64,
    /// Who.
    pub by: String,
    /// What it pointed to before.
    pub from: Option<Digest>,
    /// What it points to.
    pub to: Digest,
    /// Why.
    pub reason: Reason,
    /// What was said.
    pub note: String,
    /// The first tick on the new revision, where it was known.
    pub tick: Option<u64>,
}

impl PointerRow {
    pub fn key_of(channel: Channel, spell: &SpellId) -> Vec<u8> {
        [&[channel as u8], spell.as_str().as_bytes()].concat()
    }

    fn pointer(&self) -> Pointer {
        Pointer { revision_id: self.revision_id, generation: self.generation }
    }
}

impl Stored for PointerRow {
    const TREE: Tree = Tree::Pointers;

    fn key(&self) -> Vec<u8> {
        Self::key_of(self.channel, &self.spell_id)
    }
}

impl Stored for EntryRow {
    const TREE: Tree = Tree::History;

    fn key(&self) -> Vec<u8> {
        numbered(history_key(&self.spell_id, self.channel), self.entry.number)
    }
}

pub fn history_key(spell: &SpellId, channel: Channel) -> Vec<u8> {
    let mut key = of_spell(spell);
    key.push(channel as u8);
    key
}

/// What a channel must still be for it to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever it is.
    Any,
    /// At this generation; 0 is a channel that never moved.
    Generation(u64),
}

/// A move to a named revision.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in `Entry`")]
pub struct Publish {
    pub spell_id: SpellId,
    pub channel: Channel,
    pub revision_id: Digest,
    pub expected: Expected,
    pub by: String,
    pub note: String,
    pub tick: Option<u64>,
}

/// A move back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in `Entry`")]
pub struct Rollback {
    pub spell_id: SpellId,
    pub channel: Channel,
    pub expected: Expected,
    pub by: String,
    pub reason: Reason,
    pub note: String,
    pub tick: Option<u64>,
}

/// Where a channel is after a publish or rollback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The pointer.
    pub pointer: Pointer,
    /// Its entry in the history.
    pub entry: Entry,
    /// False if it pointed there already: then nothing was written.
    pub changed: bool,
}

impl Store {
    /// Points a channel to a revision of its spell: `unknown_spell`, `unknown_revision`,
    /// `publish_conflict`, `too_large`.
    pub fn publish(&self, publish: Publish) -> Result<Moved> {
        at_most("the note", publish.note.len(), TEXT_BYTES_MAX)?;
        let now = self.now_ms();
        self.change(move |view| {
            let at = Standing::read(view, &publish.spell_id, publish.channel, publish.expected)?;
            let revision = known_revision(view, &publish.revision_id)?;
            if revision.spell_id != publish.spell_id {
                return Err(StoreError::UnknownRevision(publish.revision_id.to_string()));
            }
            if let Some(moved) = at.stay(&publish.revision_id) {
                return Ok((None, moved));
            }
            let below = at.last.as_ref().map(|last| last.entry.number);
            at.go(view, below, |number, from| Entry {
                number,
                at_ms: now,
                by: publish.by,
                from,
                to: publish.revision_id,
                reason: Reason::Publish,
                note: publish.note,
                tick: publish.tick,
            })
        })
    }

    /// Points a channel to what it pointed to before, each time further back: `unknown_spell`,
    /// `nothing_to_roll_back`, `publish_conflict`, `too_large`.
    pub fn rollback(&self, rollback: Rollback) -> Result<Moved> {
        at_most("the note", rollback.note.len(), TEXT_BYTES_MAX)?;
        let now = self.now_ms();
        self.change(move |view| {
            let at = Standing::read(view, &rollback.spell_id, rollback.channel, rollback.expected)?;
            let target = at.below(view)?;
            at.go(view, target.below, |number, from| Entry {
                number,
                at_ms: now,
                by: rollback.by,
                from,
                to: target.entry.to,
                reason: rollback.reason,
                note: rollback.note,
                tick: rollback.tick,
            })
        })
    }

    /// Where a channel of a spell points, if it does: `unknown_spell`.
    pub fn pointer(&self, spell: &SpellId, channel: Channel) -> Result<Option<Pointer>> {
        let reader = self.reader();
        spell_row(&reader, spell)?;
        let row: Option<PointerRow> = reader.get(&PointerRow::key_of(channel, spell))?;
        Ok(row.map(|row| row.pointer()))
    }

    /// What a rollback would go back to, for whoever prepares it first: `unknown_spell`, `nothing_to_roll_back`.
    pub fn before(&self, spell: &SpellId, channel: Channel) -> Result<Digest> {
        let reader = self.reader();
        let standing = Standing::read(&reader, spell, channel, Expected::Any)?;
        Ok(standing.below(&reader)?.entry.to)
    }

    /// Every move of a channel of a spell, oldest first: `unknown_spell`.
    pub fn history(&self, spell: &SpellId, channel: Channel) -> Result<Vec<Entry>> {
        let reader = self.reader();
        spell_row(&reader, spell)?;
        let rows: Vec<EntryRow> = reader.all(&history_key(spell, channel))?;
        Ok(rows.into_iter().map(|row| row.entry).collect())
    }

    /// The spells that have something on a channel, by id, and what.
    pub fn channel(&self, channel: Channel) -> Result<Vec<(SpellId, Revision)>> {
        let reader = self.reader();
        let pointers: Vec<PointerRow> = reader.all(&[channel as u8])?;
        let with_revision = |row: PointerRow| Ok((row.spell_id, known_revision(&reader, &row.revision_id)?));
        pointers.into_iter().map(with_revision).collect()
    }
}

/// Where a channel is before it moves.
struct Standing {
    spell_id: SpellId,
    channel: Channel,
    last: Option<EntryRow>,
}

type Decided = Result<(Option<Change>, Moved)>;

impl Standing {
    fn read(look: &impl Look, spell: &SpellId, channel: Channel, expected: Expected) -> Result<Self> {
        spell_row(look, spell)?;
        let pointer: Option<PointerRow> = look.get(&PointerRow::key_of(channel, spell))?;
        let found = pointer.map_or(0, |pointer| pointer.generation);
        if let Expected::Generation(expected) = expected
            && expected != found
        {
            let (spell, channel) = (spell.to_string(), channel.as_str());
            return Err(StoreError::PublishConflict { spell, channel, expected, found });
        }
        let last = look.get(&numbered(history_key(spell, channel), found))?;
        Ok(Self { spell_id: spell.clone(), channel, last })
    }

    /// The answer if the channel is at this revision already.
    fn stay(&self, revision: &Digest) -> Option<Moved> {
        let entry = &self.last.as_ref().filter(|last| last.entry.to == *revision)?.entry;
        let pointer = Pointer { revision_id: entry.to, generation: entry.number };
        Some(Moved { pointer, entry: entry.clone(), changed: false })
    }

    /// The entry that a rollback goes back to.
    fn below(&self, look: &impl Look) -> Result<EntryRow> {
        let nothing = || StoreError::NothingToRollBack {
            spell: self.spell_id.to_string(),
            channel: self.channel.as_str(),
        };
        let number = self.last.as_ref().and_then(|last| last.below).ok_or_else(nothing)?;
        look.get(&numbered(history_key(&self.spell_id, self.channel), number))?.ok_or_else(nothing)
    }

    fn go(
        self,
        look: &impl Look,
        below: Option<u64>,
        entry: impl FnOnce(u64, Option<Digest>) -> Entry,
    ) -> Decided {
        let (number, from) = self.last.map_or((1, None), |last| (last.entry.number + 1, Some(last.entry.to)));
        let entry = entry(number, from);
        let mut spell = spell_row(look, &self.spell_id)?;
        spell.updated_at_ms = entry.at_ms;
        let pointer = PointerRow {
            spell_id: self.spell_id.clone(),
            channel: self.channel,
            revision_id: entry.to,
            generation: number,
        };
        let moved = Moved { pointer: pointer.pointer(), entry: entry.clone(), changed: true };
        let entry = EntryRow { spell_id: self.spell_id, channel: self.channel, entry, below };
        Ok((Some(Change::ChannelMoved { spell, pointer, entry }), moved))
    }
}
