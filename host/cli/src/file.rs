//! Files that appear whole or not at all: written beside their place, then renamed into it.
//!
//! Knows nothing of what is in them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use spellhost_forge::write_atomic;

use crate::problem::Problem;

/// A file that is being written under another name; without [`Draft::keep`] it goes away again.
pub struct Draft {
    out: std::io::BufWriter<fs::File>,
    temporary: PathBuf,
    path: PathBuf,
    kept: bool,
}

impl Draft {
    /// Starts a file that will appear at `path`; its folder is there.
    ///
    /// # Errors
    /// Where the folder cannot be written to.
    pub fn create(path: &Path) -> Result<Self, Problem> {
        // A link stays a link: what it points to is replaced.
        let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let failed = |error: std::io::Error| Problem::file("write", path, &error);
        if path.is_dir() {
            return Err(
                Problem::usage("file", format!("`{}` is a folder", path.display())).hint("name a file in it")
            );
        }
        check_regular(path)?;
        let name = path.file_name().ok_or_else(|| failed(std::io::ErrorKind::InvalidInput.into()))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let temporary = folder.join(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
        let out = std::io::BufWriter::new(fs::File::create(&temporary).map_err(failed)?);
        Ok(Self { out, temporary, path: path.into(), kept: false })
    }

    /// Puts it into its place.
    ///
    /// # Errors
    /// What the system says; then nothing changed at its place.
    pub fn keep(mut self) -> Result<(), Problem> {
        let done = self.out.flush().and_then(|()| self.out.get_ref().sync_all());
        done.and_then(|()| fs::rename(&self.temporary, &self.path))
            .map_err(|error| Problem::file("write", &self.path, &error))?;
        self.kept = true;
        Ok(())
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            // Nothing to report to: the file was not asked for any more.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Refuses what is there and is neither a file nor a folder: a device or pipe may have no end, and
/// must not be replaced.
///
/// # Errors
/// That it is such.
pub fn check_regular(path: &Path) -> Result<(), Problem> {
    match path.metadata() {
        Ok(found) if !found.is_file() && !found.is_dir() => {
            Err(Problem::usage("file", format!("`{}` is not a regular file", path.display())))
        }
        _ => Ok(()),
    }
}

/// Refuses a result that would replace what it is made from.
///
/// # Errors
/// That the two are one file.
pub fn check_apart(input: &Path, output: &Path) -> Result<(), Problem> {
    match (input.canonicalize(), output.canonicalize()) {
        (Ok(from), Ok(to)) if from == to => {
            let message = format!("`{}` would be replaced by what is made from it", output.display());
            Err(Problem::usage("file", message).hint("name another file"))
        }
        _ => Ok(()),
    }
}

/// Writes a whole file into a folder that is there. A device or pipe is written straight.
///
/// # Errors
/// What the system says; then nothing changed at its place.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Problem> {
    write_atomic(path, bytes).map_err(|error| Problem::file("write", path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn devices_are_neither_read_nor_replaced() {
        let code = |problem: Problem| (problem.exit_code(), problem.message);
        let wrong = (2, "`/dev/null` is not a regular file".to_owned());
        let device = Path::new("/dev/null");
        assert_eq!(check_regular(device).map_err(code), Err(wrong.clone()));
        assert_eq!(Draft::create(device).map(|_| ()).map_err(code), Err(wrong));
    }

    #[cfg(unix)]
    #[test]
    fn nothing_replaces_what_it_is_made_from() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (input, link) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&input, "in").expect("a writable folder");
        std::os::unix::fs::symlink(&input, &link).expect("a link");
        for same in [&input, &link] {
            assert_eq!(check_apart(&input, same).map_err(|problem| problem.exit_code()), Err(2));
        }
        for other in [folder.path().join("c"), folder.path().to_owned()] {
            assert!(check_apart(&input, &other).is_ok());
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (target, link) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&target, "old").expect("a writable folder");
        std::os::unix::fs::symlink(&target, &link).expect("a link");
        let mut draft = Draft::create(&link).expect("a writable folder");
        draft.write_all(b"new").expect("a writable folder");
        draft.keep().expect("a writable folder");
        assert!(link.is_symlink());
        assert_eq!(fs::read(&target).expect("it is there"), b"new");
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.bin");
        let names = || fs::read_dir(folder.path()).map_or(0, |entries| entries.count());
        let mut draft = Draft::create(&path).expect("a writable folder");
        draft.write_all(b"half").expect("a writable folder");
        assert!(!path.exists());
        drop(draft);
        assert_eq!(names(), 0);
        write_whole(&path, b"whole").expect("a writable folder");
        assert_eq!(fs::read(&path).expect("it is there"), b"whole");
        assert_eq!(names(), 1);
        for wrong in [folder.path().to_owned(), folder.path().join("no/such/folder")] {
            assert_eq!(write_whole(&wrong, b"").map_err(|problem| problem.exit_code()), Err(2));
            assert_eq!(Draft::create(&wrong).map(|_| ()).map_err(|problem| problem.exit_code()), Err(2));
        }
    }
}
