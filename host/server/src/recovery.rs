//! A world as it was when the host ended: its last snapshot and the frames after it.
//!
//! Promises the same tick and the same hash, verified frame by frame; what cannot be followed is an
//! error and never a world that is nearly right. Runs no spell: frames carry what calls did.

use std::collections::VecDeque;

use spellhost_lockstep::applying::apply_tick;
use spellhost_lockstep::{Pins, pin, reference};
use spellhost_sim::{World, WorldConfig};
use spellhost_store::{
    Blobs as _, Digest, Epoch, FrameLog as _, LogEntry, Snapshot, Store, StoreError, WorldId,
};
use spellhost_wire::Frame;

use crate::keeper::{WORLD_PART, save};
use crate::limits::BACKLOG_FRAMES;
use crate::places::Placed;
use crate::world::backlog::Encoded;

/// Why a world cannot go on.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum RecoveryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the snapshot of tick {tick} cannot be read: {reason}")]
    Snapshot { tick: u64, reason: String },
    #[error("the frame of tick {tick} cannot be followed: {reason}")]
    Frame { tick: u64, reason: String },
    #[error(
        "world `{world}` has frames that engine {old} played after its last snapshot, and this one is {new}: start and \
         stop the version of {old} once, then this one goes on"
    )]
    Epoch { world: String, old: String, new: String },
    #[error("frames from tick {tick} on are missing; the next that is kept is {next}")]
    Gap { tick: u64, next: u64 },
    #[error("the place of this world cannot be read: {reason}")]
    Place { reason: String },
}

/// A world and the last frames of its log.
pub struct Recovered {
    /// As it was.
    pub world: World,
    /// The newest last.
    pub frames: VecDeque<Encoded>,
    /// What it was made of.
    pub placed: Placed,
}

/// Brings a world back; a new one where nothing is kept of it.
///
/// # Errors
/// [`RecoveryError`].
pub fn recover(
    store: &Store,
    id: &WorldId,
    config: WorldConfig,
    engine_id: &str,
) -> Result<Recovered, RecoveryError> {
    let begins = enter_epoch(store, id, config, engine_id)?;
    let (mut world, placed) = match store.snapshot_at(id, u64::MAX)? {
        Some(snapshot) => (restored(store, &snapshot)?, Placed::of(store, &snapshot)?),
        None => (World::new(config), Placed::default()),
    };
    let mut frames = VecDeque::new();
    let Some(last) = store.last_tick(id)? else {
        if world.tick() == 0 {
            frames.extend(placed.found(store, id, engine_id, &mut world)?.as_ref().map(Encoded::of));
        }
        return Ok(Recovered { world, frames, placed });
    };
    let from = world.tick().min(last.saturating_sub(BACKLOG_FRAMES as u64 - 1).max(begins));
    let mut pins = Pins::new();
    for entry in store.read(id, from..=last)? {
        let LogEntry::Frame { tick, bytes } = entry? else { continue };
        let unreadable = |reason: String| RecoveryError::Frame { tick, reason };
        let frame = Frame::from_bytes(&bytes).map_err(|error| unreadable(error.to_string()))?;
        if tick > world.tick() {
            return Err(RecoveryError::Gap { tick: world.tick(), next: tick });
        }
        if tick == world.tick() {
            pin_all(store, &frame, &mut pins)?;
            apply_tick(&mut world, &frame, &pins).map_err(|error| unreadable(error.to_string()))?;
        }
        keep_followed_by(&mut frames, tick);
        if frames.len() == BACKLOG_FRAMES {
            frames.pop_front();
        }
        frames.push_back(Encoded { tick, bytes: bytes.into() });
    }
    keep_followed_by(&mut frames, world.tick());
    Ok(Recovered { world, frames, placed })
}

/// Forgets frames before a gap, as a full disk leaves it before a snapshot: nobody can follow them across it.
fn keep_followed_by(frames: &mut VecDeque<Encoded>, tick: u64) {
    if frames.back().is_some_and(|last| last.tick + 1 != tick) {
        frames.clear();
    }
}

/// The first tick of a log that the engine of now has played: frames before it are another's.
///
/// # Errors
/// Where the log cannot be read.
pub fn begins(store: &Store, id: &WorldId) -> Result<u64, StoreError> {
    Ok(store.epochs(id)?.last().map_or(0, |epoch| epoch.tick + 1))
}

/// Makes sure that the log goes on with this engine: the first tick of its own frames. A world of an older
/// engine goes on from its last snapshot, where nothing was played after it.
fn enter_epoch(
    store: &Store,
    id: &WorldId,
    config: WorldConfig,
    engine_id: &str,
) -> Result<u64, RecoveryError> {
    let Some(snapshot) = store.snapshot_at(id, u64::MAX)? else {
        // From the first moment on it is known whose frames follow.
        save(store, id, engine_id, &World::new(config), &Placed::default())?;
        return Ok(0);
    };
    if snapshot.engine_id == engine_id {
        return Ok(begins(store, id)?);
    }
    let (old, new) = (snapshot.engine_id.clone(), engine_id.to_owned());
    if store.last_tick(id)?.is_some_and(|last| last >= snapshot.tick) {
        return Err(RecoveryError::Epoch { world: id.to_string(), old, new });
    }
    let world = restored(store, &snapshot)?;
    let tick = snapshot.tick.saturating_sub(1);
    store.append_epoch(id, Epoch { tick, from_engine: old, to_engine: new })?;
    // A snapshot of this engine: whoever opens the world next knows whose frames follow.
    save(store, id, engine_id, &world, &Placed::of(store, &snapshot)?)?;
    Ok(snapshot.tick)
}

/// The world of a snapshot.
///
/// # Errors
/// Where it is not what was saved.
pub fn restored(store: &Store, snapshot: &Snapshot) -> Result<World, RecoveryError> {
    let tick = snapshot.tick;
    let unreadable = |reason: String| RecoveryError::Snapshot { tick, reason };
    let mut state = Vec::new();
    for part in snapshot.parts.iter().filter(|part| part.name == WORLD_PART) {
        state.extend(store.get(&part.digest)?);
    }
    let world = World::restore(&state).map_err(|error| unreadable(error.to_string()))?;
    if world.tick() != tick || world.state_hash().0 != snapshot.hash {
        return Err(unreadable("it is not the state that was saved".into()));
    }
    Ok(world)
}

/// Pins every revision that enters with a frame.
///
/// # Errors
/// Where the store has no such revision.
pub fn pin_all(store: &Store, frame: &Frame, pins: &mut Pins) -> Result<(), RecoveryError> {
    let casts = frame.casts.iter().map(|cast| cast.revision_id);
    let swaps = frame.swaps.iter().map(|swap| swap.revision_id);
    for revision in casts.chain(swaps) {
        if pins.get(revision).is_some() {
            continue;
        }
        let unreadable = |reason: String| RecoveryError::Frame { tick: frame.tick, reason };
        let manifest = store.manifest(&Digest(revision.0))?;
        let own = reference(&manifest).map_err(|error| unreadable(error.to_string()))?;
        let text = String::from_utf8(manifest).map_err(|error| unreadable(error.to_string()))?;
        pins.insert(&pin(&own, &text)).map_err(|error| unreadable(error.to_string()))?;
    }
    Ok(())
}
