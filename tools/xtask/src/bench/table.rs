//! Figures as a table: for the terminal, for programs, and for the README.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// One figure.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// `ns`, `bytes`, `casts`, or empty for a ratio alone.
    pub unit: String,
    pub median: f64,
    pub minimum: f64,
    /// The median of the rounds' ratios, and to what.
    pub ratio: Option<(f64, String)>,
    /// What was wanted, and whether it is so.
    pub aim: Option<(String, bool)>,
    /// Why there is no figure, or what to know about it.
    pub note: String,
}

/// The figures of one benchmark.
pub struct Table {
    /// Its name.
    pub bench: &'static str,
    pub rounds: usize,
    pub rows: Vec<Row>,
}

impl Row {
    /// What could not be measured here, and why.
    pub fn missing(name: &str, why: String) -> Self {
        Self { name: name.into(), median: f64::NAN, minimum: f64::NAN, note: why, ..Self::default() }
    }

    fn cells(&self) -> [String; 5] {
        let ratio = self.ratio.as_ref().map(|(ratio, to)| format!("{} × {to}", digits(*ratio)));
        let met = |met: bool| if met { "met" } else { "not met" };
        let aim = self.aim.as_ref().map(|(aim, so)| format!("{aim}: {}", met(*so)));
        let aim = [aim.unwrap_or_default(), self.note.clone()];
        let aim = aim.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("; ");
        [
            self.name.clone(),
            amount(self.median, &self.unit),
            amount(self.minimum, &self.unit),
            ratio.unwrap_or_default(),
            aim,
        ]
    }

    fn json(&self, bench: &str) -> Value {
        let number = |number: f64| if number.is_finite() { json!(number) } else { Value::Null };
        json!({
            "bench": bench,
            "row": self.name,
            "unit": self.unit,
            "median": number(self.median),
            "minimum": number(self.minimum),
            "ratio": self.ratio.as_ref().map(|(ratio, _)| ratio),
            "against": self.ratio.as_ref().map(|(_, to)| to),
            "aim": self.aim.as_ref().map(|(aim, _)| aim),
            "met": self.aim.as_ref().map(|(_, met)| met),
            "note": self.note,
        })
    }
}

const HEADS: [&str; 5] = ["measured", "median", "minimum", "ratio", "aim"];

impl Table {
    /// For the terminal.
    pub fn text(&self) -> String {
        let mut lines: Vec<[String; 5]> = vec![HEADS.map(str::to_owned)];
        lines.extend(self.rows.iter().map(Row::cells));
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 5] = std::array::from_fn(width);
        let line = |cells: &[String; 5]| {
            let padded = cells.iter().zip(widths).map(|(cell, width)| {
                let gap = width - cell.chars().count() + 2;
                format!("{cell}{}", " ".repeat(gap))
            });
            format!("{}\n", padded.collect::<String>().trim_end())
        };
        format!("{}: {}\n\n{}", self.bench, self.caption(), lines.iter().map(line).collect::<String>())
    }

    /// For programs: one object.
    pub fn json(&self) -> Value {
        json!({
            "bench": self.bench,
            "date": today(),
            "machine": machine(),
            "rounds": self.rounds,
            "rows": self.rows.iter().map(|row| row.json(self.bench)).collect::<Vec<_>>(),
        })
    }

    fn markdown(&self) -> String {
        let line = |cells: &[String; 5]| format!("| {} |\n", cells.join(" | "));
        let rows: String = self.rows.iter().map(|row| line(&row.cells())).collect();
        format!("{}\n\n{}|---|---|---|---|---|\n{rows}", self.caption(), line(&HEADS.map(str::to_owned)))
    }

    fn caption(&self) -> String {
        format!("{}, {}, median of {} rounds", today(), machine(), self.rounds)
    }

    /// Writes the table between its two markers.
    pub fn write_readme(&self, path: &str) -> Result<()> {
        let readme = std::fs::read_to_string(path)?;
        let (from, to) =
            (format!("<!-- bench {} -->", self.bench), format!("<!-- /bench {} -->", self.bench));
        let missing = || format!("{path} has no `{from}` with `{to}` after it");
        let (before, rest) = readme.split_once(&from).with_context(missing)?;
        let (_, after) = rest.split_once(&to).with_context(missing)?;
        std::fs::write(path, format!("{before}{from}\n{}{to}{after}", self.markdown()))?;
        Ok(())
    }
}

/// Three digits that matter.
fn digits(number: f64) -> String {
    match number.abs() {
        100.0.. => format!("{number:.0}"),
        10.0.. => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

/// A number in the unit that suits its size.
pub fn amount(number: f64, unit: &str) -> String {
    if !number.is_finite() {
        return "–".into();
    }
    match (unit, number) {
        ("ns", 1e6..) => format!("{} ms", digits(number / 1e6)),
        ("ns", 1e3..) => format!("{} µs", digits(number / 1e3)),
        ("bytes", 1048576.0..) => format!("{} MiB", digits(number / 1048576.0)),
        ("bytes", 1024.0..) => format!("{} KiB", digits(number / 1024.0)),
        _ => format!("{} {unit}", digits(number)).trim_end().into(),
    }
}

/// The processor and how many of it.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{} with {cores} cores", model.map_or("unknown processor", |(_, model)| model.trim()))
}

/// The date in UTC.
fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let (year, month, day) = civil(seconds / 86_400);
    format!("{year}-{month:02}-{day:02}")
}

/// Year, month and day of a number of days since 1970; Howard Hinnant's algorithm.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + 400 * era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::{Row, Table, amount, civil};

    #[test]
    fn days_become_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_413), (2025, 11, 21));
    }

    #[test]
    fn amounts_have_three_digits() {
        assert_eq!(amount(8_431.0, "ns"), "8.43 µs");
        assert_eq!(amount(1.957, "ns"), "1.96 ns");
        assert_eq!(amount(f64::NAN, "ns"), "–");
        assert_eq!(amount(2.5 * 1024.0, "bytes"), "2.50 KiB");
    }

    #[test]
    fn a_readme_gets_the_table_between_its_markers() {
        let path = std::env::temp_dir().join(format!("bench-table-{}.md", std::process::id()));
        let path = path.to_str().expect("a path of ASCII");
        std::fs::write(path, "before\n<!-- bench casting -->\nold\n<!-- /bench casting -->\nafter\n")
            .expect("it writes");
        let row =
            Row { name: "typical".into(), unit: "ns".into(), median: 9e3, minimum: 8e3, ..Row::default() };
        Table { bench: "casting", rounds: 9, rows: vec![row] }
            .write_readme(path)
            .expect("the markers are there");
        let written = std::fs::read_to_string(path).expect("it is there");
        std::fs::remove_file(path).expect("it is there");
        assert!(written.starts_with("before\n<!-- bench casting -->\n"), "{written}");
        assert!(
            written.contains("| typical | 9.00 µs | 8.00 µs |  |  |\n<!-- /bench casting -->\nafter\n"),
            "{written}"
        );
        assert!(!written.contains("old"), "{written}");
    }
}
