//! Following a log without running any spell: a frame's own outcomes and effects are what its
//! calls did.
//!
//! Promises that a world which follows arrives at the host's state hash at every tick, or says
//! where it does not. Deliberately does not know components: what a spell would have done is taken from
//! the frame, and only checked to be something that a spell may do.

use std::fmt;

use spellhost_sim as sim;
use spellhost_wire as wire;

use crate::difference::{Difference, came};
use crate::entering::{each, inputs};
use crate::error::{FrameError, Problem};
use crate::frame;
use crate::pins::Pins;
use crate::reading::{self, Read};

/// Why a world cannot follow a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplyError {
    /// The frame is of another tick; the world is as it was.
    Tick {
        /// The frame's.
        frame: u64,
        /// The world's next.
        world: u64,
    },
    /// The frame is not one that a host writes.
    Frame(FrameError),
    /// The tick does not hand out these calls, or came out otherwise than the frame says.
    Differs(Difference),
}

impl fmt::Display for ApplyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tick { frame, world } => {
                write!(out, "the frame is of tick {frame}, and the world is at {world}")
            }
            Self::Frame(error) => write!(out, "{error}"),
            Self::Differs(Difference { part, at }) if part.is_of_call() => {
                write!(out, "the {} of calls[{at}] differs", part.name())
            }
            Self::Differs(Difference { part, .. }) => write!(out, "the {} differs", part.name()),
        }
    }
}

impl std::error::Error for ApplyError {}

impl From<FrameError> for ApplyError {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

/// Plays the tick of a frame with what the frame says of its calls.
///
/// # Errors
/// [`ApplyError`]. But for a frame of another tick and one whose inputs cannot be read, the world
/// has gone on by one tick and is no longer the host's: it needs a snapshot.
pub fn apply_tick(
    world: &mut sim::World,
    frame: &wire::Frame,
    pins: &Pins,
) -> Result<sim::TickReport, ApplyError> {
    if frame.tick != world.tick() {
        return Err(ApplyError::Tick { frame: frame.tick, world: world.tick() });
    }
    let inputs = inputs(frame, pins)?;
    let opened = world.open_tick(inputs.clone());
    let told = match results(world, &opened, frame) {
        Ok(results) => results,
        Err(error) => {
            world.close_tick(without_effect(&opened));
            return Err(error);
        }
    };
    let report = world.close_tick(told);
    match came(frame, &frame::frame(&frame.world_id, &inputs, &report)) {
        Some(difference) => Err(ApplyError::Differs(difference)),
        None => Ok(report),
    }
}

/// Plays the tick of a frame with what the frame says of its calls, but for those that `vary` answers
/// instead: what the tick would have been with them. `vary` is given the opened world and what it hands
/// out, and may leave the world only as it was.
///
/// # Errors
/// As [`apply_tick`], but for results that differ.
pub fn vary_tick(
    world: &mut sim::World,
    frame: &wire::Frame,
    pins: &Pins,
    vary: impl FnOnce(&mut sim::World, &sim::Opened) -> Vec<sim::CallResult>,
) -> Result<sim::TickReport, ApplyError> {
    if frame.tick != world.tick() {
        return Err(ApplyError::Tick { frame: frame.tick, world: world.tick() });
    }
    let opened = world.open_tick(inputs(frame, pins)?);
    let mut told = match results(world, &opened, frame) {
        Ok(results) => results,
        Err(error) => {
            world.close_tick(without_effect(&opened));
            return Err(error);
        }
    };
    for varied in vary(world, &opened) {
        told.iter_mut().filter(|result| result.id == varied.id).for_each(|result| *result = varied.clone());
    }
    Ok(world.close_tick(told))
}

/// Results that let a tick be closed and nothing else.
fn without_effect(opened: &sim::Opened) -> Vec<sim::CallResult> {
    let calls = opened.lanes.iter().flat_map(|lane| &lane.calls);
    calls
        .map(|call| sim::CallResult {
            id: call.id,
            outcome: sim::Outcome::OutOfFuel,
            fuel_used: call.grant,
            commands: Vec::new(),
        })
        .collect()
}

fn results(
    world: &sim::World,
    opened: &sim::Opened,
    frame: &wire::Frame,
) -> Result<Vec<sim::CallResult>, ApplyError> {
    let differs = |at| ApplyError::Differs(Difference { part: crate::difference::Part::Call, at });
    let mut calls: Vec<(&sim::Lane, &sim::Call)> =
        opened.lanes.iter().flat_map(|lane| lane.calls.iter().map(move |call| (lane, call))).collect();
    calls.sort_by_key(|(_, call)| call.id);
    if calls.len() != frame.calls.len() {
        return Err(differs(calls.len().min(frame.calls.len())));
    }
    if let Some(at) = calls.iter().zip(&frame.calls).position(|((_, call), told)| call.id.0 != told.call_id) {
        return Err(differs(at));
    }
    let read = |at: usize, told: &wire::Call| {
        let (lane, call) = calls[at];
        Answer { world, lane, call, told }.result()
    };
    Ok(each("calls", &frame.calls, read)?)
}

/// What a frame says of one call that the tick handed out.
struct Answer<'a> {
    world: &'a sim::World,
    lane: &'a sim::Lane,
    call: &'a sim::Call,
    told: &'a wire::Call,
}

