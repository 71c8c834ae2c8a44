//! Points, velocities and directions in fixed point, and whole blocks and chunks.
//!
//! Right-handed axes, y up, -z forward. Block (x, y, z) spans [x, x+1) on each axis; a chunk's
//! position is floor(block / 32).

use core::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

use crate::fixed::{Coord, Rate};
use crate::limits::{HORIZONTAL_BLOCKS, VERTICAL_BLOCKS};

/// A point in the world, in 1/65,536 block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "x, y and z say it")]
pub struct Point {
    pub x: Coord,
    pub y: Coord,
    pub z: Coord,
}

/// A velocity in blocks a tick with 32 fraction bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "x, y and z say it")]
pub struct Velocity {
    pub x: Rate,
    pub y: Rate,
    pub z: Rate,
}

/// A unit vector with 30 fraction bits: the raw components' squares sum to about 2^60.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Direction {
    x: i32,
    y: i32,
    z: i32,
}

/// A block of the world, by its least corner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "x, y and z say it")]
pub struct BlockPos {
    pub x: i32,
    pub y: i32,
    pub z: i32,
}

/// The size of a box of blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "x, y and z say it")]
pub struct BlockSize {
    pub x: u32,
    pub y: u32,
    pub z: u32,
}

/// A chunk of 32 x 32 x 32 blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs, reason = "x, y and z say it")]
pub struct ChunkPos {
    pub x: i32,
    pub y: i32,
    pub z: i32,
}

impl Point {
    /// From raw coordinates.
    pub const fn from_raw(x: i64, y: i64, z: i64) -> Self {
        Self { x: Coord::from_raw(x), y: Coord::from_raw(y), z: Coord::from_raw(z) }
    }

    /// From whole blocks.
    pub const fn from_blocks(x: i32, y: i32, z: i32) -> Self {
        Self {
            x: Coord::from_whole(x as i64),
            y: Coord::from_whole(y as i64),
            z: Coord::from_whole(z as i64),
        }
    }

    /// The block that holds this point. The point must lie within the world's bounds.
    pub fn block(self) -> BlockPos {
        BlockPos { x: self.x.floor() as i32, y: self.y.floor() as i32, z: self.z.floor() as i32 }
    }

    /// Whether the point lies within the world's bounds.
    pub fn in_bounds(self) -> bool {
        let horizontal = -(HORIZONTAL_BLOCKS as i64)..HORIZONTAL_BLOCKS as i64;
        horizontal.contains(&self.x.floor())
            && horizontal.contains(&self.z.floor())
            && (-(VERTICAL_BLOCKS as i64)..VERTICAL_BLOCKS as i64).contains(&self.y.floor())
    }

    /// The squared distance to `other`, in raw parts squared (1/2^32 square block). Exact within the world's
    /// bounds and far beyond; saturates.
    pub fn distance_squared(self, other: Self) -> u128 {
        let square = |a: Coord, b: Coord| {
            let difference = a.raw().abs_diff(b.raw()) as u128;
            difference * difference
        };
        square(self.x, other.x)
            .saturating_add(square(self.y, other.y))
            .saturating_add(square(self.z, other.z))
    }

    /// The distance to `other`, rounded down. Saturates like the coordinates themselves.
    pub fn distance(self, other: Self) -> Coord {
        Coord::from_raw(i64::try_from(self.distance_squared(other).isqrt()).unwrap_or(i64::MAX))
    }

    /// This point moved by `length` along `direction`, each component rounded toward negative infinity.
    pub fn along(self, direction: Direction, length: Coord) -> Self {
        let step = |part: i32| {
            Coord::from_raw(((length.raw() as i128 * part as i128) >> Direction::FRACTION_BITS) as i64)
        };
        Self { x: self.x + step(direction.x), y: self.y + step(direction.y), z: self.z + step(direction.z) }
    }
}

impl Add<Point> for Point {
    type Output = Point;
    fn add(self, other: Point) -> Point {
        Point { x: self.x + other.x, y: self.y + other.y, z: self.z + other.z }
    }
}

impl Sub<Point> for Point {
    type Output = Point;
    fn sub(self, other: Point) -> Point {
        Point { x: self.x - other.x, y: self.y - other.y, z: self.z - other.z }
    }
}

impl Velocity {
    /// No movement.
    pub const ZERO: Self = Self { x: Rate::ZERO, y: Rate::ZERO, z: Rate::ZERO };

    /// From raw components.
    pub const fn from_raw(x: i64, y: i64, z: i64) -> Self {
        Self { x: Rate::from_raw(x), y: Rate::from_raw(y), z: Rate::from_raw(z) }
    }
}

