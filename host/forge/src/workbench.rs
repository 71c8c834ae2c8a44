//! Compiling a stranger's component: in a child process, with limits on its time and memory.
//!
//! Both ends are here: [`Workbench`] asks, and [`serve`] is the child. It promises that no component,
//! however it was made, takes this process down or keeps it waiting: a child that is late, too large
//! or dead becomes a [`Rejection`] that names the limit. What comes back runs only if it carries the
//! seal of a key that this process made up for this one child. It does not know what the component
//! does, nor which command wants it.
//!
//! On Linux all limits hold. On other Unix systems memory is not limited by what the compiler maps;
//! elsewhere the deadline alone holds.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use spellhost_runtime::{
    Admitted, Artefact, ArtefactKey, Codegen, Compiler, Component, Engine, Policy, Problem, Rejection, admit,
    code,
};

use crate::cancel::Cancel;
use crate::confined::{Answer, ask};
use crate::limits::{
    COMPILE_ARTEFACT_BYTES_MAX, COMPILE_MEMORY_BYTES, COMPILE_PROCESSOR_SECONDS, COMPILE_SECONDS,
    COMPILE_THREADS_MAX,
};

/// The hidden command of the `spellhost` binary that calls [`serve`].
pub const COMMAND: &str = "compile-component";

const KEY_BYTES: usize = 32;
/// How the child says that the compiler refused the component.
const REFUSED: u8 = 1;

/// What one compilation may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileLimits {
    /// Real time until the child is ended: generous, for a machine may have much else to do.
    pub time: Duration,
    /// Processor time of the child, over all its threads.
    pub processor_seconds: u64,
    /// Memory that the child may write to.
    pub memory_bytes: u64,
    /// The size of what it hands back.
    pub artefact_bytes: usize,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(COMPILE_SECONDS),
            processor_seconds: COMPILE_PROCESSOR_SECONDS,
            memory_bytes: COMPILE_MEMORY_BYTES,
            artefact_bytes: COMPILE_ARTEFACT_BYTES_MAX,
        }
    }
}

/// Where components are compiled. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Workbench {
    program: PathBuf,
    limits: CompileLimits,
}

/// Why a component could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is not a spell, or took more than it may.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// It was cancelled.
    #[error("compiling was cancelled")]
    Cancelled,
    /// This machine starts no child process.
    #[error("cannot start the compiler")]
    Start(#[source] io::Error),
}

impl Workbench {
    /// A workbench whose child is this very program, which must answer to [`COMMAND`].
    ///
    /// # Errors
    /// Where the system does not say what this program is.
    pub fn of_this_program() -> io::Result<Self> {
        // On Linux the name stands for what runs, even after an upgrade replaced the file.
        let own = PathBuf::from("/proc/self/exe");
        let program = if own.exists() { own } else { std::env::current_exe()? };
        Ok(Self::new(program, CompileLimits::default()))
    }

    /// A workbench whose child is a `spellhost` of the same build.
    pub fn new(program: PathBuf, limits: CompileLimits) -> Self {
        Self { program, limits }
    }

    /// Compiles a component in a child, then links and describes it here.
    ///
    /// # Errors
    /// Why it is not a spell, `compile_limit` among the reasons; or that it was cancelled.
    pub fn load(&self, engine: &Engine, admitted: Admitted, cancel: &Cancel) -> Result<Component, LoadError> {
        let artefact = self.compile(engine.options().codegen, &admitted, cancel)?;
        Ok(engine.load_artefact(admitted, &artefact)?)
    }

