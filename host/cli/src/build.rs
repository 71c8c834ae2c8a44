//! `spellhost build`: a spell's folder as a component.

use std::path::PathBuf;

use serde_json::json;
use spellhost_runtime::{Policy, admit};

use crate::file::write_whole;
use crate::interrupt::Interrupt;
use crate::problem::Problem;
use crate::screen::Screen;
use crate::source::{Making, make, not_a_spell, open};
use crate::words;

const EXAMPLES: &str = "\
Examples:
  spellhost build spells/fireball                     writes spells/fireball/target/fireball.wasm
  spellhost build spells/fireball -o fireball.wasm
  spellhost build . --json";

/// Build a spell's folder into a component
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A spell's folder
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Where to write the component [default: DIR/target/ID.wasm]
    #[arg(short, long, env = "SPELLHOST_OUTPUT", value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// What is wrong with the folder or the source, or Ctrl-C; then nothing was written.
pub fn build(args: &Args, screen: Screen, interrupt: &Interrupt) -> Result<u8, Problem> {
    let folder = open(&args.dir)?;
    let (cancel, policy) = (interrupt.cancel(), Policy::default());
    let built = {
        let busy = screen.busy();
        let color = screen.ink_is_coloured();
        make(
            &folder,
            &Making {
                lines: false,
                warm: None,
                color,
                policy: &policy,
                cancel: &cancel,
                progress: &|doing| busy.show(doing),
            },
        )?
    };
    if !built.rendered.is_empty() {
        screen.note(built.rendered.trim_end());
    }
    let admitted = admit(&built.component, &policy).map_err(|rejection| not_a_spell(&rejection))?;
    let path = match &args.output {
        Some(path) => path.clone(),
        None => {
            let target = args.dir.join("target");
            std::fs::create_dir_all(&target).map_err(|error| Problem::file("make", &target, &error))?;
            target.join(format!("{}.wasm", folder.id()))
        }
    };
    interrupt.check()?;
    write_whole(&path, &built.component)?;
    let digest = admitted.digest().to_string();
    if screen.is_json() {
        screen.object(&json!({
            "spell_id": folder.id(),
            "path": path.display().to_string(),
            "component": {"digest": digest, "size": admitted.size()},
            "interface": format!("spellhost:spell@{}", admitted.version()),
            "capabilities": admitted.capabilities(),
            "toolchain": built.toolchain,
            "micros": built.elapsed.as_micros() as u64,
        }));
        return Ok(0);
    }
    let capabilities = admitted.capabilities();
    let capabilities = if capabilities.is_empty() { "none".into() } else { capabilities.join(", ") };
    screen.print(&format!(
        "{}\n  size          {}\n  digest        {digest}\n  capabilities  {capabilities}\n  built in      {}\n",
        screen.bold(&path.display().to_string()),
        words::size(admitted.size() as u64),
        words::elapsed(built.elapsed),
    ));
    Ok(0)
}
