//! Points, directions and blocks, with the arithmetic that spells do on them.
//!
//! Promises plain IEEE arithmetic, the same on every machine. Does not know the world's bounds: the host checks
//! and rounds what crosses to it.

use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::host::types::{BlockPos, BlockSize, Vec3};

impl Vec3 {
    /// The origin of the world, or no motion.
    pub const ZERO: Vec3 = Vec3::new(0.0, 0.0, 0.0);
    /// One on each axis.
    pub const ONE: Vec3 = Vec3::new(1.0, 1.0, 1.0);
    /// One block east, along x.
    pub const EAST: Vec3 = Vec3::new(1.0, 0.0, 0.0);
    /// One block west.
    pub const WEST: Vec3 = Vec3::new(-1.0, 0.0, 0.0);
    /// One block up, along y.
    pub const UP: Vec3 = Vec3::new(0.0, 1.0, 0.0);
    /// One block down.
    pub const DOWN: Vec3 = Vec3::new(0.0, -1.0, 0.0);
    /// One block south, along z.
    pub const SOUTH: Vec3 = Vec3::new(0.0, 0.0, 1.0);
    /// One block north, which is forward.
    pub const NORTH: Vec3 = Vec3::new(0.0, 0.0, -1.0);

    /// East, up, south.
    #[inline]
    pub const fn new(x: f64, y: f64, z: f64) -> Vec3 {
        Vec3 { x, y, z }
    }

    /// The same on each axis.
    pub const fn splat(all: f64) -> Vec3 {
        Vec3::new(all, all, all)
    }

    /// The scalar product.
    #[inline]
    pub fn dot(self, other: Vec3) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    /// The vector product; right-handed.
    pub fn cross(self, other: Vec3) -> Vec3 {
        Vec3::new(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )
    }

    /// The square of the length: cheaper to compare than the length.
    pub fn length_squared(self) -> f64 {
        self.dot(self)
    }

    /// The length, in the vector's own unit.
    pub fn length(self) -> f64 {
        self.length_squared().sqrt()
    }

    /// How far it is to another point, in blocks.
    pub fn distance(self, other: Vec3) -> f64 {
        (other - self).length()
    }

    /// The same direction with length 1; zero stays zero.
    ///
    /// ```
    /// use spellhost_sdk::prelude::*;
    /// assert_eq!(Vec3::new(0.0, 3.0, 4.0).normalized(), Vec3::new(0.0, 0.6, 0.8));
    /// assert_eq!(Vec3::ZERO.normalized(), Vec3::ZERO);
    /// ```
    pub fn normalized(self) -> Vec3 {
        let length = self.length();
        if length > 0.0 { self / length } else { Vec3::ZERO }
    }

    /// The way from here to there, with length 1; zero where they are the same.
    pub fn toward(self, other: Vec3) -> Vec3 {
        (other - self).normalized()
    }

    /// The same direction, at most this long.
    pub fn clamp_length(self, max: f64) -> Vec3 {
        let length = self.length();
        if length > max { self * (max / length) } else { self }
    }

    /// The point at `part` of the way: 0 is here, 1 is there.
    pub fn lerp(self, other: Vec3, part: f64) -> Vec3 {
        self + (other - self) * part
    }

    /// Without its height: `y` becomes 0.
    pub fn flat(self) -> Vec3 {
        Vec3::new(self.x, 0.0, self.z)
    }

    /// Turned around the vertical axis, counter-clockwise seen from above, by radians.
    pub fn turned(self, radians: f64) -> Vec3 {
        let (sine, cosine) = radians.sin_cos();
        Vec3::new(self.x * cosine + self.z * sine, self.y, self.z * cosine - self.x * sine)
    }

    /// The block that holds this point.
    #[inline]
    pub fn block(self) -> BlockPos {
        BlockPos::containing(self)
    }

    /// Whether no component is NaN or infinite; the host accepts no others.
    pub fn is_finite(self) -> bool {
        self.x.is_finite() && self.y.is_finite() && self.z.is_finite()
    }
}

impl Default for Vec3 {
    fn default() -> Vec3 {
        Vec3::ZERO
    }
}

