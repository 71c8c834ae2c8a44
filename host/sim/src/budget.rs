//! What a caster may spend: fuel, mana, and the time between two casts of one spell.
//!
//! Refilling is counted from the tick of the last change, so a caster who does nothing costs nothing.
//! Deliberately does not know which calls wait for it.

use alloc::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::input::SpellId;
use crate::limits::{MANA_MAX, MANA_PARTS, MANA_REFILL_PARTS, PLAYER_BUCKET_FUEL, PLAYER_REFILL_FUEL};

/// What one caster has left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Purse {
    /// Mana in parts, as of `mana_at`.
    pub mana: u64,
    pub mana_at: u64,
    /// Fuel as of `fuel_at`.
    pub fuel: u64,
    pub fuel_at: u64,
    /// The first tick in which each spell may be cast again.
    pub cooldowns: BTreeMap<SpellId, u64>,
    /// How many active spells are its caster's; counted anew when a snapshot is restored.
    #[serde(skip)]
    pub active: u32,
}

/// The most mana, in parts.
pub(crate) const MANA_PARTS_MAX: u64 = MANA_MAX as u64 * MANA_PARTS as u64;

impl Purse {
    /// A full one.
    pub fn new(tick: u64) -> Self {
        let cooldowns = BTreeMap::new();
        Self {
            mana: MANA_PARTS_MAX,
            mana_at: tick,
            fuel: PLAYER_BUCKET_FUEL,
            fuel_at: tick,
            cooldowns,
            active: 0,
        }
    }

    /// Mana in this tick, in parts.
    pub fn mana(&self, tick: u64) -> u64 {
        refilled(self.mana, MANA_REFILL_PARTS as u64, tick - self.mana_at, MANA_PARTS_MAX)
    }

    /// Fuel in this tick.
    pub fn fuel(&self, tick: u64) -> u64 {
        refilled(self.fuel, PLAYER_REFILL_FUEL, tick - self.fuel_at, PLAYER_BUCKET_FUEL)
    }

    /// Takes fuel if there is enough.
    pub fn take_fuel(&mut self, fuel: u64, tick: u64) -> bool {
        let Some(rest) = self.fuel(tick).checked_sub(fuel) else { return false };
        (self.fuel, self.fuel_at) = (rest, tick);
        true
    }

    /// Gives fuel back, up to what the bucket holds.
    pub fn give_fuel(&mut self, fuel: u64, tick: u64) {
        (self.fuel, self.fuel_at) = (self.fuel(tick).saturating_add(fuel).min(PLAYER_BUCKET_FUEL), tick);
    }

    /// Takes mana, in points, if there is enough.
    pub fn take_mana(&mut self, points: u32, tick: u64) -> bool {
        let Some(rest) = self.mana(tick).checked_sub(points as u64 * MANA_PARTS as u64) else { return false };
        (self.mana, self.mana_at) = (rest, tick);
        true
    }

    /// Gives mana back, in points.
    pub fn give_mana(&mut self, points: u32, tick: u64) {
        let given = points as u64 * MANA_PARTS as u64;
        (self.mana, self.mana_at) = (self.mana(tick).saturating_add(given).min(MANA_PARTS_MAX), tick);
    }

    /// Whether a spell is still cooling down.
    pub fn is_cooling(&self, spell: &SpellId, tick: u64) -> bool {
        self.cooldowns.get(spell).is_some_and(|ready| *ready > tick)
    }

    /// Lets a spell cool down until `ready`, and forgets what has cooled down.
    pub fn cool(&mut self, spell: &SpellId, ready: u64, tick: u64) {
        self.cooldowns.retain(|_, ready| *ready > tick);
        if ready > tick {
            self.cooldowns.insert(spell.clone(), ready);
        }
    }
}

fn refilled(parts: u64, gain: u64, ticks: u64, most: u64) -> u64 {
    parts.saturating_add(gain.saturating_mul(ticks)).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mana_comes_back_at_five_points_a_second() {
        let mut purse = Purse::new(10);
        assert!(purse.take_mana(100, 10));
        assert!(!purse.take_mana(1, 21));
        assert!(purse.take_mana(1, 22));
        assert_eq!(purse.mana(10 + 60), 4 * 60);
        assert_eq!(purse.mana(1_000_000), MANA_PARTS_MAX);
    }

    #[test]
    fn fuel_is_capped_both_ways() {
        let mut purse = Purse::new(0);
        assert!(!purse.take_fuel(PLAYER_BUCKET_FUEL + 1, 0));
        assert!(purse.take_fuel(PLAYER_BUCKET_FUEL, 0));
        assert_eq!(purse.fuel(3), 3 * PLAYER_REFILL_FUEL);
        purse.give_fuel(u64::MAX, 3);
        assert_eq!(purse.fuel(3), PLAYER_BUCKET_FUEL);
    }

    #[test]
    fn a_cooldown_ends_at_its_tick() {
        let spell = SpellId::parse("ember").expect("a good id");
        let mut purse = Purse::new(0);
        purse.cool(&spell, 30, 0);
        assert!(purse.is_cooling(&spell, 29));
        assert!(!purse.is_cooling(&spell, 30));
        purse.cool(&spell, 30, 30);
        assert!(purse.cooldowns.is_empty());
    }
}
