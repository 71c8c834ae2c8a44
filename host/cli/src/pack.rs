//! `spellhost pack`: a spell or a place as one file that can be uploaded anywhere.
//!
//! Builds it, and reads what belongs to it; what a package is, the forge knows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use spellhost_forge::{Bundle, BundleError, COMPONENT, ListedFile, Revision, digest_of, id_from_name};
use spellhost_runtime::Policy;

use crate::file::write_whole;
use crate::interrupt::Interrupt;
use crate::listing::listing;
use crate::place;
use crate::problem::Problem;
use crate::run::Machine;
use crate::screen::{Doing, Screen};
use crate::source::{Making, Source, open};
use crate::words;

const EXAMPLES: &str = "\
Examples:
  spellhost pack spells/fireball                      writes fireball.spellpkg
  spellhost pack spells/fireball -o out/fire.spellpkg
  spellhost pack fireball.wasm                        a package without source
  spellhost pack examples/arena                       a place and its spells";

/// Pack a spell with its source and assets, or a place with its spells, into one file
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A spell's folder, a component, or a place's folder
    #[arg(value_name = "DIR-or-FILE")]
    path: PathBuf,
    /// Where to write the package [default: ID.spellpkg]
    #[arg(short, long, env = "SPELLHOST_OUTPUT", value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// What is wrong with the spell; then nothing was written.
pub fn pack(args: &Args, screen: Screen, interrupt: &Interrupt) -> Result<u8, Problem> {
    let machine = Machine::start(Some(1))?;
    let cancel = interrupt.cancel();
    let packed = {
        let busy = screen.busy();
        let show = |doing: Doing| busy.show(doing);
        let making = Making {
            lines: false,
            policy: &Policy::default(),
            warm: None,
            color: screen.ink_is_coloured(),
            cancel: &cancel,
            progress: &show,
        };
        match place::folder(&args.path) {
            Some(root) => Packed::place(&root, &machine, &making)?,
            None => Packed::spell(&Source::at(&args.path)?, &machine, &making)?,
        }
    };
    let path = args.output.clone().unwrap_or_else(|| format!("{}.spellpkg", packed.name).into());
    interrupt.check()?;
    write_whole(&path, &packed.bytes)?;
    let size = packed.bytes.len();
    if screen.is_json() {
        let mut object = packed.own;
        object["path"] = json!(path.display().to_string());
        object["size"] = json!(size);
        object["digest"] = json!(digest_of(&packed.bytes).to_string());
        object["files"] = json!(packed.files);
        screen.object(&object);
    } else {
        let (size, count) = (words::size(size as u64), packed.files.len());
        screen.print(&format!(
            "{}\n  size      {size}\n  files     {count}\n",
            screen.bold(&path.display().to_string())
        ));
    }
    Ok(0)
}

/// A package that only has to be written.
struct Packed {
    /// What its file is called without its ending.
    name: String,
    bytes: Vec<u8>,
    files: Vec<String>,
    /// What is said of it to programs.
    own: Value,
}

impl Packed {
    fn spell(source: &Source, machine: &Machine, making: &Making) -> Result<Self, Problem> {
        let (revision, bundle) = bundled(source, machine, making)?;
        Ok(Self {
            name: revision.spell.to_string(),
            bytes: bundle.write().map_err(|error| refused(&error))?,
            files: bundle.files().keys().cloned().collect(),
            own: json!({"spell_id": revision.spell.as_str(), "revision_id": revision.id()}),
        })
    }

    fn place(root: &Path, machine: &Machine, making: &Making) -> Result<Self, Problem> {
        let place = place::place(root, machine, making)?;
        let root = root.canonicalize().map_err(|error| Problem::file("read", root, &error))?;
        let folder = root.file_name().unwrap_or_default().to_string_lossy();
        let name = place.manifest.id.clone().unwrap_or_else(|| id_from_name(&folder).to_string());
        let spells: Vec<&str> = place.scene.spells.iter().map(|bound| bound.spell.as_str()).collect();
        Ok(Self {
            bytes: place.write().map_err(|error| refused(&error))?,
            files: place.files().keys().cloned().collect(),
            own: json!({"place_id": name, "spells": spells}),
            name,
        })
    }
}

/// Builds or reads a spell, as a revision with everything that belongs to it.
///
/// # Errors
/// What is wrong with it, or more than a package holds.
pub fn bundled(source: &Source, machine: &Machine, making: &Making) -> Result<(Revision, Bundle), Problem> {
    let ready = source.ready(&machine.engine, making)?;
    let listed = match source {
        Source::Folder(path) => listing(&open(path)?)?,
        Source::File(_) => Vec::new(),
    };
    let mut files = contents(source.path(), &listed)?;
    files.insert(COMPONENT.into(), ready.component.admitted().bytes().to_vec());
    let bundle = Bundle::new(ready.revision.manifest.clone(), files).map_err(|error| refused(&error))?;
    Ok((ready.revision, bundle))
}

/// The contents of listed files.
///
/// # Errors
/// One that cannot be read, or changed since it was listed.
pub fn contents(root: &Path, listed: &[ListedFile]) -> Result<BTreeMap<String, Vec<u8>>, Problem> {
    listed.iter().map(|file| Ok((file.path.clone(), content(root, file)?))).collect()
}

/// The content of a listed file.
///
/// # Errors
/// As [`contents`].
pub fn content(root: &Path, file: &ListedFile) -> Result<Vec<u8>, Problem> {
    let path = root.join(file.path.strip_prefix("source/").unwrap_or(&file.path));
    let content = std::fs::read(&path).map_err(|error| Problem::file("read", &path, &error))?;
    if digest_of(&content) != file.digest {
        let message = format!("`{}` changed while it was packed", file.path);
        return Err(Problem::failed("changed", message).hint("pack it again"));
    }
    Ok(content)
}

/// What a package is refused for.
pub fn refused(error: &BundleError) -> Problem {
    Problem::failed(error.code, error.message.clone())
}
