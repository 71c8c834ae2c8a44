//! The routes of HTTP.
//!
//! Reads requests, asks the host, writes answers; decides nothing.

mod admin;
mod authoring;
mod component;
mod worlds;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{DefaultBodyLimit, FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::{Extension, Router, middleware};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use spellhost_wire::{Channel, Code};
use utoipa::openapi::OpenApi;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalogue;
use crate::door::Place;
use crate::failure::{Failure, correlation};
use crate::host::{DEFAULT_WORLD, Host, Sender, store_channel};
use crate::limits::{BODY_BYTES_MAX, MESSAGE_BYTES_MAX, UPLOAD_BYTES_MAX};
use crate::socket::{self, BINARY_PROTOCOL, PROTOCOL};
use crate::spells::shown;
use crate::{openapi, request};

type App = State<Arc<Host>>;
type Answer<T = Json<Value>> = Result<T, Failure>;

/// What every refusal says: RFC 9457, and a code that does not change.
#[derive(Serialize, ToSchema)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    /// What was wrong and what is allowed.
    detail: String,
    /// Stable, of a closed list.
    #[schema(value_type = String)]
    code: Code,
    /// Under what the host's log has this request: the same as the header `x-request-id`.
    correlation_id: String,
    /// What a trial found that refused a publish.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    trial: Option<Box<spellhost_wire::reply::Trial>>,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let problem = Problem {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("error"),
            status: status.as_u16(),
            detail: self.message,
            code: self.code,
            correlation_id: self.correlation.unwrap_or_else(correlation),
            trial: self.trial,
        };
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, kind, json!(problem).to_string()).into_response()
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

/// Every route, with what the document says of it.
fn routes() -> OpenApiRouter<Arc<Host>> {
    let (schemas, paths, methods) = routes!(revisions, upload);
    let revisions = (schemas, paths, methods.layer(DefaultBodyLimit::max(UPLOAD_BYTES_MAX)));
    OpenApiRouter::new()
        .routes(routes!(root))
        .routes(routes!(upgrade))
        .routes(routes!(game_upgrade))
        .routes(routes!(health))
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(openapi))
        .routes(routes!(component::component))
        .routes(routes!(list, create))
        .routes(routes!(spell))
        .routes(revisions)
        .routes(routes!(manifest))
        .routes(routes!(file))
        .merge(authoring::routes())
        .routes(routes!(channel))
        .routes(routes!(login))
        .merge(crate::page::routes())
        .merge(worlds::routes())
        .merge(admin::routes())
}

/// What the routes are, for programs.
pub fn document() -> OpenApi {
    openapi::finished(routes().into_openapi())
}

/// Everything.
pub fn router(host: Arc<Host>) -> Router {
    let router = Router::from(routes())
        .merge(crate::jobs::routes::router())
        .merge(crate::packages::router())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .method_not_allowed_fallback(|| async {
            Failure::new(Code::MethodNotAllowed, "this route has no such method")
        })
        .fallback(|| async { Failure::new(Code::NotFound, "there is no such route") });
    router
        .layer(middleware::from_fn_with_state(host.clone(), request::pace))
        .layer(middleware::from_fn_with_state(host.clone(), crate::origin::guard))
        .layer(middleware::from_fn(request::identify))
        .with_state(host)
}

/// Whether the host is alive: 200 from the first moment to the last.
#[utoipa::path(get, path = "/healthz", tag = "operation", responses((status = 200, description = "It is")))]
async fn healthz() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// As `/healthz`.
#[utoipa::path(get, path = "/health", tag = "operation", responses((status = 200, description = "It is")))]
async fn health() -> Json<Value> {
    healthz().await
}

/// Whether requests are taken: 503 while worlds are recovered and while the host goes down.
#[utoipa::path(get, path = "/readyz", tag = "operation", responses((status = 200, description = "They are")))]
async fn readyz(State(host): App) -> Answer {
    if host.is_stopping() { Err(Failure::unavailable()) } else { Ok(Json(json!({"status": "ready"}))) }
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "operation", responses((status = 200, description = "OpenAPI 3.1")))]
async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], openapi::text()).into_response()
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct WorldQuery {
    /// The world to be in; `default` where none is named.
    world: Option<String>,
}

