//! The SDKs and the WIT that this crate carries as text, and their place in the cache. It promises that
//! an unpacked SDK is complete, and that a spell's link to it points to the one of this binary, also
//! after an upgrade. What the files say is not known here.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::cache::Cache;
use crate::output::neighbour;

/// Every file by its path below the unpacked folder.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/carried.rs"));

/// Where a spell keeps its link to the SDK, relative to its folder. The link is made by [`link`], so a
/// `Cargo.toml` that names this path is the same on every machine.
pub(crate) const LINK: &str = ".spellhost/sdk";

/// Where a spell is built, relative to its folder or its workspace.
pub(crate) const BUILT: &str = "target/spellhost";

/// A carried file by its path, such as `wit/0.1/spell.wit`.
pub(crate) fn text(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// A digest over all carried files.
pub(crate) fn digest() -> &'static str {
    static DIGEST: OnceLock<String> = OnceLock::new();
    DIGEST.get_or_init(|| {
        let mut hasher = blake3::Hasher::new_derive_key("spellhost 0.1 carried sdk");
        for (name, text) in FILES {
            for part in [name, text] {
                hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
            }
        }
        hasher.finalize().to_hex()[..16].to_owned()
    })
}

/// Where the Rust SDK is or will be in a cache.
pub(crate) fn rust(cache: &Cache) -> PathBuf {
    folder(cache).join("rust")
}

/// Where the AssemblyScript SDK is or will be in a cache.
pub(crate) fn assemblyscript(cache: &Cache) -> PathBuf {
    folder(cache).join("assemblyscript")
}

/// Whether the whole SDK is in a cache.
pub(crate) fn is_unpacked(cache: &Cache) -> bool {
    let folder = folder(cache);
    FILES.iter().all(|(name, text)| holds(&folder.join(name), text))
}

/// Whether a file is there with just this content; one of another length is not read.
fn holds(path: &Path, text: &str) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.len() == text.len() as u64)
        && fs::read(path).is_ok_and(|found| found == text.as_bytes())
}

/// Puts the SDK into a cache, unless it is there, and hands out the folder of the Rust SDK.
pub(crate) fn unpack(cache: &Cache) -> io::Result<PathBuf> {
    if !is_unpacked(cache) {
        let folder = folder(cache);
        fs::create_dir_all(cache.root())?;
        let fresh = neighbour(&folder);
        let placed = write_all(&fresh).and_then(|()| replace(&fresh, &folder));
        let _ = fs::remove_dir_all(&fresh);
        // Another process may have been faster; what it unpacked is the same.
        placed.or_else(|error| if is_unpacked(cache) { Ok(()) } else { Err(error) })?;
    }
    Ok(rust(cache))
}

/// Points a spell's link to an unpacked SDK. Whether it had to be changed is the answer.
pub(crate) fn link(place: &Path, sdk: &Path) -> io::Result<bool> {
    if points_to(place, sdk) {
        return Ok(false);
    }
    let parent = place.parent().ok_or_else(|| io::Error::other("the link has no folder"))?;
    fs::create_dir_all(parent)?;
    let ignore = parent.join(".gitignore");
    if !ignore.exists() {
        fs::write(ignore, "*\n")?;
    }
    let is_first = place.symlink_metadata().is_err() && !is_built(place);
    let fresh = neighbour(place);
    let made = make_link(sdk, &fresh).and_then(|()| {
        if place.symlink_metadata().is_ok_and(|found| found.is_dir()) {
            replace(&fresh, place)
        } else {
            fs::rename(&fresh, place)
        }
    });
    if made.is_err() {
        let _ = fs::remove_file(&fresh).or_else(|_| fs::remove_dir_all(&fresh));
    }
    made?;
    // Cargo compares times: an SDK that was unpacked long ago must still count as news for this spell. It is news for
    // every other spell then, so where this one was never built it is left alone.
    if !is_first && let Ok(file) = fs::File::options().append(true).open(sdk.join("src/lib.rs")) {
        let _ = file.set_modified(SystemTime::now());
    }
    Ok(true)
}

/// Whether something was built in the spell's folder or in a workspace around it.
fn is_built(place: &Path) -> bool {
    place.ancestors().any(|folder| folder.join(BUILT).is_dir())
}

fn folder(cache: &Cache) -> PathBuf {
    cache.root().join(format!("sdk-{}", digest()))
}

