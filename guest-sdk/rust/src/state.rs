//! The only memory that outlives a call: at most 4 KiB of an active spell, raw or typed.
//!
//! Promises that what a call saved is there in the next one, if the call ended well. Typed state is declared by
//! [`state!`](crate::state!); how it becomes bytes is `stored`'s business.

use crate::host::state as host;
use crate::pending;
pub use crate::stored::Stored;
use crate::{Error, Result};

/// What was saved last, in this call or an earlier one; empty at first.
///
/// Fuel: priced as `state.load`.
pub fn load() -> Vec<u8> {
    host::load()
}

/// Replaces what is saved: at most 4,096 bytes. Takes effect if the call ends well; commands that wait are
/// delivered first. More bytes end the call as `limit(state)`.
///
/// Fuel: priced as `state.save`.
pub fn save(bytes: &[u8]) {
    pending::deliver_waiting();
    host::save(bytes);
}

/// Ends this active spell after the call: its timers, listeners and the events of its projectiles are dropped;
/// the projectiles fly on.
///
/// Fuel: priced as `state.finish`.
pub fn finish() {
    pending::deliver_waiting();
    host::finish();
}

/// A struct made by [`state!`](crate::state!): what its own `load` and `save` are made of.
#[doc(hidden)]
pub trait Keep: Stored + Default {
    /// The state of this cast.
    fn load() -> Result<Self> {
        Self::decode(&load())
    }

    /// From bytes that `encode` made, in this revision or another.
    fn decode(bytes: &[u8]) -> Result<Self> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        crate::stored::read_whole(bytes)
            .ok_or_else(|| Error::from("the saved state is of another shape: write `migrate`"))
    }

    /// As bytes.
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes);
        bytes
    }
}

/// What serde knows how to keep: the state of this cast in its own compact form, the default where none was
/// saved. Unlike `state!`, changing the type makes what is saved unreadable; write [`Spell::migrate`](crate::Spell::migrate).
#[cfg(feature = "serde")]
pub fn load_serde<T: serde::de::DeserializeOwned + Default>() -> Result<T> {
    let bytes = load();
    if bytes.is_empty() { Ok(T::default()) } else { Ok(postcard::from_bytes(&bytes)?) }
}

/// Saves what serde knows how to keep; see [`load_serde`].
#[cfg(feature = "serde")]
pub fn save_serde<T: serde::Serialize>(value: &T) -> Result {
    save(&postcard::to_allocvec(value)?);
    Ok(())
}

