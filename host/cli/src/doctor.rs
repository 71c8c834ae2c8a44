//! `spellhost doctor`: is everything here that spells need to be built and run?

use std::path::Path;

use comfy_table::{Table, presets};
use serde_json::json;
use spellhost_forge::Progress;
use spellhost_forge::toolchain::{self, Check};

use crate::problem::Problem;
use crate::run::Machine;
use crate::screen::{Doing, Screen};

const EXAMPLES: &str = "\
Examples:
  spellhost doctor          a table of what is there and what is missing, with the command to type
  spellhost doctor --fix    does what is safe to do, then shows the table
  spellhost doctor --json";

/// Check the toolchains and everything else that building and running spells needs
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Do what is safe: add the wasm target, unpack the SDK, install the AssemblyScript compiler
    #[arg(long, env = "SPELLHOST_FIX", value_parser = clap::builder::FalseyValueParser::new())]
    fix: bool,
}

/// Runs the command; 1 where something needed is missing.
///
/// # Errors
/// None of its own.
pub fn doctor(args: &Args, screen: Screen) -> Result<u8, Problem> {
    let mut checks = if args.fix {
        let busy = screen.busy();
        toolchain::fix(&|progress| {
            if let Progress::Note(line) = progress {
                busy.show(Doing::Note(&line));
            }
        })
    } else {
        toolchain::report()
    };
    checks.push(engine());
    checks.push(sandbox());
    checks.push(port());
    checks.push(store());
    let well = checks.iter().all(|check| check.ok || !check.required);
    if screen.is_json() {
        screen.object(&json!({ "ok": well, "checks": checks }));
    } else {
        screen.print(&table(&checks, screen));
    }
    Ok(if well { 0 } else { 1 })
}

fn engine() -> Check {
    let (ok, found) = match Machine::start(Some(1)) {
        Ok(machine) => (true, format!("engine {}", machine.engine.id())),
        Err(problem) => (false, problem.message),
    };
    Check { name: "engine", ok, required: true, found, fix_command: None }
}

/// Whether `serve` can build what strangers send it.
fn sandbox() -> Check {
    let probed = spellhost_forge::sandbox();
    Check {
        name: "sandbox",
        ok: probed.is_ok(),
        required: false,
        found: probed
            .as_ref()
            .err()
            .cloned()
            .unwrap_or_else(|| "user namespaces, for `serve` to build in".into()),
        fix_command: probed.err().map(|_| unlocking()),
    }
}

/// What to type where users may make no namespaces: the setting that says so, where one does.
fn unlocking() -> String {
    let settings = [
        ("user.max_user_namespaces", "0", "15000"),
        ("kernel.unprivileged_userns_clone", "0", "1"),
        ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ];
    let is_set = |name: &str, value: &str| {
        let place = Path::new("/proc/sys").join(name.replace('.', "/"));
        std::fs::read_to_string(place).is_ok_and(|found| found.trim() == value)
    };
    let locked = settings.iter().find(|(name, value, _)| is_set(name, value));
    locked.map_or_else(
        || "spellhost serve --unsandboxed-builds".to_owned(),
        |(name, _, value)| format!("sudo sysctl -w {name}={value}"),
    )
}

/// Whether `serve` can listen where it does without a flag.
fn port() -> Check {
    let (address, free) = crate::serve::default_address();
    let found = match &free {
        Ok(()) => format!("{address} is free, for `serve` to listen on"),
        Err(error) => format!("{address}: {error}"),
    };
    let fix_command = free.is_err().then(|| "spellhost serve --listen 127.0.0.1:0".to_owned());
    Check { name: "port", ok: free.is_ok(), required: false, found, fix_command }
}

/// Whether `serve` can keep things where it does without a flag; nothing is made there.
fn store() -> Check {
    let place = crate::serve::default_data();
    let folder = place.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let probe = folder.join(format!(".probe-{}", std::process::id()));
    let written = match place.symlink_metadata() {
        Ok(found) if !place.is_dir() => Err(format!("it is no directory ({:?})", found.file_type())),
        _ => std::fs::write(&probe, "").map_err(|error| error.to_string()),
    };
    let _ = std::fs::remove_file(probe);
    let found = match &written {
        Ok(()) => format!("{} can be written", place.display()),
        Err(error) => format!("{}: {error}", place.display()),
    };
    let fix_command =
        written.is_err().then(|| "spellhost serve --data A-FOLDER-THAT-CAN-BE-WRITTEN".to_owned());
    Check { name: "store", ok: written.is_ok(), required: false, found, fix_command }
}

fn table(checks: &[Check], screen: Screen) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(["", "what", "found", "to fix it, type"]);
    for check in checks {
        let verdict = match (check.ok, check.required) {
            (true, _) => "ok",
            (false, true) => "missing",
            (false, false) => "optional",
        };
        let fix = check.fix_command.as_deref().filter(|_| !check.ok).unwrap_or_default();
        table.add_row([verdict, check.name, &check.found, fix]);
    }
    let well = checks.iter().all(|check| check.ok || !check.required);
    let line = if well {
        "everything is there"
    } else {
        "something is missing: `spellhost doctor --fix` does what is safe"
    };
    format!("{}\n\n{}\n", table.trim_fmt(), screen.verdict(well, line))
}
