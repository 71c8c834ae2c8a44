//! Why there is no component. Every failure has a stable code, a message that names the thing and,
//! where there is one, the next step; it knows nothing of terminals or exit codes.

use std::fmt;

use crate::diagnostic::Diagnostic;

/// A build without a result.
#[derive(Debug)]
pub enum BuildError {
    /// It failed.
    Failed(BuildFailure),
    /// It was cancelled; nothing was left half written.
    Cancelled,
}

/// A failed build.
#[derive(Clone, Debug, Default)]
pub struct BuildFailure {
    /// A stable name of the kind of failure.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do next, where that is known.
    pub hint: Option<String>,
    /// The places the compiler named, errors first.
    pub diagnostics: Vec<Diagnostic>,
    /// The compiler's own text, as it would have printed it; may be empty.
    pub rendered: String,
}

impl BuildFailure {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), ..Self::default() }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn rendered(mut self, text: impl Into<String>) -> Self {
        self.rendered = text.into();
        self
    }

    /// Whether the machine is at fault and not the spell.
    pub fn is_environment(&self) -> bool {
        ["tool_missing", "target_missing", "read_only", "sdk_unavailable"].contains(&self.code)
    }
}

impl BuildError {
    /// The failure, unless the build was cancelled.
    pub fn failure(&self) -> Option<&BuildFailure> {
        match self {
            Self::Failed(failure) => Some(failure),
            Self::Cancelled => None,
        }
    }
}

impl From<BuildFailure> for BuildError {
    fn from(failure: BuildFailure) -> Self {
        Self::Failed(failure)
    }
}

impl fmt::Display for BuildFailure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(formatter),
            Self::Cancelled => formatter.write_str("the build was cancelled"),
        }
    }
}

impl std::error::Error for BuildFailure {}
impl std::error::Error for BuildError {}
