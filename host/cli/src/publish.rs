//! `spellhost publish` and `spellhost rollback`: moving a channel of a host from a terminal.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use spellhost_forge::{Bundle, Origin, PACKAGE_TYPE, Package, id_from_name};
use spellhost_runtime::{Policy, admit};
use spellhost_sim::SpellId;

use crate::interrupt::Interrupt;
use crate::listing::listing;
use crate::pack::{contents, refused};
use crate::place;
use crate::problem::Problem;
use crate::remote::{Body, Remote, Which, escaped};
use crate::screen::Screen;
use crate::source::{Making, Source, make, not_a_spell, open, read};

const EXAMPLES: &str = "\
Examples:
  spellhost publish spells/ember                        build, upload, and point `draft` to it
  spellhost publish ember.wasm --spell ember --channel stable
  spellhost publish ember.spellpkg                      what `spellhost pack` wrote
  spellhost publish ember --channel stable --trial      refuse it if it traps where the old one was cast
  spellhost publish ember --channel stable --guard 2%   roll back if more than 2 % of its first calls trap

A RATE is a share (0.05) or a percentage (5%). Without one, --trial allows no trap at all and
--guard 5 %, over the first 200 calls or the first minute.";

/// Build or upload a spell, and point a channel of a host to it
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A spell's folder, a component, or a package
    #[arg(value_name = "DIR-or-FILE")]
    path: PathBuf,
    /// The spell [default: the id in spell.toml or in the package, or the file's name]
    #[arg(long, env = "SPELLHOST_SPELL", value_name = "ID")]
    spell: Option<String>,
    /// The channel to point to it
    #[arg(long, env = "SPELLHOST_CHANNEL", value_enum, default_value_t = Channel::Draft)]
    channel: Channel,
    /// Try it first on what was cast in the last minutes; refuse it above this share of traps
    #[arg(long, env = "SPELLHOST_TRIAL", value_name = "RATE", num_args = 0..=1, require_equals = true, default_missing_value = "0", value_parser = rate)]
    trial: Option<f64>,
    /// Roll back by itself above this share of traps
    #[arg(long, env = "SPELLHOST_GUARD", value_name = "RATE", num_args = 0..=1, default_missing_value = "0.05", value_parser = rate)]
    guard: Option<f64>,
    /// What to say of it in the channel's history
    #[arg(long, env = "SPELLHOST_NOTE", value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    which: Which,
}

const ROLLBACK_EXAMPLES: &str = "\
Examples:
  spellhost rollback ember --channel stable
  spellhost rollback ember --channel stable --server https://spells.example --json";

/// Point a channel of a host back to what it pointed to before
#[derive(Debug, clap::Args)]
#[command(after_help = ROLLBACK_EXAMPLES)]
pub struct RollbackArgs {
    /// The spell
    #[arg(value_name = "SPELL")]
    spell: String,
    /// The channel to point back
    #[arg(long, env = "SPELLHOST_CHANNEL", value_enum, default_value_t = Channel::Draft)]
    channel: Channel,
    #[command(flatten)]
    which: Which,
}

/// A channel, as people name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum Channel {
    Draft,
    Beta,
    Stable,
}

impl Channel {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Beta => "beta",
            Self::Stable => "stable",
        }
    }
}

/// A share: `0.05` or `5%`.
fn rate(text: &str) -> Result<f64, String> {
    let (number, of) = match text.trim().strip_suffix('%') {
        Some(percent) => (percent.trim(), 100.0),
        None => (text.trim(), 1.0),
    };
    let share =
        number.parse::<f64>().ok().map(|number| number / of).filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "a rate is a share from 0 to 1, or a percentage like 5%".into())
}

/// What is sent: a spell and the bytes of a component or package.
pub struct Parcel {
    /// The spell.
    pub spell: String,
    /// Its name for people.
    pub display_name: Option<String>,
    kind: &'static str,
    bytes: Vec<u8>,
}

