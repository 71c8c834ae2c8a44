//! `spellhost import`: an archive of a whole store into an empty directory, or a package into a host.
//!
//! Which of both a file is, its first bytes say. A package takes the way of any upload, over the routes of
//! a host: one that runs, or one that is opened on the directory for as long as it takes.

use std::fs::File;
use std::io::{BufReader, Read as _, Seek as _, SeekFrom};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;

use serde_json::{Value, json};
use spellhost_forge::{PACKAGE_TYPE, Package, id_from_name};
use spellhost_server::{Config, Stop};
use spellhost_store::ARCHIVE_BEGIN;

use crate::file::check_regular;
use crate::interrupt::Interrupt;
use crate::keeping::{probe, told};
use crate::pack::refused;
use crate::problem::Problem;
use crate::publish::Parcel;
use crate::remote::{Body, Remote, Which};
use crate::screen::Screen;
use crate::words;

const EXAMPLES: &str = "\
Examples:
  spellhost import spells.archive --data /srv/spells     a whole store, into an empty directory
  spellhost import fireball.spellpkg                     a spell, into ./.spellhost
  spellhost import arena.spellpkg --server http://127.0.0.1:5000
                                                         a world of a place, on a host that runs

Without --server, no host may run on the directory.";

/// How a package begins.
const PACKAGE_BEGIN: [u8; 4] = *b"PK\x03\x04";
/// The most of a package that is read; the forge says what one may have.
const READ_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Bring an archive of a whole store into an empty directory, or a package into a host
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// An archive that `export` wrote, or a package
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where the host keeps everything
    #[arg(long, env = "SPELLHOST_DATA", default_value = "./.spellhost", value_name = "DIR")]
    data: PathBuf,
    /// A host that runs, instead of a directory; for packages
    #[arg(long, env = "SPELLHOST_SERVER", value_name = "URL")]
    server: Option<String>,
    /// Who asks there: a session's token, or the operator's [default: that of `spellhost login`]
    #[arg(long, env = "SPELLHOST_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// What is wrong with the file, a directory that is not empty or in use, or why the host refuses.
pub fn import(args: &Args, screen: Screen, interrupt: &Interrupt) -> Result<u8, Problem> {
    let failed = |error: std::io::Error| Problem::file("read", &args.file, &error);
    check_regular(&args.file)?;
    let mut file = File::open(&args.file).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()));
    }
    let mut begin = Vec::new();
    file.by_ref().take(4).read_to_end(&mut begin).map_err(failed)?;
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    if begin == ARCHIVE_BEGIN {
        return store(args, file, screen);
    }
    if begin != PACKAGE_BEGIN {
        let message = format!("`{}` is neither an archive of a store nor a package", args.file.display());
        return Err(Problem::failed("bad_archive", message)
            .hint("import takes what `spellhost export` and `spellhost pack` write"));
    }
    let mut bytes = Vec::new();
    file.take(READ_BYTES_MAX).read_to_end(&mut bytes).map_err(failed)?;
    let parcel = Import::read(&args.file, bytes)?;
    let brought = match &args.server {
        Some(server) => {
            let remote = Which { server: server.clone(), token: args.token.clone() }.remote()?;
            parcel.send(&remote, &remote)?
        }
        None => offline(&args.data, parcel)?,
    };
    interrupt.check()?;
    if screen.is_json() {
        screen.object(&brought);
    } else {
        screen.print(&said(screen, &brought));
    }
    Ok(0)
}

/// A whole store.
fn store(args: &Args, file: File, screen: Screen) -> Result<u8, Problem> {
    if let Some(server) = &args.server {
        let message =
            format!("`{}` is no package, and only packages are sent to {server}", args.file.display());
        return Err(Problem::usage("bad_archive", message)
            .hint("leave --server out: an archive of a store fills an empty directory"));
    }
    let imported = spellhost_store::import(&args.data, &mut BufReader::new(file));
    let done = imported.map_err(|error| told(&error))?;
    let shown = args.data.display().to_string();
    if screen.is_json() {
        screen.object(
            &json!({"data": shown, "changes": done.sequence, "rows": done.rows, "blobs": done.blobs}),
        );
    } else {
        screen.print(&format!("{}: {} rows, {} blobs\n", screen.bold(&shown), done.rows, done.blobs));
    }
    Ok(0)
}

