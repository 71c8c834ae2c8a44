//! From the simulation to what a spell is told: contexts, events, entities, rays. Exact.

use spellhost_lockstep::exact;
use spellhost_sim as sim;

use crate::abi;

pub(crate) fn vec3([x, y, z]: [f64; 3]) -> abi::Vec3 {
    abi::Vec3 { x, y, z }
}

fn point(point: sim::Point) -> abi::Vec3 {
    vec3(exact::point(point))
}

pub(crate) fn block(block: sim::BlockPos) -> abi::BlockPos {
    abi::BlockPos { x: block.x, y: block.y, z: block.z }
}

fn kind(kind: sim::EntityKind) -> abi::EntityKind {
    match kind {
        sim::EntityKind::Player => abi::EntityKind::Player,
        sim::EntityKind::Projectile => abi::EntityKind::Projectile,
        sim::EntityKind::Npc => abi::EntityKind::Npc,
        sim::EntityKind::Item => abi::EntityKind::Item,
    }
}

/// An entity as a spell sees it.
pub(crate) fn entity(info: &sim::EntityInfo) -> abi::EntityInfo {
    abi::EntityInfo {
        id: info.id.0,
        owner: info.owner.map(|owner| owner.0),
        kind: kind(info.kind),
        position: point(info.position),
        velocity: vec3(exact::velocity(info.velocity)),
        radius: exact::coord(info.radius),
        health: exact::points(info.health),
        health_max: exact::points(info.health_max),
        statuses: info.statuses.iter().map(|status| status.info().name).collect(),
    }
}

/// What a ray struck.
pub(crate) fn ray_hit(hit: &sim::RayHit) -> abi::RayHit {
    abi::RayHit {
        block: block(hit.block),
        material: hit.material.number(),
        position: point(hit.position),
        normal: block(hit.normal),
        distance: exact::coord(hit.distance),
        entity: hit.entity.map(|entity| entity.0),
    }
}

fn value(value: &sim::Value) -> abi::Value {
    match value {
        sim::Value::Flag(flag) => abi::Value::Flag(*flag),
        sim::Value::Integer(integer) => abi::Value::Integer(*integer),
        sim::Value::Number(number) => abi::Value::Number(f64::from_bits(number.bits)),
        sim::Value::Text(text) => abi::Value::Text(text.clone()),
        sim::Value::Point(at) => abi::Value::Point(point(*at)),
        sim::Value::Block(at) => abi::Value::Block(block(*at)),
        sim::Value::Entity(id) => abi::Value::Entity(id.0),
        sim::Value::Material(material) => abi::Value::Material(material.number()),
    }
}

/// The context of a cast, but for what differs from call to call: those are zero.
pub(crate) fn context(cast: sim::CastId, tick: u64, context: &sim::CallContext) -> abi::CastContext {
    abi::CastContext {
        cast: cast.0,
        tick,
        caster: context.caster.0,
        origin: point(context.origin),
        direction: vec3(exact::direction(context.direction)),
        target_position: point(context.target_position),
        target_entity: context.target_entity.map(|entity| entity.0),
        first_entity: 0,
        fuel: 0,
        params: context
            .params
            .iter()
            .map(|param| abi::NamedValue { name: param.name.clone(), value: value(&param.value) })
            .collect(),
    }
}

/// An event as a spell is told of it.
pub(crate) fn event(event: &sim::Event) -> abi::SpellEvent {
    match event {
        sim::Event::Timer { tag } => abi::SpellEvent::Timer(*tag),
        sim::Event::ProjectileHit(hit) => abi::SpellEvent::ProjectileHit(abi::Hit {
            projectile: hit.projectile.0,
            tag: hit.tag,
            position: point(hit.position),
            normal: block(hit.normal),
            block: hit.block.map(block),
            entity: hit.entity.map(|entity| entity.0),
        }),
        sim::Event::ProjectileExpired { projectile, tag, position } => {
            abi::SpellEvent::ProjectileExpired(abi::Expired {
                projectile: projectile.0,
                tag: *tag,
                position: point(*position),
            })
        }
        sim::Event::Remote { player, name, payload } => abi::SpellEvent::Remote(abi::Remote {
            player: player.0,
            name: name.clone(),
            payload: payload.clone(),
        }),
        sim::Event::EntityDied { entity, killer } => abi::SpellEvent::EntityDied(abi::Death {
            entity: entity.0,
            killer: killer.map(|killer| killer.0),
        }),
        sim::Event::Trigger { tag, entity, entered } => {
            abi::SpellEvent::Trigger(abi::Trigger { tag: *tag, entity: entity.0, entered: *entered })
        }
    }
}
