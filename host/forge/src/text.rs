//! Spells in WebAssembly text: a core module with the canonical ABI's names, or a whole component. It promises a line
//! and a column for every error that the text itself has; it starts no process.

use std::fs;
use std::path::Path;

use crate::build::BuildOptions;
use crate::diagnostic::{Diagnostic, Level};
use crate::failure::{BuildError, BuildFailure};
use crate::folder::Folder;
use crate::limits::COMPONENT_BYTES_MAX;
use crate::module::{Encoding, Made, with_contract};

/// What a component begins with, where a core module has its version.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// Builds a spell of text.
pub(crate) fn build(folder: &Folder, _options: &BuildOptions<'_>) -> Result<Made, BuildError> {
    let entry = folder.manifest.entry.as_deref().unwrap_or(folder.manifest.language.entry());
    let path = folder.root.join(entry);
    let found = path.metadata().map_err(|_| {
        let message = format!("the spell `{}` has no code: it belongs into {entry}", folder.id());
        BuildFailure::new("no_entry", message)
            .hint("`spellhost new NAME --lang wat` makes a spell with one, to compare")
    })?;
    if found.len() > COMPONENT_BYTES_MAX {
        let message = format!("{entry} has more than {} MiB", COMPONENT_BYTES_MAX >> 20);
        return Err(BuildFailure::new("build_failed", message).into());
    }
    let bytes = fs::read(&path)
        .map_err(|error| BuildFailure::new("build_failed", format!("{entry} cannot be read: {error}")))?;
    let binary = wat::Parser::new()
        .parse_bytes(Some(Path::new(entry)), &bytes)
        .map_err(|error| wrong(folder, entry, &error.to_string()))?;
    let component = if binary.starts_with(COMPONENT) {
        binary.into_owned()
    } else {
        with_contract(&binary, Encoding::Utf8)?
    };
    Ok(Made { component, toolchain: "wat 1.254.0".to_owned(), warnings: Vec::new(), rendered: String::new() })
}

/// An error of the text, which says its place as `--> file:line:column`.
fn wrong(folder: &Folder, entry: &str, printed: &str) -> BuildFailure {
    let place = printed.lines().find_map(|line| line.trim_start().strip_prefix("--> "));
    let mut parts = place.unwrap_or_default().rsplitn(3, ':');
    let (column, line) = (parts.next(), parts.next());
    let number = |part: Option<&str>| part.and_then(|part| part.trim().parse().ok());
    let diagnostic = Diagnostic {
        file: Some(entry.into()),
        line: number(line),
        column: number(column),
        message: printed.lines().next().unwrap_or_default().to_owned(),
        level: Level::Error,
    };
    BuildFailure {
        diagnostics: vec![diagnostic],
        rendered: printed.to_owned(),
        ..BuildFailure::new("compile_failed", format!("the spell `{}` did not compile: 1 error", folder.id()))
    }
}
