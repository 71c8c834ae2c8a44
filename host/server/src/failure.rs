//! Why a request is refused: one code of the closed list and a sentence for people.

use spellhost_wire::Code;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Stable.
    pub code: Code,
    /// What was wrong and what is allowed.
    pub message: String,
}

impl Failure {
    /// A refusal with its reason.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The world or the host goes down.
    pub fn unavailable() -> Self {
        Self::new(Code::Unavailable, "this world is closing; try again")
    }
}

impl From<spellhost_store::StoreError> for Failure {
    fn from(error: spellhost_store::StoreError) -> Self {
        let known = Code::ALL.iter().find(|code| code.text() == error.code());
        match known {
            Some(code) => Self::new(*code, error.to_string()),
            None => Self::internal(&error),
        }
    }
}

impl Failure {
    /// The host's own fault: what it was stands in the log, under a number that the client gets.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        let mut number = [0; 6];
        // Without random numbers the report has no number of its own.
        let _ = getrandom::fill(&mut number);
        let correlation: String = number.iter().map(|byte| format!("{byte:02x}")).collect();
        tracing::error!(correlation, error = %error, "a request failed");
        Self::new(Code::Internal, format!("the host failed; it is logged as {correlation}"))
    }
}
