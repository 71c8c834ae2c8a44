//! The typical spell's records in a guest's memory, by the rules of the canonical ABI, for programs that run the core
//! module without the component around it. Panics on what the benchmark's spell does not say.

use spellhost_peers_stage::numbers;
use spellhost_sim::{EntityInfo, EntityKind, RayHit};

/// Bytes of an `entity-info`.
pub const ENTITY_BYTES: usize = 112;

fn number<const N: usize>(memory: &[u8], at: usize) -> [u8; N] {
    memory[at..at + N].try_into().expect("the slice is that long")
}

/// A `u32`.
pub fn u32(memory: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(number(memory, at))
}

/// A `u64`.
pub fn u64(memory: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(number(memory, at))
}

/// An `f64`.
pub fn f64(memory: &[u8], at: usize) -> f64 {
    f64::from_le_bytes(number(memory, at))
}

/// A `vec3`.
pub fn vec3(memory: &[u8], at: usize) -> [f64; 3] {
    [f64(memory, at), f64(memory, at + 8), f64(memory, at + 16)]
}

/// A string.
pub fn text(memory: &[u8], at: usize, len: usize) -> String {
    std::str::from_utf8(&memory[at..at + len]).expect("the benchmark's texts are UTF-8").into()
}

/// Writes bytes.
pub fn put(memory: &mut [u8], at: usize, bytes: &[u8]) {
    memory[at..at + bytes.len()].copy_from_slice(bytes);
}

fn put_vec3(memory: &mut [u8], at: usize, vec: [f64; 3]) {
    for (axis, part) in vec.into_iter().enumerate() {
        put(memory, at + 8 * axis, &part.to_le_bytes());
    }
}

/// Writes an `option<ray-hit>`.
pub fn put_hit(memory: &mut [u8], at: usize, hit: Option<&RayHit>) {
    memory[at] = u8::from(hit.is_some());
    let Some(hit) = hit else { return };
    let at = at + 8;
    for (axis, part) in [hit.block.x, hit.block.y, hit.block.z].into_iter().enumerate() {
        put(memory, at + 4 * axis, &part.to_le_bytes());
    }
    put(memory, at + 12, &hit.material.number().to_le_bytes());
    put_vec3(memory, at + 16, numbers::point(hit.position));
    for (axis, part) in [hit.normal.x, hit.normal.y, hit.normal.z].into_iter().enumerate() {
        put(memory, at + 40 + 4 * axis, &part.to_le_bytes());
    }
    put(memory, at + 56, &numbers::coord(hit.distance).to_le_bytes());
    memory[at + 64] = u8::from(hit.entity.is_some());
    put(memory, at + 72, &hit.entity.map_or(0, |entity| entity.0).to_le_bytes());
}

/// Writes an `entity-info` without statuses.
pub fn put_entity(memory: &mut [u8], at: usize, info: &EntityInfo) {
    put(memory, at, &info.id.0.to_le_bytes());
    memory[at + 8] = u8::from(info.owner.is_some());
    put(memory, at + 16, &info.owner.map_or(0, |owner| owner.0).to_le_bytes());
    memory[at + 24] = match info.kind {
        EntityKind::Player => 0,
        EntityKind::Projectile => 1,
        EntityKind::Npc => 2,
        EntityKind::Item => 3,
    };
    put_vec3(memory, at + 32, numbers::point(info.position));
    put_vec3(memory, at + 56, numbers::velocity(info.velocity));
    put(memory, at + 80, &numbers::coord(info.radius).to_le_bytes());
    put(memory, at + 88, &numbers::points(info.health).to_le_bytes());
    put(memory, at + 96, &numbers::points(info.health_max).to_le_bytes());
    put(memory, at + 104, &[0; 8]);
}

/// A `cast-context` without parameters: 136 bytes.
pub fn context() -> [u8; 136] {
    let mut bytes = [0; 136];
    put(&mut bytes, 0, &1_u64.to_le_bytes());
    put(&mut bytes, 16, &1_u64.to_le_bytes());
    put_vec3(&mut bytes, 24, [0.0, 1.0, 0.0]);
    put_vec3(&mut bytes, 48, [0.0, 0.0, -1.0]);
    put_vec3(&mut bytes, 72, [0.0, 0.0, -8.0]);
    bytes
}
