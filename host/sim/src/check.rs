//! Whether a command is acceptable when it is issued: ranges, lengths, caps, and targets in the opened world.
//!
//! Promises that what passes can be applied without a further look at its ranges. What has become
//! impossible when the tick closes is another matter, and is skipped there.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use core::fmt;

use crate::call::CastId;
use crate::command::{Command, Invalid, NamedValue, ProjectileSpec, Value};
use crate::entity::{EntityId, EntityKind};
use crate::fixed::{Coord, Points, Rate};
use crate::limits::{
    BOX_EDGE_MAX, CHANGED_CHUNKS_MAX, DURATION_TICKS_MAX, EDITED_CHUNKS_MAX, GRAVITY_MAX, LISTENERS_MAX,
    NAME_BYTES_MAX, PARAMS_MAX, PAYLOAD_BYTES_MAX, POINTS_MAX, PROJECTILE_RADIUS_MAX, PROJECTILE_TICKS_MAX,
    SPEED_BLOCKS_PER_TICK_MAX, SPHERE_RADIUS_MAX, STATE_BYTES_MAX, TEXT_BYTES_MAX, TICKS_PER_SECOND,
    TIMERS_MAX, WATCHES_MAX,
};
use crate::vector::{BlockPos, BlockSize, Point, Velocity};
use crate::voxels::Edit;
use crate::world::World;

type Checked = Result<(), Invalid>;

const _: () = assert!(
    GRAVITY_MAX == (TICKS_PER_SECOND * TICKS_PER_SECOND) as i64,
    "the largest gravity is one block a tick per tick"
);

impl Command {
    /// How many voxels it covers: what counts against the limit on edited voxels and is paid for.
    /// For a sphere the volume of the ball, rounded up.
    pub fn voxel_volume(&self) -> u64 {
        match self {
            Self::SetVoxel { .. } => 1,
            Self::FillSphere { radius, .. } => ball_volume(*radius),
            Self::FillBox { size, .. } => size.volume(),
            _ => 0,
        }
    }

    /// The edit that it asks for, where it is one of terrain.
    pub fn edit(&self) -> Option<Edit> {
        match *self {
            Self::SetVoxel { pos, material } => Some(Edit::Set { pos, material }),
            Self::FillSphere { center, radius, material, mode } => {
                Some(Edit::Sphere { center, radius, material, mode })
            }
            Self::FillBox { min, size, material, mode } => Some(Edit::Box { min, size, material, mode }),
            _ => None,
        }
    }

    /// Its size against the limit on the bytes of commands: 32, and the length of every text and of the state.
    pub fn bytes(&self) -> usize {
        let variable = match self {
            Self::PlayVfx { asset, params, .. } => {
                asset.len() + params.iter().map(value_bytes).sum::<usize>()
            }
            Self::PlaySound { asset, .. } => asset.len(),
            Self::Message { text, .. } => text.len(),
            Self::Broadcast { name, payload } | Self::Send { name, payload, .. } => {
                name.len() + payload.len()
            }
            Self::Listen { name, .. } => name.len(),
            Self::Save { bytes } => bytes.len(),
            _ => 0,
        };
        32 + variable
    }
}

/// 4/3 π r³, rounded up, with π as 355/113 (too large by a ten-millionth).
fn ball_volume(radius: Coord) -> u64 {
    let cube = (radius.raw().unsigned_abs() as u128).saturating_pow(3);
    let numerator = cube.saturating_mul(4 * 355);
    let blocks = numerator.div_ceil((3 * 113) << 48);
    u64::try_from(blocks).unwrap_or(u64::MAX)
}

fn value_bytes(named: &NamedValue) -> usize {
    let text = if let Value::Text(text) = &named.value { text.len() } else { 0 };
    32 + named.name.len() + text
}

