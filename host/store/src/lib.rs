//! Everything a host keeps: blobs, spells, revisions, channels, jobs, worlds, frame logs, sessions.
//!
//! One directory, one process, one [`Store`]. Promises that a mutation which returned survives
//! `kill -9` and power loss, that damage is an error and never a wrong answer, and that the
//! database can be rebuilt from the journal. It deliberately does not know what it keeps: no
//! manifest, frame or component is ever parsed here; nobody's rights are checked; and it knows no
//! network, no runtime and no engine. Every call blocks on the disk: call it from threads of your own.

mod digest;
mod id;
mod limits;

mod disk;
mod error;
mod lock;
mod record;

mod change;
mod tree;

mod commit;
mod database;
mod journal;

mod open;
mod schema;
mod store;

mod accounts;
mod blobs;
mod channels;
mod jobs;
mod reports;
mod revisions;
mod sessions;
mod snapshots;
mod spells;
mod worlds;

mod frames;

mod artefacts;
mod secrets;

mod archive;
mod fsck;
mod gc;
mod recover;

pub use accounts::Account;
pub use archive::{ARCHIVE_BEGIN, Exported, Imported, import};
pub use artefacts::ArtefactKey;
pub use blobs::{BlobInfo, Blobs};
pub use channels::{Channel, Entry, Expected, Moved, Pointer, Publish, Reason, Rollback};
pub use digest::Digest;
pub use disk::{Disk, OsDisk, Tail};
pub use error::{Place, Result, StoreError};
pub use frames::{Epoch, FrameLog, FrameReader, LogEntry, Retention};
pub use fsck::{Finding, Report, Severity, fsck};
pub use gc::{GcOptions, GcReport};
pub use id::{JobId, SpellId, Version, WorldId};
pub use jobs::{Diagnostic, Job, JobStatus, JobUpdate};
pub use journal::Truncated;
pub use lock::DirLock;
pub use open::{Opened, Options, Probe, probe};
pub use recover::{Recovered, Source, recover};
pub use reports::{NewReport, SpellReport};
pub use revisions::{ComponentRef, NewRevision, Revision, TakenDown};
pub use sessions::{NewSession, Session};
pub use snapshots::{NewSnapshot, Part, Snapshot};
pub use spells::{Active, NewSpell, Spell, SpellUpdate};
pub use store::{Created, Store};
pub use worlds::{NewWorld, World, WorldUpdate};
