//! What was typed.

use std::path::PathBuf;

use clap::Parser;

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

const EXAMPLES: &str = "\
Examples:
  spellhost serve & HOST=$!
  spellhost-load --pid $HOST --clients 64 --verify 16 --swaps 100 a.wasm b.wasm   two minutes of casts and swaps
  spellhost-load --pid $HOST --clients 2 --turns 20000 a.wasm b.wasm              swaps as fast as they go: is memory flat?
  spellhost-load --pid $HOST --reads --clients 1000 --seconds 10                  clients that only read
  spellhost-load --joins --edits 1000 --clients 9                                 who joins an edited world late

The exit code is 1 where a client was disconnected or differs, where a swap did not reach every client in its tick, and
after --turns where memory grew by more than a fiftieth in the second half of them.";

/// Many clients of one host at once: what they see, and what they cost.
#[derive(Parser)]
#[command(name = "spellhost-load", after_help = EXAMPLES)]
pub struct Arguments {
    /// The host's address
    #[arg(long, default_value = "127.0.0.1:5000", value_name = "HOST:PORT")]
    pub server: String,
    /// The host's process, for its memory and its processor time
    #[arg(long)]
    pub pid: Option<u32>,
    #[arg(long, default_value_t = 64, help = "How many clients")]
    pub clients: usize,
    /// How many of them run every call themselves; the others apply effects
    #[arg(long, default_value_t = 4)]
    pub verify: usize,
    /// Casts a second, over all clients
    #[arg(long, default_value_t = 20.0)]
    pub casts: f64,
    /// Swaps a minute
    #[arg(long, default_value_t = 100.0)]
    pub swaps: f64,
    /// So many swaps instead, as fast as the host takes them; then it ends, however long that was
    #[arg(long)]
    pub turns: Option<usize>,
    #[arg(long, default_value_t = 120, help = "How long")]
    pub seconds: u64,
    /// Clients only count what they are sent
    #[arg(long, group = "work")]
    reads: bool,
    /// Clients join, one after the other, a world that was edited before
    #[arg(long, group = "work")]
    joins: bool,
    /// A path is asked for again and again over HTTP
    #[arg(long, group = "work", value_name = "PATH")]
    gets: Option<String>,
    /// Readers that never read
    #[arg(long, default_value_t = 0)]
    pub deaf: usize,
    /// The server sends unasked, so no handshake is made
    #[arg(long)]
    pub bare: bool,
    /// Spheres that are put into the world before anybody joins
    #[arg(long, default_value_t = 0)]
    pub edits: usize,
    /// One JSON object instead of a table
    #[arg(long)]
    pub json: bool,
    /// Components: the first is the spell that is cast, the others are swapped in, one after the other
    pub files: Vec<PathBuf>,
}

impl Arguments {
    /// What is to be done.
    pub fn work(&self) -> Work {
        match (&self.gets, self.reads, self.joins) {
            (Some(_), ..) => Work::Gets,
            (None, true, _) => Work::Reads,
            (None, _, true) => Work::Joins,
            (None, false, false) => Work::Crowd,
        }
    }

    /// What is asked for over HTTP.
    pub fn path(&self) -> &str {
        self.gets.as_deref().unwrap_or_default()
    }

    /// What is wrong with what was typed, beyond its form.
    ///
    /// # Errors
    /// In words.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.verify > self.clients {
            return Err("--verify is at most --clients");
        }
        if self.work() == Work::Crowd && self.files.is_empty() {
            return Err("name at least one component to cast");
        }
        if self.turns.is_some() && self.files.len() < 2 {
            return Err("name at least two components to swap");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<Arguments> {
        let typed = ["spellhost-load"].into_iter().chain(line.split_whitespace());
        Arguments::try_parse_from(typed).ok().filter(|read| read.check().is_ok())
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        for wrong in
            ["", "--turns 10 a.wasm", "--clients 2 a.wasm", "--reads --x", "--gets", "--casts x a.wasm"]
        {
            assert!(read(wrong).is_none(), "{wrong}");
        }
        let crowd = read("--turns 10 --clients 4 a.wasm b.wasm").expect("a crowd");
        assert_eq!((crowd.work(), crowd.turns, crowd.files.len()), (Work::Crowd, Some(10), 2));
        let gets = read("--gets /components/b3:00 --clients 4").expect("gets");
        assert_eq!((gets.work(), gets.path()), (Work::Gets, "/components/b3:00"));
    }
}
