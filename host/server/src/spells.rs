//! What can be done with spells: one function for each action, whichever way it was asked for.
//!
//! Rights are checked here. Everything in here may wait for the disk and the compiler, and is
//! called from blocking threads; only the swap itself reaches the worlds.

use base64::Engine as _;
use spellhost_forge::{Origin, Revision as Built};
use spellhost_sim::{Digest, RevisionRef, SpellId};
use spellhost_store::{
    Blobs, Channel, ComponentRef, Expected, NewRevision, NewSpell, Publish, Reason, Rollback, Store,
};
use spellhost_wire::Code;
use spellhost_wire::reply::{
    ComponentRef as WireComponent, File, FileContent, Heads, Revision, Spell, Uploaded,
};

use crate::failure::Failure;
use crate::shelf::Shelf;
use crate::who::{Action, Actor, new_token};

/// The store and the shelf, and what is done with them.
#[derive(Clone, Copy)]
pub struct Spells<'a> {
    /// Where everything is kept.
    pub store: &'a Store,
    /// Where everything is compiled.
    pub shelf: &'a Shelf,
}

/// A channel that was moved in the store, and has to move in the worlds.
#[derive(Clone)]
pub struct Moved {
    /// The spell.
    pub spell: SpellId,
    /// The channel.
    pub channel: Channel,
    /// What it points to now.
    pub revision: RevisionRef,
    /// Its component.
    pub component: spellhost_runtime::Component,
    /// The manifest of that revision.
    pub manifest: serde_json::Value,
    /// What it pointed to before.
    pub previous: Option<Digest>,
}

/// A publish that only has to happen.
pub struct Prepared {
    /// The spell.
    pub spell: SpellId,
    /// The channel that is to move.
    pub channel: Channel,
    /// What it is to point to.
    pub revision: RevisionRef,
    /// Its component, compiled.
    pub component: spellhost_runtime::Component,
    /// The manifest of that revision.
    manifest: serde_json::Value,
    /// How often the channel had moved when this was prepared.
    generation: u64,
}

