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
    /// What the outside calls this host, behind a proxy.
    pub public_url: Option<String>,
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
    /// Whether everybody without a token is [`crate::who::GUEST`]: on loopback, and only there.
    pub fn is_open(&self) -> bool {
        self.listen.ip().is_loopback()
    }
}
