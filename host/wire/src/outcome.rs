//! How a call ended, and what it cost.

use serde::{Deserialize, Serialize};

use crate::forms::tagged;

/// Why a cast never ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum Refusal {
    Cooldown,
    Mana,
    Dead,
    Budget,
}

tagged! {
    tag = "kind";
    /// How a call, or a cast that became none, ended. JSON: `{"kind": "applied", "skipped": 0}`.
    #[allow(missing_docs, reason = "the protocol page says it")]
    pub enum Outcome {
        Applied { skipped: u32 },
        Failed { message: String },
        Invalid { function: String, field: String, message: String },
        Trapped { trap: String, r#where: Option<String> },
        OutOfFuel {},
        Limit { which: String },
        Refused { reason: Refusal },
    }
}

impl Outcome {
    /// Leaves the kind of a trap and takes away its place, which is for the spell's author alone.
    pub fn hide_place(&mut self) {
        if let Self::Trapped { r#where, .. } = self {
            *r#where = None;
        }
    }

    /// Whether another outcome is the same but for where a trap was, which hangs on the names that a
    /// component carries.
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Trapped { trap, .. }, Self::Trapped { trap: other, .. }) => trap == other,
            _ => self == other,
        }
    }
}

/// Fuel of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub struct Fuel {
    pub used: u64,
    pub granted: u64,
}
