//! Rolling hills: grass over dirt over stone, sand and water where it is low, caves, ores, trees.
//!
//! Everything that depends on the column alone lives in a [`Tile`] of 32 x 32 columns; the rest is
//! a function of the tile and the block. Filling a chunk and asking for one block use the same
//! functions. Knows nothing of edits and of the world's bounds.

use crate::chunk::{CHUNK_EDGE, Chunk, Flat, flat_air, offset};
use crate::generator::noise::{CELL_EDGE, Lattice, Layer, NOISE_ONE, Patch, smooth};
use crate::material::Material;
use crate::vector::{BlockPos, ChunkPos};

/// Water fills what is below this height.
const SEA: i32 = 0;
/// The ground is at most this far above [`GROUND_MIDDLE`], and at most this far below.
const GROUND_RANGE: i32 = 20;
const GROUND_MIDDLE: i32 = 12;
/// Ground not above this height is sand.
const SAND_TOP: i32 = SEA + 1;
/// Grass and dirt, or sand, lie this deep over the stone.
const SOIL_DEPTH: i32 = 4;
/// The lawn around the origin: gentle within the first distance, gone at the second.
const LAWN_NEAR: i32 = 24;
const LAWN_FAR: i32 = 88;
const LAWN_GROUND: i32 = 5;
/// Where trees may stand, from the origin.
const TREES_FROM: i32 = 40;
/// A tree's cell is 8 x 8 columns and holds all of its crown; this is its largest height.
const TREE_CELL: i32 = 8;
const TREE_HEIGHT: i32 = 8;
/// Caves lie at and above this height; their lowest part is lava.
const CAVES_BOTTOM: i32 = -96;
const LAVA_TOP: i32 = -88;
/// How far below the ground caves end, except at their mouths.
const CAVE_ROOF: i32 = 6;
/// How near to zero the two cave noises must be, together.
const CAVE_WIDTH: i32 = 360;
/// An ore's cell is 8 blocks wide and holds all of its vein.
const ORE_CELL: i32 = 8;
const COAL_BOTTOM: i32 = -128;
const IRON_TOP: i32 = 0;
/// Below this height there is only stone.
const ORES_BOTTOM: i32 = -256;

/// No block of the hills is higher.
const TOP: i32 = GROUND_MIDDLE + GROUND_RANGE + TREE_HEIGHT;

const _: () = assert!(TOP <= 64, "chunks at height 64 and above are air");
const _: () = assert!(ORES_BOTTOM % 32 == 0 && CAVES_BOTTOM > ORES_BOTTOM);
const _: () = assert!(LAWN_GROUND - 3 > SAND_TOP, "the lawn is grass");

/// The hills of one seed.
#[derive(Clone, Copy, Debug)]
pub struct Hills {
    ground: [Lattice; 4],
    lawn: Lattice,
    forest: Lattice,
    trees: Lattice,
    mouths: Lattice,
    caves: [Lattice; 2],
    ores: Lattice,
}

/// What 32 x 32 columns share.
pub struct Tile {
    hills: Hills,
    ground: [Patch; 4],
    lawn: Patch,
    forest: Patch,
    mouths: Patch,
    /// From this height on there is only air.
    ceiling: i32,
}

/// One column.
#[derive(Clone, Copy)]
struct Column {
    /// The height of the first block above the ground.
    ground: i32,
    /// Caves are below this height.
    roof: i32,
}

/// No column is lower.
const LOWEST: Column = {
    let ground = GROUND_MIDDLE - GROUND_RANGE;
    Column { ground, roof: ground - CAVE_ROOF }
};
const _: () = assert!(CAVE_ROOF >= SOIL_DEPTH, "below the lowest roof there is only stone");

/// The columns of a chunk: `[z][x]`.
type Columns = [[Column; CHUNK_EDGE]; CHUNK_EDGE];

#[derive(Clone, Copy)]
struct Tree {
    x: i32,
    z: i32,
    /// The height of its lowest block.
    base: i32,
    /// How many blocks of wood.
    trunk: i32,
}

