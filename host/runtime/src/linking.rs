//! The imports of `spellhost:spell@0.1.0`, each charged before it acts and handed to the
//! version-free functions of [`crate::session`], [`crate::reads`] and [`crate::lifting`].
//!
//! A later version of the WIT is another file like this one. Host functions never panic on what a
//! guest says.

use spellhost_sim::limits::{BOX_EDGE_MAX, EDITED_VOXELS_MAX, RAYS_MAX};
use spellhost_sim::{Command, EntityId, LimitKind, Material};
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentNamedList, Lift, Linker, LinkerInstance, Lower};

use crate::abi;
use crate::canonical::{Answer, Params};
use crate::contract::{PACKAGE, VERSION};
use crate::direct::Imports;
use crate::lifting::{HostCall, array, block_pos, block_size, bytes_len, entity_kind, list_len};
use crate::log::LogLevel;
use crate::lowering;
use crate::measured::{List, Text};
use crate::place::Place;
use crate::prices::{self, Price};
use crate::reads;
use crate::session::{Access, Session, charge, enter};
use crate::stop::Stop;
use crate::told::TellAll;
use crate::trace;

type Context<'a> = StoreContextMut<'a, Session>;
type Link = fn(&mut Interface<'_>) -> wasmtime::Result<()>;

/// What an interface is linked for.
enum Interface<'a> {
    /// Components.
    Component(LinkerInstance<'a, Session>),
    /// The core module of one spell.
    Direct(&'a mut Imports),
}

const INTERFACES: [(&str, Link); 10] = [
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

/// The most draws of one `random.fill`.
const DRAWS_MAX: u32 = 256;

/// A linker that satisfies every import of the contract and of deterministic WASI, and nothing else. What a
/// component may import of it is admission's to decide.
pub(crate) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<Session>> {
    let mut linker = Linker::new(engine);
    for interface in ["types", "spells"] {
        linker.instance(&format!("{PACKAGE}/{interface}@{VERSION}"))?;
    }
    for (name, link) in INTERFACES {
        link(&mut Interface::Component(linker.instance(&format!("{PACKAGE}/{name}@{VERSION}"))?))?;
    }
    spellhost_wasi::link(&mut linker)?;
    Ok(linker)
}

/// Satisfies what the core module of one spell imports.
pub(crate) fn link_direct(imports: &mut Imports) -> wasmtime::Result<()> {
    let mut interface = Interface::Direct(imports);
    INTERFACES.iter().try_for_each(|(_, link)| link(&mut interface))
}

/// Links one import under the name that its price has; where its call is traced, it is told.
fn import<P, R>(
    interface: &mut Interface<'_>,
    price: Price,
    act: impl Fn(&mut Context<'_>, P) -> wasmtime::Result<R> + Send + Sync + 'static,
) -> wasmtime::Result<()>
where
    P: ComponentNamedList + Lift + Params + TellAll + 'static,
    R: ComponentNamedList + Lower + Answer + TellAll + 'static,
{
    let act = move |cx: &mut Context<'_>, arguments: P| {
        if cx.data().trace.is_none() {
            return act(cx, arguments);
        }
        trace::told(cx, price.function, arguments, &act)
    };
    match interface {
        Interface::Component(instance) => {
            let name = price.function.split_once('.').map_or(price.function, |(_, name)| name);
            instance.func_wrap(name, move |mut cx: Context<'_>, arguments: P| act(&mut cx, arguments))
        }
        Interface::Direct(imports) => imports.define(price.function, act),
    }
}

fn scene(scene: &mut Interface<'_>) -> wasmtime::Result<()> {
    import(scene, prices::TICK, |cx: &mut Context<'_>, (): ()| {
        enter(cx, prices::TICK.function, prices::TICK.of(0))?;
        Ok((cx.data().tick,))
    })?;
    import(scene, prices::GET_VOXEL, |cx: &mut Context<'_>, (pos,): (abi::BlockPos,)| {
        enter(cx, prices::GET_VOXEL.function, prices::GET_VOXEL.of(0))?;
        Ok((cx.data().world()?.voxel(block_pos(pos)).number(),))
    })?;
    import(
        scene,
        prices::GET_VOXELS,
        |cx: &mut Context<'_>, (min, size): (abi::BlockPos, abi::BlockSize)| {
            let price = prices::GET_VOXELS;
            let (min, size) = (block_pos(min), block_size(size));
            enter(cx, price.function, price.of(0))?;
            let voxels = reads::region(price.function, min, size)?;
            charge(cx, price.function, price.of(voxels) - price.base)?;
            let region = cx.data().world()?.region(min, size);
            Ok((region.into_iter().map(Material::number).collect::<Vec<u16>>(),))
        },
    )?;
    import(scene, prices::MATERIAL_NAMED, |cx: &mut Context<'_>, (name,): (Text,)| {
        let function = prices::MATERIAL_NAMED.function;
        enter(cx, function, prices::MATERIAL_NAMED.of(0))?;
        let name = HostCall { cx, function }.text(&name)?;
        Ok((Material::named(&name).map(Material::number),))
    })?;
    rays(scene)?;
    queries(scene)
}

