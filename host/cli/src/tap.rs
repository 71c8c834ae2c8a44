//! `spellhost tap`: the frames of a live world, decoded, one a line.
//!
//! Follows as any client in `apply` does: every frame that is shown came out here as the host says.
//! Reads, and changes nothing in the world but that one more is in it.

use spellhost_client::{Client, ClientError, Event, Options};
use spellhost_wire::{Frame, Input, Op};

use crate::interrupt::Interrupt;
use crate::problem::Problem;
use crate::screen::Screen;
use crate::words::{self, Roster};

const EXAMPLES: &str = "\
Examples:
  spellhost tap                                 every frame of the default world, until Ctrl-C
  spellhost tap --world arena --busy            only the ticks in which something happened
  spellhost tap --json --count 600 > tap.jsonl  ten seconds as objects";

/// Effects of one call that a line names; the rest is counted.
const EFFECTS_SHOWN: usize = 3;

/// Show the frames of a live world, one a line
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The world
    #[arg(long, env = "SPELLHOST_WORLD", default_value = "default", value_name = "ID")]
    world: String,
    /// The host
    #[arg(long, env = "SPELLHOST_SERVER", default_value = "http://127.0.0.1:5000", value_name = "ADDRESS")]
    server: String,
    /// The token of a session
    #[arg(long, env = "SPELLHOST_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// How many frames to show [default: until Ctrl-C]
    #[arg(long, visible_alias = "ticks", env = "SPELLHOST_COUNT", value_name = "N")]
    count: Option<u64>,
    /// Only ticks in which something entered or ran
    #[arg(long, env = "SPELLHOST_BUSY", value_parser = clap::builder::FalseyValueParser::new())]
    busy: bool,
}

/// Runs the command; 0 after the last frame that was asked for.
///
/// # Errors
/// Where the host is not there, refuses, or its frames do not come out as it says.
pub fn tap(args: &Args, screen: Screen, interrupt: &Interrupt) -> Result<u8, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Problem::usage("threads", "the system gives no threads").because(&error))?;
    let stop = std::sync::Arc::new(tokio::sync::Notify::new());
    let stopper = stop.clone();
    interrupt.tell(move || stopper.notify_one());
    runtime.block_on(async {
        tokio::select! {
            shown = show(args, screen) => shown,
            () = stop.notified() => Err(Problem::interrupted()),
        }
    })
}

async fn show(args: &Args, screen: Screen) -> Result<u8, Problem> {
    let options = Options {
        world: args.world.clone(),
        token: args.token.clone(),
        ..Options::applying(&args.server).map_err(|error| refused(&error))?
    };
    let mut client = Client::join(options, None).await.map_err(|error| refused(&error))?;
    let mut left = args.count.unwrap_or(u64::MAX);
    while left > 0 {
        match client.next().await {
            Some(Event::Tick(frame)) if args.busy && is_quiet(&frame) => {}
            Some(Event::Tick(frame)) => {
                left -= 1;
                if screen.is_json() {
                    screen.object(&serde_json::json!(frame));
                } else {
                    screen.print(&line(&frame));
                }
            }
            Some(Event::Desync(desync)) => screen.note(&format!("this world differs: {desync}")),
            Some(Event::Resynced { tick, .. }) => screen.note(&format!("begins anew with tick {tick}")),
            Some(Event::Reconnected { tick }) => screen.note(&format!("connected again, from tick {tick}")),
            Some(Event::Missed(count)) => {
                screen.note(&format!("{} were not shown", words::count(count, "event")))
            }
            Some(Event::Told(_)) => {}
            Some(Event::Ended(Some(error))) => return Err(refused(&error)),
            Some(Event::Ended(None)) | None => {
                return Err(Problem::failed("world_closed", "the host closed the world"));
            }
        }
    }
    Ok(0)
}

fn is_quiet(frame: &Frame) -> bool {
    let Frame { inputs, casts, ops, swaps, calls, .. } = frame;
    inputs.is_empty() && casts.is_empty() && ops.is_empty() && swaps.is_empty() && calls.is_empty()
}

/// "tick 7 5f3a…: fireball cast 3 by 17; call 9 (fireball cast) applied, fuel 812: spawns …"
fn line(frame: &Frame) -> String {
    let mut said: Vec<String> = Vec::new();
    for swap in &frame.swaps {
        let (revision, channel) =
            (swap.revision_id.to_string(), format!("{:?}", swap.channel).to_lowercase());
        said.push(format!("{} {channel} is now {}", swap.spell_id, words::short(&revision)));
    }
    said.extend(frame.ops.iter().map(op));
    for Input::RemoteEvent { spell_id, player, name, .. } in &frame.inputs {
        said.push(format!("entity {player} tells {spell_id} `{name}`"));
    }
    for cast in &frame.casts {
        let refused = cast.outcome.as_ref().map(|outcome| format!(": {}", words::outcome(outcome)));
        let (number, spell, caster) = (cast.cast_id, &cast.spell_id, cast.caster_id);
        said.push(format!("entity {caster} casts {spell} ({number}){}", refused.unwrap_or_default()));
    }
    said.extend(frame.calls.iter().map(call));
    let what = if said.is_empty() { "quiet".into() } else { said.join("; ") };
    format!("tick {} {} {what}\n", frame.tick, frame.state_hash)
}

fn op(op: &Op) -> String {
    match op {
        Op::Spawn { kind, position, .. } => format!("a {kind} enters at {}", words::point(*position)),
        Op::Despawn { id } => format!("entity {id} leaves"),
        Op::FillSphere { center, radius, material, .. } => {
            format!("a sphere of {material} at {}, radius {}", words::point(*center), words::number(*radius))
        }
        Op::FillBox { min, size, material, .. } => format!("a box of {material} at {min:?}, size {size:?}"),
        Op::TakeDown { revision_id } => {
            format!("revision {} is taken down", words::short(&revision_id.to_string()))
        }
        Op::ClearTerrain {} => "the terrain is as generated".into(),
    }
}

fn call(call: &spellhost_wire::Call) -> String {
    let roster = Roster::default();
    let effects = call.effects.as_deref().unwrap_or_default();
    let mut did: Vec<String> =
        effects.iter().take(EFFECTS_SHOWN).map(|effect| words::effect(effect, &roster)).collect();
    if effects.len() > EFFECTS_SHOWN {
        did.push(format!("and {} more", effects.len() - EFFECTS_SHOWN));
    }
    let did = if did.is_empty() { String::new() } else { format!(": {}", did.join(", ")) };
    let (spell, export, cast) = (&call.spell_id, &call.export, call.cast_id);
    let (outcome, fuel) = (words::outcome(&call.outcome), words::grouped(call.fuel.used));
    format!("{spell} ({cast}) {export} {outcome}, fuel {fuel}{did}")
}

fn refused(error: &ClientError) -> Problem {
    let mut problem = match error {
        ClientError::Address { .. } => Problem::usage("server", error.to_string()),
        ClientError::Unreachable { .. } => Problem::usage("unreachable", error.to_string()),
        ClientError::Refused { code, .. } => Problem::failed(code.text(), error.to_string()),
        _ => Problem::failed("followed", error.to_string()),
    };
    if let Some(source) = std::error::Error::source(error) {
        problem = problem.because(source);
    }
    match error {
        ClientError::Unreachable { .. } => {
            problem.hint("spellhost serve").hint("--server names another host")
        }
        _ => problem,
    }
}
