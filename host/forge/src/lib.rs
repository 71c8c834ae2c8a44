//! From a folder with a spell's source to the bytes of a component, and back again on every save.
//!
//! This crate alone starts child processes and watches files. It promises that a wrong folder, a wrong
//! `spell.toml` and a failed compilation end in an error that names the place and the next step, that a
//! cancelled build leaves nothing half written, that the same source gives the same bytes, and that a
//! stranger's component is compiled where it can harm nobody. It does deliberately not know what a
//! component does when it runs.

mod archive;
mod asc;
mod assemblyscript;
mod build;
mod bundle;
mod cache;
mod cage;
mod cancel;
mod canonical;
mod compiler;
mod component;
mod confined;
mod diagnostic;
mod failure;
mod fields;
mod folder;
mod foundry;
mod interface;
mod language;
pub mod limits;
mod manifest;
mod messages;
mod module;
mod output;
mod package;
mod place;
mod plan;
mod process;
mod revision;
mod rustc;
mod scene;
mod sdk;
mod sources;
mod suggestion;
pub mod template;
mod text;
pub mod toolchain;
mod walls;
mod watch;
mod workbench;
mod worker;

pub use archive::BundleError;
pub use assemblyscript::WarmCompiler;
pub use build::{BuildOptions, Built, Progress, build};
pub use bundle::{Bundle, COMPONENT, PACKAGE_TYPE};
pub use cache::Cache;
pub use cage::{CAGE_COMMAND, SourceLimits};
pub use cancel::Cancel;
pub use component::{ReadError, read_component};
pub use diagnostic::{Diagnostic, Level};
pub use failure::{BuildError, BuildFailure};
pub use folder::{Folder, FolderError};
pub use foundry::{
    Foundry, Made, MakeError, Sources, bad_path, built_languages, entry_of, guide, language_named, sandbox,
};
pub use interface::interface;
pub use language::Language;
pub use manifest::{Limits, Manifest, ParamValue, RunDefaults, RunRemote, RunWorld};
pub use output::write_atomic;
pub use place::{Carried, PLACE, Package, Place, PlaceManifest};
pub use revision::{ListedFile, Origin, Revision, digest_of, id_from_name};
pub use scene::{Binding, SCENE, Scene};
pub use toolchain::Toolchain;
pub use walls::enter;
pub use watch::{Watch, WatchError, WatchEvent};
pub use workbench::{COMMAND, CompileLimits, LoadError, Workbench, serve};
pub use worker::{Worker, WorkerError, confine, read_frame, write_frame};
