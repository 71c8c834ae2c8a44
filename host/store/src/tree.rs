//! The trees of the database: their names, and how keys are made so that they sort usefully.
//!
//! Numbers are big-endian; an id that something follows is ended by a zero byte, which no id
//! contains. Knows nothing of the values but that postcard encodes them.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::error::{Result, StoreError};
use crate::id::{SpellId, WorldId};

macro_rules! trees {
    ($($(#[$doc:meta])* $tree:ident $name:literal,)*) => {
        /// A tree. The order is part of the journal's format: new ones go to the end.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Tree {
            $($(#[$doc])* $tree,)*
        }

        impl Tree {
            /// Every tree.
            pub const ALL: &[Self] = &[$(Self::$tree),*];

            /// Its name in the database.
            pub fn name(self) -> &'static str {
                match self { $(Self::$tree => $name,)* }
            }
        }
    };
}

trees! {
    /// digest → `BlobInfo`
    Blobs "blobs",
    /// spell → `SpellRow`
    Spells "spells",
    /// spell, version → `Revision`
    Revisions "revisions",
    /// revision id → spell and version
    RevisionIds "revision_ids",
    /// channel, spell → `Pointer`
    Pointers "pointers",
    /// spell, channel, number → `Entry`
    History "history",
    /// job → `Job`
    Jobs "jobs",
    /// job, offset → bytes
    JobLogs "job_logs",
    /// world → `World`
    Worlds "worlds",
    /// world, tick → `Snapshot`
    Snapshots "snapshots",
    /// hash of a token → `Session`
    Sessions "sessions",
    /// username → `Account`
    Accounts "accounts",
    /// spell, number → `SpellReport`
    Reports "reports",
    /// name → the last number given out
    Counters "counters",
}

/// One key and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub tree: Tree,
    pub key: Vec<u8>,
    /// `None` removes the key.
    pub value: Option<Vec<u8>>,
}

/// A value that knows its tree and key.
pub trait Stored: Serialize + DeserializeOwned {
    /// Where it is.
    const TREE: Tree;

    /// Under what.
    fn key(&self) -> Vec<u8>;

    /// The row that puts it there.
    fn row(&self) -> Row {
        Row { tree: Self::TREE, key: self.key(), value: Some(encode(self)) }
    }
}

/// The row that removes a key.
pub fn removal(tree: Tree, key: Vec<u8>) -> Row {
    Row { tree, key, value: None }
}

pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    postcard::to_allocvec(value).unwrap_or_else(|error| unreachable!("plain data always encodes: {error}"))
}

pub fn decode<T: DeserializeOwned>(tree: Tree, bytes: &[u8]) -> Result<T> {
    postcard::from_bytes(bytes).map_err(|error| StoreError::DatabaseDamaged {
        dir: tree.name().into(),
        detail: format!("a row of `{}` does not decode: {error}", tree.name()),
    })
}

/// Somewhere rows can be looked up: the database, or the database with changes on top that are
/// about to become durable.
pub trait Look {
    /// The bytes under a key.
    fn raw(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// The value under a key.
    fn get<S: Stored>(&self, key: &[u8]) -> Result<Option<S>> {
        self.raw(S::TREE, key)?.map(|bytes| decode(S::TREE, &bytes)).transpose()
    }

    /// The last number that a counter gave out; 0 before the first.
    fn counter(&self, name: &[u8]) -> Result<u64> {
        Ok(self
            .raw(Tree::Counters, name)?
            .map(|bytes| decode(Tree::Counters, &bytes))
            .transpose()?
            .unwrap_or(0))
    }
}

/// The row that sets a counter.
pub fn count(name: &[u8], number: u64) -> Row {
    Row { tree: Tree::Counters, key: name.to_vec(), value: Some(encode(&number)) }
}

/// The key prefix of everything of a spell.
pub fn of_spell(spell: &SpellId) -> Vec<u8> {
    [spell.as_str().as_bytes(), &[0]].concat()
}

/// The key prefix of everything of a world.
pub fn of_world(world: &WorldId) -> Vec<u8> {
    [world.as_str().as_bytes(), &[0]].concat()
}

/// A prefix with a number behind it.
pub fn numbered(mut prefix: Vec<u8>, number: u64) -> Vec<u8> {
    prefix.extend(number.to_be_bytes());
    prefix
}
