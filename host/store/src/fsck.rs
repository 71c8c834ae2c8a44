//! The check of everything: every digest, reference, index, chain and frame.
//!
//! Changes nothing. Promises that a store without findings of [`Severity::Error`] has every
//! answer that it ever gave.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::blobs::Blobs;
use crate::channels::{EntryRow, PointerRow};
use crate::database::{Reader, Sum};
use crate::digest::Digest;
use crate::error::Result;
use crate::frames::FrameLog;
use crate::jobs::Job;
use crate::journal;
use crate::reports::SpellReport;
use crate::revisions::Revision;
use crate::schema;
use crate::snapshots::Snapshot;
use crate::spells::SpellRow;
use crate::store::Store;
use crate::tree::Look;
use crate::worlds::World;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something that was promised is not so.
    Error,
    /// Only space is lost; `gc` gets it back.
    Note,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// What it is about: a blob, a spell, a file.
    pub subject: String,
    /// What is wrong.
    pub detail: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.severity == Severity::Error { "error" } else { "note" };
        write!(f, "{severity}: {}: {}", self.subject, self.detail)
    }
}

/// What a check found, and how much it looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub struct Report {
    pub findings: Vec<Finding>,
    pub sequence: u64,
    pub blobs: u64,
    pub blob_bytes: u64,
    pub revisions: u64,
    pub frames: u64,
}

impl Report {
    /// Whether there is no error.
    pub fn is_clean(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity != Severity::Error)
    }

    fn error(&mut self, subject: impl fmt::Display, detail: impl fmt::Display) {
        let (subject, detail) = (subject.to_string(), detail.to_string());
        self.findings.push(Finding { severity: Severity::Error, subject, detail });
    }

    fn note(&mut self, subject: impl fmt::Display, detail: impl fmt::Display) {
        let (subject, detail) = (subject.to_string(), detail.to_string());
        self.findings.push(Finding { severity: Severity::Note, subject, detail });
    }
}

/// Checks an open store; changes wait while the journal and the rows are compared.
///
/// # Errors
/// Only where looking itself fails (`io`); whatever is found is in the report.
pub fn fsck(store: &Store) -> Result<Report> {
    let _stay = store.keep_files();
    let mut report = Report::default();
    store.standing(|sequence, sum| journal_and_rows(store, sequence, sum, &mut report))?;
    let blobs = blobs(store, &mut report)?;
    let reader = store.reader();
    revisions(&reader, &blobs, &mut report)?;
    channels(&reader, &mut report)?;
    belongings(&reader, &blobs, &mut report)?;
    drop(reader);
    frames(store, &mut report)?;
    Ok(report)
}

fn journal_and_rows(store: &Store, sequence: u64, sum: Sum, report: &mut Report) -> Result<()> {
    report.sequence = sequence;
    let found = journal::survey(store.disk(), &store.path(journal::FOLDER), 0)?;
    if let Some(damage) = &found.damage {
        report.error("journal", damage);
    } else if (found.sequence, found.sum) != (sequence, sum) || found.truncated.is_some() {
        report.error("journal", format!("it ends with change {} instead of {sequence}", found.sequence));
    }
    if let Some((_, path)) = &found.checkpoint {
        match journal::read_checkpoint(store.disk(), path) {
            Ok(checkpoint) if schema::sum_of(&checkpoint.rows) == checkpoint.sum => {}
            Ok(_) => report.error(path.display(), "its rows do not add up"),
            Err(error) => report.error(path.display(), error),
        }
    }
    match store.sum() {
        Ok(found) if found == sum => {}
        Ok(_) => report.error("database", "its rows are not those of the journal"),
        Err(error) => report.error("database", error),
    }
    Ok(())
}

fn blobs(store: &Store, report: &mut Report) -> Result<BTreeMap<Digest, u64>> {
    let mut sizes = BTreeMap::new();
    for blob in store.iterate()? {
        match store.get(&blob.digest) {
            Ok(bytes) if <[u8; 32]>::from(Sha256::digest(&bytes)) != blob.sha256 => {
                report.error(blob.digest, "its SHA-256 is another");
            }
            Ok(_) => {}
            Err(error) => report.error(blob.digest, error),
        }
        report.blobs += 1;
        report.blob_bytes += blob.size;
        sizes.insert(blob.digest, blob.size);
    }
    for path in store.stray_files()? {
        report.note(path.display(), "it is no blob that is known");
    }
    Ok(sizes)
}

