//! What a spell is run from: a folder that is built, or a component that is read. Either way a
//! revision that is ready to cast comes out.
//!
//! Knows the forge and admission; plays nothing.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use spellhost_forge::{
    BuildError, BuildFailure, BuildOptions, Built, Cancel, Diagnostic, Folder, FolderError, Level, LoadError,
    Progress, RunDefaults, WarmCompiler, Workbench, build, read_component,
};
use spellhost_runtime::{Admitted, Component, Engine, Policy, Rejection, admit};
use spellhost_sim::SpellId;

use crate::listing::listing;
use crate::pack::content;
use crate::problem::Problem;
use crate::screen::Doing;
use spellhost_forge::{ListedFile, Origin, Revision, id_from_name};

/// Where a spell comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder with a `spell.toml`.
    Folder(PathBuf),
    /// A component.
    File(PathBuf),
}

/// A revision that can be cast.
#[derive(Clone)]
pub struct Ready {
    /// The revision.
    pub revision: Revision,
    /// Its component, compiled.
    pub component: Component,
    /// What `[run]` says.
    pub run: RunDefaults,
    /// How long the build took; `None` where nothing was built.
    pub build_time: Option<Duration>,
    /// What its time went into.
    pub stages: Stages,
    /// The compiler's warnings as it printed them.
    pub warnings: String,
    /// Where its files are, and which; nowhere and none where it was no folder.
    pub root: PathBuf,
    /// The files of its manifest beside the component.
    pub files: Vec<ListedFile>,
}

impl Ready {
    /// What is in its files, but for those that have changed since.
    pub fn contents(&self) -> Vec<Vec<u8>> {
        self.files.iter().filter_map(|file| content(&self.root, file).ok()).collect()
    }
}

/// How long each step from source to a component that can be cast took.
#[derive(Clone, Copy, Debug)]
pub struct Stages {
    /// The compiler; `None` where nothing was built, as below.
    pub compile: Option<Duration>,
    /// Making the core module a component.
    pub componentise: Option<Duration>,
    /// Checking it.
    pub admit: Duration,
    /// Compiling it for this machine, linking and describing it.
    pub translate: Duration,
}

/// How a folder is built.
pub struct Making<'a> {
    /// With line tables, so that traps name their line.
    pub lines: bool,
    /// A compiler that stays between builds, for who builds again and again.
    pub warm: Option<&'a WarmCompiler>,
    /// Whether the compiler's text may be coloured.
    pub color: bool,
    /// What the component may be.
    pub policy: &'a Policy,
    /// Stops the build.
    pub cancel: &'a Cancel,
    /// Told what is being done.
    pub progress: &'a dyn Fn(Doing),
}

impl Source {
    /// Looks at what the path is.
    ///
    /// # Errors
    /// Where it is nothing.
    pub fn at(path: &Path) -> Result<Self, Problem> {
        if path.is_dir() {
            return Ok(Self::Folder(path.into()));
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match path.metadata() {
            Ok(_) if path.file_name().is_some_and(|name| name == "spell.toml") => {
                Ok(Self::Folder(parent.into()))
            }
            Ok(_) => Ok(Self::File(path.into())),
            Err(error) => {
                let message = format!("there is no spell at `{}`", path.display());
                Err(Problem::usage("missing", message).because(&error).hint("spellhost new NAME"))
            }
        }
    }

    /// The path to watch and to name.
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) | Self::File(path) => path,
        }
    }

    /// Builds or reads it, checks it and compiles it for this machine.
    ///
    /// # Errors
    /// What is wrong with the folder, the source, the component, or that it was cancelled.
    pub fn ready(&self, engine: &Engine, making: &Making) -> Result<Ready, Problem> {
        match self {
            Self::Folder(path) => {
                let folder = open(path)?;
                let started = Instant::now();
                let built = make(&folder, making)?;
                let build_time = Some(started.elapsed());
                // After the build: the first one writes the lock file.
                let files = listing(&folder)?;
                let spell = SpellId::parse(folder.id())
                    .ok_or_else(|| Problem::failed("bad_spell_id", folder.id()))?;
                let (component, [admit, translate]) = timed_load(engine, &built.component, making)?;
                let compile = built.elapsed.saturating_sub(built.componentise);
                let (compile, componentise) = (Some(compile), Some(built.componentise));
                let origin = Origin {
                    language: Some(folder.manifest.language.name()),
                    limits: folder.manifest.limits,
                    toolchain: Some(built.toolchain),
                    files: files.clone(),
                };
                let revision = Revision::new(spell, &component, &origin);
                Ok(Ready {
                    revision,
                    component,
                    run: folder.manifest.run,
                    build_time,
                    stages: Stages { compile, componentise, admit, translate },
                    warnings: built.rendered,
                    root: folder.root,
                    files,
                })
            }
            Self::File(path) => {
                let (component, [admit, translate]) = timed_load(engine, &read(path)?, making)
                    .map_err(|problem| problem.at(path.display(), None, None))?;
                let stem = path.file_stem().unwrap_or_default().to_string_lossy();
                let revision = Revision::new(id_from_name(&stem), &component, &Origin::default());
                Ok(Ready {
                    revision,
                    component,
                    run: RunDefaults::default(),
                    build_time: None,
                    stages: Stages { compile: None, componentise: None, admit, translate },
                    warnings: String::new(),
                    root: PathBuf::new(),
                    files: Vec::new(),
                })
            }
        }
    }
}

