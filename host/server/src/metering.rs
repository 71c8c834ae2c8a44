//! What is measured, for who runs the host.
//!
//! Promises a bounded number of series, whatever spells are called, and that measuring never waits.
//! Nothing that is measured reaches a world.

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use metrics::{
    Counter, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use spellhost_runtime::PlayedTick;
use spellhost_sim::{Refusal, SpellId};
use spellhost_wire::message::Mode;

use crate::limits::MEASURED_SPELLS_MAX;

const TICK_SECONDS: &str = "spellhost_tick_seconds";
const STORE_SECONDS: &str = "spellhost_store_seconds";
const FUEL: &str = "spellhost_fuel_total";
const UNKEPT: &str = "spellhost_worlds_unkept";
const CALLS: &str = "spellhost_calls_total";
const CASTS: &str = "spellhost_casts_total";

/// The measurements of this process; `None` where another recorder was there first.
fn recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let ticks = [0.0005, 0.001, 0.002, 0.004, 0.008, 0.0167, 0.033, 0.1, 0.5];
        let writes = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0];
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full(TICK_SECONDS.into()), &ticks)
            .and_then(|builder| builder.set_buckets_for_metric(Matcher::Full(STORE_SECONDS.into()), &writes))
            .ok()?
            .build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).ok()?;
        describe();
        Some(handle)
    };
    HANDLE.get_or_init(install).as_ref()
}

fn describe() {
    describe_histogram!(TICK_SECONDS, "Time that a tick took");
    describe_histogram!(STORE_SECONDS, "Time that the disk took to sync the frames of about a second");
    describe_counter!(FUEL, "Fuel that calls used, by spell");
    describe_counter!(CALLS, "Calls, by spell and outcome");
    describe_counter!(CASTS, "Casts that entered a tick, by spell; refused is why one never runs, or no");
    describe_counter!("spellhost_swaps_total", "Channels that moved, once for each world");
    describe_counter!("spellhost_desyncs_total", "Differences that clients reported and that were there");
    describe_counter!("spellhost_resyncs_total", "Clients that had to start anew, by reason");
    describe_counter!(
        "spellhost_bytes_total",
        "Bytes of frames and events queued for clients of worlds, by mode"
    );
    describe_counter!("spellhost_ticks_dropped_total", "Ticks dropped because the machine was late");
    describe_counter!("spellhost_ticks_caught_up_total", "Ticks played late");
    describe_counter!("spellhost_connections_refused_total", "Connections over the limit");
    describe_gauge!(UNKEPT, "Worlds whose frames are not kept for want of space, until a snapshot is");
    describe_gauge!("spellhost_connections", "Open WebSockets");
    describe_gauge!("spellhost_worlds", "Open worlds");
    describe_gauge!("spellhost_players", "Players in all worlds");
    describe_gauge!("spellhost_queue_messages", "Messages that wait for the slowest client");
    describe_gauge!("spellhost_components", "Compiled components in memory");
}

/// Begins to measure.
pub fn begin() {
    if recorder().is_none() {
        tracing::warn!("nothing is measured: this process has another recorder");
    }
}

/// What is true now, as gauges.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "their descriptions say it")]
pub struct Now {
    pub connections: usize,
    pub worlds: usize,
    pub players: u64,
    pub queued: u64,
    pub components: usize,
}

/// Everything as text for Prometheus.
pub fn text(now: Now) -> String {
    gauge!("spellhost_connections").set(now.connections as f64);
    gauge!("spellhost_worlds").set(now.worlds as f64);
    gauge!("spellhost_players").set(now.players as f64);
    gauge!("spellhost_queue_messages").set(now.queued as f64);
    gauge!("spellhost_components").set(now.components as f64);
    recorder().map(PrometheusHandle::render).unwrap_or_default()
}

/// Lets measurements that came in be counted together; to be called every few seconds.
pub fn tidy() {
    if let Some(recorder) = recorder() {
        recorder.run_upkeep();
    }
}

/// A tick was played: in every tick of every world, so what is always counted is found once.
pub fn tick(took: Duration, played: &PlayedTick) {
    static ALWAYS: OnceLock<(Histogram, Counter)> = OnceLock::new();
    let (seconds, swaps) =
        ALWAYS.get_or_init(|| (histogram!(TICK_SECONDS), counter!("spellhost_swaps_total")));
    seconds.record(took.as_secs_f64());
    swaps.increment(played.inputs.swaps.len() as u64);
    for cast in &played.report.casts {
        let refused = cast.refused.map_or("no", Refusal::name);
        counter!(CASTS, "spell" => label(&cast.spell), "refused" => refused).increment(1);
    }
    for call in &played.report.calls {
        let spell = label(&call.spell);
        counter!(FUEL, "spell" => spell.clone()).increment(call.fuel_used);
        counter!(CALLS, "spell" => spell, "outcome" => call.outcome.kind()).increment(1);
    }
}

/// The machine was late: so many ticks were dropped.
pub fn dropped(ticks: u64) {
    counter!("spellhost_ticks_dropped_total").increment(ticks);
}

/// A tick was played late.
pub fn caught_up() {
    counter!("spellhost_ticks_caught_up_total").increment(1);
}

/// Bytes were queued for a client of this mode: for every client in every tick, so the counters are found once.
pub fn queued(mode: Mode, bytes: usize) {
    static COUNTERS: OnceLock<[Counter; 3]> = OnceLock::new();
    let counters = COUNTERS.get_or_init(|| {
        ["snapshot", "lockstep", "apply"].map(|mode| counter!("spellhost_bytes_total", "mode" => mode))
    });
    let counter = match mode {
        Mode::Snapshot => &counters[0],
        Mode::Lockstep => &counters[1],
        Mode::Apply => &counters[2],
    };
    counter.increment(bytes as u64);
}

/// A client has to start anew.
pub fn resynced(reason: &'static str) {
    counter!("spellhost_resyncs_total", "reason" => reason).increment(1);
}

/// A client reported a difference, and it was there.
pub fn desynced() {
    counter!("spellhost_desyncs_total").increment(1);
}

/// The frames of a world are not kept any more.
pub fn misses() {
    gauge!(UNKEPT).increment(1.0);
}

/// They are again, or the world is closed.
pub fn keeps() {
    gauge!(UNKEPT).decrement(1.0);
}

/// Frames got to the disk, in so long.
pub fn stored(took: Duration) {
    histogram!(STORE_SECONDS).record(took.as_secs_f64());
}

/// The name of a spell, for the first so many; the rest share one.
fn label(spell: &SpellId) -> String {
    static KNOWN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    bounded(&mut KNOWN.lock().unwrap_or_else(PoisonError::into_inner), spell.as_str())
}

fn bounded(known: &mut BTreeSet<String>, spell: &str) -> String {
    if known.contains(spell) {
        return spell.into();
    }
    if known.len() >= MEASURED_SPELLS_MAX {
        // No spell is called so: ids begin with a letter or a digit.
        return "_other".into();
    }
    known.insert(spell.into());
    spell.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_spells_have_a_series() {
        let mut known = BTreeSet::new();
        let names: BTreeSet<String> =
            (0..1_000).map(|number| bounded(&mut known, &format!("spell-{number}"))).collect();
        assert_eq!(names.len(), MEASURED_SPELLS_MAX + 1);
        assert_eq!(bounded(&mut known, "spell-3"), "spell-3", "who was first keeps its series");
    }
}
