//! A chunk: 32 x 32 x 32 materials, palette-compressed, with one bit a voxel for what is solid.
//!
//! Promises one form per content: the palette is sorted and holds only what occurs, and indices
//! take the fewest bits, so equal content has equal bytes. A chunk of one material costs bytes.
//! Deliberately does not know where it is in the world, or whether anybody changed it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::material::{MATERIALS, Material};
use crate::vector::{BlockPos, ChunkPos};

/// The edge of a chunk, in blocks.
pub const CHUNK_EDGE: usize = 32;
/// The voxels of a chunk.
pub(crate) const CHUNK_VOLUME: usize = CHUNK_EDGE * CHUNK_EDGE * CHUNK_EDGE;
/// The rows along x of a chunk: row `y * 32 + z`.
pub(crate) const CHUNK_ROWS: usize = CHUNK_EDGE * CHUNK_EDGE;

/// The material numbers of a chunk, x fastest, then z, then y.
pub(crate) type Flat = [u8; CHUNK_VOLUME];

const _: () = assert!(MATERIALS.len() <= 256, "a flat chunk holds material numbers in bytes");
const _: () = assert!(CHUNK_EDGE == 32, "one u32 is the mask of a row");

/// 32 x 32 x 32 materials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk(Content);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Uniform(Material),
    Mixed(Mixed),
}

/// At least two materials.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mixed {
    /// What occurs and how often, sorted by material.
    palette: Vec<(Material, u32)>,
    /// An index takes `1 << width_log` bits.
    width_log: u32,
    /// Indices into the palette, lowest bits first.
    words: Vec<u64>,
    /// Which voxels are solid: bit x of row `y * 32 + z`.
    solid: Box<[u32; CHUNK_ROWS]>,
}

/// The place of a block within its chunk, x fastest, then z, then y.
pub(crate) const fn offset(block: BlockPos) -> usize {
    ((block.x & 31) | (block.z & 31) << 5 | (block.y & 31) << 10) as usize
}

/// The block at an [`offset`] of a chunk.
pub(crate) const fn block_at(chunk: ChunkPos, offset: usize) -> BlockPos {
    let origin = chunk.origin();
    let offset = offset as i32;
    BlockPos::new(origin.x | (offset & 31), origin.y | offset >> 10, origin.z | (offset >> 5 & 31))
}

/// Zeroed room for a chunk's material numbers: all air.
pub(crate) fn flat_air() -> Box<Flat> {
    Box::new([0; CHUNK_VOLUME])
}

impl Chunk {
    /// A chunk of one material.
    pub const fn uniform(material: Material) -> Self {
        Self(Content::Uniform(material))
    }

    /// The material at `x`, `y`, `z`, each taken modulo 32.
    pub fn get(&self, x: usize, y: usize, z: usize) -> Material {
        self.at((x & 31) | (z & 31) << 5 | (y & 31) << 10)
    }

    /// The one material of this chunk, where there is only one.
    pub fn uniform_material(&self) -> Option<Material> {
        match &self.0 {
            Content::Uniform(material) => Some(*material),
            Content::Mixed(_) => None,
        }
    }

    /// What occurs in this chunk and in how many voxels, sorted by material.
    pub fn counts(&self) -> Vec<(Material, u32)> {
        match &self.0 {
            Content::Uniform(material) => [(*material, CHUNK_VOLUME as u32)].into(),
            Content::Mixed(mixed) => mixed.palette.clone(),
        }
    }

    /// The canonical bytes: the palette's length, its materials as little-endian `u16`, and for
    /// more than one material the packed indices (1, 2, 4 or 8 bits each, x fastest, then z, then y).
    pub fn encode(&self) -> Vec<u8> {
        match &self.0 {
            Content::Uniform(material) => {
                let mut bytes = Vec::with_capacity(3);
                bytes.push(1);
                bytes.extend(material.number().to_le_bytes());
                bytes
            }
            Content::Mixed(mixed) => {
                let mut bytes = Vec::with_capacity(1 + 2 * mixed.palette.len() + 8 * mixed.words.len());
                bytes.push(mixed.palette.len() as u8);
                for (material, _) in &mixed.palette {
                    bytes.extend(material.number().to_le_bytes());
                }
                for word in &mixed.words {
                    bytes.extend(word.to_le_bytes());
                }
                bytes
            }
        }
    }

