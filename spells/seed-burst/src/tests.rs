use std::collections::BTreeMap;

use spellhost_sdk::log::Level;
use spellhost_sdk::mock::{Command, Outcome, World};
use spellhost_sdk::prelude::*;

use super::{GRAVITY, KINDS, SeedBurst, State};

fn meadow() -> (World, Context) {
    let mut world = World::flat();
    let caster = world.player(Vec3::new(0.5, 0.9, 0.5));
    let ctx = world.aim(caster, Vec3::new(0.5, 0.0, -11.5));
    (world, ctx)
}

/// A seed of that kind comes down on the ground at x and z.
fn lands(world: &mut World, ctx: &Context, tag: u32, x: i32, z: i32) -> Outcome {
    let block = BlockPos::new(x, -1, z);
    let hit = events::Hit {
        projectile: 50,
        tag,
        position: block.above().center(),
        normal: BlockPos::new(0, 1, 0),
        block: Some(block),
        entity: None,
    };
    let outcome = mock::event::<SeedBurst>(world, ctx.clone(), Event::ProjectileHit(hit));
    assert_eq!(outcome.result, Ok(()));
    outcome
}

fn meets(world: &mut World, ctx: &Context, entity: EntityId) -> Outcome {
    let hit = events::Hit {
        projectile: 50,
        tag: 0,
        position: Vec3::ZERO,
        normal: BlockPos::new(1, 0, 0),
        block: None,
        entity: Some(entity),
    };
    mock::event::<SeedBurst>(world, ctx.clone(), Event::ProjectileHit(hit))
}

#[test]
fn the_kinds_are_dealt_evenly_in_an_order_of_chance() {
    let (mut world, ctx) = meadow();
    let mut orders = Vec::new();
    for seed in 0..8 {
        world.seed = seed;
        let tags: Vec<u32> = mock::cast::<SeedBurst>(&mut world.clone(), ctx.clone())
            .projectiles()
            .iter()
            .map(|(_, seed)| seed.tag)
            .collect();
        let mut sorted = tags.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 0, 1, 1, 2, 2]);
        orders.push(tags);
    }
    assert!(orders.iter().any(|order| *order != orders[0]));
}

#[test]
fn a_seed_comes_down_around_the_target() {
    let (mut world, ctx) = meadow();
    for bounces in 0..=5_u8 {
        let outcome = mock::cast::<SeedBurst>(&mut world, ctx.clone().with("bounces", bounces));
        for (_, seed) in outcome.projectiles() {
            assert!(comes_down(seed).distance(ctx.target_position) <= 5.1, "{bounces}");
        }
    }
    let outcome = mock::cast::<SeedBurst>(&mut world, ctx);
    assert!(outcome.logs.iter().all(|(level, _)| *level == Level::Debug) && outcome.logs.len() == 6);
}

/// Where a seed comes to rest on flat ground, a hundredth of a tick at a time.
fn comes_down(seed: Projectile) -> Vec3 {
    let (mut position, mut velocity) = (seed.position, seed.velocity);
    let step = 1.0 / 6000.0;
    for _ in 0..=seed.bounces {
        while position.y > 0.0 || velocity.y > 0.0 {
            position += velocity * step;
            velocity += Vec3::DOWN * (GRAVITY * step);
        }
        velocity.y = -velocity.y;
    }
    position
}

#[test]
fn a_tree_grows_where_a_seed_comes_to_rest() {
    let (mut world, ctx) = meadow();
    for (tag, trunk, crown) in [
        (0, Material::WOOD, Material::LEAVES),
        (1, Material::ICE, Material::GLASS),
        (2, Material::WOOD, Material::ASH),
    ] {
        let outcome = lands(&mut world, &ctx, tag, 4, -9);
        let blocks: BTreeMap<BlockPos, Material> = outcome
            .commands
            .iter()
            .filter_map(|command| match command {
                Command::SetVoxel { pos, material } => Some((*pos, *material)),
                _ => None,
            })
            .collect();
        let count = |of| blocks.values().filter(|material| **material == of).count();
        assert!((3..=5).contains(&count(trunk)) && count(crown) == 21, "{blocks:?}");
        assert_eq!(blocks[&BlockPos::new(4, 0, -9)], trunk);
        assert!(outcome.logged(KINDS[tag as usize].name));
    }
}