impl Spells<'_> {
    /// Makes a spell; says whether it is new.
    ///
    /// # Errors
    /// A bad id, somebody else's spell.
    pub fn create(
        self,
        actor: &Actor,
        spell_id: Option<&str>,
        display_name: Option<&str>,
    ) -> Result<(Spell, bool), Failure> {
        actor.check(Action::Play)?;
        let spell_id = match spell_id {
            Some(text) => spell_of(text)?,
            None => generated()?,
        };
        let display_name = display_name.unwrap_or(spell_id.as_str());
        if display_name.len() > 128 || display_name.chars().any(char::is_control) {
            return Err(Failure::new(Code::BadMessage, "a display name is one line of at most 128 bytes"));
        }
        let created = self.store.create_spell(NewSpell {
            spell_id: id_of(&spell_id)?,
            display_name: display_name.into(),
            owner: actor.name().into(),
            description: String::new(),
            tags: Vec::new(),
        })?;
        Ok((shown(&created.value), created.created))
    }

    /// Every spell, by id.
    ///
    /// # Errors
    /// Where the store fails; so for all that follow.
    pub fn list(self) -> Result<Vec<Spell>, Failure> {
        Ok(self.store.spells()?.iter().map(shown).collect())
    }

    /// One spell.
    #[allow(clippy::missing_errors_doc, reason = "said at `list`; and an unknown spell")]
    pub fn spell(self, spell: &str) -> Result<Spell, Failure> {
        Ok(shown(&self.store.spell(&id_of(&spell_of(spell)?)?)?))
    }

    /// The revisions of a spell, newest first.
    #[allow(clippy::missing_errors_doc, reason = "said at `list`; and an unknown spell")]
    pub fn revisions(self, spell: &str) -> Result<Vec<Revision>, Failure> {
        let id = id_of(&spell_of(spell)?)?;
        self.store.spell(&id)?;
        Ok(self.store.revisions(&id)?.iter().map(listed).collect())
    }

    /// Admits a component as a new revision of a spell and points `draft` to it.
    ///
    /// # Errors
    /// `not_a_spell` with the limit, no right, an unknown spell.
    pub fn upload(self, actor: &Actor, spell: &str, bytes: &[u8]) -> Result<(Uploaded, bool), Failure> {
        let spell = spell_of(spell)?;
        let id = id_of(&spell)?;
        actor.check(Action::Author(&self.store.spell(&id)?.owner))?;
        let component = self.shelf.take(self.store, bytes)?;
        let built = Built::new(spell, &component, &Origin::default());
        self.keep(actor, &built, bytes, &[])
    }

    /// Keeps a revision with its component and its other files; says whether it is new.
    ///
    /// # Errors
    /// The store's. Rights were checked by the caller.
    pub fn keep(
        self,
        actor: &Actor,
        built: &Built,
        component: &[u8],
        files: &[&[u8]],
    ) -> Result<(Uploaded, bool), Failure> {
        let (spell, id) = (&built.spell, id_of(&built.spell)?);
        let blobs = [&[component, built.manifest.as_bytes()], files].concat();
        let digests = self.store.put_all(&blobs)?;
        let parent = self.store.latest_revision(&id)?.map(|latest| latest.revision_id);
        let revision_id = digests[1];
        let added = self.store.add_revision(NewRevision {
            spell_id: id,
            revision_id,
            component: ComponentRef { digest: digests[0], size: component.len() as u64 },
            files: digests.iter().copied().filter(|digest| *digest != revision_id).collect(),
            parent: parent.filter(|parent| *parent != revision_id),
            author: actor.name().into(),
            note: String::new(),
        })?;
        let manifest = json_of(built.manifest.as_bytes());
        let revision = listed(&added.value);
        let uploaded = Uploaded {
            spell_id: spell.as_str().into(),
            revision_id: revision.revision_id,
            version: revision.version,
            component: revision.component,
            manifest,
        };
        Ok((uploaded, added.created))
    }

    /// The canonical bytes of a manifest.
    ///
    /// # Errors
    /// An unknown spell or revision; so for the two that follow.
    pub fn manifest(self, spell: &str, revision: &str) -> Result<Vec<u8>, Failure> {
        Ok(self.store.manifest(&self.revision_of(spell, revision)?)?)
    }

    /// The files of a revision.
    #[allow(clippy::missing_errors_doc, reason = "said at `manifest`")]
    pub fn files(self, spell: &str, revision: &str) -> Result<Vec<File>, Failure> {
        let manifest = json_of(&self.manifest(spell, revision)?);
        Ok(serde_json::from_value(manifest["files"].clone()).unwrap_or_default())
    }

    /// The bytes of a file of a revision; its path is looked up in the manifest and nowhere else.
    #[allow(clippy::missing_errors_doc, reason = "said at `manifest`")]
    pub fn file(self, spell: &str, revision: &str, path: &str) -> Result<(File, Vec<u8>), Failure> {
        let file = self.files(spell, revision)?.into_iter().find(|file| file.path == path);
        let unknown = || Failure::new(Code::UnknownFile, "the revision has no such file");
        let file = file.ok_or_else(unknown)?;
        let bytes = self
            .store
            .get(&spellhost_store::Digest(file.digest.0))
            .map_err(|error| if error.code() == "unknown_blob" { unknown() } else { error.into() })?;
        Ok((file, bytes))
    }

    /// A file as messages carry it.
    #[allow(clippy::missing_errors_doc, reason = "said at `manifest`")]
    pub fn file_content(self, spell: &str, revision: &str, path: &str) -> Result<FileContent, Failure> {
        let (file, bytes) = self.file(spell, revision, path)?;
        let content_base64 = base64::engine::general_purpose::STANDARD.encode(bytes);
        Ok(FileContent { path: file.path, digest: file.digest, content_base64 })
    }

    /// Gets everything ready that a publish needs: whatever can go wrong goes wrong before a channel moves.
    ///
    /// # Errors
    /// No right, an unknown spell or revision, one that was taken down, a component that is not
    /// acceptable any more.
    pub fn prepare(
        self,
        actor: &Actor,
        spell: &str,
        revision: &str,
        channel: Channel,
    ) -> Result<Prepared, Failure> {
        let spell = spell_of(spell)?;
        let id = id_of(&spell)?;
        actor.check(Action::Author(&self.store.spell(&id)?.owner))?;
        let revision_id = self.revision_of(spell.as_str(), revision)?;
        let generation = self.store.pointer(&id, channel)?.map_or(0, |pointer| pointer.generation);
        let (revision, component) = self.usable(revision_id)?;
        let manifest = json_of(&self.store.manifest(&revision_id)?);
        Ok(Prepared { spell, channel, revision, component, manifest, generation })
    }

    /// Points a channel to a revision, in the store.
    ///
    /// # Errors
    /// `publish_conflict` where the channel has moved since it was prepared, `store_full`.
    pub fn publish(self, actor: &Actor, prepared: Prepared, note: Option<String>) -> Result<Moved, Failure> {
        let Prepared { spell, channel, revision, component, manifest, generation } = prepared;
        // It may have been taken down since.
        self.refuse_taken_down(spellhost_store::Digest(revision.id.0))?;
        let moved = self.store.publish(Publish {
            spell_id: id_of(&spell)?,
            channel,
            revision_id: spellhost_store::Digest(revision.id.0),
            expected: Expected::Generation(generation),
            by: actor.name().into(),
            note: note.unwrap_or_default(),
            tick: None,
        })?;
        let previous = if moved.changed { moved.entry.from } else { Some(moved.entry.to) };
        let previous = previous.map(|previous| Digest(previous.0));
        Ok(Moved { spell, channel, revision, component, manifest, previous })
    }

    /// Points a channel to the entry before in its history, in the store.
    ///
    /// # Errors
    /// As [`Spells::prepare`] and [`Spells::publish`], and `nothing_to_roll_back`.
    pub fn rollback(self, actor: &Actor, spell: &str, channel: Channel) -> Result<Moved, Failure> {
        let spell = spell_of(spell)?;
        actor.check(Action::Author(&self.store.spell(&id_of(&spell)?)?.owner))?;
        self.back(spell, channel, actor.name(), Reason::Rollback)
    }

    /// The same where a guard asks; `None` where the channel points to something else by now.
    ///
    /// # Errors
    /// As [`Spells::rollback`].
    pub fn take_back(self, spell: SpellId, channel: Channel, from: Digest) -> Result<Option<Moved>, Failure> {
        let pointer = self.store.pointer(&id_of(&spell)?, channel)?;
        if pointer.is_none_or(|pointer| pointer.revision_id.0 != from.0) {
            return Ok(None);
        }
        self.back(spell, channel, "guard", Reason::Guard).map(Some)
    }

    fn back(self, spell: SpellId, channel: Channel, by: &str, reason: Reason) -> Result<Moved, Failure> {
        let id = id_of(&spell)?;
        let generation = self.store.pointer(&id, channel)?.map_or(0, |pointer| pointer.generation);
        // New first, here as well.
        let target = self.store.before(&id, channel)?;
        let (revision, component) = self.usable(target)?;
        let manifest = json_of(&self.store.manifest(&target)?);
        let moved = self.store.rollback(Rollback {
            spell_id: id,
            channel,
            expected: Expected::Generation(generation),
            by: by.into(),
            reason,
            note: String::new(),
            tick: None,
        })?;
        let previous = moved.entry.from.map(|previous| Digest(previous.0));
        Ok(Moved { spell, channel, revision, component, manifest, previous })
    }

    /// A revision that may run, compiled.
    fn usable(
        self,
        id: spellhost_store::Digest,
    ) -> Result<(RevisionRef, spellhost_runtime::Component), Failure> {
        self.refuse_taken_down(id)?;
        self.shelf.revision(self.store, Digest(id.0))
    }

    /// Refuses what the operator has taken down.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn refuse_taken_down(self, id: spellhost_store::Digest) -> Result<(), Failure> {
        match self.store.revision(&id)?.taken_down {
            None => Ok(()),
            Some(taken) => {
                let why = if taken.why.is_empty() { String::new() } else { format!(": {}", taken.why) };
                Err(Failure::new(Code::Forbidden, format!("the operator has taken this revision down{why}")))
            }
        }
    }

    /// The moves of a channel of a spell, newest first.
    #[allow(clippy::missing_errors_doc, reason = "said at `list`; and an unknown spell or channel")]
    pub fn history(self, spell: &str, channel: &str) -> Result<Vec<serde_json::Value>, Failure> {
        let id = id_of(&spell_of(spell)?)?;
        let known = Channel::ALL.into_iter().find(|known| known.as_str() == channel);
        let known =
            known.ok_or_else(|| Failure::new(Code::NotFound, "a channel is draft, beta or stable"))?;
        let moved = |entry: spellhost_store::Entry| {
            serde_json::json!({
                "number": entry.number,
                "at": crate::time::rfc3339(entry.at_ms),
                "by": entry.by,
                "from": entry.from.map(digest),
                "to": digest(entry.to),
                "reason": match entry.reason {
                    Reason::Publish => "publish",
                    Reason::Rollback => "rollback",
                    Reason::Guard => "guard",
                },
                "note": entry.note,
            })
        };
        Ok(self.store.history(&id, known)?.into_iter().rev().map(moved).collect())
    }

    /// The revision of a spell that a client named.
    ///
    /// # Errors
    /// An unknown spell or revision.
    pub fn revision_of(self, spell: &str, revision: &str) -> Result<spellhost_store::Digest, Failure> {
        let id = id_of(&spell_of(spell)?)?;
        self.store.spell(&id)?;
        let unknown = || Failure::new(Code::UnknownRevision, format!("spell `{id}` has no such revision"));
        let digest: spellhost_store::Digest = revision.parse().map_err(|_| unknown())?;
        let found = self.store.revision(&digest).map_err(|_| unknown())?;
        if found.spell_id == id { Ok(digest) } else { Err(unknown()) }
    }

    /// What a pinned cast runs.
    ///
    /// # Errors
    /// `forbidden` but for the owner and the operator; an unknown spell or revision.
    pub fn pinned(
        self,
        actor: &Actor,
        spell: &str,
        revision: &str,
    ) -> Result<(RevisionRef, spellhost_runtime::Component), Failure> {
        let owner = self.spell(spell)?.owner;
        let id = self.revision_of(spell, revision)?;
        actor.check(Action::Author(&owner))?;
        self.usable(id)
    }
}

