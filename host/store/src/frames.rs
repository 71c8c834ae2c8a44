//! Frame logs: for each world the bytes of its ticks, in segments that only grow.
//!
//! Not in the journal, which they would drown: a log has its own files, `frames/WORLD/N-TICK.frames`,
//! in batches that are compressed, checksummed and chained. Promises that what was synced is read
//! back exactly, or that reading ends with an error that names the place; what was appended and
//! not synced may be lost after a crash, from its end on. It does not know what a frame holds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::disk::{Disk, Tail};
use crate::error::{Place, Result, StoreError, at_most, is_full};
use crate::id::WorldId;
use crate::limits::{
    FRAME_BATCH_BYTES_MAX, FRAME_BATCH_FRAMES_MAX, FRAME_SEGMENT_BYTES, REFERENCES_MAX, TEXT_BYTES_MAX,
};
use crate::record::{self, Chain, End, Record};
use crate::store::Store;
use crate::tree::encode;
use crate::worlds::known_world;

/// The folder of the logs in the data directory.
pub const FOLDER: &str = "frames";
/// Where [`FrameLog::cut_after`] leaves what it cut off.
pub const ASIDE: &str = "set-aside";
/// Frames of neighbouring ticks are alike: the fastest level finds nearly all of it.
const LEVEL: i32 = 1;

/// The point where one engine stopped and another went on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epoch {
    /// The last tick of the old engine; a snapshot stands there.
    pub tick: u64,
    /// The old engine id.
    pub from_engine: String,
    /// The new one.
    pub to_engine: String,
}

/// What a log has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum LogEntry {
    Frame { tick: u64, bytes: Vec<u8> },
    Epoch(Epoch),
}

/// How much of a log is kept. Segments go as a whole, and never those behind the newest snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// At least this many ticks.
    pub ticks: Option<u64>,
    /// About this many bytes on disk.
    pub bytes: Option<u64>,
}

/// The logs of the worlds.
pub trait FrameLog {
    /// Appends one batch of ticks with their bytes. Not durable before [`FrameLog::sync`].
    /// `refs` are the blobs and revisions that replaying these frames needs: `gc` spares them.
    /// `unknown_world`, `out_of_order`, `too_large`, `store_full`, `frames_damaged`.
    fn append(&self, world: &WorldId, frames: &[(u64, &[u8])], refs: &[Digest]) -> Result<()>;
    /// Makes everything appended durable.
    fn sync(&self, world: &WorldId) -> Result<()>;
    /// Appends an epoch; durable when it returns.
    fn append_epoch(&self, world: &WorldId, epoch: Epoch) -> Result<()>;
    /// The entries of these ticks, in order, batch by batch. An error is the last item.
    fn read(&self, world: &WorldId, ticks: RangeInclusive<u64>) -> Result<FrameReader>;
    /// The last tick that the log has.
    fn last_tick(&self, world: &WorldId) -> Result<Option<u64>>;
    /// Every epoch, oldest first.
    fn epochs(&self, world: &WorldId) -> Result<Vec<Epoch>>;
    /// Cuts off everything after a tick, damaged or not, so that the log can go on from there.
    /// What was cut off is moved aside, not deleted.
    fn cut_after(&self, world: &WorldId, tick: u64) -> Result<()>;
    /// Removes what need not be kept, with the snapshots that lose their frames; returns the
    /// number of bytes.
    fn retain(&self, world: &WorldId, retention: Retention) -> Result<u64>;
}

/// What a record of a log carries.
#[derive(Debug, Serialize, Deserialize)]
enum Entry<'a> {
    /// The first record of every segment.
    Header {
        world: WorldId,
    },
    /// A batch: `packed` is the postcard of `Vec<(tick, bytes)>`, compressed.
    Frames {
        first: u64,
        last: u64,
        raw_bytes: u64,
        refs: Vec<Digest>,
        packed: &'a [u8],
    },
    Epoch(Epoch),
}

/// Ticks and their bytes.
type Frames = Vec<(u64, Vec<u8>)>;

