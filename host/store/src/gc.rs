//! Garbage: revisions, blobs and files that nothing refers to.
//!
//! A revision stays if a channel ever pointed to it, if one that stays was made from it, or if a
//! frame log or snapshot names it; a blob if such a revision, a snapshot or a log names it. What
//! is young stays too: it may be on its way to being referred to. If a log cannot be read,
//! nothing is removed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::blobs::{self, BlobInfo};
use crate::change::Change;
use crate::channels::EntryRow;
use crate::commit::View;
use crate::digest::{Digest, unhex};
use crate::error::{Result, StoreError};
use crate::id::{SpellId, Version, WorldId};
use crate::revisions::Revision;
use crate::snapshots::Snapshot;
use crate::store::Store;
use crate::worlds::World;

/// How to collect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GcOptions {
    /// Only say what would go.
    pub dry_run: bool,
    /// What is younger than this many milliseconds stays.
    pub grace_ms: u64,
}

impl Default for GcOptions {
    fn default() -> Self {
        Self { dry_run: true, grace_ms: 60 * 60 * 1000 }
    }
}

/// What went, or would go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GcReport {
    /// Revisions: spell, version and id.
    pub revisions: Vec<(SpellId, Version, Digest)>,
    /// Blobs.
    pub blobs: Vec<Digest>,
    /// The bytes of these blobs.
    pub blob_bytes: u64,
    /// Files in the folder of blobs that are no blob.
    pub files: Vec<PathBuf>,
    /// Frame logs of worlds that are gone.
    pub logs: Vec<WorldId>,
}

impl Store {
    /// Finds garbage, and removes it unless this is a dry run. Nothing else changes meanwhile.
    ///
    /// # Errors
    /// `frames_damaged` before anything was removed; `store_full`, `io`.
    pub fn gc(&self, options: GcOptions) -> Result<GcReport> {
        let _alone = self.remove_files();
        let old_ms = self.now_ms().saturating_sub(options.grace_ms);
        let mut named = BTreeSet::new();
        let worlds: BTreeSet<WorldId> = self.worlds()?.into_iter().map(|world| world.world_id).collect();
        for world in &worlds {
            named.extend(self.logs().refs(world)?);
        }
        let strays = self.stray_files()?;
        let mut report = self.change(move |view| {
            let report = garbage(view, named, old_ms)?;
            let nothing = report.revisions.is_empty() && report.blobs.is_empty();
            let change =
                Change::GarbageRemoved { revisions: report.revisions.clone(), blobs: report.blobs.clone() };
            Ok(((!options.dry_run && !nothing).then_some(change), report))
        })?;
        report.logs = self.logs().worlds()?.into_iter().filter(|world| !worlds.contains(world)).collect();
        report.files = strays;
        if !options.dry_run {
            report.blobs.iter().for_each(|digest| self.remove_blob_file(digest));
            self.remove_strays(&report)?;
        }
        Ok(report)
    }

    fn remove_strays(&self, report: &GcReport) -> Result<()> {
        for path in &report.files {
            self.disk().remove(path).map_err(|source| StoreError::io(path, source))?;
        }
        report.logs.iter().try_for_each(|world| self.logs().remove_world(world))
    }

    /// Files in the folder of blobs that no row knows.
    pub(crate) fn stray_files(&self) -> Result<Vec<PathBuf>> {
        let top = self.path(blobs::FOLDER);
        let known: BTreeSet<Digest> =
            self.reader().all::<BlobInfo>(&[])?.into_iter().map(|blob| blob.digest).collect();
        let list = |dir: &PathBuf| self.disk().list(dir).map_err(|source| StoreError::io(dir, source));
        let mut strays = Vec::new();
        for folder in list(&top)? {
            for name in list(&top.join(&folder))? {
                let digest = unhex(&format!("{folder}{name}")).map(Digest);
                if digest.is_none_or(|digest| !known.contains(&digest)) {
                    strays.push(top.join(&folder).join(name));
                }
            }
        }
        Ok(strays)
    }
}

fn garbage(view: &View<'_>, mut named: BTreeSet<Digest>, old_ms: u64) -> Result<GcReport> {
    let revisions: Vec<Revision> = view.all(&[])?;
    let worlds: BTreeSet<WorldId> = view.all::<World>(&[])?.into_iter().map(|world| world.world_id).collect();
    let snapshots = view.all::<Snapshot>(&[])?;
    for snapshot in snapshots.into_iter().filter(|snapshot| worlds.contains(&snapshot.world_id)) {
        named.extend(snapshot.parts.into_iter().map(|part| part.digest).chain(snapshot.refs));
    }
    let published = view.all::<EntryRow>(&[])?.into_iter().map(|row| row.entry.to);
    let mut kept: BTreeSet<Digest> = published.chain(named.iter().copied()).collect();
    kept.extend(revisions.iter().filter(|one| one.created_at_ms > old_ms).map(|one| one.revision_id));
    // A parent is older than what was made from it, but not always of the same spell: run until
    // nothing is added.
    while revisions.iter().any(|one| {
        let parent = one.parent.filter(|_| kept.contains(&one.revision_id));
        parent.is_some_and(|parent| kept.insert(parent))
    }) {}
    let (stay, go): (Vec<_>, Vec<_>) = revisions.into_iter().partition(|one| kept.contains(&one.revision_id));
    named.extend(stay.iter().flat_map(Revision::blobs));
    let mut report = GcReport {
        revisions: go.into_iter().map(|one| (one.spell_id, one.version, one.revision_id)).collect(),
        ..GcReport::default()
    };
    for blob in view.all::<BlobInfo>(&[])? {
        if !named.contains(&blob.digest) && blob.put_at_ms <= old_ms {
            report.blobs.push(blob.digest);
            report.blob_bytes += blob.size;
        }
    }
    Ok(report)
}
