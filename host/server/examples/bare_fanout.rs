//! What fan-out is measured against: axum alone, sending a message of so many bytes to every
//! connection sixty times a second, each in a packet of its own as soon as it is there, as a game wants it. No world, no
//! frames, no queue of its own.
//!
//! `bare_fanout BYTES` prints its address once it listens.

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use tokio::sync::broadcast;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bytes: usize = std::env::args().nth(1).ok_or("bare_fanout BYTES")?.parse()?;
    let (sender, _) = broadcast::channel::<Message>(512);
    let app = Router::new().route("/ws", get(upgrade)).with_state(sender.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    std::thread::spawn(move || {
        let message = Message::Binary(vec![0; bytes].into());
        let mut due = std::time::Instant::now();
        loop {
            due += std::time::Duration::from_nanos(1_000_000_000 / 60);
            std::thread::sleep(due.saturating_duration_since(std::time::Instant::now()));
            // Nobody listens between two rounds.
            let _ = sender.send(message.clone());
        }
    });
    // Without this the system would hold a message back until the one before is acknowledged.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, app).await?;
    Ok(())
}

async fn upgrade(State(sender): State<broadcast::Sender<Message>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.protocols(["spellhost.v1+postcard"]).on_upgrade(async move |mut socket| {
        let mut messages = sender.subscribe();
        while let Ok(message) = messages.recv().await {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    })
}