/// What is brought into a host.
enum Import {
    Spell(Parcel),
    Place(Vec<u8>),
}

impl Import {
    fn read(path: &Path, bytes: Vec<u8>) -> Result<Self, Problem> {
        let package =
            Package::read(&bytes).map_err(|error| refused(&error).at(path.display(), None, None))?;
        Ok(match package {
            Package::Place(_) => Self::Place(bytes),
            Package::Spell(bundle) => {
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                let spell = bundle.spell().unwrap_or_else(|| id_from_name(&stem));
                Self::Spell(Parcel::of_package(spell.to_string(), bytes))
            }
        })
    }

    /// Sends it as `sender`; what is new belongs to `owner`.
    fn send(self, owner: &Remote, sender: &Remote) -> Result<Value, Problem> {
        let bytes = match self {
            Self::Spell(parcel) => {
                parcel.create(owner)?;
                let uploaded = parcel.send(sender)?;
                let field = |key: &str| uploaded[key].clone();
                return Ok(json!({
                    "spell_id": field("spell_id"),
                    "revision_id": field("revision_id"),
                    "version": field("version"),
                    "component": field("component"),
                }));
            }
            Self::Place(bytes) => bytes,
        };
        owner.ask(reqwest::Method::POST, "/worlds", Body::Bytes(PACKAGE_TYPE, bytes))
    }
}

/// Opens a host on a directory, for itself alone, and ends it when the package is there.
fn offline(data: &Path, parcel: Import) -> Result<Value, Problem> {
    let mut config = Config::local(data.into());
    config.probe = probe;
    config.secret_key = std::env::var("SECRET_KEY").ok().filter(|key| !key.is_empty());
    let stop = Stop::default();
    let (told, heard) = channel();
    let (stopper, token) = (stop.clone(), data.join("operator.token"));
    let ready = move |address: SocketAddr| {
        std::thread::spawn(move || {
            // Who waits for the answer is there until it comes.
            let _ = told.send(brought(address, &token, parcel));
            stopper.done();
        });
    };
    spellhost_server::serve(config, ready, stop).map_err(|error| {
        let mut problem = crate::serve::refused(&error, data);
        if error.code() == "store_in_use" {
            problem.hints.insert(0, "spellhost import FILE --server URL, of the host that runs".into());
        }
        problem
    })?;
    heard.recv().unwrap_or_else(|_| Err(Problem::interrupted()))
}

/// As an open server has it: what is new is everybody's, and what is there its operator may change.
fn brought(address: SocketAddr, token: &Path, parcel: Import) -> Result<Value, Problem> {
    let kept = std::fs::read_to_string(token).map_err(|error| Problem::file("read", token, &error))?;
    let server = format!("http://{address}");
    let guest = Remote::new(server.clone(), None)?;
    let operator = Remote::new(server, Some(kept.trim().to_owned()))?;
    parcel.send(&guest, &operator)
}

fn said(screen: Screen, brought: &Value) -> String {
    let text = |key: &str| brought[key].as_str().unwrap_or_default();
    if brought["world_id"].is_string() {
        return format!(
            "{}: the world {} at tick {}\n  place     {}\n",
            screen.bold(text("name")),
            text("world_id"),
            brought["tick"],
            text("place")
        );
    }
    let version = brought["version"].as_u64().unwrap_or_default();
    let size = words::size(brought["component"]["size"].as_u64().unwrap_or_default());
    format!(
        "{} rev_{version:06} is on draft\n  revision  {}\n  size      {size}\n",
        screen.bold(text("spell_id")),
        text("revision_id")
    )
}