/// All logs of a store.
pub struct Logs {
    disk: Arc<dyn Disk>,
    data: PathBuf,
    reserve: u64,
    open: Mutex<BTreeMap<WorldId, Arc<Mutex<Slot>>>>,
}

/// A log that was used in this process.
#[derive(Default)]
enum Slot {
    #[default]
    Closed,
    Open(Log),
    /// A write failed in a way that leaves its file unknown.
    Failed(String),
}

/// A log, open at its end.
struct Log {
    tail: Box<dyn Tail>,
    path: PathBuf,
    len: u64,
    /// The number of the last record, and its hash.
    number: u64,
    chain: Chain,
    last_tick: Option<u64>,
}

/// A file of a log, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    number: u64,
    first_tick: u64,
    path: PathBuf,
}

impl Segment {
    fn new(dir: &Path, number: u64, first_tick: u64) -> Self {
        Self { number, first_tick, path: dir.join(format!("{number:020}-{first_tick:020}.frames")) }
    }

    fn parse(dir: &Path, name: &str) -> Option<Self> {
        let (number, tick) = name.strip_suffix(".frames")?.split_once('-')?;
        Some(Self::new(dir, number.parse().ok()?, tick.parse().ok()?)).filter(|one| one.path.ends_with(name))
    }
}

impl Logs {
    pub fn new(disk: Arc<dyn Disk>, data: &Path, reserve: u64) -> Self {
        Self { disk, data: data.into(), reserve, open: Mutex::default() }
    }

    /// Removes a world's log.
    pub fn remove_world(&self, world: &WorldId) -> Result<()> {
        let slot = self.slot(world);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        *slot = Slot::Closed;
        let dir = self.dir(world);
        for segment in self.segments(world)? {
            self.disk.remove(&segment.path).map_err(|source| StoreError::io(&segment.path, source))?;
        }
        // Left behind with whatever else is in it.
        let _ = self.disk.remove_dir(&dir);
        Ok(())
    }

    /// The folders of worlds.
    pub fn worlds(&self) -> Result<Vec<WorldId>> {
        let dir = self.data.join(FOLDER);
        let names = self.disk.list(&dir).map_err(|source| StoreError::io(&dir, source))?;
        Ok(names.iter().filter_map(|name| WorldId::parse(name).ok()).collect())
    }

