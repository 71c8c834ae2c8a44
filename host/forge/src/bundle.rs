//! Spells as packages: a revision as one archive (`.spellpkg`, a zip) that says the same on every machine.
//!
//! Promises equal bytes for equal contents, and that what was read is whole: every file that the
//! manifest names with its size and digest, and no other. Nothing is ever written from here.
//! Knows no disk and no archive's bytes, and not whether the component is a spell.

use std::collections::BTreeMap;

use serde_json::Value;
use spellhost_sim::{Digest, SpellId};

use crate::archive::{self, BundleError, bad, large};
use crate::canonical::canonical;
use crate::foundry::{bad_path, language_named};
use crate::limits::{
    COMMANDS_MAX, EDITED_VOXELS_MAX, FUEL_MAX, FUEL_MIN, MANIFEST_JSON_BYTES_MAX, MEMORY_BYTES_MAX,
    MEMORY_BYTES_MIN, NAME_BYTES_MAX, PACKAGE_UNPACKED_BYTES_MAX, STATE_BYTES_MAX,
};
use crate::manifest::Limits;
use crate::revision::{ListedFile, Origin, authored, digest_of};
use crate::scene::{SCENE, Scene};

/// The media type of a package.
pub const PACKAGE_TYPE: &str = "application/vnd.spellhost.package";
/// Where the manifest lies in a package.
pub(crate) const MANIFEST: &str = "manifest.json";
/// Where the component lies in a package, and in a revision.
pub const COMPONENT: &str = "code/spell.wasm";

/// A revision with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    manifest: String,
    files: BTreeMap<String, Vec<u8>>,
}

impl Bundle {
    /// A package of a manifest and the files that it names.
    ///
    /// # Errors
    /// A file that is missing, too much, or other than the manifest says.
    pub fn new(manifest: String, files: BTreeMap<String, Vec<u8>>) -> Result<Self, BundleError> {
        if manifest.len() > MANIFEST_JSON_BYTES_MAX {
            return Err(large(format!("the manifest has more than {MANIFEST_JSON_BYTES_MAX} bytes")));
        }
        let value: Value = serde_json::from_str(&manifest)
            .map_err(|error| bad(format!("`{MANIFEST}` is no manifest: {error}")))?;
        if value["format"] != 1 {
            return Err(bad(format!("`{MANIFEST}` has a format that this version does not know")));
        }
        if canonical(&value) != manifest {
            return Err(bad(format!("`{MANIFEST}` is not in its canonical form")));
        }
        let listed = listed(&value)?;
        for file in &listed {
            let content = files
                .get(&file.path)
                .ok_or_else(|| bad(format!("`{}` is in the manifest and not in the package", file.path)))?;
            if content.len() as u64 != file.size || digest_of(content) != file.digest {
                return Err(bad(format!(
                    "`{}` is not what the manifest says: size or digest differ",
                    file.path
                )));
            }
        }
        if let Some(more) = files.keys().find(|path| !listed.iter().any(|file| file.path == **path)) {
            return Err(bad(format!("`{more}` is in the package and not in the manifest")));
        }
        if let Some(path) =
            listed.iter().flat_map(|file| folders(&file.path)).find(|path| files.contains_key(*path))
        {
            return Err(bad(format!("`{path}` is a file and a folder")));
        }
        let component = listed.iter().find(|file| file.path == COMPONENT);
        if component.is_none_or(|file| value["component"]["digest"] != file.digest.to_string()) {
            return Err(bad(format!("`{COMPONENT}` is not the component that the manifest names")));
        }
        files.get(SCENE).map_or(Ok(()), |scene| Scene::parse(scene).map(drop))?;
        Ok(Self { manifest, files })
    }

