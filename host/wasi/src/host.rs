//! What this crate asks of whoever runs the guest.

use wasmtime::StoreContextMut;

/// Where output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the meaning")]
pub enum Output {
    Stdout,
    Stderr,
}

/// Why a call ends here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It waits for a time that does not come while it runs.
    Wait,
    /// It moves too many bytes at once, or holds or polls too many handles.
    TooMany,
    /// It exits instead of returning, or does what WASI does not allow; and what that is.
    Misuse(&'static str),
}

/// The data of a store whose guest has WASI.
pub trait Host: Sized + Send + 'static {
    /// Takes fuel for a call of `function` from the grant.
    ///
    /// # Errors
    /// Where the grant does not pay for it; the call then ends.
    fn charge(cx: &mut StoreContextMut<'_, Self>, function: &'static str, fuel: u64) -> wasmtime::Result<()>;

    /// Keeps for a trace that a function was called, what was left of the grant before it, and how
    /// it ended.
    fn told(
        cx: &mut StoreContextMut<'_, Self>,
        function: &'static str,
        fuel_before: u64,
        refused: Option<&wasmtime::Error>,
    );

    /// The error that ends the call.
    fn end(function: &'static str, reason: Reason) -> wasmtime::Error;

    /// The tick at which the clocks stand.
    fn tick(&self) -> u64;

    /// The next 64 bits of the call's own stream for WASI.
    fn draw(&mut self) -> u64;

    /// Takes what the guest wrote.
    fn write(&mut self, output: Output, bytes: &[u8]);

    /// How many handles the guest has.
    fn handles(&mut self) -> &mut u32;
}
