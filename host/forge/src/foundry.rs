//! A stranger's source to a component, on a server: in a cage, without cargo, once for each source.
//!
//! Promises the same bytes for the same source and toolchain, that a repeated source costs nothing,
//! that diagnostics name the author's own files, and that nothing of a build is left behind but its
//! component. Knows no spell, no revision and no queue. A language is a [`Craft`]: one that is added to
//! [`CRAFTS`] can be built.

use std::any::Any;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::asc::Asc;
use crate::cache::Cache;
use crate::cage::{self, Cage, Ending, SourceLimits};
use crate::cancel::Cancel;
use crate::failure::{BuildError, BuildFailure};
use crate::limits::{MADE_MAX, PATH_BYTES_MAX, SOURCE_BYTES_MAX, SOURCE_FILES_MAX};
use crate::output::write_atomic;
use crate::rustc::Rustc;
use crate::sdk;
use crate::text::Textual;

/// What is to be built: files by their path in the spell's folder, such as `src/lib.rs`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    files: BTreeMap<String, Vec<u8>>,
    bytes: usize,
}

/// A component that was made from source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The component.
    pub component: Vec<u8>,
    /// Which compiler it was.
    pub toolchain: String,
    /// What the compiler printed, warnings above all.
    pub rendered: String,
    /// Whether it was made before, and found.
    pub known: bool,
}

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// The source is at fault, or the toolchain is not there.
    #[error(transparent)]
    Failed(BuildFailure),
    /// It took longer than it may.
    #[error("compiling took more than {seconds} s")]
    Late {
        /// What it may take.
        seconds: u64,
    },
    /// Nobody wants it any more.
    #[error("the build was cancelled")]
    Cancelled,
    /// Nothing is compiled from source here.
    #[error("source cannot be compiled safely on this machine: {0}")]
    NoSandbox(String),
    /// The disk, mostly.
    #[error("the build folder cannot be used")]
    System(#[from] io::Error),
}

impl From<BuildFailure> for MakeError {
    fn from(failure: BuildFailure) -> Self {
        Self::Failed(failure)
    }
}

impl From<BuildError> for MakeError {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Failed(failure) => Self::Failed(failure),
            BuildError::Cancelled => Self::Cancelled,
        }
    }
}

/// A language that is built from source here.
pub(crate) trait Craft: Sync {
    /// Its name, as `spell.toml` and messages have it.
    fn name(&self) -> &'static str;
    /// The file that a spell begins in.
    fn entry(&self) -> &'static str;
    /// Which compiler it is: whatever beside source and SDK could change the bytes.
    fn toolchain(&self, bench: &Bench<'_>) -> Result<String, MakeError>;
    /// Whether a process is started, and so a cage needed.
    fn is_caged(&self) -> bool;
    /// Compiles.
    fn make(&self, sources: &Sources, bench: &Bench<'_>) -> Result<Crafted, MakeError>;
}

/// Every language that can be built from source here, the default first.
const CRAFTS: &[&dyn Craft] = &[&Rustc, &Asc, &Textual];

/// What a craft hands back.
pub(crate) struct Crafted {
    pub(crate) component: Vec<u8>,
    pub(crate) rendered: String,
}

/// What a craft works with.
pub(crate) struct Bench<'a> {
    foundry: &'a Foundry,
    folder: PathBuf,
    pub(crate) cancel: &'a Cancel,
}

/// Builds from source. One for a host.
#[derive(Debug)]
pub struct Foundry {
    root: PathBuf,
    program: PathBuf,
    limits: SourceLimits,
    /// Whether compilers run without walls, as the operator wished.
    open: bool,
    cage: OnceLock<Result<(), String>>,
    /// One compiler prepares the SDK, the others wait.
    preparing: Mutex<()>,
    numbers: AtomicU64,
}

/// The names of the languages that can be built from source here, the default first.
pub fn built_languages() -> impl Iterator<Item = &'static str> {
    CRAFTS.iter().map(|craft| craft.name())
}

/// The file that a spell of a language begins in; `None` for a language that is not built here.
pub fn entry_of(language: &str) -> Option<&'static str> {
    craft(language).map(Craft::entry)
}

fn craft(language: &str) -> Option<&'static dyn Craft> {
    CRAFTS.iter().copied().find(|craft| craft.name() == language)
}

/// What there is to know for who writes a spell in a language.
pub fn guide(language: &str) -> &'static str {
    match language {
        "rust" => include_str!("../../../guest-sdk/rust/README.md"),
        "assemblyscript" => include_str!("../../../guest-sdk/assemblyscript/README.md"),
        _ => include_str!("../../../wit/0.1/spell.wit"),
    }
}

/// The language's name as it lives in this program, for a manifest that was read.
pub fn language_named(name: &str) -> Option<&'static str> {
    ["rust", "assemblyscript", "wat"].into_iter().find(|known| *known == name)
}