impl Add for Vec3 {
    type Output = Vec3;
    #[inline]
    fn add(self, other: Vec3) -> Vec3 {
        Vec3::new(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl Sub for Vec3 {
    type Output = Vec3;
    #[inline]
    fn sub(self, other: Vec3) -> Vec3 {
        Vec3::new(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Mul<f64> for Vec3 {
    type Output = Vec3;
    #[inline]
    fn mul(self, factor: f64) -> Vec3 {
        Vec3::new(self.x * factor, self.y * factor, self.z * factor)
    }
}

impl Mul<Vec3> for f64 {
    type Output = Vec3;
    #[inline]
    fn mul(self, vector: Vec3) -> Vec3 {
        vector * self
    }
}

impl Div<f64> for Vec3 {
    type Output = Vec3;
    #[inline]
    fn div(self, divisor: f64) -> Vec3 {
        Vec3::new(self.x / divisor, self.y / divisor, self.z / divisor)
    }
}

impl Neg for Vec3 {
    type Output = Vec3;
    #[inline]
    fn neg(self) -> Vec3 {
        Vec3::new(-self.x, -self.y, -self.z)
    }
}

impl AddAssign for Vec3 {
    fn add_assign(&mut self, other: Vec3) {
        *self = *self + other;
    }
}

impl SubAssign for Vec3 {
    fn sub_assign(&mut self, other: Vec3) {
        *self = *self - other;
    }
}

impl MulAssign<f64> for Vec3 {
    fn mul_assign(&mut self, factor: f64) {
        *self = *self * factor;
    }
}

impl DivAssign<f64> for Vec3 {
    fn div_assign(&mut self, divisor: f64) {
        *self = *self / divisor;
    }
}

impl From<(f64, f64, f64)> for Vec3 {
    fn from((x, y, z): (f64, f64, f64)) -> Vec3 {
        Vec3::new(x, y, z)
    }
}

impl From<BlockPos> for Vec3 {
    /// The block's least corner.
    fn from(block: BlockPos) -> Vec3 {
        Vec3::new(f64::from(block.x), f64::from(block.y), f64::from(block.z))
    }
}

impl BlockPos {
    /// East, up, south.
    #[inline]
    pub const fn new(x: i32, y: i32, z: i32) -> BlockPos {
        BlockPos { x, y, z }
    }

    /// The block that holds a point.
    ///
    /// ```
    /// use spellhost_sdk::prelude::*;
    /// assert_eq!(BlockPos::containing(Vec3::new(0.5, -0.5, 2.0)), BlockPos::new(0, -1, 2));
    /// ```
    pub fn containing(point: Vec3) -> BlockPos {
        BlockPos::new(point.x.floor() as i32, point.y.floor() as i32, point.z.floor() as i32)
    }

    /// The middle of the block.
    #[inline]
    pub fn center(self) -> Vec3 {
        Vec3::from(self) + Vec3::splat(0.5)
    }

    /// The block so far away. Stops at the ends of `i32`, which are far outside of the world.
    #[inline]
    pub const fn offset(self, x: i32, y: i32, z: i32) -> BlockPos {
        BlockPos::new(self.x.saturating_add(x), self.y.saturating_add(y), self.z.saturating_add(z))
    }

    /// The block above.
    pub const fn above(self) -> BlockPos {
        self.offset(0, 1, 0)
    }

    /// The block below.
    pub const fn below(self) -> BlockPos {
        self.offset(0, -1, 0)
    }

    /// The six blocks that share a face: east, west, up, down, south, north.
    pub const fn neighbours(self) -> [BlockPos; 6] {
        [
            self.offset(1, 0, 0),
            self.offset(-1, 0, 0),
            self.offset(0, 1, 0),
            self.offset(0, -1, 0),
            self.offset(0, 0, 1),
            self.offset(0, 0, -1),
        ]
    }
}

impl Default for BlockPos {
    fn default() -> BlockPos {
        BlockPos::new(0, 0, 0)
    }
}

// Equality is by integers; the generated code has no reason to say so.
impl Eq for BlockPos {}

impl std::hash::Hash for BlockPos {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.x, self.y, self.z).hash(state);
    }
}

impl Ord for BlockPos {
    fn cmp(&self, other: &BlockPos) -> std::cmp::Ordering {
        (self.y, self.z, self.x).cmp(&(other.y, other.z, other.x))
    }
}

impl PartialOrd for BlockPos {
    fn partial_cmp(&self, other: &BlockPos) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Add for BlockPos {
    type Output = BlockPos;
    #[inline]
    fn add(self, other: BlockPos) -> BlockPos {
        self.offset(other.x, other.y, other.z)
    }
}

impl Sub for BlockPos {
    type Output = BlockPos;
    #[inline]
    fn sub(self, other: BlockPos) -> BlockPos {
        BlockPos::new(
            self.x.saturating_sub(other.x),
            self.y.saturating_sub(other.y),
            self.z.saturating_sub(other.z),
        )
    }
}

impl From<(i32, i32, i32)> for BlockPos {
    fn from((x, y, z): (i32, i32, i32)) -> BlockPos {
        BlockPos::new(x, y, z)
    }
}

impl BlockSize {
    /// The edges along x, y and z, in blocks.
    #[inline]
    pub const fn new(x: u32, y: u32, z: u32) -> BlockSize {
        BlockSize { x, y, z }
    }

    /// A cube.
    pub const fn cube(edge: u32) -> BlockSize {
        BlockSize::new(edge, edge, edge)
    }

    /// How many blocks there are.
    pub const fn volume(self) -> u64 {
        (self.x as u64).saturating_mul(self.y as u64).saturating_mul(self.z as u64)
    }
}

impl Eq for BlockSize {}

impl From<(u32, u32, u32)> for BlockSize {
    fn from((x, y, z): (u32, u32, u32)) -> BlockSize {
        BlockSize::new(x, y, z)
    }
}
