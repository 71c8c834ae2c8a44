//! A power loss at any operation of the disk: whatever was not synced is gone, torn or there.

use std::path::Path;
use std::sync::Arc;

use spellhost_store::{Options, Store, StoreError};

use crate::deeds::{Dice, check, is_there, open, options, perform, prepare};
use crate::disks::SimDisk;

fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_dir(&entry.path(), &target)
        } else {
            drop(std::fs::copy(entry.path(), target))
        }
    }
}

/// Does deeds until the power goes; returns those that were acknowledged.
fn until_dark(store: &Store) -> Vec<u64> {
    let mut acknowledged = Vec::new();
    for number in 0..400 {
        match perform(store, number) {
            Ok(()) => acknowledged.push(number),
            Err(StoreError::Io { .. } | StoreError::StoreFailed { .. }) => return acknowledged,
            Err(error) => panic!("deed {number}: {error}"),
        }
    }
    panic!("the power never went");
}

#[test]
fn an_acknowledged_deed_survives_every_loss_of_power() {
    let mut survivors = 0;
    for seed in 0..120 {
        let mut dice = Dice(seed);
        let (before, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let disk = SimDisk::default();
        let (store, _) =
            Store::open(before.path(), Options { disk: Arc::new(disk.clone()), ..options() }).unwrap();
        prepare(&store).unwrap();
        // A database that is older than the journal by any distance.
        let flush_early = dice.roll(2) == 0;
        disk.fail_after(20 + dice.roll(300));
        let acknowledged = until_dark(&store);
        let context = format!("seed {seed}");
        disk.crash_into(before.path(), after.path(), &mut dice);
        if flush_early {
            // sled syncs what it flushed; here it was flushed as the store was dropped.
            drop(store);
            copy_dir(&before.path().join("db"), &after.path().join("db"));
        }
        let store = open(after.path());
        check(&store, acknowledged.iter().copied(), &context);
        let next = acknowledged.last().map_or(0, |last| last + 1);
        is_there(&store, next).unwrap_or_else(|error| panic!("{context}: deed {next}: {error}"));
        // It goes on from here.
        perform(&store, 1000).unwrap();
        survivors += acknowledged.len();
    }
    assert!(survivors > 2000, "too little was done before the power went: {survivors}");
}
