//! The journal: every change since the last checkpoint, and the checkpoint.
//!
//! Files in `journal/`: `N.journal` is a run of records beginning with the change N, `N.checkpoint`
//! holds every row as it was after the change N. All of it is one hash chain. Promises that a
//! change for which [`Journal::commit`] returned is on the disk, that an append which did not
//! finish is cut off on opening, and that any other difference is an error naming file, byte and
//! change. It does not know what the changes do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::database::{Reader, Sum};
use crate::disk::{Disk, Tail};
use crate::error::{Place, Result, StoreError, is_full};
use crate::limits::ROWS_BYTES;
use crate::record::{self, Chain, End, Record};
use crate::tree::{Row, Tree};

/// The folder of the journal in the data directory.
pub const FOLDER: &str = "journal";

/// What a record of a journal or checkpoint carries.
#[derive(Debug, Serialize, Deserialize)]
enum Entry {
    /// The first record of every file, with the sum over all rows before it.
    Header { schema: u32, sum: Sum },
    /// A change, and the sum over all rows after it. The sum is read without the change, so it
    /// stays where it is in every schema.
    Change { sum: Sum, change: Change },
    /// The store was closed: everything before this is complete.
    Closed,
    /// Rows of a checkpoint.
    Rows(Vec<Row>),
    /// The end of a checkpoint.
    End,
}

/// An append that did not finish and was cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truncated {
    /// Where the cut is.
    pub place: Place,
    /// How much was cut off.
    pub bytes: u64,
}

/// A change read back.
#[derive(Debug)]
pub struct Step {
    pub sequence: u64,
    pub sum: Sum,
    pub change: Change,
}

/// What an opening found.
#[derive(Debug, Default)]
pub struct Found {
    /// The last change in the journal, and the state's sum after it.
    pub sequence: u64,
    pub sum: Sum,
    /// The changes after the one that was asked for.
    pub steps: Vec<Step>,
    pub truncated: Option<Truncated>,
    /// The newest checkpoint and its number.
    pub checkpoint: Option<(u64, PathBuf)>,
    /// The schema that the last file was written with.
    pub schema: Option<u32>,
    /// The journal was closed, or is new.
    pub closed: bool,
    /// Why reading stopped before the end.
    pub damage: Option<StoreError>,
    chain: Chain,
    tail: Option<(PathBuf, u64)>,
}

/// A checkpoint read back.
#[derive(Debug)]
pub struct Checkpoint {
    pub sequence: u64,
    pub sum: Sum,
    pub schema: u32,
    pub rows: Vec<Row>,
}

/// The journal, open at its end.
pub struct Journal {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    path: PathBuf,
    tail: Box<dyn Tail>,
    /// Bytes known to be good; what may lie behind is a failed append.
    len: u64,
    dirty: bool,
    /// The name of the file is not yet durable.
    names_dirty: bool,
    /// Sequence and chain on the disk, and with what is staged.
    durable: (u64, Chain),
    head: (u64, Chain),
    staged: Vec<u8>,
    schema: u32,
    checkpoint_len: u64,
    reserve: u64,
}

/// Reads the journal in `dir`: everything is verified, changes after `after` are kept.
pub fn read(disk: &dyn Disk, dir: &Path, after: u64) -> Result<Found> {
    let found = survey(disk, dir, after)?;
    found.damage.map_or(Ok(Found { damage: None, ..found }), Err)
}

/// As [`read`], but damage ends the reading and is part of what was found.
pub fn survey(disk: &dyn Disk, dir: &Path, after: u64) -> Result<Found> {
    let (checkpoints, segments) = files(disk, dir)?;
    let mut found = Found { checkpoint: checkpoints.last().cloned(), closed: true, ..Found::default() };
    let from = found.checkpoint.as_ref().map_or(0, |(number, _)| *number);
    let mut live: Vec<_> = segments.iter().filter(|(number, _)| *number > from).collect();
    let mut start = found.checkpoint.clone();
    if live.is_empty() {
        // A crash between a checkpoint and its new segment leaves the old one in charge.
        live.extend(segments.iter().rfind(|(number, _)| *number <= from));
        start = live.first().copied().cloned().or(start);
    }
    let read = start.map_or(Ok(()), |(_, path)| begin(disk, &path, &mut found)).and_then(|()| {
        let last = live.len().saturating_sub(1);
        live.iter().enumerate().try_for_each(|(at, (number, path))| {
            read_segment(disk, path, *number, at == last, after, &mut found)
        })
    });
    found.damage = read.err();
    if found.damage.is_none() && found.sequence < from {
        let detail = format!("the changes {} to {from} are missing", found.sequence + 1);
        found.damage = Some(wrong(dir, 0, detail));
    }
    Ok(found)
}

