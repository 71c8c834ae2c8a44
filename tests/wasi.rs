//! Deterministic WASI through the binary: off until it is allowed, and then the same everywhere.
//!
//! The spells are `tests/wasi/rust`, `c`, `go`, `javascript` and `python`, which ask their standard libraries for all
//! that WASI could tell; their components are checked in.

use std::path::Path;

use serde_json::{Value, json as object};

use crate::binary::{json, root, run};

const SPELL: &str = "tests/wasi/standard.wasm";
const C: &str = "tests/wasi/c.wasm";
const GO: &str = "tests/wasi/go.wasm";
const JAVASCRIPT: &str = "tests/wasi/javascript.wasm";
const PYTHON: &str = "tests/wasi/python.wasm";
/// A spell that imports no WASI.
const PLAIN: &str = "tests/fixtures/fireball.wasm";

fn told(command: &str, arguments: &[&str]) -> (i32, Value) {
    told_of(SPELL, command, arguments)
}

fn told_of(spell: &str, command: &str, arguments: &[&str]) -> (i32, Value) {
    json(&root(), &[&[command, spell, "--json"], arguments].concat())
}

/// The one cast of a run with WASI allowed.
fn cast(arguments: &[&str]) -> (i32, Value) {
    cast_of(SPELL, arguments)
}

fn cast_of(spell: &str, arguments: &[&str]) -> (i32, Value) {
    let flags = [&["--once", "--allow", "wasi", "--ticks", "10"], arguments].concat();
    let (code, run) = told_of(spell, "run", &flags);
    (code, run["casts"][0].clone())
}

/// What the cast logged, as `level: message`.
fn log(cast: &Value) -> Vec<String> {
    let lines = cast["log"].as_array().expect("a log").iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    lines.map(|line| format!("{}: {}", text(&line["level"]), text(&line["message"]))).collect()
}

#[test]
fn wasi_is_refused_until_it_is_allowed_and_the_flag_is_named() {
    let (code, refused) = told("check", &[]);
    assert_eq!(code, 1, "{refused:#}");
    // One refusal stands for all of WASI.
    assert_eq!(refused["problems"].as_array().map(Vec::len), Some(1), "{refused:#}");
    let problem = refused["problems"][0].to_string();
    assert!(problem.contains("wasi:") && problem.contains("--allow wasi"), "{problem}");
    for command in ["run", "inspect", "certify"] {
        let once = if command == "run" { &["--once"][..] } else { &[] };
        assert_eq!(told(command, once).0, 1, "{command}");
    }
    let (code, taken) = told("check", &["--allow", "wasi"]);
    assert_eq!(code, 0, "{taken:#}");
    let capabilities = taken["capabilities"].as_array().or(taken["component"]["capabilities"].as_array());
    assert!(capabilities.expect("a list").contains(&object!("wasi")), "{taken:#}");
    let misspelt = run(&root(), &["check", SPELL, "--allow", "nothing-of-that-name"]);
    assert_eq!(misspelt.status.code(), Some(2));
}

#[test]
fn clocks_are_the_tick_chance_is_the_seed_and_there_is_nothing_else() {
    let (code, first) = cast(&["--seed", "3"]);
    assert_eq!((code, &first["outcome"]["kind"]), (0, &object!("applied")), "{first:#}");
    let lines = log(&first);
    // The wall clock starts with the year 2000, and the cast is at tick 1.
    assert_eq!(lines[0], "info: wall 946684800.016666666");
    assert!(lines[1].starts_with("info: chance "), "{lines:?}");
    assert_eq!(
        lines[2..6],
        ["info: arguments 0 variables 0", "info: file true", "info: socket true", "info: input Ok(0)"]
    );
    assert_eq!(lines[7..], ["info: sleep 0ns", "info: elapsed 0ns", "error: no end"]);
    assert_eq!(log(&cast(&["--seed", "3"]).1), lines);
    let other = log(&cast(&["--seed", "4"]).1);
    assert_ne!((&other[1], &other[6]), (&lines[1], &lines[6]));
    assert_eq!(other[0], lines[0]);
}

