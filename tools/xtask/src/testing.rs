//! Every test of the repository, behind one command and one summary.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::command::{cargo, cargo_command, run, step};

const GUEST_TARGET: &str = "wasm32-unknown-unknown";
/// What takes long to compile, and what all of the host stands on.
const SHARED: [&str; 2] = ["libwasmtime", "libspellhost_server"];

/// Installs what the tests need and a bare machine lacks.
pub fn prepare() -> Result<()> {
    let library = Command::new("rustc").args(["--print", "target-libdir", "--target", GUEST_TARGET]).output();
    let there =
        library.is_ok_and(|out| std::path::Path::new(String::from_utf8_lossy(&out.stdout).trim()).is_dir());
    if !there {
        eprintln!("installing the wasm target: rustup target add {GUEST_TARGET}");
        run(Command::new("rustup").args(["target", "add", GUEST_TARGET])).context(
            "type `rustup target add wasm32-unknown-unknown`, or install it with your Rust toolchain",
        )?;
    }
    for component in ["rustfmt", "clippy"] {
        let found = cargo_command()
            .args([if component == "rustfmt" { "fmt" } else { component }, "--version"])
            .output();
        if !found.is_ok_and(|out| out.status.success()) {
            eprintln!("installing {component}: rustup component add {component}");
            run(Command::new("rustup").args(["component", "add", component]))?;
        }
    }
    Ok(())
}

/// Installs the AssemblyScript compiler where the binary looks for it, so that no test waits for the network.
fn assemblyscript() -> Result<()> {
    // It says itself what it installs, in one line, and does nothing where all is there.
    let mut doctor = Command::new("target/release/spellhost");
    run(doctor.args(["doctor", "--fix"])).context("`spellhost doctor` shows what is missing")
}

/// Runs every test and ends with one line that sums them up.
pub fn test() -> Result<()> {
    prepare()?;
    step("binary", || cargo(&["build", "--release"]))?;
    step("tools of spells", assemblyscript)?;
    step("simulation and lockstep for wasm32", || {
        let packages = ["--package", "spellhost-sim", "--package", "spellhost-lockstep"];
        cargo(&[&["build", "--release"], &packages[..], &["--target", GUEST_TARGET]].concat())
    })?;
    let mut total = Summary::default();
    step("simulation in debug", || total.add(&["test", "--package", "spellhost-sim", "--lib"]))?;
    step("tests", || total.add(&["test", "--release", "--workspace", "--no-fail-fast"]))?;
    step("spells, natively", || spells(&mut total))?;
    step("one engine", one_engine)?;
    println!("{} passed, {} failed", total.passed, total.failed);
    if total.failed > 0 || total.broken {
        bail!("{} tests failed", total.failed);
    }
    Ok(())
}

/// What takes longer than a test may: every generated component. What they came to is printed.
pub fn prove() -> Result<()> {
    prepare()?;
    step("binary", || cargo(&["build", "--release"]))?;
    let tests = || {
        let mut command = cargo_command();
        command.args(["test", "--release", "--workspace", "--test", "acceptance", "on_every_engine", "--"]);
        command
    };
    let listed = tests().arg("--list").output()?;
    if !String::from_utf8_lossy(&listed.stdout).contains(": test") {
        bail!("no test of the generated components was found: {}", String::from_utf8_lossy(&listed.stderr));
    }
    let mut command = tests();
    if std::env::var_os("COUNT").is_none() {
        command.env("COUNT", "10000");
    }
    step("generated components", || run(command.arg("--nocapture")))
}

/// Runs one fuzz target for some seconds, from its seeds and what earlier runs found. The counters
/// are those of the compiler that builds the host; neither a nightly one nor `cargo fuzz` is needed.
pub fn fuzz(target: &str, seconds: &str) -> Result<()> {
    let coverage = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
        -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
        -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";
    let triple = host()?;
    let mut build = cargo_command();
    build.args([
        "build",
        "--release",
        "--manifest-path",
        "tools/fuzz/Cargo.toml",
        "--target-dir",
        "target/fuzz",
    ]);
    // Naming the target keeps the counters out of build scripts.
    build.args(["--target", &triple, "--bin", target]).env("RUSTFLAGS", coverage);
    step("fuzz target", || run(&mut build))?;
    let (corpus, found) = (format!("target/fuzz/corpus/{target}"), "target/fuzz/artifacts/");
    std::fs::create_dir_all(&corpus)?;
    std::fs::create_dir_all(found)?;
    let mut fuzzer = Command::new(format!("target/fuzz/{triple}/release/{target}"));
    fuzzer.args([format!("-max_total_time={seconds}"), format!("-artifact_prefix={found}{target}-"), corpus]);
    let seeds = std::path::Path::new("tools/fuzz/seeds").join(target);
    if seeds.is_dir() {
        fuzzer.arg(seeds);
    }
    step("fuzzing", || run(&mut fuzzer))
}