fn write_all(folder: &Path) -> io::Result<()> {
    for (name, text) in FILES {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

/// Moves a new folder to where an old one may be.
fn replace(fresh: &Path, place: &Path) -> io::Result<()> {
    let old = neighbour(place);
    let moved = fs::rename(place, &old);
    let result = fs::rename(fresh, place);
    if moved.is_ok() {
        let _ = if result.is_ok() { fs::remove_dir_all(&old) } else { fs::rename(&old, place) };
    }
    result
}

#[cfg(unix)]
fn points_to(place: &Path, sdk: &Path) -> bool {
    fs::read_link(place).is_ok_and(|target| target == sdk)
}

#[cfg(unix)]
fn make_link(sdk: &Path, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(sdk, place)
}

/// Where links need privileges, the spell gets a copy.
#[cfg(not(unix))]
fn points_to(place: &Path, _sdk: &Path) -> bool {
    FILES
        .iter()
        .filter_map(|(name, text)| Some((name.strip_prefix("rust/")?, text)))
        .all(|(name, text)| holds(&place.join(name), text))
}

#[cfg(not(unix))]
fn make_link(_sdk: &Path, place: &Path) -> io::Result<()> {
    for (name, text) in FILES.iter().filter_map(|(name, text)| Some((name.strip_prefix("rust/")?, text))) {
        let path = place.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_or_deleted_sdk_is_unpacked_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("cache"));
        assert!(!is_unpacked(&cache));
        let sdk = unpack(&cache).unwrap();
        assert!(FILES.iter().any(|(name, _)| name.starts_with("wit/")), "the WIT travels too");
        assert!(sdk.join("Cargo.toml").is_file() && is_unpacked(&cache));
        fs::remove_file(sdk.join("Cargo.toml")).unwrap();
        fs::write(sdk.join("src/lib.rs"), "").unwrap();
        assert!(!is_unpacked(&cache));
        assert_eq!(unpack(&cache).unwrap(), sdk);
        assert!(is_unpacked(&cache));
        // Another text of the same length is damage as well.
        let text = fs::read_to_string(sdk.join("src/lib.rs")).unwrap();
        fs::write(sdk.join("src/lib.rs"), "/".repeat(text.len())).unwrap();
        assert!(!is_unpacked(&cache));
        unpack(&cache).unwrap();
        assert_eq!(fs::read_to_string(sdk.join("src/lib.rs")).unwrap(), text);
        assert_eq!(fs::read_dir(cache.root()).unwrap().count(), 1, "nothing temporary stays");
    }

    #[test]
    fn a_link_is_made_repaired_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let sdk = unpack(&Cache::at(folder.path().join("cache"))).unwrap();
        let place = folder.path().join("ember/.spellhost/sdk");
        assert!(link(&place, &sdk).unwrap());
        assert!(!link(&place, &sdk).unwrap());
        fs::remove_file(&place).unwrap();
        fs::create_dir_all(place.join("a/real/folder")).unwrap();
        assert!(link(&place, &sdk).unwrap());
        assert!(place.join("Cargo.toml").is_file());
        let left = fs::read_dir(place.parent().unwrap()).unwrap().count();
        assert_eq!(left, 2, "the link and .gitignore");
    }

    #[test]
    fn an_sdk_is_news_for_a_spell_that_was_built_and_for_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let sdk = unpack(&Cache::at(folder.path().join("cache"))).unwrap();
        let code = fs::File::options().append(true).open(sdk.join("src/lib.rs")).unwrap();
        let old = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        code.set_modified(old).unwrap();
        let touched = || code.metadata().unwrap().modified().unwrap() != old;
        assert!(link(&folder.path().join("fresh/.spellhost/sdk"), &sdk).unwrap());
        assert!(!touched(), "nobody has built anything of it there");
        fs::create_dir_all(folder.path().join("built").join(BUILT)).unwrap();
        assert!(link(&folder.path().join("built/ember/.spellhost/sdk"), &sdk).unwrap());
        assert!(touched(), "what was built there may be of another SDK");
        code.set_modified(old).unwrap();
        make_link(folder.path(), &folder.path().join("moved")).unwrap();
        assert!(link(&folder.path().join("moved"), &sdk).unwrap());
        assert!(touched(), "its link led elsewhere");
    }
}
