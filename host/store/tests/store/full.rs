//! A disk that fills up.

use std::sync::Arc;

use spellhost_store::{Options, Store, StoreError};

use crate::deeds::{Dice, check, is_there, open, options, perform, prepare};
use crate::disks::SimDisk;

#[test]
fn a_full_disk_refuses_changes_whole_and_serves_what_it_has() {
    let dir = tempfile::tempdir().unwrap();
    let disk = SimDisk::default();
    let (store, _) = Store::open(dir.path(), Options { disk: Arc::new(disk.clone()), ..options() }).unwrap();
    prepare(&store).unwrap();
    let (mut acknowledged, mut refused, mut number, mut dice) = (Vec::new(), 0, 0, Dice(1));
    for _ in 0..60 {
        // Full at any byte of whatever comes next.
        disk.set_capacity(Some(disk.used() + dice.roll(30_000)));
        let mut this_time = 0;
        while this_time < 4 {
            match perform(&store, number) {
                Ok(()) => acknowledged.push(number),
                Err(StoreError::StoreFull { .. }) => {
                    (refused, this_time) = (refused + 1, this_time + 1);
                    is_there(&store, number).expect("reading goes on");
                }
                Err(error) => panic!("deed {number}: {error}"),
            }
            number += 1;
        }
        disk.set_capacity(None);
    }
    assert!(refused >= 240);
    check(&store, acknowledged.iter().copied(), "while open");
    perform(&store, number).expect("there is space again");
    assert!(!store.is_full());
    acknowledged.push(number);
    store.close().unwrap();
    drop(store);
    let after = tempfile::tempdir().unwrap();
    disk.crash_into(dir.path(), after.path(), &mut dice);
    check(&open(after.path()), acknowledged, "after opening again");
}

#[test]
fn the_reserve_is_kept_free() {
    let dir = tempfile::tempdir().unwrap();
    let all = Options { reserve_bytes: u64::MAX / 2, ..options() };
    let error = Store::open(dir.path(), all).err().unwrap();
    assert_eq!(error.code(), "store_full");
    let (store, _) = Store::open(dir.path(), options()).unwrap();
    prepare(&store).unwrap();
    perform(&store, 0).unwrap();
}
