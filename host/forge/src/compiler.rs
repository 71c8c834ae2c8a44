//! The author's own compiler, run until there is a core module or a reason why not. It promises to try
//! again where another way may work (the network, the wasm target, another build folder), each once, and
//! to say so; it does not know what a component is.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::build::{BuildOptions, Progress};
use crate::failure::{BuildError, BuildFailure};
use crate::folder::Folder;
use crate::messages::Messages;
use crate::package::{Package, normal};
use crate::plan::{self, Plan, TARGET, Wanted};
use crate::process::{self, Ended, Stream};
use crate::sdk;
use crate::toolchain::{INSTALL_RUST, INSTALL_TARGET};

/// What a compilation that succeeded leaves.
pub(crate) struct Compiled {
    pub(crate) module: PathBuf,
    pub(crate) messages: Messages,
}

/// Compiles a Rust spell to a core module.
pub(crate) fn rust(folder: &Folder, options: &BuildOptions<'_>) -> Result<Compiled, BuildError> {
    let root = normal(&folder.root);
    if !root.join("Cargo.toml").is_file() {
        let message = format!("the spell `{}` has no Cargo.toml", folder.id());
        return Err(BuildFailure::new("manifest_failed", message).hint(NEW_SHOWS).into());
    }
    let package = Package::read(&root);
    supply_sdk(&package, options)?;
    let workspace = workspace(&root, &package, options)?;
    // Apart from what the author's own cargo and editor build, which would wait for each other.
    let own = workspace.join(sdk::BUILT);
    let elsewhere = options.cache.target(&root);
    let mut wanted = Wanted {
        cargo: &options.toolchain.cargo,
        root: &root,
        workspace: &workspace,
        sdk: package.sdk.as_deref(),
        lines: options.lines,
        color: options.color,
        online: false,
        target_dir: &own,
    };
    let mut installed = false;
    loop {
        let messages = execute(&plan::rust(wanted), options, Messages::new(&root, &workspace))?;
        if let Some((module, entry)) = &messages.artifact {
            check_entry(folder, &root, entry)?;
            return Ok(Compiled { module: module.clone(), messages });
        }
        if messages.says(&format!("`{TARGET}` target may not be installed")) && !installed {
            installed = true;
            install_target(&root, options)?;
        } else if messages.says("--offline") && !wanted.online {
            wanted.online = true;
            (options.progress)(Progress::Note(
                "fetching dependencies: this spell uses more than the SDK".into(),
            ));
        } else if cannot_write(&messages) && wanted.target_dir == own {
            wanted.target_dir = &elsewhere;
            let note = format!("the spell's folder cannot be written: building in {}", elsewhere.display());
            (options.progress)(Progress::Note(note));
        } else {
            return Err(explain(folder, &package, messages).into());
        }
    }
}

const NEW_SHOWS: &str = "`spellhost new NAME` makes a spell with one, to compare";

/// Puts the carried SDK where the spell expects it.
fn supply_sdk(package: &Package, options: &BuildOptions<'_>) -> Result<(), BuildFailure> {
    let Some(link) = package.link() else { return Ok(()) };
    let unavailable = |what: String, error: std::io::Error| {
        BuildFailure::new("sdk_unavailable", format!("{what}: {error}"))
            .hint("make the folder writable, or copy the spell to a folder of your own")
    };
    let place = options.cache.root().display();
    let sdk = sdk::unpack(&options.cache)
        .map_err(|error| unavailable(format!("the SDK cannot be unpacked into {place}"), error))?;
    // In a folder that cannot be written, a link that leads to an SDK is better than none.
    match sdk::link(link, &sdk) {
        Err(error) if !link.join("Cargo.toml").is_file() => {
            Err(unavailable(format!("the link {} to the SDK cannot be made", link.display()), error))
        }
        _ => Ok(()),
    }
}

