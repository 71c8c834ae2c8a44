//! What the author of a spell is told of a call that did not end well: function, file and line,
//! demangled, where the component says them.
//!
//! Only for people: nothing here decides anything, and players never see it.

use wasmtime::component::__internal::wasmtime_environ::demangle_function_name;
use wasmtime::{FrameInfo, WasmBacktrace};

/// The most frames of a report.
const FRAMES_MAX: usize = 16;
/// The most bytes of a name or path in a report.
const TEXT_BYTES_MAX: usize = 256;

/// How a call ended, for its author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrapReport {
    /// The kind, such as `unreachable`, or that of the outcome.
    pub trap: String,
    /// What happened, in words.
    pub message: String,
    /// Where, innermost first.
    pub frames: Vec<TrapFrame>,
}

/// One frame of a spell's stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrapFrame {
    /// The function, demangled.
    pub function: Option<String>,
    /// Its source file.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
}

impl TrapReport {
    pub(crate) fn new(trap: &str, error: &wasmtime::Error) -> Self {
        let backtrace = error.downcast_ref::<WasmBacktrace>();
        let frames = backtrace
            .into_iter()
            .flat_map(WasmBacktrace::frames)
            .flat_map(lines_of)
            // What has no name, such as the adapters that componentising adds, tells the author nothing.
            .filter(|frame| *frame != TrapFrame::default())
            .take(FRAMES_MAX)
            .collect();
        Self { trap: trap.into(), message: bounded(&error.root_cause().to_string()), frames }
    }

    /// What an author is told where the host is at fault.
    pub(crate) fn host(why: &str) -> Self {
        Self { trap: "host".into(), message: why.into(), frames: Vec::new() }
    }

    /// The innermost frame that is the author's own.
    pub fn place(&self) -> Option<&TrapFrame> {
        let own = |frame: &&TrapFrame| frame.file.as_deref().is_some_and(|file| !is_library(file));
        let named =
            |frame: &&TrapFrame| frame.function.as_deref().is_some_and(|name| !is_library_function(name));
        let any = |frame: &&TrapFrame| frame.function.is_some();
        let mut frames = self.frames.iter();
        frames.clone().find(own).or_else(|| frames.clone().find(named)).or_else(|| frames.find(any))
    }

    /// That frame as one line.
    pub fn location(&self) -> Option<String> {
        let frame = self.place()?;
        let place = match (&frame.file, frame.line) {
            (Some(file), Some(line)) => Some(format!("{file}:{line}")),
            (Some(file), None) => Some(file.clone()),
            (None, _) => None,
        };
        match (&frame.function, place) {
            (Some(function), Some(place)) => Some(format!("{function} ({place})")),
            (Some(function), None) => Some(function.clone()),
            (None, place) => place,
        }
    }
}

/// Whether a file belongs to a language's own library.
fn is_library(file: &str) -> bool {
    file.starts_with("/rustc/") || file.contains("/library/") || file.starts_with("~lib/")
}

/// Whether a function belongs to a language's own library or to the SDK, where no file says so.
fn is_library_function(name: &str) -> bool {
    let path = name.trim_start_matches(['<', '&']);
    ["__rustc", "rust_panic", "core::", "std::", "alloc::", "spellhost_sdk::", "dlmalloc::", "~lib/"]
        .iter()
        .any(|library| path.starts_with(library))
}

/// The lines that one frame stands for: several where functions were inlined into it.
fn lines_of(frame: &FrameInfo) -> Vec<TrapFrame> {
    let named = || frame.func_name().map(demangled);
    if frame.symbols().is_empty() {
        return vec![TrapFrame { function: named(), ..TrapFrame::default() }];
    }
    let lines = frame.symbols().iter().enumerate().map(|(at, symbol)| TrapFrame {
        function: symbol.name().map(demangled).or_else(|| named().filter(|_| at == 0)),
        file: symbol.file().map(bounded),
        line: symbol.line(),
        column: symbol.column(),
    });
    lines.collect()
}

fn demangled(name: &str) -> String {
    let mut text = String::new();
    if demangle_function_name(&mut text, name).is_err() || text.is_empty() {
        text = name.into();
    }
    bounded(without_hash(&text))
}

/// The name without the hash that older Rust symbols end with.
fn without_hash(name: &str) -> &str {
    let is_hash = |tail: &str| tail.len() == 16 && tail.bytes().all(|byte| byte.is_ascii_hexdigit());
    match name.rsplit_once("::h") {
        Some((path, tail)) if is_hash(tail) => path,
        _ => name,
    }
}

/// Names and messages come from the guest: cut, and without control characters.
fn bounded(text: &str) -> String {
    let mut out = crate::log::escaped(text);
    crate::log::cut(&mut out, TEXT_BYTES_MAX);
    out
}
