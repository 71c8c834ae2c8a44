//! Opening a store: probe the database, read the journal, replay what is missing, compare the sums.
//!
//! Promises that a store which opened holds exactly what its journal says, and that one which
//! does not open says which of the two is wrong. It does not repair: that is `recover`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::database::{self, Database, Rows};
use crate::disk::{Disk, OsDisk};
use crate::error::{Place, Result, StoreError};
use crate::journal::{self, Checkpoint, Found, Journal, Step, Truncated};
use crate::lock::DirLock;
use crate::recover::replace;
use crate::schema::{self, Schema};
use crate::store::Store;
use crate::tree::Tree;

/// How to open a store.
#[derive(Clone)]
pub struct Options {
    /// A child process has run [`probe`] on the directory and ended well. Otherwise a thread of
    /// this process tries the database first, with a deadline.
    pub probed: bool,
    /// How long the database may take to open when this process tries it.
    pub probe_deadline: Duration,
    /// The time in Unix milliseconds.
    pub clock: fn() -> u64,
    /// The journal is replaced by a checkpoint beyond this many bytes (and four times the last
    /// checkpoint).
    pub journal_bytes_max: u64,
    /// With less free space than this, in bytes, changes are refused as `store_full`: what the
    /// database writes later must fit too.
    pub reserve_bytes: u64,
    /// Where files are.
    pub disk: Arc<dyn Disk>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            probed: false,
            probe_deadline: Duration::from_secs(60),
            clock: unix_ms,
            journal_bytes_max: 64 << 20,
            reserve_bytes: 64 << 20,
            disk: Arc::new(OsDisk),
        }
    }
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// What opening found and did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The directory had no store before.
    pub created: bool,
    /// The last change.
    pub sequence: u64,
    /// How many changes the database had not yet on disk.
    pub replayed: u64,
    /// The database was made anew from the journal.
    pub rebuilt: bool,
    /// An append that did not finish was cut off.
    pub truncated: Option<Truncated>,
}

/// What a probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The last change that the database has.
    pub applied: u64,
    /// How many rows were read.
    pub rows: u64,
}

/// Opens the database alone and reads every row. Made for a child process with a deadline: on
/// damaged files sled may spin. Takes no lock, so that the parent can hold it meanwhile; a
/// directory without a database is fine.
pub fn probe(dir: &Path) -> Result<Probe> {
    if !dir.join(database::FOLDER).exists() {
        return Ok(Probe { applied: 0, rows: 0 });
    }
    let database = Database::open(dir)?;
    let reader = database.reader();
    let mut rows = 0;
    for tree in Tree::ALL {
        reader.each(*tree, &[], |_, _| {
            rows += 1;
            Ok(())
        })?;
    }
    Ok(Probe { applied: database.applied()?.0, rows })
}

/// A probe on a thread of this process; one that hangs is left behind.
fn probe_within(dir: &Path, deadline: Duration) -> Result<Probe> {
    let (done, result) = mpsc::channel();
    let probed = dir.to_path_buf();
    let spawned = std::thread::Builder::new().name("store-probe".into()).spawn(move || {
        // Nobody listens any more after the deadline.
        let _ = done.send(probe(&probed));
    });
    spawned.map_err(|source| StoreError::io(dir, source))?;
    result.recv_timeout(deadline).unwrap_or_else(|_| {
        let detail = format!("it did not open within {} s", deadline.as_secs());
        Err(StoreError::DatabaseDamaged { dir: dir.join(database::FOLDER), detail })
    })
}

impl Store {
    /// Opens the store in `dir`, making it if there is none.
    ///
    /// # Errors
    /// `store_in_use`, `database_damaged`, `journal_damaged`, `schema_too_new`, `schema_too_old`,
    /// `store_full` or `io`.
    pub fn open(dir: &Path, options: Options) -> Result<(Self, Opened)> {
        Self::open_locked(DirLock::take(dir)?, options)
    }

