//! What every request gets, whatever it asks for: a name, a line in the log, a deadline for its body,
//! a bound on how many there are, and one shape for whatever refuses it.
//!
//! Knows requests and answers from outside; nothing of routes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::{Stream, StreamExt as _};
use spellhost_wire::Code;
use tracing::Instrument as _;

use crate::door::Deadlines;
use crate::failure::{self, Failure};
use crate::host::Host;
use crate::limits::{ERROR_BYTES_MAX, REQUEST_ID_BYTES_MAX};

/// The header that names a request, from outside or by the host.
pub const ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names a request, and says in the log and in the answer what it is called.
pub async fn identify(request: Request, next: Next) -> Response {
    let id = request.headers().get(ID).and_then(|id| id.to_str().ok()).filter(|id| is_id(id));
    let id: Arc<str> = id.map_or_else(failure::correlation, str::to_owned).into();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let span = tracing::error_span!("request", id = &*id, %method, path);
    let begun = Instant::now();
    let answer = async {
        let response = framed(answered(request, next).await).await;
        let millis = begun.elapsed().as_millis() as u64;
        tracing::info!(status = response.status().as_u16(), millis, "answered");
        response
    };
    let mut response = failure::named(id.clone(), answer.instrument(span)).await;
    // An id is made of letters and digits.
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(ID, value);
    }
    response
}

/// What a client may call its request: nothing that could be read as something else in a log.
fn is_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    !text.is_empty() && text.len() <= REQUEST_ID_BYTES_MAX && text.bytes().all(is_plain)
}

/// Answers, with a deadline for the body.
async fn answered(request: Request, next: Next) -> Response {
    let late = Arc::new(AtomicBool::new(false));
    let deadline = request.extensions().get::<Deadlines>().map(|deadlines| deadlines.body);
    let request = match deadline {
        Some(most) if !axum::body::HttpBody::is_end_stream(request.body()) => {
            let late = late.clone();
            request.map(|body| Body::from_stream(until(body, most, late)))
        }
        _ => request,
    };
    let response = next.run(request).await;
    if late.load(Ordering::Relaxed) {
        return Failure::new(Code::TooSlow, "the body took too long to arrive").into_response();
    }
    response
}

/// A body that ends with an error when its time is up.
fn until(
    body: Body,
    most: std::time::Duration,
    late: Arc<AtomicBool>,
) -> impl Stream<Item = Result<Bytes, axum::Error>> + Send + 'static {
    let end = Box::pin(tokio::time::sleep(most));
    let start = (body.into_data_stream(), end, late);
    futures_util::stream::unfold(start, |(mut body, mut end, late)| async move {
        let item = tokio::select! {
            biased;
            item = body.next() => item?,
            () = &mut end => {
                late.store(true, Ordering::Relaxed);
                Err(axum::Error::new("the body took too long to arrive"))
            }
        };
        Some((item, (body, end, late)))
    })
}

/// What an extractor refused has the one shape of every refusal too.
async fn framed(response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_plain = kind.is_none_or(|kind| kind.starts_with("text/plain"));
    if !(status.is_client_error() || status.is_server_error()) || !is_plain {
        return response;
    }
    let (parts, body) = response.into_parts();
    let text = axum::body::to_bytes(body, ERROR_BYTES_MAX).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let code = match status {
        StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::NOT_FOUND => Code::NotFound,
        _ if status.is_server_error() => Code::Internal,
        _ => Code::BadMessage,
    };
    let detail = match code {
        Code::TooLarge => "the body is larger than this route takes",
        _ if text.trim().is_empty() => status.canonical_reason().unwrap_or("refused"),
        _ => text.trim(),
    };
    let mut problem = Failure::new(code, detail).into_response();
    if let Some(allow) = parts.headers.get(header::ALLOW) {
        problem.headers_mut().insert(header::ALLOW, allow.clone());
    }
    problem
}

/// Refuses who changes things too often: by token, and by address without one.
pub async fn pace(State(host): State<Arc<Host>>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    let token = request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let who = match (token, peer) {
        // A token is a secret: what is kept of it is a digest.
        (Some(token), _) => blake3::hash(token).to_hex().to_string(),
        (None, Some(peer)) => peer.to_string(),
        (None, None) => String::new(),
    };
    if host.requests.take(&who, Instant::now()) {
        return next.run(request).await;
    }
    let reason = format!("at most {} changes a second", host.requests.rate());
    ([(header::RETRY_AFTER, "1")], Failure::new(Code::RateLimited, reason)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_from_outside_is_plain_and_short() {
        assert!(is_id("0af7651916cd43dd-8448:eb_2.1"));
        let long = "x".repeat(REQUEST_ID_BYTES_MAX + 1);
        assert_eq!(["", "two words", "new\nline", "{\"a\":1}", &long].map(is_id), [false; 5]);
    }
}
