//! `spellhost completions`: what a shell needs to complete this command line.

use clap::Command;
use clap_complete::{Shell, generate};

use crate::problem::Problem;
use crate::screen::Screen;

const EXAMPLES: &str = "\
Examples:
  spellhost completions bash > ~/.local/share/bash-completion/completions/spellhost
  spellhost completions zsh > ~/.zfunc/_spellhost
  spellhost completions fish > ~/.config/fish/completions/spellhost.fish";

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

/// Runs the command. The script is its output, also with `--json`: as one object.
///
/// # Errors
/// None of its own.
pub fn completions(args: &Args, mut command: Command, screen: Screen) -> Result<u8, Problem> {
    let mut script = Vec::new();
    generate(args.shell, &mut command, "spellhost", &mut script);
    let script = String::from_utf8_lossy(&script);
    if screen.is_json() {
        screen.object(&serde_json::json!({ "shell": args.shell.to_string(), "script": script }));
    } else {
        screen.print(&script);
    }
    Ok(0)
}
