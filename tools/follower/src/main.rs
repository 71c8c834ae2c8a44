//! `spellhost-follower FILE`: the state hash after every frame of a recording, a line each.

use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(path) = std::env::args_os().nth(1) else {
        eprintln!("usage: spellhost-follower FILE");
        return ExitCode::from(2);
    };
    match std::fs::read(&path) {
        Ok(recording) => {
            print!("{}", spellhost_follower::lines(&recording));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            ExitCode::FAILURE
        }
    }
}
