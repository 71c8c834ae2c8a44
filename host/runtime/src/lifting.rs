//! From what a spell says to commands of the simulation: names are looked up, numbers are rounded
//! once, text is read within its bounds and paid for by the byte.
//!
//! Whether a command is allowed is not decided here but by [`crate::session::Session::issue`].

use spellhost_lockstep::quantise;
use spellhost_sim as sim;
use wasmtime::StoreContextMut;
use wasmtime::component::Lift;

use crate::abi;
use crate::canonical::Load;
use crate::limits::{BYTE_LIST_ARGUMENT_MAX, LIST_ARGUMENT_ITEMS_MAX, STRING_ARGUMENT_BYTES_MAX};
use crate::log::quoted;
use crate::measured::{List, Text, well_formed};
use crate::place::Place;
use crate::prices::{EFFECT_PARAM, TEXT_BYTE};
use crate::reads;
use crate::session::{Session, charge};
use crate::stop::Stop;

/// A host call in progress: its name, and the store it acts on.
pub(crate) struct HostCall<'a, 'b> {
    pub(crate) cx: &'a mut StoreContextMut<'b, Session>,
    pub(crate) function: &'static str,
}

/// The length of a list of records, if it is short enough to be looked at.
pub(crate) fn list_len<T: Lift + Load>(list: &List<T>) -> Result<u64, Stop> {
    let len = list.len();
    if len > LIST_ARGUMENT_ITEMS_MAX { Err(Stop::Limit(sim::LimitKind::List)) } else { Ok(len as u64) }
}

/// The length of a list of bytes, if it is short enough to be looked at.
pub(crate) fn bytes_len(list: &List<u8>) -> Result<u64, Stop> {
    let len = list.len();
    if len > BYTE_LIST_ARGUMENT_MAX { Err(Stop::Limit(sim::LimitKind::List)) } else { Ok(len as u64) }
}

pub(crate) fn array(vec: abi::Vec3) -> [f64; 3] {
    [vec.x, vec.y, vec.z]
}

pub(crate) fn block_pos(pos: abi::BlockPos) -> sim::BlockPos {
    sim::BlockPos::new(pos.x, pos.y, pos.z)
}

pub(crate) fn block_size(size: abi::BlockSize) -> sim::BlockSize {
    sim::BlockSize::new(size.x, size.y, size.z)
}

pub(crate) fn entity_kind(kind: abi::EntityKind) -> sim::EntityKind {
    match kind {
        abi::EntityKind::Player => sim::EntityKind::Player,
        abi::EntityKind::Projectile => sim::EntityKind::Projectile,
        abi::EntityKind::Npc => sim::EntityKind::Npc,
        abi::EntityKind::Item => sim::EntityKind::Item,
    }
}

fn fill_mode(mode: abi::FillMode) -> sim::FillMode {
    match mode {
        abi::FillMode::Add => sim::FillMode::Add,
        abi::FillMode::Subtract => sim::FillMode::Subtract,
        abi::FillMode::Paint => sim::FillMode::Paint,
    }
}

