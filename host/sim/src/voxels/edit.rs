//! Edits: one voxel, a sphere or a box, put into a chunk.
//!
//! An edit is a set of rows along x, each a mask of 32 bits, so that a chunk is unpacked and packed
//! once however much of it changes. Promises that blocks outside the world's bounds are never
//! covered. Knows one chunk at a time, nothing of versions or hashes.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::chunk::{CHUNK_EDGE, CHUNK_ROWS, Flat};
use crate::fixed::Coord;
use crate::limits::{BOX_EDGE_MAX, HORIZONTAL_BLOCKS, SPHERE_RADIUS_MAX, VERTICAL_BLOCKS};
use crate::material::{MATERIALS, Material};
use crate::vector::{BlockPos, BlockSize, ChunkPos, Point};

/// How a sphere or box changes the voxels it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FillMode {
    /// Fills what is not solid with the material.
    Add,
    /// Turns everything to air; the material does not matter.
    Subtract,
    /// Gives what is solid the material.
    Paint,
}

/// A change of terrain. What it covers outside the world's bounds is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Puts a material at one block, whatever was there.
    Set {
        /// The block.
        pos: BlockPos,
        /// What it becomes.
        material: Material,
    },
    /// Covers the blocks whose centre is at most `radius` from `center`.
    Sphere {
        /// Any point.
        center: Point,
        /// Cut to [`SPHERE_RADIUS_MAX`] blocks; below zero covers nothing.
        radius: Coord,
        /// What is filled in or painted.
        material: Material,
        /// What happens to the covered blocks.
        mode: FillMode,
    },
    /// Covers `size` blocks from `min` upward.
    Box {
        /// The least block.
        min: BlockPos,
        /// Each edge is cut to [`BOX_EDGE_MAX`].
        size: BlockSize,
        /// What is filled in or painted.
        material: Material,
        /// What happens to the covered blocks.
        mode: FillMode,
    },
}

/// How many voxels turned from one material to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub struct VoxelChange {
    pub from: Material,
    pub to: Material,
    pub count: u32,
}

/// What an edit turns each material into.
pub struct Recipe {
    to: [Option<Material>; MATERIALS.len()],
}

/// How many voxels of each material turned into the recipe's.
pub type Tally = [u32; MATERIALS.len()];

/// The blocks that an edit may cover, within the bounds: the least and, inclusive, the greatest.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    least: BlockPos,
    greatest: BlockPos,
}

impl Edit {
    /// What this edit turns each material into.
    pub fn recipe(&self) -> Recipe {
        let (material, mode) = match *self {
            Self::Set { material, .. } => (material, None),
            Self::Sphere { material, mode, .. } | Self::Box { material, mode, .. } => (material, Some(mode)),
        };
        let to = core::array::from_fn(|from| {
            let solid = MATERIALS[from].solid;
            let to = match mode {
                None => material,
                Some(FillMode::Subtract) => Material::AIR,
                Some(FillMode::Add) if !solid => material,
                Some(FillMode::Paint) if solid => material,
                Some(FillMode::Add | FillMode::Paint) => return None,
            };
            (to.number() as usize != from).then_some(to)
        });
        Recipe { to }
    }

    /// The box around this edit, cut to the world's bounds; `None` where nothing is left.
    pub fn extent(&self) -> Option<Extent> {
        let (least, greatest) = match *self {
            Self::Set { pos, .. } => {
                let block = [pos.x as i64, pos.y as i64, pos.z as i64];
                (block, block)
            }
            Self::Sphere { center, radius, .. } => {
                let radius = cut_radius(radius);
                let [x, y, z] = [center.x, center.y, center.z];
                if radius < Coord::ZERO {
                    return None;
                }
                ([x, y, z].map(|part| (part - radius).floor()), [x, y, z].map(|part| (part + radius).floor()))
            }
            Self::Box { min, size, .. } => {
                let least = [min.x as i64, min.y as i64, min.z as i64];
                let size = [size.x, size.y, size.z].map(|edge| edge.min(BOX_EDGE_MAX) as i64);
                (least, core::array::from_fn(|axis| least[axis] + size[axis] - 1))
            }
        };
        let bounds = [HORIZONTAL_BLOCKS, VERTICAL_BLOCKS, HORIZONTAL_BLOCKS].map(i64::from);
        let least: [i64; 3] = core::array::from_fn(|axis| least[axis].max(-bounds[axis]));
        let greatest: [i64; 3] = core::array::from_fn(|axis| greatest[axis].min(bounds[axis] - 1));
        let block = |[x, y, z]: [i64; 3]| BlockPos::new(x as i32, y as i32, z as i32);
        (0..3)
            .all(|axis| least[axis] <= greatest[axis])
            .then(|| Extent { least: block(least), greatest: block(greatest) })
    }

