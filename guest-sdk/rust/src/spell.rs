//! What an author writes: one type with one trait, and one macro that makes it a component.
//!
//! Promises that commands left waiting are delivered when a call ends well, and dropped when it does not. Does
//! not know what any command does.

use std::marker::PhantomData;

use crate::bindings::Guest;
use crate::host::spells::{SpellEvent, SpellInfo};
use crate::host::types::{BlockPos, CastContext, NamedValue, Value};
use crate::{Error, Result, panics, pending};

/// A spell. Only [`Spell::cast`] must be written.
///
/// Every call gets a fresh memory: statics and fields do not last; [`state`](mod@crate::state) does. A call is a
/// transaction: an `Err`, a panic or running out of fuel undoes everything it commanded.
///
/// ```
/// use spellhost_sdk::prelude::*;
///
/// struct Pit;
///
/// impl Spell for Pit {
///     fn cast(ctx: &Context) -> Result {
///         terrain::carve_sphere(ctx.target_position, 3.0);
///         Ok(())
///     }
/// }
///
/// export_spell!(Pit);
/// # fn main() {}
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a spell",
    label = "`Spell` is not implemented for `{Self}`",
    note = "write `impl Spell for {Self} {{ fn cast(ctx: &Context) -> Result {{ … }} }}`"
)]
pub trait Spell: Sized {
    /// What the spell says of itself: called once, when the host admits it. Asking the host anything here
    /// refuses the spell. The default is the type's name and nothing else.
    fn describe() -> SpellInfo {
        let path = std::any::type_name::<Self>();
        // By bytes: searching for text would be a tenth of a small spell.
        let start = path.bytes().rposition(|byte| byte == b':').map_or(0, |colon| colon + 1);
        SpellInfo::new(path.get(start..).unwrap_or(path))
    }

    /// The spell is cast. An error undoes everything, and its text is what the caster is told.
    fn cast(ctx: &CastContext) -> Result;

    /// Something happened that this cast waits for: a timer, a hit of its projectile, a message, a death, an
    /// entity at a watched box. The default ignores it.
    fn on_event(ctx: &CastContext, event: SpellEvent) -> Result {
        let _ = (ctx, event);
        Ok(())
    }

    /// This revision takes over a cast of an earlier one, together with the state that one saved; what is
    /// returned becomes the state (at most 4 KiB). Only `scene`, `random` and `log` may be used. The default
    /// keeps the bytes, which is right as long as a `state!` only gained or lost fields. After an error that
    /// cast stays with its old revision.
    fn migrate(from_revision: &str, state: Vec<u8>) -> Result<Vec<u8>> {
        let _ = from_revision;
        Ok(state)
    }
}

/// Makes a [`Spell`] the component's: write it once, at the end of the file.
///
/// In a native build (tests) it only checks that the type is a spell.
#[macro_export]
macro_rules! export_spell {
    ($spell:ty) => {
        const _: fn() = $crate::spell::require::<$spell>;
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Exported = $crate::spell::Exported<$spell>;
    $crate::bindings::export!(Exported with_types_in $crate::bindings);
        };
    };
}

/// Compiles for spells only; `export_spell!` names it so that the mistake is reported once and in words.
#[doc(hidden)]
pub fn require<S: Spell>() {}

/// The bridge from the generated exports to the author's type.
#[doc(hidden)]
pub struct Exported<S>(PhantomData<S>);

impl<S: Spell> Guest for Exported<S> {
    fn describe() -> SpellInfo {
        S::describe()
    }

    fn cast(ctx: CastContext) -> Result<(), String> {
        transaction(ctx.first_entity, || S::cast(&ctx))
    }

    fn on_event(ctx: CastContext, event: SpellEvent) -> Result<(), String> {
        transaction(ctx.first_entity, || S::on_event(&ctx, event))
    }

    fn migrate(from_revision: String, state: Vec<u8>) -> Result<Vec<u8>, String> {
        transaction(0, || S::migrate(&from_revision, state))
    }
}

/// One call: what it commanded is delivered if it ends well.
fn transaction<T>(first_entity: u64, call: impl FnOnce() -> Result<T>) -> Result<T, String> {
    panics::report();
    pending::begin(first_entity);
    #[cfg(not(target_arch = "wasm32"))]
    crate::random::begin();
    let value = call().map_err(Error::into_message)?;
    pending::deliver_waiting();
    Ok(value)
}

impl CastContext {
    /// The value of a parameter, if the spell declares it. `params!` gives them typed.
    pub fn param(&self, name: &str) -> Option<&Value> {
        self.params.iter().find(|param| param.name == name).map(|param| &param.value)
    }

    /// The block that holds the target position.
    pub fn target_block(&self) -> BlockPos {
        self.target_position.block()
    }

    /// Gives a parameter a value, in place of the one it had: for tests.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> CastContext {
        self.params.retain(|param| param.name != name);
        self.params.push(NamedValue { name: name.to_owned(), value: value.into() });
        self
    }
}
