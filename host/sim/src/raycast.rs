//! Rays through voxels: the traversal of Amanatides and Woo, exact.
//!
//! The order in which a ray crosses the faces between blocks is decided by cross-multiplied
//! integers, ties x before y before z, and only the hit is rounded, once. Chunks in memory are
//! asked for their mask of solid voxels, others for single blocks of the generated terrain; both
//! give the same answer. Knows nothing of entities.

use crate::chunk::{CHUNK_EDGE, CHUNK_VOLUME, Solid, block_at, offset};
use crate::fixed::Coord;
use crate::material::Material;
use crate::vector::{BlockPos, Direction, Point};
use crate::voxels::Voxels;

/// Where a ray meets a solid block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoxelHit {
    /// The block.
    pub block: BlockPos,
    /// What it is made of.
    pub material: Material,
    /// Where the ray meets its face; the origin, where the ray starts inside.
    pub position: Point,
    /// The face, as the step out of the block; zero where the ray starts inside.
    pub normal: BlockPos,
    /// How far from the origin.
    pub distance: Coord,
}

/// A longer ray is cut to this length, in raw parts: 2^14 blocks keep every product within an `i64`.
const LENGTH_MAX: i64 = 1 << 30;
/// Rays from farther outside reach nothing, in raw parts.
const ORIGIN_MAX: u64 = 1 << 38;
/// One block, in raw parts.
const BLOCK: i64 = 1 << Coord::FRACTION_BITS;

/// Why a traversal stopped.
enum Stop {
    Solid,
    /// At the first block of the next chunk, which is not looked at yet.
    Edge,
    End,
}

/// One axis of a ray.
#[derive(Clone, Copy)]
struct Axis {
    origin: Coord,
    /// The direction's absolute raw component.
    rate: i64,
    /// 1, -1, or 0 where the ray never crosses a face of this axis.
    step: i32,
    /// From the origin to the first face, raw, never negative.
    first: i64,
}

/// The state of a traversal. `xy` is negative or zero where the next face on x comes no later than
/// the next on y; likewise `xz` and `yz`.
struct Traversal {
    axes: [Axis; 3],
    xy: i64,
    xz: i64,
    yz: i64,
    block: BlockPos,
    /// Faces that are still to be crossed within the length.
    left: u32,
    /// The axis of the face crossed last.
    last: usize,
}

impl Voxels {
    /// The first solid block along a ray of at most `max` length (cut to 16,384 blocks).
    pub fn raycast(&self, origin: Point, direction: Direction, max: Coord) -> Option<VoxelHit> {
        let reachable = |part: Coord| part.raw().unsigned_abs() <= ORIGIN_MAX;
        if !(reachable(origin.x) && reachable(origin.y) && reachable(origin.z)) {
            return None;
        }
        let start = origin.block();
        let material = self.get(start);
        if material.is_solid() {
            let (normal, distance) = (BlockPos::default(), Coord::ZERO);
            return Some(VoxelHit { block: start, material, position: origin, normal, distance });
        }
        let mut traversal = Traversal::new(origin, direction, max.raw().clamp(0, LENGTH_MAX));
        loop {
            match self.cross_chunk(&mut traversal) {
                Stop::Solid => return Some(traversal.hit(self.get(traversal.block))),
                Stop::Edge => {}
                Stop::End => return None,
            }
        }
    }

    /// Follows the ray through the chunk of its block.
    fn cross_chunk(&self, traversal: &mut Traversal) -> Stop {
        let at = traversal.block.chunk();
        if let Some(chunk) = self.resident(at) {
            return match chunk.solid() {
                Solid::All(true) => Stop::Solid,
                Solid::All(false) => traversal.leave_chunk(),
                Solid::Rows(rows) => traversal.step(|offset| rows[offset >> 5] >> (offset & 31) & 1 != 0),
            };
        }
        match self.generator().uniform(at) {
            Some(material) if material.is_solid() => Stop::Solid,
            Some(_) => traversal.leave_chunk(),
            None => {
                let columns = self.generator().columns(at);
                if at.origin().y >= columns.ceiling() {
                    return traversal.leave_chunk();
                }
                traversal.step(|offset| columns.material(block_at(at, offset)).is_solid())
            }
        }
    }
}

