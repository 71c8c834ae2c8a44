//! Keeps the frames of a world: a thread of its own between the tick and the disk.
//!
//! Promises that the tick never waits for it. Frames go to the store in batches.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use spellhost_sim::World;
use spellhost_store::{FrameLog as _, Store, WorldId};
use spellhost_wire::Frame;

use crate::world::Recorder;

/// How long frames are gathered before they are written.
const BATCH: Duration = Duration::from_millis(250);

/// The tick's end of the thread.
pub struct Keeper {
    frames: Option<Sender<Arc<Frame>>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// Where the system gives none.
    pub fn start(store: Store, world: WorldId) -> std::io::Result<Self> {
        let (frames, receiver) = channel();
        let thread = std::thread::Builder::new()
            .name(format!("keeping {world}"))
            .spawn(move || keep(&store, &world, &receiver))?;
        Ok(Self { frames: Some(frames), thread: Some(thread) })
    }
}

impl Recorder for Keeper {
    fn frame(&mut self, frame: &Arc<Frame>) {
        if let Some(frames) = &self.frames {
            // The thread lives as long as this end.
            let _ = frames.send(frame.clone());
        }
    }

    fn snapshot(&mut self, _world: &World) {}
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.frames = None;
        if let Some(thread) = self.thread.take() {
            // A panic in it was reported by its own thread.
            let _ = thread.join();
        }
    }
}

fn keep(store: &Store, world: &WorldId, frames: &Receiver<Arc<Frame>>) {
    loop {
        let Ok(first) = frames.recv() else { return };
        let mut batch = vec![first];
        let ended = gather(frames, &mut batch);
        let encoded: Vec<(u64, Vec<u8>)> =
            batch.iter().map(|frame| (frame.tick, frame.to_bytes())).collect();
        let entries: Vec<(u64, &[u8])> =
            encoded.iter().map(|(tick, bytes)| (*tick, bytes.as_slice())).collect();
        let kept = store.append(world, &entries, &[]).and_then(|_| store.sync(world));
        if let Err(error) = kept {
            tracing::error!(%world, %error, "frames are not kept");
        }
        if ended {
            return;
        }
    }
}

/// Waits for more frames for a moment; whether there will be no more.
fn gather(frames: &Receiver<Arc<Frame>>, batch: &mut Vec<Arc<Frame>>) -> bool {
    let until = std::time::Instant::now() + BATCH;
    loop {
        match frames.recv_timeout(until.saturating_duration_since(std::time::Instant::now())) {
            Ok(frame) => batch.push(frame),
            Err(RecvTimeoutError::Timeout) => return false,
            Err(RecvTimeoutError::Disconnected) => return true,
        }
    }
}
