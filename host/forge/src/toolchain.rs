//! The tools that a build needs: where they are, whether they are there, and the command that installs
//! what is not. It promises to install nothing but what is named; it does not know spells.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

use crate::assemblyscript;
use crate::build::{BuildOptions, Progress};
use crate::cache::Cache;
use crate::cancel::Cancel;
use crate::plan::TARGET;
use crate::process;
use crate::sdk;

/// What installs Rust where there is none.
pub(crate) const INSTALL_RUST: &str = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh";
/// What installs the target where rustup is.
pub(crate) const INSTALL_TARGET: &str = "rustup target add wasm32-unknown-unknown";

/// What installs Node.js where there is none, without the right to write outside of the home folder.
pub(crate) const INSTALL_NODE: &str = "curl -o- https://raw.githubusercontent.com/nvm-sh/nvm/v0.40.3/install.sh | bash && . ~/.nvm/nvm.sh && nvm install 22";

/// The programs that a build starts.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// Compiles.
    pub cargo: PathBuf,
    /// Says which version compiles.
    pub rustc: PathBuf,
    /// Installs the target.
    pub rustup: PathBuf,
    /// Runs the AssemblyScript compiler.
    pub node: PathBuf,
    /// Installs it.
    pub npm: PathBuf,
}

/// One thing that a build needs, and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it is.
    pub name: &'static str,
    /// Whether it is there and works.
    pub ok: bool,
    /// Whether a Rust spell cannot be built without it.
    pub required: bool,
    /// What was found: a version, a path, or what is wrong.
    pub found: String,
    /// What to type if it is missing.
    pub fix_command: Option<String>,
}

impl Toolchain {
    /// The programs on the path, or else where rustup installs them.
    pub fn find() -> Self {
        Self {
            cargo: program("cargo"),
            rustc: program("rustc"),
            rustup: program("rustup"),
            node: program("node"),
            npm: program("npm"),
        }
    }

    /// The version of rustc in a folder, such as `rustc 1.95.0 (59807616e 2026-04-14)`.
    pub(crate) fn version(&self, folder: &Path, cancel: &Cancel) -> Option<String> {
        process::answer(Command::new(&self.rustc).arg("--version").current_dir(folder), cancel).ok().flatten()
    }

    /// Installs the wasm target for the toolchain of a folder. What rustup printed is the error.
    pub(crate) fn install_target(&self, folder: &Path, cancel: &Cancel) -> Result<(), String> {
        let mut printed = String::new();
        let mut command = Command::new(&self.rustup);
        command.args(["target", "add", TARGET]).current_dir(folder);
        let ended = process::run(&mut command, cancel, |_, line| {
            printed.push_str(line);
            printed.push('\n');
        });
        match ended {
            Ok(process::Ended::Exited(status)) if status.success() => Ok(()),
            Ok(_) => Err(printed),
            Err(error) => Err(format!("`{}`: {error}", self.rustup.display())),
        }
    }
}

/// Looks at everything that a build needs.
pub fn report() -> Vec<Check> {
    checks(&Toolchain::find(), &Cache::user())
}

/// Installs what is safe to install (the wasm target, the unpacked SDK, the AssemblyScript compiler), and looks again.
pub fn fix(progress: &dyn Fn(Progress)) -> Vec<Check> {
    let (toolchain, cache) = (Toolchain::find(), Cache::user());
    for check in checks(&toolchain, &cache).iter().filter(|check| !check.ok) {
        match check.name {
            "wasm target" => {
                progress(Progress::Note(format!("installing the wasm target: {INSTALL_TARGET}")));
                if let Err(printed) = toolchain.install_target(&env::temp_dir(), &Cancel::new()) {
                    progress(Progress::Note(format!("it failed: {}", printed.trim())));
                }
            }
            "sdk" => {
                progress(Progress::Note(format!("unpacking the SDK into {}", cache.root().display())));
                if let Err(error) = sdk::unpack(&cache) {
                    progress(Progress::Note(format!("it failed: {error}")));
                }
            }
            "asc" => {
                if let Err(error) = assemblyscript::install(&BuildOptions::new(&Cancel::new(), progress)) {
                    progress(Progress::Note(format!("it failed: {error}")));
                }
            }
            _ => {}
        }
    }
    checks(&toolchain, &cache)
}

