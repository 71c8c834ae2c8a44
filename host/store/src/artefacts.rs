//! Compiled components, as a cache: files that may go away at any time.
//!
//! Never journaled, never synced, never exported. Whoever puts one authenticates it; nothing here
//! vouches for its content.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::digest::Digest;
use crate::error::{Result, StoreError};
use crate::store::Store;

/// The folder of the cache in the data directory.
const FOLDER: &str = "cache";

/// For what a component was compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArtefactKey<'a> {
    /// The component.
    pub component: &'a Digest,
    /// Everything that could change a result, as one digest in text.
    pub engine_id: &'a str,
    /// The processor features that the code uses.
    pub features: &'a str,
}

impl ArtefactKey<'_> {
    fn name(&self) -> String {
        let host = format!("{}\n{}", self.engine_id, self.features);
        format!("{}-{}", self.component.hex(), &Digest::of(host.as_bytes()).hex()[..32])
    }
}

impl Store {
    /// Where an artefact is, whether or not it is there: engines map files.
    pub fn artefact_path(&self, key: &ArtefactKey<'_>) -> PathBuf {
        self.path(FOLDER).join(key.name())
    }

    /// An artefact, if it is there.
    pub fn artefact(&self, key: &ArtefactKey<'_>) -> Result<Option<Vec<u8>>> {
        let path = self.artefact_path(key);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io(&path, error)),
        }
    }

    /// Keeps an artefact for a while.
    pub fn put_artefact(&self, key: &ArtefactKey<'_>, bytes: &[u8]) -> Result<()> {
        let path = self.artefact_path(key);
        let made = path.with_extension(format!("{:?}", std::thread::current().id()).replace(['(', ')'], "-"));
        let written = fs::create_dir_all(self.path(FOLDER))
            .and_then(|()| fs::write(&made, bytes))
            .and_then(|()| fs::rename(&made, &path));
        written.map_err(|source| {
            // Half an artefact is only litter; evicting finds it too.
            let _ = fs::remove_file(&made);
            StoreError::io(&path, source)
        })
    }

    /// Removes the oldest artefacts until at most this many bytes are left; returns how many went.
    pub fn evict_artefacts(&self, bytes_max: u64) -> Result<usize> {
        let dir = self.path(FOLDER);
        let mut files = listed(&dir).map_err(|source| StoreError::io(&dir, source))?;
        files.sort();
        let mut total: u64 = files.iter().map(|(_, _, len)| len).sum();
        let mut removed = 0;
        for (_, path, len) in files {
            if total <= bytes_max {
                break;
            }
            fs::remove_file(&path).map_err(|source| StoreError::io(&path, source))?;
            (total, removed) = (total - len, removed + 1);
        }
        Ok(removed)
    }
}

fn listed(dir: &Path) -> std::io::Result<Vec<(SystemTime, PathBuf, u64)>> {
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let data = entry.metadata()?;
        files.push((data.modified()?, entry.path(), data.len()));
    }
    Ok(files)
}
