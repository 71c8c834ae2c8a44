//! Extism, in a process of its own since it brings its own wasmtime: `spellhost-peer-extism PROGRAM GUEST.wasm`, where
//! PROGRAM is `extism-fresh` (a plugin per call, compiled once), `extism-live` or `extism-live-json`.

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use extism::{
    CompiledPlugin, CurrentPlugin, Error, Manifest, PTR, Plugin, PluginBuilder, UserData, Val, ValType, Wasm,
};
use serde::Deserialize;
use serde_json::{Value, json};
use spellhost_peers_stage::{Program, Scene, numbers, opened_world, serve};
use spellhost_sim::{EntityInfo, RayHit, World};

type Shared = UserData<Scene>;

struct Extism {
    world: Arc<World>,
    scene: Arc<Mutex<Scene>>,
    compiled: CompiledPlugin,
    live: Option<Plugin>,
    json: bool,
}

impl Extism {
    fn new(live: bool, json: bool, guest: &str) -> Result<Self, Error> {
        let world = Arc::new(opened_world());
        let shared = UserData::new(Scene::new(world.clone()));
        let builder = PluginBuilder::new(Manifest::new([Wasm::data(std::fs::read(guest)?)])).with_wasi(false);
        let compiled = link(builder, &shared).compile()?;
        let live = if live { Some(Plugin::new_from_compiled(&compiled)?) } else { None };
        Ok(Self { world, scene: shared.get()?, compiled, live, json })
    }

    fn call(&mut self, function: &str) -> Result<Scene, Error> {
        match &mut self.live {
            Some(plugin) => plugin.call::<(), ()>(function, ())?,
            None => Plugin::new_from_compiled(&self.compiled)?.call::<(), ()>(function, ())?,
        }
        let mut scene = self.scene.lock().expect("no call has panicked");
        Ok(std::mem::replace(&mut *scene, Scene::new(self.world.clone())))
    }
}

impl Program for Extism {
    fn round(&mut self, row: &str, times: u64) -> Option<f64> {
        let function = match row {
            "typical" if self.json => "typical_json",
            "typical" => "typical_raw",
            "empty" => "empty",
            _ => return None,
        };
        let start = Instant::now();
        for _ in 0..times {
            let scene = self.call(function).unwrap_or_else(|error| panic!("{error:#}"));
            if row == "typical" {
                scene.assert_typical();
            }
        }
        Some(start.elapsed().as_nanos() as f64)
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, guest] = arguments.as_slice() else { return ExitCode::FAILURE };
    let (live, json) = (name != "extism-fresh", name == "extism-live-json");
    let extism = Extism::new(live, json, guest).unwrap_or_else(|error| panic!("{error:#}"));
    // Where writing fails the driver has gone, and nobody is left to tell.
    if serve(extism).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The numbers that a plugin packed.
fn doubles<const N: usize>(plugin: &mut CurrentPlugin, at: &Val) -> Result<[f64; N], Error> {
    let bytes: &[u8] = plugin.memory_get_val(at)?;
    let mut numbers = [0.0; N];
    for (number, bytes) in numbers.iter_mut().zip(bytes.chunks_exact(8)) {
        *number = f64::from_le_bytes(bytes.try_into()?);
    }
    Ok(numbers)
}

fn packed(parts: impl IntoIterator<Item = f64>) -> Vec<u8> {
    parts.into_iter().flat_map(f64::to_le_bytes).collect()
}

fn packed_hit(hit: &RayHit) -> Vec<u8> {
    let block =
        [hit.block.x, hit.block.y, hit.block.z, hit.normal.x, hit.normal.y, hit.normal.z].map(f64::from);
    let entity = hit.entity.map_or(0.0, |entity| entity.0 as f64);
    let rest = [f64::from(hit.material.number()), numbers::coord(hit.distance), entity];
    packed(block.into_iter().chain(numbers::point(hit.position)).chain(rest))
}

fn packed_entity(info: &EntityInfo) -> Vec<u8> {
    let (position, velocity) = (numbers::point(info.position), numbers::velocity(info.velocity));
    let health =
        [numbers::coord(info.radius), numbers::points(info.health), numbers::points(info.health_max)];
    let head = [info.id.0 as f64, f64::from(info.kind as u8)];
    packed(head.into_iter().chain(position).chain(velocity).chain(health))
}

/// `act` on the scene of the call.
fn with<T>(scene: &Shared, act: impl FnOnce(&mut Scene) -> T) -> Result<T, Error> {
    Ok(act(&mut scene.get()?.lock().expect("no call has panicked")))
}

fn link<'a>(builder: PluginBuilder<'a>, shared: &Shared) -> PluginBuilder<'a> {
    use ValType::{F64, I32, I64};
    builder
        .with_function("get_voxel", [I32, I32, I32], [I32], shared.clone(), |_, arguments, results, scene| {
            let [x, y, z] = [0, 1, 2].map(|n: usize| arguments[n].unwrap_i32());
            results[0] = Val::I32(with(&scene, |scene| scene.voxel(x, y, z))?.into());
            Ok(())
        })
        .with_function("raycast", [PTR], [PTR], shared.clone(), |plugin, arguments, results, scene| {
            let [ox, oy, oz, dx, dy, dz, most] = doubles(plugin, &arguments[0])?;
            let hit = with(&scene, |scene| scene.raycast([ox, oy, oz], [dx, dy, dz], most))?;
            plugin.memory_set_val(&mut results[0], hit.as_ref().map(packed_hit).unwrap_or_default())
        })
        .with_function(
            "entities_in_radius",
            [PTR],
            [PTR],
            shared.clone(),
            |plugin, arguments, results, scene| {
                let [x, y, z, radius] = doubles(plugin, &arguments[0])?;
                let found = with(&scene, |scene| scene.entities_in_radius([x, y, z], radius))?;
                plugin.memory_set_val(
                    &mut results[0],
                    found.iter().flat_map(packed_entity).collect::<Vec<u8>>(),
                )
            },
        )
        .with_function("fill_sphere", [PTR], [], shared.clone(), |plugin, arguments, _, scene| {
            let [x, y, z, radius, material] = doubles(plugin, &arguments[0])?;
            with(&scene, |scene| scene.fill_sphere([x, y, z], radius, material as u16))
        })
        .with_function("damage", [I64, F64], [], shared.clone(), |_, arguments, _, scene| {
            let (id, points) = (arguments[0].unwrap_i64(), arguments[1].unwrap_f64());
            with(&scene, |scene| scene.damage(id as u64, points))
        })
        .with_function("push", [PTR], [], shared.clone(), |plugin, arguments, _, scene| {
            let [id, x, y, z] = doubles(plugin, &arguments[0])?;
            with(&scene, |scene| scene.push(id as u64, [x, y, z]))
        })
        .with_function("play_sound", [PTR], [], shared.clone(), |plugin, arguments, _, scene| {
            let at = doubles(plugin, &arguments[0])?;
            let bytes: &[u8] = plugin.memory_get_val(&arguments[0])?;
            let asset = std::str::from_utf8(&bytes[24..])?.to_owned();
            with(&scene, |scene| scene.play_sound(asset, at))
        })
        .with_function("wake_after", [I32, I32], [], shared.clone(), |_, arguments, _, scene| {
            let (after, tag) = (arguments[0].unwrap_i32(), arguments[1].unwrap_i32());
            with(&scene, |scene| scene.wake_after(after as u32, tag as u32))
        })
        .with_function("log", [PTR], [], shared.clone(), |plugin, arguments, _, scene| {
            let message: String = plugin.memory_get_val(&arguments[0])?;
            with(&scene, |scene| scene.log(message))
        })
        .with_function("call_json", [I32, PTR], [PTR], shared.clone(), |plugin, arguments, results, scene| {
            let argument: &[u8] = plugin.memory_get_val(&arguments[1])?;
            let answer = with(&scene, |scene| call(scene, arguments[0].unwrap_i32(), argument))??;
            plugin.memory_set_val(&mut results[0], serde_json::to_vec(&answer)?)
        })
}

