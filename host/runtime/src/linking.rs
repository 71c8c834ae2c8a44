//! The imports of `spellhost:spell@0.1.0`, each charged before it acts and handed to the
//! version-free functions of [`crate::session`], [`crate::reads`] and [`crate::lifting`].
//!
//! A later version of the WIT is another file like this one. Host functions never panic on what a
//! guest says.

use spellhost_sim::limits::{EDITED_VOXELS_MAX, RAYS_MAX};
use spellhost_sim::{Command, EntityId, LimitKind, Material};
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, LinkerInstance, WasmList, WasmStr};

use crate::abi;
use crate::contract::{PACKAGE, VERSION};
use crate::lifting::{HostCall, array, block_pos, block_size, bytes_len, entity_kind, list_len};
use crate::log::LogLevel;
use crate::lowering;
use crate::measured::Measured;
use crate::place::Place;
use crate::prices;
use crate::reads;
use crate::session::{Access, Session, charge, enter};
use crate::stop::Stop;

type Context<'a> = StoreContextMut<'a, Session>;
type List<T> = Measured<WasmList<T>>;
type Text = Measured<WasmStr>;
type Link = fn(&mut LinkerInstance<'_, Session>) -> wasmtime::Result<()>;

/// The most draws of one `random.fill`.
const DRAWS_MAX: u32 = 256;

/// A linker that satisfies every import of the contract, and nothing else.
pub(crate) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<Session>> {
    let mut linker = Linker::new(engine);
    for interface in ["types", "spells"] {
        linker.instance(&format!("{PACKAGE}/{interface}@{VERSION}"))?;
    }
    let interfaces: [(&str, Link); 10] = [
        ("scene", scene),
        ("terrain", terrain),
        ("projectiles", projectiles),
        ("entities", entities),
        ("presentation", presentation),
        ("timers", timers),
        ("remote-events", remote_events),
        ("state", state),
        ("random", random),
        ("log", log),
    ];
    for (name, link) in interfaces {
        link(&mut linker.instance(&format!("{PACKAGE}/{name}@{VERSION}"))?)?;
    }
    Ok(linker)
}

fn scene(scene: &mut LinkerInstance<'_, Session>) -> wasmtime::Result<()> {
    scene.func_wrap("tick", |mut cx: Context<'_>, (): ()| {
        enter(&mut cx, prices::TICK.function, prices::TICK.of(0))?;
        Ok((cx.data().tick,))
    })?;
    scene.func_wrap("get-voxel", |mut cx: Context<'_>, (pos,): (abi::BlockPos,)| {
        enter(&mut cx, prices::GET_VOXEL.function, prices::GET_VOXEL.of(0))?;
        Ok((cx.data().world()?.voxel(block_pos(pos)).number(),))
    })?;
    scene.func_wrap("get-voxels", |mut cx: Context<'_>, (min, size): (abi::BlockPos, abi::BlockSize)| {
        let price = prices::GET_VOXELS;
        let (min, size) = (block_pos(min), block_size(size));
        enter(&mut cx, price.function, price.of(0))?;
        let voxels = reads::region(price.function, min, size)?;
        charge(&mut cx, price.function, price.of(voxels) - price.base)?;
        let region = cx.data().world()?.region(min, size);
        Ok((region.into_iter().map(Material::number).collect::<Vec<u16>>(),))
    })?;
    scene.func_wrap("material-named", |mut cx: Context<'_>, (name,): (Text,)| {
        let function = prices::MATERIAL_NAMED.function;
        enter(&mut cx, function, prices::MATERIAL_NAMED.of(0))?;
        let name = HostCall { cx: &mut cx, function }.text(&name)?;
        Ok((Material::named(&name).map(Material::number),))
    })?;
    rays(scene)?;
    queries(scene)
}

