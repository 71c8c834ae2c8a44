//! What a parameter or an effect's argument holds.

use serde::{Deserialize, Serialize};

use crate::forms::tagged;

tagged! {
    tag = "kind";
    /// A value with its kind. JSON: `{"kind": "number", "value": 4.0}`; materials by name.
    #[allow(missing_docs, reason = "the kinds are the WIT's")]
    pub enum Value {
        Flag { value: bool },
        Integer { value: i64 },
        Number { value: f64 },
        Text { value: String },
        Point { value: [f64; 3] },
        Block { value: [i32; 3] },
        Entity { value: u64 },
        Material { value: String },
    }
}

/// A value under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub struct NamedValue {
    pub name: String,
    pub value: Value,
}
