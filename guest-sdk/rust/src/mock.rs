//! A world for a spell's unit tests: native, without a host and without a wasm toolchain.
//!
//! Promises the reads' semantics (order, limits, what a ray meets), the checks that make a call `invalid`, and
//! every command in the order it was given. Commands are recorded, not applied: the world stays as the test
//! built it, except for the state of the cast. Does not know fuel, mana, fixed-point rounding or the host's
//! random stream; its own is a simple one from [`World::seed`].

mod ask;
mod checks;
pub(crate) mod imports;
mod outcome;
mod world;

use crate::bindings::Guest;
use crate::host::spells::{SpellEvent, SpellInfo};
use crate::host::types::{CastContext, EntityId, NamedValue, Vec3};
use crate::spell::{Exported, Spell};

pub use outcome::{Command, Outcome};
pub use world::World;

/// A context for a test: cast 1, from 1.5 blocks above the middle of the world, northward, at the ground 10
/// blocks away. Change its public fields, or let [`World::aim`] fill them.
pub fn context(caster: EntityId) -> CastContext {
    let (origin, target_position) = (Vec3::new(0.0, 1.5, 0.0), Vec3::new(0.0, 0.0, -10.0));
    CastContext {
        cast: 1,
        tick: 0,
        caster,
        origin,
        direction: origin.toward(target_position),
        target_position,
        target_entity: None,
        first_entity: 0,
        fuel: 2_000_000,
        params: Vec::new(),
    }
}

/// What the spell says of itself. Panics where the spell asks the host anything, which a host would refuse.
pub fn describe<S: Spell>() -> SpellInfo {
    ask::refuse_all("describe");
    let info = <Exported<S> as Guest>::describe();
    ask::end();
    info
}

/// Casts the spell. The context gets the world's tick, the next entity id and the parameters that it lacks;
/// the world keeps the state that was saved, and its tick goes on by one.
///
/// ```
/// use spellhost_sdk::prelude::*;
/// use spellhost_sdk::mock::Command;
///
/// struct Heal;
/// impl Spell for Heal {
///     fn cast(ctx: &Context) -> Result {
///         let target = ctx.target_entity.ok_or("aim at somebody")?;
///         entities::heal(target, 10.0);
///         Ok(())
///     }
/// }
///
/// let mut world = mock::World::flat();
/// let (caster, wolf) = (world.player(Vec3::ZERO), world.npc(Npc::Wolf, Vec3::new(3.0, 1.0, 0.0)));
/// let at_wolf = world.aim(caster, Vec3::new(3.0, 1.0, 0.0));
/// let outcome = mock::cast::<Heal>(&mut world, at_wolf);
/// assert_eq!(outcome.result, Ok(()));
/// assert_eq!(outcome.commands, [Command::Heal { id: wolf, points: 10.0 }]);
///
/// let at_nobody = world.aim(caster, Vec3::new(9.0, 9.0, 9.0));
/// let outcome = mock::cast::<Heal>(&mut world, at_nobody);
/// assert_eq!(outcome.result, Err("aim at somebody".to_owned()));
/// ```
///
/// # Panics
///
/// Where the context has a parameter that the spell does not declare, or of another kind: that is a mistake of
/// the test.
pub fn cast<S: Spell>(world: &mut World, ctx: CastContext) -> Outcome {
    let ctx = complete::<S>(ctx);
    call(world, ctx, <Exported<S> as Guest>::cast)
}

/// Something happens to a cast. Panics as [`cast()`] does.
pub fn event<S: Spell>(world: &mut World, ctx: CastContext, event: SpellEvent) -> Outcome {
    let ctx = complete::<S>(ctx);
    call(world, ctx, |ctx| <Exported<S> as Guest>::on_event(ctx, event))
}

/// A swap to this revision: the world's state becomes what the spell makes of it.
pub fn migrate<S: Spell>(world: &mut World, from_revision: &str) -> Outcome {
    let (state, mut migrated) = (world.state.clone(), None);
    let mut outcome = call(world, context(0), |_| {
        migrated = Some(<Exported<S> as Guest>::migrate(from_revision.to_owned(), state)?);
        Ok(())
    });
    if let (Ok(()), Some(state)) = (&outcome.result, migrated) {
        world.state.clone_from(&state);
        outcome.state = state;
    }
    outcome
}

fn call(
    world: &mut World,
    mut ctx: CastContext,
    run: impl FnOnce(CastContext) -> Result<(), String>,
) -> Outcome {
    (ctx.tick, ctx.first_entity) = (world.tick, world.next_entity());
    ask::begin(std::mem::take(world), ctx.caster);
    let result = run(ctx);
    let (kept, outcome) = ask::end().finish(result);
    *world = kept;
    outcome
}

/// The parameters complete and in the order of `describe`, as a host gives them.
fn complete<S: Spell>(mut ctx: CastContext) -> CastContext {
    let specs = describe::<S>().params;
    let mut given = std::mem::take(&mut ctx.params);
    for spec in specs {
        let value = match given.iter().position(|param| param.name == spec.name) {
            None => spec.default,
            Some(at) => {
                let value = given.swap_remove(at).value;
                let same = std::mem::discriminant(&value) == std::mem::discriminant(&spec.default);
                assert!(same, "parameter `{}` is like {:?}, not {value:?}", spec.name, spec.default);
                value
            }
        };
        ctx.params.push(NamedValue { name: spec.name, value });
    }
    if let Some(param) = given.first() {
        panic!("the spell has no parameter `{}`: declare it, and name it in `describe`", param.name);
    }
    ctx
}
