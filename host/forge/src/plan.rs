//! What to run, as a value: the command line, the environment and the folder of a compilation. It is
//! pure; it starts nothing and reads nothing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::limits::STACK_BYTES;

/// The target that spells are compiled for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// The code is the same with and without `lines`, so that what `run` shows (fuel above all) is what a
/// published spell does. Processor time from an edited line to a core module, for a spell of 100 lines and
/// one that parses JSON too: these settings 0.45 s and 0.9 s; `lto="thin"` 0.6 s and 1.1 s; `opt-level=3`
/// 0.55 s and 1.0 s for code a fifth larger; no LTO 0.2 s and 0.45 s, but with lines that is 1.7 MB of the
/// standard library's, which no host admits. The component of the first has 54 KB, with lines 235 KB.
const SETTINGS: &[&str] = &[
    "profile.release.opt-level=\"s\"",
    "profile.release.lto=true",
    "profile.release.codegen-units=1",
    "profile.release.panic=\"abort\"",
    "profile.release.incremental=false",
];
const WITH_LINES: &[&str] = &["profile.release.debug=\"line-tables-only\"", "profile.release.strip=\"none\""];
const WITHOUT_LINES: &[&str] = &["profile.release.debug=false", "profile.release.strip=\"debuginfo\""];

/// What a plan depends on.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) cargo: &'a Path,
    /// The spell's folder.
    pub(crate) root: &'a Path,
    /// The root of the cargo workspace that the spell is in; its own folder if it is in none.
    pub(crate) workspace: &'a Path,
    /// The SDK that the spell depends on by path.
    pub(crate) sdk: Option<&'a Path>,
    pub(crate) lines: bool,
    pub(crate) color: bool,
    /// Whether cargo may use the network.
    pub(crate) online: bool,
    /// Where to build. Never a folder that cargo's settings share between workspaces: a module's file is
    /// named after its package alone there, so one `ember` would be taken for another.
    pub(crate) target_dir: &'a Path,
}

/// One process to start.
#[derive(Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// Where it runs.
    pub(crate) folder: PathBuf,
}

/// The compilation of a Rust spell to a core module.
pub(crate) fn rust(wanted: Wanted<'_>) -> Plan {
    let format = if wanted.color { "json-diagnostic-rendered-ansi" } else { "json" };
    let mut arguments: Vec<OsString> = Vec::new();
    let mut add = |list: &[&str]| arguments.extend(list.iter().map(OsString::from));
    // `cargo rustc` builds the same with one more thing: the crate type need not be in the manifest.
    add(&["rustc", "--release", "--lib", "--crate-type", "cdylib", "--target", TARGET, "--color", "never"]);
    add(&["--message-format", format]);
    for setting in SETTINGS.iter().chain(if wanted.lines { WITH_LINES } else { WITHOUT_LINES }) {
        add(&["--config", setting]);
    }
    if !wanted.online {
        add(&["--offline"]);
    }
    arguments.extend(["--manifest-path".into(), wanted.root.join("Cargo.toml").into_os_string()]);
    arguments.extend(["--target-dir".into(), wanted.target_dir.into()]);
    arguments.extend(["--".into(), format!("-Clink-arg=-zstack-size={STACK_BYTES}").into()]);
    if let Ok(inner) = wanted.root.strip_prefix(wanted.workspace)
        && !inner.as_os_str().is_empty()
    {
        // In a workspace, too, a panic says `src/lib.rs`. Only for the spell's own crate: as a flag for
        // all of them, it would compile the SDK again for each spell.
        arguments.push(remap(inner, ""));
    }
    let mut flags = vec![remap(wanted.workspace, "")];
    flags.extend(
        wanted.sdk.filter(|sdk| !sdk.starts_with(wanted.workspace)).map(|sdk| remap(sdk, "spellhost-sdk")),
    );
    let environment = vec![
        // Takes precedence over every other source of flags: the same source gives the same bytes.
        ("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f".as_ref())),
        ("CARGO_BUILD_BUILD_DIR", wanted.target_dir.into()),
        ("CARGO_INCREMENTAL", "0".into()),
        ("CARGO_TERM_PROGRESS_WHEN", "never".into()),
    ];
    Plan { program: wanted.cargo.to_owned(), arguments, environment, folder: wanted.root.to_owned() }
}

fn remap(from: &Path, to: &str) -> OsString {
    let mut flag = OsString::from("--remap-path-prefix=");
    flag.push(from);
    flag.push("=");
    flag.push(to);
    flag
}

#[cfg(test)]
mod tests {
    use super::{Wanted, rust};
    use expect_test::expect;
    use std::path::Path;

    #[test]
    fn a_spell_in_a_workspace_is_told_its_place_and_the_sdk_is_not() {
        let plan = rust(Wanted {
            cargo: Path::new("cargo"),
            root: Path::new("/home/a/spells/ember"),
            workspace: Path::new("/home/a/spells"),
            sdk: Some(Path::new("/home/a/sdk")),
            lines: true,
            color: false,
            online: false,
            target_dir: Path::new("/cache/target"),
        });
        let arguments: Vec<_> = plan.arguments.iter().map(|argument| argument.to_string_lossy()).collect();
        let environment: Vec<_> = plan
            .environment
            .iter()
            .map(|(key, value)| format!("{key}={}", value.to_string_lossy().replace('\x1f', " ")))
            .collect();
        expect![[r#"
            rustc --release --lib --crate-type cdylib --target wasm32-unknown-unknown --color never --message-format json --config profile.release.opt-level="s" --config profile.release.lto=true --config profile.release.codegen-units=1 --config profile.release.panic="abort" --config profile.release.incremental=false --config profile.release.debug="line-tables-only" --config profile.release.strip="none" --offline --manifest-path /home/a/spells/ember/Cargo.toml --target-dir /cache/target -- -Clink-arg=-zstack-size=65536 --remap-path-prefix=ember=
            CARGO_ENCODED_RUSTFLAGS=--remap-path-prefix=/home/a/spells= --remap-path-prefix=/home/a/sdk=spellhost-sdk
            CARGO_BUILD_BUILD_DIR=/cache/target
            CARGO_INCREMENTAL=0
            CARGO_TERM_PROGRESS_WHEN=never"#]]
        .assert_eq(&format!("{}\n{}", arguments.join(" "), environment.join("\n")));
        assert_eq!(plan.folder, Path::new("/home/a/spells/ember"));
    }
}
