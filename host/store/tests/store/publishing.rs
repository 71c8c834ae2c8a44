//! Spells, revisions and channels: one line of history, whoever publishes at once.

use std::sync::atomic::{AtomicU64, Ordering};

use spellhost_store::{
    Blobs, Channel, Digest, Expected, NewRevision, NewSpell, Publish, Reason, Rollback, SpellUpdate, Store,
};

use crate::deeds::{content, new_revision, open, prepare, publish, spell};

fn revision(store: &Store, number: u64) -> Digest {
    let new = new_revision(store, spell(0), number).unwrap();
    store.add_revision(new).unwrap().value.revision_id
}

fn rollback(channel: Channel) -> Rollback {
    Rollback {
        spell_id: spell(0),
        channel,
        expected: Expected::Any,
        by: "guest".into(),
        reason: Reason::Rollback,
        note: String::new(),
        tick: None,
    }
}

#[test]
fn a_spell_belongs_to_who_made_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    prepare(&store).unwrap();
    let new = |owner: &str| NewSpell {
        spell_id: spell(0),
        display_name: String::new(),
        owner: owner.into(),
        description: String::new(),
        tags: vec![],
    };
    assert!(!store.create_spell(new("guest")).unwrap().created);
    assert_eq!(store.create_spell(new("other")).err().unwrap().code(), "spell_exists");
    let update = SpellUpdate { description: Some("burns".into()), ..SpellUpdate::default() };
    let updated = store.update_spell(&spell(0), update).unwrap();
    assert_eq!((updated.description.as_str(), updated.display_name.as_str()), ("burns", "Spell"));
    let long = SpellUpdate { description: Some("x".repeat(70_000)), ..SpellUpdate::default() };
    assert_eq!(store.update_spell(&spell(0), long).err().unwrap().code(), "too_large");
    assert_eq!(store.spells().unwrap().len(), 3);
}

#[test]
fn the_same_manifest_is_the_same_revision_and_versions_count_up() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    prepare(&store).unwrap();
    let first = store.add_revision(new_revision(&store, spell(0), 1).unwrap()).unwrap();
    let again = store.add_revision(new_revision(&store, spell(0), 1).unwrap()).unwrap();
    assert_eq!((first.created, again.created), (true, false));
    assert_eq!(first.value, again.value);
    let second = store.add_revision(new_revision(&store, spell(0), 2).unwrap()).unwrap().value;
    assert_eq!(second.version.to_string(), "rev_000002");
    let newest = store.revisions(&spell(0)).unwrap();
    assert_eq!(newest.iter().map(|one| one.version.0).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(store.latest_revision(&spell(0)).unwrap().unwrap(), second);
    assert_eq!(store.manifest(&second.revision_id).unwrap(), content(2));
    let absent = Digest::of(b"absent");
    let wrong = |change: fn(&mut NewRevision, Digest)| {
        let mut new = new_revision(&store, spell(0), 3).unwrap();
        change(&mut new, absent);
        store.add_revision(new).err().unwrap().code()
    };
    assert_eq!(wrong(|new, absent| new.files.push(absent)), "unknown_blob");
    assert_eq!(wrong(|new, absent| new.revision_id = absent), "unknown_blob");
    assert_eq!(wrong(|new, _| new.component.size += 1), "unknown_blob");
    assert_eq!(wrong(|new, absent| new.parent = Some(absent)), "unknown_revision");
}

#[test]
fn a_rollback_walks_back_and_is_an_entry() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    prepare(&store).unwrap();
    let ids: Vec<Digest> = (1..5).map(|number| revision(&store, number)).collect();
    let go = |id: Digest| store.publish(publish(spell(0), id, Channel::Stable, "")).unwrap();
    let back = || store.rollback(rollback(Channel::Stable)).map(|moved| moved.pointer.revision_id);
    assert_eq!(back().err().unwrap().code(), "nothing_to_roll_back");
    (0..3).for_each(|at| assert!(go(ids[at]).changed));
    assert!(!go(ids[2]).changed);
    assert_eq!(back().unwrap(), ids[1]);
    assert_eq!(back().unwrap(), ids[0]);
    assert_eq!(back().err().unwrap().code(), "nothing_to_roll_back");
    go(ids[3]);
    assert_eq!(back().unwrap(), ids[0]);
    let history = store.history(&spell(0), Channel::Stable).unwrap();
    let told: Vec<_> = history.iter().map(|entry| (entry.reason, entry.to)).collect();
    let [p, r] = [Reason::Publish, Reason::Rollback];
    assert_eq!(
        told,
        [(p, ids[0]), (p, ids[1]), (p, ids[2]), (r, ids[1]), (r, ids[0]), (p, ids[3]), (r, ids[0])]
    );
    assert_eq!(store.spell(&spell(0)).unwrap().active.stable, Some(ids[0]));
    assert_eq!(store.channel(Channel::Stable).unwrap()[0].1.revision_id, ids[0]);
    let foreign = publish(spell(1), ids[0], Channel::Beta, "");
    assert_eq!(store.publish(foreign).err().unwrap().code(), "unknown_revision");
}

