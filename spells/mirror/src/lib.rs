//! Mirror: a spell that talks. The game client asks, the mirror answers, until somebody closes it.
//!
//! A request with an answer is two events with an id, in JSON by convention: the client sends `ask` with
//! `{"id": 7, "question": "…"}` and gets `answer` with the same id. Everybody hears `asked`, so that a client can
//! draw the ripple. The client of the caster ends it with `close`.

mod json;

use json::{Object, quoted};
use spellhost_sdk::prelude::*;

/// Escaped, a character of the answer may be six bytes; a payload has at most 1,024.
const QUESTION_CHARS_MAX: usize = 120;
/// How far the mirror sees, in blocks.
const SIGHT: f64 = 32.0;

params! {
    struct Params {
        /// How long it stays open.
        duration: f64 = 30.0, range = 1.0..=600.0, unit = "seconds";
    }
}

state! {
    struct State {
        answered: u32,
        refused: u32,
    }
}

struct Mirror;

impl Spell for Mirror {
    fn describe() -> Info {
        Info::new("Mirror")
            .description("Opens a mirror that answers the game client's questions until it is closed.")
            .params::<Params>()
            .cooldown(seconds(1.0))
            .mana(5)
            .remote("ask")
            .remote("answer")
            .remote("asked")
            .remote("close")
            .remote("opened")
            .remote("closed")
    }

    fn cast(ctx: &Context) -> Result {
        let ticks = seconds(Params::from(ctx).duration);
        // Nothing else keeps this cast alive: when the listeners end, so does the mirror.
        remote_events::listen("ask", ticks);
        remote_events::listen("close", ticks);
        remote_events::broadcast("opened", format!(r#"{{"by": {}, "ticks": {ticks}}}"#, ctx.caster));
        presentation::play_vfx("mirror_open", ctx.target_position);
        Ok(())
    }

    fn on_event(ctx: &Context, event: Event) -> Result {
        let Event::Remote(remote) = event else { return Ok(()) };
        let mut state = State::load()?;
        match remote.name.as_str() {
            "ask" => {
                answer(ctx, &remote, &mut state);
                state.save();
            }
            "close" if remote.player == ctx.caster => {
                let State { answered, refused } = state;
                remote_events::broadcast(
                    "closed",
                    format!(r#"{{"answered": {answered}, "refused": {refused}}}"#),
                );
                state::finish();
            }
            // A spell ignores what it does not know, and who has no say.
            _ => {}
        }
        Ok(())
    }
}

/// Answers the one who asked, and lets everybody know that somebody did. A question that makes no sense gets an
/// answer too: were it an error of this call, the client would wait for ever.
fn answer(ctx: &Context, remote: &events::Remote, state: &mut State) {
    let player = remote.player;
    let request = Object::parse(&remote.payload);
    let id = request.as_ref().ok().and_then(|request| request.integer("id"));
    let id_text = id.map_or("null".to_owned(), |id| id.to_string());
    match request.and_then(|request| reflect(ctx, player, &request)) {
        Ok(text) => {
            state.answered += 1;
            remote_events::send(
                player,
                "answer",
                format!(r#"{{"id": {id_text}, "text": {}}}"#, quoted(&text)),
            );
            let count = state.answered;
            remote_events::broadcast("asked", format!(r#"{{"player": {player}, "count": {count}}}"#));
        }
        Err(error) => {
            state.refused += 1;
            let error = quoted(error.message());
            remote_events::send(player, "answer", format!(r#"{{"id": {id_text}, "error": {error}}}"#));
        }
    }
}

/// What the mirror says: it knows how you are and who is near, and throws everything else back.
fn reflect(ctx: &Context, player: EntityId, request: &Object) -> Result<String> {
    request.integer("id").ok_or("`id` must be a whole number")?;
    let question = request.text("question").ok_or("`question` must be a text")?;
    ensure!(question.chars().count() <= QUESTION_CHARS_MAX, "ask in at most {QUESTION_CHARS_MAX} characters");
    let asker = scene::entity(player).ok_or("the mirror does not see you")?;
    Ok(match question {
        "health" => format!("{:.0} of {:.0}", asker.health, asker.health_max),
        "who" => {
            let mut near = scene::living_in_radius(ctx.target_position, SIGHT);
            near.retain(|entity| entity.id != player);
            let players = near.iter().filter(|entity| entity.is_player()).count();
            format!("besides you, players: {players}, creatures: {}", near.len() - players)
        }
        other => other.chars().rev().collect(),
    })
}

export_spell!(Mirror);

#[cfg(test)]
mod tests;