/// Takes chain, sum and sequence from the header of the file that reading starts behind (a
/// checkpoint) or with (a segment).
fn begin(disk: &dyn Disk, path: &Path, found: &mut Found) -> Result<()> {
    let bytes = disk.read(path).map_err(|source| StoreError::io(path, source))?;
    let first = record::at(&bytes, 0).ok_or_else(|| wrong(path, 0, "the header is unreadable".into()))?;
    let Entry::Header { schema, sum } = entry(path, &first)? else {
        return Err(wrong(path, 0, "there is no header".into()));
    };
    (found.sequence, found.chain) = (first.number, first.previous);
    (found.sum, found.schema) = (sum, Some(schema));
    Ok(())
}

/// Reads a whole checkpoint.
pub fn read_checkpoint(disk: &dyn Disk, path: &Path) -> Result<Checkpoint> {
    let bytes = disk.read(path).map_err(|source| StoreError::io(path, source))?;
    let previous = record::at(&bytes, 0).map(|first| first.previous).unwrap_or_default();
    let (records, end) = record::run(&bytes, 0, previous);
    let offset = records.last().map_or(0, Record::end) as u64;
    if end != End::Whole {
        return Err(wrong(path, offset, "a checkpoint with unreadable records".into()));
    }
    let mut checkpoint = Checkpoint { sequence: 0, sum: 0, schema: 0, rows: Vec::new() };
    let mut complete = false;
    for record in &records {
        checkpoint.sequence = record.number;
        match entry(path, record)? {
            Entry::Header { schema, sum } => (checkpoint.schema, checkpoint.sum) = (schema, sum),
            Entry::Rows(rows) => checkpoint.rows.extend(rows),
            Entry::End => complete = true,
            Entry::Change { .. } | Entry::Closed => {
                return Err(wrong(path, record.offset as u64, "not a record of a checkpoint".into()));
            }
        }
    }
    if !complete {
        return Err(wrong(path, offset, "a checkpoint without an end".into()));
    }
    Ok(checkpoint)
}

/// Writes a checkpoint of these rows as the whole journal of a folder that has none.
pub fn write_checkpoint(disk: &dyn Disk, dir: &Path, checkpoint: &Checkpoint) -> Result<()> {
    let mut draft = Draft::new(checkpoint.sequence, Chain::default(), checkpoint.schema, checkpoint.sum);
    for row in &checkpoint.rows {
        draft.push(row.clone());
    }
    let fail = |source| StoreError::io(dir, source);
    disk.create_dir(dir).map_err(fail)?;
    let path = dir.join(checkpoint_name(checkpoint.sequence));
    disk.write_new(&path, &draft.finish()).map_err(fail)?;
    disk.sync_dir(dir).map_err(fail)?;
    dir.parent().map_or(Ok(()), |above| disk.sync_dir(above)).map_err(fail)
}

impl Journal {
    /// Opens the journal behind what was found in it, making its first segment if there is none.
    pub fn open(disk: Arc<dyn Disk>, dir: &Path, found: &Found, schema: u32, reserve: u64) -> Result<Self> {
        let fail = |source| StoreError::io(dir, source);
        disk.create_dir(dir).map_err(fail)?;
        let (path, len) = match &found.tail {
            Some(tail) => tail.clone(),
            None => (dir.join(segment_name(found.sequence + 1)), 0),
        };
        let mut tail = disk.open_tail(&path).map_err(fail)?;
        if found.truncated.is_some() {
            tail.truncate(len).and_then(|()| tail.sync()).map_err(fail)?;
        }
        let checkpoint_len = found.checkpoint.as_ref().and_then(|(_, path)| disk.len(path).ok()).unwrap_or(0);
        let head = (found.sequence, found.chain);
        let mut journal = Self {
            disk,
            dir: dir.into(),
            path,
            tail,
            len,
            dirty: false,
            names_dirty: false,
            durable: head,
            head,
            staged: Vec::new(),
            schema,
            checkpoint_len,
            reserve,
        };
        if len == 0 {
            journal.push(found.sequence, &Entry::Header { schema, sum: found.sum });
            journal.names_dirty = true;
            journal.commit()?;
        }
        journal.remove_old(found.checkpoint.as_ref().map_or(0, |(number, _)| *number));
        Ok(journal)
    }

    /// The number of the last durable change.
    pub fn sequence(&self) -> u64 {
        self.durable.0
    }

    /// Bytes since the last checkpoint.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The size of the last checkpoint.
    pub fn checkpoint_len(&self) -> u64 {
        self.checkpoint_len
    }

    /// Prepares a change; `sum` is that of the state after it.
    pub fn stage(&mut self, change: &Change, sum: Sum) -> Result<()> {
        let entry = Entry::Change { sum, change: change.clone() };
        self.push(self.head.0 + 1, &entry);
        Ok(())
    }

