//! The routes of worlds: making, reading, saving and deleting them, and what they were.
//!
//! Reads requests, asks the host, writes answers; decides nothing but what the text of a parameter means.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Json, Response};
use serde::Deserialize;
use serde_json::json;
use spellhost_forge::PACKAGE_TYPE;
use spellhost_sim::{World, WorldConfig};
use spellhost_store::{Blobs as _, WorldId, WorldUpdate};
use spellhost_wire::Code;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use super::{Answer, App, bearer, read};
use crate::excerpt::Past;
use crate::failure::Failure;
use crate::host::{Host, Sender};
use crate::limits::UPLOAD_BYTES_MAX;
use crate::packages::is_package;
use crate::who::Action;
use crate::world::WorldHandle;
use crate::world::ask::Ask;
use crate::world::backlog::Encoded;
use crate::worlds::{Wanted, name_of};

/// Those of this file.
pub fn routes() -> OpenApiRouter<Arc<Host>> {
    OpenApiRouter::new()
        .routes(routes!(join))
        .routes(large(routes!(worlds, create_world)))
        .routes(large(routes!(create_world_there)))
        .routes(routes!(place))
        .routes(routes!(world, save, delete))
        .routes(routes!(snapshot))
        .routes(routes!(log))
}

#[derive(Deserialize, ToSchema)]
struct JoinBody {
    /// The world to join; one is made where none is named.
    world_id: Option<String>,
    /// What to go by, where the request has no token.
    username: Option<String>,
    #[serde(flatten)]
    wanted: Wanted,
}

/// A world to be in, and a session to be there with.
///
/// The session is that of the token; without one, that of everybody's account on an open server, and
/// elsewhere, or with a `username`, one of its own. The world that is made belongs to who joins.
#[utoipa::path(
    post,
    path = "/join",
    tag = "worlds",
    request_body = Option<JoinBody>,
    responses((status = 200, description = "`{server_address, session_token, client_id, world_id}`"))
)]
async fn join(State(host): App, headers: HeaderMap, body: Bytes) -> Answer {
    let JoinBody { world_id, username, wanted } = read(&body)?;
    let (actor, token, client) = match bearer(&headers) {
        Some(token) => {
            let (actor, client) = host.actor(Some(token)).await?;
            let client = client.unwrap_or_else(|| actor.name().to_owned());
            (actor, token.to_owned(), client)
        }
        None => host.join(username).await?,
    };
    let world = match world_id {
        Some(id) => host.reach_world(&id).await?,
        None => {
            actor.check(Action::Play)?;
            host.create_world(&actor, wanted).await?
        }
    };
    let asked = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    Ok(Json(json!({
        "server_address": host.config.socket_address(asked, &world.id),
        "session_token": token,
        "client_id": client,
        "username": actor.name(),
        "world_id": &*world.id,
    })))
}

/// The worlds that are open.
#[utoipa::path(
    get,
    path = "/worlds",
    tag = "worlds",
    responses((status = 200, description = "`{items: [world]}`"))
)]
async fn worlds(State(host): App) -> Answer {
    let mut items = Vec::new();
    for world in host.worlds.all() {
        match host.world_facts(&world.id).await {
            Ok(facts) => items.push(facts),
            // It was deleted meanwhile.
            Err(failure) if failure.code == Code::UnknownWorld => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(Json(json!({"items": items, "worlds": items})))
}

/// Routes that take a package.
fn large((schemas, paths, methods): UtoipaMethodRouter<Arc<Host>>) -> UtoipaMethodRouter<Arc<Host>> {
    (schemas, paths, methods.layer(DefaultBodyLimit::max(UPLOAD_BYTES_MAX)))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NewQuery {
    /// One line for people; what the place or the body says where it is not given.
    name: Option<String>,
    /// The channel that spells follow which the place does not bind: `stable` (default), `beta` or `draft`.
    channel: Option<String>,
}

/// A world of the caller's own: of a place, where the body is the package of one, or else of what it says.
///
/// The place's edits, entities and spells are the world's first tick, and all of it: the same package gives the
/// same state after tick 0 on every host. A spell that the place carries is uploaded first, as any upload; one
/// that it names by revision must be the caller's, or have been on `beta` or `stable`. In this world they
/// stay at these revisions, wherever their channels move.
#[utoipa::path(
    post,
    path = "/worlds",
    tag = "worlds",
    params(NewQuery),
    request_body(
        content((Vec<u8> = "application/vnd.spellhost.package"), (Option<Wanted> = "application/json")),
    ),
    responses((status = 201, description = "The world; `place` is the digest of its package"))
)]
async fn create_world(
    State(host): App,
    sender: Sender,
    Query(query): Query<NewQuery>,
    body: Bytes,
) -> Answer<Response> {
    sender.actor.check(Action::Play)?;
    let is_place = is_package(&body);
    let said: Wanted = if is_place { Wanted::default() } else { read(&body)? };
    let channel = query.channel.map(|name| channel_named(&name)).transpose()?;
    let wanted = Wanted { name: query.name.or(said.name), channel: channel.or(said.channel), ..said };
    let world = match is_place {
        true => host.create_place(&sender, wanted, body.to_vec()).await?,
        false => host.create_world(&sender.actor, wanted).await?,
    };
    Ok((StatusCode::CREATED, Json(host.world_facts(&world.id).await?)).into_response())
}

fn channel_named(name: &str) -> Result<spellhost_wire::Channel, Failure> {
    let none = || Failure::new(Code::BadParam, "channel: it is draft, beta or stable");
    serde_json::from_value(name.into()).map_err(|_| none())
}

/// As `POST /worlds`.
#[utoipa::path(
    post,
    path = "/world",
    tag = "worlds",
    params(NewQuery),
    request_body(
        content((Vec<u8> = "application/vnd.spellhost.package"), (Option<Wanted> = "application/json")),
    ),
    responses((status = 201, description = "The world; `place` is the digest of its package"))
)]
async fn create_world_there(
    host: App,
    sender: Sender,
    query: Query<NewQuery>,
    body: Bytes,
) -> Answer<Response> {
    create_world(host, sender, query, body).await
}

