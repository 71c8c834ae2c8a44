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
    /// Threads that cast.
    pub threads: usize,
}

impl Config {
    /// Whether everybody without a token is [`crate::who::GUEST`]: on loopback, and only there.
    pub fn is_open(&self) -> bool {
        self.listen.ip().is_loopback()
    }
}
