//! What the mock world answers: the same questions that a host is asked.

use spellhost_sdk::prelude::*;

/// A world with a wall across the way north and two wolves behind each other.
fn world() -> (mock::World, [EntityId; 3]) {
    let mut world = mock::World::flat();
    world.fill(BlockPos::new(-5, 0, -10), (11, 4, 1), Material::GLASS);
    let ids = [
        world.player(Vec3::new(0.5, 1.0, 0.5)),
        world.npc(Npc::Wolf, Vec3::new(0.5, 1.0, -5.5)),
        world.npc(Npc::Wolf, Vec3::new(0.5, 1.0, 6.5)),
    ];
    (world, ids)
}

#[test]
fn rays_meet_the_nearest_thing() {
    struct Look;
    impl Spell for Look {
        fn cast(ctx: &Context) -> Result {
            let eye = Vec3::new(0.5, 1.0, 0.5);
            let wolf = scene::raycast(eye, Vec3::NORTH * 3.0, 50.0).ok_or("no wolf")?;
            ensure!(wolf.entity == Some(ctx.caster + 1) && (wolf.distance - 5.375).abs() < 1e-9, "{wolf:?}");
            ensure!(wolf.normal == BlockPos::new(0, 0, 1), "{wolf:?}");
            let wall = scene::raycast(eye + Vec3::EAST * 3.0, Vec3::NORTH, 50.0).ok_or("no wall")?;
            ensure!(wall.block == BlockPos::new(3, 1, -10) && wall.material == Material::GLASS, "{wall:?}");
            ensure!(wall.distance == 9.5 && wall.normal == BlockPos::new(0, 0, 1), "{wall:?}");
            ensure!(scene::raycast(eye, Vec3::UP, 256.0).is_none(), "the sky is solid");
            let inside = scene::raycast(Vec3::new(0.5, -3.5, 0.5), Vec3::UP, 1.0).ok_or("not inside")?;
            ensure!(inside.distance == 0.0 && inside.normal == BlockPos::default(), "{inside:?}");
            ensure!(scene::ground_below(eye, 9.0) == Some(BlockPos::new(0, -1, 0)), "no ground");
            let behind = Vec3::new(0.5, 1.0, -20.0);
            ensure!(!scene::line_of_sight(eye, behind), "the wall is no wall");
            ensure!(scene::line_of_sight(eye, Vec3::new(0.5, 1.0, -8.5)), "a wolf is a wall");
            Ok(())
        }
    }
    let (mut world, [caster, ..]) = world();
    assert_eq!(mock::cast::<Look>(&mut world, mock::context(caster)).result, Ok(()));
}

#[test]
fn queries_are_sorted_by_distance_and_then_id() {
    struct Near;
    impl Spell for Near {
        fn cast(ctx: &Context) -> Result {
            let ids = |found: Vec<EntityInfo>| found.into_iter().map(|info| info.id).collect::<Vec<_>>();
            let me = ctx.caster;
            let here = scene::entity(me).expect("the caster is there").position;
            ensure!(ids(scene::living_in_radius(here, 64.0)) == [me, me + 1, me + 2], "order");
            ensure!(ids(scene::entities_in_radius(here, 5.9, EntityKind::Npc)).is_empty(), "radius");
            ensure!(ids(scene::entities_in_radius(here, 6.0, None)) == [me, me + 1, me + 2], "edge");
            ensure!(ids(scene::entities_by_kind(EntityKind::Npc, 1)) == [me + 1], "limit");
            ensure!(scene::entity(me + 9).is_none(), "nobody");
            Ok(())
        }
    }
    let (mut world, [caster, ..]) = world();
    let ctx = world.aim(caster, Vec3::new(0.5, 1.0, -5.5));
    assert_eq!(ctx.target_entity, Some(caster + 1));
    assert_eq!(mock::cast::<Near>(&mut world, ctx).result, Ok(()));
}
