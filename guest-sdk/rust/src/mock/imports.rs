//! The host's interfaces, answered by the call that is going on in this thread.
//!
//! Promises the names and types of the generated imports. Does not decide what is valid; `checks` does.

use super::Command;
use super::ask::{Call, ask};
use super::checks::{self, Check};
use crate::bindings::spellhost::spell as wit;
use crate::material::Material;

/// Takes commands one by one; the first that a host would refuse makes the call invalid.
fn take<Op>(import: &str, ops: &[Op], command: impl Fn(&mut Call, &Op) -> Result<Command, String>) {
    ask(import, |call| {
        for (item, op) in ops.iter().enumerate() {
            match call.room().and_then(|()| command(call, op)) {
                Ok(command) => call.commands.push(command),
                Err(problem) => call.refuse(import, item, problem),
            }
        }
    });
}

/// Answers a question; one that a host would refuse gets the empty answer and makes the call invalid.
fn read<T>(import: &str, fallback: T, check: Check, answer: impl FnOnce(&mut Call) -> T) -> T {
    ask(import, |call| match check {
        Ok(()) => answer(call),
        Err(problem) => {
            call.refuse(import, 0, problem);
            fallback
        }
    })
}

/// The id of the next spawn.
fn spawned(call: &mut Call) -> u64 {
    call.next_entity += 1;
    call.next_entity - 1
}

pub mod scene {
    pub use super::wit::scene::{Ray, RayHit};
    use super::wit::types::{BlockPos, BlockSize, EntityId, EntityInfo, EntityKind, Vec3};
    use super::{Check, ask, checks, read};
    use crate::material::Material;

    pub fn tick() -> u64 {
        ask("scene.tick", |call| call.world.tick)
    }

    pub fn get_voxel(pos: BlockPos) -> u16 {
        ask("scene.get-voxel", |call| call.world.get(pos).0)
    }

    pub fn get_voxels(min: BlockPos, size: BlockSize) -> Vec<u16> {
        read("scene.get-voxels", Vec::new(), checks::size(size, 32), |call| {
            let mut materials = Vec::new();
            for y in 0..size.y as i32 {
                for z in 0..size.z as i32 {
                    materials.extend((0..size.x as i32).map(|x| call.world.get(min.offset(x, y, z)).0));
                }
            }
            materials
        })
    }

    fn ray(origin: Vec3, direction: Vec3, max_distance: f64) -> Check {
        checks::point("origin", origin)?;
        if !direction.is_finite() || direction == Vec3::ZERO {
            return Err("`direction` must be finite and of any length but zero".to_owned());
        }
        checks::positive("max-distance", max_distance, 256.0)
    }

    pub fn raycast(origin: Vec3, direction: Vec3, max_distance: f64) -> Option<RayHit> {
        read("scene.raycast", None, ray(origin, direction, max_distance), |call| {
            call.world.raycast(origin, direction, max_distance)
        })
    }

    pub fn raycasts(rays: &[Ray]) -> Vec<Option<RayHit>> {
        let check = checks::within("the number of rays", rays.len(), 0, 64);
        let check = rays
            .iter()
            .fold(check, |check, one| check.and_then(|()| ray(one.origin, one.direction, one.max_distance)));
        read("scene.raycasts", vec![None; rays.len()], check, |call| {
            let cast = |ray: &Ray| call.world.raycast(ray.origin, ray.direction, ray.max_distance);
            rays.iter().map(cast).collect()
        })
    }

    pub fn line_of_sight(a: Vec3, b: Vec3) -> bool {
        let check = checks::point("a", a)
            .and_then(|()| checks::point("b", b))
            .and_then(|()| checks::within("the distance", a.distance(b), 0.0, 256.0));
        read("scene.line-of-sight", false, check, |call| call.world.sees(a, b))
    }

    pub fn entity(id: EntityId) -> Option<EntityInfo> {
        ask("scene.entity", |call| call.world.find(id).cloned())
    }

    pub fn entities_in_radius(center: Vec3, radius: f64, kind: Option<EntityKind>) -> Vec<EntityInfo> {
        let check =
            checks::point("center", center).and_then(|()| checks::within("radius", radius, 0.0, 64.0));
        read("scene.entities-in-radius", Vec::new(), check, |call| call.world.within(center, radius, kind))
    }

