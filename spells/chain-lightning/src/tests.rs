use super::*;
use spellhost_sdk::mock::Command;

/// A caster at the origin and dummies in a row northward, so far away each.
fn row(away: &[f64]) -> (mock::World, EntityId, Vec<EntityId>) {
    let mut world = mock::World::flat();
    let caster = world.player(Vec3::new(0.0, 0.9, 0.0));
    let dummies = away.iter().map(|away| world.npc(Npc::Dummy, Vec3::new(0.0, 0.875, -away))).collect();
    (world, caster, dummies)
}

#[test]
fn every_leap_is_weaker_and_nobody_is_struck_twice() {
    let (mut world, caster, dummies) = row(&[10.0, 14.0, 18.0]);
    let ctx = world.aim(caster, Vec3::new(0.0, 0.0, -10.0));
    let outcome = mock::cast::<ChainLightning>(&mut world, ctx);
    let damage: Vec<f64> = dummies.iter().map(|dummy| outcome.damage_to(*dummy)).collect();
    assert_eq!(damage, [40.0, 30.0, 22.5]);
    assert_eq!(outcome.damage_to(caster), 0.0);
    assert!(outcome.logged("3 struck"));
}

#[test]
fn a_wall_or_a_gap_ends_the_chain() {
    let (mut world, caster, dummies) = row(&[10.0, 14.0]);
    world.fill(BlockPos::new(-9, 0, -13), (18, 4, 1), Material::STONE);
    let ctx = world.aim(caster, Vec3::new(0.0, 0.0, -10.0));
    assert_eq!(mock::cast::<ChainLightning>(&mut world, ctx).damage_to(dummies[1]), 0.0, "a wall");

    let (mut world, caster, dummies) = row(&[10.0, 18.5]);
    let ctx = world.aim(caster, Vec3::new(0.0, 0.0, -10.0));
    assert_eq!(mock::cast::<ChainLightning>(&mut world, ctx).damage_to(dummies[1]), 0.0, "a gap");
}

#[test]
fn players_are_told() {
    let (mut world, caster, _) = row(&[10.0]);
    let other = world.player(Vec3::new(2.0, 0.9, -12.0));
    let ctx = world.aim(caster, Vec3::new(0.0, 0.0, -10.0)).with("damage", 100.0);
    let text = "lightning leaps into you: 75 points".to_owned();
    let told = Command::Message { player: other, text };
    assert!(mock::cast::<ChainLightning>(&mut world, ctx).commands.contains(&told));
}

#[test]
fn nobody_near_the_target_is_a_failure_in_words() {
    let (mut world, caster, _) = row(&[10.0]);
    let ctx = world.aim(caster, Vec3::new(0.0, 0.0, 10.0));
    let message = "nobody in sight to strike within 4 blocks of the target";
    assert_eq!(mock::cast::<ChainLightning>(&mut world, ctx).result, Err(message.to_owned()));
}

#[test]
fn the_longest_chain_of_players_is_still_valid() {
    let (mut world, caster, _) = row(&[]);
    for place in 0..30 {
        world.player(Vec3::new(f64::from(place), 0.9, -10.0));
    }
    let ctx = world.aim(caster, Vec3::new(0.0, 0.9, -10.0)).with("links", 16_u32);
    assert_eq!(mock::cast::<ChainLightning>(&mut world, ctx).result, Ok(()));
}
