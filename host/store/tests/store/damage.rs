//! Bytes flipped, zeroed and cut in every kind of file: correct bytes, a clear error or a rebuild;
//! never wrong bytes, a hang or a crash where there is a way to tell.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use spellhost_store::{FrameLog, Options, Source, Store, StoreError, fsck, probe, recover};

use crate::child::{Ended, role, say, start};
use crate::deeds::{Dice, furnish, is_there, open, options, perform, world};

const TEST: &str = "damage::damage_is_an_error_or_mended_and_never_a_wrong_answer";

/// What a process makes of a directory: everything there, or which error.
fn judge(dir: &Path, deeds: u64) -> String {
    let store = match Store::open(dir, Options { probed: true, ..options() }) {
        Ok((store, _)) => store,
        Err(error) => return format!("refused {}", error.code()),
    };
    let mut wrong = Vec::new();
    for number in 0..deeds {
        match is_there(&store, number) {
            Ok(true) => {}
            Ok(false) => wrong.push("missing"),
            Err(error) => wrong.push(error.code()),
        }
    }
    let clean = fsck(&store).map_or_else(|error| error.code().into(), |report| report.is_clean().to_string());
    wrong.dedup();
    format!("opened {} {clean}", wrong.join(","))
}

fn be_child(role: &str) {
    let mut words = role.split('|');
    let mut word = || words.next().expect("the parent gives all");
    let (task, dir, deeds) = (word(), word(), word().parse().unwrap());
    match task {
        "probe" => {
            say(&probe(Path::new(dir)).map_or_else(|error| error.code().into(), |_| "fine".to_string()))
        }
        _ => say(&judge(Path::new(dir), deeds)),
    }
    // Whatever threads a damaged database left behind end here.
    std::process::exit(0);
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
    found.sort();
}

fn copy(from: &Path, to: &Path) {
    let mut all = Vec::new();
    files(from, &mut all);
    for file in all {
        let target = to.join(file.strip_prefix(from).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&file, target).unwrap();
    }
}

/// Damages a file in one of the ways; says which.
fn damage(path: &Path, way: u64, dice: &mut Dice) -> String {
    let mut bytes = fs::read(path).unwrap();
    let at = dice.roll(bytes.len() as u64) as usize;
    let told = match way {
        0 => {
            bytes[at] ^= 1 << dice.roll(8);
            format!("byte {at} flipped")
        }
        1 => {
            let end = (at + 1 + dice.roll(600) as usize).min(bytes.len());
            bytes[at..end].fill(0);
            format!("bytes {at}..{end} zeroed")
        }
        2 => {
            bytes.truncate(at);
            format!("cut to {at}")
        }
        _ => {
            fs::remove_file(path).unwrap();
            return "removed".into();
        }
    };
    fs::write(path, bytes).unwrap();
    told
}

