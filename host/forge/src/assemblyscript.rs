//! AssemblyScript spells: the compiler is installed once for a user, runs in a process of its own, and may stay
//! there for the next build. It promises that a build reads nothing but the spell's folder, the SDK and the compiler,
//! that what the compiler says arrives as it said it, and that the process ends with who asked. It does not know
//! what a component is.

use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde::{Deserialize, Serialize};

use crate::build::{BuildOptions, Progress};
use crate::cache::Cache;
use crate::diagnostic::{Diagnostic, Level};
use crate::failure::{BuildError, BuildFailure};
use crate::folder::Folder;
use crate::limits::{ASC_SECONDS, DIAGNOSTICS_MAX};
use crate::module::{Encoding, Made, with_contract};
use crate::output::neighbour;
use crate::process::{self, Ended};
use crate::sdk;
use crate::toolchain::INSTALL_NODE;
use crate::worker::{Worker, WorkerError};

/// The files that stand around the author's: an error in one of them is about what the author's exports.
const GLUE: &[&str] = &["spellhost-guest.ts", "spellhost-entry.ts"];
const SIGNATURES: &str = "a spell exports `cast(ctx: CastContext): string | null`, and may export `describe(): SpellInfo`, \
     `onEvent(ctx: CastContext, event: SpellEvent): string | null` and `migrate(fromRevision: string, state: Array<u8>): \
     Result<Array<u8>>`";

/// A compiler that stays: the second build of a session takes a fraction of the first, and is not optimised, because
/// whoever stays is about to save again. Cheap to clone; with the last clone the process is gone.
#[derive(Clone, Debug, Default)]
pub struct WarmCompiler(Arc<Mutex<Option<Compiler>>>);

/// A process that compiles.
#[derive(Debug)]
struct Compiler {
    worker: Worker,
    /// The number of the last order; answers to earlier ones are nobody's.
    number: u64,
}

#[derive(Serialize)]
struct Order<'a> {
    number: u64,
    root: &'a Path,
    entry: &'a str,
    name: &'a str,
    optimize: bool,
    colors: bool,
}

#[derive(Deserialize)]
struct Answer {
    number: u64,
    module: Option<String>,
    diagnostics: Vec<Remark>,
    rendered: String,
    failure: Option<String>,
    ignored: Vec<String>,
}

#[derive(Deserialize)]
struct Remark {
    file: Option<PathBuf>,
    line: Option<u32>,
    column: Option<u32>,
    message: String,
    level: String,
}

/// Builds an AssemblyScript spell.
pub(crate) fn build(folder: &Folder, options: &BuildOptions<'_>) -> Result<Made, BuildError> {
    let entry = folder.manifest.entry.as_deref().unwrap_or(folder.manifest.language.entry());
    if !folder.root.join(entry).is_file() {
        let message = format!("the spell `{}` has no code: it belongs into {entry}", folder.id());
        let hint = "`spellhost new NAME --lang assemblyscript` makes a spell with one, to compare";
        return Err(BuildFailure::new("no_entry", message).hint(hint).into());
    }
    let (sdk, compiler) = supply(folder, options)?;
    let answer = match options.warm {
        Some(warm) => {
            let mut kept = warm.0.lock().unwrap_or_else(PoisonError::into_inner);
            // The end of one that waited, for want of memory or by somebody's hand, is no news of this build.
            if kept.as_mut().is_some_and(|compiler| compiler.worker.has_ended()) {
                *kept = None;
            }
            let answer = compile(&mut kept, folder, entry, options, [&sdk, &compiler]);
            // One that failed to answer is no use to the next build.
            if answer.as_ref().is_err_and(|error| error.failure().is_some()) {
                *kept = None;
            }
            answer?
        }
        None => compile(&mut None, folder, entry, options, [&sdk, &compiler])?,
    };
    for name in &answer.ignored {
        let note =
            format!("{name} is not read: a spell is its own files and `@spellhost/sdk`, compiled one way");
        (options.progress)(Progress::Note(note));
    }
    Ok(made(&format!("the spell `{}`", folder.id()), entry, answer)?)
}

/// Which compiler it is.
pub(crate) fn toolchain() -> String {
    let manifest = sdk::text("assemblyscript/package.json").unwrap_or_default();
    let manifest: serde_json::Value = serde_json::from_str(manifest).unwrap_or_default();
    format!("asc {}", manifest["dependencies"]["assemblyscript"].as_str().unwrap_or("of unknown version"))
}

/// The order of a process that is told it with its arguments: the only one.
pub(crate) fn order(root: &Path, entry: &str, name: &str) -> Result<String, BuildFailure> {
    let order = Order { number: 1, root, entry, name, optimize: true, colors: false };
    serde_json::to_string(&order).map_err(|error| crashed(error.to_string()))
}

