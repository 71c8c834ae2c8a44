use super::*;
use spellhost_sdk::{events, mock::Command};

fn hit(position: Vec3) -> Event {
    let normal = BlockPos::new(0, 1, 0);
    Event::ProjectileHit(events::Hit { projectile: 9, tag: 0, position, normal, block: None, entity: None })
}

#[test]
fn the_arc_ends_at_the_target_and_clears_whoever_stands_between() {
    let mut world = mock::World::flat();
    let caster = world.player(Vec3::new(0.5, 0.9, 0.5));
    for target in [Vec3::new(0.5, 0.0, -11.5), Vec3::new(30.0, 9.0, 40.0), Vec3::new(0.5, 0.0, 0.0)] {
        let ctx = world.aim(caster, target);
        let way = target - ctx.origin;
        let outcome = mock::cast::<Fireball>(&mut world, ctx.clone());
        let (_, ball) = outcome.projectiles()[0];
        let at = |seconds: f64| {
            ball.position + ball.velocity * seconds + Vec3::DOWN * (ball.gravity * seconds * seconds / 2.0)
        };
        let flight = way.length().max(2.0) / 24.0;
        assert!(at(flight).distance(target) < 1e-9, "{target:?}");
        let two_thirds = at(flight * 2.0 / 3.0);
        assert!(two_thirds.y - ctx.origin.lerp(target, 2.0 / 3.0).y > 0.1 * way.length(), "{target:?}");
    }
}

#[test]
fn a_hit_leaves_a_lined_crater_and_hurts_the_near_more_than_the_far() {
    let mut world = mock::World::flat();
    let caster = world.player(Vec3::new(0.5, 0.9, 20.5));
    let near = world.npc(Npc::Dummy, Vec3::new(0.5, 0.875, 0.5));
    let far = world.npc(Npc::Dummy, Vec3::new(5.5, 0.875, 0.5));
    let center = Vec3::new(0.5, 0.35, 0.5);
    let outcome = mock::event::<Fireball>(&mut world, mock::context(caster), hit(center));
    assert_eq!(outcome.result, Ok(()));
    let (material, mode) = (Material::ASH, FillMode::Paint);
    assert_eq!(outcome.commands[0], Command::FillSphere { center, radius: 5.0, material, mode });
    let (material, mode) = (Material::AIR, FillMode::Subtract);
    assert_eq!(outcome.commands[1], Command::FillSphere { center, radius: 4.0, material, mode });
    assert_eq!(outcome.damage_to(near), 60.0);
    assert!((1.0..59.0).contains(&outcome.damage_to(far)));
    assert_eq!(outcome.damage_to(caster), 0.0);
    let pushed = |command: &Command| matches!(command, Command::Push { id, velocity } if *id == far && velocity.x > 0.0);
    assert!(outcome.commands.iter().any(pushed));
}

#[test]
fn embers_lie_on_the_floor_that_the_crater_leaves() {
    for seed in 0..20 {
        let mut world = mock::World::flat();
        world.seed = seed;
        let center = Vec3::new(0.3, 0.4, 0.6);
        let outcome = mock::event::<Fireball>(&mut world, mock::context(1), hit(center));
        let embers: Vec<BlockPos> = outcome
            .commands
            .iter()
            .filter_map(|command| match command {
                Command::SetVoxel { pos, material: Material::LAVA } => Some(*pos),
                _ => None,
            })
            .collect();
        assert_eq!(embers.len(), EMBERS, "seed {seed}");
        for pos in embers {
            assert!(pos.center().distance(center) > 4.0, "seed {seed}: {pos:?} is carved away");
            assert!(pos.above().center().distance(center) <= 4.0, "seed {seed}: {pos:?} lies under ground");
        }
    }
}

#[test]
fn the_largest_blast_in_the_largest_crowd_is_still_valid() {
    let mut world = mock::World::flat();
    let caster = world.player(Vec3::new(0.5, 0.9, 0.5));
    for x in 0..40 {
        world.npc(Npc::Wolf, Vec3::new(f64::from(x) * 0.2, 1.0, -3.0));
    }
    let ctx = mock::context(caster).with("radius", 10.0);
    assert_eq!(mock::event::<Fireball>(&mut world, ctx, hit(Vec3::ZERO)).result, Ok(()));
}

#[test]
fn what_strikes_nothing_fizzles() {
    let mut world = mock::World::flat();
    let end = Event::ProjectileExpired(events::Expired { projectile: 9, tag: 0, position: Vec3::UP });
    let outcome = mock::event::<Fireball>(&mut world, mock::context(1), end);
    assert!(matches!(&outcome.commands[..], [Command::PlayVfx { asset, .. }] if asset == "fireball-fizzle"));
}