/// The socket: one JSON envelope a message, as the protocol page says.
#[utoipa::path(
    get,
    path = "/ws",
    tag = "socket",
    params(WorldQuery),
    responses((status = 101, description = "A WebSocket"))
)]
async fn upgrade(
    State(host): App,
    place: Option<Extension<Arc<Place>>>,
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
    Ok(upgrade.on_upgrade(move |socket| async move {
        // The place is that of the address, for as long as the socket is open.
        let _place = place;
        socket::serve(host, sender, socket).await;
    }))
}

/// The same socket as `/ws`.
#[utoipa::path(
    get,
    path = "/api/game/ws",
    tag = "socket",
    params(WorldQuery),
    responses((status = 101, description = "A WebSocket"))
)]
async fn game_upgrade(
    host: App,
    place: Option<Extension<Arc<Place>>>,
    sender: Sender,
    query: Query<WorldQuery>,
    socket: WebSocketUpgrade,
) -> Answer<Response> {
    upgrade(host, place, sender, query, socket).await
}

/// The same socket as `/ws`; without an upgrade, a page that shows what runs here.
#[utoipa::path(
    get,
    path = "/",
    tag = "socket",
    params(WorldQuery),
    responses((status = 101, description = "A WebSocket"), (status = 200, description = "The page"))
)]
async fn root(
    host: App,
    place: Option<Extension<Arc<Place>>>,
    sender: Sender,
    query: Query<WorldQuery>,
    headers: HeaderMap,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answer<Response> {
    if let Ok(socket) = socket {
        return upgrade(host, place, sender, query, socket).await;
    }
    Ok(crate::page::index(&headers))
}

/// What a channel points to, for every spell that has something there.
#[utoipa::path(
    get,
    path = "/api/channels/{channel}",
    tag = "spells",
    params(("channel" = String, Path, description = "`draft`, `beta` or `stable`")),
    responses((status = 200, description = "`{channel, spells: [{spell_id, revision_id, component}]}`"))
)]
async fn channel(State(host): App, Path(name): Path<String>) -> Answer {
    let unknown = || Failure::new(Code::NotFound, "a channel is draft, beta or stable");
    let channel: Channel = serde_json::from_value(Value::String(name)).map_err(|_| unknown())?;
    let spells = host.blocking(move |host| Ok(host.store.channel(store_channel(channel))?)).await?;
    let listed = |(spell, revision): &(spellhost_store::SpellId, spellhost_store::Revision)| {
        let component = json!({"digest": revision.component.digest, "size": revision.component.size});
        json!({"spell_id": spell.to_string(), "revision_id": revision.revision_id, "component": component})
    };
    let up = spells.iter().filter(|(_, revision)| revision.taken_down.is_none());
    Ok(Json(json!({"channel": channel, "spells": up.map(listed).collect::<Vec<_>>()})))
}

#[derive(Deserialize, ToSchema)]
struct LoginBody {
    /// What to go by; a name that is taken gets a suffix, and without one it is `guest-…`.
    username: Option<String>,
}

/// A session of four hours.
#[utoipa::path(
    post,
    path = "/login",
    tag = "sessions",
    request_body = Option<LoginBody>,
    responses((status = 200, description = "`{session_token, client_id, username}`"))
)]
async fn login(State(host): App, body: Bytes) -> Answer {
    let LoginBody { username } = read(&body)?;
    Ok(Json(json!(host.login(username).await?)))
}

/// The spells, a page at a time.
#[utoipa::path(
    get,
    path = "/api/spells",
    tag = "spells",
    params(catalogue::Parameters),
    responses((status = 200, description = "`{items: [spell], next?}`"))
)]
async fn list(State(host): App, Query(parameters): Query<catalogue::Parameters>) -> Answer {
    let query = catalogue::Query::read(parameters)?;
    let page = move |host: &Host| {
        let casts = |spell: &spellhost_store::Spell| host.casts_of(spell.spell_id.as_str());
        Ok(query.page(host.store.spells()?, casts))
    };
    let (items, next) = host.blocking(page).await?;
    let items: Vec<_> = items.iter().map(shown).collect();
    let mut page = json!({"items": items});
    if let Some(next) = next {
        page["next"] = next.into();
    }
    Ok(Json(page))
}

