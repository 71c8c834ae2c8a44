//! The hash tree of a world after a tick, in the forms of the protocol, and who is to blame for
//! what lies in it.
//!
//! Beside the parts of the state hash ([`spellhost_sim::World::node`]) there is a branch `calls`
//! that the state hash does not cover: `calls/7` hashes to the first 16 bytes of that call's
//! `effects_digest`, and `calls` to the first 16 bytes of the BLAKE3 of all of them in order.
//! Promises replies of bounded size. Deliberately does not know connections, nor which side is right.

use serde::Serialize;
use serde_json::Value as Json;
use spellhost_sim::{CHILDREN_MAX, CastId, Reader, World};
use spellhost_wire::reply::{DesyncPart, HashChild, HashNode};
use spellhost_wire::{Call, Digest, Effect, Frame, Hash};

/// The most bytes of what is shown of one part, as JSON.
const SHOWN_BYTES_MAX: usize = 64 * 1024;
/// The branch of the calls.
const CALLS: &str = "calls";

/// Which call is to blame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blame {
    /// Its spell.
    pub spell_id: String,
    /// The revision that ran.
    pub revision_id: Digest,
    /// The cast.
    pub cast_id: u64,
}

/// Shows a value as JSON.
struct Shown(Json);

impl Reader for Shown {
    fn value(&mut self, value: &impl Serialize) {
        let text = serde_json::to_string(value).unwrap_or_default();
        self.0 = match text.len() {
            0..=SHOWN_BYTES_MAX => serde_json::from_str(&text).unwrap_or_default(),
            bytes => format!("{bytes} bytes, which is more than is shown").into(),
        };
    }
}

/// The node of a path after the tick of `frame`, which is the last that `world` has played; `None`
/// where there is no such path.
pub fn node(world: &World, frame: Option<&Frame>, path: &str) -> Option<HashNode> {
    let tick = world.tick().checked_sub(1);
    if let Some((hash, children)) = calls(frame, path)? {
        return Some(HashNode { tick, path: path.into(), hash, children });
    }
    let node = world.node(path)?;
    let child = |(path, hash): (String, spellhost_sim::StateHash)| HashChild { path, hash: Hash(hash.0) };
    let children = node.children.into_iter().map(child).collect();
    Some(HashNode { tick, path: path.into(), hash: Hash(node.hash.0), children })
}

/// What is at a path, as it is told to who reported it.
pub fn part(world: &World, frame: Option<&Frame>, path: &str) -> Option<DesyncPart> {
    let found = node(world, frame, path)?;
    let mut shown = Shown(Json::Null);
    match frame.and_then(|frame| call(frame, path)) {
        Some(call) => shown.value(call),
        // What is not there shows nothing.
        None => drop(world.look(path, &mut shown)),
    }
    Some(DesyncPart { path: path.into(), host_hash: found.hash, data: shown.0 })
}

/// The node of the branch `calls`; an inner `None` for every other path.
#[allow(clippy::type_complexity, reason = "a hash and what it is made of")]
fn calls(frame: Option<&Frame>, path: &str) -> Option<Option<(Hash, Vec<HashChild>)>> {
    let Some(rest) = path.strip_prefix(CALLS) else { return Some(None) };
    let calls = frame.map_or(&[][..], |frame| &frame.calls);
    if let Some(id) = rest.strip_prefix('/') {
        let id: u64 = id.parse().ok()?;
        let hash = calls.iter().find(|call| call.call_id == id).map_or(Hash([0; 16]), call_hash);
        return Some(Some((hash, Vec::new())));
    }
    let all: Vec<u8> = calls.iter().flat_map(|call| call.effects_digest.0).collect();
    let child = |call: &Call| HashChild { path: format!("{CALLS}/{}", call.call_id), hash: call_hash(call) };
    let children = calls.iter().take(CHILDREN_MAX).map(child).collect();
    rest.is_empty().then(|| Some((half(&Digest::of(&all)), children)))
}

fn half(digest: &Digest) -> Hash {
    let mut half = [0; 16];
    half.copy_from_slice(&digest.0[..16]);
    Hash(half)
}