    /// The chunks that hold a block which this edit may cover, sorted. For a sphere those that its ball reaches:
    /// the corners of the box around it are left out.
    pub fn chunks(&self) -> impl Iterator<Item = ChunkPos> + use<> {
        let edit = *self;
        let all = self.extent().into_iter().flat_map(Extent::chunks);
        all.filter(move |at| edit.reaches(*at))
    }

    /// Whether the block centres of a chunk come as near as a sphere's radius.
    fn reaches(&self, at: ChunkPos) -> bool {
        let Self::Sphere { center, radius, .. } = *self else { return true };
        let origin = at.origin();
        let gap = |part: Coord, least: i32| {
            let least = ((least as i64) << Coord::FRACTION_BITS) + BLOCK / 2;
            let greatest = least + (CHUNK_EDGE as i64 - 1) * BLOCK;
            (least - part.raw()).max(part.raw() - greatest).max(0) as i128
        };
        let gaps = [gap(center.x, origin.x), gap(center.y, origin.y), gap(center.z, origin.z)];
        let radius = cut_radius(radius).raw() as i128;
        gaps.iter().map(|gap| gap * gap).sum::<i128>() <= radius * radius
    }

    /// Changes the material numbers of a chunk; `tally` counts what each was before.
    pub fn apply(&self, extent: Extent, recipe: &Recipe, at: ChunkPos, flat: &mut Flat, tally: &mut Tally) {
        let origin = at.origin();
        let (rows, _) = flat.as_chunks_mut::<CHUNK_EDGE>();
        for (place, row) in rows.iter_mut().enumerate().take(CHUNK_ROWS) {
            let (y, z) = (origin.y + (place >> 5) as i32, origin.z + (place & 31) as i32);
            let Some((from, to)) = self.row(extent, y, z) else { continue };
            let from = from.max(origin.x) - origin.x;
            let to = to.min(origin.x + CHUNK_EDGE as i32 - 1) - origin.x;
            for voxel in row.iter_mut().take((to + 1).max(0) as usize).skip(from as usize) {
                if let Some(material) = recipe.to[*voxel as usize] {
                    tally[*voxel as usize] += 1;
                    *voxel = material.number() as u8;
                }
            }
        }
    }

    /// The first and last block that is covered in a row along x.
    fn row(&self, extent: Extent, y: i32, z: i32) -> Option<(i32, i32)> {
        let Extent { least, greatest } = extent;
        if y < least.y || y > greatest.y || z < least.z || z > greatest.z {
            return None;
        }
        let Self::Sphere { center, radius, .. } = *self else { return Some((least.x, greatest.x)) };
        let radius = cut_radius(radius);
        // The row holds a block of the extent, so both differences are at most a radius and a block.
        let square = |part: Coord| (part.raw() * part.raw()) as u64;
        let middle = BlockPos::new(0, y, z).centre();
        let across = square(middle.y - center.y) + square(middle.z - center.z);
        let half = square(radius).checked_sub(across)?.isqrt() as i64;
        // The blocks whose centre lies in center.x - half ..= center.x + half.
        let first = (center.x.raw() - half + BLOCK / 2 - 1).div_euclid(BLOCK);
        let last = (center.x.raw() + half - BLOCK / 2).div_euclid(BLOCK);
        let (first, last) = (first.max(least.x as i64), last.min(greatest.x as i64));
        (first <= last).then_some((first as i32, last as i32))
    }
}

/// One block, in raw parts.
const BLOCK: i64 = 1 << Coord::FRACTION_BITS;

fn cut_radius(radius: Coord) -> Coord {
    radius.min(Coord::from_whole(SPHERE_RADIUS_MAX))
}

impl Recipe {
    /// What this recipe turns a material into, where it changes it.
    pub fn result(&self, material: Material) -> Option<Material> {
        self.to[material.number() as usize]
    }

    /// The counted changes, sorted.
    pub fn changes(&self, tally: &Tally) -> Vec<VoxelChange> {
        let row = |(from, &count): (usize, &u32)| {
            let from = Material::from_number(from as u16)?;
            let to = self.result(from)?;
            (count > 0).then_some(VoxelChange { from, to, count })
        };
        tally.iter().enumerate().filter_map(row).collect()
    }
}

impl Extent {
    /// The chunks that hold a block of it, sorted.
    pub fn chunks(self) -> impl Iterator<Item = ChunkPos> {
        let (least, greatest) = (self.least.chunk(), self.greatest.chunk());
        (least.x..=greatest.x).flat_map(move |x| {
            (least.y..=greatest.y)
                .flat_map(move |y| (least.z..=greatest.z).map(move |z| ChunkPos { x, y, z }))
        })
    }
}
