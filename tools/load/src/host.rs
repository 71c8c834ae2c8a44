//! The host over HTTP: the spell that is cast, made and published, and what the host measures of itself.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// The spell's name.
pub const SPELL: &str = "load";

/// A host.
pub struct Host {
    server: String,
    http: Client,
}

/// Ticks that came late, as the host counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Late {
    /// Played after their time.
    pub caught_up: u64,
    /// Never played: time was dropped.
    pub dropped: u64,
    /// Clients that were begun anew because they did not read.
    pub slow: u64,
}

impl Host {
    /// The host at an address.
    pub fn new(server: &str) -> Self {
        Self { server: server.into(), http: Client::new() }
    }

    async fn request(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Vec<u8>> {
        let request = self.http.request(method, format!("http://{}{path}", self.server)).body(body);
        let answer = request.send().await?;
        let status = answer.status();
        let bytes = answer.bytes().await?;
        if !status.is_success() {
            bail!("{path}: {status}: {}", String::from_utf8_lossy(&bytes));
        }
        Ok(bytes.to_vec())
    }

    async fn json(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Value> {
        Ok(serde_json::from_slice(&self.request(method, path, body).await?)?)
    }

    /// Uploads every file as a revision of the spell; their ids in order.
    pub async fn upload(&self, files: &[PathBuf]) -> Result<Vec<String>> {
        let body = json!({"spell_id": SPELL}).to_string();
        self.json(Method::POST, "/api/spells", body.into()).await?;
        let mut revisions = Vec::new();
        for file in files {
            let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
            let path = format!("/api/spells/{SPELL}/revisions");
            let uploaded = self.json(Method::PUT, &path, bytes).await?;
            revisions.push(uploaded["revision_id"].as_str().context("a revision id")?.to_owned());
        }
        Ok(revisions)
    }

    /// Publishes a revision to `stable`; its first tick.
    pub async fn publish(&self, revision: &str) -> Result<u64> {
        let body = json!({"revision_id": revision, "channel": "stable"}).to_string();
        let path = format!("/api/spells/{SPELL}/publish");
        self.json(Method::POST, &path, body.into()).await?["tick"].as_u64().context("a tick")
    }

    /// What was late since the host started.
    pub async fn late(&self) -> Result<Late> {
        let text = self.request(Method::GET, "/metrics", Vec::new()).await?;
        Ok(late(&String::from_utf8_lossy(&text)))
    }
}

impl Late {
    /// What was late since then.
    pub fn since(self, before: Self) -> Self {
        Self {
            caught_up: self.caught_up - before.caught_up,
            dropped: self.dropped - before.dropped,
            slow: self.slow - before.slow,
        }
    }
}

fn late(text: &str) -> Late {
    let count = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
    };
    Late {
        caught_up: count("spellhost_ticks_caught_up_total"),
        dropped: count("spellhost_ticks_dropped_total"),
        slow: count("spellhost_resyncs_total{reason=\"slow\"}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_late_stands_in_the_text() {
        let text = "# TYPE spellhost_ticks_dropped_total counter\nspellhost_ticks_dropped_total 7\n\n\
                    spellhost_resyncs_total{reason=\"desync\"} 4\nspellhost_resyncs_total{reason=\"slow\"} 3\n";
        let now = late(text);
        assert_eq!(now, Late { caught_up: 0, dropped: 7, slow: 3 });
        assert_eq!(
            now.since(Late { dropped: 5, ..Late::default() }),
            Late { caught_up: 0, dropped: 2, slow: 3 }
        );
    }
}
