//! What a result does to the world: charges, refunds, migrations, and commands one by one.
//!
//! Commands were checked against the opened world; one that has become impossible since (its target
//! is gone, a cap is full) is skipped and counted.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::active::{Timer, Watch};
use crate::call::{CallResult, Entry, Outcome};
use crate::close::{Closing, effects_digest};
use crate::command::{Command, ProjectileSpec};
use crate::entity::{Blame, Entity, EntityId, EntityKind, EntitySpec};
use crate::fixed::Points;
use crate::limits::{PROJECTILES_PER_SPELL_MAX, STATE_BYTES_MAX, WATCHED_BODIES_MAX};
use crate::open::OpenCall;
use crate::projectile::{Flight, refine, within_speed};
use crate::report::{CallReport, Migration};
use crate::scene::corners;
use crate::status::Status;
use crate::template::Template;
use crate::vector::{Direction, Point, Velocity};
use crate::voxels::Edit;
use crate::world::World;

/// A call while its commands are applied.
struct Applying<'a> {
    call: &'a OpenCall,
    /// How many entities it spawned or tried to.
    spawns: u64,
    spawned: Vec<EntityId>,
    entities: BTreeSet<EntityId>,
    edits: Vec<Edit>,
    finish: bool,
}

impl World {
    /// Applies one call's result and reports it.
    pub(crate) fn commit(&mut self, call: OpenCall, result: CallResult, closing: &mut Closing) {
        let mut outcome = result.outcome;
        let mut applying = Applying {
            call: &call,
            spawns: 0,
            spawned: Vec::new(),
            entities: BTreeSet::new(),
            edits: Vec::new(),
            finish: false,
        };
        let migrated = closing.migrated.get(&call.cast).copied();
        let revision = call.migrate_to.or(migrated).unwrap_or(call.revision);
        // A lane that has migrated goes on with the new revision's grant.
        let granted = if call.migrate_to.is_some() { call.grant } else { revision.grant_fuel() };
        let charge = outcome.charge(result.fuel_used, granted);
        let mut effects = Vec::new();
        if call.migrate_to.is_some() {
            effects = self.commit_migration(&call, &outcome, result.commands, closing);
        } else {
            if let Some(purse) = self.purses.get_mut(&call.caster) {
                purse.give_fuel(call.taken - revision.making_fuel() - charge, self.tick);
            }
            if let Outcome::Applied { skipped } = &mut outcome {
                *skipped = 0;
                for command in result.commands {
                    if self.apply(&command, &mut applying, closing) {
                        effects.push(command);
                    } else {
                        *skipped += 1;
                    }
                }
            } else if matches!(outcome, Outcome::Failed { .. }) && call.entry == Entry::Cast {
                self.refund(&call);
            }
        }
        let Applying { spawned, entities, edits, finish, .. } = applying;
        closing.edits.extend(edits.into_iter().map(|edit| (closing.calls.len(), edit)));
        let mut report = CallReport {
            id: call.id,
            cast: call.cast,
            spell: call.spell,
            revision,
            entry: call.entry,
            seed: call.seed,
            outcome,
            fuel_used: charge,
            fuel_granted: granted,
            effects,
            spawned,
            effects_digest: Default::default(),
            voxels: Vec::new(),
            entities: entities.into_iter().collect(),
        };
        report.effects_digest = effects_digest(&report);
        closing.calls.push(report);
        if finish {
            self.end_spell(call.cast, closing);
        }
    }

    /// Puts an active spell onto its new revision, or leaves it as it was.
    fn commit_migration(
        &mut self,
        call: &OpenCall,
        outcome: &Outcome,
        commands: Vec<Command>,
        closing: &mut Closing,
    ) -> Vec<Command> {
        let to = call.migrate_to.expect("a migration has a revision");
        let bytes = match commands.as_slice() {
            [Command::Save { bytes }] if outcome.is_applied() && bytes.len() <= STATE_BYTES_MAX => {
                Some(bytes)
            }
            _ => None,
        };
        let spell = self.spells.get_mut(call.cast);
        let migrated = match (bytes, spell) {
            (Some(bytes), Some(spell)) => {
                spell.revision = to;
                spell.state = bytes.clone();
                closing.migrated.insert(call.cast, to);
                true
            }
            _ => false,
        };
        closing.migrations.push(Migration {
            cast: call.cast,
            spell: call.spell.clone(),
            from: call.revision.id,
            to: to.id,
            migrated,
        });
        if migrated { commands } else { Vec::new() }
    }

