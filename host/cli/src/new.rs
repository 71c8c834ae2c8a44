//! `spellhost new`: a spell that builds, with a scenario test.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::json;
use spellhost_forge::{Language, template};

use crate::problem::Problem;
use crate::screen::Screen;

const EXAMPLES: &str = "\
Examples:
  spellhost new ember                 makes the folder ember in this one
  spellhost new spells/ember          makes it in spells
  spellhost new ember --lang assemblyscript
  spellhost new ember --lang wat

Then:
  spellhost run ember
  spellhost test ember";

/// Make a new spell that builds, with a scenario test
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What it is called: a-z, 0-9, `_` and `-`; a folder may stand before it
    #[arg(value_name = "NAME")]
    name: PathBuf,
    /// The language it is written in
    #[arg(long, env = "SPELLHOST_LANG", value_enum, default_value_t = Lang::Rust)]
    lang: Lang,
}

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Lang {
    /// Rust, with the crate spellhost-sdk
    Rust,
    /// AssemblyScript, with the package @spellhost/sdk
    #[value(name = "assemblyscript")]
    AssemblyScript,
    /// WebAssembly text
    Wat,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Rust => Self::Rust,
            Lang::AssemblyScript => Self::AssemblyScript,
            Lang::Wat => Self::Wat,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Where the name is not a spell's, or there is such a folder already.
pub fn new(args: &Args, screen: Screen) -> Result<u8, Problem> {
    let parent = args.name.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = args.name.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let created = template::create(parent, &name, args.lang.into()).map_err(|error| {
        let problem = Problem::usage(error.code, error.to_string());
        error.hint.iter().fold(problem, |problem, hint| problem.hint(hint.clone()))
    })?;
    let path = args.name.display().to_string();
    if screen.is_json() {
        let files: Vec<String> = created.files.iter().map(|file| file.display().to_string()).collect();
        screen.object(&json!({"spell_id": name, "path": path, "files": files}));
        return Ok(0);
    }
    let files: String = created.files.iter().map(|file| format!("  {path}/{}\n", file.display())).collect();
    let next = format!("next:\n  spellhost run {path}\n  spellhost test {path}\n");
    screen.print(&format!("{}\n{files}\n{next}", screen.bold(&format!("made the spell {name}"))));
    Ok(0)
}
