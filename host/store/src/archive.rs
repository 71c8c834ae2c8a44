//! Everything in one file: export from a live store, import into an empty directory.
//!
//! An archive is a run of records: a header, the rows, the blobs, the files of the frame logs, an
//! end. The same state gives the same bytes. Promises on import that nothing is in place before
//! all of it was read and verified. The secrets and the cache of compiled components stay behind.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::blobs::{self, BlobInfo, Blobs};
use crate::database::Sum;
use crate::digest::{Digest, hex};
use crate::disk::{Disk, OsDisk};
use crate::error::{Result, StoreError};
use crate::frames::{self, Logs};
use crate::id::WorldId;
use crate::journal::{self, Checkpoint};
use crate::limits::ROWS_BYTES;
use crate::lock::DirLock;
use crate::open::Options;
use crate::record::{self, Chain};
use crate::schema;
use crate::store::Store;
use crate::tree::{Row, Tree, decode, encode};

const FORMAT: u32 = 1;
/// Files of frame logs are split into pieces of this many bytes.
const PIECE_BYTES: usize = 4 << 20;
/// Where an import is until it is whole.
const MAKING: &str = "importing";

/// What a record of an archive carries, in this order.
#[derive(Debug, Serialize, Deserialize)]
enum Entry {
    Header { format: u32, schema: u32, sequence: u64, sum: Sum },
    Rows(Vec<Row>),
    Blob { digest: Digest, bytes: Vec<u8> },
    File { world: WorldId, name: String, offset: u64, bytes: Vec<u8> },
    End,
}

/// What was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The last change that is in it.
    pub sequence: u64,
    /// Rows.
    pub rows: u64,
    /// Blobs.
    pub blobs: u64,
    /// The size of the archive.
    pub bytes: u64,
    /// The digest of the archive.
    pub digest: Digest,
}

/// What was imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The last change that was in the archive.
    pub sequence: u64,
    /// Rows.
    pub rows: u64,
    /// Blobs.
    pub blobs: u64,
}

impl Store {
    /// Writes everything as of one change; others go on meanwhile.
    ///
    /// # Errors
    /// `corrupt` or `frames_damaged` if something cannot be read, `io` if `out` cannot be written.
    pub fn export(&self, out: &mut impl Write) -> Result<Exported> {
        let _stay = self.keep_files();
        let (sequence, sum, rows, files) = self.standing(|sequence, sum| {
            let rows = self.all_rows()?;
            let worlds = self.worlds()?.into_iter().map(|world| {
                let files = self.logs().files(&world.world_id)?;
                Ok((world.world_id, files))
            });
            Ok::<_, StoreError>((sequence, sum, rows, worlds.collect::<Result<Vec<_>>>()?))
        })?;
        let mut writer =
            Writer { out, number: 0, chain: Chain::default(), hasher: blake3::Hasher::new(), bytes: 0 };
        let schema = schema::CURRENT.version;
        writer.write(&Entry::Header { format: FORMAT, schema, sequence, sum })?;
        writer.rows(&rows)?;
        let mut blobs = 0;
        for row in rows.iter().filter(|row| row.tree == Tree::Blobs) {
            let blob: BlobInfo = decode(Tree::Blobs, row.value.as_deref().unwrap_or_default())?;
            writer.write(&Entry::Blob { digest: blob.digest, bytes: self.get(&blob.digest)? })?;
            blobs += 1;
        }
        for (world, files) in &files {
            for (name, path, len) in files {
                writer.file(self.disk(), world, name, path, *len)?;
            }
        }
        writer.write(&Entry::End)?;
        let (bytes, digest) = (writer.bytes, Digest(*writer.hasher.finalize().as_bytes()));
        out.flush().map_err(|source| StoreError::io(Path::new("archive"), source))?;
        Ok(Exported { sequence, rows: rows.len() as u64, blobs, bytes, digest })
    }
}