#[test]
fn waiting_ends_the_call_and_takes_no_time() {
    let (code, waited) = cast(&["--param", "sleep=1000"]);
    assert_eq!(code, 1, "{waited:#}");
    assert_eq!(waited["outcome"], object!({"kind": "limit", "which": "wait"}), "{waited:#}");
    assert_eq!(waited["voxels_changed"], 0, "{waited:#}");
}

#[test]
fn what_wasi_tells_is_the_same_on_every_engine_and_in_a_replay() {
    let (code, certificate) = told("certify", &["--allow", "wasi", "--casts", "12"]);
    assert_eq!((code, &certificate["result"]), (0, &object!("identical")), "{certificate:#}");
    assert!(certificate["outcomes"]["applied"].as_u64() >= Some(1), "{certificate:#}");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let recording = folder.path().join("cast.rec");
    let recording = recording.to_str().expect("a path");
    assert_eq!(cast(&["--record", recording]).0, 0);
    let (code, replayed) = json(&root(), &["replay", recording, "--json"]);
    assert_eq!(code, 0, "{replayed:#}");
}

#[test]
fn a_spell_in_c_prints_draws_and_is_told_the_tick() {
    let (code, refused) = told_of(C, "check", &[]);
    assert_eq!(code, 1, "{refused:#}");
    assert!(refused["problems"][0].to_string().contains("--allow wasi"), "{refused:#}");
    let (code, first) = cast_of(C, &["--seed", "3"]);
    assert_eq!((code, &first["outcome"]["kind"]), (0, &object!("applied")), "{first:#}");
    assert_eq!(first["effects"][0]["type"], "fill_sphere", "{first:#}");
    let lines = log(&first);
    assert_eq!(lines[..2], ["info: wall 946684800.016666666", "info: since 0.016666666"]);
    assert!(lines[2].starts_with("info: chance ") && lines[3].starts_with("info: random "), "{lines:?}");
    assert_eq!(lines[4..], ["info: variables 0", "info: file 1", "info: input 1", "error: no end"]);
    assert_eq!(log(&cast_of(C, &["--seed", "3"]).1), lines);
    let other = log(&cast_of(C, &["--seed", "4"]).1);
    assert_ne!((&other[2], &other[3]), (&lines[2], &lines[3]));
    let (code, certificate) = told_of(C, "certify", &["--allow", "wasi", "--casts", "12"]);
    assert_eq!((code, &certificate["result"]), (0, &object!("identical")), "{certificate:#}");
}

#[test]
fn a_spell_in_javascript_is_told_the_tick_draws_of_the_seed_and_logs() {
    let (code, refused) = told_of(JAVASCRIPT, "check", &[]);
    assert_eq!(code, 1, "{refused:#}");
    assert!(refused["problems"][0].to_string().contains("this server takes at most 524288"), "{refused:#}");
    let (code, first) = cast_of(JAVASCRIPT, &["--seed", "3"]);
    assert_eq!((code, &first["outcome"]["kind"]), (0, &object!("applied")), "{first:#}");
    assert_eq!(first["effects"][0]["type"], "fill_sphere", "{first:#}");
    let lines = log(&first);
    assert_eq!(lines[0], "info: wall 946684800016 2000-01-01T00:00:00.016Z");
    assert!(lines[1].starts_with("info: chance 0.") && lines[1].contains(" random "), "{lines:?}");
    // What a module counts begins anew with every call, and there is no machine to ask.
    assert_eq!(lines[2..], ["info: calls 1 undefined undefined undefined", "error: complained true"]);
    assert_eq!(log(&cast_of(JAVASCRIPT, &["--seed", "3"]).1), lines);
    let other = log(&cast_of(JAVASCRIPT, &["--seed", "4"]).1);
    assert_ne!(other[1], lines[1]);
    assert_eq!((&other[0], &other[2..]), (&lines[0], &lines[2..]));
    let (code, certificate) = told_of(JAVASCRIPT, "certify", &["--allow", "wasi", "--casts", "12"]);
    assert_eq!((code, &certificate["result"]), (0, &object!("identical")), "{certificate:#}");
    assert_eq!(certificate["outcomes"], object!({"applied": 12}), "{certificate:#}");
}

