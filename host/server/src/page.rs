//! The page at `/`: what runs here, for people, in a browser.
//!
//! Promises that it needs nothing from elsewhere and may run nothing else: every file is in the
//! binary, and the policy that it comes with allows this host alone. Knows files and what the page
//! asks beside the protocol: a world from above, who is in it, and what materials look like.

use std::sync::Arc;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Json, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use spellhost_sim::MATERIALS;
use spellhost_wire::Code;
use tokio::sync::Semaphore;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::columns::{Area, columns};
use crate::failure::Failure;
use crate::host::Host;
use crate::limits::{MAP_BLOCKS_MAX, MAPS_AT_ONCE};
use crate::scene::Scenes;
use crate::world::ask::Ask;

/// What the browser may do with the page: talk to this host, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the page.
struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

macro_rules! assets {
    ($($name:literal: $kind:literal,)*) => {
        const ASSETS: &[Asset] =
            &[$(Asset { name: $name, kind: $kind, text: include_str!(concat!("page/", $name)) },)*];
    };
}

assets! {
    "index.html": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "main.js": "text/javascript; charset=utf-8",
    "socket.js": "text/javascript; charset=utf-8",
    "words.js": "text/javascript; charset=utf-8",
    "map.js": "text/javascript; charset=utf-8",
    "form.js": "text/javascript; charset=utf-8",
    "journal.js": "text/javascript; charset=utf-8",
}

/// What the page is made of and what it asks; all of it may be read by anyone.
pub fn routes() -> OpenApiRouter<Arc<Host>> {
    OpenApiRouter::new()
        .routes(routes!(materials))
        .routes(routes!(page_file))
        .routes(routes!(map))
        .routes(routes!(scene))
        .layer(Extension(Arc::new(Scenes::default())))
        .layer(Extension(Arc::new(Drawing(Semaphore::new(MAPS_AT_ONCE)))))
}

/// The page itself.
pub fn index(asked: &HeaderMap) -> Response {
    served(&ASSETS[0], asked)
}

/// A file that the page is made of.
#[utoipa::path(get, path = "/page/{name}", tag = "page", params(("name" = String, Path, description = "The file")), responses((status = 200, description = "The file")))]
async fn page_file(Path(name): Path<String>, asked: HeaderMap) -> Result<Response, Failure> {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    let asset = asset.ok_or_else(|| Failure::new(Code::NotFound, "the page has no such file"))?;
    Ok(served(asset, &asked))
}

/// A file as it is now: the browser keeps it and asks whether it has changed.
fn served(asset: &Asset, asked: &HeaderMap) -> Response {
    let text = asset.text.replace("{{version}}", env!("CARGO_PKG_VERSION"));
    let etag = format!("\"{}\"", blake3::hash(text.as_bytes()).to_hex());
    let headers = [
        (header::CONTENT_TYPE, asset.kind),
        (header::ETAG, etag.as_str()),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    if asked.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, text).into_response()
}

/// What materials are called and look like, by their numbers.
#[utoipa::path(get, path = "/page/materials.json", tag = "page", responses((status = 200, description = "`{materials: [{name, solid, colour}]}`")))]
async fn materials() -> Json<Value> {
    let row = |row: &spellhost_sim::MaterialInfo| json!({"name": row.name, "solid": row.solid, "colour": row.colour});
    Json(json!({"materials": MATERIALS.iter().map(row).collect::<Vec<_>>()}))
}

/// A place to draw a map; who finds none waits.
struct Drawing(Semaphore);

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AreaQuery {
    /// The least x, in blocks.
    x: i32,
    /// The least z.
    z: i32,
    /// The edge, from 1 to 256 blocks.
    size: u32,
}

/// A square of a world from above, as [`columns`] has it.
#[utoipa::path(get, path = "/worlds/{id}/map", tag = "worlds", params(("id" = String, Path, description = "The world"), AreaQuery), responses((status = 200, description = "For every column, x fastest: i16 height above its top block, u8 material, u8 depth of what is not solid; little-endian")))]
async fn map(
    State(host): State<Arc<Host>>,
    Extension(drawing): Extension<Arc<Drawing>>,
    Path(id): Path<String>,
    query: Result<Query<AreaQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    let bad = || {
        let forms = format!(
            "x, z and size have to be whole, size from 1 to {MAP_BLOCKS_MAX}, and all of it in the world"
        );
        Failure::new(Code::BadParam, forms)
    };
    let Query(AreaQuery { x, z, size }) = query.map_err(|_| bad())?;
    let area = Area::new(x, z, size).ok_or_else(bad)?;
    let world = host.world(&id)?;
    let _place = drawing.0.acquire().await.map_err(|_| Failure::unavailable())?;
    let (tick, voxels) = world.ask(Ask::Voxels).await?;
    let drawn = host.blocking(move |_| Ok(columns(&voxels, area))).await?;
    let headers = [
        ("content-type", "application/octet-stream".to_owned()),
        ("cache-control", "no-store".to_owned()),
        ("spellhost-tick", tick.to_string()),
    ];
    Ok((headers, drawn).into_response())
}

/// Who and what is in a world.
#[utoipa::path(get, path = "/worlds/{id}/scene", tag = "worlds", params(("id" = String, Path, description = "The world")), responses((status = 200, description = "`{tick, entities: [{net_id, owner_id, kind, position, velocity, radius, health, health_max, statuses}], active: [{cast_id, spell_id, revision_id, channel, since}]}`")))]
async fn scene(
    State(host): State<Arc<Host>>,
    Extension(scenes): Extension<Arc<Scenes>>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let shown = scenes.look(&host, &id).await?;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, shown).into_response())
}
