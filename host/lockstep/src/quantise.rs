//! From the floats of spells and clients to the numbers of the simulation, each rounded once by
//! [`spellhost_sim::quantise`].
//!
//! Knows units and nothing of ranges: what is out of the world's bounds or a command's range is
//! the simulation's to say. The inverse is [`crate::exact`].

use spellhost_sim::{Coord, Direction, Point, Points, QuantiseError, Rate, Velocity, limits};

const TICKS: u32 = limits::TICKS_PER_SECOND;

/// Blocks.
///
/// # Errors
/// Where the number is not finite, or far beyond every bound.
pub fn coord(blocks: f64) -> Result<Coord, QuantiseError> {
    spellhost_sim::quantise(blocks.to_bits(), Coord::FRACTION_BITS, 1).map(Coord::from_raw)
}

/// Health points.
///
/// # Errors
/// As [`coord`].
pub fn points(points: f64) -> Result<Points, QuantiseError> {
    spellhost_sim::quantise(points.to_bits(), Points::FRACTION_BITS, 1).map(Points::from_raw)
}

/// Blocks a second, as blocks a tick.
///
/// # Errors
/// As [`coord`].
pub fn speed(blocks_per_second: f64) -> Result<Rate, QuantiseError> {
    spellhost_sim::quantise(blocks_per_second.to_bits(), Rate::FRACTION_BITS, TICKS).map(Rate::from_raw)
}

/// Blocks per second squared, as blocks a tick per tick.
///
/// # Errors
/// As [`coord`].
pub fn acceleration(blocks_per_second_squared: f64) -> Result<Rate, QuantiseError> {
    let bits = blocks_per_second_squared.to_bits();
    spellhost_sim::quantise(bits, Rate::FRACTION_BITS, TICKS * TICKS).map(Rate::from_raw)
}

/// A point in blocks; the error names the axis.
///
/// # Errors
/// As [`coord`].
pub fn point(parts: [f64; 3]) -> Result<Point, (char, QuantiseError)> {
    let [x, y, z] = axes(parts, coord)?;
    Ok(Point { x, y, z })
}

/// A velocity in blocks a second; the error names the axis.
///
/// # Errors
/// As [`coord`].
pub fn velocity(parts: [f64; 3]) -> Result<Velocity, (char, QuantiseError)> {
    let [x, y, z] = axes(parts, speed)?;
    Ok(Velocity { x, y, z })
}

/// A direction of any length; `None` for the zero vector.
///
/// # Errors
/// Where a part is not finite; the error names the axis.
pub fn direction(parts: [f64; 3]) -> Result<Option<Direction>, (char, QuantiseError)> {
    let finite = |part: f64| if part.is_finite() { Ok(()) } else { Err(QuantiseError::NotFinite) };
    axes(parts, finite)?;
    let [x, y, z] = axes(scaled(parts), |part| spellhost_sim::quantise(part.to_bits(), 32, 1))?;
    Ok(Direction::normalise(x, y, z))
}

/// Multiplies by the power of two that brings the largest part to about 2^20: lengths from the
/// smallest to the largest double keep their direction. Such products are exact, but for parts so
/// much smaller than the largest that they vanish in any case.
fn scaled(mut parts: [f64; 3]) -> [f64; 3] {
    let largest = |parts: &[f64; 3]| parts.iter().fold(0.0_f64, |most, part| most.max(part.abs()));
    let power = |exponent: i32| f64::from_bits(((exponent + 1023) as u64) << 52);
    // Twice, since one power of two does not reach from the smallest double to 2^20.
    for _ in 0..3 {
        let largest = largest(&parts);
        if largest == 0.0 {
            return parts;
        }
        let exponent = ((largest.to_bits() >> 52) as i32) - 1023;
        let factor = power((20 - exponent).clamp(-1000, 1000));
        parts = parts.map(|part| part * factor);
    }
    parts
}

fn axes<T: Copy>(
    parts: [f64; 3],
    rounded: impl Fn(f64) -> Result<T, QuantiseError>,
) -> Result<[T; 3], (char, QuantiseError)> {
    let [x, y, z] = parts;
    let part = |name: char, part: f64| rounded(part).map_err(|error| (name, error));
    Ok([part('x', x)?, part('y', y)?, part('z', z)?])
}