    /// The chunk with these canonical bytes; `None` for anything that [`Chunk::encode`] does not write.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (&length, rest) = bytes.split_first()?;
        let (palette, rest) = rest.split_at_checked(2 * length as usize)?;
        let palette: Vec<Material> = palette
            .chunks_exact(2)
            .map(|pair| Material::from_number(u16::from_le_bytes([pair[0], pair[1]])))
            .collect::<Option<_>>()?;
        if !palette.is_sorted_by(|a, b| a < b) {
            return None;
        }
        if let [material] = palette[..] {
            return rest.is_empty().then_some(Self::uniform(material));
        }
        let width_log = width_log(palette.len());
        if palette.is_empty() || rest.len() != CHUNK_VOLUME << width_log >> 3 {
            return None;
        }
        let mut flat = flat_air();
        let width = 1 << width_log;
        for (at, voxel) in flat.iter_mut().enumerate() {
            let bit = at << width_log;
            let index = rest[bit >> 3] >> (bit & 7) & ((1u32 << width) - 1) as u8;
            *voxel = palette.get(index as usize)?.number() as u8;
        }
        let chunk = Self::from_flat(&flat);
        let occurring = match &chunk.0 {
            Content::Uniform(_) => 1,
            Content::Mixed(mixed) => mixed.palette.len(),
        };
        (occurring == palette.len()).then_some(chunk)
    }

    /// The chunk with these material numbers, each of which must be in the table.
    pub(crate) fn from_flat(flat: &Flat) -> Self {
        let counts = count(flat);
        let mut palette = Vec::new();
        let mut index_of = [0u8; MATERIALS.len()];
        for (number, &count) in counts.iter().enumerate() {
            if count > 0 {
                index_of[number] = palette.len() as u8;
                let material = Material::from_number(number as u16).expect("counts has the table's length");
                palette.push((material, count));
            }
        }
        if let [(material, _)] = palette[..] {
            return Self::uniform(material);
        }
        let width_log = width_log(palette.len());
        let mut words = Vec::with_capacity(CHUNK_VOLUME << width_log >> 6);
        pack(flat, &index_of, width_log, &mut words);
        Self(Content::Mixed(Mixed { palette, width_log, words, solid: solid_rows(flat) }))
    }

    /// Writes the material numbers of this chunk into `flat`.
    pub(crate) fn write_flat(&self, flat: &mut Flat) {
        match &self.0 {
            Content::Uniform(material) => flat.fill(material.number() as u8),
            Content::Mixed(mixed) => mixed.write_flat(flat),
        }
    }

    /// The material at an [`offset`].
    pub(crate) fn at(&self, offset: usize) -> Material {
        match &self.0 {
            Content::Uniform(material) => *material,
            Content::Mixed(mixed) => mixed.palette[mixed.index(offset)].0,
        }
    }

    /// Which voxels are solid, bit x of row `y * 32 + z`; for a chunk of one material, whether it is.
    pub(crate) fn solid(&self) -> Solid<'_> {
        match &self.0 {
            Content::Uniform(material) => Solid::All(material.is_solid()),
            Content::Mixed(mixed) => Solid::Rows(&mixed.solid),
        }
    }

    /// Puts a material at an [`offset`] and returns what was there.
    pub(crate) fn set(&mut self, offset: usize, material: Material) -> Material {
        let before = self.at(offset);
        if before == material {
            return before;
        }
        if let Content::Mixed(mixed) = &mut self.0
            && mixed.replace(offset, material)
        {
            return before;
        }
        let mut flat = flat_air();
        self.write_flat(&mut flat);
        flat[offset] = material.number() as u8;
        *self = Self::from_flat(&flat);
        before
    }
}

/// What is solid in a chunk.
pub(crate) enum Solid<'a> {
    /// Every voxel or none.
    All(bool),
    /// Bit x of row `y * 32 + z`.
    Rows(&'a [u32; CHUNK_ROWS]),
}

impl Mixed {
    fn index(&self, offset: usize) -> usize {
        let bit = offset << self.width_log;
        let mask = (1u64 << (1 << self.width_log)) - 1;
        (self.words[bit >> 6] >> (bit & 63) & mask) as usize
    }