/// How far each octave of the ground reaches; the sum is 20.
const OCTAVES: [(u32, i32); 4] = [(8, 9), (7, 6), (6, 3), (5, 2)];

impl Hills {
    pub fn new(seed: u64) -> Self {
        let lattice = |salt| Lattice::new(seed, salt);
        Self {
            ground: [lattice(1), lattice(2), lattice(3), lattice(4)],
            lawn: lattice(5),
            forest: lattice(6),
            trees: lattice(7),
            mouths: lattice(8),
            caves: [lattice(9), lattice(10)],
            ores: lattice(11),
        }
    }

    /// What a chunk at this height is made of, where the height alone tells.
    pub fn uniform(chunk_y: i32) -> Option<Material> {
        if chunk_y >= 2 {
            Some(Material::AIR)
        } else if chunk_y < ORES_BOTTOM >> 5 {
            Some(Material::STONE)
        } else {
            None
        }
    }

    /// What the columns of the chunks at this x and z share.
    pub fn tile(&self, chunk_x: i32, chunk_z: i32) -> Tile {
        let (x, z) = (chunk_x << 5, chunk_z << 5);
        let ground = core::array::from_fn(|at| self.ground[at].patch(x, z, OCTAVES[at].0));
        let lawn = self.lawn.patch(x, z, 5);
        Tile {
            hills: *self,
            ceiling: ceiling(&ground, &lawn),
            ground,
            lawn,
            forest: self.forest.patch(x, z, 6),
            mouths: self.mouths.patch(x, z, 5),
        }
    }
}

impl Tile {
    /// The material of a block of these columns.
    pub fn material(&self, block: BlockPos) -> Material {
        if block.y >= self.ceiling {
            return Material::AIR;
        }
        if block.y < ORES_BOTTOM {
            return Material::STONE;
        }
        let column = self.column(block.x, block.z);
        if block.y >= CAVES_BOTTOM && block.y < column.roof {
            let [a, b] =
                self.hills.caves.map(|cave| cave.cell(block.x, block.y, block.z).layer(block.y).row(block.z));
            if is_cave(a.at(block.x), b.at(block.x)) {
                return cave_filling(block.y);
            }
        }
        match column.layer(block.y) {
            Material::STONE => self.ore(block).unwrap_or(Material::STONE),
            Material::AIR => self
                .tree(block.x & -TREE_CELL, block.z & -TREE_CELL)
                .and_then(|tree| tree.material(block))
                .unwrap_or(Material::AIR),
            layer => layer,
        }
    }

    /// From this height on these columns hold only air.
    pub fn ceiling(&self) -> i32 {
        self.ceiling
    }

    /// The height of the first block above the ground that is not solid.
    pub fn surface(&self, x: i32, z: i32) -> i32 {
        let solid = |y| self.material(BlockPos::new(x, y, z)).is_solid();
        let mut y = self.column(x, z).ground;
        while y < TOP && solid(y) {
            y += 1;
        }
        while y > CAVES_BOTTOM && !solid(y - 1) {
            y -= 1;
        }
        y
    }

    /// The chunk of these columns at this height.
    pub fn chunk(&self, at: ChunkPos) -> Chunk {
        let origin = at.origin();
        // So deep that the heights do not show.
        let deep = origin.y + CHUNK_EDGE as i32 <= LOWEST.roof;
        let columns: Columns = core::array::from_fn(|z| {
            core::array::from_fn(|x| match deep {
                true => LOWEST,
                false => self.column(origin.x + x as i32, origin.z + z as i32),
            })
        });
        let highest = columns.iter().flatten().map(|column| column.ground).max().unwrap_or(0);
        if origin.y >= SEA && origin.y >= highest + TREE_HEIGHT {
            return Chunk::uniform(Material::AIR);
        }
        let mut flat = flat_air();
        lay(&mut flat, origin.y, &columns);
        self.lay_ores(&mut flat, origin);
        self.dig_caves(&mut flat, origin, &columns);
        self.plant(&mut flat, origin, &columns);
        Chunk::from_flat(&flat)
    }