    /// Everything that the frames of a world refer to.
    pub fn refs(&self, world: &WorldId) -> Result<BTreeSet<Digest>> {
        let mut all = BTreeSet::new();
        self.reader(world, 0..=u64::MAX)?.each_record(|_, entry| {
            if let Entry::Frames { refs, .. } = entry {
                all.extend(refs.iter().copied());
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// The files of a log and how much of each is there to be read.
    pub fn files(&self, world: &WorldId) -> Result<Vec<(String, PathBuf, u64)>> {
        let reader = self.reader(world, 0..=u64::MAX)?;
        let mut files = Vec::new();
        for segment in &reader.segments {
            let len = self.disk.len(&segment.path).map_err(|source| StoreError::io(&segment.path, source))?;
            let len =
                reader.limit.as_ref().filter(|(path, _)| *path == segment.path).map_or(len, |limit| limit.1);
            let name = segment.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.push((name, segment.path.clone(), len));
        }
        Ok(files)
    }

    /// Whether this can be the name of a file of a log.
    pub fn is_file_name(name: &str) -> bool {
        Segment::parse(Path::new(""), name).is_some()
    }

    fn dir(&self, world: &WorldId) -> PathBuf {
        self.data.join(FOLDER).join(world.as_str())
    }

    fn segments(&self, world: &WorldId) -> Result<Vec<Segment>> {
        let dir = self.dir(world);
        let names = self.disk.list(&dir).map_err(|source| StoreError::io(&dir, source))?;
        Ok(names.iter().filter_map(|name| Segment::parse(&dir, name)).collect())
    }

    fn slot(&self, world: &WorldId) -> Arc<Mutex<Slot>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.entry(world.clone()).or_default().clone()
    }

    /// Runs something with the log open at its end.
    fn with<T>(&self, world: &WorldId, run: impl FnOnce(&mut Log) -> Result<T>) -> Result<T> {
        let slot = self.slot(world);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*slot, Slot::Closed) {
            *slot = Slot::Open(self.open(world)?);
        }
        match &mut *slot {
            Slot::Open(log) => {
                let result = run(log);
                if let Err(StoreError::Io { path, source }) = &result {
                    let detail = format!("{}: {source}", path.display());
                    *slot = Slot::Failed(detail);
                }
                result
            }
            Slot::Failed(detail) => Err(StoreError::StoreFailed { detail: detail.clone() }),
            Slot::Closed => unreachable!("it was opened above"),
        }
    }

    /// Opens a log, cutting off an append that did not finish.
    fn open(&self, world: &WorldId) -> Result<Log> {
        let segments = self.segments(world)?;
        let Some(last) = segments.last() else { return self.begin(world, None, 0) };
        let bytes = read_file(&*self.disk, &last.path)?;
        let (records, end) = run_of(&bytes, None);
        let offset = records.last().map_or(0, Record::end) as u64;
        let Some(record) = records.last() else {
            return Err(damaged(world, &last.path, 0, "its header is unreadable"));
        };
        if let End::Damaged { .. } = end {
            return Err(damaged(world, &last.path, offset, "a batch is unreadable, and others follow"));
        }
        let fail = |source| StoreError::io(&last.path, source);
        let mut tail = self.disk.open_tail(&last.path).map_err(fail)?;
        if offset < bytes.len() as u64 {
            tail.truncate(offset).and_then(|()| tail.sync()).map_err(fail)?;
        }
        let (number, chain) = (record.number, record.hash);
        let last_tick = self.last_tick_of(world, &segments, &records)?;
        Ok(Log { tail, path: last.path.clone(), len: offset, number, chain, last_tick })
    }

    /// The last tick in the last segment, or in the ones before if that has none.
    fn last_tick_of(
        &self,
        world: &WorldId,
        segments: &[Segment],
        last: &[Record<'_>],
    ) -> Result<Option<u64>> {
        let path = segments.last().map(|segment| segment.path.as_path()).unwrap_or(Path::new(""));
        if let Some(tick) = last_frame(world, path, last)? {
            return Ok(Some(tick));
        }
        let Some((_, before)) = segments.split_last() else { return Ok(None) };
        let Some(segment) = before.last() else { return Ok(None) };
        let bytes = read_file(&*self.disk, &segment.path)?;
        let (records, _) = run_of(&bytes, None);
        self.last_tick_of(world, before, &records)
    }

    /// Makes the next segment of a log; the one before must be synced.
    fn begin(&self, world: &WorldId, before: Option<&Log>, first_tick: u64) -> Result<Log> {
        let dir = self.dir(world);
        let (number, chain) = before.map_or((0, Chain::default()), |log| (log.number, log.chain));
        let segment = Segment::new(&dir, number + 1, first_tick);
        let fail = |source| StoreError::io(&segment.path, source);
        if !self.disk.exists(&dir) {
            self.disk.create_dir(&dir).map_err(fail)?;
            let above = self.data.join(FOLDER);
            self.disk.sync_dir(&above).and_then(|()| self.disk.sync_dir(&self.data)).map_err(fail)?;
        }
        let mut header = Vec::new();
        let payload = encode(&Entry::Header { world: world.clone() });
        let chain = record::write(&mut header, number + 1, chain, &payload);
        let made = dir.join("segment.new");
        self.disk.write_new(&made, &header).map_err(fail)?;
        let tail = self.disk.open_tail(&made).map_err(fail)?;
        self.disk.rename(&made, &segment.path).map_err(fail)?;
        self.disk.sync_dir(&dir).map_err(fail)?;
        let last_tick = before.and_then(|log| log.last_tick);
        Ok(Log { tail, path: segment.path, len: header.len() as u64, number: number + 1, chain, last_tick })
    }

    /// Appends one entry, in a new segment if this one is long enough.
    fn push(&self, world: &WorldId, log: &mut Log, entry: &Entry<'_>, tick: u64) -> Result<()> {
        let dir = self.dir(world);
        if self.disk.free(&dir).map_err(|source| StoreError::io(&dir, source))? < self.reserve {
            return Err(StoreError::StoreFull { path: dir });
        }
        if log.len >= FRAME_SEGMENT_BYTES {
            log.sync()?;
            *log = self.begin(world, Some(log), tick)?;
        }
        let mut bytes = Vec::new();
        let chain = record::write(&mut bytes, log.number + 1, log.chain, &encode(entry));
        log.append(&bytes)?;
        (log.number, log.chain) = (log.number + 1, chain);
        Ok(())
    }

    /// A reader up to what is there now.
    fn reader(&self, world: &WorldId, ticks: RangeInclusive<u64>) -> Result<FrameReader> {
        let mut segments = self.segments(world)?;
        // A log that does not open because it is damaged is read up to the damage.
        let limit = match segments.is_empty() {
            true => None,
            false => self.with(world, |log| Ok((log.path.clone(), log.len))).ok(),
        };
        if let Some((path, _)) = &limit {
            segments = self.segments(world)?;
            segments.retain(|segment| segment.path <= *path);
        }
        let begins = segments.iter().rposition(|segment| segment.first_tick <= *ticks.start()).unwrap_or(0);
        segments.drain(..begins);
        let disk = self.disk.clone();
        Ok(FrameReader {
            disk,
            world: world.clone(),
            segments,
            limit,
            ticks,
            next: 0,
            chain: None,
            batch: Vec::new().into_iter(),
            failed: None,
        })
    }
}

impl Log {
    /// Appends, or leaves the file as it was.
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let fail = |source| StoreError::io(&self.path, source);
        match self.tail.append(bytes) {
            Ok(()) => {
                self.len += bytes.len() as u64;
                Ok(())
            }
            Err(error) if is_full(&error) => {
                self.tail.truncate(self.len).map_err(|error| fail(std::io::Error::other(error)))?;
                Err(fail(error))
            }
            Err(error) => Err(fail(error)),
        }
    }

    fn sync(&mut self) -> Result<()> {
        // Even a full disk leaves nothing known of what was to be synced.
        self.tail.sync().map_err(|source| StoreError::Io { path: self.path.clone(), source })
    }
}

impl FrameLog for Store {
    fn append(&self, world: &WorldId, frames: &[(u64, &[u8])], refs: &[Digest]) -> Result<()> {
        let (Some((first, _)), Some((last, _))) = (frames.first(), frames.last()) else { return Ok(()) };
        let raw = pack_check(frames, refs)?;
        let packed = zstd::bulk::compress(&raw, LEVEL)
            .map_err(|source| StoreError::Io { path: self.logs().dir(world), source })?;
        let (first, last) = (*first, *last);
        known_world(&self.reader(), world)?;
        self.logs().with(world, |log| {
            let mut before = log.last_tick;
            for (tick, _) in frames {
                if let Some(last) = before.filter(|last| last >= tick) {
                    return Err(StoreError::OutOfOrder { world: world.to_string(), last, tick: *tick });
                }
                before = Some(*tick);
            }
            let entry = Entry::Frames {
                first,
                last,
                raw_bytes: raw.len() as u64,
                refs: refs.to_vec(),
                packed: &packed,
            };
            self.logs().push(world, log, &entry, first)?;
            log.last_tick = Some(last);
            Ok(())
        })
    }

    fn sync(&self, world: &WorldId) -> Result<()> {
        self.logs().with(world, Log::sync)
    }

    fn append_epoch(&self, world: &WorldId, epoch: Epoch) -> Result<()> {
        at_most("an engine id", epoch.from_engine.len().max(epoch.to_engine.len()), TEXT_BYTES_MAX)?;
        known_world(&self.reader(), world)?;
        self.logs().with(world, |log| {
            let tick = epoch.tick;
            if let Some(last) = log.last_tick.filter(|last| *last > tick) {
                return Err(StoreError::OutOfOrder { world: world.to_string(), last, tick });
            }
            self.logs().push(world, log, &Entry::Epoch(epoch), tick)?;
            log.sync()
        })
    }

    fn read(&self, world: &WorldId, ticks: RangeInclusive<u64>) -> Result<FrameReader> {
        self.logs().reader(world, ticks)
    }

    fn last_tick(&self, world: &WorldId) -> Result<Option<u64>> {
        if self.logs().segments(world)?.is_empty() {
            return Ok(None);
        }
        self.logs().with(world, |log| Ok(log.last_tick))
    }

    fn epochs(&self, world: &WorldId) -> Result<Vec<Epoch>> {
        let mut epochs = Vec::new();
        self.logs().reader(world, 0..=u64::MAX)?.each_record(|_, entry| {
            if let Entry::Epoch(epoch) = entry {
                epochs.push(epoch);
            }
            Ok(())
        })?;
        Ok(epochs)
    }

    fn cut_after(&self, world: &WorldId, tick: u64) -> Result<()> {
        let _alone = self.remove_files();
        let slot = self.logs().slot(world);
        let kept = {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            *slot = Slot::Closed;
            self.logs().cut(world, tick)?
        };
        let (frames, refs) = &kept;
        let frames: Vec<(u64, &[u8])> =
            frames.iter().map(|(tick, bytes)| (*tick, bytes.as_slice())).collect();
        self.append(world, &frames, refs)?;
        self.sync(world)
    }

    fn retain(&self, world: &WorldId, retention: Retention) -> Result<u64> {
        let _alone = self.remove_files();
        let snapshots: Vec<u64> = self.snapshots(world)?.iter().map(|snapshot| snapshot.tick).collect();
        let (Some(newest), Some(last)) = (snapshots.last().copied(), self.last_tick(world)?) else {
            return Ok(0);
        };
        let (removed, first) = self.logs().retain(world, retention, newest, last)?;
        let followed = |tick: &u64| tick + 1 >= first || *tick == newest;
        self.remove_snapshots(world, snapshots.into_iter().filter(|tick| !followed(tick)).collect())?;
        Ok(removed)
    }
}

impl Logs {
    /// Removes leading segments; returns their bytes, and the first tick that may still be there.
    fn retain(&self, world: &WorldId, retention: Retention, newest: u64, last: u64) -> Result<(u64, u64)> {
        let mut sized = Vec::new();
        for segment in self.segments(world)? {
            let len = self.disk.len(&segment.path).map_err(|source| StoreError::io(&segment.path, source))?;
            sized.push((segment, len));
        }
        let (mut total, mut removed): (u64, u64) = (sized.iter().map(|(_, len)| len).sum(), 0);
        let mut rest = sized.as_slice();
        while let [(segment, len), behind @ ..] = rest
            && let Some((next, _)) = behind.first()
        {
            let old = retention.ticks.is_some_and(|ticks| next.first_tick.saturating_add(ticks) <= last);
            let much = retention.bytes.is_some_and(|bytes| total > bytes);
            if next.first_tick > newest + 1 || !(old || much) {
                break;
            }
            self.disk.remove(&segment.path).map_err(|source| StoreError::io(&segment.path, source))?;
            (total, removed, rest) = (total - len, removed + len, behind);
        }
        Ok((removed, rest.first().map_or(0, |(segment, _)| segment.first_tick)))
    }

    /// Moves aside what is after a tick; returns the frames of a batch that went across it, and
    /// what they refer to.
    fn cut(&self, world: &WorldId, tick: u64) -> Result<(Frames, Vec<Digest>)> {
        let segments = self.segments(world)?;
        let Some(from) = segments.iter().rposition(|segment| segment.first_tick <= tick) else {
            segments.iter().rev().try_for_each(|segment| self.set_aside(world, segment))?;
            return Ok(Default::default());
        };
        let segment = &segments[from];
        let bytes = read_file(&*self.disk, &segment.path)?;
        let (records, _) = run_of(&bytes, None);
        let (mut end, mut across) = (0, (Vec::new(), Vec::new()));
        for record in &records {
            match entry_of(world, &segment.path, record)? {
                Entry::Frames { last, raw_bytes, refs, packed, .. } if last > tick => {
                    let mut frames = unpack(world, &segment.path, record, raw_bytes, packed)?;
                    frames.retain(|(at, _)| *at <= tick);
                    across = (frames, refs);
                    break;
                }
                Entry::Epoch(epoch) if epoch.tick > tick => break,
                _ => end = record.end(),
            }
        }
        for later in segments[from + 1..].iter().rev() {
            self.set_aside(world, later)?;
        }
        if end < bytes.len() {
            self.set_aside(world, segment)?;
            if end > 0 {
                let fail = |source| StoreError::io(&segment.path, source);
                let made = self.dir(world).join("segment.new");
                self.disk.write_new(&made, &bytes[..end]).map_err(fail)?;
                self.disk.rename(&made, &segment.path).map_err(fail)?;
            }
        }
        let dir = self.dir(world);
        self.disk.sync_dir(&dir).map_err(|source| StoreError::io(&dir, source))?;
        Ok(across)
    }

    /// Moves a file out of the log, beside whatever was moved there before.
    fn set_aside(&self, world: &WorldId, segment: &Segment) -> Result<()> {
        let fail = |source| StoreError::io(&segment.path, source);
        let dir = self.data.join(ASIDE).join(FOLDER).join(world.as_str());
        self.disk.create_dir(&dir).map_err(fail)?;
        let name = segment.path.file_name().unwrap_or_default().to_string_lossy();
        let free = (0_u64..).map(|at| dir.join(format!("{name}.{at}"))).find(|path| !self.disk.exists(path));
        free.map_or(Ok(()), |path| self.disk.rename(&segment.path, &path)).map_err(fail)
    }
}

/// The entries of a log, read batch by batch and verified on the way.
pub struct FrameReader {
    disk: Arc<dyn Disk>,
    world: WorldId,
    segments: Vec<Segment>,
    /// The segment that is being written, and how long it was when reading began.
    limit: Option<(PathBuf, u64)>,
    ticks: RangeInclusive<u64>,
    next: usize,
    chain: Option<Chain>,
    batch: std::vec::IntoIter<LogEntry>,
    failed: Option<StoreError>,
}

impl Iterator for FrameReader {
    type Item = Result<LogEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.batch.next() {
                return Some(Ok(entry));
            }
            if let Some(error) = self.failed.take() {
                self.next = self.segments.len();
                return Some(Err(error));
            }
            if self.next >= self.segments.len() {
                return None;
            }
            self.load();
        }
    }
}

