use spellhost_sdk::mock::{Command, Outcome, World};
use spellhost_sdk::prelude::*;

use super::{DIG, Tunnel};

/// A caster before a cliff of stone that begins at z = -5 and is as deep as told.
fn cliff(depth: u32) -> (World, Context) {
    let mut world = World::flat();
    world.fill(BlockPos::new(-8, 0, -5 - depth as i32), (17, 12, depth), Material::STONE);
    let caster = world.player(Vec3::new(0.5, 2.825, 0.5));
    let ctx = world.aim(caster, Vec3::new(0.5, 3.5, -4.0));
    assert_eq!(ctx.origin.y, 3.5, "the caster looks along the middle of the cliff");
    (world, ctx)
}

/// Casts, and plays the timers until the spell ends. Carves what it is told to: the next step must see it.
fn play(world: &mut World, ctx: &Context) -> Vec<Outcome> {
    let mut outcomes = vec![mock::cast::<Tunnel>(world, ctx.clone())];
    loop {
        let last = outcomes.last().unwrap();
        assert_eq!(last.result, Ok(()));
        apply(world, last);
        if last.finished {
            return outcomes;
        }
        assert_eq!(last.timers(), [(5, DIG)]);
        outcomes.push(mock::event::<Tunnel>(world, ctx.clone(), Event::Timer(DIG)));
        assert!(outcomes.len() < 100, "it ends");
    }
}

fn apply(world: &mut World, outcome: &Outcome) {
    for command in &outcome.commands {
        match command {
            Command::FillSphere { center, radius, mode: FillMode::Subtract, .. } => {
                let edge = 2 * radius.ceil() as u32 + 1;
                let least = (*center - Vec3::splat(radius.ceil())).block();
                for (x, y, z) in (0..edge * edge * edge).map(|n| (n % edge, n / edge % edge, n / edge / edge))
                {
                    let pos = least.offset(x as i32, y as i32, z as i32);
                    if pos.center().distance(*center) <= *radius {
                        world.set(pos, Material::AIR);
                    }
                }
            }
            Command::SetVoxel { pos, material } => world.set(*pos, *material),
            _ => {}
        }
    }
}

fn message(outcomes: &[Outcome]) -> &str {
    let told = outcomes.last().unwrap().commands.iter().find_map(|command| match command {
        Command::Message { text, .. } => Some(text.as_str()),
        _ => None,
    });
    told.expect("the caster is told")
}

#[test]
fn it_digs_as_far_as_it_was_told_and_lights_both_walls() {
    let (mut world, ctx) = cliff(60);
    let outcomes = play(&mut world, &ctx);
    assert_eq!(message(&outcomes), "the tunnel is dug after 24 blocks; you found 0 coal ore and 0 iron ore");
    for z in -27..-5 {
        assert_eq!(world.get(BlockPos::new(0, 3, z)), Material::AIR, "{z}");
    }
    assert_eq!(world.get(BlockPos::new(0, 3, -32)), Material::STONE);
    let lamps: Vec<BlockPos> = outcomes
        .iter()
        .flat_map(|outcome| &outcome.commands)
        .filter_map(|command| match command {
            Command::SetVoxel { pos, material: Material::GLASS } => Some(*pos),
            _ => None,
        })
        .collect();
    assert!(lamps.len() >= 6 && lamps.iter().any(|pos| pos.x > 0) && lamps.iter().any(|pos| pos.x < 0));
    for lamp in lamps {
        assert_eq!(world.get(lamp), Material::GLASS, "no later step digs a lamp away");
    }
}

#[test]
fn it_counts_the_ores_in_its_way_once() {
    let (mut world, ctx) = cliff(60);
    world.fill(BlockPos::new(0, 3, -12), (1, 1, 3), Material::COAL_ORE);
    world.set(BlockPos::new(0, 4, -15), Material::IRON_ORE);
    world.set(BlockPos::new(6, 3, -12), Material::IRON_ORE);
    let outcomes = play(&mut world, &ctx);
    assert_eq!(message(&outcomes), "the tunnel is dug after 24 blocks; you found 3 coal ore and 1 iron ore");
}

#[test]
fn it_stops_before_lava_and_water_and_leaves_their_shore_alone() {
    for fluid in [Material::LAVA, Material::WATER] {
        let (mut world, ctx) = cliff(60);
        let pool = BlockPos::new(0, 3, -16);
        world.set(pool, fluid);
        let outcomes = play(&mut world, &ctx);
        assert!(message(&outcomes).starts_with(&format!("the tunnel stops before {fluid} after")));
        assert!(outcomes.last().unwrap().logged(&format!("{fluid} at 0, 3, -16")));
        for shore in pool.neighbours() {
            assert_eq!(world.get(shore), Material::STONE);
        }
    }
}

#[test]
fn it_ends_where_it_comes_out() {
    let (mut world, ctx) = cliff(9);
    let outcomes = play(&mut world, &ctx);
    assert!(message(&outcomes).starts_with("the tunnel comes out in the open after"));
    assert_eq!(world.get(BlockPos::new(0, 3, -14)), Material::AIR);
}

#[test]
fn somebody_in_the_way_does_not_stop_the_look() {
    let (mut world, ctx) = cliff(60);
    world.npc(Npc::Golem, Vec3::new(0.5, 3.5, -2.0));
    let outcome = mock::cast::<Tunnel>(&mut world, ctx);
    let dug = outcome.commands.iter().find_map(|command| match command {
        Command::FillSphere { center, .. } => Some(*center),
        _ => None,
    });
    assert!(dug.unwrap().distance(Vec3::new(0.5, 3.5, -5.0)) < 1e-9);
}

#[test]
fn it_needs_ground_and_may_go_straight_down() {
    let mut world = World::flat();
    let caster = world.player(Vec3::new(0.5, 0.9, 0.5));
    let up = world.aim(caster, Vec3::new(0.5, 9.0, 0.5));
    let outcome = mock::cast::<Tunnel>(&mut world, up);
    assert_eq!(outcome.result, Err("there is no ground to dig into".to_owned()));
    let down = world.aim(caster, Vec3::new(0.5, -1.0, 0.5));
    let outcomes = play(&mut world, &down);
    assert!(message(&outcomes).starts_with("the tunnel is dug"));
    assert_eq!(world.get(BlockPos::new(0, -20, 0)), Material::AIR);
}
