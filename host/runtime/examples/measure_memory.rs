//! Measures whether resident memory stays flat: after a thousand and after a million casts, and
//! after ten thousand swaps of components that are each compiled anew.
//!
//! Prints one JSON object a line. Linux only, since it reads `/proc/self/statm`.
//!
//! ```console
//! $ cargo run --release -p spellhost -p spellhost-runtime --example measure_memory [CASTS SWAPS]
//! ```

#[path = "../tests/arena.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod arena;
#[path = "../tests/guest.rs"]
#[allow(dead_code, reason = "shared with the tests, which use all of it")]
mod guest;

use std::error::Error;

use spellhost_runtime::{Codegen, Component};
use spellhost_sim::{CastRequest, Inputs};

use crate::arena::{Arena, load, revision as revision_of};
use crate::guest::Guest;

/// How many casts enter in a tick.
const CASTS_PER_TICK: usize = 50;
/// Little, so that one player may cast so often.
const GRANT_FUEL: u64 = 1_000;
const PAGE_BYTES: u64 = 4096;

fn main() -> Result<(), Box<dyn Error>> {
    let mut counts = std::env::args().skip(1).map(|count| count.parse::<usize>());
    let casts = counts.next().transpose()?.unwrap_or(1_000_000);
    let swaps = counts.next().transpose()?.unwrap_or(10_000);
    let mut arena = Arena::new(Codegen::Native, 2);
    let component = revision(0)?;
    cast(&mut arena, &component, 1_000);
    tell("1,000 casts", resident()?);
    cast(&mut arena, &component, casts.saturating_sub(1_000));
    tell(&format!("{} casts", grouped(casts)), resident()?);
    for at in 1..=swaps {
        let component = revision(at)?;
        let swap = arena.swap(&component);
        arena.play(Inputs { swaps: vec![swap], ..Inputs::default() });
        cast(&mut arena, &component, 1);
        arena.library.retain(&arena.world, &[component.digest()]);
        if at == 100 {
            tell("100 swaps", resident()?);
        }
    }
    tell(&format!("{} swaps", grouped(swaps)), resident()?);
    Ok(())
}

/// A component like the one before, in other bytes.
fn revision(number: usize) -> Result<Component, Box<dyn Error>> {
    let guest = Guest::new().import("random.next").data(9000, &format!("revision {number}"));
    Ok(load(&guest.cast("(drop (call $random.next))"), Codegen::Native)?)
}

fn cast(arena: &mut Arena, component: &Component, count: usize) {
    let mut left = count;
    while left > 0 {
        let now = left.min(CASTS_PER_TICK);
        let revision = revision_of(component, GRANT_FUEL);
        let casts = (0..now).map(|_| CastRequest { revision, ..arena.request(component) }).collect();
        let played = arena.play(Inputs { casts, ..Inputs::default() });
        assert!(played.report.calls.iter().all(|call| call.outcome.is_applied()), "every cast is applied");
        left -= played.report.calls.len().max(1).min(left);
    }
}

fn resident() -> Result<u64, Box<dyn Error>> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm.split(' ').nth(1).ok_or("no resident pages")?.parse()?;
    Ok(pages * PAGE_BYTES)
}

fn tell(after: &str, bytes: u64) {
    let row = format!("resident memory after {after}");
    println!(r#"{{"bench":"casting","row":"{row}","unit":"bytes","median":{bytes},"minimum":{bytes}}}"#);
}

fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(",")
}
