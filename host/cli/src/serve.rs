//! `spellhost serve`: the host server, until a signal ends it.
//!
//! Reads where to listen and where to keep things; everything else is the server's.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs as _};
use std::path::{Path, PathBuf};

use serde_json::json;
use spellhost_server::{Builds, Config, Ended, Model, ServeError, Stop};
use spellhost_store::StoreError;

use crate::allow::AllowFlags;
use crate::interrupt::Interrupt;
use crate::problem::Problem;
use crate::screen::Screen;
use crate::watching::{Own, Watching};

const EXAMPLES: &str = "\
Examples:
  spellhost serve                                     a host at http://127.0.0.1:5000
  spellhost serve --data /srv/spells --listen :0      another directory, any free port
  spellhost serve --listen 0.0.0.0:5000 --allow-guests
  spellhost serve --watch spells/ember                every save is built and swapped in

Without --listen the variables HOST and PORT are asked. The operator's token is taken from
SPELLHOST_OPERATOR_TOKEN, or made at the first start and kept in the data directory.

Builds from a prompt ask the model at SPELLHOST_MODEL_URL (OpenAI-compatible, Ollama included), by
the name SPELLHOST_MODEL_NAME and with the key SPELLHOST_MODEL_KEY where it wants one.";

/// Where everything is kept without a flag.
const DATA: &str = "./.spellhost";

/// Serve worlds, spells and their channels over HTTP and WebSockets
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Where everything is kept
    #[arg(long, env = "SPELLHOST_DATA", default_value = DATA, value_name = "DIR")]
    data: PathBuf,
    /// Where to listen; port 0 picks a free one [default: 127.0.0.1:5000]
    #[arg(long, env = "SPELLHOST_LISTEN", value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Let anybody log in on an address that is not loopback
    #[arg(long, env = "SPELLHOST_ALLOW_GUESTS", value_parser = clap::builder::FalseyValueParser::new())]
    allow_guests: bool,
    /// An origin beside this host's own whose pages may change things; may be given again
    #[arg(long, env = "SPELLHOST_ALLOW_ORIGIN", value_name = "ORIGIN", value_delimiter = ',')]
    allow_origin: Vec<String>,
    /// What the outside calls this host, behind a proxy
    #[arg(long, env = "SPELLHOST_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// What it takes.
    #[command(flatten)]
    allow: AllowFlags,
    /// Build and swap in what is saved here: a spell's folder, a component, or a folder of spells' folders
    #[arg(long, env = "SPELLHOST_WATCH", value_name = "DIR")]
    watch: Option<PathBuf>,
    /// Threads that cast [default: one a core]
    #[arg(long, env = "SPELLHOST_THREADS", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Builds from source at once [default: half the cores]
    #[arg(long, env = "SPELLHOST_BUILD_WORKERS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    build_workers: Option<u16>,
    /// Builds that wait at most; one more is refused
    #[arg(long, env = "SPELLHOST_BUILD_QUEUE", value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    build_queue: u16,
    /// How long the compiler of one build may take, in seconds
    #[arg(long, env = "SPELLHOST_BUILD_SECONDS", value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..))]
    build_seconds: u16,
    /// Let compilers of strangers' source run without a sandbox: they see what this host sees
    #[arg(long, env = "SPELLHOST_UNSANDBOXED_BUILDS", value_parser = clap::builder::FalseyValueParser::new())]
    unsandboxed_builds: bool,
}

