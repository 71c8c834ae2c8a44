//! A place's folder, packed: `place.toml`, `scene.json`, the assets, and every spell that belongs to it.
//!
//! Builds the spells that are folders, so that whoever opens the place needs no compiler. Knows the disk; what a
//! place may be, the forge knows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use spellhost_forge::{Bundle, PLACE, Package, Place, PlaceManifest, SCENE};

use crate::file::check_regular;
use crate::listing;
use crate::pack::{bundled, content, refused};
use crate::problem::Problem;
use crate::run::Machine;
use crate::source::{Making, Source, folder_problem, read};

/// The most bytes of a file that is read as text of a place.
const READ_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// The folder of a place at a path, where there is one: the folder itself, or its `place.toml`.
pub fn folder(path: &Path) -> Option<PathBuf> {
    if path.join(PLACE).is_file() {
        return Some(path.into());
    }
    let is_own = path.is_file() && path.file_name().is_some_and(|name| name == PLACE);
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    is_own.then(|| parent.into())
}

/// Everything that belongs to a place, packed.
///
/// # Errors
/// What is wrong with one of its files or spells.
pub fn place(root: &Path, machine: &Machine, making: &Making) -> Result<Place, Problem> {
    let text = String::from_utf8(small(&root.join(PLACE))?)
        .map_err(|error| Problem::failed("bad_place", format!("`{PLACE}` is not UTF-8")).because(&error))?;
    let manifest = PlaceManifest::parse(&text).map_err(|error| folder_problem(&error))?;
    let mut files = BTreeMap::from([(PLACE.to_owned(), text.into_bytes())]);
    files.insert(SCENE.into(), small(&root.join(SCENE))?);
    for file in listing::assets(root)? {
        files.insert(file.path.clone(), content(root, &file)?);
    }
    let named = manifest.spells.iter().map(|path| root.join(path));
    for path in named.chain(spells(&root.join("spells"))?) {
        let (name, bytes) = spell(&path, machine, making)?;
        if files.insert(name.clone(), bytes).is_some() {
            let message = format!("the place has two spells for `{name}`");
            return Err(Problem::failed("bad_place", message).at(path.display(), None, None));
        }
    }
    Place::new(files).map_err(|error| refused(&error).at(root.display(), None, None))
}

fn small(path: &Path) -> Result<Vec<u8>, Problem> {
    let failed = |error: std::io::Error| Problem::file("read", path, &error);
    check_regular(path)?;
    if path.metadata().map_err(failed)?.len() > READ_BYTES_MAX {
        return Err(Problem::failed("too_large", format!("`{}` is far too large", path.display())));
    }
    std::fs::read(path).map_err(failed)
}

/// What lies in the folder of a place's spells, by name.
fn spells(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |error: std::io::Error| Problem::file("read", folder, &error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_file = path.extension().is_some_and(|ending| ending == "wasm" || ending == "spellpkg");
        if is_file || path.join("spell.toml").is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// A spell as a package in the place: its path and bytes.
fn spell(path: &Path, machine: &Machine, making: &Making) -> Result<(String, Vec<u8>), Problem> {
    let source = Source::at(path)?;
    let bundle = match &source {
        Source::File(file) if file.extension().is_some_and(|ending| ending == "spellpkg") => carried(file)?,
        _ => bundled(&source, machine, making)?.1,
    };
    let spell = bundle.spell().ok_or_else(|| {
        Problem::failed("bad_spell_id", "a package of no spell").at(path.display(), None, None)
    })?;
    Ok((format!("spells/{spell}.spellpkg"), bundle.write().map_err(|error| refused(&error))?))
}

fn carried(path: &Path) -> Result<Bundle, Problem> {
    let wrong = |error| refused(&error).at(path.display(), None, None);
    match Package::read(&read(path)?).map_err(wrong)? {
        Package::Spell(bundle) => Ok(bundle),
        Package::Place(_) => {
            let message = format!("`{}` is a place, and a place carries spells", path.display());
            Err(Problem::failed("bad_place", message))
        }
    }
}
