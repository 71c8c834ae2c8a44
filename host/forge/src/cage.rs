//! A compiler in a cage: what it sees and may use, as a value, and what came of it.
//!
//! Promises that the process sees no file but what it is shown, no network, no `/proc`, and an
//! environment of three variables; that it is limited in time, memory, processes, files and what it
//! prints; and that it is gone with all it started when [`run`] returns, or when this process dies.
//! Knows no language. How the walls are built is [`crate::walls`]'s.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cancel::Cancel;
use crate::confined::{Answer, ask};
use crate::limits::{
    SOURCE_FILE_BYTES_MAX, SOURCE_MEMORY_BYTES, SOURCE_OPEN_FILES, SOURCE_PRINTED_BYTES_MAX,
    SOURCE_PROCESSES, SOURCE_SECONDS,
};

/// The hidden command of the `spellhost` binary that calls [`crate::walls::enter`].
pub const CAGE_COMMAND: &str = "compile-source";

/// Where a caged process works: in memory, as is `/tmp`, and the two are all that it may write to.
pub(crate) const WORK: &str = "/work";

/// How the cage itself says that it could not be built.
pub(crate) const BROKEN: u8 = 125;

/// What one compiler may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceLimits {
    /// Real time in seconds; twice that in processor time.
    pub seconds: u64,
    /// Memory that each of its processes may write to.
    pub memory_bytes: u64,
    /// The largest file that it may write.
    pub file_bytes: u64,
    /// Its processes and threads. Not held where the host runs as root and may not change users, or its
    /// tools are root's alone.
    pub processes: u64,
    /// Files that it has open at once.
    pub open_files: u64,
    /// What it prints.
    pub printed_bytes: usize,
}

impl Default for SourceLimits {
    fn default() -> Self {
        Self {
            seconds: SOURCE_SECONDS,
            memory_bytes: SOURCE_MEMORY_BYTES,
            file_bytes: SOURCE_FILE_BYTES_MAX,
            processes: SOURCE_PROCESSES,
            open_files: SOURCE_OPEN_FILES,
            printed_bytes: SOURCE_PRINTED_BYTES_MAX,
        }
    }
}

/// A file or folder of the host that a caged process may read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Shown {
    pub(crate) host: PathBuf,
    pub(crate) inside: PathBuf,
}

/// A cage with what is to run in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cage {
    /// An empty folder that becomes the root.
    pub(crate) root: PathBuf,
    /// The folder whose copy is [`WORK`] inside.
    pub(crate) work: PathBuf,
    /// The files of the copy that are there afterwards; empty where there is none of that name.
    pub(crate) kept: Vec<String>,
    pub(crate) shown: Vec<Shown>,
    pub(crate) limits: SourceLimits,
    /// The program and its arguments; nothing only builds the walls.
    pub(crate) command: Vec<String>,
}

/// How a compiler ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// By itself; what it printed, and whether it succeeded.
    Exited {
        success: bool,
        printed: Vec<u8>,
    },
    /// Its time, real or of the processor, was up.
    Late,
    /// It printed too much.
    TooLong,
    /// A signal ended it: its memory, or a fault of its own.
    Died(String),
    Cancelled,
    /// There is no cage here, and why.
    Broken(String),
}

/// Runs what is in the cage to its end.
pub(crate) fn run(program: &Path, cage: &Cage, cancel: &Cancel) -> io::Result<Ending> {
    let described = serde_json::to_string(cage).map_err(io::Error::other)?;
    let mut command = Command::new(program);
    command.args([CAGE_COMMAND, "outside", &described]).env_clear().current_dir(&cage.work);
    ended(&mut command, &cage.limits, cancel)
}

/// What a short command printed, to its last byte, if it succeeded.
pub(crate) fn answer(command: &mut Command, cancel: &Cancel) -> Option<String> {
    match ask(command, Vec::new(), ANSWER_PATIENCE, ANSWER_BYTES_MAX, cancel) {
        Ok(Answer::Exited { status, out, .. }) if status.success() => {
            Some(String::from_utf8_lossy(&out).trim().to_owned())
        }
        _ => None,
    }
}

/// The shared libraries that the system's loader would load for a program, in an empty environment as
/// in a cage: a search path of this process could name the same libraries elsewhere. It runs nothing of it.
pub(crate) fn libraries(program: &Path) -> Vec<PathBuf> {
    let mut command = Command::new(program);
    command.env_clear().env("LD_TRACE_LOADED_OBJECTS", "1");
    let printed = answer(&mut command, &Cancel::new()).unwrap_or_default();
    let path = |line: &str| {
        let place = line.split(" => ").last()?.trim().split(" (").next()?;
        place.starts_with('/').then(|| PathBuf::from(place))
    };
    printed.lines().filter_map(path).collect()
}

/// Runs the same without walls: only time and what is printed are limited.
pub(crate) fn run_open(
    program: &Path,
    arguments: &[OsString],
    cage: &Cage,
    cancel: &Cancel,
) -> io::Result<Ending> {
    let mut command = Command::new(program);
    // The linker of a toolchain is found beside it; the path is for what the system adds.
    command.args(arguments).env_clear().env("PATH", "/usr/bin:/bin").env("TMPDIR", &cage.root);
    command.current_dir(&cage.work);
    ended(&mut command, &cage.limits, cancel)
}

fn ended(command: &mut Command, limits: &SourceLimits, cancel: &Cancel) -> io::Result<Ending> {
    let deadline = Duration::from_secs(limits.seconds);
    Ok(match ask(command, Vec::new(), deadline, limits.printed_bytes, cancel)? {
        Answer::Cancelled => Ending::Cancelled,
        Answer::Late => Ending::Late,
        Answer::TooLong => Ending::TooLong,
        Answer::Exited { status, out, error } => match status.code() {
            Some(code) if code == i32::from(BROKEN) => Ending::Broken(error.trim().to_owned()),
            Some(code) if code == 128 + CPU_SIGNAL => Ending::Late,
            Some(code) if code > 128 => Ending::Died(format!("signal {}", code - 128)),
            Some(code) => Ending::Exited { success: code == 0, printed: [out, error.into_bytes()].concat() },
            None => Ending::Died(status.to_string()),
        },
    })
}

/// How long a tool may take to say what it is, on a machine that has much else to do.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);
/// The most that is read of it.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// The number of SIGXCPU on Linux.
const CPU_SIGNAL: i32 = 24;
