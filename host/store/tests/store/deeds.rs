//! Numbered mutations of every kind, and whether a store has them: the oracle of the tests that
//! take a process or a disk away.

use std::path::Path;

use spellhost_store::{
    Blobs, Channel, ComponentRef, Digest, Expected, FrameLog, LogEntry, NewReport, NewRevision, NewSession,
    NewSnapshot, NewSpell, NewWorld, Options, Part, Publish, Reason, Rollback, Store, StoreError, WorldId,
    WorldUpdate,
};
use spellhost_store::{JobId, JobUpdate, SpellId};

/// A small generator, so that a seed is a test.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % sides
    }
}

pub fn options() -> Options {
    Options { reserve_bytes: 0, journal_bytes_max: 24 << 10, ..Options::default() }
}

pub fn open(dir: &Path) -> Store {
    Store::open(dir, options()).unwrap_or_else(|error| panic!("{}: {error}", error.code())).0
}

pub fn spell(number: u64) -> SpellId {
    SpellId::parse(&format!("spell-{}", number % 3)).unwrap()
}

pub fn world() -> WorldId {
    WorldId::parse("default").unwrap()
}

pub fn content(number: u64) -> Vec<u8> {
    let mut dice = Dice(number);
    let length = 20 + dice.roll(6000);
    let mut bytes = format!("content {number} ").into_bytes();
    bytes.extend((0..length).map(|_| dice.roll(256) as u8));
    bytes
}

/// Makes the spells and the world that deeds are about.
pub fn prepare(store: &Store) -> Result<(), StoreError> {
    for number in 0..3 {
        let new = NewSpell {
            spell_id: spell(number),
            display_name: "Spell".into(),
            owner: "guest".into(),
            description: String::new(),
            tags: vec!["fire".into()],
        };
        store.create_spell(new)?;
    }
    let new = NewWorld {
        world_id: world(),
        name: "World".into(),
        owner: "guest".into(),
        channel: Channel::Stable,
        shape: "plane".into(),
        seed: 7,
        terrain: "hills".into(),
    };
    store.create_world(new).map(|_| ())
}

pub fn new_revision(store: &Store, spell_id: SpellId, number: u64) -> Result<NewRevision, StoreError> {
    let component = content(number + 1_000_000);
    let digests = store.put_all(&[&content(number), &component])?;
    let component = ComponentRef { digest: digests[1], size: component.len() as u64 };
    let note = format!("note {number}");
    let files = vec![digests[1]];
    Ok(NewRevision {
        spell_id,
        revision_id: digests[0],
        component,
        files,
        parent: None,
        author: "guest".into(),
        note,
    })
}

pub fn publish(spell_id: SpellId, revision_id: Digest, channel: Channel, note: &str) -> Publish {
    let (by, note) = ("guest".into(), note.into());
    Publish { spell_id, channel, revision_id, expected: Expected::Any, by, note, tick: None }
}

/// How many kinds of deeds there are.
pub const KINDS: u64 = 8;

/// Does the deed of this number. Deeds of kind 3 must be done in order.
pub fn perform(store: &Store, number: u64) -> Result<(), StoreError> {
    match number % KINDS {
        0 => store.put(&content(number)).map(|_| ()),
        1 => store.add_revision(new_revision(store, spell(number), number)?).map(|_| ()),
        2 => {
            let added = store.add_revision(new_revision(store, spell(number), number)?)?;
            let to = added.value.revision_id;
            store.publish(publish(spell(number), to, Channel::Beta, &format!("deed {number}"))).map(|_| ())
        }
        3 => {
            store.append(&world(), &[(number, &content(number))], &[])?;
            store.sync(&world())
        }
        4 => {
            let new = NewReport { revision_id: None, kind: "trap".into(), body: format!("deed {number}") };
            store.add_report(&spell(number), new).map(|_| ())
        }
        5 => {
            let new = NewSession {
                client_id: format!("client-{number}"),
                username: "guest".into(),
                scopes: vec![],
                expires_at_ms: u64::MAX,
            };
            store.open_session(&format!("token-{number}"), new).map(|_| ())
        }
        6 => {
            let job = store.create_job(&spell(number), "guest")?;
            store.append_job_log(job.job_id, format!("deed {number}").as_bytes())?;
            let stage = Some(format!("deed {number}"));
            store.update_job(job.job_id, JobUpdate { stage, ..JobUpdate::default() }).map(|_| ())
        }
        _ => {
            let part = Part { name: "all".into(), digest: store.put(&content(number))? };
            let new = NewSnapshot {
                tick: number,
                hash: [7; 16],
                engine_id: "e".into(),
                parts: vec![part],
                refs: vec![],
            };
            store.save_snapshot(&world(), new)?;
            let update = WorldUpdate { head: Some((number, [7; 16])), ..WorldUpdate::default() };
            store.update_world(&world(), update).map(|_| ())
        }
    }
}

