//! The routes of HTTP.
//!
//! Reads requests, asks the host, writes answers; decides nothing.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post, put};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use spellhost_store::Blobs as _;
use spellhost_wire::message::{CreateDraft, OfChannel, Publish};
use spellhost_wire::{Channel, Code};

use crate::failure::{Failure, correlation};
use crate::host::{DEFAULT_WORLD, Host, Sender, store_channel};
use crate::limits::{BODY_BYTES_MAX, MESSAGE_BYTES_MAX, UPLOAD_BYTES_MAX};
use crate::socket::{self, BINARY_PROTOCOL, PROTOCOL};
use crate::world::ask::Ask;

type App = State<Arc<Host>>;
type Answer<T = Json<Value>> = Result<T, Failure>;

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let title = status.canonical_reason().unwrap_or("error");
        let problem = json!({
            "type": "about:blank",
            "title": title,
            "status": status.as_u16(),
            "detail": self.message,
            "code": self.code,
            "correlation_id": self.correlation.unwrap_or_else(correlation),
        });
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, kind, problem.to_string()).into_response()
    }
}

/// Who sent a request, by its token.
impl FromRequestParts<Arc<Host>> for Sender {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, host: &Arc<Host>) -> Result<Self, Failure> {
        let (actor, client) = host.actor(bearer(&parts.headers)).await?;
        Ok(Self { actor, client: client.unwrap_or_default(), world: DEFAULT_WORLD.into() })
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

/// Everything.
pub fn router(host: Arc<Host>) -> Router {
    Router::new()
        .route("/ws", get(upgrade))
        .route("/api/game/ws", get(upgrade))
        .route("/healthz", get(|| async { Json(json!({"status": "ok"})) }))
        .route("/health", get(|| async { Json(json!({"status": "ok"})) }))
        .route("/readyz", get(|| async { Json(json!({"status": "ready"})) }))
        .route("/components/{digest}", get(component))
        .route("/api/spells", get(list).post(create))
        .route("/api/spells/{id}", get(spell))
        .route("/api/spells/{id}/revisions", get(revisions))
        .route("/api/spells/{id}/revisions", put(upload).layer(DefaultBodyLimit::max(UPLOAD_BYTES_MAX)))
        .route("/api/spells/{id}/revisions/{rev}/manifest", get(manifest))
        .route("/api/spells/{id}/revisions/{rev}/files/{*path}", get(file))
        .route("/api/spells/{id}/publish", post(publish))
        .route("/api/spells/{id}/rollback", post(rollback))
        .route("/api/channels/{channel}", get(channel))
        .route("/login", post(login))
        .route("/worlds", get(worlds))
        .route("/world/{id}", get(world))
        .route("/worlds/{id}/snapshot", get(snapshot))
        .merge(crate::jobs::routes::router())
        .merge(crate::packages::router())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .method_not_allowed_fallback(|| async {
            Failure::new(Code::MethodNotAllowed, "this route has no such method")
        })
        .fallback(|| async { Failure::new(Code::NotFound, "there is no such route") })
        .layer(axum::middleware::from_fn_with_state(host.clone(), crate::origin::guard))
        .with_state(host)
}

#[derive(Deserialize)]
struct WorldQuery {
    world: Option<String>,
}

async fn upgrade(
    State(host): App,
    mut sender: Sender,
    Query(query): Query<WorldQuery>,
    upgrade: WebSocketUpgrade,
) -> Answer<Response> {
    if let Some(world) = query.world {
        sender.world = host.world(&world)?.id.to_string();
    }
    let upgrade = upgrade
        .protocols([BINARY_PROTOCOL, PROTOCOL])
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| socket::serve(host, sender, socket)))
}