impl Parcel {
    /// Builds or reads what is at a path.
    ///
    /// # Errors
    /// What is wrong with the folder, the source or the component.
    pub fn pack(path: &Path, spell: Option<&str>, making: &Making) -> Result<Self, Problem> {
        match Source::at(path)? {
            Source::Folder(path) => {
                let folder = match open(&path) {
                    Err(_) if place::folder(&path).is_some() => return Err(is_a_place(&path)),
                    opened => opened?,
                };
                let built = make(&folder, making)?;
                let id = spell.unwrap_or(folder.id());
                let id = SpellId::parse(id).ok_or_else(|| no_id(id))?;
                check(&built.component)?;
                // After the build: the first one writes the lock file.
                let listed = listing(&folder)?;
                let files = contents(&folder.root, &listed)?;
                let origin = Origin {
                    language: Some(folder.manifest.language.name()),
                    limits: folder.manifest.limits,
                    toolchain: Some(built.toolchain),
                    files: listed,
                };
                let bundle = Bundle::of_author(&id, built.component, &origin, files);
                let bytes = bundle.and_then(|bundle| bundle.write()).map_err(|error| refused(&error))?;
                let display_name = folder.manifest.name.clone();
                Ok(Self { display_name, ..Self::of_package(id.to_string(), bytes) })
            }
            Source::File(path) => {
                let bytes = read(&path)?;
                let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let given = spell;
                let spell = given.map_or_else(|| id_from_name(&stem).to_string(), str::to_owned);
                let here = |problem: Problem| problem.at(path.display(), None, None);
                if !bytes.starts_with(b"PK") {
                    check(&bytes).map_err(here)?;
                    return Ok(Self { spell, display_name: None, kind: WASM, bytes });
                }
                let bundle = match Package::read(&bytes).map_err(|error| here(refused(&error)))? {
                    Package::Spell(bundle) => bundle,
                    Package::Place(_) => return Err(is_a_place(&path)),
                };
                check(bundle.component()).map_err(here)?;
                let own = bundle.spell().map(|own| own.to_string());
                Ok(Self::of_package(given.map(str::to_owned).or(own).unwrap_or(spell), bytes))
            }
        }
    }

    /// A package, as it is.
    pub fn of_package(spell: String, bytes: Vec<u8>) -> Self {
        Self { spell, display_name: None, kind: PACKAGE_TYPE, bytes }
    }

    /// Makes the spell where it is not there.
    ///
    /// # Errors
    /// As [`Parcel::send`].
    pub fn create(&self, remote: &Remote) -> Result<(), Problem> {
        let mut create = json!({"spell_id": self.spell});
        if let Some(name) = &self.display_name {
            create["display_name"] = json!(name);
        }
        match remote.post("/api/spells", create) {
            // Whose it is decides whether it may be uploaded to: the operator may.
            Err(problem) if problem.code == "spell_exists" => {}
            other => drop(other?),
        }
        Ok(())
    }

    /// Makes the spell where it is not there, and uploads a revision.
    ///
    /// # Errors
    /// That the host cannot be reached, or why it refuses.
    pub fn send(self, remote: &Remote) -> Result<Value, Problem> {
        self.create(remote)?;
        let path = format!("/api/spells/{}/revisions", escaped(&self.spell));
        remote.ask(reqwest::Method::PUT, &path, Body::Bytes(self.kind, self.bytes))
    }
}

const WASM: &str = "application/wasm";

/// What is no spell is not sent.
fn check(component: &[u8]) -> Result<(), Problem> {
    let admitted = admit(component, &Policy::decided_elsewhere());
    admitted.map(drop).map_err(|rejection| not_a_spell(&rejection))
}

fn is_a_place(path: &Path) -> Problem {
    let message = format!("`{}` is a place and no spell", path.display());
    Problem::failed("not_a_spell", message).hint("spellhost import PLACE.spellpkg --server URL")
}

fn no_id(text: &str) -> Problem {
    Problem::usage("bad_spell_id", format!("`{text}` is no spell id: it is [a-z0-9][a-z0-9_-]{{0,63}}"))
}

