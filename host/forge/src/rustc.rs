//! A stranger's Rust to a component: `rustc` alone, in a cage, against an SDK that was compiled before.
//!
//! One crate, its modules and the SDK: no cargo, so no build scripts, no dependencies, and no
//! procedural macros. Promises bytes that do not depend on where the build lay. The first build on a
//! host compiles the SDK (1 s); then a spell takes half a second.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::cage::{Shown, WORK, answer, libraries};
use crate::diagnostic::{Diagnostic, Level};
use crate::failure::BuildFailure;
use crate::foundry::{Bench, Craft, Crafted, MakeError, Sources};
use crate::limits::{COMPONENT_BYTES_MAX, DIAGNOSTICS_MAX, STACK_BYTES};
use crate::module;
use crate::output::write_atomic;
use crate::plan::TARGET;
use crate::sdk;
use crate::toolchain::{INSTALL_RUST, INSTALL_TARGET, Toolchain};

const ENTRY: &str = "src/lib.rs";
const MODULE: &str = "spell.wasm";
/// Where the toolchain is inside.
const TOOLCHAIN: &str = "/toolchain";
/// Where the SDK is inside.
const SDK: &str = "/sdk";
const LIBRARY: &str = "libspellhost_sdk.rlib";

/// The settings of both compilations; those of [`crate::plan`], as flags.
const SETTINGS: &[&str] =
    &["-Copt-level=s", "-Ccodegen-units=1", "-Cpanic=abort", "-Cdebuginfo=0", "-Cstrip=debuginfo"];

/// Rust.
pub(crate) struct Rustc;

/// An installed toolchain, as far as a cage shows it.
struct Installed {
    sysroot: PathBuf,
    version: String,
}

impl Craft for Rustc {
    fn name(&self) -> &'static str {
        "rust"
    }

    fn entry(&self) -> &'static str {
        ENTRY
    }

    fn toolchain(&self, bench: &Bench<'_>) -> Result<String, MakeError> {
        Ok(find(bench)?.version)
    }

    fn is_caged(&self) -> bool {
        true
    }

    fn make(&self, sources: &Sources, bench: &Bench<'_>) -> Result<Crafted, MakeError> {
        if sources.get(ENTRY).is_none() {
            return Err(BuildFailure::new("no_source", format!("there is no `{ENTRY}`")).into());
        }
        let installed = find(bench)?;
        let library = prepare(bench, &installed)?;
        bench.write(sources)?;
        let (inside, shown) = match library.parent() {
            Some(folder) if !bench.is_open() => {
                let mut shown = shown(&installed)?;
                shown.push(Shown { host: folder.to_owned(), inside: SDK.into() });
                (Path::new(SDK).join(LIBRARY), shown)
            }
            _ => (library.clone(), Vec::new()),
        };
        let mut command = installed.command(bench);
        command.extend(["--crate-name=spell", "--crate-type=cdylib", "-Clto=fat"].map(str::to_owned));
        command.extend([
            format!("-Clink-arg=-zstack-size={STACK_BYTES}"),
            "--error-format=json".into(),
            format!("--extern=spellhost_sdk={}", inside.display()),
            format!("--remap-path-prefix={}=", bench.work().display()),
            format!("--remap-path-prefix={WORK}="),
            format!("-o{MODULE}"),
            ENTRY.into(),
        ]);
        let (success, printed) = bench.run(shown, command, MODULE)?;
        let said = Said::read(&printed, sources);
        if !success {
            return Err(said.failure().into());
        }
        let module = read_module(&bench.work().join(MODULE))?;
        let component = module::componentise(&module)?;
        Ok(Crafted { component, rendered: said.rendered })
    }
}

impl Installed {
    /// The beginning of a command, as it is inside.
    fn command(&self, bench: &Bench<'_>) -> Vec<String> {
        let root = if bench.is_open() { self.sysroot.clone() } else { PathBuf::from(TOOLCHAIN) };
        let mut command = vec![
            root.join("bin/rustc").display().to_string(),
            format!("--sysroot={}", root.display()),
            "--edition=2024".into(),
            format!("--target={TARGET}"),
        ];
        command.extend(SETTINGS.iter().map(|&setting| setting.to_owned()));
        command
    }
}

