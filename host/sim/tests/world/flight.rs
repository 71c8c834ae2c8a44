//! Projectiles.

use crate::harness::*;
use proptest::prelude::*;
use spellhost_sim::*;

fn launch(world: &mut World, caster: EntityId, spec: ProjectileSpec) -> Vec<TickReport> {
    let mut reports = vec![act(world, caster, vec![Command::SpawnProjectile(spec)])];
    while !world.entities_by_kind(EntityKind::Projectile, 1).is_empty() {
        reports.extend(idle(world, 1));
    }
    reports
}

fn ending(reports: &[TickReport]) -> Event {
    let [(_, event)] = reports.last().expect("a tick").events.as_slice() else {
        panic!("one event ends a flight")
    };
    event.clone()
}

#[test]
fn the_ground_is_struck_where_it_is() {
    let mut world = flat();
    let caster = player(&mut world);
    let reports = launch(&mut world, caster, bolt(Point::from_blocks(10, 100, 10), per_tick(0, -64, 0)));
    let Event::ProjectileHit(hit) = ending(&reports) else { panic!("it strikes the ground") };
    assert_eq!((reports.len(), hit.block, hit.entity), (2, Some(BlockPos::new(10, -1, 10)), None));
    assert_eq!(
        (hit.position, hit.normal, hit.tag),
        (Point::from_blocks(10, 0, 10), BlockPos::new(0, 1, 0), 9)
    );
    let fat = ProjectileSpec {
        radius: Coord::from_whole(2),
        ..bolt(Point::from_blocks(10, 100, 10), per_tick(0, -3, 0))
    };
    let Event::ProjectileHit(hit) = ending(&launch(&mut world, caster, fat)) else {
        panic!("it strikes the ground")
    };
    assert_eq!(hit.position, Point::from_blocks(10, 2, 10));
}

#[test]
fn a_body_in_the_way_is_struck_and_the_caster_is_not() {
    let mut world = flat();
    let caster = player(&mut world);
    let [npc] = spawn(&mut world, [body(EntityKind::Npc, 0, 1, -30)]);
    let reports = launch(&mut world, caster, bolt(Point::from_blocks(0, 1, 10), per_tick(0, 0, -64)));
    let Event::ProjectileHit(hit) = ending(&reports) else { panic!("it strikes the body") };
    assert_eq!((reports.len(), hit.entity, hit.block), (1, Some(npc), None));
    assert_eq!((hit.position, hit.normal), (Point::from_blocks(0, 1, -29), BlockPos::new(0, 0, 1)));
}

#[test]
fn it_expires_after_its_lifetime_or_outside_of_the_world() {
    let mut world = flat();
    let caster = player(&mut world);
    let start = Point::from_blocks(0, 50, 0);
    let short = ProjectileSpec { lifetime: 3, ..bolt(start, per_tick(1, 0, 0)) };
    let reports = launch(&mut world, caster, short);
    let Event::ProjectileExpired { position, tag, .. } = ending(&reports) else {
        panic!("it strikes nothing")
    };
    assert_eq!((reports.len(), position, tag), (3, Point::from_blocks(3, 50, 0), 9));
    let reports = launch(&mut world, caster, bolt(Point::from_blocks(0, 1_000, 0), per_tick(0, 64, 0)));
    let Event::ProjectileExpired { position, .. } = ending(&reports) else { panic!("it strikes nothing") };
    assert_eq!((reports.len(), position.in_bounds()), (1, true));
}

#[test]
fn it_bounces_as_often_as_it_may() {
    let mut world = flat();
    let caster = player(&mut world);
    let ball = ProjectileSpec { bounces: 1, ..bolt(Point::from_blocks(0, 5, 40), per_tick(0, -10, 0)) };
    let first = act(&mut world, caster, vec![Command::SpawnProjectile(ball)]);
    assert!(first.events.is_empty(), "a bounce raises no event");
    let seen = &world.entities_by_kind(EntityKind::Projectile, 1)[0];
    assert_eq!((seen.position.y.floor(), seen.velocity), (5, per_tick(0, 10, 0)));
    let roof = Command::FillBox {
        min: BlockPos::new(-1, 20, 39),
        size: BlockSize::new(3, 1, 3),
        material: Material::STONE,
        mode: FillMode::Add,
    };
    act(&mut world, caster, vec![roof]);
    let report = idle(&mut world, 1).pop().expect("a tick");
    let Event::ProjectileHit(hit) = ending(&[report]) else { panic!("the roof ends it") };
    assert_eq!((hit.block, hit.normal), (Some(BlockPos::new(0, 20, 40)), BlockPos::new(0, -1, 0)));
}

#[test]
fn gravity_is_exact() {
    let mut world = flat();
    let caster = player(&mut world);
    let gravity = Rate::from_raw(1 << 20);
    let spec = ProjectileSpec { gravity, ..bolt(Point::from_blocks(0, 900, 0), Velocity::ZERO) };
    act(&mut world, caster, vec![Command::SpawnProjectile(spec)]);
    idle(&mut world, 47);
    let seen = &world.entities_by_kind(EntityKind::Projectile, 1)[0];
    assert_eq!(seen.velocity.y, Rate::from_raw(-48 << 20));
    assert_eq!(seen.position.y.raw(), (900 << 16) - ((48 * 49 / 2) << 4));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn no_wall_is_passed_at_any_speed(
        (x, y, z) in (-4_000i64..4_000, -4_000i64..4_000, 200i64..4_096),
        radius in 0i64..3,
        bounces in 0u8..3,
        distance in 2i32..140,
    ) {
        let mut world = World::new(WorldConfig { terrain: Terrain::Empty, seed: 1 });
        let wall = Op::FillBox {
            min: BlockPos::new(-128, 0, distance),
            size: BlockSize::new(256, 256, 1),
            material: Material::STONE,
            mode: FillMode::Add,
        };
        let far = Op::FillBox {
            min: BlockPos::new(-128, -256, distance),
            size: BlockSize::new(256, 256, 1),
            material: Material::STONE,
            mode: FillMode::Add,
        };
        let caster = body(EntityKind::Player, 0, 5, -40);
        play(&mut world, Inputs { ops: vec![wall, far, Op::Spawn(caster)], ..Inputs::default() }, |_, _| ok([]));
        let velocity = Velocity::from_raw(x << 26, y << 26, z << 26);
        let radius = Coord::from_whole(radius);
        let spec = ProjectileSpec { radius, bounces, ..bolt(Point::from_blocks(0, 0, 0), velocity) };
        act(&mut world, EntityId(1), vec![Command::SpawnProjectile(spec)]);
        for _ in 0..60 {
            for seen in world.entities_by_kind(EntityKind::Projectile, 1) {
                let beside = seen.position.x.abs() > Coord::from_whole(120) || seen.position.y.abs() > Coord::from_whole(120);
                prop_assert!(beside || seen.position.z.floor() < distance as i64, "{:?}", seen.position);
                if beside {
                    return Ok(());
                }
            }
            idle(&mut world, 1);
        }
    }
}
