//! The database: sled, and the only file that names it.
//!
//! Holds the trees, lazily flushed: nothing here is durable by itself, the journal is. Two marks
//! stand beside the trees: up to which change the trees are certainly on disk (`flushed`), and the
//! last change applied (`applied`). Promises that readers see a change whole or not at all, and
//! that damage is an error: every row is counted in a sum that the journal knows too.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use crate::error::{Result, StoreError};
use crate::record;
use crate::tree::{Look, Stored, Tree, decode};

/// The folder of the database in the data directory.
pub const FOLDER: &str = "db";
/// What sled may keep in memory, in bytes: little, since rows are small, and a host's memory is then flat from its first
/// thousand changes on. What is read again comes from the system's own cache of files.
const CACHE_BYTES: u64 = 128 << 10;

/// sled keeps its own lock for a moment after it was dropped, until its threads are done. Nobody
/// else can have it: the directory is locked.
const LOCK_TRIES: u32 = 1000;
const LOCK_WAIT: Duration = Duration::from_millis(5);

/// A sum over rows that does not depend on their order: adding and taking away are inverse.
pub type Sum = u128;

/// What becomes of some keys.
pub type Rows = BTreeMap<(Tree, Vec<u8>), Option<Vec<u8>>>;

/// What a row counts in the sum.
pub fn weight(tree: Tree, key: &[u8], value: &[u8]) -> Sum {
    let head = [&[tree as u8][..], &(key.len() as u32).to_le_bytes()].concat();
    u128::from_le_bytes(record::short(&[&head, key, value].concat()))
}

/// The open database.
pub struct Database {
    path: PathBuf,
    sled: sled::Db,
    trees: Vec<sled::Tree>,
    marks: sled::Tree,
    /// Held for writing while one batch of changes becomes visible.
    visible: RwLock<()>,
}

/// The rows as they are between two batches of changes, for as long as this lives.
pub struct Reader<'a> {
    database: &'a Database,
    _still: RwLockReadGuard<'a, ()>,
}

impl Database {
    /// Opens or makes it. On damaged files sled may also hang: see [`crate::probe`].
    pub fn open(dir: &Path) -> Result<Self> {
        let path = dir.join(FOLDER);
        // sled meets some damage with a panic; to us all damage is one error.
        let open = || catch_unwind(AssertUnwindSafe(|| Self::try_open(&path)));
        let opened = (0..LOCK_TRIES).find_map(|_| match open() {
            Ok(Err(error)) if is_locked(&error) => {
                std::thread::sleep(LOCK_WAIT);
                None
            }
            opened => Some(opened),
        });
        opened
            .unwrap_or_else(open)
            .map_err(|_| damaged(&path, "sled panicked".into()))?
            .map_err(|error| damaged(&path, error.to_string()))
    }

    fn try_open(path: &Path) -> sled::Result<Self> {
        let config = sled::Config::new().path(path).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        let sled = config.open()?;
        let trees =
            Tree::ALL.iter().map(|tree| sled.open_tree(tree.name())).collect::<sled::Result<Vec<_>>>()?;
        let marks = sled.open_tree("marks")?;
        Ok(Self { path: path.into(), sled, trees, marks, visible: RwLock::new(()) })
    }

