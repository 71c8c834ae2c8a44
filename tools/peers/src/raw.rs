//! Raw wasmtime: the same components through `wasmtime::component`, a fresh instance per call, with nothing of spellhost
//! around them: no prices, checks, limits, notes or outcomes. Once with the settings that spellhost uses, once with
//! wasmtime's own.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use spellhost_peers_stage::{Program, Scene, numbers, opened_world};
use spellhost_sim::{EntityInfo, EntityKind, World};
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentType, InstancePre, Lift, Linker, LinkerInstance, Lower,
};
use wasmtime::{Engine, Store, StoreContextMut};

use crate::settings;
use crate::spell;

macro_rules! record {
    ($name:ident: $($derive:ident)*; $($(#[$meta:meta])* $field:ident: $ty:ty,)*) => {
        #[derive(Clone, ComponentType, $($derive),*)]
        #[component(record)]
        #[allow(dead_code, reason = "lifted because the interface has it")]
        struct $name { $($(#[$meta])* $field: $ty,)* }
    };
}

record! { Vec3: Copy Lift Lower; x: f64, y: f64, z: f64, }
record! { BlockPos: Copy Lift Lower; x: i32, y: i32, z: i32, }
record! { BlockSize: Copy Lift; x: u32, y: u32, z: u32, }
record! { RayHit: Lower; block: BlockPos, material: u16, position: Vec3, normal: BlockPos, distance: f64, entity: Option<u64>, }
record! { Voxel: Lift; pos: BlockPos, material: u16, }
record! { Sphere: Lift; center: Vec3, radius: f64, material: u16, mode: FillMode, }
record! { Cuboid: Lift; min: BlockPos, size: BlockSize, material: u16, mode: FillMode, }
record! { Amount: Lift; id: u64, points: f64, }
record! { Motion: Lift; id: u64, vector: Vec3, }
record! { Status: Lift; id: u64, name: String, duration: u32, }
record! { NpcSpec: Lift; template: String, position: Vec3, tag: u32, }
record! { Vfx: Lift; asset: String, at: Vec3, params: Vec<NamedValue>, }
record! { Sound: Lift; asset: String, at: Vec3, }
record! { Note: Lift; player: u64, text: String, }
record! { NamedValue: Lift Lower; name: String, value: Value, }
record! { CastContext: Lower;
    cast: u64, tick: u64, caster: u64, origin: Vec3, direction: Vec3,
    #[component(name = "target-position")] target_position: Vec3,
    #[component(name = "target-entity")] target_entity: Option<u64>,
    #[component(name = "first-entity")] first_entity: u64,
    fuel: u64, params: Vec<NamedValue>,
}
record! { Entity: Lower;
    id: u64, owner: Option<u64>, kind: Kind, position: Vec3, velocity: Vec3, radius: f64, health: f64,
    #[component(name = "health-max")] health_max: f64,
    statuses: Vec<&'static str>,
}

macro_rules! cases {
    ($name:ident: $kind:ident, $($derive:ident)*; $($label:literal $case:ident $(($ty:ty))?,)*) => {
        #[derive(Clone, ComponentType, $($derive),*)]
        #[component($kind)]
        #[repr(u8)]
        #[allow(dead_code, reason = "lifted because the interface has it")]
        enum $name { $(#[component(name = $label)] $case $(($ty))?,)* }
    };
}

cases! { Kind: enum, Copy Lift Lower; "player" Player, "projectile" Projectile, "npc" Npc, "item" Item, }
cases! { FillMode: enum, Copy Lift; "add" Add, "subtract" Subtract, "paint" Paint, }
cases! { Level: enum, Copy Lift; "error" Error, "warn" Warn, "info" Info, "debug" Debug, }

#[derive(Clone, ComponentType, Lift, Lower)]
#[component(variant)]
#[allow(dead_code, reason = "lowered and lifted because the interface has it")]
enum Value {
    #[component(name = "flag")]
    Flag(bool),
    #[component(name = "integer")]
    Integer(i64),
    #[component(name = "number")]
    Number(f64),
    #[component(name = "text")]
    Text(String),
    #[component(name = "point")]
    Point(Vec3),
    #[component(name = "block")]
    Block(BlockPos),
    #[component(name = "entity")]
    Entity(u64),
    #[component(name = "material")]
    Material(u16),
}

#[derive(ComponentType, Lift)]
#[component(variant)]
#[allow(dead_code, reason = "lifted because the interface has it")]
enum TerrainOp {
    #[component(name = "set-voxel")]
    SetVoxel(Voxel),
    #[component(name = "fill-sphere")]
    FillSphere(Sphere),
    #[component(name = "fill-box")]
    FillBox(Cuboid),
}

#[derive(ComponentType, Lift)]
#[component(variant)]
#[allow(dead_code, reason = "lifted because the interface has it")]
enum EntityOp {
    #[component(name = "damage")]
    Damage(Amount),
    #[component(name = "heal")]
    Heal(Amount),
    #[component(name = "push")]
    Push(Motion),
    #[component(name = "teleport")]
    Teleport(Motion),
    #[component(name = "apply-status")]
    ApplyStatus(Status),
    #[component(name = "spawn-npc")]
    SpawnNpc(NpcSpec),
    #[component(name = "despawn")]
    Despawn(u64),
}

#[derive(ComponentType, Lift)]
#[component(variant)]
#[allow(dead_code, reason = "lifted because the interface has it")]
enum ShowOp {
    #[component(name = "play-vfx")]
    PlayVfx(Vfx),
    #[component(name = "play-sound")]
    PlaySound(Sound),
    #[component(name = "message")]
    Message(Note),
}

type Context<'a> = StoreContextMut<'a, Scene>;
type Cast<'a> = (&'a CastContext,);
type Answer = (Result<(), String>,);

/// Raw wasmtime.
pub struct Raw {
    engine: Engine,
    linker: Linker<Scene>,
    world: Arc<World>,
    tuned: bool,
    spells: BTreeMap<String, (InstancePre<Scene>, ComponentExportIndex)>,
}

impl Raw {
    /// With spellhost's settings, or with wasmtime's own.
    pub fn new(tuned: bool) -> Self {
        let config = if tuned { settings::tuned() } else { wasmtime::Config::new() };
        let engine = Engine::new(&config).expect("this machine runs wasmtime");
        let linker = linker(&engine).expect("the imports are the contract's");
        Self { linker, world: Arc::new(opened_world()), tuned, spells: BTreeMap::new(), engine }
    }

    fn spell(&mut self, row: &str) -> Option<(InstancePre<Scene>, ComponentExportIndex)> {
        if let Some(spell) = self.spells.get(row) {
            return Some(spell.clone());
        }
        let component = Component::new(&self.engine, spell::component(row)?).expect("it compiles");
        let cast = component.get_export_index(None, "cast").expect("a spell exports cast");
        let spell = (self.linker.instantiate_pre(&component).expect("it links"), cast);
        self.spells.insert(row.into(), spell.clone());
        Some(spell)
    }

    fn cast(&self, (pre, cast): &(InstancePre<Scene>, ComponentExportIndex)) -> wasmtime::Result<Scene> {
        let mut store = Store::new(&self.engine, Scene::new(self.world.clone()));
        if self.tuned {
            store.set_fuel(u64::MAX / 2)?;
            store.set_epoch_deadline(u64::MAX / 2);
        }
        let instance = pre.instantiate(&mut store)?;
        let cast = instance.get_typed_func::<Cast<'_>, Answer>(&mut store, cast)?;
        let (answer,) = cast.call(&mut store, (&context(),))?;
        answer.expect("the benchmark's spells succeed");
        Ok(store.into_data())
    }

    fn compile(&self, row: &str, times: u64) -> Option<f64> {
        let bytes = spell::component(row)?;
        let start = Instant::now();
        for _ in 0..times {
            black_box(Component::from_binary(&self.engine, &bytes).expect("it compiles"));
        }
        Some(start.elapsed().as_nanos() as f64)
    }

    fn load(&self, row: &str, times: u64) -> Option<f64> {
        let component = Component::from_binary(&self.engine, &spell::component(row)?).expect("it compiles");
        let file = std::env::temp_dir().join(format!("spellhost-bench-{}.cwasm", std::process::id()));
        std::fs::write(&file, component.serialize().expect("it serialises")).expect("a place for it");
        let start = Instant::now();
        for _ in 0..times {
            // SAFETY: this process has just written the file from a component of the same engine.
            let loaded = unsafe { Component::deserialize_file(&self.engine, &file) };
            black_box(loaded.expect("it loads"));
        }
        let took = start.elapsed().as_nanos() as f64;
        std::fs::remove_file(&file).expect("it was there");
        Some(took)
    }
}

impl Program for Raw {
    fn round(&mut self, row: &str, times: u64) -> Option<f64> {
        if row.starts_with("compile-") {
            return self.compile(row, times);
        }
        if let Some(size) = row.strip_prefix("load-") {
            return self.load(&format!("compile-{size}"), times);
        }
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

fn vec3([x, y, z]: [f64; 3]) -> Vec3 {
    Vec3 { x, y, z }
}

fn array(vec: Vec3) -> [f64; 3] {
    [vec.x, vec.y, vec.z]
}

fn block(block: spellhost_sim::BlockPos) -> BlockPos {
    BlockPos { x: block.x, y: block.y, z: block.z }
}

fn context() -> CastContext {
    CastContext {
        cast: 1,
        tick: 1,
        caster: 1,
        origin: vec3([0.0, 1.0, 0.0]),
        direction: vec3([0.0, 0.0, -1.0]),
        target_position: vec3([0.0, 0.0, -8.0]),
        target_entity: None,
        first_entity: 1_000,
        fuel: 0,
        params: Vec::new(),
    }
}

fn ray_hit(hit: &spellhost_sim::RayHit) -> RayHit {
    RayHit {
        block: block(hit.block),
        material: hit.material.number(),
        position: vec3(numbers::point(hit.position)),
        normal: block(hit.normal),
        distance: numbers::coord(hit.distance),
        entity: hit.entity.map(|entity| entity.0),
    }
}

fn entity(info: &EntityInfo) -> Entity {
    Entity {
        id: info.id.0,
        owner: info.owner.map(|owner| owner.0),
        kind: match info.kind {
            EntityKind::Player => Kind::Player,
            EntityKind::Projectile => Kind::Projectile,
            EntityKind::Npc => Kind::Npc,
            EntityKind::Item => Kind::Item,
        },
        position: vec3(numbers::point(info.position)),
        velocity: vec3(numbers::velocity(info.velocity)),
        radius: numbers::coord(info.radius),
        health: numbers::points(info.health),
        health_max: numbers::points(info.health_max),
        statuses: info.statuses.iter().map(|status| status.info().name).collect(),
    }
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<Scene>> {
    let mut linker = Linker::new(engine);
    let mut link = |name: &str, link: fn(&mut LinkerInstance<'_, Scene>) -> wasmtime::Result<()>| {
        link(&mut linker.instance(&format!("spellhost:spell/{name}@0.1.0"))?)
    };
    link("types", |_| Ok(()))?;
    link("spells", |_| Ok(()))?;
    link("scene", scene)?;
    link("terrain", |terrain| {
        terrain.func_wrap("apply", |mut cx: Context<'_>, (ops,): (Vec<TerrainOp>,)| {
            for op in ops {
                let TerrainOp::FillSphere(sphere) = op else { panic!("the benchmark only fills spheres") };
                cx.data_mut().fill_sphere(array(sphere.center), sphere.radius, sphere.material);
            }
            Ok(())
        })
    })?;
    link("entities", |entities| {
        entities.func_wrap("apply", |mut cx: Context<'_>, (ops,): (Vec<EntityOp>,)| {
            for op in ops {
                match op {
                    EntityOp::Damage(amount) => cx.data_mut().damage(amount.id, amount.points),
                    EntityOp::Push(motion) => cx.data_mut().push(motion.id, array(motion.vector)),
                    _ => panic!("the benchmark only damages and pushes"),
                }
            }
            Ok(())
        })
    })?;
    link("presentation", |presentation| {
        presentation.func_wrap("show", |mut cx: Context<'_>, (ops,): (Vec<ShowOp>,)| {
            for op in ops {
                let ShowOp::PlaySound(sound) = op else { panic!("the benchmark only plays sounds") };
                cx.data_mut().play_sound(sound.asset, array(sound.at));
            }
            Ok(())
        })
    })?;
    link("timers", |timers| {
        timers.func_wrap("wake-after", |mut cx: Context<'_>, (after, tag): (u32, u32)| {
            cx.data_mut().wake_after(after, tag);
            Ok(())
        })
    })?;
    link("log", |log| {
        log.func_wrap("log", |mut cx: Context<'_>, (_, message): (Level, String)| {
            cx.data_mut().log(message);
            Ok(())
        })
    })?;
    Ok(linker)
}

fn scene(scene: &mut LinkerInstance<'_, Scene>) -> wasmtime::Result<()> {
    scene.func_wrap("get-voxel", |cx: Context<'_>, (pos,): (BlockPos,)| {
        Ok((cx.data().voxel(pos.x, pos.y, pos.z),))
    })?;
    scene.func_wrap("raycast", |cx: Context<'_>, (origin, direction, distance): (Vec3, Vec3, f64)| {
        Ok((cx.data().raycast(array(origin), array(direction), distance).as_ref().map(ray_hit),))
    })?;
    scene.func_wrap(
        "entities-in-radius",
        |cx: Context<'_>, (center, radius, _): (Vec3, f64, Option<Kind>)| {
            let found = cx.data().entities_in_radius(array(center), radius);
            Ok((found.iter().map(entity).collect::<Vec<_>>(),))
        },
    )
}