    /// As [`Store::open`], with a lock taken before: for whoever probes in between.
    pub fn open_locked(lock: DirLock, options: Options) -> Result<(Self, Opened)> {
        open_with(lock, options, schema::CURRENT)
    }
}

pub(crate) fn open_with(lock: DirLock, options: Options, schema: Schema) -> Result<(Store, Opened)> {
    let dir = lock.dir().to_path_buf();
    if !options.probed {
        probe_within(&dir, options.probe_deadline)?;
    }
    let database = migrated(&options, &dir, schema)?;
    let (found, opened) = catch_up(&options, &dir, &database, schema)?;
    let disk = options.disk.clone();
    let folder = dir.join(journal::FOLDER);
    let journal = Journal::open(disk, &folder, &found, schema.version, options.reserve_bytes)?;
    if opened.created || opened.rebuilt {
        database.set_schema(schema.version)?;
        database.flush()?;
    }
    let store = Store::new(lock, options, database, journal, found.sum);
    Ok((store, opened))
}

/// The database, in this version's schema.
fn migrated(options: &Options, dir: &Path, schema: Schema) -> Result<Database> {
    let database = Database::open(dir)?;
    let (folder, known) = (dir.join(database::FOLDER), schema.version);
    let Some(from) = database.schema()?.filter(|found| *found != known) else { return Ok(database) };
    if from > known {
        return Err(StoreError::SchemaTooNew { dir: folder, found: from, known });
    }
    let found = journal::read(&*options.disk, &dir.join(journal::FOLDER), database.flushed()?)?;
    if found.sequence != database.flushed()? || database.sum()? != found.sum {
        return Err(StoreError::SchemaTooOld { dir: folder, found: from, known });
    }
    let rows = schema.migrate(all_rows(&database)?, from)?;
    let sum = schema::sum_of(&rows);
    drop(database);
    replace(dir, &Checkpoint { sequence: found.sequence, sum, schema: known, rows })?;
    Database::open(dir)
}

/// Every row of a database.
pub(crate) fn all_rows(database: &Database) -> Result<Vec<crate::tree::Row>> {
    let (reader, mut rows) = (database.reader(), Vec::new());
    for tree in Tree::ALL {
        reader.each(*tree, &[], |key, value| {
            rows.push(crate::tree::Row { tree: *tree, key: key.into(), value: Some(value.into()) });
            Ok(())
        })?;
    }
    Ok(rows)
}

/// Brings the database to where the journal is.
fn catch_up(options: &Options, dir: &Path, database: &Database, schema: Schema) -> Result<(Found, Opened)> {
    let (disk, folder) = (&*options.disk, dir.join(journal::FOLDER));
    let flushed = database.flushed()?;
    let mut found = journal::read(disk, &folder, flushed)?;
    check_versions(&found, database, &folder, schema)?;
    let created = found.schema.is_none();
    let mut rebuilt = database.schema()?.is_none() && !created;
    if let Some((number, path)) = found.checkpoint.clone().filter(|(number, _)| *number > flushed) {
        load(database, &journal::read_checkpoint(disk, &path)?)?;
        found = journal::read(disk, &folder, number)?;
        rebuilt = true;
    }
    replay(database, &found.steps)?;
    let sum = database.sum()?;
    if sum != found.sum {
        let detail = format!("after change {} its rows are not those of the journal", found.sequence);
        return Err(StoreError::DatabaseDamaged { dir: dir.join(database::FOLDER), detail });
    }
    let opened = Opened {
        created,
        sequence: found.sequence,
        replayed: found.steps.len() as u64,
        rebuilt,
        truncated: found.truncated.clone(),
    };
    Ok((found, opened))
}

fn check_versions(found: &Found, database: &Database, folder: &Path, schema: Schema) -> Result<()> {
    let (applied, _) = database.applied()?;
    if applied > found.sequence {
        let file = folder.to_path_buf();
        let detail = format!(
            "it ends with change {}, and the database has {applied}: its end is missing",
            found.sequence
        );
        return Err(StoreError::JournalDamaged { place: Place { file, offset: 0 }, detail });
    }
    let (dir, known): (PathBuf, u32) = (folder.into(), schema.version);
    match found.schema {
        Some(found) if found > known => Err(StoreError::SchemaTooNew { dir, found, known }),
        Some(found) if found < known => Err(StoreError::SchemaTooOld { dir, found, known }),
        _ => Ok(()),
    }
}