    fn column(&self, x: i32, z: i32) -> Column {
        let sum: i32 =
            self.ground.iter().zip(OCTAVES).map(|(patch, (_, reach))| patch.at(x, z) * reach).sum();
        let wild = wild(sum);
        let wildness = wildness(x, z);
        let ground =
            if wildness == NOISE_ONE { wild } else { blend_wide(gentle(self.lawn.at(x, z)), wild, wildness) };
        let ground = ground >> 12;
        let mouth = wildness == NOISE_ONE && ground > SAND_TOP + 3 && self.mouths.at(x, z) > NOISE_ONE / 3;
        Column { ground, roof: if mouth { ground } else { ground - CAVE_ROOF } }
    }

    /// The tree of the cell whose least column this is.
    fn tree(&self, x: i32, z: i32) -> Option<Tree> {
        let bits = self.hills.trees.bits(x, 0, z);
        let forest = self.forest.at(x, z);
        let sixteenths = if forest > NOISE_ONE / 4 { 9 } else { 1 };
        if bits & 15 >= sixteenths {
            return None;
        }
        let within = |bits: u64| 2 + (bits & 3) as i32;
        let (x, z) = (x + within(bits >> 8), z + within(bits >> 16));
        if distance(x, z) < TREES_FROM {
            return None;
        }
        let column = self.column(x, z);
        let trunk = 4 + (bits >> 24 & 1) as i32 + (bits >> 25 & 1) as i32;
        (column.ground > SAND_TOP && column.roof < column.ground).then_some(Tree {
            x,
            z,
            base: column.ground,
            trunk,
        })
    }

    fn ore(&self, block: BlockPos) -> Option<Material> {
        let vein = self.hills.vein(block.x >> 3, block.y >> 3, block.z >> 3)?;
        vein.holds(block).then_some(vein.material)
    }

    fn lay_ores(&self, flat: &mut Flat, origin: BlockPos) {
        let cells = (CHUNK_EDGE as i32) / ORE_CELL;
        for at in 0..cells * cells * cells {
            let (x, y, z) = (at % cells, at / (cells * cells), at / cells % cells);
            let (x, y, z) = (x + (origin.x >> 3), y + (origin.y >> 3), z + (origin.z >> 3));
            let Some(vein) = self.hills.vein(x, y, z) else { continue };
            for block in blocks(BlockPos::new(x * ORE_CELL, y * ORE_CELL, z * ORE_CELL), [ORE_CELL; 3]) {
                let voxel = &mut flat[offset(block)];
                if *voxel == Material::STONE.number() as u8 && vein.holds(block) {
                    *voxel = vein.material.number() as u8;
                }
            }
        }
    }

    fn dig_caves(&self, flat: &mut Flat, origin: BlockPos, columns: &Columns) {
        let roof = columns.iter().flatten().map(|column| column.roof).max().unwrap_or(0);
        let roofs: [[i32; CHUNK_EDGE]; CHUNK_EDGE] =
            core::array::from_fn(|z| core::array::from_fn(|x| columns[z][x].roof));
        let from = origin.y.max(CAVES_BOTTOM);
        let to = (origin.y + CHUNK_EDGE as i32).min(roof);
        for least in blocks_by(origin, CELL_EDGE) {
            let (low, high) = (from.max(least.y), to.min(least.y + CELL_EDGE));
            if low >= high {
                continue;
            }
            let cells = self.hills.caves.map(|cave| cave.cell(least.x, least.y, least.z));
            for y in low..high {
                let layers = cells.map(|cell| cell.layer(y));
                for z in least.z..least.z + CELL_EDGE {
                    let start = offset(BlockPos::new(least.x, y, z));
                    let roofs = &roofs[(z & 31) as usize][(least.x & 31) as usize..];
                    dig_row(&mut flat[start..start + CELL_EDGE as usize], roofs, &layers, y, z);
                }
            }
        }
    }

