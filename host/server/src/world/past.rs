//! The last ticks of a world, for who looks for a difference: the hash tree after any of them.
//!
//! Promises that a tick waits for none of it: the world hands over its frames, and now and then a
//! copy of itself, and a thread of its own plays a tick asked for anew, from effects and without running a
//! spell. Bounded: so many copies, so many frames, so many questions that wait. Deliberately does
//! not know connections, nor what a client makes of an answer.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::Thread;
use std::time::Duration;

use spellhost_lockstep::applying::apply_tick;
use spellhost_lockstep::{Pins, tree};
use spellhost_runtime::PlayedTick;
use spellhost_sim::{RevisionRef, World};
use spellhost_wire::message::{DesyncReport, HashTree};
use spellhost_wire::reply::{DesyncDetail, DesyncPart, HashNode};
use spellhost_wire::{Code, Frame};
use tokio::sync::oneshot;

use crate::failure::Failure;
use crate::limits::{PAST_COPIES_MAX, PAST_COPY_TICKS, PAST_QUESTIONS_MAX};
use crate::world::ask::Answer;
use crate::world::backlog::Encoded;

/// How many worlds of ticks that were asked for are kept at hand.
const AT_HAND_MAX: usize = 4;
/// How long the thread sleeps where nobody wakes it: frames do not.
const SLEEP: Duration = Duration::from_secs(1);

/// What a report came to.
#[derive(Clone, Debug)]
pub struct Found {
    /// What the host has there.
    pub detail: DesyncDetail,
    /// Whether the client has something else.
    pub differs: bool,
}

enum Told {
    /// The world before its next tick.
    Copy(Box<World>),
    /// The tick that it played, and what its revisions stand for.
    Frame(Encoded, Vec<RevisionRef>),
    Forget,
    Node(HashTree, Answer<HashNode>),
    Report(DesyncReport, Answer<Found>),
}

/// The side of those who ask. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Past {
    told: Sender<Told>,
    thread: Thread,
    waiting: Arc<AtomicUsize>,
    /// For how many ticks more somebody may ask who does not follow.
    wanted: Arc<AtomicU64>,
}

/// The world's own side.
pub struct Teller {
    past: Past,
    /// When the last copy was handed over; `None` while nobody looks.
    copied: Option<u64>,
}

impl Past {
    /// Starts the thread, which ends with the last of those who may ask or tell.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(world: &str) -> std::io::Result<(Self, Teller)> {
        let (told, receiver) = channel();
        let (waiting, wanted) = (Arc::<AtomicUsize>::default(), Arc::<AtomicU64>::default());
        let kept = Kept {
            receiver,
            waiting: waiting.clone(),
            wanted: wanted.clone(),
            copies: VecDeque::new(),
            frames: VecDeque::new(),
            pins: Pins::new(),
            at_hand: VecDeque::new(),
        };
        let lives =
            std::thread::Builder::new().name(format!("past of {world}")).spawn(move || kept.live())?;
        let past = Self { told, thread: lives.thread().clone(), waiting, wanted };
        Ok((past.clone(), Teller { past, copied: None }))
    }

    /// A node of the hash tree after a tick.
    ///
    /// # Errors
    /// `bad_param` for a tick that is not kept or a path that is none, `rate_limited` where too many ask.
    pub async fn node(&self, asked: HashTree) -> Result<HashNode, Failure> {
        self.ask(|answer| Told::Node(asked, answer)).await
    }

    /// What there is at a path that a client has something else at.
    ///
    /// # Errors
    /// As [`Past::node`].
    pub async fn report(&self, report: DesyncReport) -> Result<Found, Failure> {
        self.ask(|answer| Told::Report(report, answer)).await
    }

    async fn ask<T>(&self, told: impl FnOnce(Answer<T>) -> Told) -> Result<T, Failure> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= PAST_QUESTIONS_MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Failure::new(Code::RateLimited, "too many look for differences at once"));
        }
        let (answer, answered) = oneshot::channel();
        self.told.send(told(answer)).map_err(|_| Failure::unavailable())?;
        self.thread.unpark();
        answered.await.map_err(|_| Failure::unavailable())?
    }
}

