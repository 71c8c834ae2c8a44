//! The door: connections come in, each with a deadline for what it asks, and only so many.
//!
//! Promises that who sends a head slowly, or opens a great many connections, is shut out and keeps
//! nobody else waiting; and that a host that is not ready answers, and says so. Knows no route.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use crate::failure::Failure;
use crate::limits::{CONNECTIONS_MAX, HEAD_BYTES_MAX};

/// How long parts of a request may take to arrive.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// The head, from its first moment.
    pub head: Duration,
    /// The body.
    pub body: Duration,
}

/// How many connections each address has.
type Counts = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// A connection's place among those of its address, until it is dropped.
pub struct Place {
    counts: Counts,
    address: IpAddr,
}

impl Place {
    fn take(counts: &Counts, address: IpAddr, most: usize) -> Option<Self> {
        let mut all = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Self { counts: counts.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.address);
            }
        }
    }
}

/// Where connections come in. Clones share it.
#[derive(Clone)]
pub struct Door {
    deadlines: Deadlines,
    /// Connections of one address.
    most: usize,
    counts: Counts,
    /// What answers, once there is something to answer with.
    app: Arc<OnceLock<Router>>,
    closing: watch::Sender<bool>,
    /// One permit for each connection.
    open: Arc<Semaphore>,
}

impl Door {
    /// A door behind which nothing is ready yet.
    pub fn new(deadlines: Deadlines, most: usize) -> Self {
        let open = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let (closing, _) = watch::channel(false);
        Self { deadlines, most, counts: Counts::default(), app: Arc::default(), closing, open }
    }

    /// From now on this answers.
    pub fn ready(&self, app: Router) {
        // There is one host behind a door.
        let _ = self.app.set(app);
    }

    /// Takes nobody in any more; who is in ends what it asked for.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Waits until nobody is in, or for so long.
    pub async fn drained(&self, most: Duration) {
        // Who is still in after that is shut out with the runtime.
        let _ = tokio::time::timeout(most, self.open.acquire_many(CONNECTIONS_MAX as u32)).await;
    }

