//! A guard on a publish: counts how the first calls of a revision end in one world.
//!
//! Knows counts and ticks; what is done where too many go wrong is the host's.

use spellhost_sim::{CallReport, Channel, Digest, Outcome, SpellId};

use crate::limits::{GUARD_CALLS, GUARD_CALLS_LEAST, GUARD_TICKS};

/// A revision that is watched.
#[derive(Clone, Debug)]
pub struct Guard {
    /// The spell.
    pub spell: SpellId,
    /// The channel that was moved.
    pub channel: Channel,
    /// What it was moved to.
    pub revision: Digest,
    /// The share of calls that may go wrong, 0 to 1.
    pub rate: f64,
    /// Calls so far.
    pub calls: u64,
    /// Those of them that went wrong.
    pub wrong: u64,
    /// The tick with which it ends.
    until: u64,
}

/// What a guard says after a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It goes on.
    Watches,
    /// Too many calls went wrong.
    Trips,
    /// Enough was seen.
    Ends,
}

/// Whether a call ended as none should: it trapped, met a limit, or asked for what cannot be. A spell that
/// returns an error of its own is in order.
pub fn is_wrong(outcome: &Outcome) -> bool {
    !matches!(outcome, Outcome::Applied { .. } | Outcome::Failed { .. } | Outcome::Refused(_))
}

impl Guard {
    /// A guard from a tick on.
    pub fn new(spell: SpellId, channel: Channel, revision: Digest, rate: f64, tick: u64) -> Self {
        Self { spell, channel, revision, rate, calls: 0, wrong: 0, until: tick + GUARD_TICKS }
    }

    /// Counts the calls of a tick, and says what follows.
    pub fn see(&mut self, tick: u64, calls: &[CallReport]) -> Finding {
        for call in calls.iter().filter(|call| call.revision.id == self.revision) {
            if self.calls < GUARD_CALLS {
                self.calls += 1;
                self.wrong += u64::from(is_wrong(&call.outcome));
            }
        }
        let ends = self.calls >= GUARD_CALLS || tick >= self.until;
        // Of one call nothing can be said while others may follow.
        let of = if ends { self.calls.max(1) } else { self.calls.max(GUARD_CALLS_LEAST) };
        match (self.wrong as f64 > self.rate * of as f64, ends) {
            (true, _) => Finding::Trips,
            (false, true) => Finding::Ends,
            (false, false) => Finding::Watches,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spellhost_sim::{CallId, CallLimits, CastId, Entry, RevisionRef};

    fn call(outcome: Outcome) -> CallReport {
        let digest = Digest([1; 32]);
        let limits = CallLimits::default();
        let revision = RevisionRef {
            id: digest,
            component: digest,
            cooldown: 0,
            mana: 0,
            grant: 1,
            instantiate_fuel: 0,
            limits,
        };
        CallReport {
            id: CallId(1),
            cast: CastId(1),
            spell: SpellId::parse("ember").expect("a good id"),
            revision,
            entry: Entry::Cast,
            seed: [0; 32],
            outcome,
            fuel_used: 0,
            fuel_granted: 0,
            effects: Vec::new(),
            spawned: Vec::new(),
            effects_digest: digest,
            voxels: Vec::new(),
            entities: Vec::new(),
        }
    }

    fn guard(rate: f64) -> Guard {
        Guard::new(SpellId::parse("ember").expect("a good id"), Channel::Stable, Digest([1; 32]), rate, 100)
    }

    #[test]
    fn a_guard_trips_above_its_rate_and_ends_after_enough_calls_or_time() {
        let (good, bad) = (call(Outcome::Applied { skipped: 0 }), call(Outcome::OutOfFuel));
        assert_eq!(guard(0.05).see(100, std::slice::from_ref(&bad)), Finding::Trips);
        let mut half = guard(0.5);
        assert_eq!(half.see(100, &[bad.clone(), bad.clone()]), Finding::Watches, "two of at least five");
        assert_eq!(half.see(101, std::slice::from_ref(&bad)), Finding::Trips);
        let mut few = guard(0.5);
        assert_eq!(few.see(100, &[bad.clone(), good.clone()]), Finding::Watches);
        assert_eq!(few.see(100 + GUARD_TICKS, &[]), Finding::Ends, "one of two is not above");
        let mut late = guard(0.5);
        assert_eq!(late.see(100, std::slice::from_ref(&bad)), Finding::Watches);
        assert_eq!(late.see(100 + GUARD_TICKS, &[]), Finding::Trips, "one of one is");
        let mut busy = guard(0.05);
        assert_eq!(busy.see(100, &vec![good; 199]), Finding::Watches);
        assert_eq!(busy.see(101, std::slice::from_ref(&bad)), Finding::Ends, "one of two hundred");
        let others = CallReport { revision: RevisionRef { id: Digest([2; 32]), ..bad.revision }, ..bad };
        assert_eq!(guard(0.0).see(100, &[others]), Finding::Watches);
    }
}
