//! A host as a process on a port of its own, and plain HTTP to it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::binary::command;

/// The token of the operator of every host.
pub const OPERATOR: &str = "the-token-of-the-operator";

/// A running host; dropping it ends it.
pub struct Host {
    child: Child,
    /// Where it listens.
    pub address: String,
    data: PathBuf,
    _folder: Option<TempDir>,
}

/// A command that runs the binary in a folder, on a system where nobody makes namespaces.
pub fn command_without_namespaces(folder: &Path) -> Command {
    let refuse = "echo 0 > /proc/sys/user/max_user_namespaces && exec \"$0\" \"$@\"";
    let mut command = Command::new("unshare");
    command
        .args(["-r", "sh", "-c", refuse])
        .arg(crate::binary::path())
        .current_dir(folder)
        .env("NO_COLOR", "1");
    command
}

/// An answer over HTTP.
pub struct Answer {
    /// Its status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

impl Host {
    /// A host with a directory of its own.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut host = Self::at(folder.path());
        host._folder = Some(folder);
        host
    }

    /// A host with more flags.
    pub fn with(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut host = Self::started(folder.path(), |command| command.args(flags));
        host._folder = Some(folder);
        host
    }

    /// A host that keeps its log for [`Host::logged`].
    pub fn logging(filter: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut host = Self::started(folder.path(), |command| {
            command.env("SPELLHOST_LOG", filter).stderr(Stdio::piped())
        });
        host._folder = Some(folder);
        host
    }

    /// A host on this directory, once it answers.
    pub fn at(folder: &Path) -> Self {
        Self::started(folder, |command| command)
    }

    /// The same with more on its command line.
    pub fn at_with(folder: &Path, more: &[&str]) -> Self {
        Self::started(folder, |command| command.args(more))
    }

    /// A host on this directory with more flags or variables, once it answers.
    pub fn configured(folder: &Path, more: impl FnOnce(&mut Command)) -> Self {
        Self::started(folder, |command| {
            more(command);
            command
        })
    }

    /// A host whose data directory is a disk of so many MiB, which [`Host::disk`] reaches.
    pub fn on_small_disk(folder: &Path, mebibytes: u32) -> Self {
        let data = folder.join("data");
        std::fs::create_dir_all(&data).expect("a writable folder");
        let mount = format!("mount -t tmpfs -o size={mebibytes}m tmpfs \"$0\" && exec \"$@\"");
        let mut starting = Command::new("unshare");
        starting.args(["-rm", "sh", "-c", &mount]).arg(&data).arg(crate::binary::path()).current_dir(folder);
        Self::launched(starting, data, |command| command)
    }

    /// A host where nobody makes namespaces, and so no cages.
    pub fn without_namespaces(folder: &Path, more: &[&str]) -> Self {
        Self::launched(command_without_namespaces(folder), folder.join("data"), |command| command.args(more))
    }

    /// Its data directory as it sees it itself, also where that is a disk of its own.
    pub fn disk(&self) -> PathBuf {
        let inside = self.data.strip_prefix("/").expect("an absolute path");
        Path::new("/proc").join(self.child.id().to_string()).join("root").join(inside)
    }

    fn started(folder: &Path, more: impl FnOnce(&mut Command) -> &mut Command) -> Self {
        Self::launched(command(folder), folder.join("data"), more)
    }

    fn launched(
        mut starting: Command,
        data: PathBuf,
        more: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        starting.args(["serve", "--listen", "127.0.0.1:0", "--json", "--data"]).arg(&data);
        starting.env("SPELLHOST_OPERATOR_TOKEN", OPERATOR).stdout(Stdio::piped());
        let mut child = more(&mut starting).spawn().expect("the binary starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let event: Value = serde_json::from_str(&line).expect("one object");
        assert_eq!(event["event"], "listening");
        let address = event["address"].as_str().expect("an address").to_owned();
        let host = Self { child, address, data, _folder: None };
        assert_eq!(host.request("GET", "/readyz", b"").status, 200);
        host
    }

    /// Its data directory.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Ends it and reads what it logged.
    pub fn logged(&mut self) -> String {
        self.signal("TERM");
        let mut log = String::new();
        let mut stderr = self.child.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut log).expect("text");
        log
    }

    /// Sends it a signal and waits for its end.
    pub fn end(self, signal: &str) {
        let code = self.end_with(signal);
        assert_eq!(code, (signal == "TERM").then_some(0), "after SIG{signal}");
    }

    /// The same; its exit code.
    pub fn end_with(mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        self.child.wait().expect("it ends").code()
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &pid]).status().expect("kill starts");
        assert!(sent.success());
    }

    /// One request without a token.
    pub fn request(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        self.exchange(method, path, "", body)
    }

    /// One request with a token.
    pub fn request_as(&self, token: &str, method: &str, path: &str, body: &[u8]) -> Answer {
        self.exchange(method, path, &format!("authorization: Bearer {token}\r\n"), body)
    }

    /// One request of a page of this origin.
    pub fn request_from(&self, origin: &str, method: &str, path: &str, body: &[u8]) -> Answer {
        self.exchange(method, path, &format!("origin: {origin}\r\n"), body)
    }

    /// The items of a list that grows to a number of them by itself, within a few seconds.
    pub fn kept(&self, path: &str, count: usize) -> Vec<Value> {
        let begin = std::time::Instant::now();
        loop {
            let items = self.request("GET", path, b"").json()["items"].as_array().expect("a list").clone();
            if items.len() >= count || begin.elapsed().as_secs() > 10 {
                return items;
            }
            std::thread::yield_now();
        }
    }

    /// One request with more headers, each ended by CRLF.
    pub fn request_with(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        self.exchange(method, path, headers, body)
    }

    fn exchange(&self, method: &str, path: &str, more: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let (host, length) = (&self.address, body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n{more}\r\n"
        );
        // Who refuses a body may do so before all of it was read.
        let _ = stream.write_all(&[head.as_bytes(), body].concat());
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let header = |line: &str| {
            let (name, value) = line.split_once(':').expect("a header");
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        Answer {
            status: status.expect("a status"),
            headers: lines.map(header).collect(),
            body: bytes[end + 4..].to_vec(),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
