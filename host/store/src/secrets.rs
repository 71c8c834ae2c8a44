//! The two secrets of a data directory, each in a file that only its owner can read.
//!
//! Made when first asked for, kept for ever, never in the journal or an archive. Knows nothing of
//! what they protect.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::digest::{hex, unhex};
use crate::disk::{Disk, OsDisk};
use crate::error::{Result, StoreError};
use crate::store::Store;

impl Store {
    /// The key of this server, from `secret.key`.
    pub fn secret_key(&self) -> Result<[u8; 32]> {
        let _one_at_a_time = self.remove_files();
        secret(&self.path("secret.key"))
    }

    /// The operator's token, from `operator.token`: 64 hex digits.
    pub fn operator_token(&self) -> Result<String> {
        let _one_at_a_time = self.remove_files();
        secret(&self.path("operator.token")).map(|bytes| hex(&bytes))
    }
}

fn secret(path: &Path) -> Result<[u8; 32]> {
    let fail = |source| StoreError::io(path, source);
    if !path.exists() {
        make(path)?;
    }
    let text = fs::read_to_string(path).map_err(fail)?;
    let wrong = || fail(std::io::Error::new(std::io::ErrorKind::InvalidData, "not 64 hex digits"));
    unhex(text.trim_end()).ok_or_else(wrong)
}

/// Whole or not at all: nobody else is here, but a crash can be.
fn make(path: &Path) -> Result<()> {
    let fail = |source| StoreError::io(path, source);
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| fail(std::io::Error::other(error.to_string())))?;
    let made = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&made).map_err(fail)?;
    writeln!(file, "{}", hex(&bytes)).and_then(|()| file.sync_all()).map_err(fail)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::rename(&made, path).and_then(|()| OsDisk.sync_dir(folder)).map_err(fail)
}