fn rays(scene: &mut Interface<'_>) -> wasmtime::Result<()> {
    import(
        scene,
        prices::RAYCAST,
        |cx: &mut Context<'_>, (origin, direction, distance): (abi::Vec3, abi::Vec3, f64)| {
            let price = prices::RAYCAST;
            enter(cx, price.function, price.of(0))?;
            let ray = reads::ray(price.function, Place::CALL, array(origin), array(direction), distance)?;
            charge(cx, price.function, price.per_unit * ray.blocks())?;
            let hit = reads::cast_ray(cx.data(), &ray)?;
            charge(cx, price.function, prices::LOOK * hit.entities)?;
            Ok((hit.answer.as_ref().map(lowering::ray_hit),))
        },
    )?;
    import(scene, prices::RAYCASTS, |cx: &mut Context<'_>, (rays,): (List<abi::Ray>,)| {
        let price = prices::RAYCASTS;
        let count = list_len(&rays)?;
        enter(cx, price.function, price.of(0) + count * prices::RAY)?;
        if count > RAYS_MAX as u64 {
            let message = format!("{count} rays are more than {RAYS_MAX}");
            return Err(Stop::invalid(price.function, "rays", message).into());
        }
        let mut hits = Vec::with_capacity(count as usize);
        HostCall { cx, function: price.function }.each(Place::CALL, "rays", &rays, |call, item, ray| {
            let (origin, direction) = (array(ray.origin), array(ray.direction));
            let ray = reads::ray(price.function, item, origin, direction, ray.max_distance)?;
            charge(call.cx, price.function, price.per_unit * ray.blocks())?;
            let hit = reads::cast_ray(call.cx.data(), &ray)?;
            charge(call.cx, price.function, prices::LOOK * hit.entities)?;
            hits.push(hit.answer.as_ref().map(lowering::ray_hit));
            Ok(())
        })?;
        Ok((hits,))
    })?;
    import(scene, prices::LINE_OF_SIGHT, |cx: &mut Context<'_>, (a, b): (abi::Vec3, abi::Vec3)| {
        let price = prices::LINE_OF_SIGHT;
        enter(cx, price.function, price.of(0))?;
        let (a, b, blocks) = reads::sight(price.function, array(a), array(b))?;
        charge(cx, price.function, price.per_unit * blocks)?;
        Ok((cx.data().world()?.line_of_sight(a, b),))
    })
}

