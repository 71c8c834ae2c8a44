//! rhai: the same spells as scripts, parsed once; the engine lives, each call has a scope of its own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use rhai::{AST, Array, Dynamic, Engine, Map, Scope};
use spellhost_peers_stage::{Program, Scene, TYPICAL, numbers, opened_world};
use spellhost_sim::World;

use crate::spell::LOOPS;

type Shared = Rc<RefCell<Scene>>;

/// rhai.
pub struct Rhai {
    engine: Engine,
    world: Arc<World>,
    scene: Shared,
    scripts: BTreeMap<&'static str, AST>,
}

fn script(row: &str) -> String {
    let [x, y, z] = TYPICAL.direction;
    match row {
        "typical" => format!(
            "for n in 0..{} {{ get_voxel(n, -1, n); }}
             for n in 0..{} {{ raycast(0.5 + n, 10.5, 0.5, {x:?}, {y:?}, {z:?}, {:?}); }}
             entities_in_radius(0.0, 1.0, 0.0, {:?});
             fill_sphere(4.0, 0.0, 4.0, 2.5, 0);
             damage(1, 5.5);
             damage(1, 5.5);
             push(1, 1.0, 2.0, 3.0);
             play_sound(\"thunder\", 1.0, 1.0, 1.0);
             wake_after(30, 1);
             log(\"{}\");",
            TYPICAL.voxels, TYPICAL.rays, TYPICAL.distance, TYPICAL.radius, TYPICAL.message
        ),
        // Integers wrap only where overflow checks are off; the multiplier is small enough here not to need it.
        "loop" => format!(
            "let x = 1;
             for n in 0..{} {{ x = (x & 0xffffffff) * 1103515245 + 12345; x ^= x >> 29; }}",
            LOOPS / 100
        ),
        _ => String::new(),
    }
}

impl Rhai {
    /// An engine with the spells parsed.
    pub fn new() -> Self {
        let world = Arc::new(opened_world());
        let scene = Rc::new(RefCell::new(Scene::new(world.clone())));
        let mut engine = Engine::new();
        link(&mut engine, &scene);
        let parse = |row| (row, engine.compile(script(row)).unwrap_or_else(|error| panic!("{row}: {error}")));
        let scripts = ["typical", "empty", "loop"].map(parse).into();
        Self { engine, world, scene, scripts }
    }
}

impl Program for Rhai {
    fn round(&mut self, row: &str, times: u64) -> Option<f64> {
        let script = self.scripts.get(row)?;
        let start = Instant::now();
        for _ in 0..times {
            let run = self.engine.run_ast_with_scope(&mut Scope::new(), script);
            run.unwrap_or_else(|error| panic!("{row}: {error}"));
            let scene = self.scene.replace(Scene::new(self.world.clone()));
            if row == "typical" {
                scene.assert_typical();
            }
        }
        let took = start.elapsed().as_nanos() as f64;
        // The script goes round a hundredth as often.
        Some(if row == "loop" { took * 100.0 } else { took })
    }
}

fn vector<T: Into<Dynamic>>(parts: [T; 3]) -> Dynamic {
    Array::from(parts.map(Into::into)).into()
}

fn link(engine: &mut Engine, shared: &Shared) {
    let scene = shared.clone();
    engine.register_fn("get_voxel", move |x: i64, y: i64, z: i64| {
        i64::from(scene.borrow().voxel(x as i32, y as i32, z as i32))
    });
    let scene = shared.clone();
    engine.register_fn(
        "raycast",
        move |ox: f64, oy: f64, oz: f64, dx: f64, dy: f64, dz: f64, most: f64| -> Dynamic {
            let Some(hit) = scene.borrow().raycast([ox, oy, oz], [dx, dy, dz], most) else {
                return Dynamic::UNIT;
            };
            let mut map = Map::new();
            map.insert("block".into(), vector([hit.block.x, hit.block.y, hit.block.z].map(i64::from)));
            map.insert("material".into(), i64::from(hit.material.number()).into());
            map.insert("position".into(), vector(numbers::point(hit.position)));
            map.insert("normal".into(), vector([hit.normal.x, hit.normal.y, hit.normal.z].map(i64::from)));
            map.insert("distance".into(), numbers::coord(hit.distance).into());
            map.insert("entity".into(), hit.entity.map_or(Dynamic::UNIT, |entity| (entity.0 as i64).into()));
            map.into()
        },
    );
    let scene = shared.clone();
    engine.register_fn("entities_in_radius", move |x: f64, y: f64, z: f64, radius: f64| -> Array {
        let found = scene.borrow().entities_in_radius([x, y, z], radius);
        let entity = |info: &spellhost_sim::EntityInfo| -> Dynamic {
            let mut map = Map::new();
            map.insert("id".into(), (info.id.0 as i64).into());
            map.insert("kind".into(), (info.kind as i64).into());
            map.insert("position".into(), vector(numbers::point(info.position)));
            map.insert("velocity".into(), vector(numbers::velocity(info.velocity)));
            map.insert("radius".into(), numbers::coord(info.radius).into());
            map.insert("health".into(), numbers::points(info.health).into());
            map.insert("health_max".into(), numbers::points(info.health_max).into());
            map.into()
        };
        found.iter().map(entity).collect()
    });
    commands(engine, shared);
}

fn commands(engine: &mut Engine, shared: &Shared) {
    let scene = shared.clone();
    engine.register_fn("fill_sphere", move |x: f64, y: f64, z: f64, radius: f64, material: i64| {
        scene.borrow_mut().fill_sphere([x, y, z], radius, material as u16);
    });
    let scene = shared.clone();
    engine.register_fn("damage", move |id: i64, points: f64| scene.borrow_mut().damage(id as u64, points));
    let scene = shared.clone();
    engine.register_fn("push", move |id: i64, x: f64, y: f64, z: f64| {
        scene.borrow_mut().push(id as u64, [x, y, z]);
    });
    let scene = shared.clone();
    engine.register_fn("play_sound", move |asset: &str, x: f64, y: f64, z: f64| {
        scene.borrow_mut().play_sound(asset.into(), [x, y, z]);
    });
    let scene = shared.clone();
    engine.register_fn("wake_after", move |after: i64, tag: i64| {
        scene.borrow_mut().wake_after(after as u32, tag as u32);
    });
    let scene = shared.clone();
    engine.register_fn("log", move |message: &str| scene.borrow_mut().log(message.into()));
}
