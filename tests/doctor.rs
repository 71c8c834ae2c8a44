//! `spellhost doctor`: each row tells the truth where its thing is missing, with what to type.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::binary::command;
use crate::server::host::command_without_namespaces;

/// The exit code, and the rows by their names.
fn doctor(folder: &Path, variables: &[(&str, &str)]) -> (i32, Vec<Value>) {
    answered(command(folder), variables)
}

fn answered(mut doctor: Command, variables: &[(&str, &str)]) -> (i32, Vec<Value>) {
    doctor.args(["doctor", "--json"]).envs(variables.iter().copied());
    let output = doctor.output().expect("the binary starts");
    let object: Value = serde_json::from_slice(&output.stdout).expect("one object");
    let code = output.status.code().unwrap_or(-1);
    assert_eq!(object["ok"], code == 0, "{object:#}");
    (code, object["checks"].as_array().expect("rows").clone())
}

fn row<'r>(rows: &'r [Value], name: &str) -> &'r Value {
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no row {name}"))
}

/// What is missing says so and what to type; what is there has nothing to fix.
fn is_missing(rows: &[Value], name: &str) -> bool {
    let row = row(rows, name);
    assert_eq!(row["ok"] == false, row["fix_command"].is_string(), "{row:#}");
    row["ok"] == false
}

#[test]
fn what_is_missing_is_told_and_what_is_there_is_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).expect("a writable folder");
    let empty = empty.to_str().expect("a path");
    let bare = [
        ("PATH", empty),
        ("HOME", empty),
        ("CARGO_HOME", empty),
        ("XDG_CACHE_HOME", empty),
        ("RUSTUP_HOME", empty),
    ];
    let (code, rows) = doctor(folder.path(), &bare);
    assert_eq!(code, 1);
    for name in ["cargo", "rustc", "rustup", "wasm target", "node", "npm", "asc"] {
        assert!(is_missing(&rows, name), "{name}: {rows:#?}");
    }
    assert!(!is_missing(&rows, "cache folder"), "{rows:#?}");

    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = listener.local_addr().expect("an address").to_string();
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a writable folder");
    let file = file.to_str().expect("a path");
    let (_, rows) = doctor(folder.path(), &[("SPELLHOST_LISTEN", &taken), ("SPELLHOST_DATA", file)]);
    for name in ["port", "store"] {
        assert!(is_missing(&rows, name), "{name}: {rows:#?}");
    }
    drop(listener);
    let (_, rows) =
        doctor(folder.path(), &[("SPELLHOST_LISTEN", "127.0.0.1:0"), ("SPELLHOST_DATA", "new/data")]);
    for name in ["port", "store", "rustc", "engine"] {
        assert!(!is_missing(&rows, name), "{name}: {rows:#?}");
    }
    assert!(!is_missing(&rows, "sandbox"), "{rows:#?}");
    let caged = command_without_namespaces(folder.path());
    let (_, rows) = answered(caged, &[("SPELLHOST_LISTEN", "127.0.0.1:0"), ("SPELLHOST_DATA", "new/data")]);
    assert!(is_missing(&rows, "sandbox"), "{rows:#?}");
    let found = row(&rows, "sandbox")["found"].as_str().expect("what was found");
    assert!(found.contains("lets nobody make namespaces"), "{found}");
    assert_eq!(row(&rows, "sandbox")["fix_command"], "sudo sysctl -w user.max_user_namespaces=15000");
    assert!(!folder.path().join("new").exists(), "a look makes nothing");
}
