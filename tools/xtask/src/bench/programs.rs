//! The programs of a benchmark as processes that take rounds by turns.
//!
//! Promises that one works at a time and that the rounds of all are interleaved, so that whatever else the machine does
//! meets all of them alike. The protocol is that of `tools/peers/stage/src/rounds.rs`.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result};

/// How long a round of one program should take, in nanoseconds.
const ROUND: f64 = 40e6;

/// A program that waits for rounds.
pub struct Program {
    name: String,
    child: Child,
    ask: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// What a program took for one of what a row measures, round by round; in nanoseconds.
#[derive(Clone, Debug, Default)]
pub struct Rounds(pub Vec<f64>);

impl Program {
    /// Starts a program.
    pub fn start(name: &str, binary: &Path, arguments: &[&str]) -> Result<Self> {
        let mut command = Command::new(binary);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {}", binary.display()))?;
        let ask = Some(child.stdin.take().context("the program has a standard input")?);
        let answers = BufReader::new(child.stdout.take().context("the program has a standard output")?);
        Ok(Self { name: name.into(), child, ask, answers })
    }

    /// One round, in nanoseconds (or what the row counts) for each time; `None` where the program has no such row.
    pub fn round(&mut self, row: &str, times: u64) -> Result<Option<f64>> {
        let ask = self.ask.as_mut().context("the program runs until it is dropped")?;
        writeln!(ask, "{row} {times}")?;
        ask.flush()?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        match answer.trim() {
            "none" => Ok(None),
            number => {
                let gone = || format!("{} ended in round `{row}`", self.name);
                Ok(Some(number.parse::<f64>().with_context(gone)? / times as f64))
            }
        }
    }

    /// How often it can do `row` in a round; also warms it up.
    fn times(&mut self, row: &str) -> Result<Option<u64>> {
        let mut times = 1;
        loop {
            let Some(each) = self.round(row, times)? else { return Ok(None) };
            let fit = (ROUND / each.max(1.0)).max(1.0) as u64;
            if fit <= times * 2 {
                return Ok(Some(fit));
            }
            times = fit.min(times * 16);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Its standard input ends, and so does it.
        self.ask = None;
        let _ = self.child.wait();
    }
}

/// Measures one row for several programs, interleaved; each program may call the row by a name of
/// its own. Nothing for a program that does not have it.
pub fn interleave(
    rounds: usize,
    programs: &mut [Program],
    row: impl Fn(&str) -> Vec<String>,
) -> Result<Vec<(String, String, Rounds)>> {
    let mut plan = Vec::new();
    for (at, program) in programs.iter_mut().enumerate() {
        for row in row(&program.name) {
            if let Some(times) = program.times(&row)? {
                plan.push((at, row, times, Rounds::default()));
            }
        }
    }
    for round in 0..rounds {
        let many = plan.len();
        // Another one begins each round, so that none always comes after the same one.
        for turn in 0..many {
            let (at, row, times, taken) = &mut plan[(turn + round) % many];
            taken.0.extend(programs[*at].round(row, *times)?);
        }
    }
    Ok(plan.into_iter().map(|(at, row, _, taken)| (programs[at].name.clone(), row, taken)).collect())
}

impl Rounds {
    /// The middle one.
    pub fn median(&self) -> f64 {
        median(self.0.clone())
    }

    /// The least.
    pub fn minimum(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// The median of the ratios to another program's, round by round.
    pub fn ratio_to(&self, other: &Self) -> f64 {
        median(self.0.iter().zip(&other.0).map(|(one, other)| one / other).collect())
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => numbers[middle],
        _ => (numbers[middle - 1] + numbers[middle]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::Rounds;

    #[test]
    fn the_ratio_is_that_of_the_rounds_not_of_the_medians() {
        let (one, other) = (Rounds(vec![2.0, 20.0, 4.0]), Rounds(vec![1.0, 10.0, 8.0]));
        assert_eq!(one.median(), 4.0);
        assert_eq!(one.minimum(), 2.0);
        assert_eq!(one.ratio_to(&other), 2.0);
        assert_eq!(Rounds(vec![1.0, 4.0]).median(), 2.5);
    }
}