fn queries(scene: &mut Interface<'_>) -> wasmtime::Result<()> {
    import(scene, prices::ENTITY_BY_ID, |cx: &mut Context<'_>, (id,): (u64,)| {
        let price = prices::ENTITY_BY_ID;
        enter(cx, price.function, price.of(0))?;
        let found = cx.data().world()?.entity(EntityId(id));
        charge(cx, price.function, price.per_unit * u64::from(found.is_some()))?;
        Ok((found.as_ref().map(lowering::entity),))
    })?;
    import(
        scene,
        prices::ENTITIES_IN_RADIUS,
        |cx: &mut Context<'_>, (center, radius, kind): (abi::Vec3, f64, Option<abi::EntityKind>)| {
            let price = prices::ENTITIES_IN_RADIUS;
            enter(cx, price.function, price.of(0))?;
            let (center, radius, blocks) = reads::sphere(price.function, array(center), radius)?;
            charge(cx, price.function, price.per_unit * blocks)?;
            let found = cx.data().world()?.entities_in_radius(center, radius, kind.map(entity_kind));
            charge(cx, price.function, prices::LOOK * found.entities)?;
            answer(cx, price.function, &found.answer)
        },
    )?;
    import(scene, prices::ENTITIES_BY_KIND, |cx: &mut Context<'_>, (kind, limit): (abi::EntityKind, u32)| {
        let price = prices::ENTITIES_BY_KIND;
        enter(cx, price.function, price.of(0))?;
        let limit = reads::entity_limit(price.function, limit)?;
        charge(cx, price.function, price.per_unit * limit as u64)?;
        let found = reads::by_kind(cx.data(), entity_kind(kind), limit)?;
        answer(cx, price.function, &found)
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

fn terrain(terrain: &mut Interface<'_>) -> wasmtime::Result<()> {
    import(terrain, prices::TERRAIN_APPLY, |cx: &mut Context<'_>, (ops,): (List<abi::TerrainOp>,)| {
        let price = prices::TERRAIN_APPLY;
        enter(cx, price.function, price.of(list_len(&ops)?))?;
        HostCall { cx, function: price.function }.each(Place::CALL, "ops", &ops, |call, item, op| {
            let command = call.terrain(item, op)?;
            charge(call.cx, call.function, prices::VOXEL * command.voxel_volume().min(EDITED_VOXELS_MAX))?;
            let chunks = call.cx.data_mut().touch(&command)?;
            charge(call.cx, call.function, prices::CHUNK * chunks)?;
            call.issue(item, command)
        })
    })?;
    import(
        terrain,
        prices::WATCH_BOX,
        |cx: &mut Context<'_>, (min, size, tag, duration): (abi::BlockPos, abi::BlockSize, u32, u32)| {
            let price = prices::WATCH_BOX;
            enter(cx, price.function, price.of(0))?;
            let (min, size) = (block_pos(min), block_size(size));
            if min.in_bounds() && [size.x, size.y, size.z].iter().all(|edge| *edge <= BOX_EDGE_MAX) {
                let (cells, entities) = cx.data().world()?.looked_at_in_box(min, size);
                charge(cx, price.function, price.per_unit * cells + prices::LOOK * entities)?;
            }
            let command = Command::WatchBox { min, size, tag, duration };
            HostCall { cx, function: price.function }.issue(Place::CALL, command)
        },
    )
}

fn projectiles(projectiles: &mut Interface<'_>) -> wasmtime::Result<()> {
    import(projectiles, prices::SPAWN, |cx: &mut Context<'_>, (specs,): (List<abi::ProjectileSpec>,)| {
        let price = prices::SPAWN;
        enter(cx, price.function, price.of(list_len(&specs)?))?;
        HostCall { cx, function: price.function }.each(Place::CALL, "specs", &specs, |call, item, spec| {
            let command = call.projectile(item, spec)?;
            call.issue(item, command)
        })
    })
}

fn entities(entities: &mut Interface<'_>) -> wasmtime::Result<()> {
    import(entities, prices::ENTITIES_APPLY, |cx: &mut Context<'_>, (ops,): (List<abi::EntityOp>,)| {
        let price = prices::ENTITIES_APPLY;
        enter(cx, price.function, price.of(list_len(&ops)?))?;
        HostCall { cx, function: price.function }.each(Place::CALL, "ops", &ops, |call, item, op| {
            let command = call.entity(item, op)?;
            if matches!(command, Command::Teleport { .. } | Command::SpawnNpc { .. }) {
                charge(call.cx, call.function, prices::PLACING)?;
            }
            call.issue(item, command)
        })
    })
}

fn presentation(presentation: &mut Interface<'_>) -> wasmtime::Result<()> {
    import(presentation, prices::SHOW, |cx: &mut Context<'_>, (ops,): (List<abi::ShowOp>,)| {
        let price = prices::SHOW;
        enter(cx, price.function, price.of(list_len(&ops)?))?;
        HostCall { cx, function: price.function }.each(Place::CALL, "ops", &ops, |call, item, op| {
            let command = call.show(item, op)?;
            call.issue(item, command)
        })
    })
}

