//! Wrong values in a `spell.toml`, and paths that are no spell's folder.

use std::fs;
use std::path::Path;

use expect_test::{Expect, expect};
use spellhost_forge::Folder;

use crate::manifests::check;

fn check_path(root: &Path, name: &str, expected: Expect) {
    let error = Folder::open(&root.join(name)).unwrap_err();
    assert!(error.is_environment());
    expected.assert_eq(
        &format!("[{}] {}", error.code, error.render()).replace(&root.display().to_string(), "ROOT"),
    );
}

#[test]
fn wrong_values_are_named_with_what_they_must_be() {
    check(
        "id = \"x\"\nname = [1]",
        expect![[r#"
        error: `name` must be a text, and this is a list
         --> spell.toml:2:8
          |
        2 | name = [1]
          |        ^^^"#]],
    );
    check(
        "id = \"x\"\nlanguage = \"python\"",
        expect![[r#"
        error: language `python` is not supported by this build (rust, assemblyscript, wat)
         --> spell.toml:2:12
          |
        2 | language = "python"
          |            ^^^^^^^^"#]],
    );
    check(
        "id = \"x\"\nentry = \"../up.rs\"",
        expect![[r#"
        error: `entry` must be a path inside the spell's folder, with `/` between its parts
         --> spell.toml:2:9
          |
        2 | entry = "../up.rs"
          |         ^^^^^^^^^^"#]],
    );
    check(
        "id = \"x\"\nentry = \"src/none.rs\"",
        expect![[r#"
        error: there is no file `src/none.rs` in this folder
         --> spell.toml:2:9
          |
        2 | entry = "src/none.rs"
          |         ^^^^^^^^^^^^^"#]],
    );
    check(
        "id = \"x\"\nassets = \"assets/**\"",
        expect![[r#"
        error: `assets` must be a list of texts, and this is a text
         --> spell.toml:2:10
          |
        2 | assets = "assets/**"
          |          ^^^^^^^^^^^"#]],
    );
    check(
        "id = \"x\"\nassets = [\"a\", \"/etc/**\"]",
        expect![[r#"
        error: `assets` must be a path inside the spell's folder, with `/` between its parts
         --> spell.toml:2:16
          |
        2 | assets = ["a", "/etc/**"]
          |                ^^^^^^^^^"#]],
    );
    check(
        "id = \"x\"\ntags = [1979-05-27]",
        expect![[r#"
        error: `tags` must be a text, and this is a date
         --> spell.toml:2:9
          |
        2 | tags = [1979-05-27]
          |         ^^^^^^^^^^"#]],
    );
    check(
        format!("id = \"x\"\ntags = [{}]", "\"a\",".repeat(33)),
        expect![[r#"
        error: `tags` has 33 entries, at most 32 are allowed
         --> spell.toml:2:8
          |
        2 | tags = ["a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a",]
          |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"#]],
    );
    check(
        format!("id = \"x\"\ndescription = \"{}\"", "a".repeat(1025)),
        expect![[r#"
        error: `description` has 1025 bytes, at most 1024 are allowed
         --> spell.toml:2:15
          |
        2 | description = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
          |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"#]],
    );
}

#[test]
fn wrong_run_defaults_are_named() {
    check(
        "id = \"x\"\n[run]\nworld = \"hils\"",
        expect![[r#"
        error: `hils` is neither a world (hills, flat, empty) nor a file
         --> spell.toml:3:9
          |
        3 | world = "hils"
          |         ^^^^^^
          = hint: did you mean `hills`?"#]],
    );
    check(
        "id = \"x\"\n[run]\nworld = \"worlds/arena\"",
        expect![[r#"
        error: `worlds/arena` is neither a world (hills, flat, empty) nor a file
         --> spell.toml:3:9
          |
        3 | world = "worlds/arena"
          |         ^^^^^^^^^^^^^^"#]],
    );
    check(
        "id = \"x\"\n[run]\nworld = \"\"",
        expect![[r#"
        error: `world` is empty
         --> spell.toml:3:9
          |
        3 | world = ""
          |         ^^
          = hint: hills, flat, empty, or a file"#]],
    );
    check(
        "id = \"x\"\n[run]\nseed = -1",
        expect![[r#"
        error: `seed` must be a whole number from 0 to 18446744073709551615
         --> spell.toml:3:8
          |
        3 | seed = -1
          |        ^^"#]],
    );
    check(
        "id = \"x\"\n[run]\nseed = 18446744073709551616",
        expect![[r#"
        error: `seed` must be a whole number from 0 to 18446744073709551615
         --> spell.toml:3:8
          |
        3 | seed = 18446744073709551616
          |        ^^^^^^^^^^^^^^^^^^^^"#]],
    );
    check(
        "id = \"x\"\n[run]\ntarget = [1, 2]",
        expect![[r#"
        error: `target` must have three numbers, and this has 2
         --> spell.toml:3:10
          |
        3 | target = [1, 2]
          |          ^^^^^^"#]],
    );
    check(
        "id = \"x\"\n[run]\ntarget = [1, 2, nan]",
        expect![[r#"
        error: `target` must be a finite number
         --> spell.toml:3:17
          |
        3 | target = [1, 2, nan]
          |                 ^^^"#]],
    );
    check(
        "id = \"x\"\n[run]\nparams = { a = { b = 1 } }",
        expect![[r#"
        error: `a` must be true or false, a number, a text or three numbers, and this is a table
         --> spell.toml:3:16
          |
        3 | params = { a = { b = 1 } }
          |                ^^^^^^^^^"#]],
    );
    check(
        "id = \"x\"\n[run]\nparams = { a = inf }",
        expect![[r#"
        error: `a` must be a finite number
         --> spell.toml:3:16
          |
        3 | params = { a = inf }
          |                ^^^"#]],
    );
    check(
        "id = \"x\"\n[run]\nparams = { a = 9223372036854775808 }",
        expect![[r#"
        error: `a` does not fit 64 bits
         --> spell.toml:3:16
          |
        3 | params = { a = 9223372036854775808 }
          |                ^^^^^^^^^^^^^^^^^^^"#]],
    );
    check(
        "id = \"x\"\n[run]\nremote = { tick = 1 }",
        expect![[r#"
        error: `remote` must be a list of tables, such as [[run.remote]], and this is a table
         --> spell.toml:3:10
          |
        3 | remote = { tick = 1 }
          |          ^^^^^^^^^^^^"#]],
    );
    check(
        "id = \"x\"\n[run]\nremote = [{ tick = 1 }]",
        expect![[r#"
        error: `name` is missing in `run.remote`
         --> spell.toml:3:11
          |
        3 | remote = [{ tick = 1 }]
          |           ^^^^^^^^^^^^"#]],
    );
    check(
        "id = \"x\"\n[run]\nremote = [{ tick = 4294967296, name = \"a\" }]",
        expect![[r#"
        error: `tick` must be a whole number from 0 to 4294967295
         --> spell.toml:3:20
          |
        3 | remote = [{ tick = 4294967296, name = "a" }]
          |                    ^^^^^^^^^^"#]],
    );
    check(
        format!(
            "id = \"x\"\n[run]\nremote = [{{ tick = 1, name = \"a\", payload = \"{}\" }}]",
            "a".repeat(1025)
        ),
        expect![[r#"
        error: `payload` has 1025 bytes, at most 1024 are allowed
         --> spell.toml:3:45
          |
        3 | remote = [{ tick = 1, name = "a", payload = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
          |                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"#]],
    );
}

#[test]
fn a_path_that_is_no_spell_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    for name in ["spells/ember/src", "spells/frost", "crate", "nothing"] {
        fs::create_dir_all(root.join(name)).unwrap();
    }
    for name in ["spells/ember", "spells/frost"] {
        fs::write(root.join(name).join("spell.toml"), "id = \"x\"").unwrap();
    }
    fs::write(root.join("crate/Cargo.toml"), "").unwrap();
    fs::write(root.join("nothing/file"), "").unwrap();
    check_path(
        &root,
        "none",
        expect![[r#"
        [missing] error: there is no folder `ROOT/none`
        hint: `spellhost new ROOT/none` makes a spell there"#]],
    );
    check_path(
        &root,
        "spells/embr",
        expect![[r#"
        [missing] error: there is no folder `ROOT/spells/embr`
        hint: did you mean `ROOT/spells/ember`?"#]],
    );
    check_path(
        &root,
        "spells",
        expect![[r#"
        [several_spells] error: `ROOT/spells` is not a spell's folder, but holds some: `ember`, `frost`
        hint: give one of them, such as `ROOT/spells/ember`"#]],
    );
    check_path(
        &root,
        "spells/ember/spell.toml",
        expect![[r#"
        [not_a_folder] error: `ROOT/spells/ember/spell.toml` is a file, not a spell's folder
        hint: it lies in a spell's folder: give `ROOT/spells/ember`"#]],
    );
    check_path(
        &root,
        "spells/ember/src",
        expect![[r#"
        [not_a_spell_folder] error: `ROOT/spells/ember/src` is not a spell's folder: it has no spell.toml
        hint: it lies in a spell's folder: give `ROOT/spells/ember`"#]],
    );
    check_path(
        &root,
        "nothing",
        expect![[r#"
        [not_a_spell_folder] error: `ROOT/nothing` is not a spell's folder: it has no spell.toml
        hint: `spellhost new NAME` makes a spell that builds"#]],
    );
    check_path(
        &root,
        "nothing/file",
        expect![[r#"
        [not_a_folder] error: `ROOT/nothing/file` is a file, not a spell's folder
        hint: give the folder that holds its spell.toml"#]],
    );
    check_path(
        &root,
        "nothing/file/below",
        expect![
            "[unreadable] error: `ROOT/nothing/file/below` cannot be read: Not a directory (os error 20)"
        ],
    );
    check_path(
        &root,
        "crate",
        expect![[r#"
        [not_a_spell_folder] error: `ROOT/crate` is not a spell's folder: it has no spell.toml
        hint: to make this crate a spell, add a spell.toml with a line such as `id = "fireball"`"#]],
    );
}
