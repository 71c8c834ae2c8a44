//! What happens in a world and when: casts and remote events at ticks, and the one function that
//! plays them. `run`, its watch mode and `test` are this function with other scripts.

use std::collections::BTreeMap;

use spellhost_lockstep::exact;
use spellhost_sim::{
    Aim, CastRequest, Channel, ChunkPos, Direction, EntityId, Inputs, NamedValue, Point, RemoteInput, Target,
};

use crate::interrupt::Interrupt;
use crate::problem::Problem;
use crate::session::Session;
use crate::tally::Tally;
use crate::view::View;
use spellhost_forge::Revision;

/// What a cast aims at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A point in the world.
    Point(Point),
    /// Somebody on the stage, by place among the actors.
    Actor(usize),
}

/// A cast at a tick.
#[derive(Clone, Debug)]
pub struct Cue {
    /// The tick, counted from the one in which everybody entered; at least 1.
    pub tick: u64,
    /// Who, by place among the actors.
    pub caster: usize,
    /// Where to; `None` is toward the target, or as the caster looks.
    pub direction: Option<Direction>,
    /// At what; `None` is what lies in the direction.
    pub target: Option<Mark>,
    /// Complete and checked.
    pub params: Vec<NamedValue>,
}

/// A remote event at a tick.
#[derive(Clone, Debug)]
pub struct RemoteCue {
    /// The tick, counted as a cast's.
    pub tick: u64,
    /// Who sends it, by place among the actors.
    pub player: usize,
    /// Its name.
    pub name: String,
    /// What it carries.
    pub payload: String,
}

/// What happens and when.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// How many ticks in all, the one in which everybody entered included.
    pub ticks: u64,
    /// The casts.
    pub casts: Vec<Cue>,
    /// The remote events.
    pub remotes: Vec<RemoteCue>,
}

/// What a script came to.
pub struct Performance {
    /// How many ticks were played, the one before the first cast's included.
    pub ticks: u64,
    /// The world before the first cast.
    pub before: View,
    /// The world after the last tick.
    pub after: View,
    /// The chunks that changed between them.
    pub chunks: Vec<ChunkPos>,
    /// Health before the first cast, by entity.
    pub health_before: BTreeMap<u64, f64>,
    /// Health after the last tick.
    pub health_after: BTreeMap<u64, f64>,
    /// What the first cast aimed at, in blocks.
    pub focus: [f64; 3],
    /// The casts, in order.
    pub tallies: Vec<Tally>,
}

/// Plays a script from the session's next tick on.
///
/// # Errors
/// Ctrl-C, or a recording that cannot be written.
pub fn perform(
    session: &mut Session,
    script: &Script,
    revision: &Revision,
    interrupt: &Interrupt,
) -> Result<Performance, Problem> {
    let start = session.tick().saturating_sub(1);
    let first = script.casts.iter().map(|cue| cue.tick).min().unwrap_or(1).max(1);
    session.take_tallies();
    let mut opening = None;
    for tick in 1..script.ticks.max(1) {
        interrupt.check()?;
        if tick == first {
            session.take_chunks();
            opening = Some((View::of(session), session.health()));
        }
        let inputs = script.inputs(&session.actors, revision, tick);
        session.play(inputs)?;
    }
    let (before, health_before) = opening.unwrap_or_else(|| (View::of(session), session.health()));
    let after = View::of(session);
    let focus = script.casts.first().and_then(|cue| focus(session, cue)).unwrap_or(before.viewer);
    let ticks = session.tick() - start;
    let chunks = session.take_chunks();
    let health_after = session.health();
    let tallies = session.take_tallies();
    Ok(Performance { ticks, before, after, chunks, health_before, health_after, focus, tallies })
}

impl Script {
    /// What enters at a tick, for actors of these ids.
    pub fn inputs(&self, actors: &[EntityId], revision: &Revision, tick: u64) -> Inputs {
        let target = |mark: Mark| match mark {
            Mark::Point(point) => Target::Point(point),
            Mark::Actor(actor) => Target::Entity(actors[actor]),
        };
        let casts = self.casts.iter().filter(|cue| cue.tick == tick).map(|cue| CastRequest {
            spell: revision.spell.clone(),
            revision: revision.reference,
            channel: Some(Channel::Draft),
            caster: actors[cue.caster],
            aim: Aim { origin: None, direction: cue.direction, target: cue.target.map(target) },
            params: cue.params.clone(),
        });
        let remotes = self.remotes.iter().filter(|remote| remote.tick == tick).map(|remote| RemoteInput {
            spell: revision.spell.clone(),
            cast: None,
            player: actors[remote.player],
            name: remote.name.clone(),
            payload: remote.payload.clone(),
        });
        Inputs { casts: casts.collect(), remotes: remotes.collect(), ..Inputs::default() }
    }
}

fn focus(session: &Session, cue: &Cue) -> Option<[f64; 3]> {
    match cue.target? {
        Mark::Point(point) => Some(exact::point(point)),
        Mark::Actor(actor) => Some(exact::point(session.world().entity(session.actors[actor])?.position)),
    }
}
