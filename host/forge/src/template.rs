//! New spells. It promises a folder that builds and passes its own scenario, or nothing at all; it does
//! not know how either is done.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::cache::Cache;
use crate::language::Language;
use crate::manifest::{id_problem, id_suggestion};
use crate::output::neighbour;
use crate::sdk;

/// A spell that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Its folder.
    pub root: PathBuf,
    /// Its files, relative to that, sorted.
    pub files: Vec<PathBuf>,
}

/// Why no spell was made.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// A stable name: `bad_name`, `exists`, `missing`, `unwritable` or `sdk_unavailable`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do next, where that is known.
    pub hint: Option<String>,
}

const RUST: &[(&str, &str)] = &[
    (".gitignore", include_str!("../template/rust/gitignore.in")),
    (".vscode/settings.json", include_str!("../template/rust/settings.json.in")),
    ("Cargo.toml", include_str!("../template/rust/Cargo.toml.in")),
    ("README.md", include_str!("../template/rust/README.md.in")),
    ("spell.toml", include_str!("../template/rust/spell.toml.in")),
    ("src/lib.rs", include_str!("../template/rust/lib.rs.in")),
    ("tests/first.cast.toml", include_str!("../template/rust/first.cast.toml.in")),
];

const ASSEMBLYSCRIPT: &[(&str, &str)] = &[
    (".gitignore", include_str!("../template/assemblyscript/gitignore.in")),
    ("README.md", include_str!("../template/assemblyscript/README.md.in")),
    ("assembly/index.ts", include_str!("../template/assemblyscript/index.ts.in")),
    ("spell.toml", include_str!("../template/assemblyscript/spell.toml.in")),
    ("tests/first.cast.toml", include_str!("../template/assemblyscript/first.cast.toml.in")),
    ("tsconfig.json", include_str!("../template/assemblyscript/tsconfig.json.in")),
];

const WAT: &[(&str, &str)] = &[
    (".gitignore", include_str!("../template/wat/gitignore.in")),
    ("README.md", include_str!("../template/wat/README.md.in")),
    ("spell.toml", include_str!("../template/wat/spell.toml.in")),
    ("spell.wat", include_str!("../template/wat/spell.wat.in")),
    ("tests/first.cast.toml", include_str!("../template/wat/first.cast.toml.in")),
];

/// Names that cargo or Rust keep for themselves; a package of that name gets a prefix.
const TAKEN: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "core",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "self",
    "spellhost-sdk",
    "spellhost_sdk",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// Makes a spell in a new folder below `parent`, which exists.
pub fn create(parent: &Path, name: &str, language: Language) -> Result<Created, TemplateError> {
    create_with(parent, name, language, &Cache::user())
}

/// The same with a cache of the caller's choice for the SDK.
pub fn create_with(
    parent: &Path,
    name: &str,
    language: Language,
    cache: &Cache,
) -> Result<Created, TemplateError> {
    let error = |code, message: String, hint: Option<String>| TemplateError { code, message, hint };
    if let Some(problem) = id_problem(name) {
        let hint = id_suggestion(name).map(|valid| format!("`{valid}` is valid"));
        return Err(error("bad_name", format!("the name `{name}` {problem}"), hint));
    }
    if !parent.is_dir() {
        return Err(error("missing", format!("there is no folder `{}`", parent.display()), None));
    }
    let root = parent.join(name);
    let occupied = root.symlink_metadata().is_ok_and(|found| !found.is_dir())
        || fs::read_dir(&root).is_ok_and(|mut entries| entries.next().is_some());
    if occupied {
        let message = format!("`{}` exists already", root.display());
        return Err(error("exists", message, Some("choose another name, or remove it first".into())));
    }
    let files = match language {
        Language::Rust => RUST,
        Language::AssemblyScript => ASSEMBLYSCRIPT,
        Language::Wat => WAT,
    };
    let sdk = sdk::unpack(cache).map_err(|cause| {
        let message = format!("the SDK cannot be unpacked into {}: {cause}", cache.root().display());
        error("sdk_unavailable", message, Some("set XDG_CACHE_HOME to a folder that can be written".into()))
    })?;
    let fresh = neighbour(&root);
    let words = words(name);
    let placed = write(&fresh, files, &words)
        .and_then(|()| link(&fresh, language, &sdk, cache))
        // Over an empty folder this works as well; over one that was filled meanwhile it does not.
        .and_then(|()| fs::rename(&fresh, &root));
    if placed.is_err() {
        let _ = fs::remove_dir_all(&fresh);
    }
    placed.map_err(|cause| match cause.kind() {
        ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists => {
            error("exists", format!("`{}` exists already", root.display()), None)
        }
        _ => error("unwritable", format!("`{}` cannot be made: {cause}", root.display()), None),
    })?;
    Ok(Created { root, files: files.iter().map(|(name, _)| PathBuf::from(name)).collect() })
}