/// Runs `spellhost publish`.
///
/// # Errors
/// What is wrong with the spell, that the host cannot be reached, or why it refuses.
pub fn publish(args: &Args, screen: Screen, interrupt: &Interrupt) -> Result<u8, Problem> {
    let remote = args.which.remote()?;
    let cancel = interrupt.cancel();
    let busy = screen.busy();
    let color = screen.ink_is_coloured();
    let making = Making {
        lines: false,
        warm: None,
        color,
        policy: &Policy::decided_elsewhere(),
        cancel: &cancel,
        progress: &|doing| busy.show(doing),
    };
    let parcel = Parcel::pack(&args.path, args.spell.as_deref(), &making)?;
    interrupt.check()?;
    busy.update(&format!("publishing on {}", remote.server()));
    let spell = parcel.spell.clone();
    let uploaded = parcel.send(&remote)?;
    let mut body = json!({"revision_id": uploaded["revision_id"], "channel": args.channel.name()});
    for (key, value) in [("trial", args.trial.map(Value::from)), ("guard", args.guard.map(Value::from))] {
        body[key] = value.unwrap_or_default();
    }
    body["note"] = args.note.as_deref().map(Value::from).unwrap_or_default();
    let published = remote.post(&format!("/api/spells/{}/publish", escaped(&spell)), body);
    drop(busy);
    let published = published.map_err(explained)?;
    if screen.is_json() {
        let mut object = json!({
            "spell_id": spell,
            "revision_id": published["revision_id"],
            "version": uploaded["version"],
            "component": uploaded["component"],
            "channel": args.channel.name(),
            "tick": published["tick"],
            "server": remote.server(),
        });
        if published["trial"].is_object() {
            object["trial"] = published["trial"].clone();
        }
        screen.object(&object);
        return Ok(0);
    }
    if published["trial"].is_object() {
        screen.print(&trial_text(&published["trial"]));
    }
    let version = uploaded["version"].as_u64().unwrap_or_default();
    screen.print(&moved(screen, &spell, &format!(" rev_{version:06}"), args.channel, &published));
    Ok(0)
}

/// Runs `spellhost rollback`.
///
/// # Errors
/// That the host cannot be reached, or why it refuses.
pub fn rollback(args: &RollbackArgs, screen: Screen) -> Result<u8, Problem> {
    let remote = args.which.remote()?;
    let path = format!("/api/spells/{}/rollback", escaped(&args.spell));
    let back = remote.post(&path, json!({"channel": args.channel.name()}))?;
    if screen.is_json() {
        screen.object(&json!({
            "spell_id": args.spell,
            "revision_id": back["revision_id"],
            "channel": args.channel.name(),
            "tick": back["tick"],
            "server": remote.server(),
        }));
    } else {
        screen.print(&moved(screen, &args.spell, "", args.channel, &back));
    }
    Ok(0)
}

fn moved(screen: Screen, spell: &str, version: &str, channel: Channel, published: &Value) -> String {
    let revision = published["revision_id"].as_str().unwrap_or_default();
    format!(
        "{}{version} is on {} from tick {}\n  revision  {revision}\n",
        screen.bold(spell),
        channel.name(),
        published["tick"]
    )
}

/// A refusal with the report of the trial, where there is one.
fn explained(mut problem: Problem) -> Problem {
    if let Some((_, trial)) = &problem.more {
        problem.detail = trial_text(trial);
    }
    problem
}

fn trial_text(trial: &Value) -> String {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table.set_header(["cast", "tick", "call", "before", "now", "fuel before", "fuel now", "effects"]);
    let calls = trial["casts"].as_array().map_or(&[][..], Vec::as_slice);
    for call in calls.iter().take(20) {
        let effects = &call["effects"];
        let count = |key: &str| effects[key].as_array().map_or(0, Vec::len);
        let effects = match (effects["same"].as_bool(), count("added"), count("removed")) {
            (Some(true), ..) => "the same".to_owned(),
            (_, added, removed) => format!("+{added} −{removed}"),
        };
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        table.add_row([
            text(&call["cast_id"]),
            text(&call["tick"]),
            text(&call["export"]),
            text(&call["old"]["outcome"]["kind"]),
            text(&call["new"]["outcome"]["kind"]),
            text(&call["old"]["fuel"]["used"]),
            text(&call["new"]["fuel"]["used"]),
            effects,
        ]);
    }
    let (calls_count, trapped) = (&trial["calls"], &trial["trapped"]);
    let summary = format!("trial: {trapped} of {calls_count} recorded calls did not end well\n");
    if calls.is_empty() { summary } else { format!("{table}\n{summary}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spellhost_wire::message::{GUARD_RATE, TRIAL_RATE};

    #[test]
    fn rates_are_shares_or_percentages() {
        for (text, share) in [("0", 0.0), ("0.05", 0.05), ("5%", 0.05), (" 100 %", 1.0), ("1", 1.0)] {
            assert_eq!(rate(text), Ok(share), "{text}");
        }
        for wrong in ["", "5", "-1%", "101%", "x", "nan"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
        // What the help says.
        assert_eq!((TRIAL_RATE, GUARD_RATE), (0.0, 0.05));
    }
}
