//! A spell imports what it uses, and nothing else: what a component imports is what it may do.
//!
//! Spells are built with rustc itself; what the core module imports is what its component will.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

/// What a spell's `cast` does, and the interfaces that this takes.
const SPELLS: [(&str, &str); 12] = [
    ("", "log"),
    ("scene::get_voxel(ctx.target_block());", "log scene"),
    ("terrain::carve_sphere(ctx.target_position, 2.0);", "log terrain"),
    ("terrain::watch_box(ctx.target_block(), (1, 1, 1), 0, 9);", "log terrain"),
    ("Projectile::at(ctx.origin).spawn();", "log projectiles"),
    ("entities::spawn_npc(Npc::Wolf, ctx.origin, 0);", "entities log"),
    ("presentation::message(ctx.caster, \"hello\");", "log presentation"),
    ("timers::wake_after(seconds(1.0), 1);", "log timers"),
    ("remote_events::broadcast(\"hello\", \"{}\");", "log remote-events"),
    ("state::save(&[1]);", "log state"),
    ("entities::heal(ctx.caster, random::unit_f64());", "entities log random"),
    ("if scene::tick() > 1 { fail!(\"late\") } state::finish();", "log scene state"),
];

fn rustc(arguments: &[&str]) {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["--edition=2024", "--target=wasm32-unknown-unknown", "--cap-lints=allow", "-Cpanic=abort"])
        .args(["--cfg=feature=\"panic-log\"", "--cfg=feature=\"bump-allocator\""])
        .args(arguments)
        .output()
        .expect("rustc runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The interfaces of this package that a module imports.
fn imports(module: &[u8]) -> BTreeSet<String> {
    fn number(bytes: &mut &[u8]) -> usize {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            value |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return value;
            }
        }
    }
    fn text<'a>(bytes: &mut &'a [u8]) -> &'a str {
        let length = number(bytes);
        let (text, rest) = bytes.split_at(length);
        *bytes = rest;
        std::str::from_utf8(text).expect("names are UTF-8")
    }
    let (mut rest, mut found) = (&module[8..], BTreeSet::new());
    while let Some((id, mut after)) = rest.split_first() {
        let length = number(&mut after);
        let (mut section, next) = after.split_at(length);
        rest = next;
        if *id == 2 {
            for _ in 0..number(&mut section) {
                let interface = text(&mut section);
                let interface = interface.strip_prefix("spellhost:spell/").expect("it is one of ours");
                found.insert(interface.strip_suffix("@0.1.0").expect("it has a version").to_owned());
                text(&mut section);
                assert_eq!(section[0], 0, "only functions are imported");
                section = &section[1..];
                number(&mut section);
            }
        }
    }
    found
}

#[test]
fn a_spell_imports_what_it_uses() {
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("imports");
    std::fs::create_dir_all(&out).expect("the folder can be made");
    let path = |name: &str| out.join(name).display().to_string();
    let library = path("libspellhost_sdk.rlib");
    rustc(&[
        "--crate-type=rlib",
        "--crate-name=spellhost_sdk",
        "-Copt-level=s",
        "src/lib.rs",
        "-o",
        &library,
    ]);
    let sdk = format!("spellhost_sdk={library}");
    for (cast, wanted) in SPELLS {
        let (source, module) = (path("spell.rs"), path("spell.wasm"));
        let spell = format!(
            "use spellhost_sdk::prelude::*;\nstruct Test;\n\
             impl Spell for Test {{ fn cast(ctx: &Context) -> Result {{ {cast} Ok(()) }} }}\n\
             export_spell!(Test);\n"
        );
        std::fs::write(&source, spell).expect("the source can be written");
        rustc(&[
            "--crate-type=cdylib",
            "--crate-name=spell",
            "-Copt-level=s",
            "--extern",
            &sdk,
            &source,
            "-o",
            &module,
        ]);
        let found = imports(&std::fs::read(&module).expect("rustc wrote it"));
        assert_eq!(found.into_iter().collect::<Vec<_>>().join(" "), wanted, "{cast}");
    }
}