impl FrameReader {
    /// Loads the next segment; an error waits behind the entries before it.
    fn load(&mut self) {
        let (mut entries, ticks, world) = (Vec::new(), self.ticks.clone(), self.world.clone());
        let path = self.segments[self.next].path.clone();
        let result = self.segment(|record, entry| {
            match entry {
                Entry::Frames { first, last, raw_bytes, packed, .. } => {
                    if first <= *ticks.end() && last >= *ticks.start() {
                        let frames = unpack(&world, &path, record, raw_bytes, packed)?;
                        let wanted = frames.into_iter().filter(|(tick, _)| ticks.contains(tick));
                        entries.extend(wanted.map(|(tick, bytes)| LogEntry::Frame { tick, bytes }));
                    }
                }
                Entry::Epoch(epoch) if ticks.contains(&epoch.tick) => entries.push(LogEntry::Epoch(epoch)),
                Entry::Epoch(_) | Entry::Header { .. } => {}
            }
            Ok(())
        });
        self.failed = result.err();
        self.batch = entries.into_iter();
        let beyond =
            self.segments.get(self.next).is_some_and(|segment| segment.first_tick > *self.ticks.end());
        if beyond {
            self.next = self.segments.len();
        }
    }

    /// Runs over the records of what is left.
    fn each_record(mut self, mut take: impl FnMut(&Record<'_>, Entry<'_>) -> Result<()>) -> Result<()> {
        while self.next < self.segments.len() {
            self.segment(&mut take)?;
        }
        Ok(())
    }

