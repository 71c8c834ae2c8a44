//! Revisions: immutable builds of a spell, named by the digest of their manifest.
//!
//! The manifest is a blob that is never parsed here; what stands beside it (version, parent,
//! author, note, time) is a row. Promises that whatever a revision refers to was there when it
//! was added, and that the same manifest is the same revision.

use serde::{Deserialize, Serialize};

use crate::blobs::{BlobInfo, Blobs, resolve};
use crate::change::Change;
use crate::digest::Digest;
use crate::error::{Result, StoreError, at_most};
use crate::id::{SpellId, Version};
use crate::limits::{REFERENCES_MAX, TEXT_BYTES_MAX};
use crate::spells::spell_row;
use crate::store::{Created, Store};
use crate::tree::{Look, Row, Stored, Tree, decode, encode, numbered, of_spell};

/// The component of a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentRef {
    /// Its blob.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
}

/// A revision, without its manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Whose it is.
    pub spell_id: SpellId,
    /// The digest of its manifest.
    pub revision_id: Digest,
    /// 1, 2, 3… within the spell.
    pub version: Version,
    /// What runs.
    pub component: ComponentRef,
    /// Every blob that its manifest names.
    pub files: Vec<Digest>,
    /// What it was made from.
    pub parent: Option<Digest>,
    /// Who made it.
    pub author: String,
    /// What its author says of it.
    pub note: String,
    /// Unix milliseconds.
    pub created_at_ms: u64,
    /// Set when an operator took it down.
    pub taken_down: Option<TakenDown>,
}

/// When, by whom and why a revision was taken down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub struct TakenDown {
    pub at_ms: u64,
    pub by: String,
    pub why: String,
}

/// A revision to be added. Manifest, component and files are blobs already.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in `Revision`")]
pub struct NewRevision {
    pub spell_id: SpellId,
    pub revision_id: Digest,
    pub component: ComponentRef,
    pub files: Vec<Digest>,
    pub parent: Option<Digest>,
    pub author: String,
    pub note: String,
}

impl Stored for Revision {
    const TREE: Tree = Tree::Revisions;

    fn key(&self) -> Vec<u8> {
        key(&self.spell_id, self.version)
    }
}

impl Revision {
    /// The row that finds it by its id.
    pub(crate) fn id_row(&self) -> Row {
        let place = encode(&(&self.spell_id, self.version));
        Row { tree: Tree::RevisionIds, key: self.revision_id.0.to_vec(), value: Some(place) }
    }

    /// Every blob it refers to.
    pub(crate) fn blobs(&self) -> impl Iterator<Item = Digest> {
        [self.revision_id, self.component.digest].into_iter().chain(self.files.iter().copied())
    }
}

pub fn key(spell: &SpellId, version: Version) -> Vec<u8> {
    numbered(of_spell(spell), version.0)
}

impl Store {
    /// Adds a revision, or finds it: `unknown_spell`, `unknown_blob` (manifest, component or a
    /// file), `unknown_revision` (the parent), `too_large`.
    pub fn add_revision(&self, new: NewRevision) -> Result<Created<Revision>> {
        at_most("the note of a revision", new.note.len(), TEXT_BYTES_MAX)?;
        at_most("the files of a revision", new.files.len(), REFERENCES_MAX)?;
        let now = self.now_ms();
        self.change(move |view| {
            if let Some(value) = revision_row(view, &new.revision_id)? {
                return Ok((None, Created { value, created: false }));
            }
            let mut spell = spell_row(view, &new.spell_id)?;
            check_references(view, &new)?;
            spell.latest_version += 1;
            spell.updated_at_ms = now;
            let revision = new.numbered(Version(spell.latest_version), now);
            let created = Created { value: revision.clone(), created: true };
            Ok((Some(Change::RevisionAdded { revision, spell }), created))
        })
    }

    /// A revision by its id: `unknown_revision`.
    pub fn revision(&self, id: &Digest) -> Result<Revision> {
        known_revision(&self.reader(), id)
    }