/// The toolchain that compiles here. Asked anew for each build: an upgrade makes other bytes.
fn find(bench: &Bench<'_>) -> Result<Installed, MakeError> {
    let toolchain = Toolchain::find();
    let ask = |program: &Path, argument: &str| {
        let mut command = Command::new(program);
        command.arg(argument).current_dir(bench.work());
        answer(&mut command, bench.cancel)
    };
    let missing = || {
        BuildFailure::new("tool_missing", "this host has no Rust to compile with")
            .hint(format!("install it with: {INSTALL_RUST}"))
    };
    let sysroot = ask(&toolchain.rustc, "--print=sysroot").map(PathBuf::from).ok_or_else(missing)?;
    // Where rustup is, it answers for the compiler; what runs is the compiler itself.
    let version = ask(&sysroot.join("bin/rustc"), "--version").ok_or_else(missing)?;
    if !sysroot.join("lib/rustlib").join(TARGET).is_dir() {
        let message = format!("the Rust of this host has no `{TARGET}` target");
        return Err(BuildFailure::new("target_missing", message)
            .hint(format!("install it with: {INSTALL_TARGET}"))
            .into());
    }
    Ok(Installed { sysroot, version })
}

/// What a cage shows of a toolchain: the compiler, its own folder of libraries, and the shared
/// libraries that it and the linker load.
fn shown(installed: &Installed) -> Result<Vec<Shown>, MakeError> {
    let sysroot = installed.sysroot.canonicalize()?;
    let rustc = sysroot.join("bin/rustc");
    let mut shown = BTreeSet::new();
    for part in ["bin/rustc", "lib/rustlib"] {
        shown.insert(Shown { host: sysroot.join(part), inside: Path::new(TOOLCHAIN).join(part) });
    }
    for program in [Some(rustc), linker(&sysroot)].into_iter().flatten() {
        for library in libraries(&program) {
            let Ok(real) = library.canonicalize() else { continue };
            // A name of the toolchain's own may be a link that is not beside its file.
            let own = normal(&library);
            let inside = match own.strip_prefix(&sysroot) {
                Ok(inner) if inner.starts_with("lib/rustlib") => continue,
                Ok(inner) => Path::new(TOOLCHAIN).join(inner),
                Err(_) => own,
            };
            shown.insert(Shown { host: real, inside });
        }
    }
    Ok(shown.into_iter().collect())
}

fn linker(sysroot: &Path) -> Option<PathBuf> {
    let hosts = fs::read_dir(sysroot.join("lib/rustlib")).ok()?.flatten();
    hosts.map(|host| host.path().join("bin/rust-lld")).find(|linker| linker.is_file())
}

/// A path without `..`, which stays where a link would lead elsewhere.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

/// The SDK, compiled by this toolchain; made once.
fn prepare(bench: &Bench<'_>, installed: &Installed) -> Result<PathBuf, MakeError> {
    let _turn = bench.turn();
    let shared = bench.shared();
    let key = blake3::hash(format!("{} {}", sdk::digest(), installed.version).as_bytes()).to_hex();
    let place = shared.root().join(format!("rust-{}", &key[..16])).join(LIBRARY);
    if place.is_file() {
        return Ok(place);
    }
    let source = sdk::unpack(&shared)?;
    let from = if bench.is_open() { source.clone() } else { PathBuf::from("/source") };
    let mut command = installed.command(bench);
    command
        .extend(["--crate-name=spellhost_sdk", "--crate-type=rlib", "--cap-lints=allow"].map(str::to_owned));
    for feature in ["bump-allocator", "panic-log"] {
        command.extend(["--cfg".into(), format!("feature=\"{feature}\"")]);
    }
    command.extend([
        format!("--remap-path-prefix={}=spellhost-sdk", from.display()),
        format!("-o{LIBRARY}"),
        from.join("src/lib.rs").display().to_string(),
    ]);
    let shown = if bench.is_open() {
        Vec::new()
    } else {
        let mut shown = shown(installed)?;
        shown.push(Shown { host: source, inside: from });
        shown
    };
    let (success, printed) = bench.run(shown, command, LIBRARY)?;
    if !success {
        let text = String::from_utf8_lossy(&printed).into_owned();
        return Err(BuildFailure::new("sdk_unavailable", "the SDK does not compile here")
            .rendered(text)
            .into());
    }
    let made = bench.work().join(LIBRARY);
    let library = fs::read(&made)?;
    fs::remove_file(made)?;
    place.parent().map_or(Ok(()), fs::create_dir_all)?;
    write_atomic(&place, &library)?;
    Ok(place)
}