struct Writer<'a, W> {
    out: &'a mut W,
    number: u64,
    chain: Chain,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<W: Write> Writer<'_, W> {
    fn write(&mut self, entry: &Entry) -> Result<()> {
        let mut bytes = Vec::new();
        self.chain = record::write(&mut bytes, self.number, self.chain, &encode(entry));
        self.number += 1;
        self.bytes += bytes.len() as u64;
        self.hasher.update(&bytes);
        self.out.write_all(&bytes).map_err(|source| StoreError::io(Path::new("archive"), source))
    }

    fn rows(&mut self, rows: &[Row]) -> Result<()> {
        let (mut some, mut size) = (Vec::new(), 0);
        for row in rows {
            size += row.key.len() + row.value.as_ref().map_or(0, Vec::len);
            some.push(row.clone());
            if size >= ROWS_BYTES {
                self.write(&Entry::Rows(std::mem::take(&mut some)))?;
                size = 0;
            }
        }
        self.write(&Entry::Rows(some))
    }

    fn file(&mut self, disk: &dyn Disk, world: &WorldId, name: &str, path: &Path, len: u64) -> Result<()> {
        let mut bytes = disk.read(path).map_err(|source| StoreError::io(path, source))?;
        bytes.truncate(usize::try_from(len).unwrap_or(usize::MAX));
        for (at, piece) in bytes.chunks(PIECE_BYTES).enumerate() {
            let offset = (at * PIECE_BYTES) as u64;
            self.write(&Entry::File {
                world: world.clone(),
                name: name.into(),
                offset,
                bytes: piece.into(),
            })?;
        }
        Ok(())
    }
}

/// How every archive begins.
pub const ARCHIVE_BEGIN: [u8; 4] = record::MAGIC;

/// Makes the store that an archive holds, in a directory that is empty or not there.
///
/// # Errors
/// `not_empty`, `bad_archive`, `schema_too_new`, `store_in_use`, `store_full`, `io`.
pub fn import(dir: &Path, archive: &mut impl Read) -> Result<Imported> {
    let lock = DirLock::take(dir)?;
    let fail = |source| StoreError::io(dir, source);
    if OsDisk.list(dir).map_err(fail)?.iter().any(|name| name != "lock") {
        return Err(StoreError::NotEmpty { dir: dir.into() });
    }
    let making = dir.join(MAKING);
    let made = fs::create_dir(&making).map_err(fail).and_then(|()| unpack(&making, archive));
    let (checkpoint, blobs) = match made {
        Ok(made) => made,
        Err(error) => {
            fs::remove_dir_all(&making).map_err(fail)?;
            return Err(error);
        }
    };
    // The journal last: without it there is no store.
    for folder in [blobs::FOLDER, frames::FOLDER, journal::FOLDER] {
        let from = making.join(folder);
        if from.exists() {
            fs::rename(&from, dir.join(folder)).map_err(fail)?;
        }
    }
    fs::remove_dir(&making).and_then(|()| OsDisk.sync_dir(dir)).map_err(fail)?;
    let (store, opened) = Store::open_locked(lock, Options { probed: true, ..Options::default() })?;
    store.close()?;
    Ok(Imported { sequence: opened.sequence, rows: checkpoint.rows.len() as u64, blobs })
}

/// Reads and verifies everything into a folder.
fn unpack(dir: &Path, archive: &mut impl Read) -> Result<(Checkpoint, u64)> {
    let mut reader = Reader { archive, number: 0, chain: Chain::default() };
    let mut intake = match reader.next()? {
        Entry::Header { format: FORMAT, schema, sequence, sum } => {
            let known = schema::CURRENT.version;
            if schema != known {
                return Err(StoreError::SchemaTooNew { dir: "the archive".into(), found: schema, known });
            }
            Intake::new(dir, Checkpoint { sequence, sum, schema, rows: Vec::new() })
        }
        Entry::Header { format, .. } => return Err(bad(format!("it has the format {format}"))),
        _ => return Err(bad("it has no header")),
    };
    loop {
        match reader.next()? {
            Entry::Rows(rows) => intake.checkpoint.rows.extend(rows),
            Entry::Blob { digest, bytes } => intake.blob(digest, &bytes)?,
            Entry::File { world, name, offset, bytes } => intake.file(&world, &name, offset, &bytes)?,
            Entry::Header { .. } => return Err(bad("it has two headers")),
            Entry::End => break,
        }
    }
    intake.finish()
}

struct Reader<'a, R> {
    archive: &'a mut R,
    number: u64,
    chain: Chain,
}

