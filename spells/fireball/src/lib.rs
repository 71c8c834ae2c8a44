//! A lobbed ball of fire that digs a crater, burns who stands near and throws them away.
//!
//! The cast only throws; the host tells `on_event` where the ball struck, or that it ended in the air. Needs no
//! state: an event carries the cast's own parameters.

use std::f64::consts::TAU;

use spellhost_sdk::prelude::*;

params! {
    struct Params {
        /// How far the crater reaches; the blast reaches half as far again.
        radius: f64 = 4.0, range = 1.0..=10.0, unit = "blocks";
        /// What it takes from whoever it strikes; the farther away, the less.
        damage: f64 = 60.0, range = 0.0..=500.0, unit = "points";
        /// How fast it travels to its target.
        speed: f64 = 24.0, range = 4.0..=60.0, unit = "blocks/s";
    }
}

/// How high the arc rises, as a part of the distance.
const ARC: f64 = 0.2;
/// Three commands each: with the crater and its embers that stays below the 64 of a call.
const VICTIMS_MAX: usize = 16;
const EMBERS: usize = 5;

struct Fireball;

impl Spell for Fireball {
    fn describe() -> Info {
        Info::new("Fireball")
            .description("A lobbed ball of fire: a crater, and burns for whoever stands near.")
            .params::<Params>()
            .cooldown(seconds(1.0))
            .mana(20)
    }

    fn cast(ctx: &Context) -> Result {
        let way = ctx.target_position - ctx.origin;
        // Gravity grows as the distance shrinks, and the host allows 3,600 at most.
        let distance = way.length().max(2.0);
        let flight = distance / Params::from(ctx).speed;
        // Gravity is chosen for the flight, so that the arc looks the same near and far: it clears whoever
        // stands in between, and never takes the ball out of sight.
        let gravity = 8.0 * ARC * distance / (flight * flight);
        Projectile::at(ctx.origin)
            .velocity(way / flight + Vec3::UP * (gravity * flight / 2.0))
            .gravity(gravity)
            .radius(0.35)
            .lifetime(seconds(3.0))
            .spawn();
        presentation::play_sound("fireball-launch", ctx.origin);
        Ok(())
    }

    fn on_event(ctx: &Context, event: Event) -> Result {
        match event {
            Event::ProjectileHit(hit) => explode(&Params::from(ctx), hit.position),
            Event::ProjectileExpired(end) => presentation::play_vfx("fireball-fizzle", end.position),
            _ => {}
        }
        Ok(())
    }
}

fn explode(params: &Params, center: Vec3) {
    // Ash first and one block wider: what the carving leaves of it is the crater's lining.
    terrain::paint_sphere(center, params.radius + 1.0, Material::ASH);
    terrain::carve_sphere(center, params.radius);
    scatter_embers(center, params.radius);

    let reach = params.radius * 1.5;
    for victim in scene::living_in_radius(center, reach).iter().take(VICTIMS_MAX) {
        // From its skin, not from its middle: a large body is not spared for being large.
        let gap = (center.distance(victim.position) - victim.radius).max(0.0);
        let force = 1.0 - gap / reach;
        entities::damage(victim.id, params.damage * force);
        entities::push(victim.id, (center.toward(victim.position) + Vec3::UP * 0.5) * (14.0 * force));
        entities::apply_status(victim.id, Status::Burning, seconds(3.0));
    }

    presentation::play_vfx_with("explosion", center, [NamedValue::new("radius", reach)]);
    presentation::play_sound("explosion", center);
}

/// A few drops of lava on the crater's floor.
fn scatter_embers(center: Vec3, radius: f64) {
    random::reserve(2 * EMBERS);
    for _ in 0..EMBERS {
        let aside = Vec3::new(random::range(0.0..0.7) * radius, 0.0, 0.0).turned(random::range(0.0..TAU));
        let column = (center + aside).block();
        let off_squared = (column.center() - center).flat().length_squared();
        let depth = (radius * radius - off_squared).max(0.0).sqrt();
        // The carving took the blocks whose middle lies in the sphere; the floor is the next one down.
        let floor = BlockPos { y: (center.y - depth - 0.5).ceil() as i32 - 1, ..column };
        // Reads show the world before this call: what was solid there still is. High in the air nothing was.
        if scene::get_voxel(floor).is_solid() {
            terrain::set_voxel(floor, Material::LAVA);
        }
    }
}

export_spell!(Fireball);

#[cfg(test)]
mod tests;
