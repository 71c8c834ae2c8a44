//! A spell's folder on disk: found, or refused with what to do instead. It promises an error with file,
//! line, column and hint; it does not know how a spell is compiled.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::fields::Fault;
use crate::limits::MANIFEST_BYTES_MAX;
use crate::manifest::{self, Manifest, RunWorld};

/// A folder with a readable `spell.toml`.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Where it is; absolute.
    pub root: PathBuf,
    /// What its `spell.toml` says.
    pub manifest: Manifest,
}

/// Why a path is not a spell's folder.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct FolderError {
    /// A stable name: `missing`, `not_a_folder`, `not_a_spell_folder`, `several_spells`, `unreadable`,
    /// `bad_manifest` or `unsupported_language`.
    pub code: &'static str,
    /// The file or folder that is wrong, as it was given.
    pub file: PathBuf,
    /// The line, from 1, where one is wrong.
    pub line: Option<u32>,
    /// The column in characters, from 1.
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
    /// What to do next, where that is known.
    pub hint: Option<String>,
    /// The wrong line, and how many characters of it are meant.
    excerpt: Option<(String, usize)>,
}

impl Folder {
    /// Opens a spell's folder and reads its `spell.toml`.
    pub fn open(path: &Path) -> Result<Self, FolderError> {
        let root = std::path::absolute(path).map_err(|error| unreadable(path, &error))?;
        let found = path.metadata().map_err(|error| match error.kind() {
            ErrorKind::NotFound => missing(path),
            _ => unreadable(path, &error),
        })?;
        if !found.is_dir() {
            return Err(not_a_folder(path));
        }
        let file = path.join("spell.toml");
        let text = match read(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(no_manifest(path)),
            Err(error) => return Err(unreadable(&file, &error)),
            Ok(bytes) => text(&file, bytes)?,
        };
        let wrong = |fault, code| FolderError::at(&file, &text, fault, code);
        let mut parsed = manifest::parse(&text).map_err(|(fault, code)| wrong(fault, code))?;
        if let (Some(RunWorld::File(world)), Some(span)) = (&mut parsed.manifest.run.world, parsed.world) {
            let place = root.join(&*world);
            if !place.is_file() {
                return Err(wrong(manifest::no_such_world(&world.to_string_lossy(), span), "bad_manifest"));
            }
            *world = place;
        }
        if let (Some(entry), Some(span)) = (&parsed.manifest.entry, parsed.entry)
            && !root.join(entry).is_file()
        {
            return Err(wrong(
                Fault::new(span, format!("there is no file `{entry}` in this folder")),
                "bad_manifest",
            ));
        }
        Ok(Self { root, manifest: parsed.manifest })
    }

    /// The spell's identity.
    pub fn id(&self) -> &str {
        &self.manifest.id
    }
}