impl Answer<'_> {
    fn result(&self) -> Read<sim::CallResult> {
        let told = self.told;
        let outcome = reading::outcome("outcome", &told.outcome)?;
        let effects = told.effects.as_ref().ok_or_else(|| FrameError::new("effects", Problem::NoEffects))?;
        let commands = match outcome {
            sim::Outcome::Applied { skipped } => self.commands(effects, skipped)?,
            _ => Vec::new(),
        };
        Ok(sim::CallResult { id: self.call.id, outcome, fuel_used: told.fuel.used, commands })
    }

    /// The commands that a spell would have issued to have these effects, skipped ones included: a
    /// spawn that found no room used up an id, and whatever else was skipped is counted.
    fn commands(&self, effects: &[wire::Effect], skipped: u32) -> Read<Vec<sim::Command>> {
        reading::at_most("effects", effects.len() + skipped as usize, sim::limits::COMMANDS_MAX)?;
        let read = each("effects", effects, |_, effect| command(effect))?;
        let mut commands: Vec<sim::Command> = Vec::with_capacity(read.len() + skipped as usize);
        // Where the skipped spawns before the next one belong. The world was full when they were skipped, and
        // nothing entered it since the spawn before: it was full there as well.
        let (mut gap, mut next_id, mut left) = (0, self.call.first_entity.0, skipped as u64);
        for (at, (effect, command)) in effects.iter().zip(read).enumerate() {
            let item = format!("effects[{at}]");
            if let Some(id) = spawned(effect) {
                let lost = id.checked_sub(next_id).filter(|lost| *lost <= left);
                let lost = lost.ok_or_else(|| FrameError::new(&item, Problem::EntityId { id }))?;
                commands.splice(gap..gap, std::iter::repeat_n(command.clone(), lost as usize));
                (left, next_id) = (left - lost, id + 1);
            }
            let checked = self.world.check(self.lane.cast, &commands, &command);
            checked.map_err(|invalid| FrameError::new(item, Problem::Command(invalid)))?;
            commands.push(command);
            if spawned(effect).is_some() {
                gap = commands.len();
            }
        }
        let nobody = sim::Command::Message { player: sim::EntityId(u64::MAX), text: String::new() };
        commands.extend(std::iter::repeat_n(nobody, left as usize));
        Ok(commands)
    }
}

/// The id of what an effect spawned.
fn spawned(effect: &wire::Effect) -> Option<u64> {
    match effect {
        wire::Effect::SpawnProjectile { id, .. } | wire::Effect::SpawnNpc { id, .. } => Some(*id),
        _ => None,
    }
}

