//! A test that runs itself again in a child process, which may be killed or may hang.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

const ROLE: &str = "SPELLHOST_STORE_TEST_ROLE";
/// Far beyond what any child needs: whoever is here longer hangs.
const DEADLINE: Duration = Duration::from_secs(120);

/// What this process was started for, if it is a child.
pub fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}

/// Tells the parent something.
pub fn say(line: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n@{line}").and_then(|()| out.flush()).expect("the parent listens");
}

/// A running child. Killed when dropped.
pub struct Running {
    process: Child,
    lines: Receiver<String>,
}

/// Starts the named test of this binary in a child process with a role.
pub fn start(test: &str, role: &str) -> Running {
    let exe = std::env::current_exe().expect("a test is a file");
    let mut process = Command::new(exe)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child starts");
    let (say, lines) = channel();
    let out = BufReader::new(process.stdout.take().expect("it is piped"));
    std::thread::spawn(move || {
        let said =
            out.lines().map_while(Result::ok).filter_map(|line| Some(line.strip_prefix('@')?.to_string()));
        said.for_each(|line| {
            let _ = say.send(line);
        });
    });
    Running { process, lines }
}

/// How a child ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    Said(String),
    Crashed,
    Hung,
}

impl Running {
    /// The next line, or `None` when the child is gone.
    pub fn line(&self) -> Option<String> {
        match self.lines.recv_timeout(DEADLINE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the child hangs"),
        }
    }

    /// Kills it as `kill -9` does; returns what it had said and nobody had heard.
    pub fn kill(mut self) -> Vec<String> {
        self.process.kill().expect("it is ours");
        self.process.wait().expect("it is ours");
        let mut rest = Vec::new();
        while let Ok(line) = self.lines.recv() {
            rest.push(line);
        }
        rest
    }

    /// Waits for one line.
    pub fn verdict(mut self) -> Ended {
        match self.lines.recv_timeout(DEADLINE) {
            Ok(line) => Ended::Said(line),
            Err(RecvTimeoutError::Disconnected) => {
                let status: ExitStatus = self.process.wait().expect("it is ours");
                assert!(!status.success(), "a child ended without a word");
                Ended::Crashed
            }
            Err(RecvTimeoutError::Timeout) => Ended::Hung,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
