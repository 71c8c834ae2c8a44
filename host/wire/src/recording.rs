//! A recorded run: one file that replays anywhere.
//!
//! Layout: the magic bytes, then records. A record is `kind: u8`, `length: u32` (little endian),
//! `payload` (postcard, or raw bytes for components and snapshots), `check: [u8; 16]`. The check
//! is the first half of BLAKE3 over the check before it, kind, length and payload, so that a
//! record that was edited, dropped or moved is named by the reader. Records come in this order:
//! one header, then components and pins (before their first use), snapshots and frames, and one
//! end. Knows nothing of what a frame means.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use crate::frame::Frame;
use crate::text::Digest;

const MAGIC: &[u8; 8] = b"spellrec";

/// The version of this layout.
pub const FORMAT: u32 = 1;

/// The most bytes of one record.
const RECORD_BYTES_MAX: u32 = 64 * 1024 * 1024;

/// What a recording was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    pub format: u32,
    /// Everything that could change a result, as one digest; another id cannot replay it.
    pub engine_id: Digest,
    /// The world's name.
    pub world_id: String,
    /// The generator: `hills`, `flat` or `empty`.
    pub terrain: String,
    /// The world's seed.
    pub seed: u64,
}

/// What a frame's revision id stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The revision.
    pub revision_id: Digest,
    /// Its component; recorded as a record of its own.
    pub component: Digest,
    /// Ticks between two casts.
    pub cooldown: u32,
    /// Mana points of one cast.
    pub mana: u32,
    /// Fuel of one call.
    pub grant: u64,
    /// Fuel of one instantiation, which the caster's bucket pays beside the grant.
    pub instantiate_fuel: u64,
    /// Bytes of linear memory of one call.
    pub memory_bytes: u32,
    /// Commands of one call.
    pub commands: u32,
    /// Voxels that the commands of one call cover.
    pub edited_voxels: u32,
    /// Bytes of state.
    pub state_bytes: u32,
    /// The manifest's canonical bytes, whose BLAKE3 is the revision id.
    pub manifest: String,
}

impl Pin {
    /// Whether the revision id is that of the manifest.
    pub fn names_its_manifest(&self) -> bool {
        Digest::of(self.manifest.as_bytes()) == self.revision_id
    }
}

/// One record.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// The first.
    Header(Header),
    /// A component's bytes.
    Component(Vec<u8>),
    /// A revision.
    Pin(Pin),
    /// The simulation's own snapshot, taken before the frame that follows.
    Snapshot(Vec<u8>),
    /// One tick.
    Frame(Box<Frame>),
    /// The last: how many frames there are.
    End {
        /// The number of frames.
        frames: u64,
    },
}

/// Why a recording cannot be read or written.
#[derive(Debug)]
pub enum RecordingError {
    /// The file itself.
    Io(io::Error),
    /// Not a recording at all.
    NotARecording,
    /// A record that is wrong, by its number (the header is 0) and reason.
    Damaged {
        /// The record's number.
        record: u64,
        /// What is wrong with it.
        reason: String,
    },
}

impl std::fmt::Display for RecordingError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(out, "{error}"),
            Self::NotARecording => out.write_str("not a recording: it does not start with `spellrec`"),
            Self::Damaged { record, reason } => write!(out, "record {record} is damaged: {reason}"),
        }
    }
}

impl std::error::Error for RecordingError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for RecordingError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn check(before: &[u8; 16], kind: u8, payload: &[u8]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new_derive_key("spellhost recording 1");
    hasher.update(before).update(&[kind]).update(&(payload.len() as u32).to_le_bytes()).update(payload);
    let mut half = [0; 16];
    half.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    half
}

fn encode(record: &Record) -> (u8, Vec<u8>) {
    let packed = |value: Result<Vec<u8>, postcard::Error>| value.unwrap_or_default();
    match record {
        Record::Header(header) => (0, packed(postcard::to_allocvec(header))),
        Record::Component(bytes) => (1, bytes.clone()),
        Record::Pin(pin) => (2, packed(postcard::to_allocvec(pin))),
        Record::Snapshot(bytes) => (3, bytes.clone()),
        Record::Frame(frame) => (4, packed(postcard::to_allocvec(frame))),
        Record::End { frames } => (5, frames.to_le_bytes().to_vec()),
    }
}

fn decode(kind: u8, payload: Vec<u8>) -> Result<Record, String> {
    fn unpack<T: serde::de::DeserializeOwned>(payload: &[u8]) -> Result<T, String> {
        match postcard::take_from_bytes(payload) {
            Ok((value, [])) => Ok(value),
            Ok((_, rest)) => Err(format!("{} bytes are left over", rest.len())),
            Err(error) => Err(error.to_string()),
        }
    }
    match kind {
        0 => unpack(&payload).map(Record::Header),
        1 => Ok(Record::Component(payload)),
        2 => unpack(&payload).map(Record::Pin),
        3 => Ok(Record::Snapshot(payload)),
        4 => unpack(&payload).map(|frame| Record::Frame(Box::new(frame))),
        5 => match payload.try_into() {
            Ok(bytes) => Ok(Record::End { frames: u64::from_le_bytes(bytes) }),
            Err(_) => Err("an end record has 8 bytes".into()),
        },
        other => Err(format!("unknown kind {other}")),
    }
}

/// Writes a recording, record by record.
pub struct RecordingWriter<W: Write> {
    out: W,
    before: [u8; 16],
    frames: u64,
}

impl<W: Write> RecordingWriter<W> {
    /// Starts a recording.
    ///
    /// # Errors
    /// What the writer says.
    pub fn new(mut out: W, header: Header) -> Result<Self, RecordingError> {
        out.write_all(MAGIC)?;
        let mut writer = Self { out, before: [0; 16], frames: 0 };
        writer.append(&Record::Header(header))?;
        Ok(writer)
    }

