//! `bench fanout`: what it costs a host to send every frame to many clients, against axum alone
//! sending as many bytes as often.
//!
//! Frames are those of a quiet world, so that sending is nearly all that the host does. Clients are another
//! process (`tools/load`) that only reads. Rounds of host and bare loop take turns.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Options;
use super::programs::Rounds;
use super::table::{Row, Table};
use crate::command::{cargo, step};

const CLIENTS: [usize; 3] = [64, 256, 1_000];
const SECONDS: u64 = 5;
const AIM: f64 = 1.2;

/// A server that ends with its round.
struct Server {
    child: Child,
    address: String,
    folder: Option<PathBuf>,
}

impl Server {
    fn start(command: &mut Command, folder: Option<PathBuf>) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("{command:?}"))?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("a standard output")?).read_line(&mut line)?;
        let address = match serde_json::from_str::<Value>(&line) {
            Ok(event) => event["address"].as_str().context("an address")?.to_owned(),
            Err(_) => line.trim().to_owned(),
        };
        Ok(Self { child, address, folder })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is asked for nothing any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// One round: processor nanoseconds a message, bytes a message, messages a client and second.
struct Round {
    nanoseconds: f64,
    bytes: f64,
    rate: f64,
}

/// Measures all sizes.
pub fn measure(options: &Options) -> Result<Table> {
    let profile = ["build", "--profile", options.profile.as_str(), "--workspace"];
    step("build", || {
        cargo(
            &[&profile[..], &["--bin", "spellhost", "--bin", "spellhost-load", "--example", "bare_fanout"]]
                .concat(),
        )
    })?;
    let folder = Path::new("target").join(&options.profile);
    let mut rows = Vec::new();
    for clients in CLIENTS {
        step(&format!("{clients} clients"), || {
            rows.extend(size(options, &folder, clients)?);
            Ok(())
        })?;
    }
    Ok(Table { bench: "fanout", rounds: options.rounds, rows })
}

fn size(options: &Options, folder: &Path, clients: usize) -> Result<Vec<Row>> {
    let (mut ours, mut bare) = (Rounds::default(), Rounds::default());
    let (mut bytes, mut rate) = (Rounds::default(), Rounds::default());
    for _ in 0..options.rounds {
        let own = host(folder, clients)?;
        bare.0.push(bare_loop(folder, clients, own.bytes.round() as usize)?.nanoseconds);
        ours.0.push(own.nanoseconds);
        bytes.0.push(own.bytes);
        rate.0.push(own.rate);
    }
    let ratio = ours.ratio_to(&bare);
    let slowest = rate.minimum();
    let row = |name: &str, unit: &str, rounds: &Rounds| Row {
        name: format!("{clients} clients: {name}"),
        unit: unit.into(),
        median: rounds.median(),
        minimum: rounds.minimum(),
        ..Row::default()
    };
    Ok(vec![
        Row {
            ratio: Some((ratio, "axum alone".into())),
            aim: Some((format!("≤ {AIM} ×"), ratio <= AIM)),
            ..row("processor time a client and tick", "ns", &ours)
        },
        row("bytes a client and tick", "bytes", &bytes),
        Row {
            aim: Some(("60 a second".into(), slowest >= 59.5)),
            ..row("frames a client and second", "", &rate)
        },
    ])
}

fn host(folder: &Path, clients: usize) -> Result<Round> {
    let data = std::env::temp_dir().join(format!("bench-fanout-{}", std::process::id()));
    let mut command = Command::new(folder.join("spellhost"));
    command.args(["serve", "--json", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
    round(&Server::start(&mut command, Some(data))?, folder, clients, &[])
}

fn bare_loop(folder: &Path, clients: usize, bytes: usize) -> Result<Round> {
    let mut command = Command::new(folder.join("examples/bare_fanout"));
    round(&Server::start(command.arg(bytes.to_string()), None)?, folder, clients, &["--bare"])
}

fn round(server: &Server, folder: &Path, clients: usize, more: &[&str]) -> Result<Round> {
    let mut command = Command::new(folder.join("spellhost-load"));
    command.args(["--reads", "--server", &server.address, "--pid", &server.child.id().to_string()]);
    command.args(["--clients", &clients.to_string(), "--seconds", &SECONDS.to_string()]).args(more);
    let output = command.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "{command:?} ended with {}", output.status);
    let figures: Value = serde_json::from_slice(&output.stdout)?;
    let number = |pointer: &str| figures.pointer(pointer).and_then(Value::as_f64).context(pointer.to_owned());
    ensure!(number("/disconnects")? == 0.0, "clients were disconnected: {figures:#}");
    Ok(Round {
        nanoseconds: number("/host/processor_seconds")? * 1e9 / number("/messages")?,
        bytes: number("/bytes_per_message")?,
        rate: number("/messages_per_client_and_second")?,
    })
}
