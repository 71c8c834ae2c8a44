//! `bench store`: what is kept, and how fast it comes back: publishes, components over HTTP, the log of a world, replays,
//! recoveries, late joins.
//!
//! What the store costs alone is its own example, `measure_store`; everything else is a host as a process. Files are in the
//! system's folder for temporary ones: the disk under it is what is measured.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::Options;
use super::load::Figures;
use super::programs::Rounds;
use super::server::{Folder, Server, build};
use super::table::{Row, Table};
use crate::command::{cargo, step};

const PEERS: &str = "tools/peers/Cargo.toml";
const FIRST: &str = "tests/fixtures/fireball.wasm";
const SECOND: &str = "tests/fixtures/stone-wall.wasm";
const SPELL: &str = "kept";

/// Publishes of a round, one after the other.
const PUBLISHES: usize = 60;
/// Connections that read at once, and for how long.
const READERS: &str = "8";
const READ_SECONDS: &str = "2";
const READ_AIM: f64 = 0.8;
/// Seconds of the sessions that are recovered from their logs; the last is the one that is replayed.
const SESSIONS: [u64; 3] = [5, 15, 45];
const REPLAY_AIM: f64 = 20.0;
/// Who plays in a session.
const PLAYERS: &str = "32";
const CASTS: &str = "8";
const SWAPS: &str = "30";
/// Spheres that are put into the world before somebody joins late.
const EDITS: &str = "1000";
const HOUR: f64 = 3_600.0;

/// Measures everything.
pub fn measure(options: &Options) -> Result<Table> {
    let programs = build(options)?;
    build_peer(options)?;
    let folder = Folder::new("store")?;
    let mut rows = Vec::new();
    let mut part = |name: &str, work: &dyn Fn() -> Result<Vec<Row>>| {
        step(name, || {
            rows.extend(work()?);
            Ok(())
        })
    };
    part("the store alone", &|| alone(options, &programs, folder.path()))?;
    part("publishes and reads", &|| over_http(options, &programs, &folder.path().join("http")))?;
    let lengths = SESSIONS.map(|seconds| (seconds, folder.path().join(format!("session-{seconds}"))));
    part("sessions", &|| sessions(&programs, &lengths))?;
    part("recoveries", &|| recoveries(options, &programs, folder.path(), &lengths))?;
    let longest = &lengths[SESSIONS.len() - 1].1;
    part("replays and late joins", &|| afterwards(options, &programs, folder.path(), longest))?;
    Ok(Table { bench: "store", rounds: options.rounds, rows })
}

/// Builds the file server that reading is held against.
fn build_peer(options: &Options) -> Result<()> {
    let peer =
        ["--quiet", "--manifest-path", PEERS, "--target-dir", "target", "--package", "spellhost-peer-files"];
    let profile = ["build", "--profile", options.profile.as_str()];
    step("file server", || cargo(&[&profile[..], &peer].concat()))
}

fn row(name: String, unit: &str, rounds: &Rounds) -> Row {
    Row { name, unit: unit.into(), median: rounds.median(), minimum: rounds.minimum(), ..Row::default() }
}

/// The store without a host around it.
fn alone(options: &Options, programs: &Path, folder: &Path) -> Result<Vec<Row>> {
    let mut taken: BTreeMap<(u8, String, &str), Rounds> = BTreeMap::new();
    for _ in 0..options.rounds {
        let mut command = Command::new(programs.join("examples/measure_store"));
        let output = command.arg("--brief").arg(folder).stderr(Stdio::inherit()).output()?;
        ensure!(output.status.success(), "{command:?} ended with {}", output.status);
        for line in String::from_utf8(output.stdout)?.lines() {
            if let Some((key, figure)) = figure(&serde_json::from_str(line)?) {
                taken.entry(key).or_default().0.push(figure);
            }
        }
    }
    Ok(taken.into_iter().map(|((_, name, unit), rounds)| row(name, unit, &rounds)).collect())
}

