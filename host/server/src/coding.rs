//! Content codings: which one a client prefers, and bodies that were coded once and are kept.
//!
//! Promises at most [`CODED_BYTES_MAX`] bytes of kept bodies, however many are asked for, and that
//! nobody codes a body that is kept or being made. Knows bytes and digests, no requests.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::body::Bytes;
use spellhost_store::Digest;

use crate::limits::CODED_BYTES_MAX;

/// Close to the best that there is; a component is coded once in the life of a host.
const ZSTD_LEVEL: i32 = 12;

/// A coding of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// As it is.
    Identity,
    /// RFC 8878.
    Zstd,
    /// RFC 1952.
    Gzip,
}

impl Coding {
    /// All of them, the host's favourite first.
    pub const ALL: [Self; 3] = [Self::Zstd, Self::Gzip, Self::Identity];

    /// As headers name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// What an entity tag ends with.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Identity => "",
            Self::Zstd => "-zstd",
            Self::Gzip => "-gzip",
        }
    }

    /// The one that a client likes best, of those that it likes equally the host's favourite.
    pub fn preferred(accepted: &str) -> Self {
        let liked = |coding: Self| (weight(accepted, coding), coding);
        let best = Self::ALL.into_iter().map(liked).rev().max_by_key(|(weight, _)| *weight);
        best.filter(|(weight, _)| *weight > 0).map_or(Self::Identity, |(_, coding)| coding)
    }

    fn encode(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Identity => Ok(bytes.into()),
            Self::Zstd => zstd::bulk::compress(bytes, ZSTD_LEVEL),
            Self::Gzip => {
                let mut coder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
                coder.write_all(bytes)?;
                coder.finish()
            }
        }
    }
}

/// How much a coding is liked, in thousandths; what is not named takes the weight of `*`. Identity
/// is always acceptable, and liked least where it is not named.
fn weight(accepted: &str, coding: Coding) -> u32 {
    let mut any = None;
    for item in accepted.split(',') {
        let mut parts = item.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let weight = quality.map_or(1_000, thousandths);
        if name.eq_ignore_ascii_case(coding.name())
            || name.eq_ignore_ascii_case(&format!("x-{}", coding.name()))
        {
            return weight;
        }
        if name == "*" {
            any = Some(weight);
        }
    }
    any.unwrap_or(u32::from(coding == Coding::Identity))
}

/// `0.5` as 500; what is no weight is none.
fn thousandths(text: &str) -> u32 {
    let weight = text.parse::<f64>().ok().filter(|weight| (0.0..=1.0).contains(weight));
    weight.map_or(0, |weight| (weight * 1_000.0) as u32)
}

type Key = (Digest, Coding);
/// A body that is made by the first who needs it.
type Place = Arc<OnceLock<Bytes>>;

/// Bodies that were coded, the oldest first.
#[derive(Default)]
pub struct Coded(Mutex<VecDeque<(Key, Place)>>);

impl Coded {
    /// The coded form of these bytes, which have this digest; coded now if it is not kept. May take
    /// some tenths of a second.
    ///
    /// # Errors
    /// Where the coder fails.
    pub fn body(&self, digest: Digest, coding: Coding, bytes: &[u8]) -> io::Result<Bytes> {
        let place = self.place((digest, coding));
        if let Some(body) = place.get() {
            return Ok(body.clone());
        }
        let mut failed = None;
        let body = place.get_or_init(|| {
            coding.encode(bytes).map(Bytes::from).unwrap_or_else(|error| {
                failed = Some(error);
                Bytes::new()
            })
        });
        if let Some(error) = failed {
            self.lock().retain(|(key, _)| *key != (digest, coding));
            return Err(error);
        }
        let body = body.clone();
        self.forget();
        Ok(body)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(Key, Place)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, key: Key) -> Place {
        let mut kept = self.lock();
        if let Some((_, place)) = kept.iter().find(|(other, _)| *other == key) {
            return place.clone();
        }
        let place = Place::default();
        kept.push_back((key, place.clone()));
        place
    }

    /// Lets the oldest go beyond the bound.
    fn forget(&self) {
        let mut kept = self.lock();
        let size = |(_, place): &(Key, Place)| place.get().map_or(0, Bytes::len);
        while kept.iter().map(size).sum::<usize>() > CODED_BYTES_MAX {
            kept.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn the_best_liked_coding_is_taken() {
        for (accepted, coding) in [
            ("", Coding::Identity),
            ("gzip, deflate, br", Coding::Gzip),
            ("gzip, zstd", Coding::Zstd),
            ("GZIP", Coding::Gzip),
            ("x-gzip", Coding::Gzip),
            ("gzip;q=1.0, zstd;q=0.5", Coding::Gzip),
            ("gzip;q=0, zstd;q=0", Coding::Identity),
            ("*", Coding::Zstd),
            ("*;q=0.1, zstd;q=0", Coding::Gzip),
            ("identity, gzip;q=0.5", Coding::Identity),
            ("gzip;q=nonsense", Coding::Identity),
            ("br", Coding::Identity),
            ("identity;q=0", Coding::Identity),
        ] {
            assert_eq!(Coding::preferred(accepted), coding, "{accepted}");
        }
    }

    #[test]
    fn a_coded_body_decodes_to_what_it_was_and_is_made_once() {
        let (bytes, coded) = (b"spell ".repeat(1_000), Coded::default());
        let digest = Digest::of(&bytes);
        let zstd = coded.body(digest, Coding::Zstd, &bytes).expect("it codes");
        assert_eq!(zstd::bulk::decompress(&zstd, bytes.len()).expect("it decodes"), bytes);
        let gzip = coded.body(digest, Coding::Gzip, &bytes).expect("it codes");
        let mut decoded = Vec::new();
        flate2::read::GzDecoder::new(&gzip[..]).read_to_end(&mut decoded).expect("it decodes");
        assert_eq!(decoded, bytes);
        // What is kept is not made of the bytes again.
        assert_eq!(coded.body(digest, Coding::Gzip, b"").expect("it is kept"), gzip);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let coded = Coded::default();
        let bytes = vec![0; CODED_BYTES_MAX / 2];
        for number in 0..5_u8 {
            // As it is, so that sizes are known.
            coded.body(Digest::of(&[number]), Coding::Identity, &bytes).expect("it codes");
        }
        assert_eq!(coded.lock().len(), 2);
    }
}
