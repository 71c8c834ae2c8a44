//! The voxels of a world: generated terrain and what was changed since.
//!
//! Promises that an answer depends only on the seed and the edits, never on which chunks happen to
//! be in memory; that a clone is cheap and independent; and that the hash of all changes is kept up
//! with each edit, so that unchanged chunks cost nothing. Deliberately does not know ticks, spells
//! or who may change what.

mod edit;
mod residents;

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use xxhash_rust::xxh3::xxh3_128;

use crate::chunk::{Chunk, flat_air, offset};
use crate::generator::Generator;
use crate::limits::CHANGED_CHUNKS_MAX;
use crate::material::Material;
use crate::vector::{BlockPos, BlockSize, ChunkPos};
pub use edit::{Edit, FillMode, VoxelChange};
use edit::{Recipe, Tally};
use residents::{GENERATED_MAX, Residents};

/// The voxels of a world.
#[derive(Clone, Debug)]
pub struct Voxels {
    generator: Generator,
    residents: Arc<Residents>,
    /// Of every changed chunk; the chunk itself is resident.
    marks: Arc<BTreeMap<ChunkPos, Mark>>,
    /// The wrapping sum of all marks' hashes.
    hash: u128,
}

/// The largest radius of [`Voxels::load_near`], in chunks.
const LOAD_RADIUS_MAX: i32 = 7;

const _: () =
    assert!((2 * LOAD_RADIUS_MAX as usize + 1).pow(3) <= GENERATED_MAX, "what is loaded at once fits");

/// What is known of a changed chunk besides its content.
#[derive(Clone, Copy, Debug)]
struct Mark {
    version: u32,
    hash: u128,
}

/// What an edit did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edited {
    /// The chunks that changed, sorted.
    pub chunks: Vec<ChunkPos>,
    /// The voxels that changed, sorted by what they were and what they became.
    pub changes: Vec<VoxelChange>,
}

impl Voxels {
    /// The terrain of a generator, unchanged.
    pub fn new(generator: Generator) -> Self {
        Self { generator, residents: Arc::default(), marks: Arc::default(), hash: 0 }
    }

    /// What made the terrain.
    pub fn generator(&self) -> &Generator {
        &self.generator
    }

    /// The material of a block; air outside the world's bounds.
    pub fn get(&self, block: BlockPos) -> Material {
        match self.residents.get(block.chunk()) {
            Some(chunk) => chunk.at(offset(block)),
            None => self.generator.material(block),
        }
    }

    /// The materials of a box of blocks, x fastest, then z, then y. The caller bounds the size.
    pub fn region(&self, min: BlockPos, size: BlockSize) -> Vec<Material> {
        let edge = |from: i32, length: u32| (0..length).map(move |step| from.saturating_add_unsigned(step));
        let mut materials = Vec::with_capacity(size.volume() as usize);
        let mut here = None;
        let mut columns = None;
        for y in edge(min.y, size.y) {
            for z in edge(min.z, size.z) {
                for x in edge(min.x, size.x) {
                    let block = BlockPos::new(x, y, z);
                    let at = block.chunk();
                    let chunk = match here {
                        Some((held, chunk)) if held == at => chunk,
                        _ => {
                            columns = None;
                            self.residents.get(at)
                        }
                    };
                    here = Some((at, chunk));
                    let mut generated = || match self.generator.uniform(at) {
                        Some(material) => material,
                        None => columns.get_or_insert_with(|| self.generator.columns(at)).material(block),
                    };
                    materials.push(match chunk {
                        Some(chunk) => chunk.at(offset(block)),
                        None if block.in_bounds() => generated(),
                        None => Material::AIR,
                    });
                }
            }
        }
        materials
    }

    /// Changes the terrain.
    pub fn apply(&mut self, edit: &Edit) -> Edited {
        let recipe = edit.recipe();
        let mut edited = Edited::default();
        let Some(extent) = edit.extent() else { return edited };
        let mut tally = Tally::default();
        if let Edit::Set { pos, material } = *edit {
            edited.chunks.extend(self.set(pos, material, &recipe, &mut tally));
        } else {
            let mut flat = flat_air();
            for at in edit.chunks() {
                if self.is_indifferent(at, &recipe) || !self.may_change(at) {
                    continue;
                }
                let before = tally;
                match self.residents.get(at) {
                    Some(chunk) => chunk.write_flat(&mut flat),
                    None => self.generator.chunk(at).write_flat(&mut flat),
                }
                edit.apply(extent, &recipe, at, &mut flat, &mut tally);
                if tally != before {
                    Arc::make_mut(&mut self.residents).insert_changed(at, Chunk::from_flat(&flat));
                    self.mark(at);
                    edited.chunks.push(at);
                }
            }
        }
        edited.changes = recipe.changes(&tally);
        edited
    }