/// The root of the cargo workspace that the spell is in. Cargo is only asked where there may be one.
fn workspace(root: &Path, package: &Package, options: &BuildOptions<'_>) -> Result<PathBuf, BuildError> {
    if !package.may_be_member {
        return Ok(root.to_owned());
    }
    let mut command = Command::new(&options.toolchain.cargo);
    command
        .args(["locate-project", "--workspace", "--message-format", "plain", "--offline"])
        .current_dir(root);
    let answer = process::answer(&mut command, options.cancel).map_err(|error| no_cargo(options, &error))?;
    // Without an answer cargo's complaint comes with the build.
    let found = answer.and_then(|manifest| Path::new(&manifest).parent().map(Path::to_owned));
    Ok(found.filter(|found| root.starts_with(found)).unwrap_or_else(|| root.to_owned()))
}

fn execute(plan: &Plan, options: &BuildOptions<'_>, mut messages: Messages) -> Result<Messages, BuildError> {
    let mut command = Command::new(&plan.program);
    command
        .args(&plan.arguments)
        .current_dir(&plan.folder)
        .envs(plan.environment.iter().map(|(key, value)| (key, value)));
    tracing::debug!(?command, "compiling");
    let ended = process::run(&mut command, options.cancel, |stream, line| match stream {
        Stream::Out => messages.out(line),
        Stream::Error => {
            if let Some(package) = messages.error(line) {
                (options.progress)(Progress::Compiling { package: package.to_owned() });
            } else if line.contains("waiting for file lock on") && line.contains("directory") {
                // Its locks on caches that all cargos share are over in a moment, and no news.
                (options.progress)(Progress::Note(
                    "waiting for another cargo that builds in the same folder".into(),
                ));
            }
        }
    });
    match ended.map_err(|error| no_cargo(options, &error))? {
        Ended::Cancelled => Err(BuildError::Cancelled),
        Ended::Exited(status) if status.success() => Ok(messages),
        Ended::Exited(_) => {
            messages.artifact = None;
            Ok(messages)
        }
    }
}

fn no_cargo(options: &BuildOptions<'_>, error: &std::io::Error) -> BuildFailure {
    let cargo = options.toolchain.cargo.display();
    match error.kind() {
        ErrorKind::NotFound => {
            BuildFailure::new("tool_missing", format!("`{cargo}` was not found: Rust spells need Rust"))
                .hint(format!("install it with: {INSTALL_RUST}"))
        }
        _ => BuildFailure::new("tool_missing", format!("`{cargo}` cannot be started: {error}")),
    }
}

fn install_target(root: &Path, options: &BuildOptions<'_>) -> Result<(), BuildError> {
    (options.progress)(Progress::Note(format!("installing the wasm target: {INSTALL_TARGET}")));
    let result = options.toolchain.install_target(root, options.cancel);
    if options.cancel.is_cancelled() {
        return Err(BuildError::Cancelled);
    }
    result.map_err(|printed| {
        BuildFailure::new("target_missing", format!("Rust's `{TARGET}` target is not installed"))
            .hint(format!("install it with: {INSTALL_TARGET}"))
            .rendered(printed)
            .into()
    })
}

/// Whether a build failed for want of the right to write.
fn cannot_write(messages: &Messages) -> bool {
    messages.says("Permission denied") || messages.says("Read-only file system")
}

fn check_entry(folder: &Folder, root: &Path, built: &Path) -> Result<(), BuildFailure> {
    let Some(entry) = &folder.manifest.entry else { return Ok(()) };
    let same = |path: &Path| path.canonicalize().ok();
    if same(&root.join(entry)) == same(built) {
        return Ok(());
    }
    let built = built.strip_prefix(root).unwrap_or(built).display();
    let message = format!("spell.toml says `entry = \"{entry}\"`, but Cargo.toml builds `{built}`");
    Err(BuildFailure::new("manifest_failed", message)
        .hint("leave `entry` out, or set `path` in `[lib]` of Cargo.toml"))
}