    /// The rows, standing still.
    pub fn reader(&self) -> Reader<'_> {
        let still = self.visible.read().unwrap_or_else(PoisonError::into_inner);
        Reader { database: self, _still: still }
    }

    /// Makes rows visible together, as the state after the change `sequence`.
    pub fn apply(&self, rows: &Rows, sequence: u64, sum: Sum) -> Result<()> {
        let mut batches: BTreeMap<Tree, sled::Batch> = BTreeMap::new();
        for ((tree, key), value) in rows {
            let batch = batches.entry(*tree).or_default();
            match value {
                Some(value) => batch.insert(key.as_slice(), value.as_slice()),
                None => batch.remove(key.as_slice()),
            }
        }
        let _alone = self.visible.write().unwrap_or_else(PoisonError::into_inner);
        for (tree, batch) in batches {
            self.sled_tree(tree).apply_batch(batch).map_err(|error| self.wrong(error))?;
        }
        let applied = [&sequence.to_le_bytes()[..], &sum.to_le_bytes()].concat();
        self.marks.insert("applied", applied).map(|_| ()).map_err(|error| self.wrong(error))
    }

    /// Puts everything applied so far onto the disk.
    pub fn flush(&self) -> Result<()> {
        let (applied, _) = self.applied()?;
        self.sync()?;
        // Only true after the sync, so only written after it.
        self.mark("flushed", applied)?;
        self.sync()
    }

    fn sync(&self) -> Result<()> {
        self.sled.flush().map_err(|error| self.wrong(error))?;
        // sled does not sync every file that it writes (its issue 1452).
        sync_files(&self.path).map_err(|source| StoreError::io(&self.path, source))
    }

    /// Everything up to this change was on the disk when this was written.
    pub fn flushed(&self) -> Result<u64> {
        Ok(self.read_mark("flushed")?.unwrap_or(0))
    }

    /// The last change applied, and the sum over all rows after it.
    pub fn applied(&self) -> Result<(u64, Sum)> {
        let Some(bytes) = self.marks.get("applied").map_err(|error| self.wrong(error))? else {
            return Ok((0, 0));
        };
        let parts =
            bytes.split_first_chunk().and_then(|(sequence, sum)| Some((*sequence, sum.try_into().ok()?)));
        let (sequence, sum) = parts.ok_or_else(|| damaged(&self.path, "the mark `applied`".into()))?;
        Ok((u64::from_le_bytes(sequence), Sum::from_le_bytes(sum)))
    }

    /// The schema of the rows; `None` in a new database.
    pub fn schema(&self) -> Result<Option<u32>> {
        Ok(self.read_mark("schema")?.and_then(|schema| u32::try_from(schema).ok()))
    }

    pub fn set_schema(&self, schema: u32) -> Result<()> {
        self.mark("schema", schema.into())
    }

    /// Removes every row and mark.
    pub fn clear(&self) -> Result<()> {
        self.trees
            .iter()
            .chain([&self.marks])
            .try_for_each(|tree| tree.clear())
            .map_err(|error| self.wrong(error))
    }

    /// The sum over all rows; reads everything.
    pub fn sum(&self) -> Result<Sum> {
        let reader = self.reader();
        let mut sum: Sum = 0;
        for tree in Tree::ALL {
            reader.each(*tree, &[], |key, value| {
                sum = sum.wrapping_add(weight(*tree, key, value));
                Ok(())
            })?;
        }
        Ok(sum)
    }

    fn sled_tree(&self, tree: Tree) -> &sled::Tree {
        &self.trees[tree as usize]
    }

    fn mark(&self, name: &str, value: u64) -> Result<()> {
        self.marks.insert(name, &value.to_le_bytes()).map(|_| ()).map_err(|error| self.wrong(error))
    }

    fn read_mark(&self, name: &str) -> Result<Option<u64>> {
        let Some(bytes) = self.marks.get(name).map_err(|error| self.wrong(error))? else { return Ok(None) };
        let bytes =
            bytes.as_ref().try_into().map_err(|_| damaged(&self.path, format!("the mark `{name}`")))?;
        Ok(Some(u64::from_le_bytes(bytes)))
    }

    fn wrong(&self, error: sled::Error) -> StoreError {
        match error {
            sled::Error::Io(source) => StoreError::io(&self.path, source),
            error => damaged(&self.path, error.to_string()),
        }
    }
}

impl Look for Reader<'_> {
    fn raw(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let found = self.database.sled_tree(tree).get(key).map_err(|error| self.database.wrong(error))?;
        Ok(found.map(|bytes| bytes.to_vec()))
    }
}

impl Reader<'_> {
    /// Every row whose key begins with `prefix`, in order.
    pub fn each(
        &self,
        tree: Tree,
        prefix: &[u8],
        mut take: impl FnMut(&[u8], &[u8]) -> Result<()>,
    ) -> Result<()> {
        for row in self.database.sled_tree(tree).scan_prefix(prefix) {
            let (key, value) = row.map_err(|error| self.database.wrong(error))?;
            take(&key, &value)?;
        }
        Ok(())
    }

    /// The values whose keys begin with `prefix`, in order.
    pub fn all<S: Stored>(&self, prefix: &[u8]) -> Result<Vec<S>> {
        let mut values = Vec::new();
        self.each(S::TREE, prefix, |_, value| {
            values.push(decode(S::TREE, value)?);
            Ok(())
        })?;
        Ok(values)
    }

    /// The last values whose keys begin with `prefix`, from the last backwards.
    pub fn last<S: Stored>(&self, prefix: &[u8], most: usize) -> Result<Vec<S>> {
        let rows = self.database.sled_tree(S::TREE).scan_prefix(prefix).rev().take(most);
        rows.map(|row| decode(S::TREE, &row.map_err(|error| self.database.wrong(error))?.1)).collect()
    }
}

/// sled tells this kind of error only by its text.
fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(source) if source.to_string().contains("could not acquire lock"))
}

fn damaged(path: &Path, detail: String) -> StoreError {
    StoreError::DatabaseDamaged { dir: path.into(), detail }
}

fn sync_files(dir: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        match path.is_dir() {
            true => sync_files(&path)?,
            false => match File::open(&path) {
                // Its own snapshots come and go.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                file => file?.sync_all()?,
            },
        }
    }
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}
