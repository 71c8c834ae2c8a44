//! Who and what is in a world between two ticks, for who looks on.
//!
//! Promises at most so many of a kind, and at most ten looks a second at one world, however many look
//! on. Knows nothing of terrain or of spells' inside.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use serde_json::{Value, json};
use spellhost_lockstep::exact;
use spellhost_sim::{EntityInfo, EntityKind, World};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::host::Host;
use crate::limits::{SCENE_ENTITIES_MAX, SCENE_LIFETIME, SCENE_SPELLS_MAX};
use crate::world::ask::Ask;
use crate::world::telling::digest;
use crate::world::wire_channel;

const KINDS: [(EntityKind, &str); 4] = [
    (EntityKind::Player, "player"),
    (EntityKind::Projectile, "projectile"),
    (EntityKind::Npc, "npc"),
    (EntityKind::Item, "item"),
];

/// What a world shows of itself.
#[derive(Debug)]
pub struct Scene {
    tick: u64,
    entities: Vec<EntityInfo>,
    spells: Vec<Value>,
}

impl Scene {
    /// A look at a world; called on its own thread, so it only copies.
    pub fn of(world: &World) -> Self {
        let entities = KINDS.iter().flat_map(|(kind, _)| world.entities_by_kind(*kind, SCENE_ENTITIES_MAX));
        let spell = |spell: &spellhost_sim::ActiveSpell| {
            json!({
                "cast_id": spell.cast.0,
                "spell_id": spell.spell.as_str(),
                "revision_id": digest(spell.revision.id),
                "channel": spell.channel.map(wire_channel),
                "since": spell.born,
            })
        };
        let spells = world.active_spells().take(SCENE_SPELLS_MAX).map(spell).collect();
        Self { tick: world.tick(), entities: entities.collect(), spells }
    }

    fn json(&self) -> Value {
        let entities: Vec<Value> = self.entities.iter().map(entity).collect();
        json!({"tick": self.tick, "entities": entities, "active": self.spells})
    }
}

fn entity(info: &EntityInfo) -> Value {
    let kind = KINDS.iter().find(|(kind, _)| *kind == info.kind).map(|(_, name)| name);
    json!({
        "net_id": info.id.0,
        "owner_id": info.owner.map(|owner| owner.0),
        "kind": kind,
        "position": exact::point(info.position),
        "velocity": exact::velocity(info.velocity),
        "radius": exact::coord(info.radius),
        "health": exact::points(info.health),
        "health_max": exact::points(info.health_max),
        "statuses": info.statuses.iter().map(|status| status.info().name).collect::<Vec<_>>(),
    })
}

/// The last look at one world, and when it was taken.
type Look = Arc<tokio::sync::Mutex<Option<(Instant, Bytes)>>>;

/// The last look at every world.
#[derive(Default)]
pub struct Scenes(Mutex<BTreeMap<String, Look>>);

impl Scenes {
    /// What a world shows, as JSON; what somebody else was shown a moment ago is shown again.
    ///
    /// # Errors
    /// `unknown_world`, or that it is closing.
    pub async fn look(&self, host: &Host, id: &str) -> Result<Bytes, Failure> {
        let world = host.world(id)?;
        let look = self.place(host, id);
        let mut look = look.lock().await;
        if let Some((_, shown)) = look.as_ref().filter(|(taken, _)| taken.elapsed() < SCENE_LIFETIME) {
            return Ok(shown.clone());
        }
        let scene = world.ask(Ask::Scene).await?;
        let shown = Bytes::from(scene.json().to_string());
        *look = Some((Instant::now(), shown.clone()));
        Ok(shown)
    }

    fn place(&self, host: &Host, id: &str) -> Look {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !looks.contains_key(id) {
            looks.retain(|known, _| host.world(known).is_ok());
        }
        looks.entry(id.to_owned()).or_default().clone()
    }
}
