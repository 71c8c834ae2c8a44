//! `spellhost revisions` and `spellhost channels`: what a host has, and where its channels point.

use serde_json::{Value, json};

use crate::problem::Problem;
use crate::remote::{Remote, Which, escaped, pages};
use crate::screen::Screen;
use crate::words;

/// The channels, from the youngest to the safest.
const CHANNELS: [&str; 3] = ["draft", "beta", "stable"];

const EXAMPLES: &str = "\
Examples:
  spellhost revisions ember
  spellhost revisions ember --json";

/// List the revisions of a spell on a host, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The spell
    #[arg(value_name = "SPELL")]
    spell: String,
    #[command(flatten)]
    which: Which,
}

const CHANNELS_EXAMPLES: &str = "\
Examples:
  spellhost channels                where every spell's channels point
  spellhost channels stable         what is on one channel
  spellhost channels ember          every move of a spell's channels, newest first";

/// Show where the channels of a host point, or how those of a spell have moved
#[derive(Debug, clap::Args)]
#[command(after_help = CHANNELS_EXAMPLES)]
pub struct ChannelsArgs {
    /// A spell, or `draft`, `beta` or `stable`
    #[arg(value_name = "SPELL-or-CHANNEL")]
    of: Option<String>,
    #[command(flatten)]
    which: Which,
}

/// Runs `spellhost revisions`.
///
/// # Errors
/// That the host cannot be reached, or has no such spell.
pub fn revisions(args: &Args, screen: Screen) -> Result<u8, Problem> {
    let remote = args.which.remote()?;
    let path = format!("/api/spells/{}", escaped(&args.spell));
    let active = remote.get(&path)?["active"].clone();
    let revisions = pages(&remote, &format!("{path}/revisions"))?;
    if screen.is_json() {
        screen.object(&json!({"spell_id": args.spell, "active": active, "revisions": revisions}));
        return Ok(0);
    }
    let mut table = table(["version", "revision", "size", "by", "made", "on", "note"]);
    for revision in &revisions {
        let on: Vec<&str> =
            CHANNELS.into_iter().filter(|name| active[name] == revision["revision_id"]).collect();
        table.add_row([
            format!("rev_{:06}", revision["version"].as_u64().unwrap_or_default()),
            short(&revision["revision_id"]),
            words::size(revision["component"]["size"].as_u64().unwrap_or_default()),
            text(&revision["author"]),
            text(&revision["created_at"]),
            on.join(", "),
            text(&revision["note"]),
        ]);
    }
    screen.print(&format!("{table}\n"));
    Ok(0)
}

/// Runs `spellhost channels`.
///
/// # Errors
/// As [`revisions`].
pub fn channels(args: &ChannelsArgs, screen: Screen) -> Result<u8, Problem> {
    let remote = args.which.remote()?;
    match args.of.as_deref() {
        None => everywhere(&remote, screen),
        Some(channel) if CHANNELS.contains(&channel) => one(&remote, channel, screen),
        Some(spell) => moves(&remote, spell, screen),
    }
}

fn everywhere(remote: &Remote, screen: Screen) -> Result<u8, Problem> {
    let spells = pages(remote, "/api/spells")?;
    if screen.is_json() {
        let shown = |spell: &Value| json!({"spell_id": spell["spell_id"], "active": spell["active"]});
        screen.object(&json!({"spells": spells.iter().map(shown).collect::<Vec<_>>()}));
        return Ok(0);
    }
    let mut table = table(["spell", "owner", "draft", "beta", "stable"]);
    for spell in &spells {
        let head = |channel: &str| short(&spell["active"][channel]);
        let [draft, beta, stable] = CHANNELS.map(head);
        table.add_row([text(&spell["spell_id"]), text(&spell["owner"]), draft, beta, stable]);
    }
    screen.print(&format!("{table}\n"));
    Ok(0)
}

fn one(remote: &Remote, channel: &str, screen: Screen) -> Result<u8, Problem> {
    let found = remote.get(&format!("/api/channels/{channel}"))?;
    if screen.is_json() {
        screen.object(&found);
        return Ok(0);
    }
    let mut table = table(["spell", "revision", "component", "size"]);
    for spell in found["spells"].as_array().into_iter().flatten() {
        let component = &spell["component"];
        let size = words::size(component["size"].as_u64().unwrap_or_default());
        table.add_row([
            text(&spell["spell_id"]),
            short(&spell["revision_id"]),
            short(&component["digest"]),
            size,
        ]);
    }
    screen.print(&format!("{table}\n"));
    Ok(0)
}

fn moves(remote: &Remote, spell: &str, screen: Screen) -> Result<u8, Problem> {
    let path = format!("/api/spells/{}", escaped(spell));
    let active = remote.get(&path)?["active"].clone();
    let mut histories = json!({});
    let mut table = table(["channel", "when", "by", "why", "revision", "before", "note"]);
    for channel in CHANNELS {
        let moves = pages(remote, &format!("{path}/channels/{channel}"))?;
        for entry in &moves {
            table.add_row([
                channel.into(),
                text(&entry["at"]),
                text(&entry["by"]),
                text(&entry["reason"]),
                short(&entry["to"]),
                short(&entry["from"]),
                text(&entry["note"]),
            ]);
        }
        histories[channel] = Value::Array(moves);
    }
    if screen.is_json() {
        screen.object(&json!({"spell_id": spell, "active": active, "history": histories}));
    } else {
        screen.print(&format!("{table}\n"));
    }
    Ok(0)
}

fn table<const N: usize>(header: [&str; N]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table.set_header(header);
    table
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().into()
}

/// The first digits of an id: enough to name it on the command line.
fn short(id: &Value) -> String {
    id.as_str().map_or_else(|| "—".into(), |id| id.chars().take(15).collect())
}