/// Opens a spell's folder.
///
/// # Errors
/// What is wrong with it or its `spell.toml`.
pub fn open(path: &Path) -> Result<Folder, Problem> {
    Folder::open(path).map_err(|error| folder_problem(&error))
}

/// Builds a spell's folder.
///
/// # Errors
/// The compiler's own diagnostics, or that it was cancelled.
pub fn make(folder: &Folder, making: &Making) -> Result<Built, Problem> {
    (making.progress)(Doing::Stage(&format!("building {}", folder.id())));
    let told = |progress: Progress| match progress {
        Progress::Note(line) => (making.progress)(Doing::Note(&line)),
        Progress::Compiling { .. } | Progress::Componentising => {}
    };
    let mut options = BuildOptions::new(making.cancel, &told);
    options.lines = making.lines;
    options.warm = making.warm;
    options.color = making.color;
    build(folder, &options).map_err(|error| match &error {
        BuildError::Cancelled => Problem::interrupted(),
        BuildError::Failed(failure) => build_problem(folder, failure),
    })
}

/// Reads a component's bytes.
///
/// # Errors
/// Where there is no readable file.
pub fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    read_component(path).map_err(|error| {
        // What is there and cannot be a spell failed; what is not there was named wrongly.
        let about_content = matches!(error.code, "empty" | "too_large");
        let new = if about_content { Problem::failed } else { Problem::usage };
        let problem = new(error.code, error.to_string()).at(path.display(), None, None);
        error.hint.iter().fold(problem, |problem, hint| problem.hint(hint.clone()))
    })
}

/// Checks a component's bytes and compiles them, in a child process with limits.
///
/// # Errors
/// Why it is not a spell, or that it was cancelled.
pub fn load(engine: &Engine, bytes: &[u8], policy: &Policy, cancel: &Cancel) -> Result<Component, Problem> {
    let admitted: Admitted = admit(bytes, policy).map_err(|rejection| not_a_spell(&rejection))?;
    compile(engine, admitted, cancel)?.map_err(|rejection| not_a_spell(&rejection))
}

/// The same, with how long the check took and then the compiler.
fn timed_load(engine: &Engine, bytes: &[u8], making: &Making) -> Result<(Component, [Duration; 2]), Problem> {
    let begin = Instant::now();
    let admitted: Admitted = admit(bytes, making.policy).map_err(|rejection| not_a_spell(&rejection))?;
    let admission = begin.elapsed();
    let component = compile(engine, admitted, making.cancel)?.map_err(|rejection| not_a_spell(&rejection))?;
    Ok((component, [admission, begin.elapsed().saturating_sub(admission)]))
}

/// Compiles what was admitted, in a child process with limits.
///
/// # Errors
/// That it was cancelled, or that this machine starts no child; a rejection is the answer itself.
pub fn compile(
    engine: &Engine,
    admitted: Admitted,
    cancel: &Cancel,
) -> Result<Result<Component, Rejection>, Problem> {
    let workbench = Workbench::of_this_program()
        .map_err(|error| Problem::usage("compiler", "cannot find this program itself").because(&error))?;
    match workbench.load(engine, admitted, cancel) {
        Ok(component) => Ok(Ok(component)),
        Err(LoadError::Rejected(rejection)) => Ok(Err(rejection)),
        Err(LoadError::Cancelled) => Err(Problem::interrupted()),
        Err(error @ LoadError::Start(_)) => {
            Err(Problem::usage("compiler", "cannot compile a component").because(&error))
        }
    }
}

/// Why a component is not a spell.
pub fn not_a_spell(rejection: &Rejection) -> Problem {
    let mut problem =
        Problem::failed(rejection.code(), format!("this is not a spell: {}", rejection.message()));
    problem.causes = rejection.problems.iter().skip(1).map(|other| other.message.clone()).collect();
    problem.hints = rejection.problems.iter().filter_map(|each| each.hint.clone()).collect();
    problem.hints.dedup();
    problem
}

/// What is wrong with a folder or the file that describes it.
pub fn folder_problem(error: &FolderError) -> Problem {
    let message = error.to_string();
    let problem = if error.is_environment() {
        Problem::usage(error.code, message)
    } else {
        Problem::failed(error.code, message)
    };
    let mut problem = problem.at(error.file.display(), error.line, error.column);
    problem.hints.extend(error.hint.clone());
    problem.text = Some(error.render());
    problem
}

fn build_problem(folder: &Folder, failure: &BuildFailure) -> Problem {
    let (code, message) = (failure.code, failure.message.clone());
    let mut problem =
        if failure.is_environment() { Problem::usage(code, message) } else { Problem::failed(code, message) };
    problem.detail = failure.rendered.clone();
    problem.hints.extend(failure.hint.clone());
    let worst = |diagnostic: &&Diagnostic| diagnostic.level == Level::Error && diagnostic.file.is_some();
    if let Some(first) = failure.diagnostics.iter().find(worst) {
        let file = first.file.clone().unwrap_or_default();
        let shown = if file.is_relative() {
            file
        } else {
            file.strip_prefix(&folder.root).map(Into::into).unwrap_or(file)
        };
        problem = problem.at(shown.display(), first.line, first.column);
        problem.causes.push(first.message.clone());
    }
    problem
}
