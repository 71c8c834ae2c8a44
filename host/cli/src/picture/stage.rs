//! The block of world that is shown: which blocks, and a copy of them before and after. It promises to be
//! no larger than [`EDGE_MAX`] by [`HEIGHT_MAX`] whatever region is asked for. It deliberately does not
//! know from where it is looked at.

use super::{Marker, Scene, Subject};

/// The most blocks on x and on z.
pub const EDGE_MAX: i64 = 64;
/// The most blocks on y.
pub const HEIGHT_MAX: i64 = 48;
/// How far above and below the region the ground is looked for, in blocks.
const SEARCH: i64 = 28;
/// Blocks of ground kept below the lowest thing of interest.
const FOOTING: i64 = 3;
/// Coordinates beyond this are pulled in, so that no arithmetic here can overflow.
const FAR: i64 = 1 << 24;

/// Blocks from `min` up to, but not including, `max`, counted from the stage's origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    pub min: [i32; 3],
    pub max: [i32; 3],
}

impl Bounds {
    pub fn contains(&self, cell: [i32; 3]) -> bool {
        (0..3).all(|axis| cell[axis] >= self.min[axis] && cell[axis] < self.max[axis])
    }
}

/// A copy of the materials.
pub struct Grid {
    size: [i32; 3],
    cells: Vec<u16>,
}

impl Grid {
    fn copy(scene: &dyn Scene, origin: [i32; 3], size: [i32; 3]) -> Self {
        let mut cells = Vec::with_capacity((size[0] * size[1] * size[2]) as usize);
        for y in 0..size[1] {
            for z in 0..size[2] {
                cells.extend(
                    (0..size[0]).map(|x| scene.material(origin[0] + x, origin[1] + y, origin[2] + z)),
                );
            }
        }
        Self { size, cells }
    }

    /// The material of a cell; outside, air.
    pub fn at(&self, [x, y, z]: [i32; 3]) -> u16 {
        let inside = x >= 0 && y >= 0 && z >= 0 && x < self.size[0] && y < self.size[1] && z < self.size[2];
        if inside { self.cells[((y * self.size[2] + z) * self.size[0] + x) as usize] } else { 0 }
    }

    /// One more than the y of the highest material of a column; 0 where there is none.
    pub fn top(&self, x: i32, z: i32) -> i32 {
        (0..self.size[1]).rev().find(|&y| self.at([x, y, z]) != 0).map_or(0, |y| y + 1)
    }
}

/// The block of world that is shown.
pub struct Stage {
    /// The world's block that is cell 0, 0, 0.
    pub origin: [i32; 3],
    pub before: Grid,
    pub after: Grid,
    /// Everything, without the empty layers above.
    pub full: Bounds,
    /// The bounds of the cells that differ, where any do.
    pub changed: Option<Bounds>,
}

impl Stage {
    /// Chooses and copies the blocks around the change, or around the focus. Markers up to `reach` blocks
    /// away from there are taken in.
    pub fn new(subject: &Subject, reach: i64) -> Self {
        let (low, high) = interest(subject);
        let (x_min, x_max) = span(subject, 0, low[0], high[0], reach);
        let (z_min, z_max) = span(subject, 2, low[2], high[2], reach);
        let (y_min, y_max) = layers(subject, [x_min, x_max, z_min, z_max], low[1], high[1]);
        let origin = [x_min as i32, y_min as i32, z_min as i32];
        let size = [(x_max - x_min + 1) as i32, (y_max - y_min + 1) as i32, (z_max - z_min + 1) as i32];
        let before = Grid::copy(subject.before.scene, origin, size);
        let after = Grid::copy(subject.after.scene, origin, size);
        let columns = (0..size[0]).flat_map(|x| (0..size[2]).map(move |z| (x, z)));
        let top = columns.map(|(x, z)| before.top(x, z).max(after.top(x, z))).max().unwrap_or(0);
        let full = Bounds { min: [0; 3], max: [size[0], (top + 1).min(size[1]), size[2]] };
        let changed = difference(&before, &after, full);
        Self { origin, before, after, full, changed }
    }

