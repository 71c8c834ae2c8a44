//! Writes a state hash into a scenario file and leaves every other byte of it alone.
//!
//! Works on the text, at places that the parser names. Knows nothing of how the hash came about.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::fields::Text;
use crate::problem::Problem;

/// The text with `hash` in `[expect]` set to `hash`; the same text where it is set already.
///
/// # Errors
/// Where the text is not TOML.
pub fn blessed(text: Text, hash: &str) -> Result<String, Problem> {
    text.parse()?;
    let table = DeTable::parse(text.text).map_err(|error| Problem::usage("bad_toml", error.message()))?;
    let value = format!("\"{hash}\"");
    let newline = if text.text.contains("\r\n") { "\r\n" } else { "\n" };
    let Some(expect) = table.get_ref().get("expect") else {
        let gap = if text.text.is_empty() || text.text.ends_with('\n') { "" } else { newline };
        return Ok(format!("{}{gap}{newline}[expect]{newline}hash = {value}{newline}", text.text));
    };
    let DeValue::Table(fields) = expect.get_ref() else {
        return Err(text.problem(&expect.span(), "`expect` must be a table"));
    };
    if let Some(old) = fields.get("hash") {
        return Ok(replaced(text.text, old.span(), &value));
    }
    let last = fields.values().map(|field| field.span().end).max();
    let inline = text.text.get(expect.span()).is_some_and(|span| span.starts_with('{'));
    let written = match last {
        Some(end) if inline => replaced(text.text, end..end, &format!(", hash = {value}")),
        None if inline => replaced(text.text, expect.span(), &format!("{{ hash = {value} }}")),
        _ => {
            // After the line that ends the table's last value, or after its header.
            let end = last.unwrap_or(expect.span().end);
            let rest = text.text.get(end..).unwrap_or_default();
            match rest.find('\n') {
                Some(at) => {
                    replaced(text.text, end + at + 1..end + at + 1, &format!("hash = {value}{newline}"))
                }
                None => format!("{}{newline}hash = {value}{newline}", text.text),
            }
        }
    };
    Ok(written)
}

fn replaced(text: &str, span: Range<usize>, with: &str) -> String {
    let (head, tail) = (text.get(..span.start).unwrap_or(text), text.get(span.end..).unwrap_or_default());
    format!("{head}{with}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, want: Expect) {
        let once = blessed(Text { file: "a.cast.toml", text }, "00ff").expect("TOML");
        want.assert_eq(&once);
        let twice =
            blessed(Text { file: "a.cast.toml", text: &once }, "00ff").expect("what was written is TOML");
        assert_eq!(once, twice, "blessing twice changes nothing");
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        check(
            "# why\n[expect] # here\noutcome   = 'applied' # yes\n\n[[cast]]\ntick = 1\n",
            expect![[r#"
                # why
                [expect] # here
                outcome   = 'applied' # yes
                hash = "00ff"

                [[cast]]
                tick = 1
            "#]],
        );
        check(
            "[expect]\nhash = \"\" # old\nmessage = \"x\"\n",
            expect![[r#"
            [expect]
            hash = "00ff" # old
            message = "x"
        "#]],
        );
        check(
            "ticks = 9\n[[cast]]",
            expect![[r#"
            ticks = 9
            [[cast]]

            [expect]
            hash = "00ff"
        "#]],
        );
        check(
            "expect = { outcome = \"applied\" }\n",
            expect![[r#"
            expect = { outcome = "applied", hash = "00ff" }
        "#]],
        );
        check(
            "expect = {}\n",
            expect![[r#"
            expect = { hash = "00ff" }
        "#]],
        );
        check(
            "[expect]",
            expect![[r#"
            [expect]
            hash = "00ff"
        "#]],
        );
        check(
            "[expect]\n\"a.health\" = { min = 1 }",
            expect![[r#"
            [expect]
            "a.health" = { min = 1 }
            hash = "00ff"
        "#]],
        );
    }

    #[test]
    fn windows_line_ends_stay() {
        let text =
            blessed(Text { file: "a", text: "[expect]\r\noutcome = 'applied'\r\n" }, "00").expect("TOML");
        assert_eq!(text, "[expect]\r\noutcome = 'applied'\r\nhash = \"00\"\r\n");
    }
}
