//! From the numbers of the simulation to the floats of spells and clients, without rounding: every
//! number within the world's bounds has at most 53 significant bits.
//!
//! The inverse is [`crate::quantise`].

use spellhost_sim::{Coord, Direction, Point, Points, Rate, Velocity, limits};

/// Blocks.
pub fn coord(coord: Coord) -> f64 {
    coord.raw() as f64 / (1_u64 << Coord::FRACTION_BITS) as f64
}

/// Health points.
pub fn points(points: Points) -> f64 {
    points.raw() as f64 / (1_u64 << Points::FRACTION_BITS) as f64
}

/// Blocks a second.
pub fn speed(rate: Rate) -> f64 {
    rate.raw().saturating_mul(i64::from(limits::TICKS_PER_SECOND)) as f64
        / (1_u64 << Rate::FRACTION_BITS) as f64
}

/// A point in blocks.
pub fn point(point: Point) -> [f64; 3] {
    [coord(point.x), coord(point.y), coord(point.z)]
}

/// A velocity in blocks a second.
pub fn velocity(velocity: Velocity) -> [f64; 3] {
    [speed(velocity.x), speed(velocity.y), speed(velocity.z)]
}

/// A unit vector.
pub fn direction(direction: Direction) -> [f64; 3] {
    direction.raw().map(|part| f64::from(part) / (1_u64 << Direction::FRACTION_BITS) as f64)
}
