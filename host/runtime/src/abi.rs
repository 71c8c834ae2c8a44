//! The types of `spellhost:spell@0.1.0` as they cross the boundary, and nothing else.
//!
//! `wit/0.1/spell.wit` is the authority; wasmtime compares these with every component's own. The
//! conversions to and from the simulation are in [`crate::lowering`] and [`crate::lifting`].

use wasmtime::component::{ComponentType, Lift, Lower};

use crate::measured::{List, Measured, Text};

macro_rules! record {
    ($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $ty:ty,)* }) => {
        $(#[$meta])*
        #[component(record)]
        pub(crate) struct $name { $($(#[$field_meta])* pub(crate) $field: $ty,)* }
    };
}

record! {
    #[derive(Clone, Copy, Debug, PartialEq, ComponentType, Lift, Lower)]
    Vec3 { x: f64, y: f64, z: f64, }
}
record! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift, Lower)]
    BlockPos { x: i32, y: i32, z: i32, }
}
record! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift, Lower)]
    BlockSize { x: u32, y: u32, z: u32, }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
pub(crate) enum EntityKind {
    #[component(name = "player")]
    Player,
    #[component(name = "projectile")]
    Projectile,
    #[component(name = "npc")]
    Npc,
    #[component(name = "item")]
    Item,
}

record! {
    #[derive(ComponentType, Lower)]
    EntityInfo {
        id: u64,
        owner: Option<u64>,
        kind: EntityKind,
        position: Vec3,
        velocity: Vec3,
        radius: f64,
        health: f64,
        #[component(name = "health-max")]
        health_max: f64,
        statuses: Vec<&'static str>,
    }
}

