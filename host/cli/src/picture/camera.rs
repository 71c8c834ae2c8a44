//! From where the stage is looked at. The camera has no perspective and looks down steeply; of the four
//! corners it takes the one nearest the caster from which the change shows best, and where the change is
//! underground it cuts the stage open through the middle of it. It deliberately does not draw.

use super::Look;
use super::sight::{Space, walk};
use super::stage::{Bounds, Stage};

/// Sine and cosine of how far from straight along z the camera stands: 37 degrees, not 45, so that the two
/// sides of a block are told apart by their width too. Written out, because the sine of one platform is
/// not to the last digit the sine of another.
const YAW: [f64; 2] = [0.6018150231520483, 0.7986355100472928];
/// Sine and cosine of how steeply it looks down: 46 degrees.
const PITCH: [f64; 2] = [0.7193398003386512, 0.6946583704589973];
/// How far from the stage the lines of sight begin, in blocks.
const DISTANCE: f64 = 400.0;
/// What a view loses for standing opposite the caster.
const BACK_COST: f64 = 0.2;
/// What a view loses for cutting the stage open.
const CUT_COST: f64 = 0.4;
/// The lines tried on each axis of the screen to see how much of the change shows.
const PROBES: usize = 72;

/// A direction to look in, and the part of the stage to look at.
#[derive(Clone, Copy)]
pub struct View {
    /// Into the picture.
    pub forward: [f64; 3],
    pub right: [f64; 3],
    pub up: [f64; 3],
    /// Towards the light.
    pub sun: [f64; 3],
    pub bounds: Bounds,
}

impl View {
    fn new(quarter: u32, bounds: Bounds) -> Self {
        let [sine, cosine] = (0..quarter).fold(YAW, |[sine, cosine], _| [cosine, -sine]);
        let near = [sine, 0.0, cosine];
        let right = [cosine, 0.0, -sine];
        let forward = [-near[0] * PITCH[1], -PITCH[0], -near[2] * PITCH[1]];
        let up = [-near[0] * PITCH[0], PITCH[1], -near[2] * PITCH[0]];
        let sun = unit(std::array::from_fn(|axis| {
            -0.72 * right[axis] + 0.28 * near[axis] + if axis == 1 { 0.95 } else { 0.0 }
        }));
        Self { forward, right, up, sun, bounds }
    }

    /// Where a place is on the screen, in blocks rightwards and upwards, and how deep.
    pub fn project(&self, place: [f64; 3]) -> [f64; 3] {
        [dot(place, self.right), dot(place, self.up), dot(place, self.forward)]
    }

    /// The place in front of everything that is seen at a point of the screen.
    pub fn origin(&self, across: f64, upward: f64) -> [f64; 3] {
        std::array::from_fn(|axis| {
            self.right[axis] * across + self.up[axis] * upward - self.forward[axis] * DISTANCE
        })
    }

    /// The depth, as [`View::project`] gives it, of a place this far along a line from [`View::origin`].
    pub fn depth(&self, along: f64) -> f64 {
        along - DISTANCE
    }

    /// The smallest rectangle of the screen that holds all that the bounds show: left, right, bottom, top.
    pub fn extent(&self, stage: &Stage) -> [f64; 4] {
        let mut extent = [f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::NEG_INFINITY];
        let mut widen = |x: i32, y: i32, z: i32| {
            let [across, upward, _] = self.project([f64::from(x), f64::from(y), f64::from(z)]);
            extent[0] = extent[0].min(across);
            extent[1] = extent[1].max(across);
            extent[2] = extent[2].min(upward);
            extent[3] = extent[3].max(upward);
        };
        for x in self.bounds.min[0]..self.bounds.max[0] {
            for z in self.bounds.min[2]..self.bounds.max[2] {
                let top = stage.before.top(x, z).max(stage.after.top(x, z));
                for (dx, dz) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                    widen(x + dx, self.bounds.min[1], z + dz);
                    widen(x + dx, top.clamp(self.bounds.min[1], self.bounds.max[1]), z + dz);
                }
            }
        }
        extent
    }
}