/// The triple that this compiler builds for.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let triple = text.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    Ok(triple.to_owned())
}

/// Fails where `cargo run --release` and the tests stand on two builds of the engine or of the host: then some
/// dependency resolves other features in one of them, and everybody compiles it twice.
fn one_engine() -> Result<()> {
    let run = libraries(&["build", "--release"])?;
    let tests = libraries(&["test", "--release", "--workspace", "--no-run"])?;
    if run != tests {
        bail!(
            "`cargo run` builds {run:?} and the tests build {tests:?}: compare the features of both with `cargo tree -e \
             features`, and name what differs in host/cli/Cargo.toml"
        );
    }
    Ok(())
}

/// The file names of the engine and of the host's libraries that a cargo command uses.
fn libraries(arguments: &[&str]) -> Result<BTreeSet<String>> {
    let output = cargo_command().args(arguments).args(["--quiet", "--message-format=json"]).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_one = |name: &&str| {
        SHARED.iter().any(|library| {
            name.strip_prefix(library).is_some_and(|rest| rest.starts_with('-') && rest.ends_with(".rmeta"))
        })
    };
    let names: BTreeSet<String> = text
        .split('"')
        .filter_map(|word| word.rsplit('/').next())
        .filter(is_one)
        .map(str::to_owned)
        .collect();
    if names.len() < SHARED.len() {
        bail!("cargo names only {names:?} of {SHARED:?} among its artefacts");
    }
    Ok(names)
}

/// The unit tests of every spell, against the SDK's mock world, in one target folder.
fn spells(total: &mut Summary) -> Result<()> {
    let mut folders: Vec<_> = std::fs::read_dir("spells")?.collect::<std::io::Result<Vec<_>>>()?;
    folders.sort_by_key(|folder| folder.file_name());
    for folder in folders {
        let manifest = folder.path().join("Cargo.toml");
        if manifest.is_file() {
            let manifest = manifest.to_string_lossy().into_owned();
            total.add(&["test", "--quiet", "--manifest-path", &manifest, "--target-dir", "target/spells"])?;
        }
    }
    Ok(())
}

/// Runs the tests so that they rewrite what they expect.
pub fn bless() -> Result<()> {
    let mut command = cargo_command();
    command.args(["test", "--release", "--workspace", "--no-fail-fast"]);
    command.env("UPDATE_EXPECT", "1").env("TRYCMD", "overwrite").env("BLESS", "1");
    run(&mut command)
}

/// Builds the spells among the fixtures; those of text are built by the test that compares them.
pub fn fixtures() -> Result<()> {
    for name in ["blink", "fireball", "stone-wall"] {
        let (spell, component) = (format!("spells/{name}"), format!("tests/fixtures/{name}.wasm"));
        run(Command::new("target/release/spellhost").args(["build", &spell, "--output", &component]))?;
    }
    runtime_test("BUILD_FIXTURES", "the_small_fixtures_are_what_their_texts_say")
}

/// Rewrites the fuel of the fixtures and nothing else.
pub fn bless_fuel() -> Result<()> {
    runtime_test("BLESS", "fuel_is_what_it_was")
}

fn runtime_test(variable: &str, name: &str) -> Result<()> {
    let mut command = cargo_command();
    command.args(["test", "--release", "--package", "spellhost-runtime", "--test", "main", name]);
    run(command.env(variable, "1"))
}

#[derive(Default)]
struct Summary {
    passed: u64,
    failed: u64,
    broken: bool,
}

impl Summary {
    /// Runs `cargo` and adds up the lines `test result: …` of what it prints.
    fn add(&mut self, arguments: &[&str]) -> Result<()> {
        let mut child = cargo_command().args(arguments).stdout(Stdio::piped()).spawn()?;
        let out = child.stdout.take().context("the child has a standard output")?;
        for line in BufReader::new(out).lines() {
            let line = line?;
            println!("{line}");
            if let Some(result) = line.strip_prefix("test result: ") {
                self.passed += count(result, "passed");
                self.failed += count(result, "failed");
            }
        }
        self.broken |= !child.wait()?.success();
        Ok(())
    }
}

/// The number before `word` in `ok. 12 passed; 0 failed; …`.
fn count(result: &str, word: &str) -> u64 {
    let before = result.split(word).next().unwrap_or_default();
    before.split_whitespace().last().and_then(|number| number.parse().ok()).unwrap_or(0)
}
