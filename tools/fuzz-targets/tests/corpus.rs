//! The corpus of every fuzz target, and mutations of it, through the same functions that the fuzzer calls.

use std::fs;
use std::path::{Path, PathBuf};

use spellhost_fuzz_targets::TARGETS;

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = files.map(|file| file.expect("a readable file").path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(&path).expect("a readable file"))).collect()
}

#[test]
fn every_target_has_seeds_and_takes_them() {
    for (name, target) in TARGETS {
        let seeds = corpus(name);
        assert!(!seeds.is_empty(), "{name}");
        for (path, bytes) in seeds {
            eprintln!("{}", path.display());
            target(&bytes);
        }
    }
}

/// Numbers in a fixed order; a failure says at which byte of which seed.
fn mutations(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as usize
    };
    let bytes = bytes.to_vec();
    (0..300).map(move |_| {
        let mut mutated = bytes.clone();
        for _ in 0..1 + next() % 3 {
            let at = next() % mutated.len().max(1);
            match (next() % 4, mutated.get_mut(at)) {
                (0, Some(byte)) => *byte ^= 1 << (next() % 8),
                (1, Some(byte)) => *byte = [0, 1, 0x7f, 0x80, 0xff][next() % 5],
                (2, Some(_)) => mutated.truncate(at),
                _ => mutated.insert(at.min(mutated.len()), next() as u8),
            }
        }
        mutated
    })
}

#[test]
fn mutated_seeds_never_panic() {
    for (name, target) in TARGETS {
        for (path, bytes) in corpus(name) {
            eprintln!("{}", path.display());
            mutations(&bytes).for_each(|mutated| target(&mutated));
        }
    }
}
