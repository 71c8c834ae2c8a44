//! A piece of a world from above: of every column, what lies on top and how high.
//!
//! Promises that what it says is what the voxels say, and that its work is bounded by the area asked
//! for. Knows voxels, and nothing of worlds that tick or of who asks.

use std::collections::{BTreeMap, BTreeSet};

use spellhost_sim::{BlockPos, BlockSize, CHUNK_EDGE, Material, Voxels};

use crate::limits::MAP_BLOCKS_MAX;

/// The bytes of one column: the height above its top block as an `i16`, the number of the top block's
/// material, and how many blocks of it can be looked through before something solid comes.
pub const COLUMN_BYTES: usize = 4;

/// The height of a column in which there is nothing.
pub const NOTHING: i16 = i16::MIN;

/// The layers of chunks in which generated terrain has its surface. Above there is air, and a shaft
/// that goes deeper is shown as one without a floor.
const GENERATED_LAYERS: std::ops::RangeInclusive<i32> = -8..=1;

const EDGE: i32 = CHUNK_EDGE as i32;

/// A square of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// Its least x.
    pub x: i32,
    /// Its least z.
    pub z: i32,
    /// Its edge, in blocks.
    pub size: u32,
}

impl Area {
    /// An area within the bounds of a world, and not too large.
    pub fn new(x: i32, z: i32, size: u32) -> Option<Self> {
        let corner = |x: i32, z: i32| BlockPos::new(x, 0, z).in_bounds();
        let last = i32::try_from(size).ok().filter(|size| (1..=MAP_BLOCKS_MAX as i32).contains(size))? - 1;
        let inside = corner(x, z) && corner(x.checked_add(last)?, z.checked_add(last)?);
        inside.then_some(Self { x, z, size })
    }

    /// The place of a column in the answer, where it is part of the area.
    fn index(self, x: i32, z: i32) -> Option<usize> {
        let along = |at: i32, from: i32| u32::try_from(at - from).ok().filter(|along| *along < self.size);
        Some((along(z, self.z)? * self.size + along(x, self.x)?) as usize)
    }

    fn chunks(self, from: i32) -> std::ops::RangeInclusive<i32> {
        from >> 5..=(from + self.size as i32 - 1) >> 5
    }
}

/// What is known of a column so far.
#[derive(Clone, Copy)]
struct Column {
    /// The height above its top block, and that block's material.
    top: Option<(i16, Material)>,
    depth: u8,
    done: bool,
}

/// The columns of an area, x fastest, [`COLUMN_BYTES`] each.
pub fn columns(voxels: &Voxels, area: Area) -> Vec<u8> {
    let edited = edited_layers(voxels, area);
    let mut columns = vec![Column { top: None, depth: 0, done: false }; (area.size * area.size) as usize];
    for chunk_z in area.chunks(area.z) {
        for chunk_x in area.chunks(area.x) {
            let mut layers: BTreeSet<i32> = GENERATED_LAYERS.collect();
            layers.extend(edited.get(&(chunk_x, chunk_z)).into_iter().flatten());
            for layer in layers.into_iter().rev() {
                let min = BlockPos::new(chunk_x * EDGE, layer * EDGE, chunk_z * EDGE);
                if !look_down(voxels, area, min, &mut columns) {
                    break;
                }
            }
        }
    }
    columns.iter().flat_map(|column| column.bytes()).collect()
}

/// In which layers somebody has changed something, by the x and z of the chunk.
fn edited_layers(voxels: &Voxels, area: Area) -> BTreeMap<(i32, i32), BTreeSet<i32>> {
    let (along_x, along_z) = (area.chunks(area.x), area.chunks(area.z));
    let mut layers: BTreeMap<_, BTreeSet<i32>> = BTreeMap::new();
    for (at, _, _) in voxels.edited() {
        if along_x.contains(&at.x) && along_z.contains(&at.z) {
            layers.entry((at.x, at.z)).or_default().insert(at.y);
        }
    }
    layers
}

