//! What went wrong, once for the whole binary: a kind that decides the exit code, a message, the
//! causes below it, the place in a file, and what to type next.
//!
//! Promises one text form and one JSON form. Does not know who shows it.

use std::error::Error;
use std::fmt::{self, Display, Write as _};
use std::path::Path;

use serde_json::{Map, Value, json};

/// What kind of trouble it is; decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The thing asked about failed: it did not compile, is not a spell, was not applied.
    Failed,
    /// A wrong flag, a missing path, a missing tool, an unwritable folder.
    Usage,
    /// Ctrl-C.
    Interrupted,
}

/// Where in a file, as a person counts: lines and columns from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file, as it was named or found.
    pub file: String,
    /// The line.
    pub line: Option<u32>,
    /// The column.
    pub column: Option<u32>,
}

/// One report of what went wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What kind of trouble.
    pub kind: Kind,
    /// A stable word for programs.
    pub code: &'static str,
    /// What happened: lower case, no full stop.
    pub message: String,
    /// What caused it, outermost first.
    pub causes: Vec<String>,
    /// Where.
    pub place: Option<Place>,
    /// What to do or type next, best first.
    pub hints: Vec<String>,
    /// Longer text of somebody else's, such as a compiler's; shown as it is, before the message.
    pub detail: String,
    /// A field of the object beyond the documented ones.
    pub more: Option<(&'static str, Value)>,
    /// A text form that is better than this one's own: with an excerpt of the file.
    pub text: Option<String>,
}

impl Problem {
    /// A failure of the thing asked about.
    pub fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, code, message)
    }

    /// A wrong use, or an environment that lacks something.
    pub fn usage(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, code, message)
    }

    /// Ctrl-C.
    pub fn interrupted() -> Self {
        Self::new(Kind::Interrupted, "interrupted", "interrupted")
    }

    /// A file that could not be read or written.
    pub fn file(what: &str, path: &Path, error: &std::io::Error) -> Self {
        let mut problem = Self::usage("file", format!("cannot {what} `{}`", path.display())).because(error);
        problem.place = Some(Place { file: path.display().to_string(), ..Place::default() });
        problem
    }

    fn new(kind: Kind, code: &'static str, message: impl Into<String>) -> Self {
        let (causes, hints) = (Vec::new(), Vec::new());
        Self {
            kind,
            code,
            message: message.into(),
            causes,
            place: None,
            hints,
            detail: String::new(),
            more: None,
            text: None,
        }
    }

    /// Adds an error and everything below it as causes.
    pub fn because(mut self, error: &dyn Error) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            // Some errors say what caused them in their own words.
            let said = self.causes.last().is_some_and(|last| last.ends_with(&text));
            if !said && !text.is_empty() {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    /// Adds a place.
    pub fn at(mut self, file: impl Display, line: Option<u32>, column: Option<u32>) -> Self {
        self.place = Some(Place { file: file.to_string(), line, column });
        self
    }

    /// Adds something to do or type.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The exit code of page "command line".
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Interrupted => 130,
        }
    }

    /// `{code, message, hint?, file?, line?, column?}`; causes are part of the message.
    pub fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("code".into(), json!(self.code));
        object.insert("message".into(), json!(self.sentence()));
        if let Some(hint) = self.hints.first() {
            object.insert("hint".into(), json!(hint));
        }
        if let Some(place) = &self.place {
            object.insert("file".into(), json!(place.file));
            place.line.map(|line| object.insert("line".into(), json!(line)));
            place.column.map(|column| object.insert("column".into(), json!(column)));
        }
        if let Some((name, value)) = &self.more {
            object.insert((*name).into(), value.clone());
        }
        Value::Object(object)
    }

    /// The message and its causes on one line.
    fn sentence(&self) -> String {
        let mut text = self.message.clone();
        self.causes.iter().for_each(|cause| text.extend([": ", cause.as_str()]));
        text
    }
}

impl Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(out, ":{line}")?;
            if let Some(column) = self.column {
                write!(out, ":{column}")?;
            }
        }
        Ok(())
    }
}

/// Text that may quote a file's, with nothing in it that a terminal obeys.
fn shown(text: &str) -> String {
    let plain = |letter: char| letter == '\n' || !letter.is_control();
    let escaped =
        |letter: char| if plain(letter) { letter.to_string() } else { letter.escape_default().to_string() };
    text.chars().map(escaped).collect()
}

/// The text form: `error: message`, causes, place and hints on lines of their own.
impl Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        if let Some(own) = &self.text {
            return out.write_str(own);
        }
        if !self.detail.is_empty() {
            writeln!(text, "{}\n", self.detail.trim_end())?;
        }
        write!(text, "error: {}", shown(&self.message))?;
        if let Some(place) = &self.place {
            write!(text, "\n  at {place}")?;
        }
        for cause in &self.causes {
            write!(text, "\n  because: {}", shown(cause.trim_end()).replace('\n', "\n    "))?;
        }
        for hint in &self.hints {
            write!(text, "\n  next: {hint}")?;
        }
        out.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn example() -> Problem {
        let error = std::io::Error::other("the disk is full");
        Problem::usage("file", "cannot write `a.wasm`")
            .because(&error)
            .at("a.wasm", Some(3), Some(7))
            .hint("free some space")
    }

    #[test]
    fn text_names_cause_place_and_next_step() {
        expect![[r#"
            error: cannot write `a.wasm`
              at a.wasm:3:7
              because: the disk is full
              next: free some space"#]]
        .assert_eq(&example().to_string());
    }

    #[test]
    fn a_terminal_obeys_nothing_that_is_quoted() {
        let problem = Problem::failed("a", "no \u{1b}[31mred");
        assert_eq!(problem.to_string(), "error: no \\u{1b}[31mred");
    }

    #[test]
    fn json_has_the_documented_fields() {
        expect![[r#"{"code":"file","column":7,"file":"a.wasm","hint":"free some space","line":3,"message":"cannot write `a.wasm`: the disk is full"}"#]]
            .assert_eq(&example().json().to_string());
        expect![[r#"{"code":"interrupted","message":"interrupted"}"#]]
            .assert_eq(&Problem::interrupted().json().to_string());
    }

    #[test]
    fn kinds_have_their_exit_codes() {
        let codes = [Problem::failed("a", "b"), Problem::usage("a", "b"), Problem::interrupted()]
            .map(|problem| problem.exit_code());
        assert_eq!(codes, [1, 2, 130]);
    }
}
