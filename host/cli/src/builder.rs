//! Builds in the background: one at a time, a newer save cancels the one that runs.
//!
//! Promises that of several results only the newest save's is reported as such (by its number).
//! Knows no world.

use std::sync::{Arc, Mutex, PoisonError};

use spellhost_forge::{Cancel, WarmCompiler};
use spellhost_runtime::{Engine, Policy};

use crate::interrupt::Interrupt;
use crate::problem::Problem;
use crate::screen::Screen;
use crate::source::{Making, Ready, Source};

/// Builds one source again and again.
pub struct Builder {
    source: Source,
    engine: Engine,
    policy: Policy,
    screen: Screen,
    newest: u64,
    warm: WarmCompiler,
    running: Arc<Mutex<Cancel>>,
    turn: Arc<Mutex<()>>,
}

impl Builder {
    /// A builder that a signal stops.
    pub fn new(
        source: Source,
        engine: Engine,
        policy: Policy,
        screen: Screen,
        interrupt: &Interrupt,
    ) -> Self {
        let running = Arc::new(Mutex::new(Cancel::new()));
        let own = running.clone();
        interrupt.tell(move || own.lock().unwrap_or_else(PoisonError::into_inner).cancel());
        Self {
            source,
            engine,
            policy,
            screen,
            newest: 0,
            warm: WarmCompiler::default(),
            running,
            turn: Arc::default(),
        }
    }

    /// Starts a build of what is on the disk now and cancels the one before; `done` gets its
    /// number and result, on another thread.
    pub fn start(&mut self, done: impl FnOnce(u64, Result<Ready, Problem>) + Send + 'static) {
        self.newest += 1;
        let cancel = Cancel::new();
        {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.cancel();
            *running = cancel.clone();
        }
        let (number, turn) = (self.newest, self.turn.clone());
        let (source, engine, screen) = (self.source.clone(), self.engine.clone(), self.screen);
        let policy = self.policy.clone();
        let warm = self.warm.clone();
        std::thread::spawn(move || {
            // The one before has ended, its compiler with it.
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            if cancel.is_cancelled() {
                return;
            }
            let result = {
                let busy = screen.busy();
                let color = screen.ink_is_coloured();
                source.ready(
                    &engine,
                    &Making {
                        lines: true,
                        warm: Some(&warm),
                        color,
                        policy: &policy,
                        cancel: &cancel,
                        progress: &|doing| busy.show(doing),
                    },
                )
            };
            if !cancel.is_cancelled() {
                done(number, result);
            }
        });
    }

    /// Whether a result is that of the newest save.
    pub fn is_newest(&self, number: u64) -> bool {
        number == self.newest
    }

    /// Cancels what runs and waits for its end.
    pub fn stop(&self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).cancel();
        drop(self.turn.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
