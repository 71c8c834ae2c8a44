//! Sessions: who a token stands for, and until when.
//!
//! Only a hash of the token is kept. Knows nothing of how a token is made or what its scopes allow.

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::error::{Result, at_most};
use crate::limits::TEXT_BYTES_MAX;
use crate::store::Store;
use crate::tree::{Look, Stored, Tree};

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The hash of its token.
    pub token_hash: [u8; 32],
    /// The client.
    pub client_id: String,
    /// The name it goes by.
    pub username: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Unix milliseconds.
    pub created_at_ms: u64,
    /// Unix milliseconds; from then on it is unknown.
    pub expires_at_ms: u64,
}

/// A session to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "as in `Session`")]
pub struct NewSession {
    pub client_id: String,
    pub username: String,
    pub scopes: Vec<String>,
    pub expires_at_ms: u64,
}

impl Stored for Session {
    const TREE: Tree = Tree::Sessions;

    fn key(&self) -> Vec<u8> {
        self.token_hash.to_vec()
    }
}

/// Its own domain, so that a token's hash is nothing else's.
fn hash_of(token: &str) -> [u8; 32] {
    blake3::derive_key("spellhost 2026 session token", token.as_bytes())
}

impl Store {
    /// Opens a session for a token: `too_large`.
    pub fn open_session(&self, token: &str, new: NewSession) -> Result<Session> {
        let scopes = new.scopes.iter().map(String::len).sum::<usize>();
        at_most("a session", new.client_id.len() + new.username.len() + scopes, TEXT_BYTES_MAX)?;
        let session = Session {
            token_hash: hash_of(token),
            client_id: new.client_id,
            username: new.username,
            scopes: new.scopes,
            created_at_ms: self.now_ms(),
            expires_at_ms: new.expires_at_ms,
        };
        self.change(move |_| Ok((Some(Change::SessionPut(session.clone())), session)))
    }

    /// The session of a token, unless it has expired.
    pub fn session(&self, token: &str) -> Result<Option<Session>> {
        let session: Option<Session> = self.reader().get(&hash_of(token))?;
        let now = self.now_ms();
        Ok(session.filter(|session| now < session.expires_at_ms))
    }

    /// All sessions, expired ones too, in no useful order.
    pub fn sessions(&self) -> Result<Vec<Session>> {
        self.reader().all(&[])
    }

    /// Ends the session of a token; false if there was none.
    pub fn close_session(&self, token: &str) -> Result<bool> {
        let hash = hash_of(token);
        self.change(move |view| {
            let there = view.raw(Tree::Sessions, &hash)?.is_some();
            Ok((there.then(|| Change::SessionsRemoved(vec![hash])), there))
        })
    }

    /// Forgets every session that has expired; returns how many.
    pub fn expire_sessions(&self) -> Result<usize> {
        let now = self.now_ms();
        let expired: Vec<[u8; 32]> = self
            .sessions()?
            .into_iter()
            .filter(|session| session.expires_at_ms <= now)
            .map(|session| session.token_hash)
            .collect();
        self.change(move |_| {
            let count = expired.len();
            Ok(((count > 0).then_some(Change::SessionsRemoved(expired)), count))
        })
    }
}