impl FolderError {
    fn new(code: &'static str, file: &Path, message: String) -> Self {
        Self { code, file: file.to_owned(), line: None, column: None, message, hint: None, excerpt: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A fault with its line, its column and its line's text.
    fn at(file: &Path, text: &str, fault: Fault, code: &'static str) -> Self {
        let start = floor(text, fault.span.start);
        let end = floor(text, fault.span.end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let width = text[start..end.min(line_end)].chars().count().max(1);
        Self {
            line: Some(u32::try_from(text[..start].matches('\n').count()).unwrap_or(u32::MAX - 1) + 1),
            column: Some(count(&text[line_start..start]) + 1),
            hint: fault.hint,
            excerpt: Some((text[line_start..line_end].trim_end().to_owned(), width)),
            ..Self::new(code, file, fault.message)
        }
    }

    /// Whether the path is at fault, and not what stands in the `spell.toml`.
    pub fn is_environment(&self) -> bool {
        !["bad_manifest", "unsupported_language"].contains(&self.code)
    }

    /// The whole error in several lines: what, where, the line itself, what to do next.
    pub fn render(&self) -> String {
        let mut out = format!("error: {}", self.message);
        if let (Some(line), Some(column)) = (self.line, self.column) {
            let number = line.to_string();
            let margin = " ".repeat(number.len());
            let _ = write!(out, "\n{margin}--> {}:{line}:{column}", self.file.display());
            if let Some((text, width)) = &self.excerpt {
                // Tabs keep their width above the carets; a very long line is cut.
                let shown: String = text
                    .chars()
                    .take(200)
                    .map(|letter| if letter.is_control() { ' ' } else { letter })
                    .collect();
                let indent = (column as usize - 1).min(200);
                let carets = "^".repeat((*width).min(200_usize.saturating_sub(indent)).max(1));
                let _ = write!(
                    out,
                    "\n{margin} |\n{number} | {shown}\n{margin} | {}{carets}",
                    " ".repeat(indent)
                );
            }
            if let Some(hint) = &self.hint {
                let _ = write!(out, "\n{margin} = hint: {hint}");
            }
        } else if let Some(hint) = &self.hint {
            let _ = write!(out, "\nhint: {hint}");
        }
        out
    }
}

/// The nearest boundary of a character at or before a byte.
fn floor(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(MANIFEST_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(file: &Path, bytes: Vec<u8>) -> Result<String, FolderError> {
    if bytes.len() as u64 > MANIFEST_BYTES_MAX {
        let message = format!("spell.toml has more than {} KiB", MANIFEST_BYTES_MAX >> 10);
        return Err(FolderError::new("bad_manifest", file, message));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let fault = Fault::new(valid..valid + 1, "spell.toml is not valid UTF-8 from here on")
            .hint("save it as UTF-8");
        FolderError::at(file, &text, fault, "bad_manifest")
    })
}

fn missing(path: &Path) -> FolderError {
    let shown = path.display();
    let error = FolderError::new("missing", path, format!("there is no folder `{shown}`"));
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let spells = spells_in(parent);
    let names: Vec<&str> = spells.iter().map(String::as_str).collect();
    let wanted = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match crate::suggestion::nearest(&wanted, &names) {
        Some(meant) => error.hint(format!("did you mean `{}`?", path.with_file_name(meant).display())),
        None => error.hint(format!("`spellhost new {shown}` makes a spell there")),
    }
}

fn not_a_folder(path: &Path) -> FolderError {
    let shown = path.display();
    let error = FolderError::new("not_a_folder", path, format!("`{shown}` is a file, not a spell's folder"));
    let near = path.ancestors().skip(1).find(|folder| folder.join("spell.toml").is_file());
    match near {
        Some(folder) if folder.as_os_str().is_empty() => error.hint("it lies in a spell's folder: give `.`"),
        Some(folder) => error.hint(format!("it lies in a spell's folder: give `{}`", folder.display())),
        None => error.hint("give the folder that holds its spell.toml"),
    }
}

fn no_manifest(path: &Path) -> FolderError {
    let shown = path.display();
    let spells = spells_in(path);
    if let Some(first) = spells.first() {
        let list: Vec<_> = spells.iter().take(8).map(|name| format!("`{name}`")).collect();
        let more = if spells.len() > 8 { ", …" } else { "" };
        let message = format!("`{shown}` is not a spell's folder, but holds some: {}{more}", list.join(", "));
        let hint = format!("give one of them, such as `{}`", path.join(first).display());
        return FolderError::new("several_spells", path, message).hint(hint);
    }
    let error = FolderError::new(
        "not_a_spell_folder",
        path,
        format!("`{shown}` is not a spell's folder: it has no spell.toml"),
    );
    let above = std::path::absolute(path).ok().and_then(|path| {
        path.ancestors().skip(1).find(|folder| folder.join("spell.toml").is_file()).map(Path::to_owned)
    });
    if let Some(folder) = above {
        return error.hint(format!("it lies in a spell's folder: give `{}`", folder.display()));
    }
    if path.join("Cargo.toml").is_file() {
        return error
            .hint("to make this crate a spell, add a spell.toml with a line such as `id = \"fireball\"`");
    }
    error.hint("`spellhost new NAME` makes a spell that builds")
}

fn unreadable(path: &Path, error: &std::io::Error) -> FolderError {
    FolderError::new("unreadable", path, format!("`{}` cannot be read: {error}", path.display()))
}

/// The names of the spells' folders directly in a folder, sorted.
fn spells_in(path: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(path) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        .take(1000)
        .filter(|entry| entry.path().join("spell.toml").is_file())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::Folder;
    use expect_test::{Expect, expect};
    use std::fs;
    use std::path::Path;

    /// Opens a folder with such a `spell.toml`, and compares the error without where the folder is.
    fn check(text: impl AsRef<[u8]>, expected: Expect) {
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

    fn check_path(root: &Path, name: &str, expected: Expect) {
        let error = Folder::open(&root.join(name)).unwrap_err();
        assert!(error.is_environment());
        expected.assert_eq(
            &format!("[{}] {}", error.code, error.render()).replace(&root.display().to_string(), "ROOT"),
        );
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
            "id = \"x\"\nlimits = { fuel = 5_000_001 }",
            expect![[r#"
            error: `fuel` must be a whole number from 1 to 5000000
             --> spell.toml:2:19
              |
            2 | limits = { fuel = 5_000_001 }
              |                   ^^^^^^^^^
              = hint: a spell may only lower its limits; the host's `fuel` is 5000000"#]],
        );
        check(
            "id = \"x\"\nlimits = { fuel = 0 }",
            expect![[r#"
            error: `fuel` must be a whole number from 1 to 5000000
             --> spell.toml:2:19
              |
            2 | limits = { fuel = 0 }
              |                   ^
              = hint: a spell may only lower its limits; the host's `fuel` is 5000000"#]],
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
            error: language `python` is not supported by this build (rust)
             --> spell.toml:2:12
              |
            2 | language = "python"
              |            ^^^^^^^^"#]],
        );
        check(
            "id = \"x\"\nlanguage = \"wat\"",
            expect![[r#"
            error: language `wat` is not supported by this build (rust)
             --> spell.toml:2:12
              |
            2 | language = "wat"
              |            ^^^^^"#]],
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
}
