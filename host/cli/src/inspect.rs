//! `spellhost inspect`: what is in a component, and what its exports cost in a trial cast.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};
use spellhost_runtime::{Admitted, Component};

use crate::allow::AllowFlags;
use crate::check::{measures, measures_json};
use crate::demo::{DemoFlags, TICKS, demo};
use crate::interrupt::Interrupt;
use crate::problem::Problem;
use crate::run::Machine;
use crate::screen::{Doing, Screen};
use crate::script::{Performance, perform};
use crate::session::Session;
use crate::source::{Making, Ready, Source, read};
use crate::words;

const EXAMPLES: &str = "\
Examples:
  spellhost inspect fireball.wasm
  spellhost inspect fireball.wasm --json";

/// Show a component's WIT, its description, sections, sizes, capabilities, and its fuel in a trial cast
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

/// Fuel of one export in the trial.
#[derive(Default)]
struct Cost {
    calls: u64,
    used: u64,
    most: u64,
}

/// Runs the command.
///
/// # Errors
/// Where the file is not a spell.
pub fn inspect(args: &Args, screen: Screen, interrupt: &Interrupt) -> Result<u8, Problem> {
    read(&args.file)?;
    let machine = Machine::start(Some(1))?;
    let progress = |_: Doing| {};
    let cancel = interrupt.cancel();
    let policy = args.allow.policy();
    let making = Making {
        lines: false,
        warm: None,
        color: false,
        policy: &policy,
        cancel: &cancel,
        progress: &progress,
    };
    let ready = Source::File(args.file.clone()).ready(&machine.engine, &making)?;
    let trial = trial(&machine, &ready, interrupt)?;
    let costs = costs(&ready.component, &trial);
    if screen.is_json() {
        screen.object(&object(&ready, &trial, &costs)?);
    } else {
        screen.print(&told(&args.file.display().to_string(), &ready, &trial, &costs, screen)?);
    }
    Ok(0)
}

/// A cast in the demo world with every parameter at its default.
fn trial(machine: &Machine, ready: &Ready, interrupt: &Interrupt) -> Result<Performance, Problem> {
    let flags = DemoFlags {
        ticks: TICKS,
        seed: None,
        world: None,
        target: None,
        direction: None,
        params: Vec::new(),
    };
    let (stage, script) = demo(&flags, ready)?;
    let mut session = Session::enter(stage, machine.caster.clone(), None)?;
    session.install(ready)?;
    perform(&mut session, &script, &ready.revision, interrupt)
}

fn costs(component: &Component, trial: &Performance) -> BTreeMap<&'static str, Cost> {
    let mut costs: BTreeMap<&str, Cost> = BTreeMap::new();
    let once = |used| Cost { calls: 1, used, most: used };
    costs.insert("(instantiate)", once(component.instantiate_fuel()));
    costs.insert("describe", once(component.describe_fuel()));
    for call in trial.tallies.iter().flat_map(|tally| &tally.calls) {
        let cost = costs.entry(call.export).or_default();
        cost.calls += 1;
        cost.used += call.fuel.used;
        cost.most = cost.most.max(call.fuel.used);
    }
    costs
}

fn object(ready: &Ready, trial: &Performance, costs: &BTreeMap<&str, Cost>) -> Result<Value, Problem> {
    let component = &ready.component;
    let admitted = component.admitted();
    let anatomy = admitted.anatomy();
    let sections = anatomy.sections.iter();
    let sections: Vec<Value> = sections
        .map(|section| json!({"name": section.name, "offset": section.offset, "bytes": section.bytes}))
        .collect();
    let cost = |(name, cost): (&&str, &Cost)| {
        ((*name).to_owned(), json!({"calls": cost.calls, "used": cost.used, "most": cost.most}))
    };
    let fuel: serde_json::Map<String, Value> = costs.iter().map(cost).collect();
    Ok(json!({
        "component": {"digest": component.digest().to_string(), "size": component.size()},
        "interface": format!("spellhost:spell@{}", admitted.version()),
        "capabilities": component.capabilities(),
        "imports": anatomy.imports,
        "info": component.info(),
        "sections": sections,
        "limits": measures_json(admitted),
        "code_bytes": anatomy.code_bytes,
        "memory_pages": {"min": anatomy.memory_pages_min, "max": anatomy.memory_pages_max},
        "has_names": anatomy.has_names,
        "has_lines": anatomy.has_lines,
        "compile_micros": component.compile_time().as_micros() as u64,
        "wit": interface_of(admitted)?,
        "trial": {
            "outcome": trial.tallies.first().map(|tally| tally.outcome()),
            "ticks": trial.ticks,
            "state_hash": trial.after.hash,
            "fuel": fuel,
        },
    }))
}

