//! Why a client cannot go on, or a request was refused.

use spellhost_wire::{Code, Digest};

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum ClientError {
    #[error("`{address}` is no address of a host: {reason}")]
    Address { address: String, reason: &'static str },
    #[error("cannot reach `{address}`")]
    Unreachable {
        address: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("the host refuses: {message}")]
    Refused { code: Code, message: String },
    #[error("`{path}` is answered with status {status}")]
    Status { path: String, status: u16 },
    #[error("`{path}` has more than {most} bytes")]
    TooLarge { path: String, most: usize },
    #[error("what the host calls {named} is something else")]
    WrongContent { named: Digest },
    #[error("the host sent something unreadable: {0}")]
    Unreadable(String),
    #[error("verifying needs the engine {theirs}, and this program has {ours}; `apply` needs none")]
    Engine { ours: Digest, theirs: Digest },
    #[error("the engine cannot start: {0}")]
    NoEngine(String),
    #[error("revision {revision} cannot be run: {reason}")]
    Component { revision: Digest, reason: String },
    #[error("the host did not answer in time")]
    Late,
    #[error("too many requests wait for answers")]
    TooMany,
    #[error("the connection has ended")]
    Closed,
}
