//! Completing a cast's parameters: defaults are filled in, and what does not fit is refused, never
//! clamped.
//!
//! The one place that turns what people and clients write into the values a call is given. Does
//! not know the world: whether an entity exists is not asked.

use std::collections::BTreeMap;

use spellhost_lockstep::quantise;
use spellhost_sim as sim;

use crate::info::{ParamSpec, ParamValue, SpellInfo};
use crate::limits::TEXT_PARAM_BYTES_MAX;
use crate::log::quoted;

/// The largest entity id: ids are below 2^53, exact in JSON.
const ENTITY_ID_MAX: u64 = (1 << 53) - 1;

/// A parameter as it arrives: what JSON and command lines can say.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum ParamInput {
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    List(Vec<f64>),
}

/// Why parameters are not acceptable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParamError {
    /// The spell takes no parameter of this name.
    #[error("the spell takes no parameter `{name}`; {}", known(.allowed))]
    Unknown {
        /// The name.
        name: String,
        /// The names it takes.
        allowed: Vec<String>,
    },
    /// A value of the wrong kind, or out of range.
    #[error("parameter `{name}`: {message}")]
    Bad {
        /// The parameter.
        name: String,
        /// What is wrong and what is allowed.
        message: String,
    },
}

fn known(allowed: &[String]) -> String {
    if allowed.is_empty() { "it takes none".into() } else { format!("it takes {}", allowed.join(", ")) }
}

impl ParamError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "unknown_param",
            Self::Bad { .. } => "bad_param",
        }
    }
}

impl SpellInfo {
    /// The parameter of this name.
    ///
    /// # Errors
    /// [`ParamError::Unknown`], with the names that there are.
    pub fn param(&self, name: &str) -> Result<&ParamSpec, ParamError> {
        self.params.iter().find(|spec| spec.name == name).ok_or_else(|| ParamError::Unknown {
            name: crate::admission::shown(name),
            allowed: self.params.iter().map(|spec| spec.name.clone()).collect(),
        })
    }

    /// The parameters of a cast, in the order of the description, with defaults where `given` has none.
    ///
    /// # Errors
    /// A [`ParamError`] for an unknown name, a wrong kind, or a value out of range.
    pub fn complete(&self, given: &BTreeMap<String, ParamInput>) -> Result<Vec<sim::NamedValue>, ParamError> {
        for name in given.keys() {
            self.param(name)?;
        }
        let value = |spec: &ParamSpec| {
            let bad = |message| ParamError::Bad { name: spec.name.clone(), message };
            let value = match given.get(&spec.name) {
                Some(input) => typed(spec, input).map_err(bad)?,
                None => spec.default.clone(),
            };
            let value = check(spec, &value).map_err(bad)?;
            Ok(sim::NamedValue { name: spec.name.clone(), value })
        };
        self.params.iter().map(value).collect()
    }
}

impl ParamInput {
    /// Reads the `v` of `k=v` on a command line, by the kind of the parameter: `true`, `3`, `0.5`,
    /// a text as it is, `x,y,z`, an entity's id, a material's name.
    ///
    /// # Errors
    /// [`ParamError::Bad`] where the text is not of the parameter's kind.
    pub fn parse(spec: &ParamSpec, text: &str) -> Result<Self, ParamError> {
        let trimmed = text.trim();
        let number = |part: &str| part.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        let parsed = match spec.default {
            ParamValue::Flag(_) => trimmed.parse().ok().map(Self::Flag),
            ParamValue::Integer(_) | ParamValue::Entity(_) => trimmed.parse().ok().map(Self::Integer),
            ParamValue::Number(_) => number(trimmed).map(Self::Number),
            ParamValue::Text(_) | ParamValue::Material(_) => Some(Self::Text(text.to_owned())),
            ParamValue::Point(_) | ParamValue::Block(_) => {
                let inner =
                    trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(trimmed);
                inner.split(',').map(number).collect::<Option<Vec<f64>>>().map(Self::List)
            }
        };
        parsed.ok_or_else(|| ParamError::Bad {
            name: spec.name.clone(),
            message: format!("{} is not {}", quoted(text), expected(&spec.default)),
        })
    }
}

/// What a value of this kind looks like.
fn expected(kind: &ParamValue) -> &'static str {
    match kind {
        ParamValue::Flag(_) => "a flag: true or false",
        ParamValue::Integer(_) => "an integer",
        ParamValue::Number(_) => "a finite number",
        ParamValue::Text(_) => "a text",
        ParamValue::Point(_) => "a point: [x, y, z] in blocks",
        ParamValue::Block(_) => "a block: [x, y, z] in whole blocks",
        ParamValue::Entity(_) => "an entity's id",
        ParamValue::Material(_) => "a material's name",
    }
}