/// Why there is no core module.
fn explain(folder: &Folder, package: &Package, messages: Messages) -> BuildFailure {
    // A compiler that is not the one that rustup installs targets for.
    if messages
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.message.contains("can't find crate for `core`"))
        || messages.says("target may not be installed")
    {
        return BuildFailure::new("target_missing", format!("the compiler in use has no `{TARGET}` target"))
            .hint(format!("install it with: {INSTALL_TARGET}; `which rustc` must be rustup's own"))
            .rendered(messages.rendered);
    }
    let errors =
        messages.diagnostics.iter().filter(|diagnostic| diagnostic.level == crate::Level::Error).count();
    if errors > 0 {
        let plural = if errors == 1 { "error" } else { "errors" };
        return BuildFailure {
            diagnostics: messages.diagnostics,
            rendered: messages.rendered,
            ..BuildFailure::new(
                "compile_failed",
                format!("the spell `{}` did not compile: {errors} {plural}", folder.id()),
            )
        };
    }
    let failure = explain_cargo(folder, package, &messages);
    let place = messages.cargo_diagnostic();
    BuildFailure {
        diagnostics: place.into_iter().collect(),
        rendered: messages.cargo_error().to_owned(),
        ..failure
    }
}

/// Why cargo did not come to compiling.
fn explain_cargo(folder: &Folder, package: &Package, messages: &Messages) -> BuildFailure {
    let says = |text| messages.says(text);
    if cannot_write(messages) {
        let message = format!("`{}` cannot be written, and building needs it", folder.root.display());
        return BuildFailure::new("read_only", message)
            .hint("copy the spell to a folder of your own and build it there");
    }
    if says("no library targets found")
        || says("can't find lib")
        || says("no targets specified in the manifest")
    {
        let message = format!(
            "the spell `{}` has no library: its code belongs into {}",
            folder.id(),
            folder.manifest.language.entry()
        );
        return BuildFailure::new("no_library", message).hint(NEW_SHOWS);
    }
    if says("is a virtual manifest") {
        let message = "Cargo.toml has no [package]: this is the root of a workspace, not a spell";
        return BuildFailure::new("manifest_failed", message).hint("give the folder of one of its members");
    }
    if says("current package believes it's in a workspace when it's not") {
        let message = "a folder above holds a cargo workspace that this spell is not a member of";
        return BuildFailure::new("manifest_failed", message)
            .hint("add an empty `[workspace]` to the spell's Cargo.toml");
    }
    let no_sdk = match &package.sdk {
        Some(path) => !path.join("Cargo.toml").is_file(),
        None => {
            says("no matching package named `spellhost-sdk`")
                || says("failed to select a version for the requirement `spellhost-sdk")
        }
    };
    if no_sdk {
        let message = "the spell's `spellhost-sdk` is not where its Cargo.toml says";
        let hint =
            "write `spellhost-sdk = { path = \".spellhost/sdk\" }`: spellhost puts the SDK there itself";
        return BuildFailure::new("manifest_failed", message).hint(hint);
    }
    if says("two packages named `spellhost-sdk`") {
        let message = "two spells of this cargo workspace name two folders as their `spellhost-sdk`";
        return BuildFailure::new("manifest_failed", message)
            .hint("write the same path in both Cargo.toml, such as `../.spellhost/sdk`, or leave one out of the workspace");
    }
    if says("is not supported by the following package") || says("requires rustc") {
        return BuildFailure::new("manifest_failed", "this Rust is too old for the SDK")
            .hint("update it with: rustup update");
    }
    let in_manifest = messages
        .cargo_diagnostic()
        .and_then(|place| place.file)
        .is_some_and(|file| file.ends_with("Cargo.toml"));
    let code = if in_manifest || says("failed to parse manifest") || says("failed to load manifest") {
        "manifest_failed"
    } else {
        "build_failed"
    };
    let first =
        messages.cargo_error().lines().next().unwrap_or_default().trim_start_matches("error: ").trim();
    let what = if first.is_empty() { "it says nothing about why" } else { first };
    BuildFailure::new(code, format!("cargo cannot build the spell `{}`: {what}", folder.id()))
}
