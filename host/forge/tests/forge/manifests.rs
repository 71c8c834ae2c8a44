//! Every kind of `spell.toml` that is read, and what is said of those that are not: identity, keys, limits.

use std::fs;

use expect_test::{Expect, expect};
use spellhost_forge::Folder;

/// Opens a folder with such a `spell.toml`, and compares the error without where the folder is.
pub fn check(text: impl AsRef<[u8]>, expected: Expect) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("spell.toml"), text).unwrap();
    let shown = match Folder::open(folder.path()) {
        Ok(found) => format!("{:?}", found.manifest),
        Err(error) => {
            assert!(!error.is_environment());
            error.render()
        }
    };
    expected.assert_eq(&shown.replace(&format!("{}/", folder.path().display()), ""));
}

#[test]
fn a_whole_manifest_is_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/lib.rs"), "").unwrap();
    fs::write(folder.path().join("arena.world"), "").unwrap();
    let text = r##"
        id = "frost-nova"
        name = "Frost Nova"
        description = "❄"
        language = "rust"
        entry = "src/lib.rs"
        assets = ["assets/**"]
        tags = ["ice"]
        license = "MIT"
        limits = { fuel = 1_000_000, memory = 0x10_0000, commands = 0, edited_voxels = 65536, state = 4096 }
        [run]
        world = "arena.world"
        seed = 18446744073709551615
        target = [0.5, 4, -12]
        params = { on = true, count = -3, radius = 2.5, kind = "ice", at = [1, 2, 3.5] }
        [[run.remote]]
        tick = 30
        name = "stop"
        payload = "{}"
    "##;
    fs::write(folder.path().join("spell.toml"), text).unwrap();
    let manifest = Folder::open(folder.path()).unwrap().manifest;
    expect![[r#"
        Manifest { id: "frost-nova", name: Some("Frost Nova"), description: Some("❄"), language: Rust, entry: Some("src/lib.rs"), assets: ["assets/**"], tags: ["ice"], license: Some("MIT"), limits: Limits { fuel: Some(1000000), memory: Some(1048576), commands: Some(0), edited_voxels: Some(65536), state: Some(4096) }, run: RunDefaults { world: Some(File("ROOT/arena.world")), seed: Some(18446744073709551615), target: Some([0.5, 4.0, -12.0]), params: {"at": List([1.0, 2.0, 3.5]), "count": Integer(-3), "kind": Text("ice"), "on": Flag(true), "radius": Number(2.5)}, remote: [RunRemote { tick: 30, name: "stop", payload: "{}" }] } }"#]]
    .assert_eq(&format!("{manifest:?}").replace(&folder.path().display().to_string(), "ROOT"));
}

#[test]
fn the_least_manifest_is_an_id() {
    check(
        "id = \"x\"",
        expect![[
            r#"Manifest { id: "x", name: None, description: None, language: Rust, entry: None, assets: [], tags: [], license: None, limits: Limits { fuel: None, memory: None, commands: None, edited_voxels: None, state: None }, run: RunDefaults { world: None, seed: None, target: None, params: {}, remote: [] } }"#
        ]],
    );
    check(
        "\u{feff}id = \"x\"\r\nrun = {}\r\n",
        expect![[
            r#"Manifest { id: "x", name: None, description: None, language: Rust, entry: None, assets: [], tags: [], license: None, limits: Limits { fuel: None, memory: None, commands: None, edited_voxels: None, state: None }, run: RunDefaults { world: None, seed: None, target: None, params: {}, remote: [] } }"#
        ]],
    );
}

#[test]
fn a_wrong_id_is_named_with_a_valid_one() {
    check(
        "",
        expect![[r#"
        error: `id` is missing
         --> spell.toml:1:1
          |
        1 | 
          | ^
          = hint: every spell has an identity, such as `id = "fireball"`"#]],
    );
    check(
        "name = \"Fire\"",
        expect![[r#"
        error: `id` is missing
         --> spell.toml:1:1
          |
        1 | name = "Fire"
          | ^
          = hint: every spell has an identity, such as `id = "fireball"`"#]],
    );
    check(
        "id = 3",
        expect![[r#"
        error: `id` must be a text, and this is a whole number
         --> spell.toml:1:6
          |
        1 | id = 3
          |      ^"#]],
    );
    check(
        "id = \"\"",
        expect![[r#"
        error: the id is empty
         --> spell.toml:1:6
          |
        1 | id = ""
          |      ^^"#]],
    );
    check(
        "id = \"Frost Nova\"",
        expect![[r#"
        error: the id may only have lower-case letters, digits, `_` and `-`, and begins with a letter or digit
         --> spell.toml:1:6
          |
        1 | id = "Frost Nova"
          |      ^^^^^^^^^^^^
          = hint: `id = "frost-nova"` is valid"#]],
    );
    check(
        "id = \"-x\"",
        expect![[r#"
        error: the id may only have lower-case letters, digits, `_` and `-`, and begins with a letter or digit
         --> spell.toml:1:6
          |
        1 | id = "-x"
          |      ^^^^
          = hint: `id = "x"` is valid"#]],
    );
    check(
        "id = \"ö\"",
        expect![[r#"
        error: the id may only have lower-case letters, digits, `_` and `-`, and begins with a letter or digit
         --> spell.toml:1:6
          |
        1 | id = "ö"
          |      ^^^"#]],
    );
    check(
        format!("id = \"{}\"", "a".repeat(65)),
        expect![[r#"
        error: the id has 65 characters, at most 64 are allowed
         --> spell.toml:1:6
          |
        1 | id = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          |      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          = hint: `id = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"` is valid"#]],
    );
}

#[test]
fn an_unknown_key_is_an_error_with_its_line() {
    check(
        "id = \"x\"\nnmae = \"X\"",
        expect![[r#"
        error: unknown key `nmae`
         --> spell.toml:2:1
          |
        2 | nmae = "X"
          | ^^^^
          = hint: did you mean `name`?"#]],
    );
    check(
        "id = \"x\"\nfireball = 1",
        expect![[r#"
        error: unknown key `fireball`
         --> spell.toml:2:1
          |
        2 | fireball = 1
          | ^^^^^^^^
          = hint: known here: id, name, description, language, entry, assets, tags, license, limits, run"#]],
    );
    check(
        "id = \"x\"\n[limits]\nfeul = 1",
        expect![[r#"
        error: unknown key `feul` in `limits`
         --> spell.toml:3:1
          |
        3 | feul = 1
          | ^^^^
          = hint: did you mean `fuel`?"#]],
    );
    check(
        "id = \"x\"\n[run]\n\tparam = {}",
        expect![[r#"
        error: unknown key `param` in `run`
         --> spell.toml:3:2
          |
        3 |  param = {}
          |  ^^^^^
          = hint: did you mean `params`?"#]],
    );
    check(
        "id = \"x\"\n[[run.remote]]\ntick = 1\nname = \"a\"\npaylod = \"\"",
        expect![[r#"
        error: unknown key `paylod` in `run.remote`
         --> spell.toml:5:1
          |
        5 | paylod = ""
          | ^^^^^^
          = hint: did you mean `payload`?"#]],
    );
}

#[test]
fn what_is_not_toml_is_shown() {
    check(
        "id = ",
        expect![[r#"
        error: string values must be quoted, expected literal string
         --> spell.toml:1:6
          |
        1 | id =
          |      ^"#]],
    );
    check(
        "id = \"x\"\nid = \"y\"",
        expect![[r#"
        error: duplicate key
         --> spell.toml:2:1
          |
        2 | id = "y"
          | ^^"#]],
    );
    check(
        "id = \"x\n",
        expect![[r#"
        error: invalid basic string, expected `"`
         --> spell.toml:1:8
          |
        1 | id = "x
          |        ^"#]],
    );
    check(
        b"id = \"x\"\nname = \"\xff\"",
        expect![[r#"
        error: spell.toml is not valid UTF-8 from here on
         --> spell.toml:2:9
          |
        2 | name = "�"
          |         ^
          = hint: save it as UTF-8"#]],
    );
    check("#".repeat(70_000), expect!["error: spell.toml has more than 64 KiB"]);
    check(
        "x".repeat(5_000),
        expect![[r#"
        error: key with no value, expected `=`
         --> spell.toml:1:5001
          |
        1 | xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
          |                                                                                                                                                                                                         ^"#]],
    );
}

#[test]
fn limits_may_only_be_lowered() {
    check(
        "id = \"x\"\nlimits = { fuel = 2_000_001 }",
        expect![[r#"
            error: `fuel` must be a whole number from 10000 to 2000000
             --> spell.toml:2:19
              |
            2 | limits = { fuel = 2_000_001 }
              |                   ^^^^^^^^^
              = hint: a spell may only lower its limits; the host's `fuel` is 2000000"#]],
    );
    check(
        "id = \"x\"\nlimits = { fuel = 9_999 }",
        expect![[r#"
            error: `fuel` must be a whole number from 10000 to 2000000
             --> spell.toml:2:19
              |
            2 | limits = { fuel = 9_999 }
              |                   ^^^^^
              = hint: a spell may only lower its limits; the host's `fuel` is 2000000"#]],
    );
    check(
        "id = \"x\"\nlimits = { memory = 16777217 }",
        expect![[r#"
        error: `memory` must be a whole number from 65536 to 16777216
         --> spell.toml:2:21
          |
        2 | limits = { memory = 16777217 }
          |                     ^^^^^^^^
          = hint: a spell may only lower its limits; the host's `memory` is 16777216 bytes"#]],
    );
    check(
        "id = \"x\"\nlimits = { memory = \"1 MiB\" }",
        expect![[r#"
        error: `memory` must be a whole number, and this is a text
         --> spell.toml:2:21
          |
        2 | limits = { memory = "1 MiB" }
          |                     ^^^^^^^
          = hint: a spell may only lower its limits; the host's `memory` is 16777216 bytes"#]],
    );
    check(
        "id = \"x\"\nlimits = { commands = -1 }",
        expect![[r#"
        error: `commands` must be a whole number from 0 to 64
         --> spell.toml:2:23
          |
        2 | limits = { commands = -1 }
          |                       ^^
          = hint: a spell may only lower its limits; the host's `commands` is 64"#]],
    );
    check(
        "id = \"x\"\nlimits = { edited_voxels = 1e3 }",
        expect![[r#"
        error: `edited_voxels` must be a whole number, and this is a number with a fraction
         --> spell.toml:2:28
          |
        2 | limits = { edited_voxels = 1e3 }
          |                            ^^^
          = hint: a spell may only lower its limits; the host's `edited_voxels` is 65536"#]],
    );
    check(
        "id = \"x\"\nlimits = { state = 99999999999999999999999 }",
        expect![[r#"
        error: `state` must be a whole number from 0 to 4096
         --> spell.toml:2:20
          |
        2 | limits = { state = 99999999999999999999999 }
          |                    ^^^^^^^^^^^^^^^^^^^^^^^
          = hint: a spell may only lower its limits; the host's `state` is 4096 bytes"#]],
    );
    check(
        "id = \"x\"\nlimits = 3",
        expect![[r#"
        error: `limits` must be a table, and this is a whole number
         --> spell.toml:2:10
          |
        2 | limits = 3
          |          ^"#]],
    );
}

#[test]
fn the_limits_are_those_of_the_simulation() {
    use spellhost_forge::limits as own;
    use spellhost_sim::limits as sim;
    assert_eq!((own::FUEL_MIN, own::FUEL_MAX), (sim::GRANT_FUEL_MIN, sim::GRANT_FUEL));
    assert_eq!(own::COMMANDS_MAX, sim::COMMANDS_MAX as u64);
    assert_eq!(own::EDITED_VOXELS_MAX, sim::EDITED_VOXELS_MAX);
    assert_eq!(own::STATE_BYTES_MAX, sim::STATE_BYTES_MAX as u64);
    assert_eq!((own::NAME_BYTES_MAX, own::TEXT_BYTES_MAX), (sim::NAME_BYTES_MAX, sim::TEXT_BYTES_MAX));
    assert_eq!(own::PARAMS_MAX, sim::PARAMS_MAX);
}
