//! Measures the voxels: generating, casting rays, editing. Prints one line for each; run it with
//! `cargo run --profile dist -p spellhost-sim --example measure_voxels`.
#![allow(clippy::disallowed_types, reason = "a measurement needs a clock")]

use std::hint::black_box;
use std::time::Instant;

use spellhost_sim::{
    BlockPos, ChunkPos, Coord, Direction, Edit, FillMode, Generator, Material, Point, Terrain, Voxels,
};

/// A linear congruential generator: the same rays on every machine.
struct Numbers(u64);

impl Numbers {
    /// In `-2^30..2^30`.
    fn next(&mut self) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as i64 - (1 << 30)
    }
}

fn nanoseconds(work: impl FnOnce()) -> u64 {
    let start = Instant::now();
    work();
    start.elapsed().as_nanos() as u64
}

fn main() {
    let generator = Generator::new(Terrain::Hills, 7);
    for y in [-9, -6, -3, -1, 0, 1] {
        let spent = nanoseconds(|| {
            for (x, z) in (-10..10).flat_map(|x| (-10..10).map(move |z| (x, z))) {
                black_box(generator.chunk(ChunkPos { x, y, z }));
            }
        });
        println!("generating a chunk at y {:>4}: {:>7} ns", 32 * y, spent / 400);
    }

    let mut loaded = Voxels::new(generator);
    loaded.load_near(BlockPos::new(0, 10, 0), 5);
    measure_rays("hills in memory", &loaded, 20);
    measure_rays("hills not in memory", &Voxels::new(generator), 20);
    measure_rays("open space, no chunk uniform", &speckled(), 0);

    for (name, voxels) in [("in memory", &loaded), ("not in memory", &Voxels::new(generator))] {
        let spent: u64 = (0..40).map(|at| carve(&mut voxels.clone(), at)).sum();
        println!("subtracting a sphere of radius 24, {name}: {} us", spent / 40_000);
    }
}

/// Empty but for one block in each chunk, so that no chunk can be passed at once.
fn speckled() -> Voxels {
    let mut voxels = Voxels::new(Generator::new(Terrain::Empty, 0));
    for at in 0..512 {
        let pos = BlockPos::new((at % 8 - 4) * 32 + 5, (at / 64 - 4) * 32 + 17, (at / 8 % 8 - 4) * 32 + 9);
        voxels.apply(&Edit::Set { pos, material: Material::GLASS });
    }
    voxels
}

fn measure_rays(name: &str, voxels: &Voxels, height: i64) {
    let (mut numbers, length) = (Numbers(12_345), Coord::from_whole(96));
    let rays: Vec<(Point, Direction)> = (0..20_000)
        .filter_map(|_| {
            let direction = Direction::normalise(numbers.next(), numbers.next() / 2, numbers.next())?;
            let y = (height << 16) + (numbers.next() >> 12).abs();
            Some((Point::from_raw(numbers.next() >> 10, y, numbers.next() >> 10), direction))
        })
        .collect();
    let stepped = |(origin, direction): &(Point, Direction)| {
        let end = match voxels.raycast(*origin, *direction, length) {
            Some(hit) => hit.block,
            None => origin.along(*direction, length).block(),
        };
        let start = origin.block();
        1 + (end.x.abs_diff(start.x) + end.y.abs_diff(start.y) + end.z.abs_diff(start.z)) as u64
    };
    let voxels_stepped: u64 = rays.iter().map(stepped).sum();
    let spent = nanoseconds(|| {
        for (origin, direction) in &rays {
            black_box(voxels.raycast(*origin, *direction, length));
        }
    });
    let hundredths = spent * 100 / voxels_stepped;
    println!("a ray through {name}: {}.{:02} ns a voxel", hundredths / 100, hundredths % 100);
}

fn carve(voxels: &mut Voxels, at: i32) -> u64 {
    // Pays the copy of what a clone shares before the clock starts.
    voxels.apply(&Edit::Set { pos: BlockPos::new(500, 60, 500), material: Material::ASH });
    let center = Point::from_blocks(at, 4, -at);
    let (radius, mode) = (Coord::from_whole(24), FillMode::Subtract);
    nanoseconds(|| {
        black_box(voxels.apply(&Edit::Sphere { center, radius, material: Material::AIR, mode }));
    })
}
