//! Records: how bytes lie in every append-only file (journal, frame log, archive).
//!
//! A record is `magic, length, number, hash of the record before, payload, hash of all this`.
//! Promises that a changed, missing, repeated or reordered record is noticed, and that intact
//! records behind a damaged one can still be found. It does not know what a payload means.

use crate::limits::RECORD_BYTES_MAX;

pub(crate) const MAGIC: [u8; 4] = *b"\xf3rec";
/// Magic, length, number, previous hash.
const HEAD: usize = 4 + 4 + 8 + 16;
/// What a record takes beside its payload.
pub const OVERHEAD: usize = HEAD + 16;

/// The first 16 bytes of the BLAKE3 of a record.
pub type Chain = [u8; 16];

/// One intact record.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Where it begins in its file.
    pub offset: usize,
    /// Its number, as the writer gave it.
    pub number: u64,
    /// The hash of the record before.
    pub previous: Chain,
    /// What it carries.
    pub payload: &'a [u8],
    /// Its own hash.
    pub hash: Chain,
}

impl Record<'_> {
    /// Where the next one begins.
    pub fn end(&self) -> usize {
        self.offset + OVERHEAD + self.payload.len()
    }
}

/// Appends a record to `out`; returns its hash.
pub fn write(out: &mut Vec<u8>, number: u64, previous: Chain, payload: &[u8]) -> Chain {
    assert!(payload.len() <= RECORD_BYTES_MAX, "callers bound what they write");
    let start = out.len();
    out.extend(MAGIC);
    out.extend((payload.len() as u32).to_le_bytes());
    out.extend(number.to_le_bytes());
    out.extend(previous);
    out.extend(payload);
    let hash = short(&out[start..]);
    out.extend(hash);
    hash
}

/// The first 16 bytes of a BLAKE3 digest.
pub fn short(bytes: &[u8]) -> Chain {
    let mut chain = [0; 16];
    chain.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    chain
}

/// The intact record that begins at `offset`, if one does.
pub fn at(bytes: &[u8], offset: usize) -> Option<Record<'_>> {
    let rest = bytes.get(offset..)?;
    let head = rest.get(..HEAD)?;
    let length = payload_len(head)?;
    let payload = rest.get(HEAD..HEAD + length)?;
    let hash: Chain = rest.get(HEAD + length..OVERHEAD + length)?.try_into().ok()?;
    if short(&rest[..HEAD + length]) != hash {
        return None;
    }
    let number = u64::from_le_bytes(head.get(8..16)?.try_into().ok()?);
    let previous = head.get(16..32)?.try_into().ok()?;
    Some(Record { offset, number, previous, payload, hash })
}

/// The length of the payload, if the head begins a record.
pub fn payload_len(head: &[u8]) -> Option<usize> {
    let length = u32::from_le_bytes(head.get(4..8)?.try_into().ok()?) as usize;
    (head.get(..4)? == MAGIC && length <= RECORD_BYTES_MAX).then_some(length)
}

/// The next intact record at or behind `offset`.
pub fn find(bytes: &[u8], mut offset: usize) -> Option<Record<'_>> {
    while offset + OVERHEAD <= bytes.len() {
        if let Some(record) = at(bytes, offset) {
            return Some(record);
        }
        let next = bytes.get(offset + 1..)?.windows(MAGIC.len()).position(|window| window == MAGIC)?;
        offset += 1 + next;
    }
    None
}

/// What a run of records ends with.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// With the file.
    Whole,
    /// Bytes that are no record, and none behind them: an append that did not finish.
    Torn {
        /// Where they begin.
        offset: usize,
    },
    /// Bytes that are no record, or a record that does not follow, with intact ones behind.
    Damaged {
        /// Where it begins.
        offset: usize,
        /// The number of the next intact record.
        next: u64,
    },
}

/// The records from `offset` on that follow each other, and how the run ends. `previous` is the
/// hash before the first.
pub fn run(bytes: &[u8], offset: usize, previous: Chain) -> (Vec<Record<'_>>, End) {
    let (mut records, mut offset, mut previous) = (Vec::new(), offset, previous);
    while offset < bytes.len() {
        match at(bytes, offset) {
            Some(record) if record.previous == previous => {
                (offset, previous) = (record.end(), record.hash);
                records.push(record);
            }
            Some(record) => return (records, End::Damaged { offset, next: record.number }),
            None => {
                let end = match find(bytes, offset) {
                    Some(next) => End::Damaged { offset, next: next.number },
                    None => End::Torn { offset },
                };
                return (records, end);
            }
        }
    }
    (records, End::Whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> (Vec<u8>, Vec<usize>) {
        let (mut bytes, mut chain, mut ends) = (Vec::new(), [7; 16], Vec::new());
        for (number, payload) in [&b"one"[..], b"", b"three"].iter().enumerate() {
            chain = write(&mut bytes, number as u64, chain, payload);
            ends.push(bytes.len());
        }
        (bytes, ends)
    }

    #[test]
    fn what_was_written_is_read() {
        let (bytes, _) = three();
        let (records, end) = run(&bytes, 0, [7; 16]);
        assert_eq!(
            records.iter().map(|record| record.payload).collect::<Vec<_>>(),
            [&b"one"[..], b"", b"three"]
        );
        assert_eq!(end, End::Whole);
    }

    #[test]
    fn every_flipped_byte_is_noticed_and_placed() {
        let (bytes, ends) = three();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            let (records, end) = run(&damaged, 0, [7; 16]);
            let whole = ends.iter().filter(|end| **end <= at).count();
            assert_eq!(records.len(), whole, "byte {at}");
            let offset = records.last().map_or(0, Record::end);
            match end {
                End::Damaged { offset: found, next } => assert_eq!((found, next), (offset, whole as u64 + 1)),
                End::Torn { offset: found } => assert_eq!((found, whole), (offset, 2)),
                End::Whole => panic!("byte {at} went unnoticed"),
            }
        }
    }

    #[test]
    fn every_cut_is_a_torn_end() {
        let (bytes, ends) = three();
        for len in 0..bytes.len() {
            let (records, end) = run(&bytes[..len], 0, [7; 16]);
            assert_eq!(records.len(), ends.iter().filter(|end| **end <= len).count());
            let whole = records.last().map_or(0, Record::end);
            assert_eq!(end, if whole == len { End::Whole } else { End::Torn { offset: whole } });
        }
    }

    #[test]
    fn a_record_left_out_is_noticed() {
        let (bytes, ends) = three();
        let gap = [&bytes[..ends[0]], &bytes[ends[1]..]].concat();
        assert_eq!(run(&gap, 0, [7; 16]).1, End::Damaged { offset: ends[0], next: 2 });
    }
}
