//! What a spell says of itself, checked: names, bounds and defaults are consistent, so that a form
//! can be drawn from it and parameters can be completed with it.
//!
//! Plain data: numbers are floats as people write them, materials are names. Knows nothing of how
//! it was obtained.

use serde::{Deserialize, Serialize};
use spellhost_sim::Material;
use spellhost_sim::limits::{DURATION_TICKS_MAX, MANA_MAX, NAME_BYTES_MAX, PARAMS_MAX, TEXT_BYTES_MAX};

use crate::abi;
use crate::limits::{CHOICES_MAX, DESCRIPTION_BYTES_MAX, TEXT_PARAM_BYTES_MAX};
use crate::params::check;

/// What `describe` returned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpellInfo {
    /// The name that players see.
    pub display_name: String,
    /// What it does, for players.
    pub description: String,
    /// The parameters it takes.
    pub params: Vec<ParamSpec>,
    /// Ticks between two casts by one caster.
    pub cooldown: u32,
    /// Mana points of one cast.
    pub mana: u32,
    /// The names of the remote events it listens to.
    pub remote_names: Vec<String>,
}

/// One parameter of a spell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParamSpec {
    /// The name that casts use.
    pub name: String,
    /// The name that forms show.
    pub label: String,
    /// What it does.
    pub help: String,
    /// The unit that forms show.
    pub unit: String,
    /// What it is where a cast does not say; its kind is the parameter's.
    pub default: ParamValue,
    /// The least and the most, both allowed; only of numbers and integers.
    pub range: Option<(f64, f64)>,
    /// What a text may be; any text where empty.
    pub choices: Vec<String>,
}

/// A parameter's value as people write it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParamValue {
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// At most 256 bytes.
    Text(String),
    /// Three coordinates in blocks.
    Point([f64; 3]),
    /// A block by its least corner.
    Block([i32; 3]),
    /// An entity's id.
    Entity(u64),
    /// A material's name.
    Material(String),
}

impl ParamValue {
    /// The kind, as forms and messages name it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Flag(_) => "flag",
            Self::Integer(_) => "integer",
            Self::Number(_) => "number",
            Self::Text(_) => "text",
            Self::Point(_) => "point",
            Self::Block(_) => "block",
            Self::Entity(_) => "entity",
            Self::Material(_) => "material",
        }
    }
}

impl std::fmt::Display for ParamValue {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(flag) => write!(out, "{flag}"),
            Self::Integer(integer) => write!(out, "{integer}"),
            Self::Number(number) => write!(out, "{number}"),
            Self::Text(text) | Self::Material(text) => out.write_str(text),
            Self::Point([x, y, z]) => write!(out, "{x},{y},{z}"),
            Self::Block([x, y, z]) => write!(out, "{x},{y},{z}"),
            Self::Entity(id) => write!(out, "{id}"),
        }
    }
}

/// What is wrong with a description: where, and what is allowed.
pub(crate) type Wrong = String;

impl SpellInfo {
    /// Checks what a guest returned.
    pub(crate) fn from_guest(guest: abi::SpellInfo) -> Result<Self, Wrong> {
        line("display-name", &guest.display_name, NAME_BYTES_MAX)?;
        if guest.display_name.trim().is_empty() {
            return Err("display-name is empty".into());
        }
        text("description", &guest.description, DESCRIPTION_BYTES_MAX)?;
        at_most("params", guest.params.len(), PARAMS_MAX)?;
        at_most("remote-names", guest.remote_names.len(), CHOICES_MAX)?;
        for (at, name) in guest.remote_names.iter().enumerate() {
            line(&format!("remote-names[{at}]"), name, NAME_BYTES_MAX)?;
        }
        if guest.cooldown > DURATION_TICKS_MAX {
            return Err(format!(
                "cooldown is {} ticks; at most {DURATION_TICKS_MAX} are allowed",
                guest.cooldown
            ));
        }
        if guest.mana > MANA_MAX {
            return Err(format!("mana is {}; at most {MANA_MAX} points are allowed", guest.mana));
        }
        let mut params: Vec<ParamSpec> = Vec::with_capacity(guest.params.len());
        for (at, param) in guest.params.into_iter().enumerate() {
            let param = ParamSpec::from_guest(param).map_err(|wrong| format!("params[{at}].{wrong}"))?;
            if params.iter().any(|other| other.name == param.name) {
                return Err(format!("params[{at}].name: `{}` names two parameters", param.name));
            }
            params.push(param);
        }
        Ok(Self {
            display_name: guest.display_name,
            description: guest.description,
            params,
            cooldown: guest.cooldown,
            mana: guest.mana,
            remote_names: guest.remote_names,
        })
    }
}

