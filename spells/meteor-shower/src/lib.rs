//! Meteor shower: several stones from the sky over a few seconds, each with a crater and a fire.
//!
//! The whole shower is drawn when it is cast, from the call's own random stream, so every client sees the same
//! one. What has not fallen yet waits in the state with the tick in which it is due.

use std::f64::consts::TAU;

use spellhost_sdk::prelude::*;

const FALL: u32 = 1;
/// Where a meteor appears, seen from where it is to strike: this high, and this far back toward the caster.
const HEIGHT: f64 = 40.0;
const SLANT: f64 = 16.0;
/// Blocks per second.
const SPEED: f64 = 45.0;
/// Three commands a victim, four for the crater: within a call's 64.
const VICTIMS_MAX: usize = 20;

params! {
    struct Params {
        /// How many stones fall.
        meteors: u8 = 8, range = 1..=24;
        /// How far from the target they may strike.
        spread: f64 = 8.0, range = 0.0..=24.0, unit = "blocks";
        /// Over how long they fall.
        duration: f64 = 3.0, range = 0.5..=10.0, unit = "seconds";
        /// How wide a crater is.
        crater: f64 = 2.5, range = 1.0..=6.0, unit = "blocks";
        /// What a stone does to whom it strikes; less the further away.
        damage: f64 = 30.0, range = 0.0..=200.0, unit = "points";
    }
}

state! {
    struct Meteor {
        /// The tick in which it appears.
        due: u64,
        target: Vec3,
    }
}

state! {
    struct State {
        /// What has not fallen yet, the next one first.
        waiting: Vec<Meteor>,
    }
}

struct MeteorShower;

impl Spell for MeteorShower {
    fn describe() -> Info {
        Info::new("Meteor shower")
            .description("Calls meteors down on a place, one after the other.")
            .params::<Params>()
            .cooldown(seconds(12.0))
            .mana(60)
    }

    fn cast(ctx: &Context) -> Result {
        let params = Params::from(ctx);
        // One question for all the draws that follow.
        random::reserve(3 * usize::from(params.meteors));
        let now = scene::tick();
        let mut waiting: Vec<Meteor> = (0..params.meteors).map(|_| draw(ctx, &params, now)).collect();
        waiting.sort_by_key(|meteor| meteor.due);
        // The first one falls at once: nobody likes to wait for a spell.
        waiting[0].due = now;
        launch(ctx, State { waiting })
    }

    fn on_event(ctx: &Context, event: Event) -> Result {
        match event {
            Event::Timer(FALL) => launch(ctx, State::load()?),
            Event::ProjectileHit(hit) => {
                // Somebody who is struck stands over the crater: a ray that starts inside of a body leaves it.
                let under = hit.entity.and_then(scene::entity).map_or(hit.position, |entity| entity.position);
                let ground = scene::ground_below(under, 8.0).map(|ground| ground.center() + Vec3::UP * 0.5);
                strike(ctx, ground.unwrap_or(hit.position));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

fn draw(ctx: &Context, params: &Params, now: u64) -> Meteor {
    // The root spreads them evenly over the disc; without it they would crowd in the middle.
    let away = params.spread * random::unit_f64().sqrt();
    let target = ctx.target_position + Vec3::new(away, 0.0, 0.0).turned(random::range(0.0..TAU));
    let due = now + random::range(0..=u64::from(seconds(params.duration)));
    Meteor { due, target }
}

/// Launches whatever is due and waits for the next one. A timer may come late, when the tick had no budget left:
/// then several are due, which is why the schedule is in ticks and not in steps.
fn launch(ctx: &Context, mut state: State) -> Result {
    let now = scene::tick();
    let back = -ctx.direction.flat().normalized() * SLANT;
    let due = state.waiting.partition_point(|meteor| meteor.due <= now);
    for meteor in state.waiting.drain(..due) {
        let start = meteor.target + Vec3::UP * HEIGHT + back;
        Projectile::at(start)
            .velocity(start.toward(meteor.target) * SPEED)
            .radius(0.75)
            .lifetime(300)
            .spawn();
        presentation::play_sound("meteor_whistle", start);
    }
    if let Some(next) = state.waiting.first() {
        timers::wake_after((next.due - now) as u32, FALL);
    }
    state.save();
    Ok(())
}

fn strike(ctx: &Context, at: Vec3) {
    let params = Params::from(ctx);
    // Ash first: what the crater leaves of it is a burnt rim.
    terrain::paint_sphere(at, params.crater + 1.0, Material::ASH);
    terrain::carve_sphere(at, params.crater);
    let reach = params.crater + 2.0;
    let mut victims = scene::living_in_radius(at, reach);
    victims.retain(|victim| victim.id != ctx.caster);
    for victim in victims.iter().take(VICTIMS_MAX) {
        let nearness = 1.0 - victim.position.distance(at) / reach;
        entities::damage(victim.id, params.damage * (0.5 + 0.5 * nearness));
        entities::push(victim.id, (at.toward(victim.position) + Vec3::UP) * (6.0 * nearness));
        entities::apply_status(victim.id, Status::Burning, seconds(2.0));
    }
    presentation::play_vfx_with("meteor_impact", at, [NamedValue::new("radius", params.crater)]);
    presentation::play_sound("explosion", at);
}

export_spell!(MeteorShower);

#[cfg(test)]
mod tests;