/// Makes the rows those of a checkpoint.
fn load(database: &Database, checkpoint: &Checkpoint) -> Result<()> {
    database.clear()?;
    for rows in checkpoint.rows.chunks(4096) {
        let rows: Rows = rows.iter().map(|row| ((row.tree, row.key.clone()), row.value.clone())).collect();
        database.apply(&rows, checkpoint.sequence, checkpoint.sum)?;
    }
    database.apply(&Rows::new(), checkpoint.sequence, checkpoint.sum)
}

fn replay(database: &Database, steps: &[Step]) -> Result<()> {
    for steps in steps.chunks(1024) {
        let mut rows = Rows::new();
        for row in steps.iter().flat_map(|step| step.change.rows()) {
            rows.insert((row.tree, row.key), row.value);
        }
        if let Some(last) = steps.last() {
            database.apply(&rows, last.sequence, last.sum)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::Account;
    use crate::tree::{Row, Stored, decode};

    /// A step that gives every account another role, and has a row for each that is new.
    fn step(row: Row) -> Result<Vec<Row>> {
        if row.tree != Tree::Accounts {
            return Ok(vec![row]);
        }
        let account: Account = decode(row.tree, row.value.as_deref().unwrap_or_default())?;
        let copy = Account { username: format!("{} again", account.username), ..account.clone() };
        Ok(vec![Account { role: "migrated".into(), ..account }.row(), copy.row()])
    }

    const NEXT: Schema = Schema { version: schema::CURRENT.version + 1, steps: &[step] };

    fn put(store: &Store, username: &str) {
        let account =
            Account { username: username.into(), password_hash: None, role: "user".into(), created_at_ms: 0 };
        store.put_account(account).unwrap();
    }

    fn open_as(dir: &Path, schema: Schema) -> Result<Store> {
        let options = Options { reserve_bytes: 0, ..Options::default() };
        open_with(DirLock::take(dir)?, options, schema).map(|(store, _)| store)
    }

    #[test]
    fn an_older_schema_is_migrated_and_a_newer_one_refused() {
        let dir = tempfile::tempdir().unwrap();
        let store = open_as(dir.path(), schema::CURRENT).unwrap();
        put(&store, "ada");
        drop(store);
        let store = open_as(dir.path(), NEXT).unwrap();
        let role = |store: &Store, name: &str| store.account(name).unwrap().unwrap().role;
        assert_eq!(role(&store, "ada"), "migrated");
        assert_eq!(role(&store, "ada again"), "user");
        assert_eq!(store.sequence(), 1);
        put(&store, "bob");
        drop(store);
        let store = open_as(dir.path(), NEXT).unwrap();
        assert_eq!((role(&store, "bob").as_str(), store.accounts().unwrap().len()), ("user", 3));
        drop(store);
        assert_eq!(open_as(dir.path(), schema::CURRENT).err().unwrap().code(), "schema_too_new");
        assert!(dir.path().join("set-aside/1/db").exists(), "the old files are kept");
    }

    #[test]
    fn a_store_that_was_not_closed_is_not_migrated() {
        let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = open_as(dir.path(), schema::CURRENT).unwrap();
        put(&store, "ada");
        for folder in [database::FOLDER, journal::FOLDER] {
            std::fs::create_dir(copy.path().join(folder)).unwrap();
            for entry in std::fs::read_dir(dir.path().join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    std::fs::copy(&path, copy.path().join(folder).join(path.file_name().unwrap())).unwrap();
                }
            }
        }
        assert_eq!(open_as(copy.path(), NEXT).err().unwrap().code(), "schema_too_old");
        assert_eq!(open_as(copy.path(), schema::CURRENT).unwrap().accounts().unwrap().len(), 1);
    }
}
