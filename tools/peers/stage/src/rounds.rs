//! The protocol of rounds: a program of the benchmark is a process that waits for lines `ROW TIMES` on its standard
//! input, does that once, and answers with nanoseconds (or bytes) on its standard output. So rounds of many programs alternate,
//! and no two run at once.

use std::io::{BufRead, Write};

/// One program of the benchmark.
pub trait Program {
    /// Does `row` that many times and says how many nanoseconds all of it took; `None` where it has no such row.
    fn round(&mut self, row: &str, times: u64) -> Option<f64>;
}

/// Answers rounds until standard input ends.
///
/// # Errors
/// Where the driver has gone.
pub fn serve(mut program: impl Program) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (row, times) = line.split_once(' ').unwrap_or((&line, "1"));
        match program.round(row, times.parse().unwrap_or(1)) {
            Some(nanoseconds) => writeln!(out, "{nanoseconds}")?,
            None => writeln!(out, "none")?,
        }
        out.flush()?;
    }
    Ok(())
}