#[test]
fn damage_is_an_error_or_mended_and_never_a_wrong_answer() {
    if let Some(role) = role() {
        return be_child(&role);
    }
    let whole = tempfile::tempdir().unwrap();
    let deeds = furnish(whole.path());
    let mut all = Vec::new();
    files(whole.path(), &mut all);
    let kind = |path: &Path| {
        path.strip_prefix(whole.path()).unwrap().iter().next().unwrap().to_string_lossy().into_owned()
    };
    let seed = 77;
    let (mut dice, mut noticed) = (Dice(seed), 0);
    for case in 0..160 {
        let kinds = ["db", "journal", "frames", "blobs", "db", "journal"];
        let wanted = kinds[case as usize % kinds.len()];
        let of_kind: Vec<&PathBuf> = all.iter().filter(|path| kind(path) == wanted).collect();
        let victim = of_kind[dice.roll(of_kind.len() as u64) as usize];
        let dir = tempfile::tempdir().unwrap();
        copy(whole.path(), dir.path());
        let path = dir.path().join(victim.strip_prefix(whole.path()).unwrap());
        let told = damage(&path, dice.roll(if wanted == "blobs" { 4 } else { 3 }), &mut dice);
        let context = format!("seed {seed}, case {case}, {}: {told}", victim.display());

        let task = |name: &str| format!("{name}|{}|{deeds}", dir.path().display());
        // As the host does it: sled is tried in a child first, which may do what it likes.
        let probed = start(TEST, &task("probe")).verdict();
        let verdict = match probed {
            Ended::Said(said) if said == "fine" => start(TEST, &task("judge")).verdict(),
            Ended::Said(_) | Ended::Crashed | Ended::Hung => Ended::Said("refused database_damaged".into()),
        };
        let Ended::Said(verdict) = verdict else { panic!("{context}: {verdict:?} after a good probe") };
        // Zeroes over zeroes, or a byte that nothing uses, are no damage.
        noticed += u64::from(verdict != "opened  true");
        let expected: &[&str] = match wanted {
            "db" => &["opened  true", "refused database_damaged", "refused journal_damaged"],
            "journal" => &["opened  true", "opened  false", "refused journal_damaged"],
            "frames" => &[
                "opened  true",
                "opened frames_damaged false",
                "opened missing false",
                "opened missing true",
                "opened frames_damaged,missing false",
                "opened missing,frames_damaged false",
            ],
            _ => &["opened  true", "opened corrupt false"],
        };
        assert!(expected.contains(&verdict.as_str()), "{context}: {verdict}");
        if wanted == "db" {
            recover(dir.path(), Source::Journal).unwrap_or_else(|error| panic!("{context}: {error}"));
            assert_eq!(judge(dir.path(), deeds), "opened  true", "{context}, recovered");
        } else if verdict == "refused journal_damaged" || verdict == "opened  false" {
            recover(dir.path(), Source::Database).unwrap_or_else(|error| panic!("{context}: {error}"));
            assert_eq!(judge(dir.path(), deeds), "opened  true", "{context}, recovered");
        }
    }
    assert!(noticed > 100, "only {noticed} of the damages meant anything");
}

#[test]
fn a_journal_damaged_in_the_middle_says_where_and_what_and_recovers_up_to_there() {
    let dir = tempfile::tempdir().unwrap();
    let deeds = furnish(dir.path());
    let mut all = Vec::new();
    files(&dir.path().join("journal"), &mut all);
    let segment = all.iter().find(|path| path.extension().unwrap() == "journal").unwrap();
    let mut bytes = fs::read(segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    fs::write(segment, bytes).unwrap();
    let error = Store::open(dir.path(), options()).err().unwrap();
    let StoreError::JournalDamaged { place, detail } = &error else { panic!("{error}") };
    assert_eq!(&place.file, segment);
    assert!(place.offset > 0 && place.offset <= middle as u64);
    assert!(detail.contains("is unreadable; intact records go on at"), "{detail}");

    let recovered = recover(dir.path(), Source::Journal).unwrap();
    assert!(recovered.lost.unwrap().contains("is unreadable"));
    assert!(recovered.set_aside.join("journal").exists() && recovered.set_aside.join("db").exists());
    let store = open(dir.path());
    assert_eq!(store.sequence(), recovered.sequence);
    let checkpointed = 48;
    (0..checkpointed).for_each(|number| assert!(is_there(&store, number).unwrap(), "{number}"));
    assert!((checkpointed..deeds).any(|number| !is_there(&store, number).unwrap()));
}

#[test]
fn a_recovery_that_was_interrupted_is_finished_by_the_next() {
    let (dir, ready) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let deeds = furnish(dir.path());
    copy(dir.path(), ready.path());
    recover(ready.path(), Source::Journal).unwrap();
    // Killed after the old journal was moved away and before the new one was in its place.
    fs::remove_dir_all(dir.path().join("journal")).unwrap();
    fs::rename(ready.path().join("journal"), dir.path().join("recovering")).unwrap();
    let error = Store::open(dir.path(), options()).err().unwrap();
    assert_eq!(error.code(), "journal_damaged");
    recover(dir.path(), Source::Journal).unwrap();
    assert_eq!(judge(dir.path(), deeds), "opened  true");
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(recover(empty.path(), Source::Journal).err().unwrap().code(), "no_store");
}

#[test]
fn a_journal_whose_end_was_cut_off_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    furnish(dir.path());
    let mut all = Vec::new();
    files(&dir.path().join("journal"), &mut all);
    let segment = all.iter().find(|path| path.extension().unwrap() == "journal").unwrap();
    let bytes = fs::read(segment).unwrap();
    fs::write(segment, &bytes[..bytes.len() / 3]).unwrap();
    let error = Store::open(dir.path(), options()).err().unwrap();
    assert_eq!(error.code(), "journal_damaged");
    assert!(error.to_string().contains("its end is missing"), "{error}");
}

