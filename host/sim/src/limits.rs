//! Every bound of the simulation in one place, related to each other by compile-time assertions.
//! Units are in the names: blocks, ticks, fuel, bytes.

/// Ticks in one second.
pub const TICKS_PER_SECOND: u32 = 60;

/// Block coordinates on x and z lie in `-HORIZONTAL_BLOCKS..HORIZONTAL_BLOCKS`.
pub const HORIZONTAL_BLOCKS: i32 = 1 << 20;
/// Block coordinates on y lie in `-VERTICAL_BLOCKS..VERTICAL_BLOCKS`.
pub const VERTICAL_BLOCKS: i32 = 1 << 10;
/// The largest speed of anything, on each axis, in blocks a tick.
pub const SPEED_BLOCKS_PER_TICK_MAX: i64 = 64;
/// The largest gravity of a projectile, in blocks per second squared.
pub const GRAVITY_MAX: i64 = 3_600;

/// The longest ray, in blocks.
pub const RAY_BLOCKS_MAX: i64 = 256;
/// The most rays in one list.
pub const RAYS_MAX: usize = 64;
/// The largest edge of a region read, in blocks.
pub const REGION_EDGE_MAX: u32 = 32;
/// The largest radius of an entity query, in blocks.
pub const QUERY_RADIUS_MAX: i64 = 64;
/// The most entities that one query returns.
pub const QUERY_ENTITIES_MAX: usize = 256;
/// The largest radius of a filled sphere, in blocks.
pub const SPHERE_RADIUS_MAX: i64 = 24;
/// The largest edge of a filled or watched box, in blocks.
pub const BOX_EDGE_MAX: u32 = 256;

/// The most commands of one call.
pub const COMMANDS_MAX: usize = 64;
/// The most bytes of all commands of one call.
pub const COMMAND_BYTES_MAX: usize = 16 * 1024;
/// The most voxels that the commands of one call may cover (the volume counts, not the change).
pub const EDITED_VOXELS_MAX: u64 = 65_536;
/// The most chunks that the commands of one call may touch, each counted once.
pub const EDITED_CHUNKS_MAX: usize = 32;
/// The most chunks that the commands of one tick may touch; a command beyond is skipped and counted.
pub const EDITED_CHUNKS_PER_TICK: usize = 256;
/// The most changed chunks of a world: about 20 KiB each at worst. What would change one more is left as it is.
pub const CHANGED_CHUNKS_MAX: usize = 16_384;
/// The most chunks that moving bodies generate in one tick; bodies beyond read the terrain block by block.
pub const LOADS_PER_TICK: usize = 8;
/// The most bytes of linear memory of one call.
pub const MEMORY_BYTES_MAX: u32 = 16 * 1024 * 1024;
/// The most bytes of state of one active spell.
pub const STATE_BYTES_MAX: usize = 4 * 1024;
/// The most bytes of a remote event's payload.
pub const PAYLOAD_BYTES_MAX: usize = 1024;
/// The most bytes of a name: of a remote event, an asset, a parameter.
pub const NAME_BYTES_MAX: usize = 128;
/// The most bytes of a text: a parameter, a message to a player, a spell's error.
pub const TEXT_BYTES_MAX: usize = 1024;
/// The most parameters of a cast, and of one effect.
pub const PARAMS_MAX: usize = 32;

/// The most pending timers of one active spell.
pub const TIMERS_MAX: usize = 16;
/// The most watched boxes of one active spell.
pub const WATCHES_MAX: usize = 8;
/// The most watched boxes of a world.
pub const WATCHES_PER_WORLD: usize = 1_024;
/// The most bodies that one watch counts as inside of its box; one beyond enters unnoticed.
pub const WATCHED_BODIES_MAX: usize = 256;
/// The most listened names of one active spell.
pub const LISTENERS_MAX: usize = 16;
/// The longest timer, status, watch or listener, in ticks; also the longest life of an active spell.
pub const DURATION_TICKS_MAX: u32 = 36_000;
/// The longest life of a projectile, in ticks.
pub const PROJECTILE_TICKS_MAX: u32 = 3_600;
/// The most live projectiles of one active spell.
pub const PROJECTILES_PER_SPELL_MAX: usize = 256;
/// The most live projectiles of a world.
pub const PROJECTILES_MAX: usize = 2_048;
/// The most live creatures that one caster's spells have spawned.
pub const CREATURES_PER_CASTER_MAX: usize = 64;
/// The most live creatures that the spells of a world have spawned.
pub const CREATURES_MAX: usize = 1_024;
/// The largest radius of a projectile, in blocks.
pub const PROJECTILE_RADIUS_MAX: i64 = 4;
/// The most health points that one command moves.
pub const POINTS_MAX: i64 = 1_000_000;

