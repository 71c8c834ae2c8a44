//! The routes of who writes spells: publishing, rolling back, reports, taking down.
//!
//! Reads requests, asks the host, writes answers; decides nothing.

use std::io::Write as _;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Json, Response};
use axum::routing::{delete, get, post};
use serde::Deserialize;
use serde_json::json;
use spellhost_wire::Channel;
use spellhost_wire::message::{OfChannel, Publish, guard_rate, trial_rate};

use crate::host::{Host, Sender};
use crate::routes::{Answer, App, read};
use crate::who::Action;

/// These routes.
pub fn routes() -> Router<std::sync::Arc<Host>> {
    Router::new()
        .route("/api/spells/{id}/publish", post(publish))
        .route("/api/spells/{id}/rollback", post(rollback))
        .route("/api/spells/{id}/reports", get(reports))
        .route("/api/spells/{id}/channels/{channel}", get(history))
        .route("/api/spells/{id}/revisions/{rev}", delete(take_down))
        .route("/admin/export", get(export))
}

#[derive(Deserialize)]
struct PublishBody {
    revision_id: String,
    channel: Channel,
    note: Option<String>,
    #[serde(default, deserialize_with = "trial_rate")]
    trial: Option<f64>,
    #[serde(default, deserialize_with = "guard_rate")]
    guard: Option<f64>,
}

async fn publish(State(host): App, sender: Sender, Path(spell_id): Path<String>, body: Bytes) -> Answer {
    let PublishBody { revision_id, channel, note, trial, guard } = read(&body)?;
    let publish = Publish { spell_id, revision_id, channel, note, trial, guard };
    Ok(Json(json!(host.publish(&sender, publish).await?)))
}

#[derive(Deserialize)]
struct RollbackBody {
    channel: Channel,
}

async fn rollback(State(host): App, sender: Sender, Path(spell_id): Path<String>, body: Bytes) -> Answer {
    let RollbackBody { channel } = read(&body)?;
    Ok(Json(json!(host.rollback(&sender, OfChannel { spell_id, channel }).await?)))
}

async fn reports(State(host): App, sender: Sender, Path(spell_id): Path<String>) -> Answer {
    let items = host.blocking(move |host| host.spells().reports(&sender.actor, &spell_id)).await?;
    Ok(Json(json!({"items": items, "reports": items})))
}

/// The moves of a channel of a spell, newest first.
async fn history(State(host): App, Path((spell_id, channel)): Path<(String, String)>) -> Answer {
    let items = host.blocking(move |host| host.spells().history(&spell_id, &channel)).await?;
    Ok(Json(json!({"items": items})))
}

#[derive(Deserialize)]
struct TakeDownBody {
    why: Option<String>,
}

async fn take_down(
    State(host): App,
    sender: Sender,
    Path((spell_id, revision)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let TakeDownBody { why } = read(&body)?;
    Ok(Json(host.take_down(&sender, spell_id, revision, why).await?))
}

/// Everything as one archive, while the host goes on. Where something cannot be read, the connection
/// breaks off: half an archive is none, and says so where it is imported.
async fn export(State(host): App, sender: Sender) -> Answer<Response> {
    sender.actor.check(Action::Operate)?;
    let (pieces, mut read) = tokio::sync::mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        let mut out = std::io::BufWriter::with_capacity(256 * 1024, Pieces(pieces.clone()));
        let done = host.store.export(&mut out).map(|_| ());
        let flushed = out.flush();
        if let Err(error) = done {
            tracing::error!(%error, "an export ended early");
            // Who asked may have gone.
            let _ = pieces.blocking_send(Err(std::io::Error::other("the export ended early")));
        } else if let Err(error) = flushed {
            tracing::debug!(%error, "nobody reads an export any more");
        }
    });
    let stream = futures_util::stream::poll_fn(move |context| read.poll_recv(context));
    let kind = [(header::CONTENT_TYPE, "application/octet-stream")];
    Ok((kind, Body::from_stream(stream)).into_response())
}

/// Where an archive is written to: a body that is being sent.
struct Pieces(tokio::sync::mpsc::Sender<std::io::Result<Bytes>>);

impl std::io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let gone = |_| std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes))).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
