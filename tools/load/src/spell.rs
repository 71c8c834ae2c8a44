//! The spell that is cast: made, uploaded in all its revisions, and published.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

/// Its name.
pub const SPELL: &str = "load";

async fn request(method: reqwest::Method, server: &str, path: &str, body: Vec<u8>) -> Result<Value> {
    let request = reqwest::Client::new().request(method, format!("http://{server}{path}")).body(body);
    let answer = request.send().await?;
    let status = answer.status();
    let bytes = answer.bytes().await?;
    if !status.is_success() {
        bail!("{path}: {status}: {}", String::from_utf8_lossy(&bytes));
    }
    Ok(serde_json::from_slice(&bytes)?)
}

/// Uploads every file; the revisions in order.
pub async fn upload(server: &str, files: &[PathBuf]) -> Result<Vec<String>> {
    let body = json!({"spell_id": SPELL}).to_string();
    request(reqwest::Method::POST, server, "/api/spells", body.into()).await?;
    let mut revisions = Vec::new();
    for file in files {
        let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
        let path = format!("/api/spells/{SPELL}/revisions");
        let uploaded = request(reqwest::Method::PUT, server, &path, bytes).await?;
        revisions.push(uploaded["revision_id"].as_str().context("a revision id")?.to_owned());
    }
    Ok(revisions)
}

/// Publishes a revision to `stable`; its first tick.
pub async fn publish(server: &str, revision: &str) -> Result<u64> {
    let body = json!({"revision_id": revision, "channel": "stable"}).to_string();
    let path = format!("/api/spells/{SPELL}/publish");
    let published = request(reqwest::Method::POST, server, &path, body.into()).await?;
    published["tick"].as_u64().context("a tick")
}
