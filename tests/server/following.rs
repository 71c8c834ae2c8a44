//! A follower: a world of its own that takes every frame, and compares every hash.

use spellhost_lockstep::applying::apply_tick;
use spellhost_lockstep::{Pins, pin, reference};
use spellhost_sim::World;
use spellhost_wire::{Digest, Frame};

use super::client::Client;
use super::host::Host;

/// A world that follows the host's.
pub struct Follower {
    world: World,
    pins: Pins,
    /// As it was when the last following began.
    before: Option<World>,
}

impl Follower {
    /// Begins with the host's snapshot.
    pub fn start(host: &Host) -> Self {
        let answer = host.request("GET", "/worlds/default/snapshot", b"");
        assert_eq!(answer.status, 200);
        let world = World::restore(&answer.body).expect("a snapshot");
        assert_eq!(answer.header("spellhost-tick"), Some(world.tick().to_string().as_str()));
        assert_eq!(answer.header("spellhost-state-hash"), Some(world.state_hash().to_string().as_str()));
        assert!(answer.header("spellhost-engine-id").is_some());
        Self { world, pins: Pins::new(), before: None }
    }

    /// The tick that it needs next.
    pub fn tick(&self) -> u64 {
        self.world.tick()
    }

    /// Forgets the last following: what was told in the moment before a crash may not be kept.
    pub fn rewind(&mut self) {
        self.world = self.before.take().expect("it has followed");
    }

    /// Follows to a tick; a frame that is missing or comes out otherwise ends the test.
    pub fn follow(&mut self, host: &Host, frames: &mut Client, until: u64) {
        self.before = Some(self.world.clone());
        while self.world.tick() < until {
            let frame = frames.event("tick_frame", |_| true);
            let frame: Frame = serde_json::from_value(frame).expect("a frame");
            let casts = frame.casts.iter().map(|cast| (&cast.spell_id, cast.revision_id));
            let swaps = frame.swaps.iter().map(|swap| (&swap.spell_id, swap.revision_id));
            for (spell, revision) in casts.chain(swaps) {
                self.pin(host, spell, revision);
            }
            let told = frame.state_hash;
            let report = apply_tick(&mut self.world, &frame, &self.pins)
                .unwrap_or_else(|error| panic!("tick {}: {error}", frame.tick));
            assert_eq!(report.state_hash.0, told.0, "tick {}", frame.tick);
        }
    }

    fn pin(&mut self, host: &Host, spell: &str, revision: Digest) {
        if self.pins.get(revision).is_some() {
            return;
        }
        let manifest =
            host.request("GET", &format!("/api/spells/{spell}/revisions/{revision}/manifest"), b"");
        let own = reference(&manifest.body).expect("a manifest");
        self.pins.insert(&pin(&own, &manifest.text())).expect("a pin");
    }
}