fn one_of(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

impl HostCall<'_, '_> {
    /// Reads a text and charges for it.
    pub(crate) fn text(&mut self, text: &Text) -> wasmtime::Result<String> {
        let text = text.to_str(self.cx).map_err(well_formed)?.into_owned();
        if text.len() > STRING_ARGUMENT_BYTES_MAX {
            return Err(Stop::Limit(sim::LimitKind::String).into());
        }
        charge(self.cx, self.function, text.len() as u64 * TEXT_BYTE)?;
        Ok(text)
    }

    /// Runs `act` on each item of a list at `place`, lifted one after the other; it is told where the
    /// item stands.
    pub(crate) fn each<T: Lift + Load>(
        &mut self,
        place: Place<'_>,
        name: &'static str,
        list: &List<T>,
        mut act: impl FnMut(&mut Self, Place<'_>, T) -> wasmtime::Result<()>,
    ) -> wasmtime::Result<()> {
        for at in 0..list.len() {
            let Some(item) = list.get(self.cx, at) else { break };
            act(self, place.item(name, at), item?)?;
        }
        Ok(())
    }

    /// Adds a command to the call's.
    pub(crate) fn issue(&mut self, item: Place<'_>, command: sim::Command) -> wasmtime::Result<()> {
        Ok(self.cx.data_mut().issue(self.function, item, command)?)
    }

    fn invalid(&self, item: Place<'_>, field: &'static str, message: String) -> wasmtime::Error {
        Stop::invalid(self.function, item.field(field).to_string(), message).into()
    }

    /// A finite point; whether it lies in the world is the command's own check.
    fn point(&self, item: Place<'_>, field: &'static str, vec: abi::Vec3) -> Result<sim::Point, Stop> {
        reads::parts(self.function, item.field(field), array(vec), quantise::point)
    }

    fn velocity(&self, item: Place<'_>, field: &'static str, vec: abi::Vec3) -> Result<sim::Velocity, Stop> {
        reads::parts(self.function, item.field(field), array(vec), quantise::velocity)
    }

    fn number<T>(
        &self,
        item: Place<'_>,
        field: &'static str,
        value: f64,
        rounded: impl Fn(f64) -> Result<T, sim::QuantiseError>,
    ) -> Result<T, Stop> {
        reads::number(self.function, item.field(field), value, rounded)
    }

    fn material(&self, item: Place<'_>, number: u16) -> Result<sim::Material, Stop> {
        reads::material(self.function, item.field("material"), number)
    }

    /// An operation on voxels.
    pub(crate) fn terrain(&self, item: Place<'_>, op: abi::TerrainOp) -> Result<sim::Command, Stop> {
        Ok(match op {
            abi::TerrainOp::SetVoxel(voxel) => sim::Command::SetVoxel {
                pos: block_pos(voxel.pos),
                material: self.material(item, voxel.material)?,
            },
            abi::TerrainOp::FillSphere(sphere) => sim::Command::FillSphere {
                center: self.point(item, "center", sphere.center)?,
                radius: self.number(item, "radius", sphere.radius, quantise::coord)?,
                material: self.material(item, sphere.material)?,
                mode: fill_mode(sphere.mode),
            },
            abi::TerrainOp::FillBox(cuboid) => sim::Command::FillBox {
                min: block_pos(cuboid.min),
                size: block_size(cuboid.size),
                material: self.material(item, cuboid.material)?,
                mode: fill_mode(cuboid.mode),
            },
        })
    }

    /// A projectile.
    pub(crate) fn projectile(
        &self,
        item: Place<'_>,
        spec: abi::ProjectileSpec,
    ) -> Result<sim::Command, Stop> {
        Ok(sim::Command::SpawnProjectile(sim::ProjectileSpec {
            position: self.point(item, "position", spec.position)?,
            velocity: self.velocity(item, "velocity", spec.velocity)?,
            gravity: self.number(item, "gravity", spec.gravity, quantise::acceleration)?,
            radius: self.number(item, "radius", spec.radius, quantise::coord)?,
            lifetime: spec.lifetime,
            bounces: spec.bounces,
            tag: spec.tag,
        }))
    }

    /// An operation on entities.
    pub(crate) fn entity(&mut self, item: Place<'_>, op: abi::EntityOp) -> wasmtime::Result<sim::Command> {
        Ok(match op {
            abi::EntityOp::Damage(amount) => sim::Command::Damage {
                id: sim::EntityId(amount.id),
                points: self.number(item, "points", amount.points, quantise::points)?,
            },
            abi::EntityOp::Heal(amount) => sim::Command::Heal {
                id: sim::EntityId(amount.id),
                points: self.number(item, "points", amount.points, quantise::points)?,
            },
            abi::EntityOp::Push(motion) => sim::Command::Push {
                id: sim::EntityId(motion.id),
                velocity: self.velocity(item, "vector", motion.vector)?,
            },
            abi::EntityOp::Teleport(motion) => sim::Command::Teleport {
                id: sim::EntityId(motion.id),
                to: self.point(item, "vector", motion.vector)?,
            },
            abi::EntityOp::ApplyStatus(status) => {
                let name = self.text(&status.name)?;
                let known = sim::Status::named(&name).ok_or_else(|| {
                    let names = one_of(sim::STATUSES.iter().map(|row| row.name));
                    self.invalid(item, "name", format!("{} is no status: they are {names}", quoted(&name)))
                })?;
                sim::Command::ApplyStatus {
                    id: sim::EntityId(status.id),
                    status: known,
                    duration: status.duration,
                }
            }
            abi::EntityOp::SpawnNpc(npc) => {
                let name = self.text(&npc.template)?;
                let template = sim::Template::named(&name).ok_or_else(|| {
                    let names = one_of(sim::TEMPLATES.iter().map(|row| row.name));
                    self.invalid(
                        item,
                        "template",
                        format!("{} is no creature: they are {names}", quoted(&name)),
                    )
                })?;
                let position = self.point(item, "position", npc.position)?;
                sim::Command::SpawnNpc { template, position, tag: npc.tag }
            }
            abi::EntityOp::Despawn(id) => sim::Command::Despawn { id: sim::EntityId(id) },
        })
    }

    /// Something to see or hear.
    pub(crate) fn show(&mut self, item: Place<'_>, op: abi::ShowOp) -> wasmtime::Result<sim::Command> {
        Ok(match op {
            abi::ShowOp::PlayVfx(vfx) => {
                let count = list_len(&vfx.params)?;
                charge(self.cx, self.function, count * EFFECT_PARAM)?;
                let asset = self.text(&vfx.asset)?;
                let at = self.point(item, "at", vfx.at)?;
                let mut params = Vec::new();
                self.each(item, "params", &vfx.params, |call, item, param| {
                    let name = call.text(&param.name)?;
                    params.push(sim::NamedValue { name, value: call.value(item, param.value)? });
                    Ok(())
                })?;
                sim::Command::PlayVfx { asset, at, params }
            }
            abi::ShowOp::PlaySound(sound) => {
                let asset = self.text(&sound.asset)?;
                sim::Command::PlaySound { asset, at: self.point(item, "at", sound.at)? }
            }
            abi::ShowOp::Message(note) => {
                sim::Command::Message { player: sim::EntityId(note.player), text: self.text(&note.text)? }
            }
        })
    }

    fn value(&mut self, item: Place<'_>, value: abi::GuestValue) -> wasmtime::Result<sim::Value> {
        Ok(match value {
            abi::GuestValue::Flag(flag) => sim::Value::Flag(flag),
            abi::GuestValue::Integer(integer) => sim::Value::Integer(integer),
            abi::GuestValue::Number(number) if number.is_finite() => {
                sim::Value::Number(sim::Number { bits: number.to_bits() })
            }
            abi::GuestValue::Number(number) => {
                return Err(self.invalid(item, "value", format!("{number} is not a finite number")));
            }
            abi::GuestValue::Text(text) => sim::Value::Text(self.text(&text)?),
            abi::GuestValue::Point(point) => sim::Value::Point(self.point(item, "value", point)?),
            abi::GuestValue::Block(block) => sim::Value::Block(block_pos(block)),
            abi::GuestValue::Entity(id) => sim::Value::Entity(sim::EntityId(id)),
            abi::GuestValue::Material(number) => {
                sim::Value::Material(reads::material(self.function, item.field("value"), number)?)
            }
        })
    }

    /// A message to game clients.
    pub(crate) fn remote(&mut self, op: abi::RemoteOp) -> wasmtime::Result<sim::Command> {
        Ok(match op {
            abi::RemoteOp::Broadcast(message) => sim::Command::Broadcast {
                name: self.text(&message.name)?,
                payload: self.text(&message.payload)?,
            },
            abi::RemoteOp::Send((player, message)) => sim::Command::Send {
                player: sim::EntityId(player),
                name: self.text(&message.name)?,
                payload: self.text(&message.payload)?,
            },
        })
    }
}
