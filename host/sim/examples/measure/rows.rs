//! Rows of a measurement: several rounds each, printed for people or, with `--json`, one object a line for tools.
//!
//! Promises the form `{"bench","row","unit","median","minimum","aim","met"}`, `aim` null and `met` true where there is no
//! aim. Does not know what is measured.

use std::time::Instant;

/// How often each row is measured.
const ROUNDS: usize = 9;

/// Where rows go.
pub struct Rows {
    json: bool,
}

impl Rows {
    /// Prints as the arguments of this process say.
    pub fn from_arguments() -> Self {
        Self { json: std::env::args().any(|argument| argument == "--json") }
    }

    /// Measures a row: each round returns one value, in `unit`.
    pub fn row(&self, row: &str, unit: &str, aim: Option<f64>, mut round: impl FnMut() -> f64) {
        let mut values: Vec<f64> = (0..ROUNDS).map(|_| round()).collect();
        values.sort_by(f64::total_cmp);
        let (median, minimum) = (values[ROUNDS / 2], values[0]);
        let met = aim.is_none_or(|aim| median <= aim);
        if self.json {
            let aim = aim.map_or("null".into(), |aim| format!("{aim}"));
            println!(
                r#"{{"bench":"simulation","row":"{row}","unit":"{unit}","median":{median:.2},"minimum":{minimum:.2},"aim":{aim},"met":{met}}}"#
            );
        } else {
            let aim =
                aim.map_or(String::new(), |aim| format!(", aim {aim}{}", if met { "" } else { ": missed" }));
            println!("{row:64} {median:>12.2} {unit} (minimum {minimum:.2}{aim})");
        }
    }
}

/// The nanoseconds that some work takes.
pub fn nanoseconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_nanos() as f64
}
