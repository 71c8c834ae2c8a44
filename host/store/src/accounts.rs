//! Accounts: names that last longer than a session.
//!
//! The password's hash is text that is never looked into here.

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::error::{Result, at_most};
use crate::limits::TEXT_BYTES_MAX;
use crate::store::Store;
use crate::tree::{Look, Stored, Tree};

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its name.
    pub username: String,
    /// As a password hasher made it; `None` where nobody can log in with one.
    pub password_hash: Option<String>,
    /// What it may be, to whoever checks.
    pub role: String,
    /// Unix milliseconds.
    pub created_at_ms: u64,
}

impl Stored for Account {
    const TREE: Tree = Tree::Accounts;

    fn key(&self) -> Vec<u8> {
        self.username.clone().into()
    }
}

impl Store {
    /// Makes an account or replaces it: `too_large`.
    pub fn put_account(&self, account: Account) -> Result<()> {
        let size = account.username.len() + account.role.len();
        at_most("an account", size + account.password_hash.as_ref().map_or(0, String::len), TEXT_BYTES_MAX)?;
        self.change(move |_| Ok((Some(Change::AccountPut(account)), ())))
    }

    /// An account, if there is one.
    pub fn account(&self, username: &str) -> Result<Option<Account>> {
        self.reader().get(username.as_bytes())
    }

    /// All accounts, by name.
    pub fn accounts(&self) -> Result<Vec<Account>> {
        self.reader().all(&[])
    }
}
