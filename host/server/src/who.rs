//! Who acts, and what they may do: one table.
//!
//! Promises that every action of the protocol is asked here, and nowhere else. Knows names and
//! tokens, no sockets.

use sha2::{Digest as _, Sha256};

use crate::failure::Failure;
use spellhost_wire::Code;

/// The account that everybody without a token shares on an open server.
pub const GUEST: &str = "guest";

/// The name of who runs the host, which nobody else can have.
pub const OPERATOR: &str = "operator";

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Without a token, on a server that is not open.
    Nobody,
    /// An account, by name; [`GUEST`] is one.
    Account(String),
    /// Who runs the host.
    Operator,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action<'a> {
    /// Creating a spell, casting, input, remote events, voxel operations.
    Play,
    /// Building, uploading, publishing, rolling back, logs and reports of a spell of this owner.
    Author(&'a str),
    /// Clearing, saving, deleting a world of this owner.
    Keep(&'a str),
    /// Everything under `/admin`.
    Administer,
    /// Seeing what is measured.
    Observe {
        /// Whether it is asked from this machine.
        local: bool,
    },
}

impl Actor {
    /// The account's name, as lists show it.
    pub fn name(&self) -> &str {
        match self {
            Self::Nobody => "",
            Self::Account(name) => name,
            Self::Operator => OPERATOR,
        }
    }

    /// Whether it may use the drafts and named revisions of a spell of this owner.
    pub fn may_author(&self, owner: &str) -> bool {
        self.may(Action::Author(owner))
    }

    /// The table.
    pub fn may(&self, action: Action) -> bool {
        match (self, action) {
            (Self::Operator, _) => true,
            (_, Action::Observe { local }) => local,
            (Self::Nobody, _) | (_, Action::Administer) => false,
            (Self::Account(_), Action::Play) => true,
            (Self::Account(name), Action::Author(owner) | Action::Keep(owner)) => name == owner,
        }
    }

    /// Refuses what it may not.
    ///
    /// # Errors
    /// `unauthorized` for nobody, `forbidden` for somebody else.
    pub fn check(&self, action: Action) -> Result<(), Failure> {
        if self.may(action) {
            return Ok(());
        }
        Err(match (self, action) {
            (Self::Nobody, _) => Failure::new(Code::Unauthorized, "log in first: POST /login"),
            (_, Action::Author(_)) => Failure::new(Code::Forbidden, "this spell is somebody else's"),
            (_, Action::Keep(_)) => Failure::new(Code::Forbidden, "this world is somebody else's"),
            (_, Action::Administer | Action::Observe { .. }) => {
                Failure::new(Code::Forbidden, "this is the operator's")
            }
            (_, Action::Play) => Failure::new(Code::Forbidden, "this may not be done here"),
        })
    }
}

/// A token of 256 random bits.
///
/// # Errors
/// Where the system has no random numbers.
pub fn new_token() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether two tokens are equal, in a time that does not say where they differ.
pub fn same_token(a: &str, b: &str) -> bool {
    Sha256::digest(a.as_bytes()) == Sha256::digest(b.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_rights() {
        let actors =
            [Actor::Nobody, Actor::Account(GUEST.into()), Actor::Account("ada".into()), Actor::Operator];
        let rights = |action| actors.each_ref().map(|actor| actor.may(action));
        assert_eq!(rights(Action::Play), [false, true, true, true]);
        assert_eq!(rights(Action::Author("ada")), [false, false, true, true]);
        assert_eq!(rights(Action::Author(GUEST)), [false, true, false, true]);
        assert_eq!(rights(Action::Keep("ada")), [false, false, true, true]);
        assert_eq!(rights(Action::Keep(GUEST)), [false, true, false, true]);
        assert_eq!(rights(Action::Administer), [false, false, false, true]);
        assert_eq!(rights(Action::Observe { local: false }), [false, false, false, true]);
        assert_eq!(rights(Action::Observe { local: true }), [true; 4]);
    }

    #[test]
    fn nobody_is_told_to_log_in_and_somebody_that_it_is_forbidden() {
        let code = |actor: Actor, action| actor.check(action).err().map(|failure| failure.code);
        assert_eq!(code(Actor::Nobody, Action::Play), Some(Code::Unauthorized));
        assert_eq!(code(Actor::Account("ada".into()), Action::Author("bob")), Some(Code::Forbidden));
        assert_eq!(code(Actor::Operator, Action::Author("bob")), None);
    }
}