/// Whether the store has the whole of what this deed did. Wrong bytes are a panic.
pub fn is_there(store: &Store, number: u64) -> Result<bool, StoreError> {
    let blob = |number| match store.get(&Digest::of(&content(number))) {
        Ok(bytes) => {
            assert_eq!(bytes, content(number), "wrong bytes of {number}");
            Ok(true)
        }
        Err(StoreError::UnknownBlob(_)) => Ok(false),
        Err(error) => Err(error),
    };
    let id = Digest::of(&content(number));
    match number % KINDS {
        0 => blob(number),
        1 => {
            let found = store.revisions(&spell(number))?.into_iter().find(|one| one.revision_id == id);
            let Some(found) = found else { return Ok(false) };
            assert_eq!(found.note, format!("note {number}"));
            assert_eq!(store.revision(&id)?, found);
            Ok(blob(number)? && blob(number + 1_000_000)?)
        }
        2 => {
            let history = store.history(&spell(number), Channel::Beta)?;
            let entries: Vec<_> =
                history.iter().filter(|entry| entry.note == format!("deed {number}")).collect();
            assert!(entries.len() < 2, "deed {number} was done twice");
            assert!(entries.iter().all(|entry| entry.to == id));
            Ok(!entries.is_empty()
                && store.revision(&id).is_ok()
                && blob(number)?
                && blob(number + 1_000_000)?)
        }
        3 => match store.read(&world(), number..=number)?.next() {
            Some(Ok(LogEntry::Frame { tick, bytes })) => {
                assert_eq!((tick, bytes), (number, content(number)));
                Ok(true)
            }
            Some(Ok(other)) => panic!("{other:?}"),
            Some(Err(error)) => Err(error),
            None => Ok(false),
        },
        4 => {
            let reports = store.reports(&spell(number))?;
            // Two hundred later ones push it out.
            let later = reports.iter().filter(|one| deed_of(&one.body) > Some(number)).count();
            Ok(later >= 180 || reports.iter().any(|one| one.body == format!("deed {number}")))
        }
        5 => Ok(store
            .session(&format!("token-{number}"))?
            .is_some_and(|one| one.client_id == format!("client-{number}"))),
        6 => {
            let jobs = store.jobs(usize::MAX)?;
            let stage = format!("deed {number}");
            let found = jobs.iter().find(|job| job.stage == stage);
            Ok(found.is_some_and(|job| store.job_log(job.job_id, 0).unwrap() == stage.as_bytes()))
        }
        _ => {
            let snapshots = store.snapshots(&world())?;
            let found = snapshots.iter().any(|one| one.tick == number && one.parts[0].digest == id);
            Ok(found && blob(number)?)
        }
    }
}

fn deed_of(body: &str) -> Option<u64> {
    body.strip_prefix("deed ")?.parse().ok()
}

/// Checks that everything acknowledged is there, and everything consistent.
pub fn check(store: &Store, acknowledged: impl IntoIterator<Item = u64>, context: &str) {
    for number in acknowledged {
        let there =
            is_there(store, number).unwrap_or_else(|error| panic!("{context}: deed {number}: {error}"));
        assert!(there, "{context}: the acknowledged deed {number} is lost");
    }
    let report = spellhost_store::fsck(store).expect("the files can be read");
    assert!(report.is_clean(), "{context}: {:#?}", report.findings);
}

/// A store with something of everything, closed; returns how many deeds.
pub fn furnish(dir: &Path) -> u64 {
    let store = open(dir);
    prepare(&store).unwrap();
    let deeds = 6 * KINDS;
    (0..deeds).for_each(|number| perform(&store, number).unwrap());
    store.compact().unwrap();
    (deeds..deeds + KINDS).for_each(|number| perform(&store, number).unwrap());
    let rollback = Rollback {
        spell_id: spell(2),
        channel: Channel::Beta,
        expected: Expected::Any,
        by: "guest".into(),
        reason: Reason::Guard,
        note: String::new(),
        tick: Some(9),
    };
    store.rollback(rollback).unwrap();
    assert_eq!(store.job(JobId(1)).unwrap().log_bytes, 6);
    store.close().unwrap();
    deeds + KINDS
}
