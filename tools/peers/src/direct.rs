//! The core module of a spell, linked by hand: wasmtime without components, each import reading and writing the guest's
//! memory itself. What a host would cost that lowers its own world.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use spellhost_peers_stage::{Program, Scene, opened_world};
use spellhost_sim::World;
use wasmtime::{Caller, Engine, InstancePre, Linker, Memory, Module, Store, TypedFunc};

use crate::abi;
use crate::settings;
use crate::spell;

/// One call, with the exports that its imports need.
struct Call {
    scene: Scene,
    guest: Option<(Memory, TypedFunc<(i32, i32, i32, i32), i32>)>,
}

/// Core wasmtime.
pub struct Direct {
    engine: Engine,
    linker: Linker<Call>,
    world: Arc<World>,
    spells: BTreeMap<String, InstancePre<Call>>,
}

impl Direct {
    /// With spellhost's settings.
    pub fn new() -> Self {
        let engine = Engine::new(&settings::tuned()).expect("this machine runs wasmtime");
        let linker = linker(&engine).expect("the imports are the contract's");
        Self { linker, world: Arc::new(opened_world()), spells: BTreeMap::new(), engine }
    }

    fn spell(&mut self, row: &str) -> Option<InstancePre<Call>> {
        if let Some(spell) = self.spells.get(row) {
            return Some(spell.clone());
        }
        let module = Module::new(&self.engine, spell::core(row)?).expect("it compiles");
        let spell = self.linker.instantiate_pre(&module).expect("it links");
        self.spells.insert(row.into(), spell.clone());
        Some(spell)
    }

    fn cast(&self, pre: &InstancePre<Call>) -> wasmtime::Result<Scene> {
        let mut store = Store::new(&self.engine, Call { scene: Scene::new(self.world.clone()), guest: None });
        store.set_fuel(u64::MAX / 2)?;
        store.set_epoch_deadline(u64::MAX / 2);
        let instance = pre.instantiate(&mut store)?;
        let memory = instance.get_memory(&mut store, "memory").expect("a spell exports its memory");
        let realloc = instance.get_typed_func(&mut store, "cabi_realloc")?;
        let cast = instance.get_typed_func::<i32, i32>(&mut store, "cast")?;
        let at = realloc.call(&mut store, (0, 0, 8, 136))?;
        memory.write(&mut store, at as usize, &abi::context())?;
        store.data_mut().guest = Some((memory, realloc));
        let answer = cast.call(&mut store, at)?;
        assert_eq!(memory.data(&store)[answer as usize], 0, "the benchmark's spells succeed");
        Ok(store.into_data().scene)
    }
}

impl Program for Direct {
    fn round(&mut self, row: &str, times: u64) -> Option<f64> {
        let spell = self.spell(row)?;
        let start = Instant::now();
        for _ in 0..times {
            let scene = self.cast(&spell).expect("the call returns");
            if row == "typical" {
                scene.assert_typical();
            }
        }
        Some(start.elapsed().as_nanos() as f64)
    }
}

/// The guest's memory and what stands behind the call.
fn parts<'a>(cx: &'a mut Caller<'_, Call>) -> (&'a mut [u8], &'a mut Scene) {
    let (memory, _) = cx.data().guest.clone().expect("the call has begun");
    let (bytes, call) = memory.data_and_store_mut(cx);
    (bytes, &mut call.scene)
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<Call>> {
    let mut linker = Linker::new(engine);
    let scene = "spellhost:spell/scene@0.1.0";
    linker.func_wrap(scene, "get-voxel", |cx: Caller<'_, Call>, x: i32, y: i32, z: i32| {
        i32::from(cx.data().scene.voxel(x, y, z))
    })?;
    linker.func_wrap(
        scene,
        "raycast",
        |mut cx: Caller<'_, Call>,
         ox: f64,
         oy: f64,
         oz: f64,
         dx: f64,
         dy: f64,
         dz: f64,
         most: f64,
         at: i32| {
            let (memory, scene) = parts(&mut cx);
            let hit = scene.raycast([ox, oy, oz], [dx, dy, dz], most);
            abi::put_hit(memory, at as usize, hit.as_ref());
        },
    )?;
    linker.func_wrap(
        scene,
        "entities-in-radius",
        |mut cx: Caller<'_, Call>, x: f64, y: f64, z: f64, radius: f64, _: i32, _: i32, at: i32| {
            let found = cx.data().scene.entities_in_radius([x, y, z], radius);
            let (_, realloc) = cx.data().guest.clone().expect("the call has begun");
            let list = realloc.call(&mut cx, (0, 0, 8, (found.len() * abi::ENTITY_BYTES) as i32))?;
            let (memory, _) = parts(&mut cx);
            for (n, info) in found.iter().enumerate() {
                abi::put_entity(memory, list as usize + n * abi::ENTITY_BYTES, info);
            }
            abi::put(memory, at as usize, &list.to_le_bytes());
            abi::put(memory, at as usize + 4, &(found.len() as u32).to_le_bytes());
            wasmtime::Result::Ok(())
        },
    )?;
    linker.func_wrap(
        "spellhost:spell/terrain@0.1.0",
        "apply",
        |mut cx: Caller<'_, Call>, at: i32, _: i32| {
            let (memory, scene) = parts(&mut cx);
            let at = at as usize;
            let material = abi::u32(memory, at + 40) as u16;
            scene.fill_sphere(abi::vec3(memory, at + 8), abi::f64(memory, at + 32), material);
        },
    )?;
    linker.func_wrap(
        "spellhost:spell/entities@0.1.0",
        "apply",
        |mut cx: Caller<'_, Call>, at: i32, _: i32| {
            let (memory, scene) = parts(&mut cx);
            let at = at as usize;
            let id = abi::u64(memory, at + 8);
            match memory[at] {
                0 => scene.damage(id, abi::f64(memory, at + 16)),
                2 => scene.push(id, abi::vec3(memory, at + 16)),
                _ => panic!("the benchmark only damages and pushes"),
            }
        },
    )?;
    linker.func_wrap(
        "spellhost:spell/presentation@0.1.0",
        "show",
        |mut cx: Caller<'_, Call>, at: i32, _: i32| {
            let (memory, scene) = parts(&mut cx);
            let at = at as usize;
            let (start, len) = (abi::u32(memory, at + 8), abi::u32(memory, at + 12));
            scene.play_sound(abi::text(memory, start as usize, len as usize), abi::vec3(memory, at + 16));
        },
    )?;
    linker.func_wrap(
        "spellhost:spell/timers@0.1.0",
        "wake-after",
        |mut cx: Caller<'_, Call>, after: i32, tag: i32| {
            cx.data_mut().scene.wake_after(after as u32, tag as u32);
        },
    )?;
    linker.func_wrap(
        "spellhost:spell/log@0.1.0",
        "log",
        |mut cx: Caller<'_, Call>, _: i32, at: i32, len: i32| {
            let (memory, scene) = parts(&mut cx);
            scene.log(abi::text(memory, at as usize, len as usize));
        },
    )?;
    Ok(linker)
}