    /// A revision by its number: `unknown_revision`.
    pub fn revision_of(&self, spell: &SpellId, version: Version) -> Result<Revision> {
        let found = self.reader().get(&key(spell, version))?;
        found.ok_or_else(|| StoreError::UnknownRevision(format!("{version} of `{spell}`")))
    }

    /// The revisions of a spell, newest first: `unknown_spell`.
    pub fn revisions(&self, spell: &SpellId) -> Result<Vec<Revision>> {
        let reader = self.reader();
        spell_row(&reader, spell)?;
        reader.last(&of_spell(spell), usize::MAX)
    }

    /// The newest revision of a spell, if it has one: `unknown_spell`.
    pub fn latest_revision(&self, spell: &SpellId) -> Result<Option<Revision>> {
        let reader = self.reader();
        spell_row(&reader, spell)?;
        Ok(reader.last(&of_spell(spell), 1)?.pop())
    }

    /// The canonical bytes of a revision's manifest: `unknown_revision`, `corrupt`.
    pub fn manifest(&self, id: &Digest) -> Result<Vec<u8>> {
        self.revision(id)?;
        self.get(id)
    }

    /// The revision whose id begins with this; as [`Blobs::resolve`].
    pub fn resolve_revision(&self, prefix: &str) -> Result<Digest> {
        resolve(self, Tree::RevisionIds, "revision", prefix)
    }

    /// Notes that a revision was taken down: `unknown_revision`.
    pub fn take_down(&self, id: &Digest, by: &str, why: &str) -> Result<Revision> {
        at_most("the reason", why.len(), TEXT_BYTES_MAX)?;
        let taken = TakenDown { at_ms: self.now_ms(), by: by.into(), why: why.into() };
        self.mark_revision(id, Some(taken))
    }

    /// Takes that back: `unknown_revision`.
    pub fn put_back(&self, id: &Digest) -> Result<Revision> {
        self.mark_revision(id, None)
    }

    fn mark_revision(&self, id: &Digest, taken_down: Option<TakenDown>) -> Result<Revision> {
        let id = *id;
        self.change(move |view| {
            let revision = Revision { taken_down, ..known_revision(view, &id)? };
            Ok((Some(Change::RevisionPut(revision.clone())), revision))
        })
    }
}

impl NewRevision {
    fn numbered(self, version: Version, now: u64) -> Revision {
        Revision {
            spell_id: self.spell_id,
            revision_id: self.revision_id,
            version,
            component: self.component,
            files: self.files,
            parent: self.parent,
            author: self.author,
            note: self.note,
            created_at_ms: now,
            taken_down: None,
        }
    }
}

fn check_references(look: &impl Look, new: &NewRevision) -> Result<()> {
    for digest in [&new.revision_id, &new.component.digest].into_iter().chain(&new.files) {
        let blob = look.get::<BlobInfo>(&digest.0)?;
        let blob = blob.ok_or_else(|| StoreError::UnknownBlob(digest.to_string()))?;
        if *digest == new.component.digest && blob.size != new.component.size {
            return Err(StoreError::UnknownBlob(format!("{digest} of {} bytes", new.component.size)));
        }
    }
    new.parent.map_or(Ok(()), |parent| known_revision(look, &parent).map(|_| ()))
}

/// A revision by its id, if it is there.
pub fn revision_row(look: &impl Look, id: &Digest) -> Result<Option<Revision>> {
    let Some(place) = look.raw(Tree::RevisionIds, &id.0)? else { return Ok(None) };
    let (spell, version): (SpellId, Version) = decode(Tree::RevisionIds, &place)?;
    look.get(&key(&spell, version))
}

/// A revision that must be there.
pub fn known_revision(look: &impl Look, id: &Digest) -> Result<Revision> {
    revision_row(look, id)?.ok_or_else(|| StoreError::UnknownRevision(id.to_string()))
}