impl World {
    /// Whether a command that a call of `cast` issues after `issued` is acceptable in the opened world.
    ///
    /// # Errors
    /// The first field that is not, and what is wrong with it.
    pub fn check(&self, cast: CastId, issued: &[Command], command: &Command) -> Result<(), Invalid> {
        match command {
            Command::SetVoxel { pos, .. } => {
                block_in_bounds("pos", *pos)?;
                self.check_edit("pos", command)
            }
            Command::FillSphere { center, radius, .. } => {
                in_bounds("center", *center)?;
                sphere_radius(*radius)?;
                self.check_edit("center", command)
            }
            Command::FillBox { min, size, .. } => {
                cuboid(*min, *size)?;
                self.check_edit("min", command)
            }
            Command::WatchBox { min, size, duration, .. } => {
                cuboid(*min, *size)?;
                ticks("duration", *duration, 1, DURATION_TICKS_MAX)?;
                self.check_watches(cast, issued)
            }
            Command::SpawnProjectile(spec) => projectile(spec),
            Command::Damage { id, points } | Command::Heal { id, points } => {
                self.known("id", *id)?;
                amount(*points)
            }
            Command::Push { id, velocity } => {
                self.known("id", *id)?;
                speed(["vector.x", "vector.y", "vector.z"], *velocity)
            }
            Command::Teleport { id, to } => {
                self.known("id", *id)?;
                in_bounds("vector", *to)
            }
            Command::ApplyStatus { id, duration, .. } => {
                self.known("id", *id)?;
                ticks("duration", *duration, 1, DURATION_TICKS_MAX)
            }
            Command::SpawnNpc { position, .. } => in_bounds("position", *position),
            Command::Despawn { id } => match self.known("id", *id)? {
                EntityKind::Player => {
                    invalid("id", format!("entity {} is a player, which cannot be removed", id.0))
                }
                _ => Ok(()),
            },
            Command::PlayVfx { asset, at, params } => {
                text("asset", asset, NAME_BYTES_MAX)?;
                in_bounds("at", *at)?;
                arguments(params)
            }
            Command::PlaySound { asset, at } => {
                text("asset", asset, NAME_BYTES_MAX)?;
                in_bounds("at", *at)
            }
            Command::Message { player, text: message } => {
                self.player(*player)?;
                text("text", message, TEXT_BYTES_MAX)
            }
            Command::WakeAfter { after, .. } => {
                ticks("after", *after, 0, DURATION_TICKS_MAX)?;
                self.check_timers(cast, issued)
            }
            Command::CancelTimer { .. } | Command::Finish => Ok(()),
            Command::Broadcast { name, payload } => remote(name, payload),
            Command::Send { player, name, payload } => {
                self.player(*player)?;
                remote(name, payload)
            }
            Command::Listen { name, duration } => {
                text("name", name, NAME_BYTES_MAX)?;
                ticks("duration", *duration, 1, DURATION_TICKS_MAX)?;
                self.check_listeners(cast, issued, name)
            }
            Command::Save { bytes } => at_most("bytes", bytes.len(), STATE_BYTES_MAX, "bytes"),
        }
    }

    fn known(&self, field: &'static str, id: EntityId) -> Result<EntityKind, Invalid> {
        match self.registry.get(id) {
            Some(entity) => Ok(entity.kind),
            None => {
                Err(Invalid { field, message: format!("there was no entity {} when the tick opened", id.0) })
            }
        }
    }

    fn player(&self, id: EntityId) -> Checked {
        match self.known("player", id)? {
            EntityKind::Player => Ok(()),
            _ => invalid("player", format!("entity {} is not a player", id.0)),
        }
    }

    /// Timers of this call are followed one by one, so that what a cancel frees may be used again.
    fn check_timers(&self, cast: CastId, issued: &[Command]) -> Checked {
        let pending =
            self.spells.get(cast).into_iter().flat_map(|spell| &spell.timers).map(|timer| timer.tag);
        let mut tags: alloc::vec::Vec<u32> = pending.collect();
        for command in issued {
            match command {
                Command::WakeAfter { tag, .. } => tags.push(*tag),
                Command::CancelTimer { tag } => tags.retain(|pending| pending != tag),
                _ => {}
            }
        }
        cap("after", tags.len(), TIMERS_MAX, "timers are pending")
    }

