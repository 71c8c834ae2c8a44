//! `spellhost pack`: a spell as one file that can be uploaded anywhere.
//!
//! Builds it, and reads what belongs to it; what a package is, the forge knows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::json;
use spellhost_forge::{Bundle, BundleError, COMPONENT, ListedFile, digest_of};
use spellhost_runtime::Policy;

use crate::file::write_whole;
use crate::interrupt::Interrupt;
use crate::listing::listing;
use crate::problem::Problem;
use crate::run::Machine;
use crate::screen::{Doing, Screen};
use crate::source::{Making, Source, open};
use crate::words;

const EXAMPLES: &str = "\
Examples:
  spellhost pack spells/fireball                      writes fireball.spellpkg
  spellhost pack spells/fireball -o out/fire.spellpkg
  spellhost pack fireball.wasm                        a package without source";

/// Pack a spell with its source and assets into one file
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A spell's folder, or a component
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
    let source = Source::at(&args.path)?;
    let machine = Machine::start(Some(1))?;
    let cancel = interrupt.cancel();
    let ready = {
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
        source.ready(&machine.engine, &making)?
    };
    let listed = match &source {
        Source::Folder(path) => listing(&open(path)?)?,
        Source::File(_) => Vec::new(),
    };
    let mut files = BTreeMap::new();
    for file in &listed {
        files.insert(file.path.clone(), content(source.path(), file)?);
    }
    files.insert(COMPONENT.into(), ready.component.admitted().bytes().to_vec());
    let revision = &ready.revision;
    let bundle = Bundle::new(revision.manifest.clone(), files).map_err(|error| refused(&error))?;
    let bytes = bundle.write().map_err(|error| refused(&error))?;
    let path = args.output.clone().unwrap_or_else(|| format!("{}.spellpkg", revision.spell).into());
    interrupt.check()?;
    write_whole(&path, &bytes)?;
    if screen.is_json() {
        screen.object(&json!({
            "spell_id": revision.spell.as_str(),
            "revision_id": revision.id(),
            "path": path.display().to_string(),
            "size": bytes.len(),
            "digest": digest_of(&bytes).to_string(),
            "files": bundle.files().keys().collect::<Vec<_>>(),
        }));
    } else {
        let (size, count) = (words::size(bytes.len() as u64), bundle.files().len());
        screen.print(&format!(
            "{}\n  size      {size}\n  files     {count}\n",
            screen.bold(&path.display().to_string())
        ));
    }
    Ok(0)
}

/// The content of a listed file; one that changed since it was listed is an error.
fn content(root: &Path, file: &ListedFile) -> Result<Vec<u8>, Problem> {
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