    pub fn entities_by_kind(kind: EntityKind, limit: u32) -> Vec<EntityInfo> {
        let check = checks::within("limit", limit, 0, 256);
        read("scene.entities-by-kind", Vec::new(), check, |call| call.world.of_kind(kind, limit))
    }

    pub fn material_named(name: &str) -> Option<u16> {
        ask("scene.material-named", |_| Material::named(name).map(|material| material.0))
    }
}

pub mod terrain {
    use super::wit::terrain::TerrainOp;
    use super::wit::types::{BlockPos, BlockSize};
    use super::{Command, Material, checks, take};

    pub fn apply(ops: &[TerrainOp]) {
        take("terrain.apply", ops, |call, op| match *op {
            TerrainOp::SetVoxel(op) => {
                let material = Material(op.material);
                checks::block("pos", op.pos)?;
                checks::material(material)?;
                call.cover(1)?;
                Ok(Command::SetVoxel { pos: op.pos, material })
            }
            TerrainOp::FillSphere(op) => {
                let material = Material(op.material);
                checks::point("center", op.center)?;
                checks::positive("radius", op.radius, 24.0)?;
                checks::material(material)?;
                // The volume of the ball, near enough for a test.
                call.cover((4.19 * op.radius.powi(3)) as u64)?;
                Ok(Command::FillSphere { center: op.center, radius: op.radius, material, mode: op.mode })
            }
            TerrainOp::FillBox(op) => {
                let material = Material(op.material);
                checks::block("min", op.min)?;
                checks::size(op.size, 256)?;
                checks::material(material)?;
                call.cover(op.size.volume())?;
                Ok(Command::FillBox { min: op.min, size: op.size, material, mode: op.mode })
            }
        });
    }

    pub fn watch_box(min: BlockPos, size: BlockSize, tag: u32, duration: u32) {
        take("terrain.watch-box", &[()], |_, ()| {
            checks::block("min", min)?;
            checks::size(size, 256)?;
            checks::within("duration", duration, 1, checks::DURATION_TICKS_MAX)?;
            Ok(Command::WatchBox { min, size, tag, duration })
        });
    }
}

pub mod projectiles {
    use super::wit::projectiles::ProjectileSpec;
    use super::{Command, checks, spawned, take};

    pub fn spawn(specs: &[ProjectileSpec]) {
        take("projectiles.spawn", specs, |call, spec| {
            checks::point("position", spec.position)?;
            checks::speed("velocity", spec.velocity)?;
            checks::within("gravity", spec.gravity, -3_600.0, 3_600.0)?;
            checks::within("radius", spec.radius, 0.0, 4.0)?;
            checks::within("lifetime", spec.lifetime, 1, 3_600)?;
            Ok(Command::SpawnProjectile { id: spawned(call), projectile: *spec })
        });
    }
}

pub mod entities {
    use super::wit::entities::EntityOp;
    use super::{Command, checks, spawned, take};
    use crate::creature::{Npc, Status};

    pub fn apply(ops: &[EntityOp]) {
        take("entities.apply", ops, |call, op| {
            let points = |points| checks::within("points", points, 0.0, 1_000_000.0);
            Ok(match op {
                EntityOp::Damage(op) => {
                    call.known(op.id)?;
                    points(op.points)?;
                    Command::Damage { id: op.id, points: op.points }
                }
                EntityOp::Heal(op) => {
                    call.known(op.id)?;
                    points(op.points)?;
                    Command::Heal { id: op.id, points: op.points }
                }
                EntityOp::Push(op) => {
                    call.known(op.id)?;
                    checks::speed("vector", op.vector)?;
                    Command::Push { id: op.id, velocity: op.vector }
                }
                EntityOp::Teleport(op) => {
                    call.known(op.id)?;
                    checks::point("vector", op.vector)?;
                    Command::Teleport { id: op.id, to: op.vector }
                }
                EntityOp::ApplyStatus(op) => {
                    call.known(op.id)?;
                    checks::within("duration", op.duration, 1, checks::DURATION_TICKS_MAX)?;
                    let known = Status::ALL.into_iter().find(|status| status.name() == op.name);
                    let status = known.ok_or_else(|| format!("there is no status `{}`", op.name))?;
                    Command::ApplyStatus { id: op.id, status, ticks: op.duration }
                }
                EntityOp::SpawnNpc(op) => {
                    checks::point("position", op.position)?;
                    if Npc::ALL.iter().all(|npc| npc.name() != op.template) {
                        return Err(format!("there is no template `{}`", op.template));
                    }
                    let (template, position, tag) = (op.template.clone(), op.position, op.tag);
                    Command::SpawnNpc { id: spawned(call), template, position, tag }
                }
                EntityOp::Despawn(id) => {
                    call.known(*id)?;
                    if call.player(*id).is_ok() {
                        return Err(format!("entity {id} is a player, who cannot be removed"));
                    }
                    Command::Despawn { id: *id }
                }
            })
        });
    }
}

