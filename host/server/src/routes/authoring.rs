//! The routes of who writes spells: publishing, rolling back, reports, taking down.
//!
//! Reads requests, asks the host, writes answers; decides nothing.

use std::io::Write as _;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Json, Response};
use serde::Deserialize;
use serde_json::json;
use spellhost_wire::Channel;
use spellhost_wire::message::{OfChannel, Publish, guard_rate, trial_rate};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, App, read};
use crate::host::{Host, Sender};
use crate::who::Action;

/// Those of this file.
pub fn routes() -> OpenApiRouter<Arc<Host>> {
    OpenApiRouter::new()
        .routes(routes!(publish))
        .routes(routes!(rollback))
        .routes(routes!(reports))
        .routes(routes!(history))
        .routes(routes!(take_down))
        .routes(routes!(export))
}

#[derive(Deserialize, ToSchema)]
struct PublishBody {
    revision_id: String,
    /// `draft`, `beta` or `stable`.
    #[schema(value_type = String)]
    channel: Channel,
    note: Option<String>,
    /// Tries it first on what was cast lately: the share of traps allowed, 0 to 1, or `true` for none.
    #[serde(default, deserialize_with = "trial_rate")]
    trial: Option<f64>,
    /// Rolls back above this share of traps in its first calls, 0 to 1, or `true` for 0.05.
    #[serde(default, deserialize_with = "guard_rate")]
    guard: Option<f64>,
}

/// Points a channel to a revision: in the store, and in one tick of every world.
#[utoipa::path(
    post,
    path = "/api/spells/{id}/publish",
    tag = "spells",
    params(("id" = String, Path, description = "The spell")),
    request_body = PublishBody,
    responses((status = 200, description = "`{spell_id, revision_id, channel, tick, manifest, trial?}`"))
)]
async fn publish(State(host): App, sender: Sender, Path(spell_id): Path<String>, body: Bytes) -> Answer {
    let PublishBody { revision_id, channel, note, trial, guard } = read(&body)?;
    let publish = Publish { spell_id, revision_id, channel, note, trial, guard };
    Ok(Json(json!(host.publish(&sender, publish).await?)))
}

#[derive(Deserialize, ToSchema)]
struct RollbackBody {
    /// `draft`, `beta` or `stable`.
    #[schema(value_type = String)]
    channel: Channel,
}

/// Points a channel to the entry before in its history.
#[utoipa::path(
    post,
    path = "/api/spells/{id}/rollback",
    tag = "spells",
    params(("id" = String, Path, description = "The spell")),
    request_body = RollbackBody,
    responses((status = 200, description = "As of publishing"))
)]
async fn rollback(State(host): App, sender: Sender, Path(spell_id): Path<String>, body: Bytes) -> Answer {
    let RollbackBody { channel } = read(&body)?;
    Ok(Json(json!(host.rollback(&sender, OfChannel { spell_id, channel }).await?)))
}

/// The last reports to a spell's author, newest first.
#[utoipa::path(
    get,
    path = "/api/spells/{id}/reports",
    tag = "spells",
    params(("id" = String, Path, description = "The spell")),
    responses((status = 200, description = "`{items: [report]}`"))
)]
async fn reports(State(host): App, sender: Sender, Path(spell_id): Path<String>) -> Answer {
    let items = host.blocking(move |host| host.spells().reports(&sender.actor, &spell_id)).await?;
    Ok(Json(json!({"items": items, "reports": items})))
}

/// The moves of a channel of a spell, newest first.
#[utoipa::path(
    get,
    path = "/api/spells/{id}/channels/{channel}",
    tag = "spells",
    params(("id" = String, Path, description = "The spell"), ("channel" = String, Path, description = "`draft`, `beta` or `stable`")),
    responses((status = 200, description = "`{items: [{number, at, by, from, to, reason, note}]}`"))
)]
async fn history(State(host): App, Path((spell_id, channel)): Path<(String, String)>) -> Answer {
    let items = host.blocking(move |host| host.spells().history(&spell_id, &channel)).await?;
    Ok(Json(json!({"items": items})))
}

#[derive(Deserialize, ToSchema)]
struct TakeDownBody {
    why: Option<String>,
}

/// Takes a revision down: nobody casts it any more, and what runs on it ends.
#[utoipa::path(
    delete,
    path = "/api/spells/{id}/revisions/{rev}",
    tag = "admin",
    params(("id" = String, Path, description = "The spell"), ("rev" = String, Path, description = "The revision")),
    request_body = TakeDownBody,
    responses((status = 200, description = "`{spell_id, revision_id, taken_down, tick}`"))
)]
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
#[utoipa::path(
    get,
    path = "/admin/export",
    tag = "admin",
    responses((status = 200, description = "The archive, as `spellhost import` reads it"))
)]
async fn export(State(host): App, sender: Sender) -> Answer<Response> {
    sender.actor.check(Action::Administer)?;
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