    /// Replaces one voxel in place; refuses where that would change which materials occur.
    fn replace(&mut self, offset: usize, material: Material) -> bool {
        let from = self.index(offset);
        let Ok(to) = self.palette.binary_search_by_key(&material, |entry| entry.0) else {
            return false;
        };
        if self.palette[from].1 == 1 {
            return false;
        }
        self.palette[from].1 -= 1;
        self.palette[to].1 += 1;
        let bit = offset << self.width_log;
        self.words[bit >> 6] ^= ((from ^ to) as u64) << (bit & 63);
        let row = &mut self.solid[offset >> 5];
        let place = 1 << (offset & 31);
        *row = if material.is_solid() { *row | place } else { *row & !place };
        true
    }

    fn write_flat(&self, flat: &mut Flat) {
        let width = 1u32 << self.width_log;
        let mask = (1u64 << width) - 1;
        let per_word = 64 >> self.width_log;
        let mut numbers = [0u8; 256];
        for (number, (material, _)) in numbers.iter_mut().zip(&self.palette) {
            *number = material.number() as u8;
        }
        for (voxels, &word) in flat.chunks_exact_mut(per_word).zip(&self.words) {
            let first = word & mask;
            if word == repeat(first, self.width_log) {
                voxels.fill(numbers[first as usize]);
                continue;
            }
            let mut rest = word;
            for voxel in voxels {
                *voxel = numbers[(rest & mask) as usize];
                rest >>= width;
            }
        }
    }
}

/// The logarithm of the fewest bits, a power of two, that tell `materials` apart.
fn width_log(materials: usize) -> u32 {
    match materials {
        0..=2 => 0,
        3..=4 => 1,
        5..=16 => 2,
        _ => 3,
    }
}

/// A word that repeats an index of `1 << width_log` bits.
fn repeat(index: u64, width_log: u32) -> u64 {
    const ONES: [u64; 4] = [u64::MAX, 0x5555_5555_5555_5555, 0x1111_1111_1111_1111, 0x0101_0101_0101_0101];
    index.wrapping_mul(ONES[width_log as usize])
}

/// The one material number of a row, where there is only one. Most rows of a terrain have one.
fn row_number(row: &[u8]) -> Option<u8> {
    let first = row[0];
    let (words, []) = row.as_chunks::<8>() else { return None };
    let repeated = u64::from_ne_bytes([first; 8]);
    words.iter().all(|word| u64::from_ne_bytes(*word) == repeated).then_some(first)
}

fn count(flat: &Flat) -> [u32; MATERIALS.len()] {
    let mut counts = [0; MATERIALS.len()];
    for row in flat.chunks_exact(CHUNK_EDGE) {
        match row_number(row) {
            Some(number) => counts[number as usize] += CHUNK_EDGE as u32,
            None => row.iter().for_each(|&number| counts[number as usize] += 1),
        }
    }
    counts
}

fn pack(flat: &Flat, index_of: &[u8; MATERIALS.len()], width_log: u32, words: &mut Vec<u64>) {
    let per_word = 64 >> width_log;
    let width = 1u32 << width_log;
    for voxels in flat.chunks_exact(per_word) {
        words.push(match row_number(voxels) {
            Some(number) => repeat(index_of[number as usize] as u64, width_log),
            None => {
                voxels.iter().rev().fold(0, |word, &number| word << width | index_of[number as usize] as u64)
            }
        });
    }
}

