//! Rings of heaving ground run outward and throw whoever they pass.
//!
//! One ring a wake, each from the state that the ring before it left. Where the ground rises and where it falls is
//! chance: the call's own stream, so every client sees the same.

use std::f64::consts::TAU;

use spellhost_sdk::prelude::*;

params! {
    struct Params {
        /// How far the last ring reaches.
        radius: f64 = 12.0, range = 4.0..=24.0, unit = "blocks";
        /// How violent it is: 1 heaves the ground by a block or two.
        power: f64 = 1.0, range = 0.5..=2.0;
    }
}

state! {
    /// A quake on its way outward.
    struct Quake {
        center: Vec3,
        /// The radius of the next ring.
        ring: f64 = RING_STEP,
        /// How often somebody was thrown.
        thrown: u32,
    }
}

/// Blocks from one ring to the next.
const RING_STEP: f64 = 2.0;
/// Ticks from one ring to the next.
const RING_TICKS: u32 = 30;
/// The one timer's tag.
const NEXT: u32 = 0;
/// How far above and below the middle the ground may lie, in blocks.
const STEEP_MAX: f64 = 10.0;
/// At most so many places heave in one ring, and so many are thrown: one and two commands each.
const HEAVES_MAX: usize = 20;
const THROWN_MAX: usize = 16;

struct Tremor;

impl Spell for Tremor {
    fn describe() -> Info {
        Info::new("Quake")
            .description("Rings of heaving ground run outward and throw whoever they pass.")
            .params::<Params>()
            .cooldown(seconds(6.0))
            .mana(40)
    }

    fn cast(ctx: &Context) -> Result {
        let center = ctx.target_position;
        let below = scene::raycast(center + Vec3::UP, Vec3::DOWN, STEEP_MAX);
        ensure!(below.is_some(), "no ground to shake within {STEEP_MAX} blocks below the target");
        Quake { center, ..Quake::default() }.save();
        timers::wake_after(1, NEXT);
        presentation::play_sound("rumble", center);
        Ok(())
    }

    fn on_event(ctx: &Context, event: Event) -> Result {
        let Event::Timer(NEXT) = event else { return Ok(()) };
        let params = Params::from(ctx);
        let mut quake = Quake::load()?;
        quake.heave(&params);
        quake.throw(&params, ctx.caster);
        presentation::play_vfx_with("shockwave", quake.center, [NamedValue::new("radius", quake.ring)]);
        quake.ring += RING_STEP;
        if quake.ring > params.radius {
            log::info!("the ground is still again, {} thrown", quake.thrown);
            state::finish();
            return Ok(());
        }
        quake.save();
        timers::wake_after(RING_TICKS, NEXT);
        Ok(())
    }
}

impl Quake {
    /// Lowers or raises the ground at places along the ring.
    fn heave(&self, params: &Params) {
        let count = HEAVES_MAX.min(self.ring as usize * 2);
        random::reserve(3 * count);
        let above = self.center + Vec3::UP * STEEP_MAX;
        let places: Vec<Ray> = (0..count)
            .map(|place| {
                // Spread evenly, then shaken: a perfect circle would look like a stamp.
                let turn = (place as f64 + random::range(0.0..1.0)) / count as f64 * TAU;
                let origin = above + Vec3::new(self.ring, 0.0, 0.0).turned(turn);
                Ray { origin, direction: Vec3::DOWN, max_distance: 2.0 * STEEP_MAX }
            })
            .collect();
        // A ray that met a body says nothing of the ground, and a mound there would bury who stands on it.
        let open = scene::raycasts(&places).into_iter().flatten().filter(|hit| hit.entity.is_none());
        for hit in open {
            let size = params.power * random::range(1.0..2.2);
            if random::chance(0.5) {
                terrain::carve_sphere(hit.position, size);
            } else {
                terrain::add_sphere(hit.position, size, hit.material);
            }
        }
    }

    /// Hurts and throws whoever the ring passes; the caster rides it out.
    fn throw(&mut self, params: &Params, caster: EntityId) {
        let mut passed = scene::living_in_radius(self.center, self.ring + RING_STEP);
        // Since the ring before: nobody is thrown twice by standing still.
        let passed_over = self.ring - RING_STEP..self.ring;
        let away = |at: Vec3| (at - self.center).flat().length();
        passed.retain(|one| one.id != caster && passed_over.contains(&away(one.position)));
        passed.truncate(THROWN_MAX);
        for one in &passed {
            let outward = self.center.toward(one.position).flat();
            entities::damage(one.id, 8.0 * params.power);
            entities::push(one.id, (outward * 3.0 + Vec3::UP * 7.0) * params.power);
        }
        self.thrown += passed.len() as u32;
    }
}

export_spell!(Tremor);

#[cfg(test)]
mod tests;
