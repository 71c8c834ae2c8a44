//! Integer value noise: a hash at each corner of a lattice, blended smoothly between.
//!
//! Promises that a value depends only on seed, cell size and place, so that evaluating one point
//! and filling a chunk agree bit by bit. Knows nothing of terrain.

/// The largest absolute value of a noise; values have 12 fraction bits.
pub const NOISE_ONE: i32 = 1 << 12;

/// A seeded family of lattice hashes.
#[derive(Clone, Copy, Debug)]
pub struct Lattice(u64);

/// One cell of two-dimensional noise: the values at its corners.
#[derive(Clone, Copy, Debug)]
pub struct Patch {
    shift: u32,
    /// (x, z): 00, 10, 01, 11.
    corners: [i32; 4],
}

/// One cell of three-dimensional noise with an edge of 16 blocks.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// Corner (x, y, z) at `x + 2 * z + 4 * y`.
    corners: [i32; 8],
}

/// One height of a [`Cell`]: the values at its corners (x, z) 00, 10, 01, 11.
#[derive(Clone, Copy, Debug)]
pub struct Layer([i32; 4]);

/// The ends along x of one row of a [`Layer`].
#[derive(Clone, Copy, Debug)]
pub struct Row {
    near: i32,
    far: i32,
}

/// The edge of a [`Cell`], in blocks.
pub const CELL_EDGE: i32 = 16;

/// The largest cell of a [`Patch`] has an edge of `1 << PATCH_SHIFT_MAX` blocks.
const PATCH_SHIFT_MAX: u32 = 8;

/// The smooth step at every place of the widest cell.
static SMOOTH_WIDE: [i32; 1 << PATCH_SHIFT_MAX] = {
    let mut table = [0; 1 << PATCH_SHIFT_MAX];
    let mut at = 0;
    while at < table.len() {
        table[at] = smooth((at as i32) << (12 - PATCH_SHIFT_MAX));
        at += 1;
    }
    table
};

/// The smooth step at every place of a [`Cell`].
static SMOOTH: [i32; CELL_EDGE as usize] = {
    let mut table = [0; CELL_EDGE as usize];
    let mut at = 0;
    while at < table.len() {
        table[at] = smooth((at as i32) << 8);
        at += 1;
    }
    table
};

/// The smooth step `3 t² - 2 t³` of `t` in `0..=NOISE_ONE`.
pub const fn smooth(t: i32) -> i32 {
    let t = t as i64;
    ((t * t * (3 * NOISE_ONE as i64 - 2 * t)) >> 24) as i32
}

/// `a` where `weight` is 0, `b` where it is `NOISE_ONE`. Its value never leaves `a..=b`.
pub fn blend(a: i32, b: i32, weight: i32) -> i32 {
    a.wrapping_add(b.wrapping_sub(a).wrapping_mul(weight) >> 12)
}

impl Lattice {
    pub const fn new(seed: u64, salt: u64) -> Self {
        Self(mix(seed ^ mix(salt.wrapping_mul(0x9e37_79b9_7f4a_7c15))))
    }

    /// 64 well-mixed bits for a lattice point.
    pub const fn bits(self, x: i32, y: i32, z: i32) -> u64 {
        let x = (x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let y = (y as u64).wrapping_mul(0xd1b5_4a32_d192_ed03);
        let z = (z as u64).wrapping_mul(0x8cb9_2ba7_2f3d_8dd7);
        mix(self.0.wrapping_add(x).wrapping_add(y.rotate_left(21)).wrapping_add(z.rotate_left(42)))
    }

    /// A value in `-NOISE_ONE..NOISE_ONE` for a lattice point.
    const fn value(self, x: i32, y: i32, z: i32) -> i32 {
        (self.bits(x, y, z) >> 51) as i32 - NOISE_ONE
    }

    /// The cell with an edge of `1 << shift` blocks, at most 256, that holds this column.
    pub fn patch(self, x: i32, z: i32, shift: u32) -> Patch {
        assert!(shift <= PATCH_SHIFT_MAX);
        let (x, z) = (x >> shift, z >> shift);
        let corner = |right, far| self.value(x + right, 0, z + far);
        Patch { shift, corners: [corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)] }
    }

