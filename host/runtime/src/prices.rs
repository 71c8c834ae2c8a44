//! What each host call costs, in fuel. Part of the engine id.
//!
//! A price is a base and a part for each unit. It is charged before the call acts: the base and
//! the items of a list as soon as its length is known, the bytes of a text before it is used, the
//! entities of an answer before they are handed over. A fuel unit is about half a nanosecond of a
//! native host; prices are rounded up to the slowest terrain that a read can meet.

/// The price of one import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// `interface.function`.
    pub function: &'static str,
    /// For the call itself.
    pub base: u64,
    /// For each unit.
    pub per_unit: u64,
    /// What a unit is; empty where there is none.
    pub unit: &'static str,
}

impl Price {
    /// The price of a call over `units`.
    pub const fn of(self, units: u64) -> u64 {
        self.base.saturating_add(self.per_unit.saturating_mul(units))
    }
}

/// Fuel for each byte of UTF-8 of a text argument of any call.
pub const TEXT_BYTE: u64 = 1;
/// Fuel for each entity of an answer of any call.
pub const ENTITY: u64 = 200;
/// Fuel for each entity that is looked at to answer, whether it is part of the answer or not.
pub const LOOK: u64 = 20;
/// Fuel for each argument of an effect.
pub const EFFECT_PARAM: u64 = 50;

macro_rules! prices {
    ($($name:ident = $function:literal, $base:literal + $per_unit:literal per $unit:literal;)*) => {
        $(
            #[allow(missing_docs, reason = "the function and the unit say it")]
            pub const $name: Price =
                Price { function: $function, base: $base, per_unit: $per_unit, unit: $unit };
        )*

        /// Every import with its price, in the order of the interfaces.
        pub const PRICES: &[Price] = &[$($name),*];
    };
}

prices! {
    TICK = "scene.tick", 80 + 0 per "";
    GET_VOXEL = "scene.get-voxel", 300 + 0 per "";
    GET_VOXELS = "scene.get-voxels", 300 + 16 per "voxel";
    RAYCAST = "scene.raycast", 400 + 32 per "block of max-distance, and 20 an entity looked at";
    RAYCASTS = "scene.raycasts", 200 + 32 per "block of max-distance, 300 a ray, and 20 an entity looked at";
    LINE_OF_SIGHT = "scene.line-of-sight", 400 + 32 per "block of distance";
    ENTITY_BY_ID = "scene.entity", 150 + 200 per "entity of the answer";
    ENTITIES_IN_RADIUS = "scene.entities-in-radius", 1000 + 100 per "block of radius, 20 an entity looked at, and 200 an entity of the answer";
    ENTITIES_BY_KIND = "scene.entities-by-kind", 1000 + 20 per "entity of the limit, and 200 an entity of the answer";
    MATERIAL_NAMED = "scene.material-named", 150 + 1 per "byte of text";
    TERRAIN_APPLY = "terrain.apply", 150 + 150 per "operation, 4 a voxel covered, and 30,000 a chunk touched";
    WATCH_BOX = "terrain.watch-box", 300 + 8 per "cell of 16 blocks that the box meets, and 20 an entity looked at";
    SPAWN = "projectiles.spawn", 150 + 300 per "projectile";
    ENTITIES_APPLY = "entities.apply", 150 + 150 per "operation, 2,000 a teleport or spawn, and 1 a byte of text";
    SHOW = "presentation.show", 150 + 200 per "operation, 50 an effect's argument, and 1 a byte of text";
    WAKE_AFTER = "timers.wake-after", 200 + 0 per "";
    CANCEL = "timers.cancel", 200 + 0 per "";
    EMIT = "remote-events.emit", 150 + 200 per "operation, and 1 a byte of text";
    LISTEN = "remote-events.listen", 200 + 1 per "byte of text";
    LOAD = "state.load", 150 + 1 per "byte";
    SAVE = "state.save", 200 + 1 per "byte";
    FINISH = "state.finish", 150 + 0 per "";
    NEXT = "random.next", 80 + 0 per "";
    FILL = "random.fill", 80 + 10 per "draw";
    LOG = "log.log", 200 + 1 per "byte of text";
}

/// Fuel for each ray of [`RAYCASTS`], beside its length.
pub const RAY: u64 = 300;
/// Fuel for each voxel that an operation of [`TERRAIN_APPLY`] covers, whether it changes or not.
pub const VOXEL: u64 = 4;
/// Fuel for each chunk that the operations of one call touch, once: it may have to be generated, and is packed and
/// hashed anew.
pub const CHUNK: u64 = 30_000;
/// Fuel for each teleport and each spawn of a creature: a body in a new place is work for the ticks that follow.
pub const PLACING: u64 = 2_000;

#[cfg(test)]
mod tests {
    use super::PRICES;
    use crate::contract::WIT;

    #[test]
    fn the_contract_states_every_price() {
        let thousands = |number: u64| match number {
            1_000.. => format!("{},{:03}", number / 1_000, number % 1_000),
            _ => number.to_string(),
        };
        for price in PRICES {
            let (interface, function) = price.function.split_once('.').expect("interface.function");
            let from =
                WIT.split(&format!("\ninterface {interface} {{")).nth(1).expect("the interface is there");
            let before = from.split(&format!("\n  {function}: func(")).next().expect("the function is there");
            let said = before.lines().last().expect("a comment before it").trim();
            let unit = match price.unit {
                "" => String::new(),
                unit => format!(" + {} per {unit}", thousands(price.per_unit)),
            };
            assert_eq!(said, format!("/// Fuel: {}{unit}.", thousands(price.base)), "{}", price.function);
        }
    }
}
