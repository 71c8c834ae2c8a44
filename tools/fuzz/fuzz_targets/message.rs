#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| spellhost_fuzz_targets::message(bytes));
