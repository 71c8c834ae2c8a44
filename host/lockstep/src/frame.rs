//! A played tick as a frame: the simulation's fixed point as exact doubles, its tables as names.
//!
//! One way only, and nothing here decides anything; the way back is in [`crate::entering`] and
//! [`crate::applying`]. Velocities go from blocks a tick to blocks a second: a double holds every
//! value within the simulation's bounds exactly.

use std::collections::BTreeMap;

use spellhost_sim as sim;
use spellhost_wire as wire;

use crate::exact;

/// Blocks a second squared, from blocks a tick per tick.
fn gravity(rate: sim::Rate) -> f64 {
    exact::speed(rate) * f64::from(sim::limits::TICKS_PER_SECOND)
}

fn block(pos: sim::BlockPos) -> [i32; 3] {
    [pos.x, pos.y, pos.z]
}

fn size(size: sim::BlockSize) -> [u32; 3] {
    [size.x, size.y, size.z]
}

fn material(material: sim::Material) -> String {
    material.info().name.into()
}

fn fill(mode: sim::FillMode) -> wire::Fill {
    match mode {
        sim::FillMode::Add => wire::Fill::Add,
        sim::FillMode::Subtract => wire::Fill::Subtract,
        sim::FillMode::Paint => wire::Fill::Paint,
    }
}