    /// Forgets what is staged.
    pub fn unstage(&mut self) {
        self.staged.clear();
        self.head = self.durable;
    }

    /// Appends and syncs what is staged; on an error none of it is there.
    pub fn commit(&mut self) -> Result<()> {
        let fail = |path: &Path, source| StoreError::io(path, source);
        self.clean().map_err(|source| fail(&self.path, source))?;
        if self.names_dirty {
            self.sync_names()?;
            self.names_dirty = false;
        }
        if self.disk.free(&self.dir).map_err(|source| fail(&self.dir, source))? < self.reserve {
            return Err(StoreError::StoreFull { path: self.dir.clone() });
        }
        self.dirty = true;
        if let Err(error) = self.tail.append(&self.staged).and_then(|()| self.tail.sync()) {
            // Only where the disk was full are we sure of what it did with the rest.
            return match (is_full(&error), self.clean()) {
                (true, Ok(())) => Err(StoreError::StoreFull { path: self.path.clone() }),
                (true, Err(_)) => {
                    Err(fail(&self.path, std::io::Error::other("a failed append stays behind")))
                }
                (false, _) => Err(fail(&self.path, error)),
            };
        }
        self.dirty = false;
        self.len += self.staged.len() as u64;
        self.durable = self.head;
        self.staged.clear();
        Ok(())
    }

    /// Marks the end.
    pub fn close(&mut self) -> Result<()> {
        self.push(self.head.0, &Entry::Closed);
        self.commit()
    }

    /// Puts a checkpoint of these rows in the place of everything so far. The database must have
    /// been flushed.
    pub fn compact(&mut self, rows: &Reader<'_>, sum: Sum) -> Result<()> {
        let (sequence, chain) = self.durable;
        let fail = |source| StoreError::io(&self.dir, source);
        let mut draft = Draft::new(sequence, chain, self.schema, sum);
        for tree in Tree::ALL {
            rows.each(*tree, &[], |key, value| {
                draft.push(Row { tree: *tree, key: key.into(), value: Some(value.into()) });
                Ok(())
            })?;
        }
        let bytes = draft.finish();
        let made = self.dir.join("checkpoint.new");
        self.disk.write_new(&made, &bytes).map_err(fail)?;
        self.disk.rename(&made, &self.dir.join(checkpoint_name(sequence))).map_err(fail)?;
        self.sync_names()?;
        self.checkpoint_len = bytes.len() as u64;
        self.next_segment(sum)?;
        self.remove_old(sequence);
        Ok(())
    }

    /// Goes on in a new file, unless this one has nothing but its header.
    fn next_segment(&mut self, sum: Sum) -> Result<()> {
        let path = self.dir.join(segment_name(self.durable.0 + 1));
        if path == self.path {
            return Ok(());
        }
        let fail = |source| StoreError::io(&path, source);
        let mut header = Vec::new();
        let payload = crate::tree::encode(&Entry::Header { schema: self.schema, sum });
        let chain = record::write(&mut header, self.durable.0, self.durable.1, &payload);
        // Under its own name only when nothing can fail any more: two files that could both go on
        // would be one too many.
        let made = self.dir.join("segment.new");
        self.disk.write_new(&made, &header).map_err(fail)?;
        let tail = self.disk.open_tail(&made).map_err(fail)?;
        self.disk.rename(&made, &path).map_err(fail)?;
        (self.tail, self.len, self.dirty, self.names_dirty) = (tail, header.len() as u64, false, true);
        self.durable.1 = chain;
        self.head = self.durable;
        self.path = path;
        self.sync_names()?;
        self.names_dirty = false;
        Ok(())
    }

    /// Cuts off what a failed append left.
    fn clean(&mut self) -> std::io::Result<()> {
        if self.dirty {
            self.tail.truncate(self.len)?;
            self.tail.sync()?;
            self.dirty = false;
        }
        Ok(())
    }

    fn push(&mut self, number: u64, entry: &Entry) {
        let chain = record::write(&mut self.staged, number, self.head.1, &crate::tree::encode(entry));
        self.head = (number, chain);
    }

    fn sync_names(&self) -> Result<()> {
        self.disk.sync_dir(&self.dir).map_err(|source| StoreError::io(&self.dir, source))
    }

    /// Removes what the checkpoint covers. What cannot be removed now is when it is next opened.
    fn remove_old(&self, checkpoint: u64) {
        let Ok((checkpoints, segments)) = files(&*self.disk, &self.dir) else { return };
        let old_checkpoints = checkpoints.iter().filter(|(number, _)| *number < checkpoint);
        let old_segments =
            segments.iter().filter(|(number, path)| *number <= checkpoint && *path != self.path);
        for (_, path) in old_checkpoints.chain(old_segments) {
            let _ = self.disk.remove(path);
        }
    }
}