pub mod presentation {
    use super::wit::presentation::ShowOp;
    use super::{Command, checks, take};

    pub fn show(ops: &[ShowOp]) {
        take("presentation.show", ops, |call, op| {
            Ok(match op {
                ShowOp::PlayVfx(op) => {
                    checks::text("asset", &op.asset, checks::NAME_BYTES_MAX)?;
                    checks::point("at", op.at)?;
                    checks::within("the number of params", op.params.len(), 0, 32)?;
                    Command::PlayVfx { asset: op.asset.clone(), at: op.at, params: op.params.clone() }
                }
                ShowOp::PlaySound(op) => {
                    checks::text("asset", &op.asset, checks::NAME_BYTES_MAX)?;
                    checks::point("at", op.at)?;
                    Command::PlaySound { asset: op.asset.clone(), at: op.at }
                }
                ShowOp::Message(op) => {
                    call.player(op.player)?;
                    checks::text("text", &op.text, checks::TEXT_BYTES_MAX)?;
                    Command::Message { player: op.player, text: op.text.clone() }
                }
            })
        });
    }
}

pub mod timers {
    use super::{Command, checks, take};

    pub fn wake_after(after: u32, tag: u32) {
        take("timers.wake-after", &[()], |_, ()| {
            checks::within("after", after, 0, checks::DURATION_TICKS_MAX)?;
            Ok(Command::WakeAfter { ticks: after, tag })
        });
    }

    pub fn cancel(tag: u32) {
        take("timers.cancel", &[()], |_, ()| Ok(Command::Cancel { tag }));
    }
}

pub mod remote_events {
    use super::wit::remote_events::{RemoteMessage, RemoteOp};
    use super::{Check, Command, checks, take};

    fn message(message: &RemoteMessage) -> Check {
        checks::text("name", &message.name, checks::NAME_BYTES_MAX)?;
        checks::text("payload", &message.payload, checks::TEXT_BYTES_MAX)
    }

    pub fn emit(ops: &[RemoteOp]) {
        take("remote-events.emit", ops, |call, op| {
            Ok(match op {
                RemoteOp::Broadcast(op) => {
                    message(op)?;
                    Command::Broadcast { name: op.name.clone(), payload: op.payload.clone() }
                }
                RemoteOp::Send((player, op)) => {
                    call.player(*player)?;
                    message(op)?;
                    Command::Send { player: *player, name: op.name.clone(), payload: op.payload.clone() }
                }
            })
        });
    }

    pub fn listen(name: &str, duration: u32) {
        take("remote-events.listen", &[()], |_, ()| {
            checks::text("name", name, checks::NAME_BYTES_MAX)?;
            checks::within("duration", duration, 1, checks::DURATION_TICKS_MAX)?;
            Ok(Command::Listen { name: name.to_owned(), duration })
        });
    }
}

pub mod state {
    use super::{ask, checks, read};

    pub fn load() -> Vec<u8> {
        ask("state.load", |call| call.saved.clone().unwrap_or_else(|| call.world.state.clone()))
    }

    pub fn save(bytes: &[u8]) {
        let check = checks::within("the length of the state in bytes", bytes.len(), 0, 4_096);
        read("state.save", (), check, |call| call.saved = Some(bytes.to_vec()));
    }

    pub fn finish() {
        ask("state.finish", |call| call.finished = true);
    }
}

pub mod random {
    use super::{ask, checks, read};

    pub fn next() -> u64 {
        ask("random.next", |call| call.draw())
    }

    pub fn fill(count: u32) -> Vec<u64> {
        let check = checks::within("count", count, 0, 256);
        read("random.fill", Vec::new(), check, |call| (0..count).map(|_| call.draw()).collect())
    }
}

pub mod log {
    use super::ask;
    pub use super::wit::log::Level;

    pub fn log(level: Level, message: &str) {
        ask("log.log", |call| call.logs.push((level, message.to_owned())));
    }
}
