//! What a WebAssembly host calls: room for a recording, and the lines that following it yields.
#![allow(unsafe_code, reason = "a host passes bytes through memory, which only raw pointers do")]

use crate::lines;

/// Room for a recording of `bytes` bytes, which [`follow`] gives back.
#[unsafe(no_mangle)]
pub extern "C" fn room(bytes: usize) -> *mut u8 {
    Box::into_raw(vec![0_u8; bytes].into_boxed_slice()).cast()
}

/// Follows the recording in [`room`]; the address of the lines in the upper half, their length in the lower.
///
/// # Safety
/// `at` and `bytes` are what `room` returned and was given, and are used once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn follow(at: *mut u8, bytes: usize) -> u64 {
    // SAFETY: the caller hands back what `room` made, once.
    let recording = unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(at, bytes)) };
    let lines = lines(&recording).leak();
    (lines.as_ptr() as u64) << 32 | lines.len() as u64
}
