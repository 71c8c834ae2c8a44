//! Keeps the frames and snapshots of a world: a thread of its own between the tick and the disk.
//!
//! Promises that the tick never waits for it, and that a snapshot is kept after every frame before
//! it. Frames go to the store in batches. Where a disk is full they are not kept; once there is space
//! again the log goes on behind a snapshot, which it asks the world for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use fastcdc::v2020::FastCDC;
use spellhost_sim::World;
use spellhost_store::{
    Blobs as _, Digest, FrameLog as _, NewSnapshot, Part, Retention, Store, StoreError, WorldId,
};
use spellhost_wire::Frame;

use crate::failure::Failure;
use crate::limits::LOG_TICKS;
use crate::metering;
use crate::places::Placed;
use crate::world::Recorder;
use crate::world::ask::Answer;
use crate::world::backlog::Encoded;

/// How long frames are gathered before they are written. What was told in this time is lost with a host that is
/// killed: everybody is resynced when it comes back. What was published is kept before it is told.
const BATCH: Duration = Duration::from_millis(100);
/// How long what was written may wait for the disk: this much is lost with the power.
const SYNC: Duration = Duration::from_secs(1);
/// How long a log that misses frames waits before it asks for a snapshot, and for the next.
const RETRY: Duration = Duration::from_secs(5);
/// The parts of a snapshot that are the simulation's own: its bytes, cut, in their order.
pub const WORLD_PART: &str = "world";
/// The least, usual and most bytes of such a part.
const PART_BYTES: [usize; 3] = [16 << 10, 64 << 10, 256 << 10];

enum Kept {
    Frame(Arc<Frame>, Encoded),
    Snapshot(Box<World>, Option<Answer<u64>>),
}

/// The tick's end of the thread.
pub struct Keeper {
    kept: Option<Sender<Kept>>,
    asks: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// Where the system gives none.
    pub fn start(store: Store, world: WorldId, engine_id: String, placed: Placed) -> std::io::Result<Self> {
        let (kept, receiver) = channel();
        let asks = Arc::new(AtomicBool::new(false));
        let mut log = Log { store, world, engine_id, placed, asks: asks.clone(), misses: None, waits: None };
        let thread = std::thread::Builder::new()
            .name(format!("keeping {}", log.world))
            .spawn(move || log.keep(&receiver))?;
        Ok(Self { kept: Some(kept), asks, thread: Some(thread) })
    }

    fn send(&self, kept: Kept) {
        if let Some(end) = &self.kept {
            // The thread lives as long as this end.
            let _ = end.send(kept);
        }
    }

    /// Has the thread look at once.
    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Recorder for Keeper {
    fn frame(&mut self, frame: &Arc<Frame>, encoded: &Encoded) {
        self.send(Kept::Frame(frame.clone(), encoded.clone()));
    }

    fn snapshot(&mut self, world: &World, kept: Option<Answer<u64>>) {
        self.send(Kept::Snapshot(Box::new(world.clone()), kept));
        self.wake();
    }

    fn asks_for_snapshot(&mut self) -> bool {
        self.asks.swap(false, Ordering::Relaxed)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.kept = None;
        self.wake();
        if let Some(thread) = self.thread.take() {
            // A panic in it was reported by its own thread.
            let _ = thread.join();
        }
    }
}

struct Log {
    store: Store,
    world: WorldId,
    engine_id: String,
    placed: Placed,
    asks: Arc<AtomicBool>,
    /// Since when frames are missing: what follows them is of no use without a snapshot.
    misses: Option<Instant>,
    /// Since when something that was written waits for the disk.
    waits: Option<Instant>,
}

impl Log {
    fn keep(&mut self, arriving: &Receiver<Kept>) {
        while let Some(first) = self.next(arriving) {
            let (mut frames, mut snapshot) = (Vec::new(), None);
            if matches!(first, Kept::Frame(..)) {
                // Frames wake nobody: neither the tick nor this thread is kept from its sleep for each of them.
                std::thread::park_timeout(BATCH);
            }
            let mut next = Some(first);
            while let Some(kept) = next {
                match kept {
                    Kept::Frame(frame, encoded) => frames.push((frame, encoded)),
                    Kept::Snapshot(world, kept) => {
                        snapshot = Some((world, kept));
                        break;
                    }
                }
                next = arriving.try_recv().ok();
            }
            if !frames.is_empty() {
                self.take(&frames);
            }
            if let Some((world, kept)) = snapshot {
                self.sync();
                let saved = self.save(&world);
                if saved.is_ok() && self.misses.take().is_some() {
                    metering::keeps();
                }
                if let Some(kept) = kept {
                    let tick = saved.as_ref().map(|()| world.tick());
                    // Who asked may have gone.
                    let _ = kept.send(tick.map_err(Failure::from));
                }
                self.note("a snapshot is not kept", saved);
            }
        }
        self.sync();
        if self.misses.is_some() {
            metering::keeps();
        }
    }

