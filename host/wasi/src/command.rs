//! `wasi:cli`: no environment, no arguments, no terminal, an input without a byte, two outputs.

use wasmtime::component::{Linker, Resource};

use crate::host::{Host, Output, Reason};
use crate::link::{function, interface, resource};
use crate::streams::{Input, OutputStream, number};

pub(crate) const INTERFACES: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
];

/// A terminal; there is none.
struct TerminalInput;
/// A terminal; there is none.
struct TerminalOutput;

pub(crate) fn link<H: Host>(linker: &mut Linker<H>) -> wasmtime::Result<()> {
    let environment = &mut interface(linker, "wasi:cli/environment")?;
    function(environment, "wasi:cli/environment.get-environment", |_, (): ()| {
        Ok((Vec::<(String, String)>::new(),))
    })?;
    function(environment, "wasi:cli/environment.get-arguments", |_, (): ()| Ok((Vec::<String>::new(),)))?;
    function(environment, "wasi:cli/environment.initial-cwd", |_, (): ()| Ok((None::<String>,)))?;
    let exit = &mut interface(linker, "wasi:cli/exit")?;
    let exits = Reason::Misuse("a spell returns, it does not exit");
    function(exit, "wasi:cli/exit.exit", move |call, (_,): (Result<(), ()>,)| -> wasmtime::Result<()> {
        Err(call.end(exits))
    })?;
    function(exit, "wasi:cli/exit.exit-with-code", move |call, (_,): (u8,)| -> wasmtime::Result<()> {
        Err(call.end(exits))
    })?;
    standard(linker)?;
    terminals(linker)
}

fn standard<H: Host>(linker: &mut Linker<H>) -> wasmtime::Result<()> {
    function(&mut interface(linker, "wasi:cli/stdin")?, "wasi:cli/stdin.get-stdin", |call, (): ()| {
        Ok((call.handle::<Input>(0)?,))
    })?;
    function(&mut interface(linker, "wasi:cli/stdout")?, "wasi:cli/stdout.get-stdout", |call, (): ()| {
        Ok((call.handle::<OutputStream>(number(Output::Stdout))?,))
    })?;
    function(&mut interface(linker, "wasi:cli/stderr")?, "wasi:cli/stderr.get-stderr", |call, (): ()| {
        Ok((call.handle::<OutputStream>(number(Output::Stderr))?,))
    })
}

fn terminals<H: Host>(linker: &mut Linker<H>) -> wasmtime::Result<()> {
    resource::<H, TerminalInput>(&mut interface(linker, "wasi:cli/terminal-input")?, "terminal-input")?;
    resource::<H, TerminalOutput>(&mut interface(linker, "wasi:cli/terminal-output")?, "terminal-output")?;
    function(
        &mut interface(linker, "wasi:cli/terminal-stdin")?,
        "wasi:cli/terminal-stdin.get-terminal-stdin",
        |_, (): ()| Ok((None::<Resource<TerminalInput>>,)),
    )?;
    for (name, get) in [
        ("wasi:cli/terminal-stdout", "wasi:cli/terminal-stdout.get-terminal-stdout"),
        ("wasi:cli/terminal-stderr", "wasi:cli/terminal-stderr.get-terminal-stderr"),
    ] {
        let terminal = &mut interface(linker, name)?;
        function(terminal, get, |_, (): ()| Ok((None::<Resource<TerminalOutput>>,)))?;
    }
    Ok(())
}
