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

impl Value {
    /// The value as clients write it: what a parameter's name already says is left out.
    pub fn plain(&self) -> serde_json::Value {
        match self {
            Self::Flag { value } => (*value).into(),
            Self::Integer { value } => (*value).into(),
            Self::Number { value } => (*value).into(),
            Self::Text { value } | Self::Material { value } => value.clone().into(),
            Self::Point { value } => value.to_vec().into(),
            Self::Block { value } => value.to_vec().into(),
            Self::Entity { value } => (*value).into(),
        }
    }

    /// The value of what a client wrote, as far as its form says the kind; `None` for what no
    /// parameter can be.
    pub fn of_plain(plain: &serde_json::Value) -> Option<Self> {
        use serde_json::Value as Json;
        Some(match plain {
            Json::Bool(value) => Self::Flag { value: *value },
            Json::Number(number) => match number.as_i64() {
                Some(value) => Self::Integer { value },
                None => Self::Number { value: number.as_f64()? },
            },
            Json::String(value) => Self::Text { value: value.clone() },
            Json::Array(parts) => {
                let parts: Option<Vec<f64>> = parts.iter().map(Json::as_f64).collect();
                Self::Point { value: parts?.try_into().ok()? }
            }
            Json::Null | Json::Object(_) => return None,
        })
    }
}

/// Named values as an object in JSON, as a list in postcard.
pub(crate) mod by_name {
    use serde::de::{Error as _, MapAccess, Visitor};
    use serde::ser::SerializeMap as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::{NamedValue, Value};

    pub fn serialize<S: Serializer>(values: &Vec<NamedValue>, out: S) -> Result<S::Ok, S::Error> {
        if !out.is_human_readable() {
            return values.serialize(out);
        }
        let mut object = out.serialize_map(Some(values.len()))?;
        values.iter().try_for_each(|named| object.serialize_entry(&named.name, &named.value.plain()))?;
        object.end()
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<NamedValue>, D::Error> {
        if !from.is_human_readable() {
            return Vec::deserialize(from);
        }
        from.deserialize_map(Object)
    }

    struct Object;

    impl<'de> Visitor<'de> for Object {
        type Value = Vec<NamedValue>;

        fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            out.write_str("an object of parameters by name")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
            let mut values: Vec<NamedValue> = Vec::new();
            while let Some((name, plain)) = object.next_entry::<String, serde_json::Value>()? {
                let wrong = || A::Error::custom(format!("parameter `{name}` is of no kind"));
                let value = Value::of_plain(&plain).ok_or_else(wrong)?;
                values.push(NamedValue { name, value });
            }
            Ok(values)
        }
    }
}
