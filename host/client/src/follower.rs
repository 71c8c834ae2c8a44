//! A world of one's own that takes the host's frames, one after the other.
//!
//! In `lockstep` it runs every call itself, with the verdicts of the host that stand, and compares
//! outcome, fuel, effects and state hash; in `apply` it does what the frame says the calls did.
//! Knows no connection: what it lacks it names, and takes.

use std::collections::{BTreeMap, BTreeSet};

use spellhost_lockstep::applying::{ApplyError, apply_tick, verdicts};
use spellhost_lockstep::difference::{Difference, came};
use spellhost_lockstep::entering::inputs;
use spellhost_lockstep::{FrameError, Pins, frame as frames};
use spellhost_runtime::{Component, Library, PlayedTick, replay_tick, run_lanes};
use spellhost_sim::{RevisionRef, TickReport, World};
use spellhost_wire::{Digest, Frame};

use crate::fault::{Fault, FaultKind};
use crate::kit::Kit;
use crate::limits::TIDY_TICKS;

/// A world that follows.
pub(crate) struct Follower {
    world: World,
    pins: Pins,
    revisions: BTreeMap<Digest, RevisionRef>,
    library: Library,
    /// What runs the calls; `None` in `apply`.
    kit: Option<Kit>,
    fault: Option<Fault>,
}

/// Why a frame was not followed.
#[derive(Debug)]
pub(crate) enum Stray {
    /// The frame is not one that a host writes; the world is as it was.
    Frame(FrameError),
    /// The tick came out otherwise; the world has gone on by one tick and is not the host's.
    Differs {
        what: Option<Difference>,
        /// The tick as it came out here, where it could be played.
        own: Option<Box<Frame>>,
    },
}

impl Follower {
    pub fn new(world: World, kit: Option<Kit>, fault: Option<Fault>) -> Self {
        let (pins, revisions, library) = (Pins::new(), BTreeMap::new(), Library::new());
        Self { world, pins, revisions, library, kit, fault }
    }

    /// The tick that it needs next.
    pub fn tick(&self) -> u64 {
        self.world.tick()
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    /// Begins anew from a snapshot; what is known of revisions stays.
    pub fn restart(&mut self, world: World) {
        self.world = world;
    }

    /// Components that its calls run on and that it does not have.
    pub fn missing_components(&self) -> BTreeSet<Digest> {
        if self.kit.is_none() {
            return BTreeSet::new();
        }
        let missing = self.world.components().filter(|digest| self.library.get(digest).is_none());
        missing.map(|digest| Digest(digest.0)).collect()
    }

    /// Revisions that enter with a frame and that it does not know, with their spells.
    pub fn missing_revisions(&self, frame: &Frame) -> BTreeMap<Digest, String> {
        let casts = frame.casts.iter().map(|cast| (cast.revision_id, &cast.spell_id));
        let swaps = frame.swaps.iter().map(|swap| (swap.revision_id, &swap.spell_id));
        let is_missing = |revision: &Digest| match self.revisions.get(revision) {
            None => true,
            Some(known) => self.kit.is_some() && self.library.get(&known.component).is_none(),
        };
        let missing = casts.chain(swaps).filter(|(revision, _)| is_missing(revision));
        missing.map(|(revision, spell)| (revision, spell.clone())).collect()
    }

    /// Takes what a revision stands for.
    pub fn know(&mut self, revision: RevisionRef) {
        self.revisions.insert(Digest(revision.id.0), revision);
        self.pins.know(revision);
    }

    /// Takes a component.
    pub fn equip(&mut self, component: Component) {
        self.library.insert(component);
    }

    /// Plays the tick of a frame, which has to be the next.
    pub fn take(&mut self, frame: &Frame) -> Result<TickReport, Stray> {
        let faulty = self.fault.clone().filter(|fault| fault.is_due(frame.tick));
        if let Some(fault) = faulty.as_ref().filter(|fault| fault.kind == FaultKind::FlippedState) {
            self.flip(fault, frame.tick);
        }
        let report = match self.kit.clone() {
            None => self.apply(frame)?,
            Some(kit) => {
                self.replay(frame, &kit, faulty.filter(|fault| fault.kind == FaultKind::WrongDraw))?
            }
        };
        if self.world.tick().is_multiple_of(TIDY_TICKS) {
            self.tidy();
        }
        Ok(report)
    }

    fn apply(&mut self, frame: &Frame) -> Result<TickReport, Stray> {
        apply_tick(&mut self.world, frame, &self.pins).map_err(|error| match error {
            ApplyError::Frame(error) if self.world.tick() == frame.tick => Stray::Frame(error),
            ApplyError::Differs(what) => Stray::Differs { what: Some(what), own: None },
            ApplyError::Frame(_) | ApplyError::Tick { .. } => Stray::Differs { what: None, own: None },
        })
    }

    fn replay(&mut self, frame: &Frame, kit: &Kit, wrong: Option<Fault>) -> Result<TickReport, Stray> {
        let inputs = inputs(frame, &self.pins).map_err(Stray::Frame)?;
        let verdicts = verdicts(frame).map_err(Stray::Frame)?;
        let caster = kit.caster();
        let played = match &wrong {
            None => replay_tick(&mut self.world, inputs, &verdicts, &self.library, caster),
            Some(_) => {
                let mut opened = self.world.open_tick(inputs.clone());
                let calls = opened.lanes.iter_mut().flat_map(|lane| &mut lane.calls);
                calls.for_each(|call| call.seed[0] ^= 1);
                let (results, notes) =
                    run_lanes(&mut self.world, opened.lanes, &verdicts, None, &self.library, caster);
                PlayedTick { report: self.world.close_tick(results), inputs, notes }
            }
        };
        let own = frames::frame(&frame.world_id, &played.inputs, &played.report);
        let Some(difference) = came(frame, &own) else { return Ok(played.report) };
        if let Some(fault) = &wrong {
            fault.happens(frame.tick);
        }
        Err(Stray::Differs { what: Some(difference), own: Some(Box::new(own)) })
    }

    fn flip(&mut self, fault: &Fault, tick: u64) {
        let spell = self.world.active_spells().find(|spell| !spell.state.is_empty()).map(|spell| spell.cast);
        if spell.is_some_and(|cast| self.world.corrupt(cast)) {
            fault.happens(tick);
        }
    }

    /// Forgets what nothing names any more.
    fn tidy(&mut self) {
        let heads: Vec<_> = self.revisions.values().map(|revision| revision.component).collect();
        if self.library.len() > crate::limits::COMPONENTS_MAX {
            self.library.retain(&self.world, &[]);
        } else {
            self.library.retain(&self.world, &heads);
        }
        if self.revisions.len() > 4 * crate::limits::COMPONENTS_MAX {
            (self.pins, self.revisions) = (Pins::new(), BTreeMap::new());
        }
    }
}
