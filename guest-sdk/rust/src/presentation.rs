//! What is seen and heard, and never simulated: it reaches every client and changes nothing.
//!
//! Promises program order. Commands wait in a list and cross to the host together; they are shown only if the
//! call ends well. Which assets exist is the game client's business: an unknown name is shown as nothing.

use std::cell::Cell;

use crate::bindings::spellhost::spell::presentation::{Note, ShowOp, Sound, Vfx};
use crate::host::presentation as host;
use crate::host::types::{EntityId, NamedValue, Vec3};
use crate::pending::{self, Owner};

thread_local! {
    static WAITING: Cell<Vec<ShowOp>> = const { Cell::new(Vec::new()) };
}

fn push(op: ShowOp) {
    pending::push(Owner::Presentation, &WAITING, || host::show(&WAITING.take()), op);
}

/// A visual effect at a point. `asset` at most 128 bytes.
///
/// Fuel: priced as one item of `presentation.show`.
pub fn play_vfx(asset: &str, at: Vec3) {
    play_vfx_with(asset, at, []);
}

/// A visual effect with at most 32 arguments for the game client.
///
/// Fuel: priced as one item of `presentation.show`.
///
/// ```
/// use spellhost_sdk::prelude::*;
/// # struct Show;
/// # impl Spell for Show { fn cast(ctx: &Context) -> Result {
/// presentation::play_vfx_with("shockwave", ctx.target_position, [
///     NamedValue::new("radius", 4.0),
///     NamedValue::new("material", Material::ASH),
/// ]);
/// # Ok(()) } }
/// # mock::cast::<Show>(&mut mock::World::flat(), mock::context(1)).result.unwrap();
/// ```
pub fn play_vfx_with(asset: &str, at: Vec3, params: impl Into<Vec<NamedValue>>) {
    push(ShowOp::PlayVfx(Vfx { asset: asset.to_owned(), at, params: params.into() }));
}

/// A sound at a point. `asset` at most 128 bytes.
///
/// Fuel: priced as one item of `presentation.show`.
pub fn play_sound(asset: &str, at: Vec3) {
    push(ShowOp::PlaySound(Sound { asset: asset.to_owned(), at }));
}

/// A text for one player, at most 1,024 bytes.
///
/// Fuel: priced as one item of `presentation.show`.
pub fn message(player: EntityId, text: impl Into<String>) {
    push(ShowOp::Message(Note { player, text: text.into() }));
}
