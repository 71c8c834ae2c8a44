//! The engine id: a digest over everything that decides what a call does and what it costs.
//!
//! Equal ids promise equal outcomes, fuel and commands. How code is made ([`crate::Codegen`]) is
//! deliberately no part of it: all ways must agree, and tests compare them.

use std::fmt::{Debug, Write};
use std::hash::{Hash, Hasher};

use spellhost_sim::{Digest, MATERIALS, STATUSES, TEMPLATES, limits as sim};

use crate::contract::WIT;
use crate::limits;
use crate::prices;
use crate::settings::{ALLOW, Codegen, SETTINGS, WASMTIME_VERSION, operator_cost};

/// The domain of the digest; a change of form changes it.
const DOMAIN: &str = "spellhost engine id 1";

/// The domain of what code is made for.
const TARGET_DOMAIN: &str = "spellhost code target 2";

/// Parts of the text that is digested, by name.
struct Parts(String);

impl Parts {
    fn add(&mut self, name: &str, value: impl Debug) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{name}: {value:?}");
    }
}

/// The id of every engine of this build.
pub(crate) fn engine_id() -> Digest {
    Digest(*blake3::Hasher::new_derive_key(DOMAIN).update(text().as_bytes()).finalize().as_bytes())
}

/// What an engine's code is made for: the engine id, the way of making code, and whatever wasmtime
/// compares before it runs code that was made elsewhere, the processor's features among it.
pub(crate) fn target(wasmtime: &wasmtime::Engine, codegen: Codegen) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key(TARGET_DOMAIN);
    hasher.update(&engine_id().0).update(codegen.name().as_bytes());
    let mut fed = Fed(hasher);
    wasmtime.precompile_compatibility_hash().hash(&mut fed);
    Digest(*fed.0.finalize().as_bytes())
}

/// Takes what hashes itself; only the digest of the whole is of use.
struct Fed(blake3::Hasher);

impl Hasher for Fed {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let mut first = [0; 8];
        first.copy_from_slice(&self.0.finalize().as_bytes()[..8]);
        u64::from_le_bytes(first)
    }
}

/// What is digested, one part a line.
fn text() -> String {
    let mut parts = Parts(String::new());
    parts.add("wasmtime", WASMTIME_VERSION);
    parts.add("settings", SETTINGS);
    parts.add("features", ALLOW.bits());
    parts.add("operators", operator_cost());
    parts.add("wit", WIT);
    parts.add("prices", prices::PRICES);
    parts.add(
        "unit prices",
        (
            (prices::TEXT_BYTE, prices::ENTITY, prices::LOOK, prices::EFFECT_PARAM),
            (prices::RAY, prices::VOXEL, prices::CHUNK, prices::PLACING),
        ),
    );
    parts.add("instantiate fuel", limits::INSTANTIATE_FUEL);
    parts.add("host stack", limits::HOST_STACK_BYTES);
    parts.add("memory and tables", (limits::MEMORY_BYTES_MAX, limits::TABLE_ELEMENTS_MAX));
    parts.add(
        "arguments",
        (limits::STRING_ARGUMENT_BYTES_MAX, limits::LIST_ARGUMENT_ITEMS_MAX, limits::BYTE_LIST_ARGUMENT_MAX),
    );
    parts.add(
        "wasi",
        (
            (spellhost_wasi::RULES, spellhost_wasi::EPOCH_SECONDS, spellhost_wasi::TICKS_PER_SECOND),
            (spellhost_wasi::CALL, spellhost_wasi::BYTE, spellhost_wasi::HANDLE),
            (spellhost_wasi::BYTES_MAX, spellhost_wasi::HANDLES_MAX),
        ),
    );
    // Simulation and runtime share the workspace's version.
    parts.add("simulation", env!("CARGO_PKG_VERSION"));
    parts.add("materials", MATERIALS);
    parts.add("statuses", STATUSES);
    parts.add("templates", TEMPLATES);
    simulation_limits(&mut parts);
    parts.0
}

fn simulation_limits(parts: &mut Parts) {
    macro_rules! add {
        ($($name:ident)*) => { $(parts.add(stringify!($name), sim::$name);)* };
    }
    add!(
        TICKS_PER_SECOND HORIZONTAL_BLOCKS VERTICAL_BLOCKS SPEED_BLOCKS_PER_TICK_MAX GRAVITY_MAX
        RAY_BLOCKS_MAX RAYS_MAX REGION_EDGE_MAX QUERY_RADIUS_MAX QUERY_ENTITIES_MAX SPHERE_RADIUS_MAX BOX_EDGE_MAX
        COMMANDS_MAX COMMAND_BYTES_MAX EDITED_VOXELS_MAX EDITED_CHUNKS_MAX EDITED_CHUNKS_PER_TICK CHANGED_CHUNKS_MAX STATE_BYTES_MAX PAYLOAD_BYTES_MAX NAME_BYTES_MAX
        TEXT_BYTES_MAX PARAMS_MAX TIMERS_MAX WATCHES_MAX WATCHES_PER_WORLD WATCHED_BODIES_MAX LISTENERS_MAX DURATION_TICKS_MAX PROJECTILE_TICKS_MAX
        PROJECTILE_RADIUS_MAX PROJECTILES_PER_SPELL_MAX PROJECTILES_MAX CREATURES_PER_CASTER_MAX CREATURES_MAX POINTS_MAX ENTITY_IDS_PER_CALL ACTIVE_SPELLS_MAX WAITING_CALLS_MAX PENDING_EVENTS_MAX
        ENTITIES_MAX PLAYER_PLACES GRANT_FUEL GRANT_FUEL_MIN INSTANTIATE_FUEL_MAX CALL_OVERHEAD_FUEL MIGRATE_FUEL MIGRATIONS_PER_TICK PLAYER_BUCKET_FUEL PLAYER_REFILL_FUEL TICK_FUEL
        MANA_PARTS MANA_MAX MANA_REFILL_PARTS
    );
}
