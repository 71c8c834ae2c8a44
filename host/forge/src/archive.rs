//! Archives: named contents as one zip, the same bytes every time, and back.
//!
//! Archives come from strangers: counts, sizes, ratios, names and kinds are checked before anything is
//! unpacked, and nothing is ever written to a disk from here. Knows nothing of what the files are.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::foundry::bad_path;
use crate::limits::{
    PACKAGE_BYTES_MAX, PACKAGE_DIRECTORY_BYTES_MAX, PACKAGE_FILES_MAX, PACKAGE_RATIO_MAX,
    PACKAGE_UNPACKED_BYTES_MAX,
};

/// Why bytes are no package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BundleError {
    /// `too_large` or `bad_package`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
}

pub(crate) fn bad(message: impl Into<String>) -> BundleError {
    // Names in an archive are a stranger's; a terminal may show this.
    BundleError { code: "bad_package", message: message.into().replace(char::is_control, "?") }
}

pub(crate) fn large(message: impl Into<String>) -> BundleError {
    BundleError { code: "too_large", message: message.into().replace(char::is_control, "?") }
}

/// Every file of an archive by path, unpacked into at most `left` bytes together.
///
/// # Errors
/// The first thing that is wrong with it.
pub(crate) fn read(bytes: &[u8], mut left: u64) -> Result<BTreeMap<String, Vec<u8>>, BundleError> {
    let count = check_directory(bytes)?;
    let broken = |error: zip::result::ZipError| bad(format!("the archive is damaged: {error}"));
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if archive.len() != count {
        return Err(bad("the archive has two entries of one name"));
    }
    let mut files = BTreeMap::new();
    for at in 0..count {
        let (path, content) = entry(&mut archive, at, left)?;
        left -= content.len() as u64;
        files.insert(path, content);
    }
    Ok(files)
}

/// An archive of these files in this order: equal bytes for equal contents.
///
/// # Errors
/// More than a package holds.
pub(crate) fn write<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a [u8])>,
) -> Result<Vec<u8>, BundleError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut unpacked = 0;
    let written = files.into_iter().try_for_each(|(path, content)| {
        unpacked += content.len() as u64;
        archive.start_file(path, options)?;
        Ok::<_, zip::result::ZipError>(archive.write_all(content)?)
    });
    let bytes = written.and_then(|()| archive.finish()).map_err(|error| bad(error.to_string()))?.into_inner();
    // What was written can be read again.
    check_directory(&bytes)?;
    if unpacked > PACKAGE_UNPACKED_BYTES_MAX { Err(too_much()) } else { Ok(bytes) }
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

/// An archive of anything, for tests: `link:NAME` is a link, `NAME/` a folder.
#[cfg(test)]
pub(crate) fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
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