    fn plant(&self, flat: &mut Flat, origin: BlockPos, columns: &Columns) {
        let edge = CHUNK_EDGE as i32;
        for at in 0..(edge / TREE_CELL) * (edge / TREE_CELL) {
            let (x, z) = (at % (edge / TREE_CELL) * TREE_CELL, at / (edge / TREE_CELL) * TREE_CELL);
            let Some(tree) = self.tree(origin.x + x, origin.z + z) else { continue };
            let low = tree.base.max(origin.y);
            let high = (tree.base + TREE_HEIGHT).min(origin.y + edge);
            let least = BlockPos::new(origin.x + x, low, origin.z + z);
            for block in blocks(least, [TREE_CELL, high - low, TREE_CELL]) {
                let voxel = &mut flat[offset(block)];
                let column = &columns[(block.z & 31) as usize][(block.x & 31) as usize];
                if *voxel == Material::AIR.number() as u8
                    && block.y >= column.ground
                    && let Some(part) = tree.material(block)
                {
                    *voxel = part.number() as u8;
                }
            }
        }
    }
}

impl Column {
    /// What lies at this height before caves, ores and trees.
    fn layer(self, y: i32) -> Material {
        if y >= self.ground {
            if y < SEA { Material::WATER } else { Material::AIR }
        } else if y < self.ground - SOIL_DEPTH {
            Material::STONE
        } else if self.ground <= SAND_TOP {
            Material::SAND
        } else if y == self.ground - 1 {
            Material::GRASS
        } else {
            Material::DIRT
        }
    }
}

impl Tree {
    fn material(&self, block: BlockPos) -> Option<Material> {
        let (x, z) = ((block.x - self.x).abs(), (block.z - self.z).abs());
        let y = block.y - self.base;
        if x == 0 && z == 0 && (0..self.trunk).contains(&y) {
            return Some(Material::WOOD);
        }
        let reach = match y - self.trunk {
            -2 | -1 => 2,
            0 => 1,
            1 => 0,
            _ => return None,
        };
        let corner = x == 2 && z == 2;
        (x.max(z) <= reach && !corner).then_some(Material::LEAVES)
    }
}

struct Vein {
    material: Material,
    centre: BlockPos,
    radius_squared: i32,
}

impl Hills {
    /// The vein of an ore cell.
    fn vein(&self, x: i32, y: i32, z: i32) -> Option<Vein> {
        let bits = self.ores.bits(x, y, z);
        let height = y * ORE_CELL;
        let material = match bits & 63 {
            0..5 if height >= COAL_BOTTOM => Material::COAL_ORE,
            5..8 if (ORES_BOTTOM..IRON_TOP).contains(&height) => Material::IRON_ORE,
            _ => return None,
        };
        let within = |bits: u64| 2 + (bits & 3) as i32;
        let centre = BlockPos::new(
            x * ORE_CELL + within(bits >> 8),
            height + within(bits >> 16),
            z * ORE_CELL + within(bits >> 24),
        );
        Some(Vein { material, centre, radius_squared: 2 + (bits >> 32 & 3) as i32 })
    }
}

impl Vein {
    fn holds(&self, block: BlockPos) -> bool {
        let square = |a: i32, b: i32| (a - b) * (a - b);
        let centre = self.centre;
        square(block.x, centre.x) + square(block.y, centre.y) + square(block.z, centre.z)
            <= self.radius_squared
    }
}

fn lay(flat: &mut Flat, bottom: i32, columns: &Columns) {
    for (z, columns) in columns.iter().enumerate() {
        let lowest = columns.iter().map(|column| column.ground).min().unwrap_or(0);
        let highest = columns.iter().map(|column| column.ground).max().unwrap_or(0);
        for y in 0..CHUNK_EDGE {
            let height = bottom + y as i32;
            let start = (y * CHUNK_EDGE + z) * CHUNK_EDGE;
            let row = &mut flat[start..start + CHUNK_EDGE];
            if height < lowest - SOIL_DEPTH {
                row.fill(Material::STONE.number() as u8);
            } else if height >= highest {
                row.fill(columns[0].layer(height).number() as u8);
            } else {
                for (voxel, column) in row.iter_mut().zip(columns) {
                    *voxel = column.layer(height).number() as u8;
                }
            }
        }
    }
}

