//! Canonical JSON (RFC 8785): one value, one text, byte for byte.
//!
//! Sorts keys by their UTF-16 code units, writes no whitespace, and numbers as ECMAScript does.
//! Knows nothing of what the value means.

use serde_json::{Number, Value};

/// The canonical text of a value.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Number(number) => out.push_str(&self::number(number)),
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(object) => {
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (at, key) in keys.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write(&object[key], out);
            }
            out.push('}');
        }
        // What serde_json writes for these is what the RFC asks for.
        Value::Null | Value::Bool(_) | Value::String(_) => out.push_str(&value.to_string()),
    }
}

/// ECMAScript's `Number::toString`. Whole numbers beyond 2^53 become doubles, as the RFC has it.
fn number(number: &Number) -> String {
    const EXACT: u64 = 1 << 53;
    if let Some(whole) = number.as_i64().filter(|whole| whole.unsigned_abs() <= EXACT) {
        return whole.to_string();
    }
    let Some(double) = number.as_f64() else { return "null".into() };
    if double == 0.0 {
        return "0".into();
    }
    // The shortest digits that read back as the same double, with the decimal exponent.
    let shortest = format!("{:e}", double.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (count, point) = (digits.len() as i32, exponent + 1);
    let zeros = |count: i32| "0".repeat(count.max(0) as usize);
    let text = match point {
        point if (count..=21).contains(&point) => digits + &zeros(point - count),
        point if (1..=21).contains(&point) => {
            let (whole, fraction) = digits.split_at(point as usize);
            format!("{whole}.{fraction}")
        }
        point if (-5..=0).contains(&point) => format!("0.{}{digits}", zeros(-point)),
        _ => {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            format!("{first}{dot}{rest}e{exponent:+}")
        }
    };
    if double < 0.0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use serde_json::json;

    fn check(value: Value, want: Expect) {
        want.assert_eq(&canonical(&value));
    }

    #[test]
    fn keys_are_sorted_by_code_units() {
        check(
            json!({"\u{fffd}": 1, "\u{1f600}": 2, "b": {"z": 1, "a": [true, null]}, "a": "\u{7}\n\"\\é"}),
            expect![[r#"{"a":"\u0007\n\"\\é","b":{"a":[true,null],"z":1},"😀":2,"�":1}"#]],
        );
    }

    #[test]
    fn numbers_are_those_of_ecmascript() {
        check(
            json!([
                0.0,
                -0.0,
                1.0,
                -1.5,
                4.5,
                1e21,
                1e20,
                123456789012345680000.0,
                1e-6,
                1e-7,
                2.5e-9,
                5e-324,
                0.1,
                333333333.3333333
            ]),
            expect![
                "[0,0,1,-1.5,4.5,1e+21,100000000000000000000,123456789012345680000,0.000001,1e-7,2.5e-9,5e-324,0.1,333333333.3333333]"
            ],
        );
        check(
            json!([9007199254740992u64, -7, u64::MAX]),
            expect!["[9007199254740992,-7,18446744073709552000]"],
        );
    }
}
