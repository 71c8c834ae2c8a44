//! Light and shade. It promises that both pictures are taken with the same camera, so that they can be
//! laid over each other, and that a hollow looks like one: faces are lit from the upper left, the sun
//! throws shadows, corners are dark, and what lies lower than the ground around it is darker. It
//! deliberately does not know text, markers or files.

use super::Look;
use super::camera::{View, dot};
use super::canvas::{Canvas, mix};
use super::sight::{Hit, Sight, Space};
use super::stage::{Bounds, Grid, Stage};

/// Samples on each axis of a pixel.
const SAMPLES: usize = 2;
/// How much light falls where the sun does not.
const AMBIENT: f64 = 0.52;
/// What the light is multiplied by in a corner with no, one, two and three neighbours.
const CORNER_LIGHT: [f64; 4] = [1.0, 0.84, 0.70, 0.56];
/// How far around the height of the ground is averaged, in blocks.
const GROUND_REACH: i32 = 5;
/// The line around what changed.
const OUTLINE: [f64; 3] = [255.0, 176.0, 40.0];

/// Where on a picture the stage is.
#[derive(Clone, Copy)]
pub struct Frame {
    pub view: View,
    /// Pixels to a block.
    pub scale: f64,
    left: f64,
    top: f64,
    pub width: usize,
    pub height: usize,
}

impl Frame {
    /// Fits the stage into a picture of this many pixels, of which the `head` topmost stay free.
    pub fn fit(stage: &Stage, view: View, width: usize, height: usize, head: usize, border: usize) -> Self {
        let [left, right, bottom, top] = view.extent(stage);
        let wide = width.saturating_sub(2 * border).max(1) as f64;
        let high = height.saturating_sub(head + 2 * border).max(1) as f64;
        let scale = (wide / (right - left)).min(high / (top - bottom));
        let (middle, centre) = ((left + right) / 2.0, (top + bottom) / 2.0);
        let down = (head as f64 + (height - head) as f64 / 2.0) / scale;
        Self { view, scale, left: middle - width as f64 / 2.0 / scale, top: centre + down, width, height }
    }

    /// Where a place of the stage is: pixels rightwards, pixels downwards, and depth in blocks.
    pub fn place(&self, place: [f64; 3]) -> [f64; 3] {
        let [across, upward, depth] = self.view.project(place);
        [(across - self.left) * self.scale, (self.top - upward) * self.scale, depth]
    }

    /// The place in front of everything that is seen at a pixel.
    pub fn origin(&self, x: f64, y: f64) -> [f64; 3] {
        self.view.origin(self.left + x / self.scale, self.top - y / self.scale)
    }
}

/// One picture.
pub struct Exposure {
    pub canvas: Canvas,
    /// The depth of what is seen at each pixel, in blocks; infinite for the sky.
    pub depth: Vec<f64>,
}

/// What is drawn besides the stage.
#[derive(Clone, Copy)]
pub struct Finish {
    /// The sky at the top and at the bottom.
    pub sky: [[f64; 3]; 2],
    /// Whether there is a line around what changed, dashed in the picture before.
    pub rim: bool,
}

/// Both pictures, before and after.
pub fn render(stage: &Stage, frame: &Frame, look: fn(u16) -> Look, finish: Finish) -> [Exposure; 2] {
    let (width, height) = (frame.width * SAMPLES, frame.height * SAMPLES);
    let spaces = [&stage.before, &stage.after].map(|grid| Space { grid, bounds: frame.view.bounds, look });
    // The ground as it was, in both: what is beside the change keeps its brightness.
    let ground = ground(&stage.before, frame.view.bounds);
    let lights = spaces.map(|space| Light { space, view: &frame.view, ground: &ground });
    let mut shots = [0, 1].map(|_| Shot::new(width, height, finish.sky));
    let mut differs = vec![false; width * height];
    for y in 0..height {
        for x in 0..width {
            let at = |index: usize| (index as f64 + 0.5) / SAMPLES as f64;
            let origin = frame.origin(at(x), at(y));
            let sights = spaces.map(|space| space.sight(origin, frame.view.forward));
            differs[y * width + x] = sights[0].differs(&sights[1]);
            for ((shot, light), sight) in shots.iter_mut().zip(&lights).zip(&sights) {
                shot.take(y * width + x, light, sight, frame.scale);
            }
        }
    }
    let mut dashed = true;
    shots.map(|mut shot| {
        shot.edges();
        if finish.rim {
            shot.rim(&differs, dashed);
        }
        dashed = false;
        shot.develop()
    })
}