impl Traversal {
    fn new(origin: Point, direction: Direction, max: i64) -> Self {
        let rates = direction.raw();
        let axes =
            [Axis::new(origin.x, rates[0]), Axis::new(origin.y, rates[1]), Axis::new(origin.z, rates[2])];
        let [x, y, z] = axes;
        Self {
            axes,
            xy: x.first * y.rate - y.first * x.rate,
            xz: x.first * z.rate - z.first * x.rate,
            yz: y.first * z.rate - z.first * y.rate,
            block: origin.block(),
            left: axes.iter().map(|axis| axis.faces_within(max)).sum(),
            last: 0,
        }
    }

    /// Block by block, to a solid one, the chunk's edge or the ray's end. Free of branches but for
    /// the stops: which face comes next is as good as random, and a wrong guess costs more than all
    /// the arithmetic here.
    #[inline(always)]
    fn step(&mut self, solid: impl Fn(usize) -> bool) -> Stop {
        let [x, y, z] = self.axes;
        let strides = [x.step, y.step << 10, z.step << 5];
        let rates =
            [x.rate << Coord::FRACTION_BITS, y.rate << Coord::FRACTION_BITS, z.rate << Coord::FRACTION_BITS];
        // One less, so that the sign alone tells "no later than".
        let (mut xy, mut xz, mut yz) = (self.xy - 1, self.xz - 1, self.yz - 1);
        let at = self.block.chunk();
        let mut place = offset(self.block) as i32;
        let mut left = self.left;
        let mut last = self.last;
        let stop = loop {
            if solid(place as usize & (CHUNK_VOLUME - 1)) {
                break Stop::Solid;
            }
            if left == 0 {
                break Stop::End;
            }
            left -= 1;
            let on_x = (xy & xz) >> 63;
            let on_y = !on_x & (yz >> 63);
            let on_z = !(on_x | on_y);
            xy = xy.wrapping_add((on_x & rates[1]).wrapping_sub(on_y & rates[0]));
            xz = xz.wrapping_add((on_x & rates[2]).wrapping_sub(on_z & rates[0]));
            yz = yz.wrapping_add((on_y & rates[2]).wrapping_sub(on_z & rates[1]));
            last = (on_y & 1 | on_z & 2) as usize;
            let (to_x, to_y, to_z) = (on_x as i32, on_y as i32, on_z as i32);
            let next = place.wrapping_add(to_x & strides[0] | to_y & strides[1] | to_z & strides[2]);
            // A step that carries out of its five bits leaves the chunk.
            let outside = to_x & !0x1f | to_y & !0x7fff | to_z & !0x3ff;
            if (place ^ next) & outside != 0 {
                break Stop::Edge;
            }
            place = next;
        };
        (self.xy, self.xz, self.yz) = (xy + 1, xz + 1, yz + 1);
        (self.left, self.last) = (left, last);
        self.block = block_at(at, place as usize);
        if let Stop::Edge = stop {
            self.move_block(last, 1);
        }
        stop
    }