/// Declares the typed state of a spell, or a part of it.
///
/// A field is `name: Type`, which starts as the type's default, or `name: Type = start`. The struct gets
/// `load()`, `save()`, `encode()`, `decode()` and `migrate()`. Fields may be added, removed, moved and widened
/// between revisions. An `enum` of plain cases can be declared too; the first is its default, and new cases
/// belong at its end.
///
/// Types: `bool`, integers, floats, `String`, `Vec3`, `BlockPos`, `EntityId`, `Material`, `Option`, `Vec`,
/// `VecDeque`, `BTreeMap`, `BTreeSet`, arrays, tuples, and what other `state!` declare.
///
/// ```
/// use spellhost_sdk::prelude::*;
///
/// state! {
///     /// Where the ritual stands.
///     enum Phase { Waiting, Burning }
/// }
/// state! {
///     struct State {
///         phase: Phase,
///         /// Points healed so far.
///         healed: u32,
///         waves_left: u8 = 3,
///         marked: Vec<EntityId>,
///     }
/// }
///
/// struct Ritual;
/// impl Spell for Ritual {
///     fn cast(_: &Context) -> Result {
///         let mut state = State::load()?;
///         state.healed += 5;
///         state.phase = Phase::Burning;
///         state.save();
///         Ok(())
///     }
/// }
///
/// let mut world = mock::World::flat();
/// let caster = world.player(Vec3::ZERO);
/// let outcome = mock::cast::<Ritual>(&mut world, mock::context(caster));
/// let state = State::decode(&outcome.state).unwrap();
/// assert_eq!((state.healed, state.phase, state.waves_left), (5, Phase::Burning, 3));
/// ```
#[macro_export]
macro_rules! state {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $( $(#[$field_meta:meta])* $field:ident : $kind:ty $(= $default:expr)? ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        $vis struct $name {
            $( $(#[$field_meta])* $vis $field: $kind, )*
        }

        impl ::core::default::Default for $name {
            fn default() -> Self {
                $name { $( $field: $crate::__start!($kind $(, $default)?), )* }
            }
        }

        #[allow(dead_code, reason = "a spell uses what it needs of these")]
        impl $name {
            /// The state of this cast; the default where none was saved. An error if what was saved is of
            /// another shape. Fuel: priced as `state.load`.
            $vis fn load() -> $crate::Result<Self> {
                $crate::state::Keep::load()
            }

            /// Saves it: takes effect if the call ends well. Fuel: priced as `state.save`.
            $vis fn save(&self) {
                $crate::state::save(&$crate::state::Keep::encode(self));
            }

            /// As bytes.
            $vis fn encode(&self) -> ::std::vec::Vec<u8> {
                $crate::state::Keep::encode(self)
            }

            /// From bytes that this or another revision encoded.
            $vis fn decode(bytes: &[u8]) -> $crate::Result<Self> {
                $crate::state::Keep::decode(bytes)
            }

            /// For `Spell::migrate`: bytes of this struct become bytes of `New`, by the author's function.
            $vis fn migrate<New: $crate::state::Keep>(
                bytes: &[u8],
                change: impl FnOnce(Self) -> New,
            ) -> $crate::Result<::std::vec::Vec<u8>> {
                Ok($crate::state::Keep::encode(&change(Self::decode(bytes)?)))
            }
        }

        impl $crate::state::Keep for $name {}

        $( const _: () = {
            struct Check;
            impl $crate::stored::Check for Check {
                type Field = $kind;
            }
        }; )*

        impl $crate::state::Stored for $name {
            fn write(&self, bytes: &mut ::std::vec::Vec<u8>) {
                const {
                    assert!(
                        $crate::stored::distinct(&[$($crate::stored::tag(::core::stringify!($field))),*]),
                        "two fields of this state have the same tag: rename one"
                    );
                }
                $crate::stored::write_sized(bytes, |_bytes| {
                    $( $crate::stored::write_field(
                        _bytes,
                        const { $crate::stored::tag(::core::stringify!($field)) },
                        &self.$field,
                    ); )*
                });
            }

            fn read(bytes: &mut &[u8]) -> ::core::option::Option<Self> {
                let mut fields = $crate::stored::read_sized(bytes)?;
                let mut _value = Self::default();
                while !fields.is_empty() {
                    let (_tag, _bytes) = $crate::stored::read_field(&mut fields)?;
                    $( if _tag == const { $crate::stored::tag(::core::stringify!($field)) } {
                        _value.$field = $crate::stored::read_whole(_bytes)?;
                    } )*
                }
                ::core::option::Option::Some(_value)
            }
        }
    };

    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident { $( $(#[$case_meta:meta])* $case:ident ),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name { $( $(#[$case_meta])* $case, )+ }

        impl $name {
            const CASES: &'static [$name] = &[$($name::$case),+];
        }

        impl ::core::default::Default for $name {
            fn default() -> Self {
                Self::CASES[0]
            }
        }

        impl $crate::state::Stored for $name {
            fn write(&self, bytes: &mut ::std::vec::Vec<u8>) {
                $crate::state::Stored::write(&(*self as u32), bytes);
            }

            fn read(bytes: &mut &[u8]) -> ::core::option::Option<Self> {
                Self::CASES.get(<usize as $crate::state::Stored>::read(bytes)?).copied()
            }
        }
    };
}

/// What a field starts as.
#[doc(hidden)]
#[macro_export]
macro_rules! __start {
    ($kind:ty) => {
        <$kind as ::core::default::Default>::default()
    };
    ($kind:ty, $default:expr) => {{
        let default: $kind = $default;
        default
    }};
}