/// One spell.
#[utoipa::path(
    get,
    path = "/api/spells/{id}",
    tag = "spells",
    params(("id" = String, Path, description = "The spell")),
    responses((status = 200, description = "The spell"))
)]
async fn spell(State(host): App, Path(id): Path<String>) -> Answer {
    let spell = host.blocking(move |host| host.spells().spell(&id)).await?;
    Ok(Json(json!(spell)))
}

#[derive(Deserialize, ToSchema)]
struct CreateBody {
    /// `[a-z0-9][a-z0-9_-]{0,63}`; made where none is named.
    spell_id: Option<String>,
    /// One line for people.
    display_name: Option<String>,
}

/// A spell of the caller's own; the same one where it is that already.
#[utoipa::path(
    post,
    path = "/api/spells",
    tag = "spells",
    request_body = Option<CreateBody>,
    responses((status = 201, description = "The spell is new"), (status = 200, description = "It was there"))
)]
async fn create(State(host): App, sender: Sender, body: Bytes) -> Answer<Response> {
    let create: CreateBody = read(&body)?;
    let (spell, is_new) = host
        .blocking(move |host| {
            let (id, name) = (create.spell_id.as_deref(), create.display_name.as_deref());
            host.spells().create(&sender.actor, id, name)
        })
        .await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(json!(spell))).into_response())
}

/// The revisions of a spell, newest first.
#[utoipa::path(
    get,
    path = "/api/spells/{id}/revisions",
    tag = "spells",
    params(("id" = String, Path, description = "The spell")),
    responses((status = 200, description = "`{items: [revision]}`"))
)]
async fn revisions(State(host): App, Path(id): Path<String>) -> Answer {
    let items = host.blocking(move |host| host.spells().revisions(&id)).await?;
    Ok(Json(json!({"items": items, "revisions": items})))
}

/// A component as a new revision; `draft` points to it from then on.
#[utoipa::path(
    put,
    path = "/api/spells/{id}/revisions",
    tag = "spells",
    params(("id" = String, Path, description = "The spell")),
    request_body(content = Vec<u8>, content_type = "application/wasm"),
    responses((status = 201, description = "The revision is new"), (status = 200, description = "It was there"))
)]
async fn upload(State(host): App, sender: Sender, Path(id): Path<String>, body: Bytes) -> Answer<Response> {
    let (uploaded, is_new) = host.upload(&sender, id, body.to_vec()).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(json!(uploaded))).into_response())
}

/// The canonical bytes of a manifest, whose BLAKE3 is the revision id.
#[utoipa::path(
    get,
    path = "/api/spells/{id}/revisions/{rev}/manifest",
    tag = "spells",
    params(("id" = String, Path, description = "The spell"), ("rev" = String, Path, description = "The revision")),
    responses((status = 200, description = "The manifest"))
)]
async fn manifest(State(host): App, Path((id, revision)): Path<(String, String)>) -> Answer<Response> {
    let bytes = host.blocking(move |host| host.spells().manifest(&id, &revision)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}

/// A file of a revision.
#[utoipa::path(
    get,
    path = "/api/spells/{id}/revisions/{rev}/files/{*path}",
    tag = "spells",
    params(("id" = String, Path, description = "The spell"), ("rev" = String, Path, description = "The revision"), ("path" = String, Path, description = "As the manifest names it")),
    responses((status = 200, description = "Its bytes, in its own media type"))
)]
async fn file(
    State(host): App,
    Path((id, revision, path)): Path<(String, String, String)>,
) -> Answer<Response> {
    let (file, bytes) = host.blocking(move |host| host.spells().file(&id, &revision, &path)).await?;
    // What a stranger uploaded is shown, and runs nothing in this host's name.
    let headers = [
        (header::CONTENT_TYPE, file.media_type),
        (header::ETAG, format!("\"{}\"", file.digest)),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
        (header::CONTENT_SECURITY_POLICY, "sandbox".into()),
    ];
    Ok((headers, bytes).into_response())
}

/// Reads a JSON body; an empty one is an empty object.
fn read<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Failure> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| Failure::new(Code::BadMessage, format!("the body: {error}")))
}
