//! What a straight line through a grid meets first. It promises to look only inside the bounds it is
//! given, which is how the part of a hill that stands in the way is left out. It deliberately does not
//! know colours.

use super::Look;
use super::stage::{Bounds, Grid};

/// One face of one cell, met by a line.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    pub cell: [i32; 3],
    /// The axis that the face is square to.
    pub axis: usize,
    /// The side of the cell that the face is on: -1 or 1.
    pub side: i32,
    pub point: [f64; 3],
    /// How far along the line.
    pub depth: f64,
    pub material: u16,
}

/// What a line meets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sight {
    /// The first material that one does not see through.
    pub solid: Option<Hit>,
    /// The first that one does see through, where it comes before.
    pub clear: Option<Hit>,
}

impl Sight {
    /// Whether an eye could tell the two apart.
    pub fn differs(&self, other: &Self) -> bool {
        let face = |hit: &Option<Hit>| hit.map(|hit| (hit.cell, hit.axis, hit.material));
        face(&self.solid) != face(&other.solid)
            || self.clear.map(|hit| hit.material) != other.clear.map(|hit| hit.material)
    }
}

/// A grid, the part of it that counts, and how its materials look.
#[derive(Clone, Copy)]
pub struct Space<'a> {
    pub grid: &'a Grid,
    pub bounds: Bounds,
    pub look: fn(u16) -> Look,
}

impl Space<'_> {
    /// Whether a cell hides what is behind it.
    pub fn opaque(&self, cell: [i32; 3]) -> bool {
        if !self.bounds.contains(cell) {
            return false;
        }
        let material = self.grid.at(cell);
        material != 0 && !(self.look)(material).clear
    }

    /// What the line from `origin` along `direction` (a unit vector) meets.
    pub fn sight(&self, origin: [f64; 3], direction: [f64; 3]) -> Sight {
        let mut seen = Sight::default();
        let mut medium = 0;
        walk(self.bounds, origin, direction, |cell, axis, depth| {
            let material = self.grid.at(cell);
            if material == 0 {
                medium = 0;
                return false;
            }
            let clear = (self.look)(material).clear;
            if clear && (material == medium || seen.clear.is_some()) {
                return false;
            }
            let hit = Hit {
                cell,
                axis,
                side: if direction[axis] > 0.0 { -1 } else { 1 },
                point: std::array::from_fn(|axis| origin[axis] + direction[axis] * depth),
                depth,
                material,
            };
            if clear {
                medium = material;
                seen.clear = Some(hit);
                return false;
            }
            seen.solid = Some(hit);
            true
        });
        seen
    }

    /// Whether something opaque is on the line.
    pub fn blocked(&self, origin: [f64; 3], direction: [f64; 3]) -> bool {
        walk(self.bounds, origin, direction, |cell, _, _| self.opaque(cell))
    }
}

/// Visits the cells on a line in order, with the axis of the face it came in by and the distance, until
/// `visit` says that it has seen enough; says whether it did.
pub fn walk(
    bounds: Bounds,
    origin: [f64; 3],
    direction: [f64; 3],
    mut visit: impl FnMut([i32; 3], usize, f64) -> bool,
) -> bool {
    let (mut enter, mut leave, mut axis) = (0.0_f64, f64::INFINITY, 1);
    for side in 0..3 {
        let (low, high) = (f64::from(bounds.min[side]), f64::from(bounds.max[side]));
        if direction[side].abs() < 1e-9 {
            if origin[side] < low || origin[side] >= high {
                return false;
            }
            continue;
        }
        let (a, b) = ((low - origin[side]) / direction[side], (high - origin[side]) / direction[side]);
        if a.min(b) > enter {
            (enter, axis) = (a.min(b), side);
        }
        leave = leave.min(a.max(b));
    }
    if enter >= leave {
        return false;
    }
    let start: [f64; 3] = std::array::from_fn(|side| origin[side] + direction[side] * enter);
    let mut cell: [i32; 3] = std::array::from_fn(|side| {
        (start[side].floor() as i32).clamp(bounds.min[side], bounds.max[side] - 1)
    });
    let step: [i32; 3] = direction.map(|along| if along > 0.0 { 1 } else { -1 });
    let stride: [f64; 3] =
        direction.map(|along| if along.abs() < 1e-9 { f64::INFINITY } else { 1.0 / along.abs() });
    let mut next: [f64; 3] = std::array::from_fn(|side| {
        if direction[side].abs() < 1e-9 {
            return f64::INFINITY;
        }
        let wall = f64::from(cell[side] + i32::from(step[side] > 0));
        (wall - origin[side]) / direction[side]
    });
    let mut depth = enter;
    loop {
        if visit(cell, axis, depth) {
            return true;
        }
        axis = if next[0] <= next[1] && next[0] <= next[2] {
            0
        } else if next[1] <= next[2] {
            1
        } else {
            2
        };
        depth = next[axis];
        next[axis] += stride[axis];
        cell[axis] += step[axis];
        if cell[axis] < bounds.min[axis] || cell[axis] >= bounds.max[axis] {
            return false;
        }
    }
}
