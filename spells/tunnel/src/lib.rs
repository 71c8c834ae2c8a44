//! Tunnel: digs along your look, a few blocks at a time, lights the way and counts the ores.
//!
//! It reads before it digs. A step that would open water or lava is not taken, and one that sees nothing but air
//! ahead is the last: the tunnel has come out on the other side.

use spellhost_sdk::prelude::*;

const DIG: u32 = 1;
/// Blocks that a step goes forward, and ticks between two steps.
const STEP: f64 = 1.5;
const PACE: u32 = 5;
/// A pair of lights with every so many steps.
const LIGHT_STEPS: u32 = 4;
/// How far from a sphere's edge there must be no water and no lava, in blocks.
const MARGIN: f64 = 1.5;

params! {
    struct Params {
        /// How long the tunnel becomes, if nothing stops it.
        length: f64 = 24.0, range = 2.0..=64.0, unit = "blocks";
        /// How wide it is.
        radius: f64 = 2.0, range = 1.0..=4.0, unit = "blocks";
    }
}

state! {
    struct State {
        /// Where the next sphere is dug.
        head: Vec3,
        steps: u32,
        coal: u32,
        iron: u32,
    }
}

struct Tunnel;

impl Spell for Tunnel {
    fn describe() -> Info {
        Info::new("Tunnel")
            .description("Digs a lit tunnel along your look and stops before water and lava.")
            .params::<Params>()
            .cooldown(seconds(5.0))
            .mana(40)
    }

    fn cast(ctx: &Context) -> Result {
        let Some(head) = mouth(ctx) else { fail!("there is no ground to dig into") };
        dig(ctx, State { head, ..State::default() })
    }

    fn on_event(ctx: &Context, event: Event) -> Result {
        match event {
            Event::Timer(DIG) => dig(ctx, State::load()?),
            _ => Ok(()),
        }
    }
}

/// Where the look meets ground. A ray stops at bodies too, but not at one that holds its origin: where somebody
/// stands in the way, the next ray starts inside of them.
fn mouth(ctx: &Context) -> Option<Vec3> {
    let mut from = ctx.origin;
    for _ in 0..8 {
        let hit = scene::raycast(from, ctx.direction, 32.0)?;
        if hit.entity.is_none() {
            return Some(hit.position);
        }
        from = hit.position + ctx.direction * 0.1;
    }
    None
}

/// One step: look, dig, light, and either go on or say why not.
fn dig(ctx: &Context, mut state: State) -> Result {
    let Params { length, radius } = Params::from(ctx);
    let reach = radius + MARGIN;
    let (least, most) =
        ((state.head - Vec3::splat(reach)).block(), (state.head + Vec3::splat(reach)).block());
    let edges = most - least;
    let size = BlockSize::new(edges.x as u32 + 1, edges.y as u32 + 1, edges.z as u32 + 1);
    // At most 12 blocks on each edge: one read of the whole neighbourhood is far cheaper than a read for each block.
    let region = scene::get_voxels(least, size);
    for (pos, material) in region.iter() {
        let away = pos.center().distance(state.head);
        match material {
            Material::WATER | Material::LAVA if away <= reach => {
                log::warn!("{material} at {}, {}, {}", pos.x, pos.y, pos.z);
                return end(ctx, &state, &format!("stops before {material}"));
            }
            Material::COAL_ORE if away <= radius => state.coal += 1,
            Material::IRON_ORE if away <= radius => state.iron += 1,
            _ => {}
        }
    }
    terrain::carve_sphere(state.head, radius);
    state.steps += 1;
    if state.steps % LIGHT_STEPS == 1 {
        light(ctx, &state, radius, &region);
    }
    let open = comes_out(ctx, state.head, radius);
    state.head += ctx.direction * STEP;
    if open || f64::from(state.steps) * STEP >= length {
        return end(ctx, &state, if open { "comes out in the open" } else { "is dug" });
    }
    state.save();
    timers::wake_after(PACE, DIG);
    Ok(())
}

/// Two blocks of glass in the walls, on both sides: later spheres do not reach them.
fn light(ctx: &Context, state: &State, radius: f64, region: &Region) {
    let side = ctx.direction.cross(Vec3::UP).normalized();
    // Straight up or down there is no side; any will do.
    let side = if side == Vec3::ZERO { Vec3::EAST } else { side };
    for lamp in [side, -side] {
        let pos = (state.head + lamp * (radius + 0.7)).block();
        // Only where there is a wall: a lamp must not hang in the air.
        if region.get(pos).is_some_and(Material::is_solid) {
            terrain::set_voxel(pos, Material::GLASS);
        }
    }
}

/// Whether five rays, from the middle and from the rim, see nothing for a few steps.
fn comes_out(ctx: &Context, head: Vec3, radius: f64) -> bool {
    let side = ctx.direction.cross(Vec3::UP).normalized();
    let up = side.cross(ctx.direction);
    let rim = [Vec3::ZERO, side, -side, up, -up];
    let rays = rim.map(|offset| Ray {
        origin: head + ctx.direction * radius + offset * (radius * 0.8),
        direction: ctx.direction,
        max_distance: 4.0 * STEP,
    });
    scene::raycasts(&rays).iter().all(Option::is_none)
}

/// Tells the caster what came of it. No timer is left, so the spell is over.
fn end(ctx: &Context, state: &State, why: &str) -> Result {
    let State { steps, coal, iron, .. } = state;
    let blocks = f64::from(*steps) * STEP;
    log::info!("{steps} steps, {coal} coal, {iron} iron");
    let ores = format!("{coal} coal ore and {iron} iron ore");
    presentation::message(ctx.caster, format!("the tunnel {why} after {blocks:.0} blocks; you found {ores}"));
    state::finish();
    Ok(())
}

export_spell!(Tunnel);

#[cfg(test)]
mod tests;
