//! Lines for the author: outside the state and its hash.
//!
//! Promises nothing about who reads them. At most 64 lines and 8 KiB a call; whole lines beyond are dropped,
//! with one notice.

use std::fmt;

use crate::host::log as host;

pub use crate::bindings::spellhost::spell::log::Level;

/// One line. Fuel: priced as `log.log`.
pub fn log(level: Level, message: &str) {
    host::log(level, message);
}

/// What the macros call: a text without arguments is not formatted.
#[doc(hidden)]
pub fn write(level: Level, message: fmt::Arguments<'_>) {
    match message.as_str() {
        Some(text) => host::log(level, text),
        None => host::log(level, &message.to_string()),
    }
}

/// Something is wrong: `log::error!("no ground below {pos}")`. Fuel: priced as `log.log`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_error {
    ($($message:tt)+) => { $crate::log::write($crate::log::Level::Error, ::core::format_args!($($message)+)) };
}

/// Something may be wrong. Fuel: priced as `log.log`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_warn {
    ($($message:tt)+) => { $crate::log::write($crate::log::Level::Warn, ::core::format_args!($($message)+)) };
}

/// Something happened. Fuel: priced as `log.log`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_info {
    ($($message:tt)+) => { $crate::log::write($crate::log::Level::Info, ::core::format_args!($($message)+)) };
}

/// Something that helps to find out. Fuel: priced as `log.log`.
#[doc(hidden)]
#[macro_export]
macro_rules! __log_debug {
    ($($message:tt)+) => { $crate::log::write($crate::log::Level::Debug, ::core::format_args!($($message)+)) };
}

#[doc(inline)]
pub use crate::{__log_debug as debug, __log_error as error, __log_info as info, __log_warn as warn};