fn rays(scene: &mut LinkerInstance<'_, Session>) -> wasmtime::Result<()> {
    scene.func_wrap(
        "raycast",
        |mut cx: Context<'_>, (origin, direction, distance): (abi::Vec3, abi::Vec3, f64)| {
            let price = prices::RAYCAST;
            enter(&mut cx, price.function, price.of(0))?;
            let ray = reads::ray(price.function, Place::CALL, array(origin), array(direction), distance)?;
            charge(&mut cx, price.function, price.per_unit * ray.blocks())?;
            Ok((reads::cast_ray(cx.data(), &ray)?.as_ref().map(lowering::ray_hit),))
        },
    )?;
    scene.func_wrap("raycasts", |mut cx: Context<'_>, (rays,): (List<abi::Ray>,)| {
        let price = prices::RAYCASTS;
        let count = list_len(&rays)?;
        enter(&mut cx, price.function, price.of(0) + count * prices::RAY)?;
        if count > RAYS_MAX as u64 {
            let message = format!("{count} rays are more than {RAYS_MAX}");
            return Err(Stop::invalid(price.function, "rays", message).into());
        }
        let mut hits = Vec::with_capacity(count as usize);
        HostCall { cx: &mut cx, function: price.function }.each(
            Place::CALL,
            "rays",
            &rays,
            |call, item, ray| {
                let (origin, direction) = (array(ray.origin), array(ray.direction));
                let ray = reads::ray(price.function, item, origin, direction, ray.max_distance)?;
                charge(call.cx, price.function, price.per_unit * ray.blocks())?;
                hits.push(reads::cast_ray(call.cx.data(), &ray)?.as_ref().map(lowering::ray_hit));
                Ok(())
            },
        )?;
        Ok((hits,))
    })?;
    scene.func_wrap("line-of-sight", |mut cx: Context<'_>, (a, b): (abi::Vec3, abi::Vec3)| {
        let price = prices::LINE_OF_SIGHT;
        enter(&mut cx, price.function, price.of(0))?;
        let (a, b, blocks) = reads::sight(price.function, array(a), array(b))?;
        charge(&mut cx, price.function, price.per_unit * blocks)?;
        Ok((cx.data().world()?.line_of_sight(a, b),))
    })
}

fn queries(scene: &mut LinkerInstance<'_, Session>) -> wasmtime::Result<()> {
    scene.func_wrap("entity", |mut cx: Context<'_>, (id,): (u64,)| {
        let price = prices::ENTITY_BY_ID;
        enter(&mut cx, price.function, price.of(0))?;
        let found = cx.data().world()?.entity(EntityId(id));
        charge(&mut cx, price.function, price.per_unit * u64::from(found.is_some()))?;
        Ok((found.as_ref().map(lowering::entity),))
    })?;
    scene.func_wrap(
        "entities-in-radius",
        |mut cx: Context<'_>, (center, radius, kind): (abi::Vec3, f64, Option<abi::EntityKind>)| {
            let price = prices::ENTITIES_IN_RADIUS;
            enter(&mut cx, price.function, price.of(0))?;
            let (center, radius, blocks) = reads::sphere(price.function, array(center), radius)?;
            charge(&mut cx, price.function, price.per_unit * blocks)?;
            let found = cx.data().world()?.entities_in_radius(center, radius, kind.map(entity_kind));
            answer(&mut cx, price.function, &found)
        },
    )?;
    scene.func_wrap("entities-by-kind", |mut cx: Context<'_>, (kind, limit): (abi::EntityKind, u32)| {
        let price = prices::ENTITIES_BY_KIND;
        enter(&mut cx, price.function, price.of(0))?;
        let limit = reads::entity_limit(price.function, limit)?;
        charge(&mut cx, price.function, price.per_unit * limit as u64)?;
        let found = reads::by_kind(cx.data(), entity_kind(kind), limit)?;
        answer(&mut cx, price.function, &found)
    })
}

