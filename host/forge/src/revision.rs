//! A revision: the manifest of one build, and the digest of its canonical bytes as its id.
//!
//! Pure: from values to values. Knows neither the disk nor the world; when and by whom a build was
//! made is deliberately not in it, so that the same source built twice is the same revision.

use crate::manifest::Limits;
use serde_json::{Value, json};
use spellhost_runtime::Component;
use spellhost_sim::{Digest, RevisionRef, SpellId};

use crate::canonical::canonical;

/// A file of a revision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListedFile {
    /// Its path in the revision, such as `source/src/lib.rs`.
    pub path: String,
    /// Its content.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
}

/// What it was made of and with.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The language of the source; `None` for a component that came as it is.
    pub language: Option<&'static str>,
    /// What may only be lowered.
    pub limits: Limits,
    /// The compiler, as it names itself.
    pub toolchain: Option<String>,
    /// Source and assets, sorted by path.
    pub files: Vec<ListedFile>,
}

/// An immutable build of a spell.
#[derive(Clone, Debug)]
pub struct Revision {
    /// Whose it is.
    pub spell: SpellId,
    /// What the simulation needs to know of it.
    pub reference: RevisionRef,
    /// The canonical bytes of its manifest.
    pub manifest: String,
}

impl Revision {
    /// The revision of a component.
    pub fn new(spell: SpellId, component: &Component, origin: &Origin) -> Self {
        let manifest = canonical(&manifest(&spell, component, origin));
        // What was just written is a manifest.
        let reference = spellhost_lockstep::reference(manifest.as_bytes())
            .unwrap_or_else(|error| unreachable!("an own manifest is readable: {error}"));
        Self { spell, reference, manifest }
    }

    /// Its id as text.
    pub fn id(&self) -> String {
        self.reference.id.to_string()
    }
}

fn manifest(spell: &SpellId, component: &Component, origin: &Origin) -> Value {
    let digest = component.digest().to_string();
    let code = json!({"path": "code/spell.wasm", "digest": digest, "size": component.size(), "media_type": "application/wasm"});
    let listed = origin.files.iter().map(|file| {
        json!({"path": file.path, "digest": file.digest.to_string(), "size": file.size, "media_type": media_type(&file.path)})
    });
    let source: Vec<&ListedFile> =
        origin.files.iter().filter(|file| file.path.starts_with("source/")).collect();
    let limits = &origin.limits;
    json!({
        "format": 1,
        "spell_id": spell.as_str(),
        "interface": format!("spellhost:spell@{}", component.admitted().version()),
        "language": origin.language,
        "component": {"digest": digest, "size": component.size()},
        "files": std::iter::once(code).chain(listed).collect::<Vec<_>>(),
        "capabilities": component.capabilities(),
        "limits": {
            "fuel": limits.fuel,
            "instantiate_fuel": component.instantiate_fuel(),
            "memory": limits.memory,
            "commands": limits.commands,
            "edited_voxels": limits.edited_voxels,
            "state": limits.state,
        },
        "info": component.info(),
        "build": {
            "toolchain": origin.toolchain,
            "sdk": origin.language.map(|_| env!("CARGO_PKG_VERSION")),
            "source": (!source.is_empty()).then(|| source_digest(&source).to_string()),
        },
    })
}

/// A manifest of what an author knows without the host: it lists what is sent and how that was made.
pub(crate) fn authored(spell: &SpellId, component: &[u8], origin: &Origin) -> Value {
    let digest = digest_of(component).to_string();
    let code = json!({"path": "code/spell.wasm", "digest": digest, "size": component.len()});
    let listed = origin
        .files
        .iter()
        .map(|file| json!({"path": file.path, "digest": file.digest.to_string(), "size": file.size}));
    let limits = &origin.limits;
    json!({
        "format": 1,
        "spell_id": spell.as_str(),
        "language": origin.language,
        "component": {"digest": digest, "size": component.len()},
        "files": std::iter::once(code).chain(listed).collect::<Vec<_>>(),
        "limits": {
            "fuel": limits.fuel,
            "memory": limits.memory,
            "commands": limits.commands,
            "edited_voxels": limits.edited_voxels,
            "state": limits.state,
        },
        "build": {"toolchain": origin.toolchain},
    })
}

/// One digest over the paths and contents of the source.
fn source_digest(files: &[&ListedFile]) -> Digest {
    let list: String = files.iter().map(|file| format!("{} {}\n", file.digest, file.path)).collect();
    digest_of(list.as_bytes())
}

/// The digest of some content.
pub fn digest_of(bytes: &[u8]) -> Digest {
    Digest(*blake3::hash(bytes).as_bytes())
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("rs" | "ts" | "wat" | "md" | "txt") => "text/plain",
        Some("toml") => "application/toml",
        Some("json") => "application/json",
        Some("wasm") => "application/wasm",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("svg") => "image/svg+xml",
        Some("ogg") => "audio/ogg",
        Some("wav") => "audio/wav",
        Some("glb") => "model/gltf-binary",
        _ => "application/octet-stream",
    }
}

/// A spell id from a file's name: what is not allowed in one becomes `-`.
pub fn id_from_name(name: &str) -> SpellId {
    let letter = |letter: char| match letter.to_ascii_lowercase() {
        letter @ ('a'..='z' | '0'..='9' | '_' | '-') => letter,
        _ => '-',
    };
    let text: String = name.chars().map(letter).collect();
    let text = text.trim_start_matches(['-', '_']);
    let text = text.get(..text.len().min(64)).unwrap_or_default().trim_end_matches('-');
    SpellId::parse(text)
        .or_else(|| SpellId::parse("spell"))
        .unwrap_or_else(|| unreachable!("`spell` is a spell id"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_name_gives_an_id() {
        let ids = ["fireball", "Frost Nova (2)", "_x", "…", &"a".repeat(80)]
            .map(|name| id_from_name(name).to_string());
        assert_eq!(ids[..4], ["fireball", "frost-nova--2", "x", "spell"]);
        assert_eq!(ids[4].len(), 64);
    }

    #[test]
    fn the_source_digest_depends_on_paths_and_contents() {
        let file = |path: &str, content: &[u8]| ListedFile {
            path: path.into(),
            digest: digest_of(content),
            size: 1,
        };
        let digests = [file("source/a", b"1"), file("source/a", b"2"), file("source/b", b"1")]
            .map(|file| source_digest(&[&file]));
        assert!(digests[0] != digests[1] && digests[0] != digests[2] && digests[1] != digests[2]);
    }
}
