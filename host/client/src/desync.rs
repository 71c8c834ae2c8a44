//! A difference that was found: where, and whose it is.

use spellhost_wire::reply::DesyncDetail;
use spellhost_wire::{Digest, Hash};

/// A difference between a client's world and the host's.
#[derive(Clone, Debug, PartialEq)]
pub struct Desync {
    /// The tick after which they differ: the first of them.
    pub tick: u64,
    /// Where in the hash tree, such as `spells/7/state` or `calls/31`.
    pub path: String,
    /// What differs in the frame, such as `effects of calls[2]`; the hash alone where only the state does.
    pub noticed: String,
    /// What this client has there.
    pub local_hash: Hash,
    /// What the host says that it has there.
    pub host_hash: Option<Hash>,
    /// The spell to blame, where there is one.
    pub spell_id: Option<String>,
    /// Its revision.
    pub revision_id: Option<Digest>,
    /// Its cast.
    pub cast_id: Option<u64>,
    /// What the host has there, as it told.
    pub detail: Option<DesyncDetail>,
    /// Why the host did not say where it is or what it has, where it did not.
    pub unexplained: Option<String>,
}

impl Desync {
    /// The part of the state, such as `spells`; `calls` where a call came out otherwise.
    pub fn part(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// The row of the part, such as a cast's number or an entity's id.
    pub fn key(&self) -> Option<&str> {
        self.path.split('/').nth(1)
    }
}

impl std::fmt::Display for Desync {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if self.path.is_empty() { "the state" } else { &self.path };
        write!(out, "after tick {} {place} differs ({})", self.tick, self.noticed)?;
        if let (Some(spell), Some(cast)) = (&self.spell_id, self.cast_id) {
            write!(out, "; spell {spell}, cast {cast}")?;
        }
        Ok(())
    }
}
