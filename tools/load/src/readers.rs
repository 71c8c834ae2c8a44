//! Clients that only count what they are sent: what sending costs a host, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};

use crate::arguments::Arguments;
use crate::process::Span;

#[derive(Default)]
struct Counted {
    messages: AtomicU64,
    bytes: AtomicU64,
    ended: AtomicU64,
}

/// Reads for so long.
pub async fn measure(arguments: &Arguments) -> Result<Value> {
    let counted = Arc::new(Counted::default());
    for _ in 0..arguments.clients {
        let mut request = format!("ws://{}/ws", arguments.server).into_client_request()?;
        let protocol = HeaderValue::from_static("spellhost.v1+postcard");
        request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        let (mut socket, _) = connect_async(request).await?;
        if !arguments.bare {
            let handshake = json!({"type": "handshake", "id": 1, "data": {"mode": "lockstep"}});
            socket.send(Message::text(handshake.to_string())).await?;
        }
        let counted = counted.clone();
        tokio::spawn(async move {
            while let Some(Ok(message)) = socket.next().await {
                if let Message::Binary(bytes) = message {
                    counted.messages.fetch_add(1, Ordering::Relaxed);
                    counted.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                }
            }
            counted.ended.fetch_add(1, Ordering::Relaxed);
        });
    }
    // Everybody is in, and has caught up, before anything is counted.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (span, before) = (Span::begin(arguments.pid), (count(&counted.messages), count(&counted.bytes)));
    tokio::time::sleep(Duration::from_secs(arguments.seconds)).await;
    let (messages, bytes) = (count(&counted.messages) - before.0, count(&counted.bytes) - before.1);
    Ok(json!({
        "clients": arguments.clients,
        "seconds": arguments.seconds,
        "messages": messages,
        "messages_per_client_and_second": messages as f64 / arguments.clients as f64 / arguments.seconds as f64,
        "bytes_per_message": bytes as f64 / messages.max(1) as f64,
        "disconnects": count(&counted.ended),
        "host": span.end(),
    }))
}