    /// What arrives next, and until it does what was written gets to the disk in its time; `None` once nothing will.
    fn next(&mut self, arriving: &Receiver<Kept>) -> Option<Kept> {
        if let Some(since) = self.waits {
            match arriving.recv_timeout(SYNC.saturating_sub(since.elapsed())) {
                Err(RecvTimeoutError::Timeout) => self.sync(),
                arrived => return arrived.ok(),
            }
        }
        arriving.recv().ok()
    }

    fn note(&self, what: &str, result: Result<(), StoreError>) {
        if let Err(error) = result {
            tracing::error!(world = %self.world, %error, "{what}");
        }
    }

    /// Appends frames that follow what is kept.
    fn take(&mut self, frames: &[(Arc<Frame>, Encoded)]) {
        match self.misses {
            None => {
                let appended = self.append(frames);
                self.miss_after(appended);
                if self.waits.is_some_and(|since| since.elapsed() >= SYNC) {
                    self.sync();
                }
            }
            Some(since) if since.elapsed() >= RETRY => {
                self.misses = Some(Instant::now());
                self.asks.store(true, Ordering::Relaxed);
            }
            Some(_) => {}
        }
    }

    /// Whoever follows a log that has lost frames needs a snapshot.
    fn miss_after(&mut self, kept: Result<(), StoreError>) {
        if kept.is_err() && self.misses.is_none() {
            self.misses = Some(Instant::now());
            metering::misses();
        }
        self.note("frames are not kept from now on, until a snapshot is", kept);
    }

    /// Has what was written survive a loss of power.
    fn sync(&mut self) {
        if self.waits.take().is_some() {
            let begun = Instant::now();
            let synced = self.store.sync(&self.world);
            metering::stored(begun.elapsed());
            self.miss_after(synced);
        }
    }

    fn append(&mut self, frames: &[(Arc<Frame>, Encoded)]) -> Result<(), StoreError> {
        let entries: Vec<(u64, &[u8])> =
            frames.iter().map(|(_, encoded)| (encoded.tick, &*encoded.bytes)).collect();
        let refs: Vec<Digest> = frames.iter().flat_map(|(frame, _)| named(frame)).collect();
        self.store.append(&self.world, &entries, &refs)?;
        self.waits.get_or_insert_with(Instant::now);
        Ok(())
    }