/// What came of that order; `spell` is what messages call it.
pub(crate) fn answered(answer: &[u8], spell: &str, entry: &str) -> Result<Made, BuildFailure> {
    let answer = serde_json::from_slice(answer).map_err(|error| crashed(error.to_string()))?;
    made(spell, entry, answer)
}

/// A compiler that gave no answer, with what it said last.
pub(crate) fn crashed(said: String) -> BuildFailure {
    BuildFailure::new("build_failed", "the AssemblyScript compiler crashed").rendered(said)
}

/// Puts SDK and compiler where this spell and its editor find them: the folders of both.
fn supply(folder: &Folder, options: &BuildOptions<'_>) -> Result<(PathBuf, PathBuf), BuildError> {
    let place = options.cache.root().display();
    sdk::unpack(&options.cache).map_err(|error| {
        BuildFailure::new("sdk_unavailable", format!("the SDK cannot be unpacked into {place}: {error}"))
            .hint("set XDG_CACHE_HOME to a folder that can be written")
    })?;
    let (sdk, compiler) = (sdk::assemblyscript(&options.cache), install(options)?);
    let links = folder.root.join(".spellhost");
    for (name, target) in [("sdk", sdk.clone()), ("asc", compiler.join("node_modules/assemblyscript"))] {
        // Only editors need them: a folder that cannot be written builds all the same.
        if let Err(error) = sdk::link(&links.join(name), &target) {
            tracing::debug!(%error, name, "no link for editors");
        }
    }
    Ok((sdk, compiler))
}

/// Where the compiler is or will be: a folder of its own for each lock file, so that a new SDK installs it again only
/// where it needs another one.
pub(crate) fn place(cache: &Cache) -> PathBuf {
    let lock = sdk::text("assemblyscript/package-lock.json").unwrap_or_default();
    cache.root().join(format!("asc-{}", &blake3::hash(lock.as_bytes()).to_hex()[..16]))
}

/// Whether the compiler is there.
pub(crate) fn is_installed(place: &Path) -> bool {
    place.join("node_modules/assemblyscript/dist/asc.js").is_file()
}

/// Installs the compiler, unless it is there.
pub(crate) fn install(options: &BuildOptions<'_>) -> Result<PathBuf, BuildError> {
    let place = place(&options.cache);
    if is_installed(&place) {
        return Ok(place);
    }
    let note = format!("installing the AssemblyScript compiler, once, into {}: npm ci", place.display());
    (options.progress)(Progress::Note(note));
    let fresh = neighbour(&place);
    let installed = install_into(&fresh, options).and_then(|()| {
        let moved = fs::rename(&fresh, &place);
        // Another process may have been faster; what it installed is the same.
        moved
            .or_else(|error| if is_installed(&place) { Ok(()) } else { Err(error) })
            .map_err(|error| unwritable(&place, &error).into())
    });
    let _ = fs::remove_dir_all(&fresh);
    installed.map(|()| place)
}

fn unwritable(place: &Path, error: &std::io::Error) -> BuildFailure {
    let message =
        format!("the AssemblyScript compiler cannot be installed into {}: {error}", place.display());
    BuildFailure::new("sdk_unavailable", message).hint("set XDG_CACHE_HOME to a folder that can be written")
}

fn install_into(place: &Path, options: &BuildOptions<'_>) -> Result<(), BuildError> {
    let write = || {
        fs::create_dir_all(place)?;
        ["package.json", "package-lock.json"].iter().try_for_each(|name| {
            fs::write(place.join(name), sdk::text(&format!("assemblyscript/{name}")).unwrap_or_default())
        })
    };
    write().map_err(|error| unwritable(place, &error))?;
    let mut command = Command::new(&options.toolchain.npm);
    // What packages want to run on being installed is not run.
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(place);
    let mut printed = String::new();
    let ended = process::run(&mut command, options.cancel, |_, line| {
        let _ = writeln!(printed, "{line}");
    });
    match ended {
        Ok(Ended::Exited(status)) if status.success() && is_installed(place) => Ok(()),
        Ok(Ended::Cancelled) => Err(BuildError::Cancelled),
        Ok(Ended::Exited(_)) => Err(BuildFailure::new(
            "tool_missing",
            "the AssemblyScript compiler could not be installed with npm",
        )
        .hint("spellhost doctor --fix (it needs the registry of npm, once)")
        .rendered(printed)
        .into()),
        Err(error) => Err(missing("npm", &options.toolchain.npm, &error).into()),
    }
}

fn missing(name: &str, program: &Path, error: &std::io::Error) -> BuildFailure {
    let program = program.display();
    if error.kind() == ErrorKind::NotFound {
        let message = format!("`{program}` was not found: AssemblyScript spells need Node.js 20 or newer");
        BuildFailure::new("tool_missing", message).hint(format!("install it with: {INSTALL_NODE}"))
    } else {
        BuildFailure::new("tool_missing", format!("{name} (`{program}`) cannot be started: {error}"))
    }
}

