//! The sessions that `spellhost login` has opened, one for each host, in a file that only its owner can read.
//!
//! Promises that the file is whole or not there, and never readable by others, not even for a moment.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Secret.
    pub session_token: String,
    /// As the host knows it.
    pub client_id: String,
    /// As others see it.
    pub username: String,
}

/// All of them, by the host's address.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logins(BTreeMap<String, Login>);

impl Logins {
    /// Where they are: `SPELLHOST_CONFIG`, or `spellhost` in the user's folder of settings.
    ///
    /// # Errors
    /// Where the user has none.
    pub fn path() -> Result<PathBuf, Problem> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = set("SPELLHOST_CONFIG")
            .or_else(|| set("XDG_CONFIG_HOME").map(|folder| folder.join("spellhost")))
            .or_else(|| set("HOME").map(|home| home.join(".config").join("spellhost")));
        let none = || {
            Problem::usage("config", "there is no folder for settings").hint("set HOME or SPELLHOST_CONFIG")
        };
        Ok(folder.ok_or_else(none)?.join("logins.json"))
    }

    /// Reads them; none where there is no file.
    ///
    /// # Errors
    /// Where the file is there and cannot be read.
    pub fn read() -> Result<Self, Problem> {
        let Ok(path) = Self::path() else { return Ok(Self::default()) };
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                let message = format!("`{}` is damaged", path.display());
                Problem::usage("config", message).because(&error).hint("remove it and log in again")
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Problem::file("read", &path, &error)),
        }
    }

    /// The token for a host.
    pub fn token(&self, server: &str) -> Option<String> {
        self.0.get(server).map(|login| login.session_token.clone())
    }

    /// Remembers a session.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn keep(mut self, server: &str, login: Login) -> Result<PathBuf, Problem> {
        self.0.insert(server.into(), login);
        let path = Self::path()?;
        let failed = |error: std::io::Error| Problem::file("write", &path, &error);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let made = path.with_extension(format!("{}.new", std::process::id()));
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let text = serde_json::to_string_pretty(&self).unwrap_or_default();
        let written = options.open(&made).and_then(|mut file| {
            writeln!(file, "{text}")?;
            file.sync_all()
        });
        written.and_then(|()| fs::rename(&made, &path)).map_err(failed)?;
        Ok(path)
    }
}