fn told(
    name: &str,
    ready: &Ready,
    trial: &Performance,
    costs: &BTreeMap<&str, Cost>,
    screen: Screen,
) -> Result<String, Problem> {
    let component = &ready.component;
    let (admitted, info) = (component.admitted(), component.info());
    let anatomy = admitted.anatomy();
    let mut lines = vec![screen.bold(name), format!("  {}: {}", info.display_name, info.description)];
    let capabilities = component.capabilities();
    let capabilities = if capabilities.is_empty() { "none".into() } else { capabilities.join(", ") };
    let with = |has: bool, what: &str| format!("{} {what}", if has { "with" } else { "without" });
    lines.extend([
        format!("  digest        {}", component.digest()),
        format!("  interface     spellhost:spell@{}", admitted.version()),
        format!("  capabilities  {capabilities}"),
        format!("  cooldown      {}", words::ticks(info.cooldown)),
        format!("  mana          {}", info.mana),
        format!("  compiled in   {}", words::elapsed(component.compile_time())),
        format!("  debugging     {}, {}", with(anatomy.has_names, "names"), with(anatomy.has_lines, "lines")),
    ]);
    for spec in &info.params {
        let range = spec.range.map_or_else(String::new, |(min, max)| {
            format!(", {} to {}", words::number(min), words::number(max))
        });
        let choices = if spec.choices.is_empty() {
            String::new()
        } else {
            format!(", one of {}", spec.choices.join(", "))
        };
        let unit = if spec.unit.is_empty() { String::new() } else { format!(" {}", spec.unit) };
        let help = if spec.help.is_empty() { String::new() } else { format!(": {}", spec.help) };
        lines.push(format!(
            "  parameter     {} = {}{unit} ({}{range}{choices}){help}",
            spec.name,
            spec.default,
            spec.default.kind()
        ));
    }
    lines.push("\nsizes".into());
    for measure in measures(admitted) {
        lines.push(format!(
            "  {:<16} {} of {}",
            measure.name.replace('_', " "),
            words::grouped(measure.found),
            words::grouped(measure.max)
        ));
    }
    lines.push("\nsections".into());
    for section in &anatomy.sections {
        lines.push(format!(
            "  {:>8}  {:>9}  {}",
            section.offset,
            words::grouped(section.bytes as u64),
            section.name
        ));
    }
    let outcome = trial.tallies.first().map_or_else(String::new, |tally| words::outcome(&tally.outcome()));
    lines.push(format!("\nfuel in a trial cast ({outcome}, {})", words::count(trial.ticks, "tick")));
    for (export, cost) in costs {
        let (calls, used, most) =
            (words::count(cost.calls, "call"), words::grouped(cost.used), words::grouped(cost.most));
        lines.push(format!("  {export:<14} {used} in {calls}, {most} at most"));
    }
    lines.push(format!("\nWIT\n{}", interface_of(admitted)?.trim_end()));
    Ok(lines.join("\n") + "\n")
}

/// The component's WIT as text.
fn interface_of(admitted: &Admitted) -> Result<String, Problem> {
    spellhost_forge::interface(admitted.bytes()).map_err(|message| Problem::failed("malformed", message))
}