/// `roofs` starts with the column of the row's first voxel.
fn dig_row(row: &mut [u8], roofs: &[i32], layers: &[Layer; 2], y: i32, z: i32) {
    let [a, b] = layers.each_ref().map(|layer| layer.row(z));
    if a.stays_outside(CAVE_WIDTH) || b.stays_outside(CAVE_WIDTH) {
        return;
    }
    let filling = cave_filling(y).number() as u8;
    // Without a branch, for the sake of vector instructions.
    for (x, (voxel, &roof)) in row.iter_mut().zip(roofs).enumerate() {
        let dig = (y < roof) & is_cave(a.at(x as i32), b.at(x as i32));
        *voxel = if dig { filling } else { *voxel };
    }
}

fn is_cave(a: i32, b: i32) -> bool {
    a.wrapping_mul(a).wrapping_add(b.wrapping_mul(b)) < CAVE_WIDTH * CAVE_WIDTH
}

fn cave_filling(y: i32) -> Material {
    if y < LAVA_TOP { Material::LAVA } else { Material::AIR }
}

/// The ground of the hills, with 12 fraction bits, from the weighted sum of the octaves; a larger sum is never lower.
fn wild(sum: i32) -> i32 {
    // Twice the mean, pressed softly into -1..1: lakes and hilltops become common.
    let height = (sum / (GROUND_RANGE / 2)).clamp(-NOISE_ONE, NOISE_ONE) as i64;
    let one = NOISE_ONE as i64;
    let pressed = (height * (3 * one * one - height * height) / (2 * one * one)) as i32;
    GROUND_MIDDLE * NOISE_ONE + GROUND_RANGE * pressed
}

/// The ground of the lawn, with 12 fraction bits.
fn gentle(lawn: i32) -> i32 {
    LAWN_GROUND * NOISE_ONE + 2 * lawn
}

/// A height that neither ground nor water nor trees of a tile reach: from the largest values of its noises.
fn ceiling(ground: &[Patch; 4], lawn: &Patch) -> i32 {
    let sum = ground.iter().zip(OCTAVES).map(|(patch, (_, reach))| patch.greatest() * reach).sum();
    let highest = wild(sum).max(gentle(lawn.greatest())) >> 12;
    (highest + TREE_HEIGHT).max(SEA)
}

/// How much of the hills shows at a column: 0 on the lawn, `NOISE_ONE` outside.
fn wildness(x: i32, z: i32) -> i32 {
    if x.abs().max(z.abs()) >= LAWN_FAR {
        return NOISE_ONE;
    }
    let away = (distance(x, z).clamp(LAWN_NEAR, LAWN_FAR) - LAWN_NEAR) * NOISE_ONE / (LAWN_FAR - LAWN_NEAR);
    smooth(away)
}

/// The distance of a column from the origin, in blocks, rounded down.
fn distance(x: i32, z: i32) -> i32 {
    let square = |part: i32| part as i64 * part as i64;
    (square(x) + square(z)).isqrt() as i32
}

/// [`blend`] for heights, whose products outgrow 32 bits.
fn blend_wide(a: i32, b: i32, weight: i32) -> i32 {
    a + (((b - a) as i64 * weight as i64) >> 12) as i32
}

/// The blocks of a box, x fastest, then z, then y.
fn blocks(least: BlockPos, size: [i32; 3]) -> impl Iterator<Item = BlockPos> {
    let [width, height, depth] = size;
    (least.y..least.y + height).flat_map(move |y| {
        (least.z..least.z + depth)
            .flat_map(move |z| (least.x..least.x + width).map(move |x| BlockPos::new(x, y, z)))
    })
}

/// The least blocks of the cells of this edge within a chunk.
fn blocks_by(origin: BlockPos, edge: i32) -> impl Iterator<Item = BlockPos> {
    let cells = CHUNK_EDGE as i32 / edge;
    blocks(BlockPos::default(), [cells; 3]).map(move |cell| {
        BlockPos::new(origin.x + cell.x * edge, origin.y + cell.y * edge, origin.z + cell.z * edge)
    })
}

const _: () = assert!(blend_fits(), "ground heights with 12 fraction bits blend without overflow");

const fn blend_fits() -> bool {
    (GROUND_MIDDLE + GROUND_RANGE) as i64 * (NOISE_ONE as i64) < i32::MAX as i64
}
