//! `kill -9` at random moments, and at every kind of file operation.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use spellhost_store::{Options, Store};

use crate::child::{role, say, start};
use crate::deeds::{Dice, KINDS, check, is_there, open, options, perform, prepare};
use crate::disks::{FATAL_POINTS, FatalDisk};

const TEST: &str = "kills::an_acknowledged_deed_survives_every_kill";
const KILLS: u64 = 220;

/// The child: does deeds on three threads until it is killed, or its disk kills it.
fn be_killed(role: &str) -> ! {
    let mut words = role.split('|');
    let mut word = || words.next().expect("the parent gives all");
    let (dir, first, point, count) = (word(), word(), word(), word());
    let disk = Arc::new(FatalDisk::new(point, count.parse().unwrap()));
    let (store, _) = Store::open(Path::new(dir), Options { disk, ..options() }).unwrap();
    let next = AtomicU64::new(first.parse().unwrap());
    let logs = Mutex::new(());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..40 {
                    // Frames go into the log in order.
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let _in_order = (number % KINDS == 3).then(|| logs.lock().unwrap());
                    say(&format!("try {number}"));
                    match perform(&store, number) {
                        Ok(()) => say(&format!("ack {number}")),
                        Err(error) if error.code() == "out_of_order" => {}
                        Err(error) => say(&format!("error {number}: {error}")),
                    }
                }
            });
        }
    });
    std::process::abort();
}

#[derive(Default)]
struct Oracle {
    tried: BTreeSet<u64>,
    acknowledged: BTreeSet<u64>,
}

impl Oracle {
    fn hear(&mut self, line: &str) {
        match line.split_once(' ') {
            Some(("try", number)) => self.tried.insert(number.parse().unwrap()),
            Some(("ack", number)) => self.acknowledged.insert(number.parse().unwrap()),
            // A line that was cut by the kill.
            _ if !line.starts_with("error") => false,
            _ => panic!("{line}"),
        };
    }
}

#[test]
fn an_acknowledged_deed_survives_every_kill() {
    if let Some(role) = role() {
        be_killed(&role);
    }
    let dir = tempfile::tempdir().unwrap();
    prepare(&open(dir.path())).unwrap();
    let seed = 20_261;
    let (mut dice, mut oracle) = (Dice(seed), Oracle::default());
    let mut unsettled = 0;
    for kill in 0..KILLS {
        let first = oracle.tried.last().map_or(0, |last| last + 1);
        let before = oracle.acknowledged.clone();
        // Half of them anywhere, half at a certain operation.
        let anywhere = kill % 2 == 0;
        let point = FATAL_POINTS[(kill / 2) as usize % FATAL_POINTS.len()];
        let (point, count) = if anywhere { ("nowhere", 0) } else { (point, 1 + dice.roll(6)) };
        let child = start(TEST, &format!("{}|{first}|{point}|{count}", dir.path().display()));
        let lines = if anywhere { 1 + dice.roll(60) } else { u64::MAX };
        for _ in 0..lines {
            let Some(line) = child.line() else { break };
            oracle.hear(&line);
        }
        child.kill().iter().for_each(|line| oracle.hear(line));
        let context = format!("seed {seed}, kill {kill} at {point} {count}");
        let store = open(dir.path());
        let new: Vec<u64> = oracle.acknowledged.difference(&before).copied().collect();
        let all = kill % 40 == 0 || kill + 1 == KILLS;
        check(&store, if all { oracle.acknowledged.iter().copied().collect() } else { new }, &context);
        for number in oracle.tried.range(first..).filter(|number| !oracle.acknowledged.contains(number)) {
            // Done or not, but never wrong and never an error.
            is_there(&store, *number).unwrap_or_else(|error| panic!("{context}: deed {number}: {error}"));
            unsettled += 1;
        }
    }
    assert!(oracle.acknowledged.len() > 1000, "only {} deeds were done", oracle.acknowledged.len());
    assert!(unsettled > 100, "the kills came between the deeds: {unsettled}");
}
