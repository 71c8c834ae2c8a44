//! Every bound of a client in one place: whatever a host sends, a client stays within them.

use std::time::Duration;

/// The largest message of a host; a frame of a very busy tick is a tenth of it.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The largest snapshot.
pub const SNAPSHOT_BYTES_MAX: usize = 512 * 1024 * 1024;
/// The largest manifest.
pub const MANIFEST_BYTES_MAX: usize = 1024 * 1024;
/// The largest answer to `/login`.
pub const LOGIN_BYTES_MAX: usize = 64 * 1024;
/// Frames that are kept while a snapshot is fetched.
pub const FRAMES_KEPT_MAX: usize = 4_096;
/// Requests that wait for their answers.
pub const REQUESTS_MAX: usize = 256;
/// Events that wait for who reads them; what is too much is dropped and counted.
pub const EVENTS_MAX: usize = 4_096;
/// Compiled components that are kept for later.
pub const COMPONENTS_MAX: usize = 256;
/// How long an answer, a connection or a part of a body may take.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// The first pause before a connection is tried anew; each is twice the one before.
pub const PAUSE_MIN: Duration = Duration::from_millis(100);
/// The longest.
pub const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How many resyncs may follow each other without a frame between them.
pub const RESYNCS_MAX: u32 = 8;
/// Ticks between two times that components no longer named are forgotten.
pub const TIDY_TICKS: u64 = 600;
