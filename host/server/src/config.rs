//! How a host is started.

use std::net::SocketAddr;
use std::path::PathBuf;

/// What the operator said.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where everything is kept.
    pub data: PathBuf,
    /// Where it listens; port 0 picks one.
    pub listen: SocketAddr,
    /// The operator's token, where the environment has one.
    pub operator_token: Option<String>,
    /// Whether `/login` needs no account on an address that is not loopback.
    pub allow_guests: bool,
    /// Origins beside this host's own that pages may come from.
    pub allow_origin: Vec<String>,
    /// What components may import beside what every spell may, such as `wasi`.
    pub allow: Vec<String>,
    /// What the outside calls this host, behind a proxy.
    pub public_url: Option<String>,
    /// What compiled code is sealed with, where the environment says it.
    pub secret_key: Option<String>,
    /// Tries the database of a data directory in a process of its own; says what is wrong with it.
    pub probe: fn(&std::path::Path) -> Result<(), String>,
    /// Threads that cast.
    pub threads: usize,
    /// How source is built.
    pub builds: Builds,
}

/// How source is built.
#[derive(Clone, Debug)]
pub struct Builds {
    /// Builds at once, at least 1.
    pub workers: usize,
    /// Builds that wait at most.
    pub queue: usize,
    /// How long a compiler may take.
    pub seconds: u64,
    /// Whether compilers run without a sandbox.
    pub unsandboxed: bool,
    /// What writes spells from a prompt.
    pub model: Option<Model>,
}

/// A language model behind an OpenAI-compatible endpoint.
#[derive(Clone)]
pub struct Model {
    /// Its address: a host, `…/v1`, or the whole `…/v1/chat/completions`.
    pub url: String,
    /// The key, where it wants one.
    pub key: Option<String>,
    /// Which model.
    pub name: String,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key is a secret, and an address may hold one.
        out.debug_struct("Model").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Config {
    /// A host for this machine alone: on a free port of the loopback address, two threads that cast, one
    /// build at a time and four that wait, each of at most two minutes in a sandbox. The database is opened
    /// without having been tried in another process.
    pub fn local(data: PathBuf) -> Self {
        Self {
            data,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            operator_token: None,
            allow_guests: false,
            allow_origin: Vec::new(),
            allow: Vec::new(),
            public_url: None,
            secret_key: None,
            probe: |_| Ok(()),
            threads: 2,
            builds: Builds { workers: 1, queue: 4, seconds: 120, unsandboxed: false, model: None },
        }
    }

    /// Whether everybody without a token is [`crate::who::GUEST`]: on loopback, and only there.
    pub fn is_open(&self) -> bool {
        self.listen.ip().is_loopback()
    }

    /// Where clients open a socket in a world: by the public name, else by the one they asked for.
    pub fn socket_address(&self, asked: Option<&str>, world: &str) -> String {
        let listen = self.listen.to_string();
        let base = match &self.public_url {
            Some(url) => url.trim_end_matches('/').replacen("http", "ws", 1),
            None => format!("ws://{}", asked.unwrap_or(&listen)),
        };
        format!("{base}/ws?world={world}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_where_the_client_asked_or_where_the_operator_says() {
        let mut config = Config::local(PathBuf::new());
        config.listen.set_port(5000);
        assert_eq!(config.socket_address(None, "w"), "ws://127.0.0.1:5000/ws?world=w");
        assert_eq!(config.socket_address(Some("localhost:5000"), "w"), "ws://localhost:5000/ws?world=w");
        config.public_url = Some("https://spells.example.org/host/".into());
        assert_eq!(config.socket_address(Some("10.0.0.1"), "w"), "wss://spells.example.org/host/ws?world=w");
    }
}
