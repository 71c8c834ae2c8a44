use super::*;
use spellhost_sdk::mock::{Command, Outcome};

/// A caster in the middle of a meadow.
fn meadow() -> (mock::World, EntityId) {
    let mut world = mock::World::flat();
    world.fill(BlockPos::new(-20, -1, -20), (41, 1, 41), Material::GRASS);
    let caster = world.player(Vec3::new(0.5, 0.9, 0.5));
    (world, caster)
}

/// The blocks that become ice.
fn frozen(outcome: &Outcome) -> Vec<(BlockPos, FillMode)> {
    let blocks = |command: &Command| match command {
        Command::FillBox { min, size, material: Material::ICE, mode } => {
            (0..size.x as i32).map(|x| (min.offset(x, 0, 0), *mode)).collect()
        }
        _ => Vec::new(),
    };
    outcome.commands.iter().flat_map(blocks).collect()
}

#[test]
fn the_ground_freezes_in_a_circle_and_water_with_it() {
    let (mut world, caster) = meadow();
    world.fill(BlockPos::new(2, -1, 2), (2, 1, 2), Material::WATER);
    let outcome = mock::cast::<FrostNova>(&mut world, mock::context(caster));
    let frozen = frozen(&outcome);
    assert!(frozen.contains(&(BlockPos::new(-7, -1, 0), FillMode::Paint)));
    assert!(frozen.contains(&(BlockPos::new(3, -1, 3), FillMode::Add)));
    assert!(!frozen.iter().any(|(pos, _)| *pos == BlockPos::new(7, -1, 7)), "outside of the circle");
    assert_eq!(frozen.len(), 149, "each block of the circle once");
}

#[test]
fn stone_and_what_is_covered_stay() {
    let (mut world, caster) = meadow();
    world.fill(BlockPos::new(-20, -1, -20), (41, 1, 41), Material::STONE);
    world.set(BlockPos::new(1, -1, 1), Material::DIRT);
    world.set(BlockPos::new(1, 2, 1), Material::LEAVES);
    let outcome = mock::cast::<FrostNova>(&mut world, mock::context(caster));
    assert_eq!(outcome.result, Err("nothing within 7 blocks can freeze".to_owned()));
}

#[test]
fn cover_saves_and_so_does_being_the_caster() {
    let (mut world, caster) = meadow();
    let open = world.npc(Npc::Dummy, Vec3::new(0.5, 0.875, -4.5));
    let hidden = world.npc(Npc::Dummy, Vec3::new(4.5, 0.875, 0.5));
    world.fill(BlockPos::new(2, 0, -1), (1, 3, 3), Material::STONE);
    let outcome = mock::cast::<FrostNova>(&mut world, mock::context(caster).with("hold", 2.0));
    assert_eq!(outcome.damage_to(open), 15.0);
    assert_eq!((outcome.damage_to(hidden), outcome.damage_to(caster)), (0.0, 0.0));
    for (status, ticks) in [(Status::Frozen, 120), (Status::Slowed, 240)] {
        assert!(outcome.commands.contains(&Command::ApplyStatus { id: open, status, ticks }));
    }
}

#[test]
fn rough_ground_and_a_crowd_stay_within_the_commands_of_a_call() {
    let (mut world, caster) = meadow();
    for x in -12..=12 {
        for z in (-12..=12).filter(|z| (x + z) % 2 != 0) {
            world.set(BlockPos::new(x, 0, z), Material::GRASS);
        }
    }
    for x in 0..20 {
        world.npc(Npc::Wisp, Vec3::new(f64::from(x) * 0.4, 3.0, 0.5));
    }
    let outcome = mock::cast::<FrostNova>(&mut world, mock::context(caster).with("radius", 12.0));
    assert_eq!((outcome.result, outcome.commands.len()), (Ok(()), 64));
}
