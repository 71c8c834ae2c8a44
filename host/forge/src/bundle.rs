//! Packages: a revision as one archive (`.spellpkg`, a zip) that says the same on every machine.
//!
//! Promises equal bytes for equal contents, and that what was read is whole: every file that the
//! manifest names with its size and digest, and no other. Archives come from strangers: counts, sizes,
//! ratios and names are checked before anything is unpacked, and nothing is ever written from here.
//! Knows no disk, and not whether the component is a spell.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use serde_json::Value;
use spellhost_sim::Digest;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::canonical::canonical;
use crate::foundry::{bad_path, language_named};
use crate::limits::{
    COMMANDS_MAX, EDITED_VOXELS_MAX, FUEL_MAX, FUEL_MIN, MANIFEST_JSON_BYTES_MAX, MEMORY_BYTES_MAX,
    MEMORY_BYTES_MIN, NAME_BYTES_MAX, PACKAGE_BYTES_MAX, PACKAGE_DIRECTORY_BYTES_MAX, PACKAGE_FILES_MAX,
    PACKAGE_RATIO_MAX, PACKAGE_UNPACKED_BYTES_MAX, STATE_BYTES_MAX,
};
use crate::manifest::Limits;
use crate::revision::{ListedFile, Origin, digest_of};

/// The media type of a package.
pub const PACKAGE_TYPE: &str = "application/vnd.spellhost.package";
/// Where the manifest lies in a package.
const MANIFEST: &str = "manifest.json";
/// Where the component lies in a package, and in a revision.
pub const COMPONENT: &str = "code/spell.wasm";
/// What makes a package a place: the world that its spells belong to.
pub const SCENE: &str = "scene.json";

/// A revision with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    manifest: String,
    files: BTreeMap<String, Vec<u8>>,
}

/// Why bytes are no package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BundleError {
    /// `too_large` or `bad_package`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
}

fn bad(message: impl Into<String>) -> BundleError {
    // Names in an archive are a stranger's; a terminal may show this.
    BundleError { code: "bad_package", message: message.into().replace(char::is_control, "?") }
}

fn large(message: impl Into<String>) -> BundleError {
    BundleError { code: "too_large", message: message.into().replace(char::is_control, "?") }
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
        let component = listed.iter().find(|file| file.path == COMPONENT);
        if component.is_none_or(|file| value["component"]["digest"] != file.digest.to_string()) {
            return Err(bad(format!("`{COMPONENT}` is not the component that the manifest names")));
        }
        files.get(SCENE).map_or(Ok(()), |scene| check_scene(scene))?;
        Ok(Self { manifest, files })
    }

    /// Reads an archive from a stranger.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, BundleError> {
        let count = check_directory(bytes)?;
        let broken = |error: zip::result::ZipError| bad(format!("the archive is damaged: {error}"));
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
        if archive.len() != count {
            return Err(bad("the archive has two entries of one name"));
        }
        let (mut files, mut manifest, mut left) = (BTreeMap::new(), None, PACKAGE_UNPACKED_BYTES_MAX);
        for at in 0..count {
            let (path, content) = entry(&mut archive, at, left)?;
            left -= content.len() as u64;
            if path == MANIFEST {
                let text =
                    String::from_utf8(content).map_err(|_| bad(format!("`{MANIFEST}` is not UTF-8")))?;
                manifest = Some(text);
            } else {
                files.insert(path, content);
            }
        }
        let manifest = manifest.ok_or_else(|| bad(format!("the package has no `{MANIFEST}`")))?;
        Self::new(manifest, files)
    }

    /// The archive: the manifest first, the files by path, every time the same.
    ///
    /// # Errors
    /// More than a package holds.
    pub fn write(&self) -> Result<Vec<u8>, BundleError> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644);
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let manifest = (MANIFEST, self.manifest.as_bytes());
        let files = self.files.iter().map(|(path, content)| (path.as_str(), content.as_slice()));
        let written = std::iter::once(manifest).chain(files).try_for_each(|(path, content)| {
            archive.start_file(path, options)?;
            Ok::<_, zip::result::ZipError>(archive.write_all(content)?)
        });
        let bytes =
            written.and_then(|()| archive.finish()).map_err(|error| bad(error.to_string()))?.into_inner();
        // What was written can be read again.
        check_directory(&bytes)?;
        let unpacked: usize = self.files.values().map(Vec::len).sum();
        if unpacked as u64 > PACKAGE_UNPACKED_BYTES_MAX {
            return Err(too_much());
        }
        Ok(bytes)
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

