//! Between the floats of spells and the numbers of the simulation, as the host's own boundary does it, for the
//! benchmark's spells alone: panics on what they do not say.

use spellhost_sim::{Coord, Direction, Point, Points, Rate, Velocity, quantise};

fn raw(number: f64, fraction_bits: u32, ticks: u32) -> i64 {
    quantise(number.to_bits(), fraction_bits, ticks).expect("the benchmark's numbers are sane")
}

pub(crate) fn to_coord(blocks: f64) -> Coord {
    Coord::from_raw(raw(blocks, Coord::FRACTION_BITS, 1))
}

pub(crate) fn to_points(points: f64) -> Points {
    Points::from_raw(raw(points, Points::FRACTION_BITS, 1))
}

pub(crate) fn to_point(parts: [f64; 3]) -> Point {
    let [x, y, z] = parts.map(to_coord);
    Point { x, y, z }
}

pub(crate) fn to_velocity(parts: [f64; 3]) -> Velocity {
    let [x, y, z] = parts.map(|part| Rate::from_raw(raw(part, Rate::FRACTION_BITS, 60)));
    Velocity { x, y, z }
}

pub(crate) fn to_direction(parts: [f64; 3]) -> Direction {
    let [x, y, z] = parts.map(|part| raw(part, 32, 1));
    Direction::normalise(x, y, z).expect("the benchmark's rays have a direction")
}

/// Blocks.
pub fn coord(coord: Coord) -> f64 {
    coord.raw() as f64 / (1_u64 << Coord::FRACTION_BITS) as f64
}

/// Health points.
pub fn points(points: Points) -> f64 {
    points.raw() as f64 / (1_u64 << Points::FRACTION_BITS) as f64
}

/// A point in blocks.
pub fn point(point: Point) -> [f64; 3] {
    [coord(point.x), coord(point.y), coord(point.z)]
}

/// A velocity in blocks a second.
pub fn velocity(velocity: Velocity) -> [f64; 3] {
    [velocity.x, velocity.y, velocity.z]
        .map(|rate| (rate.raw() * 60) as f64 / (1_u64 << Rate::FRACTION_BITS) as f64)
}
