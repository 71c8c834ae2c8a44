use super::*;
use spellhost_sdk::events;
use spellhost_sdk::mock::{Command, Outcome};

/// A mocked world records commands; here the wall's must come true.
fn build(world: &mut mock::World, outcome: &Outcome) {
    for command in &outcome.commands {
        match command {
            Command::SetVoxel { pos, material } => world.set(*pos, *material),
            Command::FillBox { min, size, material, mode: FillMode::Add } => {
                let open: Vec<BlockPos> = (0..size.y as i32)
                    .flat_map(|y| {
                        (0..size.z as i32).flat_map(move |z| (0..size.x as i32).map(move |x| (x, y, z)))
                    })
                    .map(|(x, y, z)| min.offset(x, y, z))
                    .filter(|pos| !world.get(*pos).is_solid())
                    .collect();
                open.into_iter().for_each(|pos| world.set(pos, *material));
            }
            _ => {}
        }
    }
}

fn cast(world: &mut mock::World, direction: Vec3) -> (Context, Outcome) {
    let caster = world.player(Vec3::new(0.5, 0.9, 0.5));
    let mut ctx = mock::context(caster);
    (ctx.direction, ctx.target_position) = (direction, Vec3::new(0.5, 0.0, -9.5));
    let outcome = mock::cast::<StoneWall>(world, ctx.clone());
    build(world, &outcome);
    (ctx, outcome)
}

fn wake(world: &mut mock::World, ctx: &Context) -> Outcome {
    let outcome = mock::event::<StoneWall>(world, ctx.clone(), Event::Timer(NEXT));
    build(world, &outcome);
    outcome
}

#[test]
fn it_rises_course_by_course_stands_and_leaves_no_trace() {
    let mut world = mock::World::flat();
    world.set(BlockPos::new(2, 0, -10), Material::WATER);
    let before = world.clone();
    let (ctx, outcome) = cast(&mut world, Vec3::NORTH);
    assert_eq!(outcome.timers(), [(STEP, NEXT)]);
    for course in 1..4 {
        assert_eq!(world.get(BlockPos::new(0, course, -10)), Material::AIR);
        let outcome = wake(&mut world, &ctx);
        assert_eq!(world.get(BlockPos::new(0, course, -10)), Material::STONE);
        assert_eq!(outcome.timers(), [(if course == 3 { seconds(2.0) } else { STEP }, NEXT)]);
    }
    for _ in 0..3 {
        assert_eq!(wake(&mut world, &ctx).timers(), [(STEP, NEXT)]);
    }
    assert!(wake(&mut world, &ctx).finished);
    for x in -6..=6 {
        for y in -4..6 {
            let pos = BlockPos::new(x, y, -10);
            assert_eq!(world.get(pos), before.get(pos), "{pos:?}");
        }
    }
}

#[test]
fn it_stands_across_the_way() {
    for (direction, x, z) in
        [(Vec3::NORTH, 4, 0), (Vec3::SOUTH, 4, 0), (Vec3::EAST, 0, 4), (Vec3::WEST, 0, 4)]
    {
        let mut world = mock::World::flat();
        cast(&mut world, direction);
        assert_eq!(world.get(BlockPos::new(x, 0, z - 10)), Material::STONE, "{direction:?}");
        assert_eq!(world.get(BlockPos::new(z, 0, x - 10)), Material::AIR, "{direction:?}");
    }
}

#[test]
fn whoever_stands_there_is_carried_up() {
    let mut world = mock::World::flat();
    let on_it = world.npc(Npc::Dummy, Vec3::new(2.5, 0.875, -9.5));
    let beside = world.npc(Npc::Dummy, Vec3::new(2.5, 0.875, -5.5));
    let (_, outcome) = cast(&mut world, Vec3::NORTH);
    let lifted = |id| Command::Teleport { id, to: Vec3::new(2.5, 1.875, -9.5) };
    assert!(outcome.commands.contains(&lifted(on_it)));
    assert!(!outcome.commands.contains(&lifted(beside)));
}

#[test]
fn only_its_caster_dismisses_it() {
    let mut world = mock::World::flat();
    let (ctx, _) = cast(&mut world, Vec3::NORTH);
    let dismiss = |player| {
        let (name, payload) = ("dismiss".to_owned(), String::new());
        Event::Remote(events::Remote { player, name, payload })
    };
    let outcome = mock::event::<StoneWall>(&mut world, ctx.clone(), dismiss(ctx.caster + 1));
    assert_eq!(outcome.commands, []);
    let outcome = mock::event::<StoneWall>(&mut world, ctx.clone(), dismiss(ctx.caster));
    assert_eq!(outcome.timers(), [(1, NEXT)]);
    let outcome = wake(&mut world, &ctx);
    assert!(outcome.finished);
    assert_eq!(world.get(BlockPos::new(0, 0, -10)), Material::AIR);
    let (name, payload) = ("wall-gone".to_owned(), "1".to_owned());
    assert!(outcome.commands.contains(&Command::Send { player: ctx.caster, name, payload }));
}

#[test]
fn no_ground_is_a_failure_in_words() {
    let (_, outcome) = cast(&mut mock::World::empty(), Vec3::NORTH);
    assert_eq!(
        outcome.result,
        Err("no ground within 6 blocks of the target to raise a wall from".to_owned())
    );
}
