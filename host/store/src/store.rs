//! The store: one handle for everything, cheap to clone.
//!
//! Owns the parts and hands them to the modules that speak of spells, worlds and blobs; knows
//! none of these itself.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::change::Change;
use crate::commit::{Committer, View};
use crate::database::{Database, Reader, Sum};
use crate::disk::Disk;
use crate::error::Result;
use crate::frames::Logs;
use crate::journal::Journal;
use crate::lock::DirLock;
use crate::open::{Options, all_rows};
use crate::tree::Row;

/// An open store. Every function blocks on the disk; every mutation that returned is durable.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    database: Database,
    committer: Committer,
    logs: Logs,
    /// Held for writing while files go away, for reading while none may.
    files: RwLock<()>,
    disk: Arc<dyn Disk>,
    clock: fn() -> u64,
    reserve_bytes: u64,
    // Last, so that the directory is free only when nothing uses it any more.
    lock: DirLock,
}

/// Something that was made, or was there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created<T> {
    /// The thing.
    pub value: T,
    /// False if it was there already.
    pub created: bool,
}

impl Store {
    pub(crate) fn new(
        lock: DirLock,
        options: Options,
        database: Database,
        journal: Journal,
        sum: Sum,
    ) -> Self {
        let logs = Logs::new(options.disk.clone(), lock.dir(), options.reserve_bytes);
        Self(Arc::new(Inner {
            database,
            committer: Committer::new(journal, sum, options.journal_bytes_max),
            logs,
            files: RwLock::new(()),
            disk: options.disk,
            clock: options.clock,
            reserve_bytes: options.reserve_bytes,
            lock,
        }))
    }

    /// The data directory.
    pub fn dir(&self) -> &Path {
        self.0.lock.dir()
    }

    /// The number of the last change.
    pub fn sequence(&self) -> u64 {
        self.0.committer.sequence()
    }

    /// Whether the last change was refused for want of space. Every change tries again.
    pub fn is_full(&self) -> bool {
        self.0.committer.is_full()
    }

    /// Puts the database on the disk, so that the next opening has nothing to replay. Durability
    /// does not need it.
    pub fn flush(&self) -> Result<()> {
        self.0.committer.flush(&self.0.database)
    }

    /// Replaces the journal by a checkpoint of the state. Happens by itself when it has grown.
    pub fn compact(&self) -> Result<()> {
        self.0.committer.compact(&self.0.database)
    }

    /// Flushes, marks the end of the journal, and refuses changes from now on. Dropping the last
    /// handle does the same, without telling what went wrong.
    pub fn close(&self) -> Result<()> {
        self.0.committer.close(&self.0.database)
    }

    /// Runs a decision; what it decides is durable and visible when this returns. Nobody may hold
    /// a [`Reader`] on this thread.
    pub(crate) fn change<T, F>(&self, decide: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&View<'_>) -> Result<(Option<Change>, T)> + Send + 'static,
    {
        self.0.committer.submit(&self.0.database, decide)
    }

    pub(crate) fn reader(&self) -> Reader<'_> {
        self.0.database.reader()
    }

    pub(crate) fn standing<T>(&self, run: impl FnOnce(u64, Sum) -> T) -> T {
        self.0.committer.standing(run)
    }

    /// The sum over all rows as they are in the database.
    pub(crate) fn sum(&self) -> Result<Sum> {
        self.0.database.sum()
    }

    pub(crate) fn all_rows(&self) -> Result<Vec<Row>> {
        all_rows(&self.0.database)
    }

    pub(crate) fn logs(&self) -> &Logs {
        &self.0.logs
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.0.disk
    }

    pub(crate) fn path(&self, folder: &str) -> PathBuf {
        self.dir().join(folder)
    }

    pub(crate) fn now_ms(&self) -> u64 {
        (self.0.clock)()
    }

    pub(crate) fn reserve_bytes(&self) -> u64 {
        self.0.reserve_bytes
    }

    /// Keeps files from going away until the guard is dropped.
    pub(crate) fn keep_files(&self) -> RwLockReadGuard<'_, ()> {
        self.0.files.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for everyone who needs files to stay, and keeps others from starting.
    pub(crate) fn remove_files(&self) -> RwLockWriteGuard<'_, ()> {
        self.0.files.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Nobody is left to tell; the next opening replays.
        let _ = self.committer.close(&self.database);
    }
}