/// The end of the archive says how much is to come: checked before anything of it is believed.
fn check_directory(bytes: &[u8]) -> Result<usize, BundleError> {
    const END: usize = 22;
    if bytes.len() > PACKAGE_BYTES_MAX {
        return Err(large(format!("a package has at most {} MiB", PACKAGE_BYTES_MAX >> 20)));
    }
    let Some((rest, end)) = bytes.split_last_chunk::<END>() else {
        return Err(bad("this is no package: it is too short for an archive"));
    };
    if !bytes.starts_with(b"PK\x03\x04") || !end.starts_with(b"PK\x05\x06") {
        return Err(bad("this is no package: no archive, one that was cut off, or one with a comment"));
    }
    let short = |at: usize| usize::from(u16::from_le_bytes([end[at], end[at + 1]]));
    let long = |at: usize| u32::from_le_bytes([end[at], end[at + 1], end[at + 2], end[at + 3]]) as usize;
    let (here, count, directory, begin) = (short(8), short(10), long(12), long(16));
    if short(4) != 0 || short(6) != 0 || here != count {
        return Err(bad("the archive has several parts"));
    }
    if count > PACKAGE_FILES_MAX {
        return Err(large(format!(
            "a package has at most {PACKAGE_FILES_MAX} files, and this one says {count}"
        )));
    }
    if directory > PACKAGE_DIRECTORY_BYTES_MAX || begin.checked_add(directory) != Some(rest.len()) {
        return Err(bad("the archive's directory is not where it says"));
    }
    // The directory holds what it says, and no more: nothing reads beyond the count.
    let signatures = rest[begin..].windows(4).filter(|four| *four == b"PK\x01\x02").count();
    if signatures < count {
        return Err(bad("the archive's directory is shorter than it says"));
    }
    Ok(count)
}

/// One entry, unpacked into at most `left` bytes.
fn entry(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    at: usize,
    left: u64,
) -> Result<(String, Vec<u8>), BundleError> {
    let mut file = archive
        .by_index(at)
        .map_err(|error| bad(format!("entry {at} of the archive is damaged: {error}")))?;
    let path = std::str::from_utf8(file.name_raw()).map_err(|_| bad("a name in the archive is not UTF-8"))?;
    let path = path.to_owned();
    if file.is_symlink() {
        return Err(bad(format!("`{}` is a link, and a package has none", path.escape_debug())));
    }
    if file.is_dir() {
        return Err(bad(format!("`{}` is a folder, and a package has only files", path.escape_debug())));
    }
    bad_path(&path).map_or(Ok(()), |wrong| Err(bad(wrong)))?;
    if file.encrypted()
        || !matches!(file.compression(), CompressionMethod::Stored | CompressionMethod::Deflated)
    {
        return Err(bad(format!("`{path}` is packed in a way that packages are not")));
    }
    if file.size() > left {
        return Err(too_much());
    }
    if file.size() / PACKAGE_RATIO_MAX > file.compressed_size() {
        return Err(large(format!("`{path}` unpacks to more than {PACKAGE_RATIO_MAX} times its size")));
    }
    let size = file.size();
    let mut content = Vec::new();
    let read = file.by_ref().take(size + 1).read_to_end(&mut content);
    read.map_err(|error| bad(format!("`{path}` is damaged: {error}")))?;
    if content.len() as u64 != size {
        return Err(bad(format!("`{path}` has another size than the archive says")));
    }
    Ok((path, content))
}

fn too_much() -> BundleError {
    large(format!("a package unpacks to at most {} MiB", PACKAGE_UNPACKED_BYTES_MAX >> 20))
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

/// What a place's scene may say. What it means is for who opens it.
fn check_scene(bytes: &[u8]) -> Result<(), BundleError> {
    const KEYS: [&str; 4] = ["seed", "terrain", "entities", "spells"];
    let wrong = |why: String| bad(format!("`{SCENE}`: {why}"));
    let value: Value = serde_json::from_slice(bytes).map_err(|error| wrong(error.to_string()))?;
    let object = value.as_object().ok_or_else(|| wrong("not an object".into()))?;
    match object.keys().find(|key| !KEYS.contains(&key.as_str())) {
        Some(key) => Err(wrong(format!("there is no `{}`, only {}", key.escape_debug(), KEYS.join(", ")))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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

    /// An archive of anything.
    fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in entries {
            let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
            match name.strip_prefix("link:") {
                Some(name) => archive.add_symlink(name, "/etc/passwd", options).unwrap(),
                None if name.ends_with('/') => archive.add_directory(*name, options).unwrap(),
                None => {
                    archive.start_file(*name, options).unwrap();
                    archive.write_all(content).unwrap();
                }
            }
        }
        archive.finish().unwrap().into_inner()
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
