//! Freezes the ground and whoever stands around the caster without cover.
//!
//! The ground is read as one region and frozen in strips along x: a command for each block would be far more than
//! a call may have. Spares the caster, and everyone whom a wall hides.

use std::cmp::Reverse;

use spellhost_sdk::prelude::*;

params! {
    struct Params {
        /// How far the frost reaches.
        radius: f64 = 7.0, range = 2.0..=12.0, unit = "blocks";
        /// What it takes from everyone it reaches.
        damage: f64 = 15.0, range = 0.0..=200.0, unit = "points";
        /// How long they cannot move; they stay slow for as long again.
        hold: f64 = 3.0, range = 0.5..=20.0, unit = "seconds";
    }
}

/// Three commands each.
const VICTIMS_MAX: usize = 10;
/// What is left of a call's 64 commands after the victims, one effect and one sound.
const STRIPS_MAX: usize = 64 - 3 * VICTIMS_MAX - 2;
/// How far above and below the caster's middle the ground may lie, in blocks.
const STEEP_MAX: i32 = 4;

/// Blocks beside each other along x that freeze alike.
#[derive(PartialEq)]
struct Strip {
    start: BlockPos,
    length: u32,
    /// Water is not solid and must be filled; soil is, and must be painted.
    water: bool,
}

struct FrostNova;

impl Spell for FrostNova {
    fn describe() -> Info {
        Info::new("Frost nova")
            .description("Freezes the ground and whoever stands around you without cover.")
            .params::<Params>()
            .cooldown(seconds(3.0))
            .mana(30)
    }

    fn cast(ctx: &Context) -> Result {
        let params = Params::from(ctx);
        let center = scene::entity(ctx.caster).ok_or("the caster is gone")?.position;
        let mut victims = scene::living_in_radius(center, params.radius);
        victims.retain(|one| one.id != ctx.caster && scene::line_of_sight(center, one.position));
        victims.truncate(VICTIMS_MAX);
        let strips = ground_strips(center, params.radius);
        ensure!(
            !victims.is_empty() || !strips.is_empty(),
            "nothing within {} blocks can freeze",
            params.radius
        );

        for victim in &victims {
            let hold = seconds(params.hold);
            entities::damage(victim.id, params.damage);
            entities::apply_status(victim.id, Status::Frozen, hold);
            entities::apply_status(victim.id, Status::Slowed, 2 * hold);
        }
        for strip in &strips {
            let mode = if strip.water { FillMode::Add } else { FillMode::Paint };
            terrain::fill_box(strip.start, (strip.length, 1, 1), Material::ICE, mode);
        }
        presentation::play_vfx_with("frost-nova", center, [NamedValue::new("radius", params.radius)]);
        presentation::play_sound("frost", center);
        Ok(())
    }
}

/// The open ground in the circle as strips, the longest first: what a call has no commands for is the raggedest.
fn ground_strips(center: Vec3, radius: f64) -> Vec<Strip> {
    let middle = center.block();
    let reach = radius.ceil() as i32;
    let (edge, height) = ((2 * reach + 1) as u32, (2 * STEEP_MAX + 1) as u32);
    let region = scene::get_voxels(middle.offset(-reach, -STEEP_MAX, -reach), (edge, height, edge));

    // The region comes in layers from the bottom up, so the last block that is not air is its column's top. One
    // pass, because a question for each block would be a function call for each block, and calls cost fuel.
    let mut tops = vec![(middle, Material::AIR); (edge * edge) as usize];
    for (index, (pos, material)) in region.iter().enumerate() {
        if !material.is_air() {
            tops[index % (edge * edge) as usize] = (pos, material);
        }
    }

    let mut strips: Vec<Strip> = Vec::new();
    for (pos, material) in tops {
        // A top in the highest layer is the inside of a hill, or a roof.
        let open = pos.y < middle.y + STEEP_MAX && (pos.center() - center).flat().length() <= radius;
        let water = material == Material::WATER;
        if !open || !(water || material == Material::GRASS || material == Material::DIRT) {
            continue;
        }
        match strips.last_mut() {
            Some(last) if last.water == water && last.start.offset(last.length as i32, 0, 0) == pos => {
                last.length += 1
            }
            _ => strips.push(Strip { start: pos, length: 1, water }),
        }
    }
    strips.sort_by_key(|strip| Reverse(strip.length));
    strips.truncate(STRIPS_MAX);
    strips
}

export_spell!(FrostNova);

#[cfg(test)]
mod tests;
