//! From a frame to what entered its tick.
//!
//! Promises the inputs that the host had, equal in every bit, or an error with the place. What a
//! host lets in and the simulation passes over (a place outside of the world, an entity that is
//! gone) comes back as well: it is passed over alike everywhere.

use spellhost_sim as sim;
use spellhost_wire as wire;

use crate::error::FrameError;
use crate::pins::Pins;
use crate::reading::{self, Read};

/// What entered the tick of a frame.
///
/// # Errors
/// The first place of the frame that no host writes.
pub fn inputs(frame: &wire::Frame, pins: &Pins) -> Result<sim::Inputs, FrameError> {
    Ok(sim::Inputs {
        swaps: each("swaps", &frame.swaps, |_, one| swap(one, pins))?,
        ops: each("ops", &frame.ops, |_, one| op(one))?,
        casts: each("casts", &frame.casts, |_, one| cast(one, pins))?,
        remotes: each("inputs", &frame.inputs, |_, one| remote(one))?,
    })
}

/// Reads a list; errors say which item.
pub(crate) fn each<A, B>(field: &str, list: &[A], read: impl Fn(usize, &A) -> Read<B>) -> Read<Vec<B>> {
    let item = |(at, one)| read(at, one).map_err(|error| error.within(&format!("{field}[{at}].")));
    list.iter().enumerate().map(item).collect()
}

fn swap(swap: &wire::Swap, pins: &Pins) -> Read<sim::Swap> {
    Ok(sim::Swap {
        spell: reading::spell("spell_id", &swap.spell_id)?,
        channel: reading::channel(swap.channel),
        revision: pins.find("", swap.revision_id, swap.component)?,
    })
}

fn cast(cast: &wire::Cast, pins: &Pins) -> Read<sim::CastRequest> {
    Ok(sim::CastRequest {
        spell: reading::spell("spell_id", &cast.spell_id)?,
        revision: pins.find("", cast.revision_id, cast.component)?,
        channel: cast.channel.map(reading::channel),
        caster: sim::EntityId(cast.caster_id),
        aim: aim(&cast.cast_params).map_err(|error| error.within("cast_params."))?,
        params: reading::named_values(
            "cast_params.params",
            &pins.declared(cast.revision_id, &cast.cast_params.params),
        )?,
    })
}

fn aim(params: &wire::CastParams) -> Read<sim::Aim> {
    let target = |target| match target {
        wire::Target::Point(at) => reading::point("target", at).map(sim::Target::Point),
        wire::Target::Entity(id) => Ok(sim::Target::Entity(sim::EntityId(id))),
    };
    Ok(sim::Aim {
        origin: params.origin.map(|at| reading::point("origin", at)).transpose()?,
        direction: params.direction.map(|parts| reading::direction("direction", parts)).transpose()?,
        target: params.target.map(target).transpose()?,
    })
}

fn op(op: &wire::Op) -> Read<sim::Op> {
    Ok(match op {
        wire::Op::Spawn { kind, template, position, look, radius, health, health_max } => {
            sim::Op::Spawn(sim::EntitySpec {
                kind: reading::kind("kind", kind)?,
                template: template.as_ref().map(|name| reading::template("template", name)).transpose()?,
                position: reading::point("position", *position)?,
                look: reading::direction("look", *look)?,
                radius: reading::coord("radius", *radius)?,
                health: reading::points("health", *health)?,
                health_max: reading::points("health_max", *health_max)?,
            })
        }
        wire::Op::Despawn { id } => sim::Op::Despawn(sim::EntityId(*id)),
        wire::Op::FillSphere { center, radius, material, mode } => sim::Op::FillSphere {
            center: reading::point("center", *center)?,
            radius: reading::coord("radius", *radius)?,
            material: reading::material("material", material)?,
            mode: reading::fill(*mode),
        },
        wire::Op::FillBox { min, size, material, mode } => sim::Op::FillBox {
            min: reading::block(*min),
            size: reading::size(*size),
            material: reading::material("material", material)?,
            mode: reading::fill(*mode),
        },
        wire::Op::ClearTerrain {} => sim::Op::ClearTerrain,
        wire::Op::TakeDown { revision_id } => sim::Op::TakeDown(sim::Digest(revision_id.0)),
    })
}

fn remote(input: &wire::Input) -> Read<sim::RemoteInput> {
    let wire::Input::RemoteEvent { spell_id, cast_id, player, name, payload } = input;
    Ok(sim::RemoteInput {
        spell: reading::spell("spell_id", spell_id)?,
        cast: cast_id.map(sim::CastId),
        player: sim::EntityId(*player),
        name: name.clone(),
        payload: payload.clone(),
    })
}
