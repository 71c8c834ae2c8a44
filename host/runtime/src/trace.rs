//! What a trace keeps of each host call of a call: which, with what, what it answered, and its fuel.
//!
//! Only for people who look for a fault: nothing here decides anything, and a call that is traced ends
//! as it does untraced.

use wasmtime::StoreContextMut;

use crate::session::Session;
use crate::told::{TellAll, Told};

/// One host call.
#[derive(Clone, Debug, PartialEq)]
pub struct HostCall {
    /// `interface.function`, as the contract names it.
    pub function: &'static str,
    /// What it was given.
    pub arguments: Vec<Told>,
    /// What it answered.
    pub answer: Answered,
    /// What was left of the grant before it.
    pub fuel_before: u64,
    /// What it cost.
    pub fuel: u64,
}

/// How a host call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Answered {
    /// It returned; [`Told::Nothing`] where it has no result.
    Value(Told),
    /// It ended the call, and why.
    Refused(String),
}

/// Acts, and keeps what was told on both sides.
pub(crate) fn told<P: TellAll, R: TellAll>(
    cx: &mut StoreContextMut<'_, Session>,
    function: &'static str,
    arguments: P,
    act: &impl Fn(&mut StoreContextMut<'_, Session>, P) -> wasmtime::Result<R>,
) -> wasmtime::Result<R> {
    let told = arguments.tell_all(cx);
    // Fuel is always enabled.
    let fuel_before = cx.get_fuel().unwrap_or(0);
    let result = act(cx, arguments);
    let fuel = fuel_before.saturating_sub(cx.get_fuel().unwrap_or(0));
    let answer = match &result {
        Ok(value) => Answered::Value(value.tell_all(cx).pop().unwrap_or(Told::Nothing)),
        Err(error) => Answered::Refused(error.root_cause().to_string()),
    };
    if let Some(trace) = &mut cx.data_mut().trace {
        trace.push(HostCall { function, arguments: told, answer, fuel_before, fuel });
    }
    result
}
