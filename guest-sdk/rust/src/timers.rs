//! Being called later.
//!
//! Promises that commands which wait are delivered first. A timer keeps the cast alive until it comes.

use crate::host::timers as host;
use crate::pending;

/// Ticks in one second.
pub const TICKS_PER_SECOND: u32 = 60;

/// Seconds as ticks, to the nearest; nothing below 0. Free: asks nobody.
///
/// ```
/// assert_eq!(spellhost_sdk::timers::seconds(1.5), 90);
/// ```
pub fn seconds(seconds: f64) -> u32 {
    // The cast saturates, and NaN becomes 0.
    (seconds * f64::from(TICKS_PER_SECOND)).round() as u32
}

/// [`Event::Timer`](crate::Event::Timer) with that tag comes after so many ticks (at least 1, at most 36,000),
/// or at the first later tick that has the budget. At most 16 timers may be pending for one active spell.
///
/// Fuel: priced as `timers.wake-after`.
pub fn wake_after(ticks: u32, tag: u32) {
    pending::deliver_waiting();
    host::wake_after(ticks, tag);
}

/// Drops the pending timers with that tag.
///
/// Fuel: priced as `timers.cancel`.
pub fn cancel(tag: u32) {
    pending::deliver_waiting();
    host::cancel(tag);
}
