//! What was counted, as a table, and whether it is as it should be.

use serde_json::Value;

/// The most that the host's memory may be after many swaps, against what it was after some.
const GROWTH_MAX: f64 = 1.02;

/// One figure a line, in the order of their names.
pub fn table(figures: &Value) -> String {
    let mut lines = Vec::new();
    flatten("", figures, &mut lines);
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    lines.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect()
}

fn flatten(name: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let inner = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(&inner, value, lines);
            }
        }
        Value::Array(items) => {
            lines.extend(items.iter().map(|item| (name.to_owned(), item.to_string())));
        }
        Value::Null => lines.push((name.to_owned(), "–".into())),
        other => lines.push((name.to_owned(), other.to_string())),
    }
}

/// Whether nobody was lost or led astray, and nothing grew; what was not counted is well.
pub fn is_well(figures: &Value) -> bool {
    let none = |key: &str| figures[key].as_u64().unwrap_or(0) == 0;
    let grown = figures["host"]["growth"].as_f64().unwrap_or(1.0);
    none("desyncs") && none("disconnects") && none("swaps_not_in_one_tick") && grown <= GROWTH_MAX
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_loss_a_difference_a_torn_swap_and_growth_are_not_well() {
        assert!(is_well(&json!({"desyncs": 0, "disconnects": 0, "host": {"growth": 1.02}})));
        assert!(is_well(&json!({"host": {"growth": null}})));
        for bad in [
            json!({"desyncs": 1}),
            json!({"disconnects": 1}),
            json!({"swaps_not_in_one_tick": 1}),
            json!({"host": {"growth": 1.03}}),
        ] {
            assert!(!is_well(&bad), "{bad}");
        }
    }

    #[test]
    fn a_table_names_what_is_inside() {
        let text =
            table(&json!({"clients": 4, "host": {"after": [{"swaps": 1}, {"swaps": 2}], "gone": null}}));
        assert_eq!(
            text,
            "clients     4\nhost.after  {\"swaps\":1}\nhost.after  {\"swaps\":2}\nhost.gone   –\n"
        );
    }
}
