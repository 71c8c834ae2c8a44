//! Arguments that say which limit they broke.
//!
//! Wasmtime counts what a host call copies in its own units, which depend on the host's type
//! sizes, and fails with an error that says neither which argument nor of what kind. [`Text`],
//! [`List`] and [`Measured`] lift exactly as wasmtime's own types do, and turn that failure, and text
//! that is not well formed, into the limit that would have been struck a moment later. So wasmtime's
//! threshold never decides.
//!
//! Texts and lists stay in the guest's memory until they are read. Where that memory is depends on
//! how the spell runs: as a component, or as its core module alone ([`crate::direct`]).

use std::borrow::Cow;
use std::char::DecodeUtf16Error;
use std::marker::PhantomData;
use std::str::Utf8Error;
use std::string::FromUtf8Error;

use spellhost_sim::LimitKind;
use wasmtime::StoreContextMut;
use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext};
use wasmtime::component::{ComponentType, Lift, WasmList, WasmStr};

use crate::canonical::{self, Load, Span};
use crate::session::Session;
use crate::stop::Stop;

/// A result of a guest that is a list or a string.
#[derive(Debug, PartialEq)]
pub(crate) struct Measured<T>(pub(crate) T);

/// A text argument, in the guest's memory.
pub(crate) enum Text {
    Component(WasmStr),
    Direct(Span),
}

/// A list argument, in the guest's memory.
pub(crate) enum List<T> {
    Component(WasmList<T>),
    Direct(Span, PhantomData<T>),
}

impl Text {
    /// The text, if it is well formed.
    pub(crate) fn to_str<'a>(&self, cx: &'a StoreContextMut<'_, Session>) -> wasmtime::Result<Cow<'a, str>> {
        match self {
            Self::Component(text) => text.to_str(cx),
            Self::Direct(span) => Ok(str::from_utf8(span.bytes(cx)?)?.into()),
        }
    }
}

impl<T: Lift + Load> List<T> {
    /// How many items.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Component(list) => list.len(),
            Self::Direct(span, _) => span.len(),
        }
    }

    /// The item at `at`, which is less than [`List::len`].
    pub(crate) fn get(
        &self,
        cx: &mut StoreContextMut<'_, Session>,
        at: usize,
    ) -> Option<wasmtime::Result<T>> {
        match self {
            Self::Component(list) => list.get(cx, at),
            Self::Direct(span, _) => Some(canonical::item(cx, *span, at)),
        }
    }
}

impl List<u8> {
    /// The bytes.
    pub(crate) fn bytes<'a>(&self, cx: &'a StoreContextMut<'_, Session>) -> wasmtime::Result<&'a [u8]> {
        match self {
            Self::Component(list) => Ok(list.as_le_slice(cx)),
            Self::Direct(span, _) => span.bytes(cx),
        }
    }
}

/// Which limit a value of this shape breaks by being too large.
pub(crate) trait Shape {
    /// The limit.
    const LIMIT: LimitKind;
}

impl Shape for WasmStr {
    const LIMIT: LimitKind = LimitKind::String;
}

impl Shape for String {
    const LIMIT: LimitKind = LimitKind::String;
}

impl<T> Shape for WasmList<T> {
    const LIMIT: LimitKind = LimitKind::List;
}

impl<T> Shape for Vec<T> {
    const LIMIT: LimitKind = LimitKind::List;
}

fn explain(limit: LimitKind, error: wasmtime::Error) -> wasmtime::Error {
    // Its type is private; a test pins the wording.
    let exhausted = error.to_string().contains("fuel allocated for hostcalls has been exhausted");
    if exhausted {
        return Stop::Limit(limit).into();
    }
    well_formed(error)
}

/// The error, or the limit that it stands for where text is not well formed.
pub(crate) fn well_formed(error: wasmtime::Error) -> wasmtime::Error {
    if is_malformed_text(&error) { Stop::Limit(LimitKind::String).into() } else { error }
}

/// Whether a lift failed because text was not UTF-8, or UTF-16 with a lone surrogate.
pub(crate) fn is_malformed_text(error: &wasmtime::Error) -> bool {
    error.is::<Utf8Error>() || error.is::<DecodeUtf16Error>() || error.is::<FromUtf8Error>()
}

macro_rules! lifts_as {
    ($([$($typed:tt)*] [$($lifted:tt)*] $name:ty, $of:ty, $make:expr;)*) => {
        $(
            // SAFETY: every item is that of the wrapped type, so the layout, the type check and the flattening that
            // wasmtime sees are those that its own implementation vouches for.
            #[allow(unsafe_code, reason = "wasmtime offers no safe way to lift a type of one's own")]
            unsafe impl $($typed)* ComponentType for $name {
                type Lower = <$of as ComponentType>::Lower;
                const ABI: CanonicalAbiInfo = <$of as ComponentType>::ABI;
                const MAY_REQUIRE_REALLOC: bool = <$of as ComponentType>::MAY_REQUIRE_REALLOC;

                fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
                    <$of as ComponentType>::typecheck(ty, types)
                }
            }

            // SAFETY: both functions hand their arguments to the wrapped type's own and change nothing but the error.
            #[allow(unsafe_code, reason = "wasmtime offers no safe way to lift a type of one's own")]
            unsafe impl $($lifted)* Lift for $name {
                fn linear_lift_from_flat(
                    cx: &mut LiftContext<'_>,
                    ty: InterfaceType,
                    src: &Self::Lower,
                ) -> wasmtime::Result<Self> {
                    let lifted = <$of as Lift>::linear_lift_from_flat(cx, ty, src);
                    lifted.map($make).map_err(|error| explain(<$of as Shape>::LIMIT, error))
                }

                fn linear_lift_from_memory(
                    cx: &mut LiftContext<'_>,
                    ty: InterfaceType,
                    bytes: &[u8],
                ) -> wasmtime::Result<Self> {
                    let lifted = <$of as Lift>::linear_lift_from_memory(cx, ty, bytes);
                    lifted.map($make).map_err(|error| explain(<$of as Shape>::LIMIT, error))
                }
            }
        )*
    };
}

lifts_as! {
    [] [] Text, WasmStr, Text::Component;
    [<T: ComponentType>] [<T: Lift>] List<T>, WasmList<T>, List::Component;
    [<T: ComponentType>] [<T: Lift + Shape>] Measured<T>, T, Measured;
}
