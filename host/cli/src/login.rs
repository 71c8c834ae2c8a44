//! `spellhost login`: a session on a host, remembered for the commands that follow.

use serde_json::json;

use crate::logins::{Login, Logins};
use crate::problem::Problem;
use crate::remote::{Remote, Which};
use crate::screen::Screen;

const EXAMPLES: &str = "\
Examples:
  spellhost login --username ada                              on this machine's own host
  spellhost login --username ada --server https://spells.example

The token is kept in spellhost/logins.json in your folder of settings (SPELLHOST_CONFIG names
another), readable by you alone, one for each host, and lasts four hours.";

/// Open a session on a host and remember it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What to be called [default: a guest's name]
    #[arg(long, env = "SPELLHOST_USERNAME", value_name = "NAME")]
    username: Option<String>,
    #[command(flatten)]
    which: Which,
}

/// Runs the command.
///
/// # Errors
/// That the host cannot be reached or lets nobody in, or that the session cannot be kept.
pub fn login(args: &Args, screen: Screen) -> Result<u8, Problem> {
    let server = args.which.address()?;
    // Whoever has a token needs no other: it is not asked with.
    let remote = Remote::new(server.clone(), args.which.token.clone())?;
    let mut body = json!({});
    if let Some(username) = &args.username {
        body["username"] = json!(username);
    }
    let answer = remote.post("/login", body)?;
    let login: Login = serde_json::from_value(answer).map_err(|error| {
        Problem::failed("refused", format!("{server} is no host of spells")).because(&error)
    })?;
    let (username, client_id) = (login.username.clone(), login.client_id.clone());
    let path = Logins::read()?.keep(&server, login)?;
    if screen.is_json() {
        screen.object(&json!({
            "server": server,
            "username": username,
            "client_id": client_id,
            "kept_in": path.display().to_string(),
        }));
    } else {
        screen.print(&format!("{} on {server}\n", screen.bold(&username)));
    }
    Ok(0)
}