/// A spell's id as a client wrote it.
///
/// # Errors
/// `bad_spell_id`.
pub fn spell_of(text: &str) -> Result<SpellId, Failure> {
    SpellId::parse(text)
        .ok_or_else(|| Failure::new(Code::BadSpellId, "a spell id is [a-z0-9][a-z0-9_-]{0,63}"))
}

fn id_of(spell: &SpellId) -> Result<spellhost_store::SpellId, Failure> {
    Ok(spellhost_store::SpellId::parse(spell.as_str())?)
}

fn generated() -> Result<SpellId, Failure> {
    let token = new_token().map_err(|error| Failure::internal(&error))?;
    spell_of(&format!("spell-{}", &token[..12]))
}

fn json_of(bytes: &[u8]) -> serde_json::Value {
    serde_json::from_slice(bytes).unwrap_or_default()
}

fn digest(digest: spellhost_store::Digest) -> spellhost_wire::Digest {
    spellhost_wire::Digest(digest.0)
}

/// A spell as lists and routes show it.
pub fn shown(spell: &spellhost_store::Spell) -> Spell {
    Spell {
        spell_id: spell.spell_id.to_string(),
        display_name: spell.display_name.clone(),
        owner: spell.owner.clone(),
        active: Heads {
            draft: spell.active.draft.map(digest),
            beta: spell.active.beta.map(digest),
            stable: spell.active.stable.map(digest),
        },
        created_at: crate::time::rfc3339(spell.created_at_ms),
        updated_at: crate::time::rfc3339(spell.updated_at_ms),
    }
}

fn listed(revision: &spellhost_store::Revision) -> Revision {
    Revision {
        revision_id: digest(revision.revision_id),
        parent_revision_id: revision.parent.map(digest),
        version: revision.version.0,
        component: WireComponent { digest: digest(revision.component.digest), size: revision.component.size },
        author: revision.author.clone(),
        created_at: crate::time::rfc3339(revision.created_at_ms),
        note: Some(revision.note.clone()).filter(|note| !note.is_empty()),
    }
}