/// Points a new spell to its SDK; text has none.
fn link(spell: &Path, language: Language, rust: &Path, cache: &Cache) -> std::io::Result<()> {
    let target = match language {
        Language::Rust => rust.to_owned(),
        Language::AssemblyScript => sdk::assemblyscript(cache),
        Language::Wat => return Ok(()),
    };
    sdk::link(&spell.join(sdk::LINK), &target).map(drop)
}

fn write(root: &Path, files: &[(&str, &str)], words: &BTreeMap<&str, String>) -> std::io::Result<()> {
    for (name, text) in files {
        let path = root.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let text = words
            .iter()
            .fold((*text).to_owned(), |text, (word, value)| text.replace(&format!("{{{{{word}}}}}"), value));
        fs::write(path, text)?;
    }
    Ok(())
}

/// What a template says in place of `{{word}}`.
fn words(id: &str) -> BTreeMap<&'static str, String> {
    let parts: Vec<String> = id
        .split(['-', '_'])
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (first, rest) = part.split_at(1);
            first.to_uppercase() + rest
        })
        .collect();
    let taken = id.starts_with(|first: char| first.is_ascii_digit()) || TAKEN.contains(&id);
    let (package, kind) = if taken {
        (format!("spell-{id}"), format!("Spell{}", parts.concat()))
    } else {
        (id.to_owned(), parts.concat())
    };
    // Names that the prelude of the language or of the SDK gives another meaning.
    let clash = TYPES.contains(&kind.as_str());
    let kind = if clash { format!("{kind}Spell") } else { kind };
    BTreeMap::from([("id", id.to_owned()), ("package", package), ("type", kind), ("title", parts.join(" "))])
}

/// Types that a spell's file knows already.
const TYPES: &[&str] = &[
    "BlockPos",
    "BlockSize",
    "Box",
    "Clone",
    "Context",
    "Copy",
    "Debug",
    "Default",
    "Drop",
    "EntityId",
    "EntityInfo",
    "EntityKind",
    "Err",
    "Error",
    "Event",
    "FillMode",
    "Fn",
    "From",
    "Info",
    "Into",
    "Iterator",
    "Material",
    "NamedValue",
    "None",
    "Npc",
    "Ok",
    "Option",
    "ParamSpec",
    "Params",
    "Projectile",
    "Ray",
    "RayHit",
    "Region",
    "Result",
    "Self",
    "Send",
    "Sized",
    "Some",
    "Spell",
    "Status",
    "String",
    "Sync",
    "Value",
    "Vec",
    "Vec3",
];

#[cfg(test)]
mod tests {
    use super::{create_with, words};
    use crate::{Cache, Folder, Language};
    use std::fs;

    #[test]
    fn names_become_valid_packages_and_types() {
        let check = |id: &str, package: &str, kind: &str, title: &str| {
            let words = words(id);
            assert_eq!([&words["package"], &words["type"], &words["title"]], [package, kind, title]);
        };
        check("frost-nova_2", "frost-nova_2", "FrostNova2", "Frost Nova 2");
        check("3d", "spell-3d", "Spell3d", "3d");
        check("match", "spell-match", "SpellMatch", "Match");
        check("vec3", "vec3", "Vec3Spell", "Vec3");
        check("spell", "spell", "SpellSpell", "Spell");
        check("a--b", "a--b", "AB", "A B");
    }

    #[test]
    fn all_or_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("cache"));
        let parent = folder.path().join("spells");
        fs::create_dir(&parent).unwrap();
        let create = |name: &str| create_with(&parent, name, Language::Rust, &cache);
        let wrong = |name: &str| {
            let error = create(name).unwrap_err();
            (error.code, error.hint)
        };
        assert_eq!(wrong("Frost Nova!"), ("bad_name", Some("`frost-nova` is valid".into())));
        assert_eq!(wrong("../ember"), ("bad_name", Some("`ember` is valid".into())));
        assert_eq!(wrong(""), ("bad_name", None));
        assert_eq!(wrong("火"), ("bad_name", None));
        assert_eq!(fs::read_dir(&parent).unwrap().count(), 0);
        fs::create_dir(parent.join("ember")).unwrap();
        let created = create("ember").unwrap();
        assert!(created.files.iter().all(|file| created.root.join(file).is_file()));
        let text = fs::read_to_string(created.root.join("src/lib.rs")).unwrap();
        assert!(text.contains("export_spell!(Ember);") && !text.contains("{{"));
        assert_eq!(Folder::open(&created.root).unwrap().id(), "ember");
        assert_eq!(wrong("ember").0, "exists");
        fs::write(parent.join("file"), "").unwrap();
        assert_eq!(wrong("file").0, "exists");
        assert_eq!(fs::read_dir(&parent).unwrap().count(), 2, "nothing temporary stays");
        assert_eq!(
            create_with(&parent.join("none"), "a", Language::Rust, &cache).unwrap_err().code,
            "missing"
        );
        let blocked = Cache::at(parent.join("file/cache"));
        assert_eq!(create_with(&parent, "b", Language::Rust, &blocked).unwrap_err().code, "sdk_unavailable");
        assert!(!parent.join("b").exists());
    }
}
