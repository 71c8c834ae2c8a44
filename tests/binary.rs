//! The built `spellhost`, as a process.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The cargo that runs this test, without what that told it of its package: a build script that reads such a variable
/// (ring's does) would else run again, with all that is built on it.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let told = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| told.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command.current_dir(root());
    command
}

/// The binary beside this test's own folder (`target/release/deps`).
pub fn path() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let folder = test.ancestors().nth(2).expect("a test lies in target/PROFILE/deps");
    let binary = folder.join("spellhost");
    assert!(binary.is_file(), "{} is missing: run `cargo build --release` first", binary.display());
    binary
}

/// A command that runs the binary in a folder, without colour and away from the user's settings.
pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(path());
    command.current_dir(folder).env("NO_COLOR", "1").env("CI", "1").env_remove("SPELLHOST_LOG");
    command
}

/// Runs it to its end.
pub fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder).args(arguments).output().expect("the binary starts")
}

/// Runs it to its end and reads its one JSON object, with the exit code.
pub fn json(folder: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = run(folder, arguments);
    let text = String::from_utf8_lossy(&output.stdout);
    let object = serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!(
            "{arguments:?}: not one JSON object ({error}):\n{text}\n{}",
            String::from_utf8_lossy(&output.stderr)
        )
    });
    (output.status.code().unwrap_or(-1), object)
}
