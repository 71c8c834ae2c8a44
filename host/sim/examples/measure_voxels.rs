//! Measures the voxels: generating, encoding, casting rays, editing. Run it with
//! `cargo run --profile dist -p spellhost-sim --example measure_voxels`; `-- --json` prints one object a row.
#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    reason = "a measurement needs a clock and a mean"
)]

#[path = "measure/rows.rs"]
mod rows;

use std::hint::black_box;

use rows::{Rows, nanoseconds};
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

fn main() {
    let rows = Rows::from_arguments();
    let generator = Generator::new(Terrain::Hills, 7);
    measure_chunks(&rows, generator);
    let mut loaded = Voxels::new(generator);
    loaded.load_near(BlockPos::new(0, 10, 0), 5);
    measure_rays(&rows, "voxel raycast, per voxel stepped", Some(8.0), &loaded, 20);
    measure_rays(&rows, "voxel raycast, per voxel stepped, not in memory", None, &Voxels::new(generator), 20);
    measure_rays(&rows, "voxel raycast, per voxel stepped, no chunk uniform", None, &speckled(), 0);
    for (name, voxels) in [("in memory", &loaded), ("not in memory", &Voxels::new(generator))] {
        let mut at = 0;
        rows.row(&format!("subtracting a sphere of radius 24, {name}"), "ns", None, || {
            at += 4;
            (at - 4..at).map(|at| carve(&mut voxels.clone(), at)).sum::<f64>() / 4.0
        });
    }
}

fn measure_chunks(rows: &Rows, generator: Generator) {
    let around = || (-5..5).flat_map(|x| (-5..5).map(move |z| (x, z)));
    for y in [1, 0, -1, -3, -6] {
        let aim = Some(300_000.0);
        rows.row(&format!("generating a 32x32x32 chunk at y {}", 32 * y), "ns", aim, || {
            let spent = nanoseconds(|| {
                around().for_each(|(x, z)| drop(black_box(generator.chunk(ChunkPos { x, y, z }))));
            });
            spent / 100.0
        });
    }
    let mut at = 0;
    rows.row("terrain-like 32x32x32 chunk, encoded (palette and zstd)", "bytes", Some(1_024.0), || {
        at += 1;
        let bytes = generator.chunk(ChunkPos { x: 3 * at, y: 0, z: -2 * at }).encode();
        zstd::encode_all(&bytes[..], 3).expect("memory does not fail").len() as f64
    });
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

fn measure_rays(rows: &Rows, name: &str, aim: Option<f64>, voxels: &Voxels, height: i64) {
    let (mut numbers, length) = (Numbers(12_345), Coord::from_whole(96));
    let rays: Vec<(Point, Direction)> = (0..10_000)
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
    rows.row(name, "ns", aim, || {
        let spent = nanoseconds(|| {
            for (origin, direction) in &rays {
                black_box(voxels.raycast(*origin, *direction, length));
            }
        });
        spent / voxels_stepped as f64
    });
}

fn carve(voxels: &mut Voxels, at: i32) -> f64 {
    // Pays the copy of what a clone shares before the clock starts.
    voxels.apply(&Edit::Set { pos: BlockPos::new(500, 60, 500), material: Material::ASH });
    let center = Point::from_blocks(at, 4, -at);
    let (radius, mode) = (Coord::from_whole(24), FillMode::Subtract);
    nanoseconds(|| {
        black_box(voxels.apply(&Edit::Sphere { center, radius, material: Material::AIR, mode }));
    })
}
