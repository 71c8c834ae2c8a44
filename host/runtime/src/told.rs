//! What a host call was given and answered, as values for a trace.
//!
//! Reads the guest's memory and changes nothing; costs nothing where no one traces. Knows the
//! shapes of the contract's types, not what they mean.

use serde::{Serialize, Serializer};
use wasmtime::StoreContextMut;
use wasmtime::component::Lift;

use crate::abi;
use crate::canonical::Load;
use crate::limits::{BYTE_LIST_ARGUMENT_MAX, STRING_ARGUMENT_BYTES_MAX};
use crate::measured::{List, Text};
use crate::session::Session;

/// An argument or answer of a host call. JSON: as the protocol writes it; a case of a variant is
/// an object with one field.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum Told {
    Nothing,
    Flag(bool),
    Natural(u64),
    Integer(i64),
    Number(f64),
    Text(String),
    Name(&'static str),
    List(Vec<Told>),
    Record(Vec<(&'static str, Told)>),
    Case(&'static str, Box<Told>),
    /// A list or text that is too long to be looked at, and its length; the call is refused.
    TooLong(usize),
    /// What the guest's memory does not hold; the call is refused.
    Unreadable,
}

impl Serialize for Told {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nothing | Self::Unreadable => out.serialize_unit(),
            Self::Flag(flag) => out.serialize_bool(*flag),
            Self::Natural(number) => out.serialize_u64(*number),
            Self::Integer(number) => out.serialize_i64(*number),
            Self::Number(number) => out.serialize_f64(*number),
            Self::Text(text) => out.serialize_str(text),
            Self::Name(name) => out.serialize_str(name),
            Self::List(items) => out.collect_seq(items),
            Self::Record(fields) => out.collect_map(fields.iter().map(|(name, value)| (name, value))),
            Self::Case(name, value) => out.collect_map([(name, value)]),
            Self::TooLong(length) => out.collect_map([("too_long", length)]),
        }
    }
}

type Context<'a> = StoreContextMut<'a, Session>;

/// A value that a trace can tell.
pub(crate) trait Tell {
    fn tell(&self, cx: &mut Context<'_>) -> Told;
}

/// The arguments or the answer of a host call.
pub(crate) trait TellAll {
    fn tell_all(&self, cx: &mut Context<'_>) -> Vec<Told>;
}

macro_rules! tell_all {
    ($($name:ident)*) => {
        impl<$($name: Tell),*> TellAll for ($($name,)*) {
            #[allow(non_snake_case, unused_variables, reason = "the names of types, and a tuple that may be empty")]
            fn tell_all(&self, cx: &mut Context<'_>) -> Vec<Told> {
                let ($($name,)*) = self;
                vec![$($name.tell(cx)),*]
            }
        }
    };
}

tell_all!();
tell_all!(A);
tell_all!(A B);
tell_all!(A B C);
tell_all!(A B C D);

macro_rules! tell_plain {
    ($($type:ty => $told:expr;)*) => {
        $(impl Tell for $type {
            fn tell(&self, _: &mut Context<'_>) -> Told {
                #[allow(clippy::redundant_closure_call, reason = "a macro's argument")]
                ($told)(self)
            }
        })*
    };
}

tell_plain! {
    bool => |flag: &bool| Told::Flag(*flag);
    u8 => |number: &u8| Told::Natural((*number).into());
    u16 => |number: &u16| Told::Natural((*number).into());
    u32 => |number: &u32| Told::Natural((*number).into());
    u64 => |number: &u64| Told::Natural(*number);
    i64 => |number: &i64| Told::Integer(*number);
    f64 => |number: &f64| Told::Number(*number);
    &'static str => |text: &&'static str| Told::Text((*text).into());
    abi::Vec3 => |vec: &abi::Vec3| Told::List([vec.x, vec.y, vec.z].map(Told::Number).into());
    abi::BlockPos => |pos: &abi::BlockPos| Told::List([pos.x, pos.y, pos.z].map(|part| Told::Integer(part.into())).into());
    abi::BlockSize => |size: &abi::BlockSize| Told::List([size.x, size.y, size.z].map(|part| Told::Natural(part.into())).into());
    abi::EntityKind => |kind: &abi::EntityKind| Told::Name(match kind {
        abi::EntityKind::Player => "player",
        abi::EntityKind::Projectile => "projectile",
        abi::EntityKind::Npc => "npc",
        abi::EntityKind::Item => "item",
    });
    abi::FillMode => |mode: &abi::FillMode| Told::Name(match mode {
        abi::FillMode::Add => "add",
        abi::FillMode::Subtract => "subtract",
        abi::FillMode::Paint => "paint",
    });
    abi::Level => |level: &abi::Level| Told::Name(match level {
        abi::Level::Error => "error",
        abi::Level::Warn => "warn",
        abi::Level::Info => "info",
        abi::Level::Debug => "debug",
    });
}

impl<T: Tell> Tell for Option<T> {
    fn tell(&self, cx: &mut Context<'_>) -> Told {
        self.as_ref().map_or(Told::Nothing, |value| value.tell(cx))
    }
}

impl<T: Tell> Tell for Vec<T> {
    fn tell(&self, cx: &mut Context<'_>) -> Told {
        Told::List(self.iter().map(|item| item.tell(cx)).collect())
    }
}

impl Tell for Text {
    fn tell(&self, cx: &mut Context<'_>) -> Told {
        match self.to_str(cx) {
            Ok(text) if text.len() > STRING_ARGUMENT_BYTES_MAX => Told::TooLong(text.len()),
            Ok(text) => Told::Text(text.into_owned()),
            Err(_) => Told::Unreadable,
        }
    }
}

impl<T: Tell + Lift + Load> Tell for List<T> {
    fn tell(&self, cx: &mut Context<'_>) -> Told {
        let length = self.len();
        if length > BYTE_LIST_ARGUMENT_MAX {
            return Told::TooLong(length);
        }
        let item = |at| match self.get(cx, at) {
            Some(Ok(item)) => item.tell(cx),
            _ => Told::Unreadable,
        };
        Told::List((0..length).map(item).collect())
    }
}

macro_rules! tell_record {
    ($($type:ident { $($name:literal: $field:ident),* })*) => {
        $(impl Tell for abi::$type {
            fn tell(&self, cx: &mut Context<'_>) -> Told {
                Told::Record(vec![$(($name, self.$field.tell(cx))),*])
            }
        })*
    };
}

tell_record! {
    EntityInfo {
        "id": id, "owner": owner, "kind": kind, "position": position, "velocity": velocity, "radius": radius,
        "health": health, "health-max": health_max, "statuses": statuses
    }
    GuestNamedValue { "name": name, "value": value }
    Ray { "origin": origin, "direction": direction, "max-distance": max_distance }
    RayHit {
        "block": block, "material": material, "position": position, "normal": normal, "distance": distance,
        "entity": entity
    }
    Voxel { "pos": pos, "material": material }
    Sphere { "center": center, "radius": radius, "material": material, "mode": mode }
    Cuboid { "min": min, "size": size, "material": material, "mode": mode }
    ProjectileSpec {
        "position": position, "velocity": velocity, "gravity": gravity, "radius": radius, "lifetime": lifetime,
        "bounces": bounces, "tag": tag
    }
    Amount { "id": id, "points": points }
    Motion { "id": id, "vector": vector }
    Status { "id": id, "name": name, "duration": duration }
    NpcSpec { "template": template, "position": position, "tag": tag }
    Vfx { "asset": asset, "at": at, "params": params }
    Sound { "asset": asset, "at": at }
    Note { "player": player, "text": text }
    RemoteMessage { "name": name, "payload": payload }
}

macro_rules! tell_variant {
    ($($type:ident { $($name:literal: $case:ident),* })*) => {
        $(impl Tell for abi::$type {
            fn tell(&self, cx: &mut Context<'_>) -> Told {
                match self {
                    $(abi::$type::$case(value) => Told::Case($name, Box::new(value.tell(cx))),)*
                }
            }
        })*
    };
}

tell_variant! {
    GuestValue {
        "flag": Flag, "integer": Integer, "number": Number, "text": Text, "point": Point, "block": Block,
        "entity": Entity, "material": Material
    }
    TerrainOp { "set-voxel": SetVoxel, "fill-sphere": FillSphere, "fill-box": FillBox }
    EntityOp {
        "damage": Damage, "heal": Heal, "push": Push, "teleport": Teleport, "apply-status": ApplyStatus,
        "spawn-npc": SpawnNpc, "despawn": Despawn
    }
    ShowOp { "play-vfx": PlayVfx, "play-sound": PlaySound, "message": Message }
    RemoteOp { "broadcast": Broadcast, "send": Send }
}

impl Tell for (u64, abi::RemoteMessage) {
    fn tell(&self, cx: &mut Context<'_>) -> Told {
        let (player, message) = self;
        Told::List(vec![player.tell(cx), message.tell(cx)])
    }
}
