//! Guests that mean harm, through the binary: an exit code, one clear error or outcome, no panic.
//!
//! `host/runtime/tests/misbehaving.rs` tries every one of them on every engine.

use std::fs;

use serde_json::Value;

use crate::binary::{json, run};
use crate::guests::{self, Guest};

/// Where a command names an error or an outcome that the guest's file states as `rejected(code)` or otherwise.
fn found(object: &Value) -> String {
    if let Some(code) = object["error"]["code"].as_str() {
        return format!("rejected({code})");
    }
    let outcome = &object["casts"][0]["outcome"];
    let kind = outcome["kind"].as_str().unwrap_or_default();
    match outcome["trap"].as_str().or(outcome["which"].as_str()) {
        Some(which) => format!("{kind}({which})"),
        None => kind.to_owned(),
    }
}

fn tried(guest: &Guest) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("guest.wasm"), &guest.bytes).expect("a writable folder");
    let (code, object) = json(folder.path(), &["run", "guest.wasm", "--once", "--json"]);
    assert_eq!(code, 1, "{}: {object:#}", guest.name);
    assert_eq!(found(&object), guest.ends, "{}: {object:#}", guest.name);
    let output = run(folder.path(), &["run", "guest.wasm", "--once"]);
    let text =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert_eq!(output.status.code(), Some(1), "{}:\n{text}", guest.name);
    assert!(!text.contains("panicked"), "{}:\n{text}", guest.name);
    let errors = text.lines().filter(|line| line.trim_start().starts_with("error")).count();
    assert!(errors <= 1, "{} gets one error:\n{text}", guest.name);
    let says = guest.says.as_deref().unwrap_or_default();
    assert!(text.contains(says), "{} says `{says}`:\n{text}", guest.name);
}

#[test]
fn the_binary_survives_what_guests_do() {
    let names = [
        "loop",
        "unreachable",
        "deep-frames",
        "memory-bomb",
        "forbidden-import",
        "wrong-version",
        "text",
        "many-blocks",
        "describe-loops",
        "start-burns",
        "truncated 8/16",
    ];
    let all = guests::all();
    for name in names {
        tried(all.iter().find(|guest| guest.name == name).unwrap_or_else(|| panic!("no guest {name}")));
    }
}
