//! `wasi:filesystem` and `wasi:sockets`: they link, and every use is refused.
//!
//! There is no directory to start from and no socket is ever made, so of most functions a guest
//! cannot even have the handle that they need.

use wasmtime::component::{Linker, LinkerInstance, Resource};

use crate::host::Host;
use crate::link::{function, interface, refusal, resource};

/// An interface, its resources, and its functions as `interface.function`.
type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const ROWS: &[Row] = &[
    (
        "wasi:filesystem/types",
        &["descriptor", "directory-entry-stream"],
        &[
            "wasi:filesystem/types.[method]descriptor.read-via-stream",
            "wasi:filesystem/types.[method]descriptor.write-via-stream",
            "wasi:filesystem/types.[method]descriptor.append-via-stream",
            "wasi:filesystem/types.[method]descriptor.advise",
            "wasi:filesystem/types.[method]descriptor.sync-data",
            "wasi:filesystem/types.[method]descriptor.get-flags",
            "wasi:filesystem/types.[method]descriptor.get-type",
            "wasi:filesystem/types.[method]descriptor.set-size",
            "wasi:filesystem/types.[method]descriptor.set-times",
            "wasi:filesystem/types.[method]descriptor.read",
            "wasi:filesystem/types.[method]descriptor.write",
            "wasi:filesystem/types.[method]descriptor.read-directory",
            "wasi:filesystem/types.[method]descriptor.sync",
            "wasi:filesystem/types.[method]descriptor.create-directory-at",
            "wasi:filesystem/types.[method]descriptor.stat",
            "wasi:filesystem/types.[method]descriptor.stat-at",
            "wasi:filesystem/types.[method]descriptor.set-times-at",
            "wasi:filesystem/types.[method]descriptor.link-at",
            "wasi:filesystem/types.[method]descriptor.open-at",
            "wasi:filesystem/types.[method]descriptor.readlink-at",
            "wasi:filesystem/types.[method]descriptor.remove-directory-at",
            "wasi:filesystem/types.[method]descriptor.rename-at",
            "wasi:filesystem/types.[method]descriptor.symlink-at",
            "wasi:filesystem/types.[method]descriptor.unlink-file-at",
            "wasi:filesystem/types.[method]descriptor.is-same-object",
            "wasi:filesystem/types.[method]descriptor.metadata-hash",
            "wasi:filesystem/types.[method]descriptor.metadata-hash-at",
            "wasi:filesystem/types.[method]directory-entry-stream.read-directory-entry",
            "wasi:filesystem/types.filesystem-error-code",
        ],
    ),
    ("wasi:sockets/network", &["network"], &["wasi:sockets/network.network-error-code"]),
    (
        "wasi:sockets/ip-name-lookup",
        &["resolve-address-stream"],
        &[
            "wasi:sockets/ip-name-lookup.resolve-addresses",
            "wasi:sockets/ip-name-lookup.[method]resolve-address-stream.resolve-next-address",
            "wasi:sockets/ip-name-lookup.[method]resolve-address-stream.subscribe",
        ],
    ),
    (
        "wasi:sockets/tcp",
        &["tcp-socket"],
        &[
            "wasi:sockets/tcp.[method]tcp-socket.start-bind",
            "wasi:sockets/tcp.[method]tcp-socket.finish-bind",
            "wasi:sockets/tcp.[method]tcp-socket.start-connect",
            "wasi:sockets/tcp.[method]tcp-socket.finish-connect",
            "wasi:sockets/tcp.[method]tcp-socket.start-listen",
            "wasi:sockets/tcp.[method]tcp-socket.finish-listen",
            "wasi:sockets/tcp.[method]tcp-socket.accept",
            "wasi:sockets/tcp.[method]tcp-socket.local-address",
            "wasi:sockets/tcp.[method]tcp-socket.remote-address",
            "wasi:sockets/tcp.[method]tcp-socket.is-listening",
            "wasi:sockets/tcp.[method]tcp-socket.address-family",
            "wasi:sockets/tcp.[method]tcp-socket.set-listen-backlog-size",
            "wasi:sockets/tcp.[method]tcp-socket.keep-alive-enabled",
            "wasi:sockets/tcp.[method]tcp-socket.set-keep-alive-enabled",
            "wasi:sockets/tcp.[method]tcp-socket.keep-alive-idle-time",
            "wasi:sockets/tcp.[method]tcp-socket.set-keep-alive-idle-time",
            "wasi:sockets/tcp.[method]tcp-socket.keep-alive-interval",
            "wasi:sockets/tcp.[method]tcp-socket.set-keep-alive-interval",
            "wasi:sockets/tcp.[method]tcp-socket.keep-alive-count",
            "wasi:sockets/tcp.[method]tcp-socket.set-keep-alive-count",
            "wasi:sockets/tcp.[method]tcp-socket.hop-limit",
            "wasi:sockets/tcp.[method]tcp-socket.set-hop-limit",
            "wasi:sockets/tcp.[method]tcp-socket.receive-buffer-size",
            "wasi:sockets/tcp.[method]tcp-socket.set-receive-buffer-size",
            "wasi:sockets/tcp.[method]tcp-socket.send-buffer-size",
            "wasi:sockets/tcp.[method]tcp-socket.set-send-buffer-size",
            "wasi:sockets/tcp.[method]tcp-socket.subscribe",
            "wasi:sockets/tcp.[method]tcp-socket.shutdown",
        ],
    ),
    ("wasi:sockets/tcp-create-socket", &[], &["wasi:sockets/tcp-create-socket.create-tcp-socket"]),
    (
        "wasi:sockets/udp",
        &["udp-socket", "incoming-datagram-stream", "outgoing-datagram-stream"],
        &[
            "wasi:sockets/udp.[method]udp-socket.start-bind",
            "wasi:sockets/udp.[method]udp-socket.finish-bind",
            "wasi:sockets/udp.[method]udp-socket.stream",
            "wasi:sockets/udp.[method]udp-socket.local-address",
            "wasi:sockets/udp.[method]udp-socket.remote-address",
            "wasi:sockets/udp.[method]udp-socket.address-family",
            "wasi:sockets/udp.[method]udp-socket.unicast-hop-limit",
            "wasi:sockets/udp.[method]udp-socket.set-unicast-hop-limit",
            "wasi:sockets/udp.[method]udp-socket.receive-buffer-size",
            "wasi:sockets/udp.[method]udp-socket.set-receive-buffer-size",
            "wasi:sockets/udp.[method]udp-socket.send-buffer-size",
            "wasi:sockets/udp.[method]udp-socket.set-send-buffer-size",
            "wasi:sockets/udp.[method]udp-socket.subscribe",
            "wasi:sockets/udp.[method]incoming-datagram-stream.receive",
            "wasi:sockets/udp.[method]incoming-datagram-stream.subscribe",
            "wasi:sockets/udp.[method]outgoing-datagram-stream.check-send",
            "wasi:sockets/udp.[method]outgoing-datagram-stream.send",
            "wasi:sockets/udp.[method]outgoing-datagram-stream.subscribe",
        ],
    ),
    ("wasi:sockets/udp-create-socket", &[], &["wasi:sockets/udp-create-socket.create-udp-socket"]),
];

