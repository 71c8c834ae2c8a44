use spellhost_sdk::mock::{Command, Outcome, World};
use spellhost_sdk::prelude::*;

use super::{Mirror, State};

fn opened() -> (World, Context, EntityId) {
    let mut world = World::flat();
    let caster = world.player(Vec3::new(0.5, 0.9, 0.5));
    let guest = world.player(Vec3::new(3.5, 0.9, 0.5));
    world.npc(Npc::Dummy, Vec3::new(0.5, 0.875, -7.5));
    let ctx = world.aim(caster, Vec3::new(0.5, 0.0, -9.5));
    let outcome = mock::cast::<Mirror>(&mut world, ctx.clone());
    for name in ["ask", "close"] {
        assert!(outcome.commands.contains(&Command::Listen { name: name.to_owned(), duration: 1800 }));
    }
    (world, ctx, guest)
}

fn hear(world: &mut World, ctx: &Context, player: EntityId, name: &str, payload: &str) -> Outcome {
    let remote = events::Remote { player, name: name.to_owned(), payload: payload.to_owned() };
    mock::event::<Mirror>(world, ctx.clone(), Event::Remote(remote))
}

fn answer(outcome: &Outcome, to: EntityId) -> &str {
    let answer = |command: &'_ Command| match command {
        Command::Send { player, name, .. } => *player == to && name == "answer",
        _ => false,
    };
    match outcome.commands.iter().find(|command| answer(command)) {
        Some(Command::Send { payload, .. }) => payload,
        _ => panic!("no answer in {outcome:?}"),
    }
}

#[test]
fn it_answers_whoever_asks_with_the_same_id() {
    let (mut world, ctx, guest) = opened();
    let outcome = hear(&mut world, &ctx, guest, "ask", r#"{"id": 7, "question": "say \"ah\""}"#);
    assert_eq!(answer(&outcome, guest), r#"{"id": 7, "text": "\"ha\" yas"}"#);
    let asked =
        Command::Broadcast { name: "asked".into(), payload: format!(r#"{{"player": {guest}, "count": 1}}"#) };
    assert!(outcome.commands.contains(&asked));
    let outcome = hear(&mut world, &ctx, guest, "ask", r#"{"id": 8, "question": "health"}"#);
    assert_eq!(answer(&outcome, guest), r#"{"id": 8, "text": "100 of 100"}"#);
    let outcome = hear(&mut world, &ctx, ctx.caster, "ask", r#"{"id": 9, "question": "who"}"#);
    assert_eq!(answer(&outcome, ctx.caster), r#"{"id": 9, "text": "besides you, players: 1, creatures: 1"}"#);
    assert_eq!(State::decode(&world.state), Ok(State { answered: 3, refused: 0 }));
}

#[test]
fn nonsense_gets_an_answer_and_undoes_nothing() {
    let (mut world, ctx, guest) = opened();
    let long = format!(r#"{{"id": 3, "question": "{}"}}"#, "a".repeat(500));
    for (payload, expected) in [
        ("", r#"{"id": null, "error": "this is not a flat JSON object: `{` is missing"}"#),
        (r#"{"question": "who"}"#, r#"{"id": null, "error": "`id` must be a whole number"}"#),
        (r#"{"id": 2}"#, r#"{"id": 2, "error": "`question` must be a text"}"#),
        (&long, r#"{"id": 3, "error": "ask in at most 120 characters"}"#),
    ] {
        let outcome = hear(&mut world, &ctx, guest, "ask", payload);
        assert_eq!((&outcome.result, answer(&outcome, guest)), (&Ok(()), expected));
    }
    assert_eq!(State::decode(&world.state), Ok(State { answered: 0, refused: 4 }));
}

#[test]
fn the_longest_answer_fits_a_payload() {
    let (mut world, ctx, guest) = opened();
    // Each of these characters needs six bytes, here and in the answer.
    let payload = format!(r#"{{"id": {}, "question": "{}"}}"#, i64::MIN, r"\u0001".repeat(120));
    let outcome = hear(&mut world, &ctx, guest, "ask", &payload);
    assert_eq!(outcome.result, Ok(()));
    assert!(answer(&outcome, guest).ends_with("\\u0001\"}"));
}

#[test]
fn only_the_caster_closes_it() {
    let (mut world, ctx, guest) = opened();
    assert!(!hear(&mut world, &ctx, guest, "close", "").finished);
    let outcome = hear(&mut world, &ctx, ctx.caster, "close", "");
    let closed =
        Command::Broadcast { name: "closed".into(), payload: r#"{"answered": 0, "refused": 0}"#.into() };
    assert!(outcome.finished && outcome.commands == [closed]);
    assert_eq!(hear(&mut world, &ctx, guest, "dance", "").commands, []);
}

#[test]
fn what_it_sends_and_hears_is_declared() {
    let names = mock::describe::<Mirror>().remote_names;
    for name in ["ask", "answer", "asked", "close", "opened", "closed"] {
        assert!(names.iter().any(|declared| declared == name), "{name}");
    }
}
