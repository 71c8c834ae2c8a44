//! A server that is measured: a process that prints where it listens, and plain HTTP to it.
//!
//! Promises that the process and its folder go with the value, however a benchmark ends. Reads no more of HTTP
//! than a status, a length and a body.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::Options;
use crate::command::{cargo, step};

/// Builds what servers are measured with: the host, its load, what they are held against. The folder they are in.
///
/// All at once, for every benchmark: a build of other programs would choose other features and begin anew.
pub fn build(options: &Options) -> Result<PathBuf> {
    let programs = ["--bin", "spellhost", "--bin", "spellhost-load"];
    let examples = ["--example", "bare_fanout", "--example", "measure_store"];
    let common = ["build", "--profile", options.profile.as_str(), "--workspace"];
    step("build", || cargo(&[&common[..], &programs, &examples].concat()))?;
    Ok(Path::new("target").join(&options.profile))
}

/// A folder that goes with its value.
pub struct Folder(PathBuf);

impl Folder {
    /// A new one among the temporary files.
    pub fn new(name: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("bench-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is the system's to clear.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A server that ends with its value.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: String,
}

impl Server {
    /// Starts a program that prints its address, or an event with it, once it listens.
    pub fn start(command: &mut Command) -> Result<Self> {
        let child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("{command:?}"))?;
        let mut own = Self { child, address: String::new() };
        let mut line = String::new();
        BufReader::new(own.child.stdout.take().context("a standard output")?).read_line(&mut line)?;
        own.address = match serde_json::from_str::<Value>(&line) {
            Ok(event) => event["address"].as_str().context("an address")?.to_owned(),
            Err(_) => line.trim().to_owned(),
        };
        ensure!(!own.address.is_empty(), "{command:?} listens nowhere");
        Ok(own)
    }

    /// A host of this build on a directory.
    pub fn host(programs: &Path, data: &Path, flags: &[&str]) -> Result<Self> {
        let mut command = Command::new(programs.join("spellhost"));
        command.args(["serve", "--json", "--listen", "127.0.0.1:0"]).args(flags).arg("--data").arg(data);
        // Nobody reads it, and a pipe would fill.
        Self::start(command.stderr(Stdio::null()))
    }

    /// Its process.
    pub fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// Asks for something; the body of an answer that says yes.
    pub fn ask(&self, method: &str, path: &str, body: &[u8]) -> Result<Vec<u8>> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat())?;
        let (status, body) = answer(BufReader::new(stream))?;
        if !(200..300).contains(&status) {
            bail!("{method} {path}: {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }

    /// The same with JSON.
    pub fn json(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        Ok(serde_json::from_slice(&self.ask(method, path, &body)?)?)
    }
}

/// The status and the body of an answer that has a length.
fn answer(mut stream: impl std::io::BufRead) -> Result<(u16, Vec<u8>)> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line.split_whitespace().nth(1).and_then(|code| code.parse().ok());
    let status = status.with_context(|| format!("`{}` is no status", line.trim_end()))?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(number) = line.strip_prefix("content-length:") {
            length = number.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((status, body))
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is asked for nothing any more; what it keeps is not kept, or must outlive this.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn an_answer_is_a_status_and_as_many_bytes_as_it_says() {
        let said = b"HTTP/1.1 422 Unprocessable\r\nContent-Length: 3\r\nx: y\r\n\r\nbad and more";
        assert_eq!(answer(&said[..]).expect("an answer"), (422, b"bad".to_vec()));
        assert!(answer(&b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort"[..]).is_err());
        assert!(answer(&b""[..]).is_err());
    }
}
