//! A compiler that its source has taken over: what stands in the first line of `src/lib.rs` is what it does, as far as
//! the cage lets it, and it says how far that was.
//!
//! Compiled by the tests and put where a host looks for `rustc`. All that it does has an end, also where no wall stands:
//! so many processes, so many bytes.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio, exit};
use std::time::Duration;

const MIB: usize = 1 << 20;
const NEW_USER: i32 = 0x1000_0000;
const NEW_MOUNTS: i32 = 0x2_0000;

unsafe extern "C" {
    fn unshare(flags: i32) -> i32;
    fn setuid(user: u32) -> i32;
    fn getuid() -> u32;
    fn kill(process: i32, signal: i32) -> i32;
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let own = std::env::current_exe().ok();
    match arguments.get(1).map(String::as_str) {
        Some("--version") => println!("rustc 9.9.9 (tyrant)"),
        Some("--print=sysroot") => {
            let root = own.as_deref().and_then(Path::parent).and_then(Path::parent).expect("it lies in bin");
            println!("{}", root.display());
        }
        Some("sleep") => std::thread::sleep(Duration::from_secs(300)),
        Some(_) if arguments.iter().any(|argument| argument == "--crate-name=spellhost_sdk") => {
            fs::write("libspellhost_sdk.rlib", "the SDK").expect("a folder to work in");
        }
        _ => obey(&fs::read_to_string("src/lib.rs").expect("source")),
    }
}

fn obey(source: &str) {
    let mut words = source.split_whitespace();
    match words.next().unwrap_or_default() {
        "fork" => fork(words.next().unwrap_or_default()),
        "fill" => fill(),
        "grow" => grow(),
        "litter" => litter(),
        "take" => take(),
        "open" => open(),
        "print" => print(),
        "spin" => spin(),
        "look" => words.for_each(look),
        "rise" => rise(),
        "link" => std::os::unix::fs::symlink("/sdk/libspellhost_sdk.rlib", "spell.wasm").expect("a folder"),
        "nothing" => return,
        other => println!("`{other}` is no order"),
    }
    exit(i32::from(!matches!(source.split_whitespace().next(), Some("link"))));
}

/// The first of many tries that failed.
fn until<T, E: std::fmt::Display>(most: usize, what: &str, mut one: impl FnMut(usize) -> Result<T, E>) {
    let mut kept = Vec::new();
    for number in 0..most {
        match one(number) {
            Ok(got) => kept.push(got),
            Err(error) => return println!("{what} ended after {number}: {error}"),
        }
    }
    println!("{what} went on to {most}");
}

fn fork(mark: &str) {
    until(400, "forking", |_| {
        let mut command = Command::new("/toolchain/bin/rustc");
        command.args(["sleep", mark]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    });
}

fn fill() {
    let piece = vec![7; MIB];
    for folder in ["/work", "/tmp"] {
        until(512, folder, |number| {
            File::options()
                .append(true)
                .create(true)
                .open(format!("{folder}/{}", number / 16))?
                .write_all(&piece)
        });
    }
}

fn grow() {
    let piece = vec![7; MIB];
    let mut file = File::create("spell.wasm").expect("a folder to work in");
    until(256, "growing", |_| file.write_all(&piece));
}

fn litter() {
    until(20_000, "littering", |number| File::create(format!("/work/{number}")).map(drop));
}

fn take() {
    until(64, "taking", |_| {
        let mut piece: Vec<u8> = Vec::new();
        piece.try_reserve_exact(64 * MIB).map(|()| piece)
    });
}

fn open() {
    until(1_000, "opening", |_| File::open("/dev/null"));
}

fn print() {
    let piece = vec![b'x'; MIB];
    // Who reads stops: then this is ended.
    until(64, "printing", |_| std::io::stdout().write_all(&piece));
}

fn spin() {
    let spin = || while std::hint::black_box(true) {};
    (0..4).for_each(|_| drop(std::thread::spawn(spin)));
    spin();
}

fn look(place: &str) {
    if place == "environment" {
        let names: Vec<_> =
            std::env::vars_os().map(|(name, _)| name.into_string().unwrap_or_default()).collect();
        println!("environment: {}", names.join(" "));
    } else if let Ok(entries) = fs::read_dir(place) {
        let mut names: Vec<_> =
            entries.flatten().map(|entry| entry.file_name().into_string().unwrap_or_default()).collect();
        names.sort();
        println!("{place}: {}", names.join(" "));
    } else if let Some(address) = place.strip_prefix("tcp:").and_then(|it| it.to_socket_addrs().ok()?.next())
    {
        let reached = TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_ok();
        println!("{place} {}", if reached { "answers" } else { "is silent" });
    } else if let Some(socket) = place.strip_prefix("unix:") {
        println!("{place} {}", if UnixStream::connect(socket).is_ok() { "answers" } else { "is silent" });
    } else {
        match fs::read(place) {
            Ok(content) => println!("{place} says {}", String::from_utf8_lossy(&content)),
            Err(error) => println!("{place} is hidden: {error}"),
        }
    }
}

/// Tries to become more than it is, and to change what it is shown.
fn rise() {
    let said = |what: &str, done: bool| println!("{what}: {}", if done { "done" } else { "refused" });
    // Safety: calls of the system with numbers alone.
    let (user, again, mounts, root, killed) =
        unsafe { (getuid(), unshare(NEW_USER), unshare(NEW_MOUNTS), setuid(0), kill(1, 9)) };
    println!("user {user}");
    said("a user namespace", again == 0);
    said("a mount namespace", mounts == 0);
    said("root", root == 0);
    // The first process of a namespace takes no signal from inside of it that would end it.
    println!("the first process got a signal: {}", killed == 0);
    for place in [
        "/new",
        "/sdk/new",
        "/toolchain/new",
        "/toolchain/bin/rustc",
        "/dev/new",
        "/toolchain/lib/rustlib/new",
    ] {
        said(place, File::options().write(true).create(true).truncate(false).open(place).is_ok());
    }
}
