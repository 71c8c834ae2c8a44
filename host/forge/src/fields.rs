//! The tables of a `spell.toml`, read field by field. It promises that whatever is wrong comes out as a
//! [`Fault`] with its place in the text; it does not know what the fields mean.

use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::suggestion::nearest;

/// What is wrong at a place of the text.
#[derive(Debug)]
pub(crate) struct Fault {
    /// The bytes of the text that are wrong.
    pub(crate) span: Range<usize>,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Fault {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A table of the text, under the name that messages call it.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'t, 'i> {
    name: &'static str,
    table: &'t DeTable<'i>,
}

/// A value with the key it stands under.
#[derive(Clone, Copy)]
pub(crate) struct Field<'t, 'i> {
    pub(crate) key: &'t str,
    pub(crate) value: &'t Spanned<DeValue<'i>>,
}

impl<'t, 'i> Fields<'t, 'i> {
    /// Reads a table; a key that is not one of `known` is a fault.
    pub(crate) fn new(name: &'static str, table: &'t DeTable<'i>, known: &[&str]) -> Result<Self, Fault> {
        let unknown = table
            .keys()
            .filter(|key| !known.contains(&key.get_ref().as_ref()))
            .min_by_key(|key| key.span().start);
        let Some(key) = unknown else { return Ok(Self { name, table }) };
        let place = if name.is_empty() { String::new() } else { format!(" in `{name}`") };
        let fault = Fault::new(key.span(), format!("unknown key `{}`{place}", key.get_ref()));
        Err(match nearest(key.get_ref(), known) {
            Some(meant) => fault.hint(format!("did you mean `{meant}`?")),
            None => fault.hint(format!("known here: {}", known.join(", "))),
        })
    }

    pub(crate) fn get(&self, key: &'static str) -> Option<Field<'t, 'i>> {
        self.table.get(key).map(|value| Field { key, value })
    }

    /// All fields, as they stand in the text.
    pub(crate) fn all(table: &'t DeTable<'i>) -> Vec<Field<'t, 'i>> {
        let mut all: Vec<_> = table.iter().map(|(key, value)| Field { key: key.get_ref(), value }).collect();
        all.sort_by_key(|field| field.value.span().start);
        all
    }

    /// A field that has to be there.
    pub(crate) fn required(&self, key: &'static str, span: Range<usize>) -> Result<Field<'t, 'i>, Fault> {
        let place = if self.name.is_empty() { String::new() } else { format!(" in `{}`", self.name) };
        self.get(key).ok_or_else(|| Fault::new(span, format!("`{key}` is missing{place}")))
    }

    /// A short text, if the field is there.
    pub(crate) fn text(&self, key: &'static str, bytes_max: usize) -> Result<Option<String>, Fault> {
        self.get(key).map(|field| field.text(bytes_max)).transpose()
    }

    /// A list of short texts; empty if the field is not there.
    pub(crate) fn texts(
        &self,
        key: &'static str,
        count_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<String>, Fault> {
        let Some(field) = self.get(key) else { return Ok(Vec::new()) };
        let items = field.list("a list of texts")?;
        if items.len() > count_max {
            return Err(
                field.fault(format!("`{key}` has {} entries, at most {count_max} are allowed", items.len()))
            );
        }
        items.iter().map(|value| Field { key, value }.text(bytes_max)).collect()
    }

    /// A whole number of a range, if the field is there.
    pub(crate) fn number(&self, key: &'static str, range: RangeInclusive<u64>) -> Result<Option<u64>, Fault> {
        self.get(key).map(|field| field.number(range)).transpose()
    }
}

impl<'t, 'i> Field<'t, 'i> {
    pub(crate) fn span(&self) -> Range<usize> {
        self.value.span()
    }

    pub(crate) fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.span(), message)
    }

    /// The fault of a value of another kind.
    pub(crate) fn other_kind(&self, wanted: &str) -> Fault {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.fault(format!("`{}` must be {wanted}, and this is {found}", self.key))
    }

    pub(crate) fn text(&self, bytes_max: usize) -> Result<String, Fault> {
        let DeValue::String(text) = self.value.get_ref() else { return Err(self.other_kind("a text")) };
        if text.len() > bytes_max {
            return Err(self.fault(format!(
                "`{}` has {} bytes, at most {bytes_max} are allowed",
                self.key,
                text.len()
            )));
        }
        Ok(text.to_string())
    }

    /// A whole number of `range`.
    pub(crate) fn number(&self, range: RangeInclusive<u64>) -> Result<u64, Fault> {
        let DeValue::Integer(written) = self.value.get_ref() else {
            return Err(self.other_kind("a whole number"));
        };
        let number = u64::from_str_radix(written.as_str(), written.radix()).ok();
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            self.fault(format!(
                "`{}` must be a whole number from {} to {}",
                self.key,
                range.start(),
                range.end()
            ))
        })
    }

    /// A finite number, whole or not.
    pub(crate) fn finite(&self) -> Result<f64, Fault> {
        let number = match self.value.get_ref() {
            DeValue::Integer(written) => {
                i64::from_str_radix(written.as_str(), written.radix()).ok().map(|whole| whole as f64)
            }
            DeValue::Float(written) => written.as_str().parse().ok(),
            _ => return Err(self.other_kind("a number")),
        };
        number
            .filter(|number| number.is_finite())
            .ok_or_else(|| self.fault(format!("`{}` must be a finite number", self.key)))
    }

    pub(crate) fn list(&self, wanted: &str) -> Result<&'t [Spanned<DeValue<'i>>], Fault> {
        let DeValue::Array(items) = self.value.get_ref() else { return Err(self.other_kind(wanted)) };
        Ok(items)
    }

    /// Three finite numbers.
    pub(crate) fn triple(&self) -> Result<[f64; 3], Fault> {
        let items = self.list("three numbers, such as [0.5, 4, -12]")?;
        let [x, y, z] = items else {
            return Err(self.fault(format!(
                "`{}` must have three numbers, and this has {}",
                self.key,
                items.len()
            )));
        };
        let finite = |value| Field { key: self.key, value }.finite();
        Ok([finite(x)?, finite(y)?, finite(z)?])
    }

    pub(crate) fn table(&self) -> Result<&'t DeTable<'i>, Fault> {
        let DeValue::Table(table) = self.value.get_ref() else { return Err(self.other_kind("a table")) };
        Ok(table)
    }
}
