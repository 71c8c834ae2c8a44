//! Clients that follow, cast and are swapped under: how many are lost, healed or late, and what the host keeps.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use spellhost_client::{Client, Event, Kit, Mode, Options, Requester};
use spellhost_wire::message::{CastRequest, Request, RequestedParams};
use tokio::time::{Instant, interval};

use crate::arguments::Arguments;
use crate::host::{Host, Late, SPELL};
use crate::process::{Span, resident};

/// How long clients may take to see the last swap.
const PATIENCE: Duration = Duration::from_secs(10);
/// Looks at the host's memory during the swaps.
const SAMPLES: usize = 20;
/// Ticks after which a host holds all that it holds of a world's past: a minute of frames, with room.
const FULL_TICKS: u64 = 4_200;
/// Looks that memory is told from.
const LOOKS: usize = 3;

/// What all clients count.
#[derive(Default)]
struct Counted {
    ticks: AtomicU64,
    calls: AtomicU64,
    desyncs: AtomicU64,
    resyncs: AtomicU64,
    reconnects: AtomicU64,
    missed: AtomicU64,
    ended: AtomicU64,
    /// The newest tick that anybody has seen.
    newest: AtomicU64,
    casts: AtomicU64,
    refused: AtomicU64,
    /// How many clients have seen a swap of the spell in a tick.
    swaps: Mutex<BTreeMap<u64, usize>>,
}

impl Counted {
    fn saw_swap(&self, tick: u64) {
        *self.swaps.lock().unwrap_or_else(PoisonError::into_inner).entry(tick).or_default() += 1;
    }

    fn who_saw(&self, tick: u64) -> usize {
        self.swaps.lock().unwrap_or_else(PoisonError::into_inner).get(&tick).copied().unwrap_or(0)
    }
}

/// A swap that the host acknowledged.
struct Swapped {
    /// Its tick.
    tick: u64,
    /// Ticks from asking to it.
    latency: u64,
}

/// What the host held at a time.
struct Sample {
    swaps: usize,
    tick: u64,
    bytes: u64,
}

/// Makes the load for so long, or for so many swaps.
pub async fn measure(arguments: &Arguments) -> Result<Value> {
    let host = Host::new(&arguments.server);
    let revisions = host.upload(&arguments.files).await?;
    host.publish(&revisions[0]).await?;
    let counted = Arc::new(Counted::default());
    let requesters = join(arguments, &counted).await?;
    let mut look = interval(Duration::from_millis(20));
    while !requesters.is_empty() && counted.newest.load(Ordering::Relaxed) == 0 {
        look.tick().await;
    }
    let (span, late) = (Span::begin(arguments.pid), host.late().await?);
    let (begin, first) = (Instant::now(), counted.newest.load(Ordering::Relaxed));
    let mut swapping =
        Swapping { arguments, host: &host, counted: &counted, swaps: Vec::new(), samples: Vec::new() };
    tokio::select! {
        done = swapping.all(&revisions) => done?,
        () = cast(&requesters, arguments.casts, &counted) => {}
    }
    let Swapping { swaps, samples, .. } = swapping;
    let (seconds, last) = (begin.elapsed().as_secs_f64(), counted.newest.load(Ordering::Relaxed));
    let (used, late) = (span.end(), host.late().await?.since(late));
    settle(&counted, &swaps, arguments.clients).await;
    let mut figures = figures(arguments, &counted, &swaps, late);
    figures["seconds"] = json!(rounded(seconds));
    figures["ticks_per_second"] = json!(rounded((last - first) as f64 / seconds));
    figures["swaps_per_second"] = json!(rounded(swaps.len() as f64 / seconds));
    figures["host"] = used;
    figures["host"]["resident_after_swaps"] = samples.iter().map(Sample::json).collect();
    figures["host"]["growth"] = json!(arguments.turns.and_then(|_| growth(&samples, first)));
    Ok(figures)
}