/// The package of the place that a world was made of, with its assets.
#[utoipa::path(
    get,
    path = "/worlds/{id}/place",
    tag = "worlds",
    params(("id" = String, Path, description = "The world")),
    responses((status = 200, description = "The package", content_type = "application/vnd.spellhost.package"))
)]
async fn place(State(host): App, Path(id): Path<String>) -> Answer<Response> {
    let none = || Failure::new(Code::NotFound, "this world was made of no place");
    let digest = host.world(&id)?.place.ok_or_else(none)?;
    let bytes = host.blocking(move |host| Ok(host.store.get(&digest)?)).await?;
    let headers = [
        (header::CONTENT_TYPE, PACKAGE_TYPE.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.spellpkg\"")),
        (header::ETAG, format!("\"{digest}\"")),
    ];
    Ok((headers, bytes).into_response())
}

/// One world.
#[utoipa::path(
    get,
    path = "/world/{id}",
    tag = "worlds",
    params(("id" = String, Path, description = "The world")),
    responses((status = 200, description = "The world"))
)]
async fn world(State(host): App, Path(id): Path<String>) -> Answer {
    Ok(Json(host.world_facts(&id).await?))
}

#[derive(Deserialize, ToSchema)]
struct SaveBody {
    /// What the world is called from now on.
    name: Option<String>,
}

/// Takes a snapshot now, and may rename: it is kept when this is answered.
#[utoipa::path(
    post,
    path = "/world/{id}",
    tag = "worlds",
    params(("id" = String, Path, description = "The world")),
    request_body = Option<SaveBody>,
    responses((status = 200, description = "The world, with `saved_tick`"))
)]
async fn save(State(host): App, sender: Sender, Path(id): Path<String>, body: Bytes) -> Answer {
    let SaveBody { name } = read(&body)?;
    let world = host.world(&id)?;
    sender.actor.check(Action::Keep(&host.world_owner(&id).await?))?;
    let name = name.as_deref().map(name_of).transpose()?;
    let tick = world.ask(Ask::Keep).await?;
    if name.is_some() {
        let own = WorldId::parse(&id)?;
        let update = WorldUpdate { name, ..WorldUpdate::default() };
        host.blocking(move |host| Ok(host.store.update_world(&own, update)?)).await?;
    }
    let mut facts = host.world_facts(&id).await?;
    facts["saved_tick"] = tick.into();
    Ok(Json(facts))
}

