//! Blobs, jobs, sessions, accounts, reports and the cache: what is put is what is got.

use std::sync::atomic::{AtomicU64, Ordering};

use spellhost_store::{
    Account, ArtefactKey, Blobs, Digest, JobStatus, JobUpdate, NewReport, NewSession, NewWorld, Options,
    Store, WorldId, WorldUpdate,
};

use crate::deeds::{open, options, prepare, spell, world};

#[test]
fn a_blob_is_what_was_put_with_both_its_hashes() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let digests = store.put_all(&[b"", b"abc", b"abc"]).unwrap();
    assert_eq!(digests[1], digests[2]);
    assert_eq!(store.get(&digests[0]).unwrap(), b"");
    let info = store.info(&digests[1]).unwrap();
    assert_eq!((info.size, store.len(&digests[1]).unwrap()), (3, 3));
    let sha256 = info.sha256.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(digests[1].hex(), "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");
    assert_eq!(store.iterate().unwrap().len(), 2);
    let sequence = store.sequence();
    store.put(b"abc").unwrap();
    assert_eq!(store.sequence(), sequence, "a blob that is there is not written again");
    assert!(store.remove(&digests[1]).unwrap() && !store.remove(&digests[1]).unwrap());
    assert!(!store.contains(&digests[1]).unwrap());
    assert_eq!(store.get(&digests[1]).err().unwrap().code(), "unknown_blob");
    assert_eq!(store.put(&vec![0; (64 << 20) + 1]).err().unwrap().code(), "too_large");
}

#[test]
fn writers_on_many_threads_all_get_their_answer() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    std::thread::scope(|scope| {
        for thread in 0..8_u64 {
            let store = store.clone();
            scope.spawn(move || {
                for number in 0..20 {
                    let content = format!("{thread} {number}");
                    let digest = store.put(content.as_bytes()).unwrap();
                    assert_eq!(store.get(&digest).unwrap(), content.as_bytes());
                }
            });
        }
    });
    assert_eq!((store.iterate().unwrap().len(), store.sequence()), (160, 160));
}

#[test]
fn a_job_goes_forward_and_stays_as_it_ended() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    prepare(&store).unwrap();
    let job = store.create_job(&spell(0), "guest").unwrap();
    assert_eq!(job.job_id.to_string(), "job_000001");
    let update =
        |status, pct| JobUpdate { status: Some(status), progress_pct: Some(pct), ..JobUpdate::default() };
    store.update_job(job.job_id, update(JobStatus::Running, 40)).unwrap();
    assert_eq!(store.update_job(job.job_id, update(JobStatus::Running, 20)).unwrap().progress_pct, 40);
    assert_eq!(store.append_job_log(job.job_id, b"one\n").unwrap(), 4);
    assert_eq!(store.append_job_log(job.job_id, b"two\n").unwrap(), 8);
    assert_eq!(store.job_log(job.job_id, 4).unwrap(), b"two\n");
    assert_eq!(store.job_log(job.job_id, 99).unwrap(), b"");
    let second = store.create_job(&spell(1), "guest").unwrap();
    assert_eq!(store.unfinished_jobs().unwrap().len(), 2);
    store.update_job(job.job_id, update(JobStatus::Failed, 200)).unwrap();
    assert_eq!(store.job(job.job_id).unwrap().progress_pct, 100);
    assert_eq!(
        store.update_job(job.job_id, update(JobStatus::Running, 0)).err().unwrap().code(),
        "job_ended"
    );
    assert_eq!(store.unfinished_jobs().unwrap(), std::slice::from_ref(&second));
    assert_eq!(store.jobs(1).unwrap(), [second]);
    let long = vec![b'x'; 2 << 20];
    assert_eq!(store.append_job_log(job.job_id, &long).unwrap(), 1 << 20);
    assert_eq!(store.job_log(job.job_id, 0).unwrap().len(), 1 << 20);
}

