//! `spellhost serve --watch DIR`: what is saved is built and swapped into the host that runs.
//!
//! Publishes over the host's own routes, as its operator, so that a save takes the same way as any
//! publish. Promises that a build that fails changes nothing and is said. Knows no world.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};

use serde_json::json;
use spellhost_forge::{Cancel, Watch, WatchEvent};
use spellhost_runtime::Policy;

use crate::interrupt::Interrupt;
use crate::problem::Problem;
use crate::publish::Parcel;
use crate::remote::{Remote, escaped};
use crate::screen::Screen;
use crate::source::Making;

/// What is watched, before there is a host to publish to.
pub struct Watching {
    paths: Vec<PathBuf>,
    saved: Receiver<PathBuf>,
    _watches: Vec<Watch>,
}

/// The host that runs.
pub struct Own {
    /// Where it listens.
    pub server: String,
    /// The operator's token.
    pub token: String,
    /// Whether everybody without a token is the guest, who then owns what is made.
    pub is_open: bool,
}

impl Watching {
    /// Watches a spell's folder, a component, or a folder of spells' folders.
    ///
    /// # Errors
    /// Where there is no spell.
    pub fn start(dir: &Path) -> Result<Self, Problem> {
        let paths = spells(dir)?;
        let (send, saved) = channel();
        let watch = |path: &PathBuf| {
            let (send, own) = (send.clone(), path.clone());
            let target = [path.join("target")];
            Watch::start_with(path, &target, move |event, _| {
                if matches!(event, WatchEvent::Changed | WatchEvent::Returned) {
                    // The host has ended where nobody listens.
                    let _ = send.send(own.clone());
                }
            })
            .map_err(|error| {
                Problem::usage("watch", format!("cannot watch `{}`", path.display())).because(&error)
            })
        };
        let watches = paths.iter().map(watch).collect::<Result<_, _>>()?;
        Ok(Self { paths, saved, _watches: watches })
    }

    /// Publishes everything once and then what is saved, until the program ends.
    pub fn publish(self, own: &Own, screen: Screen, interrupt: &Interrupt) {
        let cancel = interrupt.cancel();
        for path in self.paths.iter().cloned().chain(self.saved.iter()) {
            if interrupt.is_raised() {
                return;
            }
            // On standard error: who started the host may have read the one line that it waited for.
            match swap(&path, own, &cancel) {
                Ok(event) if screen.is_json() => screen.note(&event.to_string()),
                Ok(event) => screen.note(&said(screen, &event)),
                Err(problem) if interrupt.is_raised() => drop(problem),
                Err(problem) if screen.is_json() => {
                    screen.note(&json!({"event": "failed", "error": problem.json()}).to_string());
                }
                Err(problem) => screen.note(&problem.to_string()),
            }
        }
    }
}

fn said(screen: Screen, event: &serde_json::Value) -> String {
    let text = |key: &str| event[key].as_str().unwrap_or_default();
    format!("{} is on {} from tick {}", screen.bold(text("spell_id")), text("channel"), event["tick"])
}

/// The spells at a path.
fn spells(dir: &Path) -> Result<Vec<PathBuf>, Problem> {
    if dir.is_file() || dir.join("spell.toml").is_file() {
        return Ok(vec![dir.into()]);
    }
    let failed = |error: std::io::Error| Problem::file("read", dir, &error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.join("spell.toml").is_file() {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        let message = format!("there is no spell in `{}`", dir.display());
        return Err(Problem::usage("missing", message).hint("spellhost new NAME"));
    }
    Ok(found)
}

/// Builds what is at a path, uploads it, and points the channel of the world to it.
fn swap(path: &Path, own: &Own, cancel: &Cancel) -> Result<serde_json::Value, Problem> {
    let making = Making {
        lines: false,
        warm: None,
        color: false,
        policy: &Policy::decided_elsewhere(),
        cancel,
        progress: &|_| {},
    };
    let parcel = Parcel::pack(path, None, &making)?;
    let spell = parcel.spell.clone();
    let operator = Remote::new(own.server.clone(), Some(own.token.clone()))?;
    if own.is_open {
        let guest = Remote::new(own.server.clone(), None)?;
        // Whoever has it already keeps it.
        let _ = guest.post("/api/spells", json!({"spell_id": spell}));
    }
    let uploaded = parcel.send(&operator)?;
    let world = operator.get("/world/default")?;
    let channel = world["channel"].as_str().unwrap_or("stable").to_owned();
    let body = json!({"revision_id": uploaded["revision_id"], "channel": channel, "note": "saved"});
    let published = operator.post(&format!("/api/spells/{}/publish", escaped(&spell)), body)?;
    Ok(json!({
        "event": "swapped",
        "spell_id": spell,
        "revision_id": published["revision_id"],
        "channel": channel,
        "tick": published["tick"],
    }))
}
