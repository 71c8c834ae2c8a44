//! Snapshots of worlds: a tick, its hash, the engine that made it, and its parts as blobs.
//!
//! Parts that did not change between two snapshots are the same blobs. What a part holds is not
//! known here.

use serde::{Deserialize, Serialize};

use crate::blobs::BlobInfo;
use crate::change::Change;
use crate::commit::View;
use crate::digest::Digest;
use crate::error::{Result, StoreError, at_most};
use crate::id::WorldId;
use crate::limits::{REFERENCES_MAX, TEXT_BYTES_MAX};
use crate::store::Store;
use crate::tree::{Look, Row, Stored, Tree, numbered, of_world, removal};
use crate::worlds::known_world;

/// One part of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What it is, to whoever reads it.
    pub name: String,
    /// Its blob.
    pub digest: Digest,
}

/// A snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Of which world.
    pub world_id: WorldId,
    /// After which tick.
    pub tick: u64,
    /// The state's hash.
    pub hash: [u8; 16],
    /// Everything that could change a result, as one digest in text.
    pub engine_id: String,
    /// Its content.
    pub parts: Vec<Part>,
    /// What replaying from here may need besides: revisions and components of active spells.
    pub refs: Vec<Digest>,
    /// Unix milliseconds.
    pub created_at_ms: u64,
}

/// A snapshot to be saved. Its parts are blobs already.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in `Snapshot`")]
pub struct NewSnapshot {
    pub tick: u64,
    pub hash: [u8; 16],
    pub engine_id: String,
    pub parts: Vec<Part>,
    pub refs: Vec<Digest>,
}

impl Stored for Snapshot {
    const TREE: Tree = Tree::Snapshots;

    fn key(&self) -> Vec<u8> {
        key(&self.world_id, self.tick)
    }
}

fn key(world: &WorldId, tick: u64) -> Vec<u8> {
    numbered(of_world(world), tick)
}

/// The rows that remove these.
pub fn removals(world: &WorldId, ticks: &[u64]) -> impl Iterator<Item = Row> {
    ticks.iter().map(move |tick| removal(Tree::Snapshots, key(world, *tick)))
}

/// The ticks of a world's snapshots.
pub fn ticks(view: &View<'_>, world: &WorldId) -> Result<Vec<u64>> {
    let snapshots: Vec<Snapshot> = view.all(&of_world(world))?;
    Ok(snapshots.iter().map(|snapshot| snapshot.tick).collect())
}

impl Store {
    /// Saves a snapshot, in the place of one at the same tick: `unknown_world`, `unknown_blob`,
    /// `too_large`.
    pub fn save_snapshot(&self, world: &WorldId, new: NewSnapshot) -> Result<Snapshot> {
        at_most("the parts of a snapshot", new.parts.len() + new.refs.len(), REFERENCES_MAX)?;
        let names = new.parts.iter().map(|part| part.name.len()).sum::<usize>() + new.engine_id.len();
        at_most("the names of a snapshot's parts", names, 16 * TEXT_BYTES_MAX)?;
        let (world_id, created_at_ms) = (world.clone(), self.now_ms());
        self.change(move |view| {
            known_world(view, &world_id)?;
            for part in &new.parts {
                let there = view.get::<BlobInfo>(&part.digest.0)?.is_some();
                there.then_some(()).ok_or_else(|| StoreError::UnknownBlob(part.digest.to_string()))?;
            }
            let snapshot = Snapshot {
                world_id,
                tick: new.tick,
                hash: new.hash,
                engine_id: new.engine_id,
                parts: new.parts,
                refs: new.refs,
                created_at_ms,
            };
            Ok((Some(Change::SnapshotPut(snapshot.clone())), snapshot))
        })
    }

    /// The snapshots of a world, oldest first.
    pub fn snapshots(&self, world: &WorldId) -> Result<Vec<Snapshot>> {
        self.reader().all(&of_world(world))
    }

    /// The newest snapshot of a world at or before a tick.
    pub fn snapshot_at(&self, world: &WorldId, tick: u64) -> Result<Option<Snapshot>> {
        Ok(self.snapshots(world)?.into_iter().rfind(|snapshot| snapshot.tick <= tick))
    }

    /// Forgets snapshots of a world.
    pub(crate) fn remove_snapshots(&self, world: &WorldId, ticks: Vec<u64>) -> Result<()> {
        let world = world.clone();
        self.change(move |_| {
            let change = (!ticks.is_empty()).then_some(Change::SnapshotsRemoved { world, ticks });
            Ok((change, ()))
        })
    }
}