    /// Whether the world has room for the chunks that an edit might change.
    fn check_edit(&self, field: &'static str, command: &Command) -> Checked {
        let changed = self.voxels.changed();
        if changed + EDITED_CHUNKS_MAX <= CHANGED_CHUNKS_MAX {
            return Ok(());
        }
        let chunks = command.edit().into_iter().flat_map(|edit| edit.chunks());
        let more = chunks.filter(|at| self.voxels.version(*at) == 0).count();
        if changed + more <= CHANGED_CHUNKS_MAX {
            return Ok(());
        }
        let message = format!(
            "{more} more chunks would change, and the world has {changed} of at most {CHANGED_CHUNKS_MAX} already"
        );
        invalid(field, message)
    }

    fn check_watches(&self, cast: CastId, issued: &[Command]) -> Checked {
        let watched = self.spells.get(cast).map_or(0, |spell| spell.watches.len());
        let more = issued.iter().filter(|command| matches!(command, Command::WatchBox { .. })).count();
        cap("min", watched + more, WATCHES_MAX, "boxes are watched")
    }

    fn check_listeners(&self, cast: CastId, issued: &[Command], name: &str) -> Checked {
        let listened = self.spells.get(cast).into_iter().flat_map(|spell| &spell.listeners);
        let mut names: BTreeSet<&str> = listened.map(|listener| listener.name.as_str()).collect();
        for command in issued {
            if let Command::Listen { name, .. } = command {
                names.insert(name);
            }
        }
        if names.contains(name) {
            return Ok(());
        }
        cap("name", names.len(), LISTENERS_MAX, "names are listened for")
    }
}

/// A fixed-point number as decimal text, to six places, trailing zeros left away.
struct Decimal {
    parts: i128,
    bits: u32,
}

impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.parts.unsigned_abs();
        let millionths = (size * 1_000_000 + (1 << self.bits >> 1)) >> self.bits;
        let sign = if self.parts < 0 { "-" } else { "" };
        write!(out, "{sign}{}", millionths / 1_000_000)?;
        match millionths % 1_000_000 {
            0 => Ok(()),
            rest => out.write_str(&format!(".{rest:06}").trim_end_matches('0').chars().collect::<String>()),
        }
    }
}

fn length(coord: Coord) -> Decimal {
    Decimal { parts: coord.raw() as i128, bits: Coord::FRACTION_BITS }
}

fn invalid(field: &'static str, message: String) -> Checked {
    Err(Invalid { field, message })
}

fn cap(field: &'static str, count: usize, most: usize, what: &str) -> Checked {
    if count >= most {
        return invalid(field, format!("{count} {what} already, and {most} is the most"));
    }
    Ok(())
}

fn in_bounds(field: &'static str, point: Point) -> Checked {
    if point.in_bounds() {
        return Ok(());
    }
    let (x, y, z) = (length(point.x), length(point.y), length(point.z));
    invalid(field, format!("({x}, {y}, {z}) is outside of the world"))
}

fn block_in_bounds(field: &'static str, block: BlockPos) -> Checked {
    if block.in_bounds() {
        return Ok(());
    }
    invalid(field, format!("block ({}, {}, {}) is outside of the world", block.x, block.y, block.z))
}

fn sphere_radius(radius: Coord) -> Checked {
    if radius <= Coord::ZERO {
        return invalid("radius", format!("{} is not more than 0 blocks", length(radius)));
    }
    not_longer("radius", radius, SPHERE_RADIUS_MAX)
}

fn not_longer(field: &'static str, coord: Coord, most: i64) -> Checked {
    if coord > Coord::from_whole(most) {
        return invalid(field, format!("{} is more than {most} blocks", length(coord)));
    }
    Ok(())
}

fn cuboid(min: BlockPos, size: BlockSize) -> Checked {
    block_in_bounds("min", min)?;
    for (field, edge) in [("size.x", size.x), ("size.y", size.y), ("size.z", size.z)] {
        if edge == 0 {
            return invalid(field, "0 is less than 1 block".into());
        }
        at_most(field, edge as usize, BOX_EDGE_MAX as usize, "blocks")?;
    }
    Ok(())
}