/// A line of the example as a row's order, name and unit, with the figure.
fn figure(line: &Value) -> Option<((u8, String, &'static str), f64)> {
    let number = |key: &str| line[key].as_f64();
    match line["measure"].as_str()? {
        "publish_durable" => {
            let name = format!("durable publishes of the store alone, {} at once", line["threads"]);
            Some(((0, name, "a second"), number("per_second")?))
        }
        "log_append" => {
            let name =
                format!("log append a tick, {} bytes a frame, one sync in 60 ticks", line["frame_bytes"]);
            let each = number("append_us_per_tick")? * 1e3 + number("sync_ms_per_batch")? * 1e6 / 60.0;
            Some(((1, name, "ns"), each))
        }
        _ => None,
    }
}

/// Publishes that a host acknowledged, and components that it serves.
fn over_http(options: &Options, programs: &Path, folder: &Path) -> Result<Vec<Row>> {
    let server = Server::host(programs, &folder.join("data"), &[])?;
    server.json("POST", "/api/spells", &json!({"spell_id": SPELL}))?;
    let (first, second) = (upload(&server, FIRST)?, upload(&server, SECOND)?);
    let mut publishes = Rounds::default();
    for _ in 0..options.rounds {
        let begin = Instant::now();
        for revision in [&first, &second].into_iter().cycle().take(PUBLISHES) {
            let body = json!({"revision_id": revision["revision_id"], "channel": "stable"});
            server.json("POST", &format!("/api/spells/{SPELL}/publish"), &body)?;
        }
        publishes.0.push(PUBLISHES as f64 / begin.elapsed().as_secs_f64());
    }
    let mut published = row("publishes over HTTP, one after the other".into(), "a second", &publishes);
    published.note =
        "tried, durable, and swapped into the world: each waits for a tick, of which there are 60".into();
    let path = format!("/components/{}", first["component"]["digest"].as_str().context("a digest")?);
    Ok([vec![published], reads(options, programs, folder, &server, &path)?].concat())
}

fn upload(server: &Server, file: &str) -> Result<Value> {
    let bytes = std::fs::read(file).with_context(|| file.to_owned())?;
    let answer = server.ask("PUT", &format!("/api/spells/{SPELL}/revisions"), &bytes)?;
    Ok(serde_json::from_slice(&answer)?)
}

fn reads(options: &Options, programs: &Path, folder: &Path, server: &Server, path: &str) -> Result<Vec<Row>> {
    let files = folder.join("files");
    std::fs::create_dir_all(&files)?;
    std::fs::copy(FIRST, files.join("file.wasm"))?;
    let peer = Server::start(Command::new(programs.join("spellhost-peer-files")).arg(&files))?;
    let (mut ours, mut theirs, mut cost, mut their_cost) =
        (Rounds::default(), Rounds::default(), Rounds::default(), Rounds::default());
    for round in 0..options.rounds {
        let own = || read(programs, server, path);
        let other = || read(programs, &peer, "/file.wasm");
        // Who comes first changes from round to round.
        let (own, other) = if round.is_multiple_of(2) {
            let own = own()?;
            (own, other()?)
        } else {
            let other = other()?;
            (own()?, other)
        };
        ours.0.push(own.0);
        cost.0.push(own.1);
        theirs.0.push(other.0);
        their_cost.0.push(other.1);
    }
    let ratio = ours.ratio_to(&theirs);
    let size = Path::new(FIRST).metadata()?.len() / 1_024;
    let name = |what: &str| format!("{what}, a component of {size} KiB, {READERS} connections");
    Ok(vec![
        Row {
            ratio: Some((ratio, "ServeDir's".into())),
            aim: Some((format!("≥ {READ_AIM} ×"), ratio >= READ_AIM)),
            ..row(name("reads over HTTP"), "a second", &ours)
        },
        row(name("the same file by tower-http's ServeDir"), "a second", &theirs),
        row("processor time of a read".into(), "ns", &cost),
        row("processor time of a read by ServeDir".into(), "ns", &their_cost),
    ])
}

/// Answers a second, and processor nanoseconds of each.
fn read(programs: &Path, server: &Server, path: &str) -> Result<(f64, f64)> {
    let words = ["--gets", path, "--clients", READERS, "--seconds", READ_SECONDS];
    let figures = Figures::of(programs, server, &words)?;
    let cost = figures.number("/host/processor_seconds")? * 1e9 / figures.number("/answers")?;
    Ok((figures.number("/answers_per_second")?, cost))
}

/// Plays a session of each length, and ends its host as a crash would.
fn sessions(programs: &Path, lengths: &[(u64, PathBuf)]) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (seconds, data) in lengths {
        let server = Server::host(programs, data, &[])?;
        let words =
            ["--clients", PLAYERS, "--verify", "0", "--casts", CASTS, "--swaps", SWAPS, FIRST, SECOND];
        let seconds = seconds.to_string();
        let words = [&["--seconds", &seconds][..], &words].concat();
        let figures = Figures::of(programs, &server, &words)?;
        drop(server);
        let ticks = figures.number("/ticks_per_second")? * figures.number("/seconds")?;
        // The longest comes last, and says most.
        rows = kept(data, ticks, &figures)?;
    }
    Ok(rows)
}

/// What a session leaves on the disk.
fn kept(data: &Path, ticks: f64, figures: &Figures) -> Result<Vec<Row>> {
    let bytes = size_of(&data.join("frames"))? as f64;
    let (calls, players) = (figures.number("/calls_followed")?, figures.number("/clients")?);
    let hour = row("log of an hour of play".into(), "bytes", &Rounds(vec![bytes / ticks * 60.0 * HOUR]));
    let note = format!(
        "{PLAYERS} players, {CASTS} casts a second, {SWAPS} swaps a minute, {:.1} calls a tick; from {:.0} ticks",
        calls / players / ticks,
        ticks
    );
    let tick = row("log of a tick of it".into(), "bytes", &Rounds(vec![bytes / ticks]));
    Ok(vec![Row { note, ..hour }, tick])
}

