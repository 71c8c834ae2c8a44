//! `spellhost test`: a spell's scenario files as tests.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use spellhost_runtime::Policy;

use crate::bless::blessed;
use crate::expectation::Happened;
use crate::fields::Text;
use crate::file::write_whole;
use crate::interrupt::Interrupt;
use crate::problem::{Kind, Problem};
use crate::run::Machine;
use crate::scenario::Scenario;
use crate::screen::Screen;
use crate::script::perform;
use crate::session::Session;
use crate::source::{Making, Ready, Source};

const EXAMPLES: &str = "\
Examples:
  spellhost test spells/fireball            play tests/*.cast.toml and compare
  spellhost test spells/fireball --bless    write the state hashes into the files
  spellhost test . --json                   one JSON object with every scenario

A scenario:
  ticks = 120
  [[entity]]
  name = \"dummy\"
  kind = \"npc\"
  at = [0.5, 0, -7.5]
  [[cast]]
  tick = 1
  target = [0.5, 0, -7.5]
  [expect]
  outcome = \"applied\"
  voxels_changed = { min = 10 }
  \"dummy.health\" = { max = 80 }";

/// Play a spell's scenario files, tests/*.cast.toml, and compare what happens with what they expect
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A spell's folder
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Write the state hashes of scenarios that otherwise pass into their files
    #[arg(long, env = "SPELLHOST_BLESS", value_parser = clap::builder::FalseyValueParser::new())]
    bless: bool,
    /// How many threads cast [default: one a core]
    #[arg(long, env = "SPELLHOST_THREADS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=32))]
    threads: Option<u16>,
}

/// How one scenario ended.
struct Verdict {
    name: String,
    differences: Vec<Difference>,
    hash: Option<String>,
    blessed: bool,
}

struct Difference {
    file: String,
    line: Option<u32>,
    message: String,
}

/// Runs the command; the exit code.
///
/// # Errors
/// What went wrong before a scenario could be played, or Ctrl-C.
pub fn test(args: &Args, screen: Screen, interrupt: &Interrupt) -> Result<u8, Problem> {
    let source = match Source::at(&args.dir)? {
        source @ Source::Folder(_) => source,
        Source::File(path) => {
            let message = format!("`{}` is a file: only a spell's folder has tests", path.display());
            return Err(Problem::usage("not_a_folder", message).hint("spellhost run FILE --once"));
        }
    };
    let machine = Machine::start(args.threads)?;
    let cancel = interrupt.cancel();
    // A broken folder is told before a compiler is started.
    let files = scenario_files(&crate::source::open(source.path())?.root)?;
    let ready = {
        let busy = screen.busy();
        let color = screen.ink_is_coloured();
        source.ready(
            &machine.engine,
            &Making {
                lines: false,
                warm: None,
                color,
                policy: &Policy::default(),
                cancel: &cancel,
                progress: &|doing| busy.show(doing),
            },
        )?
    };
    let mut verdicts = Vec::new();
    for file in &files {
        interrupt.check()?;
        let verdict = verdict(file, &machine, &ready, args.bless, interrupt)?;
        screen.print(&told(&verdict, screen));
        verdicts.push(verdict);
    }
    let failed = verdicts.iter().filter(|verdict| !verdict.differences.is_empty()).count();
    let passed = verdicts.len() - failed;
    if screen.is_json() {
        screen.object(&object(&ready, &verdicts, passed, failed));
    } else {
        if files.is_empty() {
            screen
                .note("no scenarios: write one as tests/NAME.cast.toml (`spellhost test --help` shows one)");
        }
        screen.print(&format!("\n{passed} passed, {failed} failed\n"));
    }
    Ok(if failed == 0 { 0 } else { 1 })
}

/// A spell's scenario files, by name.
///
/// # Errors
/// Where they cannot be listed.
pub fn scenario_files(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let tests = folder.join("tests");
    let entries = match fs::read_dir(&tests) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Problem::file("read", &tests, &error)),
    };
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(|error| Problem::file("read", &tests, &error))?;
    paths.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".cast.toml")));
    paths.sort();
    Ok(paths)
}

fn verdict(
    file: &Path,
    machine: &Machine,
    ready: &Ready,
    bless: bool,
    interrupt: &Interrupt,
) -> Result<Verdict, Problem> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = name.trim_end_matches(".cast.toml").to_owned();
    let shown = format!("tests/{name}.cast.toml");
    let played = fs::read_to_string(file)
        .map_err(|error| Problem::file("read", file, &error))
        .and_then(|text| played(file, Text { file: &shown, text: &text }, machine, ready, bless, interrupt));
    match played {
        Ok((differences, hash, blessed)) => Ok(Verdict { name, differences, hash: Some(hash), blessed }),
        Err(problem) if problem.kind == Kind::Interrupted => Err(problem),
        Err(problem) => {
            let place = problem.place.clone().unwrap_or_default();
            let hints: String = problem.hints.iter().map(|hint| format!(" ({hint})")).collect();
            let causes: String = problem.causes.iter().map(|cause| format!(": {cause}")).collect();
            let message = format!("{}{causes}{hints}", problem.message);
            Ok(Verdict {
                name,
                differences: vec![Difference { file: shown, line: place.line, message }],
                hash: None,
                blessed: false,
            })
        }
    }
}

/// The differences, the hash, and whether the file was changed.
fn played(
    file: &Path,
    text: Text,
    machine: &Machine,
    ready: &Ready,
    bless: bool,
    interrupt: &Interrupt,
) -> Result<(Vec<Difference>, String, bool), Problem> {
    let scenario = Scenario::parse(text)?;
    let script = scenario.script(ready.component.info())?;
    let mut session = Session::enter(scenario.stage()?, machine.caster.clone(), None)?;
    session.install(ready)?;
    let performance = perform(&mut session, &script, &ready.revision, interrupt)?;
    let happened =
        Happened { performance: &performance, actors: session.actors.iter().map(|id| id.0).collect() };
    let wanted = scenario.expect.iter().filter(|expectation| !(bless && expectation.is_hash()));
    let differences: Vec<Difference> = wanted
        .filter_map(|expectation| {
            let message = expectation.difference(&happened)?;
            Some(Difference { file: text.file.into(), line: Some(expectation.line), message })
        })
        .collect();
    let hash = performance.after.hash;
    let mut changed = false;
    if bless && differences.is_empty() {
        let written = blessed(text, &hash)?;
        changed = written != text.text;
        if changed {
            write_whole(file, written.as_bytes())?;
        }
    }
    Ok((differences, hash, changed))
}

fn told(verdict: &Verdict, screen: Screen) -> String {
    let good = verdict.differences.is_empty();
    let word = screen.verdict(good, if good { "ok" } else { "FAILED" });
    let blessed = if verdict.blessed { " (blessed)" } else { "" };
    let mut text = format!("test {} ... {word}{blessed}\n", verdict.name);
    for difference in &verdict.differences {
        let line = difference.line.map_or_else(String::new, |line| format!(":{line}"));
        text.push_str(&format!("  {}{line}: {}\n", difference.file, difference.message));
    }
    text
}

fn object(ready: &Ready, verdicts: &[Verdict], passed: usize, failed: usize) -> Value {
    let scenarios = verdicts.iter().map(|verdict| {
        let differences = verdict.differences.iter();
        let differences: Vec<Value> = differences
            .map(|difference| json!({"file": difference.file, "line": difference.line, "message": difference.message}))
            .collect();
        json!({
            "name": verdict.name,
            "passed": verdict.differences.is_empty(),
            "state_hash": verdict.hash,
            "blessed": verdict.blessed,
            "differences": differences,
        })
    });
    json!({
        "spell_id": ready.revision.spell.as_str(),
        "revision_id": ready.revision.id(),
        "passed": passed,
        "failed": failed,
        "scenarios": scenarios.collect::<Vec<_>>(),
    })
}