impl ParamSpec {
    fn from_guest(guest: abi::ParamSpec) -> Result<Self, Wrong> {
        let name_is_word =
            guest.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if guest.name.is_empty() || guest.name.len() > NAME_BYTES_MAX || !name_is_word {
            return Err(format!(
                "name is {:?}; it must be 1 to {NAME_BYTES_MAX} of a-z, A-Z, 0-9, _ - .",
                guest.name
            ));
        }
        line("label", &guest.label, NAME_BYTES_MAX)?;
        text("help", &guest.help, TEXT_BYTES_MAX)?;
        line("unit", &guest.unit, NAME_BYTES_MAX)?;
        let spec = Self {
            name: guest.name,
            label: guest.label,
            help: guest.help,
            unit: guest.unit,
            default: default(guest.default)?,
            range: guest.range.map(|bounds| (bounds.min, bounds.max)),
            choices: guest.choices,
        };
        spec.check_range()?;
        spec.check_choices()?;
        check(&spec, &spec.default).map_err(|wrong| format!("default: {wrong}"))?;
        Ok(spec)
    }

    fn check_range(&self) -> Result<(), Wrong> {
        let Some((min, max)) = self.range else { return Ok(()) };
        if !matches!(self.default, ParamValue::Integer(_) | ParamValue::Number(_)) {
            return Err(format!("range: only numbers and integers have one, not a {}", self.default.kind()));
        }
        if !min.is_finite() || !max.is_finite() || min > max {
            return Err(format!("range: {min} to {max} is not a range of finite numbers"));
        }
        Ok(())
    }

    fn check_choices(&self) -> Result<(), Wrong> {
        if !self.choices.is_empty() && !matches!(self.default, ParamValue::Text(_)) {
            return Err(format!("choices: only texts have them, not a {}", self.default.kind()));
        }
        at_most("choices", self.choices.len(), CHOICES_MAX)?;
        for (at, choice) in self.choices.iter().enumerate() {
            line(&format!("choices[{at}]"), choice, TEXT_PARAM_BYTES_MAX)?;
        }
        Ok(())
    }
}

fn default(value: abi::Value) -> Result<ParamValue, Wrong> {
    Ok(match value {
        abi::Value::Flag(flag) => ParamValue::Flag(flag),
        abi::Value::Integer(integer) => ParamValue::Integer(integer),
        abi::Value::Number(number) => ParamValue::Number(number),
        abi::Value::Text(text) => ParamValue::Text(text),
        abi::Value::Point(point) => ParamValue::Point([point.x, point.y, point.z]),
        abi::Value::Block(block) => ParamValue::Block([block.x, block.y, block.z]),
        abi::Value::Entity(id) => ParamValue::Entity(id),
        abi::Value::Material(number) => match Material::from_number(number) {
            Some(material) => ParamValue::Material(material.info().name.into()),
            None => return Err(format!("default: {number} is no material")),
        },
    })
}

fn text(field: &str, text: &str, bytes_max: usize) -> Result<(), Wrong> {
    if text.len() > bytes_max {
        return Err(format!("{field} has {} bytes; at most {bytes_max} are allowed", text.len()));
    }
    let printable = |c: char| !c.is_control() || c == '\n' || c == '\t';
    if text.chars().all(printable) { Ok(()) } else { Err(format!("{field} holds a control character")) }
}

fn line(field: &str, line: &str, bytes_max: usize) -> Result<(), Wrong> {
    text(field, line, bytes_max)?;
    if line.contains(['\n', '\t']) { Err(format!("{field} is more than one line")) } else { Ok(()) }
}

fn at_most(field: &str, count: usize, most: usize) -> Result<(), Wrong> {
    if count > most { Err(format!("{field} has {count} items; at most {most} are allowed")) } else { Ok(()) }
}
