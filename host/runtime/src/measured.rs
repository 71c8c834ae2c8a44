//! Arguments that say which limit they broke.
//!
//! Wasmtime counts what a host call copies in its own units, which depend on the host's type
//! sizes, and fails with an error that says neither which argument nor of what kind. [`Measured`]
//! lifts exactly as what it wraps, and turns that failure, and text that is not well formed, into
//! the limit that would have been struck a moment later. So wasmtime's threshold never decides.

use std::char::DecodeUtf16Error;
use std::str::Utf8Error;
use std::string::FromUtf8Error;

use spellhost_sim::LimitKind;
use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext};
use wasmtime::component::{ComponentType, Lift, WasmList, WasmStr};

use crate::stop::Stop;

/// An argument or result of a guest that is a list or a string.
pub(crate) struct Measured<T>(pub(crate) T);

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
    if is_malformed_text(&error) { Stop::Limit(LimitKind::String).into() } else { error }
}

/// Whether a lift failed because text was not UTF-8, or UTF-16 with a lone surrogate.
pub(crate) fn is_malformed_text(error: &wasmtime::Error) -> bool {
    error.is::<Utf8Error>() || error.is::<DecodeUtf16Error>() || error.is::<FromUtf8Error>()
}

// SAFETY: every item is that of `T`, so the layout, the type check and the flattening that wasmtime
// sees are those that `T`'s own implementation vouches for.
#[allow(unsafe_code, reason = "wasmtime offers no safe way to lift a type of one's own")]
unsafe impl<T: ComponentType> ComponentType for Measured<T> {
    type Lower = T::Lower;
    const ABI: CanonicalAbiInfo = T::ABI;
    const MAY_REQUIRE_REALLOC: bool = T::MAY_REQUIRE_REALLOC;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        T::typecheck(ty, types)
    }
}

// SAFETY: both functions hand their arguments to `T`'s own and change nothing but the error.
#[allow(unsafe_code, reason = "wasmtime offers no safe way to lift a type of one's own")]
unsafe impl<T: Lift + Shape> Lift for Measured<T> {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        src: &Self::Lower,
    ) -> wasmtime::Result<Self> {
        T::linear_lift_from_flat(cx, ty, src).map(Self).map_err(|error| explain(T::LIMIT, error))
    }

    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        bytes: &[u8],
    ) -> wasmtime::Result<Self> {
        T::linear_lift_from_memory(cx, ty, bytes).map(Self).map_err(|error| explain(T::LIMIT, error))
    }
}
