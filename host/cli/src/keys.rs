//! Keys of a terminal, one at a time, without waiting for Enter.
//!
//! Ctrl-C stays a signal and output stays as it is. The terminal gets its old settings back when
//! this goes away, and at the first signal.

use std::io::{Read as _, stdin};
use std::sync::Arc;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use crate::interrupt::Interrupt;

/// A terminal that hands out its keys.
pub struct Keys {
    before: Arc<Termios>,
}

impl Keys {
    /// Starts reading; `told` gets each key on a thread of its own. `None` where standard input
    /// is no terminal after all.
    pub fn start(interrupt: &Interrupt, told: impl Fn(char) + Send + 'static) -> Option<Self> {
        let before = Arc::new(tcgetattr(stdin()).ok()?);
        let mut single = (*before).clone();
        single.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        single.special_codes[SpecialCodeIndex::VMIN] = 1;
        single.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(stdin(), OptionalActions::Now, &single).ok()?;
        let keys = Self { before: before.clone() };
        interrupt.tell(move || restore(&before));
        std::thread::spawn(move || {
            for byte in stdin().lock().bytes().map_while(Result::ok) {
                told(char::from(byte));
            }
        });
        Some(keys)
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        restore(&self.before);
    }
}

fn restore(settings: &Termios) {
    // A terminal that is gone has no settings to restore.
    let _ = tcsetattr(stdin(), OptionalActions::Now, settings);
}