/// Why a path cannot be one of a revision's, if it cannot.
pub fn bad_path(path: &str) -> Option<String> {
    if path.len() > PATH_BYTES_MAX {
        return Some(format!("a path has at most {PATH_BYTES_MAX} bytes"));
    }
    let is_part = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && !part.contains(['\\', ':'])
            && !part.chars().any(char::is_control)
    };
    (!path.split('/').all(is_part))
        .then(|| format!("`{}` is no path below the spell's folder", path.escape_debug()))
}

impl Sources {
    /// Adds or replaces a file.
    ///
    /// # Errors
    /// A path that leads outside, too many files, too many bytes: a message.
    pub fn put(&mut self, path: &str, content: Vec<u8>) -> Result<(), String> {
        if let Some(wrong) = bad_path(path) {
            return Err(wrong);
        }
        let is_below = |other: &String| {
            let inner = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.starts_with('/'));
            inner(other, path) || inner(path, other)
        };
        if self.files.keys().any(is_below) {
            return Err(format!("`{path}` is a file and a folder"));
        }
        self.bytes += content.len();
        self.bytes -= self.files.insert(path.to_owned(), content).map_or(0, |before| before.len());
        if self.files.len() > SOURCE_FILES_MAX {
            return Err(format!("a spell has at most {SOURCE_FILES_MAX} files"));
        }
        if self.bytes > SOURCE_BYTES_MAX {
            return Err(format!("source and assets have at most {} MiB", SOURCE_BYTES_MAX >> 20));
        }
        Ok(())
    }

    /// Every file by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, content)| (path.as_str(), content.as_slice()))
    }

    /// A file.
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

impl Foundry {
    /// A foundry in a folder of its own, which is emptied of what a killed host left there.
    ///
    /// # Errors
    /// A folder that cannot be used.
    pub fn new(root: PathBuf, limits: SourceLimits, open: bool) -> io::Result<Self> {
        let folders = root.join("folders");
        if folders.exists() {
            fs::remove_dir_all(&folders)?;
        }
        fs::create_dir_all(&folders)?;
        fs::create_dir_all(root.join("made"))?;
        let root = root.canonicalize()?;
        let own = PathBuf::from("/proc/self/exe");
        let program = if own.exists() { own } else { std::env::current_exe()? };
        let (cage, preparing, numbers) = Default::default();
        Ok(Self { root, program, limits, open, cage, preparing, numbers })
    }

    /// Whether a language can be built from source here.
    ///
    /// # Errors
    /// [`MakeError::NoSandbox`] with the reason.
    pub fn check(&self, language: &str) -> Result<(), MakeError> {
        if self.open || !craft(language).is_some_and(Craft::is_caged) {
            return Ok(());
        }
        self.cage.get_or_init(|| self.probe()).clone().map_err(MakeError::NoSandbox)
    }

    /// Builds a cage around nothing.
    fn probe(&self) -> Result<(), String> {
        let folder = self.folder().map_err(|error| error.to_string())?;
        let cage = self.cage(&folder.0, Vec::new(), Vec::new(), &[]);
        match cage::run(&self.program, &cage, &Cancel::new()) {
            Ok(Ending::Exited { success: true, .. }) => Ok(()),
            Ok(Ending::Broken(why)) => Err(why),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Makes a component from source.
    ///
    /// # Errors
    /// [`MakeError`]; then nothing is left of it.
    pub fn make(&self, language: &str, sources: &Sources, cancel: &Cancel) -> Result<Made, MakeError> {
        let craft = craft(language)
            .ok_or_else(|| BuildFailure::new("bad_param", format!("`{language}` is not built here")))?;
        self.check(language)?;
        let folder = self.folder()?;
        let bench = Bench { foundry: self, folder: folder.0.clone(), cancel };
        let toolchain = craft.toolchain(&bench)?;
        let place = self.root.join("made").join(source_digest(craft.name(), &toolchain, sources));
        if let Some(component) = read_made(&place) {
            return Ok(Made { component, toolchain, rendered: String::new(), known: true });
        }
        // What is built into the module is a stranger's, too.
        let crafted =
            catch_unwind(AssertUnwindSafe(|| craft.make(sources, &bench))).unwrap_or_else(|panic| {
                let message = format!("the component cannot be encoded: {}", panic_message(&*panic));
                Err(BuildFailure::new("componentise_failed", message).into())
            })?;
        if cancel.is_cancelled() {
            return Err(MakeError::Cancelled);
        }
        self.remember(&place, &crafted.component);
        let Crafted { component, rendered } = crafted;
        Ok(Made { component, toolchain, rendered, known: false })
    }

    /// Keeps a component by the digest of its source; a full disk only costs time later.
    fn remember(&self, place: &Path, component: &[u8]) {
        let sealed = [blake3::hash(component).as_bytes().as_slice(), component].concat();
        let kept = self.make_room().and_then(|()| write_atomic(place, &sealed));
        if let Err(error) = kept {
            tracing::warn!(%error, "a built component is not kept");
        }
    }

    fn make_room(&self) -> io::Result<()> {
        let mut made: Vec<_> = fs::read_dir(self.root.join("made"))?
            .flatten()
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        if made.len() >= MADE_MAX {
            made.sort();
            made.truncate(MADE_MAX / 4);
            made.iter().try_for_each(|(_, path)| fs::remove_file(path))?;
        }
        Ok(())
    }

    /// A fresh folder, gone when it is dropped.
    fn folder(&self) -> io::Result<Folder> {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let folder = self.root.join("folders").join(number.to_string());
        for part in ["work", "root"] {
            fs::create_dir_all(folder.join(part))?;
        }
        Ok(Folder(folder))
    }

    fn cage(&self, folder: &Path, shown: Vec<cage::Shown>, command: Vec<String>, kept: &[&str]) -> Cage {
        let [root, work] = ["root", "work"].map(|part| folder.join(part));
        let kept = kept.iter().map(|&name| name.to_owned()).collect();
        Cage { root, work, kept, shown, limits: self.limits, command }
    }
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "a build folder cannot be removed");
        }
    }
}

