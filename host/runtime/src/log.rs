//! The log of one call: whole lines within two bounds, then one notice.
//!
//! Lines that drop are charged like those that stay; that is the caller's business. The log is no
//! part of any hash.

use crate::limits::{LOG_BYTES_MAX, LOG_LINES_MAX};

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
}

impl LogLevel {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// One line that a spell logged; control characters are escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub struct LogLine {
    pub level: LogLevel,
    pub message: String,
}

/// The lines of one call.
#[derive(Debug, Default)]
pub(crate) struct Log {
    lines: Vec<LogLine>,
    bytes: usize,
    dropped: usize,
}

impl Log {
    /// Keeps a line, or counts it as dropped; after the first that drops, all drop.
    pub(crate) fn push(&mut self, level: LogLevel, message: &str) {
        let message = escaped(message);
        let fits = self.lines.len() < LOG_LINES_MAX && self.bytes + message.len() <= LOG_BYTES_MAX;
        if !fits || self.dropped > 0 {
            self.dropped += 1;
            return;
        }
        self.bytes += message.len();
        self.lines.push(LogLine { level, message });
    }

    /// The lines, with a notice at the end where some were dropped.
    pub(crate) fn finish(mut self) -> Vec<LogLine> {
        if self.dropped > 0 {
            let message = format!(
                "{} more lines dropped: a call may log {LOG_LINES_MAX} lines and {LOG_BYTES_MAX} bytes",
                self.dropped
            );
            self.lines.push(LogLine { level: LogLevel::Warn, message });
        }
        self.lines
    }
}

/// `text` with every control character but none else written as an escape.
pub(crate) fn escaped(text: &str) -> String {
    // Most lines are of plain letters, and a line is most of what a short call allocates.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe_to_print(character) {
            out.extend(character.escape_default())
        } else {
            out.push(character)
        }
    }
    out
}

/// Control characters, and those that reorder what stands around them.
fn is_unsafe_to_print(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Cuts `text` to at most `bytes`, between two characters.
/// A name or text of somebody else's in a message: quoted, at most 64 bytes of it.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown = text.chars().take(64).collect::<String>();
    cut(&mut shown, 64);
    format!("{shown:?}")
}

pub(crate) fn cut(text: &mut String, bytes: usize) {
    if text.len() > bytes {
        let end = (0..=bytes).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
}