    /// Runs over the records of the next segment.
    fn segment(&mut self, mut take: impl FnMut(&Record<'_>, Entry<'_>) -> Result<()>) -> Result<()> {
        let segment = self.segments[self.next].clone();
        self.next += 1;
        let path = &segment.path;
        let mut bytes = read_file(&*self.disk, path)?;
        if let Some((_, len)) = self.limit.as_ref().filter(|(limited, _)| limited == path) {
            if (bytes.len() as u64) < *len {
                return Err(damaged(&self.world, path, bytes.len() as u64, "its end is missing"));
            }
            bytes.truncate(usize::try_from(*len).unwrap_or(usize::MAX));
        }
        let (records, end) = run_of(&bytes, self.chain);
        for (at, record) in records.iter().enumerate() {
            let entry = entry_of(&self.world, path, record)?;
            let heads = matches!(&entry, Entry::Header { world } if *world == self.world);
            if record.number != segment.number + at as u64 || heads != (at == 0) {
                return Err(damaged(
                    &self.world,
                    path,
                    record.offset as u64,
                    "a batch is in the wrong place",
                ));
            }
            take(record, entry)?;
        }
        self.chain = records.last().map(|record| record.hash);
        let offset = records.last().map_or(0, Record::end) as u64;
        match end {
            End::Whole if offset > 0 => Ok(()),
            End::Whole => Err(damaged(&self.world, path, 0, "it is empty")),
            End::Torn { .. } | End::Damaged { .. } => {
                Err(damaged(&self.world, path, offset, "a batch is unreadable or does not follow"))
            }
        }
    }
}

