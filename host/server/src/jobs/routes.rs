//! The routes of builds and jobs.
//!
//! Reads requests, asks the host, writes answers; decides nothing.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;
use spellhost_store::JobId;
use spellhost_wire::Code;
use spellhost_wire::message::StartBuild;

use crate::failure::Failure;
use crate::host::{Host, Sender};

/// All of them.
pub fn router() -> Router<Arc<Host>> {
    Router::new()
        .route("/api/spells/{id}/build", post(build))
        .route("/api/jobs/{id}", get(job).delete(cancel))
        .route("/api/jobs/{id}/log", get(log))
}

/// A job's number, alone or as the log shows it.
fn job_id(text: &str) -> Result<JobId, Failure> {
    let number = text.parse::<u64>().ok().map(JobId).or_else(|| text.parse().ok());
    number.ok_or_else(|| Failure::new(Code::UnknownJob, "there is no such job"))
}

async fn build(
    State(host): State<Arc<Host>>,
    sender: Sender,
    Path(spell_id): Path<String>,
    body: Bytes,
) -> Result<Response, Failure> {
    let body = if body.is_empty() { b"{}".as_slice() } else { &body };
    let request: StartBuild = serde_json::from_slice(body)
        .map_err(|error| Failure::new(Code::BadMessage, format!("the body: {error}")))?;
    let started = host.start_build(&sender, StartBuild { spell_id, ..request }).await?;
    Ok((StatusCode::ACCEPTED, Json(json!(started))).into_response())
}

async fn job(State(host): State<Arc<Host>>, Path(id): Path<String>) -> Result<Response, Failure> {
    Ok(Json(json!(host.job(job_id(&id)?).await?)).into_response())
}

async fn cancel(
    State(host): State<Arc<Host>>,
    sender: Sender,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    Ok(Json(json!(host.cancel_job(&sender, job_id(&id)?).await?)).into_response())
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

/// The log from a byte on; how long it is now stands in a header, to ask from next.
async fn log(
    State(host): State<Arc<Host>>,
    sender: Sender,
    Path(id): Path<String>,
    Query(Since { since }): Query<Since>,
) -> Result<Response, Failure> {
    let (bytes, length) = host.job_log(&sender, job_id(&id)?, since).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (HeaderName::from_static("spellhost-log-bytes"), length.to_string()),
    ];
    Ok((headers, bytes).into_response())
}
