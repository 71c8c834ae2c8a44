//! What can go wrong, each with a code that clients may rely on.

use std::io;
use std::path::{Path, PathBuf};

use crate::digest::Digest;

/// What the store's functions give.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Where in a file something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// In bytes from its beginning.
    pub offset: u64,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at byte {}", self.file.display(), self.offset)
    }
}

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum StoreError {
    #[error("no space left for {path}: nothing was changed")]
    StoreFull { path: PathBuf },
    #[error("{dir} is in use by the process {holder}")]
    StoreInUse { dir: PathBuf, holder: String },
    #[error("the blob {digest} is damaged: {detail}")]
    Corrupt { digest: Digest, detail: String },
    #[error("the journal is damaged in {place}: {detail}")]
    JournalDamaged { place: Place, detail: String },
    #[error("the frames of `{world}` are damaged in {place}: {detail}")]
    FramesDamaged { world: String, place: Place, detail: String },
    #[error(
        "the database in {dir} cannot be used ({detail}); `spellhost recover` rebuilds it from the journal"
    )]
    DatabaseDamaged { dir: PathBuf, detail: String },
    #[error("the store stopped taking changes after an error of the disk ({detail}); open it again")]
    StoreFailed { detail: String },
    #[error("{dir} has the schema {found}, and this version knows up to {known}")]
    SchemaTooNew { dir: PathBuf, found: u32, known: u32 },
    #[error(
        "{dir} has changes in the schema {found}; close it with the version that wrote it before this one ({known})"
    )]
    SchemaTooOld { dir: PathBuf, found: u32, known: u32 },
    #[error("this is not a usable archive: {detail}")]
    BadArchive { detail: String },
    #[error("{dir} is not empty")]
    NotEmpty { dir: PathBuf },
    #[error("there is no store in {dir}")]
    NoStore { dir: PathBuf },

    #[error("`{text}` is not a {what}")]
    BadId { what: &'static str, text: String },
    #[error("{what} has {size}, and at most {max} are allowed")]
    TooLarge { what: &'static str, size: u64, max: u64 },
    #[error("`{prefix}` names more than one {what}")]
    AmbiguousPrefix { what: &'static str, prefix: String },
    #[error("there is no blob {0}")]
    UnknownBlob(String),
    #[error("there is no spell `{0}`")]
    UnknownSpell(String),
    #[error("there is no revision {0}")]
    UnknownRevision(String),
    #[error("there is no job {0}")]
    UnknownJob(String),
    #[error("there is no world `{0}`")]
    UnknownWorld(String),
    #[error("the spell `{0}` belongs to someone else")]
    SpellExists(String),
    #[error("the world `{0}` is there already, and differs")]
    WorldExists(String),
    #[error("`{spell}` moved on {channel} meanwhile: generation {found}, expected {expected}")]
    PublishConflict { spell: String, channel: &'static str, expected: u64, found: u64 },
    #[error("the channel {channel} of `{spell}` has nothing to go back to")]
    NothingToRollBack { spell: String, channel: &'static str },
    #[error("`{world}` has frames up to tick {last}, and tick {tick} does not follow")]
    OutOfOrder { world: String, last: u64, tick: u64 },
    #[error("the job {job} has ended as {status}")]
    JobEnded { job: String, status: &'static str },

    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
}

impl StoreError {
    /// The stable code of this kind of error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::StoreFull { .. } => "store_full",
            Self::StoreInUse { .. } => "store_in_use",
            Self::Corrupt { .. } => "corrupt",
            Self::JournalDamaged { .. } => "journal_damaged",
            Self::FramesDamaged { .. } => "frames_damaged",
            Self::DatabaseDamaged { .. } => "database_damaged",
            Self::StoreFailed { .. } => "store_failed",
            Self::SchemaTooNew { .. } => "schema_too_new",
            Self::SchemaTooOld { .. } => "schema_too_old",
            Self::BadArchive { .. } => "bad_archive",
            Self::NotEmpty { .. } => "not_empty",
            Self::NoStore { .. } => "no_store",
            Self::BadId { .. } => "bad_id",
            Self::TooLarge { .. } => "too_large",
            Self::AmbiguousPrefix { .. } => "ambiguous_prefix",
            Self::UnknownBlob(_) => "unknown_blob",
            Self::UnknownSpell(_) => "unknown_spell",
            Self::UnknownRevision(_) => "unknown_revision",
            Self::UnknownJob(_) => "unknown_job",
            Self::UnknownWorld(_) => "unknown_world",
            Self::SpellExists(_) => "spell_exists",
            Self::WorldExists(_) => "world_exists",
            Self::PublishConflict { .. } => "publish_conflict",
            Self::NothingToRollBack { .. } => "nothing_to_roll_back",
            Self::OutOfOrder { .. } => "out_of_order",
            Self::JobEnded { .. } => "job_ended",
            Self::Io { .. } => "io",
        }
    }

    /// An error of the file system, a full disk told apart.
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        if is_full(&source) { Self::StoreFull { path } } else { Self::Io { path, source } }
    }
}

pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Refuses what is larger than its bound.
pub(crate) fn at_most(what: &'static str, size: usize, max: usize) -> Result<()> {
    if size <= max { Ok(()) } else { Err(StoreError::TooLarge { what, size: size as u64, max: max as u64 }) }
}
