//! Why a call stops before it returns, as the host's own side raises it, and what outcome a call's
//! error is.
//!
//! Knows the kinds of wasmtime's errors; does not know what the call was doing.

use spellhost_sim::{LimitKind, Outcome};
use wasmtime::error::OutOfMemory;
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};

use crate::limits::FAILURE_BYTES_MAX;
use crate::log::cut;
use crate::measured::is_malformed_text;
use crate::report::TrapReport;

/// An end that the host decides on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    /// The price of a host call is more than what is left.
    #[error("the grant does not pay for `{0}`")]
    OutOfFuel(&'static str),
    /// A limit other than fuel.
    #[error("the limit `{}` is reached", .0.name())]
    Limit(LimitKind),
    /// An argument is not acceptable.
    #[error("{function}: {field}: {message}")]
    Invalid {
        /// `interface.function`.
        function: &'static str,
        /// Item and field; empty where the call itself is the problem.
        field: String,
        /// What is wrong and what is allowed.
        message: String,
    },
    /// An import was called where none answers.
    #[error("`{function}` does not answer while a spell describes itself")]
    Describing {
        /// `interface.function`.
        function: &'static str,
        /// What it said, where it was `log.log`.
        said: Option<String>,
    },
}

impl Stop {
    /// An argument that is not acceptable.
    pub(crate) fn invalid(
        function: &'static str,
        field: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::Invalid { function, field: field.into(), message: message.into() }
    }

    fn outcome(self) -> Outcome {
        match self {
            Self::OutOfFuel(_) => Outcome::OutOfFuel,
            Self::Limit(kind) => Outcome::Limit(kind),
            Self::Invalid { function, field, mut message } => {
                cut(&mut message, FAILURE_BYTES_MAX);
                Outcome::Invalid { function: function.into(), field, message }
            }
            Self::Describing { function, .. } => Outcome::Invalid {
                function: function.into(),
                field: String::new(),
                message: "no import answers here".into(),
            },
        }
    }
}

/// The outcome of a call that ended with `error`, and what its author is told of it.
pub(crate) fn outcome_of(error: &wasmtime::Error) -> (Outcome, Option<TrapReport>) {
    let report = |trap: &str| Some(TrapReport::new(trap, error));
    if let Some(stop) = error.downcast_ref::<Stop>() {
        return (stop.clone().outcome(), report("stopped"));
    }
    let outcome = match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => Outcome::OutOfFuel,
        Some(Trap::StackOverflow) => Outcome::Limit(LimitKind::Stack),
        Some(Trap::Interrupt) => Outcome::Limit(LimitKind::Watchdog),
        Some(trap) => trapped(trap_name(*trap), error),
        None if is_of_host(error) => Outcome::Limit(LimitKind::Host),
        None if is_malformed_text(error) => Outcome::Limit(LimitKind::String),
        // A pointer, a length or a discriminant that the canonical ABI does not allow.
        None => trapped("bad_argument", error),
    };
    let report = match &outcome {
        Outcome::Trapped { trap, .. } => report(trap),
        other => report(other.kind()),
    };
    (outcome, report)
}

/// Whether the host is at fault: nothing that a guest did, and nothing that another host would see.
fn is_of_host(error: &wasmtime::Error) -> bool {
    error.is::<PoolConcurrencyLimitError>() || error.is::<OutOfMemory>() || error.is::<std::io::Error>()
}

fn trapped(trap: &str, error: &wasmtime::Error) -> Outcome {
    let location =
        error.downcast_ref::<WasmBacktrace>().and_then(|_| TrapReport::new(trap, error).location());
    Outcome::Trapped { trap: trap.into(), location }
}

/// The name of a trap in outcomes: stable, lower case.
fn trap_name(trap: Trap) -> &'static str {
    match trap {
        Trap::UnreachableCodeReached => "unreachable",
        Trap::MemoryOutOfBounds => "memory_out_of_bounds",
        Trap::TableOutOfBounds => "table_out_of_bounds",
        Trap::IndirectCallToNull => "indirect_call_to_null",
        Trap::BadSignature => "bad_signature",
        Trap::IntegerOverflow => "integer_overflow",
        Trap::IntegerDivisionByZero => "integer_division_by_zero",
        Trap::BadConversionToInteger => "bad_conversion_to_integer",
        Trap::CannotEnterComponent => "cannot_enter_component",
        Trap::CannotLeaveComponent => "cannot_leave_component",
        Trap::StringOutOfBounds
        | Trap::ListOutOfBounds
        | Trap::InvalidDiscriminant
        | Trap::InvalidChar
        | Trap::UnalignedPointer => "bad_argument",
        _ => "other",
    }
}
