//! A process that works beside this one: what it is sent and what it answers are frames, a length
//! of four bytes and the bytes. It promises that sending never waits, that every wait for an answer
//! has an end, and that a worker is gone when its handle is; it does not know what the frames mean.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::cancel::Cancel;
use crate::limits::{FRAME_BYTES_MAX, FRAMES_AHEAD, SAID_BYTES_MAX, WORKER_CPU_SECONDS, WORKER_DATA_BYTES};
use crate::process::end;

/// How often a wish to cancel is looked at.
const ATTENTION: Duration = Duration::from_millis(30);

/// How long a process that closed its output may take to end.
const CLOSING: Duration = Duration::from_secs(2);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// It ended before it had answered.
    #[error("its process ended ({status}){}", quoted(.said))]
    Ended {
        /// How.
        status: String,
        /// The end of what it wrote on standard error.
        said: String,
    },
    /// It took too long.
    #[error("its process gave no answer for {seconds} s and was ended")]
    Silent {
        /// How long was waited.
        seconds: u64,
    },
    /// Its answer is not a frame.
    #[error("its process sent a frame of {bytes} bytes; at most {FRAME_BYTES_MAX} are read")]
    Oversized {
        /// The length it announced.
        bytes: u64,
    },
    /// Nobody wants the answer any more.
    #[error("it was cancelled")]
    Cancelled,
    /// What the system says.
    #[error("its process cannot be reached")]
    System(#[from] io::Error),
}

fn quoted(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

/// A process that works beside this one; dropping it ends it.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    orders: Option<Sender<Vec<u8>>>,
    answers: Receiver<Result<Vec<u8>, WorkerError>>,
    said: Option<JoinHandle<String>>,
}