impl Teller {
    /// Takes a tick that was played, before anybody is told of it and asks.
    pub fn frame(&self, played: &PlayedTick, frame: &Encoded) {
        if self.copied.is_some() {
            let casts = played.inputs.casts.iter().map(|cast| cast.revision);
            let revisions = casts.chain(played.inputs.swaps.iter().map(|swap| swap.revision)).collect();
            // It is taken in when somebody asks, or in a while: no tick wakes the thread.
            self.tell(Told::Frame(frame.clone(), revisions));
        }
    }

    /// Begins to keep what happens from here on, for somebody who may follow.
    pub fn begin(&mut self, world: &World) {
        self.past.wanted.store(PAST_COPY_TICKS, Ordering::Relaxed);
        self.copy(world, true);
    }

    /// Takes a copy of the world where one is due; `is_followed` where anybody may want to look at it.
    pub fn copy(&mut self, world: &World, is_followed: bool) {
        let wanted = self.past.wanted.load(Ordering::Relaxed);
        self.past.wanted.store(wanted.saturating_sub(1), Ordering::Relaxed);
        if !is_followed && wanted == 0 {
            if self.copied.take().is_some() {
                self.tell(Told::Forget);
            }
            return;
        }
        if self.copied.is_none_or(|copied| world.tick() - copied >= PAST_COPY_TICKS) {
            self.copied = Some(world.tick());
            self.tell(Told::Copy(Box::new(world.clone())));
        }
    }

    fn tell(&self, told: Told) {
        // The thread lives as long as this end.
        let _ = self.past.told.send(told);
    }
}

/// The thread's own side.
struct Kept {
    receiver: Receiver<Told>,
    waiting: Arc<AtomicUsize>,
    wanted: Arc<AtomicU64>,
    /// Copies of the world, the oldest first.
    copies: VecDeque<World>,
    /// The frames since the oldest copy.
    frames: VecDeque<Encoded>,
    pins: Pins,
    /// Worlds of ticks that were asked for.
    at_hand: VecDeque<World>,
}

impl Kept {
    fn live(mut self) {
        loop {
            match self.receiver.try_recv() {
                Ok(told) => self.take(told),
                Err(TryRecvError::Empty) => std::thread::park_timeout(SLEEP),
                Err(TryRecvError::Disconnected) => return,
            }
        }
    }

