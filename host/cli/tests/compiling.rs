//! Compiling in a child process, with the real binary as the child: what it makes runs here, and
//! whatever becomes of it is one clear answer.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use expect_test::expect;
use spellhost_forge::{COMMAND, Cancel, CompileLimits, LoadError, Workbench};
use spellhost_runtime::{
    Admitted, Codegen, Component, Engine, EngineOptions, Policy, Rejection, Role, admit, code,
};

#[path = "../../runtime/tests/guest.rs"]
#[allow(dead_code, reason = "shared with the runtime's tests, which use all of it")]
mod guest;

use guest::Guest;

fn binary() -> PathBuf {
    env!("CARGO_BIN_EXE_spellhost").into()
}

fn admitted(guest: &Guest) -> Admitted {
    admit(&guest.build(), &Policy::default()).unwrap_or_else(|rejection| panic!("{rejection}"))
}

/// A spell with so much code that compiling it takes what can be measured.
fn large() -> Admitted {
    let body =
        "(i32.store (i32.const 9000) (i32.mul (i32.load (i32.const 9004)) (i32.const 3)))".repeat(1000);
    let functions: String = (0..20).map(|at| format!("(func $f{at} {body})")).collect();
    admitted(&Guest::new().items(&functions).cast("(call $f0)"))
}

fn load(workbench: &Workbench, engine: &Engine, admitted: Admitted) -> Result<Component, LoadError> {
    workbench.load(engine, admitted, &Cancel::new())
}

fn rejection(limits: CompileLimits) -> Rejection {
    match Workbench::new(binary(), limits).compile(Codegen::Native, &large(), &Cancel::new()) {
        Err(LoadError::Rejected(rejection)) => rejection,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_child_compiles_runs_on_every_engine_of_its_kind() {
    let workbench = Workbench::new(binary(), CompileLimits::default());
    for codegen in Codegen::ALL {
        let artefact = workbench.compile(codegen, &large(), &Cancel::new()).expect("it compiles");
        for role in [Role::Host, Role::Reexecutor] {
            let engine = Engine::new(EngineOptions { codegen, role }).expect("an engine");
            assert_eq!(artefact.target(), engine.target(), "{codegen:?}");
            let component = engine.load_artefact(large(), &artefact).expect("it loads");
            let here = engine.load(large()).expect("it loads");
            assert_eq!(component.info(), here.info());
            assert_eq!(component.instantiate_fuel(), here.instantiate_fuel());
            assert_eq!(component.describe_fuel(), here.describe_fuel());
        }
    }
}

#[test]
fn time_memory_and_size_are_limited_and_named() {
    let limits = CompileLimits::default();
    let late = rejection(CompileLimits { time: Duration::ZERO, ..limits });
    expect!["compiling the component took more than 0 s"].assert_eq(late.message());
    let hungry = rejection(CompileLimits { memory_bytes: 8 << 20, ..limits });
    expect!["compiling the component took more than 8 MiB of memory"].assert_eq(hungry.message());
    let long = rejection(CompileLimits { artefact_bytes: 1000, ..limits });
    expect!["compiling the component makes more than 1000 bytes of code"].assert_eq(long.message());
    for rejection in [late, hungry, long] {
        assert_eq!(rejection.code(), code::COMPILE_LIMIT);
        assert!(rejection.hint().is_some());
    }
}

#[test]
fn a_child_that_is_something_else_is_an_error() {
    let engine = Engine::new(EngineOptions::default()).expect("an engine");
    let other = |program: &str| Workbench::new(program.into(), CompileLimits::default());
    // Whoever does not know the key has nothing to say, whatever it exits with.
    let Err(LoadError::Rejected(silent)) = load(&other("/bin/true"), &engine, large()) else {
        panic!("it is refused");
    };
    assert_eq!(silent.code(), code::COMPILE);
    let missing = load(&other("/no/such/program"), &engine, large());
    assert!(matches!(missing, Err(LoadError::Start(_))), "{missing:?}");
    // The shell is told to run what is no script.
    let Err(LoadError::Rejected(dead)) = load(&other("/bin/sh"), &engine, large()) else {
        panic!("it is refused");
    };
    assert_eq!(dead.code(), code::COMPILE_LIMIT);
    assert!(dead.message().contains("1024 MiB of memory and 30 s of processor time"), "{dead}");
}

#[test]
fn a_cancelled_compilation_ends() {
    let cancel = Cancel::new();
    cancel.cancel();
    let workbench = Workbench::new(binary(), CompileLimits::default());
    let ended = workbench.compile(Codegen::Native, &large(), &cancel);
    assert!(matches!(ended, Err(LoadError::Cancelled)), "{ended:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn the_child_is_limited_before_it_reads() {
    let mut child = Command::new(binary())
        .args([COMMAND, "native", "77", "123456789"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let path = format!("/proc/{}/limits", child.id());
    // It gets no byte until its limits are seen.
    let limits = loop {
        let limits = std::fs::read_to_string(&path).expect("the child waits for its input");
        if limits.lines().any(|line| line.starts_with("Max file size") && words(line)[3] == "0") {
            break limits;
        }
        std::thread::yield_now();
    };
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).expect("a line for each limit");
        let count = name.split(' ').count();
        words(line)[count..count + 2].join(" ")
    };
    assert_eq!(limit("Max cpu time"), "77 78");
    assert_eq!(limit("Max data size"), "123456789 123456789");
    assert_eq!(limit("Max core file size"), "0 0");
    assert_eq!(limit("Max open files"), "16 16");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(&[7; 32]).and_then(|()| pipe.write_all(b"\0asm")).expect("the child reads");
    drop(pipe);
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(1));
    expect!["the component is truncated at byte 4"].assert_eq(&String::from_utf8_lossy(&ended.stdout));
}

#[cfg(target_os = "linux")]
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[test]
fn every_command_compiles_in_a_child() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("spell.wasm");
    std::fs::write(&path, large().bytes()).expect("a writable folder");
    for arguments in [&["check"][..], &["inspect"], &["run", "--once"]] {
        assert_eq!(children(&path, arguments), 1, "{arguments:?}");
    }
}

/// How often the command starts a compiling child, as its own log says.
fn children(path: &Path, arguments: &[&str]) -> usize {
    let output = Command::new(binary())
        .args(arguments)
        .arg(path)
        .env("SPELLHOST_LOG", "spellhost_forge=debug")
        .env("NO_COLOR", "1")
        .output()
        .expect("the binary starts");
    let log = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{log}");
    log.lines().filter(|line| line.contains("compiling a component in a child process")).count()
}