/// Runs the command; 0 after SIGTERM and draining, 130 after Ctrl-C and draining.
///
/// # Errors
/// Where it cannot start: the address, the data directory, a public address without authentication.
pub fn serve(args: &Args, screen: Screen, interrupt: &Interrupt) -> Result<u8, Problem> {
    let config = config(args)?;
    let watching = args.watch.as_deref().map(Watching::start).transpose()?;
    let (data, operator) = (config.data.clone(), config.operator_token.clone());
    let is_open = config.is_open();
    let stop = Stop::default();
    interrupt.drain();
    let stopper = stop.clone();
    interrupt.tell(move || stopper.now());
    let ready = |address: SocketAddr| {
        if screen.is_json() {
            screen.object(&json!({"event": "listening", "address": address.to_string()}));
        } else {
            screen.print(&format!("listening on http://{address}\n"));
        }
        let Some(watching) = watching else { return };
        let kept =
            || std::fs::read_to_string(data.join("operator.token")).map(|token| token.trim().to_owned());
        // The host has made it by now.
        let token = operator.unwrap_or_else(|| kept().unwrap_or_default());
        let here = if address.ip().is_unspecified() { local(address) } else { address };
        let own = Own { server: format!("http://{here}"), token, is_open };
        let interrupt = interrupt.clone();
        std::thread::spawn(move || watching.publish(&own, screen, &interrupt));
    };
    let ended = spellhost_server::serve(config, ready, stop).map_err(|error| refused(&error, &args.data))?;
    // The server has heard of the signal itself, perhaps before this program did.
    interrupt.accept();
    Ok(if ended == Ended::Interrupted { 130 } else { 0 })
}

/// This machine's own name for an address that stands for all of its addresses.
fn local(address: SocketAddr) -> SocketAddr {
    let ip = if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    SocketAddr::new(ip, address.port())
}

