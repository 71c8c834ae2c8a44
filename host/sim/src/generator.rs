//! The terrain as a function of its seed: what every chunk holds before anybody changed it.
//!
//! Promises that asking for one block and generating its chunk agree. Outside the world's bounds
//! there is air. Deliberately does not know what was changed or what is kept in memory.

mod hills;
mod noise;

use serde::{Deserialize, Serialize};

use crate::chunk::{CHUNK_EDGE, Chunk, flat_air};
use crate::limits::{HORIZONTAL_BLOCKS, VERTICAL_BLOCKS};
use crate::material::Material;
use crate::vector::{BlockPos, ChunkPos};
use hills::{Hills, Tile};

/// The kind of a world's terrain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Terrain {
    /// Rolling hills with water, caves, ores and trees, and a lawn around the origin.
    #[default]
    Hills,
    /// Grass at y = -1, dirt down to -4, stone below.
    Flat,
    /// Nothing.
    Empty,
}

/// The terrain of one seed.
#[derive(Clone, Copy, Debug)]
pub struct Generator {
    terrain: Terrain,
    seed: u64,
    hills: Hills,
}

/// The columns of the chunks at one x and z, for asking about many blocks of them.
pub(crate) enum Columns {
    Hills(Tile),
    Flat,
    Empty,
}

const _: () =
    assert!(HORIZONTAL_BLOCKS % 32 == 0 && VERTICAL_BLOCKS % 32 == 0, "the bounds are whole chunks");

impl Generator {
    /// The terrain of this kind and seed.
    pub fn new(terrain: Terrain, seed: u64) -> Self {
        Self { terrain, seed, hills: Hills::new(seed) }
    }

    /// The kind of terrain.
    pub fn terrain(&self) -> Terrain {
        self.terrain
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What a chunk holds.
    pub fn chunk(&self, at: ChunkPos) -> Chunk {
        if let Some(material) = self.uniform(at) {
            return Chunk::uniform(material);
        }
        match self.terrain {
            Terrain::Hills => self.hills.tile(at.x, at.z).chunk(at),
            Terrain::Flat | Terrain::Empty => flat_chunk(at),
        }
    }

    /// What a block holds, equal to what its chunk says.
    pub fn material(&self, block: BlockPos) -> Material {
        if !block.in_bounds() {
            return Material::AIR;
        }
        match self.uniform(block.chunk()) {
            Some(material) => material,
            None => self.columns(block.chunk()).material(block),
        }
    }

    /// The height of the first block above the ground that is not solid, trees counted as ground:
    /// where a body stands. Flat and empty: 0. Under a lake it is the bed.
    pub fn surface(&self, x: i32, z: i32) -> i32 {
        match self.terrain {
            Terrain::Hills if BlockPos::new(x, 0, z).in_bounds() => {
                self.hills.tile(x >> 5, z >> 5).surface(x, z)
            }
            _ => 0,
        }
    }

    /// The one material of a chunk, where that is known without looking closer.
    pub(crate) fn uniform(&self, at: ChunkPos) -> Option<Material> {
        if !at.in_bounds() {
            return Some(Material::AIR);
        }
        match self.terrain {
            Terrain::Hills => Hills::uniform(at.y),
            Terrain::Flat if at.y >= 0 => Some(Material::AIR),
            Terrain::Flat if at.y < -1 => Some(Material::STONE),
            Terrain::Flat => None,
            Terrain::Empty => Some(Material::AIR),
        }
    }

    /// The columns of a chunk within the bounds.
    pub(crate) fn columns(&self, at: ChunkPos) -> Columns {
        match self.terrain {
            Terrain::Hills => Columns::Hills(self.hills.tile(at.x, at.z)),
            Terrain::Flat => Columns::Flat,
            Terrain::Empty => Columns::Empty,
        }
    }
}

impl Columns {
    /// From this height on there is only air.
    pub(crate) fn ceiling(&self) -> i32 {
        match self {
            Self::Hills(tile) => tile.ceiling(),
            Self::Flat | Self::Empty => 0,
        }
    }

