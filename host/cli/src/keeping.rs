//! `spellhost fsck`, `recover`, `gc` and `export`: the store of a host that does not run.
//!
//! Knows the store's own functions and words for what they find; repairs nothing itself.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use spellhost_forge::{Cancel, Worker, WorkerError, write_frame};
use spellhost_store::{DirLock, GcOptions, Options, Severity, Source, Store, StoreError};

use crate::file::Draft;
use crate::interrupt::Interrupt;
use crate::problem::Problem;
use crate::remote::Which;
use crate::screen::Screen;
use crate::words;

/// The hidden command that tries the database before this process does.
pub const PROBE: &str = "store-probe";
/// How long the database may take to open: on damaged files sled may spin.
const PROBE_TIME: Duration = Duration::from_secs(60);

/// Where a host keeps everything.
#[derive(Debug, clap::Args)]
pub struct Data {
    /// Where the host keeps everything
    #[arg(long, env = "SPELLHOST_DATA", default_value = "./.spellhost", value_name = "DIR")]
    data: PathBuf,
}

/// Try to open a database, for the process that is about to
#[derive(Debug, clap::Args)]
pub struct ProbeArgs {
    data: PathBuf,
}

const FSCK_EXAMPLES: &str = "\
Examples:
  spellhost fsck                       check ./.spellhost
  spellhost fsck --data /srv/spells --json

Checks every digest, reference, index and frame. Exit code 1 where something is wrong.";

/// Check everything that a host keeps
#[derive(Debug, clap::Args)]
#[command(after_help = FSCK_EXAMPLES)]
pub struct FsckArgs {
    #[command(flatten)]
    data: Data,
}

const RECOVER_EXAMPLES: &str = "\
Examples:
  spellhost recover --data /srv/spells                    the database anew, from the journal
  spellhost recover --data /srv/spells --from database    the journal anew, from the database

Nothing is deleted: what was there goes to set-aside/ in the data directory.";

/// Rebuild the database of a host from its journal
#[derive(Debug, clap::Args)]
#[command(after_help = RECOVER_EXAMPLES)]
pub struct RecoverArgs {
    #[command(flatten)]
    data: Data,
    /// What to believe
    #[arg(long, env = "SPELLHOST_FROM", value_enum, default_value_t = Believed::Journal)]
    from: Believed,
}

/// What a recovery believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum Believed {
    Journal,
    Database,
}

const GC_EXAMPLES: &str = "\
Examples:
  spellhost gc --dry-run               show what nothing refers to
  spellhost gc                         remove it

What a channel ever pointed to, a log or a snapshot names, or is younger than --grace, stays.";

/// Remove what no revision, channel, log or world refers to
#[derive(Debug, clap::Args)]
#[command(after_help = GC_EXAMPLES)]
pub struct GcArgs {
    #[command(flatten)]
    data: Data,
    /// Only show what would go
    #[arg(long, env = "SPELLHOST_DRY_RUN", value_parser = clap::builder::FalseyValueParser::new())]
    dry_run: bool,
    /// What is younger than this many seconds stays
    #[arg(long, env = "SPELLHOST_GRACE", default_value_t = 3_600, value_name = "SECONDS")]
    grace: u64,
}

const EXPORT_EXAMPLES: &str = "\
Examples:
  spellhost export spells.archive                                    from ./.spellhost
  spellhost export spells.archive --server http://127.0.0.1:5000 --token TOKEN
                                                                     from a host that runs

The operator's token is in operator.token in the data directory. Secrets are not exported.";

/// Write everything that a host keeps into one archive
#[derive(Debug, clap::Args)]
#[command(after_help = EXPORT_EXAMPLES)]
pub struct ExportArgs {
    /// The archive to write
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The same
    #[arg(short, long, env = "SPELLHOST_OUTPUT", value_name = "FILE", conflicts_with = "file")]
    output: Option<PathBuf>,
    #[command(flatten)]
    data: Data,
    /// A host that runs, instead of a directory
    #[arg(long, env = "SPELLHOST_SERVER", value_name = "URL")]
    server: Option<String>,
    /// The operator's token on that host
    #[arg(long, env = "SPELLHOST_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
}