/// Charges for the entities of an answer and lowers them.
fn answer(
    cx: &mut Context<'_>,
    function: &'static str,
    found: &[spellhost_sim::EntityInfo],
) -> wasmtime::Result<(Vec<abi::EntityInfo>,)> {
    charge(cx, function, prices::ENTITY * found.len() as u64)?;
    Ok((found.iter().map(lowering::entity).collect(),))
}

fn terrain(terrain: &mut LinkerInstance<'_, Session>) -> wasmtime::Result<()> {
    terrain.func_wrap("apply", |mut cx: Context<'_>, (ops,): (List<abi::TerrainOp>,)| {
        let price = prices::TERRAIN_APPLY;
        enter(&mut cx, price.function, price.of(list_len(&ops)?))?;
        HostCall { cx: &mut cx, function: price.function }.each(Place::CALL, "ops", &ops, |call, item, op| {
            let command = call.terrain(item, op)?;
            charge(call.cx, call.function, prices::VOXEL * command.voxel_volume().min(EDITED_VOXELS_MAX))?;
            call.issue(item, command)
        })
    })?;
    terrain.func_wrap(
        "watch-box",
        |mut cx: Context<'_>, (min, size, tag, duration): (abi::BlockPos, abi::BlockSize, u32, u32)| {
            let price = prices::WATCH_BOX;
            enter(&mut cx, price.function, price.of(0))?;
            let command = Command::WatchBox { min: block_pos(min), size: block_size(size), tag, duration };
            HostCall { cx: &mut cx, function: price.function }.issue(Place::CALL, command)
        },
    )
}

fn projectiles(projectiles: &mut LinkerInstance<'_, Session>) -> wasmtime::Result<()> {
    projectiles.func_wrap("spawn", |mut cx: Context<'_>, (specs,): (List<abi::ProjectileSpec>,)| {
        let price = prices::SPAWN;
        enter(&mut cx, price.function, price.of(list_len(&specs)?))?;
        HostCall { cx: &mut cx, function: price.function }.each(
            Place::CALL,
            "specs",
            &specs,
            |call, item, spec| {
                let command = call.projectile(item, spec)?;
                call.issue(item, command)
            },
        )
    })
}

fn entities(entities: &mut LinkerInstance<'_, Session>) -> wasmtime::Result<()> {
    entities.func_wrap("apply", |mut cx: Context<'_>, (ops,): (List<abi::EntityOp>,)| {
        let price = prices::ENTITIES_APPLY;
        enter(&mut cx, price.function, price.of(list_len(&ops)?))?;
        HostCall { cx: &mut cx, function: price.function }.each(Place::CALL, "ops", &ops, |call, item, op| {
            let command = call.entity(item, op)?;
            call.issue(item, command)
        })
    })
}

fn presentation(presentation: &mut LinkerInstance<'_, Session>) -> wasmtime::Result<()> {
    presentation.func_wrap("show", |mut cx: Context<'_>, (ops,): (List<abi::ShowOp>,)| {
        let price = prices::SHOW;
        enter(&mut cx, price.function, price.of(list_len(&ops)?))?;
        HostCall { cx: &mut cx, function: price.function }.each(Place::CALL, "ops", &ops, |call, item, op| {
            let command = call.show(item, op)?;
            call.issue(item, command)
        })
    })
}

fn timers(timers: &mut LinkerInstance<'_, Session>) -> wasmtime::Result<()> {
    timers.func_wrap("wake-after", |mut cx: Context<'_>, (after, tag): (u32, u32)| {
        let price = prices::WAKE_AFTER;
        enter(&mut cx, price.function, price.of(0))?;
        HostCall { cx: &mut cx, function: price.function }
            .issue(Place::CALL, Command::WakeAfter { after, tag })
    })?;
    timers.func_wrap("cancel", |mut cx: Context<'_>, (tag,): (u32,)| {
        let price = prices::CANCEL;
        enter(&mut cx, price.function, price.of(0))?;
        HostCall { cx: &mut cx, function: price.function }.issue(Place::CALL, Command::CancelTimer { tag })
    })
}