async fn component(State(host): App, Path(name): Path<String>, asked: HeaderMap) -> Answer<Response> {
    let unknown = || Failure::new(Code::UnknownComponent, "there is no such component");
    let digest: spellhost_store::Digest = name.parse().map_err(|_| unknown())?;
    let etag = format!("\"{digest}\"");
    if asked.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let (bytes, sha256) = host
        .blocking(move |host| {
            let of_blob = |error: spellhost_store::StoreError| {
                if error.code() == "unknown_blob" { unknown() } else { error.into() }
            };
            let bytes = host.store.get(&digest).map_err(of_blob)?;
            Ok((bytes, host.store.info(&digest).map_err(of_blob)?.sha256))
        })
        .await?;
    let headers = [
        (header::CONTENT_TYPE, "application/wasm".to_owned()),
        (header::ETAG, etag),
        (HeaderName::from_static("digest"), format!("sha-256={}", STANDARD.encode(sha256))),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

async fn channel(State(host): App, Path(name): Path<String>) -> Answer {
    let unknown = || Failure::new(Code::NotFound, "a channel is draft, beta or stable");
    let channel: Channel = serde_json::from_value(Value::String(name)).map_err(|_| unknown())?;
    let spells = host.blocking(move |host| Ok(host.store.channel(store_channel(channel))?)).await?;
    let listed = |(spell, revision): &(spellhost_store::SpellId, spellhost_store::Revision)| {
        let component = json!({"digest": revision.component.digest, "size": revision.component.size});
        json!({"spell_id": spell.to_string(), "revision_id": revision.revision_id, "component": component})
    };
    Ok(Json(json!({"channel": channel, "spells": spells.iter().map(listed).collect::<Vec<_>>()})))
}

#[derive(Deserialize)]
struct LoginBody {
    username: Option<String>,
}

async fn login(State(host): App, body: Bytes) -> Answer {
    let LoginBody { username } = read(&body)?;
    Ok(Json(json!(host.login(username).await?)))
}

async fn worlds(State(host): App) -> Answer {
    let mut items = Vec::new();
    for world in host.worlds() {
        items.push(host.world_facts(&world.id).await?);
    }
    Ok(Json(json!({"items": items, "worlds": items})))
}

async fn world(State(host): App, Path(id): Path<String>) -> Answer {
    Ok(Json(host.world_facts(&id).await?))
}

/// The state of a world between two ticks: the next frame is that of the tick in the headers.
async fn snapshot(State(host): App, Path(id): Path<String>) -> Answer<Response> {
    let world = host.world(&id)?.ask(Ask::Save).await?;
    let (world, bytes) = host
        .blocking(move |_| {
            let bytes = world.snapshot();
            Ok((world, bytes))
        })
        .await?;
    let headers = [
        ("content-type", "application/octet-stream".to_owned()),
        ("cache-control", "no-store".to_owned()),
        ("spellhost-tick", world.tick().to_string()),
        ("spellhost-state-hash", world.state_hash().to_string()),
        ("spellhost-engine-id", host.shelf.engine().id().to_string()),
    ];
    Ok((headers, bytes).into_response())
}

async fn list(State(host): App) -> Answer {
    let items = host.blocking(|host| host.spells().list()).await?;
    Ok(Json(json!({"items": items})))
}

async fn spell(State(host): App, Path(id): Path<String>) -> Answer {
    let spell = host.blocking(move |host| host.spells().spell(&id)).await?;
    Ok(Json(json!(spell)))
}

async fn create(State(host): App, sender: Sender, body: Bytes) -> Answer<Response> {
    let create: CreateDraft = read(&body)?;
    let (spell, is_new) = host
        .blocking(move |host| {
            let (id, name) = (create.spell_id.as_deref(), create.display_name.as_deref());
            host.spells().create(&sender.actor, id, name)
        })
        .await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(json!(spell))).into_response())
}

async fn revisions(State(host): App, Path(id): Path<String>) -> Answer {
    let items = host.blocking(move |host| host.spells().revisions(&id)).await?;
    Ok(Json(json!({"items": items, "revisions": items})))
}

async fn upload(State(host): App, sender: Sender, Path(id): Path<String>, body: Bytes) -> Answer<Response> {
    let (uploaded, is_new) = host.upload(&sender, id, body.to_vec()).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(json!(uploaded))).into_response())
}

async fn manifest(State(host): App, Path((id, revision)): Path<(String, String)>) -> Answer<Response> {
    let bytes = host.blocking(move |host| host.spells().manifest(&id, &revision)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}

async fn file(
    State(host): App,
    Path((id, revision, path)): Path<(String, String, String)>,
) -> Answer<Response> {
    let (file, bytes) = host.blocking(move |host| host.spells().file(&id, &revision, &path)).await?;
    let headers = [(header::CONTENT_TYPE, file.media_type), (header::ETAG, format!("\"{}\"", file.digest))];
    Ok((headers, bytes).into_response())
}

#[derive(Deserialize)]
struct PublishBody {
    revision_id: String,
    channel: Channel,
    note: Option<String>,
    trial: Option<f64>,
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

/// Reads a JSON body; an empty one is an empty object.
fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Failure> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Failure::new(Code::BadMessage, format!("the body: {error}")))
}