    /// To the first block of the next chunk at once: nothing in this one is solid.
    fn leave_chunk(&mut self) -> Stop {
        let within = offset(self.block) as i32;
        let within = [within & 31, within >> 10, within >> 5 & 31];
        let edge = CHUNK_EDGE as i32;
        // For each axis the distance to the chunk's face along it, and how many faces that takes.
        let exits: [Option<(i64, u32)>; 3] = core::array::from_fn(|at| {
            let faces = match self.axes[at].step {
                0 => return None,
                1 => edge - within[at],
                _ => within[at] + 1,
            };
            Some((self.next_face(at) + (faces as i64 - 1) * BLOCK, faces as u32))
        });
        let mut exit = None;
        for (at, candidate) in exits.into_iter().enumerate() {
            let Some((distance, faces)) = candidate else { continue };
            let sooner = exit.is_none_or(|(best, best_distance, _): (usize, i64, u32)| {
                distance * self.axes[best].rate < best_distance * self.axes[at].rate
            });
            if sooner {
                exit = Some((at, distance, faces));
            }
        }
        let Some((exit, distance, faces)) = exit else { return Stop::End };
        let crossed: [u32; 3] =
            core::array::from_fn(|at| if at == exit { faces } else { self.faces_before(at, exit, distance) });
        let total: u32 = crossed.iter().sum();
        if total > self.left {
            return Stop::End;
        }
        self.left -= total;
        self.last = exit;
        let [x, y, z] = crossed.map(|faces| faces as i64 * BLOCK);
        let rates = self.axes.map(|axis| axis.rate);
        self.xy += x * rates[1] - y * rates[0];
        self.xz += x * rates[2] - z * rates[0];
        self.yz += y * rates[2] - z * rates[1];
        for (at, faces) in crossed.into_iter().enumerate() {
            self.move_block(at, faces as i32);
        }
        Stop::Edge
    }

    /// How many faces on axis `at` the ray crosses before the one at `distance` on axis `exit`.
    fn faces_before(&self, at: usize, exit: usize, distance: i64) -> u32 {
        let axis = self.axes[at];
        if axis.step == 0 {
            return 0;
        }
        let product = distance * axis.rate;
        // On a tie the earlier axis goes first.
        let farthest = (product - (at > exit) as i64).div_euclid(self.axes[exit].rate);
        let next = self.next_face(at);
        if farthest < next { 0 } else { ((farthest - next) / BLOCK) as u32 + 1 }
    }

    /// From the origin to the next face on this axis, raw.
    fn next_face(&self, at: usize) -> i64 {
        let axis = self.axes[at];
        let place = [self.block.x, self.block.y, self.block.z][at];
        axis.first + (place as i64 - axis.origin.floor()).abs() * BLOCK
    }

    fn move_block(&mut self, at: usize, blocks: i32) {
        let place = [&mut self.block.x, &mut self.block.y, &mut self.block.z];
        let steps = self.axes.map(|axis| axis.step);
        *place[at] += steps[at] * blocks;
    }

    fn hit(&self, material: Material) -> VoxelHit {
        let crossed = self.axes[self.last];
        let face = self.next_face(self.last) - BLOCK;
        let part = |at: usize| {
            let axis = self.axes[at];
            let moved =
                if at == self.last { face } else { divide_to_nearest(face * axis.rate, crossed.rate) };
            axis.origin + Coord::from_raw(moved * axis.step as i64)
        };
        let out = |at: usize| if at == self.last { -self.axes[at].step } else { 0 };
        VoxelHit {
            block: self.block,
            material,
            position: Point { x: part(0), y: part(1), z: part(2) },
            normal: BlockPos::new(out(0), out(1), out(2)),
            distance: Coord::from_raw(divide_to_nearest(face << Direction::FRACTION_BITS, crossed.rate)),
        }
    }
}

impl Axis {
    fn new(origin: Coord, rate: i32) -> Self {
        let within = origin.raw() & (BLOCK - 1);
        let first = if rate < 0 { within } else { BLOCK - within };
        Self { origin, rate: (rate as i64).abs(), step: rate.signum(), first }
    }

    /// How many faces lie within a ray of this length.
    fn faces_within(self, length: i64) -> u32 {
        let reach = (length * self.rate) >> Direction::FRACTION_BITS;
        if self.step == 0 || reach < self.first { 0 } else { ((reach - self.first) / BLOCK) as u32 + 1 }
    }
}