    /// The cell of 16 blocks that holds this block.
    pub fn cell(self, x: i32, y: i32, z: i32) -> Cell {
        let (x, y, z) = (x >> 4, y >> 4, z >> 4);
        Cell {
            corners: core::array::from_fn(|at| {
                let at = at as i32;
                self.value(x + (at & 1), y + (at >> 2), z + (at >> 1 & 1))
            }),
        }
    }
}

impl Patch {
    /// No value of this cell is larger.
    pub fn greatest(&self) -> i32 {
        self.corners.into_iter().fold(-NOISE_ONE, i32::max)
    }

    /// The value at a column of this cell.
    pub fn at(&self, x: i32, z: i32) -> i32 {
        let within = (1 << self.shift) - 1;
        let weight = |part: i32| SMOOTH_WIDE[((part & within) << (PATCH_SHIFT_MAX - self.shift)) as usize];
        let [near, right, far, corner] = self.corners;
        let z = weight(z);
        blend(blend(near, far, z), blend(right, corner, z), weight(x))
    }
}

impl Cell {
    /// The layer at a height within the cell.
    pub fn layer(&self, y: i32) -> Layer {
        let weight = SMOOTH[(y & 15) as usize];
        Layer(core::array::from_fn(|at| blend(self.corners[at], self.corners[at + 4], weight)))
    }
}

impl Layer {
    /// The row at a place within the layer.
    pub fn row(&self, z: i32) -> Row {
        let weight = SMOOTH[(z & 15) as usize];
        let [near, right, far, corner] = self.0;
        Row { near: blend(near, far, weight), far: blend(right, corner, weight) }
    }
}

impl Row {
    /// The value at a place within the row.
    pub fn at(self, x: i32) -> i32 {
        blend(self.near, self.far, SMOOTH[(x & 15) as usize])
    }

    /// Whether no value of this row lies within `bound` of zero.
    pub fn stays_outside(self, bound: i32) -> bool {
        self.near.min(self.far) > bound || self.near.max(self.far) < -bound
    }
}

const fn mix(mut bits: u64) -> u64 {
    bits ^= bits >> 32;
    bits = bits.wrapping_mul(0xd6e8_feb8_6659_fd93);
    bits ^= bits >> 29;
    bits = bits.wrapping_mul(0xd6e8_feb8_6659_fd93);
    bits ^ bits >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn values_stay_within_one(seed: u64, x in -1 << 20..1 << 20, y in -1024..1024, z in -1 << 20..1 << 20) {
            let lattice = Lattice::new(seed, 1);
            let flat = lattice.patch(x, z, 7).at(x, z);
            let deep = lattice.cell(x, y, z).layer(y).row(z).at(x);
            prop_assert!((-NOISE_ONE..=NOISE_ONE).contains(&flat));
            prop_assert!((-NOISE_ONE..=NOISE_ONE).contains(&deep));
        }

        #[test]
        fn neighbours_are_close(seed: u64, x in -1 << 20..1 << 20, z in -1 << 20..1 << 20) {
            let lattice = Lattice::new(seed, 1);
            let step = lattice.patch(x, z, 5).at(x, z) - lattice.patch(x + 1, z, 5).at(x + 1, z);
            // The steepest slope of the smooth step is 3/2 of 2 * NOISE_ONE over 32 blocks.
            prop_assert!(step.abs() <= 3 * NOISE_ONE / 32 + 4, "{}", step);
        }
    }

    #[test]
    fn the_smooth_step_ends_flat() {
        assert_eq!((smooth(0), smooth(NOISE_ONE / 2), smooth(NOISE_ONE)), (0, NOISE_ONE / 2, NOISE_ONE));
        assert!(SMOOTH.is_sorted());
    }
}