#[test]
fn a_spell_in_go_is_told_the_tick_draws_of_the_seed_and_logs() {
    let (code, refused) = told_of(GO, "check", &[]);
    assert_eq!(code, 1, "{refused:#}");
    assert!(refused["problems"][0].to_string().contains("this server takes at most 524288"), "{refused:#}");
    let (code, first) = cast_of(GO, &["--seed", "3"]);
    assert_eq!((code, &first["outcome"]["kind"]), (0, &object!("applied")), "{first:#}");
    assert_eq!(first["effects"][0]["type"], "fill_sphere", "{first:#}");
    let lines = log(&first);
    assert_eq!(lines[0], "info: wall 946684800.016666666");
    assert!(lines[1].starts_with("info: chance ") && lines[1].contains(" random "), "{lines:?}");
    // What a package counts begins anew with every call; what eight goroutines send arrives in one order everywhere.
    assert_eq!(lines[2], "info: calls 1 squares [0 1 4 9 16 25 36 49]");
    assert!(lines[3].starts_with("info: order ["), "{lines:?}");
    assert_eq!(lines[4..], ["error: no end", "info: elapsed 0s"]);
    assert_eq!(log(&cast_of(GO, &["--seed", "3"]).1), lines);
    // Go's own chance, and so the order of its maps, is the seed's as well.
    let other = log(&cast_of(GO, &["--seed", "4"]).1);
    assert_ne!((&other[1], &other[3]), (&lines[1], &lines[3]));
    assert_eq!((&other[0], &other[2]), (&lines[0], &lines[2]));
}

#[test]
fn a_spell_in_go_is_the_same_on_every_engine_fails_with_its_words_and_never_waits() {
    let (code, certificate) = told_of(GO, "certify", &["--allow", "wasi", "--casts", "12"]);
    assert_eq!((code, &certificate["result"]), (0, &object!("identical")), "{certificate:#}");
    assert!(certificate["outcomes"]["applied"].as_u64() >= Some(1), "{certificate:#}");
    let (_, waited) = cast_of(GO, &["--param", "sleep=1000"]);
    assert_eq!(waited["outcome"], object!({"kind": "limit", "which": "wait"}), "{waited:#}");
    assert_eq!(waited["voxels_changed"], 0, "{waited:#}");
    let (_, failed) = cast_of(GO, &["--target", "0.5,600,0"]);
    assert_eq!(
        failed["outcome"],
        object!({"kind": "failed", "message": "aimed beyond the sky"}),
        "{failed:#}"
    );
}

#[test]
fn a_spell_in_python_is_told_the_tick_draws_of_the_seed_and_logs() {
    let (code, refused) = told_of(PYTHON, "check", &[]);
    assert_eq!(code, 1, "{refused:#}");
    assert!(refused["problems"][0].to_string().contains("this server takes at most 524288"), "{refused:#}");
    let (code, first) = cast_of(PYTHON, &["--seed", "3"]);
    assert_eq!((code, &first["outcome"]["kind"]), (0, &object!("applied")), "{first:#}");
    assert_eq!(first["effects"][0]["type"], "fill_sphere", "{first:#}");
    let lines = log(&first);
    assert_eq!(lines[0], "info: wall 946684800016000000");
    assert!(lines[1].starts_with("info: chance 0.") && lines[1].contains(" random 0."), "{lines:?}");
    // What a module keeps begins anew with every call; a file that is not there is an exception that is caught.
    assert!(lines[2].starts_with("info: calls 1 {"), "{lines:?}");
    assert!(lines[2].contains("\"squares\": [0, 1, 4, 9, 16, 25, 36, 49]"), "{lines:?}");
    assert_eq!(lines[3..], ["info: file 44"]);
    assert_eq!(log(&cast_of(PYTHON, &["--seed", "3"]).1), lines);
    let other = log(&cast_of(PYTHON, &["--seed", "4"]).1);
    let drawn = |lines: &[String]| lines[1].split(' ').map(str::to_owned).collect::<Vec<_>>();
    // Python's own chance is the seed's, as the contract's is.
    assert_ne!(drawn(&other)[2], drawn(&lines)[2]);
    assert_ne!(drawn(&other)[4], drawn(&lines)[4]);
    let (_, failed) = cast_of(PYTHON, &["--target", "0.5,600,0"]);
    assert_eq!(
        failed["outcome"],
        object!({"kind": "failed", "message": "aimed beyond the sky"}),
        "{failed:#}"
    );
    let (code, certificate) = told_of(PYTHON, "certify", &["--allow", "wasi", "--casts", "12"]);
    assert_eq!((code, &certificate["result"]), (0, &object!("identical")), "{certificate:#}");
    assert_eq!(certificate["outcomes"], object!({"applied": 12}), "{certificate:#}");
}

