//! Tells when the sources of a spell, or a component file, are others than before. The file system's events
//! only say when to look; what counts is the digest of what is found. So a build that writes into the
//! folder does not cause another one, a file saved by renaming is the same as one that was overwritten, and
//! an event that never came is made up for by looking every two seconds. It does not know what is done
//! about a change.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};

use crate::package::normal;
use crate::sources::{self, Sources};

/// Events closer together than this are one burst.
const BURST: Duration = Duration::from_millis(40);
/// Two looks this far apart must see the same before it counts: a file may be half written.
const SETTLE: Duration = Duration::from_millis(20);
/// How often an unsettled folder is looked at again before the next event is waited for.
const LOOKS_MAX: u32 = 50;
/// How long a missed event stays unnoticed.
const RESCAN: Duration = Duration::from_secs(2);
/// The same where the file system gives no events at all.
const POLL: Duration = Duration::from_millis(500);

/// What happened to what is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchEvent {
    /// Its contents are others than before.
    Changed,
    /// It is not there any more.
    Gone,
    /// It is there again.
    Returned,
}

/// Why a path is not watched.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// It is not there.
    #[error("there is nothing to watch at `{}`", .0.display())]
    Missing(PathBuf),
    /// There is no thread to watch on.
    #[error("a thread for watching cannot be started")]
    Thread(#[source] std::io::Error),
}

/// Watches until it is dropped.
pub struct Watch {
    events: Receiver<WatchEvent>,
    wake: Sender<Wake>,
    thread: Option<JoinHandle<()>>,
    polling: bool,
}

/// Everything the watching thread wakes up for, apart from time.
enum Wake {
    /// Something happened in a folder that is watched, first then.
    FileSystem(Instant),
    Stop,
}

impl Watch {
    /// Watches a spell's folder or a component file. What it holds now counts as known.
    pub fn start(path: &Path) -> Result<Self, WatchError> {
        Self::start_ignoring(path, &[])
    }

    /// The same without some files, for a caller that writes into the folder itself.
    pub fn start_ignoring(path: &Path, outputs: &[PathBuf]) -> Result<Self, WatchError> {
        let (send, events) = channel();
        let mut watch = Self::start_with(path, outputs, move |event, _| {
            // Nobody listens any more once the watch is dropped.
            let _ = send.send(event);
        })?;
        watch.events = events;
        Ok(watch)
    }

    /// The same with a function instead of a receiver; it is called on the watching thread, with the moment at which the
    /// file system told of it first. Where it did not tell, that is the moment at which it was looked for.
    pub fn start_with(
        path: &Path,
        outputs: &[PathBuf],
        report: impl FnMut(WatchEvent, Instant) + Send + 'static,
    ) -> Result<Self, WatchError> {
        let absolute =
            |path: &Path| std::path::absolute(path).map_or_else(|_| path.to_owned(), |path| normal(&path));
        let path = absolute(path);
        let outputs: Vec<PathBuf> = outputs.iter().map(|output| absolute(output)).collect();
        let (wake, woken) = channel();
        let events = wake.clone();
        let debouncer = new_debouncer(BURST, None, move |burst: DebounceEventResult| {
            if let Some(told) = first_change(&burst) {
                // The watching thread has ended where nobody listens.
                drop(events.send(Wake::FileSystem(told)));
            }
        });
        let mut eyes = Eyes { debouncer: debouncer.ok(), watched: BTreeMap::new() };
        // First the eyes, then the look: what changes in between is seen.
        let first = sources::read(&path, &outputs).ok_or_else(|| WatchError::Missing(path.clone()))?;
        let seeing = eyes.turn_to(&path, Some(&first));
        let known = sources::read(&path, &outputs);
        let watcher = Watcher { path, outputs, eyes, known, woken, report };
        let thread = thread::Builder::new()
            .name("watch".into())
            .spawn(move || watcher.run())
            .map_err(WatchError::Thread)?;
        Ok(Self { events: channel().1, wake, thread: Some(thread), polling: !seeing })
    }

    /// What happened since it was last asked for.
    pub fn events(&self) -> &Receiver<WatchEvent> {
        &self.events
    }

