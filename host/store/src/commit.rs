//! The one way to change something: decide, journal, sync, apply, answer.
//!
//! Whoever comes first commits for everyone who waits behind (one sync for all of them). A
//! decision sees the database with the changes decided before it in the same batch on top, so
//! that compare-and-swap holds between threads. Promises that nothing is visible or answered
//! before it is durable, and that a failed write answers everyone with the failure. It does not
//! know what the changes mean.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::change::Change;
use crate::database::{Database, Reader, Rows, Sum, weight};
use crate::error::{Result, StoreError};
use crate::journal::Journal;
use crate::tree::{Look, Row, Stored, Tree, decode};

/// After this many changes the database is flushed, which bounds what an opening replays.
const FLUSH_CHANGES: u64 = 4096;

/// What a decision sees.
pub struct View<'a> {
    reader: Reader<'a>,
    pending: Rows,
}

impl Look for View<'_> {
    fn raw(&self, tree: Tree, key: &[u8]) -> Result<Option<Vec<u8>>> {
        match self.pending.get(&(tree, key.to_vec())) {
            Some(value) => Ok(value.clone()),
            None => self.reader.raw(tree, key),
        }
    }
}

impl View<'_> {
    /// The values whose keys begin with `prefix`, in order.
    pub fn all<S: Stored>(&self, prefix: &[u8]) -> Result<Vec<S>> {
        let mut rows = BTreeMap::new();
        self.reader.each(S::TREE, prefix, |key, value| {
            rows.insert(key.to_vec(), value.to_vec());
            Ok(())
        })?;
        let pending =
            self.pending.iter().filter(|((tree, key), _)| *tree == S::TREE && key.starts_with(prefix));
        for ((_, key), value) in pending {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        rows.values().map(|value| decode(S::TREE, value)).collect()
    }

    fn push(&mut self, row: Row, sum: &mut Sum) -> Result<()> {
        if let Some(old) = self.raw(row.tree, &row.key)? {
            *sum = sum.wrapping_sub(weight(row.tree, &row.key, &old));
        }
        if let Some(new) = &row.value {
            *sum = sum.wrapping_add(weight(row.tree, &row.key, new));
        }
        self.pending.insert((row.tree, row.key), row.value);
        Ok(())
    }
}