fn read_module(path: &Path) -> Result<Vec<u8>, MakeError> {
    let size = path.symlink_metadata()?;
    if !size.is_file() || !(1..=COMPONENT_BYTES_MAX).contains(&size.len()) {
        return Err(BuildFailure::new("componentise_failed", "the compiler left no module").into());
    }
    Ok(fs::read(path)?)
}

/// What rustc said.
#[derive(Default)]
struct Said {
    diagnostics: Vec<Diagnostic>,
    rendered: String,
}

#[derive(Deserialize)]
struct Line {
    message: String,
    level: String,
    rendered: Option<String>,
    #[serde(default)]
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: u32,
    column_start: u32,
    is_primary: bool,
    expansion: Option<Box<Expansion>>,
}

#[derive(Deserialize)]
struct Expansion {
    span: Span,
}

impl Said {
    fn read(printed: &[u8], sources: &Sources) -> Self {
        let mut said = Self::default();
        for line in String::from_utf8_lossy(printed).lines() {
            match serde_json::from_str::<Line>(line) {
                Ok(line) => said.take(&line, sources),
                Err(_) => said.print(line),
            }
        }
        said.diagnostics.sort_by_key(|diagnostic| diagnostic.level == Level::Warning);
        said
    }

    fn print(&mut self, text: &str) {
        self.rendered.push_str(text.trim_end());
        self.rendered.push('\n');
    }

    fn take(&mut self, line: &Line, sources: &Sources) {
        let level = if line.level.starts_with("error") { Level::Error } else { Level::Warning };
        let first = line.message.lines().next().unwrap_or_default();
        let summary = first.starts_with("aborting due to") || first.starts_with("For more information about");
        if summary || (line.spans.is_empty() && first.ends_with("emitted")) {
            return;
        }
        self.print(line.rendered.as_deref().unwrap_or(first));
        let is_remark = line.level == "warning" || level == Level::Error;
        if !is_remark || self.diagnostics.len() >= DIAGNOSTICS_MAX {
            return;
        }
        let span = line.spans.iter().find(|span| span.is_primary).map(|span| authors(span, sources));
        self.diagnostics.push(Diagnostic {
            file: span.map(|span| PathBuf::from(&span.file_name)),
            line: span.map(|span| span.line_start),
            column: span.map(|span| span.column_start),
            message: first.to_owned(),
            level,
        });
    }

    fn failure(self) -> BuildFailure {
        let errors = self.diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error).count();
        let message = match errors {
            0 => "the compiler failed without saying why".to_owned(),
            1 => "the spell did not compile: 1 error".to_owned(),
            more => format!("the spell did not compile: {more} errors"),
        };
        BuildFailure {
            diagnostics: self.diagnostics,
            rendered: self.rendered,
            ..BuildFailure::new("compile_failed", message)
        }
    }
}

/// The author's own place of something that happened inside a macro.
fn authors<'s>(span: &'s Span, sources: &Sources) -> &'s Span {
    let mut at = span;
    while sources.get(&at.file_name).is_none() {
        match &at.expansion {
            Some(expansion) => at = &expansion.span,
            None => return span,
        }
    }
    at
}