impl Bench<'_> {
    /// The folder that a caged process works in.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// Where the SDK is unpacked and prepared, for all builds.
    pub(crate) fn shared(&self) -> Cache {
        Cache::at(self.foundry.root.join("sdk"))
    }

    /// A turn at what all builds share.
    pub(crate) fn turn(&self) -> std::sync::MutexGuard<'_, ()> {
        self.foundry.preparing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes source into the folder.
    pub(crate) fn write(&self, sources: &Sources) -> io::Result<()> {
        for (path, content) in sources.files() {
            let place = self.work().join(path);
            place.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(place, content)?;
        }
        Ok(())
    }

    /// Whether compilers run without walls.
    pub(crate) fn is_open(&self) -> bool {
        self.foundry.open
    }

    /// Runs a compiler to its end; what it printed, and whether it succeeded. The command is that of
    /// the inside: where there are no walls, it is the host's own. Of what it leaves, one file is kept.
    pub(crate) fn run(
        &self,
        shown: Vec<cage::Shown>,
        command: Vec<String>,
        kept: &str,
    ) -> Result<(bool, Vec<u8>), MakeError> {
        let cage = self.foundry.cage(&self.folder, shown, command, &[kept]);
        let ending = match cage.command.split_first() {
            Some((program, arguments)) if self.is_open() => {
                let arguments: Vec<_> = arguments.iter().map(Into::into).collect();
                cage::run_open(program.as_ref(), &arguments, &cage, self.cancel)?
            }
            _ => cage::run(&self.foundry.program, &cage, self.cancel)?,
        };
        let limits = &self.foundry.limits;
        match ending {
            Ending::Exited { success, printed } => Ok((success, printed)),
            Ending::Late => Err(MakeError::Late { seconds: limits.seconds }),
            Ending::Cancelled => Err(MakeError::Cancelled),
            Ending::Broken(why) => Err(MakeError::NoSandbox(why)),
            Ending::TooLong => {
                let message = format!("the compiler prints more than {} KiB", limits.printed_bytes >> 10);
                Err(BuildFailure::new("compile_limit", message).into())
            }
            Ending::Died(how) => {
                let message = format!(
                    "the compiler was ended ({how}); it may use {} MiB of memory and write files of {} MiB",
                    limits.memory_bytes >> 20,
                    limits.file_bytes >> 20
                );
                Err(BuildFailure::new("compile_limit", message).into())
            }
        }
    }
}

fn source_digest(language: &str, toolchain: &str, sources: &Sources) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("spellhost 0.1 source to component");
    let mut add = |part: &[u8]| {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    };
    [language, toolchain, sdk::digest()].into_iter().for_each(|part| add(part.as_bytes()));
    sources.files().for_each(|(path, content)| [path.as_bytes(), content].into_iter().for_each(&mut add));
    hasher.finalize().to_hex().to_string()
}

/// A component that was made before; `None` where it is not there or was damaged.
fn read_made(place: &Path) -> Option<Vec<u8>> {
    let bytes = fs::read(place).ok()?;
    let (digest, component) = bytes.split_first_chunk::<32>()?;
    (blake3::hash(component).as_bytes() == digest).then(|| component.to_vec())
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked")
}

/// Whether source can be compiled in a sandbox here, for who asks what is missing.
///
/// # Errors
/// Why it cannot.
pub fn sandbox() -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("spellhost-sandbox-{}", std::process::id()));
    let probed = Foundry::new(folder.clone(), SourceLimits::default(), false)
        .map_err(|error| error.to_string())
        .and_then(|foundry| foundry.probe());
    // What cannot be removed is empty.
    let _ = fs::remove_dir_all(folder);
    probed
}
