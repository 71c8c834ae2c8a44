//! What a mocked call left behind.
//!
//! Promises the commands in program order, in the author's types. Does not know whether they could be applied.

use crate::creature::Status;
use crate::host::types::{BlockPos, BlockSize, EntityId, NamedValue, Vec3};
use crate::log::Level;
use crate::material::Material;
use crate::projectiles::Projectile;
use crate::terrain::FillMode;

/// One command, as the spell gave it.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    missing_docs,
    reason = "the fields are the arguments of the functions that the cases are named after"
)]
pub enum Command {
    /// `terrain::set_voxel`
    SetVoxel { pos: BlockPos, material: Material },
    /// `terrain::fill_sphere` and its shorthands
    FillSphere { center: Vec3, radius: f64, material: Material, mode: FillMode },
    /// `terrain::fill_box` and its shorthands
    FillBox { min: BlockPos, size: BlockSize, material: Material, mode: FillMode },
    /// `terrain::watch_box`
    WatchBox { min: BlockPos, size: BlockSize, tag: u32, duration: u32 },
    /// `projectiles::spawn`, with the id that it gave
    SpawnProjectile { id: EntityId, projectile: Projectile },
    /// `entities::damage`
    Damage { id: EntityId, points: f64 },
    /// `entities::heal`
    Heal { id: EntityId, points: f64 },
    /// `entities::push`
    Push { id: EntityId, velocity: Vec3 },
    /// `entities::teleport`
    Teleport { id: EntityId, to: Vec3 },
    /// `entities::apply_status`
    ApplyStatus { id: EntityId, status: Status, ticks: u32 },
    /// `entities::spawn_npc`, with the id that it gave
    SpawnNpc { id: EntityId, template: String, position: Vec3, tag: u32 },
    /// `entities::despawn`
    Despawn { id: EntityId },
    /// `presentation::play_vfx`
    PlayVfx { asset: String, at: Vec3, params: Vec<NamedValue> },
    /// `presentation::play_sound`
    PlaySound { asset: String, at: Vec3 },
    /// `presentation::message`
    Message { player: EntityId, text: String },
    /// `timers::wake_after`
    WakeAfter { ticks: u32, tag: u32 },
    /// `timers::cancel`
    Cancel { tag: u32 },
    /// `remote_events::broadcast`
    Broadcast { name: String, payload: String },
    /// `remote_events::send`
    Send { player: EntityId, name: String, payload: String },
    /// `remote_events::listen`
    Listen { name: String, duration: u32 },
}

/// What a mocked call left behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The spell's own answer, or `invalid: …` where a host would have ended the call.
    pub result: Result<(), String>,
    /// The commands, in program order; none after a failure, which undoes everything.
    pub commands: Vec<Command>,
    /// What was logged.
    pub logs: Vec<(Level, String)>,
    /// The state of the cast after the call.
    pub state: Vec<u8>,
    /// Whether the spell called `state::finish`.
    pub finished: bool,
}

impl Outcome {
    /// The timers that are set when the call ends, as ticks and tag: those cancelled later in it are gone.
    pub fn timers(&self) -> Vec<(u32, u32)> {
        let mut timers = Vec::new();
        for command in &self.commands {
            match command {
                Command::WakeAfter { ticks, tag } => timers.push(((*ticks).max(1), *tag)),
                Command::Cancel { tag } => timers.retain(|(_, set)| set != tag),
                _ => {}
            }
        }
        timers
    }

    /// The projectiles that it spawned, with their ids.
    pub fn projectiles(&self) -> Vec<(EntityId, Projectile)> {
        let spawn = |command: &Command| match command {
            Command::SpawnProjectile { id, projectile } => Some((*id, *projectile)),
            _ => None,
        };
        self.commands.iter().filter_map(spawn).collect()
    }

    /// The points of damage that an entity takes from it.
    pub fn damage_to(&self, target: EntityId) -> f64 {
        let points = |command: &Command| match command {
            Command::Damage { id, points } if *id == target => *points,
            _ => 0.0,
        };
        self.commands.iter().map(points).sum()
    }

    /// Whether a line that holds this text was logged.
    pub fn logged(&self, text: &str) -> bool {
        self.logs.iter().any(|(_, line)| line.contains(text))
    }
}