    /// Reads an archive from a stranger.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, BundleError> {
        Self::of(archive::read(bytes, PACKAGE_UNPACKED_BYTES_MAX)?)
    }

    /// A package of what was in an archive.
    pub(crate) fn of(mut files: BTreeMap<String, Vec<u8>>) -> Result<Self, BundleError> {
        let manifest = files.remove(MANIFEST);
        let manifest = manifest.ok_or_else(|| bad(format!("the package has no `{MANIFEST}`")))?;
        let manifest = String::from_utf8(manifest).map_err(|_| bad(format!("`{MANIFEST}` is not UTF-8")))?;
        Self::new(manifest, files)
    }

    /// What an author sends: a component with its source and assets. Its manifest says what the author knows; what
    /// the host finds out for itself is not in it.
    ///
    /// # Errors
    /// More than a package holds.
    pub fn of_author(
        spell: &SpellId,
        component: Vec<u8>,
        origin: &Origin,
        mut files: BTreeMap<String, Vec<u8>>,
    ) -> Result<Self, BundleError> {
        let manifest = authored(spell, &component, origin);
        files.insert(COMPONENT.into(), component);
        Self::new(canonical(&manifest), files)
    }

    /// The archive: the manifest first, the files by path, every time the same.
    ///
    /// # Errors
    /// More than a package holds.
    pub fn write(&self) -> Result<Vec<u8>, BundleError> {
        let manifest = (MANIFEST, self.manifest.as_bytes());
        let files = self.files.iter().map(|(path, content)| (path.as_str(), content.as_slice()));
        archive::write(std::iter::once(manifest).chain(files))
    }

    /// Whose revision it is, where its manifest says so.
    pub fn spell(&self) -> Option<SpellId> {
        let value: Value = serde_json::from_str(&self.manifest).ok()?;
        value["spell_id"].as_str().and_then(SpellId::parse)
    }

    /// The canonical manifest.
    pub fn manifest(&self) -> &str {
        &self.manifest
    }

    /// Every file of the revision by path, the component included.
    pub fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    /// The component.
    pub fn component(&self) -> &[u8] {
        // Checked when it was made.
        self.files.get(COMPONENT).map_or(&[], Vec::as_slice)
    }

    /// What its manifest says of how the component was made.
    ///
    /// # Errors
    /// A language, a toolchain or limits that no manifest has.
    pub fn origin(&self) -> Result<Origin, BundleError> {
        let value: Value = serde_json::from_str(&self.manifest).map_err(|error| bad(error.to_string()))?;
        let language = match &value["language"] {
            Value::Null => None,
            name => Some(
                name.as_str()
                    .and_then(language_named)
                    .ok_or_else(|| bad(format!("the manifest's `language` is none: {name}")))?,
            ),
        };
        let toolchain = value["build"]["toolchain"].as_str().map(str::to_owned);
        if toolchain
            .as_ref()
            .is_some_and(|name| name.len() > NAME_BYTES_MAX || name.contains(char::is_control))
        {
            return Err(bad("the manifest's `toolchain` is no name"));
        }
        let files = listed(&value)?.into_iter().filter(|file| file.path != COMPONENT).collect();
        Ok(Origin { language, limits: limits(&value["limits"])?, toolchain, files })
    }
}

/// The folders that a file lies in.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

/// The files that a manifest names.
fn listed(manifest: &Value) -> Result<Vec<ListedFile>, BundleError> {
    let wrong = || bad("the manifest's `files` is no list of path, digest and size");
    let files = manifest["files"].as_array().ok_or_else(wrong)?;
    let read = |file: &Value| {
        let path = file["path"].as_str()?.to_owned();
        let hex = file["digest"].as_str()?.strip_prefix("b3:")?;
        let digest = Digest(*blake3::Hash::from_hex(hex).ok()?.as_bytes());
        Some(ListedFile { path, digest, size: file["size"].as_u64()? })
    };
    let listed: Vec<ListedFile> =
        files.iter().map(|file| read(file).ok_or_else(wrong)).collect::<Result<_, _>>()?;
    for file in &listed {
        bad_path(&file.path).map_or(Ok(()), |wrong| Err(bad(wrong)))?;
        let known = ["code/", "source/", "assets/"].iter().any(|folder| file.path.starts_with(folder));
        if !known && file.path != SCENE {
            return Err(bad(format!("`{}` cannot be a file of a revision", file.path)));
        }
    }
    Ok(listed)
}

