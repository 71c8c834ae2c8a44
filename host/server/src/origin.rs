//! Which pages may change things here: this host's own, loopback ones, and those the operator names.
//!
//! Promises that a page elsewhere neither acts for who visits it nor listens in, even where names
//! are rebound to this address. Knows headers and nothing of what is asked.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use spellhost_wire::Code;

use crate::config::Config;
use crate::failure::Failure;
use crate::host::Host;

/// Refuses what comes from elsewhere, and lets any page read.
pub async fn guard(State(host): State<Arc<Host>>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let changes = !reads || request.headers().contains_key(header::UPGRADE);
    let headers = request.headers();
    if host.config.is_open() && !text(headers, header::HOST).is_none_or(is_loopback) {
        return Failure::new(Code::Forbidden, "this host answers to loopback names only").into_response();
    }
    if changes && !is_allowed(&host.config, headers) {
        return Failure::new(Code::Forbidden, "pages of this origin may change nothing here").into_response();
    }
    let mut response = next.run(request).await;
    if reads {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    response
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
