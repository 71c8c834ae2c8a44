//! Clients that follow, cast and are swapped under: how many are lost, healed or late.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use spellhost_client::{Client, Event, Kit, Mode, Options, Requester};
use spellhost_wire::message::{CastRequest, Request, RequestedParams};
use tokio::time::Instant;

use crate::arguments::Arguments;
use crate::process::Span;
use crate::spell::{SPELL, publish, upload};

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
}

/// Makes the load for so long.
pub async fn measure(arguments: &Arguments) -> Result<Value> {
    let revisions = upload(&arguments.server, &arguments.files).await?;
    publish(&arguments.server, &revisions[0]).await?;
    let kit = Kit::new(2)?;
    let counted = Arc::new(Counted::default());
    let mut requesters = Vec::new();
    for at in 0..arguments.clients {
        let mode = if at < arguments.verify { Mode::Lockstep } else { Mode::Apply };
        let options = Options { mode, ..Options::verifying(&arguments.server)? };
        let client = Client::join(options, Some(&kit)).await?;
        requesters.push(client.requester());
        tokio::spawn(follow(client, counted.clone()));
    }
    let span = Span::begin(arguments.pid);
    let (begin, first) = (Instant::now(), counted.newest.load(Ordering::Relaxed));
    let until = begin + Duration::from_secs(arguments.seconds);
    let casting = cast(&requesters, arguments.casts, until, &counted);
    let swapping = swap(arguments, &revisions, until, &counted);
    let ((), latencies) = tokio::join!(casting, swapping);
    tokio::time::sleep_until(until).await;
    let (seconds, last) = (begin.elapsed().as_secs_f64(), counted.newest.load(Ordering::Relaxed));
    Ok(figures(arguments, &counted, &span, &latencies?, (last - first) as f64 / seconds))
}

fn figures(arguments: &Arguments, counted: &Counted, span: &Span, latencies: &[u64], rate: f64) -> Value {
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    json!({
        "clients": arguments.clients,
        "verifying": arguments.verify,
        "seconds": arguments.seconds,
        "ticks_per_second": (rate * 100.0).round() / 100.0,
        "ticks_followed": count(&counted.ticks),
        "calls_followed": count(&counted.calls),
        "casts": count(&counted.casts),
        "casts_refused": count(&counted.refused),
        "swaps": sorted.len(),
        "swap_latency_ticks": {"median": sorted.get(sorted.len() / 2), "most": sorted.last()},
        "desyncs": count(&counted.desyncs),
        "resyncs": count(&counted.resyncs),
        "disconnects": count(&counted.reconnects) + count(&counted.ended),
        "events_missed": count(&counted.missed),
        "host": span.end(),
    })
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

/// Casts, client after client, so many a second.
async fn cast(requesters: &[Requester], rate: f64, until: Instant, counted: &Arc<Counted>) {
    if rate <= 0.0 {
        return;
    }
    let mut due = tokio::time::interval(Duration::from_secs_f64(1.0 / rate));
    for requester in requesters.iter().cycle() {
        due.tick().await;
        if Instant::now() >= until {
            return;
        }
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

/// Swaps revisions in, one after the other; how many ticks each took from the request to its first tick.
async fn swap(
    arguments: &Arguments,
    revisions: &[String],
    until: Instant,
    counted: &Counted,
) -> Result<Vec<u64>> {
    let mut latencies = Vec::new();
    if arguments.swaps <= 0.0 || revisions.len() < 2 {
        return Ok(latencies);
    }
    let mut due = tokio::time::interval(Duration::from_secs_f64(60.0 / arguments.swaps));
    for revision in revisions.iter().cycle().skip(1) {
        due.tick().await;
        if Instant::now() >= until {
            break;
        }
        let asked = counted.newest.load(Ordering::Relaxed);
        let tick = publish(&arguments.server, revision).await?;
        latencies.push(tick.saturating_sub(asked));
    }
    Ok(latencies)
}