    /// Whether a chunk was changed already, or one more may be.
    fn may_change(&self, at: ChunkPos) -> bool {
        self.marks.len() < CHANGED_CHUNKS_MAX || self.marks.contains_key(&at)
    }

    /// How many chunks were changed.
    pub fn changed(&self) -> usize {
        self.marks.len()
    }

    /// How often a chunk was changed; 0 as generated.
    pub fn version(&self, at: ChunkPos) -> u32 {
        self.marks.get(&at).map_or(0, |mark| mark.version)
    }

    /// Undoes every change; the chunks that had any, sorted.
    pub fn clear(&mut self) -> Vec<ChunkPos> {
        let marks = core::mem::take(&mut self.marks);
        self.hash = 0;
        let residents = Arc::make_mut(&mut self.residents);
        marks.keys().inspect(|at| residents.remove(**at)).copied().collect()
    }

    /// The changed chunks with their versions, sorted by position.
    pub fn edited(&self) -> impl Iterator<Item = (ChunkPos, u32, &Chunk)> {
        self.marks.iter().filter_map(|(&at, mark)| Some((at, mark.version, self.residents.get(at)?)))
    }

    /// Restores a changed chunk. Refuses a position outside the bounds, a version of 0, and a chunk
    /// that was changed already, and more than [`CHANGED_CHUNKS_MAX`].
    pub fn insert_edited(&mut self, at: ChunkPos, version: u32, chunk: Chunk) -> bool {
        let is_new = !self.marks.contains_key(&at);
        if !at.in_bounds() || version == 0 || !is_new || !self.may_change(at) {
            return false;
        }
        Arc::make_mut(&mut self.residents).insert_changed(at, chunk);
        self.mark_version(at, version);
        true
    }

    /// The hash of everything that was changed.
    pub fn hash(&self) -> u128 {
        self.hash
    }

    /// The hash of a changed chunk, its position and version; `None` as generated.
    pub fn chunk_hash(&self, at: ChunkPos) -> Option<u128> {
        self.marks.get(&at).map(|mark| mark.hash)
    }

    /// The hashes of the changed chunks at these positions, in order.
    pub(crate) fn hashes<'a>(
        &'a self,
        at: impl core::ops::RangeBounds<ChunkPos> + 'a,
    ) -> impl Iterator<Item = (ChunkPos, u128)> + 'a {
        self.marks.range(at).map(|(at, mark)| (*at, mark.hash))
    }

    /// Generates the chunks at most `radius_chunks` (cut to 7) from a block on each axis, so that reads
    /// near it are fast. At most 4,096 generated chunks are kept; answers never depend on it.
    pub fn load_near(&mut self, block: BlockPos, radius_chunks: i32) {
        let middle = block.chunk();
        let radius_chunks = radius_chunks.clamp(0, LOAD_RADIUS_MAX);
        let around =
            |middle: i32| middle.saturating_sub(radius_chunks)..=middle.saturating_add(radius_chunks);
        for x in around(middle.x) {
            for y in around(middle.y) {
                for z in around(middle.z) {
                    let at = ChunkPos { x, y, z };
                    match self.residents.is_used(at) {
                        Some(true) => {}
                        Some(false) => Arc::make_mut(&mut self.residents).mark_used(at),
                        None if at.in_bounds() => {
                            let chunk = self.generator.chunk(at);
                            Arc::make_mut(&mut self.residents).insert_generated(at, chunk);
                        }
                        None => {}
                    }
                }
            }
        }
    }

    /// Keeps the chunk of a block in memory, generating it where `may_generate` says so; whether that was work.
    pub(crate) fn load(&mut self, block: BlockPos, may_generate: bool) -> bool {
        let at = block.chunk();
        match self.residents.is_used(at) {
            Some(true) => {}
            Some(false) => Arc::make_mut(&mut self.residents).mark_used(at),
            None => {
                let is_uniform = self.generator.uniform(at).is_some();
                if !is_uniform && may_generate {
                    self.load_near(block, 0);
                    return true;
                }
            }
        }
        false
    }

    /// A chunk, where it is in memory.
    pub(crate) fn resident(&self, at: ChunkPos) -> Option<&Chunk> {
        self.residents.get(at)
    }

    /// Puts a material at one block; the chunk, if that changed it.
    fn set(
        &mut self,
        pos: BlockPos,
        material: Material,
        recipe: &Recipe,
        tally: &mut Tally,
    ) -> Option<ChunkPos> {
        let before = self.get(pos);
        recipe.result(before)?;
        let at = pos.chunk();
        if !self.may_change(at) {
            return None;
        }
        let residents = Arc::make_mut(&mut self.residents);
        match residents.get_mut(at) {
            Some(chunk) => {
                chunk.set(offset(pos), material);
            }
            None => {
                let mut chunk = self.generator.chunk(at);
                chunk.set(offset(pos), material);
                residents.insert_changed(at, chunk);
            }
        }
        tally[before.number() as usize] += 1;
        self.mark(at);
        Some(at)
    }

    /// Whether a chunk holds only one material, and one that the recipe leaves alone.
    fn is_indifferent(&self, at: ChunkPos, recipe: &Recipe) -> bool {
        let uniform = match self.residents.get(at) {
            Some(chunk) => chunk.uniform_material(),
            None => self.generator.uniform(at),
        };
        uniform.is_some_and(|material| recipe.result(material).is_none())
    }

    /// Counts a change of a resident chunk.
    fn mark(&mut self, at: ChunkPos) {
        self.mark_version(at, self.version(at).saturating_add(1));
    }

    fn mark_version(&mut self, at: ChunkPos, version: u32) {
        let Some(chunk) = self.residents.get(at) else { return };
        let hash = hash_chunk(at, version, chunk);
        let before = Arc::make_mut(&mut self.marks).insert(at, Mark { version, hash });
        self.hash = self.hash.wrapping_sub(before.map_or(0, |mark| mark.hash)).wrapping_add(hash);
    }
}