    /// Gives back the mana and the cooldown of a cast.
    fn refund(&mut self, call: &OpenCall) {
        let Some(paid) = self.spells.get(call.cast).map(|spell| spell.paid) else { return };
        let Some(purse) = self.purses.get_mut(&call.caster) else { return };
        purse.give_mana(paid.mana, self.tick);
        if purse.cooldowns.get(&call.spell) == Some(&paid.ready) {
            purse.cooldowns.remove(&call.spell);
        }
    }

    /// Applies one command; `false` where it has become impossible.
    fn apply(&mut self, command: &Command, applying: &mut Applying, closing: &mut Closing) -> bool {
        let call = applying.call;
        let (cast, tick) = (call.cast, self.tick);
        // An earlier call of this lane has finished the spell: it no longer acts.
        if self.spells.get(cast).is_none() {
            return false;
        }
        match command {
            Command::SetVoxel { .. } | Command::FillSphere { .. } | Command::FillBox { .. } => {
                let Some(edit) = command.edit().filter(|edit| closing.has_room_for(edit)) else {
                    return false;
                };
                applying.edits.push(edit);
                true
            }
            Command::WatchBox { .. }
            | Command::WakeAfter { .. }
            | Command::CancelTimer { .. }
            | Command::Listen { .. } => self.await_event(command, call),
            Command::SpawnProjectile(spec) => self.spawn(applying, projectile(spec, call, tick)),
            Command::SpawnNpc { template, position, tag } => {
                self.spawn(applying, creature(*template, *position, *tag, call))
            }
            Command::Damage { id, .. }
            | Command::Heal { id, .. }
            | Command::Push { id, .. }
            | Command::Teleport { id, .. }
            | Command::ApplyStatus { id, .. }
            | Command::Despawn { id } => {
                if !self.is_present(*id) {
                    return false;
                }
                applying.entities.insert(*id);
                self.affect(*id, command, call, closing);
                true
            }
            Command::Message { player, .. } | Command::Send { player, .. } => {
                self.registry.get(*player).is_some()
            }
            Command::PlayVfx { .. } | Command::PlaySound { .. } | Command::Broadcast { .. } => true,
            Command::Save { bytes } => {
                let spell = self.spells.get_mut(cast).expect("it was there above");
                spell.state.clone_from(bytes);
                true
            }
            Command::Finish => {
                applying.finish = true;
                true
            }
        }
    }

    /// Whether an entity is there and alive.
    fn is_present(&self, id: EntityId) -> bool {
        self.registry.get(id).is_some_and(|entity| !entity.is_dead())
    }

    /// Commands by which a spell waits for something, or no longer does.
    fn await_event(&mut self, command: &Command, call: &OpenCall) -> bool {
        let (cast, tick) = (call.cast, self.tick);
        match command {
            Command::WatchBox { min, size, tag, duration } => {
                let (min, size, tag) = (*min, *size, *tag);
                let until = tick + 1 + *duration as u64;
                let mut watch = Watch { min, size, tag, until, inside: BTreeSet::new() };
                watch.inside = self.bodies_in(&watch);
                self.spells.watch(cast, watch)
            }
            Command::WakeAfter { after, tag } => {
                let due = tick + (*after).max(1) as u64;
                let number = self.counters.take_timer();
                self.spells.add_timer(cast, Timer { due, number, tag: *tag })
            }
            Command::CancelTimer { tag } => {
                self.spells.drop_timers(cast, |timer| timer.tag == *tag);
                true
            }
            Command::Listen { name, duration } => self.spells.listen(cast, name, tick + 1 + *duration as u64),
            _ => false,
        }
    }