/// The quotient of numbers that are not negative, rounded to the nearest, halves up.
fn divide_to_nearest(numerator: i64, denominator: i64) -> i64 {
    (numerator + denominator / 2) / denominator
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{Generator, Terrain};
    use crate::limits::HORIZONTAL_BLOCKS;
    use crate::voxels::{Edit, FillMode};
    use alloc::vec::Vec;
    use core::cmp::Ordering;
    use proptest::prelude::*;

    /// The same answer the slow way: every face within the length, sorted exactly.
    fn slow(voxels: &Voxels, origin: Point, direction: Direction, max: Coord) -> Option<VoxelHit> {
        let start = origin.block();
        let inside = voxels.get(start);
        if inside.is_solid() {
            let (normal, distance) = (BlockPos::default(), Coord::ZERO);
            return Some(VoxelHit { block: start, material: inside, position: origin, normal, distance });
        }
        let rates = direction.raw().map(i128::from);
        let origins = [origin.x, origin.y, origin.z].map(|part| part.raw() as i128);
        let mut faces: Vec<(i128, usize)> = Vec::new();
        for axis in 0..3 {
            let floor = origins[axis].div_euclid(65_536);
            for step in 0.. {
                let face = 65_536 * if rates[axis] > 0 { floor + 1 + step } else { floor - step };
                let distance = (face - origins[axis]).abs();
                if rates[axis] == 0 || distance << 30 > max.raw() as i128 * rates[axis].abs() {
                    break;
                }
                faces.push((distance, axis));
            }
        }
        let compare = |a: &(i128, usize), b: &(i128, usize)| -> Ordering {
            (a.0 * rates[b.1].abs()).cmp(&(b.0 * rates[a.1].abs())).then(a.1.cmp(&b.1))
        };
        faces.sort_by(compare);
        let mut place = [start.x, start.y, start.z];
        for (distance, axis) in faces {
            place[axis] += rates[axis].signum() as i32;
            let block = BlockPos::new(place[0], place[1], place[2]);
            let material = voxels.get(block);
            if !material.is_solid() {
                continue;
            }
            let rate = rates[axis].abs();
            let near = |numerator: i128| ((numerator + rate / 2) / rate) as i64;
            let part = |at: usize| {
                Coord::from_raw(
                    origins[at] as i64 + near(distance * rates[at].abs()) * rates[at].signum() as i64,
                )
            };
            let mut normal = [0; 3];
            normal[axis] = -rates[axis].signum() as i32;
            return Some(VoxelHit {
                block,
                material,
                position: Point { x: part(0), y: part(1), z: part(2) },
                normal: BlockPos::new(normal[0], normal[1], normal[2]),
                distance: Coord::from_raw(near(distance << 30)),
            });
        }
        None
    }

    fn point() -> impl Strategy<Value = Point> {
        let coarse = || (-80i64..80).prop_map(|half| half << 15);
        let fine = || -80i64 << 16..80 << 16;
        prop_oneof![
            (coarse(), coarse(), coarse()).prop_map(|(x, y, z)| Point::from_raw(x, y, z)),
            (fine(), fine(), fine()).prop_map(|(x, y, z)| Point::from_raw(x, y, z)),
        ]
    }

    fn direction() -> impl Strategy<Value = Direction> {
        let coarse = || -2i64..=2;
        let fine = || -1000i64..=1000;
        prop_oneof![(coarse(), coarse(), coarse()), (fine(), fine(), fine())]
            .prop_filter_map("zero has no direction", |(x, y, z)| Direction::normalise(x, y, z))
    }

    proptest! {
        #[test]
        fn the_fast_way_finds_what_the_slow_way_finds(
            seed in 0u64..4,
            origin in point(),
            direction in direction(),
            length in 0i64..256 << 16,
            terrain in prop_oneof![Just(Terrain::Hills), Just(Terrain::Flat), Just(Terrain::Empty)],
            loaded in 0i32..3,
            balls in proptest::collection::vec((point(), any::<bool>()), 0..4),
        ) {
            let mut voxels = Voxels::new(Generator::new(terrain, seed));
            for (center, add) in balls {
                let mode = if add { FillMode::Add } else { FillMode::Subtract };
                voxels.apply(&Edit::Sphere { center, radius: Coord::from_whole(9), material: Material::ICE, mode });
            }
            let max = Coord::from_raw(length);
            let expected = slow(&voxels, origin, direction, max);
            prop_assert_eq!(voxels.raycast(origin, direction, max), expected);
            voxels.load_near(origin.block(), loaded);
            prop_assert_eq!(voxels.raycast(origin, direction, max), expected, "with chunks in memory");
            if let Some(hit) = expected {
                prop_assert!(hit.distance <= max);
                let off = origin.distance(hit.position).raw() - hit.distance.raw();
                prop_assert!(off.abs() <= 2, "the position is {} from the distance", off);
            }
        }

        #[test]
        fn rays_from_anywhere_end(x: i64, y: i64, z: i64, direction in direction(), max: i64) {
            let voxels = Voxels::new(Generator::new(Terrain::Flat, 0));
            let _ = voxels.raycast(Point::from_raw(x, y, z), direction, Coord::from_raw(max));
            let (x, y, z) = (x >> 25, y >> 30, z >> 25);
            let _ = voxels.raycast(Point::from_raw(x, y, z), direction, Coord::from_raw(max));
        }
    }

    fn flat() -> Voxels {
        Voxels::new(Generator::new(Terrain::Flat, 0))
    }

    #[test]
    fn straight_down_onto_the_grass() {
        let hit =
            flat().raycast(Point::from_raw(32_768, 5 << 16, 32_768), Direction::DOWN, Coord::from_whole(5));
        let expected = VoxelHit {
            block: BlockPos::new(0, -1, 0),
            material: Material::GRASS,
            position: Point::from_raw(32_768, 0, 32_768),
            normal: BlockPos::new(0, 1, 0),
            distance: Coord::from_whole(5),
        };
        assert_eq!(hit, Some(expected), "the length counts");
        let shorter = Coord::from_raw((5 << 16) - 1);
        assert_eq!(flat().raycast(Point::from_raw(32_768, 5 << 16, 32_768), Direction::DOWN, shorter), None);
    }

    #[test]
    fn inside_a_block_the_ray_ends_where_it_starts() {
        let origin = Point::from_blocks(3, -7, 3);
        let hit = flat().raycast(origin, Direction::UP, Coord::from_whole(9)).expect("stone");
        assert_eq!((hit.position, hit.normal, hit.distance), (origin, BlockPos::default(), Coord::ZERO));
        assert_eq!((hit.block, hit.material), (BlockPos::new(3, -7, 3), Material::STONE));
    }

    #[test]
    fn an_exact_corner_is_crossed_on_x_before_y_before_z() {
        let mut voxels = Voxels::new(Generator::new(Terrain::Empty, 0));
        for (x, y, z) in [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)] {
            voxels.apply(&Edit::Set { pos: BlockPos::new(x, y, z), material: Material::STONE });
        }
        let diagonal = Direction::normalise(1, 1, 1).expect("not zero");
        let cast = |voxels: &Voxels| {
            voxels
                .raycast(Point::from_raw(32_768, 32_768, 32_768), diagonal, Coord::from_whole(4))
                .map(|hit| hit.block)
        };
        assert_eq!(cast(&voxels), Some(BlockPos::new(1, 0, 0)));
        voxels.apply(&Edit::Set { pos: BlockPos::new(1, 0, 0), material: Material::AIR });
        assert_eq!(cast(&voxels), Some(BlockPos::new(1, 1, 1)), "(1, 0, 0), (1, 1, 0), (1, 1, 1)");
    }

    #[test]
    fn the_longest_ray_crosses_the_edge_of_the_world() {
        let voxels = flat();
        let origin = Point::from_blocks(-HORIZONTAL_BLOCKS - 10_000, -3, 0);
        let east = Direction::normalise(1, 0, 0).expect("not zero");
        let hit = voxels.raycast(origin, east, Coord::from_whole(1 << 20)).expect("the world's first block");
        assert_eq!((hit.block.x, hit.distance), (-HORIZONTAL_BLOCKS, Coord::from_whole(10_000)));
    }
}
