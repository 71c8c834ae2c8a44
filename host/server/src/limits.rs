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
/// Messages that wait for a client before a world whose ticks its author plays waits for it.
pub const CROWD_MESSAGES_MAX: usize = 256;
/// How long such a tick waits.
pub const CROWD_WAIT: Duration = Duration::from_millis(100);
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
/// The edge of the largest map, in blocks.
pub const MAP_BLOCKS_MAX: u32 = 256;
/// Maps that are drawn at once, in all; who asks for more waits.
pub const MAPS_AT_ONCE: usize = 2;
/// Entities of one kind that a scene shows.
pub const SCENE_ENTITIES_MAX: usize = 1_024;
/// Active spells that a scene shows.
pub const SCENE_SPELLS_MAX: usize = 256;
/// How long a scene is shown before a world is looked at again.
pub const SCENE_LIFETIME: Duration = Duration::from_millis(100);
/// How far a cast's origin may be from the caster's eye, in blocks.
pub const REACH_BLOCKS: i64 = 4;
/// Calls after which a guard has seen enough.
pub const GUARD_CALLS: u64 = 200;
/// Calls that a guard reckons with at least, while it may see more.
pub const GUARD_CALLS_LEAST: u64 = 5;
/// Ticks after which a guard has seen enough: a minute.
pub const GUARD_TICKS: u64 = 3_600;
/// How far back a trial looks in the log of a world: five minutes.
pub const TRIAL_TICKS: u64 = 18_000;
/// The most calls of one world that a trial runs again.
pub const TRIAL_CALLS_MAX: usize = 1_000;
/// The most calls that the report of a trial shows.
pub const TRIAL_CASTS_SHOWN_MAX: usize = 200;
/// Ticks that each cast of a rehearsal is followed: a second.
pub const REHEARSAL_TICKS: u32 = 60;
/// Reports that wait to be told and kept.
pub const REPORTS_WAITING_MAX: usize = 256;
/// Reports that one world makes in one tick.
pub const REPORTS_PER_TICK: usize = 4;
/// The most bytes of a report's message.
pub const REPORT_BYTES_MAX: usize = 1_024;
/// Compiled components that stay in memory without being cast anywhere: those that were used last.
pub const SHELF_COMPONENTS_MAX: usize = 32;
/// Compiled code that is kept.
pub const ARTEFACT_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// The longest file that a build replaces; the body it comes in is no larger.
pub const SOURCE_CODE_BYTES_MAX: usize = 512 * 1024;
/// The longest wish to a model.
pub const PROMPT_BYTES_MAX: usize = 16 * 1024;
/// The most assets of one build.
pub const ASSETS_MAX: usize = 64;
/// The most that a model may answer, in bytes of its whole reply.
pub const MODEL_REPLY_BYTES_MAX: usize = 512 * 1024;
/// How long one answer of a model may take.
pub const MODEL_PATIENCE: Duration = Duration::from_secs(120);
/// How often a model is shown what the compiler said, after its first try.
pub const MODEL_REPAIRS: u32 = 3;
/// The most of a compiler's text that a model is shown, and of an error that a job keeps.
pub const SAID_BYTES_MAX: usize = 8 * 1024;
/// The most bytes of coded components that are kept.
pub const CODED_BYTES_MAX: usize = 32 * 1024 * 1024;
/// Items of a page where nothing else is asked for.
pub const PAGE_ITEMS: usize = 50;
/// The most items of a page.
pub const PAGE_ITEMS_MAX: usize = 100;
/// The longest parameter of a search, cursors included.
pub const QUERY_BYTES_MAX: usize = 256;
/// The longest name that a request may have.
pub const REQUEST_ID_BYTES_MAX: usize = 64;
/// The most of an extractor's own refusal that is passed on.
pub const ERROR_BYTES_MAX: usize = 4_096;
/// How long the head of a request may take.
pub const HEAD_DEADLINE: Duration = Duration::from_secs(5);
/// How long the body of a request may take.
pub const BODY_DEADLINE: Duration = Duration::from_secs(15);
/// The largest head of a request.
pub const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Connections of one address.
pub const ADDRESS_CONNECTIONS_MAX: usize = 256;
/// Requests a second that change something, of one token or address.
pub const CHANGES_PER_SECOND: u32 = 120;
/// Casts a second of one player.
pub const CASTS_PER_SECOND: u32 = 60;
/// How many are paced at once.
pub const PACED_MAX: usize = 16_384;
/// Worlds of a host.
pub const WORLDS_MAX: usize = 64;
/// Worlds of one owner who is not the operator, the default one not counted.
pub const OWNED_WORLDS_MAX: usize = 16;
/// The longest name of a world.
pub const WORLD_NAME_BYTES_MAX: usize = 128;
/// Ticks of one excerpt of a log: ten minutes.
pub const EXCERPT_TICKS_MAX: u64 = 36_000;
/// Ticks that are followed from a snapshot to the one that was asked for: six minutes.
pub const FOLLOWED_TICKS_MAX: u64 = 21_600;
/// The largest excerpt of a log.
pub const EXCERPT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Excerpts that are made at once.
pub const EXCERPTS_AT_ONCE: usize = 2;
/// Spells that have a line of their own in the measurements.
pub const MEASURED_SPELLS_MAX: usize = 64;

const _: () = assert!(FOLLOWED_TICKS_MAX > SNAPSHOT_TICKS);