/// Somebody who waits for a change.
trait Waiting: Send {
    /// Decides, keeping the answer back.
    fn decide(&mut self, view: &View<'_>) -> Option<Change>;
    /// Replaces an answer that was not made true.
    fn fail(&mut self, error: StoreError);
}

struct Asked<F, T> {
    decide: Option<F>,
    answer: Arc<Mutex<Option<Result<T>>>>,
}

impl<F, T> Waiting for Asked<F, T>
where
    F: FnOnce(&View<'_>) -> Result<(Option<Change>, T)> + Send,
    T: Send,
{
    fn decide(&mut self, view: &View<'_>) -> Option<Change> {
        let decided = self.decide.take()?(view);
        let (change, answer) = match decided {
            Ok((change, answer)) => (change, Ok(answer)),
            Err(error) => (None, Err(error)),
        };
        *lock(&self.answer) = Some(answer);
        change
    }

    fn fail(&mut self, error: StoreError) {
        let mut answer = lock(&self.answer);
        if !matches!(*answer, Some(Err(_))) {
            *answer = Some(Err(error));
        }
    }
}

/// Serialises changes.
pub struct Committer {
    queue: Mutex<Vec<Box<dyn Waiting>>>,
    core: Mutex<Core>,
}

struct Core {
    journal: Journal,
    sum: Sum,
    unflushed: u64,
    journal_bytes_max: u64,
    /// Why nothing can be changed any more.
    stopped: Option<String>,
    full: bool,
}

impl Committer {
    pub fn new(journal: Journal, sum: Sum, journal_bytes_max: u64) -> Self {
        let core = Core { journal, sum, unflushed: 0, journal_bytes_max, stopped: None, full: false };
        Self { queue: Mutex::default(), core: Mutex::new(core) }
    }

    /// Runs one decision, and answers when its change is durable and visible.
    pub fn submit<T, F>(&self, database: &Database, decide: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&View<'_>) -> Result<(Option<Change>, T)> + Send + 'static,
    {
        let answer = Arc::new(Mutex::new(None));
        lock(&self.queue).push(Box::new(Asked { decide: Some(decide), answer: answer.clone() }));
        let mut core = lock(&self.core);
        // Whoever had the core before may have committed this too.
        if lock(&answer).is_none() {
            let batch = std::mem::take(&mut *lock(&self.queue));
            core.commit(database, batch);
        }
        drop(core);
        let answer = lock(&answer).take();
        answer
            .unwrap_or_else(|| Err(StoreError::StoreFailed { detail: "a change was lost by a panic".into() }))
    }

    /// The number of the last durable change.
    pub fn sequence(&self) -> u64 {
        lock(&self.core).journal.sequence()
    }

    /// Whether the last change was refused for want of space.
    pub fn is_full(&self) -> bool {
        lock(&self.core).full
    }

    /// Flushes the database, so that the next opening has nothing to replay.
    pub fn flush(&self, database: &Database) -> Result<()> {
        lock(&self.core).flush(database)
    }

    /// Replaces the journal by a checkpoint of the state.
    pub fn compact(&self, database: &Database) -> Result<()> {
        let mut core = lock(&self.core);
        if let Some(detail) = &core.stopped {
            return Err(StoreError::StoreFailed { detail: detail.clone() });
        }
        core.compact(database)
    }

    /// Runs something while nothing can change; gives it sequence and sum of the state.
    pub fn standing<T>(&self, run: impl FnOnce(u64, Sum) -> T) -> T {
        let core = lock(&self.core);
        run(core.journal.sequence(), core.sum)
    }

    /// Flushes, marks the end of the journal, and takes no more changes.
    pub fn close(&self, database: &Database) -> Result<()> {
        let mut core = lock(&self.core);
        if core.stopped.is_some() {
            return Ok(());
        }
        core.flush(database)?;
        core.journal.close()?;
        core.stopped = Some("it was closed".into());
        Ok(())
    }
}

impl Core {
    fn commit(&mut self, database: &Database, mut batch: Vec<Box<dyn Waiting>>) {
        const PANICKED: &str = "a change panicked";
        // Stands only if a panic leaves this function on the way.
        let stopped = self.stopped.replace(PANICKED.into());
        let committed = self.try_commit(database, &mut batch, stopped.as_deref());
        if self.stopped.as_deref() == Some(PANICKED) {
            self.stopped = stopped;
        }
        if let Err(error) = committed {
            self.journal.unstage();
            self.full = matches!(error, StoreError::StoreFull { .. });
            batch.iter_mut().for_each(|waiting| waiting.fail(copy(&error)));
        }
    }

    fn try_commit(
        &mut self,
        database: &Database,
        batch: &mut [Box<dyn Waiting>],
        stopped: Option<&str>,
    ) -> Result<()> {
        if let Some(detail) = stopped {
            return Err(StoreError::StoreFailed { detail: detail.into() });
        }
        let mut view = View { reader: database.reader(), pending: Rows::new() };
        let mut sum = self.sum;
        let mut changes = 0;
        for waiting in batch {
            let Some(change) = waiting.decide(&view) else { continue };
            for row in change.rows() {
                view.push(row, &mut sum)?;
            }
            self.journal.stage(&change, sum)?;
            changes += 1;
        }
        if changes == 0 {
            return Ok(());
        }
        // From here on readers may go on beside us; only this thread changes anything.
        let View { reader, pending } = view;
        drop(reader);
        self.journal.commit().inspect_err(|error| self.stop_unless_full(error))?;
        self.sum = sum;
        self.full = false;
        let applied = database.apply(&pending, self.journal.sequence(), sum);
        // Durable but not visible: only opening again can put that right.
        applied.map_err(|error| self.stop(&error))?;
        self.unflushed += changes;
        self.keep_house(database);
        Ok(())
    }

    fn stop_unless_full(&mut self, error: &StoreError) {
        if !matches!(error, StoreError::StoreFull { .. }) {
            let _ = self.stop(error);
        }
    }

    fn stop(&mut self, error: &StoreError) -> StoreError {
        let detail = error.to_string();
        self.stopped = Some(detail.clone());
        StoreError::StoreFailed { detail }
    }

    /// What bounds the next opening. The change is durable already, so a failure here is not its
    /// failure: it is tried again after the next one.
    fn keep_house(&mut self, database: &Database) {
        if self.unflushed >= FLUSH_CHANGES {
            let _ = self.flush(database);
        }
        if self.journal.len() > self.journal_bytes_max.max(4 * self.journal.checkpoint_len()) {
            let _ = self.compact(database);
        }
    }

    fn flush(&mut self, database: &Database) -> Result<()> {
        database.flush()?;
        self.unflushed = 0;
        Ok(())
    }

    fn compact(&mut self, database: &Database) -> Result<()> {
        self.flush(database)?;
        self.journal.compact(&database.reader(), self.sum)
    }
}

/// The same failure for everyone who shared it.
fn copy(error: &StoreError) -> StoreError {
    match error {
        StoreError::StoreFull { path } => StoreError::StoreFull { path: path.clone() },
        error => StoreError::StoreFailed { detail: error.to_string() },
    }
}

/// A panic of one thread is answered where it happened; what the others share is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
