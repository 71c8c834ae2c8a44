//! One child process, from its start to its end, with its output line by line. It promises that a cancelled
//! process is gone with everything it started before [`run`] returns; it does not know what it runs.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::cancel::Cancel;

/// How often a wish to cancel is looked at.
const ATTENTION: Duration = Duration::from_millis(30);

/// How long the children of a process that was ended may take to follow.
const CLOSING: Duration = Duration::from_secs(1);

/// How a process ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Exited(ExitStatus),
    Cancelled,
}

/// Where a line was printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Error,
}

/// Runs a command to its end; `line` is called on this thread for everything it prints.
pub(crate) fn run(
    command: &mut Command,
    cancel: &Cancel,
    mut line: impl FnMut(Stream, &str),
) -> io::Result<Ended> {
    if cancel.is_cancelled() {
        return Ok(Ended::Cancelled);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own: Ctrl-C in the terminal reaches us alone, and ending the group ends all of it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut child = command.spawn()?;
    let (send, lines) = channel();
    forward(child.stdout.take(), Stream::Out, &send);
    forward(child.stderr.take(), Stream::Error, &send);
    drop(send);
    let mut exited = None;
    loop {
        match lines.recv_timeout(ATTENTION) {
            Ok((stream, text)) => line(stream, &text),
            // A process that outlives its parent may hold the pipes open: silence after the end is the end.
            Err(RecvTimeoutError::Timeout) if exited.is_some() => break,
            Err(RecvTimeoutError::Timeout) => exited = child.try_wait()?,
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if cancel.is_cancelled() {
            end(&mut child)?;
            // The pipes close when the last of its children is gone.
            while lines.recv_timeout(CLOSING).is_ok() {}
            return Ok(Ended::Cancelled);
        }
    }
    loop {
        match exited.map_or_else(|| child.try_wait(), |status| Ok(Some(status)))? {
            Some(status) => return Ok(Ended::Exited(status)),
            None if cancel.is_cancelled() => {
                end(&mut child)?;
                return Ok(Ended::Cancelled);
            }
            None => thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// Runs a short command and hands out what it printed, if it succeeded.
pub(crate) fn answer(command: &mut Command, cancel: &Cancel) -> io::Result<Option<String>> {
    let mut printed = String::new();
    let ended = run(command, cancel, |stream, text| {
        if stream == Stream::Out {
            printed.push_str(text);
            printed.push('\n');
        }
    })?;
    Ok(matches!(ended, Ended::Exited(status) if status.success()).then(|| printed.trim().to_owned()))
}

fn forward(pipe: Option<impl Read + Send + 'static>, stream: Stream, send: &Sender<(Stream, String)>) {
    let Some(pipe) = pipe else { return };
    let send = send.clone();
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut bytes = Vec::new();
        while pipe.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
            let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
            bytes.clear();
            if send.send((stream, text)).is_err() {
                break;
            }
        }
    });
}

/// Ends a process and all of its group, and waits until it is gone.
pub(crate) fn end(child: &mut Child) -> io::Result<()> {
    #[cfg(unix)]
    if let Ok(id) = i32::try_from(child.id()) {
        // The child is not waited for yet, so the number is still its own. Cargo trusts nothing of a
        // compilation that did not end, so nothing is lost by not asking politely.
        let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGKILL);
    }
    let _ = child.kill();
    child.wait().map(drop)
}

#[cfg(all(test, unix))]
mod tests {
    use super::{Ended, Stream, answer, run};
    use crate::cancel::Cancel;
    use std::process::Command;
    use std::time::{Duration, Instant};

    #[test]
    fn output_comes_line_by_line_and_the_status_at_the_end() {
        let mut lines = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; printf three; exit 3"]);
        let ended =
            run(&mut command, &Cancel::new(), |stream, text| lines.push((stream, text.to_owned()))).unwrap();
        lines.sort_by_key(|(stream, _)| *stream == Stream::Error);
        let text = |stream, text: &str| (stream, text.to_owned());
        assert_eq!(lines, [text(Stream::Out, "one"), text(Stream::Out, "three"), text(Stream::Error, "two")]);
        assert!(matches!(ended, Ended::Exited(status) if status.code() == Some(3)));
        assert_eq!(
            answer(Command::new("sh").args(["-c", "echo yes"]), &Cancel::new()).unwrap().as_deref(),
            Some("yes")
        );
        assert!(run(&mut Command::new("/no/such/program"), &Cancel::new(), |_, _| {}).is_err());
    }

    #[test]
    fn cancelling_ends_the_process_and_its_children() {
        let cancel = Cancel::new();
        let mut command = Command::new("sh");
        // The grandchild holds the pipe open; its number is printed first.
        command.args(["-c", "sleep 600 & echo $!; wait"]);
        let begin = Instant::now();
        let mut grandchild = String::new();
        let ended = run(&mut command, &cancel, |_, text| {
            grandchild = text.to_owned();
            cancel.cancel();
        });
        assert!(matches!(ended.unwrap(), Ended::Cancelled));
        assert!(begin.elapsed() < Duration::from_secs(60));
        // Whoever adopted it may not have waited for it yet, and it may be on its last instructions.
        let path = format!("/proc/{grandchild}/stat");
        let lives = |state: String| !state.contains(") Z ") && !state.contains(") X ");
        while std::fs::read_to_string(&path).is_ok_and(lives) {
            assert!(begin.elapsed() < Duration::from_secs(60));
            std::thread::yield_now();
        }
    }
}
