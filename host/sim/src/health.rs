//! Wounds, statuses, death and coming back.
//!
//! What burns or regenerates does so in exact parts: 5 points in any 60 ticks. Death is at once: a creature or item is gone,
//! a player waits 180 ticks and comes back where it first came in. What has no health (a projectile, an item
//! with a maximum of 0) cannot be wounded. Deliberately does not know why somebody is wounded, only who is to blame.

use alloc::vec::Vec;

use crate::close::Closing;
use crate::entity::{Blame, EntityId, EntityKind};
use crate::event::Event;
use crate::fixed::Points;
use crate::limits::{RESPAWN_TICKS, TICKS_PER_SECOND};
use crate::status::{STATUSES, Status};
use crate::vector::Velocity;
use crate::world::World;

/// What burning takes and regenerating gives, in points a second.
const POINTS_PER_SECOND: i64 = 5;

/// The raw points that a rate of [`POINTS_PER_SECOND`], divided by `divisor`, makes in this tick: the
/// difference of two rounded-down sums, so that nothing is lost.
fn parts(tick: u64, divisor: i64) -> Points {
    let second = TICKS_PER_SECOND as i64 * divisor;
    let phase = (tick % second as u64) as i64;
    let sum = |ticks: i64| POINTS_PER_SECOND * Points::ONE.raw() * ticks / second;
    Points::from_raw(sum(phase + 1) - sum(phase))
}

impl World {
    /// Takes health; a shield halves it. At zero the entity dies.
    pub(crate) fn hurt(&mut self, id: EntityId, points: Points, blame: Option<Blame>, closing: &mut Closing) {
        let tick = self.tick;
        let taken = match self.registry.get(id) {
            Some(entity) if entity.has(Status::SHIELDED, tick) => Points::from_raw(points.raw() / 2),
            _ => points,
        };
        self.wound(id, taken, blame, closing);
    }

    fn wound(&mut self, id: EntityId, points: Points, blame: Option<Blame>, closing: &mut Closing) {
        let died = self.registry.edit(id, |entity| {
            if entity.health_max == Points::ZERO || entity.is_dead() {
                return false;
            }
            entity.health = (entity.health - points).max(Points::ZERO);
            entity.health == Points::ZERO
        });
        if died == Some(true) {
            self.die(id, blame, closing);
        }
    }

    /// Gives health, up to the maximum.
    pub(crate) fn heal(&mut self, id: EntityId, points: Points) {
        self.registry.edit(id, |entity| entity.health = (entity.health + points).min(entity.health_max));
    }

    /// An entity dies. The cast that spawned it and the one that killed it hear of it.
    pub(crate) fn die(&mut self, id: EntityId, blame: Option<Blame>, closing: &mut Closing) {
        let Some(entity) = self.registry.get(id) else { return };
        let (kind, spawner) = (entity.kind, entity.spawner);
        let killer = blame.map(|blame| blame.killer);
        closing.deaths.push((id, killer));
        if kind == EntityKind::Player {
            let respawn = self.tick + RESPAWN_TICKS;
            self.registry.edit(id, |entity| {
                entity.health = Points::ZERO;
                entity.velocity = Velocity::ZERO;
                entity.statuses = [0; STATUSES.len()];
                entity.burner = None;
                entity.awake = false;
                entity.respawn = Some(respawn);
            });
        } else {
            self.take_away(id);
        }
        let by = blame.map(|blame| blame.cast);
        for cast in spawner.into_iter().chain(by.filter(|by| Some(*by) != spawner)) {
            self.raise(cast, Event::EntityDied { entity: id, killer }, closing);
        }
    }

    /// Burning, regenerating, the end of statuses, and players that come back.
    pub(crate) fn step_statuses(&mut self, closing: &mut Closing) {
        let tick = self.tick;
        let afflicted: Vec<EntityId> = self.registry.afflicted().iter().copied().collect();
        for id in afflicted {
            let Some(entity) = self.registry.get(id) else { continue };
            let [burning, shielded, regenerating] = [Status::BURNING, Status::SHIELDED, Status::REGENERATING]
                .map(|status| entity.has(status, tick));
            let burner = entity.burner;
            if regenerating {
                self.heal(id, parts(tick, 1));
            }
            if burning {
                self.wound(id, parts(tick, if shielded { 2 } else { 1 }), burner, closing);
            }
            self.registry.edit(id, |entity| {
                entity.statuses.iter_mut().filter(|until| **until <= tick + 1).for_each(|until| *until = 0);
                if !entity.has(Status::BURNING, tick + 1) {
                    entity.burner = None;
                }
            });
        }
        let dead: Vec<EntityId> = self.registry.dead().iter().copied().collect();
        for id in dead {
            self.registry.edit(id, |entity| {
                if entity.respawn.is_some_and(|respawn| respawn <= tick + 1) {
                    entity.respawn = None;
                    entity.health = entity.health_max;
                    entity.position = entity.home;
                    entity.awake = !entity.is_fixed();
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_in_any_second() {
        for from in 0..120 {
            let sum = |divisor: i64| (from..from + 60).map(|tick| parts(tick, divisor).raw()).sum::<i64>();
            assert_eq!(sum(1), 5 << 16);
            assert_eq!(sum(2), 5 << 15);
        }
    }
}
