//! `bench simulation`: the examples `measure_*` of the simulation, as one table.
//!
//! What is measured and what is wanted stands in the examples.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Options;
use super::table::{Row, Table, amount};
use crate::command::{cargo_command, step};

/// Runs every example that measures.
pub fn measure(options: &Options) -> Result<Table> {
    let mut rows = Vec::new();
    for example in examples()? {
        step(&example, || {
            rows.extend(rows_of(options, &example)?);
            Ok(())
        })?;
    }
    ensure!(!rows.is_empty(), "no example of the simulation prints rows of JSON");
    Ok(Table { bench: "simulation", rounds: options.rounds, rows })
}

/// The names of the examples, in order.
fn examples() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in std::fs::read_dir("host/sim/examples")? {
        let name = file?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".rs").filter(|name| name.starts_with("measure_")).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// Builds and runs an example, which prints one JSON object a row.
fn rows_of(options: &Options, example: &str) -> Result<Vec<Row>> {
    let mut command = cargo_command();
    command.args([
        "run",
        "--quiet",
        "--profile",
        &options.profile,
        "--package",
        "spellhost-sim",
        "--example",
        example,
    ]);
    let output = command.args(["--", "--json"]).stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the example {example} ended with {}", output.status);
    let text = String::from_utf8(output.stdout)?;
    text.lines().filter(|line| line.starts_with('{')).map(parse).collect()
}

/// `{"bench":…,"row":…,"unit":…,"median":…,"minimum":…,"aim":…,"met":…}` as a row; an aim is the most that is wanted.
fn parse(line: &str) -> Result<Row> {
    let value: Value = serde_json::from_str(line).with_context(|| format!("not a row: {line}"))?;
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let number = |key: &str| value[key].as_f64().unwrap_or(f64::NAN);
    let unit = text("unit");
    let aim = value["aim"].as_f64().zip(value["met"].as_bool());
    let aim = aim.map(|(most, met)| (format!("≤ {}", amount(most, &unit)), met));
    let (median, minimum) = (number("median"), number("minimum"));
    Ok(Row { name: text("row"), unit, median, minimum, aim, ..Row::default() })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_line_of_an_example_is_a_row() {
        let line = r#"{"bench":"simulation","row":"a chunk","unit":"ns","median":5.5,"minimum":5,"aim":300000,"met":true}"#;
        let row = parse(line).expect("a row");
        assert_eq!(
            (row.name.as_str(), row.unit.as_str(), row.median, row.minimum),
            ("a chunk", "ns", 5.5, 5.0)
        );
        assert_eq!(row.aim, Some(("≤ 300 µs".into(), true)));
        let free = parse(r#"{"row":"a chunk","unit":"ns","median":5,"minimum":5,"aim":null,"met":true}"#);
        assert_eq!(free.expect("a row").aim, None);
        assert!(parse("median: 5").is_err());
    }
}
