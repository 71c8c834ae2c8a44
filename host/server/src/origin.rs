//! Which pages may change things here: this host's own, loopback ones, and those the operator names.
//!
//! Promises that a page elsewhere neither acts for who visits it nor listens in, even where names
//! are rebound to this address. Knows headers and nothing of what is asked.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use spellhost_wire::Code;

use crate::config::Config;
use crate::failure::Failure;
use crate::host::Host;

/// What pages may read of an answer beside its body.
const EXPOSED: &str = "content-range, digest, etag, retry-after, spellhost-engine-id, spellhost-last-tick, \
    spellhost-state-hash, spellhost-tick, x-request-id";

/// Refuses what comes from elsewhere, and lets any page read.
pub async fn guard(State(host): State<Arc<Host>>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let changes = !reads || request.headers().contains_key(header::UPGRADE);
    let headers = request.headers();
    if host.config.is_open() && !text(headers, header::HOST).is_none_or(is_loopback) {
        return Failure::new(Code::Forbidden, "this host answers to loopback names only").into_response();
    }
    if let Some(method) = preflight(request.method(), headers) {
        return answer(&host.config, method, headers);
    }
    if changes && !is_allowed(&host.config, headers) {
        return Failure::new(Code::Forbidden, "pages of this origin may change nothing here").into_response();
    }
    let origin = headers.get(header::ORIGIN).cloned();
    let mut response = next.run(request).await;
    let answered = response.headers_mut();
    match origin {
        _ if reads => {
            answered.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
        Some(origin) => {
            answered.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            answered.append(header::VARY, HeaderValue::from_static("origin"));
        }
        None => return response,
    }
    answered.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    response
}

/// What a browser asks before a page may do what no form could: the method that it wants.
fn preflight<'a>(method: &Method, headers: &'a HeaderMap) -> Option<&'a str> {
    let wanted = text(headers, header::ACCESS_CONTROL_REQUEST_METHOD)?;
    (*method == Method::OPTIONS).then_some(wanted)
}

fn answer(config: &Config, method: &str, headers: &HeaderMap) -> Response {
    let reads = ["GET", "HEAD"].contains(&method);
    if !reads && !is_allowed(config, headers) {
        return Failure::new(Code::Forbidden, "pages of this origin may change nothing here").into_response();
    }
    let any = HeaderValue::from_static("*");
    let origin = headers.get(header::ORIGIN).filter(|_| !reads).cloned().unwrap_or(any);
    let fixed = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, DELETE"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, x-request-id"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
        (header::VARY, "origin"),
    ];
    (StatusCode::NO_CONTENT, [(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin)], fixed).into_response()
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    // What is no text is no name that is allowed.
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

fn is_allowed(config: &Config, headers: &HeaderMap) -> bool {
    let Some(origin) = text(headers, header::ORIGIN) else { return true };
    let own = origin.split_once("://").map(|(_, authority)| authority);
    let same = own.is_some() && own == text(headers, header::HOST);
    let named = config.allow_origin.iter().chain(&config.public_url);
    same || own.is_some_and(is_loopback) || named.into_iter().any(|name| name.trim_end_matches('/') == origin)
}

/// Whether `name:port` or `name` is this machine's own.
fn is_loopback(authority: &str) -> bool {
    let name = match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names_are_known_and_others_are_not() {
        let own = ["localhost", "localhost:5000", "127.0.0.1:1", "127.0.0.1", "[::1]:5000", "[::1]"];
        assert_eq!(own.map(is_loopback), [true; 6]);
        let others =
            ["example.org", "localhost.example.org:80", "127.0.0.1.example.org", "10.0.0.1:5000", ""];
        assert_eq!(others.map(is_loopback), [false; 5]);
    }
}