/// Runs `spellhost fsck`; 1 where something is wrong.
///
/// # Errors
/// Where there is no store, it is in use, or it cannot be opened.
pub fn fsck(args: &FsckArgs, screen: Screen) -> Result<u8, Problem> {
    let store = args.data.open()?;
    let report = spellhost_store::fsck(&store).map_err(|error| told(&error))?;
    close(store)?;
    let clean = report.is_clean();
    if screen.is_json() {
        let findings = report.findings.iter().map(|finding| {
            let severity = if finding.severity == Severity::Error { "error" } else { "note" };
            json!({"severity": severity, "subject": finding.subject, "detail": finding.detail})
        });
        screen.object(&json!({
            "clean": clean,
            "findings": findings.collect::<Vec<_>>(),
            "changes": report.sequence,
            "blobs": report.blobs,
            "blob_bytes": report.blob_bytes,
            "revisions": report.revisions,
            "frames": report.frames,
        }));
    } else {
        let findings: String = report.findings.iter().map(|finding| format!("{finding}\n")).collect();
        screen.print(&format!(
            "{findings}{}: {} changes, {} blobs ({}), {} revisions, {} frames\n",
            screen.verdict(clean, if clean { "clean" } else { "damaged" }),
            report.sequence,
            report.blobs,
            words::size(report.blob_bytes),
            report.revisions,
            report.frames
        ));
    }
    Ok(if clean { 0 } else { 1 })
}

/// Runs `spellhost recover`.
///
/// # Errors
/// Where there is no store, it is in use, or what is to be believed is not usable.
pub fn recover(args: &RecoverArgs, screen: Screen) -> Result<u8, Problem> {
    let dir = args.data.existing()?;
    let source = match args.from {
        Believed::Journal => Source::Journal,
        Believed::Database => {
            probe(dir).map_err(|detail| told(&StoreError::DatabaseDamaged { dir: dir.into(), detail }))?;
            Source::Database
        }
    };
    let done = spellhost_store::recover(dir, source).map_err(|error| told(&error))?;
    let aside = done.set_aside.display().to_string();
    if screen.is_json() {
        let rows = done.rows;
        screen
            .object(&json!({"changes": done.sequence, "rows": rows, "lost": done.lost, "set_aside": aside}));
        return Ok(0);
    }
    let lost = done.lost.map(|lost| format!("lost: {lost}\n")).unwrap_or_default();
    screen.print(&format!(
        "recovered up to change {}: {} rows\n{lost}what was there before is in {aside}\n",
        done.sequence, done.rows
    ));
    Ok(0)
}

/// Runs `spellhost gc`.
///
/// # Errors
/// Where there is no store, it is in use, or a log cannot be read; then nothing was removed.
pub fn gc(args: &GcArgs, screen: Screen) -> Result<u8, Problem> {
    let store = args.data.open()?;
    let options = GcOptions { dry_run: args.dry_run, grace_ms: args.grace.saturating_mul(1_000) };
    let report = store.gc(options).map_err(|error| told(&error))?;
    close(store)?;
    let revisions: Vec<String> =
        report.revisions.iter().map(|(spell, version, id)| format!("{spell} {version} {id}")).collect();
    if screen.is_json() {
        screen.object(&json!({
            "dry_run": args.dry_run,
            "revisions": report.revisions.iter().map(|(_, _, id)| id.to_string()).collect::<Vec<_>>(),
            "blobs": report.blobs.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "blob_bytes": report.blob_bytes,
            "files": report.files.len(),
            "logs": report.logs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }));
        return Ok(0);
    }
    let listed: String = revisions.iter().map(|line| format!("  {line}\n")).collect();
    screen.print(&format!(
        "{listed}{} {} revisions, {} blobs ({}), {} stray files, {} logs\n",
        if args.dry_run { "would remove" } else { "removed" },
        report.revisions.len(),
        report.blobs.len(),
        words::size(report.blob_bytes),
        report.files.len(),
        report.logs.len()
    ));
    Ok(0)
}

/// Runs `spellhost export`.
///
/// # Errors
/// Where there is no store, it is in use, something in it is damaged, or the archive cannot be written.
pub fn export(args: &ExportArgs, screen: Screen, interrupt: &Interrupt) -> Result<u8, Problem> {
    let file = args.file.as_ref().or(args.output.as_ref());
    let file = file
        .ok_or_else(|| Problem::usage("usage", "name the archive to write").hint("spellhost export FILE"))?;
    let bytes = match &args.server {
        Some(server) => download(file, server, args.token.clone(), interrupt)?,
        None => {
            let store = args.data.open()?;
            let mut draft = Draft::create(file)?;
            let exported = store.export(&mut draft).map_err(|error| told(&error))?;
            close(store)?;
            draft.keep()?;
            exported.bytes
        }
    };
    if screen.is_json() {
        screen.object(&json!({"file": file.display().to_string(), "bytes": bytes}));
    } else {
        screen.print(&format!("{} ({})\n", screen.bold(&file.display().to_string()), words::size(bytes)));
    }
    Ok(0)
}

