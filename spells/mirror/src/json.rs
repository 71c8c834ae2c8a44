//! One flat JSON object, read by hand: enough for a request, in a page instead of a library.
//!
//! Promises to refuse what it does not understand. Does not know nested objects, lists or fractions.

use spellhost_sdk::prelude::*;

/// What a field may hold; everything else is refused.
#[derive(Debug, PartialEq)]
enum Field {
    Integer(i64),
    Text(String),
}

/// The fields of an object, in the order in which they were written.
#[derive(Debug)]
pub struct Object(Vec<(String, Field)>);

impl Object {
    /// Reads `{"id": 7, "question": "…"}`.
    pub fn parse(text: &str) -> Result<Object> {
        let mut reader = Reader(text);
        let mut fields = Vec::new();
        reader.expect('{')?;
        while !reader.skip('}') {
            if !fields.is_empty() {
                reader.expect(',')?;
            }
            let name = reader.text()?;
            reader.expect(':')?;
            let field = if reader.rest().starts_with('"') {
                Field::Text(reader.text()?)
            } else {
                Field::Integer(reader.integer()?)
            };
            fields.push((name, field));
        }
        ensure!(reader.rest().is_empty(), "there is more after the object");
        Ok(Object(fields))
    }

    /// The whole number of that name.
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.0.iter().find_map(|(field, value)| match value {
            Field::Integer(value) if field == name => Some(*value),
            _ => None,
        })
    }

    /// The text of that name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|(field, value)| match value {
            Field::Text(value) if field == name => Some(value.as_str()),
            _ => None,
        })
    }
}

/// A text as JSON writes it, quotes included.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            control if control < ' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// What has not been read yet.
struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    /// The rest, from the next thing that is not space.
    fn rest(&mut self) -> &'a str {
        self.0 = self.0.trim_start_matches([' ', '\t', '\n', '\r']);
        self.0
    }

    fn skip(&mut self, mark: char) -> bool {
        let rest = self.rest().strip_prefix(mark);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn expect(&mut self, mark: char) -> Result {
        ensure!(self.skip(mark), "this is not a flat JSON object: `{mark}` is missing");
        Ok(())
    }

    fn integer(&mut self) -> Result<i64> {
        let rest = self.rest();
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '-').unwrap_or(rest.len());
        let (number, rest) = rest.split_at(end);
        self.0 = rest;
        Ok(number.parse()?)
    }

    fn text(&mut self) -> Result<String> {
        self.expect('"')?;
        let mut text = String::new();
        let mut letters = self.0.chars();
        loop {
            match letters.next().ok_or("a text has no end")? {
                '"' => break,
                '\\' => text.push(escaped(&mut letters)?),
                letter => text.push(letter),
            }
        }
        self.0 = letters.as_str();
        Ok(text)
    }
}

/// The character that stands behind a backslash.
fn escaped(letters: &mut std::str::Chars<'_>) -> Result<char> {
    Ok(match letters.next().ok_or("a text has no end")? {
        letter @ ('"' | '\\' | '/') => letter,
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'u' => {
            let (digits, rest) = letters.as_str().split_at_checked(4).ok_or("an escape is too short")?;
            *letters = rest.chars();
            char::from_u32(u32::from_str_radix(digits, 16)?).ok_or("half a character")?
        }
        other => fail!("`\\{other}` is not an escape"),
    })
}

#[cfg(test)]
mod tests {
    use super::{Object, quoted};

    #[test]
    fn a_flat_object_is_read() {
        let object = Object::parse(r#" { "id" : -7, "question":"a \"b\"\n\u00e4" } "#).unwrap();
        assert_eq!(object.integer("id"), Some(-7));
        assert_eq!(object.text("question"), Some("a \"b\"\nä"));
        assert_eq!((object.integer("question"), object.text("id"), object.text("other")), (None, None, None));
        assert!(Object::parse("{}").is_ok());
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in [
            "",
            "7",
            "{",
            r#"{"id"}"#,
            r#"{"id": }"#,
            r#"{"id": 7"#,
            r#"{"id": 7} {"#,
            r#"{"id": [7]}"#,
            r#"{"a": "b}"#,
        ] {
            assert!(Object::parse(wrong).is_err(), "{wrong}");
        }
        for wrong in
            [r#"{"a": "\x"}"#, r#"{"a": "\u12"}"#, r#"{"a": "\ud800"}"#, r#"{"id": 99999999999999999999}"#]
        {
            assert!(Object::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_quoted_is_read_back() {
        let text = "\"back\\slash\"\n\u{1}ä";
        let object = Object::parse(&format!("{{\"text\": {}}}", quoted(text))).unwrap();
        assert_eq!(object.text("text"), Some(text));
    }
}
