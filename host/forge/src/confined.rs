//! A child process that is asked one question: bytes on its standard input, bytes back on its
//! standard output, within a deadline and a size. It promises that the child is gone before the answer
//! is handed out, whatever it did; it does not know what is asked.

use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::cancel::Cancel;
use crate::process::end;

/// How often a wish to cancel is looked at.
const ATTENTION: Duration = Duration::from_millis(30);
/// How often a child that has closed its pipes is asked whether it has ended.
const CLOSING: Duration = Duration::from_millis(1);
/// The most bytes of standard error that are kept.
const ERROR_BYTES_MAX: usize = 16 * 1024;

/// What came of a question.
#[derive(Debug)]
pub(crate) enum Answer {
    Exited {
        status: ExitStatus,
        out: Vec<u8>,
        error: String,
    },
    /// The deadline passed first.
    Late,
    /// It said more than it may.
    TooLong,
    Cancelled,
}

/// Starts a command, hands it `input` and takes its answer of at most `most` bytes.
pub(crate) fn ask(
    command: &mut Command,
    input: Vec<u8>,
    deadline: Duration,
    most: usize,
    cancel: &Cancel,
) -> io::Result<Answer> {
    let begin = Instant::now();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own: Ctrl-C in the terminal reaches us alone, and we end the child.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut child = command.spawn()?;
    let answer = converse(&mut child, input, most, || {
        if cancel.is_cancelled() {
            return Some(Answer::Cancelled);
        }
        (begin.elapsed() >= deadline).then_some(Answer::Late)
    });
    if !matches!(answer, Ok(Answer::Exited { .. })) {
        end(&mut child)?;
    }
    answer
}

/// What the threads at the pipes found.
enum Heard {
    Out(Vec<u8>),
    Error(Vec<u8>),
}

fn converse(
    child: &mut Child,
    input: Vec<u8>,
    most: usize,
    over: impl Fn() -> Option<Answer>,
) -> io::Result<Answer> {
    if let Some(mut pipe) = child.stdin.take() {
        // A child that ends early closes the pipe; its end says why.
        thread::spawn(move || pipe.write_all(&input));
    }
    let (send, heard) = channel();
    listen(child.stdout.take(), most, Heard::Out, &send);
    listen(child.stderr.take(), ERROR_BYTES_MAX, Heard::Error, &send);
    drop(send);
    let (mut out, mut error) = (Vec::new(), Vec::new());
    loop {
        if let Some(answer) = over() {
            return Ok(answer);
        }
        match heard.recv_timeout(ATTENTION) {
            Ok(Heard::Out(bytes)) if bytes.len() > most => return Ok(Answer::TooLong),
            Ok(Heard::Out(bytes)) => out = bytes,
            Ok(Heard::Error(bytes)) => error = bytes,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    loop {
        match (child.try_wait()?, over()) {
            (Some(status), _) => {
                let error = String::from_utf8_lossy(&error).into_owned();
                return Ok(Answer::Exited { status, out, error });
            }
            (None, Some(answer)) => return Ok(answer),
            (None, None) => thread::sleep(CLOSING),
        }
    }
}

/// Reads a pipe to its end, but keeps no more than one byte beyond `most`.
fn listen(
    pipe: Option<impl Read + Send + 'static>,
    most: usize,
    heard: impl FnOnce(Vec<u8>) -> Heard + Send + 'static,
    send: &Sender<Heard>,
) {
    let (Some(mut pipe), send) = (pipe, send.clone()) else { return };
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error counts; who asked has gone where nobody takes it.
        let _ = pipe.by_ref().take(most as u64 + 1).read_to_end(&mut bytes);
        let _ = send.send(heard(bytes));
    });
}
