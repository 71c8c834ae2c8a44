//! A headless client that verifies a host: it runs every call of a world itself and compares what
//! came of it, tick by tick.
//!
//! ```console
//! $ target/release/spellhost serve &
//! $ cargo run --release -p spellhost-client --example lockstep-client -- 127.0.0.1:5000
//! ```
//!
//! A second argument is the number of ticks to verify. With `FLIP=1` in the environment one bit of an
//! active spell's state is flipped on purpose, so that you see a difference found, named and healed.

use std::error::Error;

use spellhost_client::{Client, Event, Fault, FaultKind, Kit, Options};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:5000".into());
    let ticks: u64 = arguments.next().map_or(Ok(u64::MAX), |count| count.parse())?;

    // One kit is enough for all clients of a process: the engine, its threads, the compiled components.
    let kit = Kit::new(2)?;
    let fault = std::env::var_os("FLIP").map(|_| Fault::new(FaultKind::FlippedState, 0));
    let options = Options { fault, ..Options::verifying(&address)? };

    // A snapshot first, then every frame from its tick on; components are fetched when a frame names them.
    let mut client = Client::join(options, Some(&kit)).await?;
    println!("following as entity {}", client.entity());
    let (mut verified, mut calls) = (0, 0);
    while verified < ticks {
        match client.next().await.ok_or("the client has ended")? {
            Event::Tick(frame) => {
                (verified, calls) = (verified + 1, calls + frame.calls.len());
                for call in &frame.calls {
                    println!("tick {}: {} {} agrees", frame.tick, call.spell_id, call.export);
                }
            }
            Event::Desync(desync) => println!("{desync}"),
            Event::Resynced { tick, .. } => println!("healed; goes on with tick {tick}"),
            Event::Reconnected { tick } => println!("connected again; goes on with tick {tick}"),
            Event::Missed(count) => println!("{count} events came faster than they were read"),
            Event::Told(_) => {}
            Event::Ended(None) => break,
            Event::Ended(Some(error)) => return Err(error.into()),
        }
    }

    // The client's world is one's own to look at, between two ticks.
    let (tick, hash) = client.requester().look(|world| (world.tick(), world.state_hash())).await?;
    println!("{verified} ticks and {calls} calls agree; before tick {tick} the state hash is {hash}");
    Ok(())
}
