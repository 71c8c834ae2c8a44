//! Follows a recording without an engine, so that the simulation of one build can be held against
//! that of another: natively, in debug, in WebAssembly.
//!
//! Promises the state hash of every tick as the simulation in this build computes it. Knows no
//! files: a recording comes as bytes.

use spellhost_lockstep::Pins;
use spellhost_lockstep::applying::apply_tick;
use spellhost_sim::{StateHash, Terrain, World, WorldConfig};
use spellhost_wire::{Header, Record, RecordingReader};

#[cfg(target_family = "wasm")]
mod exports;

/// The hash after every frame of a recording.
///
/// # Errors
/// In words: where the recording cannot be read, or this build arrives at another state than the
/// recording tells.
pub fn follow(recording: &[u8]) -> Result<Vec<StateHash>, String> {
    let mut reader = RecordingReader::new(recording).map_err(|error| error.to_string())?;
    let (mut world, mut pins, mut hashes) = (None, Pins::new(), Vec::new());
    while let Some(record) = reader.next_record().map_err(|error| error.to_string())? {
        match record {
            Record::Header(header) => world = Some(generated(&header)?),
            Record::Snapshot(bytes) => {
                world = Some(World::restore(&bytes).map_err(|error| error.to_string())?)
            }
            Record::Pin(pin) => pins.insert(&pin).map_err(|error| error.to_string())?,
            Record::Frame(frame) => {
                let world = world.as_mut().ok_or("a recording begins with its header")?;
                let tick = frame.tick;
                let report = apply_tick(world, &frame, &pins);
                hashes.push(report.map_err(|error| format!("tick {tick}: {error}"))?.state_hash);
            }
            Record::Component(_) | Record::End { .. } => {}
        }
    }
    Ok(hashes)
}

fn generated(header: &Header) -> Result<World, String> {
    let terrain = match header.terrain.as_str() {
        "hills" => Terrain::Hills,
        "flat" => Terrain::Flat,
        "empty" => Terrain::Empty,
        other => return Err(format!("`{other}` is no terrain")),
    };
    Ok(World::new(WorldConfig { terrain, seed: header.seed }))
}

/// Hashes as lines, or the error as one.
pub fn lines(recording: &[u8]) -> String {
    match follow(recording) {
        Ok(hashes) => hashes.iter().map(|hash| format!("{hash}\n")).collect(),
        Err(error) => format!("error: {error}\n"),
    }
}