    /// Whether the file system gives no events, so that a change takes half a second to be seen.
    pub fn is_polling(&self) -> bool {
        self.polling
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.wake.send(Wake::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The file system's events: only of folders that hold sources, so that a build is silent.
struct Eyes {
    debouncer: Option<Debouncer<RecommendedWatcher, RecommendedCache>>,
    /// Each folder with its identity: one that was replaced under its name is another one.
    watched: BTreeMap<PathBuf, u64>,
}

impl Eyes {
    /// Watches exactly the folders of the sources and the one above. Whether that works is the answer.
    fn turn_to(&mut self, path: &Path, sources: Option<&Sources>) -> bool {
        let Some(debouncer) = &mut self.debouncer else { return false };
        let folders = sources.into_iter().flat_map(|sources| sources.folders.iter().map(PathBuf::as_path));
        let wanted: BTreeMap<PathBuf, u64> = folders
            .chain(path.parent())
            .filter_map(|folder| Some((folder.to_owned(), identity(&folder.metadata().ok()?))))
            .collect();
        for (folder, _) in self.watched.iter().filter(|(folder, id)| wanted.get(*folder) != Some(id)) {
            // It may be gone already, and its watch with it.
            let _ = debouncer.unwatch(folder);
        }
        self.watched.retain(|folder, id| wanted.get(folder) == Some(id));
        let mut seeing = true;
        for (folder, id) in wanted {
            let Entry::Vacant(place) = self.watched.entry(folder) else { continue };
            match debouncer.watch(place.key(), RecursiveMode::NonRecursive) {
                Ok(()) => drop(place.insert_entry(id)),
                Err(error) => {
                    tracing::debug!(%error, folder = %place.key().display(), "not watched");
                    seeing = false;
                }
            }
        }
        seeing
    }
}

struct Watcher<F> {
    path: PathBuf,
    outputs: Vec<PathBuf>,
    eyes: Eyes,
    /// What was there when it was last reported; nothing while it is gone.
    known: Option<Sources>,
    woken: Receiver<Wake>,
    report: F,
}

impl<F: FnMut(WatchEvent, Instant)> Watcher<F> {
    fn run(mut self) {
        let mut seeing = self.eyes.turn_to(&self.path, self.known.as_ref());
        loop {
            let told = match self.woken.recv_timeout(if seeing { RESCAN } else { POLL }) {
                Ok(Wake::FileSystem(told)) => told,
                Err(RecvTimeoutError::Timeout) => Instant::now(),
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            };
            let mut found = self.look();
            let mut looks = 0;
            // Nothing new is nothing to wait for. Something new has to be seen twice.
            while digest(&found) != digest(&self.known) && looks < LOOKS_MAX {
                if !self.settle() {
                    return;
                }
                let again = self.look();
                let settled = digest(&again) == digest(&found);
                found = again;
                looks += 1;
                if settled {
                    break;
                }
            }
            seeing = self.eyes.turn_to(&self.path, found.as_ref());
            // What came into a folder before it was watched has no event.
            found = self.look();
            let event = match (&self.known, &found) {
                (Some(known), Some(found)) if known.digest == found.digest => None,
                (Some(_), Some(_)) => Some(WatchEvent::Changed),
                (Some(_), None) => Some(WatchEvent::Gone),
                (None, Some(_)) => Some(WatchEvent::Returned),
                (None, None) => None,
            };
            self.known = found;
            if let Some(event) = event {
                (self.report)(event, told);
            }
        }
    }

    /// Lets some time go by, whatever happens; false if it is time to stop.
    fn settle(&self) -> bool {
        let until = Instant::now() + SETTLE;
        loop {
            match self.woken.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Wake::FileSystem(_)) => {}
                Err(RecvTimeoutError::Timeout) => return true,
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    fn look(&self) -> Option<Sources> {
        sources::read(&self.path, &self.outputs)
    }
}

/// When the first change of a burst happened; nothing where files were only opened and read. A look at the sources is
/// such a burst itself: it would be the cause of the next one.
fn first_change(burst: &DebounceEventResult) -> Option<Instant> {
    match burst {
        Ok(events) => events.iter().filter(|event| !event.kind.is_access()).map(|event| event.time).min(),
        // What was missed may have been anything.
        Err(_) => Some(Instant::now()),
    }
}

fn digest(sources: &Option<Sources>) -> Option<blake3::Hash> {
    sources.as_ref().map(|sources| sources.digest)
}

#[cfg(unix)]
fn identity(found: &Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    found.ino() ^ found.dev().rotate_left(32)
}

#[cfg(not(unix))]
fn identity(found: &Metadata) -> u64 {
    let created = found.created().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    created.map_or(0, |age| age.as_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, AccessMode, Event, EventKind, ModifyKind};
    use notify_debouncer_full::DebouncedEvent;

    use super::*;

    #[test]
    fn reading_is_no_change_and_the_first_change_counts() {
        let now = Instant::now();
        let event = |kind, after| DebouncedEvent::new(Event::new(kind), now + Duration::from_millis(after));
        let opened = |after| event(EventKind::Access(AccessKind::Open(AccessMode::Any)), after);
        let written = |after| event(EventKind::Modify(ModifyKind::Any), after);
        assert_eq!(first_change(&Ok(vec![opened(0), opened(1)])), None);
        let changed = first_change(&Ok(vec![opened(0), written(3), written(2)]));
        assert_eq!(changed, Some(now + Duration::from_millis(2)));
        assert!(first_change(&Err(Vec::new())).is_some(), "whoever missed something looks");
    }
}
