//! One process per directory: an exclusive lock on a file that names its holder.
//!
//! The operating system drops the lock with the process, however that ends. Knows nothing of
//! what the directory holds.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Result, StoreError};

/// How often a directory that is in use is tried again, and the pause between two tries: a second in all.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(20);

/// The right to use a directory, for as long as it lives.
#[derive(Debug)]
pub struct DirLock {
    dir: PathBuf,
    file: File,
}

impl DirLock {
    /// Takes the directory, making it if it is not there; `store_in_use` names who has it.
    pub fn take(dir: &Path) -> Result<Self> {
        make_dir(dir)?;
        let path = dir.join("lock");
        let fail = |source| StoreError::io(&path, source);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fail)?;
        match lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(dir, &mut file)),
            Err(TryLockError::Error(source)) => return Err(fail(source)),
        }
        // A full disk must not keep a store from being opened: the number is only for the message.
        let _ = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()));
        Ok(Self { dir: dir.into(), file })
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

/// Locks the file; waits a moment for who is just leaving, such as the process that this one replaces.
fn lock(file: &File) -> std::result::Result<(), TryLockError> {
    for _ in 0..TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            decided => return decided,
        }
    }
    file.try_lock()
}

impl Drop for DirLock {
    fn drop(&mut self) {
        // Closing is not enough: a child that is being started holds a copy of the file until it runs.
        // What fails here is undone by the end of the process.
        let _ = self.file.unlock();
    }
}

fn in_use(dir: &Path, file: &mut File) -> StoreError {
    let mut holder = String::new();
    let read = file.take(20).read_to_string(&mut holder);
    let known = read.is_ok() && !holder.is_empty() && holder.bytes().all(|byte| byte.is_ascii_digit());
    StoreError::StoreInUse { dir: dir.into(), holder: if known { holder } else { "unknown".into() } }
}

/// Readable by its owner only: there are tokens in it.
fn make_dir(dir: &Path) -> Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(dir).map_err(|source| StoreError::io(dir, source))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
            .map_err(|source| StoreError::io(dir, source))?;
    }
    Ok(())
}
