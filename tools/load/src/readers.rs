//! Clients that only count what they are sent: what sending costs a host, and nothing else. Some may be
//! deaf: they ask for frames and never read one.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::arguments::Arguments;
use crate::host::{Host, Late};
use crate::process::Span;

/// Connections from one address: fewer than a host takes from one.
const OF_ONE_ADDRESS: usize = 200;
/// What a deaf reader's system takes in for it.
const DEAF_BYTES: u32 = 4 * 1_024;

#[derive(Default)]
struct Counted {
    messages: AtomicU64,
    bytes: AtomicU64,
    ended: AtomicU64,
}

/// Reads for so long.
pub async fn measure(arguments: &Arguments) -> Result<Value> {
    let counted = Arc::new(Counted::default());
    let mut deaf = Vec::new();
    for number in 0..arguments.deaf {
        deaf.push(join(arguments, number, Some(DEAF_BYTES)).await?);
    }
    for number in arguments.deaf..arguments.deaf + arguments.clients {
        let (mut socket, counted) = (join(arguments, number, None).await?, counted.clone());
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
    let late = lateness(arguments).await?;
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (span, before) = (Span::begin(arguments.pid), (count(&counted.messages), count(&counted.bytes)));
    tokio::time::sleep(Duration::from_secs(arguments.seconds)).await;
    let (messages, bytes) = (count(&counted.messages) - before.0, count(&counted.bytes) - before.1);
    let host = span.end();
    let late = lateness(arguments).await?.since(late);
    drop(deaf);
    Ok(json!({
        "clients": arguments.clients,
        "deaf": arguments.deaf,
        "seconds": arguments.seconds,
        "messages": messages,
        "messages_per_client_and_second": messages as f64 / arguments.clients as f64 / arguments.seconds as f64,
        "bytes_per_message": bytes as f64 / messages.max(1) as f64,
        "disconnects": count(&counted.ended),
        "ticks_late": late.caught_up + late.dropped,
        "slow_clients_begun_anew": late.slow,
        "host": host,
    }))
}

/// What sends unasked measures nothing.
async fn lateness(arguments: &Arguments) -> Result<Late> {
    if arguments.bare { Ok(Late::default()) } else { Host::new(&arguments.server).late().await }
}

async fn join(
    arguments: &Arguments,
    number: usize,
    buffer: Option<u32>,
) -> Result<WebSocketStream<TcpStream>> {
    let mut request = format!("ws://{}/ws", arguments.server).into_client_request()?;
    let protocol = HeaderValue::from_static("spellhost.v1+postcard");
    request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    let stream = connect(&arguments.server, number, buffer).await?;
    let (mut socket, _) = client_async(request, stream).await?;
    if !arguments.bare {
        let handshake = json!({"type": "handshake", "id": 1, "data": {"mode": "lockstep"}});
        socket.send(Message::text(handshake.to_string())).await?;
    }
    Ok(socket)
}

/// Connects; on loopback from one of its many addresses, because a host takes so many connections from each.
async fn connect(server: &str, number: usize, buffer: Option<u32>) -> Result<TcpStream> {
    let found = tokio::net::lookup_host(server).await?.next();
    let place = found.with_context(|| format!("`{server}` has no address"))?;
    let socket = if place.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(bytes) = buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    if place.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST) {
        let group = u32::try_from(number / OF_ONE_ADDRESS)?;
        let own = Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + group);
        socket.bind(SocketAddr::from((own, 0)))?;
    }
    Ok(socket.connect(place).await?)
}
