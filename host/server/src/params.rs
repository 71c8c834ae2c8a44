//! Parameters of a cast, from JSON to what a description can complete.

use std::collections::BTreeMap;

use serde_json::Value;
use spellhost_runtime::ParamInput;
use spellhost_wire::Code;

use crate::failure::Failure;

/// Reads parameters by name; their kinds and ranges are the description's to check.
///
/// # Errors
/// `bad_param` for what no parameter can be.
pub fn inputs(params: &BTreeMap<String, Value>) -> Result<BTreeMap<String, ParamInput>, Failure> {
    params.iter().map(|(name, value)| Ok((name.clone(), input(name, value)?))).collect()
}

fn input(name: &str, value: &Value) -> Result<ParamInput, Failure> {
    let read = match value {
        Value::Bool(flag) => Some(ParamInput::Flag(*flag)),
        Value::Number(number) => {
            number.as_i64().map(ParamInput::Integer).or_else(|| number.as_f64().map(ParamInput::Number))
        }
        Value::String(text) => Some(ParamInput::Text(text.clone())),
        Value::Array(parts) => parts.iter().map(Value::as_f64).collect::<Option<_>>().map(ParamInput::List),
        Value::Null | Value::Object(_) => None,
    };
    let name: String = name.chars().take(64).collect();
    let message = format!("parameter `{name}` is neither flag, number, text nor a list of numbers");
    read.ok_or_else(|| Failure::new(Code::BadParam, message))
}
