//! A world at one moment, kept for a picture: its terrain (shared, not copied) and who stands where.
//!
//! Turns the simulation's types into the picture's; draws nothing.

use spellhost_lockstep::exact;
use spellhost_sim::{BlockPos, BlockSize, CHUNK_EDGE, ChunkPos, EntityKind, Material, Voxels};
use spellhost_wire::{Effect, Fill};

use crate::picture::{self, Ink, Look, Marker, MarkerKind, Moment, Region, Scene, Subject};
use crate::script::Performance;
use crate::session::Session;
use crate::stage::feet;

/// A world at one moment.
pub struct View {
    /// The last tick that was played.
    pub tick: u64,
    /// The hash after it.
    pub hash: String,
    /// Where the caster stands, in blocks.
    pub viewer: [f64; 3],
    voxels: Voxels,
    markers: Vec<(u64, Marker)>,
}

impl View {
    /// The session's world as it is now.
    pub fn of(session: &Session) -> Self {
        let world = session.world();
        let marker = |entity: spellhost_sim::EntityInfo| {
            let kind = match entity.kind {
                EntityKind::Player if entity.health.raw() > 0 => MarkerKind::Player,
                EntityKind::Projectile => MarkerKind::Projectile,
                EntityKind::Npc if entity.health.raw() > 0 => MarkerKind::Npc,
                EntityKind::Item => MarkerKind::Npc,
                EntityKind::Player | EntityKind::Npc => MarkerKind::Dead,
            };
            let label = if session.roster.knows(entity.id.0) {
                session.roster.name(entity.id.0)
            } else {
                String::new()
            };
            (entity.id.0, Marker { position: feet(entity.position, entity.radius), kind, label })
        };
        let viewer =
            world.entity(session.player).map_or([0.5, 0.0, 0.5], |entity| exact::point(entity.position));
        Self {
            tick: session.tick().saturating_sub(1),
            hash: session.hash(),
            viewer,
            voxels: session.voxels(),
            markers: world.entities().map(marker).collect(),
        }
    }
}

impl Scene for View {
    fn material(&self, x: i32, y: i32, z: i32) -> u16 {
        self.voxels.get(BlockPos::new(x, y, z)).number()
    }
}

/// A picture of a performance for the terminal.
pub fn terminal(title: &str, performance: &Performance, ink: Ink, columns: usize) -> String {
    with_subject(title, performance, |subject| picture::terminal(subject, ink, columns))
}

/// A picture of a performance as the bytes of a PNG file.
pub fn png(title: &str, performance: &Performance) -> Vec<u8> {
    with_subject(title, performance, picture::png)
}

fn with_subject<T>(title: &str, performance: &Performance, draw: impl FnOnce(&Subject) -> T) -> T {
    let (before, after) = (&performance.before, &performance.after);
    let earlier: Vec<Marker> = before.markers.iter().map(|(_, marker)| copy(marker)).collect();
    let mut later: Vec<Marker> = after.markers.iter().map(|(_, marker)| copy(marker)).collect();
    let gone = before.markers.iter().filter(|(id, _)| !after.markers.iter().any(|(other, _)| other == id));
    later.extend(gone.map(|(_, marker)| Marker { kind: MarkerKind::Dead, ..copy(marker) }));
    let effects = performance.tallies.iter().flat_map(|tally| &tally.effects);
    later.extend(effects.filter_map(|(_, effect)| impact(effect)));
    draw(&Subject {
        title,
        before: Moment {
            name: "before",
            tick: before.tick,
            hash: &before.hash,
            scene: before,
            markers: &earlier,
        },
        after: Moment { name: "after", tick: after.tick, hash: &after.hash, scene: after, markers: &later },
        changed: changed(before, after, &performance.chunks),
        focus: performance.focus,
        viewer: before.viewer,
        look,
    })
}

fn copy(marker: &Marker) -> Marker {
    Marker { position: marker.position, kind: marker.kind, label: marker.label.clone() }
}

fn impact(effect: &Effect) -> Option<Marker> {
    match effect {
        Effect::FillSphere { center, mode: Fill::Subtract, .. } => {
            Some(Marker { position: *center, kind: MarkerKind::Impact, label: String::new() })
        }
        _ => None,
    }
}

fn look(number: u16) -> Look {
    let material = Material::from_number(number).unwrap_or_default();
    let info = material.info();
    let clear = [Material::WATER, Material::GLASS, Material::ICE].contains(&material);
    Look { name: info.name, colour: info.colour, clear }
}

/// The bounds of all blocks that differ.
fn changed(before: &View, after: &View, chunks: &[ChunkPos]) -> Option<Region> {
    let edge = CHUNK_EDGE as u32;
    let mut bounds: Option<Region> = None;
    for chunk in chunks {
        let origin = chunk.origin();
        let size = BlockSize::new(edge, edge, edge);
        let (old, new) = (before.voxels.region(origin, size), after.voxels.region(origin, size));
        for (at, _) in old.iter().zip(&new).enumerate().filter(|(_, (old, new))| old != new) {
            let at = at as i32;
            let edge = edge as i32;
            // Regions are x fastest, then z, then y.
            let block = [origin.x + at % edge, origin.y + at / (edge * edge), origin.z + at / edge % edge];
            let region = bounds.get_or_insert(Region { min: block, max: block });
            for (axis, part) in block.into_iter().enumerate() {
                region.min[axis] = region.min[axis].min(part);
                region.max[axis] = region.max[axis].max(part);
            }
        }
    }
    bounds
}
