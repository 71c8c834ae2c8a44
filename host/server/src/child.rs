//! The child process in which a stranger's component is compiled, for programs that embed a host.

use std::process::ExitCode;

use spellhost_runtime::Codegen;

/// Does the child's work where this process was started for it; the code to exit with. A program that
/// embeds a host calls this first in `main`: the host starts the program once more for each component.
pub fn compile_in_child() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != spellhost_forge::COMMAND {
        return None;
    }
    let rest: Vec<String> = arguments.map(|argument| argument.to_string_lossy().into_owned()).collect();
    let compiled = limits(&rest)
        .and_then(|(codegen, seconds, bytes)| spellhost_forge::serve(codegen, seconds, bytes).ok());
    // Who started it finds no artefact, and says so.
    Some(compiled.map_or(ExitCode::from(2), ExitCode::from))
}

/// How code is made, the processor time in seconds, and the memory in bytes.
fn limits(arguments: &[String]) -> Option<(Codegen, u64, u64)> {
    let [codegen, seconds, bytes] = arguments else { return None };
    Some((Codegen::named(codegen)?, seconds.parse().ok()?, bytes.parse().ok()?))
}