/// A value whose text is the host's: told to a spell, or taken from its description.
#[derive(Clone, Debug, PartialEq, ComponentType, Lift, Lower)]
#[component(variant)]
pub(crate) enum Value {
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

record! {
    #[derive(Clone, Debug, PartialEq, ComponentType, Lift, Lower)]
    NamedValue { name: String, value: Value, }
}

/// A value whose text is still in the guest's memory.
#[derive(ComponentType, Lift)]
#[component(variant)]
pub(crate) enum GuestValue {
    #[component(name = "flag")]
    Flag(bool),
    #[component(name = "integer")]
    Integer(i64),
    #[component(name = "number")]
    Number(f64),
    #[component(name = "text")]
    Text(Text),
    #[component(name = "point")]
    Point(Vec3),
    #[component(name = "block")]
    Block(BlockPos),
    #[component(name = "entity")]
    Entity(u64),
    #[component(name = "material")]
    Material(u16),
}

record! {
    #[derive(ComponentType, Lift)]
    GuestNamedValue { name: Text, value: GuestValue, }
}

record! {
    #[derive(Clone, Debug, PartialEq, ComponentType, Lower)]
    CastContext {
        cast: u64,
        tick: u64,
        caster: u64,
        origin: Vec3,
        direction: Vec3,
        #[component(name = "target-position")]
        target_position: Vec3,
        #[component(name = "target-entity")]
        target_entity: Option<u64>,
        #[component(name = "first-entity")]
        first_entity: u64,
        fuel: u64,
        params: Vec<NamedValue>,
    }
}

record! {
    #[derive(Clone, Copy, ComponentType, Lift)]
    Ray {
        origin: Vec3,
        direction: Vec3,
        #[component(name = "max-distance")]
        max_distance: f64,
    }
}
record! {
    #[derive(Clone, Copy, ComponentType, Lower)]
    RayHit {
        block: BlockPos,
        material: u16,
        position: Vec3,
        normal: BlockPos,
        distance: f64,
        entity: Option<u64>,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[allow(dead_code, reason = "lifted from what spells say, never made here")]
pub(crate) enum FillMode {
    #[component(name = "add")]
    Add,
    #[component(name = "subtract")]
    Subtract,
    #[component(name = "paint")]
    Paint,
}

record! {
    #[derive(Clone, Copy, ComponentType, Lift)]
    Voxel { pos: BlockPos, material: u16, }
}
record! {
    #[derive(Clone, Copy, ComponentType, Lift)]
    Sphere { center: Vec3, radius: f64, material: u16, mode: FillMode, }
}
record! {
    #[derive(Clone, Copy, ComponentType, Lift)]
    Cuboid { min: BlockPos, size: BlockSize, material: u16, mode: FillMode, }
}

#[derive(Clone, Copy, ComponentType, Lift)]
#[component(variant)]
pub(crate) enum TerrainOp {
    #[component(name = "set-voxel")]
    SetVoxel(Voxel),
    #[component(name = "fill-sphere")]
    FillSphere(Sphere),
    #[component(name = "fill-box")]
    FillBox(Cuboid),
}

record! {
    #[derive(Clone, Copy, ComponentType, Lift)]
    ProjectileSpec {
        position: Vec3,
        velocity: Vec3,
        gravity: f64,
        radius: f64,
        lifetime: u32,
        bounces: u8,
        tag: u32,
    }
}

record! {
    #[derive(Clone, Copy, ComponentType, Lift)]
    Amount { id: u64, points: f64, }
}
record! {
    #[derive(Clone, Copy, ComponentType, Lift)]
    Motion { id: u64, vector: Vec3, }
}
record! {
    #[derive(ComponentType, Lift)]
    Status { id: u64, name: Text, duration: u32, }
}
record! {
    #[derive(ComponentType, Lift)]
    NpcSpec { template: Text, position: Vec3, tag: u32, }
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub(crate) enum EntityOp {
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

record! {
    #[derive(ComponentType, Lift)]
    Vfx { asset: Text, at: Vec3, params: List<GuestNamedValue>, }
}
record! {
    #[derive(ComponentType, Lift)]
    Sound { asset: Text, at: Vec3, }
}
record! {
    #[derive(ComponentType, Lift)]
    Note { player: u64, text: Text, }
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub(crate) enum ShowOp {
    #[component(name = "play-vfx")]
    PlayVfx(Vfx),
    #[component(name = "play-sound")]
    PlaySound(Sound),
    #[component(name = "message")]
    Message(Note),
}

record! {
    #[derive(ComponentType, Lift)]
    RemoteMessage { name: Text, payload: Text, }
}

#[derive(ComponentType, Lift)]
#[component(variant)]
pub(crate) enum RemoteOp {
    #[component(name = "broadcast")]
    Broadcast(RemoteMessage),
    #[component(name = "send")]
    Send((u64, RemoteMessage)),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[allow(dead_code, reason = "lifted from what spells say, never made here")]
pub(crate) enum Level {
    #[component(name = "error")]
    Error,
    #[component(name = "warn")]
    Warn,
    #[component(name = "info")]
    Info,
    #[component(name = "debug")]
    Debug,
}

record! {
    #[derive(Clone, Copy, Debug, ComponentType, Lift)]
    Bounds { min: f64, max: f64, }
}
record! {
    #[derive(Clone, Debug, ComponentType, Lift)]
    ParamSpec {
        name: String,
        label: String,
        help: String,
        unit: String,
        default: Value,
        range: Option<Bounds>,
        choices: Vec<String>,
    }
}
record! {
    #[derive(Clone, Debug, ComponentType, Lift)]
    SpellInfo {
        #[component(name = "display-name")]
        display_name: String,
        description: String,
        params: Vec<ParamSpec>,
        cooldown: u32,
        mana: u32,
        #[component(name = "remote-names")]
        remote_names: Vec<String>,
    }
}

record! {
    #[derive(Clone, Debug, ComponentType, Lower)]
    Hit {
        projectile: u64,
        tag: u32,
        position: Vec3,
        normal: BlockPos,
        block: Option<BlockPos>,
        entity: Option<u64>,
    }
}
record! {
    #[derive(Clone, Debug, ComponentType, Lower)]
    Expired { projectile: u64, tag: u32, position: Vec3, }
}
record! {
    #[derive(Clone, Debug, ComponentType, Lower)]
    Remote { player: u64, name: String, payload: String, }
}
record! {
    #[derive(Clone, Debug, ComponentType, Lower)]
    Trigger { tag: u32, entity: u64, entered: bool, }
}
record! {
    #[derive(Clone, Debug, ComponentType, Lower)]
    Death { entity: u64, killer: Option<u64>, }
}
record! {
    #[derive(Clone, Debug, ComponentType, Lower)]
    UnknownEvent { name: String, payload: String, }
}

#[derive(Clone, Debug, ComponentType, Lower)]
#[component(variant)]
#[allow(dead_code, reason = "`other` is what a later host says; this one has no event beyond its own")]
pub(crate) enum SpellEvent {
    #[component(name = "timer")]
    Timer(u32),
    #[component(name = "projectile-hit")]
    ProjectileHit(Hit),
    #[component(name = "projectile-expired")]
    ProjectileExpired(Expired),
    #[component(name = "remote")]
    Remote(Remote),
    #[component(name = "entity-died")]
    EntityDied(Death),
    #[component(name = "trigger")]
    Trigger(Trigger),
    #[component(name = "other")]
    Other(UnknownEvent),
}

/// What `cast` and `on-event` return.
pub(crate) type Answer = (Result<(), Measured<String>>,);
/// What `migrate` returns.
pub(crate) type Migrated = (Result<Measured<Vec<u8>>, Measured<String>>,);

const _: () = {
    use crate::limits::LIST_ITEM_HOST_BYTES_MAX as MAX;
    assert!(size_of::<Ray>() <= MAX && size_of::<TerrainOp>() <= MAX && size_of::<ProjectileSpec>() <= MAX);
    assert!(size_of::<EntityOp>() <= MAX && size_of::<ShowOp>() <= MAX && size_of::<RemoteOp>() <= MAX);
    assert!(size_of::<GuestNamedValue>() <= MAX);
};
