//! Spells in WebAssembly text: a core module with the canonical ABI's names, or a whole component. It promises a line
//! and a column for every error of the text, and the same bytes for an author and on a server; it starts no process.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::build::BuildOptions;
use crate::diagnostic::{Diagnostic, Level};
use crate::failure::{BuildError, BuildFailure};
use crate::folder::Folder;
use crate::foundry::{Bench, Craft, Crafted, MakeError, Sources};
use crate::language::Language;
use crate::limits::COMPONENT_BYTES_MAX;
use crate::module::{Encoding, Made, with_contract};

/// What a component begins with, where a core module has its version.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
const TOOLCHAIN: &str = concat!("spellhost ", env!("CARGO_PKG_VERSION"), " wat");

/// WebAssembly text, as a server makes it.
pub(crate) struct Textual;

impl Craft for Textual {
    fn name(&self) -> &'static str {
        Language::Wat.name()
    }

    fn entry(&self) -> &'static str {
        Language::Wat.entry()
    }

    fn toolchain(&self, _: &Bench<'_>) -> Result<String, MakeError> {
        Ok(TOOLCHAIN.to_owned())
    }

    fn is_caged(&self) -> bool {
        false
    }

    fn make(&self, sources: &Sources, _: &Bench<'_>) -> Result<Crafted, MakeError> {
        let entry = self.entry();
        let missing = || BuildFailure::new("no_source", format!("there is no `{entry}`"));
        let (component, _) = component("the spell", entry, sources.get(entry).ok_or_else(missing)?)?;
        Ok(Crafted { component, rendered: String::new() })
    }
}

/// Builds a spell of text in an author's folder.
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
    let (component, componentise) = component(&format!("the spell `{}`", folder.id()), entry, &bytes)?;
    let toolchain = TOOLCHAIN.to_owned();
    Ok(Made { component, componentise, toolchain, warnings: Vec::new(), rendered: String::new() })
}

/// The component of a text, and how long it took after the text was a module; `spell` is what messages call it.
fn component(spell: &str, entry: &str, bytes: &[u8]) -> Result<(Vec<u8>, Duration), BuildFailure> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| BuildFailure::new("compile_failed", format!("`{entry}` is not UTF-8: {error}")))?;
    let binary = wat::Parser::new()
        .parse_str(Some(Path::new(entry)), text)
        .map_err(|error| wrong(spell, entry, text, &error.to_string()))?;
    if binary.starts_with(COMPONENT) {
        return Ok((binary, Duration::ZERO));
    }
    let begin = Instant::now();
    let component = with_contract(&binary, Encoding::Utf8)?;
    Ok((component, begin.elapsed()))
}

/// An error of the text, which says its place as `--> file:line:column`; where it says none, the text is at its end.
fn wrong(spell: &str, entry: &str, text: &str, printed: &str) -> BuildFailure {
    let place = printed.lines().find_map(|line| line.trim_start().strip_prefix("--> "));
    let mut numbers =
        place.into_iter().flat_map(|place| place.rsplit(':')).map(|part| part.trim().parse().ok());
    let (column, line) = (numbers.next().flatten(), numbers.next().flatten());
    let last = u32::try_from(text.lines().count()).unwrap_or(u32::MAX).max(1);
    let diagnostic = Diagnostic {
        file: Some(entry.into()),
        line: line.or(Some(last)),
        column: column.or(Some(1)),
        message: printed.lines().next().unwrap_or_default().to_owned(),
        level: Level::Error,
    };
    BuildFailure {
        diagnostics: vec![diagnostic],
        rendered: printed.to_owned(),
        ..BuildFailure::new("compile_failed", format!("{spell} did not compile: 1 error"))
    }
}