async fn join(arguments: &Arguments, counted: &Arc<Counted>) -> Result<Vec<Requester>> {
    let kit = Kit::new(2)?;
    let mut requesters = Vec::new();
    for at in 0..arguments.clients {
        let mode = if at < arguments.verify { Mode::Lockstep } else { Mode::Apply };
        let options = Options { mode, ..Options::verifying(&arguments.server)? };
        let client = Client::join(options, Some(&kit)).await?;
        requesters.push(client.requester());
        tokio::spawn(follow(client, counted.clone()));
    }
    Ok(requesters)
}

/// Waits until everybody has seen the last swap, or for long enough.
async fn settle(counted: &Counted, swaps: &[Swapped], clients: usize) {
    let Some(last) = swaps.last() else { return };
    let (until, mut look) = (Instant::now() + PATIENCE, interval(Duration::from_millis(20)));
    while counted.who_saw(last.tick) < clients && Instant::now() < until {
        look.tick().await;
    }
}

fn figures(arguments: &Arguments, counted: &Counted, swaps: &[Swapped], late: Late) -> Value {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let torn = swaps.iter().filter(|swap| counted.who_saw(swap.tick) != arguments.clients).count();
    let mut latencies: Vec<u64> = swaps.iter().map(|swap| swap.latency).collect();
    latencies.sort_unstable();
    json!({
        "clients": arguments.clients,
        "verifying": arguments.verify,
        "ticks_followed": count(&counted.ticks),
        "calls_followed": count(&counted.calls),
        "casts": count(&counted.casts),
        "casts_refused": count(&counted.refused),
        "ticks_late": late.caught_up + late.dropped,
        "ticks_dropped": late.dropped,
        "swaps": swaps.len(),
        "swaps_in_one_tick_for_every_client": swaps.len() - torn,
        "swaps_not_in_one_tick": torn,
        "swap_latency_ticks": {"median": latencies.get(latencies.len() / 2), "most": latencies.last()},
        "desyncs": count(&counted.desyncs),
        "resyncs": count(&counted.resyncs),
        "disconnects": count(&counted.reconnects) + count(&counted.ended),
        "events_missed": count(&counted.missed),
    })
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// What memory is at the end as a part of what it was at half of the swaps, when what is kept at hand was full: each
/// as the median of three looks, since one alone may meet a buffer that is about to be given back.
fn growth(samples: &[Sample], first: u64) -> Option<f64> {
    let last = samples.last()?;
    let full = |sample: &Sample| sample.swaps * 2 >= last.swaps && sample.tick >= first + FULL_TICKS;
    let settled: Vec<u64> = samples.iter().filter(|sample| full(sample)).map(|sample| sample.bytes).collect();
    if settled.len() < 2 * LOOKS {
        return None;
    }
    let (base, end) = (&settled[..LOOKS], &settled[settled.len() - LOOKS..]);
    Some(median(end) as f64 / median(base) as f64)
}

fn median(of: &[u64]) -> u64 {
    let mut of = of.to_vec();
    of.sort_unstable();
    of[of.len() / 2]
}

impl Sample {
    fn json(&self) -> Value {
        json!({"swaps": self.swaps, "tick": self.tick, "bytes": self.bytes})
    }
}

async fn follow(mut client: Client, counted: Arc<Counted>) {
    let add = |counter: &AtomicU64, count: u64| {
        counter.fetch_add(count, Ordering::Relaxed);
    };
    while let Some(event) = client.next().await {
        match event {
            Event::Tick(frame) => {
                add(&counted.ticks, 1);
                add(&counted.calls, frame.calls.len() as u64);
                counted.newest.fetch_max(frame.tick, Ordering::Relaxed);
                if frame.swaps.iter().any(|swap| swap.spell_id == SPELL) {
                    counted.saw_swap(frame.tick);
                }
            }
            Event::Desync(desync) => {
                eprintln!("{desync}");
                add(&counted.desyncs, 1);
            }
            Event::Resynced { reason, tick } => {
                eprintln!("resynced at tick {tick}: {reason:?}");
                add(&counted.resyncs, 1);
            }
            Event::Reconnected { .. } => add(&counted.reconnects, 1),
            Event::Missed(count) => add(&counted.missed, count),
            Event::Ended(error) => {
                eprintln!("a client ended: {error:?}");
                add(&counted.ended, 1);
            }
            Event::Told(_) => {}
        }
    }
}

/// Casts, client after client, so many a second, until it is dropped.
async fn cast(requesters: &[Requester], rate: f64, counted: &Arc<Counted>) {
    if rate <= 0.0 || requesters.is_empty() {
        return std::future::pending().await;
    }
    let mut due = interval(Duration::from_secs_f64(1.0 / rate));
    for requester in requesters.iter().cycle() {
        due.tick().await;
        let request = CastRequest {
            spell_id: SPELL.into(),
            revision_id: None,
            channel: None,
            cast_params: RequestedParams { direction: Some([0.5, 0.3, -1.0]), ..RequestedParams::default() },
        };
        let (requester, counted) = (requester.clone(), counted.clone());
        tokio::spawn(async move {
            let asked = requester.request(Request::Cast(request)).await;
            let counter = if asked.is_ok() { &counted.casts } else { &counted.refused };
            counter.fetch_add(1, Ordering::Relaxed);
        });
    }
}

/// Revisions that are swapped in, one after the other.
struct Swapping<'a> {
    arguments: &'a Arguments,
    host: &'a Host,
    counted: &'a Counted,
    swaps: Vec<Swapped>,
    samples: Vec<Sample>,
}

