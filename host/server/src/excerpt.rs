//! What was: the state of a world before a tick that has passed, and the log between two ticks as a
//! recording that replays anywhere.
//!
//! Promises that every tick on the way is followed and its hash compared, so that what is handed out
//! is what was played. Runs no spell; reads the disk, and is called from blocking threads.

use std::collections::BTreeSet;

use spellhost_lockstep::applying::apply_tick;
use spellhost_lockstep::{Pins, pin, reference};
use spellhost_sim::{Channel, World, WorldConfig};
use spellhost_store::{Blobs as _, FrameLog as _, LogEntry, Store, WorldId};
use spellhost_wire::{Code, Digest, FORMAT, Frame, Header, Record, RecordingError, RecordingWriter};

use crate::failure::Failure;
use crate::limits::{EXCERPT_BYTES_MAX, EXCERPT_TICKS_MAX, FOLLOWED_TICKS_MAX};
use crate::recovery::{begins, pin_all, restored};
use crate::world::backlog::Encoded;

/// A world of which something is asked.
pub struct Past<'a> {
    /// Where its snapshots and frames are.
    pub store: &'a Store,
    /// Its id.
    pub id: WorldId,
    /// What it began as.
    pub config: WorldConfig,
    /// Its last frames, which the log may not have yet.
    pub recent: Vec<Encoded>,
}

fn gone(first: u64) -> Failure {
    let reason = format!("tick {first} is not kept, or too far from a snapshot that is");
    Failure::new(Code::BadParam, reason)
}

impl Past<'_> {
    /// The frames from a tick to another, without a gap.
    fn frames(&self, from: u64, to: u64) -> Result<Vec<Frame>, Failure> {
        let read = |bytes: &[u8]| Frame::from_bytes(bytes).map_err(|error| Failure::internal(&error));
        let mut frames = Vec::new();
        for entry in self.store.read(&self.id, from..=to)? {
            let LogEntry::Frame { bytes, .. } = entry? else { continue };
            frames.push(read(&bytes)?);
        }
        let next = frames.last().map_or(from, |last| last.tick + 1);
        for recent in self.recent.iter().filter(|recent| (next..=to).contains(&recent.tick)) {
            frames.push(read(&recent.bytes)?);
        }
        let mut ticks = from..=to;
        let is_whole = frames.iter().all(|frame| ticks.next() == Some(frame.tick)) && ticks.next().is_none();
        if is_whole { Ok(frames) } else { Err(gone(from)) }
    }

    /// The state before a tick.
    ///
    /// # Errors
    /// `bad_param` where it is not kept any more.
    pub fn state(&self, tick: u64) -> Result<World, Failure> {
        let mut world = match self.store.snapshot_at(&self.id, tick)? {
            Some(snapshot) => restored(self.store, &snapshot).map_err(|error| Failure::internal(&error))?,
            None => World::new(self.config),
        };
        if tick - world.tick() > FOLLOWED_TICKS_MAX {
            return Err(gone(tick));
        }
        if tick == world.tick() {
            return Ok(world);
        }
        let mut pins = Pins::new();
        for frame in self.frames(world.tick(), tick - 1)? {
            pin_all(self.store, &frame, &mut pins).map_err(|error| Failure::internal(&error))?;
            apply_tick(&mut world, &frame, &pins).map_err(|error| Failure::internal(&error))?;
        }
        Ok(world)
    }

    /// The ticks from one to another, both included, as a recording: the state before the first,
    /// every component and revision that is needed, and the frames. As far back as one excerpt and this
    /// engine reach where no first is named.
    ///
    /// # Errors
    /// `bad_param` where not all of them are kept, or some are another engine's; `too_large`.
    pub fn recording(
        &self,
        engine_id: Digest,
        from: Option<u64>,
        to: u64,
    ) -> Result<(World, Vec<u8>), Failure> {
        let begins = begins(self.store, &self.id)?;
        let from = from.unwrap_or_else(|| (to + 1).saturating_sub(EXCERPT_TICKS_MAX).max(begins));
        if from > to || to - from >= EXCERPT_TICKS_MAX {
            let reason = format!("from: at most {EXCERPT_TICKS_MAX} ticks before `to`, and not after it");
            return Err(Failure::new(Code::BadParam, reason));
        }
        if from < begins {
            let reason = format!("from: what was before tick {begins} was played by another engine");
            return Err(Failure::new(Code::BadParam, reason));
        }
        let world = self.state(from)?;
        let frames = self.frames(from, to)?;
        let terrain = self.store.world(&self.id)?.terrain;
        let world_id = self.id.to_string();
        let header = Header { format: FORMAT, engine_id, world_id, terrain, seed: self.config.seed };
        let out = RecordingWriter::new(Limited(Vec::new()), header).map_err(|error| unwritten(&error))?;
        let mut writing = Writing { store: self.store, out, known: BTreeSet::new() };
        for revision in needed(&world) {
            writing.pin(revision)?;
        }
        if from > 0 {
            writing.append(&Record::Snapshot(world.snapshot()))?;
        }
        for frame in frames {
            let casts = frame.casts.iter().map(|cast| cast.revision_id);
            for revision in casts.chain(frame.swaps.iter().map(|swap| swap.revision_id)) {
                writing.pin(revision)?;
            }
            writing.append(&Record::Frame(Box::new(frame)))?;
        }
        let Limited(bytes) = writing.out.finish().map_err(|error| unwritten(&error))?;
        Ok((world, bytes))
    }
}

/// The revisions that active spells run on, and those that they may still migrate to.
fn needed(world: &World) -> Vec<Digest> {
    let of_spell = |spell: &spellhost_sim::ActiveSpell| {
        let heads =
            [Channel::Draft, Channel::Beta, Channel::Stable].map(|channel| world.head(&spell.spell, channel));
        let heads = heads.into_iter().flatten().map(|revision| revision.id);
        std::iter::once(spell.revision.id).chain(heads).collect::<Vec<_>>()
    };
    world.active_spells().flat_map(of_spell).map(|id| Digest(id.0)).collect()
}

/// Bytes in memory, up to the bound.
struct Limited(Vec<u8>);

impl std::io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > EXCERPT_BYTES_MAX {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The only way to fail is the bound.
fn unwritten(_: &RecordingError) -> Failure {
    let most = EXCERPT_BYTES_MAX / (1024 * 1024);
    Failure::new(Code::TooLarge, format!("this is more than {most} MiB: ask for fewer ticks"))
}

/// A recording that is being written.
struct Writing<'a> {
    store: &'a Store,
    out: RecordingWriter<Limited>,
    known: BTreeSet<Digest>,
}

impl Writing<'_> {
    fn append(&mut self, record: &Record) -> Result<(), Failure> {
        self.out.append(record).map_err(|error| unwritten(&error))
    }

    /// Makes a revision known, its component before it.
    fn pin(&mut self, revision: Digest) -> Result<(), Failure> {
        if !self.known.insert(revision) {
            return Ok(());
        }
        let manifest = self.store.manifest(&spellhost_store::Digest(revision.0))?;
        let own = reference(&manifest).map_err(|error| Failure::internal(&error))?;
        let text = String::from_utf8(manifest).map_err(|error| Failure::internal(&error))?;
        if self.known.insert(Digest(own.component.0)) {
            let component = self.store.get(&spellhost_store::Digest(own.component.0))?;
            self.append(&Record::Component(component))?;
        }
        self.append(&Record::Pin(pin(&own, &text)))
    }
}