fn remote_events(remote: &mut LinkerInstance<'_, Session>) -> wasmtime::Result<()> {
    remote.func_wrap("emit", |mut cx: Context<'_>, (ops,): (List<abi::RemoteOp>,)| {
        let price = prices::EMIT;
        enter(&mut cx, price.function, price.of(list_len(&ops)?))?;
        HostCall { cx: &mut cx, function: price.function }.each(Place::CALL, "ops", &ops, |call, item, op| {
            let command = call.remote(op)?;
            call.issue(item, command)
        })
    })?;
    remote.func_wrap("listen", |mut cx: Context<'_>, (name, duration): (Text, u32)| {
        let price = prices::LISTEN;
        enter(&mut cx, price.function, price.of(0))?;
        let mut call = HostCall { cx: &mut cx, function: price.function };
        let name = call.text(&name)?;
        call.issue(Place::CALL, Command::Listen { name, duration })
    })
}

fn state(state: &mut LinkerInstance<'_, Session>) -> wasmtime::Result<()> {
    state.func_wrap("load", |mut cx: Context<'_>, (): ()| {
        let bytes = cx.data().state().to_vec();
        enter(&mut cx, prices::LOAD.function, prices::LOAD.of(bytes.len() as u64))?;
        Ok((bytes,))
    })?;
    state.func_wrap("save", |mut cx: Context<'_>, (bytes,): (List<u8>,)| {
        let price = prices::SAVE;
        let len = bytes_len(&bytes)?;
        enter(&mut cx, price.function, price.of(len))?;
        if len > cx.data().state_bytes_max() as u64 {
            return Err(Stop::Limit(LimitKind::State).into());
        }
        let bytes = bytes.0.as_le_slice(&cx).to_vec();
        HostCall { cx: &mut cx, function: price.function }.issue(Place::CALL, Command::Save { bytes })
    })?;
    state.func_wrap("finish", |mut cx: Context<'_>, (): ()| {
        let price = prices::FINISH;
        enter(&mut cx, price.function, price.of(0))?;
        HostCall { cx: &mut cx, function: price.function }.issue(Place::CALL, Command::Finish)
    })
}

fn random(random: &mut LinkerInstance<'_, Session>) -> wasmtime::Result<()> {
    random.func_wrap("next", |mut cx: Context<'_>, (): ()| {
        enter(&mut cx, prices::NEXT.function, prices::NEXT.of(0))?;
        Ok((cx.data_mut().random().next(),))
    })?;
    random.func_wrap("fill", |mut cx: Context<'_>, (count,): (u32,)| {
        let price = prices::FILL;
        enter(&mut cx, price.function, price.of(u64::from(count)))?;
        if count > DRAWS_MAX {
            let message = format!("{count} is more than {DRAWS_MAX} draws");
            return Err(Stop::invalid(price.function, "count", message).into());
        }
        let stream = cx.data_mut().random();
        Ok(((0..count).map(|_| stream.next()).collect::<Vec<u64>>(),))
    })
}

fn log(log: &mut LinkerInstance<'_, Session>) -> wasmtime::Result<()> {
    log.func_wrap("log", |mut cx: Context<'_>, (level, message): (abi::Level, Text)| {
        let function = prices::LOG.function;
        let described = cx.data().access == Access::Describing;
        if described {
            // A panic hook speaks through `log`: what it says is why the description failed.
            let said = HostCall { cx: &mut cx, function }.text(&message).ok();
            return Err(Stop::Describing { function, said }.into());
        }
        enter(&mut cx, function, prices::LOG.of(0))?;
        let message = HostCall { cx: &mut cx, function }.text(&message)?;
        let level = match level {
            abi::Level::Error => LogLevel::Error,
            abi::Level::Warn => LogLevel::Warn,
            abi::Level::Info => LogLevel::Info,
            abi::Level::Debug => LogLevel::Debug,
        };
        cx.data_mut().log.push(level, &message);
        Ok(())
    })
}