impl Add for Velocity {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y, z: self.z + other.z }
    }
}

impl Direction {
    /// How many bits stand after the point.
    pub const FRACTION_BITS: u32 = 30;
    /// Along -z: what an entity without a look faces.
    pub const FORWARD: Self = Self { x: 0, y: 0, z: -(1 << 30) };
    /// Along +y.
    pub const UP: Self = Self { x: 0, y: 1 << 30, z: 0 };
    /// Along -y.
    pub const DOWN: Self = Self { x: 0, y: -(1 << 30), z: 0 };

    /// Normalises a vector given as raw numbers of any common scale; `None` for the zero vector.
    /// The vector is scaled by a power of two to 30 bits first, so that the squares fit a `u64`.
    pub fn normalise(x: i64, y: i64, z: i64) -> Option<Self> {
        let largest = x.unsigned_abs().max(y.unsigned_abs()).max(z.unsigned_abs());
        if largest == 0 {
            return None;
        }
        let bits = 64 - largest.leading_zeros() as i32;
        let shift = bits - 30;
        // On the absolute value, so that the opposite vector has the opposite direction.
        let scale = |part: i64| {
            let size = part.unsigned_abs();
            let size = if shift >= 0 { size >> shift } else { size << -shift };
            size as i64 * part.signum()
        };
        let (x, y, z) = (scale(x), scale(y), scale(z));
        let square = |part: i64| part.unsigned_abs() * part.unsigned_abs();
        let length = (square(x) + square(y) + square(z)).isqrt() as i64;
        let unit = |part: i64| ((part << Self::FRACTION_BITS) / length) as i32;
        Some(Self { x: unit(x), y: unit(y), z: unit(z) })
    }

    /// The direction with these raw components; `None` where its length is not 1. Whatever
    /// [`Direction::normalise`] made is taken as it is.
    pub fn from_raw([x, y, z]: [i32; 3]) -> Option<Self> {
        let direction = Self { x, y, z };
        direction.is_unit().then_some(direction)
    }

    /// Whether the length is 1, but for the rounding of [`Direction::normalise`].
    pub(crate) fn is_unit(self) -> bool {
        let square = |part: i32| (part as i128).pow(2);
        let squares = square(self.x) + square(self.y) + square(self.z);
        (squares - (1 << (2 * Self::FRACTION_BITS))).unsigned_abs() < 1 << 34
    }

    /// The raw components, each in 1/2^30.
    pub const fn raw(self) -> [i32; 3] {
        [self.x, self.y, self.z]
    }
}

impl BlockPos {
    /// A block by its least corner.
    pub const fn new(x: i32, y: i32, z: i32) -> Self {
        Self { x, y, z }
    }

    /// The chunk that holds this block.
    pub const fn chunk(self) -> ChunkPos {
        ChunkPos { x: self.x >> 5, y: self.y >> 5, z: self.z >> 5 }
    }

    /// Whether the block lies within the world's bounds.
    pub fn in_bounds(self) -> bool {
        let horizontal = -HORIZONTAL_BLOCKS..HORIZONTAL_BLOCKS;
        horizontal.contains(&self.x)
            && horizontal.contains(&self.z)
            && (-VERTICAL_BLOCKS..VERTICAL_BLOCKS).contains(&self.y)
    }

    /// The middle of the block.
    pub const fn centre(self) -> Point {
        const fn middle(part: i32) -> i64 {
            ((part as i64) << 16) + (1 << 15)
        }
        Point::from_raw(middle(self.x), middle(self.y), middle(self.z))
    }
}

impl BlockSize {
    /// A size by its three edges.
    pub const fn new(x: u32, y: u32, z: u32) -> Self {
        Self { x, y, z }
    }

    /// How many blocks the box holds.
    pub const fn volume(self) -> u64 {
        (self.x as u64).saturating_mul(self.y as u64).saturating_mul(self.z as u64)
    }
}

impl ChunkPos {
    /// The least block of this chunk.
    pub const fn origin(self) -> BlockPos {
        BlockPos { x: self.x << 5, y: self.y << 5, z: self.z << 5 }
    }