#[test]
fn a_component_that_imports_wasi_may_hold_more_data() {
    const MOST: usize = 768 * 1024;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (_, plain) = told_of(C, "check", &["--allow", "wasi"]);
    let measured = &plain["limits"]["data_bytes"];
    assert_eq!(measured["max"], MOST, "{plain:#}");
    let own = measured["found"].as_u64().expect("a number") as usize;
    let checked = |bytes: usize| {
        let component = std::fs::read(root().join(C)).expect("a component");
        let file = folder.path().join("data.wasm");
        std::fs::write(&file, [component, module_of_data(bytes - own)].concat()).expect("a file");
        let (code, told) = told_of(file.to_str().expect("a path"), "check", &["--allow", "wasi"]);
        (code, told["problems"][0]["message"].as_str().map(str::to_owned))
    };
    assert_eq!(checked(MOST), (0, None));
    let message = format!("the component has {} bytes of data; at most {MOST} are allowed", MOST + 1);
    assert_eq!(checked(MOST + 1), (1, Some(message)));
}

/// The section of a component with a core module of so much data.
fn module_of_data(bytes: usize) -> Vec<u8> {
    // One piece, which nobody places.
    let data = [vec![1, 1], leb(bytes), vec![b'x'; bytes]].concat();
    let module = [b"\0asm\x01\0\0\0".to_vec(), vec![11], leb(data.len()), data].concat();
    [vec![1], leb(module.len()), module].concat()
}

/// A number below 2^28, in four bytes.
fn leb(number: usize) -> Vec<u8> {
    [0, 7, 14, 21].map(|shift| (number >> shift) as u8 & 0x7f | if shift < 21 { 0x80 } else { 0 }).to_vec()
}

#[test]
fn a_component_that_imports_wasi_may_be_larger_and_no_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let checked = |spell: &str, bytes: usize, arguments: &[&str]| {
        let file = filled(folder.path(), spell, bytes);
        let (code, told) = told_of(&file, "check", arguments);
        (code, told["problems"][0]["message"].as_str().map(str::to_owned))
    };
    let too_large = |bytes: usize, most: usize| {
        (1, Some(format!("the component is {bytes} bytes; this server takes at most {most}")))
    };
    const MOST: usize = 512 * 1024;
    const WITH_WASI: usize = 2 * 1024 * 1024;
    assert_eq!(checked(C, WITH_WASI, &["--allow", "wasi"]), (0, None));
    assert_eq!(checked(C, WITH_WASI + 1, &["--allow", "wasi"]), too_large(WITH_WASI + 1, WITH_WASI));
    assert_eq!(checked(C, MOST + 1, &[]), too_large(MOST + 1, MOST));
    assert_eq!(checked(PLAIN, MOST, &["--allow", "wasi"]), (0, None));
    for arguments in [&["--allow", "wasi"][..], &[]] {
        assert_eq!(checked(PLAIN, MOST + 1, arguments), too_large(MOST + 1, MOST));
    }
}

/// A spell with a custom section behind it, `bytes` in all.
fn filled(folder: &Path, spell: &str, bytes: usize) -> String {
    let component = std::fs::read(root().join(spell)).expect("a component");
    let content = bytes - component.len() - 5;
    let file = folder.join("filled.wasm");
    // The section's name is empty.
    let whole = [component, vec![0], leb(content), vec![0; content]].concat();
    assert_eq!(whole.len(), bytes);
    std::fs::write(&file, whole).expect("a file");
    file.to_str().expect("a path").to_owned()
}
