//! `spellhost compile-component CODEGEN SECONDS BYTES`: the child in which a stranger's component is
//! compiled; and `compile-source`, which puts a compiler of a stranger's source into its cage. In no help and no completion: the program starts it itself, and nobody else has a use for it.

use std::process::ExitCode;

use spellhost_forge::{CAGE_COMMAND, COMMAND, enter, serve};
use spellhost_runtime::Codegen;

use crate::problem::Problem;

/// Does the child's work where this process is one; the exit code, 1 where the component is refused.
pub fn child() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let command = arguments.next()?;
    if command != COMMAND && command != CAGE_COMMAND {
        return None;
    }
    let arguments: Vec<String> = arguments.map(|argument| argument.to_string_lossy().into_owned()).collect();
    if command == CAGE_COMMAND {
        return Some(ExitCode::from(enter(&arguments)));
    }
    let done = limits(&arguments)
        .ok_or_else(|| Problem::usage("usage", "spellhost starts this command itself"))
        .and_then(|(codegen, seconds, bytes)| {
            serve(codegen, seconds, bytes)
                .map_err(|error| Problem::usage("compiler", "cannot compile here").because(&error))
        });
    Some(done.map(ExitCode::from).unwrap_or_else(|problem| {
        // Who started it reads this where it finds no artefact.
        eprintln!("{problem}");
        ExitCode::from(problem.exit_code())
    }))
}

/// How code is made, the processor time in seconds, and the memory in bytes.
fn limits(arguments: &[String]) -> Option<(Codegen, u64, u64)> {
    let [codegen, seconds, bytes] = arguments else { return None };
    Some((Codegen::named(codegen)?, seconds.parse().ok()?, bytes.parse().ok()?))
}
