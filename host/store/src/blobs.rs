//! Content by digest: one file for each blob, and a row beside it with its size and SHA-256.
//!
//! Files, whatever their size, because a blob is written once, read whole and served often: the
//! database would copy it into its log, the journal a second time and every checkpoint again,
//! and a file can be checked with `b3sum`. The price is two syncs a new blob. Promises that a
//! blob is durable before anything can refer to it, and that no byte is served that does not
//! hash to its name. It does not know what a blob holds.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::change::Change;
use crate::digest::{Digest, unhex};
use crate::error::{Result, StoreError, at_most};
use crate::limits::{BLOB_BYTES_MAX, PREFIX_DIGITS_MIN};
use crate::store::Store;
use crate::tree::{Look, Stored, Tree};

/// The folder of the blobs in the data directory.
pub const FOLDER: &str = "blobs";
/// Where blobs are written before they have their name.
pub const MAKING: &str = "making";
/// A blob put again is noted again after this long, in milliseconds: `gc` spares what is young.
const REFRESH_MS: u64 = 10 * 60 * 1000;

/// What is known of a blob without reading it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlobInfo {
    /// Its name.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// For clients that have no BLAKE3.
    pub sha256: [u8; 32],
    /// When it was last put, in Unix milliseconds.
    pub put_at_ms: u64,
}

impl Stored for BlobInfo {
    const TREE: Tree = Tree::Blobs;

    fn key(&self) -> Vec<u8> {
        self.digest.0.to_vec()
    }
}

/// Content by digest.
pub trait Blobs {
    /// Keeps some bytes, at most 64 MiB; durable when it returns.
    fn put(&self, bytes: &[u8]) -> Result<Digest>;
    /// Keeps several, for one entry in the journal.
    fn put_all(&self, blobs: &[&[u8]]) -> Result<Vec<Digest>>;
    /// The bytes, verified: `unknown_blob`, or `corrupt` with the digest.
    fn get(&self, digest: &Digest) -> Result<Vec<u8>>;
    /// Size, SHA-256 and age; `unknown_blob`.
    fn info(&self, digest: &Digest) -> Result<BlobInfo>;
    /// Whether it is there.
    fn contains(&self, digest: &Digest) -> Result<bool>;
    /// All of them, by digest.
    fn iterate(&self) -> Result<Vec<BlobInfo>>;
    /// The one whose digest begins with this: eight hex digits or more, with or without `b3:`.
    /// `bad_id`, `unknown_blob` or `ambiguous_prefix`.
    fn resolve(&self, prefix: &str) -> Result<Digest>;
    /// Removes one, whoever refers to it; false if there was none.
    fn remove(&self, digest: &Digest) -> Result<bool>;

    /// In bytes.
    fn len(&self, digest: &Digest) -> Result<u64> {
        Ok(self.info(digest)?.size)
    }
}

impl Blobs for Store {
    fn put(&self, bytes: &[u8]) -> Result<Digest> {
        let digests = self.put_all(&[bytes])?;
        digests.first().copied().ok_or_else(|| StoreError::UnknownBlob("nothing".into()))
    }

    fn put_all(&self, blobs: &[&[u8]]) -> Result<Vec<Digest>> {
        let _stay = self.keep_files();
        let mut digests = Vec::with_capacity(blobs.len());
        let mut added: Vec<BlobInfo> = Vec::new();
        let mut folders = Vec::new();
        for bytes in blobs {
            at_most("a blob", bytes.len(), BLOB_BYTES_MAX)?;
            let digest = Digest::of(bytes);
            digests.push(digest);
            let known = self.reader().get::<BlobInfo>(&digest.0)?;
            let now = self.now_ms();
            let young = known.as_ref().is_some_and(|known| now.saturating_sub(known.put_at_ms) < REFRESH_MS);
            // Read, so that a damaged blob is mended by putting it again.
            let there = known.is_some() && self.get(&digest).is_ok();
            if (young && there) || added.iter().any(|blob| blob.digest == digest) {
                continue;
            }
            if !there {
                folders.push(self.write_blob(&digest, bytes)?);
            }
            let sha256 = Sha256::digest(bytes).into();
            added.push(BlobInfo { digest, size: bytes.len() as u64, sha256, put_at_ms: now });
        }
        folders.sort();
        folders.dedup();
        for folder in folders {
            self.disk().sync_dir(&folder).map_err(|source| StoreError::io(&folder, source))?;
        }
        if !added.is_empty() {
            self.change(move |_| Ok((Some(Change::BlobsAdded(added)), ())))?;
        }
        Ok(digests)
    }

