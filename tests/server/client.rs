//! A client on a WebSocket: asks, and waits for what it is told.

use std::collections::VecDeque;
use std::net::TcpStream;

use serde_json::{Value, json};
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket, connect};

use super::host::Host;

/// A connection; what came while waiting for something else is kept in order.
pub struct Client {
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
    came: VecDeque<Value>,
    id: u64,
    told_bytes: u64,
}

impl Client {
    fn open(host: &Host) -> Self {
        let (socket, _) = connect(format!("ws://{}/ws", host.address)).expect("a WebSocket");
        Self { socket, came: VecDeque::new(), id: 0, told_bytes: 0 }
    }

    /// A client in the default world.
    pub fn join(host: &Host, mode: &str) -> Self {
        let mut client = Self::open(host);
        let answer = client.ask("handshake", json!({"mode": mode}));
        assert_eq!(answer["type"], "handshake_response", "{answer:#}");
        client
    }

    /// A client with a token.
    pub fn join_as(host: &Host, token: &str) -> Self {
        Self::entering(host, json!({"mode": "snapshot", "session_token": token}))
    }

    /// A client that is told every frame of a world, with effects.
    pub fn enter(host: &Host, world: &str) -> Self {
        Self::entering(host, json!({"mode": "apply", "world_id": world}))
    }

    /// The same, as who a token stands for.
    pub fn enter_as(host: &Host, world: &str, token: &str) -> Self {
        Self::entering(host, json!({"mode": "apply", "world_id": world, "session_token": token}))
    }

    /// A client that shakes hands as it is told to.
    pub fn entering(host: &Host, handshake: Value) -> Self {
        let mut client = Self::open(host);
        let answer = client.ask("handshake", handshake);
        assert_eq!(answer["type"], "handshake_response", "{answer:#}");
        client
    }

    /// Whether nothing of a type has come so far.
    pub fn has_not_heard(&self, name: &str) -> bool {
        self.came.iter().all(|message| message["type"] != name)
    }

    /// A client that is told every frame from a tick on, with effects.
    pub fn follow(host: &Host, tick: u64) -> Self {
        let mut client = Self::open(host);
        let answer = client.ask("handshake", json!({"mode": "apply", "from_tick": tick}));
        assert_eq!(answer["data"]["tick"], tick, "{answer:#}");
        client
    }

    /// A token of a user of its own.
    pub fn login(host: &Host) -> String {
        let answer = host.request("POST", "/login", b"{\"username\": \"ada\"}");
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["username"], "ada");
        answer.json()["session_token"].as_str().expect("a token").to_owned()
    }

    /// Sends a text as it is.
    pub fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).expect("an open connection");
    }

    /// Sends a request and waits for its answer.
    pub fn ask(&mut self, name: &str, data: Value) -> Value {
        self.id += 1;
        let id = self.id;
        self.send_text(&json!({"type": name, "id": id, "data": data}).to_string());
        self.wait(|message| message["id"] == id)
    }

    /// Waits for a message of a type.
    pub fn next_of(&mut self, name: &str) -> Value {
        self.wait(|message| message["type"] == name)
    }

    /// Waits for an event that fits; its data.
    pub fn event(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.wait(|message| message["type"] == name && fits(&message["data"]))["data"].take()
    }

    /// The next message of all, or of those that came meanwhile.
    pub fn next(&mut self) -> Value {
        self.wait(|_| true)
    }

    /// How many bytes its world has told it so far; a greeting and reports come from the host.
    pub fn told_bytes(&self) -> u64 {
        self.told_bytes
    }

    /// How many messages of a type came and were not asked for.
    pub fn count(&self, name: &str) -> usize {
        self.came.iter().filter(|message| message["type"] == name).count()
    }

    fn wait(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.came.iter().position(&fits) {
            return self.came.remove(at).expect("it was found there");
        }
        loop {
            let message = self.read();
            if fits(&message) {
                return message;
            }
            self.came.push_back(message);
        }
    }

    fn read(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.socket.read().expect("an open connection") {
                let message: Value = serde_json::from_str(&text).expect("messages are JSON");
                if message.get("id").is_none_or(Value::is_null)
                    && message["type"] != "connected"
                    && message["type"] != "spell.report"
                {
                    self.told_bytes += text.len() as u64;
                }
                return message;
            }
        }
    }
}
