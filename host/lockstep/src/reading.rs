//! The numbers and names of frames as those of the simulation.
//!
//! Promises the inverse of [`crate::frame`], and an error for everything else. Knows nothing of
//! what they are used for.

use spellhost_sim as sim;
use spellhost_wire as wire;

use crate::error::{FrameError, Problem};
use crate::quantise;

pub(crate) type Read<T> = Result<T, FrameError>;

fn number<T>(field: &str, read: Result<T, sim::QuantiseError>) -> Read<T> {
    read.map_err(|error| FrameError::new(field, Problem::Number(error)))
}

fn axes<T>(field: &str, read: Result<T, (char, sim::QuantiseError)>) -> Read<T> {
    read.map_err(|(axis, error)| FrameError::new(format!("{field}.{axis}"), Problem::Number(error)))
}

fn named<T>(field: &str, kind: &'static str, name: &str, found: Option<T>) -> Read<T> {
    found.ok_or_else(|| FrameError::new(field, Problem::Name { kind, name: name.into() }))
}

pub(crate) fn coord(field: &str, blocks: f64) -> Read<sim::Coord> {
    number(field, quantise::coord(blocks))
}

pub(crate) fn points(field: &str, points: f64) -> Read<sim::Points> {
    number(field, quantise::points(points))
}

pub(crate) fn gravity(field: &str, gravity: f64) -> Read<sim::Rate> {
    number(field, quantise::acceleration(gravity))
}

pub(crate) fn point(field: &str, parts: [f64; 3]) -> Read<sim::Point> {
    axes(field, quantise::point(parts))
}

pub(crate) fn velocity(field: &str, parts: [f64; 3]) -> Read<sim::Velocity> {
    axes(field, quantise::velocity(parts))
}

/// A direction as it is: made of length 1 once, by who named it.
pub(crate) fn direction(field: &str, parts: [f64; 3]) -> Read<sim::Direction> {
    let mut raw = [0; 3];
    for (raw, part) in raw.iter_mut().zip(parts) {
        let part = sim::quantise(part.to_bits(), sim::Direction::FRACTION_BITS, 1);
        // What does not fit is far longer than 1.
        *raw = i32::try_from(number(field, part)?).unwrap_or(i32::MAX);
    }
    sim::Direction::from_raw(raw).ok_or_else(|| FrameError::new(field, Problem::NotADirection))
}

pub(crate) fn block([x, y, z]: [i32; 3]) -> sim::BlockPos {
    sim::BlockPos::new(x, y, z)
}

pub(crate) fn size([x, y, z]: [u32; 3]) -> sim::BlockSize {
    sim::BlockSize::new(x, y, z)
}

pub(crate) fn material(field: &str, name: &str) -> Read<sim::Material> {
    named(field, "material", name, sim::Material::named(name))
}

pub(crate) fn status(field: &str, name: &str) -> Read<sim::Status> {
    named(field, "status", name, sim::Status::named(name))
}

pub(crate) fn template(field: &str, name: &str) -> Read<sim::Template> {
    named(field, "creature", name, sim::Template::named(name))
}

pub(crate) fn spell(field: &str, name: &str) -> Read<sim::SpellId> {
    named(field, "spell id", name, sim::SpellId::parse(name))
}

pub(crate) fn kind(field: &str, name: &str) -> Read<sim::EntityKind> {
    use sim::EntityKind::{Item, Npc, Player, Projectile};
    let known = [Player, Projectile, Npc, Item].into_iter().find(|kind| crate::frame::kind(*kind) == name);
    named(field, "kind of entity", name, known)
}

pub(crate) fn fill(mode: wire::Fill) -> sim::FillMode {
    match mode {
        wire::Fill::Add => sim::FillMode::Add,
        wire::Fill::Subtract => sim::FillMode::Subtract,
        wire::Fill::Paint => sim::FillMode::Paint,
    }
}

pub(crate) fn channel(channel: wire::Channel) -> sim::Channel {
    match channel {
        wire::Channel::Draft => sim::Channel::Draft,
        wire::Channel::Beta => sim::Channel::Beta,
        wire::Channel::Stable => sim::Channel::Stable,
    }
}

/// A text or list of at most so many bytes or items.
pub(crate) fn at_most(field: &str, length: usize, length_max: usize) -> Read<()> {
    if length > length_max {
        return Err(FrameError::new(field, Problem::Length { length, length_max }));
    }
    Ok(())
}

/// Parameters, or the arguments of an effect.
pub(crate) fn named_values(field: &str, values: &[wire::NamedValue]) -> Read<Vec<sim::NamedValue>> {
    at_most(field, values.len(), sim::limits::PARAMS_MAX)?;
    values.iter().enumerate().map(|(at, value)| named_value(&format!("{field}[{at}]"), value)).collect()
}

fn named_value(field: &str, named: &wire::NamedValue) -> Read<sim::NamedValue> {
    at_most(field, named.name.len(), sim::limits::NAME_BYTES_MAX)?;
    let value = match &named.value {
        wire::Value::Flag { value } => sim::Value::Flag(*value),
        wire::Value::Integer { value } => sim::Value::Integer(*value),
        wire::Value::Number { value } if value.is_finite() => {
            sim::Value::Number(sim::Number { bits: value.to_bits() })
        }
        wire::Value::Number { .. } => {
            return Err(FrameError::new(field, Problem::Number(sim::QuantiseError::NotFinite)));
        }
        wire::Value::Text { value } => {
            at_most(field, value.len(), sim::limits::TEXT_BYTES_MAX)?;
            sim::Value::Text(value.clone())
        }
        wire::Value::Point { value } => sim::Value::Point(point(field, *value)?),
        wire::Value::Block { value } => sim::Value::Block(block(*value)),
        wire::Value::Entity { value } => sim::Value::Entity(sim::EntityId(*value)),
        wire::Value::Material { value } => sim::Value::Material(material(field, value)?),
    };
    Ok(sim::NamedValue { name: named.name.clone(), value })
}

/// How a call ended.
pub(crate) fn outcome(field: &str, outcome: &wire::Outcome) -> Read<sim::Outcome> {
    Ok(match outcome.clone() {
        wire::Outcome::Applied { skipped } => sim::Outcome::Applied { skipped },
        wire::Outcome::Failed { message } => sim::Outcome::Failed { message },
        wire::Outcome::Invalid { function, field, message } => {
            sim::Outcome::Invalid { function, field, message }
        }
        wire::Outcome::Trapped { trap, r#where: location } => sim::Outcome::Trapped { trap, location },
        wire::Outcome::OutOfFuel {} => sim::Outcome::OutOfFuel,
        wire::Outcome::Limit { which } => sim::Outcome::Limit(limit(field, &which)?),
        wire::Outcome::Refused { .. } => {
            return Err(FrameError::new(
                field,
                Problem::Name { kind: "outcome of a call", name: "refused".into() },
            ));
        }
    })
}

/// A limit by its name.
pub(crate) fn limit(field: &str, name: &str) -> Read<sim::LimitKind> {
    use sim::LimitKind as L;
    let all = [
        L::Memory,
        L::Table,
        L::Stack,
        L::Instantiate,
        L::Commands,
        L::CommandBytes,
        L::EditedVoxels,
        L::State,
        L::String,
        L::List,
        L::Wait,
        L::Watchdog,
    ];
    named(field, "limit", name, all.into_iter().find(|kind| kind.name() == name))
}