    fn take(&mut self, told: Told) {
        match told {
            Told::Copy(world) => self.copy(*world),
            Told::Frame(frame, revisions) => {
                revisions.into_iter().for_each(|revision| self.pins.know(revision));
                self.frames.push_back(frame);
            }
            Told::Forget => {
                self.copies.clear();
                self.frames.clear();
                self.at_hand.clear();
                self.pins = Pins::new();
            }
            Told::Node(asked, answer) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                // Who asked may have gone.
                let _ = answer.send(self.node(&asked));
            }
            Told::Report(report, answer) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                let _ = answer.send(self.report(&report));
            }
        }
    }

    fn copy(&mut self, world: World) {
        self.copies.push_back(world);
        if self.copies.len() > PAST_COPIES_MAX {
            self.copies.pop_front();
        }
        let oldest = self.copies.front().map_or(0, World::tick);
        self.frames.retain(|frame| frame.tick >= oldest);
        self.at_hand.retain(|world| world.tick() >= oldest);
        let named = self.frames.iter().filter_map(Encoded::read).flat_map(|frame| {
            let casts = frame.casts.into_iter().map(|cast| cast.revision_id);
            casts.chain(frame.swaps.into_iter().map(|swap| swap.revision_id)).collect::<Vec<_>>()
        });
        self.pins.retain(&named.collect());
    }

    fn node(&mut self, asked: &HashTree) -> Result<HashNode, Failure> {
        let frame = self.frame(asked.tick);
        let world = self.after(asked.tick)?;
        tree::node(world, frame.as_ref(), &asked.path).ok_or_else(|| no_path(&asked.path))
    }

    fn report(&mut self, report: &DesyncReport) -> Result<Found, Failure> {
        let frame = self.frame(report.tick);
        let (tick, path, frame) = (report.tick, report.path.as_str(), frame.as_ref());
        let world = self.after(tick)?;
        let node = tree::node(world, frame, path).ok_or_else(|| no_path(path))?;
        if node.hash == report.local_hash {
            let detail =
                DesyncDetail { tick, parts: Vec::new(), spell_id: None, revision_id: None, cast_id: None };
            return Ok(Found { detail, differs: false });
        }
        let leaf = || tree::part(world, frame, path).into_iter().collect::<Vec<_>>();
        // Who reports a whole table or the root is told what it is made of.
        let is_row = node.children.is_empty() || (path.contains('/') && !path.contains(".."));
        let part = |child: spellhost_wire::reply::HashChild| DesyncPart {
            path: child.path,
            host_hash: child.hash,
            data: serde_json::Value::Null,
        };
        let parts = if is_row { leaf() } else { node.children.into_iter().map(part).collect() };
        let blame = frame.and_then(|frame| tree::blame(world, frame, path));
        let (spell_id, revision_id, cast_id) = match blame {
            Some(blame) => (Some(blame.spell_id), Some(blame.revision_id), Some(blame.cast_id)),
            None => (None, None, None),
        };
        Ok(Found { detail: DesyncDetail { tick, parts, spell_id, revision_id, cast_id }, differs: true })
    }

    fn frame(&self, tick: u64) -> Option<Frame> {
        let first = self.frames.front()?.tick;
        let at = usize::try_from(tick.checked_sub(first)?).ok()?;
        self.frames.get(at)?.read()
    }

    /// The world after a tick.
    fn after(&mut self, tick: u64) -> Result<&World, Failure> {
        let next = tick.saturating_add(1);
        if !self.at_hand.iter().any(|world| world.tick() == next) {
            let world = self.replay(next)?;
            if self.at_hand.len() == AT_HAND_MAX {
                self.at_hand.pop_front();
            }
            self.at_hand.push_back(world);
        }
        self.at_hand.iter().find(|world| world.tick() == next).ok_or_else(Failure::unavailable)
    }

    /// The world before a tick, from the nearest before it.
    fn replay(&mut self, next: u64) -> Result<World, Failure> {
        let last = self.frames.back().map(|frame| frame.tick + 1).max(self.copies.back().map(World::tick));
        let earlier = self.copies.iter().chain(&self.at_hand).filter(|world| world.tick() <= next);
        let nearest = earlier.max_by_key(|world| world.tick());
        let Some(nearest) = nearest.filter(|_| last.is_some_and(|last| next <= last)) else {
            self.wanted.store(PAST_COPY_TICKS, Ordering::Relaxed);
            let oldest = self.copies.front().map(|world| world.tick().saturating_sub(1));
            return Err(not_kept(oldest, last));
        };
        let mut world = nearest.clone();
        while world.tick() < next {
            let frame = self.frame(world.tick()).ok_or_else(Failure::unavailable)?;
            apply_tick(&mut world, &frame, &self.pins).map_err(|error| {
                tracing::error!(tick = frame.tick, %error, "the host does not follow its own frame");
                Failure::internal(&error)
            })?;
        }
        Ok(world)
    }
}

fn not_kept(oldest: Option<u64>, last: Option<u64>) -> Failure {
    let message = match (oldest, last) {
        (Some(oldest), Some(last)) => {
            format!("the hash tree is kept for the ticks {oldest} to {}", last.saturating_sub(1))
        }
        _ => {
            "no hash tree was kept until now, because nobody followed this world; ask for a later tick".into()
        }
    };
    Failure::new(Code::BadParam, message)
}

fn no_path(path: &str) -> Failure {
    let shown: String = path.chars().take(64).collect();
    Failure::new(Code::BadParam, format!("there is no path `{shown}` in the hash tree"))
}