/// Looks through one chunk from above; whether any of its columns has to be followed further down.
fn look_down(voxels: &Voxels, area: Area, min: BlockPos, columns: &mut [Column]) -> bool {
    let edge = CHUNK_EDGE as u32;
    let materials = voxels.region(min, BlockSize { x: edge, y: edge, z: edge });
    let mut goes_on = false;
    for z in 0..CHUNK_EDGE {
        for x in 0..CHUNK_EDGE {
            let Some(at) = area.index(min.x + x as i32, min.z + z as i32) else { continue };
            for y in (0..CHUNK_EDGE).rev() {
                let material = materials[(y * CHUNK_EDGE + z) * CHUNK_EDGE + x];
                columns[at].meet(min.y + y as i32, material);
            }
            goes_on |= !columns[at].done;
        }
    }
    goes_on
}

impl Column {
    /// The next block downward.
    fn meet(&mut self, y: i32, material: Material) {
        if self.done || material == Material::AIR {
            // Air under water ends it as a floor would.
            self.done |= self.top.is_some();
            return;
        }
        // A world is two thousand blocks high.
        self.top.get_or_insert((y as i16 + 1, material));
        if material.is_solid() {
            self.done = true;
        } else {
            self.depth = self.depth.saturating_add(1);
        }
    }

    fn bytes(&self) -> [u8; COLUMN_BYTES] {
        let (height, material) = self.top.unwrap_or((NOTHING, Material::AIR));
        let [low, high] = height.to_le_bytes();
        [low, high, material.number() as u8, self.depth]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spellhost_sim::limits::{HORIZONTAL_BLOCKS, VERTICAL_BLOCKS};
    use spellhost_sim::{Chunk, ChunkPos, Edit, FillMode, Generator, Point, Terrain};

    /// The slow way: block by block from the highest.
    fn slowly(voxels: &Voxels, x: i32, z: i32) -> [u8; COLUMN_BYTES] {
        let mut column = Column { top: None, depth: 0, done: false };
        let floor = GENERATED_LAYERS.start() * EDGE;
        (floor..VERTICAL_BLOCKS).rev().for_each(|y| column.meet(y, voxels.get(BlockPos::new(x, y, z))));
        column.bytes()
    }

    fn sphere(x: i32, y: i32, z: i32, radius: i64, material: Material, mode: FillMode) -> Edit {
        let radius = spellhost_sim::Coord::from_whole(radius);
        Edit::Sphere { center: Point::from_blocks(x, y, z), radius, material, mode }
    }

    #[test]
    fn columns_say_what_the_voxels_say() {
        for terrain in [Terrain::Hills, Terrain::Flat, Terrain::Empty] {
            let mut voxels = Voxels::new(Generator::new(terrain, 7));
            voxels.apply(&sphere(20, 4, 20, 9, Material::AIR, FillMode::Subtract));
            voxels.apply(&sphere(30, 200, 28, 3, Material::STONE, FillMode::Add));
            voxels.apply(&sphere(26, -40, 14, 4, Material::WATER, FillMode::Add));
            let area = Area::new(-3, 9, 70).expect("it is within the bounds");
            let seen = columns(&voxels, area);
            assert_eq!(seen.len(), 70 * 70 * COLUMN_BYTES);
            for at in (0..70 * 70).step_by(13) {
                let (x, z) = (area.x + at % 70, area.z + at / 70);
                let own = &seen[at as usize * COLUMN_BYTES..][..COLUMN_BYTES];
                assert_eq!(own, slowly(&voxels, x, z), "{terrain:?} {x} {z}");
            }
        }
    }

    #[test]
    fn generated_terrain_ends_where_the_layers_end() {
        let air = Chunk::uniform(Material::AIR);
        for seed in 0..20 {
            let generator = Generator::new(Terrain::Hills, seed);
            let at = ChunkPos { x: seed as i32 * 7, y: GENERATED_LAYERS.end() + 1, z: -3 };
            assert_eq!(generator.chunk(at), air);
        }
    }

    #[test]
    fn an_area_is_bounded() {
        let edge = HORIZONTAL_BLOCKS;
        assert!(Area::new(-edge, -edge, MAP_BLOCKS_MAX).is_some());
        let outside =
            [(0, 0, 0), (0, 0, MAP_BLOCKS_MAX + 1), (-edge - 1, 0, 1), (edge - 1, 0, 2), (i32::MAX, 0, 9)];
        assert!(outside.into_iter().all(|(x, z, size)| Area::new(x, z, size).is_none()));
    }
}
