//! Every bound of the server in one place. Units are in the names.

use std::time::Duration;

/// Frames that a world keeps in memory for who joins or comes back: one minute.
pub const BACKLOG_FRAMES: usize = 3_600;
/// Frames and events that wait for one client before it counts as slow.
pub const QUEUE_MESSAGES: usize = 512;
/// Ticks between two snapshots of a world: three minutes.
pub const SNAPSHOT_TICKS: u64 = 10_800;
/// Ticks of a world that its log keeps: a day.
pub const LOG_TICKS: u64 = 5_184_000;
/// Ticks between two copies of a world that somebody follows, from which its past is played anew: ten seconds.
pub const PAST_COPY_TICKS: u64 = 600;
/// Copies of a world for its past: the hash tree of the last twenty seconds can be asked for.
pub const PAST_COPIES_MAX: usize = 3;
/// Questions about a world's past that wait.
pub const PAST_QUESTIONS_MAX: usize = 64;
/// Questions about a world's past a second of one connection, and as many at once.
pub const PAST_QUESTIONS_PER_SECOND: f64 = 20.0;
/// How often one connection may report a difference: so many at once, then one in two seconds.
pub const REPORTS_MAX: f64 = 5.0;
/// Frames of the past that are encoded in one tick, for all who catch up.
pub const CATCH_UP_FRAMES_PER_TICK: usize = 512;
/// Places in a queue that catching up leaves for what happens meanwhile.
pub const QUEUE_RESERVE: usize = 128;
/// How long stopping waits for who still reads.
pub const DRAIN: Duration = Duration::from_secs(5);
/// How many ticks a world catches up at most before time is dropped.
pub const LATE_TICKS_MAX: u32 = 5;
/// Casts, operations and messages that enter one world in one tick; later ones are refused.
pub const ENTERING_MAX: usize = 4_096;
/// Ticks that a player stays in the world after its last connection closed.
pub const LINGER_TICKS: u64 = 600;
/// The largest WebSocket message.
pub const MESSAGE_BYTES_MAX: usize = 256 * 1024;
/// The largest JSON body.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The largest upload.
pub const UPLOAD_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Messages a second of one connection.
pub const MESSAGES_PER_SECOND: u32 = 120;
/// Connections in all.
pub const CONNECTIONS_MAX: usize = 8_192;
/// How often a connection is asked whether it is there.
pub const PING_INTERVAL: Duration = Duration::from_secs(10);
/// How long a session lasts.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(4 * 60 * 60);
/// How far a cast's origin may be from the caster's eye, in blocks.
pub const REACH_BLOCKS: i64 = 4;
