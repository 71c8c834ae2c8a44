//! Rune trap: a rune on the ground with a wisp above it. Once it is armed, whoever steps on it freezes, is hurt, and is thrown off
//! when the rune arms itself again. Putting out the wisp ends it early.
//!
//! Between strikes the rune lures the creatures around it, which is what the timers are for.

use spellhost_sdk::prelude::*;

/// The tag of the watched box.
const RUNE: u32 = 1;
/// The tags of the timers: the rune is armed again, it lures, it fades.
const ARM: u32 = 1;
const LURE: u32 = 2;
const FADE: u32 = 3;

/// How tall the watched box is, and how high the wisp hovers: above it, so that it does not step on its own rune.
const HEIGHT: u32 = 3;
const HOVER: f64 = 4.5;
/// Ticks that it takes to arm and that it holds somebody, and ticks between being armed and luring.
const HOLD: u32 = 48;
const PATIENCE: u32 = 40;
/// Blocks per second, upward: enough to hop over a block.
const HOP: f64 = 8.5;
/// How far the rune lures, in blocks; how many at most, and how many players are told of its end: a call has 64 commands.
const LURE_RADIUS: f64 = 8.0;
const LURED_MAX: usize = 16;
const TOLD_MAX: u32 = 32;

params! {
    struct Params {
        /// How often it strikes.
        charges: u8 = 3, range = 1..=10;
        /// The edge of the rune; an odd one has its middle where you aim.
        size: u32 = 3, range = 1..=9, unit = "blocks";
        /// What a strike does.
        damage: f64 = 15.0, range = 0.0..=100.0, unit = "points";
        /// How hard it pulls the creatures around it; 0 for a trap that keeps still.
        lure: f64 = 4.0, range = 0.0..=20.0, unit = "blocks/s";
        /// How long it lies there.
        duration: f64 = 60.0, range = 5.0..=600.0, unit = "seconds";
    }
}

state! {
    struct State {
        /// The wisp above the rune.
        marker: EntityId,
        /// The least corner of the watched box, which lies on the rune.
        corner: BlockPos,
        charges: u8,
        /// Whether it strikes whoever comes next.
        armed: bool,
        /// Whom it holds until it is armed again.
        caught: Option<EntityId>,
        strikes: u32,
    }
}

struct RuneTrap;

impl Spell for RuneTrap {
    fn describe() -> Info {
        Info::new("Rune trap")
            .description("Lays a rune that freezes and throws whoever steps on it.")
            .params::<Params>()
            .cooldown(seconds(8.0))
            .mana(35)
    }

    fn cast(ctx: &Context) -> Result {
        let params = Params::from(ctx);
        let Some(ground) = scene::ground_below(ctx.target_position + Vec3::UP, 8.0) else {
            fail!("a rune needs ground to lie on");
        };
        let half = params.size as i32 / 2;
        let corner = ground.offset(-half, 0, -half);
        terrain::paint_box(corner, (params.size, 1, params.size), Material::ICE);
        let (corner, ticks) = (corner.above(), seconds(params.duration));
        terrain::watch_box(corner, (params.size, HEIGHT, params.size), RUNE, ticks);
        let middle = ground.center() + Vec3::UP * 0.5;
        let marker = entities::spawn_npc(Npc::Wisp, middle + Vec3::UP * HOVER, RUNE);
        presentation::play_vfx_with("rune_glow", middle, [NamedValue::new("size", f64::from(params.size))]);
        State { marker, corner, charges: params.charges, ..State::default() }.save();
        timers::wake_after(HOLD, ARM);
        timers::wake_after(ticks, FADE);
        Ok(())
    }

    fn on_event(ctx: &Context, event: Event) -> Result {
        let state = State::load()?;
        match event {
            Event::Trigger(trigger) if trigger.tag == RUNE && trigger.entered => {
                step_on(ctx, state, trigger.entity);
                Ok(())
            }
            Event::Timer(ARM) => arm(ctx, state),
            Event::Timer(LURE) => {
                lure(ctx, &state);
                Ok(())
            }
            Event::Timer(FADE) => end(&state, "faded"),
            Event::EntityDied(death) if death.entity == state.marker => end(&state, "was put out"),
            _ => Ok(()),
        }
    }
}