#[test]
fn concurrent_publishers_make_one_line_of_history() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    prepare(&store).unwrap();
    let ids: Vec<Digest> = (0..8).map(|number| revision(&store, number)).collect();
    let (conflicts, won) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for publisher in 0..4_usize {
            let (store, ids, conflicts, won) = (store.clone(), &ids, &conflicts, &won);
            scope.spawn(move || {
                let mut round = 0;
                while round < 25 {
                    let seen = store.pointer(&spell(0), Channel::Draft).unwrap();
                    let expected = Expected::Generation(seen.map_or(0, |pointer| pointer.generation));
                    let id = ids[2 * publisher + round % 2];
                    let note = format!("{publisher} {round}");
                    let wanted = Publish { expected, ..publish(spell(0), id, Channel::Draft, &note) };
                    match store.publish(wanted) {
                        Ok(moved) => {
                            // Nobody came between what was seen and what was written.
                            assert_eq!(moved.entry.from, seen.map(|pointer| pointer.revision_id));
                            won.fetch_add(u64::from(moved.changed), Ordering::Relaxed);
                            round += 1;
                        }
                        Err(error) => {
                            assert_eq!(error.code(), "publish_conflict");
                            conflicts.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    let history = store.history(&spell(0), Channel::Draft).unwrap();
    assert_eq!(history.len() as u64, won.into_inner());
    for (before, after) in history.iter().zip(&history[1..]) {
        assert_eq!((after.number, after.from), (before.number + 1, Some(before.to)));
    }
    for publisher in 0..4 {
        let own = history.iter().filter_map(|entry| entry.note.strip_prefix(&format!("{publisher} ")));
        let rounds: Vec<u64> = own.map(|round| round.parse().unwrap()).collect();
        assert!(rounds.is_sorted(), "{rounds:?}");
    }
    assert!(spellhost_store::fsck(&store).unwrap().is_clean());
}

#[test]
fn a_compare_and_swap_that_lost_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    prepare(&store).unwrap();
    let ids = [revision(&store, 1), revision(&store, 2)];
    let at = |generation, id| Publish {
        expected: Expected::Generation(generation),
        ..publish(spell(0), id, Channel::Beta, "")
    };
    store.publish(at(0, ids[0])).unwrap();
    let sequence = store.sequence();
    assert_eq!(store.publish(at(0, ids[1])).err().unwrap().code(), "publish_conflict");
    assert_eq!(store.sequence(), sequence);
    store.publish(at(1, ids[1])).unwrap();
}

#[test]
fn a_revision_is_taken_down_and_put_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    prepare(&store).unwrap();
    let id = revision(&store, 1);
    assert_eq!(store.take_down(&id, "operator", "loops").unwrap().taken_down.unwrap().why, "loops");
    assert!(store.revision(&id).unwrap().taken_down.is_some());
    assert!(store.put_back(&id).unwrap().taken_down.is_none());
}

#[test]
fn a_prefix_names_a_revision_or_a_blob() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    prepare(&store).unwrap();
    let id = revision(&store, 1);
    for prefix in [&id.hex()[..8], &id.hex()[..13], &id.to_string(), &format!("b3:{}", &id.hex()[..9])] {
        assert_eq!(store.resolve_revision(prefix).unwrap(), id, "{prefix}");
        assert_eq!(store.resolve(prefix).unwrap(), id, "{prefix}");
    }
    let code = |prefix: &str| store.resolve(prefix).err().unwrap().code();
    assert_eq!(code(&id.hex()[..7]), "bad_id");
    assert_eq!(code("b3:xxxxxxxx"), "bad_id");
    assert_eq!(code("00000000"), "unknown_blob");
    assert_eq!(store.resolve_revision("00000000").err().unwrap().code(), "unknown_revision");
}

#[test]
fn a_prefix_of_two_blobs_names_neither() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    // Among so many numbers two digests share eight digits.
    let mut seen = std::collections::HashMap::new();
    let twins = (0..u64::MAX).find_map(|number| {
        let digest = Digest::of(&number.to_le_bytes());
        seen.insert(digest.hex()[..8].to_string(), number).map(|twin| (twin, number, digest))
    });
    let (one, other, digest) = twins.unwrap();
    store.put_all(&[&one.to_le_bytes(), &other.to_le_bytes()]).unwrap();
    assert_eq!(store.resolve(&digest.hex()[..8]).err().unwrap().code(), "ambiguous_prefix");
    assert_eq!(store.resolve(&digest.hex()[..32]).unwrap(), digest);
}