/// The height of the ground at each column, averaged over its surroundings.
fn ground(grid: &Grid, bounds: Bounds) -> Vec<f64> {
    let (width, depth) = (bounds.max[0] - bounds.min[0], bounds.max[2] - bounds.min[2]);
    let columns = (0..depth).flat_map(|z| (0..width).map(move |x| (x, z)));
    let top = |x: i32, z: i32| f64::from(grid.top(bounds.min[0] + x, bounds.min[2] + z).min(bounds.max[1]));
    let tops: Vec<f64> = columns.clone().map(|(x, z)| top(x, z)).collect();
    columns
        .map(|(x, z)| {
            let (mut sum, mut count) = (0.0, 0.0);
            for dz in (z - GROUND_REACH).max(0)..=(z + GROUND_REACH).min(depth - 1) {
                for dx in (x - GROUND_REACH).max(0)..=(x + GROUND_REACH).min(width - 1) {
                    sum += tops[(dz * width + dx) as usize];
                    count += 1.0;
                }
            }
            sum / count
        })
        .collect()
}

/// What decides how bright a face is.
struct Light<'a> {
    space: Space<'a>,
    view: &'a View,
    ground: &'a [f64],
}

impl Light<'_> {
    /// The colour of a face where a line of sight meets it, at a scale of so many pixels a block.
    fn colour(&self, hit: &Hit, scale: f64) -> [f64; 3] {
        let normal = std::array::from_fn(|axis| if axis == hit.axis { f64::from(hit.side) } else { 0.0 });
        let outside =
            std::array::from_fn(|axis| hit.cell[axis] + if axis == hit.axis { hit.side } else { 0 });
        let above: [f64; 3] = std::array::from_fn(|axis| hit.point[axis] + normal[axis] * 1e-3);
        let slant = dot(normal, self.view.sun).max(0.0);
        let lit = slant > 0.0 && !self.space.blocked(above, self.view.sun);
        let mut light = AMBIENT + if lit { 0.66 * slant } else { 0.16 * slant };
        let mut inset = [0.0; 2];
        for (part, axis) in inset.iter_mut().zip(tangents(hit.axis)) {
            *part = (hit.point[axis] - f64::from(hit.cell[axis])).clamp(0.0, 1.0);
        }
        if self.space.bounds.contains(outside) {
            light *= self.corner(outside, hit.axis, inset) * self.hollow(hit);
        }
        light *= grain(hit.cell);
        let nearest = inset.iter().map(|part| part.min(1.0 - part)).fold(f64::INFINITY, f64::min);
        if scale >= 7.0 && nearest * scale < 0.5 {
            light *= 0.86;
        }
        let colour = (self.space.look)(hit.material).colour.map(f64::from);
        colour.map(|part| part * light)
    }

    /// How much a face darkens towards the corners in which other blocks stand.
    fn corner(&self, outside: [i32; 3], axis: usize, inset: [f64; 2]) -> f64 {
        let [b, c] = tangents(axis);
        let blocked = |db: i32, dc: i32| {
            let mut cell = outside;
            cell[b] += db;
            cell[c] += dc;
            self.space.opaque(cell)
        };
        let level = |db: i32, dc: i32| {
            let (one, two) = (blocked(db, 0), blocked(0, dc));
            if one && two {
                return CORNER_LIGHT[3];
            }
            CORNER_LIGHT[usize::from(one) + usize::from(two) + usize::from(blocked(db, dc))]
        };
        let low = level(-1, -1) * (1.0 - inset[0]) + level(1, -1) * inset[0];
        let high = level(-1, 1) * (1.0 - inset[0]) + level(1, 1) * inset[0];
        low * (1.0 - inset[1]) + high * inset[1]
    }

    /// How much what lies lower than the ground around it darkens.
    fn hollow(&self, hit: &Hit) -> f64 {
        let bounds = self.space.bounds;
        let column =
            (hit.cell[2] - bounds.min[2]) * (bounds.max[0] - bounds.min[0]) + hit.cell[0] - bounds.min[0];
        let sunk = self.ground[column as usize] - hit.point[1];
        (1.0 - 0.075 * sunk).clamp(0.6, 1.1)
    }
}

