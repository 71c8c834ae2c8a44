//! What a spell is made of, as one digest. It promises that nothing a build or an editor leaves behind
//! counts; it does not know when anything changes.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::limits::{HASHED_BYTES_MAX, WATCHED_FILES_MAX};
use crate::package;

/// What was found under a watched path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sources {
    /// Over all files: their paths, sorted, and their bytes.
    pub(crate) digest: blake3::Hash,
    /// Every folder that holds sources.
    pub(crate) folders: BTreeSet<PathBuf>,
}

/// Looks at a spell's folder or at a single file; nothing if it is not there. `outputs` do not count.
pub(crate) fn read(path: &Path, outputs: &[PathBuf]) -> Option<Sources> {
    let found = path.metadata().ok()?;
    let mut files = BTreeSet::new();
    let mut folders = BTreeSet::new();
    if found.is_dir() {
        for folder in package::folders(path) {
            collect(&folder, outputs, &mut files, &mut folders);
        }
    } else {
        files.insert(path.to_owned());
        folders.extend(path.parent().map(Path::to_owned));
    }
    let mut hasher = blake3::Hasher::new();
    for file in &files {
        let name = file.strip_prefix(path).unwrap_or(file).as_os_str().as_encoded_bytes();
        hasher.update(&(name.len() as u64).to_le_bytes()).update(name);
        match contents(file) {
            Ok(hash) => hasher.update(hash.as_bytes()),
            Err(error) => hasher.update(format!("{:?}", error.kind()).as_bytes()),
        };
    }
    Some(Sources { digest: hasher.finalize(), folders })
}

fn contents(file: &Path) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    let mut file = File::open(file)?;
    let found = file.metadata()?;
    if found.len() > HASHED_BYTES_MAX {
        hasher.update(&found.len().to_le_bytes());
        hasher.update(format!("{:?}", found.modified().ok()).as_bytes());
        return Ok(hasher.finalize());
    }
    let mut bytes = Vec::new();
    file.by_ref().take(HASHED_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(hasher.update(&bytes).finalize())
}

/// Gathers the files of a folder. Links to folders are not followed, so there is an end.
fn collect(
    folder: &Path,
    outputs: &[PathBuf],
    files: &mut BTreeSet<PathBuf>,
    folders: &mut BTreeSet<PathBuf>,
) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    folders.insert(folder.to_owned());
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(kind) = entry.file_type() else { continue };
        if files.len() >= WATCHED_FILES_MAX || is_byproduct(&name) || outputs.contains(&path) {
            continue;
        } else if kind.is_dir() {
            // Cargo marks its build folder, whatever it is called.
            if name != "target" && name != "node_modules" && !path.join("CACHEDIR.TAG").exists() {
                collect(&path, outputs, files, folders);
            }
        } else if path.metadata().as_ref().is_ok_and(Metadata::is_file) {
            files.insert(path);
        }
    }
}

/// Whether a file is a build's, an editor's or a system's, and no source.
fn is_byproduct(name: &str) -> bool {
    let editors =
        name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'));
    let endings = [".swp", ".swo", ".swx", ".tmp", ".bak", ".orig", ".rs.bk", ".part", ".crdownload"];
    // `4913` is how vim tries whether it may write.
    editors || name == "Cargo.lock" || name == "4913" || endings.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::read;
    use std::fs;

    #[test]
    fn only_sources_count() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("ember");
        fs::create_dir_all(root.join("src")).unwrap();
        fs::create_dir_all(root.join("target/debug")).unwrap();
        fs::write(root.join("src/lib.rs"), "a").unwrap();
        let picture = root.join("after.png");
        let digest = || read(&root, std::slice::from_ref(&picture)).unwrap().digest;
        let before = digest();
        for name in [
            "target/debug/x",
            "Cargo.lock",
            ".lib.rs.swp",
            "src/4913",
            "src/lib.rs~",
            "src/#lib.rs#",
            "src/.#lib.rs",
            "x.tmp",
            "after.png",
            ".spellhost",
        ] {
            fs::write(root.join(name), "b").unwrap();
            assert_eq!(digest(), before, "{name}");
        }
        fs::create_dir_all(root.join("built")).unwrap();
        fs::write(root.join("built/CACHEDIR.TAG"), "").unwrap();
        assert_eq!(digest(), before);
        fs::write(root.join("src/lib.rs"), "b").unwrap();
        let changed = digest();
        assert_ne!(changed, before);
        fs::rename(root.join("src/lib.rs"), root.join("src/other.rs")).unwrap();
        assert_ne!(digest(), changed);
        fs::write(root.join("src/other.rs"), "").unwrap();
        fs::rename(root.join("src/other.rs"), root.join("src/lib.rs")).unwrap();
        fs::write(root.join("src/lib.rs"), "a").unwrap();
        assert_eq!(digest(), before);
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(read(&root, &[]), None);
    }
}
