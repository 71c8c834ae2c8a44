//! A host inside a program of your own: started, used and stopped, as often as you like.
//!
//! ```console
//! $ target/release/spellhost build spells/fireball -o fireball.wasm
//! $ cargo run --release -p spellhost-server --example embed-host -- fireball.wasm
//! ```
//!
//! Starts a host twice on one directory. The first publishes the spell; the second finds it there,
//! and its world goes on where the first left it.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::ExitCode;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use spellhost_server::{Config, Ended, ServeError, Stop, serve};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    // A host has strangers' components compiled by a child process, which is this program once more.
    if let Some(code) = spellhost_server::compile_in_child() {
        return code;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<()> {
    let component = std::fs::read(std::env::args().nth(1).ok_or("name a component: embed-host FILE.wasm")?)?;
    let folder = std::env::temp_dir().join(format!("embed-host-{}", std::process::id()));
    for round in 1..=2 {
        let (address, stop, thread) = start(&folder)?;
        println!("round {round}: http://{address}");
        if round == 1 {
            request(address, "POST", "/api/spells", br#"{"spell_id": "ember"}"#)?;
            request(address, "PUT", "/api/spells/ember/revisions", &component)?;
        }
        println!("  draft: {}", request(address, "GET", "/api/channels/draft", b"")?);
        println!("  world: {}", request(address, "GET", "/world/default", b"")?);
        // Stopping saves every world; the next round goes on at the same tick and hash.
        stop.now();
        thread.join().map_err(|_| "the host panicked")??;
    }
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

/// Starts a host on a free port, on a thread of its own, and waits until it answers.
fn start(folder: &std::path::Path) -> Outcome<(SocketAddr, Stop, JoinHandle<Result<Ended, ServeError>>)> {
    let config = Config::local(folder.into());
    let (stop, (ready, listens)) = (Stop::default(), channel());
    let stopper = stop.clone();
    let thread = std::thread::spawn(move || {
        // Whoever waits for the address has it as soon as everything answers.
        serve(
            config,
            move |address| {
                let _ = ready.send(address);
            },
            stopper,
        )
    });
    match listens.recv() {
        Ok(address) => Ok((address, stop, thread)),
        Err(_) => {
            Err(thread.join().map_err(|_| "the host panicked")?.err().map_or("no address".into(), Into::into))
        }
    }
}

/// One request over HTTP; the body of its answer.
fn request(address: SocketAddr, method: &str, path: &str, body: &[u8]) -> Outcome<String> {
    let mut stream = TcpStream::connect(address)?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    )?;
    stream.write_all(body)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("the answer has no end of its head")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status.starts_with('2') { Ok(body.into()) } else { Err(format!("{method} {path}: {body}").into()) }
}