/// The input as a value of the parameter's kind.
fn typed(spec: &ParamSpec, input: &ParamInput) -> Result<ParamValue, String> {
    let value = match (&spec.default, input) {
        (ParamValue::Flag(_), ParamInput::Flag(flag)) => Some(ParamValue::Flag(*flag)),
        (ParamValue::Integer(_), ParamInput::Integer(integer)) => Some(ParamValue::Integer(*integer)),
        (ParamValue::Integer(_), ParamInput::Number(number)) => whole(*number).map(ParamValue::Integer),
        (ParamValue::Number(_), ParamInput::Number(number)) => Some(ParamValue::Number(*number)),
        (ParamValue::Number(_), ParamInput::Integer(integer)) => Some(ParamValue::Number(*integer as f64)),
        (ParamValue::Text(_), ParamInput::Text(text)) => Some(ParamValue::Text(text.clone())),
        (ParamValue::Material(_), ParamInput::Text(name)) => Some(ParamValue::Material(name.clone())),
        (ParamValue::Entity(_), ParamInput::Integer(id)) => u64::try_from(*id).ok().map(ParamValue::Entity),
        (ParamValue::Point(_), ParamInput::List(parts)) => {
            parts.as_slice().try_into().ok().map(ParamValue::Point)
        }
        (ParamValue::Block(_), ParamInput::List(parts)) => block(parts).map(ParamValue::Block),
        _ => None,
    };
    value.ok_or_else(|| format!("{} is not {}", described(input), expected(&spec.default)))
}

fn described(input: &ParamInput) -> String {
    match input {
        ParamInput::Flag(flag) => flag.to_string(),
        ParamInput::Integer(integer) => integer.to_string(),
        ParamInput::Number(number) => number.to_string(),
        ParamInput::Text(text) => quoted(text),
        ParamInput::List(parts) if parts.len() > 4 => format!("a list of {}", parts.len()),
        ParamInput::List(parts) => format!("{parts:?}"),
    }
}

/// A number as an integer, where it is one that a double holds exactly.
fn whole(number: f64) -> Option<i64> {
    let exact = number.fract() == 0.0 && number.abs() <= ENTITY_ID_MAX as f64;
    exact.then_some(number as i64)
}

fn block(parts: &[f64]) -> Option<[i32; 3]> {
    let [x, y, z] = parts else { return None };
    let part = |part: &f64| whole(*part).and_then(|part| i32::try_from(part).ok());
    Some([part(x)?, part(y)?, part(z)?])
}

/// Checks a value of the parameter's kind against its range, choices and the world's bounds.
pub(crate) fn check(spec: &ParamSpec, value: &ParamValue) -> Result<sim::Value, String> {
    Ok(match value {
        ParamValue::Flag(flag) => sim::Value::Flag(*flag),
        ParamValue::Integer(integer) => {
            in_range(spec, *integer as f64, *integer)?;
            sim::Value::Integer(*integer)
        }
        ParamValue::Number(number) if number.is_finite() => {
            in_range(spec, *number, *number)?;
            sim::Value::Number(sim::Number { bits: number.to_bits() })
        }
        ParamValue::Number(number) => return Err(format!("{number} is not a finite number")),
        ParamValue::Text(text) => {
            check_text(spec, text)?;
            sim::Value::Text(text.clone())
        }
        ParamValue::Point(parts) => {
            let [x, y, z] = parts;
            match quantise::point(*parts) {
                Ok(point) if point.in_bounds() => sim::Value::Point(point),
                _ => return Err(format!("({x}, {y}, {z}) is outside the world")),
            }
        }
        ParamValue::Block([x, y, z]) => {
            let block = sim::BlockPos::new(*x, *y, *z);
            if !block.in_bounds() {
                return Err(format!("block ({x}, {y}, {z}) is outside the world"));
            }
            sim::Value::Block(block)
        }
        ParamValue::Entity(id) if *id > ENTITY_ID_MAX => {
            return Err(format!("{id} is no entity's id: they are below 2^53"));
        }
        ParamValue::Entity(id) => sim::Value::Entity(sim::EntityId(*id)),
        ParamValue::Material(name) => match sim::Material::named(name) {
            Some(material) => sim::Value::Material(material),
            None => {
                let names: Vec<_> = sim::MATERIALS.iter().map(|row| row.name).collect();
                return Err(format!("{} is no material; they are {}", quoted(name), names.join(", ")));
            }
        },
    })
}

fn in_range(spec: &ParamSpec, number: f64, shown: impl std::fmt::Display) -> Result<(), String> {
    match spec.range {
        Some((min, max)) if !(min..=max).contains(&number) => {
            let unit = if spec.unit.is_empty() { String::new() } else { format!(" {}", spec.unit) };
            Err(format!("{shown} is not between {min} and {max}{unit}"))
        }
        _ => Ok(()),
    }
}

fn check_text(spec: &ParamSpec, text: &str) -> Result<(), String> {
    if text.len() > TEXT_PARAM_BYTES_MAX {
        return Err(format!("the text has {} bytes; at most {TEXT_PARAM_BYTES_MAX} are allowed", text.len()));
    }
    if !spec.choices.is_empty() && !spec.choices.iter().any(|choice| choice == text) {
        return Err(format!("{} is none of the choices: {}", quoted(text), spec.choices.join(", ")));
    }
    Ok(())
}
