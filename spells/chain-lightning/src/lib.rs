//! Lightning that leaps from one to the next, weaker with every leap, and never through a wall.
//!
//! All of it happens in one call: queries answer from the world as it was when the tick opened, so the whole
//! chain is known before anyone is hurt.

use spellhost_sdk::prelude::*;

params! {
    struct Params {
        /// What the first strike takes.
        damage: f64 = 40.0, range = 1.0..=500.0, unit = "points";
        /// How many it strikes at most.
        links: u32 = 5, range = 1..=16;
        /// How far it leaps from one to the next.
        leap: f64 = 8.0, range = 1.0..=24.0, unit = "blocks";
    }
}

/// How much of a strike's damage the next one has.
const LEFT_PER_LEAP: f64 = 0.75;
/// How near to the target the first one must be, in blocks.
const AIM_SLACK: f64 = 4.0;

/// One strike.
struct Link {
    from: Vec3,
    victim: EntityInfo,
    damage: f64,
}

struct ChainLightning;

impl Spell for ChainLightning {
    fn describe() -> Info {
        Info::new("Chain lightning")
            .description("Leaps from one to the next, weaker with every leap, and never through a wall.")
            .params::<Params>()
            .cooldown(seconds(2.0))
            .mana(25)
    }

    fn cast(ctx: &Context) -> Result {
        let params = Params::from(ctx);
        let chain = chain(ctx, &params);
        ensure!(!chain.is_empty(), "nobody in sight to strike within {AIM_SLACK} blocks of the target");

        // Commands of one interface cross to the host as one list: two loops are cheaper than one that alternates.
        for link in &chain {
            entities::damage(link.victim.id, link.damage);
        }
        for link in &chain {
            let to = NamedValue::new("to", link.victim.position);
            let power = NamedValue::new("power", link.damage / params.damage);
            presentation::play_vfx_with("lightning", link.from, [to, power]);
            if link.victim.is_player() {
                let points = link.damage.round() as u32;
                presentation::message(link.victim.id, format!("lightning leaps into you: {points} points"));
            }
        }
        presentation::play_sound("thunder", ctx.target_position);
        log::info!("{} struck", chain.len());
        Ok(())
    }
}

/// Who is struck, in order.
fn chain(ctx: &Context, params: &Params) -> Vec<Link> {
    let mut chain: Vec<Link> = Vec::new();
    let (mut from, mut around, mut reach) = (ctx.origin, ctx.target_position, AIM_SLACK);
    let mut damage = params.damage;
    while chain.len() < params.links as usize {
        let fresh = |id: EntityId| id != ctx.caster && chain.iter().all(|link| link.victim.id != id);
        // Nearest first, so the first one in sight is the one; a sight line costs fuel, a comparison does not.
        let candidates = scene::living_in_radius(around, reach);
        let next =
            candidates.into_iter().find(|one| fresh(one.id) && scene::line_of_sight(from, one.position));
        let Some(victim) = next else { break };
        let at = victim.position;
        chain.push(Link { from, victim, damage });
        (from, around, reach) = (at, at, params.leap);
        damage *= LEFT_PER_LEAP;
    }
    chain
}

export_spell!(ChainLightning);

#[cfg(test)]
mod tests;