#[test]
fn sessions_expire_and_tokens_are_not_kept() {
    static NOW: AtomicU64 = AtomicU64::new(1000);
    let dir = tempfile::tempdir().unwrap();
    let (store, _) =
        Store::open(dir.path(), Options { clock: || NOW.load(Ordering::Relaxed), ..options() }).unwrap();
    let new = |client: &str, expires_at_ms| NewSession {
        client_id: client.into(),
        username: "guest".into(),
        scopes: vec!["operator".into()],
        expires_at_ms,
    };
    let token = "a-token-that-nobody-should-find";
    store.open_session(token, new("one", 2000)).unwrap();
    store.open_session("other", new("two", 3000)).unwrap();
    assert_eq!(store.session(token).unwrap().unwrap().client_id, "one");
    assert_eq!(store.session("wrong").unwrap(), None);
    NOW.store(2000, Ordering::Relaxed);
    assert_eq!(store.session(token).unwrap(), None);
    assert_eq!(store.expire_sessions().unwrap(), 1);
    assert_eq!(store.sessions().unwrap().len(), 1);
    assert!(store.close_session("other").unwrap() && !store.close_session("other").unwrap());
    drop(store);
    for entry in std::fs::read_dir(dir.path().join("journal")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(token.len()).any(|window| window == token.as_bytes()));
    }
}

#[test]
fn accounts_and_worlds_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    prepare(&store).unwrap();
    let account =
        Account { username: "ada".into(), password_hash: None, role: "user".into(), created_at_ms: 5 };
    store.put_account(account.clone()).unwrap();
    assert_eq!(store.account("ada").unwrap(), Some(account.clone()));
    assert_eq!(store.accounts().unwrap(), [account]);
    let update = WorldUpdate { name: Some("New".into()), head: Some((9, [1; 16])), ..WorldUpdate::default() };
    let updated = store.update_world(&world(), update).unwrap();
    assert_eq!((updated.name.as_str(), updated.tick, updated.seed), ("New", 9, 7));
    let other = NewWorld {
        world_id: world(),
        name: "World".into(),
        owner: "other".into(),
        channel: updated.channel,
        shape: "plane".into(),
        seed: 7,
        terrain: "hills".into(),
    };
    assert_eq!(store.create_world(other).err().unwrap().code(), "world_exists");
    store.delete_world(&world()).unwrap();
    assert_eq!(store.world(&world()).err().unwrap().code(), "unknown_world");
    assert_eq!(store.delete_world(&WorldId::parse("none").unwrap()).err().unwrap().code(), "unknown_world");
}

#[test]
fn the_last_two_hundred_reports_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    prepare(&store).unwrap();
    for number in 0..205 {
        let new = NewReport { revision_id: None, kind: "trap".into(), body: number.to_string() };
        assert_eq!(store.add_report(&spell(0), new).unwrap().number, number + 1);
    }
    let reports = store.reports(&spell(0)).unwrap();
    assert_eq!((reports.len(), reports[0].body.as_str(), reports[199].body.as_str()), (200, "5", "204"));
    assert!(store.reports(&spell(1)).unwrap().is_empty());
}

#[test]
fn artefacts_are_kept_by_their_key_and_the_oldest_go() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let component = Digest::of(b"component");
    let key = |engine_id| ArtefactKey { component: &component, engine_id, features: "avx2" };
    assert_eq!(store.artefact(&key("a")).unwrap(), None);
    store.put_artefact(&key("a"), &[1; 1000]).unwrap();
    store.put_artefact(&key("b"), &[2; 1000]).unwrap();
    assert_eq!(store.artefact(&key("a")).unwrap(), Some(vec![1; 1000]));
    assert_eq!(std::fs::read(store.artefact_path(&key("b"))).unwrap(), [2; 1000]);
    let sequence = store.sequence();
    assert_eq!(store.evict_artefacts(1500).unwrap(), 1);
    assert_eq!(store.evict_artefacts(0).unwrap(), 1);
    assert_eq!((store.artefact(&key("b")).unwrap(), store.sequence()), (None, sequence));
}
