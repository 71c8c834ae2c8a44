//! A TOML table that is emptied key by key, so that what is left over is an unknown key with its
//! line. Knows TOML and places in a file; not what the keys mean.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::Problem;

/// A file's name and text: what places are counted in.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// How the file is called in messages.
    pub file: &'a str,
    /// What is in it.
    pub text: &'a str,
}

impl<'a> Text<'a> {
    /// Parses the whole text as one table.
    ///
    /// # Errors
    /// The parser's own message, with its place.
    pub fn parse(self) -> Result<Fields<'a>, Problem> {
        let table = DeTable::parse(self.text).map_err(|error| match error.span() {
            Some(span) => self.problem(&span, error.message()),
            None => Problem::usage("bad_toml", error.message()).at(self.file, None, None),
        })?;
        Ok(Fields { text: self, what: "the file".into(), span: 0..0, table: table.into_inner() })
    }

    /// Something is wrong at these bytes.
    pub fn problem(self, span: &Range<usize>, message: impl Into<String>) -> Problem {
        let (line, column) = self.line_and_column(span.start);
        Problem::usage("bad_toml", message).at(self.file, Some(line), Some(column))
    }

    /// Line and column of a byte, from 1; columns in characters.
    pub fn line_and_column(self, byte: usize) -> (u32, u32) {
        let before = self.text.get(..byte).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line as u32, column as u32)
    }
}

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    /// The text it stands in.
    pub text: Text<'a>,
    /// What it is called in messages: the key.
    pub key: String,
    /// Its bytes.
    pub span: Range<usize>,
    /// The value.
    pub value: DeValue<'a>,
}

/// A table whose keys are taken one by one.
#[derive(Debug)]
pub struct Fields<'a> {
    text: Text<'a>,
    what: String,
    span: Range<usize>,
    table: DeTable<'a>,
}

impl<'a> Fields<'a> {
    /// Takes a key's value out.
    pub fn take(&mut self, key: &str) -> Option<Field<'a>> {
        let found = self.table.keys().find(|own| own.get_ref() == key)?.clone();
        let value = self.table.remove(&found)?;
        Some(Field { text: self.text, key: key.into(), span: value.span(), value: value.into_inner() })
    }

    /// Takes everything that is left, in the order of the keys.
    pub fn rest(self) -> Vec<Field<'a>> {
        let field = |(key, value): (Spanned<_>, Spanned<DeValue<'a>>)| {
            let key: std::borrow::Cow<'a, str> = key.into_inner();
            Field { text: self.text, key: key.into_owned(), span: value.span(), value: value.into_inner() }
        };
        self.table.into_iter().map(field).collect()
    }

    /// Something is wrong with the table as a whole.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        self.text.problem(&self.span, format!("{} in {}", message.into(), self.what))
    }

    /// Ends the table: what is left over is an unknown key.
    ///
    /// # Errors
    /// The first unknown key of the file, with its place and the keys that there are.
    pub fn done(self, known: &[&str]) -> Result<(), Problem> {
        let Some(key) = self.table.keys().min_by_key(|key| key.span().start) else { return Ok(()) };
        let message = format!("unknown key `{}` in {}", key.get_ref(), self.what);
        Err(self.text.problem(&key.span(), message).hint(format!("the keys here are {}", known.join(", "))))
    }
}

impl<'a> Field<'a> {
    /// Something is wrong with this value.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        self.text.problem(&self.span, message)
    }

    fn wanted(&self, what: &str) -> Problem {
        self.problem(format!("`{}` must be {what}, not {}", self.key, self.value.type_str()))
    }

    /// The line it stands on.
    pub fn line(&self) -> u32 {
        self.text.line_and_column(self.span.start).0
    }

    /// As a text.
    ///
    /// # Errors
    /// Its place, where it is something else; so for all that follow.
    pub fn string(&self) -> Result<String, Problem> {
        self.value.as_str().map(Into::into).ok_or_else(|| self.wanted("a text"))
    }

    /// As a whole number in a range.
    #[allow(missing_docs, clippy::missing_errors_doc, reason = "said at `string`")]
    pub fn whole(&self, range: Range<u64>) -> Result<u64, Problem> {
        let DeValue::Integer(integer) = &self.value else { return Err(self.wanted("a whole number")) };
        let value =
            u64::from_str_radix(integer.as_str(), integer.radix()).ok().filter(|value| range.contains(value));
        value
            .ok_or_else(|| self.problem(format!("`{}` must lie in {}..{}", self.key, range.start, range.end)))
    }

    /// As a finite number.
    #[allow(missing_docs, clippy::missing_errors_doc, reason = "said at `string`")]
    pub fn number(&self) -> Result<f64, Problem> {
        let value = match &self.value {
            DeValue::Integer(integer) => {
                i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(|value| value as f64)
            }
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => None,
        };
        value.filter(|value: &f64| value.is_finite()).ok_or_else(|| self.wanted("a number"))
    }

    /// As `[x, y, z]`.
    #[allow(missing_docs, clippy::missing_errors_doc, reason = "said at `string`")]
    pub fn point(&self) -> Result<[f64; 3], Problem> {
        let items = self.clone().items().map_err(|_| self.wanted("[x, y, z]"))?;
        let numbers: Vec<f64> = items.iter().map(Field::number).collect::<Result<_, _>>()?;
        numbers.try_into().map_err(|numbers: Vec<f64>| {
            self.problem(format!("`{}` must be [x, y, z], not {} numbers", self.key, numbers.len()))
        })
    }

    /// As a list.
    #[allow(missing_docs, clippy::missing_errors_doc, reason = "said at `string`")]
    pub fn items(self) -> Result<Vec<Field<'a>>, Problem> {
        let wanted = self.wanted("a list");
        let DeValue::Array(items) = self.value else { return Err(wanted) };
        let field = |item: Spanned<DeValue<'a>>| {
            let span = item.span();
            Field { text: self.text, key: self.key.clone(), span, value: item.into_inner() }
        };
        Ok(items.into_iter().map(field).collect())
    }

    /// As a table.
    #[allow(missing_docs, clippy::missing_errors_doc, reason = "said at `string`")]
    pub fn table(self) -> Result<Fields<'a>, Problem> {
        let wanted = self.wanted("a table");
        let DeValue::Table(table) = self.value else { return Err(wanted) };
        Ok(Fields { text: self.text, what: format!("`{}`", self.key), span: self.span, table })
    }
}