    /// What a block of these columns holds; it must lie within the bounds.
    pub(crate) fn material(&self, block: BlockPos) -> Material {
        match self {
            Self::Hills(tile) => tile.material(block),
            Self::Flat => flat_layer(block.y),
            Self::Empty => Material::AIR,
        }
    }
}

fn flat_layer(y: i32) -> Material {
    match y {
        0.. => Material::AIR,
        -1 => Material::GRASS,
        -4..=-2 => Material::DIRT,
        ..-4 => Material::STONE,
    }
}

fn flat_chunk(at: ChunkPos) -> Chunk {
    let mut flat = flat_air();
    for (y, layer) in flat.chunks_exact_mut(CHUNK_EDGE * CHUNK_EDGE).enumerate() {
        layer.fill(flat_layer(at.origin().y + y as i32).number() as u8);
    }
    Chunk::from_flat(&flat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use core::fmt::Write as _;
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    fn hills(seed: u64) -> Generator {
        Generator::new(Terrain::Hills, seed)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn one_block_and_its_chunk_agree(seed: u64, x in -100i32..100, y in -10i32..3, z in -100i32..100, near: bool) {
            let at = if near { ChunkPos { x: x % 4, y: y % 3, z: z % 4 } } else { ChunkPos { x, y, z } };
            for terrain in [Terrain::Hills, Terrain::Flat, Terrain::Empty] {
                let generator = Generator::new(terrain, seed);
                let chunk = generator.chunk(at);
                for offset in 0..CHUNK_EDGE.pow(3) {
                    let block = crate::chunk::block_at(at, offset);
                    prop_assert_eq!(chunk.at(offset), generator.material(block), "{:?}", block);
                }
            }
        }

        #[test]
        fn the_surface_is_where_a_body_stands(seed: u64, x in -2000i32..2000, z in -2000i32..2000) {
            for terrain in [Terrain::Hills, Terrain::Flat] {
                let generator = Generator::new(terrain, seed);
                let y = generator.surface(x, z);
                prop_assert!(!generator.material(BlockPos::new(x, y, z)).is_solid());
                prop_assert!(generator.material(BlockPos::new(x, y - 1, z)).is_solid());
            }
        }

        #[test]
        fn the_lawn_is_gentle(seed: u64, x in -16i32..16, z in -16i32..16) {
            let generator = hills(seed);
            let y = generator.surface(x, z);
            prop_assert!((2..=8).contains(&y), "{}", y);
            for (x, z) in [(x + 1, z), (x, z + 1)] {
                prop_assert!(generator.surface(x, z).abs_diff(y) <= 1);
            }
            prop_assert_eq!(generator.material(BlockPos::new(x, y - 1, z)), Material::GRASS);
        }
    }

    #[test]
    fn nothing_is_generated_outside_the_bounds() {
        for terrain in [Terrain::Hills, Terrain::Flat] {
            let generator = Generator::new(terrain, 1);
            let edge = HORIZONTAL_BLOCKS;
            for (x, y, z) in
                [(edge, -300, 0), (-edge - 1, -300, 0), (0, -300, edge), (0, -1025, 0), (0, i32::MIN, 0)]
            {
                let block = BlockPos::new(x, y, z);
                assert_eq!(generator.material(block), Material::AIR);
                assert_eq!(generator.chunk(block.chunk()), Chunk::uniform(Material::AIR));
            }
            assert_eq!(generator.material(BlockPos::new(edge - 1, -1024, -edge)), Material::STONE);
            // Far outside, where shifting a chunk position to blocks wraps around.
            let far = ChunkPos { x: i32::MAX, y: -20, z: 0 };
            assert_eq!(generator.chunk(far), Chunk::uniform(Material::AIR));
            generator.surface(i32::MAX, i32::MIN);
        }
    }

    /// What occurs in 16 x 16 columns of chunks, in voxels of a million.
    fn check_mixture(seed: u64, expected: Expect) {
        let generator = hills(seed);
        let mut counts = [0u64; crate::material::MATERIALS.len()];
        for (x, y, z) in (-8..8).flat_map(|x| (-4..2).flat_map(move |y| (-8..8).map(move |z| (x, y, z)))) {
            for (material, count) in generator.chunk(ChunkPos { x, y, z }).counts() {
                counts[material.number() as usize] += count as u64;
            }
        }
        let all: u64 = counts.iter().sum();
        let mut text = String::new();
        for (info, count) in crate::material::MATERIALS.iter().zip(counts).filter(|(_, count)| *count > 0) {
            writeln!(text, "{} {}", info.name, count * 1_000_000 / all).expect("a string takes all");
        }
        expected.assert_eq(&text);
    }

    #[test]
    fn hills_hold_everything() {
        check_mixture(
            7,
            expect![[r#"
            air 286297
            stone 681456
            dirt 10980
            grass 3661
            sand 6108
            water 4383
            wood 52
            leaves 527
            lava 982
            coal_ore 3557
            iron_ore 1992
        "#]],
        );
    }

    /// One row of columns from the origin, seen from the side.
    #[test]
    fn hills_look_like_this() {
        let generator = hills(7);
        let mut text = String::new();
        for y in (-24..34).rev().step_by(2) {
            for x in (0..220).step_by(2) {
                text.push(match generator.material(BlockPos::new(x, y, 6)) {
                    Material::AIR => ' ',
                    Material::WATER => '~',
                    Material::STONE => '#',
                    Material::DIRT => '-',
                    Material::GRASS => '"',
                    Material::SAND => '.',
                    Material::WOOD => '|',
                    Material::LEAVES => '@',
                    Material::COAL_ORE => 'c',
                    Material::IRON_ORE => 'i',
                    _ => '?',
                });
            }
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
        }
        expect![[r#"
                                                            @@@ @@@
                                                      @@
                                                          """""""""""       """ """----------------------"""""""""""""""""
                                                     "------------------------ -------------------------------------------
                                                  ""------###########----     ############################################
                                                 "---#############       #################################################
                                               "--########################################################################
                                              ---###################################################### ##################
                                            "--###########################################################################
                                      @    ---############################################################################
                                     @@@ "--#########################################cc################ ##################
                                        ---############################################################ ##################
                                      "--#####################################  ##################     ###################
                                    "---###############################   #################      #########################
                                ""----############## ############# ###  #################  ##############################c
                    """""""""-------################  ############  ## ##################################################c
            --------------------###################   ############  #  ################# #################################
            --------############ ##################   ############  # ################## #################################
            #######################################   ############# ##################### ################################
            #### ############## #####i###############  ##################################  ###############################
            #### ############## #####i###################################################################################
            ############## ###################### ###################################################################### #
            #############  #######    ########## ####################c####################################################
            ############# #######       ######## ####################c####################################################
            ############# #######   #   ################################################################ #################
            ############# #######  ###  ################################################################ #################
            ############# ############################################################################# ##################
            ############# ################################################################################################
            ##############################################################################################################
        "#]].assert_eq(&text);
    }

    /// Blessed on purpose only: a world of an old seed must stay what it was.
    #[test]
    fn a_seed_keeps_its_terrain() {
        let mut all = alloc::vec::Vec::new();
        for (x, z) in [(0, 0), (-3, 5), (100, -77), (-32_768, 32_767)] {
            for y in -9..3 {
                all.extend(hills(42).chunk(ChunkPos { x, y, z }).encode());
            }
        }
        expect!["307514 14ba3f8c36fffdd21756399be028ca99"].assert_eq(&alloc::format!(
            "{} {:032x}",
            all.len(),
            xxhash_rust::xxh3::xxh3_128(&all)
        ));
    }

    /// The aim is 1 KiB for a chunk with terrain in it, packed and compressed.
    #[test]
    fn terrain_compresses_to_a_kibibyte() {
        let mut lengths = alloc::vec::Vec::new();
        for (x, z) in (-12..12).step_by(3).flat_map(|x| (-12..12).step_by(3).map(move |z| (x, z))) {
            for y in -2..2 {
                let chunk = hills(7).chunk(ChunkPos { x, y, z });
                if chunk.uniform_material().is_none() {
                    lengths.push(zstd::encode_all(&chunk.encode()[..], 3).expect("memory takes all").len());
                }
            }
        }
        lengths.sort_unstable();
        let quantile = |percent: usize| lengths[(lengths.len() - 1) * percent / 100];
        let (median, most, worst) = (quantile(50), quantile(90), quantile(100));
        assert!(most <= 1024, "median {median}, nine in ten {most}, worst {worst} bytes");
    }
}
