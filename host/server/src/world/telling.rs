//! What a played tick tells to whom, encoded once for all who get the same.

use std::collections::BTreeMap;

use axum::extract::ws::Message;
use spellhost_lockstep::frame;
use spellhost_runtime::PlayedTick;
use spellhost_sim::{CallReport, Command, Entry};
use spellhost_wire::message::Mode;
use spellhost_wire::reply::{
    CastEvent, Message as Envelope, Presentation, PresentationItem, RemoteEvent, RemoteTold, Told,
};
use spellhost_wire::{Digest, Effect, Frame};

use crate::world::subscriber::Subscriber;

/// An event or reply as text.
pub fn text(told: Told, id: Option<u64>) -> Message {
    // Every number in a message is finite: it was quantised or counted.
    let text = serde_json::to_string(&Envelope { id, told }).unwrap_or_default();
    Message::Text(text.into())
}

/// A frame in the forms that its readers want, each made at most once.
pub struct Forms<'a> {
    frame: &'a Frame,
    made: BTreeMap<(Mode, bool), Message>,
}

impl<'a> Forms<'a> {
    /// No form yet.
    pub fn new(frame: &'a Frame) -> Self {
        Self { frame, made: BTreeMap::new() }
    }

    /// The form for one kind of reader.
    pub fn message(&mut self, mode: Mode, binary: bool) -> Message {
        self.made.entry((mode, binary)).or_insert_with(|| encoded(self.frame, mode, binary)).clone()
    }
}

fn encoded(frame: &Frame, mode: Mode, binary: bool) -> Message {
    let mut own = frame.clone();
    if mode != Mode::Apply {
        own.calls.iter_mut().for_each(|call| call.effects = None);
    }
    own.calls.iter_mut().for_each(|call| call.outcome.hide_place());
    if binary { Message::Binary(own.to_bytes().into()) } else { text(Told::Frame(Box::new(own)), None) }
}

/// What everybody is told of a call: nothing, or what there is to see and hear.
pub fn presentation(tick: u64, call: &CallReport) -> Option<Told> {
    let items: Vec<PresentationItem> = frame::effects(call).into_iter().filter_map(item).collect();
    (!items.is_empty()).then(|| {
        let spell_id = call.spell.as_str().into();
        Told::Presentation(Presentation { tick, cast_id: call.cast.0, spell_id, items })
    })
}

fn item(effect: Effect) -> Option<PresentationItem> {
    Some(match effect {
        Effect::PlayVfx { asset, at, params } => {
            let params = params.iter().map(|named| (named.name.clone(), named.value.plain())).collect();
            PresentationItem::Vfx { asset, at, params }
        }
        Effect::PlaySound { asset, at } => PresentationItem::Sound { asset, at },
        Effect::Message { player, text } => PresentationItem::Message { player, text },
        _ => return None,
    })
}

/// What a call says to game clients: to one player, or to all.
pub fn remote_events(call: &CallReport) -> Vec<(Option<u64>, Told)> {
    let event = |name: &String, payload: &String| {
        Told::Remote(RemoteTold::Event(RemoteEvent {
            spell_id: call.spell.as_str().into(),
            cast_id: call.cast.0,
            name: name.clone(),
            payload: payload.clone(),
        }))
    };
    let told = |command: &Command| match command {
        Command::Broadcast { name, payload } => Some((None, event(name, payload))),
        Command::Send { player, name, payload } => Some((Some(player.0), event(name, payload))),
        _ => None,
    };
    call.effects.iter().filter_map(told).collect()
}

/// The casts of a tick, for who is not in lockstep: those that ran, and those that were refused.
pub fn cast_events(played: &PlayedTick, frame: &Frame) -> Vec<Told> {
    let ran = |cast: &u64| {
        played.report.calls.iter().position(|call| matches!(call.entry, Entry::Cast) && call.cast.0 == *cast)
    };
    let event = |cast: &spellhost_wire::Cast| {
        let call = ran(&cast.cast_id).map(|at| &frame.calls[at]);
        // A cast that waits for budget is told of in the tick in which it runs.
        let outcome = call.map(|call| call.outcome.clone()).or_else(|| cast.outcome.clone())?;
        let mut event = CastEvent {
            cast_id: cast.cast_id,
            tick: frame.tick,
            spell_id: cast.spell_id.clone(),
            revision_id: cast.revision_id,
            component: cast.component,
            caster_id: cast.caster_id,
            cast_params: cast.cast_params.clone(),
            seed: cast.seed.clone(),
            outcome,
            fuel: call.map(|call| call.fuel).unwrap_or_default(),
            effects: call.and_then(|call| call.effects.clone()).unwrap_or_default(),
        };
        event.outcome.hide_place();
        Some(Told::CastEvent(Box::new(event)))
    };
    frame.casts.iter().filter_map(event).collect()
}

/// Sends to everybody whom a condition holds for.
pub fn tell(to: &mut [Subscriber], message: &Message, whom: impl Fn(&Subscriber) -> bool) {
    to.iter_mut()
        .filter(|subscriber| whom(subscriber))
        .for_each(|subscriber| subscriber.send(message.clone()));
}

/// A digest in the forms of the protocol.
pub fn digest(digest: spellhost_sim::Digest) -> Digest {
    Digest(digest.0)
}
