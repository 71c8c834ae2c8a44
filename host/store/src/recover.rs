//! Recovery: a new journal and database from what can still be read of either.
//!
//! Promises to delete nothing: what was there is moved to `set-aside/`. What is lost is said.
//! Blobs and frame logs are not touched; `fsck` tells of them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::database::{self, Database};
use crate::disk::OsDisk;
use crate::error::{Place, Result, StoreError};
use crate::journal::{self, Checkpoint};
use crate::lock::DirLock;
use crate::open::{Options, all_rows};
use crate::schema;
use crate::store::Store;
use crate::tree::Row;

/// Where a new journal is made before it takes the place of the old.
const MAKING: &str = "recovering";
/// Where the old ones go.
const ASIDE: &str = "set-aside";

/// What to believe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The journal, up to its first unreadable record: when the database is damaged.
    Journal,
    /// The database, if its rows add up: when the journal is damaged.
    Database,
}

/// What a recovery did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The last change of the state that was recovered.
    pub sequence: u64,
    /// How many rows it has.
    pub rows: usize,
    /// What could not be read, if anything.
    pub lost: Option<String>,
    /// Where the old files are.
    pub set_aside: PathBuf,
}

/// Rebuilds the database in `dir` and starts its journal anew.
///
/// # Errors
/// `store_in_use`, `no_store`, `journal_damaged` or `database_damaged` where the chosen source
/// cannot be used, `store_full`, `io`. With `Source::Database` sled is opened in this process:
/// [`crate::probe`] the directory in a child first.
pub fn recover(dir: &Path, source: Source) -> Result<Recovered> {
    if !dir.is_dir() {
        return Err(StoreError::NoStore { dir: dir.into() });
    }
    let lock = DirLock::take(dir)?;
    finish_interrupted(dir)?;
    let (checkpoint, lost) = match source {
        Source::Journal => from_journal(dir)?,
        Source::Database => (from_database(dir)?, None),
    };
    let (sequence, rows) = (checkpoint.sequence, checkpoint.rows.len());
    let set_aside = replace(dir, &checkpoint)?;
    let (store, _) = Store::open_locked(lock, Options::default())?;
    store.close()?;
    Ok(Recovered { sequence, rows, lost, set_aside })
}

/// A recovery that was killed after it moved the old journal away has a whole new one lying ready.
fn finish_interrupted(dir: &Path) -> Result<()> {
    let (journal, made) = (dir.join(journal::FOLDER), dir.join(MAKING));
    if made.exists() && !journal.exists() {
        fs::rename(&made, &journal).and_then(|()| sync(dir)).map_err(|source| StoreError::io(dir, source))?;
    }
    Ok(())
}

fn from_journal(dir: &Path) -> Result<(Checkpoint, Option<String>)> {
    let folder = dir.join(journal::FOLDER);
    let found = journal::survey(&OsDisk, &folder, 0)?;
    let lost = found.damage.as_ref().map(ToString::to_string);
    let mut rows = BTreeMap::new();
    let mut checkpoint =
        Checkpoint { sequence: 0, sum: 0, schema: schema::CURRENT.version, rows: Vec::new() };
    match &found.checkpoint {
        Some((_, path)) => checkpoint = journal::read_checkpoint(&OsDisk, path)?,
        None if found.schema.is_none() => {
            return found.damage.map_or(Err(StoreError::NoStore { dir: dir.into() }), Err);
        }
        None => {}
    }
    for row in std::mem::take(&mut checkpoint.rows) {
        rows.insert((row.tree, row.key), row.value);
    }
    // A damaged end may stop before the checkpoint does.
    let start = checkpoint.sequence;
    for step in found.steps.iter().filter(|step| step.sequence > start) {
        (checkpoint.sequence, checkpoint.sum) = (step.sequence, step.sum);
        for row in step.change.rows() {
            rows.insert((row.tree, row.key), row.value);
        }
    }
    rows.retain(|_, value| value.is_some());
    checkpoint.rows = rows.into_iter().map(|((tree, key), value)| Row { tree, key, value }).collect();
    if schema::sum_of(&checkpoint.rows) != checkpoint.sum {
        let detail = format!("its changes up to {} do not add up", checkpoint.sequence);
        return Err(StoreError::JournalDamaged { place: Place { file: folder, offset: 0 }, detail });
    }
    Ok((checkpoint, lost))
}

fn from_database(dir: &Path) -> Result<Checkpoint> {
    let folder = dir.join(database::FOLDER);
    if !folder.exists() {
        return Err(StoreError::NoStore { dir: dir.into() });
    }
    let database = Database::open(dir)?;
    let (sequence, sum) = database.applied()?;
    let rows = all_rows(&database)?;
    if schema::sum_of(&rows) != sum {
        let detail = format!("its rows are not those of its last change {sequence}");
        return Err(StoreError::DatabaseDamaged { dir: folder, detail });
    }
    let schema = database.schema()?.unwrap_or(schema::CURRENT.version);
    Ok(Checkpoint { sequence, sum, schema, rows })
}

/// Puts a journal of one checkpoint in the place of journal and database; the next opening builds
/// the database from it. Returns where the old ones are.
pub(crate) fn replace(dir: &Path, checkpoint: &Checkpoint) -> Result<PathBuf> {
    let made = dir.join(MAKING);
    let fail = |source| StoreError::io(dir, source);
    if made.exists() {
        fs::remove_dir_all(&made).map_err(fail)?;
    }
    journal::write_checkpoint(&OsDisk, &made, checkpoint)?;
    let aside = (1_u64..).map(|number| dir.join(ASIDE).join(number.to_string())).find(|path| !path.exists());
    let aside = aside.unwrap_or_else(|| unreachable!("numbers do not end"));
    fs::create_dir_all(&aside).map_err(fail)?;
    // The database first: without one, an opening rebuilds it from either journal.
    for folder in [database::FOLDER, journal::FOLDER].map(|name| (dir.join(name), aside.join(name))) {
        if folder.0.exists() {
            fs::rename(&folder.0, &folder.1).map_err(fail)?;
        }
    }
    fs::rename(&made, dir.join(journal::FOLDER)).map_err(fail)?;
    sync(&aside).and_then(|()| sync(dir)).map_err(fail)?;
    Ok(aside)
}

fn sync(dir: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}
