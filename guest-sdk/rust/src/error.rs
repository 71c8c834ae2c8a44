//! How a spell fails: a text for people.
//!
//! Promises that `?` works on every error that can be displayed, and on texts. Whether anything is undone is
//! the host's business: an error undoes the whole call.

use std::fmt;

/// What a spell's functions return: nothing, or the failure's message.
///
/// The second parameter is there so that `Result<Value, OtherError>` means what it always means.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// Why a call failed, for people: at most 1,024 bytes, the rest is cut off.
///
/// Everything that can be displayed becomes one by `?`:
///
/// ```
/// use spellhost_sdk::prelude::*;
/// fn parse(payload: &str) -> Result<i64> {
///     let number: i64 = payload.parse()?;
///     ensure!(number > 0, "the number must be positive, not {number}");
///     (number < 100).then_some(number).ok_or("the number is too large")?;
///     Ok(number)
/// }
/// assert_eq!(parse("7"), Ok(7));
/// assert_eq!(parse("-7").unwrap_err().message(), "the number must be positive, not -7");
/// assert_eq!(parse("700").unwrap_err().message(), "the number is too large");
/// ```
// It must not be `Display` itself: the conversion below would then overlap with `From<Error> for Error`.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    /// The message.
    pub fn message(&self) -> &str {
        &self.0
    }

    /// The message, in at most as many bytes as a host accepts.
    pub(crate) fn into_message(self) -> String {
        const MESSAGE_BYTES_MAX: usize = 1024;
        let mut message = self.0;
        message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
        message
    }
}

impl<T: fmt::Display> From<T> for Error {
    fn from(message: T) -> Error {
        Error(message.to_string())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Ends the call with a message: `fail!("nothing to burn at {pos}")`. The world stays untouched.
#[macro_export]
macro_rules! fail {
    ($($message:tt)+) => {
        return ::core::result::Result::Err($crate::Error::from(::std::format!($($message)+)))
    };
}

/// Ends the call with a message unless something holds: `ensure!(mana > 10, "not enough mana")`.
#[macro_export]
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            $crate::fail!($($message)+)
        }
    };
}