fn size_of(path: &Path) -> Result<u64> {
    let found = path.metadata().with_context(|| path.display().to_string())?;
    if found.is_file() {
        return Ok(found.len());
    }
    std::fs::read_dir(path)?.map(|entry| size_of(&entry?.path())).sum()
}

/// How long a host that was killed takes until it is ready again.
fn recoveries(
    options: &Options,
    programs: &Path,
    folder: &Path,
    lengths: &[(u64, PathBuf)],
) -> Result<Vec<Row>> {
    let mut taken: Vec<(String, Option<&PathBuf>, Rounds)> =
        vec![("start of a host that has kept nothing".into(), None, Rounds::default())];
    for (seconds, data) in lengths {
        let name =
            format!("start of a host that was killed after {seconds} s of play, {} ticks", seconds * 60);
        taken.push((name, Some(data), Rounds::default()));
    }
    for _ in 0..options.rounds {
        for (_, data, rounds) in &mut taken {
            let own = folder.join("recovered");
            if let Some(data) = data {
                copy(data, &own)?;
            }
            let begin = Instant::now();
            let server = Server::host(programs, &own, &[])?;
            rounds.0.push(begin.elapsed().as_nanos() as f64);
            drop(server);
            std::fs::remove_dir_all(&own)?;
        }
    }
    Ok(taken.into_iter().map(|(name, _, rounds)| row(name, "ns", &rounds)).collect())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The longest session replayed, and joined after many more edits.
fn afterwards(options: &Options, programs: &Path, folder: &Path, data: &Path) -> Result<Vec<Row>> {
    let server = Server::host(programs, data, &[])?;
    let last = SESSIONS[SESSIONS.len() - 1] * 60 - 1;
    let log = folder.join("session.rec");
    std::fs::write(&log, server.ask("GET", &format!("/worlds/default/log?from=0&to={last}"), b"")?)?;
    let mut speeds = Rounds::default();
    for _ in 0..options.rounds {
        speeds.0.push(replay(programs, &log)?);
    }
    let (speed, slowest) = (speeds.median(), speeds.minimum());
    let replayed = Row {
        median: speed,
        minimum: slowest,
        aim: Some((format!("≥ {REPLAY_AIM} ×"), speed >= REPLAY_AIM)),
        note: "every call run again, every hash compared".into(),
        ..row(format!("replay of {} s of play, against real time", last.div_ceil(60)), "×", &speeds)
    };
    let joins = options.rounds.to_string();
    let edited = ["--joins", "--edits", EDITS, "--clients", &joins, "--verify", "0"];
    let verifying = ["--joins", "--clients", &joins, "--verify", &joins];
    Ok(vec![
        replayed,
        joined(
            "joining that world after 1,000 more edits, to the first tick: applying",
            programs,
            &server,
            &edited,
        )?,
        joined("the same: running every call", programs, &server, &verifying)?,
    ])
}

fn replay(programs: &Path, log: &Path) -> Result<f64> {
    let output = Command::new(programs.join("spellhost")).args(["replay", "--json"]).arg(log).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "the replay ended with {}: {said}", output.status);
    let verified: Value = serde_json::from_str(&said)?;
    verified["times_real_time"].as_f64().with_context(|| format!("no speed in {verified}"))
}

fn joined(name: &str, programs: &Path, server: &Server, words: &[&str]) -> Result<Row> {
    let figures = Figures::of(programs, server, words)?;
    let nanoseconds = |pointer: &str| Ok::<f64, anyhow::Error>(figures.number(pointer)? * 1e6);
    Ok(Row {
        name: name.into(),
        unit: "ns".into(),
        median: nanoseconds("/milliseconds/median")?,
        minimum: nanoseconds("/milliseconds/least")?,
        ..Row::default()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::figure;

    #[test]
    fn a_line_of_the_example_is_a_figure() {
        let line = json!({"measure": "log_append", "frame_bytes": 200, "append_us_per_tick": 2.0, "sync_ms_per_batch": 0.6});
        let ((_, name, unit), each) = figure(&line).expect("a figure");
        assert_eq!((unit, each), ("ns", 12_000.0));
        assert!(name.contains("200 bytes"), "{name}");
        assert!(figure(&json!({"measure": "publish_durable", "threads": 1})).is_none(), "it has no figure");
        assert!(figure(&json!({"measure": "log_read"})).is_none(), "no row is made of it");
    }
}
