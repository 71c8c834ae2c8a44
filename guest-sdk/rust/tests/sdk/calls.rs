//! Calls: program order, ids, transactions, and what a host would refuse.

use spellhost_sdk::mock::Command;
use spellhost_sdk::prelude::*;

/// Casts a closure as a spell.
macro_rules! spell {
    ($name:ident, $cast:expr) => {
        struct $name;
        impl Spell for $name {
            fn cast(ctx: &Context) -> Result {
                let cast: fn(&Context) -> Result = $cast;
                cast(ctx)
            }
        }
    };
}

#[test]
fn commands_keep_program_order_over_interfaces() {
    spell!(Mixed, |ctx| {
        terrain::set_voxel(BlockPos::new(0, 0, 0), Material::ICE);
        entities::heal(ctx.caster, 1.0);
        timers::wake_after(5, 1);
        terrain::set_voxel(BlockPos::new(1, 0, 0), Material::ICE);
        terrain::set_voxel(BlockPos::new(2, 0, 0), Material::ICE);
        remote_events::broadcast("done", "{}");
        presentation::message(ctx.caster, "ice");
        state::save(b"x");
        timers::cancel(1);
        Ok(())
    });
    let mut world = mock::World::flat();
    let caster = world.player(Vec3::ZERO);
    let outcome = mock::cast::<Mixed>(&mut world, mock::context(caster));
    assert_eq!(outcome.result, Ok(()));
    let ice = |x| Command::SetVoxel { pos: BlockPos::new(x, 0, 0), material: Material::ICE };
    assert_eq!(
        outcome.commands,
        [
            ice(0),
            Command::Heal { id: caster, points: 1.0 },
            Command::WakeAfter { ticks: 5, tag: 1 },
            ice(1),
            ice(2),
            Command::Broadcast { name: "done".into(), payload: "{}".into() },
            Command::Message { player: caster, text: "ice".into() },
            Command::Cancel { tag: 1 },
        ]
    );
    assert_eq!((outcome.timers(), outcome.state, world.state), (vec![], b"x".to_vec(), b"x".to_vec()));
}

#[test]
fn spawns_are_counted_over_projectiles_and_creatures() {
    spell!(Spawner, |ctx| {
        let ids = [
            Projectile::at(ctx.origin).spawn(),
            entities::spawn_npc(Npc::Wisp, ctx.origin, 0),
            Projectile::at(ctx.origin).tag(3).spawn(),
        ];
        ensure!(ids == [0, 1, 2].map(|n| ctx.first_entity + n), "got {ids:?}");
        Ok(())
    });
    let mut world = mock::World::flat();
    let caster = world.player(Vec3::ZERO);
    let outcome = mock::cast::<Spawner>(&mut world, mock::context(caster));
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(outcome.projectiles().iter().map(|(id, _)| *id).collect::<Vec<_>>(), [caster + 1, caster + 3]);
}

#[test]
fn a_failure_undoes_everything_and_leaves_nothing_waiting() {
    spell!(Half, |_| {
        state::save(b"lost");
        terrain::carve_sphere(Vec3::ZERO, 2.0);
        fail!("half way")
    });
    spell!(Whole, |_| {
        terrain::set_voxel(BlockPos::new(0, 0, 0), Material::ASH);
        Ok(())
    });
    let mut world = mock::World::flat();
    let outcome = mock::cast::<Half>(&mut world, mock::context(1));
    assert_eq!(outcome.result, Err("half way".to_owned()));
    assert_eq!((outcome.commands, outcome.state), (vec![], vec![]));
    assert_eq!(mock::cast::<Whole>(&mut world, mock::context(1)).commands.len(), 1);
}

#[test]
fn what_a_host_refuses_is_named() {
    fn refused<S: Spell>() -> String {
        mock::cast::<S>(&mut mock::World::flat(), mock::context(1)).result.unwrap_err()
    }
    spell!(Wide, |_| {
        terrain::carve_sphere(Vec3::ZERO, 2.0);
        terrain::carve_sphere(Vec3::ZERO, 25.0);
        Ok(())
    });
    assert_eq!(
        refused::<Wide>(),
        "invalid: terrain.apply, item 1: `radius` is 25: it must be more than 0 and at most 24"
    );
    spell!(Unknown, |_| {
        entities::damage(99, 1.0);
        Ok(())
    });
    assert_eq!(
        refused::<Unknown>(),
        "invalid: entities.apply, item 0: entity 99 did not exist when the tick opened"
    );
    spell!(NotANumber, |ctx| {
        entities::heal(ctx.caster, f64::NAN);
        Ok(())
    });
    assert_eq!(
        refused::<NotANumber>(),
        "invalid: entities.apply, item 0: `points` is NaN, which is outside of 0 to 1000000"
    );
    spell!(Many, |_| {
        for x in 0..65 {
            terrain::set_voxel(BlockPos::new(x, 0, 0), Material::ASH);
        }
        Ok(())
    });
    assert_eq!(
        refused::<Many>(),
        "invalid: terrain.apply, item 0: `the number of commands` is 65, which is outside of 1 to 64"
    );
}

#[test]
fn events_see_the_state_that_the_cast_saved() {
    struct Counter;
    state! { struct State { hits: u32 } }
    impl Spell for Counter {
        fn cast(_: &Context) -> Result {
            State { hits: 1 }.save();
            timers::wake_after(0, 9);
            Ok(())
        }
        fn on_event(_: &Context, event: Event) -> Result {
            ensure!(event == Event::Timer(9), "an unexpected event");
            let mut state = State::load()?;
            state.hits += 1;
            state.save();
            log::info!("{} hits", state.hits);
            state::finish();
            Ok(())
        }
    }
    let mut world = mock::World::flat();
    let ctx = mock::context(1);
    assert_eq!(mock::cast::<Counter>(&mut world, ctx.clone()).timers(), [(1, 9)]);
    let outcome = mock::event::<Counter>(&mut world, ctx, Event::Timer(9));
    assert_eq!(outcome.result, Ok(()));
    assert!(outcome.finished && outcome.logged("2 hits"));
    assert_eq!((State::decode(&world.state).unwrap().hits, world.tick), (2, 2));
}
