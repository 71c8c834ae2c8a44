//! Code that is made apart from the engine that runs it.

use spellhost_runtime::{Artefact, ArtefactKey, Codegen, Compiler, SealError, code};

use crate::arena::{Arena, CODEGENS, admitted, applied, engine};
use crate::guest::Guest;

fn key(byte: u8) -> ArtefactKey {
    ArtefactKey::from_bytes([byte; 32])
}

fn compile(guest: &Guest, codegen: Codegen) -> Artefact {
    let compiler = Compiler::new(codegen).expect("a compiler");
    compiler.compile(&admitted(&guest.build())).unwrap_or_else(|rejection| panic!("{rejection}"))
}

#[test]
fn an_artefact_runs_as_what_it_was_made_from() {
    let guest = Guest::new().import("random.next").cast("(drop (call $random.next))");
    for codegen in CODEGENS {
        let sealed = compile(&guest, codegen).seal(&key(1));
        let artefact = Artefact::open(sealed, &key(1)).expect("the seal is whole");
        assert_eq!(artefact.component(), admitted(&guest.build()).digest());
        assert_eq!(artefact.target(), engine(codegen).target());
        let loaded = engine(codegen).load_artefact(admitted(&guest.build()), &artefact).expect("it loads");
        let compiled = engine(codegen).load(admitted(&guest.build())).expect("it loads");
        let play = |component| Arena::new(codegen, 1).cast(component).report;
        assert_eq!(play(&loaded), play(&compiled), "{codegen:?}");
        assert_eq!(play(&loaded).calls[0].outcome, applied());
    }
}

#[test]
fn an_artefact_of_something_else_is_refused() {
    let (guest, other) = (Guest::new(), Guest::new().data(9000, "other"));
    let artefact = compile(&guest, Codegen::Native);
    let native = engine(Codegen::Native);
    let rejection = native.load_artefact(admitted(&other.build()), &artefact).expect_err("other bytes");
    assert_eq!(rejection.code(), code::COMPILE);
    for codegen in [Codegen::NativeUnoptimised, Codegen::Pulley] {
        assert_ne!(engine(codegen).target(), native.target());
        let rejection = engine(codegen).load_artefact(admitted(&guest.build()), &artefact);
        assert_eq!(rejection.expect_err("another target").code(), code::COMPILE);
    }
}

#[test]
fn a_seal_is_whole_or_it_is_refused() {
    let sealed = compile(&Guest::new(), Codegen::Native).seal(&key(1));
    let open =
        |bytes: Vec<u8>, key: &ArtefactKey| Artefact::open(bytes, key).map(|artefact| artefact.target());
    assert_eq!(open(sealed.clone(), &key(1)), Ok(engine(Codegen::Native).target()));
    assert_eq!(open(sealed.clone(), &key(2)), Err(SealError::Broken));
    // Every byte of the head, and some of the code.
    for at in (0..200).chain((200..sealed.len()).step_by(997)) {
        let mut damaged = sealed.clone();
        damaged[at] ^= 1;
        assert!(open(damaged, &key(1)).is_err(), "byte {at}");
    }
    for length in [0, 7, 40, 111, 112, sealed.len() - 1] {
        assert!(open(sealed[..length].to_vec(), &key(1)).is_err(), "{length} bytes");
    }
    assert!(!format!("{:?}", key(1)).contains('1'), "a key is not shown");
}