fn checks(toolchain: &Toolchain, cache: &Cache) -> Vec<Check> {
    let folder = env::current_dir().unwrap_or_else(|_| env::temp_dir());
    let version = |program: &Path| {
        process::answer(Command::new(program).arg("--version").current_dir(&folder), &Cancel::new())
            .ok()
            .flatten()
    };
    let tool = |name, program: &Path, required, fix: &str| {
        let found = version(program);
        Check {
            name,
            ok: found.is_some(),
            required,
            found: found.map_or_else(
                || "not found".into(),
                |text| text.lines().next().unwrap_or_default().to_owned(),
            ),
            fix_command: Some(fix.to_owned()),
        }
    };
    let mut all = vec![
        tool("cargo", &toolchain.cargo, true, INSTALL_RUST),
        tool("rustc", &toolchain.rustc, true, INSTALL_RUST),
        tool("rustup", &toolchain.rustup, false, INSTALL_RUST),
        target(toolchain, &folder),
        writable(cache),
        unpacked(cache),
        tool("node", &toolchain.node, false, INSTALL_NODE),
        tool("npm", &toolchain.npm, false, INSTALL_NODE),
        installed(cache),
    ];
    all.iter_mut().filter(|check| check.ok).for_each(|check| check.fix_command = None);
    all
}

fn target(toolchain: &Toolchain, folder: &Path) -> Check {
    let mut command = Command::new(&toolchain.rustc);
    command.args(["--print", "target-libdir", "--target", TARGET]).current_dir(folder);
    let library = process::answer(&mut command, &Cancel::new()).ok().flatten().map(PathBuf::from);
    let ok = library.as_deref().is_some_and(Path::is_dir);
    Check {
        name: "wasm target",
        ok,
        required: true,
        found: if ok { TARGET.to_owned() } else { format!("{TARGET} is not installed") },
        fix_command: Some(INSTALL_TARGET.to_owned()),
    }
}

fn writable(cache: &Cache) -> Check {
    let probe = cache.root().join(format!(".probe-{}", std::process::id()));
    let written = std::fs::create_dir_all(cache.root()).and_then(|()| std::fs::write(&probe, ""));
    let _ = std::fs::remove_file(probe);
    let shown = cache.root().display();
    Check {
        name: "cache folder",
        ok: written.is_ok(),
        required: true,
        found: written.map_or_else(|error| format!("{shown}: {error}"), |()| shown.to_string()),
        fix_command: Some("export XDG_CACHE_HOME=/a/folder/that/can/be/written".to_owned()),
    }
}

fn installed(cache: &Cache) -> Check {
    let place = assemblyscript::place(cache);
    let ok = assemblyscript::is_installed(&place);
    let found = if ok { place.display().to_string() } else { "not installed yet; a build does it".into() };
    Check { name: "asc", ok, required: false, found, fix_command: Some("spellhost doctor --fix".to_owned()) }
}

fn unpacked(cache: &Cache) -> Check {
    let ok = sdk::is_unpacked(cache);
    let place = sdk::rust(cache);
    let found = if ok { place.display().to_string() } else { "not unpacked yet; a build does it".into() };
    Check { name: "sdk", ok, required: false, found, fix_command: Some("spellhost doctor --fix".to_owned()) }
}

/// A program by its name where the path has it, else where rustup puts it.
fn program(name: &str) -> PathBuf {
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    let path = env::var_os("PATH").unwrap_or_default();
    if env::split_paths(OsStr::new(&path)).any(|folder| folder.join(&file).is_file()) {
        return PathBuf::from(name);
    }
    let home = |name, below: &str| env::var_os(name).map(|home| PathBuf::from(home).join(below).join(&file));
    let places = [home("CARGO_HOME", "bin"), home("HOME", ".cargo/bin"), home("USERPROFILE", ".cargo/bin")];
    places.into_iter().flatten().find(|place| place.is_file()).unwrap_or_else(|| PathBuf::from(name))
}

#[cfg(test)]
mod tests {
    use super::{Check, Toolchain, checks};
    use crate::cache::Cache;
    use std::path::PathBuf;

    #[test]
    fn what_is_missing_comes_with_the_command_that_installs_it() {
        let folder = tempfile::tempdir().unwrap();
        let nothing = PathBuf::from("/no/such/program");
        let toolchain = Toolchain {
            cargo: nothing.clone(),
            rustc: nothing.clone(),
            rustup: nothing.clone(),
            node: nothing.clone(),
            npm: nothing,
        };
        let blocked = folder.path().join("file");
        std::fs::write(&blocked, "").unwrap();
        let all = checks(&toolchain, &Cache::at(blocked.join("below")));
        for check in all.iter().filter(|check| check.required) {
            assert!(!check.ok && check.fix_command.is_some(), "{check:?}");
        }
        let all = checks(&Toolchain::find(), &Cache::at(folder.path().join("cache")));
        let ok = |name| {
            all.iter().any(|check: &Check| check.name == name && check.ok && check.fix_command.is_none())
        };
        assert!(["cargo", "rustc", "wasm target", "cache folder"].into_iter().all(ok), "{all:?}");
    }
}
