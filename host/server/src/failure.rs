//! Why a request is refused: one code of the closed list and a sentence for people.

use std::sync::Arc;

use spellhost_wire::Code;
use spellhost_wire::reply::Trial;

/// A refusal.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Stable.
    pub code: Code,
    /// What was wrong and what is allowed.
    pub message: String,
    /// Under what the log has the rest, where the fault is the host's.
    pub correlation: Option<String>,
    /// What a trial found that refused a publish.
    pub trial: Option<Box<Trial>>,
}

tokio::task_local! {
    /// What the request is called in whose name this runs.
    static REQUEST: Arc<str>;
}

/// Runs in the name of a request.
pub async fn named<F: Future>(id: Arc<str>, work: F) -> F::Output {
    REQUEST.scope(id, work).await
}

/// Takes the name of the request to another thread.
pub fn carried<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let (id, span) = (REQUEST.try_with(Arc::clone).ok(), tracing::Span::current());
    move || {
        let work = || span.in_scope(work);
        match id {
            Some(id) => REQUEST.sync_scope(id, work),
            None => work(),
        }
    }
}

/// What a failed request is called: as the request itself, or a number of its own.
pub fn correlation() -> String {
    if let Ok(id) = REQUEST.try_with(|id| id.to_string()) {
        return id;
    }
    let mut number = [0; 6];
    // Without random numbers it names less.
    let _ = getrandom::fill(&mut number);
    number.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Failure {
    /// A refusal with its reason.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), correlation: None, trial: None }
    }

    /// The world or the host goes down.
    pub fn unavailable() -> Self {
        Self::new(Code::Unavailable, "this world is closing; try again")
    }
}

impl From<spellhost_store::StoreError> for Failure {
    fn from(error: spellhost_store::StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<&spellhost_store::StoreError> for Failure {
    fn from(error: &spellhost_store::StoreError) -> Self {
        let known = Code::ALL.iter().find(|code| code.text() == error.code());
        match known {
            // What a client is told does not name the host's folders.
            Some(Code::StoreFull) => {
                Self::new(Code::StoreFull, "the host has no space left: nothing was changed")
            }
            Some(code) => Self::new(*code, error.to_string()),
            None => Self::internal(error),
        }
    }
}

impl Failure {
    /// The host's own fault: what it was stands in the log, under a number that the client gets.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        let correlation = correlation();
        tracing::error!(correlation, error = %error, "a request failed");
        let message = format!("the host failed; it is logged as {correlation}");
        Self { correlation: Some(correlation), ..Self::new(Code::Internal, message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_on_another_thread_has_the_name_of_its_request() {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("threads");
        let work = named("a-request".into(), async {
            tokio::task::spawn_blocking(carried(correlation)).await.expect("no panic")
        });
        assert_eq!(runtime.block_on(work), "a-request");
        assert_eq!(correlation().len(), 12, "outside of a request it is a number");
    }
}
