//! How a body moves through one tick: gravity, a push that wears off, and walls.
//!
//! Against voxels a body is the cube around its sphere, moved axis by axis (y, x, z) up to the first
//! solid layer, so it passes through nothing at any speed. What rests on the ground falls asleep and costs nothing
//! until something wakes it. Bodies do not meet each other, and what is buried stays where it is until dug out.
//! Deliberately does not know health: who falls out of the world is only reported.

use crate::entity::Entity;
use crate::fixed::{Coord, Rate};
use crate::limits::{HORIZONTAL_BLOCKS, VERTICAL_BLOCKS};
use crate::projectile::within_speed;
use crate::status::Status;
use crate::vector::{BlockPos, Point, Velocity};
use crate::voxels::Voxels;

/// Where a body is after a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub position: Point,
    pub velocity: Velocity,
    /// Whether it may still move in the next tick.
    pub awake: bool,
    /// Whether it fell out of the world.
    pub fell: bool,
}

/// 32 blocks per second squared, in blocks a tick per tick.
pub(crate) const GRAVITY: Rate = Rate::from_raw((32 << Rate::FRACTION_BITS) / 3_600);
/// On the ground a body loses one part in this many of its speed each tick.
const FRICTION: i64 = 8;
/// What is slower than this on the ground stands still: about 1/70 block a second.
const REST: i64 = 1 << 20;
/// The half edge of the cube of what has no extent: 1/16 block.
const HALF_EDGE_MIN: i64 = 1 << 12;
/// From 32 to 16 fraction bits.
const COARSER_BITS: u32 = Rate::FRACTION_BITS - Coord::FRACTION_BITS;

/// Moves one awake body through one tick.
pub(crate) fn step(voxels: &Voxels, entity: &Entity, tick: u64) -> Moved {
    if entity.has(Status::FROZEN, tick) {
        return Moved { position: entity.position, velocity: Velocity::ZERO, awake: true, fell: false };
    }
    let velocity = entity.velocity;
    let velocity = within_speed(Velocity { y: velocity.y - GRAVITY, ..velocity });
    let halved = u32::from(entity.has(Status::SLOWED, tick));
    let motion = |rate: Rate| (rate.raw() + (1 << (COARSER_BITS - 1))) >> COARSER_BITS >> halved;
    let mut place = [entity.position.x.raw(), entity.position.y.raw(), entity.position.z.raw()];
    let mut speed = [velocity.x.raw(), velocity.y.raw(), velocity.z.raw()];
    let half_edge = entity.radius.raw().max(HALF_EDGE_MIN);
    let mut grounded = false;
    for axis in [1, 0, 2] {
        let wanted = motion(Rate::from_raw(speed[axis]));
        let got = slide(voxels, place, half_edge, axis, wanted);
        place[axis] += got;
        if got != wanted {
            grounded |= axis == 1 && wanted < 0;
            speed[axis] = 0;
        }
    }
    if grounded {
        for axis in [0, 2] {
            speed[axis] -= speed[axis] / FRICTION;
            if speed[axis].abs() < REST {
                speed[axis] = 0;
            }
        }
    }
    let position = Point::from_raw(place[0], place[1], place[2]);
    let inside = into_bounds(position);
    Moved {
        position: inside,
        velocity: Velocity::from_raw(speed[0], speed[1], speed[2]),
        awake: !(grounded && speed == [0; 3]),
        fell: position.y < inside.y,
    }
}

/// The nearest point within the world's bounds.
pub(crate) fn into_bounds(point: Point) -> Point {
    let clamp = |part: Coord, blocks: i32| {
        Coord::from_raw(part.raw().clamp(-((blocks as i64) << 16), ((blocks as i64) << 16) - 1))
    };
    Point {
        x: clamp(point.x, HORIZONTAL_BLOCKS),
        y: clamp(point.y, VERTICAL_BLOCKS),
        z: clamp(point.z, HORIZONTAL_BLOCKS),
    }
}

/// How far of `wanted` a cube comes along an axis before the first layer with a solid block in its way.
/// The cube covers [centre - half edge, centre + half edge) on each axis; layers that it already
/// covers do not hold it.
fn slide(voxels: &Voxels, centre: [i64; 3], half_edge: i64, axis: usize, wanted: i64) -> i64 {
    let block = |raw: i64| raw >> Coord::FRACTION_BITS;
    let (low, high) = (centre[axis] - half_edge, centre[axis] + half_edge);
    if wanted > 0 {
        for layer in block(high - 1) + 1..=block(high - 1 + wanted) {
            if is_blocked(voxels, centre, half_edge, axis, layer) {
                return (layer << Coord::FRACTION_BITS) - high;
            }
        }
    } else {
        for layer in (block(low + wanted)..block(low)).rev() {
            if is_blocked(voxels, centre, half_edge, axis, layer) {
                return ((layer + 1) << Coord::FRACTION_BITS) - low;
            }
        }
    }
    wanted
}

/// Whether a layer across `axis` has a solid block within the cube's cross section.
fn is_blocked(voxels: &Voxels, centre: [i64; 3], half_edge: i64, axis: usize, layer: i64) -> bool {
    let (a, b) = match axis {
        0 => (1, 2),
        1 => (0, 2),
        _ => (0, 1),
    };
    let span = |axis: usize| {
        let block = |raw: i64| (raw >> Coord::FRACTION_BITS) as i32;
        block(centre[axis] - half_edge)..=block(centre[axis] + half_edge - 1)
    };
    span(a).any(|first| {
        span(b).any(|second| {
            let mut at = [0; 3];
            (at[axis], at[a], at[b]) = (layer as i32, first, second);
            voxels.get(BlockPos::new(at[0], at[1], at[2])).is_solid()
        })
    })
}
