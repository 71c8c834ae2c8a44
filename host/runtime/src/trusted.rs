//! Making code runnable that was compiled elsewhere.
//!
//! The one place where bytes become code without being compiled here; whoever asks has an
//! [`Artefact`], and those are made by our own compiler or carry its seal.

use wasmtime::component::Component;

use crate::artefact::Artefact;

/// The component of an artefact.
///
/// The contract that wasmtime asks for: the bytes are what `Engine::precompile_component` returned,
/// unchanged. An [`Artefact`] cannot hold anything else, since it is only ever made by
/// [`crate::Compiler`] or opened with the key it was sealed with. Bytes for another processor or
/// other settings are an error here, as wasmtime itself compares those.
pub(crate) fn component(engine: &wasmtime::Engine, artefact: &Artefact) -> wasmtime::Result<Component> {
    // SAFETY: as said above.
    #[allow(unsafe_code, reason = "wasmtime offers no safe way to load compiled code")]
    unsafe {
        Component::deserialize(engine, artefact.code())
    }
}
