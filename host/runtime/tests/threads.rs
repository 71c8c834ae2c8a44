//! Results do not depend on how many threads cast.

use spellhost_runtime::{Codegen, Component};
use spellhost_sim::Inputs;

use crate::arena::{Arena, load};
use crate::guest::{Field, Guest, SCRATCH, bytes, sphere};

/// A spell that digs where chance says, and goes on doing so.
fn digger() -> Guest {
    let mut op = sphere([0.0, -2.0, 0.0], 2.0, 0, 1);
    op[2] = Field::F64(0.0);
    Guest::new()
        .import("random.next")
        .import("terrain.apply")
        .import("timers.wake-after")
        .data(SCRATCH, &bytes(&op))
        .items(
            "(func $dig
               (f64.store offset=8 (i32.const 4096)
                 (f64.convert_i64_s (i64.rem_s (call $random.next) (i64.const 30))))
               (call $terrain.apply (i32.const 4096) (i32.const 1))
               (call $timers.wake-after (i32.const 1) (i32.const 1)))",
        )
        .cast("(call $dig)")
        .on_event("(call $dig)")
}

fn hashes(component: &Component, threads: usize) -> Vec<String> {
    let mut arena = Arena::new(Codegen::Native, threads);
    let mut hashes = Vec::new();
    for at in 0..8 {
        let player = arena.spawn([at * 3, 1, at]);
        let casts = vec![spellhost_sim::CastRequest { caster: player, ..arena.request(component) }];
        let played = arena.play(Inputs { casts, ..Inputs::default() });
        assert!(played.notes.is_sorted_by_key(|note| note.id));
        hashes.push(format!("{:?}", played.report.state_hash));
    }
    hashes.extend(arena.idle(20).into_iter().map(|tick| format!("{:?}", tick.report.state_hash)));
    hashes
}

#[test]
fn one_thread_and_four_agree_at_every_tick() {
    let component = load(&digger(), Codegen::Native).unwrap_or_else(|rejection| panic!("{rejection}"));
    let one = hashes(&component, 1);
    assert_eq!(one, hashes(&component, 4));
    assert_eq!(one, hashes(&component, 3));
    assert_ne!(one[0], one[1]);
}
