//! What stands behind WASI in a call: its fuel, its tick, a stream of its own, its log.
//!
//! Answers in every phase of a call, instantiation and description included: toolchains ask while
//! they start, and nothing that WASI tells is of the world.

use spellhost_sim::{CallStream, LimitKind};
use spellhost_wasi::{Host, Lines, Output, Reason};
use wasmtime::StoreContextMut;

use crate::log::{Log, LogLevel};
use crate::session::{Session, charge};
use crate::stop::Stop;
use crate::told::Told;
use crate::trace::{Answered, HostCall};

/// The label of the stream: `random` of the contract draws from another.
const STREAM: &str = "spellhost 0.1 random stream of a call for WASI";

/// What WASI has of one call.
pub(crate) struct Wasi {
    random: CallStream,
    lines: Lines,
    handles: u32,
}

impl Wasi {
    /// Of a call with this seed.
    pub(crate) fn new(seed: &[u8; 32]) -> Self {
        let random = CallStream::new(blake3::derive_key(STREAM, seed));
        Self { random, lines: Lines::default(), handles: 0 }
    }

    /// Logs what no line end came after.
    pub(crate) fn finish(self, log: &mut Log) {
        self.lines.finish(|output, line| log.push(level(output), line));
    }
}

fn level(output: Output) -> LogLevel {
    match output {
        Output::Stdout => LogLevel::Info,
        Output::Stderr => LogLevel::Error,
    }
}

impl Host for Session {
    fn charge(cx: &mut StoreContextMut<'_, Self>, function: &'static str, fuel: u64) -> wasmtime::Result<()> {
        Ok(charge(cx, function, fuel)?)
    }

    fn told(
        cx: &mut StoreContextMut<'_, Self>,
        function: &'static str,
        fuel_before: u64,
        refused: Option<&wasmtime::Error>,
    ) {
        let fuel = fuel_before.saturating_sub(cx.get_fuel().unwrap_or(0));
        let Some(trace) = &mut cx.data_mut().trace else { return };
        let answer = match refused {
            None => Answered::Value(Told::Nothing),
            Some(error) => Answered::Refused(error.root_cause().to_string()),
        };
        trace.push(HostCall { function, arguments: Vec::new(), answer, fuel_before, fuel });
    }

    fn end(function: &'static str, reason: Reason) -> wasmtime::Error {
        match reason {
            Reason::Wait => Stop::Limit(LimitKind::Wait).into(),
            Reason::TooMany => Stop::Limit(LimitKind::List).into(),
            Reason::Misuse(message) => Stop::invalid(function, "", message).into(),
        }
    }

    fn tick(&self) -> u64 {
        self.tick
    }

    fn draw(&mut self) -> u64 {
        self.wasi().0.random.next()
    }

    fn write(&mut self, output: Output, bytes: &[u8]) {
        let (wasi, log) = self.wasi();
        wasi.lines.write(output, bytes, |line| log.push(level(output), line));
    }

    fn handles(&mut self) -> &mut u32 {
        &mut self.wasi().0.handles
    }
}
