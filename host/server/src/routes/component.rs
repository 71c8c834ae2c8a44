//! `GET /components/{digest}`: a component by what it is.
//!
//! Promises that the decoded body hashes to the digest, however it was coded, and that nothing but a
//! component is served. `Digest` is the SHA-256 of the decoded body, not of the coded one: it is for
//! browsers, which see the decoded body alone and have no BLAKE3.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use spellhost_store::{Blobs as _, Digest};
use spellhost_wire::Code;

use super::{Answer, App};
use crate::coding::Coding;
use crate::failure::Failure;
use crate::host::Host;
use crate::range::{self, Asked};

/// What every component begins with.
const MAGIC: &[u8] = b"\0asm";
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A component, checked against its digest.
struct Found {
    digest: Digest,
    sha256: [u8; 32],
    bytes: Bytes,
}

/// A component by its digest, for ever.
///
/// One range at a time, of the uncoded body; `zstd` and `gzip` where they are accepted. The decoded
/// body always hashes to the digest; the header `Digest` has its SHA-256.
#[utoipa::path(
    get,
    path = "/components/{digest}",
    tag = "content",
    params(("digest" = String, Path, description = "`b3:` and 64 hex digits")),
    responses(
        (status = 200, description = "The component", content_type = "application/wasm"),
        (status = 206, description = "The range that was asked for", content_type = "application/wasm"),
        (status = 304, description = "The client has it already"),
        (status = 416, description = "The range lies outside"),
    )
)]
pub async fn component(State(host): App, Path(name): Path<String>, asked: HeaderMap) -> Answer<Response> {
    let digest = name.parse().map_err(|_| unknown())?;
    let found = host.blocking(move |host| find(host, digest)).await?;
    let text = |name: HeaderName| asked.get(name).and_then(|value| value.to_str().ok());
    if text(header::IF_NONE_MATCH).is_some_and(|known| knows(known, &found.digest)) {
        return Ok((StatusCode::NOT_MODIFIED, common(&found, preferred(&asked))).into_response());
    }
    let is_same = text(header::IF_RANGE).is_none_or(|tag| tag == etag(&found.digest, Coding::Identity));
    let range = text(header::RANGE).filter(|_| is_same);
    match range.map_or(Asked::Whole, |range| range::asked(range, found.bytes.len())) {
        Asked::Whole => whole(&host, found, preferred(&asked)).await,
        Asked::Part(first, last) => Ok(part(&found, first, last)),
        Asked::Outside => {
            let reason = format!("the component has {} bytes", found.bytes.len());
            let size = [(header::CONTENT_RANGE, format!("bytes */{}", found.bytes.len()))];
            Ok((size, Failure::new(Code::RangeNotSatisfiable, reason)).into_response())
        }
    }
}

fn unknown() -> Failure {
    Failure::new(Code::UnknownComponent, "there is no such component")
}

/// Reads the blob; one that is no component is not served as one.
fn find(host: &Host, digest: Digest) -> Result<Found, Failure> {
    let of_blob = |error: spellhost_store::StoreError| {
        if error.code() == "unknown_blob" { unknown() } else { error.into() }
    };
    let bytes = host.store.get(&digest).map_err(of_blob)?;
    let sha256 = host.store.info(&digest).map_err(of_blob)?.sha256;
    if !bytes.starts_with(MAGIC) {
        return Err(unknown());
    }
    Ok(Found { digest, sha256, bytes: bytes.into() })
}

fn preferred(asked: &HeaderMap) -> Coding {
    let accepted = asked.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    Coding::preferred(accepted.unwrap_or_default())
}

fn etag(digest: &Digest, coding: Coding) -> String {
    format!("\"{digest}{}\"", coding.suffix())
}

/// Whether a client has the component in any coding: decoded they are the same bytes for ever.
fn knows(header: &str, digest: &Digest) -> bool {
    let tags = Coding::ALL.map(|coding| etag(digest, coding));
    header
        .split(',')
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == "*" || tags.iter().any(|own| own == tag))
}

fn common(found: &Found, coding: Coding) -> [(HeaderName, String); 4] {
    [
        (header::ETAG, etag(&found.digest, coding)),
        (header::CACHE_CONTROL, FOR_EVER.to_owned()),
        (header::VARY, "accept-encoding".to_owned()),
        (HeaderName::from_static("digest"), format!("sha-256={}", STANDARD.encode(found.sha256))),
    ]
}

fn body(found: &Found, status: StatusCode, coding: Coding, bytes: Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/wasm".to_owned()),
        // Said even where the body is not sent: axum cannot know it for HEAD.
        (header::CONTENT_LENGTH, bytes.len().to_string()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
    ];
    let mut response = (status, common(found, coding), headers, Body::from(bytes)).into_response();
    if coding != Coding::Identity {
        let name = axum::http::HeaderValue::from_static(coding.name());
        response.headers_mut().insert(header::CONTENT_ENCODING, name);
    }
    response
}

async fn whole(host: &Arc<Host>, found: Found, coding: Coding) -> Answer<Response> {
    if coding == Coding::Identity {
        return Ok(body(&found, StatusCode::OK, coding, found.bytes.clone()));
    }
    let (digest, bytes) = (found.digest, found.bytes.clone());
    let code =
        move |host: &Host| host.coded.body(digest, coding, &bytes).map_err(|error| Failure::internal(&error));
    let coded = host.blocking(code).await?;
    Ok(body(&found, StatusCode::OK, coding, coded))
}

fn part(found: &Found, first: usize, last: usize) -> Response {
    let bytes = found.bytes.slice(first..=last);
    let range = format!("bytes {first}-{last}/{}", found.bytes.len());
    let response = body(found, StatusCode::PARTIAL_CONTENT, Coding::Identity, bytes);
    ([(header::CONTENT_RANGE, range)], response).into_response()
}
