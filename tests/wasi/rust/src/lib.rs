//! A spell that asks the standard library for all that WASI could tell: built for wasm32-wasip2.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::time::{Duration, Instant, SystemTime};

use spellhost_sdk::prelude::*;

params! {
    struct Params {
        /// How long it sleeps, in milliseconds.
        sleep: u32 = 0, range = 0..=1000;
    }
}

struct Standard;

impl Spell for Standard {
    fn describe() -> Info {
        // What is written here is nobody's.
        println!("describing");
        Info::new("Standard").description("Asks the standard library.").params::<Params>()
    }

    fn cast(ctx: &Context) -> Result {
        let start = Instant::now();
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        println!("wall {}.{:09}", wall.as_secs(), wall.subsec_nanos());
        println!("chance {:016x}", RandomState::new().hash_one("seed"));
        println!("arguments {} variables {}", std::env::args().count(), std::env::vars().count());
        println!("file {}", std::fs::read("/etc/passwd").is_err());
        println!("socket {}", std::net::TcpStream::connect("127.0.0.1:80").is_err());
        let mut input = Vec::new();
        println!("input {:?}", std::io::stdin().read_to_end(&mut input));
        let counted: HashMap<u32, u32> = (0..16).map(|key| (key, key * key)).collect();
        println!("order {:?}", counted.keys().collect::<Vec<_>>());
        let sleep = Duration::from_millis(Params::from(ctx).sleep.into());
        println!("sleep {sleep:?}");
        eprint!("no end");
        std::thread::sleep(sleep);
        println!("elapsed {:?}", start.elapsed());
        terrain::add_sphere(ctx.target_position, 1.0, Material::STONE);
        Ok(())
    }
}

export_spell!(Standard);
