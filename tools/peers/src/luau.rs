//! Luau through mlua: the same spells as scripts, compiled once to bytecode. With a fresh state per call, and with one
//! that lives on, in which calls are not isolated from each other.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use mlua::chunk::Compiler;
use mlua::{Function, Lua, Table};
use spellhost_peers_stage::{Program, Scene, TYPICAL, numbers, opened_world};
use spellhost_sim::World;

use crate::spell::LOOPS;

type Shared = Rc<RefCell<Scene>>;

/// Luau.
pub struct Luau {
    world: Arc<World>,
    live: bool,
    code: BTreeMap<&'static str, Vec<u8>>,
    states: BTreeMap<String, (Lua, Function, Shared)>,
}

/// The spell of a row. Numbers are doubles: 64-bit integers are made of halves in the script, as authors do who need
/// them.
fn script(row: &str) -> Option<String> {
    let [x, y, z] = TYPICAL.direction;
    Some(match row {
        "typical" => format!(
            "return function()
               for n = 0, {} do get_voxel(n, -1, n) end
               for n = 0, {} do raycast(0.5 + n, 10.5, 0.5, {x}, {y}, {z}, {}) end
               entities_in_radius(0, 1, 0, {})
               fill_sphere(4, 0, 4, 2.5, 0)
               damage(1, 5.5)
               damage(1, 5.5)
               push(1, 1, 2, 3)
               play_sound('thunder', 1, 1, 1)
               wake_after(30, 1)
               log('{}')
             end",
            TYPICAL.voxels - 1,
            TYPICAL.rays - 1,
            TYPICAL.distance,
            TYPICAL.radius,
            TYPICAL.message
        ),
        "empty" => "return function() end".into(),
        "loop" => counting(),
        _ => return None,
    })
}

/// x = x * a + c mod 2^64; x = x xor (x >> 29), in 16-bit limbs and two 32-bit halves.
fn counting() -> String {
    format!(
        "return function()
           local band, bxor, rshift, lshift = bit32.band, bit32.bxor, bit32.rshift, bit32.lshift
           local hi, lo = 0, 1
           for _ = 1, {} do
             local l0, l1, l2, l3 = band(lo, 0xffff), rshift(lo, 16), band(hi, 0xffff), rshift(hi, 16)
             local a0, a1, a2, a3 = 0x7f2d, 0x4c95, 0xf42d, 0x5851
             local r0 = l0 * a0 + 0xf10f
             local r1 = l1 * a0 + l0 * a1 + 0xf767 + r0 // 65536
             local r2 = l2 * a0 + l1 * a1 + l0 * a2 + 0x7b7e + r1 // 65536
             local r3 = l3 * a0 + l2 * a1 + l1 * a2 + l0 * a3 + 0x1405 + r2 // 65536
             lo = (r0 % 65536) + (r1 % 65536) * 65536
             hi = (r2 % 65536) + (r3 % 65536) * 65536
             lo, hi = bxor(lo, bxor(rshift(lo, 29), lshift(hi, 3))), bxor(hi, rshift(hi, 29))
           end
           return lo
         end",
        LOOPS / 100
    )
}

impl Luau {
    /// With a fresh state per call, or a living one.
    pub fn new(live: bool) -> Self {
        let compiler = Compiler::new().set_optimization_level(2);
        let compile = |row| {
            let script = script(row).expect("a row of the benchmark");
            (row, compiler.compile(script).unwrap_or_else(|error| panic!("{row}: {error}")))
        };
        let code = ["typical", "empty", "loop"].map(compile).into();
        Self { world: Arc::new(opened_world()), live, code, states: BTreeMap::new() }
    }

    fn state(&self, row: &str) -> mlua::Result<(Lua, Function, Shared)> {
        let shared = Rc::new(RefCell::new(Scene::new(self.world.clone())));
        let lua = Lua::new();
        link(&lua, &shared)?;
        lua.sandbox(true)?;
        let cast = lua.load(self.code[row].as_slice()).call(())?;
        Ok((lua, cast, shared))
    }

    fn fresh(&self, row: &str) -> mlua::Result<Scene> {
        let (lua, cast, shared) = self.state(row)?;
        cast.call::<()>(())?;
        drop((cast, lua));
        Ok(Rc::into_inner(shared).expect("the state is gone").into_inner())
    }

    fn call(&mut self, row: &str) -> mlua::Result<Scene> {
        if !self.live {
            return self.fresh(row);
        }
        if !self.states.contains_key(row) {
            let state = self.state(row)?;
            self.states.insert(row.into(), state);
        }
        let (_, cast, shared) = &self.states[row];
        cast.call::<()>(())?;
        Ok(shared.replace(Scene::new(self.world.clone())))
    }
}