#[test]
fn a_tree_needs_room_and_spares_what_stands_there() {
    let (mut world, ctx) = meadow();
    world.set(BlockPos::new(4, 2, -9), Material::STONE);
    let outcome = lands(&mut world, &ctx, 0, 4, -9);
    assert!(!outcome.commands.iter().any(|command| matches!(command, Command::SetVoxel { .. })));
    assert_eq!(outcome.logs[0].0, Level::Warn);
    // Beside the trunk it may stand; the crown grows around it.
    world.fill(BlockPos::new(7, 0, -9), (1, 8, 1), Material::STONE);
    let outcome = lands(&mut world, &ctx, 0, 8, -9);
    let replaced =
        |command: &Command| matches!(command, Command::SetVoxel { pos, .. } if pos.x == 7 && pos.z == -9);
    assert!(outcome.commands.iter().any(|command| matches!(command, Command::SetVoxel { .. })));
    assert!(!outcome.commands.iter().any(replaced));
}

#[test]
fn a_new_tree_is_good_to_players_around_it() {
    let (mut world, ctx) = meadow();
    let ally = world.player(Vec3::new(5.5, 0.9, -9.5));
    let outcome = lands(&mut world, &ctx, 0, 4, -9);
    assert!(outcome.commands.contains(&Command::Heal { id: ally, points: 5.0 }));
    for (status, ticks) in [(Status::Regenerating, 180), (Status::Shielded, 300)] {
        assert!(outcome.commands.contains(&Command::ApplyStatus { id: ally, status, ticks }));
    }
    let far = |command: &Command| matches!(command, Command::Heal { id, .. } if *id == ctx.caster);
    assert!(!outcome.commands.iter().any(far));
}

#[test]
fn whom_a_seed_meets_it_mends_or_slows() {
    let (mut world, ctx) = meadow();
    mock::cast::<SeedBurst>(&mut world, ctx.clone());
    let ally = world.player(Vec3::new(5.5, 0.9, -9.5));
    let wolf = world.npc(Npc::Wolf, Vec3::new(2.5, 0.625, -9.5));
    assert!(meets(&mut world, &ctx, ally).commands.contains(&Command::Heal { id: ally, points: 15.0 }));
    let slowed = Command::ApplyStatus { id: wolf, status: Status::Slowed, ticks: 240 };
    assert!(meets(&mut world, &ctx, wolf).commands.contains(&slowed));
    assert_eq!(meets(&mut world, &ctx, 4_711).commands, [], "who is gone is left in peace");
}

#[test]
fn the_last_seed_tells_what_came_of_all() {
    let (mut world, ctx) = meadow();
    mock::cast::<SeedBurst>(&mut world, ctx.clone());
    for x in 0..4 {
        lands(&mut world, &ctx, 0, 10 * x, -30);
    }
    let expired = events::Expired { projectile: 50, tag: 0, position: Vec3::ZERO };
    let outcome = mock::event::<SeedBurst>(&mut world, ctx.clone(), Event::ProjectileExpired(expired));
    assert!(outcome.commands.contains(&Command::PlaySound { asset: "seed_fizzle".into(), at: Vec3::ZERO }));
    assert_eq!(State::decode(&world.state), Ok(State { flying: 1, grown: 4 }));
    let wall = events::Hit {
        projectile: 50,
        tag: 0,
        position: Vec3::ZERO,
        normal: BlockPos::new(0, 0, 1),
        block: Some(BlockPos::new(0, 0, -1)),
        entity: None,
    };
    let outcome = mock::event::<SeedBurst>(&mut world, ctx.clone(), Event::ProjectileHit(wall));
    assert!(outcome.logged("withered"));
    let told = Command::Message { player: ctx.caster, text: "4 of 6 seeds took root".into() };
    assert!(outcome.commands.contains(&told));
}