fn download(file: &Path, server: &str, token: Option<String>, interrupt: &Interrupt) -> Result<u64, Problem> {
    let remote = Which { server: server.into(), token }.remote()?;
    let mut draft = Draft::create(file)?;
    let mut bytes = 0;
    remote.download("/admin/export", interrupt, |piece, _| {
        bytes += piece.len() as u64;
        draft.write_all(piece).map_err(|error| Problem::file("write", file, &error))
    })?;
    draft.keep()?;
    Ok(bytes)
}

/// Runs the hidden command: says in one frame what is wrong, nothing where nothing is.
///
/// # Errors
/// Where nobody reads the answer.
pub fn answer_probe(args: &ProbeArgs) -> Result<u8, Problem> {
    let found = spellhost_store::probe(&args.data).map_or_else(|error| error.to_string(), |_| String::new());
    write_frame(&mut std::io::stdout(), found.as_bytes())
        .map_err(|error| Problem::usage("probe", "nobody reads the answer").because(&error))?;
    Ok(0)
}

/// Tries the database of a directory in a child process, which is ended where it takes too long.
///
/// # Errors
/// What is wrong with it.
pub fn probe(dir: &Path) -> Result<(), String> {
    if !dir.join("db").is_dir() {
        return Ok(());
    }
    let own = PathBuf::from("/proc/self/exe");
    let program = if own.exists() { Ok(own) } else { std::env::current_exe() };
    let dir = dir.to_string_lossy();
    let started = program.and_then(|program| Worker::start(&program, &[PROBE, &dir]));
    let mut worker =
        started.map_err(|error| format!("it cannot be tried in a process of its own: {error}"))?;
    match worker.receive(PROBE_TIME, &Cancel::new()) {
        Ok(found) if found.is_empty() => Ok(()),
        Ok(found) => Err(String::from_utf8_lossy(&found).into_owned()),
        Err(WorkerError::Silent { seconds }) => Err(format!("it did not open within {seconds} s")),
        Err(error) => Err(error.to_string()),
    }
}

impl Data {
    /// The directory, where there is a store in it.
    fn existing(&self) -> Result<&Path, Problem> {
        if self.data.join("journal").is_dir() || self.data.join("db").is_dir() {
            return Ok(&self.data);
        }
        Err(told(&StoreError::NoStore { dir: self.data.clone() }))
    }

    fn open(&self) -> Result<Store, Problem> {
        let dir = self.existing()?;
        let lock = DirLock::take(dir).map_err(|error| told(&error))?;
        let damaged = |detail| told(&StoreError::DatabaseDamaged { dir: dir.join("db"), detail });
        probe(dir).map_err(damaged)?;
        let options = Options { probed: true, ..Options::default() };
        Store::open_locked(lock, options).map(|(store, _)| store).map_err(|error| told(&error))
    }
}

fn close(store: Store) -> Result<(), Problem> {
    store.close().map_err(|error| told(&error))
}

/// An error of the store, with what to do next.
pub fn told(error: &StoreError) -> Problem {
    let environment = matches!(
        error,
        StoreError::StoreInUse { .. }
            | StoreError::NoStore { .. }
            | StoreError::NotEmpty { .. }
            | StoreError::StoreFull { .. }
            | StoreError::Io { .. }
            | StoreError::SchemaTooNew { .. }
            | StoreError::SchemaTooOld { .. }
    );
    let new = if environment { Problem::usage } else { Problem::failed };
    let problem = new(error.code(), error.to_string());
    match error {
        StoreError::StoreInUse { holder, .. } => problem
            .hint(format!("stop it first: kill {holder}"))
            .hint("spellhost export FILE --server URL --token TOKEN, of a host that runs"),
        StoreError::NoStore { .. } => problem.hint("--data DIR names the directory of `spellhost serve`"),
        StoreError::NotEmpty { .. } => problem.hint("--data ANOTHER-DIRECTORY"),
        StoreError::DatabaseDamaged { .. } => problem.hint("spellhost recover --data DIR"),
        StoreError::JournalDamaged { .. } => problem.hint("spellhost recover --data DIR --from database"),
        _ => problem,
    }
}
