//! `spellhost-generator SEED FIRST COUNT`: samples to standard output, each as its kind (one byte),
//! its length (four bytes, little endian) and its bytes.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use spellhost_generator::sample;

fn main() -> ExitCode {
    let numbers: Vec<u64> = std::env::args().skip(1).map_while(|word| word.parse().ok()).collect();
    let [seed, first, count] = numbers[..] else {
        eprintln!("usage: spellhost-generator SEED FIRST COUNT");
        return ExitCode::from(2);
    };
    match write(seed, first, count) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn write(seed: u64, first: u64, count: u64) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for index in first..first.saturating_add(count) {
        let sample = sample(seed, index);
        out.write_all(&[sample.kind as u8])?;
        out.write_all(&(sample.bytes.len() as u32).to_le_bytes())?;
        out.write_all(&sample.bytes)?;
    }
    out.flush()
}
