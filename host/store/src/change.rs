//! Every mutation of the store, as one closed list of plain values.
//!
//! A change carries what was decided, so that its rows are a function of it alone: applying it
//! twice, or onto a state that has it already, gives the same state. That is what makes the
//! journal a redo log. It knows neither the journal nor the database.

use serde::{Deserialize, Serialize};

use crate::accounts::Account;
use crate::blobs::BlobInfo;
use crate::channels::{EntryRow, PointerRow};
use crate::digest::Digest;
use crate::id::{SpellId, Version, WorldId};
use crate::jobs::{self, Job};
use crate::limits::REPORTS_MAX;
use crate::reports::{self, SpellReport};
use crate::revisions::{self, Revision};
use crate::sessions::Session;
use crate::snapshots::{self, Snapshot};
use crate::spells::SpellRow;
use crate::tree::{Row, Stored, Tree, count, removal};
use crate::worlds::World;

/// One mutation. The order of the variants is part of the journal's format: new ones go to the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Change {
    BlobsAdded(Vec<BlobInfo>),
    BlobsRemoved(Vec<Digest>),
    GarbageRemoved { revisions: Vec<(SpellId, Version, Digest)>, blobs: Vec<Digest> },
    SpellPut(SpellRow),
    RevisionAdded { revision: Revision, spell: SpellRow },
    RevisionPut(Revision),
    ChannelMoved { spell: SpellRow, pointer: PointerRow, entry: EntryRow },
    JobCreated(Job),
    JobPut(Job),
    JobLogged { job: Job, offset: u64, bytes: Vec<u8> },
    WorldPut(World),
    WorldRemoved { world: WorldId, ticks: Vec<u64> },
    SnapshotPut(Snapshot),
    SnapshotsRemoved { world: WorldId, ticks: Vec<u64> },
    SessionPut(Session),
    SessionsRemoved(Vec<[u8; 32]>),
    AccountPut(Account),
    ReportAdded(SpellReport),
}

impl Change {
    /// What it does to the trees, from nothing but itself.
    pub fn rows(&self) -> Vec<Row> {
        match self {
            Self::BlobsAdded(blobs) => blobs.iter().map(Stored::row).collect(),
            Self::BlobsRemoved(digests) => blob_removals(digests).collect(),
            Self::GarbageRemoved { revisions, blobs } => {
                revisions.iter().flat_map(revision_removals).chain(blob_removals(blobs)).collect()
            }
            Self::SpellPut(spell) => vec![spell.row()],
            Self::RevisionAdded { revision, spell } => vec![revision.row(), revision.id_row(), spell.row()],
            Self::RevisionPut(revision) => vec![revision.row()],
            Self::ChannelMoved { spell, pointer, entry } => vec![spell.row(), pointer.row(), entry.row()],
            Self::JobCreated(job) => vec![job.row(), count(jobs::COUNTER, job.job_id.0)],
            Self::JobPut(job) => vec![job.row()],
            Self::JobLogged { job, offset, bytes } => {
                vec![job.row(), jobs::log_row(job.job_id, *offset, bytes)]
            }
            Self::WorldPut(world) => vec![world.row()],
            Self::WorldRemoved { world, ticks } => {
                let gone = removal(Tree::Worlds, world.as_str().into());
                snapshots::removals(world, ticks).chain([gone]).collect()
            }
            Self::SnapshotPut(snapshot) => vec![snapshot.row()],
            Self::SnapshotsRemoved { world, ticks } => snapshots::removals(world, ticks).collect(),
            Self::SessionPut(session) => vec![session.row()],
            Self::SessionsRemoved(hashes) => {
                hashes.iter().map(|hash| removal(Tree::Sessions, hash.to_vec())).collect()
            }
            Self::AccountPut(account) => vec![account.row()],
            Self::ReportAdded(report) => report_rows(report),
        }
    }
}

fn blob_removals(digests: &[Digest]) -> impl Iterator<Item = Row> {
    digests.iter().map(|digest| removal(Tree::Blobs, digest.0.to_vec()))
}

fn revision_removals((spell, version, id): &(SpellId, Version, Digest)) -> [Row; 2] {
    [removal(Tree::Revisions, revisions::key(spell, *version)), removal(Tree::RevisionIds, id.0.to_vec())]
}

/// A ring: the report that falls out is known from the number of the one that comes in.
fn report_rows(report: &SpellReport) -> Vec<Row> {
    let mut rows = vec![report.row(), count(&reports::counter(&report.spell_id), report.number)];
    if let Some(oldest) = report.number.checked_sub(REPORTS_MAX).filter(|number| *number > 0) {
        rows.push(removal(Tree::Reports, reports::key(&report.spell_id, oldest)));
    }
    rows
}