impl Program for Luau {
    fn round(&mut self, row: &str, times: u64) -> Option<f64> {
        self.code.get(row)?;
        let start = Instant::now();
        for _ in 0..times {
            let scene = self.call(row).unwrap_or_else(|error| panic!("{row}: {error}"));
            if row == "typical" {
                scene.assert_typical();
            }
        }
        let took = start.elapsed().as_nanos() as f64;
        // The script goes round a hundredth as often.
        Some(if row == "loop" { took * 100.0 } else { took })
    }
}

fn link(lua: &Lua, shared: &Shared) -> mlua::Result<()> {
    let globals = lua.globals();
    let scene = shared.clone();
    let get_voxel =
        lua.create_function(move |_, (x, y, z): (i32, i32, i32)| Ok(scene.borrow().voxel(x, y, z)))?;
    globals.set("get_voxel", get_voxel)?;
    let scene = shared.clone();
    type Ray = (f64, f64, f64, f64, f64, f64, f64);
    let raycast = lua.create_function(move |lua, (ox, oy, oz, dx, dy, dz, most): Ray| {
        let Some(hit) = scene.borrow().raycast([ox, oy, oz], [dx, dy, dz], most) else { return Ok(None) };
        let table = lua.create_table()?;
        table.set("block", vector(lua, [hit.block.x, hit.block.y, hit.block.z])?)?;
        table.set("material", hit.material.number())?;
        table.set("position", vector(lua, numbers::point(hit.position))?)?;
        table.set("normal", vector(lua, [hit.normal.x, hit.normal.y, hit.normal.z])?)?;
        table.set("distance", numbers::coord(hit.distance))?;
        table.set("entity", hit.entity.map(|entity| entity.0))?;
        Ok(Some(table))
    })?;
    globals.set("raycast", raycast)?;
    let scene = shared.clone();
    let query = lua.create_function(move |lua, (x, y, z, radius): (f64, f64, f64, f64)| {
        let list = lua.create_table()?;
        for info in scene.borrow().entities_in_radius([x, y, z], radius) {
            let entity = lua.create_table()?;
            entity.set("id", info.id.0)?;
            entity.set("kind", info.kind as u8)?;
            entity.set("position", vector(lua, numbers::point(info.position))?)?;
            entity.set("velocity", vector(lua, numbers::velocity(info.velocity))?)?;
            entity.set("radius", numbers::coord(info.radius))?;
            entity.set("health", numbers::points(info.health))?;
            entity.set("health_max", numbers::points(info.health_max))?;
            list.push(entity)?;
        }
        Ok(list)
    })?;
    globals.set("entities_in_radius", query)?;
    commands(lua, &globals, shared)
}

fn commands(lua: &Lua, globals: &Table, shared: &Shared) -> mlua::Result<()> {
    let scene = shared.clone();
    let fill_sphere =
        lua.create_function(move |_, (x, y, z, radius, material): (f64, f64, f64, f64, u16)| {
            scene.borrow_mut().fill_sphere([x, y, z], radius, material);
            Ok(())
        })?;
    globals.set("fill_sphere", fill_sphere)?;
    let scene = shared.clone();
    let damage = lua.create_function(move |_, (id, points): (u64, f64)| {
        scene.borrow_mut().damage(id, points);
        Ok(())
    })?;
    globals.set("damage", damage)?;
    let scene = shared.clone();
    let push = lua.create_function(move |_, (id, x, y, z): (u64, f64, f64, f64)| {
        scene.borrow_mut().push(id, [x, y, z]);
        Ok(())
    })?;
    globals.set("push", push)?;
    let scene = shared.clone();
    let play_sound = lua.create_function(move |_, (asset, x, y, z): (String, f64, f64, f64)| {
        scene.borrow_mut().play_sound(asset, [x, y, z]);
        Ok(())
    })?;
    globals.set("play_sound", play_sound)?;
    let scene = shared.clone();
    let wake_after = lua.create_function(move |_, (after, tag): (u32, u32)| {
        scene.borrow_mut().wake_after(after, tag);
        Ok(())
    })?;
    globals.set("wake_after", wake_after)?;
    let scene = shared.clone();
    let log = lua.create_function(move |_, message: String| {
        scene.borrow_mut().log(message);
        Ok(())
    })?;
    globals.set("log", log)
}

fn vector<T: mlua::IntoLua>(lua: &Lua, parts: [T; 3]) -> mlua::Result<Table> {
    lua.create_sequence_from(parts)
}