/// The largest radius of any body, in blocks.
pub const ENTITY_RADIUS_MAX: i64 = 4;
/// How long a dead player waits, in ticks.
pub const RESPAWN_TICKS: u64 = 180;
/// How far an aim without a target looks for one, in blocks.
pub const AIM_BLOCKS_MAX: i64 = 64;
/// Ticks, counters and due ticks stay below this: exact in an `f64`.
pub const COUNTER_MAX: u64 = 1 << 53;

/// Entity ids that each call gets, used or not.
pub const ENTITY_IDS_PER_CALL: u64 = 64;
/// The most active spells of a world; a cast beyond is refused for budget.
pub const ACTIVE_SPELLS_MAX: usize = 4_096;
/// The most calls that wait for budget, over the whole world; a cast beyond is refused for budget.
pub const WAITING_CALLS_MAX: usize = 16_384;
/// The most events that one active spell may have pending; later ones of that tick are dropped and counted.
pub const PENDING_EVENTS_MAX: usize = 256;
/// The most entities of a world; a spawn beyond is skipped and counted.
pub const ENTITIES_MAX: usize = 131_072;
/// Places among the entities of a world that only players take: whatever fills it, a player can join.
pub const PLAYER_PLACES: usize = 4_096;

/// Fuel of one call, unless the spell's own limits lower it.
pub const GRANT_FUEL: u64 = 2_000_000;
/// The least that a revision may name as the fuel of one call.
pub const GRANT_FUEL_MIN: u64 = 10_000;
/// The most fuel of one instantiation.
pub const INSTANTIATE_FUEL_MAX: u64 = 1_000_000;
/// What every call takes from its caster's bucket and from the tick beside its grant and its instantiation:
/// a fresh instance, its context and its report are work of the host, about 8 microseconds.
pub const CALL_OVERHEAD_FUEL: u64 = 20_000;
/// Fuel of one `migrate` call.
pub const MIGRATE_FUEL: u64 = 1_000_000;
/// The most `migrate` calls in one tick.
pub const MIGRATIONS_PER_TICK: usize = 64;
/// What a player's bucket holds at most, in fuel.
pub const PLAYER_BUCKET_FUEL: u64 = 9_000_000;
/// What a player's bucket gains each tick, in fuel.
pub const PLAYER_REFILL_FUEL: u64 = 400_000;
/// Fuel of all calls of one tick of a world.
pub const TICK_FUEL: u64 = 64_000_000;

/// Mana is counted in sixtieths of a point, so that 5 points a second is a whole number each tick.
pub const MANA_PARTS: u32 = 60;
/// Mana that an entity holds at most, in points.
pub const MANA_MAX: u32 = 100;
/// Mana that an entity gains each tick, in parts.
pub const MANA_REFILL_PARTS: u32 = 5;

const _: () = assert!(COMMANDS_MAX as u64 <= ENTITY_IDS_PER_CALL, "every command may spawn");
const _: () = assert!(
    GRANT_FUEL + INSTANTIATE_FUEL_MAX + CALL_OVERHEAD_FUEL <= PLAYER_BUCKET_FUEL,
    "a full bucket runs a call"
);
const _: () = assert!(GRANT_FUEL_MIN <= GRANT_FUEL, "there is a grant to name");
const _: () = assert!(EDITED_CHUNKS_MAX <= EDITED_CHUNKS_PER_TICK, "one call's edits fit a tick");
const _: () = assert!(EDITED_CHUNKS_PER_TICK <= CHANGED_CHUNKS_MAX, "one tick's edits fit a world");
const _: () = assert!(
    // A sphere across a whole chunk reaches into one more on each side.
    EDITED_CHUNKS_MAX >= 27 && 2 * SPHERE_RADIUS_MAX <= 64,
    "the largest sphere touches fewer chunks than a call may"
);
const _: () = assert!(
    PROJECTILES_MAX + CREATURES_MAX + PLAYER_PLACES < ENTITIES_MAX,
    "spells alone never fill the world"
);
const _: () = assert!(PLAYER_BUCKET_FUEL <= TICK_FUEL, "one player's burst fits one tick");
const _: () = assert!(PROJECTILE_RADIUS_MAX <= ENTITY_RADIUS_MAX, "a projectile is an entity");
const _: () = assert!(AIM_BLOCKS_MAX <= RAY_BLOCKS_MAX, "an aim is a ray");
const _: () = assert!(MIGRATE_FUEL <= GRANT_FUEL, "a migration is smaller than a cast");
const _: () = assert!(STATE_BYTES_MAX <= COMMAND_BYTES_MAX, "state fits the command bytes");
const _: () = assert!(
    // 4/3 π r³ < 4.19 r³
    419 * SPHERE_RADIUS_MAX * SPHERE_RADIUS_MAX * SPHERE_RADIUS_MAX / 100 <= EDITED_VOXELS_MAX as i64,
    "the largest sphere fits the edit budget"
);
const _: () = assert!(
    ((HORIZONTAL_BLOCKS as i64) << 16) <= 1 << 36,
    "a coordinate is exact in an f64 with room for squares of differences"
);
