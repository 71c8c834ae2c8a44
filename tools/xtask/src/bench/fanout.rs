//! `bench fanout`: what it costs a host to send every frame to many clients, against axum alone
//! sending as many bytes as often.
//!
//! Frames are those of a quiet world, so that sending is nearly all that the host does. Clients are another
//! process (`tools/load`) that only reads. Rounds of host and bare loop take turns.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Options;
use super::load::Figures;
use super::programs::Rounds;
use super::server::{Folder, Server, build};
use super::table::{Row, Table};
use crate::command::step;

const CLIENTS: [usize; 3] = [64, 256, 1_000];
const SECONDS: u64 = 3;
const AIM: f64 = 1.2;
/// How long one client does not read.
const DEAF_SECONDS: u64 = 20;
const DEAF_BYTES_MAX: f64 = 8e6;

/// One round: processor nanoseconds a message, bytes a message, messages a client and second, late ticks.
struct Round {
    nanoseconds: f64,
    bytes: f64,
    rate: f64,
    late: f64,
}

/// Measures all sizes.
pub fn measure(options: &Options) -> Result<Table> {
    let programs = build(options)?;
    let mut rows = Vec::new();
    for clients in CLIENTS {
        step(&format!("{clients} clients"), || {
            rows.extend(size(options, &programs, clients)?);
            Ok(())
        })?;
    }
    step("one that never reads", || {
        rows.extend(deaf(&programs, CLIENTS[0])?);
        Ok(())
    })?;
    Ok(Table { bench: "fanout", rounds: options.rounds, rows })
}

fn size(options: &Options, programs: &Path, clients: usize) -> Result<Vec<Row>> {
    let (mut ours, mut bare) = (Rounds::default(), Rounds::default());
    let (mut bytes, mut rate, mut late) = (Rounds::default(), Rounds::default(), 0.0);
    for _ in 0..options.rounds {
        let own = host(programs, clients)?;
        bare.0.push(bare_loop(programs, clients, own.bytes.round() as usize)?.nanoseconds);
        ours.0.push(own.nanoseconds);
        bytes.0.push(own.bytes);
        rate.0.push(own.rate);
        late += own.late;
    }
    let ratio = ours.ratio_to(&bare);
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
        row("the same of axum alone", "ns", &bare),
        row("bytes a client and tick", "bytes", &bytes),
        Row {
            aim: Some(("60 a second".into(), rate.minimum() >= 59.5)),
            ..row("frames a client and second", "", &rate)
        },
        Row {
            aim: Some(("none".into(), late == 0.0)),
            ..row("late ticks in all rounds", "ticks", &Rounds(vec![late]))
        },
    ])
}

fn host(programs: &Path, clients: usize) -> Result<Round> {
    let data = Folder::new("fanout")?;
    round(&Server::host(programs, data.path(), &[])?, programs, clients, &[])
}

fn bare_loop(programs: &Path, clients: usize, bytes: usize) -> Result<Round> {
    let mut command = Command::new(programs.join("examples/bare_fanout"));
    round(&Server::start(command.arg(bytes.to_string()))?, programs, clients, &["--bare"])
}

fn round(server: &Server, programs: &Path, clients: usize, more: &[&str]) -> Result<Round> {
    let (clients, seconds) = (clients.to_string(), SECONDS.to_string());
    let words = [&["--reads", "--clients", &clients, "--seconds", &seconds][..], more].concat();
    let figures = Figures::of(programs, server, &words)?;
    Ok(Round {
        nanoseconds: figures.number("/host/processor_seconds")? * 1e9 / figures.number("/messages")?,
        bytes: figures.number("/bytes_per_message")?,
        rate: figures.number("/messages_per_client_and_second")?,
        late: figures.number("/ticks_late")?,
    })
}

/// One client never reads: the others get every frame, and the host holds no more for it than its queue.
fn deaf(programs: &Path, clients: usize) -> Result<Vec<Row>> {
    let data = Folder::new("fanout")?;
    let server = Server::host(programs, data.path(), &[])?;
    let (others, seconds) = (clients.to_string(), DEAF_SECONDS.to_string());
    let words = ["--reads", "--deaf", "1", "--clients", &others, "--seconds", &seconds];
    let figures = Figures::of(programs, &server, &words)?;
    let rate = figures.number("/messages_per_client_and_second")?;
    let grown = figures.number("/host/resident_after")? - figures.number("/host/resident_before")?;
    let row = |name: &str, unit: &str, number: f64, aim: &str, met: bool| Row {
        name: format!("one that never reads among {clients} clients: {name}"),
        unit: unit.into(),
        median: number,
        minimum: number,
        aim: Some((aim.into(), met)),
        note: format!("one run of {DEAF_SECONDS} s"),
        ..Row::default()
    };
    let anew = figures.number("/slow_clients_begun_anew")?;
    Ok(vec![
        row("frames each of the others gets in a second", "", rate, "60 a second", rate >= 59.5),
        row(
            "late ticks",
            "ticks",
            figures.number("/ticks_late")?,
            "none",
            figures.number("/ticks_late")? == 0.0,
        ),
        row("what the host's memory grows by", "bytes", grown, "bounded: ≤ 7.6 MiB", grown <= DEAF_BYTES_MAX),
        Row {
            aim: None,
            note: "a quiet world's frames may all fit into its connection".into(),
            ..row("times that it is begun anew", "", anew, "", true)
        },
    ])
}