fn hash_chunk(at: ChunkPos, version: u32, chunk: &Chunk) -> u128 {
    let mut bytes = chunk.encode();
    for part in [at.x as u32, at.y as u32, at.z as u32, version] {
        bytes.extend(part.to_le_bytes());
    }
    xxh3_128(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::CHUNK_EDGE;
    use crate::fixed::Coord;
    use crate::generator::Terrain;
    use crate::limits::{HORIZONTAL_BLOCKS, VERTICAL_BLOCKS};
    use crate::vector::Point;
    use alloc::vec;
    use proptest::prelude::*;

    fn hills() -> Voxels {
        Voxels::new(Generator::new(Terrain::Hills, 3))
    }

    fn flat() -> Voxels {
        Voxels::new(Generator::new(Terrain::Flat, 0))
    }

    fn material() -> impl Strategy<Value = Material> {
        (0u16..14).prop_filter_map("in the table", Material::from_number)
    }

    fn mode() -> impl Strategy<Value = FillMode> {
        prop_oneof![Just(FillMode::Add), Just(FillMode::Subtract), Just(FillMode::Paint)]
    }

    fn edit() -> impl Strategy<Value = Edit> {
        let block = || (-20i32..12, -20i32..12, -20i32..12).prop_map(|(x, y, z)| BlockPos::new(x, y, z));
        let point = (-20i64 << 16..20 << 16, -20i64 << 16..20 << 16, -20i64 << 16..20 << 16)
            .prop_map(|(x, y, z)| Point::from_raw(x, y, z));
        let size = (0u32..20, 0u32..20, 0u32..20).prop_map(|(x, y, z)| BlockSize::new(x, y, z));
        prop_oneof![
            (block(), material()).prop_map(|(pos, material)| Edit::Set { pos, material }),
            (point, -1i64 << 16..9 << 16, material(), mode()).prop_map(|(center, radius, material, mode)| {
                Edit::Sphere { center, radius: Coord::from_raw(radius), material, mode }
            }),
            (block(), size, material(), mode()).prop_map(|(min, size, material, mode)| Edit::Box {
                min,
                size,
                material,
                mode
            }),
        ]
    }

    /// What an edit turns one block into, the slow way.
    fn after(edit: &Edit, block: BlockPos, before: Material) -> Material {
        let (covered, material, mode) = match *edit {
            Edit::Set { pos, material } => return if pos == block { material } else { before },
            Edit::Sphere { center, radius, material, mode } => {
                let square = (radius.raw() as i128).pow(2) as u128;
                let within = radius >= Coord::ZERO && block.centre().distance_squared(center) <= square;
                (within, material, mode)
            }
            Edit::Box { min, size, material, mode } => {
                let within =
                    |at: i32, min: i32, edge: u32| at >= min && (at as i64) < min as i64 + edge as i64;
                let within = within(block.x, min.x, size.x)
                    && within(block.y, min.y, size.y)
                    && within(block.z, min.z, size.z);
                (within, material, mode)
            }
        };
        match mode {
            _ if !covered => before,
            FillMode::Subtract => Material::AIR,
            FillMode::Add if !before.is_solid() => material,
            FillMode::Paint if before.is_solid() => material,
            FillMode::Add | FillMode::Paint => before,
        }
    }

    /// Holds all that [`edit`] covers.
    const AREA: (BlockPos, BlockSize) = (BlockPos::new(-32, -32, -32), BlockSize::new(64, 64, 64));

    fn blocks() -> impl Iterator<Item = BlockPos> {
        (-32..32).flat_map(|y| (-32..32).flat_map(move |z| (-32..32).map(move |x| BlockPos::new(x, y, z))))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn an_edit_changes_what_it_covers_and_says_so(edits in proptest::collection::vec(edit(), 1..4), load: bool) {
            let mut voxels = hills();
            if load {
                voxels.load_near(BlockPos::default(), 1);
            }
            for edit in edits {
                let before = voxels.region(AREA.0, AREA.1);
                let versions: Vec<u32> = blocks().map(|block| voxels.version(block.chunk())).collect();
                let edited = voxels.apply(&edit);
                let mut changes = BTreeMap::new();
                let mut chunks = Vec::new();
                let now = voxels.region(AREA.0, AREA.1);
                for ((block, before), now) in blocks().zip(&before).zip(now) {
                    let expected = after(&edit, block, *before);
                    prop_assert_eq!(now, expected, "{:?} of {:?}", block, edit);
                    if expected != *before {
                        *changes.entry((*before, expected)).or_insert(0) += 1;
                        chunks.push(block.chunk());
                    }
                }
                chunks.sort_unstable();
                chunks.dedup();
                let changes: Vec<VoxelChange> =
                    changes.into_iter().map(|((from, to), count)| VoxelChange { from, to, count }).collect();
                prop_assert_eq!(&edited, &Edited { chunks, changes });
                for (block, version) in blocks().zip(versions) {
                    let changed = edited.chunks.binary_search(&block.chunk()).is_ok();
                    prop_assert_eq!(voxels.version(block.chunk()), version + changed as u32);
                }
            }
        }

        #[test]
        fn the_hash_says_what_was_changed(edits in proptest::collection::vec(edit(), 1..5)) {
            let (mut voxels, mut loaded) = (hills(), hills());
            loaded.load_near(BlockPos::default(), 1);
            for edit in &edits {
                prop_assert_eq!(voxels.apply(edit), loaded.apply(edit));
                prop_assert_eq!(voxels.hash(), loaded.hash(), "residency shows");
            }
            let mut restored = hills();
            for (at, version, chunk) in voxels.edited() {
                prop_assert!(restored.insert_edited(at, version, chunk.clone()));
                prop_assert!(!restored.insert_edited(at, version, chunk.clone()), "twice");
            }
            prop_assert_eq!(restored.hash(), voxels.hash());
            prop_assert_eq!(restored.region(AREA.0, AREA.1), voxels.region(AREA.0, AREA.1));
            let sum = voxels.edited().filter_map(|(at, ..)| voxels.chunk_hash(at)).fold(0, u128::wrapping_add);
            prop_assert_eq!(voxels.hash(), sum);

            let cleared = voxels.clear();
            prop_assert_eq!(cleared, restored.edited().map(|(at, ..)| at).collect::<Vec<_>>());
            prop_assert_eq!(voxels.hash(), 0);
            prop_assert_eq!(voxels.region(AREA.0, AREA.1), hills().region(AREA.0, AREA.1));
        }
    }

    #[test]
    fn a_clone_does_not_see_later_edits() {
        let mut voxels = flat();
        let pos = BlockPos::new(1, -1, 1);
        voxels.apply(&Edit::Set { pos, material: Material::ICE });
        let clone = voxels.clone();
        voxels.apply(&Edit::Set { pos, material: Material::ASH });
        assert_eq!((clone.get(pos), voxels.get(pos)), (Material::ICE, Material::ASH));
        assert_eq!((clone.version(pos.chunk()), voxels.version(pos.chunk())), (1, 2));
        assert_ne!(clone.hash(), voxels.hash());
    }

    #[test]
    fn an_edit_that_changes_nothing_leaves_no_trace() {
        let mut voxels = flat();
        let (min, size) = (BlockPos::new(-40, 1, -40), BlockSize::new(80, 80, 80));
        let edits = [
            Edit::Set { pos: BlockPos::new(0, -1, 0), material: Material::GRASS },
            Edit::Box { min, size, material: Material::STONE, mode: FillMode::Subtract },
            Edit::Box { min, size, material: Material::STONE, mode: FillMode::Paint },
        ];
        for edit in edits {
            assert_eq!(voxels.apply(&edit), Edited::default());
        }
        assert_eq!((voxels.hash(), voxels.edited().count()), (0, 0));
    }

    #[test]
    fn outside_the_bounds_nothing_changes() {
        let mut voxels = flat();
        let corner = BlockPos::new(HORIZONTAL_BLOCKS - 1, VERTICAL_BLOCKS - 1, -HORIZONTAL_BLOCKS);
        let add = |min, size| Edit::Box { min, size, material: Material::ICE, mode: FillMode::Add };
        let edited = voxels.apply(&add(corner, BlockSize::new(5, 5, 1)));
        assert_eq!(edited.changes, [VoxelChange { from: Material::AIR, to: Material::ICE, count: 1 }]);
        assert_eq!(edited.chunks, [corner.chunk()]);

        let center = Point::from_blocks(HORIZONTAL_BLOCKS, VERTICAL_BLOCKS, 0);
        let radius = Coord::from_whole(3);
        let edited =
            voxels.apply(&Edit::Sphere { center, radius, material: Material::ICE, mode: FillMode::Add });
        assert_eq!(edited.chunks.len(), 2, "only what is inside");

        let far = [
            add(BlockPos::new(i32::MAX, i32::MAX, i32::MAX), BlockSize::new(u32::MAX, u32::MAX, u32::MAX)),
            add(BlockPos::new(i32::MIN, i32::MIN, i32::MIN), BlockSize::new(u32::MAX, 1, 1)),
            Edit::Set { pos: BlockPos::new(0, -1025, 0), material: Material::ICE },
            Edit::Sphere {
                center: Point::from_raw(i64::MAX, i64::MIN, i64::MAX),
                radius: Coord::from_raw(i64::MAX),
                material: Material::ICE,
                mode: FillMode::Add,
            },
        ];
        for edit in far {
            assert_eq!(voxels.apply(&edit), Edited::default());
        }
        assert!(!voxels.insert_edited(
            ChunkPos { x: i32::MAX, y: 0, z: 0 },
            1,
            Chunk::uniform(Material::ICE)
        ));
        assert!(!voxels.insert_edited(ChunkPos::default(), 0, Chunk::uniform(Material::ICE)));
    }

    #[test]
    fn a_box_over_whole_chunks_leaves_uniform_ones() {
        let mut voxels = flat();
        let (min, size) = (BlockPos::new(0, -64, 0), BlockSize::new(64, 32, 64));
        let edited =
            voxels.apply(&Edit::Box { min, size, material: Material::AIR, mode: FillMode::Subtract });
        let count = 4 * CHUNK_EDGE.pow(3) as u32;
        assert_eq!(edited.changes, [VoxelChange { from: Material::STONE, to: Material::AIR, count }]);
        assert!(voxels.edited().all(|(.., chunk)| *chunk == Chunk::uniform(Material::AIR)));
    }

    #[test]
    fn a_region_runs_along_x_then_z_then_y() {
        let mut voxels = flat();
        voxels.apply(&Edit::Set { pos: BlockPos::new(1, 0, 0), material: Material::ICE });
        voxels.apply(&Edit::Set { pos: BlockPos::new(0, 0, 1), material: Material::ASH });
        let region = voxels.region(BlockPos::new(0, -1, 0), BlockSize::new(2, 2, 2));
        let (air, grass) = (Material::AIR, Material::GRASS);
        assert_eq!(region, vec![grass, grass, grass, grass, air, Material::ICE, Material::ASH, air]);
        assert_eq!(voxels.region(BlockPos::new(i32::MAX, 0, 0), BlockSize::new(2, 1, 1)), [air, air]);
    }
}
