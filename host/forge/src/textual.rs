//! WebAssembly text to a component, within this process: it starts no compiler. The text is a core
//! module that imports and exports by the names of the contract, or a component. Knows the contract's
//! text, and nothing of what the module does.

use crate::diagnostic::{Diagnostic, Level};
use crate::failure::BuildFailure;
use crate::foundry::{Bench, Craft, Crafted, MakeError, Sources};
use crate::module::{Encoding, with_contract};

const ENTRY: &str = "spell.wat";

/// WebAssembly text.
pub(crate) struct Textual;

impl Craft for Textual {
    fn name(&self) -> &'static str {
        "wat"
    }

    fn entry(&self) -> &'static str {
        ENTRY
    }

    fn toolchain(&self, _: &Bench<'_>) -> Result<String, MakeError> {
        Ok(concat!("spellhost ", env!("CARGO_PKG_VERSION"), " wat").to_owned())
    }

    fn is_caged(&self) -> bool {
        false
    }

    fn make(&self, sources: &Sources, _: &Bench<'_>) -> Result<Crafted, MakeError> {
        let missing = || BuildFailure::new("no_source", format!("there is no `{ENTRY}`"));
        let text = sources.get(ENTRY).ok_or_else(missing)?;
        let text = std::str::from_utf8(text).map_err(|error| {
            BuildFailure::new("compile_failed", format!("`{ENTRY}` is not UTF-8: {error}"))
        })?;
        let binary = wat::parse_str(text).map_err(|error| explain(text, &error))?;
        let component = if binary.get(4..8) == Some(&[1, 0, 0, 0]) {
            with_contract(&binary, Encoding::Utf8)?
        } else {
            binary
        };
        Ok(Crafted { component, rendered: String::new() })
    }
}

fn explain(text: &str, error: &wat::Error) -> BuildFailure {
    let rendered = error.to_string();
    let first = rendered.lines().next().unwrap_or_default().to_owned();
    // `     --> <anon>:2:3`
    let place = rendered.lines().find_map(|line| line.trim_start().strip_prefix("--> "));
    let mut numbers = place.into_iter().flat_map(|place| place.rsplit(':')).map(|part| part.parse().ok());
    let (column, line) = (numbers.next().flatten(), numbers.next().flatten());
    let last = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
    let diagnostic = Diagnostic {
        file: Some(ENTRY.into()),
        line: Some(line.unwrap_or(last.max(1))),
        column: Some(column.unwrap_or(1)),
        message: first.clone(),
        level: Level::Error,
    };
    BuildFailure {
        diagnostics: vec![diagnostic],
        rendered: rendered.replace("<anon>", ENTRY),
        ..BuildFailure::new("compile_failed", format!("the text is no module: {first}"))
    }
}