fn tangents(axis: usize) -> [usize; 2] {
    match axis {
        0 => [1, 2],
        1 => [0, 2],
        _ => [0, 1],
    }
}

/// A little difference between blocks of one material, always the same for a cell.
fn grain(cell: [i32; 3]) -> f64 {
    let mut mixed = 0x9e37_79b9_u32;
    for part in cell {
        mixed = (mixed ^ part as u32).wrapping_mul(0x85eb_ca6b);
        mixed ^= mixed >> 15;
    }
    0.965 + 0.07 * f64::from(mixed & 0xff) / 255.0
}

/// A picture in the making, [`SAMPLES`] times as large.
struct Shot {
    width: usize,
    height: usize,
    colour: Vec<[f64; 3]>,
    depth: Vec<f64>,
}

impl Shot {
    fn new(width: usize, height: usize, [high, low]: [[f64; 3]; 2]) -> Self {
        let sky = |index: usize| mix(high, low, (index / width) as f64 / height as f64);
        let colour = (0..width * height).map(sky).collect();
        Self { width, height, colour, depth: vec![f64::INFINITY; width * height] }
    }

    fn take(&mut self, index: usize, light: &Light, sight: &Sight, scale: f64) {
        if let Some(hit) = &sight.solid {
            self.colour[index] = light.colour(hit, scale);
            self.depth[index] = light.view.depth(hit.depth);
        }
        if let Some(hit) = &sight.clear {
            self.colour[index] = mix(self.colour[index], light.colour(hit, scale), 0.62);
            self.depth[index] = light.view.depth(hit.depth);
        }
    }

    /// Darkens the rims behind which the ground falls away.
    fn edges(&mut self) {
        let step = 1.6;
        let mut dark = vec![false; self.colour.len()];
        for y in 0..self.height - 1 {
            for x in 0..self.width - 1 {
                let here = y * self.width + x;
                for there in [here + 1, here + self.width] {
                    let (a, b) = (self.depth[here], self.depth[there]);
                    if a.is_finite() && b.is_finite() && (a - b).abs() > step {
                        dark[if a > b { here } else { there }] = true;
                    }
                }
            }
        }
        for (colour, dark) in self.colour.iter_mut().zip(dark) {
            if dark {
                *colour = colour.map(|part| part * 0.55);
            }
        }
    }

    /// Draws a line around the samples that differ.
    fn rim(&mut self, differs: &[bool], dashed: bool) {
        let reach = SAMPLES as isize;
        let inside = |x: isize, y: isize| {
            x >= 0
                && y >= 0
                && x < self.width as isize
                && y < self.height as isize
                && differs[y as usize * self.width + x as usize]
        };
        let mut line = Vec::new();
        for y in 0..self.height as isize {
            for x in 0..self.width as isize {
                let near = || (-reach..=reach).any(|by| inside(x + by, y) || inside(x, y + by));
                if !inside(x, y) && near() && !(dashed && (x + y).rem_euclid(reach * 8) >= reach * 4) {
                    line.push(y as usize * self.width + x as usize);
                }
            }
        }
        for index in line {
            self.colour[index] = mix(self.colour[index], OUTLINE, if dashed { 0.7 } else { 0.9 });
        }
    }

    fn develop(self) -> Exposure {
        let (width, height) = (self.width / SAMPLES, self.height / SAMPLES);
        let mut canvas = Canvas::new(width, height);
        let mut depth = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let samples = (0..SAMPLES * SAMPLES)
                    .map(|part| (y * SAMPLES + part / SAMPLES) * self.width + x * SAMPLES + part % SAMPLES);
                let mut sum = [0.0; 3];
                for sample in samples.clone() {
                    for (total, part) in sum.iter_mut().zip(self.colour[sample]) {
                        *total += part;
                    }
                }
                canvas.set(x, y, sum.map(|total| total / (SAMPLES * SAMPLES) as f64));
                depth.push(samples.map(|sample| self.depth[sample]).fold(f64::INFINITY, f64::min));
            }
        }
        Exposure { canvas, depth }
    }
}
