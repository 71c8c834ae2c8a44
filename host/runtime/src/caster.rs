//! A small pool of casting threads with deep stacks, over which the lanes of a tick are spread.
//!
//! Promises that results do not depend on the number of threads or on who finishes first. Does not
//! know worlds beyond handing them through.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use spellhost_sim::{CallResult, Terrain, World, WorldConfig};

use crate::casting::CallNote;
use crate::engine::Engine;
use crate::lane::{Surroundings, Work};
use crate::limits::{NATIVE_STACK_BYTES, THREADS_MAX, WATCHDOG_SECONDS};
use crate::settings::Role;
use crate::watchdog::{Armed, Watchdog};

type Job = Box<dyn FnOnce() + Send>;
type LaneResults = Vec<(CallResult, CallNote)>;

/// Casting threads.
pub struct Caster {
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
    watchdog: Option<Watchdog>,
    /// What stands in a world's place while its calls run.
    stand_in: Mutex<Option<World>>,
}

/// The lanes of one tick.
struct Batch {
    works: Vec<Work>,
    around: Surroundings,
    next: AtomicUsize,
}

impl Batch {
    /// Runs lanes until none is left; says which.
    fn work(&self) -> Vec<(usize, LaneResults)> {
        let mut done = Vec::new();
        loop {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(work) = self.works.get(at) else { return done };
            done.push((at, work.run(&self.around)));
        }
    }
}

impl Caster {
    /// Starts casting threads, at least one and at most [`THREADS_MAX`]. An engine that hosts is
    /// watched by a watchdog; one that executes again is not.
    ///
    /// # Errors
    /// Where the system gives no threads.
    pub fn new(engine: &Engine, threads: usize) -> std::io::Result<Self> {
        Self::with_patience(engine, threads, Duration::from_secs(WATCHDOG_SECONDS))
    }

    /// As [`Caster::new`], with the real time after which a tick's calls are ended.
    ///
    /// # Errors
    /// Where the system gives no threads.
    pub fn with_patience(engine: &Engine, threads: usize, patience: Duration) -> std::io::Result<Self> {
        let role = engine.options().role;
        let (jobs, receiver) = channel::<Job>();
        let receiver = Arc::new(Mutex::new(receiver));
        let spawn = |at: usize| {
            let receiver = receiver.clone();
            std::thread::Builder::new()
                .name(format!("casting {at}"))
                .stack_size(role.stack_bytes() + NATIVE_STACK_BYTES)
                .spawn(move || serve(&receiver))
        };
        let threads = (0..threads.clamp(1, THREADS_MAX)).map(spawn).collect::<std::io::Result<_>>()?;
        let watchdog = match role {
            Role::Host => Some(Watchdog::start(engine.wasmtime().clone(), patience)?),
            Role::Reexecutor => None,
        };
        Ok(Self { jobs: Some(jobs), threads, watchdog, stand_in: Mutex::new(None) })
    }

    /// How many threads cast.
    pub fn threads(&self) -> usize {
        self.threads.len()
    }

    /// Runs lanes over an opened world and puts the world back; results by call id.
    pub(crate) fn run(
        &self,
        world: &mut World,
        surroundings: impl FnOnce(Arc<World>) -> Surroundings,
        works: Vec<Work>,
    ) -> (Vec<CallResult>, Vec<CallNote>) {
        let armed = self.watchdog.as_ref().map(Watchdog::arm);
        let shared = Arc::new(std::mem::replace(world, self.take_stand_in()));
        let mut around = surroundings(shared.clone());
        if let Some(Armed { alarm, .. }) = &armed {
            around.alarm = alarm.clone();
        }
        let (lanes, threads) = (works.len(), self.threads.len().min(works.len()));
        let batch = Arc::new(Batch { works, around, next: AtomicUsize::new(0) });
        let mut results: Vec<Option<LaneResults>> = (0..lanes).map(|_| None).collect();
        for (at, lane) in self.spread(&batch, threads) {
            results[at] = Some(lane);
        }
        let finish = |(work, lane): (&Work, Option<LaneResults>)| lane.unwrap_or_else(|| work.abandoned());
        let ended = in_order(lanes, batch.works.iter().zip(results).flat_map(finish));
        drop(batch);
        let opened =
            Arc::into_inner(shared).expect("every casting thread gives the world back before it reports");
        self.keep_stand_in(std::mem::replace(world, opened));
        ended
    }

    /// Gives the batch to `threads` threads and waits for all of them.
    fn spread(&self, batch: &Arc<Batch>, threads: usize) -> Vec<(usize, LaneResults)> {
        let (done, finished) = channel();
        for _ in 0..threads {
            let (batch, done) = (batch.clone(), done.clone());
            let job: Job = Box::new(move || {
                let results = catch_unwind(AssertUnwindSafe(|| batch.work())).unwrap_or_else(|_| {
                    tracing::error!("a casting thread panicked; the calls it had taken failed");
                    Vec::new()
                });
                // The world goes back before the report: the caller needs it alone.
                drop(batch);
                // The caller waits for this; where it does not, nobody is left to tell.
                let _ = done.send(results);
            });
            // The threads live as long as the sender.
            if let Some(Err(refused)) = self.jobs.as_ref().map(|jobs| jobs.send(job)) {
                drop(refused);
            }
        }
        drop(done);
        finished.iter().flatten().collect()
    }

    fn take_stand_in(&self) -> World {
        let kept = self.stand_in.lock().unwrap_or_else(PoisonError::into_inner).take();
        kept.unwrap_or_else(|| World::new(WorldConfig { terrain: Terrain::Empty, seed: 0 }))
    }

    fn keep_stand_in(&self, world: World) {
        *self.stand_in.lock().unwrap_or_else(PoisonError::into_inner) = Some(world);
    }
}

impl Drop for Caster {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // Jobs catch their own panics.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Caster {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Caster({} threads)", self.threads.len())
    }
}

/// Results and notes by call id. Most lanes have one call and come in order: then nothing is moved twice.
fn in_order(
    lanes: usize,
    ended: impl Iterator<Item = (CallResult, CallNote)>,
) -> (Vec<CallResult>, Vec<CallNote>) {
    let (mut results, mut notes) = (Vec::with_capacity(lanes), Vec::with_capacity(lanes));
    for (result, note) in ended {
        results.push(result);
        notes.push(note);
    }
    if !results.is_sorted_by_key(|result| result.id) {
        results.sort_by_key(|result| result.id);
        notes.sort_by_key(|note| note.id);
    }
    (results, notes)
}

/// The life of a casting thread.
fn serve(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}
