//! Export and import: the same state, the same bytes, and no bytes that break it.

use spellhost_store::{Store, import};

use crate::deeds::{Dice, KINDS, check, furnish, open, options, perform};

fn exported(store: &Store) -> Vec<u8> {
    let mut bytes = Vec::new();
    let told = store.export(&mut bytes).unwrap();
    assert_eq!((told.bytes, told.digest), (bytes.len() as u64, spellhost_store::Digest::of(&bytes)));
    bytes
}

#[test]
fn what_is_imported_exports_the_same_bytes() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let deeds = furnish(from.path());
    let store = open(from.path());
    let archive = exported(&store);
    assert_eq!(archive, exported(&store));
    let imported = import(to.path(), &mut archive.as_slice()).unwrap();
    assert_eq!(imported.sequence, store.sequence());
    let copy = open(to.path());
    check(&copy, 0..deeds, "imported");
    assert!(exported(&copy) == archive);
    perform(&copy, deeds).unwrap();
    drop(copy);
    let error = import(to.path(), &mut archive.as_slice()).err().unwrap();
    assert_eq!(error.code(), "not_empty");
}

#[test]
fn a_live_store_is_exported_as_of_one_change() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let deeds = furnish(from.path());
    let store = open(from.path());
    let archive = std::thread::scope(|scope| {
        let writer =
            scope.spawn(|| (0..20 * KINDS).for_each(|number| perform(&store, deeds + number).unwrap()));
        let archives: Vec<Vec<u8>> = (0..5).map(|_| exported(&store)).collect();
        writer.join().unwrap();
        archives
    });
    for (at, archive) in archive.iter().enumerate() {
        let dir = to.path().join(at.to_string());
        import(&dir, &mut archive.as_slice()).unwrap();
        check(&open(&dir), 0..deeds, "exported while it changed");
    }
}

#[test]
fn no_archive_that_was_changed_is_taken() {
    let from = tempfile::tempdir().unwrap();
    furnish(from.path());
    let archive = exported(&open(from.path()));
    let mut dice = Dice(5);
    for case in 0..60 {
        let mut bytes = archive.clone();
        let at = dice.roll(bytes.len() as u64) as usize;
        match case % 3 {
            0 => bytes[at] ^= 1 << dice.roll(8),
            1 => bytes.truncate(at),
            _ => drop(bytes.splice(at..at, [7])),
        }
        let to = tempfile::tempdir().unwrap();
        let error = import(to.path(), &mut bytes.as_slice()).err().unwrap();
        assert_eq!(error.code(), "bad_archive", "byte {at}: {error}");
        let (_, opened) = Store::open(to.path(), options()).unwrap();
        assert!(opened.created, "a refused archive leaves nothing");
    }
}