    fn get(&self, digest: &Digest) -> Result<Vec<u8>> {
        let info = self.info(digest)?;
        let path = self.blob_path(digest);
        let corrupt = |detail: String| StoreError::Corrupt { digest: *digest, detail };
        let size = self.disk().len(&path).map_err(|error| corrupt(format!("{}: {error}", path.display())))?;
        if size != info.size {
            return Err(corrupt(format!("{} has {size} bytes instead of {}", path.display(), info.size)));
        }
        let bytes = self.disk().read(&path).map_err(|source| StoreError::io(&path, source))?;
        if Digest::of(&bytes) == *digest {
            Ok(bytes)
        } else {
            Err(corrupt(format!("the content of {} has another digest", path.display())))
        }
    }

    fn info(&self, digest: &Digest) -> Result<BlobInfo> {
        self.reader().get(&digest.0)?.ok_or_else(|| StoreError::UnknownBlob(digest.to_string()))
    }

    fn contains(&self, digest: &Digest) -> Result<bool> {
        Ok(self.reader().raw(Tree::Blobs, &digest.0)?.is_some())
    }

    fn iterate(&self) -> Result<Vec<BlobInfo>> {
        self.reader().all(&[])
    }

    fn resolve(&self, prefix: &str) -> Result<Digest> {
        resolve(self, Tree::Blobs, "blob", prefix)
    }

    fn remove(&self, digest: &Digest) -> Result<bool> {
        let _alone = self.remove_files();
        let digest = *digest;
        let there = self.change(move |view| {
            let there = view.raw(Tree::Blobs, &digest.0)?.is_some();
            Ok((there.then(|| Change::BlobsRemoved(vec![digest])), there))
        })?;
        self.remove_blob_file(&digest);
        Ok(there)
    }
}

impl Store {
    pub(crate) fn blob_path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        let (folder, name) = hex.split_at(2);
        self.path(FOLDER).join(folder).join(name)
    }

    /// Writes the file; returns the folder whose names have still to be synced.
    fn write_blob(&self, digest: &Digest, bytes: &[u8]) -> Result<PathBuf> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let path = self.blob_path(digest);
        let folder = path.parent().map(PathBuf::from).unwrap_or_default();
        let making = self.path(FOLDER).join(MAKING);
        let fail = |source| StoreError::io(&path, source);
        if self.disk().free(self.dir()).map_err(fail)? < self.reserve_bytes() + bytes.len() as u64 {
            return Err(StoreError::StoreFull { path });
        }
        for dir in [&making, &folder].into_iter().filter(|dir| !self.disk().exists(dir)) {
            self.disk().create_dir(dir).map_err(fail)?;
            self.disk().sync_dir(&self.path(FOLDER)).map_err(fail)?;
            self.disk().sync_dir(self.dir()).map_err(fail)?;
        }
        let made = making.join(format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed)));
        let written = self.disk().write_new(&made, bytes).and_then(|()| self.disk().rename(&made, &path));
        if let Err(error) = written {
            // What is left of it would only take space; an opening clears the folder too.
            let _ = self.disk().remove(&made);
            return Err(fail(error));
        }
        Ok(folder)
    }

    /// The row is gone, so a file that stays is only garbage, which `fsck` and `gc` find.
    pub(crate) fn remove_blob_file(&self, digest: &Digest) {
        let _ = self.disk().remove(&self.blob_path(digest));
    }
}

/// The one digest in a tree of digests that begins with `prefix`.
pub fn resolve(store: &Store, tree: Tree, what: &'static str, prefix: &str) -> Result<Digest> {
    let digits = prefix.strip_prefix("b3:").unwrap_or(prefix);
    let hex = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !hex || !(PREFIX_DIGITS_MIN..=64).contains(&digits.len()) {
        return Err(StoreError::BadId {
            what: "digest or its beginning",
            text: prefix.chars().take(80).collect(),
        });
    }
    let whole = digits.get(..digits.len() & !1).unwrap_or_default();
    let bytes = whole.as_bytes().chunks(2).filter_map(|pair| unhex::<1>(std::str::from_utf8(pair).ok()?));
    let mut found = Vec::new();
    store.reader().each(tree, &bytes.flatten().collect::<Vec<u8>>(), |key, _| {
        let digest = key.try_into().map(Digest).ok().filter(|digest| digest.hex().starts_with(digits));
        found.extend(digest);
        Ok(())
    })?;
    match (found.as_slice(), tree) {
        ([one], _) => Ok(*one),
        ([], Tree::RevisionIds) => Err(StoreError::UnknownRevision(prefix.into())),
        ([], _) => Err(StoreError::UnknownBlob(prefix.into())),
        _ => Err(StoreError::AmbiguousPrefix { what, prefix: prefix.into() }),
    }
}
