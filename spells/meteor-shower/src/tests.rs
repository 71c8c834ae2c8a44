use spellhost_sdk::mock::{Command, World};
use spellhost_sdk::prelude::*;

use super::{FALL, MeteorShower, State};

fn sky() -> (World, Context) {
    let mut world = World::flat();
    let caster = world.player(Vec3::new(0.5, 0.9, 0.5));
    let ctx = world.aim(caster, Vec3::new(0.5, 0.0, -15.5));
    (world, ctx)
}

#[test]
fn the_first_falls_at_once_and_the_others_wait_in_order() {
    let (mut world, ctx) = sky();
    let outcome = mock::cast::<MeteorShower>(&mut world, ctx.clone());
    outcome.result.clone().unwrap();
    let state = State::decode(&outcome.state).unwrap();
    assert_eq!(outcome.projectiles().len() + state.waiting.len(), 8);
    assert!(!outcome.projectiles().is_empty() && state.waiting.is_sorted_by_key(|meteor| meteor.due));
    assert_eq!(outcome.timers(), [(state.waiting[0].due as u32, FALL)]);
    for meteor in &state.waiting {
        assert!(meteor.target.distance(ctx.target_position) <= 8.0 && meteor.due <= 180);
    }
}

#[test]
fn a_meteor_flies_at_where_it_is_to_strike() {
    let (mut world, ctx) = sky();
    let ctx = ctx.with("spread", 0.0);
    let outcome = mock::cast::<MeteorShower>(&mut world, ctx.clone());
    let (_, meteor) = outcome.projectiles()[0];
    let arrival =
        meteor.position + meteor.velocity.normalized() * meteor.position.distance(ctx.target_position);
    assert!(arrival.distance(ctx.target_position) < 1e-9 && meteor.velocity.y < 0.0);
}

#[test]
fn one_seed_is_one_shower() {
    let (world, ctx) = sky();
    let shower = |seed| {
        let mut world = world.clone();
        world.seed = seed;
        mock::cast::<MeteorShower>(&mut world, ctx.clone()).state
    };
    assert_eq!(shower(5), shower(5));
    assert_ne!(shower(5), shower(6));
}

#[test]
fn a_wake_that_comes_late_launches_all_that_is_due() {
    let (mut world, ctx) = sky();
    let waiting = mock::cast::<MeteorShower>(&mut world, ctx.clone()).state;
    let waiting = State::decode(&waiting).unwrap().waiting.len();
    world.tick = 1_000;
    let outcome = mock::event::<MeteorShower>(&mut world, ctx, Event::Timer(FALL));
    assert_eq!(outcome.projectiles().len(), waiting);
    assert_eq!(outcome.timers(), []);
    assert_eq!(State::decode(&outcome.state).unwrap(), State::default());
}

#[test]
fn an_impact_digs_hurts_and_burns_all_but_the_caster() {
    let (mut world, ctx) = sky();
    let near = world.npc(Npc::Dummy, Vec3::new(1.5, 0.875, -15.5));
    let far = world.npc(Npc::Dummy, Vec3::new(4.5, 0.875, -15.5));
    let out = world.npc(Npc::Dummy, Vec3::new(20.5, 0.875, -15.5));
    world.entity(ctx.caster).unwrap().position = Vec3::new(0.5, 0.9, -15.5);
    let hit = events::Hit {
        projectile: 9,
        tag: 0,
        position: Vec3::new(0.5, 0.75, -15.5),
        normal: BlockPos::new(0, 1, 0),
        block: Some(BlockPos::new(0, -1, -16)),
        entity: None,
    };
    let outcome = mock::event::<MeteorShower>(&mut world, ctx.clone(), Event::ProjectileHit(hit));
    assert!(outcome.damage_to(near) > outcome.damage_to(far) && outcome.damage_to(far) > 0.0);
    assert_eq!((outcome.damage_to(out), outcome.damage_to(ctx.caster)), (0.0, 0.0));
    assert!(outcome.commands.contains(&Command::ApplyStatus {
        id: near,
        status: Status::Burning,
        ticks: 120
    }));
    let fills: Vec<FillMode> = outcome
        .commands
        .iter()
        .filter_map(|command| match command {
            Command::FillSphere { mode, .. } => Some(*mode),
            _ => None,
        })
        .collect();
    assert_eq!(fills, [FillMode::Paint, FillMode::Subtract]);
}

#[test]
fn the_largest_shower_and_the_largest_crowd_stay_within_a_call() {
    let (mut world, ctx) = sky();
    let ctx = ctx.with("meteors", 24_u8).with("crater", 6.0);
    mock::cast::<MeteorShower>(&mut world, ctx.clone()).result.unwrap();
    for _ in 0..40 {
        world.npc(Npc::Wolf, Vec3::new(0.5, 0.6, -15.5));
    }
    let hit = events::Hit {
        projectile: 99,
        tag: 0,
        position: Vec3::new(0.5, 0.75, -15.5),
        normal: BlockPos::new(0, 1, 0),
        block: None,
        entity: None,
    };
    let outcome = mock::event::<MeteorShower>(&mut world, ctx, Event::ProjectileHit(hit));
    assert_eq!((outcome.result, outcome.commands.len()), (Ok(()), 64));
}
