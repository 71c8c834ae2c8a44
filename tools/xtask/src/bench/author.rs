//! An author at work, as a benchmark meets one: a folder that `spellhost new` made, a spell in it that is edited, a
//! `run` that swaps every save in, and the bare compiler beside it.
//!
//! Promises that no two edits of a process are the same, and that each changes the code. The spell is the same in both
//! languages.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::command::cargo_command;

/// How long anything may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(180);
/// The line that is edited, in both languages.
const LINE: &str = "const ARC: f64 = 0.2";

/// The settings that a build for `run` compiles with; those of `host/forge/src/plan.rs`.
const RUST_SETTINGS: &[&str] = &[
    "profile.release.opt-level=\"s\"",
    "profile.release.lto=true",
    "profile.release.codegen-units=1",
    "profile.release.panic=\"abort\"",
    "profile.release.incremental=false",
    "profile.release.debug=\"line-tables-only\"",
    "profile.release.strip=\"none\"",
];

/// A language that spells are written in.
#[derive(Clone, Copy, Debug)]
pub struct Language {
    /// As people call it.
    pub name: &'static str,
    /// As the command line and the protocol call it.
    pub id: &'static str,
    /// The spell of this repository.
    spell: &'static str,
    entry: &'static str,
}

/// Both.
pub const LANGUAGES: [Language; 2] = [
    Language { name: "Rust", id: "rust", spell: "spells/fireball", entry: "src/lib.rs" },
    Language {
        name: "AssemblyScript",
        id: "assemblyscript",
        spell: "spells/fireball-as",
        entry: "assembly/index.ts",
    },
];

impl Language {
    /// The spell's code with an edit that nobody made before.
    pub fn edited(self) -> Result<String> {
        static EDITS: AtomicU32 = AtomicU32::new(1);
        let path = Path::new(self.spell).join(self.entry);
        let code = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        ensure!(code.contains(LINE), "`{LINE}` is not in {}", path.display());
        let number = EDITS.fetch_add(1, Ordering::Relaxed);
        Ok(code.replace(LINE, &format!("{LINE}{number:04}")))
    }
}

/// A folder with the spell.
pub struct Desk {
    language: Language,
    folder: PathBuf,
}

impl Desk {
    /// A new one, as `spellhost new` makes it.
    pub fn new(programs: &Path, at: &Path, name: &str, language: Language) -> Result<Self> {
        let made = spellhost(programs)?
            .args(["new", name, "--lang", language.id, "--json"])
            .current_dir(at)
            .stdout(Stdio::null())
            .status()?;
        ensure!(made.success(), "`spellhost new {name}` ended with {made}");
        let own = Self { language, folder: at.join(name) };
        own.edit()?;
        Ok(own)
    }

    /// Saves an edit.
    pub fn edit(&self) -> Result<()> {
        Ok(std::fs::write(self.folder.join(self.language.entry), self.language.edited()?)?)
    }

    /// Builds it with `spellhost build`, the SDK in this cache or in the user's: how long, and the bytes of the component.
    pub fn build(&self, programs: &Path, cache: Option<&Path>) -> Result<(f64, u64)> {
        let mut command = spellhost(programs)?;
        let out = self.folder.join("built.wasm");
        command.args(["build", ".", "--json", "-o"]).arg(&out).current_dir(&self.folder);
        command.envs(cache.map(|cache| ("XDG_CACHE_HOME", cache)));
        let nanoseconds = timed(&mut command)?;
        Ok((nanoseconds, out.metadata()?.len()))
    }

    /// Compiles it with nothing but the compiler.
    pub fn compile(&self) -> Result<f64> {
        match self.language.id {
            "rust" => self.cargo(),
            _ => self.asc(),
        }
    }

    fn cargo(&self) -> Result<f64> {
        let mut command = cargo_command();
        command.args(["rustc", "--quiet", "--release", "--lib", "--crate-type", "cdylib", "--offline"]);
        command.args(["--target", "wasm32-unknown-unknown", "--target-dir", "target/bare"]);
        command.args(RUST_SETTINGS.iter().flat_map(|setting| ["--config", setting]));
        // What started this program must not decide how the spell is built.
        command.env_remove("CARGO_ENCODED_RUSTFLAGS").env_remove("RUSTFLAGS").env_remove("CARGO_TARGET_DIR");
        timed(command.current_dir(&self.folder))
    }