fn timers(timers: &mut Interface<'_>) -> wasmtime::Result<()> {
    import(timers, prices::WAKE_AFTER, |cx: &mut Context<'_>, (after, tag): (u32, u32)| {
        let price = prices::WAKE_AFTER;
        enter(cx, price.function, price.of(0))?;
        HostCall { cx, function: price.function }.issue(Place::CALL, Command::WakeAfter { after, tag })
    })?;
    import(timers, prices::CANCEL, |cx: &mut Context<'_>, (tag,): (u32,)| {
        let price = prices::CANCEL;
        enter(cx, price.function, price.of(0))?;
        HostCall { cx, function: price.function }.issue(Place::CALL, Command::CancelTimer { tag })
    })
}

fn remote_events(remote: &mut Interface<'_>) -> wasmtime::Result<()> {
    import(remote, prices::EMIT, |cx: &mut Context<'_>, (ops,): (List<abi::RemoteOp>,)| {
        let price = prices::EMIT;
        enter(cx, price.function, price.of(list_len(&ops)?))?;
        HostCall { cx, function: price.function }.each(Place::CALL, "ops", &ops, |call, item, op| {
            let command = call.remote(op)?;
            call.issue(item, command)
        })
    })?;
    import(remote, prices::LISTEN, |cx: &mut Context<'_>, (name, duration): (Text, u32)| {
        let price = prices::LISTEN;
        enter(cx, price.function, price.of(0))?;
        let mut call = HostCall { cx, function: price.function };
        let name = call.text(&name)?;
        call.issue(Place::CALL, Command::Listen { name, duration })
    })
}

fn state(state: &mut Interface<'_>) -> wasmtime::Result<()> {
    import(state, prices::LOAD, |cx: &mut Context<'_>, (): ()| {
        let bytes = cx.data().state().to_vec();
        enter(cx, prices::LOAD.function, prices::LOAD.of(bytes.len() as u64))?;
        Ok((bytes,))
    })?;
    import(state, prices::SAVE, |cx: &mut Context<'_>, (bytes,): (List<u8>,)| {
        let price = prices::SAVE;
        let len = bytes_len(&bytes)?;
        enter(cx, price.function, price.of(len))?;
        if len > cx.data().state_bytes_max() as u64 {
            return Err(Stop::Limit(LimitKind::State).into());
        }
        let bytes = bytes.bytes(cx)?.to_vec();
        HostCall { cx, function: price.function }.issue(Place::CALL, Command::Save { bytes })
    })?;
    import(state, prices::FINISH, |cx: &mut Context<'_>, (): ()| {
        let price = prices::FINISH;
        enter(cx, price.function, price.of(0))?;
        HostCall { cx, function: price.function }.issue(Place::CALL, Command::Finish)
    })
}

fn random(random: &mut Interface<'_>) -> wasmtime::Result<()> {
    import(random, prices::NEXT, |cx: &mut Context<'_>, (): ()| {
        enter(cx, prices::NEXT.function, prices::NEXT.of(0))?;
        Ok((cx.data_mut().random().next(),))
    })?;
    import(random, prices::FILL, |cx: &mut Context<'_>, (count,): (u32,)| {
        let price = prices::FILL;
        enter(cx, price.function, price.of(u64::from(count)))?;
        if count > DRAWS_MAX {
            let message = format!("{count} is more than {DRAWS_MAX} draws");
            return Err(Stop::invalid(price.function, "count", message).into());
        }
        let stream = cx.data_mut().random();
        Ok(((0..count).map(|_| stream.next()).collect::<Vec<u64>>(),))
    })
}

fn log(log: &mut Interface<'_>) -> wasmtime::Result<()> {
    import(log, prices::LOG, |cx: &mut Context<'_>, (level, message): (abi::Level, Text)| {
        let function = prices::LOG.function;
        let described = cx.data().access == Access::Describing;
        if described {
            // A panic hook speaks through `log`: what it says is why the description failed.
            let said = HostCall { cx, function }.text(&message).ok();
            return Err(Stop::Describing { function, said }.into());
        }
        enter(cx, function, prices::LOG.of(0))?;
        let message = HostCall { cx, function }.text(&message)?;
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
