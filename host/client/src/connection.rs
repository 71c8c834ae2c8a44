//! One WebSocket to a host: requests out; frames, replies and events in.
//!
//! Promises that no message larger than its bound is read, and that a message of a kind that this
//! program does not know is passed over. Follows nothing.

use futures_util::{SinkExt as _, StreamExt as _};
use spellhost_wire::Frame;
use spellhost_wire::message::Request;
use spellhost_wire::reply::{Message as Envelope, Told};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::address::Address;
use crate::error::ClientError;
use crate::fetch::unreachable;
use crate::limits::{MESSAGE_BYTES_MAX, PATIENCE};

/// The subprotocol in which frames are binary.
const BINARY_PROTOCOL: &str = "spellhost.v1+postcard";

/// What came.
#[derive(Debug)]
pub(crate) enum Came {
    /// A frame.
    Frame(Box<Frame>),
    /// An answer.
    Answer(u64, Told),
    /// Something else that happened.
    Event(Told),
    /// The other side has ended the connection.
    End,
}

/// An open connection.
pub(crate) struct Connection {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Connection {
    /// Connects; `binary` asks for frames in postcard.
    pub async fn open(address: &Address, token: Option<&str>, binary: bool) -> Result<Self, ClientError> {
        let failed = |error| unreachable(address, error);
        let mut request = address.socket().into_client_request().map_err(failed)?;
        if binary {
            let protocol = HeaderValue::from_static(BINARY_PROTOCOL);
            request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        let bearer = token.and_then(|token| HeaderValue::from_str(&format!("Bearer {token}")).ok());
        if let Some(bearer) = bearer {
            request.headers_mut().insert(header::AUTHORIZATION, bearer);
        }
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let connecting = connect_async_with_config(request, Some(config), true);
        let connected = tokio::time::timeout(PATIENCE, connecting).await.map_err(|_| ClientError::Late)?;
        Ok(Self { socket: connected.map_err(failed)?.0 })
    }

    /// Sends a request.
    pub async fn send(&mut self, request: &Request, id: u64) -> Result<(), ClientError> {
        let text = request.text(Some(id)).map_err(|error| ClientError::Unreadable(error.to_string()))?;
        let sending = self.socket.send(Message::text(text));
        let sent = tokio::time::timeout(PATIENCE, sending).await.map_err(|_| ClientError::Late)?;
        sent.map_err(|_| ClientError::Closed)
    }

    /// Waits for what comes next. Nothing is lost where the caller stops waiting.
    pub async fn next(&mut self) -> Came {
        loop {
            let came = match self.socket.next().await {
                Some(Ok(Message::Text(text))) => read(&text),
                Some(Ok(Message::Binary(bytes))) => {
                    Frame::from_bytes(&bytes).ok().map(|frame| Came::Frame(Box::new(frame)))
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => Some(Came::End),
                Some(Ok(_)) => None,
            };
            if let Some(came) = came {
                return came;
            }
        }
    }

    /// Ends it, where the other side still listens.
    pub async fn close(mut self) {
        let _ = tokio::time::timeout(PATIENCE, self.socket.close(None)).await;
    }
}

fn read(text: &str) -> Option<Came> {
    let Envelope { id, told } = serde_json::from_str(text).ok()?;
    Some(match (id, told) {
        (_, Told::Frame(frame)) => Came::Frame(frame),
        (Some(id), told) => Came::Answer(id, told),
        (None, told) => Came::Event(told),
    })
}
