//! Heal totem: planted where you aim, it mends every player around it once a second.
//!
//! One cast lives over many calls. Memory ends with each of them, so what lasts is typed state: which creature
//! the totem is, how often it woke, what it gave so far. It ends when it has woken often enough, when its store
//! is empty, or when somebody strikes it down.

use spellhost_sdk::prelude::*;

const WAKE: u32 = 1;
/// Points of health that a totem can give in all.
const STORE: f64 = 400.0;
/// A patient costs up to two commands, and a call has 64.
const PATIENTS_MAX: usize = 24;

params! {
    struct Params {
        /// How far its warmth reaches.
        radius: f64 = 16.0, range = 2.0..=32.0, unit = "blocks";
        /// What each player around it gains with each wake.
        points: f64 = 5.0, range = 1.0..=25.0, unit = "points";
        /// How often it wakes: once a second.
        wakes: u32 = 10, range = 1..=60;
    }
}

state! {
    struct State {
        totem: EntityId,
        wakes: u32,
        /// Points given so far, to everybody.
        healed: f64,
        /// Points left to give. The first revision had no store and did not save it: see `migrate`.
        store: Option<f64>,
    }
}

struct HealTotem;

impl Spell for HealTotem {
    fn describe() -> Info {
        Info::new("Heal totem")
            .description("Plants a totem that mends every player around it, once a second.")
            .params::<Params>()
            .cooldown(seconds(10.0))
            .mana(30)
    }

    fn cast(ctx: &Context) -> Result {
        let Some(ground) = scene::ground_below(ctx.target_position + Vec3::UP, 16.0) else {
            fail!("a totem needs ground to stand on");
        };
        // Its body is a sphere with a radius of half a block: this far up it stands on the ground.
        let place = ground.above().center();
        let totem = entities::spawn_npc(Npc::Totem, place, 0);
        presentation::play_vfx("totem_rise", place);
        State { totem, store: Some(STORE), ..State::default() }.save();
        timers::wake_after(seconds(1.0), WAKE);
        Ok(())
    }

    fn on_event(ctx: &Context, event: Event) -> Result {
        let state = State::load()?;
        match event {
            Event::Timer(WAKE) => wake(ctx, state),
            Event::EntityDied(death) if death.entity == state.totem => {
                end(ctx, &state, "was struck down");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Totems of the first revision gave without end. They get a store here, less what they gave already:
    /// keeping the bytes would leave them with none and end them at their next wake.
    fn migrate(_from_revision: &str, bytes: Vec<u8>) -> Result<Vec<u8>> {
        State::migrate(&bytes, |state| State {
            store: state.store.or(Some((STORE - state.healed).max(0.0))),
            ..state
        })
    }
}

fn wake(ctx: &Context, mut state: State) -> Result {
    let params = Params::from(ctx);
    let Some(totem) = scene::entity(state.totem) else {
        // Somebody removed it: nothing died, so no event said so.
        end(ctx, &state, "is gone");
        return Ok(());
    };
    let mut store = state.store.unwrap_or_default();
    let players = scene::entities_in_radius(totem.position, params.radius, EntityKind::Player);
    for player in players.iter().filter(|player| player.is_alive()).take(PATIENTS_MAX) {
        let points = params.points.min(player.missing_health()).min(store);
        if points > 0.0 {
            entities::heal(player.id, points);
            state.healed += points;
            store -= points;
        }
    }
    presentation::play_vfx_with("totem_pulse", totem.position, [NamedValue::new("radius", params.radius)]);
    state.store = Some(store);
    state.wakes += 1;
    if store <= 0.0 || state.wakes >= params.wakes {
        entities::despawn(totem.id);
        end(ctx, &state, if store <= 0.0 { "is empty" } else { "goes back to sleep" });
        return Ok(());
    }
    state.save();
    timers::wake_after(seconds(1.0), WAKE);
    Ok(())
}

/// Tells the caster what the totem did, and ends the spell: a timer that is still pending goes with it.
fn end(ctx: &Context, state: &State, why: &str) {
    let State { healed, wakes, .. } = state;
    presentation::message(
        ctx.caster,
        format!("your totem {why}: it gave {healed:.0} points in {wakes} wakes"),
    );
    state.save();
    state::finish();
}

export_spell!(HealTotem);

#[cfg(test)]
mod tests;
