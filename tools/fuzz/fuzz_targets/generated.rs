#![no_main]
//! Admission of components that are well formed: the bytes are the chance that a spell is made of.

use spellhost_generator::{foreign, spell};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((kind, chance)) = bytes.split_first() else { return };
    let component = match kind % 4 {
        0 => foreign(chance),
        kind => spell(chance, kind == 1),
    };
    spellhost_fuzz_targets::admission(&component);
});
