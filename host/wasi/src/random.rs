//! `wasi:random`: three interfaces, one stream, which the call's seed decides.

use wasmtime::component::Linker;

use crate::host::Host;
use crate::link::{Call, function, interface};

pub(crate) const INTERFACES: &[&str] =
    &["wasi:random/random", "wasi:random/insecure", "wasi:random/insecure-seed"];

pub(crate) fn link<H: Host>(linker: &mut Linker<H>) -> wasmtime::Result<()> {
    let random = &mut interface(linker, "wasi:random/random")?;
    function(random, "wasi:random/random.get-random-bytes", bytes)?;
    function(random, "wasi:random/random.get-random-u64", |call, (): ()| Ok((call.cx.data_mut().draw(),)))?;
    let insecure = &mut interface(linker, "wasi:random/insecure")?;
    function(insecure, "wasi:random/insecure.get-insecure-random-bytes", bytes)?;
    function(insecure, "wasi:random/insecure.get-insecure-random-u64", |call, (): ()| {
        Ok((call.cx.data_mut().draw(),))
    })?;
    let seed = &mut interface(linker, "wasi:random/insecure-seed")?;
    function(seed, "wasi:random/insecure-seed.insecure-seed", |call, (): ()| {
        let host = call.cx.data_mut();
        Ok(((host.draw(), host.draw()),))
    })
}

fn bytes<H: Host>(call: &mut Call<'_, '_, H>, (count,): (u64,)) -> wasmtime::Result<(Vec<u8>,)> {
    call.bytes(count)?;
    let host = call.cx.data_mut();
    let words = (0..count.div_ceil(8)).flat_map(|_| host.draw().to_le_bytes());
    // Within the bound of `Call::bytes`.
    Ok((words.take(count as usize).collect(),))
}
