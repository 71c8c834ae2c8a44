//! What was typed.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

/// How the load is made.
pub struct Arguments {
    pub server: String,
    /// The host's process, for its memory and its processor time.
    pub pid: Option<u32>,
    pub clients: usize,
    /// How many of them run every call themselves; the others apply.
    pub verify: usize,
    /// Casts a second, over all clients.
    pub casts: f64,
    /// Swaps a minute.
    pub swaps: f64,
    pub seconds: u64,
    /// Clients only count what they are sent.
    pub reads: bool,
    /// The server sends unasked, so no handshake is made.
    pub bare: bool,
    pub files: Vec<PathBuf>,
}

impl Arguments {
    /// Reads the command line.
    pub fn read(typed: impl Iterator<Item = String>) -> Result<Self> {
        let mut own = Self {
            server: "127.0.0.1:5000".into(),
            pid: None,
            clients: 64,
            verify: 4,
            casts: 20.0,
            swaps: 100.0,
            seconds: 120,
            reads: false,
            bare: false,
            files: Vec::new(),
        };
        let mut typed = typed;
        while let Some(word) = typed.next() {
            let mut value = || typed.next().with_context(|| format!("{word} wants a value"));
            match word.as_str() {
                "--server" => own.server = value()?,
                "--pid" => own.pid = Some(value()?.parse()?),
                "--clients" => own.clients = value()?.parse()?,
                "--verify" => own.verify = value()?.parse()?,
                "--casts" => own.casts = value()?.parse()?,
                "--swaps" => own.swaps = value()?.parse()?,
                "--seconds" => own.seconds = value()?.parse()?,
                "--reads" => own.reads = true,
                "--bare" => own.bare = true,
                flag if flag.starts_with('-') => bail!("no flag `{flag}`"),
                file => own.files.push(file.into()),
            }
        }
        if own.verify > own.clients {
            bail!("--verify is at most --clients");
        }
        if !own.reads && own.files.is_empty() {
            bail!("name at least one component to cast");
        }
        Ok(own)
    }
}
