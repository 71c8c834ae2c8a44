//! The `spellhost` binary: what a spell author and an operator type.
//!
//! Reads the command line, starts one command, turns its result into an exit code: 0 done, 1 the
//! thing asked about failed, 2 usage or environment, 130 Ctrl-C. Each command is a module of its
//! own; none of them knows another's arguments.

mod file;
mod interrupt;
mod problem;
mod screen;

mod builder;
mod listing;
mod source;

mod demo;
mod saved;
mod script;
mod session;
mod stage;
mod tally;

mod account;
mod allow;
mod picture;
mod view;
mod words;

mod keys;
mod live;
mod run;

mod bless;
mod expectation;
mod fields;
mod scenario;
mod test;

mod corpus;
mod difference;
mod rehearsal;
mod transcript;

mod certificate;
mod certify;
mod chance;
mod invention;
mod opinion;
mod panel;
mod processor;

mod build;
mod check;
mod compile;
mod completions;
mod doctor;
mod inspect;
mod new;
mod pack;
mod place;
mod replay;
mod serve;
mod watching;

mod logins;
mod remote;

mod login;
mod publish;
mod revisions;

mod import;
mod keeping;
mod log;
mod tap;
mod unpack;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::interrupt::Interrupt;
use crate::problem::{Kind, Problem};
use crate::screen::Screen;

const ABOUT: &str = "Spells as WebAssembly components: write, cast, test and swap them in a running world";

const EXAMPLES: &str = "\
Examples:
  spellhost new ember               make a spell that builds
  spellhost run ember               cast it, then again on every save
  spellhost test ember              play its scenario files
  spellhost certify ember           does it do the same on every engine?
  spellhost doctor                  what is missing to build spells

Every flag may stand in the environment as SPELLHOST_ and its name. SPELLHOST_LOG filters the
program's own log on standard error (for example `SPELLHOST_LOG=debug`).

Exit codes: 0 done, 1 the thing asked about failed, 2 usage or environment, 130 Ctrl-C.";

#[derive(Parser)]
#[command(name = "spellhost", version, about = ABOUT, after_help = EXAMPLES, disable_help_subcommand = true)]
struct CommandLine {
    /// Write objects for programs on standard output, and everything else on standard error
    #[arg(long, global = true, env = "SPELLHOST_JSON", value_parser = clap::builder::FalseyValueParser::new())]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one of it")]
enum Command {
    New(new::Args),
    Build(build::Args),
    Check(check::Args),
    Inspect(inspect::Args),
    Run(run::Args),
    Test(test::Args),
    Certify(certify::Args),
    Replay(replay::Args),
    Serve(serve::Args),
    Publish(publish::Args),
    Rollback(publish::RollbackArgs),
    Revisions(revisions::Args),
    Channels(revisions::ChannelsArgs),
    Login(login::Args),
    Fsck(keeping::FsckArgs),
    Recover(keeping::RecoverArgs),
    Gc(keeping::GcArgs),
    Export(keeping::ExportArgs),
    Import(import::Args),
    #[command(name = keeping::PROBE, hide = true)]
    Probe(keeping::ProbeArgs),
    Tap(tap::Args),
    Log(log::Args),
    Pack(pack::Args),
    Unpack(unpack::Args),
    #[command(name = panel::COMMAND, hide = true)]
    Opinion(opinion::Args),
    Doctor(doctor::Args),
    Completions(completions::Args),
}

fn main() -> ExitCode {
    if let Some(code) = compile::child() {
        return code;
    }
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => return misused(&error),
    };
    log(line.json);
    let screen = Screen::new(line.json);
    let result = Interrupt::install().and_then(|interrupt| {
        let result = execute(&line.command, screen, &interrupt);
        // Whatever a signal made fail, the reason is the signal.
        interrupt.check().and(result)
    });
    ExitCode::from(result.unwrap_or_else(|problem| {
        // Who pressed Ctrl-C knows it; a program wants its object.
        if problem.kind != Kind::Interrupted || screen.is_json() {
            screen.problem(&problem);
        }
        problem.exit_code()
    }))
}

fn execute(command: &Command, screen: Screen, interrupt: &Interrupt) -> Result<u8, Problem> {
    match command {
        Command::New(args) => new::new(args, screen),
        Command::Build(args) => build::build(args, screen, interrupt),
        Command::Check(args) => check::check(args, screen, interrupt),
        Command::Inspect(args) => inspect::inspect(args, screen, interrupt),
        Command::Run(args) => run::run(args, screen, interrupt),
        Command::Test(args) => test::test(args, screen, interrupt),
        Command::Replay(args) => replay::replay(args, screen, interrupt),
        Command::Pack(args) => pack::pack(args, screen, interrupt),
        Command::Unpack(args) => unpack::unpack(args, screen),
        Command::Serve(args) => serve::serve(args, screen, interrupt),
        Command::Publish(args) => publish::publish(args, screen, interrupt),
        Command::Rollback(args) => publish::rollback(args, screen),
        Command::Revisions(args) => revisions::revisions(args, screen),
        Command::Channels(args) => revisions::channels(args, screen),
        Command::Login(args) => login::login(args, screen),
        Command::Fsck(args) => keeping::fsck(args, screen),
        Command::Recover(args) => keeping::recover(args, screen),
        Command::Gc(args) => keeping::gc(args, screen),
        Command::Export(args) => keeping::export(args, screen, interrupt),
        Command::Import(args) => import::import(args, screen, interrupt),
        Command::Probe(args) => keeping::answer_probe(args),
        Command::Log(args) => log::log(args, screen, interrupt),
        Command::Tap(args) => tap::tap(args, screen, interrupt),
        Command::Certify(args) => certify::certify(args, screen, interrupt),
        Command::Opinion(args) => opinion::opinion(args),
        Command::Doctor(args) => doctor::doctor(args, screen),
        Command::Completions(args) => completions::completions(args, CommandLine::command(), screen),
    }
}

/// The program's own log: on standard error, warnings unless `SPELLHOST_LOG` says otherwise; an object
/// a line for programs.
fn log(json: bool) {
    let filter = EnvFilter::try_from_env("SPELLHOST_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    if json { log.json().with_span_list(false).init() } else { log.init() }
}

/// Help and version go where they belong; a wrong command line is told as text or as an object.
fn misused(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // Nothing to do where the reader went away.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let asked = std::env::args_os().any(|argument| argument == "--json");
    let json = asked
        || std::env::var("SPELLHOST_JSON")
            .is_ok_and(|value| !["", "0", "false", "no", "off"].contains(&value.as_str()));
    if json {
        let text = error.render().to_string();
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let message = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let hint = lines
            .find(|line| line.starts_with("tip:"))
            .map(|line| line.trim_start_matches("tip: ").to_owned());
        let problem =
            Problem::usage("usage", message).hint(hint.unwrap_or_else(|| "spellhost --help".into()));
        Screen::new(true).problem(&problem);
    } else {
        // As above.
        let _ = error.print();
    }
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_command_has_examples_and_every_flag_an_environment() {
        let command = CommandLine::command();
        for command in command.get_subcommands().filter(|command| !command.is_hide_set()) {
            let name = command.get_name();
            assert!(
                command.get_after_help().is_some_and(|help| help.to_string().contains("Examples:")),
                "{name}"
            );
            assert!(command.get_about().is_some(), "{name}");
            for argument in command.get_opts().filter(|argument| argument.get_id() != "help") {
                let variable = argument.get_env().unwrap_or_default().to_string_lossy();
                assert!(variable.starts_with("SPELLHOST_"), "{name} --{}", argument.get_id());
            }
        }
    }
}