fn command(effect: &wire::Effect) -> Read<sim::Command> {
    use sim::Command as C;
    use wire::Effect as E;
    let entity = |id: &u64| sim::EntityId(*id);
    Ok(match effect {
        E::SetVoxel { pos, material } => {
            C::SetVoxel { pos: reading::block(*pos), material: reading::material("material", material)? }
        }
        E::FillSphere { center, radius, material, mode } => C::FillSphere {
            center: reading::point("center", *center)?,
            radius: reading::coord("radius", *radius)?,
            material: reading::material("material", material)?,
            mode: reading::fill(*mode),
        },
        E::FillBox { min, size, material, mode } => C::FillBox {
            min: reading::block(*min),
            size: reading::size(*size),
            material: reading::material("material", material)?,
            mode: reading::fill(*mode),
        },
        E::WatchBox { min, size, tag, duration } => C::WatchBox {
            min: reading::block(*min),
            size: reading::size(*size),
            tag: *tag,
            duration: *duration,
        },
        E::SpawnProjectile { position, velocity, gravity, radius, lifetime, bounces, tag, id: _ } => {
            C::SpawnProjectile(sim::ProjectileSpec {
                position: reading::point("position", *position)?,
                velocity: reading::velocity("velocity", *velocity)?,
                gravity: reading::gravity("gravity", *gravity)?,
                radius: reading::coord("radius", *radius)?,
                lifetime: *lifetime,
                bounces: *bounces,
                tag: *tag,
            })
        }
        E::SpawnNpc { template, position, tag, id: _ } => C::SpawnNpc {
            template: reading::template("template", template)?,
            position: reading::point("position", *position)?,
            tag: *tag,
        },
        E::Damage { id, points } => C::Damage { id: entity(id), points: reading::points("points", *points)? },
        E::Heal { id, points } => C::Heal { id: entity(id), points: reading::points("points", *points)? },
        E::Push { id, vector } => C::Push { id: entity(id), velocity: reading::velocity("vector", *vector)? },
        E::Teleport { id, position } => {
            C::Teleport { id: entity(id), to: reading::point("position", *position)? }
        }
        E::ApplyStatus { id, name, duration } => {
            C::ApplyStatus { id: entity(id), status: reading::status("name", name)?, duration: *duration }
        }
        E::Despawn { id } => C::Despawn { id: entity(id) },
        E::PlayVfx { asset, at, params } => C::PlayVfx {
            asset: asset.clone(),
            at: reading::point("at", *at)?,
            params: reading::named_values("params", params)?,
        },
        E::PlaySound { asset, at } => C::PlaySound { asset: asset.clone(), at: reading::point("at", *at)? },
        E::Message { player, text } => C::Message { player: entity(player), text: text.clone() },
        E::WakeAfter { after, tag } => C::WakeAfter { after: *after, tag: *tag },
        E::CancelTimer { tag } => C::CancelTimer { tag: *tag },
        E::Broadcast { name, payload } => C::Broadcast { name: name.clone(), payload: payload.clone() },
        E::Send { player, name, payload } => {
            C::Send { player: entity(player), name: name.clone(), payload: payload.clone() }
        }
        E::Listen { name, duration } => C::Listen { name: name.clone(), duration: *duration },
        E::Save { bytes, data } => {
            let (said, found) = (u64::from(*bytes), data.0.len() as u64);
            if said != found {
                return Err(FrameError::new("data", Problem::Count { said, found }));
            }
            C::Save { bytes: data.0.clone() }
        }
        E::Finish {} => C::Finish,
    })
}

/// Calls of a frame that ended by a verdict of the host that ran them, and are not run again.
pub fn verdicts(
    frame: &wire::Frame,
) -> Result<std::collections::BTreeMap<sim::CallId, sim::LimitKind>, FrameError> {
    let verdict = |at: usize, call: &wire::Call| match &call.outcome {
        wire::Outcome::Limit { which } => {
            let kind = reading::limit(&format!("calls[{at}].outcome"), which)?;
            let decided =
                matches!(kind, sim::LimitKind::Stack | sim::LimitKind::Watchdog | sim::LimitKind::Host);
            Ok(decided.then_some((sim::CallId(call.call_id), kind)))
        }
        _ => Ok(None),
    };
    let calls = frame.calls.iter().enumerate();
    calls.filter_map(|(at, call)| verdict(at, call).transpose()).collect()
}