    /// Appends one record.
    ///
    /// # Errors
    /// What the writer says.
    pub fn append(&mut self, record: &Record) -> Result<(), RecordingError> {
        let (kind, payload) = encode(record);
        if matches!(record, Record::Frame(_)) {
            self.frames += 1;
        }
        self.before = check(&self.before, kind, &payload);
        self.out.write_all(&[kind])?;
        self.out.write_all(&(payload.len() as u32).to_le_bytes())?;
        self.out.write_all(&payload)?;
        self.out.write_all(&self.before)?;
        Ok(())
    }

    /// Ends the recording and hands the writer back, flushed.
    ///
    /// # Errors
    /// What the writer says.
    pub fn finish(mut self) -> Result<W, RecordingError> {
        let frames = self.frames;
        self.append(&Record::End { frames })?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Reads a recording, record by record; every record is checked before it is handed out.
pub struct RecordingReader<R: Read> {
    from: R,
    before: [u8; 16],
    record: u64,
    frames: u64,
    ended: bool,
}

impl<R: Read> RecordingReader<R> {
    /// Starts reading.
    ///
    /// # Errors
    /// [`RecordingError::NotARecording`], or what the reader says.
    pub fn new(mut from: R) -> Result<Self, RecordingError> {
        let mut magic = [0; 8];
        match from.read_exact(&mut magic) {
            Ok(()) if magic == *MAGIC => {
                Ok(Self { from, before: [0; 16], record: 0, frames: 0, ended: false })
            }
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error.into()),
            _ => Err(RecordingError::NotARecording),
        }
    }

    fn damaged(&self, reason: impl Into<String>) -> RecordingError {
        RecordingError::Damaged { record: self.record, reason: reason.into() }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RecordingError> {
        self.from.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("the file ends inside it"),
            _ => error.into(),
        })
    }

    /// Nothing stands behind the end, and it knows how many frames there were.
    fn end(&mut self, frames: u64) -> Result<(), RecordingError> {
        self.ended = true;
        if frames != self.frames {
            return Err(self.damaged(format!("it counts {frames} frames, and there are {}", self.frames)));
        }
        if self.from.read(&mut [0])? != 0 {
            return Err(self.damaged("something stands behind the end"));
        }
        Ok(())
    }

    /// The next record; `None` after the end record.
    ///
    /// # Errors
    /// [`RecordingError::Damaged`] with the number of the record.
    pub fn next_record(&mut self) -> Result<Option<Record>, RecordingError> {
        if self.ended {
            return Ok(None);
        }
        let mut head = [0; 5];
        self.fill(&mut head)?;
        let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
        if length > RECORD_BYTES_MAX {
            return Err(self.damaged(format!("{length} bytes are more than {RECORD_BYTES_MAX}")));
        }
        let mut payload = Vec::new();
        (&mut self.from).take(length as u64).read_to_end(&mut payload)?;
        if payload.len() != length as usize {
            return Err(self.damaged("the file ends inside it"));
        }
        let mut found = [0; 16];
        self.fill(&mut found)?;
        let wanted = check(&self.before, head[0], &payload);
        if found != wanted {
            return Err(
                self.damaged("its checksum does not match: it was edited, or a record before it moved")
            );
        }
        let record = decode(head[0], payload).map_err(|reason| self.damaged(reason))?;
        if matches!(record, Record::Header(_)) != (self.record == 0) {
            return Err(self.damaged("a recording has one header, at its start"));
        }
        match &record {
            Record::Frame(_) => self.frames += 1,
            Record::End { frames } => self.end(*frames)?,
            _ => {}
        }
        self.before = found;
        self.record += 1;
        Ok(Some(record))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Hash;

    fn frame(tick: u64) -> Frame {
        Frame {
            world_id: "default".into(),
            tick,
            inputs: vec![],
            casts: vec![],
            ops: vec![],
            swaps: vec![],
            state_hash: Hash([tick as u8; 16]),
            calls: vec![],
        }
    }

    fn recording() -> Vec<u8> {
        let header = Header {
            format: FORMAT,
            engine_id: Digest([7; 32]),
            world_id: "default".into(),
            terrain: "flat".into(),
            seed: 1,
        };
        let mut writer = RecordingWriter::new(Vec::new(), header).expect("memory does not fail");
        for record in
            [Record::Component(vec![1, 2, 3]), Record::Frame(frame(0).into()), Record::Frame(frame(1).into())]
        {
            writer.append(&record).expect("memory does not fail");
        }
        writer.finish().expect("memory does not fail")
    }

    fn read(bytes: &[u8]) -> Result<Vec<Record>, RecordingError> {
        let mut reader = RecordingReader::new(bytes)?;
        let mut records = Vec::new();
        while let Some(record) = reader.next_record()? {
            records.push(record);
        }
        Ok(records)
    }

    #[test]
    fn what_was_written_is_read() {
        let records = read(&recording()).expect("it was just written");
        assert_eq!(records.len(), 5);
        assert_eq!(records[3], Record::Frame(frame(1).into()));
        assert_eq!(records[4], Record::End { frames: 2 });
    }

    #[test]
    fn every_flipped_byte_is_noticed() {
        let good = recording();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            assert!(read(&bad).is_err(), "byte {at} of {}", good.len());
        }
    }

    #[test]
    fn what_stands_behind_the_end_is_noticed() {
        assert!(read(&[&recording()[..], &[0]].concat()).is_err());
    }

    #[test]
    fn every_truncation_is_noticed() {
        let good = recording();
        for length in 0..good.len() {
            assert!(read(&good[..length]).is_err(), "{length} of {} bytes", good.len());
        }
    }
}
