//! `spellhost unpack`: what is in a package, as files.
//!
//! Promises that a package which is not whole leaves nothing: everything is checked before the first
//! file is written, and a folder appears whole.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use spellhost_forge::Package;

use crate::pack::refused;
use crate::problem::Problem;
use crate::screen::Screen;

const EXAMPLES: &str = "\
Examples:
  spellhost unpack fireball.spellpkg                  into the folder fireball
  spellhost unpack fireball.spellpkg -o elsewhere
  spellhost run fireball/source                       if it has its source";

/// The largest file that is read; the forge says what a package may have.
const READ_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Unpack a package into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A package
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The folder to make [default: the file's name without its ending]
    #[arg(short, long, env = "SPELLHOST_OUTPUT", value_name = "DIR")]
    output: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// What is wrong with the package, or a folder that is there; then nothing was written.
pub fn unpack(args: &Args, screen: Screen) -> Result<u8, Problem> {
    let package = Package::read(&read(&args.file)?)
        .map_err(|error| refused(&error).at(args.file.display(), None, None))?;
    let stem = args.file.file_stem().map(PathBuf::from).unwrap_or_default();
    let folder = args.output.clone().unwrap_or(stem);
    if folder.exists() {
        let message = format!("`{}` is there already", folder.display());
        return Err(Problem::usage("exists", message).hint("spellhost unpack FILE -o ANOTHER-FOLDER"));
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let fresh = parent.join(format!(".{name}.{}.part", std::process::id()));
    let written = write(&package, &fresh)
        .and_then(|()| fs::rename(&fresh, &folder).map_err(|error| Problem::file("make", &folder, &error)));
    if written.is_err() {
        // What could not be written cannot always be removed.
        let _ = fs::remove_dir_all(&fresh);
    }
    written?;
    if screen.is_json() {
        let files: Vec<&str> = package.files().into_keys().collect();
        screen.object(&json!({"path": folder.display().to_string(), "files": files}));
    } else {
        let files: String = package.files().keys().map(|path| format!("  {path}\n")).collect();
        screen.print(&format!("{}\n{files}", screen.bold(&folder.display().to_string())));
    }
    Ok(0)
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    let failed = |error: std::io::Error| Problem::file("read", path, &error);
    let found = path.metadata().map_err(failed)?;
    if !found.is_file() || found.len() > READ_BYTES_MAX {
        let message = format!("`{}` is no package: a folder, or far too large", path.display());
        return Err(Problem::failed("bad_package", message));
    }
    fs::read(path).map_err(failed)
}

fn write(package: &Package, folder: &Path) -> Result<(), Problem> {
    for (path, content) in package.files() {
        let place = folder.join(path);
        let failed = |error: std::io::Error| Problem::file("write", &place, &error);
        place.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
        fs::write(&place, content).map_err(failed)?;
    }
    Ok(())
}