/// The best view of what changed.
pub fn choose(stage: &Stage, viewer: [f64; 3], look: fn(u16) -> Look) -> View {
    let viewer = stage.local(viewer);
    let target = stage.changed.unwrap_or(stage.full);
    let middle = |axis: usize| f64::from(target.min[axis] + target.max[axis]) / 2.0;
    let towards = unit([viewer[0] - middle(0), 0.0, viewer[2] - middle(2)]);
    let mut best: Option<(f64, View)> = None;
    for quarter in 0..4 {
        let whole = View::new(quarter, stage.full);
        let facing = unit([-whole.forward[0], 0.0, -whole.forward[2]]);
        let standing = BACK_COST * (1.0 - dot(facing, towards)) / 2.0;
        for cut in [None, Some(0), Some(2)] {
            let (view, cost) = match (cut, stage.changed) {
                (None, _) => (whole, standing),
                (Some(axis), Some(changed)) => {
                    (View { bounds: opened(stage.full, changed, axis, facing), ..whole }, standing + CUT_COST)
                }
                (Some(_), None) => continue,
            };
            let score = shown(stage, &view, look) - cost;
            // The margin keeps rounding from deciding between views that are as good as each other.
            if best.as_ref().is_none_or(|(highest, _)| score > highest + 1e-6) {
                best = Some((score, view));
            }
        }
    }
    best.map_or_else(|| View::new(0, stage.full), |(_, view)| view)
}

/// The bounds without the part in front of the middle of the change.
fn opened(full: Bounds, changed: Bounds, axis: usize, facing: [f64; 3]) -> Bounds {
    let mut bounds = full;
    let middle = (changed.min[axis] + changed.max[axis] - 1).div_euclid(2);
    if facing[axis] > 0.0 {
        bounds.max[axis] = middle + 1;
    } else {
        bounds.min[axis] = middle;
    }
    bounds
}

/// How much of the change shows: of the lines of sight that pass through changed cells, the part on which
/// before and after look different.
fn shown(stage: &Stage, view: &View, look: fn(u16) -> Look) -> f64 {
    let Some(changed) = stage.changed else { return 1.0 };
    let inner = Bounds {
        min: std::array::from_fn(|axis| changed.min[axis].max(view.bounds.min[axis])),
        max: std::array::from_fn(|axis| changed.max[axis].min(view.bounds.max[axis])),
    };
    let corners: Vec<[f64; 3]> = (0..8)
        .map(|corner| {
            view.project(std::array::from_fn(|axis| {
                f64::from(if corner >> axis & 1 == 0 { inner.min[axis] } else { inner.max[axis] })
            }))
        })
        .collect();
    let range = |which: usize| {
        let low = corners.iter().map(|corner| corner[which]).fold(f64::INFINITY, f64::min);
        let high = corners.iter().map(|corner| corner[which]).fold(f64::NEG_INFINITY, f64::max);
        (low, high - low)
    };
    let ((left, width), (bottom, height)) = (range(0), range(1));
    let before = Space { grid: &stage.before, bounds: view.bounds, look };
    let after = Space { grid: &stage.after, bounds: view.bounds, look };
    let (mut through, mut seen) = (0_u32, 0_u32);
    for row in 0..PROBES {
        for column in 0..PROBES {
            let part = |index: usize| (index as f64 + 0.5) / PROBES as f64;
            let origin = view.origin(left + width * part(column), bottom + height * part(row));
            let differs = |cell: [i32; 3], _: usize, _: f64| stage.before.at(cell) != stage.after.at(cell);
            if walk(inner, origin, view.forward, differs) {
                through += 1;
                let sights = (before.sight(origin, view.forward), after.sight(origin, view.forward));
                seen += u32::from(sights.0.differs(&sights.1));
            }
        }
    }
    f64::from(seen) / f64::from(through.max(1))
}

pub fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn unit(vector: [f64; 3]) -> [f64; 3] {
    let length = dot(vector, vector).sqrt();
    if length < 1e-9 { [0.0; 3] } else { vector.map(|part| part / length) }
}
