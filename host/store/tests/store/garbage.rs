//! Garbage collection: what nothing refers to, and nothing else.

use std::sync::atomic::{AtomicU64, Ordering};

use spellhost_store::{Blobs, Channel, Digest, FrameLog, GcOptions, NewRevision, Options, Store};

use crate::deeds::{check, content, furnish, new_revision, open, options, prepare, publish, spell, world};

const REMOVE: GcOptions = GcOptions { dry_run: false, grace_ms: 0 };

fn aged(dir: &std::path::Path) -> Store {
    static NOW: AtomicU64 = AtomicU64::new(4_000_000_000_000);
    // Each look at the clock is later, so that nothing is younger than the grace of nothing.
    Store::open(dir, Options { clock: || NOW.fetch_add(1, Ordering::Relaxed), ..options() }).unwrap().0
}

#[test]
fn only_what_nothing_refers_to_goes() {
    let dir = tempfile::tempdir().unwrap();
    let store = aged(dir.path());
    prepare(&store).unwrap();
    let add = |number, parent: Option<Digest>| {
        let new = NewRevision { parent, ..new_revision(&store, spell(0), number).unwrap() };
        store.add_revision(new).unwrap().value.revision_id
    };
    let (lonely, ancestor, logged) = (add(1, None), add(2, None), add(4, None));
    let published = add(3, Some(ancestor));
    store.publish(publish(spell(0), published, Channel::Draft, "")).unwrap();
    store.append(&world(), &[(1, b"frame".as_slice())], &[logged]).unwrap();
    let orphan = store.put(b"nobody's").unwrap();
    let stray = dir.path().join("blobs/making/left-over");
    std::fs::write(&stray, "half a blob").unwrap();

    let dry = store.gc(GcOptions { dry_run: true, grace_ms: 0 }).unwrap();
    let gone: Vec<Digest> = dry.revisions.iter().map(|(_, _, id)| *id).collect();
    assert_eq!(gone, [lonely]);
    let mut blobs = vec![lonely, Digest::of(&content(1_000_001)), orphan];
    blobs.sort();
    assert_eq!(dry.blobs, blobs);
    assert_eq!(dry.files, std::slice::from_ref(&stray));
    assert!(store.contains(&orphan).unwrap() && stray.exists(), "a dry run removes nothing");

    assert_eq!(store.gc(REMOVE).unwrap(), dry);
    assert_eq!(store.gc(REMOVE).unwrap(), Default::default());
    assert!(!stray.exists() && !store.contains(&orphan).unwrap());
    assert_eq!(store.revision(&lonely).err().unwrap().code(), "unknown_revision");
    for kept in [ancestor, published, logged] {
        assert!(!store.manifest(&kept).unwrap().is_empty());
    }
    assert_eq!(add(5, None), store.latest_revision(&spell(0)).unwrap().unwrap().revision_id);
    check(&store, [], "after collecting");
}

#[test]
fn what_is_young_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let blob = store.put(b"on its way").unwrap();
    assert!(store.gc(GcOptions { dry_run: false, ..GcOptions::default() }).unwrap().blobs.is_empty());
    assert!(store.contains(&blob).unwrap());
}

#[test]
fn a_log_that_cannot_be_read_stops_it() {
    let dir = tempfile::tempdir().unwrap();
    furnish(dir.path());
    let log = std::fs::read_dir(dir.path().join("frames/default")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    let store = open(dir.path());
    let blobs = store.iterate().unwrap().len();
    assert_eq!(store.gc(REMOVE).err().unwrap().code(), "frames_damaged");
    assert_eq!(store.iterate().unwrap().len(), blobs);
}
