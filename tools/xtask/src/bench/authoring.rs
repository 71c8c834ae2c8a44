//! `bench authoring`: from a save to the swap, part by part, against the bare compiler alone; the first build of a
//! folder; a build on a server, in its cage and without.
//!
//! A round is one of everything in both languages, so that whatever else the machine does meets all alike.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::Options;
use super::author::{Desk, LANGUAGES, Language, STAGES, Session};
use super::programs::Rounds;
use super::server::{Folder, Server, build};
use super::table::{Row, Table};
use crate::command::step;

/// What a save may take, against the compiler alone.
const AIM: f64 = 1.3;
/// How long a build on a server may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(180);
/// Between two looks at a job.
const LOOK: Duration = Duration::from_millis(5);
const SPELL: &str = "ember";

/// What was measured, by language and by what it is.
#[derive(Default)]
struct Taken(BTreeMap<(&'static str, String), Rounds>);

impl Taken {
    fn add(&mut self, language: Language, what: &str, figure: f64) {
        self.0.entry((language.name, what.to_owned())).or_default().0.push(figure);
    }

    fn get(&self, language: Language, what: &str) -> Result<&Rounds> {
        let missing = || format!("{} has no `{what}`", language.name);
        self.0.get(&(language.name, what.to_owned())).with_context(missing)
    }

    fn row(&self, language: Language, what: &str, words: &str, unit: &str) -> Result<Row> {
        let rounds = self.get(language, what)?;
        Ok(Row {
            name: format!("{}: {words}", language.name),
            unit: unit.into(),
            median: rounds.median(),
            minimum: rounds.minimum(),
            ..Row::default()
        })
    }
}

/// One language's folders and programs, ready to be measured.
struct Bench<'a> {
    programs: &'a Path,
    language: Language,
    desk: Desk,
    session: Session,
    /// What the bare compiler compiles.
    bare: Desk,
    /// Where fresh folders come from.
    fresh: Folder,
}

/// Measures everything.
pub fn measure(options: &Options) -> Result<Table> {
    let programs = build(options)?;
    let mut benches = Vec::new();
    step("first builds", || {
        for language in LANGUAGES {
            benches.push(Bench::new(&programs, language)?);
        }
        Ok(())
    })?;
    let folder = Folder::new("authoring-servers")?;
    let mut servers = None;
    let caged = step("servers", || {
        servers = Some(Builders::start(&programs, folder.path())?);
        Ok(())
    });
    let mut taken = Taken::default();
    for round in 1..=options.rounds {
        step(&format!("round {round}"), || {
            benches.iter_mut().try_for_each(|bench| bench.round(round, &mut taken))?;
            servers.iter().try_for_each(|servers| servers.round(round, &mut taken))
        })?;
    }
    let mut rows = Vec::new();
    for language in LANGUAGES {
        rows.extend(rows_of(language, &taken)?);
        match &caged {
            Ok(()) => rows.extend(server_rows(language, &taken)?),
            Err(why) => {
                let name = format!("{}: a build on a server in its cage", language.name);
                rows.push(Row::missing(&name, format!("{why:#}")));
            }
        }
    }
    Ok(Table { bench: "authoring", rounds: options.rounds, rows })
}

impl<'a> Bench<'a> {
    fn new(programs: &'a Path, language: Language) -> Result<Self> {
        let fresh = Folder::new(&format!("authoring-{}", language.id))?;
        let desk = Desk::new(programs, fresh.path(), "live", language)?;
        let session = Session::start(programs, &desk)?;
        let bare = Desk::new(programs, fresh.path(), "bare", language)?;
        // Puts the SDK where the bare compiler finds it.
        bare.build(programs, None)?;
        bare.compile()?;
        Ok(Self { programs, language, desk, session, bare, fresh })
    }

    /// One save, one compilation, two first builds; what comes first changes from round to round.
    fn round(&mut self, number: usize, taken: &mut Taken) -> Result<()> {
        let bare = |taken: &mut Taken| -> Result<()> {
            self.bare.edit()?;
            taken.add(self.language, "bare", self.bare.compile()?);
            Ok(())
        };
        if number.is_multiple_of(2) {
            bare(taken)?;
        }
        let saved = self.session.save(&self.desk)?;
        taken.add(self.language, "swapped", saved.swapped);
        taken.add(self.language, "told", saved.told);
        for ((_, stage), time) in STAGES.iter().zip(&saved.stages) {
            taken.add(self.language, stage, *time);
        }
        taken.add(self.language, "between", (saved.swapped - saved.stages.iter().sum::<f64>()).max(0.0));
        if !number.is_multiple_of(2) {
            bare(taken)?;
        }
        let cache = self.fresh.path().join(format!("cache-{number}"));
        link_compilers(&cache)?;
        for what in ["first, without the SDK", "first, with the SDK"] {
            let name = "cold";
            let desk = Desk::new(self.programs, self.fresh.path(), name, self.language)?;
            let (time, bytes) = desk.build(self.programs, Some(&cache))?;
            taken.add(self.language, what, time);
            taken.add(self.language, "size", bytes as f64);
            std::fs::remove_dir_all(self.fresh.path().join(name))?;
        }
        Ok(std::fs::remove_dir_all(&cache)?)
    }
}

/// A cache without an SDK, but with the compilers that the user's has: to fetch one from a registry is not measured.
fn link_compilers(cache: &Path) -> Result<()> {
    let own = cache.join("spellhost");
    std::fs::create_dir_all(&own)?;
    let variable =
        |name: &str| std::env::var_os(name).map(std::path::PathBuf::from).filter(|path| path.is_absolute());
    let user = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")));
    let user = user.context("this user has no cache")?.join("spellhost");
    for entry in std::fs::read_dir(&user)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("asc-") {
            std::os::unix::fs::symlink(entry.path(), own.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Two servers that build from source.
struct Builders {
    caged: Server,
    free: Server,
}

impl Builders {
    fn start(programs: &Path, folder: &Path) -> Result<Self> {
        let caged = Server::host(programs, &folder.join("caged"), &[])?;
        let free = Server::host(programs, &folder.join("free"), &["--unsandboxed-builds"])?;
        for server in [&caged, &free] {
            for language in LANGUAGES {
                server.json("POST", "/api/spells", &json!({"spell_id": spell(language)}))?;
                // The first one compiles the SDK.
                job(server, language)?;
            }
        }
        Ok(Self { caged, free })
    }

    fn round(&self, number: usize, taken: &mut Taken) -> Result<()> {
        for language in LANGUAGES {
            let mut order = [("in its cage", &self.caged), ("without a cage", &self.free)];
            order.rotate_left(number % 2);
            for (what, server) in order {
                taken.add(language, what, job(server, language)?);
            }
        }
        Ok(())
    }
}

fn spell(language: Language) -> String {
    format!("{SPELL}-{}", language.id)
}

/// A build of an edit on a server, from the request to the revision.
fn job(server: &Server, language: Language) -> Result<f64> {
    let request = json!({"code": language.edited()?, "language": language.id});
    let begin = Instant::now();
    let asked = server.json("POST", &format!("/api/spells/{}/build", spell(language)), &request)?;
    loop {
        let job = server.json("GET", &format!("/api/jobs/{}", asked["job_id"]), &Value::Null)?;
        match job["status"].as_str() {
            Some("succeeded") => return Ok(begin.elapsed().as_nanos() as f64),
            Some("queued" | "running") => std::thread::sleep(LOOK),
            _ => bail!("the build ended as {}: {}", job["status"], job["error_message"]),
        }
        ensure!(begin.elapsed() < PATIENCE, "the build does not end");
    }
}

fn rows_of(language: Language, taken: &Taken) -> Result<Vec<Row>> {
    let bare = taken.get(language, "bare")?;
    let mut saved = taken.row(language, "swapped", "from a save to the swap", "ns")?;
    let ratio = taken.get(language, "swapped")?.ratio_to(bare);
    saved.ratio = Some((ratio, "the bare compiler's".into()));
    saved.aim = Some((format!("≤ {AIM} ×"), ratio <= AIM));
    let mut rows = vec![saved];
    for (_, stage) in STAGES {
        rows.push(taken.row(language, stage, &format!("of it: {stage}"), "ns")?);
    }
    rows.push(taken.row(language, "between", "of it: between these", "ns")?);
    let told = "from a save to the line about it, after the cast";
    rows.push(taken.row(language, "told", told, "ns")?);
    let alone = match language.id {
        "rust" => "the bare compiler alone: cargo, same settings",
        _ => "the bare compiler alone: the asc command, not optimising",
    };
    rows.push(taken.row(language, "bare", alone, "ns")?);
    rows.push(taken.row(language, "first, with the SDK", "first build of a folder", "ns")?);
    let without = "first build of a folder, the SDK not unpacked yet";
    rows.push(taken.row(language, "first, without the SDK", without, "ns")?);
    rows.push(taken.row(language, "size", "the component", "bytes")?);
    Ok(rows)
}

fn server_rows(language: Language, taken: &Taken) -> Result<Vec<Row>> {
    let mut caged = taken.row(language, "in its cage", "a build on a server in its cage", "ns")?;
    let ratio = taken.get(language, "in its cage")?.ratio_to(taken.get(language, "without a cage")?);
    caged.ratio = Some((ratio, "without a cage".into()));
    let free = taken.row(language, "without a cage", "the same without a cage", "ns")?;
    Ok(vec![caged, free])
}
