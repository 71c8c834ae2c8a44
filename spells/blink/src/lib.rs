//! Puts the caster at the farthest safe place along the look.
//!
//! Safe means: ground within a short drop, and no solid block, lava or other body where the caster would be. The
//! search goes from far to near and fails with a message, which undoes the cast, if nothing fits.

use spellhost_sdk::prelude::*;

params! {
    struct Params {
        /// How far the caster gets at most.
        range: f64 = 24.0, range = 4.0..=64.0, unit = "blocks";
    }
}

/// Nearer than this is not worth the mana, in blocks.
const NEAREST: f64 = 2.0;
/// How far apart two places are that the search tries, in blocks.
const STEP: f64 = 0.5;
/// How far the caster would fall at most, in blocks.
const DROP_MAX: i32 = 4;
/// The largest radius of a creature's body, in blocks.
const BODY_RADIUS_MAX: f64 = 1.25;

struct Blink;

impl Spell for Blink {
    fn describe() -> Info {
        Info::new("Blink")
            .description("Puts you at the farthest safe place along your look.")
            .params::<Params>()
            .cooldown(seconds(2.0))
            .mana(15)
    }

    fn cast(ctx: &Context) -> Result {
        let range = Params::from(ctx).range;
        let caster = scene::entity(ctx.caster).ok_or("the caster is gone")?;
        let free = scene::raycast(ctx.origin, ctx.direction, range).map_or(range, |hit| hit.distance);
        let tries = (free / STEP) as i32;
        let there = (0..=tries)
            .map(|step| ctx.origin + ctx.direction * (free - STEP * f64::from(step)))
            .filter_map(|point| standing_place(point, &caster))
            .find(|place| place.distance(caster.position) >= NEAREST);
        let Some(there) = there else { fail!("no safe place within {free:.0} blocks that way") };

        entities::teleport(caster.id, there);
        presentation::play_vfx("blink-out", caster.position);
        presentation::play_vfx("blink-in", there);
        presentation::play_sound("blink", there);
        Ok(())
    }
}

/// Where the caster's middle would be if it stood below that point; `None` if it cannot stand there.
fn standing_place(point: Vec3, caster: &EntityInfo) -> Option<Vec3> {
    let top = point.block();
    let floor =
        (1..=DROP_MAX).map(|drop| top.offset(0, -drop, 0)).find(|pos| scene::get_voxel(*pos).is_solid())?;
    let place = Vec3::new(point.x, f64::from(floor.y + 1) + caster.radius, point.z);
    (has_room(place, caster.radius) && is_alone(place, caster)).then_some(place)
}

/// Whether no block that the body would touch is in its way.
fn has_room(place: Vec3, radius: f64) -> bool {
    let (min, max) = ((place - Vec3::splat(radius)).block(), (place + Vec3::splat(radius)).block());
    let edge = |min: i32, max: i32| (max - min + 1) as u32;
    // One read of the whole box: 18 single ones would cost ten times as much.
    let body = scene::get_voxels(min, (edge(min.x, max.x), edge(min.y, max.y), edge(min.z, max.z)));
    body.iter().all(|(_, material)| !material.is_solid() && material != Material::LAVA)
}

/// Whether nobody else is there.
fn is_alone(place: Vec3, caster: &EntityInfo) -> bool {
    let near = scene::living_in_radius(place, caster.radius + BODY_RADIUS_MAX);
    near.iter()
        .all(|other| other.id == caster.id || other.position.distance(place) >= other.radius + caster.radius)
}

export_spell!(Blink);

#[cfg(test)]
mod tests;
