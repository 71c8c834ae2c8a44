//! What an author reads when something is wrong: the compiler's messages for the mistakes that are easy to make.
//!
//! Each file of `tests/ui` is checked against the crate with rustc itself; its `.stderr` is the message.
//! `BLESS=1` rewrites those.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Runs rustc and gives its messages, and whether it was content.
fn rustc(arguments: &[&str]) -> (String, bool) {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .current_dir(root())
        .args(["--edition=2024", "--emit=metadata", "--cap-lints=allow"])
        .args(arguments)
        .output()
        .expect("rustc runs");
    (String::from_utf8_lossy(&output.stderr).into_owned(), output.status.success())
}

/// Without line numbers of the crate's own files, which move.
fn normalised(messages: &str) -> String {
    let place = |line: &str| match line.split_once("--> src/") {
        Some((margin, file)) => format!("{margin}--> src/{}", file.split(':').next().unwrap_or(file)),
        None => line.to_owned(),
    };
    let numbered = |line: &&str| {
        let code = line.trim_start().split(' ').next().unwrap_or_default();
        !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit())
    };
    let (mut text, mut own) = (String::new(), false);
    for line in messages.lines() {
        if line.contains("--> ") || line.contains("::: ") {
            own = line.contains("src/") && !line.contains("tests/");
        }
        let line = place(line);
        if own && numbered(&line.as_str()) {
            let start = line.find(|character: char| character.is_ascii_digit()).unwrap_or(0);
            let end = line[start..].find(' ').map_or(line.len(), |length| start + length);
            text.push_str(&format!("LL{}", &line[end..]));
        } else {
            text.push_str(line.trim_end());
        }
        text.push('\n');
    }
    text
}

#[test]
fn mistakes_are_explained() {
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let library = out.join("libspellhost_sdk.rmeta");
    let (messages, built) = rustc(&[
        "--crate-type=lib",
        "--crate-name=spellhost_sdk",
        "src/lib.rs",
        "-o",
        &library.display().to_string(),
    ]);
    assert!(built, "{messages}");

    let mut cases: Vec<PathBuf> = std::fs::read_dir(root().join("tests/ui"))
        .expect("the folder is there")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    cases.sort();
    assert!(cases.len() >= 6, "some cases are gone");
    let mut wrong = Vec::new();
    for case in cases {
        let name = case.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let (messages, content) = rustc(&[
            "--crate-type=lib",
            "--extern",
            &format!("spellhost_sdk={}", library.display()),
            &format!("tests/ui/{name}.rs"),
            "-o",
            &out.join(format!("lib{name}.rmeta")).display().to_string(),
        ]);
        assert!(!content, "{name} compiles, and must not");
        wrong.extend(compare(&case.with_extension("stderr"), &normalised(&messages)));
    }
    assert!(wrong.is_empty(), "{}\n(BLESS=1 accepts what was found)", wrong.join("\n"));
}

/// The difference in words, if there is one.
fn compare(path: &Path, found: &str) -> Option<String> {
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, found).expect("the message can be written");
    }
    let wanted = std::fs::read_to_string(path).unwrap_or_default();
    (wanted != found).then(|| format!("{}:\n--- wanted\n{wanted}\n--- found\n{found}", path.display()))
}
