//! `tools/load` as a process: many clients of a server, and what they counted.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::server::Server;

/// What a run of the load found.
pub struct Figures(Value);

impl Figures {
    /// Runs it against a server; `words` is its command line.
    pub fn of(programs: &Path, server: &Server, words: &[&str]) -> Result<Self> {
        let mut command = Command::new(programs.join("spellhost-load"));
        command.args(["--json", "--server", &server.address, "--pid", &server.pid()]).args(words);
        let output = command.stderr(Stdio::inherit()).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "{command:?} ended with {}: {said}", output.status);
        Ok(Self(serde_json::from_str(&said)?))
    }

    /// A figure by its pointer.
    pub fn number(&self, pointer: &str) -> Result<f64> {
        self.0.pointer(pointer).and_then(Value::as_f64).with_context(|| format!("no figure `{pointer}`"))
    }
}
