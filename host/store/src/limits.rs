//! Every bound of the store, in bytes unless the name says otherwise.

/// The largest blob.
pub const BLOB_BYTES_MAX: usize = 64 << 20;
/// The largest record of a journal, frame log or archive; what claims to be longer is damage.
pub const RECORD_BYTES_MAX: usize = BLOB_BYTES_MAX + (1 << 20);
/// A frame log goes on in a new segment beyond this.
pub const FRAME_SEGMENT_BYTES: u64 = 8 << 20;
/// The most that one batch of frames may unpack to.
pub const FRAME_BATCH_BYTES_MAX: usize = 32 << 20;
/// The most frames in one batch.
pub const FRAME_BATCH_FRAMES_MAX: usize = 65_536;
/// Rows of a checkpoint or an archive are grouped into records of about this size.
pub const ROWS_BYTES: usize = 1 << 20;
/// The longest text in any field: a description, a note, a message.
pub const TEXT_BYTES_MAX: usize = 64 << 10;
/// The most that one log of a job keeps.
pub const JOB_LOG_BYTES_MAX: u64 = 1 << 20;
/// The most diagnostics of a job.
pub const DIAGNOSTICS_MAX: usize = 1_000;
/// The most files of a revision, parts of a snapshot, or references of a batch.
pub const REFERENCES_MAX: usize = 16_384;
/// How many reports of a spell are kept.
pub const REPORTS_MAX: u64 = 200;
/// How many hex digits a prefix of a digest needs.
pub const PREFIX_DIGITS_MIN: usize = 8;

const _: () = assert!(BLOB_BYTES_MAX < RECORD_BYTES_MAX);
const _: () = assert!(FRAME_BATCH_BYTES_MAX < RECORD_BYTES_MAX);
const _: () = assert!(ROWS_BYTES + 4 * TEXT_BYTES_MAX < RECORD_BYTES_MAX);
const _: () = assert!(RECORD_BYTES_MAX < u32::MAX as usize);