/// A checkpoint being made.
struct Draft {
    bytes: Vec<u8>,
    rows: Vec<Row>,
    rows_bytes: usize,
    sequence: u64,
    chain: Chain,
}

impl Draft {
    fn new(sequence: u64, chain: Chain, schema: u32, sum: Sum) -> Self {
        let mut draft = Self { bytes: Vec::new(), rows: Vec::new(), rows_bytes: 0, sequence, chain };
        draft.write(&Entry::Header { schema, sum });
        draft
    }

    fn push(&mut self, row: Row) {
        self.rows_bytes += row.key.len() + row.value.as_ref().map_or(0, Vec::len);
        self.rows.push(row);
        if self.rows_bytes >= ROWS_BYTES {
            self.write_rows();
        }
    }

    fn write_rows(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        self.rows_bytes = 0;
        self.write(&Entry::Rows(rows));
    }

    fn write(&mut self, entry: &Entry) {
        let payload = crate::tree::encode(entry);
        self.chain = record::write(&mut self.bytes, self.sequence, self.chain, &payload);
    }

    fn finish(mut self) -> Vec<u8> {
        self.write_rows();
        self.write(&Entry::End);
        self.bytes
    }
}

fn read_segment(
    disk: &dyn Disk,
    path: &Path,
    first: u64,
    last: bool,
    after: u64,
    found: &mut Found,
) -> Result<()> {
    let bytes = disk.read(path).map_err(|source| StoreError::io(path, source))?;
    if found.sequence + 1 != first {
        let detail = format!("the changes {} to {} are missing", found.sequence + 1, first.saturating_sub(1));
        return Err(wrong(path, 0, detail));
    }
    let (records, end) = record::run(&bytes, 0, found.chain);
    for record in &records {
        take(path, record, after, found)?;
    }
    let offset = records.last().map_or(0, Record::end) as u64;
    found.tail = Some((path.into(), offset));
    match end {
        End::Whole => Ok(()),
        End::Torn { .. } if last => {
            let place = Place { file: path.into(), offset };
            found.truncated = Some(Truncated { place, bytes: bytes.len() as u64 - offset });
            found.closed = false;
            Ok(())
        }
        End::Torn { .. } => Err(wrong(path, offset, format!("change {} is unreadable", found.sequence + 1))),
        End::Damaged { next, .. } => {
            let detail =
                format!("change {} is unreadable; intact records go on at {next}", found.sequence + 1);
            Err(wrong(path, offset, detail))
        }
    }
}

fn take(path: &Path, record: &Record<'_>, after: u64, found: &mut Found) -> Result<()> {
    let misplaced =
        || wrong(path, record.offset as u64, format!("record {} does not belong here", record.number));
    found.chain = record.hash;
    found.closed = false;
    // What is applied and flushed need not be decoded, so that an older schema can be migrated.
    if record.number <= after && record.number == found.sequence + 1 {
        let (_, sum) = postcard::take_from_bytes::<(u32, Sum)>(record.payload).map_err(|_| misplaced())?.0;
        (found.sequence, found.sum) = (record.number, sum);
        return Ok(());
    }
    match entry(path, record)? {
        Entry::Header { schema, sum } if record.number == found.sequence => {
            (found.schema, found.sum) = (Some(schema), sum);
        }
        Entry::Closed if record.number == found.sequence => found.closed = true,
        Entry::Change { sum, change } if record.number == found.sequence + 1 => {
            (found.sequence, found.sum) = (record.number, sum);
            if record.number > after {
                found.steps.push(Step { sequence: record.number, sum, change });
            }
        }
        _ => return Err(misplaced()),
    }
    Ok(())
}

fn entry(path: &Path, record: &Record<'_>) -> Result<Entry> {
    postcard::from_bytes(record.payload)
        .map_err(|error| wrong(path, record.offset as u64, format!("record {}: {error}", record.number)))
}

type Numbered = Vec<(u64, PathBuf)>;

/// Checkpoints and segments, each by number.
fn files(disk: &dyn Disk, dir: &Path) -> Result<(Numbered, Numbered)> {
    let names = disk.list(dir).map_err(|source| StoreError::io(dir, source))?;
    let with = |ending: &str| {
        let numbers =
            names.iter().filter_map(|name| Some((name.strip_suffix(ending)?.parse().ok()?, dir.join(name))));
        numbers.collect::<Numbered>()
    };
    Ok((with(".checkpoint"), with(".journal")))
}

fn checkpoint_name(number: u64) -> String {
    format!("{number:020}.checkpoint")
}

fn segment_name(first: u64) -> String {
    format!("{first:020}.journal")
}

fn wrong(file: &Path, offset: u64, detail: String) -> StoreError {
    StoreError::JournalDamaged { place: Place { file: file.into(), offset }, detail }
}
