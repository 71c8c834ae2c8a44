//! What happens where a tool is missing, slow, or may not write.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use spellhost_forge::BuildError;

use crate::project::Project;

/// What rustc says where the target is missing, as cargo hands it on.
const NO_TARGET: &str = r#"{"reason":"compiler-message","manifest_path":"/x","message":{"message":"can't find crate for `core`","level":"error","rendered":"error[E0463]: can't find crate for `core`\n  = note: the `wasm32-unknown-unknown` target may not be installed\n","spans":[]}}"#;

#[test]
fn without_cargo_the_command_that_installs_it_is_told() {
    let mut project = Project::new();
    project.spell("ember");
    project.toolchain.cargo = PathBuf::from("/no/such/cargo");
    let failure = project.failure("ember");
    assert_eq!((failure.code, failure.is_environment()), ("tool_missing", true));
    assert!(
        failure.message.contains("/no/such/cargo") && failure.hint.unwrap().contains("https://sh.rustup.rs")
    );
}

#[test]
fn a_missing_target_is_installed_once_and_said() {
    let mut project = Project::new();
    project.spell("ember");
    let marker = project.path("installed");
    let real = project.toolchain.cargo.clone();
    let cargo = format!(
        "[ -e {0} ] && exec {1} \"$@\"\ncat <<'END'\n{NO_TARGET}\nEND\nexit 101",
        marker.display(),
        real.display()
    );
    project.toolchain.cargo = project.script("bin/cargo", &cargo);
    project.toolchain.rustup = PathBuf::from("/no/such/rustup");
    let failure = project.failure("ember");
    assert_eq!(failure.code, "target_missing");
    assert_eq!(failure.hint.as_deref(), Some("install it with: rustup target add wasm32-unknown-unknown"));
    project.toolchain.rustup = project.script(
        "bin/rustup",
        &format!("[ \"$*\" = 'target add wasm32-unknown-unknown' ] && touch {}", marker.display()),
    );
    project.component("ember");
    let note = "installing the wasm target: rustup target add wasm32-unknown-unknown";
    assert_eq!(project.notes.borrow().iter().filter(|line| *line == note).count(), 2, "one for each build");
    fs::remove_file(&marker).unwrap();
    project.toolchain.rustup = project.script("bin/rustup", "true");
    assert_eq!(project.failure("ember").code, "target_missing", "it is not tried for ever");
}

#[test]
fn a_cancelled_build_ends_at_once_and_the_next_one_works() {
    let mut project = Project::new();
    project.spell("ember");
    let real = project.toolchain.cargo.clone();
    let started = project.path("started");
    project.toolchain.cargo =
        project.script("bin/cargo", &format!("touch {}\nsleep 600 & wait", started.display()));
    let cancel = project.cancel.clone();
    let canceller = std::thread::spawn(move || {
        while !started.exists() {
            std::thread::yield_now();
        }
        cancel.cancel();
        Instant::now()
    });
    assert!(matches!(project.build("ember"), Err(BuildError::Cancelled)));
    assert!(canceller.join().unwrap().elapsed() < Duration::from_secs(5));
    assert!(matches!(project.build("ember"), Err(BuildError::Cancelled)), "cancelled before it began");
    project.cancel = Default::default();
    project.toolchain.cargo = real;
    project.component("ember");
}

#[test]
fn a_folder_that_cannot_be_written_is_built_elsewhere() {
    let mut project = Project::new();
    let root = project.spell("ember");
    let real = project.toolchain.cargo.clone();
    // Whoever tests may be allowed to write anywhere, so cargo's answer is played.
    let refuse = "echo 'error: failed to open: /x/target: Read-only file system (os error 30)' >&2\nexit 101";
    let elsewhere = format!("case \"$*\" in *cache/target*) exec {} \"$@\";; esac\n{refuse}", real.display());
    project.toolchain.cargo = project.script("bin/cargo", &elsewhere);
    project.component("ember");
    assert!(project.path("cache/target").is_dir() && !root.join("target").exists());
    assert!(
        project
            .notes
            .borrow()
            .iter()
            .any(|note| note.starts_with("the spell's folder cannot be written: building in "))
    );
    project.toolchain.cargo = project.script("bin/cargo", refuse);
    let failure = project.failure("ember");
    assert_eq!((failure.code, failure.is_environment()), ("read_only", true));
    assert!(failure.rendered.contains("Read-only file system"));
}

#[test]
fn without_a_place_for_the_sdk_the_build_says_which() {
    let project = Project::new();
    project.spell("ember");
    fs::remove_dir_all(project.path("cache")).unwrap();
    project.write("cache", "a file where the cache should be");
    let failure = project.failure("ember");
    assert_eq!((failure.code, failure.is_environment()), ("sdk_unavailable", true));
    assert!(failure.message.contains("/cache"));
}