fn solid_rows(flat: &Flat) -> Box<[u32; CHUNK_ROWS]> {
    let solid = MATERIALS.each_ref().map(|row| row.solid);
    let mut rows = Box::new([0; CHUNK_ROWS]);
    for (mask, row) in rows.iter_mut().zip(flat.chunks_exact(CHUNK_EDGE)) {
        *mask = match row_number(row) {
            Some(number) if solid[number as usize] => u32::MAX,
            Some(_) => 0,
            None => row.iter().rev().fold(0, |mask, &number| mask << 1 | solid[number as usize] as u32),
        };
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn material(number: u16) -> Material {
        Material::from_number(number).expect("a number of the table")
    }

    /// A chunk that repeats `numbers`, and its flat form.
    fn repeated(numbers: &[u16]) -> (Chunk, Box<Flat>) {
        let mut flat = flat_air();
        for (voxel, &number) in flat.iter_mut().zip(numbers.iter().cycle()) {
            *voxel = number as u8;
        }
        (Chunk::from_flat(&flat), flat)
    }

    #[test]
    fn a_uniform_chunk_costs_bytes() {
        assert!(size_of::<Chunk>() <= 72);
        assert_eq!(Chunk::uniform(Material::STONE).encode(), [1, 1, 0]);
        assert_eq!(repeated(&[1]).0, Chunk::uniform(Material::STONE));
    }

    #[test]
    fn indices_take_the_fewest_bits() {
        for (materials, bits) in [(2, 1), (3, 2), (4, 2), (5, 4), (14, 4)] {
            let numbers: Vec<u16> = (0..materials).collect();
            let length = repeated(&numbers).0.encode().len();
            assert_eq!(length, 1 + 2 * materials as usize + CHUNK_VOLUME * bits / 8, "{materials} materials");
        }
    }

    #[test]
    fn decoding_refuses_what_encoding_does_not_write() {
        let (chunk, _) = repeated(&[0, 1, 5]);
        let good = chunk.encode();
        assert_eq!(Chunk::decode(&good).as_ref(), Some(&chunk));
        let changed = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = good.clone();
            change(&mut bytes);
            Chunk::decode(&bytes)
        };
        assert_eq!(changed(&|bytes| bytes.truncate(100)), None, "too short");
        assert_eq!(changed(&|bytes| bytes.push(0)), None, "too long");
        assert_eq!(changed(&|bytes| bytes[1] = 2), None, "an unsorted palette");
        assert_eq!(changed(&|bytes| bytes[5] = 14), None, "an unknown material");
        assert_eq!(changed(&|bytes| bytes[10] = 0xff), None, "an index outside the palette");
        assert_eq!(changed(&|bytes| bytes[7..].fill(0)), None, "a palette entry that does not occur");
        assert_eq!(Chunk::decode(&[]), None);
        assert_eq!(Chunk::decode(&[0]), None);
        assert_eq!(Chunk::decode(&[1, 1, 0, 0]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn voxels_bytes_and_masks_agree(numbers in proptest::collection::vec(0u16..14, 1..200)) {
            let (chunk, flat) = repeated(&numbers);
            let mut again = flat_air();
            chunk.write_flat(&mut again);
            prop_assert_eq!(&again, &flat);
            prop_assert_eq!(Chunk::decode(&chunk.encode()), Some(chunk.clone()));
            for at in (0..CHUNK_VOLUME).step_by(37) {
                prop_assert_eq!(chunk.at(at), material(flat[at] as u16));
                prop_assert_eq!(chunk.get(at & 31, at >> 10, at >> 5 & 31), chunk.at(at));
                let solid = match chunk.solid() {
                    Solid::All(solid) => solid,
                    Solid::Rows(rows) => rows[at >> 5] >> (at & 31) & 1 == 1,
                };
                prop_assert_eq!(solid, chunk.at(at).is_solid());
            }
            prop_assert_eq!(chunk.counts().iter().map(|entry| entry.1).sum::<u32>(), CHUNK_VOLUME as u32);
        }

        #[test]
        fn setting_one_by_one_equals_building_at_once(
            numbers in proptest::collection::vec(0u16..14, 1..4),
            sets in proptest::collection::vec((0..CHUNK_VOLUME, 0u16..14), 1..12),
        ) {
            let (mut chunk, mut flat) = repeated(&numbers);
            for (at, number) in sets {
                prop_assert_eq!(chunk.set(at, material(number)), material(flat[at] as u16));
                flat[at] = number as u8;
                prop_assert_eq!(&chunk, &Chunk::from_flat(&flat));
            }
        }

        #[test]
        fn decoding_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64), length in 0usize..20_000) {
            let mut long = bytes.clone();
            long.resize(length, 0);
            for bytes in [bytes, long, vec![]] {
                if let Some(chunk) = Chunk::decode(&bytes) {
                    prop_assert_eq!(chunk.encode(), bytes);
                }
            }
        }
    }
}
