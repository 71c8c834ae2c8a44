//! What a panic leaves behind: one line at level error, with message, file and line.
//!
//! Promises that the hook is set before the author's code runs. The trap itself, and that the world stays
//! untouched, are the host's.

/// Sets the hook. Each call is a fresh instance, so once per call is once per memory.
pub(crate) fn report() {
    #[cfg(all(target_arch = "wasm32", feature = "panic-log"))]
    std::panic::set_hook(Box::new(|panic| {
        use crate::host::log::{Level, log};
        let message = panic.payload_as_str().unwrap_or("a panic without a message");
        match panic.location() {
            Some(place) => {
                log(Level::Error, &format!("panicked at {}:{}: {message}", place.file(), place.line()))
            }
            None => log(Level::Error, message),
        }
    }));
}
