//! What a compiler said about a place. It knows nothing of how it was said or printed.

use std::path::PathBuf;

use serde::Serialize;

/// How much a diagnostic matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// There is no component.
    Error,
    /// There is one, and the author should look.
    Warning,
}

/// One remark of the compiler.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// The file, relative to the spell's folder where it lies in it.
    pub file: Option<PathBuf>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column in characters, from 1.
    pub column: Option<u32>,
    /// The first line of what the compiler says.
    pub message: String,
    /// How much it matters.
    pub level: Level,
}
