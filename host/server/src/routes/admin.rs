//! The routes of the operator: what runs, who is here, and what is measured.
//!
//! Checks who asks by the one table; knows what is measured only as text.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Extension;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Json, Response};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Answer, App};
use crate::host::{Host, Sender};
use crate::time::{now_ms, rfc3339};
use crate::who::Action;
use crate::world::WorldHandle;
use crate::world::ask::Ask;

/// Those of this file.
pub fn routes() -> OpenApiRouter<Arc<Host>> {
    OpenApiRouter::new()
        .routes(routes!(servers))
        .routes(routes!(stop))
        .routes(routes!(sessions))
        .routes(routes!(cleanup))
        .routes(routes!(metrics))
}

fn server(world: &WorldHandle) -> Value {
    let (tick, hash) = world.facts.now();
    let count = |number: &std::sync::atomic::AtomicU64| number.load(Ordering::Relaxed);
    json!({
        "server_id": &*world.id,
        "world_id": &*world.id,
        "tick": tick,
        "state_hash": hash.to_string(),
        "players": count(&world.facts.players),
        "ticks_dropped": count(&world.facts.dropped),
        "ticks_caught_up": count(&world.facts.caught_up),
        "queue_messages": count(&world.facts.queued),
    })
}

/// The tick threads: one for each world that is open.
#[utoipa::path(
    get,
    path = "/admin/servers",
    tag = "admin",
    responses((status = 200, description = "`{items: [server]}`"))
)]
async fn servers(State(host): App, sender: Sender) -> Answer {
    sender.actor.check(Action::Administer)?;
    let items: Vec<Value> = host.worlds.all().iter().map(server).collect();
    Ok(Json(json!({"items": items, "servers": items})))
}

/// Ends a tick thread with a snapshot; joining the world, or a restart, starts it again.
#[utoipa::path(
    delete,
    path = "/admin/servers/{id}",
    tag = "admin",
    params(("id" = String, Path, description = "The server: the id of its world")),
    responses((status = 200, description = "`{server_id, stopped}`"))
)]
async fn stop(State(host): App, sender: Sender, Path(id): Path<String>) -> Answer {
    sender.actor.check(Action::Administer)?;
    host.close_world(&id).await?;
    Ok(Json(json!({"server_id": id, "stopped": true})))
}

/// The sessions that have not expired, and where their clients are.
#[utoipa::path(
    get,
    path = "/admin/sessions",
    tag = "admin",
    responses((status = 200, description = "`{items: [session]}`"))
)]
async fn sessions(State(host): App, sender: Sender) -> Answer {
    sender.actor.check(Action::Administer)?;
    let mut present = Vec::new();
    for world in host.worlds.all() {
        // A world that closes meanwhile has nobody.
        let players = world.ask(Ask::Players).await.unwrap_or_default();
        present.extend(players.into_iter().map(|player| (world.id.clone(), player)));
    }
    let now = now_ms();
    let shown = move |session: spellhost_store::Session| {
        let here = present.iter().find(|(_, player)| player.client == session.client_id);
        let state = match here {
            Some((_, player)) if player.connections > 0 => "connected",
            Some(_) => "lingering",
            None => "away",
        };
        json!({
            "client_id": session.client_id,
            "username": session.username,
            "state": state,
            "world_id": here.map(|(world, _)| &**world),
            "entity_id": here.and_then(|(_, player)| player.entity).map(|entity| entity.0),
            "last_input_sequence": null,
            "expires_at": rfc3339(session.expires_at_ms),
        })
    };
    let sessions = host.blocking(|host| Ok(host.store.sessions()?)).await?;
    let sessions = sessions.into_iter().filter(|session| now < session.expires_at_ms);
    let items: Vec<Value> = sessions.map(shown).collect();
    Ok(Json(json!({"items": items, "sessions": items})))
}

/// Forgets what has expired.
#[utoipa::path(
    post,
    path = "/admin/cleanup",
    tag = "admin",
    responses((status = 200, description = "`{removed}`: how many sessions"))
)]
async fn cleanup(State(host): App, sender: Sender) -> Answer {
    sender.actor.check(Action::Administer)?;
    let removed = host.blocking(|host| Ok(host.store.expire_sessions()?)).await?;
    Ok(Json(json!({"removed": removed})))
}

/// What is measured, for Prometheus: from this machine, or with the operator's token.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operation",
    responses((status = 200, description = "The measurements", content_type = "text/plain"))
)]
async fn metrics(
    State(host): App,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    sender: Sender,
) -> Answer<Response> {
    let local = peer.is_some_and(|Extension(ConnectInfo(peer))| peer.ip().is_loopback());
    sender.actor.check(Action::Observe { local })?;
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((kind, host.measured()).into_response())
}
