//! Finding where one's own world differs from the host's, node by node of the hash tree.
//!
//! Promises to end within [`DEPTH_MAX`] questions, whatever the other side answers. Sends nothing:
//! says which path to ask for, and takes what was answered.

use spellhost_sim::World;
use spellhost_wire::Hash;
use spellhost_wire::reply::HashNode;

use crate::tree::node;

/// The most nodes that are asked for: the root, a part, its ranges, a row and a field, with room to grow.
pub const DEPTH_MAX: usize = 12;
/// The most children that an answer may have.
const CHILDREN_MAX: usize = 4_096;

/// A search that goes on.
#[derive(Clone, Debug)]
pub struct Search {
    path: String,
    asked: usize,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The node of this path is needed.
    Ask(String),
    /// Here is the difference, and nothing below tells more.
    Found {
        /// The path.
        path: String,
        /// What one's own world has there.
        local_hash: Hash,
        /// What the host has there.
        host_hash: Hash,
    },
    /// There is none: the other side's tree is one's own.
    Same,
}

/// Why an answer is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonsense {
    /// It is of another path.
    Path,
    /// It has more children than a node has.
    Children,
    /// It leads on for ever.
    Depth,
}

impl std::fmt::Display for Nonsense {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Path => "the host answered with a node that was not asked for",
            Self::Children => "the host answered with a node of too many children",
            Self::Depth => "the host's hash tree has no end",
        })
    }
}

impl std::error::Error for Nonsense {}

impl Default for Search {
    fn default() -> Self {
        Self::new()
    }
}

impl Search {
    /// Begins at the root.
    pub fn new() -> Self {
        Self { path: String::new(), asked: 0 }
    }

    /// The path to ask for.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Takes the host's node of [`Search::path`]. `world` is one's own after the same tick.
    ///
    /// # Errors
    /// Where the answer is no node of a tree.
    pub fn take(&mut self, world: &World, told: &HashNode) -> Result<Step, Nonsense> {
        if told.path != self.path {
            return Err(Nonsense::Path);
        }
        if told.children.len() > CHILDREN_MAX {
            return Err(Nonsense::Children);
        }
        self.asked += 1;
        if self.asked > DEPTH_MAX {
            return Err(Nonsense::Depth);
        }
        let own = |path: &str| node(world, None, path);
        let local = own(&self.path).ok_or(Nonsense::Path)?;
        if local.hash == told.hash {
            return Ok(Step::Same);
        }
        let differs = |path: &str, hash: Hash| own(path).is_some_and(|own| own.hash != hash);
        let below = told.children.iter().find(|child| differs(&child.path, child.hash));
        let is_told = |path: &str| told.children.iter().any(|child| child.path == path);
        let mine = || local.children.iter().find(|child| !told.children.is_empty() && !is_told(&child.path));
        match below.or_else(mine) {
            Some(child) if child.path != self.path => {
                self.path.clone_from(&child.path);
                Ok(Step::Ask(self.path.clone()))
            }
            _ => Ok(Step::Found { path: self.path.clone(), local_hash: local.hash, host_hash: told.hash }),
        }
    }
}