fn step_on(ctx: &Context, state: State, who: EntityId) {
    // What crossed in the tick before may be gone in this one, and projectiles and items are no prey.
    let victim = scene::entity(who).filter(|entity| is_prey(ctx, &state, entity));
    if let Some(victim) = victim.filter(|_| state.armed) {
        strike(ctx, state, &victim);
    }
}

/// Its own caster and its own wisp are safe.
fn is_prey(ctx: &Context, state: &State, entity: &EntityInfo) -> bool {
    entity.is_alive() && entity.id != ctx.caster && entity.id != state.marker
}

/// Hurts and holds somebody, until it is armed again.
fn strike(ctx: &Context, mut state: State, victim: &EntityInfo) {
    entities::damage(victim.id, Params::from(ctx).damage);
    // It thaws a little before it is thrown off: what is frozen cannot be pushed.
    entities::apply_status(victim.id, Status::Frozen, HOLD - 6);
    presentation::play_vfx("rune_strike", victim.position);
    presentation::play_sound("ice_crack", victim.position);
    state.caught = Some(victim.id);
    state.armed = false;
    state.charges -= 1;
    state.strikes += 1;
    state.save();
    // It does not lure while it is busy.
    timers::cancel(LURE);
    timers::wake_after(HOLD, ARM);
}

/// Throws off whom it holds; then it is used up, or strikes who stands on it already, or waits for the next one.
fn arm(ctx: &Context, mut state: State) -> Result {
    let middle = middle(ctx, &state);
    let caught = state.caught.take();
    if let Some(victim) = caught.and_then(scene::entity).filter(EntityInfo::is_alive) {
        let away = middle.toward(victim.position).flat().normalized();
        // Who stands in the very middle is thrown the way the caster looked.
        let away = if away == Vec3::ZERO { ctx.direction.flat().normalized() } else { away };
        entities::push(victim.id, away * 9.0 + Vec3::UP * 6.0);
    }
    if state.charges == 0 {
        return end(&state, "is used up");
    }
    // Who came while it was busy crosses nothing any more: no trigger will tell of them.
    let size = Params::from(ctx).size;
    let near = scene::living_in_radius(middle, f64::from(size + HEIGHT));
    let standing = |entity: &EntityInfo| {
        let step = entity.position.block() - state.corner;
        let on = |step: i32, edge: u32| (0..edge as i32).contains(&step);
        on(step.x, size) && on(step.y, HEIGHT) && on(step.z, size)
    };
    let next = near
        .iter()
        .find(|entity| Some(entity.id) != caught && is_prey(ctx, &state, entity) && standing(entity));
    if let Some(victim) = next {
        strike(ctx, state, victim);
        return Ok(());
    }
    state.armed = true;
    state.save();
    timers::wake_after(PATIENCE, LURE);
    Ok(())
}

/// The middle of the rune, on the ground.
fn middle(ctx: &Context, state: &State) -> Vec3 {
    let half = 0.5 * f64::from(Params::from(ctx).size);
    Vec3::from(state.corner) + Vec3::new(half, 0.0, half)
}

/// Makes the creatures around it hop toward the rune.
fn lure(ctx: &Context, state: &State) {
    let pull = Params::from(ctx).lure;
    if pull <= 0.0 {
        return;
    }
    let middle = middle(ctx, state);
    let creatures = scene::entities_in_radius(middle, LURE_RADIUS, EntityKind::Npc);
    for creature in creatures.iter().filter(|creature| is_prey(ctx, state, creature)).take(LURED_MAX) {
        let toward = (middle - creature.position).flat().normalized();
        entities::push(creature.id, toward * pull + Vec3::UP * HOP);
    }
    presentation::play_sound("rune_hum", middle);
    timers::wake_after(2 * PATIENCE, LURE);
}

/// Takes the wisp away and tells the players; a watch and timers that are left go with the spell.
fn end(state: &State, why: &str) -> Result {
    if scene::entity(state.marker).is_some() {
        entities::despawn(state.marker);
    }
    for player in scene::entities_by_kind(EntityKind::Player, TOLD_MAX) {
        presentation::message(player.id, format!("a rune {why} after {} strikes", state.strikes));
    }
    state::finish();
    Ok(())
}

export_spell!(RuneTrap);

#[cfg(test)]
mod tests;