#[derive(Deserialize)]
struct Block {
    pos: [i32; 3],
}

#[derive(Deserialize)]
struct Ray {
    origin: [f64; 3],
    direction: [f64; 3],
    max_distance: f64,
}

#[derive(Deserialize)]
struct Sphere {
    center: [f64; 3],
    radius: f64,
    #[serde(default)]
    material: u16,
}

#[derive(Deserialize)]
struct Damage {
    id: u64,
    points: f64,
}

#[derive(Deserialize)]
struct Push {
    id: u64,
    velocity: [f64; 3],
}

#[derive(Deserialize)]
struct Sound {
    asset: String,
    at: [f64; 3],
}

#[derive(Deserialize)]
struct Wake {
    after: u32,
    tag: u32,
}

#[derive(Deserialize)]
struct Log {
    message: String,
}

/// Does what the plugin asks for by the number of a function, in the order of the guest's `Argument`.
fn call(scene: &mut Scene, function: i32, argument: &[u8]) -> Result<Value, Error> {
    match function {
        0 => {
            let [x, y, z] = serde_json::from_slice::<Block>(argument)?.pos;
            return Ok(scene.voxel(x, y, z).into());
        }
        1 => {
            let ray: Ray = serde_json::from_slice(argument)?;
            let hit = scene.raycast(ray.origin, ray.direction, ray.max_distance);
            return Ok(hit.as_ref().map(hit_json).into());
        }
        2 => {
            let sphere: Sphere = serde_json::from_slice(argument)?;
            return Ok(scene
                .entities_in_radius(sphere.center, sphere.radius)
                .iter()
                .map(entity_json)
                .collect());
        }
        3 => {
            let sphere: Sphere = serde_json::from_slice(argument)?;
            scene.fill_sphere(sphere.center, sphere.radius, sphere.material);
        }
        4 => {
            let damage: Damage = serde_json::from_slice(argument)?;
            scene.damage(damage.id, damage.points);
        }
        5 => {
            let push: Push = serde_json::from_slice(argument)?;
            scene.push(push.id, push.velocity);
        }
        6 => {
            let sound: Sound = serde_json::from_slice(argument)?;
            scene.play_sound(sound.asset, sound.at);
        }
        7 => {
            let wake: Wake = serde_json::from_slice(argument)?;
            scene.wake_after(wake.after, wake.tag);
        }
        _ => scene.log(serde_json::from_slice::<Log>(argument)?.message),
    }
    Ok(Value::Null)
}

fn hit_json(hit: &RayHit) -> Value {
    json!({
        "block": [hit.block.x, hit.block.y, hit.block.z],
        "material": hit.material.number(),
        "position": numbers::point(hit.position),
        "normal": [hit.normal.x, hit.normal.y, hit.normal.z],
        "distance": numbers::coord(hit.distance),
        "entity": hit.entity.map(|entity| entity.0),
    })
}

fn entity_json(info: &EntityInfo) -> Value {
    json!({
        "id": info.id.0,
        "kind": info.kind as u8,
        "position": numbers::point(info.position),
        "velocity": numbers::velocity(info.velocity),
        "radius": numbers::coord(info.radius),
        "health": numbers::points(info.health),
        "health_max": numbers::points(info.health_max),
    })
}
