//! The same spells as plain Rust functions: no isolation, no fuel, nothing to cross.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use spellhost_peers_stage::{Program, Scene, TYPICAL, opened_world};
use spellhost_sim::World;

use crate::spell::LOOPS;

/// Native code.
pub struct Native {
    world: Arc<World>,
}

impl Native {
    /// In a world of its own.
    pub fn new() -> Self {
        Self { world: Arc::new(opened_world()) }
    }

    #[inline(never)]
    fn typical(&self) -> Scene {
        let mut scene = Scene::new(self.world.clone());
        for n in 0..TYPICAL.voxels {
            black_box(scene.voxel(n, -1, n));
        }
        for n in 0..TYPICAL.rays {
            let origin = [0.5 + f64::from(n), 10.5, 0.5];
            black_box(scene.raycast(origin, TYPICAL.direction, TYPICAL.distance));
        }
        black_box(scene.entities_in_radius([0.0, 1.0, 0.0], TYPICAL.radius));
        scene.fill_sphere([4.0, 0.0, 4.0], 2.5, 0);
        scene.damage(1, 5.5);
        scene.damage(1, 5.5);
        scene.push(1, [1.0, 2.0, 3.0]);
        scene.play_sound("thunder".into(), [1.0; 3]);
        scene.wake_after(30, 1);
        scene.log(TYPICAL.message.into());
        scene
    }
}

#[inline(never)]
fn counting(mut x: u64) -> u64 {
    for _ in 0..LOOPS {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        x ^= x >> 29;
    }
    x
}

impl Program for Native {
    fn round(&mut self, row: &str, times: u64) -> Option<f64> {
        let start = Instant::now();
        for n in 0..times {
            match row {
                "typical" => black_box(self.typical()).assert_typical(),
                "empty" => drop(black_box(Scene::new(self.world.clone()))),
                "loop" => drop(black_box(counting(black_box(n)))),
                _ => return None,
            }
        }
        Some(start.elapsed().as_nanos() as f64)
    }
}