/// The records of a segment; without a chain to follow, its first one is believed.
fn run_of(bytes: &[u8], chain: Option<Chain>) -> (Vec<Record<'_>>, End) {
    let first = || record::at(bytes, 0).map(|record| record.previous).unwrap_or_default();
    record::run(bytes, 0, chain.unwrap_or_else(first))
}

fn entry_of<'a>(world: &WorldId, path: &Path, record: &Record<'a>) -> Result<Entry<'a>> {
    postcard::from_bytes(record.payload)
        .map_err(|error| damaged(world, path, record.offset as u64, &error.to_string()))
}

fn last_frame(world: &WorldId, path: &Path, records: &[Record<'_>]) -> Result<Option<u64>> {
    for record in records.iter().rev() {
        if let Entry::Frames { last, .. } = entry_of(world, path, record)? {
            return Ok(Some(last));
        }
    }
    Ok(None)
}

fn pack_check(frames: &[(u64, &[u8])], refs: &[Digest]) -> Result<Vec<u8>> {
    at_most("a batch of frames", frames.len(), FRAME_BATCH_FRAMES_MAX)?;
    at_most("the references of a batch", refs.len(), REFERENCES_MAX)?;
    let bytes = frames.iter().map(|(_, bytes)| bytes.len() + 20).sum();
    at_most("a batch of frames", bytes, FRAME_BATCH_BYTES_MAX)?;
    Ok(encode(frames))
}

fn unpack(
    world: &WorldId,
    path: &Path,
    record: &Record<'_>,
    raw_bytes: u64,
    packed: &[u8],
) -> Result<Frames> {
    let wrong = |detail: &str| damaged(world, path, record.offset as u64, detail);
    let raw_bytes = usize::try_from(raw_bytes).ok().filter(|bytes| *bytes <= FRAME_BATCH_BYTES_MAX);
    let raw_bytes = raw_bytes.ok_or_else(|| wrong("a batch claims to be too large"))?;
    let raw = zstd::bulk::decompress(packed, raw_bytes).map_err(|error| wrong(&error.to_string()))?;
    postcard::from_bytes(&raw).map_err(|error| wrong(&error.to_string()))
}

fn read_file(disk: &dyn Disk, path: &Path) -> Result<Vec<u8>> {
    disk.read(path).map_err(|source| StoreError::io(path, source))
}

fn damaged(world: &WorldId, path: &Path, offset: u64, detail: &str) -> StoreError {
    StoreError::FramesDamaged {
        world: world.to_string(),
        place: Place { file: path.into(), offset },
        detail: detail.into(),
    }
}