impl<R: Read> Reader<'_, R> {
    fn next(&mut self) -> Result<Entry> {
        let mut bytes = Vec::new();
        self.fill(&mut bytes, record::OVERHEAD)?;
        let length = record::payload_len(&bytes).ok_or_else(|| bad("a record is damaged"))?;
        self.fill(&mut bytes, length)?;
        let record = record::at(&bytes, 0).filter(|record| record.previous == self.chain);
        let record = record.filter(|record| record.number == self.number);
        let record = record.ok_or_else(|| bad(format!("record {} is damaged", self.number)))?;
        (self.chain, self.number) = (record.hash, self.number + 1);
        postcard::from_bytes(record.payload)
            .map_err(|error| bad(format!("record {}: {error}", record.number)))
    }

    /// Takes as many bytes, and no more memory than there are bytes.
    fn fill(&mut self, bytes: &mut Vec<u8>, count: usize) -> Result<()> {
        let read = self.archive.take(count as u64).read_to_end(bytes);
        let read = read.map_err(|source| StoreError::io(Path::new("archive"), source))?;
        if read == count { Ok(()) } else { Err(bad(format!("it ends within record {}", self.number))) }
    }
}

/// What of an archive is on the disk.
struct Intake<'a> {
    dir: &'a Path,
    checkpoint: Checkpoint,
    blobs: BTreeMap<Digest, u64>,
    /// The file that is being written, and its length.
    file: Option<(PathBuf, u64)>,
}

impl<'a> Intake<'a> {
    fn new(dir: &'a Path, checkpoint: Checkpoint) -> Self {
        Self { dir, checkpoint, blobs: BTreeMap::new(), file: None }
    }

    fn blob(&mut self, digest: Digest, bytes: &[u8]) -> Result<()> {
        if Digest::of(bytes) != digest {
            return Err(bad(format!("the content of {digest} has another digest")));
        }
        let name = hex(&digest.0);
        let folder = self.dir.join(blobs::FOLDER).join(&name[..2]);
        let fail = |source| StoreError::io(&folder, source);
        OsDisk.create_dir(&folder).map_err(fail)?;
        OsDisk.write_new(&folder.join(&name[2..]), bytes).map_err(fail)?;
        self.blobs.insert(digest, bytes.len() as u64);
        Ok(())
    }

    fn file(&mut self, world: &WorldId, name: &str, offset: u64, bytes: &[u8]) -> Result<()> {
        if !Logs::is_file_name(name) {
            return Err(bad("a frame log has a file of a wrong name"));
        }
        let folder = self.dir.join(frames::FOLDER).join(world.as_str());
        let path = folder.join(name);
        let follows = self.file.as_ref().filter(|(open, _)| *open == path).map_or(0, |(_, len)| *len);
        if follows != offset || (offset == 0 && path.exists()) {
            return Err(bad(format!("the pieces of {name} do not follow")));
        }
        let fail = |source| StoreError::io(&path, source);
        OsDisk.create_dir(&folder).map_err(fail)?;
        let mut tail = OsDisk.open_tail(&path).map_err(fail)?;
        tail.append(bytes).and_then(|()| tail.sync()).map_err(fail)?;
        self.file = Some((path, offset + bytes.len() as u64));
        Ok(())
    }

    /// Checks what was read against itself, makes it durable, and writes the journal.
    fn finish(self) -> Result<(Checkpoint, u64)> {
        if schema::sum_of(&self.checkpoint.rows) != self.checkpoint.sum {
            return Err(bad("its rows do not add up"));
        }
        for row in self.checkpoint.rows.iter().filter(|row| row.tree == Tree::Blobs) {
            let blob: BlobInfo = decode(Tree::Blobs, row.value.as_deref().unwrap_or_default())?;
            if self.blobs.get(&blob.digest) != Some(&blob.size) {
                return Err(bad(format!("the blob {} is missing", blob.digest)));
            }
        }
        let logs = Logs::new(std::sync::Arc::new(OsDisk), self.dir, 0);
        for world in logs.worlds()? {
            logs.refs(&world).map_err(|error| bad(error.to_string()))?;
        }
        sync_folders(self.dir).map_err(|source| StoreError::io(self.dir, source))?;
        journal::write_checkpoint(&OsDisk, &self.dir.join(journal::FOLDER), &self.checkpoint)?;
        Ok((self.checkpoint, self.blobs.len() as u64))
    }
}

fn sync_folders(dir: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            sync_folders(&path)?;
        }
    }
    OsDisk.sync_dir(dir)
}

fn bad(detail: impl Into<String>) -> StoreError {
    StoreError::BadArchive { detail: detail.into() }
}