fn ticks(field: &'static str, ticks: u32, least: u32, most: u32) -> Checked {
    if ticks < least {
        return invalid(field, format!("{ticks} is less than {least} tick"));
    }
    at_most(field, ticks as usize, most as usize, "ticks")
}

fn amount(points: Points) -> Checked {
    let shown = Decimal { parts: points.raw() as i128, bits: Points::FRACTION_BITS };
    if points < Points::ZERO {
        return invalid("points", format!("{shown} is less than 0 points"));
    }
    if points > Points::from_whole(POINTS_MAX) {
        return invalid("points", format!("{shown} is more than {POINTS_MAX} points"));
    }
    Ok(())
}

fn speed(fields: [&'static str; 3], velocity: Velocity) -> Checked {
    let most = Rate::from_whole(SPEED_BLOCKS_PER_TICK_MAX);
    for (field, part) in fields.into_iter().zip([velocity.x, velocity.y, velocity.z]) {
        if part.abs() > most {
            let second = TICKS_PER_SECOND as i128;
            let shown = Decimal { parts: part.raw() as i128 * second, bits: Rate::FRACTION_BITS };
            let most = SPEED_BLOCKS_PER_TICK_MAX as i128 * second;
            return invalid(field, format!("{shown} is beyond {most} blocks per second either way"));
        }
    }
    Ok(())
}

fn projectile(spec: &ProjectileSpec) -> Checked {
    in_bounds("position", spec.position)?;
    speed(["velocity.x", "velocity.y", "velocity.z"], spec.velocity)?;
    if spec.gravity.abs() > Rate::ONE {
        let per_second = spec.gravity.raw() as i128 * GRAVITY_MAX as i128;
        let shown = Decimal { parts: per_second, bits: Rate::FRACTION_BITS };
        let message = format!("{shown} is beyond {GRAVITY_MAX} blocks per second squared either way");
        return invalid("gravity", message);
    }
    if spec.radius < Coord::ZERO {
        return invalid("radius", format!("{} is less than 0 blocks", length(spec.radius)));
    }
    not_longer("radius", spec.radius, PROJECTILE_RADIUS_MAX)?;
    ticks("lifetime", spec.lifetime, 1, PROJECTILE_TICKS_MAX)
}

fn at_most(field: &'static str, count: usize, most: usize, unit: &str) -> Checked {
    if count > most {
        return invalid(field, format!("{count} is more than {most} {unit}"));
    }
    Ok(())
}

fn text(field: &'static str, text: &str, most: usize) -> Checked {
    at_most(field, text.len(), most, "bytes")
}

fn remote(name: &str, payload: &str) -> Checked {
    text("name", name, NAME_BYTES_MAX)?;
    text("payload", payload, PAYLOAD_BYTES_MAX)
}

fn arguments(params: &[NamedValue]) -> Checked {
    at_most("params", params.len(), PARAMS_MAX, "arguments")?;
    for named in params {
        text("params.name", &named.name, NAME_BYTES_MAX)?;
        match &named.value {
            Value::Text(value) => text("params.value", value, TEXT_BYTES_MAX)?,
            Value::Point(point) => in_bounds("params.value", *point)?,
            Value::Block(block) => block_in_bounds("params.value", *block)?,
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn numbers_read_as_decimals() {
        let shown = |raw: i64| length(Coord::from_raw(raw)).to_string();
        assert_eq!(shown(40 << 16), "40");
        assert_eq!(shown(-(3 << 15)), "-1.5");
        assert_eq!(shown(1), "0.000015");
    }

    #[test]
    fn the_volume_of_a_ball_is_rounded_up() {
        assert_eq!(ball_volume(Coord::ONE), 5);
        assert_eq!(ball_volume(Coord::from_whole(SPHERE_RADIUS_MAX)), 57_906);
        assert_eq!(ball_volume(Coord::ZERO), 0);
    }
}