    /// A place of the world, counted from the origin.
    pub fn local(&self, position: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|axis| position[axis] - f64::from(self.origin[axis]))
    }
}

/// The corners of what the picture is about.
fn interest(subject: &Subject) -> ([i64; 3], [i64; 3]) {
    let clamp = |value: i64| value.clamp(-FAR, FAR);
    match subject.changed {
        Some(region) => {
            let pairs: [(i64, i64); 3] = std::array::from_fn(|axis| {
                let (a, b) = (clamp(region.min[axis].into()), clamp(region.max[axis].into()));
                (a.min(b), a.max(b))
            });
            (pairs.map(|pair| pair.0), pairs.map(|pair| pair.1))
        }
        None => {
            let focus = subject.focus.map(|value| clamp(value.floor() as i64));
            (focus.map(|value| value - 4), focus.map(|value| value + 4))
        }
    }
}

fn markers<'a>(subject: &'a Subject) -> impl Iterator<Item = &'a Marker> {
    subject.before.markers.iter().chain(subject.after.markers)
}

/// The blocks shown on x or z: the interest, a margin, and the markers that are near and still fit.
fn span(subject: &Subject, axis: usize, low: i64, high: i64, reach: i64) -> (i64, i64) {
    let margin = ((high - low + 1) / 2).clamp(5, 10);
    let (mut min, mut max) = (low - margin, high + margin);
    let other = 2 - axis;
    let (lows, highs) = interest(subject);
    let near = |axis: usize, at: i64| at >= lows[axis] - reach && at <= highs[axis] + reach;
    for marker in markers(subject) {
        let at = marker.position.map(|value| (value.floor() as i64).clamp(-FAR, FAR));
        if near(axis, at[axis]) && near(other, at[other]) {
            let (wide_min, wide_max) = (min.min(at[axis] - 3), max.max(at[axis] + 3));
            if wide_max - wide_min < EDGE_MAX {
                (min, max) = (wide_min, wide_max);
            }
        }
    }
    if max - min >= EDGE_MAX {
        let centre = (low + high).div_euclid(2);
        (min, max) = (centre - EDGE_MAX / 2, centre + EDGE_MAX / 2 - 1);
    }
    (min, max)
}

/// The layers shown: from below the change and the lowest ground to above the highest.
fn layers(subject: &Subject, [x_min, x_max, z_min, z_max]: [i64; 4], low: i64, high: i64) -> (i64, i64) {
    let centre = (low + high).div_euclid(2);
    let (low, high) = (low.max(centre - HEIGHT_MAX / 2), high.min(centre + HEIGHT_MAX / 2 - 1));
    let (mut lowest, mut highest) = (low, high);
    for x in (x_min..=x_max).step_by(3) {
        for z in (z_min..=z_max).step_by(3) {
            let filled = |y: &i64| subject.before.scene.material(x as i32, *y as i32, z as i32) != 0;
            if let Some(surface) = (low - SEARCH..=high + SEARCH).rev().find(filled) {
                lowest = lowest.min(surface.max(low - SEARCH / 2));
                highest = highest.max(surface);
            }
        }
    }
    let bottom = lowest - FOOTING;
    let top = (highest + 3).min(bottom + HEIGHT_MAX - 1);
    if top >= high { (bottom, top) } else { (high + 1 - HEIGHT_MAX, high) }
}

fn difference(before: &Grid, after: &Grid, full: Bounds) -> Option<Bounds> {
    let mut found: Option<Bounds> = None;
    for y in full.min[1]..full.max[1] {
        for z in full.min[2]..full.max[2] {
            for x in full.min[0]..full.max[0] {
                let cell = [x, y, z];
                if before.at(cell) != after.at(cell) {
                    let bounds = found.get_or_insert(Bounds { min: cell, max: cell });
                    bounds.min = std::array::from_fn(|axis| bounds.min[axis].min(cell[axis]));
                    bounds.max = std::array::from_fn(|axis| bounds.max[axis].max(cell[axis] + 1));
                }
            }
        }
    }
    found
}