#[test]
fn a_database_that_is_gone_is_rebuilt() {
    let dir = tempfile::tempdir().unwrap();
    let deeds = furnish(dir.path());
    fs::remove_dir_all(dir.path().join("db")).unwrap();
    let (store, opened) = Store::open(dir.path(), options()).unwrap();
    assert!(opened.rebuilt && opened.replayed > 0);
    crate::deeds::check(&store, 0..deeds, "rebuilt");
}

#[test]
fn a_damaged_blob_is_never_served_and_mended_by_putting_it_again() {
    use spellhost_store::{Blobs, Digest};
    let dir = tempfile::tempdir().unwrap();
    furnish(dir.path());
    let store = open(dir.path());
    let content = crate::deeds::content(0);
    let digest = Digest::of(&content);
    let path = dir.path().join("blobs").join(&digest.hex()[..2]).join(&digest.hex()[2..]);
    fs::write(&path, vec![0; content.len()]).unwrap();
    let error = store.get(&digest).err().unwrap();
    assert_eq!(error.code(), "corrupt");
    assert!(error.to_string().contains(&digest.to_string()));
    assert_eq!(store.put(&content).unwrap(), digest);
    assert_eq!(store.get(&digest).unwrap(), content);
}

#[test]
fn a_damaged_log_is_read_up_to_the_damage_and_cut_there() {
    let dir = tempfile::tempdir().unwrap();
    furnish(dir.path());
    let mut all = Vec::new();
    files(&dir.path().join("frames"), &mut all);
    let mut bytes = fs::read(&all[0]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&all[0], bytes).unwrap();
    let store = open(dir.path());
    let mut entries: Vec<_> = store.read(&world(), 0..=u64::MAX).unwrap().collect();
    assert_eq!(entries.pop().unwrap().err().unwrap().code(), "frames_damaged");
    let last = entries.into_iter().map(Result::unwrap).filter_map(|entry| match entry {
        spellhost_store::LogEntry::Frame { tick, .. } => Some(tick),
        spellhost_store::LogEntry::Epoch(_) => None,
    });
    let last = last.max().unwrap();
    assert_eq!(perform(&store, 8003).err().unwrap().code(), "frames_damaged");
    store.cut_after(&world(), last).unwrap();
    perform(&store, 8003).unwrap();
    assert_eq!(store.last_tick(&world()).unwrap(), Some(8003));
    assert!(fsck(&store).unwrap().is_clean());
    assert!(dir.path().join("set-aside/frames/default").exists());
}

#[test]
fn a_database_that_does_not_open_in_time_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    furnish(dir.path());
    let hurried = Options { probe_deadline: Duration::ZERO, ..options() };
    let error = Store::open(dir.path(), hurried).err().unwrap();
    assert_eq!(error.code(), "database_damaged");
    assert!(error.to_string().contains("spellhost recover"), "{error}");
}