/// What the node of a call hashes to.
pub fn call_hash(call: &Call) -> Hash {
    half(&call.effects_digest)
}

/// The path of a call's node.
pub fn call_path(call: &Call) -> String {
    format!("{CALLS}/{}", call.call_id)
}

fn call<'a>(frame: &'a Frame, path: &str) -> Option<&'a Call> {
    let id: u64 = path.strip_prefix(CALLS)?.strip_prefix('/')?.parse().ok()?;
    frame.calls.iter().find(|call| call.call_id == id)
}

/// The call that is to blame for what lies at a path: the call itself, that of the active spell, or the last of
/// the tick that touched it. `None` where no spell had a part in it.
pub fn blame(world: &World, frame: &Frame, path: &str) -> Option<Blame> {
    let (part, rest) = path.split_once('/').unwrap_or((path, ""));
    let key = rest.split('/').next().unwrap_or_default();
    let number = key.parse::<u64>().ok();
    let shown = |path: String| part_json(world, &path);
    let cast = match part {
        CALLS => return call(frame, path).map(of_call),
        "spells" | "migrating" => number,
        "waiting" => shown(path_of(part, key)).get("cast").and_then(Json::as_u64),
        "events" => shown(path_of(part, key)).get(0).and_then(Json::as_u64),
        "casters" => caster(world, frame, number?),
        "entities" => {
            let touched = last(frame, |effect| touches(effect, number));
            return touched.or_else(|| {
                let spawner = shown(format!("entities/{key}/spawner")).as_u64()?;
                of_cast(world, frame, spawner)
            });
        }
        "terrain" => return last(frame, is_of_voxels),
        _ => None,
    };
    of_cast(world, frame, cast?)
}

fn path_of(part: &str, key: &str) -> String {
    format!("{part}/{key}")
}

fn part_json(world: &World, path: &str) -> Json {
    let mut shown = Shown(Json::Null);
    // A path that is none shows nothing.
    let _ = world.look(path, &mut shown);
    shown.0
}

fn of_call(call: &Call) -> Blame {
    Blame { spell_id: call.spell_id.clone(), revision_id: call.revision_id, cast_id: call.cast_id }
}

fn of_cast(world: &World, frame: &Frame, cast: u64) -> Option<Blame> {
    let active = world.active_spells().find(|spell| spell.cast == CastId(cast)).map(|spell| Blame {
        spell_id: spell.spell.as_str().into(),
        revision_id: Digest(spell.revision.id.0),
        cast_id: cast,
    });
    active.or_else(|| frame.calls.iter().rfind(|call| call.cast_id == cast).map(of_call))
}

/// The last cast that took from a caster.
fn caster(world: &World, frame: &Frame, caster: u64) -> Option<u64> {
    let is_theirs = |cast: u64| {
        let mut spells = world.active_spells();
        let active = spells.find(|spell| spell.cast.0 == cast).map(|spell| spell.context.caster.0);
        let entered =
            || frame.casts.iter().find(|entered| entered.cast_id == cast).map(|cast| cast.caster_id);
        active.or_else(entered) == Some(caster)
    };
    frame.calls.iter().rev().map(|call| call.cast_id).find(|cast| is_theirs(*cast))
}

/// The last call of a tick with an effect that fits.
fn last(frame: &Frame, fits: impl Fn(&Effect) -> bool) -> Option<Blame> {
    let mut calls = frame.calls.iter().rev();
    calls.find(|call| call.effects.iter().flatten().any(&fits)).map(of_call)
}

fn touches(effect: &Effect, entity: Option<u64>) -> bool {
    let id = match effect {
        Effect::SpawnProjectile { id, .. }
        | Effect::SpawnNpc { id, .. }
        | Effect::Damage { id, .. }
        | Effect::Heal { id, .. }
        | Effect::Push { id, .. }
        | Effect::Teleport { id, .. }
        | Effect::ApplyStatus { id, .. }
        | Effect::Despawn { id } => Some(*id),
        _ => None,
    };
    id.is_some() && id == entity
}

fn is_of_voxels(effect: &Effect) -> bool {
    matches!(effect, Effect::SetVoxel { .. } | Effect::FillSphere { .. } | Effect::FillBox { .. })
}
