use spellhost_sdk::mock::{Command, Outcome, World};
use spellhost_sdk::prelude::*;

use super::{ARM, FADE, HOLD, LURE, PATIENCE, RUNE, RuneTrap, State};

/// A rune that is laid ten blocks ahead, with its wisp and a dummy three blocks beside it.
fn laid() -> (World, Context, EntityId, EntityId) {
    let mut world = World::flat();
    let caster = world.player(Vec3::new(0.5, 0.9, 0.5));
    let dummy = world.npc(Npc::Dummy, Vec3::new(3.5, 0.875, -9.5));
    let ctx = world.aim(caster, Vec3::new(0.5, 0.0, -9.5));
    let outcome = mock::cast::<RuneTrap>(&mut world, ctx.clone());
    assert_eq!(outcome.result, Ok(()));
    assert_eq!(outcome.timers(), [(HOLD, ARM), (3600, FADE)]);
    let watch = Command::WatchBox {
        min: BlockPos::new(-1, 0, -11),
        size: BlockSize::cube(3),
        tag: RUNE,
        duration: 3600,
    };
    assert!(outcome.commands.contains(&watch));
    // The mock applies no commands: the test does.
    let wisp = world.npc(Npc::Wisp, Vec3::new(0.5, 4.5, -9.5));
    let spawn = Command::SpawnNpc {
        id: wisp,
        template: "wisp".into(),
        position: Vec3::new(0.5, 4.5, -9.5),
        tag: RUNE,
    };
    assert!(outcome.commands.contains(&spawn));
    (world, ctx, dummy, wisp)
}

/// The same, once it is armed.
fn armed() -> (World, Context, EntityId, EntityId) {
    let (mut world, ctx, dummy, wisp) = laid();
    assert_eq!(happen(&mut world, &ctx, enters(dummy)).commands, [], "it is not ready yet");
    assert_eq!(happen(&mut world, &ctx, Event::Timer(ARM)).timers(), [(PATIENCE, LURE)]);
    (world, ctx, dummy, wisp)
}

fn happen(world: &mut World, ctx: &Context, event: Event) -> Outcome {
    let outcome = mock::event::<RuneTrap>(world, ctx.clone(), event);
    assert_eq!(outcome.result, Ok(()));
    outcome
}

fn enters(entity: EntityId) -> Event {
    Event::Trigger(events::Trigger { tag: RUNE, entity, entered: true })
}

fn pushed(outcome: &Outcome, who: EntityId) -> Option<Vec3> {
    outcome.commands.iter().find_map(|command| match command {
        Command::Push { id, velocity } if *id == who => Some(*velocity),
        _ => None,
    })
}

#[test]
fn who_steps_on_it_is_hurt_and_held_until_it_arms_itself() {
    let (mut world, ctx, dummy, _) = armed();
    let outcome = happen(&mut world, &ctx, enters(dummy));
    assert_eq!(outcome.damage_to(dummy), 15.0);
    assert!(outcome.commands.contains(&Command::ApplyStatus {
        id: dummy,
        status: Status::Frozen,
        ticks: HOLD - 6
    }));
    assert!(outcome.commands.contains(&Command::Cancel { tag: LURE }));
    assert_eq!(outcome.timers(), [(HOLD, ARM)]);
    assert_eq!(happen(&mut world, &ctx, enters(dummy)).commands, [], "it is busy");
    let outcome = happen(&mut world, &ctx, Event::Timer(ARM));
    let away = pushed(&outcome, dummy).unwrap();
    assert!(away.x > 0.0 && away.y > 0.0, "away from the rune, and up");
    assert_eq!(outcome.timers(), [(PATIENCE, LURE)]);
    assert_eq!(happen(&mut world, &ctx, enters(dummy)).damage_to(dummy), 15.0);
}

#[test]
fn after_its_last_charge_it_takes_its_wisp_away_and_tells_everybody() {
    let (mut world, ctx, dummy, wisp) = armed();
    let guest = world.player(Vec3::new(30.5, 0.9, 0.5));
    world.state = State { charges: 1, ..State::decode(&world.state).unwrap() }.encode();
    happen(&mut world, &ctx, enters(dummy));
    let outcome = happen(&mut world, &ctx, Event::Timer(ARM));
    assert!(outcome.finished && outcome.commands.contains(&Command::Despawn { id: wisp }));
    for player in [ctx.caster, guest] {
        let told = Command::Message { player, text: "a rune is used up after 1 strikes".into() };
        assert!(outcome.commands.contains(&told));
    }
}

#[test]
fn its_caster_its_wisp_the_dead_and_the_vanished_do_not_set_it_off() {
    let (mut world, ctx, dummy, wisp) = armed();
    for harmless in [ctx.caster, wisp, 4_711] {
        assert_eq!(happen(&mut world, &ctx, enters(harmless)).commands, []);
    }
    world.entity(dummy).unwrap().health = 0.0;
    assert_eq!(happen(&mut world, &ctx, enters(dummy)).commands, []);
    let leaves = Event::Trigger(events::Trigger { tag: RUNE, entity: dummy, entered: false });
    assert_eq!(happen(&mut world, &ctx, leaves).commands, []);
}

#[test]
fn who_stands_there_when_it_arms_is_struck_and_not_twice_in_a_row() {
    let (mut world, ctx, dummy, _) = laid();
    let other = world.npc(Npc::Wolf, Vec3::new(1.5, 0.625, -9.5));
    world.entity(dummy).unwrap().position = Vec3::new(0.5, 0.875, -9.5);
    let outcome = happen(&mut world, &ctx, Event::Timer(ARM));
    assert_eq!((outcome.damage_to(dummy), outcome.damage_to(other)), (15.0, 0.0));
    let outcome = happen(&mut world, &ctx, Event::Timer(ARM));
    assert_eq!((outcome.damage_to(dummy), outcome.damage_to(other)), (0.0, 15.0));
    assert!(pushed(&outcome, dummy).unwrap().z < 0.0, "from the very middle, the way the caster looked");
}

#[test]
fn it_lures_creatures_but_no_players() {
    let (mut world, ctx, dummy, wisp) = armed();
    let guest = world.player(Vec3::new(0.5, 0.9, -6.5));
    let outcome = happen(&mut world, &ctx, Event::Timer(LURE));
    assert!(pushed(&outcome, dummy).unwrap().x < 0.0, "toward the rune");
    assert_eq!((pushed(&outcome, guest), pushed(&outcome, wisp)), (None, None));
    assert_eq!(outcome.timers(), [(2 * PATIENCE, LURE)]);
    assert_eq!(happen(&mut world, &ctx.with("lure", 0.0), Event::Timer(LURE)).commands, []);
}

#[test]
fn it_ends_when_its_wisp_dies_or_its_time_is_over() {
    let (mut world, ctx, dummy, wisp) = laid();
    let died = |entity| Event::EntityDied(events::Death { entity, killer: None });
    assert!(!happen(&mut world, &ctx, died(dummy)).finished);
    let outcome = happen(&mut world.clone(), &ctx, Event::Timer(FADE));
    assert!(outcome.finished && outcome.commands.contains(&Command::Despawn { id: wisp }));
    // A wisp that is not there any more must not be despawned: the call would be invalid.
    world.remove(wisp);
    assert!(happen(&mut world, &ctx, died(wisp)).finished);
}

#[test]
fn it_needs_ground() {
    let mut world = World::empty();
    let caster = world.player(Vec3::ZERO);
    let outcome = mock::cast::<RuneTrap>(&mut world, mock::context(caster));
    assert_eq!(outcome.result, Err("a rune needs ground to lie on".to_owned()));
}
