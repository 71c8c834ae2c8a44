//! What a WASI call costs, in fuel. Part of the engine id.
//!
//! One price for all: [`CALL`] for the call itself, [`BYTE`] for each byte that crosses, [`HANDLE`]
//! for each handle that is made, and for each that is polled.

/// Fuel of every call.
pub const CALL: u64 = 200;
/// Fuel for each byte read, written or drawn.
pub const BYTE: u64 = 1;
/// Fuel for each handle that is made or polled.
pub const HANDLE: u64 = 100;

/// The most bytes of one call; more is a limit.
pub const BYTES_MAX: u64 = 64 * 1024;
/// The most handles that a call has at once, and the most that one poll takes; more is a limit.
pub const HANDLES_MAX: u32 = 1_024;