    /// Compiles a component in a child.
    ///
    /// # Errors
    /// As [`Workbench::load`].
    pub fn compile(
        &self,
        codegen: Codegen,
        admitted: &Admitted,
        cancel: &Cancel,
    ) -> Result<Artefact, LoadError> {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key).map_err(|error| LoadError::Start(io::Error::other(error.to_string())))?;
        tracing::debug!(component = %admitted.digest(), "compiling a component in a child process");
        let question = [&key, admitted.bytes()].concat();
        let CompileLimits { time, artefact_bytes, .. } = self.limits;
        let answer = ask(&mut self.command(codegen), question, time, artefact_bytes, cancel);
        match answer.map_err(LoadError::Start)? {
            Answer::Cancelled => Err(LoadError::Cancelled),
            Answer::Late => Err(self.over(format!("took more than {} s", time.as_secs_f64()))),
            Answer::TooLong => Err(self.over(format!("makes more than {artefact_bytes} bytes of code"))),
            Answer::Exited { status, out, .. } if status.success() => {
                let key = ArtefactKey::from_bytes(key);
                Artefact::open(out, &key)
                    .map_err(|error| Rejection::from(Problem::new(code::COMPILE, error.to_string())).into())
            }
            Answer::Exited { status, out, .. } if status.code() == Some(REFUSED.into()) => {
                let message = String::from_utf8_lossy(&out).into_owned();
                Err(Rejection::from(Problem::new(code::COMPILE, message)).into())
            }
            Answer::Exited { status, error, .. } => Err(self.over(died(status, &error, self.limits))),
        }
    }

    fn command(&self, codegen: Codegen) -> Command {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(COMPILE_THREADS_MAX);
        let CompileLimits { processor_seconds, memory_bytes, .. } = self.limits;
        let mut command = Command::new(&self.program);
        command
            .args([COMMAND, codegen.name(), &processor_seconds.to_string(), &memory_bytes.to_string()])
            .env_clear()
            .env("RAYON_NUM_THREADS", threads.to_string());
        command
    }

    /// The rejection of a component that does not fit the limits.
    fn over(&self, what: String) -> LoadError {
        tracing::warn!(what, "a component was refused by the limits of compiling");
        let hint = "split large functions, or build for size (opt-level = \"s\", lto)";
        Rejection::from(
            Problem::new(code::COMPILE_LIMIT, format!("compiling the component {what}")).hint(hint),
        )
        .into()
    }
}

/// How a child died, in words.
fn died(status: ExitStatus, error: &str, limits: CompileLimits) -> String {
    let (mebibytes, seconds) = (limits.memory_bytes >> 20, limits.processor_seconds);
    if error.contains("memory allocation of") || error.contains("out of memory") {
        return format!("took more than {mebibytes} MiB of memory");
    }
    #[cfg(unix)]
    {
        use nix::sys::signal::Signal;
        use std::os::unix::process::ExitStatusExt;
        if status.signal() == Some(Signal::SIGXCPU as i32) {
            return format!("took more than {seconds} s of processor time");
        }
    }
    format!(
        "ended the compiler ({status}), which may use {mebibytes} MiB of memory and {seconds} s of processor time"
    )
}

/// The child: limits itself, reads the key and the component, writes the sealed artefact; the exit code.
///
/// # Errors
/// Where the limits do not exist here, or a pipe is closed.
pub fn serve(codegen: Codegen, processor_seconds: u64, memory_bytes: u64) -> io::Result<u8> {
    confine(processor_seconds, memory_bytes)?;
    let mut key = [0; KEY_BYTES];
    io::stdin().read_exact(&mut key)?;
    let mut bytes = Vec::new();
    io::stdin()
        .take(spellhost_runtime::limits::COMPONENT_BYTES_CEILING as u64 + 1)
        .read_to_end(&mut bytes)?;
    // Who asks has taken it by a policy of its own.
    let compiled = admit(&bytes, &Policy::decided_elsewhere()).and_then(|admitted| {
        let compiler = Compiler::new(codegen)
            .map_err(|error| Rejection::from(Problem::new(code::COMPILE, error.to_string())))?;
        compiler.compile(&admitted)
    });
    let (answer, exit) = match compiled {
        Ok(artefact) => (artefact.seal(&ArtefactKey::from_bytes(key)), 0),
        Err(rejection) if rejection.code() == code::COMPILE_LIMIT => {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        Err(rejection) => (rejection.to_string().into_bytes(), REFUSED),
    };
    io::stdout().write_all(&answer)?;
    io::stdout().flush()?;
    Ok(exit)
}

/// Takes from this process what compiling does not need, for good.
#[cfg(unix)]
fn confine(processor_seconds: u64, memory_bytes: u64) -> io::Result<()> {
    use nix::sys::resource::{Resource, setrlimit};
    // Descriptors: the three pipes, and what the system's own libraries read and close again.
    for (resource, most) in [
        (Resource::RLIMIT_CPU, processor_seconds),
        (Resource::RLIMIT_DATA, memory_bytes),
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_NOFILE, 16),
        (Resource::RLIMIT_FSIZE, 0),
    ] {
        // The signal of processor time comes at the soft limit; the hard one is for who ignores it.
        let hard = if matches!(resource, Resource::RLIMIT_CPU) { most + 1 } else { most };
        setrlimit(resource, most, hard)?;
    }
    Ok(())
}

/// Takes nothing: here the deadline alone holds.
#[cfg(not(unix))]
fn confine(_: u64, _: u64) -> io::Result<()> {
    Ok(())
}
