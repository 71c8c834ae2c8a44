//! The files of a spell's folder that belong to a revision: its source and its assets.
//!
//! Leaves out what builds and editors make (`target`, hidden files) and the tests; follows no links. Knows
//! the disk; what a revision is made of is elsewhere.

use std::fs;
use std::path::Path;

use spellhost_forge::Folder;

use crate::problem::Problem;
use spellhost_forge::{ListedFile, SCENE, digest_of};

/// The most files of a revision.
const FILES_MAX: usize = 4_096;
/// The most bytes of one file of a revision.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Lists a spell's folder, sorted by path.
///
/// # Errors
/// Where a file cannot be read, or there are too many or too large ones.
pub fn listing(folder: &Folder) -> Result<Vec<ListedFile>, Problem> {
    let mut files = Vec::new();
    walk(&folder.root, "", &folder.manifest.assets, &mut files)?;
    files.sort();
    Ok(files)
}

/// Lists the assets of a place's folder, sorted by path.
///
/// # Errors
/// As [`listing`].
pub fn assets(root: &Path) -> Result<Vec<ListedFile>, Problem> {
    let (folder, mut files) = (root.join("assets"), Vec::new());
    if folder.is_dir() {
        walk(&folder, "assets/", &["assets/**".to_owned()], &mut files)?;
    }
    files.sort();
    Ok(files)
}

fn walk(folder: &Path, prefix: &str, assets: &[String], files: &mut Vec<ListedFile>) -> Result<(), Problem> {
    let failed = |error: std::io::Error| Problem::file("read", folder, &error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().map_err(failed)?;
        // Scenario files hold hashes that depend on the revision: were they part of it, no hash
        // could ever be written into them.
        let apart = path == "target" || path == "tests" || name == "node_modules";
        let generated = apart || name.starts_with('.') || name.ends_with('~');
        if generated || kind.is_symlink() {
            continue;
        }
        if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), assets, files)?;
        } else if kind.is_file() {
            files.push(listed(&entry.path(), &path, assets)?);
        }
        if files.len() > FILES_MAX {
            let message = format!("`{}` holds more than {FILES_MAX} files", folder.display());
            return Err(Problem::failed("too_many_files", message)
                .hint("move what is not the spell's out of its folder"));
        }
    }
    Ok(())
}

fn listed(file: &Path, path: &str, assets: &[String]) -> Result<ListedFile, Problem> {
    let failed = |error: std::io::Error| Problem::file("read", file, &error);
    let size = fs::metadata(file).map_err(failed)?.len();
    if size > FILE_BYTES_MAX {
        let message = format!("`{path}` is larger than {} MiB", FILE_BYTES_MAX >> 20);
        return Err(Problem::failed("file_too_large", message).hint("move it out of the spell's folder"));
    }
    let bytes = fs::read(file).map_err(failed)?;
    let is_asset = assets.iter().any(|pattern| matches(pattern, path));
    let place = if is_asset || path == SCENE { path.to_owned() } else { format!("source/{path}") };
    Ok(ListedFile { path: place, digest: digest_of(&bytes), size: bytes.len() as u64 })
}

/// Whether a path matches a pattern: `**` stands for any folders, `*` for any part of a name.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('/') {
        Some(("**", rest)) => {
            matches(rest, path) || path.split_once('/').is_some_and(|(_, below)| matches(pattern, below))
        }
        Some((first, rest)) => path
            .split_once('/')
            .is_some_and(|(name, below)| name_matches(first, name) && matches(rest, below)),
        None if pattern == "**" => true,
        None => !path.contains('/') && name_matches(pattern, path),
    }
}

fn name_matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(below) = name.strip_prefix(head) else { return false };
    let starts = below.char_indices().map(|(at, _)| at).chain([below.len()]);
    starts.into_iter().any(|at| name_matches(rest, &below[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_paths() {
        let yes = [
            ("assets/**", "assets/a/b.png"),
            ("**/*.ogg", "x/y.ogg"),
            ("**/*.ogg", "y.ogg"),
            ("a/*.p*g", "a/é.png"),
        ];
        let no = [
            ("assets/**", "src/assets/a"),
            ("*.png", "a/b.png"),
            ("assets/*", "assets/a/b"),
            ("a", "ab"),
            ("a*", "ba"),
        ];
        yes.iter().for_each(|(pattern, path)| assert!(matches(pattern, path), "{pattern} {path}"));
        no.iter().for_each(|(pattern, path)| assert!(!matches(pattern, path), "{pattern} {path}"));
    }
}