    /// `asc` as its own command, with the SDK where packages are and the glue as the entry.
    fn asc(&self) -> Result<f64> {
        let packages = self.folder.join("node_modules/@spellhost");
        let sdk = self.folder.join(".spellhost/sdk");
        if !packages.join("sdk").exists() {
            std::fs::create_dir_all(&packages)?;
            std::os::unix::fs::symlink(sdk.join("assembly").canonicalize()?, packages.join("sdk"))?;
            let glue = std::fs::read_to_string(sdk.join("glue/guest.ts"))?;
            let entry = format!("\"./{}\"", self.language.entry.trim_end_matches(".ts"));
            let guest = glue.replace("\"./spell\"", &entry).replace("\"SPELL_NAME\"", "\"bare\"");
            std::fs::write(self.folder.join("spellhost-guest.ts"), guest)?;
            std::fs::copy(sdk.join("glue/entry.ts"), self.folder.join("spellhost-entry.ts"))?;
        }
        let mut command = Command::new("node");
        command.args([
            ".spellhost/asc/bin/asc.js",
            "spellhost-entry.ts",
            "--outFile",
            "bare.wasm",
            "--debug",
        ]);
        command.args(["--runtime", "stub", "--initialMemory", "2"]);
        for (import, function) in [("abort", "spellAbort"), ("trace", "spellTrace"), ("seed", "spellSeed")] {
            command.args(["--use", &format!("{import}=~lib/@spellhost/sdk/globals/{function}")]);
        }
        timed(command.current_dir(&self.folder))
    }
}

/// The program of this build, by a name that holds in every folder.
fn spellhost(programs: &Path) -> Result<Command> {
    Ok(Command::new(programs.join("spellhost").canonicalize()?))
}

/// How long it takes to the end; what it says is told where it fails.
fn timed(command: &mut Command) -> Result<f64> {
    let begin = Instant::now();
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    let took = begin.elapsed().as_nanos() as f64;
    let said = [output.stdout, output.stderr].concat();
    ensure!(output.status.success(), "{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&said));
    Ok(took)
}

/// What a save took, in nanoseconds.
pub struct Saved {
    /// From the file system's event to the swap, as the program says.
    pub swapped: f64,
    /// From before the write to the line that says so, as this process sees it.
    pub told: f64,
    /// Each stage by its name.
    pub stages: Vec<f64>,
}

/// The stages by the names of the swap's event, and in words.
pub const STAGES: [(&str, &str); 6] = [
    ("detect_micros", "detect"),
    ("compile_micros", "compile"),
    ("componentise_micros", "componentise"),
    ("admit_micros", "admit"),
    ("translate_micros", "compile for this machine"),
    ("swap_micros", "swap"),
];

/// A `run` that watches a desk.
pub struct Session {
    child: Child,
    lines: Receiver<String>,
}

impl Session {
    /// Starts it, and waits for the first cast.
    pub fn start(programs: &Path, desk: &Desk) -> Result<Self> {
        let mut command = spellhost(programs)?;
        command.args(["run", ".", "--json"]).current_dir(&desk.folder);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let out = BufReader::new(child.stdout.take().context("a standard output")?);
        let (send, lines) = channel();
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        let own = Self { child, lines };
        own.until("cast")?;
        Ok(own)
    }

    /// Edits, and waits until it is swapped in and cast.
    pub fn save(&self, desk: &Desk) -> Result<Saved> {
        let begin = Instant::now();
        desk.edit()?;
        let swap = self.until("swap")?;
        let told = begin.elapsed().as_nanos() as f64;
        self.until("cast")?;
        let nanoseconds = |value: &Value, key: &str| {
            let micros = value[key].as_f64().with_context(|| format!("the swap says no `{key}`: {swap}"))?;
            Ok::<f64, anyhow::Error>(micros * 1e3)
        };
        let stages =
            STAGES.iter().map(|(key, _)| nanoseconds(&swap["stages"], key)).collect::<Result<_>>()?;
        Ok(Saved { swapped: nanoseconds(&swap, "since_save_micros")?, told, stages })
    }

    fn until(&self, event: &str) -> Result<Value> {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).with_context(|| format!("no `{event}` came"))?;
            let value: Value = serde_json::from_str(&line)?;
            if value["error"].is_object() {
                bail!("the spell does not build: {line}");
            }
            if value["event"] == event {
                return Ok(value);
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Its compiler ends with its input.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