/// Sends one order and waits for its answer.
fn compile(
    kept: &mut Option<Compiler>,
    folder: &Folder,
    entry: &str,
    options: &BuildOptions<'_>,
    [sdk, compiler]: [&Path; 2],
) -> Result<Answer, BuildError> {
    let running = match kept {
        Some(running) => running,
        None => kept.insert(start(options, sdk, compiler)?),
    };
    running.number += 1;
    let order = Order {
        number: running.number,
        root: &folder.root,
        entry,
        name: folder.manifest.name.as_deref().unwrap_or(folder.id()),
        optimize: options.warm.is_none(),
        colors: options.color,
    };
    running.worker.send(serde_json::to_vec(&order).map_err(|error| crashed(error.to_string()))?);
    loop {
        let frame =
            running.worker.receive(Duration::from_secs(ASC_SECONDS), options.cancel).map_err(|error| {
                match error {
                    WorkerError::Cancelled => BuildError::Cancelled,
                    WorkerError::Ended { said, .. } => crashed(said).into(),
                    other => crashed(other.to_string()).into(),
                }
            })?;
        let answer: Answer = serde_json::from_slice(&frame).map_err(|error| crashed(error.to_string()))?;
        // An order that was cancelled is answered all the same.
        if answer.number == running.number {
            return Ok(answer);
        }
    }
}

fn start(options: &BuildOptions<'_>, sdk: &Path, compiler: &Path) -> Result<Compiler, BuildFailure> {
    let node = &options.toolchain.node;
    let script = sdk.join("compile.mjs");
    let arguments = [script.to_string_lossy(), compiler.to_string_lossy()];
    let worker = Worker::start(node, &[&arguments[0], &arguments[1]])
        .map_err(|error| missing("node", node, &error))?;
    Ok(Compiler { worker, number: 0 })
}

/// What came of an order.
fn made(spell: &str, entry: &str, answer: Answer) -> Result<Made, BuildFailure> {
    let toolchain = toolchain();
    let about_glue = answer.diagnostics.iter().any(|remark| remark.is_error() && remark.is_in_glue());
    let lacks_cast =
        answer.diagnostics.iter().any(|remark| remark.is_in_glue() && remark.message.contains("'cast'"));
    let mut diagnostics: Vec<Diagnostic> = answer
        .diagnostics
        .into_iter()
        .filter_map(|remark| remark.diagnostic(entry))
        .take(DIAGNOSTICS_MAX)
        .collect();
    diagnostics.sort_by_key(|diagnostic| diagnostic.level != Level::Error);
    if let Some(module) = answer.module {
        let module = base64::engine::general_purpose::STANDARD.decode(module).map_err(|error| {
            BuildFailure::new("build_failed", "the compiler's module is damaged").rendered(error.to_string())
        })?;
        let begin = Instant::now();
        let component = with_contract(&module, Encoding::Utf16)?;
        let componentise = begin.elapsed();
        let rendered = answer.rendered;
        return Ok(Made { component, componentise, toolchain, warnings: diagnostics, rendered });
    }
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error).count();
    let failure = if lacks_cast {
        BuildFailure::new("not_a_spell", format!("this is not a spell: {entry} exports no `cast`"))
            .hint(SIGNATURES)
    } else if errors == 0 {
        let why = answer.failure.unwrap_or_else(|| "it says nothing about why".into());
        BuildFailure::new("build_failed", format!("asc cannot build {spell}: {why}"))
    } else {
        let plural = if errors == 1 { "error" } else { "errors" };
        let failure =
            BuildFailure::new("compile_failed", format!("{spell} did not compile: {errors} {plural}"));
        if about_glue { failure.hint(SIGNATURES) } else { failure }
    };
    Err(BuildFailure { diagnostics, rendered: answer.rendered, ..failure })
}

impl Remark {
    fn is_error(&self) -> bool {
        self.level == "error"
    }

    fn is_in_glue(&self) -> bool {
        self.file.as_deref().is_some_and(|file| GLUE.iter().any(|glue| file == Path::new(glue)))
    }

    /// The same for people: a place that is not the author's is not told.
    fn diagnostic(self, entry: &str) -> Option<Diagnostic> {
        let level = match self.level.as_str() {
            "error" => Level::Error,
            "warning" => Level::Warning,
            _ => return None,
        };
        let own = self
            .file
            .filter(|file| !file.starts_with("~lib") && GLUE.iter().all(|glue| file != Path::new(glue)));
        let (line, column) = if own.is_some() { (self.line, self.column) } else { (None, None) };
        Some(Diagnostic {
            file: Some(own.unwrap_or_else(|| entry.into())),
            line,
            column,
            message: self.message,
            level,
        })
    }
}
