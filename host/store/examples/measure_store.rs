//! Measures the store, one JSON object a line: `cargo run --release -p spellhost-store --example
//! measure_store [--brief] [DIRECTORY]`. The directory decides which disk is measured; without one it is the
//! system's for temporary files. Briefly is a quarter of the work and no recovery: one of several rounds.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use spellhost_store::{
    Blobs, Channel, ComponentRef, Digest, Expected, FrameLog, NewRevision, NewSpell, NewWorld, Options,
    Publish, Result, Source, SpellId, Store, WorldId, recover,
};

fn main() -> Result<()> {
    let temporary = tempfile::tempdir().expect("a directory for temporary files");
    let (flags, directories): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|word| word == "--brief");
    let parts = if flags.is_empty() { 4 } else { 1 };
    let top = directories.first().map_or(temporary.path().to_path_buf(), Into::into);
    let top = top.join(format!("measure-store-{}", std::process::id()));
    for threads in [1, 8] {
        publishes(&top.join(format!("publish-{threads}")), threads, parts * 100)?;
    }
    for frame_bytes in [200, 4000] {
        appends(&top.join(format!("append-{frame_bytes}")), frame_bytes, parts * 75)?;
    }
    for changes in [1_000, 4_000, 16_000].into_iter().filter(|_| flags.is_empty()) {
        recovery(&top.join(format!("recovery-{changes}")), changes)?;
    }
    // Only what this run made; what cannot be removed is the system's to clear.
    let _ = std::fs::remove_dir_all(&top);
    Ok(())
}

fn spell(number: u64) -> SpellId {
    SpellId::parse(&format!("spell-{number}")).expect("it is a name")
}

fn with_spells(dir: &Path, spells: u64) -> Result<Store> {
    let (store, _) = Store::open(dir, Options::default())?;
    for number in 0..spells {
        store.create_spell(NewSpell {
            spell_id: spell(number),
            display_name: String::new(),
            owner: "guest".into(),
            description: String::new(),
            tags: Vec::new(),
        })?;
    }
    Ok(store)
}

/// Manifest and component of 20 kB put, revision added, channel moved: all durable.
fn publish(store: &Store, spell_id: SpellId, number: u64) -> Result<()> {
    let manifest = format!("{{\"number\":{number}}}").into_bytes();
    let component: Vec<u8> = number.to_le_bytes().into_iter().cycle().take(20_000).collect();
    let digests = store.put_all(&[&manifest, &component])?;
    let revision_id = digests[0];
    store.add_revision(NewRevision {
        spell_id: spell_id.clone(),
        revision_id,
        component: ComponentRef { digest: digests[1], size: component.len() as u64 },
        files: Vec::new(),
        parent: None,
        author: "guest".into(),
        note: String::new(),
    })?;
    store.publish(Publish {
        spell_id,
        channel: Channel::Draft,
        revision_id,
        expected: Expected::Any,
        by: "guest".into(),
        note: String::new(),
        tick: None,
    })?;
    Ok(())
}

fn publishes(dir: &Path, threads: u64, count: u64) -> Result<()> {
    let store = with_spells(dir, threads)?;
    let next = AtomicU64::new(0);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                let (store, next) = (&store, &next);
                scope.spawn(move || {
                    while let Some(number) =
                        Some(next.fetch_add(1, Ordering::Relaxed)).filter(|own| *own < count)
                    {
                        publish(store, spell(thread), number)?;
                    }
                    Ok(())
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("no worker panics"))
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{{\"measure\":\"publish_durable\",\"threads\":{threads},\"publishes\":{count},\"per_second\":{:.1}}}",
        count as f64 / seconds
    );
    Ok(())
}

/// Batches of 60 ticks appended, each synced as a host does once a second.
fn appends(dir: &Path, frame_bytes: usize, batches: u64) -> Result<()> {
    let (store, _) = Store::open(dir, Options::default())?;
    let world = WorldId::parse("default")?;
    store.create_world(NewWorld {
        world_id: world.clone(),
        name: String::new(),
        owner: "guest".into(),
        channel: Channel::Stable,
        shape: "plane".into(),
        seed: 1,
        terrain: "hills".into(),
    })?;
    let frame = |tick: u64| -> Vec<u8> {
        let digest = Digest::of(&tick.to_le_bytes());
        // Half of it changes from tick to tick.
        digest.0.into_iter().chain([0; 32]).cycle().take(frame_bytes).collect()
    };
    let (mut append, mut sync) = (0.0, 0.0);
    for batch in 0..batches {
        let frames: Vec<(u64, Vec<u8>)> =
            (batch * 60..batch * 60 + 60).map(|tick| (tick, frame(tick))).collect();
        let frames: Vec<(u64, &[u8])> =
            frames.iter().map(|(tick, bytes)| (*tick, bytes.as_slice())).collect();
        let begun = Instant::now();
        store.append(&world, &frames, &[])?;
        append += begun.elapsed().as_secs_f64();
        let begun = Instant::now();
        store.sync(&world)?;
        sync += begun.elapsed().as_secs_f64();
    }
    println!(
        "{{\"measure\":\"log_append\",\"frame_bytes\":{frame_bytes},\"ticks\":{},\"append_us_per_tick\":{:.2},\"sync_ms_per_batch\":{:.2}}}",
        batches * 60,
        append * 1e6 / (batches * 60) as f64,
        sync * 1e3 / batches as f64
    );
    let begun = Instant::now();
    let read = store.read(&world, 0..=u64::MAX)?.map(|entry| entry.map(|_| 1)).sum::<Result<u64>>()?;
    println!(
        "{{\"measure\":\"log_read\",\"frame_bytes\":{frame_bytes},\"ticks\":{read},\"us_per_tick\":{:.2}}}",
        begun.elapsed().as_secs_f64() * 1e6 / read as f64
    );
    Ok(())
}

/// How long an opening takes with so many changes, with the database and from the journal alone.
fn recovery(dir: &Path, changes: u64) -> Result<()> {
    let store = with_spells(dir, 1)?;
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let store = &store;
            scope.spawn(move || {
                for number in 0..changes / 16 {
                    store.create_job(&spell(0), &format!("client {thread} {number}")).expect("a job is made");
                }
            });
        }
    });
    store.close()?;
    drop(store);
    let timed = |what: &str, run: &dyn Fn() -> Result<u64>| -> Result<()> {
        let begun = Instant::now();
        let replayed = run()?;
        let milliseconds = begun.elapsed().as_secs_f64() * 1e3;
        println!(
            "{{\"measure\":\"{what}\",\"changes\":{changes},\"replayed\":{replayed},\"milliseconds\":{milliseconds:.1}}}"
        );
        Ok(())
    };
    let open = || Store::open(dir, Options::default()).map(|(_, opened)| opened.replayed);
    timed("open_closed", &open)?;
    std::fs::remove_dir_all(dir.join("db")).expect("the database is closed");
    timed("open_without_database", &open)?;
    timed("recover", &|| recover(dir, Source::Journal).map(|recovered| recovered.sequence))
}
