//! Frame logs: what was appended is read, in order, and goes by whole segments.

use spellhost_store::{Blobs, Digest, Epoch, FrameLog, LogEntry, NewSnapshot, Part, Retention, Store};

use crate::deeds::{Dice, open, prepare, world};

fn ticks(store: &Store, range: std::ops::RangeInclusive<u64>) -> Vec<u64> {
    let entries = store.read(&world(), range).unwrap().map(Result::unwrap);
    let ticks = entries.filter_map(|entry| match entry {
        LogEntry::Frame { tick, bytes } => {
            assert_eq!(bytes, frame(tick));
            Some(tick)
        }
        LogEntry::Epoch(_) => None,
    });
    ticks.collect()
}

/// Bytes that do not compress.
fn frame(tick: u64) -> Vec<u8> {
    let mut dice = Dice(tick);
    (0..2000).map(|_| dice.roll(256) as u8).collect()
}

fn append(store: &Store, from: u64, count: u64) {
    let frames: Vec<(u64, Vec<u8>)> = (from..from + count).map(|tick| (tick, frame(tick))).collect();
    let frames: Vec<(u64, &[u8])> = frames.iter().map(|(tick, bytes)| (*tick, bytes.as_slice())).collect();
    store.append(&world(), &frames, &[]).unwrap();
}

fn snapshot(store: &Store, tick: u64) {
    let part = Part { name: "world".into(), digest: store.put(&tick.to_le_bytes()).unwrap() };
    let new = NewSnapshot { tick, hash: [0; 16], engine_id: "one".into(), parts: vec![part], refs: vec![] };
    store.save_snapshot(&world(), new).unwrap();
}

#[test]
fn frames_are_read_as_they_were_appended_across_segments_and_openings() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    prepare(&store).unwrap();
    assert_eq!((store.last_tick(&world()).unwrap(), ticks(&store, 0..=9)), (None, vec![]));
    (0..100).for_each(|batch| append(&store, 1 + batch * 60, 60));
    let files = std::fs::read_dir(dir.path().join("frames/default")).unwrap().count();
    assert!(files >= 2, "the log has {files} segment");
    assert_eq!(ticks(&store, 0..=u64::MAX), (1..=6000).collect::<Vec<_>>());
    assert_eq!(ticks(&store, 4000..=4321), (4000..=4321).collect::<Vec<_>>());
    let late = store.append(&world(), &[(6000, b"late".as_slice())], &[]).err().unwrap();
    assert_eq!(late.code(), "out_of_order");
    let twice = store.append(&world(), &[(7000, b"a".as_slice()), (7000, b"b")], &[]).err().unwrap();
    assert_eq!(twice.code(), "out_of_order");
    store.sync(&world()).unwrap();
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.last_tick(&world()).unwrap(), Some(6000));
    append(&store, 6001, 1);
    assert_eq!(ticks(&store, 5990..=9999), (5990..=6001).collect::<Vec<_>>());
    assert_eq!(spellhost_store::fsck(&store).unwrap().frames, 6001);
}

#[test]
fn an_epoch_stands_between_its_frames() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    prepare(&store).unwrap();
    append(&store, 1, 3);
    let epoch = Epoch { tick: 3, from_engine: "one".into(), to_engine: "two".into() };
    store.append_epoch(&world(), epoch.clone()).unwrap();
    append(&store, 4, 1);
    let entries: Vec<LogEntry> = store.read(&world(), 3..=4).unwrap().map(Result::unwrap).collect();
    let LogEntry::Epoch(found) = &entries[1] else { panic!("{entries:?}") };
    assert_eq!((found, entries.len()), (&epoch, 3));
    assert_eq!(store.epochs(&world()).unwrap(), [epoch]);
    let early = Epoch { tick: 2, from_engine: "two".into(), to_engine: "three".into() };
    assert_eq!(store.append_epoch(&world(), early).err().unwrap().code(), "out_of_order");
}

#[test]
fn retention_never_takes_what_the_newest_snapshot_needs() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    prepare(&store).unwrap();
    let all = Retention { ticks: Some(0), bytes: Some(0) };
    (0..400).for_each(|batch| append(&store, 1 + batch * 60, 60));
    assert_eq!(store.retain(&world(), all).unwrap(), 0, "without a snapshot everything is needed");
    [10, 9_000, 14_000].into_iter().for_each(|tick| snapshot(&store, tick));
    let wide = Retention { ticks: Some(100_000), bytes: Some(1 << 40) };
    assert_eq!(store.retain(&world(), wide).unwrap(), 0);
    assert!(store.retain(&world(), all).unwrap() > 8 << 20);
    let left = ticks(&store, 0..=u64::MAX);
    assert!(left[0] > 10 && left[0] <= 14_001, "{}", left[0]);
    assert_eq!(*left.last().unwrap(), 24_000);
    assert!(left.windows(2).all(|pair| pair[1] == pair[0] + 1));
    let kept: Vec<u64> = store.snapshots(&world()).unwrap().iter().map(|one| one.tick).collect();
    assert!(kept.contains(&14_000) && !kept.contains(&10), "{kept:?}");
    assert_eq!(store.snapshot_at(&world(), 20_000).unwrap().unwrap().tick, 14_000);
}

#[test]
fn a_cut_keeps_every_tick_up_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    prepare(&store).unwrap();
    (0..120).for_each(|batch| append(&store, 1 + batch * 60, 60));
    store.cut_after(&world(), 100).unwrap();
    assert_eq!(ticks(&store, 0..=u64::MAX), (1..=100).collect::<Vec<_>>());
    append(&store, 101, 5);
    assert_eq!(ticks(&store, 90..=u64::MAX), (90..=105).collect::<Vec<_>>());
    store.cut_after(&world(), 0).unwrap();
    assert_eq!(store.last_tick(&world()).unwrap(), None);
    append(&store, 1, 2);
    assert_eq!(ticks(&store, 0..=9), [1, 2]);
    drop(store);
    assert_eq!(ticks(&open(dir.path()), 0..=9), [1, 2]);
}

#[test]
fn a_world_that_is_not_there_has_no_log() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let error = store.append(&world(), &[(1, b"x".as_slice())], &[Digest::of(b"x")]).err().unwrap();
    assert_eq!(error.code(), "unknown_world");
    assert!(!dir.path().join("frames").exists());
}