impl Swapping<'_> {
    /// Until the time is over, or all have been swapped in.
    async fn all(&mut self, revisions: &[String]) -> Result<()> {
        let until = Instant::now() + Duration::from_secs(self.arguments.seconds);
        let next = revisions.iter().cycle().skip(1);
        if let Some(turns) = self.arguments.turns {
            for revision in next.take(turns) {
                self.swap(revision, (turns / SAMPLES).max(1)).await?;
            }
            return Ok(());
        }
        if self.arguments.swaps > 0.0 && revisions.len() > 1 {
            let mut due = interval(Duration::from_secs_f64(60.0 / self.arguments.swaps));
            let every = (self.arguments.swaps * self.arguments.seconds as f64 / 60.0) as usize / SAMPLES;
            for revision in next {
                due.tick().await;
                if Instant::now() >= until {
                    break;
                }
                self.swap(revision, every.max(1)).await?;
            }
        }
        tokio::time::sleep_until(until).await;
        Ok(())
    }

    async fn swap(&mut self, revision: &str, every: usize) -> Result<()> {
        let asked = self.counted.newest.load(Ordering::Relaxed);
        let tick = self.host.publish(revision).await?;
        self.swaps.push(Swapped { tick, latency: tick.saturating_sub(asked) });
        let swaps = self.swaps.len();
        if let Some(bytes) = self.arguments.pid.and_then(resident).filter(|_| swaps.is_multiple_of(every)) {
            self.samples.push(Sample { swaps, tick, bytes });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_since_half_of_the_swaps_and_a_full_past() {
        let bytes = [10, 20, 30, 35, 40, 90, 41, 44, 50, 10, 55];
        let sample = |(at, bytes): (usize, u64)| Sample { swaps: at * 1_000, tick: at as u64 * 1_100, bytes };
        let samples: Vec<Sample> = bytes.into_iter().enumerate().map(sample).collect();
        // 90, 41, 44 against 50, 10, 55.
        assert_eq!(growth(&samples, 100), Some(50.0 / 44.0));
        assert_eq!(growth(&samples, 4_000), None, "the past was not full yet");
        assert_eq!(growth(&samples[..6], 0), None, "too few looks are no comparison");
    }
}
