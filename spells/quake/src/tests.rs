use super::*;
use spellhost_sdk::mock::{Command, Outcome};

/// A quake in the middle of a plain: the outcome of each of its rings.
fn rings(world: &mut mock::World, ctx: &Context) -> Vec<Outcome> {
    let mut outcome = mock::cast::<Tremor>(world, ctx.clone());
    let mut rings = Vec::new();
    while !outcome.finished {
        assert_eq!(outcome.result, Ok(()));
        assert_eq!(outcome.timers().len(), 1);
        outcome = mock::event::<Tremor>(world, ctx.clone(), Event::Timer(NEXT));
        rings.push(outcome.clone());
    }
    rings
}

fn plain(seed: u64) -> (mock::World, Context) {
    let mut world = mock::World::flat();
    world.seed = seed;
    let caster = world.player(Vec3::new(0.0, 0.9, 0.0));
    let ctx = world.aim(caster, Vec3::ZERO);
    (world, ctx)
}

fn heaves(outcome: &Outcome) -> Vec<(Vec3, FillMode)> {
    let heave = |command: &Command| match command {
        Command::FillSphere { center, mode, .. } => Some((*center, *mode)),
        _ => None,
    };
    outcome.commands.iter().filter_map(heave).collect()
}

#[test]
fn rings_grow_and_both_raise_and_lower_the_ground() {
    let (mut world, ctx) = plain(7);
    let rings = rings(&mut world, &ctx);
    assert_eq!(rings.len(), 6);
    for (index, ring) in rings.iter().enumerate() {
        let heaves = heaves(ring);
        assert!(!heaves.is_empty());
        for (center, _) in heaves {
            assert!(
                (center.flat().length() - 2.0 * (index + 1) as f64).abs() < 1e-9,
                "ring {index}: {center:?}"
            );
        }
    }
    let modes: Vec<FillMode> = rings.iter().flat_map(heaves).map(|(_, mode)| mode).collect();
    assert!(modes.contains(&FillMode::Add) && modes.contains(&FillMode::Subtract));
}

#[test]
fn the_same_seed_is_the_same_quake() {
    let quake = |seed| {
        let (mut world, ctx) = plain(seed);
        rings(&mut world, &ctx)
    };
    assert_eq!(quake(3), quake(3));
    assert_ne!(quake(3), quake(4));
}

#[test]
fn everyone_in_reach_is_thrown_once_but_not_the_caster() {
    let (mut world, ctx) = plain(1);
    let dummies: Vec<EntityId> = (0..4)
        .map(|place| world.npc(Npc::Dummy, Vec3::new(1.0 + 3.0 * f64::from(place), 0.875, 0.0)))
        .collect();
    let distant = world.npc(Npc::Dummy, Vec3::new(13.0, 0.875, 0.0));
    let rings = rings(&mut world, &ctx);
    let damage = |id| rings.iter().map(|ring| ring.damage_to(id)).sum::<f64>();
    for dummy in dummies {
        assert_eq!(damage(dummy), 8.0);
    }
    assert_eq!((damage(distant), damage(ctx.caster)), (0.0, 0.0));
    assert!(rings[5].logged("4 thrown"));
}

#[test]
fn the_largest_quake_in_the_largest_crowd_is_still_valid() {
    let (mut world, ctx) = plain(1);
    for place in 0..60 {
        world.npc(Npc::Wolf, Vec3::new(23.0, 0.7, 0.0).turned(f64::from(place) * 0.1));
    }
    let ctx = ctx.with("radius", 24.0).with("power", 2.0);
    assert_eq!(rings(&mut world, &ctx).len(), 12);
}

#[test]
fn there_must_be_ground() {
    let mut world = mock::World::empty();
    let outcome = mock::cast::<Tremor>(&mut world, mock::context(1));
    assert_eq!(outcome.result, Err("no ground to shake within 10 blocks below the target".to_owned()));
}