    fn save(&self, world: &World) -> Result<(), StoreError> {
        save(&self.store, &self.world, &self.engine_id, world, &self.placed)?;
        self.store.retain(&self.world, Retention { ticks: Some(LOG_TICKS), bytes: None })?;
        Ok(())
    }
}

/// Keeps the state of a world, and what it was made of.
///
/// # Errors
/// Where the store does not take it.
pub fn save(
    store: &Store,
    id: &WorldId,
    engine_id: &str,
    world: &World,
    placed: &Placed,
) -> Result<(), StoreError> {
    let state = world.snapshot();
    let digests = store.put_all(&cut(&state))?;
    let pins = placed.pins.values().copied();
    let refs = world.components().map(|component| Digest(component.0)).chain(pins).collect();
    let own = digests.into_iter().map(|digest| Part { name: WORLD_PART.into(), digest });
    let snapshot = NewSnapshot {
        tick: world.tick(),
        hash: world.state_hash().0,
        engine_id: engine_id.into(),
        parts: own.chain(placed.parts().iter().cloned()).collect(),
        refs,
    };
    store.save_snapshot(id, snapshot).map(|_| ())
}

/// A world's bytes, cut where their content says (FastCDC, <https://doi.org/10.1109/TPDS.2020.2984632>): what did not
/// change since the last snapshot is the same parts, wherever it has moved to, and is kept once.
fn cut(state: &[u8]) -> Vec<&[u8]> {
    let [least, usual, most] = PART_BYTES;
    let pieces = FastCDC::new(state, least, usual, most);
    pieces.map(|piece| &state[piece.offset..piece.offset + piece.length]).collect()
}

/// The revisions and components that a frame names, which its log keeps from being removed.
pub fn named(frame: &Frame) -> impl Iterator<Item = Digest> {
    let casts = frame.casts.iter().flat_map(|cast| [cast.revision_id, cast.component]);
    let swaps = frame.swaps.iter().flat_map(|swap| [swap.revision_id, swap.component]);
    casts.chain(swaps).map(|digest| Digest(digest.0)).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use spellhost_sim::{BlockPos, BlockSize, FillMode, Inputs, Material, Op, Terrain, WorldConfig};
    use spellhost_store::{Channel, NewWorld, Options};

    use super::*;

    /// A tick in which a block of stone is put somewhere.
    fn edit(world: &mut World, at: BlockPos, edge: u32) {
        let size = BlockSize { x: edge, y: edge, z: edge };
        let op = Op::FillBox { min: at, size, material: Material::STONE, mode: FillMode::Subtract };
        world.open_tick(Inputs { ops: vec![op], ..Inputs::default() });
        world.close_tick(Vec::new());
    }

    #[test]
    fn what_did_not_change_between_two_snapshots_is_kept_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _) = Store::open(folder.path(), Options::default()).expect("a store");
        let id = WorldId::parse("default").expect("an id");
        let new = NewWorld {
            world_id: id.clone(),
            name: "default".into(),
            owner: "guest".into(),
            channel: Channel::Stable,
            shape: "box".into(),
            seed: 1,
            terrain: "hills".into(),
        };
        store.create_world(new).expect("a world");
        let mut world = World::new(WorldConfig { terrain: Terrain::Hills, seed: 1 });
        for place in 0..1_200 {
            let (x, z) = (place % 20 * 24 - 240, place / 20 % 20 * 24 - 240);
            edit(&mut world, BlockPos { x, y: place / 400 * 24 - 60, z }, 16);
        }
        let saved = |world: &World| {
            save(&store, &id, "engine", world, &Placed::default()).expect("a snapshot");
            store.snapshot_at(&id, u64::MAX).expect("a store").expect("the snapshot")
        };
        let first = saved(&world);
        assert!(first.parts.len() > 8, "{} parts of {} bytes", first.parts.len(), world.snapshot().len());
        edit(&mut world, BlockPos { x: 0, y: -4, z: 0 }, 3);
        let second = saved(&world);
        let fresh = second.parts.iter().filter(|part| !first.parts.contains(part)).count();
        assert!((1..=6).contains(&fresh), "{fresh} of {} parts are new", second.parts.len());
        for (snapshot, hash) in [(&first, first.hash), (&second, world.state_hash().0)] {
            let restored = crate::recovery::restored(&store, snapshot).expect("the world of it");
            assert_eq!(restored.state_hash().0, hash);
        }
    }
}
