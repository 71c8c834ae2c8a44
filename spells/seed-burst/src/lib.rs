//! Seed burst: a handful of seeds that bounce, and grow into trees where they come to rest.
//!
//! Which tree a seed becomes is dealt like cards, so that a burst is never all of one kind. A new tree is good
//! to the players around it; a seed that meets somebody first is good or bad to them.

use std::f64::consts::TAU;

use spellhost_sdk::prelude::*;

/// A tree: what people call it, and the names of its materials.
struct Kind {
    name: &'static str,
    trunk: &'static str,
    crown: &'static str,
}

/// The tag of a seed is its place in this list.
const KINDS: [Kind; 3] = [
    Kind { name: "oak", trunk: "wood", crown: "leaves" },
    Kind { name: "frost pine", trunk: "ice", crown: "glass" },
    Kind { name: "ember birch", trunk: "wood", crown: "ash" },
];
const HEIGHTS: [i32; 3] = [3, 4, 5];
/// Blocks per second squared, and seconds until a seed first strikes the ground.
const GRAVITY: f64 = 20.0;
const FLIGHT: f64 = 0.8;
/// A tree is at most 26 blocks; with three commands for each of these it stays below a call's 64 commands.
const GUESTS_MAX: usize = 8;

params! {
    struct Params {
        /// How many seeds are thrown.
        seeds: u8 = 6, range = 1..=12;
        /// How far around the target they go.
        spread: f64 = 5.0, range = 0.0..=12.0, unit = "blocks";
        /// How often a seed bounces before it comes to rest.
        bounces: u8 = 2, range = 0..=5;
    }
}

state! {
    struct State {
        /// Seeds of which nothing was heard yet.
        flying: u8,
        grown: u8,
    }
}

struct SeedBurst;

impl Spell for SeedBurst {
    fn describe() -> Info {
        Info::new("Seed burst")
            .description("Throws bouncing seeds that grow into trees where they come to rest.")
            .params::<Params>()
            .cooldown(seconds(6.0))
            .mana(25)
    }

    fn cast(ctx: &Context) -> Result {
        let params = Params::from(ctx);
        let mut deck: Vec<u32> = (0..KINDS.len() as u32).cycle().take(params.seeds.into()).collect();
        random::shuffle(&mut deck);
        for kind in deck {
            let away = Vec3::new(random::range(0.0..=params.spread), 0.0, 0.0);
            let target = ctx.target_position + away.turned(random::range(0.0..TAU));
            let velocity = throw(target - ctx.origin, params.bounces);
            log::debug!("seed: {}, {:.1} blocks per second", KINDS[kind as usize].name, velocity.length());
            Projectile::at(ctx.origin)
                .velocity(velocity)
                .gravity(GRAVITY)
                .radius(0.2)
                .lifetime(seconds(8.0))
                .bounces(params.bounces)
                .tag(kind)
                .spawn();
        }
        presentation::play_sound("seed_throw", ctx.origin);
        State { flying: params.seeds, grown: 0 }.save();
        Ok(())
    }

    fn on_event(ctx: &Context, event: Event) -> Result {
        let grown = match event {
            Event::ProjectileHit(hit) => match (hit.entity, hit.block) {
                (Some(entity), _) => {
                    meet(entity);
                    false
                }
                (None, Some(block)) if hit.normal == BlockPos::new(0, 1, 0) => grow(hit.tag, block),
                _ => {
                    log::warn!("a seed struck a wall and withered");
                    false
                }
            },
            Event::ProjectileExpired(expired) => {
                log::info!("a seed never came down");
                presentation::play_sound("seed_fizzle", expired.position);
                false
            }
            _ => return Ok(()),
        };
        count(ctx, grown)
    }
}

/// The velocity of a seed whose last bounce ends so far away, if the ground is flat there. It is in the air for
/// `FLIGHT` seconds until it first strikes the ground, and a bounce loses nothing: it goes up as fast as it came.
fn throw(way: Vec3, bounces: u8) -> Vec3 {
    let up = way.y / FLIGHT + 0.5 * GRAVITY * FLIGHT;
    let hop = 2.0 * (GRAVITY * FLIGHT - up).max(0.0) / GRAVITY;
    way.flat() / (FLIGHT + f64::from(bounces) * hop) + Vec3::UP * up
}

/// A seed that meets somebody: players are mended, others are caught in its roots.
fn meet(who: EntityId) {
    let Some(entity) = scene::entity(who).filter(EntityInfo::is_alive) else { return };
    if entity.is_player() {
        entities::heal(who, 15.0);
    } else {
        entities::apply_status(who, Status::Slowed, seconds(4.0));
    }
    presentation::play_vfx("seed_pop", entity.position);
}

/// Grows a tree on a block; whether there was room for it.
fn grow(tag: u32, ground: BlockPos) -> bool {
    let Some(kind) = KINDS.get(tag as usize) else { return false };
    // Asked of the world and not of this file: a later world may have other materials under these names.
    let (Some(trunk), Some(crown)) = (scene::material_named(kind.trunk), scene::material_named(kind.crown))
    else {
        log::error!("this world cannot grow `{}`: it has no {} or no {}", kind.name, kind.trunk, kind.crown);
        return false;
    };
    let height = random::pick(&HEIGHTS).copied().unwrap_or(HEIGHTS[0]);
    let foot = ground.above();
    let room = scene::get_voxels(foot.offset(-1, 0, -1), (3, height as u32 + 1, 3));
    let free = |pos| room.get(pos).is_some_and(Material::is_air);
    if !(0..height).all(|step| free(foot.offset(0, step, 0))) {
        log::warn!("no room for `{}` at {}, {}, {}", kind.name, foot.x, foot.y, foot.z);
        return false;
    }
    for step in 0..height {
        terrain::set_voxel(foot.offset(0, step, 0), trunk);
    }
    // Three layers: two full ones around the trunk, and a cross on top of it. What stands there already stays;
    // trees of one tick do not see each other, so their crowns may mingle.
    for (pos, _) in room.iter() {
        let (x, step, z) = (pos.x - foot.x, pos.y - foot.y, pos.z - foot.z);
        let leafy = match step {
            _ if step == height => x == 0 || z == 0,
            _ if step >= height - 2 => x != 0 || z != 0,
            _ => false,
        };
        if leafy && free(pos) {
            terrain::set_voxel(pos, crown);
        }
    }
    welcome(foot.center());
    log::info!("grown: {}, {height} blocks, at {}, {}, {}", kind.name, foot.x, foot.y, foot.z);
    true
}

/// Players under a new tree are mended at once and for a while, and safer there.
fn welcome(tree: Vec3) {
    let players = scene::entities_in_radius(tree, 8.0, EntityKind::Player);
    for player in players.iter().filter(|player| player.is_alive()).take(GUESTS_MAX) {
        entities::heal(player.id, 5.0);
        entities::apply_status(player.id, Status::Regenerating, seconds(3.0));
        entities::apply_status(player.id, Status::Shielded, seconds(5.0));
    }
    presentation::play_vfx("tree_grow", tree);
    presentation::play_sound("leaves", tree);
}

/// One seed less in the air; the last one tells the caster what came of them all.
fn count(ctx: &Context, grown: bool) -> Result {
    let mut state = State::load()?;
    state.flying = state.flying.saturating_sub(1);
    state.grown += u8::from(grown);
    if state.flying == 0 {
        let thrown = Params::from(ctx).seeds;
        presentation::message(ctx.caster, format!("{} of {thrown} seeds took root", state.grown));
    }
    state.save();
    Ok(())
}

export_spell!(SeedBurst);

#[cfg(test)]
mod tests;