    /// Takes connections in until the door is closed.
    pub async fn take_in(self, listener: TcpListener) {
        let mut closing = self.closing.subscribe();
        loop {
            let taken = tokio::select! {
                taken = listener.accept() => taken,
                () = closed(&mut closing) => return,
            };
            match taken {
                Ok((stream, peer)) => self.admit(stream, peer),
                Err(error) => {
                    tracing::warn!(%error, "no connection could be taken in");
                    // Mostly no file is left: the next attempt would fail at once.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr) {
        // Frames are small and have to arrive within their tick.
        let _ = stream.set_nodelay(true);
        let place = Place::take(&self.counts, peer.ip(), self.most);
        let permit = self.open.clone().try_acquire_owned().ok();
        let (Some(place), Some(permit)) = (place, permit) else {
            metrics::counter!("spellhost_connections_refused_total").increment(1);
            return refuse(&stream);
        };
        let door = self.clone();
        tokio::spawn(async move {
            door.serve(stream, peer, Arc::new(place)).await;
            drop(permit);
        });
    }

    async fn serve(self, stream: TcpStream, peer: SocketAddr, place: Arc<Place>) {
        let (app, deadlines) = (self.app, self.deadlines);
        let service = service_fn(move |mut request: Request<Incoming>| {
            let extensions = request.extensions_mut();
            extensions.insert(ConnectInfo(peer));
            extensions.insert(deadlines);
            extensions.insert(place.clone());
            let app = app.get().cloned();
            async move { Ok::<_, Infallible>(answer(app, request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(deadlines.head)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let mut closing = self.closing.subscribe();
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = closed(&mut closing) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "a connection ended");
        }
    }
}

/// Waits until the door is closed; whoever holds it keeps it from being lost.
async fn closed(closing: &mut watch::Receiver<bool>) {
    drop(closing.wait_for(|closing| *closing).await);
}

async fn answer(app: Option<Router>, request: Request<Incoming>) -> Response {
    let Some(app) = app else { return starting(request.uri().path()) };
    match TowerToHyperService::new(app).call(request.map(Body::new)).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// What is answered while worlds are recovered: that the host is alive, and not ready.
fn starting(path: &str) -> Response {
    match path {
        "/health" | "/healthz" => axum::Json(serde_json::json!({"status": "ok"})).into_response(),
        _ => Failure::new(spellhost_wire::Code::Unavailable, "this host is starting; try again")
            .into_response(),
    }
}

/// Says why in one packet, and ends.
fn refuse(stream: &TcpStream) {
    let problem = "{\"type\":\"about:blank\",\"title\":\"Too Many Requests\",\"status\":429,\
        \"detail\":\"too many connections of this address\",\"code\":\"rate_limited\"}";
    let head = "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/problem+json\r\nconnection: close\r\nretry-after: 1\r\n";
    // Who cannot be told is closed all the same.
    let _ = stream.try_write(format!("{head}content-length: {}\r\n\r\n{problem}", problem.len()).as_bytes());
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream as Stream;

    use axum::body::Bytes;
    use axum::routing::{get, post};

    use super::*;

    /// A door on a free port, in a runtime of its own; what it answers with may be nothing.
    fn opened(
        deadlines: Deadlines,
        most: usize,
        app: Option<Router>,
    ) -> (tokio::runtime::Runtime, Door, SocketAddr) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let door = Door::new(deadlines, most);
        if let Some(app) = app {
            door.ready(app.layer(axum::middleware::from_fn(crate::request::identify)));
        }
        runtime.spawn(door.clone().take_in(listener));
        (runtime, door, address)
    }

    fn app() -> Router {
        Router::new().route("/", get(|| async { "here" })).route("/echo", post(|body: Bytes| async { body }))
    }

    const LONG: Deadlines = Deadlines { head: Duration::from_secs(60), body: Duration::from_secs(60) };

    fn sent(address: SocketAddr, text: &str) -> Stream {
        let mut stream = Stream::connect(address).expect("it listens");
        stream.write_all(text.as_bytes()).expect("it reads");
        stream
    }

    fn rest(mut stream: Stream) -> String {
        let mut text = String::new();
        // A door that is shut in the middle of a request resets the connection.
        let _ = stream.read_to_string(&mut text);
        text
    }

    #[test]
    fn who_sends_a_head_slowly_is_shut_out_and_others_are_served() {
        let deadlines = Deadlines { head: Duration::from_millis(50), ..LONG };
        let (_runtime, _door, address) = opened(deadlines, 8, Some(app()));
        let slow = sent(address, "GET / HTTP/1.1\r\nhost: x\r\nslow: ");
        let other = sent(address, "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        assert!(rest(other).ends_with("here"));
        assert!(!rest(slow).contains("200"), "it ends without an answer");
    }

    #[test]
    fn who_sends_a_body_slowly_is_told_so() {
        let deadlines = Deadlines { body: Duration::from_millis(50), ..LONG };
        let (_runtime, _door, address) = opened(deadlines, 8, Some(app()));
        let slow = sent(address, "POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf");
        let answer = rest(slow);
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("too_slow"), "{answer}");
    }

    #[test]
    fn an_address_has_so_many_connections_and_gets_places_back() {
        let (runtime, door, address) = opened(LONG, 2, Some(app()));
        let first = sent(address, "GET / HTTP/1.1\r\nhost: x\r\n");
        let second = sent(address, "GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        // It waits for its end, not for its answer: its place is given back first.
        assert!(rest(second).contains("here"));
        let third = sent(address, "");
        let refused = rest(sent(address, ""));
        assert!(refused.contains("429") && refused.contains("rate_limited"), "{refused}");
        drop((first, third));
        runtime.block_on(door.drained(Duration::from_secs(60)));
        assert!(door.counts.lock().expect("no panic").is_empty(), "no place is kept");
    }

    #[test]
    fn before_it_is_ready_it_is_alive_and_says_that_it_is_not() {
        let (_runtime, door, address) = opened(LONG, 8, None);
        let ask = |path| {
            rest(sent(address, &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")))
        };
        assert!(ask("/healthz").starts_with("HTTP/1.1 200"));
        assert!(ask("/readyz").starts_with("HTTP/1.1 503"));
        door.ready(app());
        assert!(ask("/").starts_with("HTTP/1.1 200"));
    }

    #[test]
    fn a_closed_door_ends_who_waits_and_takes_nobody() {
        let (runtime, door, address) = opened(LONG, 8, Some(app()));
        let mut idle = sent(address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n");
        // The first answer has come: from here on the connection waits for another request.
        let mut head = [0; 12];
        idle.read_exact(&mut head).expect("an answer");
        door.close();
        runtime.block_on(door.drained(Duration::from_secs(60)));
        assert!(rest(idle).ends_with("here"), "and then its end");
    }
}