    /// The bodies in a box; of too many, those with the least ids.
    fn bodies_in(&self, watch: &Watch) -> BTreeSet<EntityId> {
        let (least, most) = corners(watch.min, watch.size);
        let mut inside = Vec::new();
        self.registry.grid().visit(least, most, |item| {
            if item.kind != EntityKind::Projectile && watch.holds(item.position.block()) {
                inside.push(item.id);
            }
        });
        inside.sort_unstable();
        inside.into_iter().take(WATCHED_BODIES_MAX).collect()
    }

    /// Puts a new entity under the call's next id; the id is used up even where there is no room.
    fn spawn(&mut self, applying: &mut Applying, entity: Entity) -> bool {
        let id = EntityId(applying.call.first_entity.0 + applying.spawns);
        applying.spawns += 1;
        if !self.registry.has_room_to_spawn(entity.kind, applying.call.caster) {
            return false;
        }
        if entity.kind == EntityKind::Projectile {
            let spell = self.spells.get_mut(applying.call.cast).expect("a call that acts has a spell");
            if spell.projectiles as usize >= PROJECTILES_PER_SPELL_MAX {
                return false;
            }
            spell.projectiles += 1;
        }
        self.registry.insert(id, entity);
        applying.spawned.push(id);
        true
    }

    /// Commands on an entity that is there and alive.
    fn affect(&mut self, id: EntityId, command: &Command, call: &OpenCall, closing: &mut Closing) {
        let (blame, tick) = (Blame { killer: call.caster, cast: call.cast }, self.tick);
        match command {
            Command::Damage { points, .. } => self.hurt(id, *points, Some(blame), closing),
            Command::Heal { points, .. } => self.heal(id, *points),
            Command::Push { velocity, .. } => {
                self.registry.edit(id, |entity| {
                    if !entity.is_fixed() {
                        entity.velocity = within_speed(entity.velocity + *velocity);
                    }
                });
                self.wake(id);
            }
            Command::Teleport { to, .. } => {
                self.registry.edit(id, |entity| {
                    entity.position = *to;
                    entity.velocity = Velocity::ZERO;
                    if let Some(flight) = &mut entity.flight {
                        flight.exact = refine(*to);
                    }
                });
                self.wake(id);
            }
            Command::ApplyStatus { status, duration, .. } => {
                let until = tick + *duration as u64;
                self.registry.edit(id, |entity| {
                    let place = &mut entity.statuses[u8::from(*status) as usize];
                    if until > *place {
                        *place = until;
                        if *status == Status::BURNING {
                            entity.burner = Some(blame);
                        }
                    }
                });
            }
            Command::Despawn { .. } => {
                closing.touched.extend(self.registry.get(id).and_then(|entity| entity.spawner));
                self.take_away(id);
            }
            _ => {}
        }
    }
}

fn projectile(spec: &ProjectileSpec, call: &OpenCall, tick: u64) -> Entity {
    let bare = EntitySpec {
        kind: EntityKind::Projectile,
        template: None,
        position: spec.position,
        look: Direction::FORWARD,
        radius: spec.radius,
        health: Points::ZERO,
        health_max: Points::ZERO,
    };
    Entity {
        owner: Some(call.caster),
        spawner: Some(call.cast),
        tag: spec.tag,
        velocity: within_speed(spec.velocity),
        awake: false,
        flight: Some(Flight::new(spec, tick)),
        ..Entity::spawn(&bare)
    }
}

fn creature(template: Template, position: Point, tag: u32, call: &OpenCall) -> Entity {
    let row = template.info();
    let bare = EntitySpec {
        kind: EntityKind::Npc,
        template: Some(template),
        position,
        look: Direction::FORWARD,
        radius: row.radius,
        health: row.health,
        health_max: row.health,
    };
    Entity { owner: Some(call.caster), spawner: Some(call.cast), tag, ..Entity::spawn(&bare) }
}