/// A directory, file, socket or network. Of networks alone there are handles, and they are good for
/// nothing.
struct Nothing;

const PREOPENS: &str = "wasi:filesystem/preopens";
const NETWORK: &str = "wasi:sockets/instance-network";

pub(crate) fn interfaces() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|(interface, _, _)| *interface).chain([PREOPENS, NETWORK])
}

pub(crate) fn link<H: Host>(linker: &mut Linker<H>) -> wasmtime::Result<()> {
    for (name, resources, functions) in ROWS {
        let interface = &mut interface(linker, name)?;
        resources.iter().try_for_each(|name| resource::<H, Nothing>(interface, name))?;
        functions.iter().try_for_each(|name| refusal(interface, name))?;
    }
    network(&mut interface(linker, NETWORK)?)?;
    function(&mut interface(linker, PREOPENS)?, "wasi:filesystem/preopens.get-directories", |_, (): ()| {
        Ok((Vec::<(Resource<Nothing>, String)>::new(),))
    })
}

/// The network of which nothing comes.
fn network<H: Host>(interface: &mut LinkerInstance<'_, H>) -> wasmtime::Result<()> {
    function(interface, "wasi:sockets/instance-network.instance-network", |call, (): ()| {
        Ok((call.handle::<Nothing>(0)?,))
    })
}