    /// Whether the chunk lies within the world's bounds, which are whole chunks.
    pub fn in_bounds(self) -> bool {
        let horizontal = -HORIZONTAL_BLOCKS >> 5..HORIZONTAL_BLOCKS >> 5;
        horizontal.contains(&self.x)
            && horizontal.contains(&self.z)
            && (-VERTICAL_BLOCKS >> 5..VERTICAL_BLOCKS >> 5).contains(&self.y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_direction_has_length_one(x: i64, y: i64, z: i64, small in 0u32..63) {
            prop_assume!(x >> small != 0 || y >> small != 0 || z >> small != 0);
            let direction = Direction::normalise(x >> small, y >> small, z >> small).expect("not zero");
            let square: i128 = direction.raw().iter().map(|part| (*part as i128).pow(2)).sum();
            let one = 1i128 << 60;
            prop_assert_eq!(Direction::from_raw(direction.raw()), Some(direction));
            // A length within 1e-6 of 1 has a square within 2e-6.
            prop_assert!((square - one).abs() <= one / 500_000, "{} of {}", square, one);
        }

        #[test]
        fn a_direction_keeps_the_proportions(x in -1i64 << 36..1 << 36, y in -1i64 << 36..1 << 36, z in -1i64 << 36..1 << 36) {
            prop_assume!(x != 0 || y != 0 || z != 0);
            let [a, b, c] = Direction::normalise(x, y, z).expect("not zero").raw().map(i128::from);
            let largest = x.abs().max(y.abs()).max(z.abs()) as i128;
            for (a, b, x, y) in [(a, b, x, y), (b, c, y, z), (a, c, x, z)] {
                prop_assert!((a * y as i128 - b * x as i128).abs() <= largest * 8);
            }
            let opposite = Direction::normalise(-x, -y, -z).expect("not zero").raw().map(i128::from);
            prop_assert_eq!(opposite, [-a, -b, -c]);
        }

        #[test]
        fn moving_along_a_direction_takes_the_length(
            x in -1000i64..1000, y in -1000i64..1000, z in -1000i64..1000, length in 0i64..1 << 24,
        ) {
            prop_assume!(x != 0 || y != 0 || z != 0);
            let direction = Direction::normalise(x, y, z).expect("not zero");
            let moved = Point::default().along(direction, Coord::from_raw(length));
            prop_assert!((moved.distance(Point::default()).raw() - length).abs() <= 3);
        }

        #[test]
        fn distances_of_anything_do_not_overflow(a: [i64; 3], b: [i64; 3]) {
            let (a, b) = (Point::from_raw(a[0], a[1], a[2]), Point::from_raw(b[0], b[1], b[2]));
            prop_assert!(a.distance(b) >= Coord::ZERO);
            prop_assert_eq!(a.distance_squared(b), b.distance_squared(a));
        }
    }

    #[test]
    fn axes_are_exact_and_zero_has_no_direction() {
        assert_eq!(Direction::normalise(0, 0, -5), Some(Direction::FORWARD));
        assert_eq!(Direction::normalise(0, i64::MAX, 0), Some(Direction::UP));
        assert_eq!(Direction::normalise(0, i64::MIN, 0), Some(Direction::DOWN));
        assert_eq!(Direction::normalise(0, 0, 0), None);
    }

    #[test]
    fn blocks_and_chunks_round_down() {
        let point = Point::from_raw(-1, 65_535, 65_536);
        assert_eq!(point.block(), BlockPos::new(-1, 0, 1));
        assert_eq!(BlockPos::new(-1, 31, 32).chunk(), ChunkPos { x: -1, y: 0, z: 1 });
        assert_eq!(ChunkPos { x: -1, y: 0, z: 1 }.origin(), BlockPos::new(-32, 0, 32));
        assert_eq!(BlockPos::new(-1, 0, 1).centre(), Point::from_raw(-32_768, 32_768, 98_304));
    }

    #[test]
    fn the_bounds_hold_their_least_and_not_their_greatest() {
        let (far, high) = (HORIZONTAL_BLOCKS, VERTICAL_BLOCKS);
        for (block, within) in [
            (BlockPos::new(-far, -high, far - 1), true),
            (BlockPos::new(far, 0, 0), false),
            (BlockPos::new(0, high, 0), false),
            (BlockPos::new(0, 0, -far - 1), false),
        ] {
            assert_eq!(block.in_bounds(), within, "{block:?}");
            assert_eq!(block.chunk().in_bounds(), within, "{block:?}");
            assert_eq!(Point::from_blocks(block.x, block.y, block.z).in_bounds(), within, "{block:?}");
        }
        assert!(!ChunkPos { x: i32::MAX, y: 0, z: 0 }.in_bounds());
    }

    #[test]
    fn volumes_saturate() {
        assert_eq!(BlockSize::new(2, 3, 4).volume(), 24);
        assert_eq!(BlockSize::new(u32::MAX, u32::MAX, u32::MAX).volume(), u64::MAX);
    }
}
