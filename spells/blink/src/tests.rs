use super::*;
use spellhost_sdk::mock::{Command, Outcome};

/// A caster at the origin that looks along a direction.
fn blink(world: &mut mock::World, direction: Vec3) -> Outcome {
    let caster = world.player(Vec3::new(0.5, 0.9, 0.5));
    let mut ctx = mock::context(caster);
    (ctx.origin, ctx.direction) = (Vec3::new(0.5, 1.6, 0.5), direction.normalized());
    mock::cast::<Blink>(world, ctx)
}

fn landed(outcome: &Outcome) -> Vec3 {
    match outcome.commands.first() {
        Some(Command::Teleport { to, .. }) => *to,
        other => panic!("the caster stays: {other:?}, {:?}", outcome.result),
    }
}

#[test]
fn open_ground_is_crossed_as_far_as_it_goes() {
    let there = landed(&blink(&mut mock::World::flat(), Vec3::NORTH));
    assert!(there.distance(Vec3::new(0.5, 0.9, -23.5)) < 1e-9, "{there:?}");
}

#[test]
fn a_wall_is_not_passed_nor_touched() {
    let mut world = mock::World::flat();
    world.fill(BlockPos::new(-8, 0, -11), (17, 6, 1), Material::STONE);
    let there = landed(&blink(&mut world, Vec3::NORTH));
    assert!(there.z - 0.9 >= -10.0 && there.z < -8.0, "{there:?}");
}

#[test]
fn a_low_roof_lava_and_a_chasm_are_no_places_to_land() {
    let mut world = mock::World::flat();
    world.fill(BlockPos::new(-2, 1, -24), (5, 3, 8), Material::STONE);
    world.fill(BlockPos::new(-2, 0, -16), (5, 1, 4), Material::LAVA);
    world.fill(BlockPos::new(-2, -9, -12), (5, 9, 4), Material::AIR);
    let there = landed(&blink(&mut world, Vec3::new(0.0, -0.02, -1.0)));
    assert!(there.z > -8.0 && there.z < -5.0, "{there:?}");
}

#[test]
fn another_body_keeps_its_place() {
    let mut world = mock::World::flat();
    let golem = Vec3::new(0.5, 1.25, -10.0);
    world.npc(Npc::Golem, golem);
    let there = landed(&blink(&mut world, Vec3::NORTH));
    assert!(there.distance(golem) >= 1.25 + 0.9 && there.z < -6.0, "{there:?}");
}

#[test]
fn nowhere_to_go_is_a_failure_in_words() {
    let outcome = blink(&mut mock::World::flat(), Vec3::UP);
    assert_eq!(outcome.result, Err("no safe place within 24 blocks that way".to_owned()));
    let outcome = blink(&mut mock::World::flat(), Vec3::DOWN);
    assert_eq!(outcome.result, Err("no safe place within 2 blocks that way".to_owned()));
}
