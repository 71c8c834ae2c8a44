//! The per-user folder for what can be made again: the unpacked SDK, and build folders of spells that
//! lie where nothing can be written. It does not know what is put there.

use std::env;
use std::path::{Path, PathBuf};

/// A folder whose contents may be deleted at any time.
#[derive(Clone, Debug)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The user's: `spellhost` in `$XDG_CACHE_HOME` or `~/.cache`, or else among the temporary files.
    pub fn user() -> Self {
        let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = absolute("XDG_CACHE_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
            .unwrap_or_else(env::temp_dir);
        Self::at(base.join("spellhost"))
    }

    /// A folder of the caller's choice.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A build folder for a spell that lies where nothing can be written.
    pub(crate) fn target(&self, spell: &Path) -> PathBuf {
        let digest = blake3::hash(spell.as_os_str().as_encoded_bytes()).to_hex();
        self.root.join("target").join(&digest[..16])
    }
}
