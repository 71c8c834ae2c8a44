//! `spellhost compile-component`: the child in which a stranger's component is compiled. Hidden: the
//! program starts it itself, and nobody else has a use for it.

use spellhost_forge::serve;
use spellhost_runtime::Codegen;

use crate::problem::Problem;

/// Compile the component on standard input for the process that started this one
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How code is made
    #[arg(value_parser = named)]
    codegen: Codegen,
    /// The most processor time, over all threads
    processor_seconds: u64,
    /// The most memory
    memory_bytes: u64,
}

fn named(name: &str) -> Result<Codegen, String> {
    Codegen::named(name).ok_or_else(|| "there is no such way of making code".into())
}

/// Runs the command; 1 where the compiler refuses the component.
///
/// # Errors
/// Where this process cannot be limited, or who started it is gone.
pub fn compile(args: &Args) -> Result<u8, Problem> {
    serve(args.codegen, args.processor_seconds, args.memory_bytes)
        .map_err(|error| Problem::usage("compile", "cannot compile here").because(&error))
}
