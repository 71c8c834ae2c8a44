//! Clients that join late: a world is edited in many places, then one client after the other joins it. How long
//! each took from asking to its first tick that came out as the host says.

use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use spellhost_client::{Client, Event, Kit, Mode, Options};
use spellhost_wire::message::{Request, VoxelOperation, VoxelOperationKind, Voxels};
use tokio::time::{Instant, interval};

use crate::arguments::Arguments;

/// Clients that edit, each below the messages that a host takes of one connection.
const EDITORS: usize = 4;
const EDITS_PER_SECOND: f64 = 100.0;
/// Blocks between two edits: each is in chunks of its own.
const APART: f64 = 24.0;

/// Edits, then joins.
pub async fn measure(arguments: &Arguments) -> Result<Value> {
    edit(arguments).await?;
    let kit = Kit::new(2)?;
    let mut milliseconds = Vec::new();
    for at in 0..arguments.clients {
        let mode = if at < arguments.verify { Mode::Lockstep } else { Mode::Apply };
        let begin = Instant::now();
        let options = Options { mode, ..Options::verifying(&arguments.server)? };
        let mut client = Client::join(options, Some(&kit)).await?;
        first_tick(&mut client).await?;
        milliseconds.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    milliseconds.sort_by(f64::total_cmp);
    Ok(json!({
        "edits": arguments.edits,
        "joins": milliseconds.len(),
        "milliseconds": {
            "median": milliseconds.get(milliseconds.len() / 2),
            "least": milliseconds.first(),
            "most": milliseconds.last(),
        },
    }))
}

async fn first_tick(client: &mut Client) -> Result<()> {
    loop {
        match client.next().await {
            Some(Event::Tick(_)) => return Ok(()),
            Some(Event::Desync(desync)) => bail!("who joined differs: {desync}"),
            Some(Event::Ended(error)) => bail!("who joined was sent away: {error:?}"),
            Some(_) => {}
            None => bail!("who joined heard nothing"),
        }
    }
}

/// Puts spheres on a square grid around the middle of the world.
async fn edit(arguments: &Arguments) -> Result<()> {
    if arguments.edits == 0 {
        return Ok(());
    }
    let options = Options { mode: Mode::Apply, ..Options::verifying(&arguments.server)? };
    let mut editors = Vec::new();
    for _ in 0..EDITORS {
        editors.push(Client::join(options.clone(), None).await?);
    }
    let requesters: Vec<_> = editors.iter().map(Client::requester).collect();
    let mut due = interval(Duration::from_secs_f64(1.0 / EDITS_PER_SECOND / EDITORS as f64));
    let edge = (arguments.edits as f64).sqrt().ceil() as usize;
    for number in 0..arguments.edits {
        due.tick().await;
        let place = |at: usize| (at as f64 - edge as f64 / 2.0) * APART;
        let operation = VoxelOperation {
            r#type: VoxelOperationKind::AddSphere,
            center: [place(number % edge), 20.0, place(number / edge)],
            radius: 4.0,
            material: None,
        };
        requesters[number % EDITORS].request(Request::Voxels(Voxels { spell: operation })).await?;
    }
    Ok(())
}