fn config(args: &Args) -> Result<Config, Problem> {
    let listen = address(args)?;
    let operator_token = std::env::var("SPELLHOST_OPERATOR_TOKEN").ok().filter(|token| !token.is_empty());
    if !listen.ip().is_loopback() && !args.allow_guests && operator_token.is_none() {
        let message = format!("{listen} is a public address, and nobody could log in there");
        return Err(Problem::usage("public_address", message)
            .hint("spellhost serve --listen 127.0.0.1:5000")
            .hint("set SPELLHOST_OPERATOR_TOKEN, or --allow-guests to let anybody in"));
    }
    let is_url = |url: &String| url.starts_with("http://") || url.starts_with("https://");
    if let Some(url) = args.public_url.as_ref().filter(|url| !is_url(url)) {
        return Err(Problem::usage("public_url", format!("`{url}` is no address that clients could open"))
            .hint("spellhost serve --public-url https://spells.example.org"));
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(Config {
        data: args.data.clone(),
        listen,
        operator_token,
        allow_guests: args.allow_guests,
        allow_origin: args.allow_origin.clone(),
        allow: args.allow.interfaces().to_vec(),
        public_url: args.public_url.clone(),
        secret_key: std::env::var("SECRET_KEY").ok().filter(|key| !key.is_empty()),
        probe: crate::keeping::probe,
        threads: args.threads.map_or(threads, usize::from),
        builds: Builds {
            workers: args.build_workers.map_or((threads / 2).max(1), usize::from),
            queue: args.build_queue.into(),
            seconds: args.build_seconds.into(),
            unsandboxed: args.unsandboxed_builds,
            model: model()?,
        },
    })
}

/// What writes spells from prompts, where the environment names it.
fn model() -> Result<Option<Model>, Problem> {
    let Some(url) = variable("SPELLHOST_MODEL_URL") else { return Ok(None) };
    if !url.starts_with("http://") && !url.starts_with("https://") {
        let message = "SPELLHOST_MODEL_URL is no address of a model";
        return Err(Problem::usage("model", message).hint("SPELLHOST_MODEL_URL=http://127.0.0.1:11434/v1"));
    }
    let name = variable("SPELLHOST_MODEL_NAME").ok_or_else(|| {
        Problem::usage("model", "SPELLHOST_MODEL_URL is set, and SPELLHOST_MODEL_NAME is not")
            .hint("SPELLHOST_MODEL_NAME=the-name-of-the-model")
    })?;
    Ok(Some(Model { url, key: variable("SPELLHOST_MODEL_KEY"), name }))
}

/// Where things are kept without a flag, here and now.
pub(crate) fn default_data() -> PathBuf {
    variable("SPELLHOST_DATA").unwrap_or_else(|| DATA.into()).into()
}

/// Where `serve` listens without a flag, here and now, and whether it could.
pub(crate) fn default_address() -> (String, std::io::Result<()>) {
    let text = listening(variable("SPELLHOST_LISTEN").as_deref());
    let bound = TcpListener::bind(&text).map(drop);
    (text, bound)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The address that `listen` means; without it that of `HOST` and `PORT`, and the default.
fn listening(listen: Option<&str>) -> String {
    match listen {
        Some(listen) if listen.starts_with(':') => format!("127.0.0.1{listen}"),
        Some(listen) => listen.to_owned(),
        None => {
            let (host, port) = (variable("HOST"), variable("PORT"));
            format!("{}:{}", host.as_deref().unwrap_or("127.0.0.1"), port.as_deref().unwrap_or("5000"))
        }
    }
}

/// Where to listen: the flag, then `HOST` and `PORT`, then the default.
fn address(args: &Args) -> Result<SocketAddr, Problem> {
    resolved(&listening(args.listen.as_deref()))
}

fn resolved(text: &str) -> Result<SocketAddr, Problem> {
    let wrong = || {
        Problem::usage("listen", format!("`{text}` is no address to listen on"))
            .hint("ADDRESS:PORT, for example 127.0.0.1:5000")
    };
    text.to_socket_addrs().ok().and_then(|mut found| found.next()).ok_or_else(wrong)
}

/// Where a world that is played here is served: on any free port of this machine where nobody says.
///
/// # Errors
/// An address that is none, or not this machine's alone.
pub fn own_address(listen: Option<&str>) -> Result<SocketAddr, Problem> {
    let address = resolved(&listening(Some(listen.unwrap_or(":0"))))?;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    let message = format!("{address} is a public address, and `run` serves this machine alone");
    Err(Problem::usage("public_address", message)
        .hint("spellhost run DIR --listen 127.0.0.1:5000")
        .hint("`spellhost serve --watch DIR` serves others"))
}

/// Why a world that is played here is not served, or not with this revision.
pub fn unserved(error: &ServeError) -> Problem {
    let mut problem = Problem::usage(error.code(), error.to_string());
    if let Some(source) = std::error::Error::source(error) {
        problem = problem.because(source);
    }
    match error {
        ServeError::Listen { .. } => problem.hint("spellhost run DIR --listen 127.0.0.1:0"),
        _ => problem,
    }
}

/// Why a host does not start, with what to do next.
pub fn refused(error: &ServeError, data: &Path) -> Problem {
    let mut problem = Problem::usage(error.code(), error.to_string());
    if let Some(source) = std::error::Error::source(error) {
        problem = problem.because(source);
    }
    match error {
        ServeError::Listen { .. } => problem.hint("spellhost serve --listen 127.0.0.1:0"),
        ServeError::Store { data, source: StoreError::JournalDamaged { .. } } => {
            problem.hint(format!("spellhost recover --data {} --from database", data.display()))
        }
        ServeError::Store { data, source: StoreError::DatabaseDamaged { .. } } => {
            problem.hint(format!("spellhost recover --data {}", data.display()))
        }
        ServeError::Store { .. } => problem.hint("spellhost serve --data ANOTHER-DIRECTORY"),
        ServeError::World { world, .. } if error.code() == "frames_damaged" => {
            let frames = data.join("frames").join(world);
            problem.hint(format!("mv {} ASIDE: it goes on from its last snapshot", frames.display()))
        }
        ServeError::World { .. } if error.code() == "corrupt" => {
            problem.hint(format!("spellhost fsck --data {}", data.display()))
        }
        _ => problem,
    }
}
