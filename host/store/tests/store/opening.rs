//! Opening: who may, what is there afterwards, and the secrets.

use spellhost_store::{DirLock, Options, Probe, Store, probe};

use crate::deeds::{check, furnish, open, options, perform, prepare};

#[test]
fn a_second_opener_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let error = Store::open(dir.path(), options()).err().unwrap();
    assert_eq!(error.code(), "store_in_use");
    let text = error.to_string();
    assert!(text.contains(&dir.path().display().to_string()), "{text}");
    assert!(text.contains(&std::process::id().to_string()), "{text}");
    drop(store);
    open(dir.path());
}

#[test]
fn what_was_closed_has_nothing_to_replay_and_what_was_not_has() {
    let dir = tempfile::tempdir().unwrap();
    let deeds = furnish(dir.path());
    let (store, opened) = Store::open(dir.path(), options()).unwrap();
    assert_eq!((opened.replayed, opened.created, opened.rebuilt, opened.truncated), (0, false, false, None));
    check(&store, 0..deeds, "opened again");
    store.close().unwrap();
    assert_eq!(perform(&store, 1000).err().unwrap().code(), "store_failed");
}

#[test]
fn the_probe_runs_while_the_lock_is_held() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(probe(dir.path()).unwrap(), Probe { applied: 0, rows: 0 });
    furnish(dir.path());
    let lock = DirLock::take(dir.path()).unwrap();
    let found = probe(dir.path()).unwrap();
    assert!(found.applied > 100 && found.rows > 100, "{found:?}");
    let (store, opened) = Store::open_locked(lock, Options { probed: true, ..options() }).unwrap();
    assert_eq!(opened.sequence, found.applied);
    assert_eq!(store.sequence(), found.applied);
}

#[test]
fn the_journal_is_replaced_by_a_checkpoint_when_it_has_grown() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    prepare(&store).unwrap();
    (0..400).for_each(|number| perform(&store, number).unwrap());
    let journal = std::fs::read_dir(dir.path().join("journal")).unwrap();
    let names: Vec<String> =
        journal.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.iter().any(|name| name.ends_with(".checkpoint")), "{names:?}");
    drop(store);
    check(&open(dir.path()), 0..400, "compacted");
}

#[test]
fn secrets_are_made_once_and_are_their_owners() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let store = open(&data);
    let (key, token) = (store.secret_key().unwrap(), store.operator_token().unwrap());
    assert_ne!(key, [0; 32]);
    assert_eq!(token.len(), 64);
    drop(store);
    let store = open(&data);
    assert_eq!((store.secret_key().unwrap(), store.operator_token().unwrap()), (key, token));
    #[cfg(unix)]
    for (path, want) in [("secret.key", 0o600), ("operator.token", 0o600), ("", 0o700)] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(data.join(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, want, "{path}");
    }
}