fn revisions(reader: &Reader<'_>, blobs: &BTreeMap<Digest, u64>, report: &mut Report) -> Result<()> {
    let spells: BTreeMap<_, _> = reader
        .all::<SpellRow>(&[])?
        .into_iter()
        .map(|spell| (spell.spell_id, spell.latest_version))
        .collect();
    let all: Vec<Revision> = reader.all(&[])?;
    for revision in &all {
        let subject = revision.revision_id;
        if spells.get(&revision.spell_id).is_none_or(|latest| *latest < revision.version.0) {
            report.error(subject, format!("`{}` does not know it", revision.spell_id));
        }
        let id_row = revision.id_row();
        if reader.raw(id_row.tree, &id_row.key)? != id_row.value {
            report.error(subject, "it is not found by its id");
        }
        for digest in revision.blobs().filter(|digest| !blobs.contains_key(digest)) {
            report.error(subject, format!("its blob {digest} is missing"));
        }
        if blobs.get(&revision.component.digest).is_some_and(|size| *size != revision.component.size) {
            report.error(subject, "its component has another size");
        }
    }
    report.revisions = all.len() as u64;
    let mut ids = 0;
    reader.each(crate::tree::Tree::RevisionIds, &[], |_, _| {
        ids += 1;
        Ok(())
    })?;
    if ids != report.revisions {
        report.error("revisions", format!("{ids} ids name {} revisions", report.revisions));
    }
    Ok(())
}

fn channels(reader: &Reader<'_>, report: &mut Report) -> Result<()> {
    let revisions: BTreeMap<_, _> =
        reader.all::<Revision>(&[])?.into_iter().map(|one| (one.revision_id, one.spell_id)).collect();
    let mut lines: BTreeMap<_, Vec<EntryRow>> = BTreeMap::new();
    for row in reader.all::<EntryRow>(&[])? {
        lines.entry((row.spell_id.clone(), row.channel)).or_default().push(row);
    }
    let pointers: Vec<PointerRow> = reader.all(&[])?;
    let pointed: BTreeSet<_> = pointers.iter().map(|row| (row.spell_id.clone(), row.channel)).collect();
    for pointer in &pointers {
        let subject = format!("{} of `{}`", pointer.channel.as_str(), pointer.spell_id);
        let line =
            lines.get(&(pointer.spell_id.clone(), pointer.channel)).map(Vec::as_slice).unwrap_or_default();
        let last = line.last().map(|row| (row.entry.number, row.entry.to));
        if last != Some((pointer.generation, pointer.revision_id)) {
            report.error(&subject, "its pointer is not the end of its history");
        }
        check_line(&subject, line, report);
        if revisions.get(&pointer.revision_id) != Some(&pointer.spell_id) {
            report.error(
                &subject,
                format!("it points to {}, which the spell does not have", pointer.revision_id),
            );
        }
    }
    for (spell, channel) in lines.keys().filter(|line| !pointed.contains(*line)) {
        report.error(format!("{} of `{spell}`", channel.as_str()), "a history without a pointer");
    }
    Ok(())
}

/// Each entry starts where the one before ended.
fn check_line(subject: &str, line: &[EntryRow], report: &mut Report) {
    let mut before = None;
    for (at, row) in line.iter().enumerate() {
        if row.entry.number != at as u64 + 1 || row.entry.from != before {
            report.error(subject, format!("entry {} of its history does not follow", row.entry.number));
        }
        before = Some(row.entry.to);
    }
}

/// What belongs to a spell or a world that must be there.
fn belongings(reader: &Reader<'_>, blobs: &BTreeMap<Digest, u64>, report: &mut Report) -> Result<()> {
    let spells: BTreeSet<_> = reader.all::<SpellRow>(&[])?.into_iter().map(|spell| spell.spell_id).collect();
    let worlds: BTreeSet<_> = reader.all::<World>(&[])?.into_iter().map(|world| world.world_id).collect();
    for job in reader.all::<Job>(&[])?.iter().filter(|job| !spells.contains(&job.spell_id)) {
        report.error(job.job_id, format!("there is no spell `{}`", job.spell_id));
    }
    for one in reader.all::<SpellReport>(&[])?.iter().filter(|one| !spells.contains(&one.spell_id)) {
        report.error(format!("report {}", one.number), format!("there is no spell `{}`", one.spell_id));
    }
    for snapshot in reader.all::<Snapshot>(&[])? {
        let subject = format!("snapshot of `{}` at tick {}", snapshot.world_id, snapshot.tick);
        if !worlds.contains(&snapshot.world_id) {
            report.error(&subject, "its world is missing");
        }
        for part in snapshot.parts.iter().filter(|part| !blobs.contains_key(&part.digest)) {
            report.error(&subject, format!("its part `{}` ({}) is missing", part.name, part.digest));
        }
    }
    Ok(())
}

fn frames(store: &Store, report: &mut Report) -> Result<()> {
    let worlds: BTreeSet<_> = store.worlds()?.into_iter().map(|world| world.world_id).collect();
    for world in store.logs().worlds()? {
        if !worlds.contains(&world) {
            report.note(format!("frames of `{world}`"), "there is no such world");
        }
        for entry in store.read(&world, 0..=u64::MAX)? {
            match entry {
                Ok(_) => report.frames += 1,
                Err(error) => report.error(format!("frames of `{world}`"), error),
            }
        }
    }
    Ok(())
}
