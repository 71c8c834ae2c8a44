//! Names of spells, worlds, jobs and versions, parsed once at the edge.
//!
//! Promises that a [`SpellId`] or [`WorldId`] is safe as a key and as the name of a file.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::StoreError;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The name, if it is `[a-z0-9][a-z0-9_-]{0,63}`.
            pub fn parse(text: &str) -> Result<Self, StoreError> {
                if is_name(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(StoreError::BadId { what: $what, text: text.chars().take(80).collect() })
                }
            }

            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = StoreError;

            fn try_from(text: String) -> Result<Self, StoreError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl FromStr for $name {
            type Err = StoreError;

            fn from_str(text: &str) -> Result<Self, StoreError> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A spell: `[a-z0-9][a-z0-9_-]{0,63}`.
    SpellId,
    "spell id"
);
name!(
    /// A world: `[a-z0-9][a-z0-9_-]{0,63}`.
    WorldId,
    "world id"
);

fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=64).contains(&text.len())
        && text.bytes().next().is_some_and(plain)
        && text.bytes().all(|byte| plain(byte) || byte == b'_' || byte == b'-')
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{:06}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = StoreError;

            fn from_str(text: &str) -> Result<Self, StoreError> {
                let number = text.strip_prefix(concat!($prefix, "_")).and_then(|digits| digits.parse().ok());
                // Only the text that `Display` gives names it: one thing, one name.
                number
                    .map(Self)
                    .filter(|parsed| parsed.to_string() == text)
                    .ok_or_else(|| StoreError::BadId { what: $what, text: text.chars().take(80).collect() })
            }
        }
    };
}

number!(
    /// A job, counted over the whole store; shown as `job_000001`.
    JobId,
    "job",
    "job id"
);
number!(
    /// The number of a revision within its spell, from 1; shown as `rev_000001`.
    Version,
    "rev",
    "version"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_names() {
        for good in ["a", "0", "frost-nova_2", &"a".repeat(64)] {
            assert!(SpellId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "_a", "A", "a/b", "..", "a\0", "é", &"a".repeat(65)] {
            assert!(WorldId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn numbers_have_one_text() {
        assert_eq!(JobId(7).to_string(), "job_000007");
        assert_eq!("rev_1234567".parse::<Version>().unwrap(), Version(1_234_567));
        for bad in ["rev_1", "rev_+00001", "job_000001", "rev_"] {
            assert!(bad.parse::<Version>().is_err(), "{bad}");
        }
    }
}