fn digest(digest: sim::Digest) -> wire::Digest {
    wire::Digest(digest.0)
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A parameter or an effect's argument.
pub fn named_value(named: &sim::NamedValue) -> wire::NamedValue {
    let value = match &named.value {
        sim::Value::Flag(value) => wire::Value::Flag { value: *value },
        sim::Value::Integer(value) => wire::Value::Integer { value: *value },
        sim::Value::Number(value) => wire::Value::Number { value: f64::from_bits(value.bits) },
        sim::Value::Text(value) => wire::Value::Text { value: value.clone() },
        sim::Value::Point(value) => wire::Value::Point { value: exact::point(*value) },
        sim::Value::Block(value) => wire::Value::Block { value: block(*value) },
        sim::Value::Entity(value) => wire::Value::Entity { value: value.0 },
        sim::Value::Material(value) => wire::Value::Material { value: material(*value) },
    };
    wire::NamedValue { name: named.name.clone(), value }
}

/// How a call ended.
pub fn outcome(outcome: &sim::Outcome) -> wire::Outcome {
    match outcome.clone() {
        sim::Outcome::Applied { skipped } => wire::Outcome::Applied { skipped },
        sim::Outcome::Failed { message } => wire::Outcome::Failed { message },
        sim::Outcome::Invalid { function, field, message } => {
            wire::Outcome::Invalid { function, field, message }
        }
        sim::Outcome::Trapped { trap, location } => wire::Outcome::Trapped { trap, r#where: location },
        sim::Outcome::OutOfFuel => wire::Outcome::OutOfFuel {},
        sim::Outcome::Limit(limit) => wire::Outcome::Limit { which: limit.name().into() },
        sim::Outcome::Refused(reason) => wire::Outcome::Refused { reason: refusal(reason) },
    }
}

fn refusal(reason: sim::Refusal) -> wire::Refusal {
    match reason {
        sim::Refusal::Cooldown => wire::Refusal::Cooldown,
        sim::Refusal::Mana => wire::Refusal::Mana,
        sim::Refusal::Dead => wire::Refusal::Dead,
        sim::Refusal::Budget => wire::Refusal::Budget,
    }
}

/// The effects of a call, in order.
pub fn effects(call: &sim::CallReport) -> Vec<wire::Effect> {
    let mut spawned = call.spawned.iter().map(|id| id.0);
    call.effects.iter().map(|command| effect(command, &mut spawned)).collect()
}

fn effect(command: &sim::Command, spawned: &mut impl Iterator<Item = u64>) -> wire::Effect {
    use sim::Command as C;
    use wire::Effect as E;
    match command.clone() {
        C::SetVoxel { pos, material: of } => E::SetVoxel { pos: block(pos), material: material(of) },
        C::FillSphere { center, radius, material: of, mode } => E::FillSphere {
            center: exact::point(center),
            radius: exact::coord(radius),
            material: material(of),
            mode: fill(mode),
        },
        C::FillBox { min, size: edges, material: of, mode } => {
            E::FillBox { min: block(min), size: size(edges), material: material(of), mode: fill(mode) }
        }
        C::WatchBox { min, size: edges, tag, duration } => {
            E::WatchBox { min: block(min), size: size(edges), tag, duration }
        }
        C::SpawnProjectile(spec) => E::SpawnProjectile {
            id: spawned.next().unwrap_or_default(),
            position: exact::point(spec.position),
            velocity: exact::velocity(spec.velocity),
            gravity: gravity(spec.gravity),
            radius: exact::coord(spec.radius),
            lifetime: spec.lifetime,
            bounces: spec.bounces,
            tag: spec.tag,
        },
        C::SpawnNpc { template, position, tag } => E::SpawnNpc {
            id: spawned.next().unwrap_or_default(),
            template: template.info().name.into(),
            position: exact::point(position),
            tag,
        },
        C::Damage { id, points: of } => E::Damage { id: id.0, points: exact::points(of) },
        C::Heal { id, points: of } => E::Heal { id: id.0, points: exact::points(of) },
        C::Push { id, velocity: of } => E::Push { id: id.0, vector: exact::velocity(of) },
        C::Teleport { id, to } => E::Teleport { id: id.0, position: exact::point(to) },
        C::ApplyStatus { id, status, duration } => {
            E::ApplyStatus { id: id.0, name: status.info().name.into(), duration }
        }
        C::Despawn { id } => E::Despawn { id: id.0 },
        C::PlayVfx { asset, at, params } => {
            E::PlayVfx { asset, at: exact::point(at), params: params.iter().map(named_value).collect() }
        }
        C::PlaySound { asset, at } => E::PlaySound { asset, at: exact::point(at) },
        C::Message { player, text } => E::Message { player: player.0, text },
        C::WakeAfter { after, tag } => E::WakeAfter { after, tag },
        C::CancelTimer { tag } => E::CancelTimer { tag },
        C::Broadcast { name, payload } => E::Broadcast { name, payload },
        C::Send { player, name, payload } => E::Send { player: player.0, name, payload },
        C::Listen { name, duration } => E::Listen { name, duration },
        C::Save { bytes } => E::Save { bytes: bytes.len() as u32, data: wire::Bytes(bytes) },
        C::Finish => E::Finish {},
    }
}

fn channel(channel: sim::Channel) -> wire::Channel {
    match channel {
        sim::Channel::Draft => wire::Channel::Draft,
        sim::Channel::Beta => wire::Channel::Beta,
        sim::Channel::Stable => wire::Channel::Stable,
    }
}

fn target(target: sim::Target) -> wire::Target {
    match target {
        sim::Target::Point(at) => wire::Target::Point(exact::point(at)),
        sim::Target::Entity(id) => wire::Target::Entity(id.0),
    }
}

fn cast(request: &sim::CastRequest, report: &sim::CastReport, seed: Option<&[u8; 32]>) -> wire::Cast {
    wire::Cast {
        cast_id: report.cast.0,
        spell_id: request.spell.as_str().into(),
        revision_id: digest(request.revision.id),
        component: digest(request.revision.component),
        channel: request.channel.map(channel),
        caster_id: request.caster.0,
        cast_params: wire::CastParams {
            origin: request.aim.origin.map(exact::point),
            direction: request.aim.direction.map(exact::direction),
            target: request.aim.target.map(target),
            params: request.params.iter().map(named_value).collect(),
        },
        seed: seed.map(hex),
        outcome: report.refused.map(|reason| wire::Outcome::Refused { reason: refusal(reason) }),
    }
}

fn op(op: &sim::Op) -> wire::Op {
    match op {
        sim::Op::Spawn(spec) => wire::Op::Spawn {
            kind: kind(spec.kind).into(),
            template: spec.template.map(|template| template.info().name.into()),
            position: exact::point(spec.position),
            look: exact::direction(spec.look),
            radius: exact::coord(spec.radius),
            health: exact::points(spec.health),
            health_max: exact::points(spec.health_max),
        },
        sim::Op::Despawn(id) => wire::Op::Despawn { id: id.0 },
        sim::Op::FillSphere { center, radius, material: of, mode } => wire::Op::FillSphere {
            center: exact::point(*center),
            radius: exact::coord(*radius),
            material: material(*of),
            mode: fill(*mode),
        },
        sim::Op::FillBox { min, size: edges, material: of, mode } => wire::Op::FillBox {
            min: block(*min),
            size: size(*edges),
            material: material(*of),
            mode: fill(*mode),
        },
        sim::Op::ClearTerrain => wire::Op::ClearTerrain {},
        sim::Op::TakeDown(revision) => wire::Op::TakeDown { revision_id: digest(*revision) },
    }
}

/// The name of an entity's kind.
pub fn kind(kind: sim::EntityKind) -> &'static str {
    match kind {
        sim::EntityKind::Player => "player",
        sim::EntityKind::Projectile => "projectile",
        sim::EntityKind::Npc => "npc",
        sim::EntityKind::Item => "item",
    }
}

fn input(remote: &sim::RemoteInput) -> wire::Input {
    wire::Input::RemoteEvent {
        spell_id: remote.spell.as_str().into(),
        cast_id: remote.cast.map(|cast| cast.0),
        player: remote.player.0,
        name: remote.name.clone(),
        payload: remote.payload.clone(),
    }
}

/// What came of one call, effects included.
pub fn call(report: &sim::CallReport) -> wire::Call {
    wire::Call {
        call_id: report.id.0,
        cast_id: report.cast.0,
        export: report.entry.export().into(),
        spell_id: report.spell.as_str().into(),
        revision_id: digest(report.revision.id),
        outcome: outcome(&report.outcome),
        fuel: wire::Fuel { used: report.fuel_used, granted: report.fuel_granted },
        effects_digest: digest(report.effects_digest),
        effects: Some(effects(report)),
    }
}

/// The frame of a tick that was played with these inputs, effects included.
pub fn frame(world_id: &str, inputs: &sim::Inputs, report: &sim::TickReport) -> wire::Frame {
    let seeds: BTreeMap<sim::CastId, &[u8; 32]> = report
        .calls
        .iter()
        .filter(|call| matches!(call.entry, sim::Entry::Cast))
        .map(|call| (call.cast, &call.seed))
        .collect();
    let casts = inputs.casts.iter().zip(&report.casts);
    wire::Frame {
        world_id: world_id.into(),
        tick: report.tick,
        inputs: inputs.remotes.iter().map(input).collect(),
        casts: casts
            .map(|(request, cast_report)| cast(request, cast_report, seeds.get(&cast_report.cast).copied()))
            .collect(),
        ops: inputs.ops.iter().map(op).collect(),
        swaps: inputs
            .swaps
            .iter()
            .map(|swap| wire::Swap {
                spell_id: swap.spell.as_str().into(),
                channel: channel(swap.channel),
                revision_id: digest(swap.revision.id),
                component: digest(swap.revision.component),
            })
            .collect(),
        state_hash: wire::Hash(report.state_hash.0),
        calls: report.calls.iter().map(call).collect(),
    }
}
