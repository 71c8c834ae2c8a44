//! `bench simulation`: the examples `measure_*` of the simulation, as one table.
//!
//! What is measured and what is wanted stands in the examples.

use anyhow::{Result, ensure};

use super::Options;
use super::casting::json_rows;
use super::table::Table;
use crate::command::step;

/// Runs every example that measures.
pub fn measure(options: &Options) -> Result<Table> {
    let mut rows = Vec::new();
    for example in examples()? {
        step(&example, || {
            rows.extend(json_rows(options, "spellhost-sim", &example)?);
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
