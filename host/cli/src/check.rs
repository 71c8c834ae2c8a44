//! `spellhost check`: is this component a spell? Every problem explained.

use std::path::PathBuf;

use serde_json::{Value, json};
use spellhost_runtime::{Admitted, Component, Engine, EngineOptions, Rejection, admit, limits};

use crate::allow::AllowFlags;
use crate::interrupt::Interrupt;
use crate::problem::Problem;
use crate::screen::Screen;
use crate::source::{compile, not_a_spell, read};
use crate::words;

const EXAMPLES: &str = "\
Examples:
  spellhost check fireball.wasm            exit code 0 where it is a spell, 1 where it is not
  spellhost check fireball.wasm --json";

/// Check whether a component is a spell: imports, exports, interface version, limits
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A component
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What it may import.
    #[command(flatten)]
    allow: AllowFlags,
}

/// Runs the command.
///
/// # Errors
/// Where the file cannot be read, or Ctrl-C.
pub fn check(args: &Args, screen: Screen, interrupt: &Interrupt) -> Result<u8, Problem> {
    let bytes = read(&args.file)?;
    let engine = Engine::new(EngineOptions::default()).map_err(|error| {
        Problem::usage("engine", "the engine does not start on this machine").because(&error)
    })?;
    let name = args.file.display().to_string();
    let loaded = match admit(&bytes, &args.allow.policy()) {
        Ok(admitted) => compile(&engine, admitted, &interrupt.cancel())?,
        Err(rejection) => Err(rejection),
    };
    match loaded {
        Ok(component) => {
            if screen.is_json() {
                screen.object(&object(&component));
            } else {
                screen.print(&told(&name, &component, screen));
            }
            Ok(0)
        }
        Err(rejection) => {
            refused(&name, &rejection, screen);
            Ok(1)
        }
    }
}

fn refused(name: &str, rejection: &Rejection, screen: Screen) {
    if screen.is_json() {
        let problems: Vec<Value> = rejection
            .problems
            .iter()
            .map(|problem| json!({"code": problem.code, "message": problem.message, "hint": problem.hint}))
            .collect();
        let error = not_a_spell(rejection).at(name, None, None).json();
        screen.object(&json!({"spell": false, "error": error, "problems": problems}));
        return;
    }
    let count = words::count(rejection.problems.len() as u64, "problem");
    let mut text = format!("{name} {}: {count}\n", screen.verdict(false, "is not a spell"));
    for problem in &rejection.problems {
        text.push_str(&format!("\n  {}: {}\n", problem.code, problem.message));
        if let Some(hint) = &problem.hint {
            text.push_str(&format!("    next: {hint}\n"));
        }
    }
    screen.note(text.trim_end());
}

/// One measure of a component beside what is allowed.
pub struct Measure {
    /// What is measured.
    pub name: &'static str,
    /// How much it is.
    pub found: u64,
    /// How much it may be.
    pub max: u64,
}

/// The measures of a component.
pub fn measures(admitted: &Admitted) -> Vec<Measure> {
    let anatomy = admitted.anatomy();
    let measure = |name, found: usize, max: usize| Measure { name, found: found as u64, max: max as u64 };
    let (bytes_max, data_max) = match admitted.imports_wasi() {
        true => (limits::WASI_COMPONENT_BYTES_MAX, limits::WASI_DATA_BYTES_MAX),
        false => (limits::COMPONENT_BYTES_MAX, limits::DATA_BYTES_MAX),
    };
    vec![
        measure("component_bytes", admitted.size(), bytes_max),
        measure("core_modules", anatomy.core_modules, limits::CORE_MODULES_MAX),
        measure("functions", anatomy.functions, limits::FUNCTIONS_MAX),
        measure("body_bytes", anatomy.body_bytes_max, limits::BODY_BYTES_MAX),
        measure("body_blocks", anatomy.body_blocks_max, limits::BODY_BLOCKS_MAX),
        measure("data_bytes", anatomy.data_bytes, data_max),
        Measure { name: "memory_pages", found: anatomy.memory_pages_min, max: limits::MEMORY_PAGES_MAX },
    ]
}

/// The measures as an object.
pub fn measures_json(admitted: &Admitted) -> Value {
    measures(admitted)
        .iter()
        .map(|measure| (measure.name.to_owned(), json!({"found": measure.found, "max": measure.max})))
        .collect()
}

const EXPORTS: [&str; 4] = ["describe", "cast", "on-event", "migrate"];

fn object(component: &Component) -> Value {
    let admitted = component.admitted();
    json!({
        "spell": true,
        "component": {"digest": component.digest().to_string(), "size": component.size()},
        "interface": format!("spellhost:spell@{}", admitted.version()),
        "capabilities": component.capabilities(),
        "imports": admitted.anatomy().imports,
        "exports": EXPORTS,
        "limits": measures_json(admitted),
        "info": component.info(),
    })
}

fn told(name: &str, component: &Component, screen: Screen) -> String {
    let admitted = component.admitted();
    let list = |items: &[String]| if items.is_empty() { "none".into() } else { items.join(", ") };
    let mut text = format!(
        "{name} {}: {}\n  interface     spellhost:spell@{}\n  digest        {}\n  capabilities  {}\n  imports       {}\n  exports       {}\n",
        screen.verdict(true, "is a spell"),
        component.info().display_name,
        admitted.version(),
        component.digest(),
        list(component.capabilities()),
        list(&admitted.anatomy().imports),
        EXPORTS.join(", "),
    );
    for (at, measure) in measures(admitted).iter().enumerate() {
        let label = if at == 0 { "limits" } else { "" };
        let (found, max) = (words::grouped(measure.found), words::grouped(measure.max));
        text.push_str(&format!("  {label:<13} {}: {found} of {max}\n", measure.name.replace('_', " ")));
    }
    text
}
