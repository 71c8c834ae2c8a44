//! Spells: who owns which name, and what is said about it.
//!
//! Knows nothing of components, and checks nobody's rights: the caller has.

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::channels::{Channel, PointerRow};
use crate::digest::Digest;
use crate::error::{Result, StoreError, at_most};
use crate::id::SpellId;
use crate::limits::TEXT_BYTES_MAX;
use crate::store::{Created, Store};
use crate::tree::{Look, Stored, Tree};

/// A spell as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpellRow {
    pub spell_id: SpellId,
    pub display_name: String,
    pub owner: String,
    pub description: String,
    pub tags: Vec<String>,
    pub created_at_ms: u64,
    pub updated_at_ms: u64,
    pub latest_version: u64,
}

impl Stored for SpellRow {
    const TREE: Tree = Tree::Spells;

    fn key(&self) -> Vec<u8> {
        self.spell_id.as_str().into()
    }
}

/// A spell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spell {
    /// Its name.
    pub spell_id: SpellId,
    /// For people.
    pub display_name: String,
    /// Who may change it.
    pub owner: String,
    /// For people.
    pub description: String,
    /// For searching.
    pub tags: Vec<String>,
    /// Unix milliseconds.
    pub created_at_ms: u64,
    /// Unix milliseconds; revisions and channels count.
    pub updated_at_ms: u64,
    /// The version of its newest revision; 0 if it has none.
    pub latest_version: u64,
    /// What its channels point to.
    pub active: Active,
}

/// The revisions that a spell's channels point to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub struct Active {
    pub draft: Option<Digest>,
    pub beta: Option<Digest>,
    pub stable: Option<Digest>,
}

/// A spell to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in `Spell`")]
pub struct NewSpell {
    pub spell_id: SpellId,
    pub display_name: String,
    pub owner: String,
    pub description: String,
    pub tags: Vec<String>,
}

/// What of a spell is to change; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in `Spell`")]
pub struct SpellUpdate {
    pub display_name: Option<String>,
    pub description: Option<String>,
    pub tags: Option<Vec<String>>,
}

impl Store {
    /// Makes a spell, or finds the one that its owner made before: `spell_exists` if it is
    /// someone else's, `too_large`.
    pub fn create_spell(&self, new: NewSpell) -> Result<Created<Spell>> {
        check_texts(&new.display_name, &new.description, &new.tags)?;
        let now = self.now_ms();
        let (id, created) = self.change(move |view| {
            let id = new.spell_id.clone();
            if let Some(known) = view.get::<SpellRow>(id.as_str().as_bytes())? {
                let same = known.owner == new.owner;
                return if same {
                    Ok((None, (id, false)))
                } else {
                    Err(StoreError::SpellExists(id.to_string()))
                };
            }
            Ok((Some(Change::SpellPut(new.row(now))), (id, true)))
        })?;
        Ok(Created { value: self.spell(&id)?, created })
    }

    /// Changes what is said about a spell: `unknown_spell`, `too_large`.
    pub fn update_spell(&self, id: &SpellId, update: SpellUpdate) -> Result<Spell> {
        check_texts(
            update.display_name.as_deref().unwrap_or_default(),
            update.description.as_deref().unwrap_or_default(),
            update.tags.as_deref().unwrap_or_default(),
        )?;
        let (key, now) = (id.clone(), self.now_ms());
        self.change(move |view| {
            let mut row = spell_row(view, &key)?;
            row.display_name = update.display_name.unwrap_or(row.display_name);
            row.description = update.description.unwrap_or(row.description);
            row.tags = update.tags.unwrap_or(row.tags);
            row.updated_at_ms = now;
            Ok((Some(Change::SpellPut(row)), ()))
        })?;
        self.spell(id)
    }

    /// A spell: `unknown_spell`.
    pub fn spell(&self, id: &SpellId) -> Result<Spell> {
        let reader = self.reader();
        let row = spell_row(&reader, id)?;
        with_active(&reader, row)
    }

    /// All spells, by id.
    pub fn spells(&self) -> Result<Vec<Spell>> {
        let reader = self.reader();
        reader.all::<SpellRow>(&[])?.into_iter().map(|row| with_active(&reader, row)).collect()
    }
}

impl NewSpell {
    fn row(self, now: u64) -> SpellRow {
        SpellRow {
            spell_id: self.spell_id,
            display_name: self.display_name,
            owner: self.owner,
            description: self.description,
            tags: self.tags,
            created_at_ms: now,
            updated_at_ms: now,
            latest_version: 0,
        }
    }
}

/// The row of a spell that must be there.
pub fn spell_row(look: &impl Look, id: &SpellId) -> Result<SpellRow> {
    look.get(id.as_str().as_bytes())?.ok_or_else(|| StoreError::UnknownSpell(id.to_string()))
}

fn with_active(look: &impl Look, row: SpellRow) -> Result<Spell> {
    let head = |channel| {
        let pointer = look.get::<PointerRow>(&PointerRow::key_of(channel, &row.spell_id));
        pointer.map(|pointer| pointer.map(|pointer| pointer.revision_id))
    };
    let active =
        Active { draft: head(Channel::Draft)?, beta: head(Channel::Beta)?, stable: head(Channel::Stable)? };
    Ok(Spell {
        spell_id: row.spell_id,
        display_name: row.display_name,
        owner: row.owner,
        description: row.description,
        tags: row.tags,
        created_at_ms: row.created_at_ms,
        updated_at_ms: row.updated_at_ms,
        latest_version: row.latest_version,
        active,
    })
}

fn check_texts(display_name: &str, description: &str, tags: &[String]) -> Result<()> {
    at_most("the name of a spell", display_name.len(), TEXT_BYTES_MAX)?;
    at_most("the description of a spell", description.len(), TEXT_BYTES_MAX)?;
    at_most("the tags of a spell", tags.iter().map(String::len).sum(), TEXT_BYTES_MAX)
}
