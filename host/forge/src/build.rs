//! From a folder to a component. It promises the same bytes for the same source and toolchain, and that
//! nothing outside of cargo's own build folder, `.spellhost` and the cache is written; it does not know where the
//! component goes.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::assemblyscript::{self, WarmCompiler};
use crate::cache::Cache;
use crate::cancel::Cancel;
use crate::compiler;
use crate::diagnostic::Diagnostic;
use crate::failure::{BuildError, BuildFailure};
use crate::folder::Folder;
use crate::language::Language;
use crate::limits::COMPONENT_BYTES_MAX;
use crate::module::{self, Made};
use crate::text;
use crate::toolchain::Toolchain;

/// How to build.
pub struct BuildOptions<'a> {
    /// Keep files and lines for traps. The code is the same with and without; only the size differs.
    pub lines: bool,
    /// Colour in what the compiler prints.
    pub color: bool,
    /// Stops the build.
    pub cancel: &'a Cancel,
    /// Is told what happens, on the calling thread.
    pub progress: &'a dyn Fn(Progress),
    /// What compiles.
    pub toolchain: Toolchain,
    /// Where the SDK is unpacked.
    pub cache: Cache,
    /// A compiler that stays between the builds of a watch loop: an AssemblyScript spell is then built without
    /// optimising, many times faster. Every other language is built as always.
    pub warm: Option<&'a WarmCompiler>,
}

/// What happens during a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Something the author should know, in one line.
    Note(String),
    /// Compilation of a package began.
    Compiling {
        /// Its name.
        package: String,
    },
    /// The core module is made a component.
    Componentising,
}

/// A finished build.
#[derive(Clone)]
pub struct Built {
    /// The component.
    pub component: Vec<u8>,
    /// How long it took.
    pub elapsed: Duration,
    /// How much of it was making the core module a component, after the compiler.
    pub componentise: Duration,
    /// Which compiler it was, such as `rustc 1.95.0 (59807616e 2026-04-14)`.
    pub toolchain: String,
    /// What the compiler warned of in the spell's own code.
    pub warnings: Vec<Diagnostic>,
    /// The warnings as the compiler would have printed them; may be empty.
    pub rendered: String,
}

impl<'a> BuildOptions<'a> {
    /// A small component, without colour, with the user's tools and cache.
    pub fn new(cancel: &'a Cancel, progress: &'a dyn Fn(Progress)) -> Self {
        Self {
            lines: false,
            color: false,
            cancel,
            progress,
            toolchain: Toolchain::find(),
            cache: Cache::user(),
            warm: None,
        }
    }
}

impl fmt::Debug for Built {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Built")
            .field("component_bytes", &self.component.len())
            .field("elapsed", &self.elapsed)
            .field("toolchain", &self.toolchain)
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

/// Builds a spell; returns when it is done, has failed or was cancelled.
pub fn build(folder: &Folder, options: &BuildOptions<'_>) -> Result<Built, BuildError> {
    let begin = Instant::now();
    let made = match folder.manifest.language {
        Language::Rust => rust(folder, options),
        Language::AssemblyScript => assemblyscript::build(folder, options),
        Language::Wat => text::build(folder, options),
    }?;
    if options.cancel.is_cancelled() {
        return Err(BuildError::Cancelled);
    }
    Ok(Built {
        component: made.component,
        elapsed: begin.elapsed(),
        componentise: made.componentise,
        toolchain: made.toolchain,
        warnings: made.warnings,
        rendered: made.rendered,
    })
}

fn rust(folder: &Folder, options: &BuildOptions<'_>) -> Result<Made, BuildError> {
    let (compiled, toolchain) = std::thread::scope(|scope| {
        // Asked while cargo runs, the version costs no time.
        let (toolchain, cancel) = (&options.toolchain, options.cancel);
        let version = scope.spawn(move || toolchain.version(&folder.root, cancel));
        (compiler::rust(folder, options), version.join().ok().flatten())
    });
    let compiled = compiled?;
    (options.progress)(Progress::Componentising);
    let begin = Instant::now();
    let component = module::componentise(&read(&compiled.module)?)?;
    Ok(Made {
        component,
        componentise: begin.elapsed(),
        toolchain: toolchain.unwrap_or_else(|| "rustc of unknown version".to_owned()),
        warnings: compiled.messages.diagnostics,
        rendered: compiled.messages.rendered,
    })
}

fn read(path: &Path) -> Result<Vec<u8>, BuildFailure> {
    let mut bytes = Vec::new();
    let result = File::open(path).and_then(|file| file.take(COMPONENT_BYTES_MAX + 1).read_to_end(&mut bytes));
    match result {
        Ok(_) if bytes.len() as u64 <= COMPONENT_BYTES_MAX => Ok(bytes),
        Ok(_) => Err(BuildFailure::new(
            "componentise_failed",
            format!("the module has more than {} MiB", COMPONENT_BYTES_MAX >> 20),
        )),
        Err(error) => {
            Err(BuildFailure::new("build_failed", format!("`{}` cannot be read: {error}", path.display())))
        }
    }
}
