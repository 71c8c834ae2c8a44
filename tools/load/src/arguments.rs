//! What was typed.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

/// What is done to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Clients follow, cast and are swapped under.
    Crowd,
    /// Clients only count what they are sent.
    Reads,
    /// A path is asked for again and again over HTTP.
    Gets,
    /// Clients join, one after the other, a world that was edited before.
    Joins,
}

/// How the load is made.
pub struct Arguments {
    pub work: Work,
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
    /// So many swaps instead, as fast as the host takes them; then it ends, however long that was.
    pub turns: Option<usize>,
    pub seconds: u64,
    /// Readers that never read.
    pub deaf: usize,
    /// The server sends unasked, so no handshake is made.
    pub bare: bool,
    /// What is asked for.
    pub path: String,
    /// Spheres that are put into the world before anybody joins.
    pub edits: usize,
    /// One JSON object instead of a table.
    pub json: bool,
    pub files: Vec<PathBuf>,
}

impl Arguments {
    /// Reads the command line.
    pub fn read(typed: impl Iterator<Item = String>) -> Result<Self> {
        let mut own = Self {
            work: Work::Crowd,
            server: "127.0.0.1:5000".into(),
            pid: None,
            clients: 64,
            verify: 4,
            casts: 20.0,
            swaps: 100.0,
            turns: None,
            seconds: 120,
            deaf: 0,
            bare: false,
            path: String::new(),
            edits: 0,
            json: false,
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
                "--turns" => own.turns = Some(value()?.parse()?),
                "--seconds" => own.seconds = value()?.parse()?,
                "--deaf" => own.deaf = value()?.parse()?,
                "--edits" => own.edits = value()?.parse()?,
                "--reads" => own.work = Work::Reads,
                "--joins" => own.work = Work::Joins,
                "--gets" => (own.work, own.path) = (Work::Gets, value()?),
                "--bare" => own.bare = true,
                "--json" => own.json = true,
                flag if flag.starts_with('-') => bail!("no flag `{flag}`"),
                file => own.files.push(file.into()),
            }
        }
        own.check()?;
        Ok(own)
    }

    fn check(&self) -> Result<()> {
        if self.verify > self.clients {
            bail!("--verify is at most --clients");
        }
        if self.work == Work::Crowd && self.files.is_empty() {
            bail!("name at least one component to cast");
        }
        if self.turns.is_some() && self.files.len() < 2 {
            bail!("name at least two components to swap");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Arguments> {
        Arguments::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        for wrong in
            ["", "--turns 10 a.wasm", "--clients 2 a.wasm", "--reads --x", "--gets", "--casts x a.wasm"]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let crowd = read("--turns 10 --clients 4 a.wasm b.wasm").expect("a crowd");
        assert_eq!((crowd.work, crowd.turns, crowd.files.len()), (Work::Crowd, Some(10), 2));
        let gets = read("--gets /components/b3:00 --clients 4").expect("gets");
        assert_eq!((gets.work, gets.path.as_str()), (Work::Gets, "/components/b3:00"));
    }
}