/// Limits that only lower the host's.
fn limits(value: &Value) -> Result<Limits, BundleError> {
    let number = |name: &str, least: u64, most: u64| match &value[name] {
        Value::Null => Ok(None),
        given => match given.as_u64() {
            Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ => Err(bad(format!("the manifest's limit `{name}` is not from {least} to {most}: {given}"))),
        },
    };
    let small = |number: Option<u64>| number.and_then(|number| u32::try_from(number).ok());
    Ok(Limits {
        fuel: number("fuel", FUEL_MIN, FUEL_MAX)?,
        memory: number("memory", MEMORY_BYTES_MIN, MEMORY_BYTES_MAX)?,
        commands: small(number("commands", 0, COMMANDS_MAX)?),
        edited_voxels: number("edited_voxels", 0, EDITED_VOXELS_MAX)?,
        state: small(number("state", 0, STATE_BYTES_MAX)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::zipped;
    use crate::limits::{PACKAGE_BYTES_MAX, PACKAGE_FILES_MAX};
    use serde_json::json;

    fn listing(files: &[(&str, &[u8])]) -> String {
        let listed: Vec<Value> = files
            .iter()
            .map(|(path, content)| {
                json!({"path": path, "digest": digest_of(content).to_string(), "size": content.len()})
            })
            .collect();
        let component = digest_of(files[0].1).to_string();
        canonical(&json!({"format": 1, "files": listed, "component": {"digest": component}, "limits": {}}))
    }

    fn bundle() -> Bundle {
        let files: [(&str, &[u8]); 3] =
            [(COMPONENT, b"\0asm"), ("source/src/lib.rs", b"fn a() {}"), ("assets/x.txt", &[b'x'; 5_000])];
        let contents = files.iter().map(|(path, content)| ((*path).to_owned(), content.to_vec())).collect();
        Bundle::new(listing(&files), contents).unwrap()
    }

    #[test]
    fn a_package_comes_back_and_has_the_same_bytes_every_time() {
        let bytes = bundle().write().unwrap();
        assert_eq!(bytes, bundle().write().unwrap());
        let back = Bundle::read(&bytes).unwrap();
        assert_eq!(back, bundle());
        assert_eq!(back.write().unwrap(), bytes);
        assert!(bytes.len() < 2_000, "it is compressed");
        assert_eq!(back.origin().unwrap().files.len(), 2);
    }

    #[test]
    fn every_byte_that_is_flipped_or_cut_is_noticed_or_changes_nothing() {
        let bytes = bundle().write().unwrap();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x41;
            if let Ok(read) = Bundle::read(&damaged) {
                // Times, versions and attributes say nothing here.
                assert_eq!(read, bundle(), "byte {at}");
            }
            assert!(Bundle::read(&bytes[..at]).is_err(), "cut at {at}");
        }
    }

    /// An archive whose last entry has a comment, and in it the end of an archive of four thousand million entries: a
    /// reader that believes it makes room for them.
    fn with_hidden_end(bytes: &[u8]) -> Vec<u8> {
        let (rest, end) = bytes.split_last_chunk::<22>().unwrap();
        let last = rest.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
        let many = u64::from(u32::MAX).to_le_bytes();
        let place = (rest.len() as u64).to_le_bytes();
        let more = [
            &b"PK\x06\x06"[..],
            &44u64.to_le_bytes(),
            &[45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &many,
            &many,
            &[0; 16],
            b"PK\x06\x07",
            &[0; 4],
            &place,
            &[1, 0, 0, 0],
        ]
        .concat();
        let mut rest = rest.to_vec();
        rest[last + 32..last + 34].copy_from_slice(&(more.len() as u16).to_le_bytes());
        let mut end = end.to_vec();
        let size = u32::from_le_bytes(end[12..16].try_into().unwrap()) + more.len() as u32;
        end[12..16].copy_from_slice(&size.to_le_bytes());
        [rest, more, end].concat()
    }

    #[test]
    fn a_hostile_archive_has_one_clear_error() {
        let good = listing(&[(COMPONENT, b"\0asm")]);
        let with = |name: &str, content: &[u8]| {
            zipped(&[(MANIFEST, good.as_bytes()), (COMPONENT, b"\0asm"), (name, content)])
        };
        let mut twice = with("code/spell.wasn", b"\0asm");
        let (from, to) = (b"code/spell.wasn", b"code/spell.wasm");
        for at in 0..twice.len() - from.len() {
            if twice[at..].starts_with(from) {
                twice[at..at + to.len()].copy_from_slice(to);
            }
        }
        let mut million = with("assets/a", b"");
        let end = million.len() - 22;
        million[end + 8..end + 12].copy_from_slice(&[0xff; 4]);
        let names: Vec<String> = (0..150_000).map(|number| format!("a{number}")).collect();
        let crowd: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &[][..])).collect();
        let (crowd, more) = (zipped(&crowd), zipped(&crowd[..=PACKAGE_FILES_MAX]));
        let mut modest = more.clone();
        let end = modest.len() - 22;
        modest[end + 8..end + 12].copy_from_slice(&[1, 0, 1, 0]);
        let both = [(COMPONENT, &b"\0asm"[..]), ("assets/a", b"x"), ("assets/a/b", b"x")];
        let manifest = listing(&both);
        let both = [&[(MANIFEST, manifest.as_bytes())][..], &both].concat();
        let bomb = vec![0; 8 << 20];
        let scene = listing(&[(COMPONENT, b"\0asm"), (SCENE, b"{\"x\":1}")]);
        for (bytes, word) in [
            (with("../outside", b"x"), "no path below"),
            (with("/etc/passwd", b"x"), "no path below"),
            (with("assets\\..\\x", b"x"), "no path below"),
            (with("link:assets/link", b""), "is a link"),
            (with("assets/folder/", b""), "is a folder"),
            (with("assets/more", b"x"), "not in the manifest"),
            (twice, "two entries of one name"),
            (million, "at most"),
            (crowd, "at most 4097 files"),
            (more, "at most 4097 files"),
            // Nothing reads beyond what it says.
            (modest, "no `manifest.json`"),
            (with_hidden_end(&with("assets/a", b"")), "not in the manifest"),
            (zipped(&both), "is a file and a folder"),
            (with("assets/bomb", &bomb), "times its size"),
            (zipped(&[(COMPONENT, b"\0asm")]), "no `manifest.json`"),
            (zipped(&[(MANIFEST, good.as_bytes())]), "not in the package"),
            (zipped(&[(MANIFEST, good.as_bytes()), (COMPONENT, b"\0asn")]), "digest differ"),
            (zipped(&[(MANIFEST, b"{}"), (COMPONENT, b"\0asm")]), "format"),
            (
                zipped(&[(MANIFEST, scene.as_bytes()), (COMPONENT, b"\0asm"), (SCENE, b"{\"x\":1}")]),
                "there is no `x`",
            ),
            (b"PK\x03\x04 and nothing else that is an archive".to_vec(), "no archive"),
            (Vec::new(), "too short"),
            (vec![0; PACKAGE_BYTES_MAX + 1], "at most 16 MiB"),
        ] {
            let error = Bundle::read(&bytes).unwrap_err();
            assert!(error.message.contains(word), "{word}: {error}");
        }
    }

    #[test]
    fn limits_of_a_manifest_only_lower_the_hosts() {
        assert_eq!(limits(&json!({"fuel": 20_000})).unwrap().fuel, Some(20_000));
        for (name, value) in
            [("fuel", json!(1)), ("fuel", json!(1u64 << 60)), ("memory", json!("x")), ("state", json!(1e9))]
        {
            assert!(limits(&json!({name: value})).is_err(), "{name}");
        }
    }
}