/// Ends a world for ever: its clients get `world_closed`, and may go on in another.
#[utoipa::path(
    delete,
    path = "/world/{id}",
    tag = "worlds",
    params(("id" = String, Path, description = "The world")),
    responses((status = 200, description = "`{world_id, deleted}`"))
)]
async fn delete(State(host): App, sender: Sender, Path(id): Path<String>) -> Answer {
    sender.actor.check(Action::Keep(&host.world_owner(&id).await?))?;
    host.delete_world(&id).await?;
    Ok(Json(json!({"world_id": id, "deleted": true})))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SnapshotQuery {
    /// The state before this tick; as it is now where none is named.
    tick: Option<String>,
}

/// The state of a world between two ticks: the next frame is that of the tick in the headers.
///
/// Headers: `spellhost-tick`, `spellhost-state-hash`, `spellhost-engine-id`.
#[utoipa::path(
    get,
    path = "/worlds/{id}/snapshot",
    tag = "worlds",
    params(("id" = String, Path, description = "The world"), SnapshotQuery),
    responses((status = 200, description = "The snapshot", content_type = "application/octet-stream"))
)]
async fn snapshot(
    State(host): App,
    Path(id): Path<String>,
    Query(query): Query<SnapshotQuery>,
) -> Answer<Response> {
    let tick = query.tick.as_deref().map(|text| number("tick", text)).transpose()?;
    let open = host.world(&id)?;
    let now = open.ask(Ask::Save).await?;
    let world = match tick {
        Some(tick) if tick > now.tick() => return Err(to_come("tick", now.tick())),
        Some(tick) if tick < now.tick() => {
            let _place = host.excerpt_place().await?;
            let past = past(&open, &now).await?;
            host.blocking(move |host| past.of(host).state(tick)).await?
        }
        _ => *now,
    };
    let write = move |_: &Host| {
        let bytes = world.snapshot();
        Ok((world, bytes))
    };
    let (world, bytes) = host.blocking(write).await?;
    Ok((described(&host, &world), bytes).into_response())
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LogQuery {
    /// The first tick; as far back as one excerpt reaches where none is named.
    from: Option<String>,
    /// The last tick; the last that was played where none is named.
    to: Option<String>,
}

/// What a world did, as a recording that `spellhost replay` reads: at most ten minutes at once.
///
/// Headers as of a snapshot, of the state before the first tick, and `spellhost-last-tick`.
#[utoipa::path(
    get,
    path = "/worlds/{id}/log",
    tag = "worlds",
    params(("id" = String, Path, description = "The world"), LogQuery),
    responses((status = 200, description = "The recording", content_type = "application/octet-stream"))
)]
async fn log(State(host): App, Path(id): Path<String>, Query(query): Query<LogQuery>) -> Answer<Response> {
    let read = |name, text: Option<&str>| text.map(|text| number(name, text)).transpose();
    let (from, to) = (read("from", query.from.as_deref())?, read("to", query.to.as_deref())?);
    let open = host.world(&id)?;
    let now = open.ask(Ask::Save).await?;
    let played = now.tick();
    let last = to.unwrap_or_else(|| played.saturating_sub(1));
    if last >= played {
        return Err(to_come("to", played));
    }
    let _place = host.excerpt_place().await?;
    let past = past(&open, &now).await?;
    let engine_id = spellhost_wire::Digest(host.shelf.engine().id().0);
    let write = move |host: &Host| past.of(host).recording(engine_id, from, last);
    let (world, bytes) = host.blocking(write).await?;
    let last = [("spellhost-last-tick", last.to_string())];
    Ok((StatusCode::OK, described(&host, &world), last, bytes).into_response())
}

fn number(name: &str, text: &str) -> Result<u64, Failure> {
    let most = 1 << 53;
    let number = text.parse().ok().filter(|number| *number < most);
    number.ok_or_else(|| Failure::new(Code::BadParam, format!("{name}: a tick is a number below 2^53")))
}

fn to_come(name: &str, next: u64) -> Failure {
    Failure::new(Code::BadParam, format!("{name}: tick {next} is still to come"))
}

/// What is taken to a blocking thread to look into the past.
struct Remembered {
    id: WorldId,
    config: WorldConfig,
    recent: Vec<Encoded>,
}

impl Remembered {
    fn of(self, host: &Host) -> Past<'_> {
        Past { store: &host.store, id: self.id, config: self.config, recent: self.recent }
    }
}

async fn past(open: &WorldHandle, now: &World) -> Result<Remembered, Failure> {
    Ok(Remembered {
        id: WorldId::parse(&open.id)?,
        config: now.config(),
        recent: open.ask(Ask::Recent).await?,
    })
}

fn described(host: &Host, world: &World) -> [(&'static str, String); 5] {
    [
        ("content-type", "application/octet-stream".to_owned()),
        ("cache-control", "no-store".to_owned()),
        ("spellhost-tick", world.tick().to_string()),
        ("spellhost-state-hash", world.state_hash().to_string()),
        ("spellhost-engine-id", host.shelf.engine().id().to_string()),
    ]
}
