//! Why a component is not taken: every problem that one pass found, each with a code, a sentence
//! and, where there is one, the next step.

/// The codes of problems; a closed list.
pub mod code {
    /// The file is larger than the policy allows.
    pub const TOO_LARGE: &str = "too_large";
    /// Not a binary component.
    pub const NOT_A_COMPONENT: &str = "not_a_component";
    /// The file ends too early.
    pub const TRUNCATED: &str = "truncated";
    /// The bytes are not valid.
    pub const MALFORMED: &str = "malformed";
    /// Valid WebAssembly that uses what this host does not allow.
    pub const UNSUPPORTED_FEATURE: &str = "unsupported_feature";
    /// An import that the contract does not have, or the policy does not allow.
    pub const IMPORT: &str = "import";
    /// An interface of another version of the contract.
    pub const VERSION: &str = "version";
    /// An export that is missing, or is not in the contract.
    pub const EXPORT: &str = "export";
    /// A function with another signature than the contract's.
    pub const SIGNATURE: &str = "signature";
    /// A bound of what a component may be.
    pub const LIMIT: &str = "limit";
    /// A string encoding that is not UTF-8 or UTF-16.
    pub const ENCODING: &str = "encoding";
    /// A component within the component that holds code.
    pub const NESTED: &str = "nested";
    /// `describe` did not return, or what it returned is not acceptable.
    pub const DESCRIBE: &str = "describe";
    /// The component cannot be instantiated.
    pub const INSTANTIATE: &str = "instantiate";
    /// The compiler refused the component.
    pub const COMPILE: &str = "compile";
    /// Compiling took more time or memory than it may.
    pub const COMPILE_LIMIT: &str = "compile_limit";
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// One of [`code`].
    pub code: &'static str,
    /// What is wrong and what is allowed.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Why a component is not taken; holds at least one problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The problems, in the order in which they stand in the bytes.
    pub problems: Vec<Problem>,
}

impl Problem {
    /// A problem without a next step.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }

    /// Adds what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<Problem> for Rejection {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl Rejection {
    fn first(&self) -> Option<&Problem> {
        self.problems.first()
    }

    /// The code of the first problem.
    pub fn code(&self) -> &'static str {
        self.first().map_or(code::MALFORMED, |problem| problem.code)
    }

    /// The message of the first problem.
    pub fn message(&self) -> &str {
        self.first().map_or("", |problem| &problem.message)
    }

    /// The hint of the first problem that has one.
    pub fn hint(&self) -> Option<&str> {
        self.problems.iter().find_map(|problem| problem.hint.as_deref())
    }
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                out.write_str("; ")?;
            }
            out.write_str(&problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Rejection {}
