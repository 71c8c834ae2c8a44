//! `wasi:io`: an input that is at its end, two outputs, and pollables that never wait.
//!
//! Time stands still while a call runs, so a pollable is ready when it is made or never; to wait
//! for one that is not ends the call. A handle's number says all there is to know of it: there is
//! no table.

use wasmtime::component::{ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, WasmList};

use crate::host::{Host, Output, Reason};
use crate::link::{Call, function, interface, resource};
use crate::prices::BYTES_MAX;

pub(crate) const INTERFACES: &[&str] = &["wasi:io/error", "wasi:io/poll", "wasi:io/streams"];

/// A pollable; its number is [`READY`] or [`NEVER`].
pub(crate) struct Pollable;
/// The number of a pollable that is ready.
pub(crate) const READY: u32 = 0;
/// The number of a pollable that is not ready while this call runs.
pub(crate) const NEVER: u32 = 1;

/// The input; there is one.
pub(crate) struct Input;
/// An output; its number says which.
pub(crate) struct OutputStream;
/// What went wrong with a stream; nothing ever does.
struct IoError;

/// The number of an output.
pub(crate) fn number(output: Output) -> u32 {
    match output {
        Output::Stdout => 0,
        Output::Stderr => 1,
    }
}

fn output(stream: &Resource<OutputStream>) -> Output {
    if stream.rep() == number(Output::Stderr) { Output::Stderr } else { Output::Stdout }
}

#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    LastOperationFailed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

type Streamed<T> = (Result<T, StreamError>,);

pub(crate) fn link<H: Host>(linker: &mut Linker<H>) -> wasmtime::Result<()> {
    let error = &mut interface(linker, "wasi:io/error")?;
    resource::<H, IoError>(error, "error")?;
    function(error, "wasi:io/error.[method]error.to-debug-string", |_, (_,): (Resource<IoError>,)| {
        Ok((String::new(),))
    })?;
    poll(&mut interface(linker, "wasi:io/poll")?)?;
    let streams = &mut interface(linker, "wasi:io/streams")?;
    resource::<H, Input>(streams, "input-stream")?;
    resource::<H, OutputStream>(streams, "output-stream")?;
    inputs(streams)?;
    outputs(streams)?;
    zeroes(streams)
}

fn poll<H: Host>(poll: &mut LinkerInstance<'_, H>) -> wasmtime::Result<()> {
    resource::<H, Pollable>(poll, "pollable")?;
    function(poll, "wasi:io/poll.[method]pollable.ready", |_, (pollable,): (Resource<Pollable>,)| {
        Ok((pollable.rep() == READY,))
    })?;
    function(poll, "wasi:io/poll.[method]pollable.block", |call, (pollable,): (Resource<Pollable>,)| {
        if pollable.rep() == READY { Ok(()) } else { Err(call.end(Reason::Wait)) }
    })?;
    function(poll, "wasi:io/poll.poll", |call, (pollables,): (Vec<Resource<Pollable>>,)| {
        call.polled(pollables.len())?;
        if pollables.is_empty() {
            return Err(call.end(Reason::Misuse("a poll needs something to poll")));
        }
        let ready = (0..).zip(&pollables).filter(|(_, pollable)| pollable.rep() == READY);
        let ready: Vec<u32> = ready.map(|(at, _)| at).collect();
        if ready.is_empty() { Err(call.end(Reason::Wait)) } else { Ok((ready,)) }
    })
}

/// The input is at its end: nothing is ever read or skipped.
fn inputs<H: Host>(streams: &mut LinkerInstance<'_, H>) -> wasmtime::Result<()> {
    for name in
        ["wasi:io/streams.[method]input-stream.read", "wasi:io/streams.[method]input-stream.blocking-read"]
    {
        function(streams, name, |_, _: (Resource<Input>, u64)| -> wasmtime::Result<Streamed<Vec<u8>>> {
            Ok((Err(StreamError::Closed),))
        })?;
    }
    for name in
        ["wasi:io/streams.[method]input-stream.skip", "wasi:io/streams.[method]input-stream.blocking-skip"]
    {
        function(streams, name, |_, _: (Resource<Input>, u64)| -> wasmtime::Result<Streamed<u64>> {
            Ok((Err(StreamError::Closed),))
        })?;
    }
    function(streams, "wasi:io/streams.[method]input-stream.subscribe", |call, _: (Resource<Input>,)| {
        Ok((call.handle::<Pollable>(READY)?,))
    })
}

fn outputs<H: Host>(streams: &mut LinkerInstance<'_, H>) -> wasmtime::Result<()> {
    function(
        streams,
        "wasi:io/streams.[method]output-stream.check-write",
        |_, _: (Resource<OutputStream>,)| -> wasmtime::Result<Streamed<u64>> { Ok((Ok(BYTES_MAX),)) },
    )?;
    for name in [
        "wasi:io/streams.[method]output-stream.write",
        "wasi:io/streams.[method]output-stream.blocking-write-and-flush",
    ] {
        function(streams, name, |call, (to, bytes): (Resource<OutputStream>, WasmList<u8>)| {
            write(call, output(&to), &bytes)
        })?;
    }
    for name in [
        "wasi:io/streams.[method]output-stream.flush",
        "wasi:io/streams.[method]output-stream.blocking-flush",
    ] {
        function(streams, name, |_, _: (Resource<OutputStream>,)| -> wasmtime::Result<Streamed<()>> {
            Ok((Ok(()),))
        })?;
    }
    for name in [
        "wasi:io/streams.[method]output-stream.splice",
        "wasi:io/streams.[method]output-stream.blocking-splice",
    ] {
        function(
            streams,
            name,
            |_, _: (Resource<OutputStream>, Resource<Input>, u64)| -> wasmtime::Result<Streamed<u64>> {
                Ok((Err(StreamError::Closed),))
            },
        )?;
    }
    function(
        streams,
        "wasi:io/streams.[method]output-stream.subscribe",
        |call, _: (Resource<OutputStream>,)| Ok((call.handle::<Pollable>(READY)?,)),
    )
}

fn zeroes<H: Host>(streams: &mut LinkerInstance<'_, H>) -> wasmtime::Result<()> {
    for name in [
        "wasi:io/streams.[method]output-stream.write-zeroes",
        "wasi:io/streams.[method]output-stream.blocking-write-zeroes-and-flush",
    ] {
        function(
            streams,
            name,
            |call, (to, count): (Resource<OutputStream>, u64)| -> wasmtime::Result<Streamed<()>> {
                call.bytes(count)?;
                // Within the bound of `bytes`.
                call.cx.data_mut().write(output(&to), &vec![0; count as usize]);
                Ok((Ok(()),))
            },
        )?;
    }
    Ok(())
}

fn write<H: Host>(
    call: &mut Call<'_, '_, H>,
    to: Output,
    bytes: &WasmList<u8>,
) -> wasmtime::Result<Streamed<()>> {
    call.bytes(bytes.len() as u64)?;
    let bytes = bytes.as_le_slice(&*call.cx).to_vec();
    call.cx.data_mut().write(to, &bytes);
    Ok((Ok(()),))
}
