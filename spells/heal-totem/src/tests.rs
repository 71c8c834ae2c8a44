use spellhost_sdk::mock::{Command, Outcome, World};
use spellhost_sdk::prelude::*;

use super::{HealTotem, STORE, State, WAKE};

/// A caster in full health, an ally who lacks 50 points, and a totem that is planted.
fn planted() -> (World, Context, EntityId, EntityId) {
    let mut world = World::flat();
    let caster = world.player(Vec3::new(0.5, 0.9, 0.5));
    let ally = world.player(Vec3::new(3.5, 0.9, 0.5));
    world.entity(ally).unwrap().health = 50.0;
    let ctx = world.aim(caster, Vec3::new(0.5, 0.0, -5.5));
    let outcome = mock::cast::<HealTotem>(&mut world, ctx.clone());
    let place = Vec3::new(0.5, 0.5, -5.5);
    let spawn = |command: &Command| match command {
        Command::SpawnNpc { id, template, position, .. } if template == "totem" && *position == place => {
            Some(*id)
        }
        _ => None,
    };
    let promised = outcome.commands.iter().find_map(spawn).expect("it stands on the ground where one aims");
    // The mock records commands and applies none: the test does.
    let totem = world.npc(Npc::Totem, place);
    assert_eq!(totem, promised);
    assert_eq!(outcome.timers(), [(60, WAKE)]);
    (world, ctx, ally, totem)
}

fn wake(world: &mut World, ctx: &Context) -> Outcome {
    mock::event::<HealTotem>(world, ctx.clone(), Event::Timer(WAKE))
}

fn message(outcome: &Outcome) -> Option<&str> {
    outcome.commands.iter().find_map(|command| match command {
        Command::Message { text, .. } => Some(text.as_str()),
        _ => None,
    })
}

#[test]
fn it_heals_players_who_lack_health_and_remembers_how_much() {
    let (mut world, ctx, ally, _) = planted();
    world.npc(Npc::Wolf, Vec3::new(1.0, 1.0, -5.0));
    let outcome = wake(&mut world, &ctx);
    let heals: Vec<_> =
        outcome.commands.iter().filter(|command| matches!(command, Command::Heal { .. })).collect();
    assert_eq!(heals, [&Command::Heal { id: ally, points: 5.0 }]);
    assert_eq!(outcome.timers(), [(60, WAKE)]);
    wake(&mut world, &ctx);
    let state = State::decode(&world.state).unwrap();
    assert_eq!((state.wakes, state.healed, state.store), (2, 10.0, Some(STORE - 10.0)));
}

#[test]
fn it_gives_no_more_than_is_missing_and_nothing_far_away() {
    let (mut world, ctx, ally, _) = planted();
    world.entity(ally).unwrap().health = 98.0;
    assert!(wake(&mut world, &ctx).commands.contains(&Command::Heal { id: ally, points: 2.0 }));
    world.entity(ally).unwrap().position = Vec3::new(40.0, 0.9, 0.5);
    let outcome = wake(&mut world, &ctx);
    assert!(!outcome.commands.iter().any(|command| matches!(command, Command::Heal { .. })));
}

#[test]
fn it_ends_after_its_last_wake() {
    let (mut world, ctx, _, totem) = planted();
    let ctx = ctx.with("wakes", 2);
    assert!(!wake(&mut world, &ctx).finished);
    let outcome = wake(&mut world, &ctx);
    assert!(outcome.finished);
    assert!(outcome.commands.contains(&Command::Despawn { id: totem }));
    assert_eq!(message(&outcome), Some("your totem goes back to sleep: it gave 10 points in 2 wakes"));
}

#[test]
fn it_ends_when_its_store_is_empty() {
    let (mut world, ctx, ally, _) = planted();
    world.state = State { store: Some(3.0), ..State::decode(&world.state).unwrap() }.encode();
    let outcome = wake(&mut world, &ctx);
    assert!(outcome.commands.contains(&Command::Heal { id: ally, points: 3.0 }) && outcome.finished);
}

#[test]
fn it_ends_when_somebody_strikes_it_down_or_takes_it_away() {
    let (mut world, ctx, ally, totem) = planted();
    let died = |entity| Event::EntityDied(events::Death { entity, killer: None });
    assert!(!mock::event::<HealTotem>(&mut world.clone(), ctx.clone(), died(ally)).finished);
    let outcome = mock::event::<HealTotem>(&mut world.clone(), ctx.clone(), died(totem));
    assert!(outcome.finished);
    assert_eq!(message(&outcome), Some("your totem was struck down: it gave 0 points in 0 wakes"));
    world.remove(totem);
    assert_eq!(message(&wake(&mut world, &ctx)), Some("your totem is gone: it gave 0 points in 0 wakes"));
}

#[test]
fn it_needs_ground() {
    let mut world = World::empty();
    let caster = world.player(Vec3::ZERO);
    let outcome = mock::cast::<HealTotem>(&mut world, mock::context(caster));
    assert_eq!(outcome.result, Err("a totem needs ground to stand on".to_owned()));
}

#[test]
fn a_totem_of_the_first_revision_gets_a_store() {
    /// What the first revision saved.
    mod first {
        use spellhost_sdk::prelude::*;
        state! { pub struct State { totem: EntityId, wakes: u32, healed: f64 } }
    }
    let mut world = World::flat();
    world.state = first::State { totem: 7, wakes: 4, healed: 150.0 }.encode();
    let outcome = mock::migrate::<HealTotem>(&mut world, "1");
    let state = State::decode(&outcome.state).unwrap();
    assert_eq!(state, State { totem: 7, wakes: 4, healed: 150.0, store: Some(STORE - 150.0) });
    // Migrating again changes nothing: there is a store now.
    assert_eq!(mock::migrate::<HealTotem>(&mut world, "2").state, outcome.state);
}