impl Worker {
    /// Starts a program.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(program: &Path, arguments: &[&str]) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own: Ctrl-C in the terminal reaches us alone, and we end the worker.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let (orders, waiting) = channel();
        let (send, answers) = sync_channel(FRAMES_AHEAD);
        if let Some(stdin) = child.stdin.take() {
            thread::spawn(move || give(stdin, &waiting));
        }
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || take(stdout, &send));
        }
        let said = child.stderr.take().map(|stderr| thread::spawn(move || tail(stderr)));
        Ok(Self { child, orders: Some(orders), answers, said })
    }

    /// Sends a frame; where the worker is gone, that is told by the next wait for an answer.
    pub fn send(&self, frame: Vec<u8>) {
        let sent = self.orders.as_ref().map(|orders| orders.send(frame));
        if sent.is_some_and(|sent| sent.is_err()) {
            tracing::debug!("a frame for a worker that reads no longer");
        }
    }

    /// Waits for the next frame.
    ///
    /// # Errors
    /// Why none comes.
    pub fn receive(&mut self, patience: Duration, cancel: &Cancel) -> Result<Vec<u8>, WorkerError> {
        let begin = Instant::now();
        loop {
            if cancel.is_cancelled() {
                return Err(WorkerError::Cancelled);
            }
            match self.answers.recv_timeout(ATTENTION) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
                Err(RecvTimeoutError::Timeout) if begin.elapsed() >= patience => {
                    end(&mut self.child)?;
                    return Err(WorkerError::Silent { seconds: patience.as_secs() });
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Whether its process is gone.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// How a process ended that closed its output.
    fn ended(&mut self) -> WorkerError {
        self.orders = None;
        let status = match wait(&mut self.child) {
            Ok(status) => status.to_string(),
            Err(error) => return error.into(),
        };
        let said = self.said.take().and_then(|said| said.join().ok()).unwrap_or_default();
        WorkerError::Ended { status, said }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Err(error) = end(&mut self.child) {
            tracing::debug!(%error, "a worker could not be ended");
        }
    }
}

/// Waits a little for the end of a process, then makes it.
fn wait(child: &mut Child) -> io::Result<ExitStatus> {
    let begin = Instant::now();
    while begin.elapsed() < CLOSING {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        thread::sleep(Duration::from_millis(1));
    }
    end(child)?;
    child.wait()
}

/// Writes frames until nobody sends or nobody reads any more.
fn give(mut stdin: ChildStdin, waiting: &Receiver<Vec<u8>>) {
    for frame in waiting {
        if let Err(error) = write_frame(&mut stdin, &frame) {
            tracing::debug!(%error, "a worker reads no longer");
            return;
        }
    }
}

/// Reads frames until there are no more.
fn take(mut stdout: ChildStdout, send: &SyncSender<Result<Vec<u8>, WorkerError>>) {
    loop {
        let answer = match read_frame(&mut stdout) {
            Ok(Some(frame)) => Ok(frame),
            Ok(None) => return,
            // Half a frame: the process ended within it, and its status says more.
            Err(WorkerError::System(_)) => return,
            Err(error) => Err(error),
        };
        let last = answer.is_err();
        if send.send(answer).is_err() || last {
            return;
        }
    }
}

/// The end of what a process says on standard error.
fn tail(mut stderr: impl Read) -> String {
    let (mut kept, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stderr.read(&mut piece) {
        kept.extend_from_slice(&piece[..count]);
        kept.drain(..kept.len().saturating_sub(SAID_BYTES_MAX));
    }
    String::from_utf8_lossy(&kept).trim().to_owned()
}

/// Writes one frame.
///
/// # Errors
/// What the system says.
pub fn write_frame(to: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    let length = u32::try_from(frame.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(frame)?;
    to.flush()
}

/// Reads one frame; `None` at the end.
///
/// # Errors
/// A frame that is too long, or that ends too early.
pub fn read_frame(from: &mut impl Read) -> Result<Option<Vec<u8>>, WorkerError> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u64::from(u32::from_le_bytes(length));
    if length > FRAME_BYTES_MAX {
        return Err(WorkerError::Oversized { bytes: length });
    }
    let mut frame = Vec::new();
    if from.take(length).read_to_end(&mut frame)? as u64 == length {
        Ok(Some(frame))
    } else {
        Err(WorkerError::System(io::ErrorKind::UnexpectedEof.into()))
    }
}

/// Limits this process to what a worker may use, before it reads what it cannot trust: memory and
/// processor time, and no core dump. Where the system can, it also ends with who started it.
///
/// # Errors
/// What the system says.
pub fn confine() -> io::Result<()> {
    #[cfg(unix)]
    {
        use nix::sys::resource::{Resource, getrlimit, setrlimit};
        let limits = [
            (Resource::RLIMIT_DATA, WORKER_DATA_BYTES),
            (Resource::RLIMIT_CPU, WORKER_CPU_SECONDS),
            (Resource::RLIMIT_CORE, 0),
        ];
        for (resource, most) in limits {
            let (_, hard) = getrlimit(resource)?;
            setrlimit(resource, most.min(hard), most.min(hard))?;
        }
    }
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Worker {
        Worker::start("/bin/sh".as_ref(), &["-c", script]).expect("a shell")
    }

    const PATIENCE: Duration = Duration::from_secs(60);

    #[test]
    fn frames_go_there_and_back() {
        let mut worker = shell("cat");
        let frames = [vec![], vec![7; 100_000], b"last".to_vec()];
        frames.iter().for_each(|frame| worker.send(frame.clone()));
        for frame in frames {
            assert_eq!(worker.receive(PATIENCE, &Cancel::new()).expect("an answer"), frame);
        }
    }

    #[test]
    fn one_that_dies_is_told_with_what_it_said() {
        let error = shell("echo out of luck >&2; exit 3").receive(PATIENCE, &Cancel::new());
        let error = error.expect_err("no answer").to_string();
        assert_eq!(error, "its process ended (exit status: 3): out of luck");
        let error = shell("kill -9 $$").receive(PATIENCE, &Cancel::new()).expect_err("no answer");
        assert!(error.to_string().contains("signal: 9"), "{error}");
        let error = shell("printf '\\012\\000\\000\\000half'").receive(PATIENCE, &Cancel::new());
        assert!(matches!(error, Err(WorkerError::Ended { .. })), "{error:?}");
        let error = shell("printf '\\377\\377\\377\\377'").receive(PATIENCE, &Cancel::new());
        assert!(matches!(error, Err(WorkerError::Oversized { bytes: 4_294_967_295 })), "{error:?}");
        assert!(Worker::start("/no/such/program".as_ref(), &[]).is_err());
    }

    #[test]
    fn one_that_is_silent_or_not_wanted_is_gone() {
        let mut silent = shell("sleep 600");
        assert!(!silent.has_ended());
        let error = silent.receive(Duration::ZERO, &Cancel::new()).expect_err("no answer");
        assert!(matches!(error, WorkerError::Silent { seconds: 0 }), "{error:?}");
        assert!(silent.has_ended());
        let cancel = Cancel::new();
        cancel.cancel();
        let mut worker = shell("sleep 600");
        let error = worker.receive(PATIENCE, &cancel).expect_err("no answer");
        assert!(matches!(error, WorkerError::Cancelled), "{error:?}");
        let id = worker.child.id();
        drop(worker);
        // It was waited for, so the number is nobody's.
        assert!(!Path::new(&format!("/proc/{id}")).exists());
    }
}
